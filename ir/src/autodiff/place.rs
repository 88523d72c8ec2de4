//! Derivatives by values inside of loops, branches and calls.
//!
//! The sweep knows the values of one graph. A value in the body of a loop has a value in each turn, and
//! its cotangents are stacked. To ask for them, the loop is *tapped*: its body takes one more slice, which is
//! added to the value where it is computed, so that all that reads it reads the sum; and, if the value
//! takes a seed, it yields the sum, too. Then the cotangent of the value is that of the stacked operand, and the
//! seed that of the stacked result, and nothing else has to know. Loops in loops stack again; a branch
//! takes and yields what only the other one taps without using it, as zeros.
//!
//! What is added is zero, so once the derivative is taken the sums become the values again, and the operands go:
//! the graph that comes of it computes what it did, to the last bit. What is not asked for is not tapped.

use super::{AutodiffError, Derived, gradient_of, jvp_of, seeded};
use crate::graph::{Fate, Graph, NodeId, Output, Remap, Value, Values};
use crate::op::{Add, Call, Input, Op, Region, Scan, ScanRole, TypeError};
use crate::shape::Type;
use crate::span::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::rc::Rc;

/// A step into a node that calls graphs: which of them.
pub type Way = Vec<(NodeId, usize)>;

/// A value of a graph, or of a body within it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The loops, branches and calls around it, outermost first: each a node of the body before, and which of its
    /// bodies leads on.
    pub way: Way,
    /// The value, of the innermost body.
    pub value: Value,
}

impl Place {
    /// A value of the graph itself.
    pub fn of(value: Value) -> Place {
        let way = Way::new();
        Place { way, value }
    }
}

/// Reverse mode as [`vjp_of`](super::vjp_of), from the outputs number `of` and from `seeds`: an input for the cotangent
/// of each, and an output for that of each of `wrt`.
///
/// # Errors
/// As [`vjp_of`](super::vjp_of); there is no such place.
pub fn vjp_at(
    graph: &Graph,
    of: &[usize],
    wrt: &[Place],
    seeds: &[Place],
) -> Result<Derived, AutodiffError> {
    tapped(graph, wrt, seeds, &|graph, wrt, seeds| {
        seeded(graph, of, wrt, seeds)
    })
}

/// The gradient as [`gradient_of`], with respect to values wherever they are.
///
/// # Errors
/// As [`gradient_of`]; there is no such place.
pub fn gradient_at(graph: &Graph, of: usize, wrt: &[Place]) -> Result<Derived, AutodiffError> {
    tapped(graph, wrt, &[], &|graph, wrt, _| {
        gradient_of(graph, of, wrt)
    })
}

/// Forward mode as [`jvp_of`], with respect to values wherever they are.
///
/// # Errors
/// As [`jvp_of`]; there is no such place.
pub fn jvp_at(graph: &Graph, wrt: &[Place]) -> Result<Derived, AutodiffError> {
    tapped(graph, wrt, &[], &|graph, wrt, _| jvp_of(graph, wrt))
}

/// What takes a derivative by values of a graph, and from seeds at others.
type Derive<'a> = dyn Fn(&Graph, &[Value], &[Value]) -> Result<Derived, AutodiffError> + 'a;

