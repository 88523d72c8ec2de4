//! Finding points at which a graph is defined and differentiable.

use super::body::visit;
use super::condition::requirement;
use super::derivatives::input_types;
use super::needed::Needed;
use super::number::{Number, Points};
use super::point::{Grid, Point, Random};
use super::rules::LawError;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Value};
use crate::interpret::{Data, Groups, InterpretError, Interpretation, Tensor, trace_bodies};
use crate::op::{Family, Guard, Monoid, Op, Region};
use crate::rewrite::decompose_deeply;
use crate::scalar::{Comparison, Logic};
use crate::shape::Type;
use std::cell::RefCell;
use std::rc::Rc;

/// Conditions of nodes of one graph.
type Guards = Vec<(NodeId, Guard)>;

/// Where a graph is defined and differentiable.
pub(super) struct Domain {
    /// The graph, down to primitive ops.
    graph: Graph,
    guards: Guards,
    /// Those in the bodies of its loops and branches.
    bodies: Vec<(Rc<Region>, Guards)>,
    inputs: Vec<Type>,
    /// Where they are declared to lie.
    ranges: Vec<Option<(f64, f64)>>,
    /// What integer inputs are drawn from.
    ints: (i64, i64),
}

/// How many points are tried before the domain counts as empty.
const ATTEMPTS: usize = 200;

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
            let of_node = part.guards(node).map(|guard| (node, guard));
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
        Ok(Domain {
            inputs: input_types(&graph),
            ranges: graph
                .inputs()
                .iter()
                .map(|input| graph.range(input.node))
                .collect(),
            graph,
            guards,
            bodies,
            ints: (-3, 4),
        })
    }

    /// Where each input is declared to lie.
    pub(super) fn ranges(&self) -> &[Option<(f64, f64)>] {
        &self.ranges
    }

    /// A random point of the domain, or why none was found. Where an index turns out of range, all
    /// integers are drawn from that range from then on.
    pub(super) fn draw<N: Number>(&mut self, random: &mut Random) -> Result<Point, String> {
        let mut why = String::new();
        // Points of large graphs are expensive, and rarely on the edge of the domain by accident.
        let attempts = if self.graph.len() > 1000 { 8 } else { ATTEMPTS };
        for attempt in 0..attempts {
            let grid = match N::POINTS {
                Points::Short => short_grid(&self.graph, attempt),
                // Where numbers of moderate size saturate what is computed of them, small ones may not.
                Points::OffIntegers | Points::Fine if attempt % 2 == 1 => Grid::Small,
                Points::OffIntegers | Points::Fine => Grid::OffIntegers,
            };
            let point = Point::random(&self.inputs, random, self.ints, grid);
            let mut point = point.confined(&self.ranges, random);
            if N::POINTS == Points::Fine {
                point = point.refined(&self.ranges, random);
            }
            match self.sides::<N>(&point) {
                Ok(Ok(())) => return Ok(point),
                Ok(Err(broken)) => why = broken,
                Err(InterpretError::IndexOutOfRange { extent, .. }) => {
                    if extent == 0 {
                        return Err("an index into an axis without elements".into());
                    }
                    self.ints = (0, self.ints.1.min(extent as i64 - 1));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(format!("no point was found in the domain: {why}"))
    }

    /// Whether a point is in the domain, or which guard fails there or is not decided.
    fn sides<N: Number>(&self, point: &Point) -> Result<Result<(), String>, InterpretError> {
        let broken: RefCell<Option<String>> = RefCell::new(None);
        let watch = |graph: &Graph, values: &Interpretation<N>| {
            let sides = self.sides_in(graph, values);
            if let Err(why) = sides {
                broken.borrow_mut().get_or_insert(why);
            }
        };
        let values = trace_bodies::<N>(&self.graph, &(), &point.tensors(), &watch)?;
        watch(&self.graph, &values);
        Ok(broken.into_inner().map_or(Ok(()), Err))
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
    fn sides_in<N: Number>(
        &self,
        graph: &Graph,
        values: &Interpretation<N>,
    ) -> Result<Vec<i64>, String> {
        let mut all = Vec::new();
        let (guards, body) = self.guards_in(graph);
        if guards.is_empty() {
            return Ok(all);
        }
        let needed = Needed::of(graph, values);
        for (node, guard) in guards {
            let sides = guard_sides(graph, *node, guard, values, &needed);
            all.extend(sides.ok_or_else(|| {
                let (op, inside) = (graph.op(*node).spec().name, body.map(in_body));
                let needs = requirement(graph, *node, guard);
                format!("`{op}` needs {needs}{}", inside.unwrap_or_default())
            })?);
        }
        Ok(all)
    }

    /// What the graph yields at a point, and everything discrete that it decides there.
    pub(super) fn sample<N: Number>(&self, point: &Point) -> Option<(Vec<Tensor<N>>, Vec<i64>)> {
        let decided: RefCell<Option<Vec<i64>>> = RefCell::new(Some(Vec::new()));
        let watch = |graph: &Graph, values: &Interpretation<N>| {
            let branches = self.branches(graph, values);
            let mut decided = decided.borrow_mut();
            *decided = decided.take().zip(branches).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        };
        let values = trace_bodies::<N>(&self.graph, &(), &point.tensors(), &watch).ok()?;
        watch(&self.graph, &values);
        let outputs = values.outputs().into_iter().cloned().collect();
        Some((outputs, decided.into_inner()?))
    }

    /// Everything discrete that one run of the graph or a body decides, of what is needed: the sides of
    /// guards, truth values, integers, rounded numbers. On a segment where this does not change the graph is smooth.
    fn branches<N: Number>(&self, graph: &Graph, values: &Interpretation<N>) -> Option<Vec<i64>> {
        let mut branches = self.sides_in(graph, values).ok()?;
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

fn in_body(name: &str) -> String {
    format!(", in the body of `{name}`")
}

/// Whether a node yields integral floats, piecewise constant in its operands.
fn rounds(graph: &Graph, node: NodeId) -> bool {
    let is_discrete = matches!(graph.op(node).family(), Family::Discrete(_));
    is_discrete && !matches!(graph.op(node), Op::StopGradient(_))
}

/// For each element (each group, for a search), which side of the guard it is on, or 0 where it is not
/// needed; `None` when the guard fails or is not decided.
fn guard_sides<N: Number>(
    graph: &Graph,
    node: NodeId,
    guard: &Guard,
    values: &Interpretation<N>,
    needed: &Needed,
) -> Option<Vec<i64>> {
    let side = |(element, side): (usize, Option<i64>)| match needed.holds(node, element) {
        true => side,
        false => Some(0),
    };
    let operands = graph.operands(node);
    let tensor = |operand: usize| -> Option<&Tensor<N>> { values.value(*operands.get(operand)?) };
    let against = |operand: usize, bound: &Constant| -> Option<Vec<i64>> {
        let x = tensor(operand)?.as_numbers().iter();
        let sides = x.map(|x| order(x, &x.lit(bound)));
        sides.enumerate().map(side).collect()
    };
    match guard {
        Guard::Above { operand, bound } => {
            against(*operand, bound).filter(|sides| sides.iter().all(|&side| side >= 0))
        }
        Guard::Nonzero { operand } => against(*operand, &Constant::integer(0)),
        Guard::Off { operand, at } => against(*operand, at),
        Guard::Distinct { left, right } => {
            let pairs = tensor(*left)?
                .as_numbers()
                .iter()
                .zip(tensor(*right)?.as_numbers());
            let sides = pairs.map(|(x, y)| order(x, y));
            sides.enumerate().map(side).collect()
        }
        Guard::UniqueWinner { operand } => {
            let Family::Fold(rule) = graph.op(node).family() else {
                return None;
            };
            let x = tensor(*operand)?;
            let groups = Groups::new(&x.ty.shape, &rule.axes);
            let largest = rule.monoid == Monoid::Max;
            let winners = groups.map(|group| unique_winner(x.as_numbers(), group, largest));
            winners.into_iter().enumerate().map(side).collect()
        }
    }
}

/// 1 if x > y, −1 if x < y; `None` for equal or undecided.
fn order<N: Number>(x: &N, y: &N) -> Option<i64> {
    if x.compare(Comparison::Gt, y).decide() == Ok(true) {
        Some(1)
    } else if x.compare(Comparison::Lt, y).decide() == Ok(true) {
        Some(-1)
    } else {
        None
    }
}

/// The position in `group` of the element that is beyond all others.
fn unique_winner<N: Number>(x: &[N], group: &[usize], largest: bool) -> Option<i64> {
    let wanted = if largest { 1 } else { -1 };
    let mut best = *group.first()?;
    for &at in group {
        // Those that lose may tie, as the infinities around what is padded do.
        if order(&x[at], &x[best]) == Some(wanted) {
            best = at;
        }
    }
    let mut others = group.iter().filter(|&&at| at != best);
    others
        .all(|&at| order(&x[best], &x[at]) == Some(wanted))
        .then_some(best as i64)
}
