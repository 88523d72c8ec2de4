//! Laws 4 to 6, of whole graphs: composition, weakening, the dense sweep, and fan-out.
//!
//! Each differentiates a graph that stands in a known relation to the given one: its two halves, the
//! same with inputs that nothing reads, the same with respect to every value, the same with a copy of
//! a value for each of its uses. What the sweep makes of one must agree with what it makes of the
//! other, whatever the rules of single ops are.

use super::derivatives::Derivatives;
use super::domain::Domain;
use super::number::{Number, Points};
use super::outcome::{Outcome, Tally};
use super::point::{Grid, Point, Random};
use super::rules::{Effort, LawError, compare_all, derivatives, directions, inner, outputs};
use crate::autodiff::{self, AutodiffError, Derived};
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Output, Value, Values};
use crate::interpret::Tensor;
use crate::op::{Input, Op, Reshape, TypeError};
use crate::scalar::{Exact, Scalar};
use crate::shape::{Shape, Type};
use crate::span::Span;
use rustc_hash::FxHashMap;

/// A graph under construction from another.
struct Copying<'g> {
    from: &'g Graph,
    new: Graph,
    map: FxHashMap<Value, Value>,
}

impl<'g> Copying<'g> {
    fn new(from: &'g Graph) -> Self {
        Copying {
            from,
            new: Graph::like(from),
            map: FxHashMap::default(),
        }
    }

    fn input(&mut self, of: Value) -> Result<(), TypeError> {
        let Type { dtype, shape } = self.from.ty(of).clone();
        let node = self
            .new
            .push(Input { dtype, shape }, &[], Span::SYNTHETIC)?;
        self.map.insert(of, Value { node, result: 0 });
        Ok(())
    }

    fn node(&mut self, node: NodeId) -> Result<(), TypeError> {
        let operands = self.from.operands(node);
        let operands: Values = operands
            .iter()
            .filter_map(|v| self.map.get(v).copied())
            .collect();
        let copy = self.new.copy_node(self.from, node, &operands)?;
        let results = self
            .from
            .results(node)
            .into_iter()
            .zip(self.new.results(copy));
        self.map.extend(results);
        Ok(())
    }

    fn output(&mut self, name: &str, value: Value) {
        if let Some(value) = self.map.get(&value) {
            self.new.add_output(name, *value);
        }
    }
}

fn is_input(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.op(node), Op::Input(_))
}

/// The positions of the floats among the outputs of a graph.
fn floats(graph: &Graph) -> Vec<usize> {
    let is_float = |at: &usize| graph.ty(graph.outputs()[*at].value).dtype.is_float();
    (0..graph.outputs().len()).filter(is_float).collect()
}

/// A graph as the composition of two, each with its reverse mode.
pub(super) struct Halves {
    first: Graph,
    first_vjp: Graph,
    second_vjp: Graph,
    /// The float outputs of the first half.
    passed: Vec<usize>,
}

impl Halves {
    /// The graph, cut before its node number `cut`: what the second half needs of the first is passed
    /// from output to input, in order. Inputs belong to the first half.
    pub(super) fn of(d: &Derivatives, cut: usize) -> Result<Halves, LawError> {
        let graph = &d.graph;
        let is_first = |node: NodeId| node.index() < cut || is_input(graph, node);
        let (mut first, mut second) = (Copying::new(graph), Copying::new(graph));
        for node in graph.nodes().filter(|node| is_first(*node)) {
            first.node(node)?;
        }
        let rest: Vec<NodeId> = graph.nodes().filter(|node| !is_first(*node)).collect();
        let needed = rest.iter().flat_map(|node| graph.operands(*node));
        let mut passed: Vec<Value> = needed
            .chain(graph.outputs().iter().map(|output| output.value))
            .filter(|value| is_first(value.node))
            .collect();
        passed.sort_unstable();
        passed.dedup();
        for value in &passed {
            first.output("passed", *value);
            second.input(*value)?;
        }
        for node in rest {
            second.node(node)?;
        }
        for output in graph.outputs() {
            second.output(&output.name, output.value);
        }
        let passed = floats(&first.new);
        Ok(Halves {
            first_vjp: autodiff::vjp(&first.new, &d.wrt)?,
            second_vjp: autodiff::vjp(&second.new, &passed)?,
            first: first.new,
            passed,
        })
    }

