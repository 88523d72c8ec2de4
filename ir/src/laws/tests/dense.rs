//! Cotangents of all values at once, with a seed on each: in graphs, against graphs that are split at one of them; in
//! loops, branches and checkpoints, against the same computation without these.

use super::cotangents::{floats, same, split};
use super::elaborated;
use crate::autodiff::{self, Place};
use crate::generate::{CHOICES_PER_STEP, Generator};
use crate::graph::{Graph, Output, Value};
use crate::lang::example;
use crate::laws::derivatives::input_types;
use crate::laws::domain::Domain;
use crate::laws::point::{Point, Random};
use crate::laws::rules::outputs;
use crate::module::Module;
use crate::scalar::Exact;
use crate::shape::Type;
use proptest::prelude::*;

/// Compares all cotangents of a graph with seeds on all values. How many numbers were compared.
fn check(graph: &Graph, seed: u64) -> usize {
    let graph = &graph.clone().with_exact_constants();
    let mut random = Random(seed);
    let Ok(point) = Domain::of(graph).unwrap().draw::<Exact>(&mut random) else {
        return 0;
    };
    let values = floats(graph);
    let types: Vec<Type> = values.iter().map(|at| graph.ty(*at).clone()).collect();
    let seeds = Point::direction(&types, &mut random);
    let places: Vec<Place> = values.iter().map(|at| Place::of(*at)).collect();
    let dense = autodiff::vjp_at(graph, &[], &places, &places)
        .unwrap()
        .graph;
    let all = outputs::<Exact>(&dense, &point.with(&seeds).tensors()).unwrap();
    let cotangents = &all[graph.outputs().len()..];
    assert_eq!(cotangents.len(), values.len());
    let mut compared = 0;
    for (number, at) in values.iter().enumerate() {
        let expected = of_split(graph, *at, &values, &point, &seeds);
        compared += same(cotangents[number].as_numbers(), &expected);
    }
    compared
}

/// The cotangent of one value: the gradient, by an input that all that reads it reads instead, of all values times
/// their seeds, where the value itself is that input.
fn of_split(
    graph: &Graph,
    at: Value,
    values: &[Value],
    point: &Point,
    seeds: &Point,
) -> Vec<Exact> {
    let mut whole = graph.clone();
    let output = |(number, value): (usize, &Value)| Output {
        name: format!("v{number}"),
        value: *value,
    };
    whole.set_outputs(values.iter().enumerate().map(output).collect());
    let x = point.tensors::<Exact>();
    let number = values.iter().position(|value| *value == at).unwrap();
    let value = outputs::<Exact>(&whole, &x).unwrap()[number].clone();
    let inputs = graph.inputs().iter();
    let inner = inputs.filter(|input| input.node <= at.node).count();
    let mut arguments = x;
    arguments.insert(inner, value);
    arguments.extend(seeds.tensors::<Exact>());
    let pulled = autodiff::vjp(&split(&whole, at), &[inner]).unwrap();
    let all = outputs::<Exact>(&pulled, &arguments).unwrap();
    all.last().unwrap().as_numbers().to_vec()
}

