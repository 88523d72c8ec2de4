//! Conditions of derivatives: what is differentiated states its own, whatever becomes of its value.

use super::elaborated_with_warnings;
use crate::lang::example;
use crate::laws::{Condition, conditions};
use crate::module::Entry;
use crate::op::SPECS;
use crate::span::SourceMap;
use std::fmt::Write;

/// The entries of a text, each with its conditions.
pub(super) fn entries(text: &str) -> (Vec<(Entry, Vec<Condition>)>, SourceMap) {
    let (module, sources) = elaborated_with_warnings(text);
    let with_conditions = |entry: Entry| {
        let found = conditions(&entry).unwrap();
        (entry, found)
    };
    let all = module.entries.into_iter().map(with_conditions).collect();
    (all, sources)
}

/// What is needed, and by which derivatives.
fn listing(text: &str) -> String {
    let (all, sources) = entries(text);
    let place = |span| {
        let (_, at) = sources.location(span).unwrap();
        format!("{}:{}", at.line, at.column)
    };
    let mut listing = String::new();
    for (entry, found) in all {
        writeln!(listing, "{}", entry.name).unwrap();
        for condition in found {
            let Condition {
                op,
                requirement,
                status,
                span,
                body,
                derivatives,
                ..
            } = condition;
            let body = body.map_or(String::new(), |body| format!(" in {body}"));
            let places: Vec<String> = derivatives.into_iter().map(place).collect();
            let at = place(span);
            let asked = places.join(", ");
            writeln!(
                listing,
                "  {at} `{op}`: {requirement}{body}, {status:?}; {asked}"
            )
            .unwrap();
        }
    }
    listing
}

#[test]
fn derivatives_state_the_conditions_of_what_is_dead_in_them() {
    let text = "\
graph loss(w1: f32[3, 4], w2: f32[4], x: f32[2, 3]) -> (l: f32[]) {
    h = relu(x @ w1)
    l = mean(square(h @ w2))
}
graph root(x: f32[3]) -> (l: f32[]) { l = sum(sqrt(x)) }
graph logarithm(x: f32[3]) -> (l: f32[]) { l = sum(stop_gradient(log(x)) + abs(x)) }
entry gradient(w1: f32[3, 4], w2: f32[4], x: f32[2, 3]) -> (d: f32[3, 4]) {
    d = grad(loss, wrt = w1)(w1, w2, x)
}
entry last_layer(w1: f32[3, 4], w2: f32[4], x: f32[2, 3]) -> (d: f32[4]) {
    d = grad(loss, wrt = w2)(w1, w2, x)
}
entry step(w2: f32[4], x: f32[2, 3], inout w1: f32[3, 4]) -> () {
    w1' = w1 - 0.1 * grad(loss, wrt = w1)(w1, w2, x)
}
entry twice(w1: f32[3, 4], w2: f32[4], x: f32[2, 3]) -> (d: f32[3, 4]) {
    d = grad(loss, wrt = w1)(w1, w2, x) +
        grad(loss, wrt = w1)(2 * w1, w2, x)
}
entry pullback(x: f32[3], ct: f32[]) -> (d: f32[3]) { (l, d) = vjp(logarithm, wrt = x)(x, ct) }
entry pushforward(x: f32[3], t: f32[3]) -> (d: f32[]) { (l, d) = jvp(logarithm, wrt = x)(x, t) }
entry positive(x: f32[3] in [1, 2]) -> (d: f32[3]) { d = grad(root, wrt = x)(x) }
entry shifted(x: f32[3] in [-1, 1]) -> (d: f32[3]) { d = grad(logarithm, wrt = x)(x + 2) }
";
    insta::assert_snapshot!(listing(text));
}