    /// What the whole graph's reverse mode should yield.
    fn compose<S: Scalar<World = ()>>(
        &self,
        point: &Point,
        ct: &Point,
        results: usize,
    ) -> Result<Vec<Tensor<S>>, LawError> {
        let between = outputs::<S>(&self.first, &point.tensors())?;
        let all = between
            .iter()
            .cloned()
            .chain(ct.tensors())
            .collect::<Vec<_>>();
        let mut yielded = outputs::<S>(&self.second_vjp, &all)?;
        let passed = yielded.split_off(results.min(yielded.len()));
        let inputs = point
            .tensors()
            .into_iter()
            .chain(passed)
            .collect::<Vec<_>>();
        let back = outputs::<S>(&self.first_vjp, &inputs)?;
        let through = self.first.outputs().len();
        yielded.extend(back.into_iter().skip(through));
        Ok(yielded)
    }
}

/// Law 4: the reverse mode of a composition is the composition of the reverse modes. The first cut is
/// before the last op, which is thus appended to the rest; the others are anywhere.
pub(super) fn composition<N: Number>(d: &Derivatives, effort: Effort) -> Result<Outcome, LawError> {
    let ops = d.graph.nodes().filter(|node| !is_input(&d.graph, *node));
    let places: Vec<usize> = ops.map(NodeId::index).collect();
    let Some(last) = places.last() else {
        return Ok(Outcome::Vacuous("no op"));
    };
    let mut cut = *last;
    at_points::<N>(d, effort, &mut |point, random, tally| {
        let halves = Halves::of(d, cut)?;
        let at = random.within(0, places.len() as i64 - 1);
        cut = places.get(at as usize).copied().unwrap_or(cut);
        composed_at::<N>(d, &halves, point, random, tally)
    })
}

/// Law 4 at a point and a cut.
pub(super) fn composed_at<N: Number>(
    d: &Derivatives,
    halves: &Halves,
    point: &Point,
    random: &mut Random,
    tally: &mut Tally,
) -> Result<(), LawError> {
    let (_, ct) = directions::<N>(d, random);
    let results = d.graph.outputs().len();
    let whole = outputs::<N>(&d.vjp, &point.with(&ct).tensors())?;
    let composed = halves.compose::<N>(point, &ct, results)?;
    let mut same = Tally::default();
    for at in floats(&d.graph) {
        compare_all(
            &mut same,
            "result",
            &whole[at..=at],
            &composed[at..=at],
            point,
        );
    }
    tally.require(same);
    let (left, right) = (derivatives(d, &whole), derivatives(d, &composed));
    compare_all(tally, "cotangent", left, right, point);
    if left.len() != right.len() || halves.passed.is_empty() {
        tally.skip("nothing passes the cut");
    }
    Ok(())
}

/// The graph with inputs, after its own, that nothing reads; and its reverse mode.
pub(super) fn weakened(d: &Derivatives) -> Result<Derivatives, LawError> {
    let mut graph = d.graph.clone();
    let mut wrt = d.wrt.clone();
    for dtype in [DType::F32, DType::I32, DType::F64] {
        let shape = Shape::new([2]);
        graph.push(Input { dtype, shape }, &[], Span::SYNTHETIC)?;
        if dtype.is_float() {
            wrt.push(graph.inputs().len() - 1);
        }
    }
    Ok(Derivatives {
        jvp: d.jvp.clone(),
        vjp: autodiff::vjp(&graph, &wrt)?,
        graph,
        wrt,
    })
}

/// Law 4: inputs that nothing reads change nothing, to the last bit, and have a gradient of exactly
/// zero.
pub(super) fn weaken<N: Number>(d: &Derivatives, effort: Effort) -> Result<Outcome, LawError> {
    weaken_to::<N>(d, &weakened(d)?, effort)
}

pub(super) fn weaken_to<N: Number>(
    d: &Derivatives,
    weak: &Derivatives,
    effort: Effort,
) -> Result<Outcome, LawError> {
    let extra = weak.inputs().split_off(d.graph.inputs().len());
    at_points::<N>(d, effort, &mut |point, random, tally| {
        let (_, ct) = directions::<N>(d, random);
        let more = Point::random(&extra, random, (-3, 4), Grid::Halves);
        let (given, all) = (point.with(&ct), point.with(&more).with(&ct));
        if N::POINTS == Points::Short {
            let same = |x: &Exact, y: &Exact| x == y;
            unread::<Exact>(d, weak, &given, &all, &same, tally)?;
        }
        let same = |x: &f32, y: &f32| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan());
        unread::<f32>(d, weak, &given, &all, &same, tally)
    })
}

