//! Difference quotients: a witness that shares no code with any derivative rule.
//!
//! Only the forward graph is evaluated, over enclosures, so that the rounding error of each quotient
//! is known. Central differences at three steps are extrapolated to step 0 (Richardson); what the
//! results of the extrapolations before the last differ by bounds the truncation error, provided that the
//! quotients converge as those of a smooth function do. Steps shrink until everything discrete that the graph decides is
//! the same at all points.

use super::derivatives::Derivatives;
use super::domain::Domain;
use super::number::Enclosure;
use super::outcome::{Outcome, Skip, Tally};
use super::point::{Elements, Point, Random};
use super::rules::{Effort, LawError, directions, inner, outputs};
use crate::constant::Constant;
use crate::graph::{Graph, Value, Values};
use crate::interpret::{InterpretError, Tensor, trace};
use crate::op::{Input, Op, TypeError};
use crate::span::Span;
use dashu::rational::RBig;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// ⟨dx, VJP(x, δ)⟩ against the derivative of t ↦ ⟨f(x + t·dx), δ⟩ by difference quotients.
pub(super) fn witness<E: Enclosure>(d: &Derivatives, effort: Effort) -> Result<Outcome, LawError> {
    let mut random = Random(effort.seed);
    let (mut domain, mut tally) = (Domain::of(&d.graph)?, Tally::default());
    let is_stop = |op: &Op| matches!(op, Op::StopGradient(_));
    let stops = d.graph.nodes().any(|node| is_stop(d.graph.op(node)));
    for _ in 0..effort.points {
        let point = match domain.draw::<E>(&mut random) {
            Ok(point) => point,
            Err(why) => {
                tally.skip(why);
                break;
            }
        };
        let (dx, ct) = directions::<E>(d, &mut random);
        let back = outputs::<E>(&d.vjp, &point.with(&ct).tensors())?;
        let cotangents = back.get(d.graph.outputs().len()..).unwrap_or_default();
        let derivative = inner(&dx.tensors(), cotangents);
        let segment = Segment::<E>::new(d, &domain, point, dx, ct)?;
        let mut at_point = Tally::default();
        match segment.slope()? {
            Ok(slope) => {
                at_point.compare(&slope, &derivative, || segment.describe());
                // That a rounding op is flat is worth seeing; that a stopped gradient is, is not.
                at_point.matters(!stops);
            }
            Err(why) => at_point.skip(Skip::of_digits(why)),
        }
        tally.merge(at_point);
    }
    Ok(tally.outcome())
}

/// A line through a point of the domain.
struct Segment<'a, E> {
    d: &'a Derivatives,
    domain: &'a Domain,
    /// The graph with what `stop_gradient` yields at the point as further inputs.
    frozen: Graph,
    point: Point,
    stopped: Point,
    dx: Point,
    ct: Point,
    /// What is decided at the point.
    branches: Option<Vec<i64>>,
    /// By step.
    samples: RefCell<FxHashMap<i64, Sample<E>>>,
}

/// A place on the segment.
#[derive(Clone, Debug)]
struct Sample<E> {
    /// ⟨f(x + t·dx), δ⟩, unless the graph has no value there.
    value: Option<E>,
    /// Whether the graph decides everything as at the point.
    smooth: bool,
}

impl<'a, E: Enclosure> Segment<'a, E> {
    fn new(
        d: &'a Derivatives,
        domain: &'a Domain,
        point: Point,
        dx: Point,
        ct: Point,
    ) -> Result<Self, LawError> {
        let (frozen, stopped) = freeze::<E>(&d.graph, &point)?;
        let here = domain.sample::<E>(&point);
        Ok(Segment {
            branches: here.map(|(_, branches)| branches),
            samples: RefCell::default(),
            d,
            domain,
            frozen,
            point,
            stopped,
            dx,
            ct,
        })
    }

    /// The sample at ±2⁻ⁿ for the step ±n.
    fn sample(&self, step: i64) -> Result<Sample<E>, InterpretError> {
        if let Some(known) = self.samples.borrow().get(&step) {
            return Ok(known.clone());
        }
        let t = RBig::from(step.signum()) / RBig::from(1i64 << step.abs());
        let point = self.point.moved(&self.d.wrt, &self.dx, &t);
        let (outputs, branches) = match self.domain.sample::<E>(&point) {
            Some((outputs, branches)) => (Some(outputs), Some(branches)),
            None => (None, None),
        };
        let smooth = branches.is_some() && branches == self.branches;
        let outputs = if self.stopped.types.is_empty() {
            outputs
        } else if smooth {
            Some(self.frozen_outputs(&point)?)
        } else {
            None
        };
        let sample = Sample {
            value: outputs.map(|outputs| self.against_ct(outputs)),
            smooth,
        };
        self.samples.borrow_mut().insert(step, sample.clone());
        Ok(sample)
    }

    /// What the graph yields where `stop_gradient` yields what it does at the point.
    fn frozen_outputs(&self, point: &Point) -> Result<Vec<Tensor<E>>, InterpretError> {
        outputs::<E>(&self.frozen, &point.with(&self.stopped).tensors())
    }

    fn against_ct(&self, outputs: Vec<Tensor<E>>) -> E {
        let is_float = |y: &Tensor<E>| y.ty.dtype.is_float();
        let floats: Vec<_> = outputs.into_iter().filter(is_float).collect();
        inner(&floats, &self.ct.tensors())
    }