/// The derivative that `derive` takes by values of a graph, by values inside of it.
fn tapped(
    graph: &Graph,
    wrt: &[Place],
    seeds: &[Place],
    derive: &Derive<'_>,
) -> Result<Derived, AutodiffError> {
    let plain = |places: &[Place]| -> Vec<Value> { places.iter().map(|at| at.value).collect() };
    if wrt.iter().chain(seeds).all(|place| place.way.is_empty()) {
        return derive(graph, &plain(wrt), &plain(seeds));
    }
    let mut asks = Vec::new();
    for (places, is_tapped) in [(wrt, true), (seeds, false)] {
        for place in places.iter().filter(|place| !place.way.is_empty()) {
            let missing = || AutodiffError::Missing("such value".to_string());
            asks.push(Ask {
                ty: type_at(graph, &place.way, place.value).ok_or_else(missing)?,
                site: Some((&place.way, place.value)),
                is_tapped,
            });
        }
    }
    let inputs = graph.inputs().len();
    let wide = widen(graph, inputs, &asks)?;
    let mut found = wide.found.into_iter();
    let mut moved = |place: &Place| {
        let value = match place.way.is_empty() {
            true => wide.remap.value(place.value),
            false => found.next(),
        };
        value.ok_or_else(|| AutodiffError::Missing("such value".to_string()))
    };
    let wrt = wrt.iter().map(&mut moved).collect::<Result<Vec<_>, _>>()?;
    let seeds = seeds.iter().map(&mut moved);
    let seeds = seeds.collect::<Result<Vec<_>, _>>()?;
    let derived = derive(&wide.graph, &wrt, &seeds)?;
    let taps = inputs..wide.graph.inputs().len();
    let stripped = Stripped::of(&derived.graph, &|position| taps.contains(&position))?;
    let passed = derived.passed.iter().filter(|node| {
        let first = Value {
            node: **node,
            result: 0,
        };
        matches!(stripped.remap.fate(first), Fate::Kept(_))
    });
    let passed = passed.filter_map(|&node| stripped.remap.value(Value { node, result: 0 }));
    Ok(Derived {
        passed: passed.map(|value| value.node).collect(),
        remap: wide.remap.then(&derived.remap).then(&stripped.remap),
        graph: stripped.graph,
    })
}

/// The type that a value has from outside: a tensor for each turn of the loops around it.
fn type_at(graph: &Graph, way: &[(NodeId, usize)], value: Value) -> Option<Type> {
    // Loops and branches nest as deep as calls, which are bounded.
    let Some(((node, number), rest)) = way.split_first() else {
        return graph.get_type(value).cloned();
    };
    let op = graph.op(*node);
    let inner = type_at(op.regions().get(*number)?.body(), rest, value)?;
    Some(match scan_of(op) {
        Some(scan) => scan.stack(&inner),
        None => inner,
    })
}

/// What is asked of a body.
struct Ask<'a> {
    /// Where it is; `None` if it is in the other branch.
    site: Option<(&'a [(NodeId, usize)], Value)>,
    /// Its type from outside of all that is around it in this body.
    ty: Type,
    /// Whether something is added to it, rather than that it is yielded.
    is_tapped: bool,
}

/// A graph with taps.
struct Wide {
    graph: Graph,
    remap: Remap,
    /// For each ask, the input that is added to the value, or the value that is yielded.
    found: Vec<Value>,
}

/// A graph with taps under construction.
struct Widening<'a> {
    old: &'a Graph,
    new: Graph,
    /// Where the values of the old graph stand, as what comes later reads them.
    map: Vec<Values>,
    asks: &'a [Ask<'a>],
    /// The asks for results of a node, or for what is inside of it.
    at: FxHashMap<NodeId, Vec<usize>>,
    found: Vec<Option<Value>>,
}

/// The graph with an input for each ask that is tapped, before input number `at`.
fn widen(graph: &Graph, at: usize, asks: &[Ask]) -> Result<Wide, TypeError> {
    let mut widening = Widening {
        old: graph,
        new: Graph::like(graph),
        map: vec![Values::new(); graph.len()],
        asks,
        at: FxHashMap::default(),
        found: vec![None; asks.len()],
    };
    for (number, ask) in asks.iter().enumerate() {
        if let Some((way, value)) = ask.site {
            let node = way.first().map_or(value.node, |(node, _)| *node);
            widening.at.entry(node).or_default().push(number);
        }
    }
    let (before, after) = graph.inputs().split_at(at);
    before
        .iter()
        .try_for_each(|input| widening.keep(input.node))?;
    widening.add_taps()?;
    after
        .iter()
        .try_for_each(|input| widening.keep(input.node))?;
    for node in graph.nodes() {
        if !matches!(graph.op(node), Op::Input(_)) {
            widening.visit(node)?;
        }
        widening.tap(node)?;
    }
    widening.finish()
}

impl<'a> Widening<'a> {
    fn keep(&mut self, node: NodeId) -> Result<(), TypeError> {
        let operands = self.operands(node);
        let copy = self.new.copy_node(self.old, node, &operands)?;
        self.map[node.index()] = self.new.results(copy);
        Ok(())
    }