#[test]
fn derivatives_state_conditions_of_loops_branches_and_calls() {
    let text = "\
graph cell(h: f32[2], x: f32[2]) -> (next: f32[2]) { next = relu(h) + abs(x) }
graph through(h: f32[2], xs: f32[3, 2]) -> (l: f32[]) { l = sum(scan(cell)(h, xs)) }
graph kink(x: f32[2]) -> (y: f32[2]) { y = abs(x) }
graph smooth(x: f32[2]) -> (y: f32[2]) { y = x * x }
graph branch(c: bool[], x: f32[2]) -> (l: f32[]) { l = sum(cond(kink, smooth)(c, x)) }
graph again(x: f32[2]) -> (l: f32[]) { l = sum(checkpoint(kink)(x)) }
graph norm(x: f32[2]) -> (y: f32[2]) { y = abs(x) } vjp(ct_y) -> (d_x) { d_x = ct_y * sign(x) }
graph ruled(x: f32[2]) -> (l: f32[]) { l = sum(norm(x)) }
graph descend(p: f32[2], x: f32[2]) -> (next: f32[2]) {
    next = p - 0.1 * grad(distance, wrt = p)(p, x)
}
graph distance(p: f32[2], x: f32[2]) -> (l: f32[]) { l = sum(abs(p - x)) }
graph tuned(p: f32[2], xs: f32[3, 2]) -> (l: f32[]) { l = sum(scan(descend)(p, xs)) }

graph chain(p: f32[2], x: f32[2]) -> (next: f32[2]) { next = checkpoint(descend)(p, x) }
graph own(p: f32[2], x: f32[2]) -> (next: f32[2]) { next = descend(p, x) }
vjp(ct_next) -> (d_p, d_x) { d_p = ct_next; d_x = grad(distance, wrt = x)(p, x) * ct_next }
graph with_own(p: f32[2], x: f32[2]) -> (l: f32[]) { l = sum(own(p, x)) }

entry of_loop(h: f32[2], xs: f32[3, 2]) -> (d: f32[2]) { d = grad(through, wrt = h)(h, xs) }
entry of_branch(c: bool[], x: f32[2]) -> (d: f32[2]) { d = grad(branch, wrt = x)(c, x) }
entry of_call(x: f32[2]) -> (d: f32[2]) { d = grad(again, wrt = x)(x) }
entry of_rule(x: f32[2]) -> (d: f32[2]) { d = grad(ruled, wrt = x)(x) }
entry in_loop(p: f32[2], xs: f32[3, 2]) -> (q: f32[2]) { q = scan(descend)(p, xs) }
entry through_loop(p: f32[2], xs: f32[3, 2]) -> (d: f32[2]) { d = grad(tuned, wrt = p)(p, xs) }
entry in_call(p: f32[2], x: f32[2]) -> (q: f32[2]) { q = checkpoint(descend)(p, x) }
entry in_calls(p: f32[2], xs: f32[3, 2]) -> (q: f32[2]) { q = scan(checkpoint(chain))(p, xs) }
entry in_ruled(p: f32[2], x: f32[2]) -> (q: f32[2]) { q = own(p, x) }
entry in_rule(p: f32[2], x: f32[2]) -> (d: f32[2]) { d = grad(with_own, wrt = x)(p, x) }
entry in_unread_ruled(p: f32[2], x: f32[2]) -> (d: f32[2]) { d = grad(with_own, wrt = p)(p, x) }
";
    insta::assert_snapshot!(listing(text));
}

#[test]
fn what_jumps_says_where() {
    let text = "\
entry rounded(x: f32[3]) -> (y: f32[3]) { y = floor(x) + ceil(2 * x) + round(3 * x) * sign(x) }
entry ranged(x: f32[3] in [0.25, 0.4]) -> (y: f32[3]) { y = floor(x) + ceil(2 * x) + round(3 * x) * sign(x) }
entry constant(x: f32[3], n: f32[3]) -> (y: f32[3]) { y = x * stop_gradient(floor(n)) }
entry straight(x: f32[3]) -> (y: f32[3]) { y = x + stop_gradient(round(x) - x) }
entry sorted(x: f32[3, 2]) -> (y: f32[3, 2]) { y = sort(x, axis = 0) }
entry one(x: f32[3, 1]) -> (y: f32[3, 1]) { y = sort(x) }
entry largest(x: f32[5]) -> (y: f32[2]) { (y, at) = top_k(x, k = 2) }
entry classes(x: f32[2, 5]) -> (y: i32[2]) { y = argmax(x) }
entry chosen(x: f32[5], w: f32[5]) -> (y: f32[]) { y = gather(w, argmax(x)) }
graph score(x: f32[5], w: f32[5]) -> (l: f32[]) { l = gather(w, argmax(x)) + sum(floor(x)) }
entry gradient(x: f32[5], w: f32[5]) -> (d: f32[5]) { d = grad(score, wrt = w)(x, w) }
entry by_both(x: f32[5], w: f32[5]) -> (d: f32[5], e: f32[5]) { (d, e) = grad(score, wrt = [w, x])(x, w) }
entry tangent(x: f32[5], w: f32[5], t: f32[5]) -> (d: f32[]) { (l, d) = jvp(score, wrt = x)(x, w, t) }
";
    insta::assert_snapshot!(listing(text));
}

/// The formula of a derivative needs what the op needs, and a further derivative what the formula does.
#[test]
fn further_derivatives_state_the_kinks_of_formulas() {
    let text = "\
graph f(x: f32[]) -> (y: f32[]) { y = softsign(x) }
graph slope(x: f32[]) -> (d: f32[]) { d = grad(f, wrt = x)(x) }
graph root(x: f32[]) -> (y: f32[]) { y = sqrt(x) }
graph root_slope(x: f32[]) -> (d: f32[]) { d = grad(root, wrt = x)(x) }
entry once(x: f32[]) -> (d: f32[]) { d = slope(x) }
entry twice(x: f32[]) -> (d: f32[]) { d = grad(slope, wrt = x)(x) }
entry of_root(x: f32[]) -> (d: f32[]) { d = root_slope(x) }
entry of_root_twice(x: f32[]) -> (d: f32[]) { d = grad(root_slope, wrt = x)(x) }
";
    insta::assert_snapshot!(listing(text));
}