    /// The derivative at 0 with a bound of its error, or why there is none.
    fn slope(&self) -> Result<Result<E, String>, LawError> {
        let mut why = "the quotients do not converge";
        for &exponent in E::EXPONENTS {
            if !self.is_smooth_within(exponent)? {
                why = "the steps cross a kink";
                continue;
            }
            let slope = self.extrapolated(exponent)?;
            if let Some(slope) = slope {
                return Ok(Ok(slope));
            }
        }
        Ok(Err(why.to_string()))
    }

    fn is_smooth_within(&self, exponent: i64) -> Result<bool, InterpretError> {
        for step in [-exponent, -exponent - 1, exponent + 1, exponent] {
            if !self.sample(step)?.smooth {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// (f(h) − f(−h)) / 2h with its rounding error, for h = 2⁻ⁿ.
    fn quotient(&self, exponent: i64) -> Result<Option<E>, InterpretError> {
        let (after, before) = (self.sample(exponent)?, self.sample(-exponent)?);
        let Some((after, before)) = after.value.zip(before.value) else {
            return Ok(None);
        };
        let width = Constant::rational(RBig::from(2) / RBig::from(1i64 << exponent));
        let rise = after.sub(&before);
        Ok(Some(rise.div(&rise.lit(&width))))
    }

    /// The quotients at h, h/2 and h/4, extrapolated; `None` unless they converge.
    fn extrapolated(&self, exponent: i64) -> Result<Option<E>, LawError> {
        let quotients = [0, 1, 2].map(|halvings| self.quotient(exponent + halvings));
        let [coarse, middle, fine] = quotients;
        let (Some(coarse), Some(middle), Some(fine)) = (coarse?, middle?, fine?) else {
            return Ok(None);
        };
        let better =
            |fine: &E, coarse: &E, order: i64| fine.add(&fine.sub(coarse).div(&fine.int(order)));
        let (first, second) = (better(&middle, &coarse, 3), better(&fine, &middle, 3));
        let best = better(&second, &first, 15);
        // The differences of a smooth function shrink fourfold; rounding alone may not.
        let shrinks = {
            let (before, after) = (middle.sub(&coarse), fine.sub(&middle));
            let noise = before.radius() + after.radius();
            after.middle().abs() <= before.middle().abs() / 2.0 + noise
        };
        // What the extrapolation before the last is off by, 15 times what the last one changed: of functions that
        // bend, that alone may be less than what is still missing.
        // It is told by as many digits as the numbers have: to double precision, both may look the same.
        let truncation = second.sub(&first).middle().abs();
        let (error, size) = (truncation + best.radius(), best.middle().abs().max(1.0));
        if !shrinks || error.is_nan() || error > 1e-6 * size {
            return Ok(None);
        }
        Ok(Some(best.with_error(truncation)))
    }

    fn describe(&self) -> String {
        let (dx, ct) = (self.dx.describe(), self.ct.describe());
        format!("at {} along {dx} with δ = {ct}", self.point.describe())
    }
}

/// The graph with an input in place of each float `stop_gradient`, and what they yield at the point.
fn freeze<E: Enclosure>(graph: &Graph, point: &Point) -> Result<(Graph, Point), LawError> {
    let is_stop = |value: Value| {
        matches!(graph.op(value.node), Op::StopGradient(_)) && graph.ty(value).dtype.is_float()
    };
    let values = graph.nodes().map(|node| Value { node, result: 0 });
    let stops: Vec<Value> = values.filter(|value| is_stop(*value)).collect();
    let mut stopped = Point {
        types: Vec::new(),
        elements: Vec::new(),
    };
    if stops.is_empty() {
        return Ok((graph.clone(), stopped));
    }
    let traced = trace::<E>(graph, &(), &point.tensors())?;
    for stop in &stops {
        let elements = traced.value(*stop).map(|tensor| tensor.as_numbers());
        let exact = |x: &E| RBig::try_from(x.middle()).unwrap_or(RBig::ZERO);
        let elements = elements.unwrap_or_default().iter().map(exact).collect();
        stopped.types.push(graph.ty(*stop).clone());
        stopped.elements.push(Elements::Numbers(elements));
    }
    Ok((with_inputs_for(graph, &stops)?, stopped))
}

/// The graph with inputs, after its own, in place of `values`.
fn with_inputs_for(graph: &Graph, values: &[Value]) -> Result<Graph, TypeError> {
    let mut new = Graph::like(graph);
    let mut map: Vec<Option<Values>> = vec![None; graph.len()];
    for value in graph.inputs().iter().chain(values) {
        let ty = graph.ty(*value).clone();
        let (dtype, shape) = (ty.dtype, ty.shape);
        let node = new.push(Input { dtype, shape }, &[], Span::SYNTHETIC)?;
        map[value.node.index()] = Some(new.results(node));
    }
    let mapped = |map: &[Option<Values>], value: Value| {
        let results = map[value.node.index()].as_ref();
        results.and_then(|results| results.get(value.result as usize).copied())
    };
    for node in graph.nodes() {
        if map[node.index()].is_none() {
            let operands = graph.operands(node);
            let operands: Values = operands.iter().filter_map(|x| mapped(&map, *x)).collect();
            let copy = new.copy_node(graph, node, &operands)?;
            map[node.index()] = Some(new.results(copy));
        }
    }
    for output in graph.outputs() {
        if let Some(value) = mapped(&map, output.value) {
            new.add_output(output.name.clone(), value);
        }
    }
    Ok(new)
}
