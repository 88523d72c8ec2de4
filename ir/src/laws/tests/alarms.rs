//! Graphs that are defined and differentiable everywhere: nothing of them is assumed, not even of their gradients.

use super::elaborated_with_warnings;
use crate::laws::{Status, conditions};

/// What is assumed of each entry of a text; each has conditions at all.
fn assumed(text: &str) -> Vec<String> {
    let (module, _) = elaborated_with_warnings(text);
    let mut assumed = Vec::new();
    for entry in &module.entries {
        let found = conditions(entry).unwrap();
        assert!(!found.is_empty(), "{}: no conditions", entry.name);
        for condition in found
            .iter()
            .filter(|condition| condition.status != Status::Discharged)
        {
            let source = &text[condition.span.start as usize..condition.span.end as usize];
            assumed.push(format!(
                "{}: `{source}`: {}",
                entry.name, condition.requirement
            ));
        }
    }
    assumed
}

/// A graph with its forward and the gradient of a sum of what it yields.
fn with_gradient(
    name: &str,
    parameters: &str,
    wrt: &[(&str, &str)],
    ty: &str,
    expression: &str,
) -> String {
    let declared = parameters
        .split(", ")
        .map(|one| one.split_once(':').unwrap_or((one, "")).0);
    let mut arguments: Vec<&str> = declared.collect();
    // Shapes have commas, too.
    arguments.retain(|name| {
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && name.parse::<u64>().is_err()
    });
    let arguments = arguments.join(", ");
    let (names, types): (Vec<&str>, Vec<String>) = wrt
        .iter()
        .map(|(name, ty)| (*name, format!("d_{name}: {ty}")))
        .unzip();
    let results: Vec<String> = names.iter().map(|name| format!("d_{name}")).collect();
    let pattern = match results.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    };
    let statement = match expression.starts_with("(y, ") {
        true => expression.to_string(),
        false => format!("y = {expression}"),
    };
    format!(
        "graph {name}({parameters}) -> (y: {ty}) {{ {statement} }}
graph {name}_loss({parameters}) -> (l: f32[]) {{ l = sum(sin({name}({arguments}))) }}
entry {name}_forward({parameters}) -> (y: {ty}) {{ y = {name}({arguments}) }}
entry {name}_gradient({parameters}) -> ({}) {{ {pattern} = grad({name}_loss, wrt = [{}])({arguments}) }}
",
        types.join(", "),
        names.join(", ")
    )
}