fn unread<S: Scalar<World = ()> + std::fmt::Debug>(
    d: &Derivatives,
    weak: &Derivatives,
    given: &Point,
    all: &Point,
    same: &dyn Fn(&S, &S) -> bool,
    tally: &mut Tally,
) -> Result<(), LawError> {
    let before = outputs::<S>(&d.vjp, &given.tensors())?;
    let after = outputs::<S>(&weak.vjp, &all.tensors())?;
    let zero = S::constant(&(), DType::F64, &crate::constant::Constant::integer(0));
    let nonzero = |tensor: &Tensor<S>| tensor.as_numbers().iter().any(|x| !same(x, &zero));
    tally.matters(derivatives(d, &before).iter().any(nonzero));
    for (at, (x, y)) in before.iter().zip(&after).enumerate() {
        if x.ty.dtype.is_float() {
            let mut elements = x.as_numbers().iter().zip(y.as_numbers());
            let different = elements.position(|(x, y)| !same(x, y));
            tally.settle(different.map(|element| {
                format!(
                    "element {element} of result {at} changes at {}",
                    given.describe()
                )
            }));
        }
    }
    let unread = after.get(before.len()..).unwrap_or_default();
    let bad = unread.iter().position(nonzero);
    let missing = unread.len() != weak.wrt.len() - d.wrt.len();
    tally.settle(match (bad, missing) {
        (Some(at), _) => Some(format!(
            "unread input {at} has a gradient at {}",
            all.describe()
        )),
        (None, true) => Some("an unread input has no gradient".into()),
        (None, false) => None,
    });
    Ok(())
}

/// A graph with the derivatives with respect to all its float values that depend on float inputs.
pub(super) struct Dense {
    pub(super) values: Vec<Value>,
    pub(super) types: Vec<Type>,
    pub(super) vjp: Graph,
    pub(super) jvp: Graph,
}

/// The values that derivatives pass: the float inputs, then what depends on them.
fn varying(d: &Derivatives) -> Vec<Value> {
    let graph = &d.graph;
    let is_float = |value: &Value| graph.ty(*value).dtype.is_float();
    let inputs = d.wrt.iter().filter_map(|&at| graph.inputs().get(at));
    let mut values: Vec<Value> = inputs.copied().collect();
    let mut varies: Vec<bool> = vec![false; graph.len()];
    for input in &values {
        varies[input.node.index()] = true;
    }
    for node in graph.nodes().filter(|node| !is_input(graph, *node)) {
        let operands = graph.operands(node);
        let mut floats = operands.iter().filter(|operand| is_float(operand));
        varies[node.index()] = floats.any(|operand| varies[operand.node.index()]);
        if varies[node.index()] {
            values.extend(graph.results(node).into_iter().filter(is_float));
        }
    }
    values
}

impl Dense {
    pub(super) fn of(d: &Derivatives) -> Result<Dense, LawError> {
        let values = varying(d);
        let types = values.iter().map(|value| d.graph.ty(*value).clone());
        Ok(Dense {
            types: types.collect(),
            vjp: autodiff::vjp_of(&d.graph, &values)?.graph,
            jvp: autodiff::jvp_of(&d.graph, &values)?.graph,
            values,
        })
    }
}

/// Law 5: the sweep yields the cotangents of all values at once. Against forward mode with a tangent
/// at every value; and the cotangents of the inputs are those of the ordinary sweep.
pub(super) fn sweep<N: Number>(d: &Derivatives, effort: Effort) -> Result<Outcome, LawError> {
    sweep_of::<N>(d, &Dense::of(d)?, effort)
}