    fn operands(&self, node: NodeId) -> Values {
        let operands = self.old.operands(node).into_iter();
        operands
            .map(|value| self.map[value.node.index()][usize::from(value.result)])
            .collect()
    }

    /// Adds the inputs.
    fn add_taps(&mut self) -> Result<(), TypeError> {
        for (ask, found) in self.asks.iter().zip(&mut self.found) {
            if !ask.is_tapped {
                continue;
            }
            let op = Input {
                dtype: ask.ty.dtype,
                shape: ask.ty.shape.clone(),
            };
            let input = self.new.push(op, &[], Span::SYNTHETIC)?;
            if let Some((way, value)) = ask.site {
                let of = way.first().map_or(value.node, |(node, _)| *node);
                if let Some(name) = self.old.name(of) {
                    self.new.set_name(input, name);
                }
            }
            *found = Some(Value {
                node: input,
                result: 0,
            });
        }
        Ok(())
    }

    /// The asks in bodies of a node.
    fn inside(&self, node: NodeId) -> Vec<usize> {
        let is_inside = |ask: &usize| self.asks[*ask].site.is_some_and(|(way, _)| !way.is_empty());
        let here = self.at.get(&node).into_iter().flatten();
        here.copied().filter(is_inside).collect()
    }

    fn visit(&mut self, node: NodeId) -> Result<(), TypeError> {
        let inside = self.inside(node);
        if inside.is_empty() {
            return self.keep(node);
        }
        let op = self.old.op(node);
        let mut bodies = Vec::new();
        for (number, region) in op.regions().iter().enumerate() {
            bodies.push(self.body(op, (number, region), &inside)?);
        }
        let taps = inside.iter().filter_map(|&ask| self.found[ask]);
        let taps: Vec<Value> = taps.collect();
        let mut operands = self.operands(node).to_vec();
        let at = first_tap(op, operands.len());
        operands.splice(at..at, taps.iter().copied());
        let op = with_taps(op, bodies, taps.len());
        let results = self.old.results(node).len() as u16;
        let copy = self.new.copy_node_as(self.old, node, op, &operands)?;
        self.map[node.index()] = (0..results)
            .map(|result| Value { node: copy, result })
            .collect();
        let yielded = inside.into_iter().filter(|&ask| !self.asks[ask].is_tapped);
        for (result, ask) in (results..).zip(yielded) {
            self.found[ask] = Some(Value { node: copy, result });
        }
        Ok(())
    }

    /// Body number `number` of an op with what is asked of it.
    fn body(
        &self,
        op: &Op,
        (number, region): (usize, &Region),
        inside: &[usize],
    ) -> Result<Graph, TypeError> {
        let mut asks = Vec::with_capacity(inside.len());
        for &ask in inside {
            let Some(((first, rest), value)) = self.asks[ask]
                .site
                .and_then(|(way, value)| Some((way.split_first()?, value)))
            else {
                continue;
            };
            let of = op.regions().get(first.1).map(|region| region.body());
            let ty = of.and_then(|body| type_at(body, rest, value));
            asks.push(Ask {
                site: (first.1 == number).then_some((rest, value)),
                ty: ty.ok_or_else(|| TypeError::new("there is no such value"))?,
                is_tapped: self.asks[ask].is_tapped,
            });
        }
        let before = first_tap(op, region.body().inputs().len());
        let Wide {
            mut graph, found, ..
        } = widen(region.body(), before, &asks)?;
        for (ask, value) in asks.iter().zip(found) {
            if !ask.is_tapped {
                let named = ask.site.and_then(|(way, value)| {
                    let node = way.first().map_or(value.node, |(node, _)| *node);
                    region.body().name(node)
                });
                let mut name = named.map_or("seeded".to_string(), |name| format!("{name}_seeded"));
                while graph.outputs().iter().any(|known| known.name == name) {
                    name.push('_');
                }
                graph.add_output(name, value);
            }
        }
        Ok(graph)
    }

