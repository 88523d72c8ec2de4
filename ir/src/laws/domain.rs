//! Finding points at which a graph is defined and differentiable.

use super::body::visit;
use super::condition::{is_discharged, requirement};
use super::derivatives::input_types;
use super::enclosed::Enclosed;
use super::graph::work;
use super::needed::Needed;
use super::number::{Agreement, Number, Points};
use super::outcome::{Cause, Skip};
use super::point::{Grid, Point, Random};
use super::precise::Precise;
use super::rules::LawError;
use super::sides::{Miss, guard_sides};
use super::wanted::wanted;
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Value};
use crate::interpret::{Data, InterpretError, Interpretation, Tensor, trace_bodies};
use crate::op::{Family, Guard, Op, Region};
use crate::rewrite::decompose_deeply;
use crate::scalar::{Dual, Logic, Scalar};
use crate::shape::Type;
use crate::span::Span;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// Conditions of nodes of one graph.
type Guards = Vec<(NodeId, Guard)>;

/// Where a graph is defined and differentiable.
#[derive(Clone)]
pub(super) struct Domain {
    /// The graph, down to primitive ops.
    graph: Graph,
    guards: Guards,
    /// Those in the bodies of its loops and branches.
    bodies: Vec<(Rc<Region>, Guards)>,
    inputs: Vec<Type>,
    /// Where inputs are declared to lie.
    declared: Ranges,
    /// Where all inputs should lie for the conditions to hold, as far as that is known.
    wanted: Ranges,
    /// What integer inputs are drawn from of which nothing is known.
    ints: (i64, i64),
    /// Scalar operations of one evaluation.
    work: u64,
    /// No more points than this are tried.
    most: usize,
    /// Whether points have missed the domain that were drawn without regard to the conditions.
    misses: bool,
    /// The condition that failed last.
    unmet: RefCell<Option<Unmet>>,
}

/// Whether all is known that the graph yields at a point in the domain, or which condition keeps it out, and how.
type Sides = Result<bool, (Unmet, Miss)>;

/// Where each input of a graph lies.
type Ranges = Vec<Option<(f64, f64)>>;

/// No more points than this are tried.
const ATTEMPTS: usize = 200;

/// Nor more than take so many scalar operations, but for the first few.
const ATTEMPTED_WORK: u64 = 1_000_000;

/// So many points are tried of which too few digits are known to tell: two of each grid, with and without regard
/// to the conditions.
const PATIENCE: usize = 8;

/// Ranges that are tried as remedies, those that are likely to be meant first.
const CANDIDATES: [(f64, f64); 10] = [
    (0.0, 1.0),
    (0.5, 1.0),
    (1.0, 2.0),
    (-1.0, 1.0),
    (-1.0, 0.0),
    (0.25, 0.5),
    (2.0, 8.0),
    (-0.125, 0.125),
    (-8.0, -2.0),
    (8.0, 64.0),
];

/// So many points must be found with a remedy, each in no more attempts than that.
const FEW: usize = 4;

/// So many remedies are tried as this is times the scalar operations of one evaluation.
const REMEDY_WORK: u64 = 2_000_000;

/// Intervals that numbers are drawn from where other ways have missed the domain.
const BOXES: [(f64, f64); 6] = [
    (0.0, 1.0),
    (1.0, 2.0),
    (-1.0, 0.0),
    (0.25, 0.5),
    (2.0, 8.0),
    (-8.0, -2.0),
];

/// A condition that no point fulfils that was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmet {
    /// The op.
    pub op: &'static str,
    /// What it needs of its operands.
    pub requirement: String,
    /// Where it stands.
    pub span: Span,
    /// The graph in the body of which it stands, where that is a loop's or a branch's.
    pub body: Option<String>,
    /// The parameters with floats that it depends on and of which no range is declared.
    pub parameters: Vec<Parameter>,
    /// What helps, if anything was found that does.
    pub remedy: Option<Box<Remedy>>,
}

/// A parameter of a graph, by one of its tensors and the place where it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name of the tensor.
    pub name: String,
    /// Where the parameter is declared.
    pub span: Span,
}

