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

/// Compiles a C program against a library `m`, and runs it.
fn c_program(place: &Place, source: &str) -> Option<String> {
    place.write("host.c", source);
    compiled(place, "cc", "-std=c11", &["host.c", "m.so"])
}

const SIZED: &str = "
dim B = 64

entry f(x: f32[B, 4], w: f32[4, 4]) -> (y: f32[B, 4], l: f32[]) {
    y = softmax(x @ w)
    l = mean(y @ w)
}
";

const SIZED_HOST: &str = r#"
#include "m.h"
#include <stdio.h>
static float x[M_ROWS * 4], w[16], y[M_ROWS * 4], l;
static unsigned char guarded[M_F_WORKSPACE_BYTES + 64 + 4096];
int main(void) {
    char text[256];
    unsigned char *const workspace = guarded + (64 - (uintptr_t)guarded % 64) % 64;
    const m_f_args args = {x, w, y, &l};
    const int32_t code = m_f(&args, workspace, NULL);
    m_f_strerror(code, text, sizeof(text));
    printf("%d %s\n", (int)LGC_STATUS(code), text);
    for (size_t at = M_F_WORKSPACE_BYTES + 64; at < sizeof(guarded); at++)
        if (guarded[at] != 0) puts("written past the workspace");
    return 0;
}
"#;

/// A caller that was compiled for other shapes is told so before anything is written.
#[test]
fn a_header_of_another_library_is_refused() {
    let place = Place::new();
    place.write("m.graph", SIZED);
    let compile = |rows: &str| {
        let define = format!("B={rows}");
        place
            .run(&["compile", "m.graph", "--define", &define])
            .success();
    };
    compile("64");
    let host = format!("#define M_ROWS 64\n{SIZED_HOST}");
    let Some(output) = c_program(&place, &host) else {
        return;
    };
    assert_eq!(output, "0 f: success\n");
    compile("128");
    let program = place.path("host").display().to_string();
    assert_eq!(
        run(&place, &program, &[]).unwrap(),
        "12 f: the caller was made for other tensors or another workspace: compile it with the \
         header of this library\n"
    );
}

const MANY: &str = "
entry f(p: f32[3][5000]) -> (y: f32[3], z: f32[3]) {
    y = p[0] + p[4999]
    z = p[1] * p[2]
}
";

const MANY_HOST: &str = r#"
#include "m.h"
#include <stdio.h>
#include <stdlib.h>
enum { N = 5000 };
static float values[N + 2][4];
static DLTensor tensors[N + 2];
static const DLTensor *in[N];
static DLTensor *out[2];
static M_F_WORKSPACE(workspace);
static int64_t shape[] = {3};
static void report(const char *what, void *memory) {
    char text[256];
    const int32_t code = m_f_run(in, out, memory, NULL);
    m_f_strerror(code, text, sizeof(text));
    printf("%s: %s\n", what, text);
}
int main(void) {
    for (int k = 0; k < N + 2; k++) {
        values[k][0] = (float)k;
        tensors[k].data = values[k];
        tensors[k].device.device_type = kDLCPU;
        tensors[k].ndim = 1;
        tensors[k].dtype.code = kDLFloat;
        tensors[k].dtype.bits = 32;
        tensors[k].dtype.lanes = 1;
        tensors[k].shape = shape;
        if (k < N) in[k] = &tensors[k]; else out[k - N] = &tensors[k];
    }
    report("apart", workspace);
    printf("%g %g\n", values[N][0], values[N + 1][0]);
    tensors[N + 1].data = &values[4321][1];
    report("over one that is read", workspace);
    tensors[N + 1].data = values[N];
    report("over one that is written", workspace);
    tensors[N + 1].data = values[N + 1];
    tensors[7].data = values[8];
    report("two that are read", workspace);
    tensors[7].data = workspace + 128;
    report("within the workspace", workspace);
    tensors[7].data = values[7];
    report("no workspace", NULL);
    report("an odd workspace", workspace + 4);
    return 0;
}
"#;

/// Thousands of tensors are laid out in the workspace, and their overlaps found.
#[test]
fn thousands_of_tensors_are_checked() {
    let place = Place::new();
    place.write("m.graph", MANY);
    place.run(&["compile", "m.graph"]).success();
    let Some(output) = c_program(&place, MANY_HOST) else {
        return;
    };
    insta::assert_snapshot!(output);
}

const TWO: &str = "
entry f(x: f32[3]) -> (y: f32[3]) { y = x }
entry g(i: i32[2, 2]) -> (j: i32[2, 2]) { j = i + 1 }
";

const TWO_HOST: &str = r#"
#include "m.h"
#include <stdio.h>
static int32_t values[2][4] = {{1, 2, 3, 4}};
static int64_t shape[] = {2, 2};
int main(void) {
    DLTensor tensors[2] = {{0}};
    for (int at = 0; at < 2; at++) {
        tensors[at].data = values[at];
        tensors[at].device.device_type = kDLCPU;
        tensors[at].ndim = 2;
        tensors[at].dtype.code = kDLInt;
        tensors[at].dtype.bits = 32;
        tensors[at].dtype.lanes = 1;
        tensors[at].shape = shape;
    }
    const DLTensor *in[] = {&tensors[0]};
    DLTensor *out[] = {&tensors[1]};
    int32_t status = m_g_run(in, out, NULL, NULL);
    printf("%d: %d %d %d %d\n", status, values[1][0], values[1][1], values[1][2], values[1][3]);
    tensors[1].dtype.code = kDLFloat;
    printf("%s\n", m_strerror(m_g_run(in, out, NULL, NULL)));
    return 0;
}
"#;

/// Each entry has tensors of its own.
#[test]
fn tensors_are_those_of_the_entry() {
    let place = Place::new();
    place.write("m.graph", TWO);
    place.run(&["compile", "m.graph"]).success();
    let Some(output) = c_program(&place, TWO_HOST) else {
        return;
    };
    assert_eq!(
        output,
        "0: 2 3 4 5\na DLTensor has the wrong element type\n"
    );
}

/// Libraries of each form have their header beside them.
#[test]
fn archives_and_objects_have_their_header_beside_them() {
    for output in ["m.so", "m.a", "m.o"] {
        let place = Place::new();
        place.write("m.graph", SIZED);
        place.run(&["compile", "m.graph", "-o", output]).success();
        assert!(place.path("m.h").exists(), "{output}");
    }
}
