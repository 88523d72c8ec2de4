//! Conditions of derivatives as users meet them: in reports, in libraries, and as margins at a point.

#![allow(clippy::unwrap_used, reason = "tests fail on what they do not expect")]

mod support;

use lgc_runtime::{HostTensor, Library, npy, npz};
use support::Place;

/// A step that returns no loss: its forward is dead but for the conditions.
const STEP: &str = "\
graph loss(w: f32[2, 2], v: f32[2], x: f32[3, 2]) -> (l: f32[]) {
    h = relu(x @ w)
    l = mean(log(h @ v + 1))
}
entry step(x: f32[3, 2], v: f32[2] in [-1, 1], inout w: f32[2, 2]) -> () {
    w' = w - 0.1 * grad(loss, wrt = w)(w, v, x)
}
";

fn place() -> Place {
    let place = Place::with("m.graph", STEP);
    let array = |extents: &[u64], values: &[f32]| HostTensor::from_slice(extents, values).unwrap();
    let x = array(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 2.0, -2.0]);
    let (v, w) = (
        array(&[2], &[0.5, 1.0]),
        array(&[2, 2], &[0.25, -1.0, 0.5, 3.0]),
    );
    let on_a_kink = array(&[2, 2], &[0.25, -1.0, 0.5, -1.0]);
    let archive = |w| npz::encode([("x", &x), ("v", &v), ("w", w)]).unwrap();
    place.write("inside.npz", archive(&w));
    place.write("kink.npz", archive(&on_a_kink));
    place.write("v.npy", npy::encode(&v));
    place
}

#[test]
fn derivatives_state_conditions_in_reports_and_libraries() {
    let place = place();
    let report = place.run(&["check", "m.graph"]).success();
    let (_, conditions) = report.split_once("  conditions: ").unwrap();
    insta::assert_snapshot!("check", conditions.split("  compiled code").next().unwrap());
    place.run(&["compile", "m.graph", "-o", "m.so"]).success();
    let relies = |text: String| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains("relies on"));
        lines.map(str::to_owned).collect()
    };
    let of_library = relies(place.run(&["info", "m.so"]).success());
    let of_graph = relies(place.run(&["info", "m.graph"]).success());
    assert_eq!(of_library, of_graph);
    insta::assert_snapshot!("library", of_library.join("\n"));
}

#[test]
fn margins_are_told_at_a_point() {
    let place = place();
    let inside = place.run(&["check", "m.graph", "--at", "inside.npz"]);
    let kink = place.run(&["check", "m.graph", "--at", "kink.npz"]);
    let ran = place.run(&["run", "m.graph", "inside.npz", "--margins"]);
    let ran_on_kink = place.run(&["run", "m.graph", "kink.npz", "--margins", "-o", "out.npz"]);
    let all = [inside, kink, ran, ran_on_kink].map(|outcome| outcome.shown());
    insta::assert_snapshot!(all.join("\n"));
    // What is saved is what the entry yields, and nothing more.
    let saved = npz::load(&place.path("out.npz")).unwrap();
    let names: Vec<&str> = saved.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["w"]);
}

#[test]
fn monitors_are_results_of_the_library() {
    let place = place();
    place
        .run(&["compile", "m.graph", "--monitor", "-o", "watched.so"])
        .success();
    place
        .run(&["compile", "m.graph", "-o", "plain.so"])
        .success();
    let run = |library: &str, point: &str| {
        let library = Library::open_named(&place.path(library), "m").unwrap();
        let entry = library.entry("step").unwrap();
        let mut call = entry.session().unwrap();
        for (name, tensor) in npz::load(&place.path(point)).unwrap() {
            call.set(&name, tensor).unwrap();
        }
        call.run().unwrap();
        let of = |(path, tensor): (&str, &HostTensor)| (path.to_owned(), tensor.clone());
        let all: Vec<(String, HostTensor)> = call.tensors().map(of).collect();
        all
    };
    let numbers = |all: &[(String, HostTensor)], path: &str| -> Vec<f64> {
        let found = all.iter().find(|(name, _)| name == path);
        found.unwrap().1.each_number().collect()
    };
    for (point, margins, violations) in [
        ("inside.npz", [0.25, 1.0], [0.0, 0.0]),
        ("kink.npz", [0.0, 1.0], [1.0, 0.0]),
    ] {
        let (watched, plain) = (run("watched.so", point), run("plain.so", point));
        assert_eq!(numbers(&watched, "margins"), margins, "{point}");
        assert_eq!(numbers(&watched, "violations"), violations, "{point}");
        assert_eq!(numbers(&watched, "w"), numbers(&plain, "w"), "{point}");
    }
}

#[test]
fn margins_need_a_graph_and_an_entry() {
    let place = place();
    place.write(
        "two.graph",
        format!("{STEP}\nentry other(x: f32[2]) -> (y: f32[2]) {{ y = exp(x) }}"),
    );
    place.run(&["compile", "m.graph", "-o", "m.so"]).success();
    let runs: [&[&str]; 6] = [
        &["run", "m.so", "inside.npz", "--margins"],
        &[
            "run",
            "m.graph",
            "--margins",
            "--scalar",
            "f64",
            "--random",
            "1",
        ],
        &["check", "two.graph", "--at", "inside.npz"],
        &["check", "two.graph", "--at", "x=1", "--entry", "other"],
        &["check", "m.graph", "--at", "v=v.npy"],
        &["check", "m.graph", "--entry", "step"],
    ];
    let shown = runs.map(|run| place.run(run).shown());
    insta::assert_snapshot!(shown.join("\n"));
    place.write(
        "exp.graph",
        "entry f(x: f32[]) -> (y: f32[]) { y = exp(x) }",
    );
    let nothing = place.run(&["check", "exp.graph", "--at", "x=1"]).success();
    assert_eq!(nothing, "margins: no condition is up to the inputs\n");
}