/// A range which, declared of these parameters, lets points be found.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// As few as may be.
    pub parameters: Vec<Parameter>,
    /// Where their elements lie.
    pub range: (f64, f64),
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` needs {}", self.op, self.requirement)?;
        match &self.body {
            Some(name) => write!(f, ", in the body of `{name}`"),
            None => Ok(()),
        }
    }
}

/// Halves for small graphs. Larger ones multiply often, so that integers stay on the grid on which
/// exponentials are homomorphisms; every eighth attempt is on the other grid, should one miss the
/// domain.
fn short_grid(graph: &Graph, attempt: usize) -> Grid {
    let (is_small, is_eighth) = (graph.len() <= 16, attempt % 8 == 7);
    if is_small == is_eighth {
        Grid::Integers
    } else {
        Grid::Halves
    }
}

impl Domain {
    pub(super) fn of(graph: &Graph) -> Result<Self, LawError> {
        let (graph, _) = decompose_deeply(graph)?;
        let mut guards = Guards::new();
        let mut bodies: Vec<(Rc<Region>, Guards)> = Vec::new();
        visit(&graph, &mut |part, node| {
            // What holds for all inputs need not be looked at at any.
            let open = part
                .slopes(node)
                .filter(|guard| !is_discharged(part, node, guard));
            let of_node = open.map(|guard| (node, guard));
            let Some(region) = part.region else {
                guards.extend(of_node);
                return;
            };
            let mut known = bodies.iter_mut();
            match known.find(|(known, _)| Rc::ptr_eq(known, region)) {
                Some((_, guards)) => guards.extend(of_node),
                None => bodies.push((region.clone(), of_node.collect())),
            }
        });
        let (inputs, wanted) = (input_types(&graph), wanted(&graph));
        let declared = graph.inputs().iter();
        let declared = declared.map(|input| graph.range(input.node));
        Ok(Domain {
            declared: declared.collect(),
            work: work(&graph)?,
            most: ATTEMPTS,
            inputs,
            wanted,
            graph,
            guards,
            bodies,
            ints: (-3, 4),
            misses: false,
            unmet: RefCell::default(),
        })
    }

    /// Where each input lies at the points that were drawn: what is wanted is asked for only where points without
    /// regard to it have missed.
    pub(super) fn ranges(&self) -> &[Option<(f64, f64)>] {
        match self.misses {
            true => &self.wanted,
            false => &self.declared,
        }
    }

    /// The condition that keeps points from being found, if none is found, and what would help.
    pub(super) fn unmet(mut self, seed: u64) -> Option<Unmet> {
        if self.draw_enclosed(&mut Random(seed)).is_ok() {
            return None;
        }
        let unmet = self.unmet.take()?;
        let remedy = self.remedy(&unmet.parameters, seed).map(Box::new);
        Some(Unmet { remedy, ..unmet })
    }

    /// A range that helps where it is declared of one of these parameters, else of all.
    fn remedy(&self, parameters: &[Parameter], seed: u64) -> Option<Remedy> {
        let several = (parameters.len() > 1).then(|| parameters.to_vec());
        let single = parameters.iter().map(|parameter| vec![parameter.clone()]);
        let choices = single.chain(several);
        let trials = choices.flat_map(|parameters| {
            let remedy = move |range| Remedy {
                parameters: parameters.clone(),
                range,
            };
            CANDIDATES.into_iter().map(remedy)
        });
        // Each takes a few evaluations, of which no more are made than take a second or so.
        let affordable = REMEDY_WORK / self.work.max(1);
        let affordable = usize::try_from(affordable).unwrap_or(usize::MAX).max(1);
        let mut trials = trials.take(affordable);
        trials.find(|remedy| self.is_helped_by(remedy, seed))
    }

    /// Whether points are found without luck where a range is declared.
    fn is_helped_by(&self, remedy: &Remedy, seed: u64) -> bool {
        let mut with = self.clone();
        let is_meant = |span: Span| remedy.parameters.iter().any(|known| known.span == span);
        for (input, declared) in self.graph.inputs().iter().zip(&mut with.declared) {
            let is_float = self.graph.ty(*input).dtype.is_float();
            if is_float && declared.is_none() && is_meant(self.graph.span(input.node)) {
                *declared = Some(remedy.range);
                with.graph.set_range(input.node, remedy.range);
            }
        }
        with.wanted = wanted(&with.graph);
        with.misses = false;
        with.most = FEW;
        let mut random = Random(seed);
        (0..FEW).all(|_| with.draw_enclosed(&mut random).is_ok())
    }

    /// A random point of the domain, or why none was found. Where an index turns out of range, integers of
    /// which nothing is known are drawn from that range from then on.
    pub(super) fn draw<N: Number>(&mut self, random: &mut Random) -> Result<Point, Skip> {
        let mut why = Skip::from("");
        let attempts = self.attempts(N::COST);
        let (mut patience, mut unclear) = (PATIENCE, None);
        for attempt in 0..attempts {
            if patience == 0 {
                break;
            }
            let grid = match N::POINTS {
                Points::Short => short_grid(&self.graph, attempt / 2),
                // Where numbers of moderate size saturate what is computed of them, small ones may not.
                Points::OffIntegers | Points::Fine if attempt % 4 > 1 => Grid::Small,
                Points::Small if attempt % 4 < 2 => Grid::Small,
                Points::OffIntegers | Points::Fine | Points::Small => Grid::OffIntegers,
            };
            let point = Point::random(&self.inputs, random, self.ints, grid);
            let (ranges, is_free) = self.ranges_of(attempt, attempts, random);
            let mut point = point.confined(&ranges, random);
            if N::POINTS == Points::Fine {
                point = point.refined(&ranges, random);
            }
            match self.sides::<N>(&point) {
                Ok(Ok(true)) => return Ok(point),
                // Too few digits to tell what wins, such as the largest of a softmax; at another point they may do.
                Ok(Ok(false)) if N::POINTS == Points::Fine => {
                    patience -= 1;
                    unclear = Some(point);
                }
                Ok(Ok(false)) => return Ok(point),
                Ok(Err((unmet, miss))) => {
                    self.misses |= is_free && miss == Miss::Broken;
                    why = match miss {
                        Miss::Broken => {
                            Skip::from(format!("no point was found in the domain: {unmet}"))
                        }
                        Miss::Undecided => Skip::of_conditions(format!(
                            "the enclosures do not tell whether a point is in the domain: {unmet}"
                        )),
                    };
                    // Rationals of another size may be decided; digits are too few again.
                    if miss == Miss::Undecided && N::POINTS != Points::Short {
                        patience -= 1;
                    }
                    *self.unmet.borrow_mut() = Some(unmet);
                }
                Err(InterpretError::IndexOutOfRange { extent, .. }) => {
                    if extent == 0 {
                        return Err(Skip::from("an index into an axis without elements"));
                    }
                    self.ints = (0, self.ints.1.min(extent as i64 - 1));
                    why = Skip::from(format!(
                        "no point was found at which all indices are in range: one of {extent} is not"
                    ));
                }
                Err(error) => return Err(Skip::from(error.to_string())),
            }
        }
        unclear.ok_or(why)
    }

    /// A random point over enclosures, of more digits where it takes more to tell whether it is in the domain.
    pub(super) fn draw_enclosed(&mut self, random: &mut Random) -> Result<Point, Skip> {
        match self.draw::<Enclosed>(random) {
            Err(why) if why.cause == Cause::DigitsOfConditions => self.draw::<Precise>(random),
            outcome => outcome,
        }
    }

    /// How many points are tried before the domain counts as empty, where an operation costs so much.
    fn attempts(&self, cost: u64) -> usize {
        let affordable = ATTEMPTED_WORK / self.work.saturating_mul(cost).max(1);
        usize::try_from(affordable).map_or(self.most, |n| n.clamp(4, self.most))
    }

    /// What the point of an attempt is drawn from, and whether that is without regard to the conditions: in
    /// turns with and without, since what fulfils them need not be all that does. Once points without have
    /// missed, they are no more tried in graphs that take long. In the end numbers of which nothing is known
    /// are of other sizes as well.
    fn ranges_of(&self, attempt: usize, attempts: usize, random: &mut Random) -> (Ranges, bool) {
        let is_cheap = attempts == ATTEMPTS;
        if attempt.is_multiple_of(2) && (is_cheap || !self.misses) {
            return (self.declared.clone(), true);
        }
        let mut ranges = self.wanted.clone();
        if attempt > attempts / 2 {
            for (range, ty) in ranges.iter_mut().zip(&self.inputs) {
                if range.is_none() && ty.dtype.is_float() {
                    let last = BOXES.len() as i64;
                    let drawn = usize::try_from(random.within(0, last)).ok();
                    *range = drawn.and_then(|at| BOXES.get(at).copied());
                }
            }
        }
        (ranges, false)
    }

    /// Whether some fold or choice has a winner, so that it matters what varies.
    fn has_winners(&self) -> bool {
        let all = self
            .bodies
            .iter()
            .flat_map(|(_, guards)| guards)
            .chain(&self.guards);
        all.map(|(_, guard)| guard)
            .any(|guard| matches!(guard, Guard::UniqueWinner { .. } | Guard::Distinct { .. }))
    }

    /// The point with every float varying.
    fn varying<N: Number>(&self, point: &Point) -> Vec<Tensor<Dual<N>>> {
        let is_float = |at: &usize| self.inputs[*at].dtype.is_float();
        let floats: Vec<usize> = (0..self.inputs.len()).filter(is_float).collect();
        let types: Vec<Type> = floats.iter().map(|at| self.inputs[*at].clone()).collect();
        point.duals(&floats, &Point::direction(&types, &mut Random(0)))
    }

    /// Whether a point is in the domain, or which guard fails there or is not decided.
    fn sides<N: Number>(&self, point: &Point) -> Result<Sides, InterpretError> {
        if self.has_winners() {
            let is_known = |x: &Dual<N>| is_known(&x.value);
            self.sides_over(&self.varying::<N>(point), &is_flat, &is_known)
        } else {
            self.sides_over(&point.tensors::<N>(), &|_| false, &is_known)
        }
    }

    fn sides_over<S: Scalar<World = ()>>(
        &self,
        inputs: &[Tensor<S>],
        is_flat: &dyn Fn(&S) -> bool,
        is_known: &dyn Fn(&S) -> bool,
    ) -> Result<Sides, InterpretError> {
        let broken: RefCell<Option<(Unmet, Miss)>> = RefCell::new(None);
        let watch = |graph: &Graph, values: &Interpretation<S>| {
            let sides = self.sides_in(graph, values, is_flat);
            if let Err(why) = sides {
                broken.borrow_mut().get_or_insert(why);
            }
        };
        let values = trace_bodies(&self.graph, &(), inputs, &watch)?;
        watch(&self.graph, &values);
        let are_known = || {
            let outputs = values.outputs().into_iter();
            outputs.flat_map(Tensor::as_numbers).all(is_known)
        };
        Ok(broken.into_inner().map_or_else(|| Ok(are_known()), Err))
    }

    /// The condition of a node of the whole graph or of a body.
    fn unmet_at(&self, graph: &Graph, node: NodeId, guard: &Guard, body: Option<&str>) -> Unmet {
        let from = match body {
            None => graph.operands(node).into_iter().map(|x| x.node).collect(),
            Some(_) => self.running(graph),
        };
        Unmet {
            op: graph.op(node).spec().name,
            requirement: requirement(graph, node, guard),
            span: graph.span(node),
            body: body.map(str::to_string),
            parameters: self.undeclared(from),
            remedy: None,
        }
    }

    /// The nodes of the whole graph that run a body, themselves or in a body of theirs.
    fn running(&self, body: &Graph) -> Vec<NodeId> {
        fn runs(graph: &Graph, node: NodeId, body: &Graph) -> bool {
            let regions = graph.op(node).regions();
            regions.into_iter().any(|region| {
                let inner = region.body();
                std::ptr::eq(inner, body) || inner.nodes().any(|node| runs(inner, node, body))
            })
        }
        let nodes = self.graph.nodes();
        nodes
            .filter(|node| runs(&self.graph, *node, body))
            .collect()
    }

    /// The parameters with float tensors that nodes depend on and of which no range is declared.
    fn undeclared(&self, from: Vec<NodeId>) -> Vec<Parameter> {
        let graph = &self.graph;
        let mut needed = vec![false; graph.len()];
        for node in from {
            needed[node.index()] = true;
        }
        for node in graph.nodes().rev() {
            if needed[node.index()] {
                for operand in graph.operands(node) {
                    needed[operand.node.index()] = true;
                }
            }
        }
        let is_open = |input: &&Value| {
            let is_float = graph.ty(**input).dtype.is_float();
            needed[input.node.index()] && is_float && graph.range(input.node).is_none()
        };
        let named = |input: &Value| Parameter {
            name: graph.name(input.node).unwrap_or("an input").to_string(),
            span: graph.span(input.node),
        };
        // The tensors of a struct have one declaration.
        let mut parameters: Vec<Parameter> = Vec::new();
        for parameter in graph.inputs().iter().filter(is_open).map(named) {
            let is_same =
                |known: &Parameter| known.span == parameter.span && !known.span.is_synthetic();
            if !parameters.iter().any(is_same) {
                parameters.push(parameter);
            }
        }
        parameters
    }

    /// The guards of the whole graph or of a body, with the name of the body.
    fn guards_in(&self, graph: &Graph) -> (&[(NodeId, Guard)], Option<&str>) {
        if std::ptr::eq(graph, &self.graph) {
            return (&self.guards, None);
        }
        let mut bodies = self.bodies.iter();
        let body = bodies.find(|(region, _)| std::ptr::eq(region.body(), graph));
        body.map_or((&[], None), |(region, guards)| {
            (guards, Some(region.name()))
        })
    }

    /// Which side of each guard the elements are on in one run of the graph or a body; an error says
    /// which guard fails or is not decided.
    fn sides_in<S: Scalar>(
        &self,
        graph: &Graph,
        values: &Interpretation<S>,
        is_flat: &dyn Fn(&S) -> bool,
    ) -> Result<Vec<i64>, (Unmet, Miss)> {
        let mut all = Vec::new();
        let (guards, body) = self.guards_in(graph);
        if guards.is_empty() {
            return Ok(all);
        }
        let needed = Needed::of(graph, values);
        for (node, guard) in guards {
            let sides = guard_sides(graph, (*node, guard), values, &needed, is_flat);
            all.extend(sides.map_err(|miss| (self.unmet_at(graph, *node, guard, body), miss))?);
        }
        Ok(all)
    }

    /// What the graph yields at a point, and everything discrete that it decides there.
    pub(super) fn sample<N: Number>(&self, point: &Point) -> Option<(Vec<Tensor<N>>, Vec<i64>)> {
        if !self.has_winners() {
            return self.sample_over(&point.tensors::<N>(), &|_| false);
        }
        let (outputs, decided) = self.sample_over(&self.varying::<N>(point), &is_flat)?;
        Some((outputs.into_iter().map(values).collect(), decided))
    }

    fn sample_over<S: Scalar<World = ()>>(
        &self,
        inputs: &[Tensor<S>],
        is_flat: &dyn Fn(&S) -> bool,
    ) -> Option<(Vec<Tensor<S>>, Vec<i64>)> {
        let decided: RefCell<Option<Vec<i64>>> = RefCell::new(Some(Vec::new()));
        let watch = |graph: &Graph, values: &Interpretation<S>| {
            let branches = self.branches(graph, values, is_flat);
            let mut decided = decided.borrow_mut();
            *decided = decided.take().zip(branches).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        };
        let values = trace_bodies(&self.graph, &(), inputs, &watch).ok()?;
        watch(&self.graph, &values);
        let outputs = values.outputs().into_iter().cloned().collect();
        Some((outputs, decided.into_inner()?))
    }

    /// Everything discrete that one run of the graph or a body decides, of what is needed: the sides of
    /// guards, truth values, integers, rounded numbers. On a segment where this does not change the graph is smooth.
    fn branches<S: Scalar>(
        &self,
        graph: &Graph,
        values: &Interpretation<S>,
        is_flat: &dyn Fn(&S) -> bool,
    ) -> Option<Vec<i64>> {
        let mut branches = self.sides_in(graph, values, is_flat).ok()?;
        let needed = Needed::of(graph, values);
        for node in graph.nodes() {
            let tensor = values.value(Value { node, result: 0 })?;
            let is_needed = |element: &usize| needed.holds(node, *element);
            let elements = (0..tensor.ty.elements() as usize).filter(is_needed);
            match &tensor.data {
                Data::Mask(truths) => {
                    for element in elements {
                        branches.push(i64::from(truths.get(element)?.decide().ok()?));
                    }
                }
                Data::Int(ints) => {
                    for element in elements {
                        branches.push(ints.get(element)?.value.ok()?);
                    }
                }
                Data::Number(numbers) if rounds(graph, node) => {
                    for element in elements {
                        let whole = numbers.get(element)?.to_int(DType::I64);
                        branches.push(whole.value.ok()?);
                    }
                }
                Data::Number(_) => {}
            }
        }
        Some(branches)
    }
}

/// Whether it is known what a number is.
fn is_known<N: Number>(x: &N) -> bool {
    !matches!(x.agreement(x), Agreement::Unknown(_))
}

/// Whether a number does not vary: what wins a tie with another such number has no slope either way.
fn is_flat<N: Number>(x: &Dual<N>) -> bool {
    x.tangent.as_ref().is_none_or(N::vanishes)
}

/// A tensor without its derivatives.
fn values<N: Number>(tensor: Tensor<Dual<N>>) -> Tensor<N> {
    let Tensor { ty, data } = tensor;
    let data = match data {
        Data::Number(x) => Data::Number(x.into_iter().map(|x| x.value).collect()),
        Data::Int(x) => Data::Int(x),
        Data::Mask(x) => Data::Mask(x),
    };
    Tensor { ty, data }
}

/// Whether a node yields integral floats, piecewise constant in its operands.
fn rounds(graph: &Graph, node: NodeId) -> bool {
    let is_discrete = matches!(graph.op(node).family(), Family::Discrete(_));
    is_discrete && !matches!(graph.op(node), Op::StopGradient(_))
}
