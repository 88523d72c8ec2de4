//! The hosts in `examples/hosts`, each where its compiler or interpreter is installed, and two models in
//! one program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail the test"
)]

mod support;

#[path = "../examples/hosts/host.rs"]
#[allow(dead_code, reason = "`main` is for people")]
mod host;

use std::process::Command;
use support::{Place, repository};

const SAME: &str = "the same bits";

/// A directory with the hosts, and the layer compiled under two names in each form.
fn place() -> Place {
    let place = Place::new();
    for file in ["layer.graph", "host.c", "host.cpp", "host.py"] {
        let content = std::fs::read(repository().join("examples/hosts").join(file)).unwrap();
        place.write(file, content);
    }
    for name in ["layer", "other"] {
        let outputs = ["so", "a", "o"].map(|suffix| format!("{name}.{suffix}"));
        let [so, a, o] = outputs.each_ref().map(String::as_str);
        let arguments = [
            "compile",
            "layer.graph",
            "--name",
            name,
            "-o",
            so,
            "-o",
            a,
            "-o",
            o,
        ];
        place.run(&arguments).success();
    }
    place
}

/// What a program printed; `None` if it is not installed.
fn run(place: &Place, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(place.path("."))
        .output()
        .ok()?;
    let [stdout, stderr] = [output.stdout, output.stderr].map(|b| String::from_utf8(b).unwrap());
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {stdout}{stderr}"
    );
    Some(stdout)
}

/// Compiles a source with a library and runs it.
fn compiled(place: &Place, compiler: &str, standard: &str, inputs: &[&str]) -> Option<String> {
    let warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1"];
    let output = ["-o", "host", standard];
    let libraries = ["-pthread", "-Wl,-rpath,$ORIGIN"];
    run(
        place,
        compiler,
        &[&warnings[..], &output, inputs, &libraries].concat(),
    )?;
    let host = place.path("host").display().to_string();
    Some(run(place, &host, &[]).unwrap())
}

fn loss(output: &str) -> f32 {
    let line = output.lines().next().unwrap();
    line.strip_prefix("loss ").unwrap().parse().unwrap()
}

#[test]
fn hosts_find_the_same() {
    let place = place();
    let in_rust = host::report(&place.path("layer.so")).unwrap();
    let expected = loss(&in_rust[0]);
    assert!(expected > 0.0 && expected < 0.2, "{expected}");
    let [pool, threads, at_once] = [
        format!("a pool of 4: {SAME}"),
        format!("threads of the host: {SAME}"),
        format!("16 of 16 threads at once: {SAME}"),
    ];
    assert_eq!(in_rust[1..], [pool.clone(), at_once.clone()]);

    let refused = "refused: `x`, a DLTensor is not dense and row-major".to_owned();
    for library in ["./layer.so", "layer.a", "layer.o"] {
        if let Some(output) = compiled(&place, "cc", "-std=c11", &["host.c", library]) {
            assert_eq!(loss(&output), expected);
            let lines: Vec<&str> = output.lines().skip(1).collect();
            assert_eq!(lines, [&pool, &threads, &refused], "{library}");
        }
    }
    if let Some(output) = compiled(&place, "c++", "-std=c++17", &["host.cpp", "./layer.so"]) {
        assert_eq!(loss(&output), expected);
        let lines: Vec<&str> = output.lines().skip(1).collect();
        assert_eq!(lines, [&pool, &threads, &at_once]);
    }
    let arguments = ["-B", "host.py", "layer.so", "other.so"];
    if let Some(output) = run(&place, "python3", &arguments) {
        assert_eq!(loss(&output), expected);
        let lines: Vec<&str> = output.lines().skip(1).collect();
        let child = format!("a child process: {SAME}");
        let beside = format!("beside it: {SAME}");
        assert_eq!(lines, [&pool, &threads, &child, &beside]);
    }
}

/// Two models, each on the pool of the other, loaded again and again where they are shared.
const TWO_MODELS: &str = r#"
#include "layer.h"
#include "other.h"
#include <stdio.h>
#include <string.h>

static float x[256 * 192], target[256 * 128], w[2][192 * 128], b[2][128], loss[2];
static LAYER_STEP_WORKSPACE(layer_memory);
static OTHER_STEP_WORKSPACE(other_memory);

int main(void) {
    const float rate = 0.25f;
    for (int i = 0; i < 256 * 192; i++) x[i] = (float)(i % 17) / 16 - 0.5f;
    const layer_step_args one = {x, target, &rate, {w[0], b[0]}, &loss[0]};
    const other_step_args two = {x, target, &rate, {w[1], b[1]}, &loss[1]};
    for (int i = 0; i < 192 * 128; i++) w[0][i] = w[1][i] = (float)(i % 13) / 64;
    for (int round = 0; round < 5; round++) {
        lgc_pool *first = layer_pool_create(2), *second = other_pool_create(3);
        lgc_ctx on_first = {sizeof(lgc_ctx), first, NULL, NULL};
        lgc_ctx on_second = {sizeof(lgc_ctx), second, NULL, NULL};
        if (layer_step(&one, layer_memory, &on_second) != LGC_OK) return 1;
        if (other_step(&two, other_memory, &on_first) != LGC_OK) return 1;
        layer_pool_destroy(first);
        other_pool_destroy(second);
    }
    puts(memcmp(w[0], w[1], sizeof w[0]) == 0 && loss[0] > 0 ? "equal" : "different");
    return 0;
}
"#;

#[test]
fn two_models_are_linked_into_one_program() {
    let place = place();
    place.write("two.c", TWO_MODELS);
    for libraries in [
        ["./layer.so", "./other.so"],
        ["layer.a", "other.a"],
        ["layer.o", "other.o"],
    ] {
        let [layer, other] = libraries;
        if let Some(output) = compiled(&place, "cc", "-std=c11", &["two.c", layer, other]) {
            assert_eq!(output, "equal\n", "{libraries:?}");
        }
    }
}

/// A sum of halves that no half can hold on the way, and a product; for C, halves are their bits.
const HALVES_GRAPH: &str = "
entry average(x: f16[4], w: bf16[4]) -> (mean: f16[], product: bf16[4]) {
    mean = mean(x, axes = [0])
    product = w * w
}
";

const HALVES_HOST: &str = r#"
#include "halves.h"

#include <stdio.h>

int main(void) {
    /* 60000, 60000, 60000, 2 as f16; 1, 1.5, -2, 2^100 as bf16. */
    static const uint16_t x[4] = {0x7b53, 0x7b53, 0x7b53, 0x4000};
    static const uint16_t w[4] = {0x3f80, 0x3fc0, 0xc000, 0x7180};
    uint16_t mean, product[4];
    static HALVES_AVERAGE_WORKSPACE(workspace);
    const halves_average_args args = {x, w, &mean, product};
    const int32_t code = halves_average(&args, workspace, NULL);
    printf("%d %04x", code, (unsigned)mean);
    for (int i = 0; i < 4; i++) printf(" %04x", (unsigned)product[i]);
    printf("\n");
    return 0;
}
"#;

#[test]
fn halves_are_passed_as_their_bits() {
    let place = Place::new();
    place.write("halves.graph", HALVES_GRAPH);
    place.write("halves.c", HALVES_HOST);
    place.run(&["compile", "halves.graph"]).success();
    if let Some(output) = compiled(&place, "cc", "-std=c11", &["halves.c", "./halves.so"]) {
        // 45000.5, rounded to a multiple of 32; 1, 2.25, 4 and beyond the largest.
        assert_eq!(output, "0 797e 3f80 4010 4080 7f80\n");
    }
}