    /// Adds what is added to the results of a node.
    fn tap(&mut self, node: NodeId) -> Result<(), TypeError> {
        for &number in self.at.get(&node).into_iter().flatten() {
            let Some(([], value)) = self.asks[number].site else {
                continue;
            };
            if let (true, Some(tap)) = (self.asks[number].is_tapped, self.found[number]) {
                let read = &mut self.map[node.index()][usize::from(value.result)];
                let sum = self.new.push(Add {}, &[*read, tap], self.old.span(node))?;
                *read = Value {
                    node: sum,
                    result: 0,
                };
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Wide, TypeError> {
        let mut all = Vec::with_capacity(self.asks.len());
        for (ask, found) in self.asks.iter().zip(&self.found) {
            all.push(match (found, ask.site) {
                (Some(found), _) => *found,
                (None, Some((_, value))) => self.map[value.node.index()][usize::from(value.result)],
                (None, None) => self.new.push_zeros(&ask.ty, Span::SYNTHETIC)?,
            });
        }
        let mut remap = Remap::default();
        for values in &self.map {
            remap.record(values.iter().copied().map(Fate::Kept));
        }
        for Output { name, value } in self.old.outputs() {
            if let Some(value) = remap.value(*value) {
                self.new.add_output(name.clone(), value);
            }
        }
        Ok(Wide {
            graph: self.new,
            remap,
            found: all,
        })
    }
}

/// Where the taps stand among the operands of a node: after the slices of a loop, else at the end.
fn first_tap(op: &Op, operands: usize) -> usize {
    scan_of(op).map_or(operands, |scan| scan.carries + scan.stacked)
}

fn scan_of(op: &Op) -> Option<&Scan> {
    if let Op::Scan(scan) = op {
        Some(scan)
    } else {
        None
    }
}

/// The op with other bodies, which take that many more slices.
fn with_taps(op: &Op, bodies: Vec<Graph>, taps: usize) -> Op {
    with_stacked(with_bodies(op, bodies), |stacked| stacked + taps)
}

fn with_stacked(op: Op, change: impl FnOnce(usize) -> usize) -> Op {
    if let Op::Scan(scan) = op {
        Op::Scan(Scan {
            stacked: change(scan.stacked),
            ..scan
        })
    } else {
        op
    }
}

/// The op with other graphs in the places of those that it calls.
fn with_bodies(op: &Op, bodies: Vec<Graph>) -> Op {
    if let (Op::Call(call), [body]) = (op, bodies.as_slice()) {
        let region = Rc::new(call.region.with_body(body.clone()));
        Op::Call(Call { region })
    } else {
        op.with_bodies(&bodies)
    }
}

/// A graph without its taps.
struct Stripped {
    graph: Graph,
    remap: Remap,
}

/// What a value has become.
#[derive(Clone, Copy)]
enum Left {
    Value(Value),
    /// It is zero, and nothing is left of it.
    Nothing,
}

/// A graph under construction that loses its taps.
struct Stripping<'a> {
    old: &'a Graph,
    new: Graph,
    map: Vec<SmallVec<[Left; 1]>>,
    /// The nodes in whose place one of their operands came.
    folded: FxHashSet<NodeId>,
}

impl Stripped {
    /// The graph without those of its inputs that are taps.
    fn of(graph: &Graph, is_tap: &dyn Fn(usize) -> bool) -> Result<Stripped, TypeError> {
        let mut stripping = Stripping {
            old: graph,
            new: Graph::like(graph),
            map: Vec::with_capacity(graph.len()),
            folded: FxHashSet::default(),
        };
        let mut inputs = 0;
        for node in graph.nodes() {
            let is_input = matches!(graph.op(node), Op::Input(_));
            let left = match is_input && is_tap(inputs) {
                true => SmallVec::from_elem(Left::Nothing, 1),
                false => stripping.visit(node)?,
            };
            inputs += usize::from(is_input);
            stripping.map.push(left);
        }
        stripping.finish()
    }
}

impl Stripping<'_> {
    fn left(&self, value: Value) -> Left {
        self.map[value.node.index()][usize::from(value.result)]
    }

    fn visit(&mut self, node: NodeId) -> Result<SmallVec<[Left; 1]>, TypeError> {
        let op = self.old.op(node);
        let operands = self.old.operands(node);
        let left: Vec<Left> = operands.iter().map(|value| self.left(*value)).collect();
        let is_gone = |left: &Left| matches!(left, Left::Nothing);
        if !left.iter().any(is_gone) {
            return self.copy(node, op.clone(), &left);
        }
        if let (Op::Add(_), [sum @ Left::Value(_), Left::Nothing]) = (op, left.as_slice()) {
            self.folded.insert(node);
            Ok(SmallVec::from_elem(*sum, 1))
        } else if matches!(op, Op::Barrier(_)) {
            Ok(SmallVec::from_elem(Left::Nothing, 1))
        } else if op.regions().is_empty() {
            self.copy(node, op.clone(), &left)
        } else {
            self.visit_bodies(node, &left)
        }
    }

    /// Copies a node onto what is left of its operands, zeros where nothing is.
    fn copy(
        &mut self,
        node: NodeId,
        op: Op,
        left: &[Left],
    ) -> Result<SmallVec<[Left; 1]>, TypeError> {
        let mut operands = Values::new();
        for (value, left) in self.old.operands(node).iter().zip(left) {
            operands.push(match left {
                Left::Value(value) => *value,
                Left::Nothing => self.new.push_zeros(self.old.ty(*value), Span::SYNTHETIC)?,
            });
        }
        self.copy_onto(node, op, &operands)
    }

    fn copy_onto(
        &mut self,
        node: NodeId,
        op: Op,
        operands: &[Value],
    ) -> Result<SmallVec<[Left; 1]>, TypeError> {
        let copy = match op == *self.old.op(node) {
            true => self.new.copy_node(self.old, node, operands)?,
            false => self.new.copy_node_as(self.old, node, op, operands)?,
        };
        let results = self.new.results(copy).into_iter();
        Ok(results.map(Left::Value).collect())
    }

    /// Strips what a node calls of what is left of nothing.
    fn visit_bodies(
        &mut self,
        node: NodeId,
        left: &[Left],
    ) -> Result<SmallVec<[Left; 1]>, TypeError> {
        let op = self.old.op(node);
        // The condition of a branch is none of the parameters of its bodies.
        let first = usize::from(matches!(op, Op::Cond(_)));
        let is_gone = |position: usize| {
            let is_carried = scan_of(op).is_some_and(|scan| scan.role(position) == ScanRole::Carry);
            let has_rule = op.region().is_some_and(|region| region.rule().is_some());
            !is_carried && !has_rule && matches!(left.get(position + first), Some(Left::Nothing))
        };
        let mut bodies = Vec::new();
        for region in op.regions() {
            bodies.push(Stripped::of(region.body(), &is_gone)?.graph);
        }
        let gone: Vec<bool> = (0..left.len())
            .map(|position| position >= first && is_gone(position - first))
            .collect();
        let slices = scan_of(op).map_or(0, |scan| {
            let slices = scan.carries..scan.carries + scan.stacked;
            slices.filter(|&at| gone[at]).count()
        });
        let op = with_stacked(with_bodies(op, bodies), |stacked| stacked - slices);
        let mut operands = Values::new();
        let all = self.old.operands(node);
        for ((value, left), _) in all.iter().zip(left).zip(&gone).filter(|(_, gone)| !**gone) {
            operands.push(match left {
                Left::Value(value) => *value,
                Left::Nothing => self.new.push_zeros(self.old.ty(*value), Span::SYNTHETIC)?,
            });
        }
        self.copy_onto(node, op, &operands)
    }

    fn finish(mut self) -> Result<Stripped, TypeError> {
        let mut remap = Remap::default();
        for (node, left) in self.old.nodes().zip(&self.map) {
            let is_folded = self.folded.contains(&node);
            remap.record(left.iter().map(|left| match left {
                Left::Value(value) if is_folded => Fate::Folded(*value),
                Left::Value(value) => Fate::Kept(*value),
                Left::Nothing => Fate::Dead,
            }));
        }
        for Output { name, value } in self.old.outputs() {
            let value = match self.left(*value) {
                Left::Value(value) => value,
                Left::Nothing => self.new.push_zeros(self.old.ty(*value), Span::SYNTHETIC)?,
            };
            self.new.add_output(name.clone(), value);
        }
        Ok(Stripped {
            graph: self.new,
            remap,
        })
    }
}