#[test]
fn nothing_is_assumed_of_what_holds() {
    const X: (&str, &str) = ("x", "f32[2, 4]");
    const IMAGE: (&str, &str) = ("x", "f32[2, 4, 3]");
    const G: (&str, &str) = ("g", "f32[4]");
    const B: (&str, &str) = ("b", "f32[4]");
    const Q: (&str, &str) = ("q", "f32[3, 2]");
    const K: (&str, &str) = ("k", "f32[3, 2]");
    const V: (&str, &str) = ("v", "f32[3, 2]");
    let graphs = [
        with_gradient(
            "layer",
            "x: f32[2, 4], g: f32[4], b: f32[4]",
            &[X, G, B],
            "f32[2, 4]",
            "layer_norm(x, g, b)",
        ),
        with_gradient(
            "rms",
            "x: f32[2, 4], g: f32[4]",
            &[X, G],
            "f32[2, 4]",
            "rms_norm(x, g)",
        ),
        with_gradient(
            "batch",
            "x: f32[2, 4, 3], g: f32[4], b: f32[4]",
            &[IMAGE, G, B],
            "f32[2, 4, 3]",
            "(y, mean, variance) = batch_norm_training(x, g, b)",
        ),
        with_gradient(
            "group",
            "x: f32[2, 4, 3], g: f32[4], b: f32[4]",
            &[IMAGE, G, B],
            "f32[2, 4, 3]",
            "group_norm(x, g, b, groups = 2)",
        ),
        with_gradient(
            "instance",
            "x: f32[2, 4, 3], g: f32[4], b: f32[4]",
            &[IMAGE, G, B],
            "f32[2, 4, 3]",
            "instance_norm(x, g, b)",
        ),
        with_gradient(
            "masked",
            "q: f32[3, 2], k: f32[3, 2], v: f32[3, 2], m: bool[3, 3]",
            &[Q, K, V],
            "f32[3, 2]",
            "masked_softmax(q @ transpose(k, permutation = [1, 0]), m) @ v",
        ),
        with_gradient(
            "attention",
            "q: f32[3, 2], k: f32[3, 2], v: f32[3, 2], m: bool[3, 3]",
            &[Q, K, V],
            "f32[3, 2]",
            "scaled_dot_product_attention(q, k, v, m)",
        ),
        with_gradient(
            "causal",
            "q: f32[3, 2], k: f32[3, 2], v: f32[3, 2]",
            &[Q, K, V],
            "f32[3, 2]",
            "scaled_dot_product_attention(q, k, v, causal = true)",
        ),
        with_gradient(
            "noise",
            "key: u32[2], x: f32[2, 4]",
            &[X],
            "f32[2, 4]",
            "x + x * rng_normal(key, stream = 1, shape = [2, 4])",
        ),
        with_gradient(
            "smooth",
            "x: f32[2, 4], g: f32[4]",
            &[X, G],
            "f32[2, 4]",
            "gelu(x * g, approximate = tanh) / (1 + square(x))",
        ),
        with_gradient(
            "gated",
            "x: f32[2, 4], g: f32[4]",
            &[X, G],
            "f32[2, 4]",
            "silu(x * g) / cosh(x)",
        ),
        with_gradient(
            "unit",
            "x: f32[2, 4]",
            &[X],
            "f32[2, 4]",
            "x * rsqrt(sum(square(x), axes = [1], keepdims = true) + 1e-6)",
        ),
        with_gradient(
            "divided",
            "x: f32[2, 4]",
            &[X],
            "f32[2, 4]",
            "x / sqrt(sum(x * x, axes = [1], keepdims = true) + 1e-6)",
        ),
        with_gradient(
            "classes",
            "x: f32[2, 4], n: i32[2]",
            &[X],
            "f32[]",
            "cross_entropy(x, n)",
        ),
        with_gradient(
            "logs",
            "x: f32[2, 4], n: i32[2]",
            &[X],
            "f32[]",
            "nll(log_softmax(x), n)",
        ),
        with_gradient(
            "spread",
            "x: f32[2, 4]",
            &[X],
            "f32[2]",
            "sqrt(mean(square(x), axes = [1]) - square(mean(x, axes = [1])) + 1e-5)",
        ),
        with_gradient(
            "sinc",
            "x: f32[2, 4]",
            &[X],
            "f32[2, 4]",
            "select(x == 0, 1, sin(x) / select(x == 0, 1, x))",
        ),
        with_gradient(
            "entropy",
            "x: f32[2, 4]",
            &[X],
            "f32[2, 4]",
            "select(x > 0, x * log(x), 0)",
        ),
    ];
    let steps = "\
graph loss(w: f32[4, 3], x: f32[2, 4], n: i32[2]) -> (l: f32[]) { l = cross_entropy(x @ w, n) }
entry adam_step(
    w: f32[4, 3], x: f32[2, 4], n: i32[2], m: f32[4, 3], v: f32[4, 3] in [1e-12, 1e6],
    rate: f32[], t: f32[] in [1, 1e6],
) -> (next: f32[4, 3], next_m: f32[4, 3], next_v: f32[4, 3]) {
    d = grad(loss, wrt = w)(w, x, n)
    (next, next_m, next_v) = adamw(w, m, v, d, rate, t)
}
";
    let text: String = graphs.concat();
    assert_eq!(assumed(&format!("{steps}{text}")), Vec::<String>::new());
}

/// The same with one thing missing: the ε, the mask, the range.
#[test]
fn what_may_fail_is_assumed() {
    let text = "\
entry rms(x: f32[2, 4]) -> (y: f32[2, 4]) { y = x * rsqrt(mean(square(x), axes = [1], keepdims = true)) }
entry unit(x: f32[2, 4]) -> (y: f32[2, 4]) { y = x / sqrt(sum(x * x, axes = [1], keepdims = true) - 1e-6) }
entry hard(x: f32[2, 4]) -> (y: f32[2, 4]) { y = relu(x) }
entry logs(p: f32[2, 4]) -> (y: f32[2, 4]) { y = log(p / sum(p, axes = [1], keepdims = true)) }
entry step(p: f32[3], m: f32[3], v: f32[3] in [1e-12, 1e6], g: f32[3], rate: f32[], t: f32[] in [0, 1e6]) -> (q: f32[3], a: f32[3], b: f32[3]) {
    (q, a, b) = adamw(p, m, v, g, rate, t)
}
entry sinc(x: f32[3]) -> (y: f32[3]) { y = select(x == 0, sin(x) / x, 1) }
";
    let found = assumed(text);
    let entries = ["rms", "unit", "hard", "logs", "step", "sinc"];
    for entry in entries {
        let is_of = |line: &String| line.starts_with(&format!("{entry}: "));
        assert!(found.iter().any(is_of), "{entry}: {found:#?}");
    }
}