pub(super) fn sweep_of<N: Number>(
    d: &Derivatives,
    dense: &Dense,
    effort: Effort,
) -> Result<Outcome, LawError> {
    if let Some(node) = out_of_order(&dense.vjp) {
        let what = format!("node {} comes before an operand of it", node.index());
        return Ok(Outcome::Failed(what));
    }
    at_points::<N>(d, effort, &mut |point, random, tally| {
        let (_, ct) = directions::<N>(d, random);
        let dh = Point::direction(&dense.types, random);
        let along = outputs::<N>(&dense.jvp, &point.with(&dh).tensors())?;
        let back = outputs::<N>(&dense.vjp, &point.with(&ct).tensors())?;
        let left = inner(derivatives(d, &along), &ct.tensors());
        let right = inner(&dh.tensors(), derivatives(d, &back));
        let place = || format!("at {} with δ = {}", point.describe(), ct.describe());
        tally.compare(&left, &right, place);
        // The cotangent of an output is what is given; that alone says nothing.
        let is_output = |value: &Value| d.graph.outputs().iter().any(|o| o.value == *value);
        let mut inside = dense.values.iter().zip(derivatives(d, &back));
        let nonzero = |x: &Tensor<N>| x.as_numbers().iter().any(|x| !x.vanishes());
        if !inside.any(|(value, cotangent)| !is_output(value) && nonzero(cotangent)) {
            tally.skip("every derivative is zero");
        }
        let ordinary = outputs::<N>(&d.vjp, &point.with(&ct).tensors())?;
        let mut same = Tally::default();
        compare_all(
            &mut same,
            "cotangent",
            derivatives(d, &back).get(..d.wrt.len()).unwrap_or_default(),
            derivatives(d, &ordinary),
            point,
        );
        tally.require(same);
        Ok(())
    })
}

/// The first node that does not come after its operands.
fn out_of_order(graph: &Graph) -> Option<NodeId> {
    let early = |node: &NodeId| {
        graph
            .operands(*node)
            .iter()
            .any(|operand| operand.node >= *node)
    };
    graph.nodes().find(early)
}

/// A law at several points, where a function pointer does not do.
fn at_points<N: Number>(
    d: &Derivatives,
    effort: Effort,
    law: &mut dyn FnMut(&Point, &mut Random, &mut Tally) -> Result<(), LawError>,
) -> Result<Outcome, LawError> {
    let mut random = Random(effort.seed);
    let (mut domain, mut tally) = (Domain::of(&d.graph)?, Tally::default());
    for _ in 0..effort.points {
        match domain.draw::<N>(&mut random) {
            Ok(point) => {
                let mut at_point = Tally::default();
                law(&point, &mut random, &mut at_point)?;
                tally.merge(at_point);
            }
            Err(why) => {
                tally.skip(why);
                break;
            }
        }
    }
    Ok(tally.outcome())
}

/// A graph in which each use of a value that is used several times reads a copy of its own.
struct Unshared {
    vjp: Graph,
    /// For each such value, its position among the values of the dense sweep.
    shared: Vec<usize>,
    /// The position of its first copy among all, then of the next value's.
    first: Vec<usize>,
}

/// Copies of one value, each under the key that says when the sweep meets its use: uses by outputs
/// come first, then those by later nodes, and slots ascend.
type Copies = Vec<(std::cmp::Reverse<usize>, usize, Value)>;

impl Unshared {
    fn of(d: &Derivatives, dense: &Dense) -> Result<Unshared, LawError> {
        let graph = &d.graph;
        let mut uses: FxHashMap<Value, usize> = FxHashMap::default();
        let operands = graph.nodes().flat_map(|node| graph.operands(node));
        for value in operands.chain(graph.outputs().iter().map(|output| output.value)) {
            *uses.entry(value).or_default() += 1;
        }
        let several = |at: &usize| uses.get(&dense.values[*at]).is_some_and(|uses| *uses > 1);
        let shared: Vec<usize> = (0..dense.values.len()).filter(several).collect();
        let mut copies: FxHashMap<Value, Copies> = FxHashMap::default();
        for at in &shared {
            copies.insert(dense.values[*at], Copies::new());
        }
        let mut copying = Copying::new(graph);
        for node in graph.nodes() {
            let mut operands = Values::new();
            for (slot, operand) in graph.operands(node).into_iter().enumerate() {
                operands.push(copying.copy_for(operand, (node.index(), slot), &mut copies)?);
            }
            let copy = copying.new.copy_node(graph, node, &operands)?;
            let results = graph
                .results(node)
                .into_iter()
                .zip(copying.new.results(copy));
            copying.map.extend(results);
        }
        for (at, Output { name, value }) in graph.outputs().iter().enumerate() {
            let copy = copying.copy_for(*value, (graph.len(), at), &mut copies)?;
            copying.new.add_output(name.clone(), copy);
        }
        let (mut wrt, mut first) = (Vec::new(), vec![0]);
        for at in &shared {
            let mut of_value = copies.remove(&dense.values[*at]).unwrap_or_default();
            of_value.sort_unstable();
            wrt.extend(of_value.into_iter().map(|(_, _, copy)| copy));
            first.push(wrt.len());
        }
        let Derived { graph: vjp, .. } = autodiff::vjp_of(&copying.new, &wrt)?;
        Ok(Unshared { vjp, shared, first })
    }

