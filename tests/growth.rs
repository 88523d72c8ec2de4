//! Small sources of large graphs: refused at once, in little memory, with the cause.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::fmt::Write;
use support::Place;

/// The most memory that a child process of this one has used so far, in bytes.
fn peak_of_children() -> u64 {
    #[repr(C)]
    struct Usage {
        times: [i64; 4],
        peak_kilobytes: i64,
        others: [i64; 13],
    }
    unsafe extern "C" {
        fn getrusage(who: i32, usage: *mut Usage) -> i32;
    }
    const CHILDREN: i32 = -1;
    let mut usage = Usage {
        times: [0; 4],
        peak_kilobytes: 0,
        others: [0; 13],
    };
    // SAFETY: the call fills the struct, which has the layout of `struct rusage`.
    assert_eq!(unsafe { getrusage(CHILDREN, &raw mut usage) }, 0);
    usage.peak_kilobytes as u64 * 1024
}

/// The first line of the message about a source, which comes before the memory fills.
fn refusal(source: &str) -> String {
    refusal_beyond(1 << 20, source)
}

/// The same, with another bound than the default.
fn refusal_beyond(max_nodes: u32, source: &str) -> String {
    let place = Place::with("bomb.graph", source);
    let bound = format!("--max-nodes={max_nodes}");
    let mut arguments = vec!["compile", "bomb.graph", "--error-format", "short"];
    if max_nodes != 1 << 20 {
        arguments.push(&bound);
    }
    let outcome = place.run(&arguments);
    assert!(
        peak_of_children() < 500 << 20,
        "{} bytes",
        peak_of_children()
    );
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(place.names(), ["bomb.graph"]);
    outcome.stderr.lines().next().unwrap_or_default().to_owned()
}

/// Graphs `g0` … `g<levels>`, each in terms of the one before, and an entry that calls the last.
fn levels(levels: usize, ground: &str, level: impl Fn(usize) -> String) -> String {
    let mut source = format!("graph g0(x: f32[]) -> (y: f32[]) {{ y = {ground} }}\n");
    for k in 1..=levels {
        let body = level(k - 1);
        writeln!(source, "graph g{k}(x: f32[]) -> (y: f32[]) {{ {body} }}").unwrap();
    }
    source + &format!("entry f(x: f32[]) -> (y: f32[]) {{ y = g{levels}(x) }}\n")
}

#[test]
fn calls_that_multiply() {
    let twice = levels(40, "sin(x)", |k| format!("y = g{k}(g{k}(x))"));
    let under_grad = twice.replace("y = g40(x)", "y = grad(g40, wrt = x)(x)");
    assert_eq!(
        [refusal(&twice), refusal(&under_grad)],
        [
            "bomb.graph:22:7: error[E0503]: `g21` expands to more than 1048576 nodes",
            "bomb.graph:22:7: error[E0503]: `g21` expands to more than 1048576 nodes",
        ]
    );
}

/// How often a graph is called within `map` and within a branch is known only when it is expanded, so
/// that expansion goes as far as the bound.
#[test]
fn calls_that_multiply_out_of_sight() {
    let mapped = levels(40, "sin(x)", |k| {
        format!("p = map(g{k}, Pair(x, x)); y = p.a + p.b")
    });
    let mapped = format!("struct Pair {{ a: f32[], b: f32[] }}\n{mapped}");
    let branches = levels(30, "sin(x)", |k| {
        format!("y = if {k} >= 0 {{ g{k}(g{k}(x)) }} else {{ x }}")
    });
    let refusals = [mapped, branches].map(|source| refusal_beyond(100_000, &source));
    let at = |place, graph, nodes| {
        format!(
            "bomb.graph:{place}: error[E0503]: `{graph}` expands to more than 100000 nodes \
             ({nodes} so far)"
        )
    };
    let expected = [at("18:41", "g16", 131_072), at("18:54", "g17", 131_074)];
    assert_eq!(refusals, expected);
}

#[test]
fn towers_of_derivatives() {
    let gradients = levels(40, "sin(x) * exp(x)", |k| {
        format!("y = grad(g{k}, wrt = x)(x)")
    });
    let tangents = levels(40, "sin(x) * exp(x)", |k| {
        format!("(_, y) = jvp(g{k}, wrt = x)(x, x)")
    });
    let both = levels(40, "sin(x)", |k| {
        format!("y = grad(g{k}, wrt = x)(x) + grad(g{k}, wrt = x)(sin(x))")
    });
    let refusals = [gradients, tangents, both].map(|source| refusal(&source));
    let at = |column| {
        format!("bomb.graph:10:{column}: error[E0507]: more than 8 derivatives of one another")
    };
    assert_eq!(refusals, [at(40), at(45), at(40)]);
}

#[test]
fn tensors_and_structs_beyond_bounds() {
    let large = "entry f(x: f32[1099511627776, 2147483648]) -> (y: f32[]) { y = sum(x) }";
    let outer =
        "entry f(x: f32[1048576, 1], y: f32[1, 1073741824]) -> (s: f32[]) { s = sum(x + y) }";
    let dims = "dim A = 4611686018427387904\nentry f(x: f32[A * A]) -> (y: f32[]) { y = sum(x) }";
    let one_hot =
        "entry f(x: i32[1000000]) -> (s: f32[]) { s = sum(one_hot(x, depth = 1000000000)) }";
    let array = "struct P { w: f32[2] }\nentry f(p: P[1000000000]) -> (y: f32[2]) { y = p[0].w }";
    let mut nested = "struct S0 { a: f32[2] }\n".to_owned();
    for k in 1..=40 {
        writeln!(nested, "struct S{k} {{ a: S{0}, b: S{0} }}", k - 1).unwrap();
    }
    nested += "entry f(p: S40, x: f32[]) -> (y: f32[]) { y = x }";
    let refusals = [large, outer, dims, one_hot, array, &nested].map(refusal);
    insta::assert_snapshot!(refusals.join("\n"));
}