/// An example of an op as a loss: with its parameters, and the names and types of those that are floats.
pub(super) struct Loss {
    text: String,
    parameters: String,
    arguments: Vec<String>,
    floats: Vec<(String, String)>,
    dtype: String,
}

/// The sum of the first float result of an example, if there is one that depends on floats.
pub(super) fn loss(text: &str) -> Option<Loss> {
    let entry = example(text).unwrap();
    let mut results = entry.graph.outputs().iter();
    let types: Vec<_> = results
        .by_ref()
        .map(|output| entry.graph.ty(output.value).clone())
        .collect();
    let chosen = types.iter().position(|ty| ty.dtype.is_float())?;
    let (parameters, expression) = text.split_once(" -> ").unwrap();
    let inputs = entry.graph.inputs().iter();
    let named = inputs.map(|input| {
        let name = entry.graph.name(input.node).unwrap_or("x").to_string();
        (name, entry.graph.ty(*input).clone())
    });
    let named: Vec<_> = named.collect();
    let floats: Vec<(String, String)> = named
        .iter()
        .filter(|(_, ty)| ty.dtype.is_float())
        .map(|(name, ty)| (name.clone(), ty.to_string()))
        .collect();
    let names: Vec<String> = (0..types.len()).map(|at| format!("r{at}")).collect();
    let pattern = match names.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    };
    let dtype = types[chosen].dtype.to_string();
    let summed = format!("sum(r{chosen})");
    let body = format!("{pattern} = {expression}\n    l = {summed}");
    (!floats.is_empty()).then(|| Loss {
        text: format!("graph f{parameters} -> (l: {dtype}[]) {{\n    {body}\n}}\n"),
        parameters: parameters.to_string(),
        arguments: named.into_iter().map(|(name, _)| name).collect(),
        floats,
        dtype,
    })
}

impl Loss {
    /// The graph of the loss, and entries that call it, take its gradient, and both.
    pub(super) fn source(&self) -> String {
        let Loss {
            text,
            parameters,
            arguments,
            floats,
            dtype,
        } = self;
        let arguments = arguments.join(", ");
        let names: Vec<&str> = floats.iter().map(|(name, _)| name.as_str()).collect();
        let wrt = names.join(", ");
        let results: Vec<String> = floats
            .iter()
            .map(|(name, ty)| format!("d_{name}: {ty}"))
            .collect();
        let results = results.join(", ");
        let gradients: Vec<String> = names.iter().map(|name| format!("d_{name}")).collect();
        let all = gradients.join(", ");
        let pattern = match gradients.len() {
            1 => all.clone(),
            _ => format!("({all})"),
        };
        format!(
            "{text}\
             entry forward{parameters} -> (l: {dtype}[]) {{ l = f({arguments}) }}\n\
             entry gradient{parameters} -> ({results}) {{ {pattern} = grad(f, wrt = [{wrt}])({arguments}) }}\n\
             entry both{parameters} -> (l: {dtype}[], {results}) {{ \
             (l, {all}) = value_and_grad(f, wrt = [{wrt}])({arguments}) }}\n"
        )
    }
}

/// What an entry needs, in the order of the alphabet, but for what only the formulas of derivatives need.
fn needs(found: &[Condition]) -> Vec<String> {
    let of = |condition: &Condition| {
        format!(
            "{}: {} ({:?})",
            condition.op, condition.requirement, condition.status
        )
    };
    let mut needs: Vec<String> = found.iter().map(of).collect();
    needs.sort();
    needs.dedup();
    needs
}

/// For each op that has conditions: they are stated by the forward, by its gradient alone and by both at once.
#[test]
fn every_condition_is_stated_where_derivatives_are_taken() {
    let mut table = String::new();
    for spec in SPECS {
        for text in spec.examples {
            let Some(loss) = loss(text) else { continue };
            let (all, _) = entries(&loss.source());
            let of = |name: &str| {
                let entry = all.iter().find(|(entry, _)| entry.name == name);
                needs(&entry.unwrap().1)
            };
            let (forward, gradient, both) = (of("forward"), of("gradient"), of("both"));
            for need in &forward {
                // What the rule does may be assumed, where what it is a rule of is shown.
                let (stated, _) = need.split_once(" (").unwrap();
                let is_same = |other: &String| other.starts_with(stated);
                assert!(
                    gradient.iter().any(is_same),
                    "{text}: {need} of {gradient:?}"
                );
            }
            assert_eq!(gradient, both, "{text}");
            let more = gradient.iter().filter(|need| !forward.contains(need));
            let more: Vec<&str> = more.map(String::as_str).collect();
            if forward.is_empty() && more.is_empty() {
                continue;
            }
            writeln!(table, "{text}\n    forward: {}", forward.join("; ")).unwrap();
            if !more.is_empty() {
                writeln!(table, "    derivative, too: {}", more.join("; ")).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}