    /// For each shared value, the sum of the contributions of its uses, in the order of the sweep.
    fn sums<S: Scalar>(&self, contributions: &[Tensor<S>]) -> Vec<Tensor<S>> {
        let groups = self
            .first
            .windows(2)
            .filter_map(|ends| contributions.get(ends[0]..ends[1]));
        groups
            .filter_map(|group| group.iter().cloned().reduce(|sum, next| plus(&sum, &next)))
            .collect()
    }
}

fn plus<S: Scalar>(x: &Tensor<S>, y: &Tensor<S>) -> Tensor<S> {
    let (dtype, elements) = (x.ty.dtype, x.as_numbers().iter().zip(y.as_numbers()));
    let sums = elements.map(|(x, y)| x.add(y).rounded(dtype));
    Tensor::numbers(x.ty.clone(), sums.collect())
}

impl Copying<'_> {
    /// What a use reads: a copy, if the value is among those of which there are `copies`.
    fn copy_for(
        &mut self,
        value: Value,
        (user, slot): (usize, usize),
        copies: &mut FxHashMap<Value, Copies>,
    ) -> Result<Value, LawError> {
        let missing = || AutodiffError::Missing("such value".into());
        let known = self.map.get(&value).copied().ok_or_else(missing)?;
        let Some(copies) = copies.get_mut(&value) else {
            return Ok(known);
        };
        let shape = self.from.ty(value).shape.clone();
        let node = self
            .new
            .push(Reshape { shape }, &[known], Span::SYNTHETIC)?;
        let copy = Value { node, result: 0 };
        copies.push((std::cmp::Reverse(user), slot, copy));
        Ok(copy)
    }
}

/// Law 6: the cotangent of a value that is used several times is the sum of what its uses contribute:
/// as numbers, and in single precision in the order of the sweep.
pub(super) fn fan_out<N: Number>(d: &Derivatives, effort: Effort) -> Result<Outcome, LawError> {
    fan_out_of::<N>(d, &Dense::of(d)?, effort)
}

pub(super) fn fan_out_of<N: Number>(
    d: &Derivatives,
    dense: &Dense,
    effort: Effort,
) -> Result<Outcome, LawError> {
    let apart = Unshared::of(d, dense)?;
    if apart.shared.is_empty() {
        return Ok(Outcome::Vacuous("no value is used more than once"));
    }
    at_points::<N>(d, effort, &mut |point, random, tally| {
        let (_, ct) = directions::<N>(d, random);
        let [sums, wanted] = shared_cotangents::<N>(d, dense, &apart, point, &ct)?;
        compare_all(tally, "cotangent of a shared value", &wanted, &sums, point);
        let [sums, wanted] = shared_cotangents::<f32>(d, dense, &apart, point, &ct)?;
        let mut order = Tally::default();
        for (at, (x, y)) in wanted.iter().zip(&sums).enumerate() {
            let mut elements = x.as_numbers().iter().zip(y.as_numbers());
            let different = elements.position(|(x, y)| x != y && !(x.is_nan() && y.is_nan()));
            order.settle(different.map(|element| {
                let name = d
                    .graph
                    .name(dense.values[apart.shared[at]].node)
                    .unwrap_or("a value");
                format!(
                    "element {element} of the cotangent of {name} is another sum at {}",
                    point.describe()
                )
            }));
        }
        tally.require(order);
        Ok(())
    })
}

/// The sums of the contributions to shared values, and their cotangents.
fn shared_cotangents<S: Scalar<World = ()>>(
    d: &Derivatives,
    dense: &Dense,
    apart: &Unshared,
    point: &Point,
    ct: &Point,
) -> Result<[Vec<Tensor<S>>; 2], LawError> {
    let inputs = point.with(ct).tensors::<S>();
    let results = d.graph.outputs().len();
    let whole = outputs::<S>(&dense.vjp, &inputs)?;
    let of = |at: &usize| whole.get(results + at).cloned();
    let wanted = apart.shared.iter().filter_map(of).collect();
    let parts = outputs::<S>(&apart.vjp, &inputs)?;
    let sums = apart.sums(parts.get(results..).unwrap_or_default());
    Ok([sums, wanted])
}