#[test]
fn all_values_of_some_graphs() {
    for text in [
        "(x: f32[3], w: f32[3]) -> tanh(w * x) * x + square(tanh(w * x))",
        "(x: f32[2, 3], y: f32[3, 2]) -> softmax(x @ y) @ x",
        "(p: f32[2], v: f32[2], g: f32[2], r: f32[], m: f32[]) -> momentum(p, v, g, r, m)",
        "(x: f32[4, 2], indices: i32[3]) -> mean(gather(exp(x), indices), axes = [0])",
        "(c: bool[3], x: f32[3], y: f32[3]) -> select(c, x * y, x / y)",
        "(h: f32[3], xs: f32[4, 3]) -> scan(mul)(h, xs) * h",
    ] {
        let graph = example(text).unwrap().graph;
        assert!(check(&graph, 3) > 0, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn all_values_of_random_graphs(
        choices in prop::collection::vec(any::<u16>(), CHOICES_PER_STEP..4 * CHOICES_PER_STEP),
        seed in any::<u64>(),
    ) {
        check(&Generator::new().graph(&choices).unwrap(), seed);
    }
}

fn module(text: &str) -> Module {
    elaborated(text).0
}

/// Whether all entries of a text compute the same numbers of the same inputs.
fn agree(text: &str) {
    let module = module(text);
    let mut known: Option<Vec<Exact>> = None;
    for entry in &module.entries {
        let graph = entry.graph.clone().with_exact_constants();
        let types = input_types(&graph);
        let point = Point::direction(&types, &mut Random(5));
        let found = outputs::<Exact>(&graph, &point.tensors()).unwrap();
        let found: Vec<Exact> = found
            .iter()
            .flat_map(|tensor| tensor.as_numbers().to_vec())
            .collect();
        assert!(
            found.iter().all(|number| number.0.is_ok()),
            "{}",
            entry.name
        );
        match &known {
            Some(known) => assert_eq!(*known, found, "{}", entry.name),
            None => known = Some(found),
        }
    }
    assert!(module.entries.len() > 1);
}

/// Turns of a loop that is unrolled are values of the graph.
#[test]
fn a_loop_has_the_cotangents_of_its_turns() {
    agree(
        "
graph cell(h: f32[2], x: f32[2], w: f32[2]) -> (next: f32[2], y: f32[2]) {
    a = h * w
    b = a * x
    next = b + a * h
    y = next * a
}
graph looped(h: f32[2], xs: f32[3, 2], w: f32[2]) -> (l: f32[]) {
    (last, ys) = scan(cell)(h, xs, w)
    l = sum(last * last) + sum(ys)
}
graph at(s: f32[3, 2], i) -> (r: f32[2]) {
    r = reshape(slice(s, start = [i, 0], limit = [i + 1, 2]), shape = [2])
}
graph turned(h: f32[2], xs: f32[3, 2], w: f32[2]) -> (l: f32[]) {
    (h0, y0) = cell(h, at(xs, i = 0), w)
    (h1, y1) = cell(h0, at(xs, i = 1), w)
    (h2, y2) = cell(h1, at(xs, i = 2), w)
    l = sum(h2 * h2) + sum(y0) + sum(y1) + sum(y2)
}
entry a(h: f32[2], xs: f32[3, 2], w: f32[2], s: f32[3, 2], t: f32[3, 2], ct: f32[]) -> (
    dw: f32[2], da: f32[3, 2], db: f32[3, 2], dn: f32[3, 2], dm: f32[3, 2]
) {
    (l, dw, da, db, dn, dm) = vjp(
        looped, wrt = [w, cell.a, cell.b, cell.cell.next, cell.mul[2]], ct = [cell.b, cell.cell.next]
    )(h, xs, w, ct, s, t)
}
entry b(h: f32[2], xs: f32[3, 2], w: f32[2], s: f32[3, 2], t: f32[3, 2], ct: f32[]) -> (
    dw: f32[2], da: f32[3, 2], db: f32[3, 2], dn: f32[3, 2], dm: f32[3, 2]
) {
    (l, dw, a0, a1, a2, b0, b1, b2, n0, n1, n2, m0, m1, m2) = vjp(
        turned,
        wrt = [
            w, cell[0].a, cell[1].a, cell[2].a, cell[0].b, cell[1].b, cell[2].b, h0, h1, h2,
            cell[0].mul[2], cell[1].mul[2], cell[2].mul[2]
        ],
        ct = [cell[0].b, cell[1].b, cell[2].b, h0, h1, h2],
    )(
        h, xs, w, ct, at(s, i = 0), at(s, i = 1), at(s, i = 2), at(t, i = 0), at(t, i = 1), at(t, i = 2)
    )
    da = concat(reshape(a0, shape = [1, 2]), reshape(a1, shape = [1, 2]), reshape(a2, shape = [1, 2]), axis = 0)
    db = concat(reshape(b0, shape = [1, 2]), reshape(b1, shape = [1, 2]), reshape(b2, shape = [1, 2]), axis = 0)
    dn = concat(reshape(n0, shape = [1, 2]), reshape(n1, shape = [1, 2]), reshape(n2, shape = [1, 2]), axis = 0)
    dm = concat(reshape(m0, shape = [1, 2]), reshape(m1, shape = [1, 2]), reshape(m2, shape = [1, 2]), axis = 0)
}
",
    );
}

/// Loops in loops stack again; a checkpoint changes nothing, and so does the other direction.
#[test]
fn loops_in_loops_have_the_cotangents_of_their_turns() {
    agree(
        "
graph cell(h: f32[], x: f32[], w: f32[]) -> (next: f32[], y: f32[]) {
    a = h * w
    next = a * x + h
    y = next * a
}
graph inner(h: f32[], xs: f32[2], w: f32[]) -> (next: f32[], y: f32[]) {
    (next, ys) = scan(cell, reverse = true)(h, xs, w)
    y = sum(ys)
}
graph kept(h: f32[], xs: f32[2], w: f32[]) -> (next: f32[], y: f32[]) {
    (next, ys) = scan(checkpoint(cell), reverse = true)(h, xs, w)
    y = sum(ys)
}
graph looped(h: f32[], xs: f32[2, 2], w: f32[]) -> (l: f32[]) {
    (last, ys) = scan(inner)(h, xs, w)
    l = last * last + sum(ys)
}
graph checked(h: f32[], xs: f32[2, 2], w: f32[]) -> (l: f32[]) {
    (last, ys) = scan(checkpoint(kept))(h, xs, w)
    l = last * last + sum(ys)
}
graph at(s: f32[2, 2], i, j) -> (r: f32[]) {
    r = reshape(slice(s, start = [i, j], limit = [i + 1, j + 1]), shape = [])
}
graph row(h: f32[], x0: f32[], x1: f32[], w: f32[]) -> (next: f32[], y: f32[]) {
    (h1, y1) = cell(h, x1, w)
    (next, y0) = cell(h1, x0, w)
    y = y0 + y1
}
graph turned(h: f32[], xs: f32[2, 2], w: f32[]) -> (l: f32[]) {
    (h0, y0) = row(h, at(xs, i = 0, j = 0), at(xs, i = 0, j = 1), w)
    (h1, y1) = row(h0, at(xs, i = 1, j = 0), at(xs, i = 1, j = 1), w)
    l = h1 * h1 + y0 + y1
}
entry a(h: f32[], xs: f32[2, 2], w: f32[], s: f32[2, 2], ct: f32[]) -> (dw: f32[], da: f32[2, 2]) {
    (l, dw, da) = vjp(looped, wrt = [w, inner.cell.a], ct = inner.cell.a)(h, xs, w, ct, s)
}
entry b(h: f32[], xs: f32[2, 2], w: f32[], s: f32[2, 2], ct: f32[]) -> (dw: f32[], da: f32[2, 2]) {
    (l, dw, da) = vjp(checked, wrt = [w, kept.cell.a], ct = kept.cell.a)(h, xs, w, ct, s)
}
entry c(h: f32[], xs: f32[2, 2], w: f32[], s: f32[2, 2], ct: f32[]) -> (dw: f32[], da: f32[2, 2]) {
    (l, dw, a01, a00, a11, a10) = vjp(
        turned,
        wrt = [w, row[0].cell[0].a, row[0].cell[1].a, row[1].cell[0].a, row[1].cell[1].a],
        ct = [row[0].cell[0].a, row[0].cell[1].a, row[1].cell[0].a, row[1].cell[1].a],
    )(
        h, xs, w, ct, at(s, i = 0, j = 1), at(s, i = 0, j = 0), at(s, i = 1, j = 1), at(s, i = 1, j = 0)
    )
    da = reshape(
        concat(
            reshape(a00, shape = [1]), reshape(a01, shape = [1]), reshape(a10, shape = [1]),
            reshape(a11, shape = [1]), axis = 0
        ),
        shape = [2, 2],
    )
}
",
    );
}

/// A branch that is not taken has cotangents of zero, and its seeds lead nowhere; second derivatives go through.
#[test]
fn branches_have_the_cotangents_of_what_is_taken() {
    agree(
        "
graph up(x: f32[2]) -> (y: f32[2]) {
    t = x * x
    y = t * x
}
graph down(x: f32[2]) -> (y: f32[2]) {
    t = x + x
    y = t * t
}
graph branch(n: f32[], x: f32[2]) -> (l: f32[]) { l = sum(cond(up, down)(n == n, x)) }
graph taken(n: f32[], x: f32[2]) -> (l: f32[]) { l = sum(up(x)) + 0 * n }
graph slope_of_branch(n: f32[], x: f32[2]) -> (s: f32[]) { s = sum(grad(branch, wrt = up.t)(n, x)) }
graph slope_of_taken(n: f32[], x: f32[2]) -> (s: f32[]) { s = sum(grad(taken, wrt = up.t)(n, x)) }
entry a(n: f32[], x: f32[2], s: f32[2], ct: f32[]) -> (dx: f32[2], dt: f32[2], du: f32[2], e: f32[2]) {
    (l, dx, dt, du) = vjp(branch, wrt = [x, up.t, up.down.t], ct = [up.t, up.down.t])(n, x, ct, s, s)
    e = grad(slope_of_branch, wrt = x)(n, x)
}
entry b(n: f32[], x: f32[2], s: f32[2], ct: f32[]) -> (dx: f32[2], dt: f32[2], du: f32[2], e: f32[2]) {
    (l, dx, dt) = vjp(taken, wrt = [x, up.t], ct = up.t)(n, x, ct, s)
    du = 0 * x
    e = grad(slope_of_taken, wrt = x)(n, x)
}
",
    );
}

/// Asked for as a whole and one by one, each value has the same cotangent; every field says the path to it.
#[test]
fn all_values_are_those_of_their_paths() {
    let text = "
struct P { w: f32[2], b: f32[2][2] }
graph cell(h: f32[2], x: f32[2], p: P) -> (next: f32[2], y: f32[2]) {
    a = h * p.w
    next = (a + x) * h + p.b[1]
    y = up(next * a)
}
graph up(x: f32[2]) -> (y: f32[2]) {
    t = x * x
    y = t * x + t
}
graph down(x: f32[2]) -> (y: f32[2]) { y = -x * 3 }
graph slope(x: f32[2]) -> (d: f32[2]) { d = grad(total, wrt = x)(x) + x }
graph total(x: f32[2]) -> (l: f32[]) { l = sum(x * x * x) }
graph f(h: f32[2], xs: f32[3, 2], p: P) -> (l: f32[], m: f32[2]) {
    (last, ys) = scan(cell)(h, xs, p)
    for turn in 0..2 { k = last * last }
    up = cond(up, down)(sum(h) > 0, last + h)
    m = checkpoint(up)(up) + slope(h * 2)
    (q, v) = momentum(h, m, last, 0.5, 0.25)
    (end, zs) = scan(cell)(m * 2, xs, p)
    l = sum(q * v) + sum(ys) + sum(end)
}
";
    let module = module(&format!(
        "{text}entry all_of = vjp(f, wrt = all, ct = all)\n"
    ));
    let entry = &module.entries[0];
    let crate::module::Tree::Struct { fields, .. } = &entry.signature.params.last().unwrap().tree
    else {
        panic!("{:?}", entry.signature)
    };
    let path = |field: &crate::module::Field| field.doc[0].trim_matches('`').to_string();
    let paths: Vec<String> = fields.iter().map(path).collect();
    let listed = paths.join(", ");
    let results = ["l", "m"];
    let seeded: Vec<String> = paths
        .iter()
        .filter(|path| !results.contains(&path.as_str()))
        .cloned()
        .collect();
    let again = self::module(&format!(
        "{text}entry each = vjp(f, wrt = [{listed}], ct = [{}])\n",
        seeded.join(", ")
    ));
    let shape = |graph: &Graph| {
        let types = input_types(graph);
        (types.len(), graph.len(), graph.outputs().len())
    };
    let each = &again.entries[0];
    assert_eq!(shape(&entry.graph), shape(&each.graph), "{listed}");
    agree(&format!(
        "{text}entry all_of = grad(f, wrt = all)\nentry each = grad(f, wrt = [{listed}])\n"
    ));
    insta::assert_snapshot!(paths.join("\n"));
}
