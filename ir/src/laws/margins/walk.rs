//! The walk through a graph and the bodies that it runs: each is copied, with readings of what it computes.
//!
//! A body yields its readings as further results: of a loop they are stacked, so that the smallest over all turns is
//! sought after it; a branch that is not taken yields that nothing fails.

use super::super::body::Part;
use super::super::condition::{indices_requirement, requirement};
use super::super::refuted;
use super::Read;
use super::measure::{Summary, nothing, of_guard, of_indices, smallest};
use super::need::Need;
use crate::builder::Builder;
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Add, Cond, Family, Mul, Op, Scan, TypeError};
use crate::shape::Shape;
use crate::span::Span;
use std::rc::Rc;

/// What tells conditions apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) span: Span,
    pub(super) op: &'static str,
    pub(super) requirement: String,
}

/// A copy of the graph of a part, and readings of the conditions among `keys`.
pub(super) fn watched(part: &Part<'_>, keys: &[Key]) -> Result<(Builder, Vec<Read>), TypeError> {
    let mut walk = Walk {
        part,
        keys,
        b: Builder::new(Graph::like(part.graph), Span::SYNTHETIC),
        copies: Vec::with_capacity(part.graph.len()),
        reads: Vec::new(),
    };
    for node in part.graph.nodes() {
        walk.copy(node)?;
    }
    walk.read()?;
    for output in part.graph.outputs() {
        let value = walk.copied(output.value);
        walk.b
            .edit(|graph| graph.add_output(output.name.clone(), value));
    }
    Ok((walk.b, walk.reads))
}

struct Walk<'p, 'g> {
    part: &'p Part<'g>,
    keys: &'p [Key],
    b: Builder,
    /// The results of each node so far, in the copy.
    copies: Vec<Vec<Value>>,
    reads: Vec<Read>,
}

/// A reading that a body yields: the condition, and the extents of what it counts.
type Yielded = (usize, Vec<u64>);

impl Walk<'_, '_> {
    fn copied(&self, value: Value) -> Value {
        self.copies[value.node.index()][usize::from(value.result)]
    }

    fn operands(&self, node: NodeId) -> Vec<Value> {
        let operands = self.part.graph.operands(node).into_iter();
        operands.map(|operand| self.copied(operand)).collect()
    }

    fn copy(&mut self, node: NodeId) -> Result<(), TypeError> {
        let graph = self.part.graph;
        let operands = self.operands(node);
        let bodies = match self.part.is_visited(node) {
            true => self.part.within(node),
            false => Vec::new(),
        };
        self.b.set_span(graph.span(node));
        let copy = match (graph.op(node).family(), bodies.as_slice()) {
            (Family::Scan(scan), [(_, turn)]) => Some(self.looped(node, scan, turn, &operands)?),
            (Family::Cond(cond), [(_, then), (_, otherwise)]) => {
                Some(self.branched(node, cond, [then, otherwise], &operands)?)
            }
            (_, _) => None,
        };
        let copy = match copy {
            Some(copy) => copy,
            None => self.b.edit(|new| new.copy_node(graph, node, &operands))?,
        };
        let count = graph.results(node).len() as u16;
        let results = (0..count).map(|result| Value { node: copy, result });
        self.copies.push(results.collect());
        Ok(())
    }

    /// A loop that yields what its turns read.
    fn looped(
        &mut self,
        node: NodeId,
        scan: &Scan,
        turn: &Part<'_>,
        operands: &[Value],
    ) -> Result<NodeId, TypeError> {
        let (inside, reads) = watched(turn, self.keys)?;
        let yielded: Vec<Yielded> = reads
            .iter()
            .map(|read| (read.condition, read.extents.clone()))
            .collect();
        let body = with_outputs(inside, &reads);
        let op = Op::from(Scan {
            region: Rc::new(scan.region.with_body(body)),
            ..scan.clone()
        });
        let (copy, more) = self.run(node, op, operands)?;
        for ((condition, extents), [margins, violations, positions]) in
            yielded.into_iter().zip(more)
        {
            let read = self.over_turns(condition, extents, [margins, violations, positions])?;
            self.reads.push(read);
        }
        Ok(copy)
    }

    /// What all turns of a loop tell together.
    fn over_turns(
        &self,
        condition: usize,
        extents: Vec<u64>,
        [margins, violations, positions]: [Value; 3],
    ) -> Result<Read, TypeError> {
        let b = &self.b;
        let (scalar, turns) = (Shape::new([]), b.shape(margins));
        let turn = b.arg_extreme(margins, 0, false)?;
        let all = b.iota(&turns, 0, b.ty(positions).dtype)?;
        let here = b.equal(all, b.broadcast_to(turn, &turns)?)?;
        let inside = b.select(here, positions, b.integer_like(positions, 0)?)?;
        let inside = b.sum(inside, &[0], false)?;
        let each: u64 = extents.iter().product();
        let each = i64::try_from(each).unwrap_or(i64::MAX);
        let turn = b.reshape(turn, &scalar)?;
        let before = b.apply(Mul {}, &[turn, b.integer_like(turn, each)?])?;
        Ok(Read {
            condition,
            margin: smallest(b, margins)?,
            violations: b.sum(violations, &[0], false)?,
            position: b.apply(Add {}, &[before, inside])?,
            extents: turns.extents().chain(extents).collect(),
        })
    }

    /// A branch that yields what both sides read: that nothing fails on the side that is not taken.
    fn branched(
        &mut self,
        node: NodeId,
        cond: &Cond,
        sides: [&Part<'_>; 2],
        operands: &[Value],
    ) -> Result<NodeId, TypeError> {
        let [(then, first), (otherwise, second)] =
            [watched(sides[0], self.keys)?, watched(sides[1], self.keys)?];
        let absent = |b: &Builder, reads: &[Read]| {
            let absent = |read: &Read| {
                let summary = nothing(b, read.extents.clone())?;
                Ok(as_read(read.condition, summary))
            };
            reads
                .iter()
                .map(absent)
                .collect::<Result<Vec<Read>, TypeError>>()
        };
        let (none_of_first, none_of_second) =
            (absent(&otherwise, &first)?, absent(&then, &second)?);
        let all = first.iter().chain(&second);
        let yielded: Vec<Yielded> = all
            .map(|read| (read.condition, read.extents.clone()))
            .collect();
        let then = with_outputs(then, first.iter().chain(&none_of_second));
        let otherwise = with_outputs(otherwise, none_of_first.iter().chain(&second));
        let op = Op::from(Cond {
            then: Rc::new(cond.then.with_body(then)),
            otherwise: Rc::new(cond.otherwise.with_body(otherwise)),
        });
        let (copy, more) = self.run(node, op, operands)?;
        for ((condition, extents), [margin, violations, position]) in yielded.into_iter().zip(more)
        {
            self.reads.push(Read {
                condition,
                margin,
                violations,
                position,
                extents,
            });
        }
        Ok(copy)
    }

    /// A node with another op, which has as many results and three more for each reading.
    fn run(
        &self,
        node: NodeId,
        op: Op,
        operands: &[Value],
    ) -> Result<(NodeId, Vec<[Value; 3]>), TypeError> {
        let graph = self.part.graph;
        let copy = self
            .b
            .edit(|new| new.copy_node_as(graph, node, op, operands))?;
        let results = self.b.with_graph(|new| new.results(copy));
        let more = results[graph.results(node).len()..].chunks_exact(3);
        let three = |three: &[Value]| [three[0], three[1], three[2]];
        Ok((copy, more.map(three).collect()))
    }

    /// Reads the conditions of the nodes themselves.
    fn read(&mut self) -> Result<(), TypeError> {
        let part = self.part;
        let need = Need::of(part, &self.b, &self.copies)?;
        for node in part.graph.nodes().filter(|node| part.is_visited(*node)) {
            self.b.set_span(part.graph.span(node));
            let operands = self.operands(node);
            let family = part.graph.op(node).family();
            for guard in part.guards(node) {
                let Some(condition) = self.key(node, requirement(part.graph, node, &guard)) else {
                    continue;
                };
                let summary = match need.elements(node) {
                    Some(needed) => of_guard(&self.b, &family, &guard, &operands, needed)?,
                    None => None,
                };
                let summary = match summary {
                    Some(summary) => summary,
                    None => nothing(&self.b, Vec::new())?,
                };
                self.reads.push(as_read(condition, summary));
            }
            if let Some((rows, _)) = refuted::of_indices(part, node)
                && let Some(condition) = self.key(node, indices_requirement(part.graph, node, rows))
                && let Some(indices) = operands.get(1)
            {
                let summary = of_indices(&self.b, *indices, rows)?;
                self.reads.push(as_read(condition, summary));
            }
        }
        Ok(())
    }

    /// Which of the conditions one of a node is.
    fn key(&self, node: NodeId, requirement: String) -> Option<usize> {
        let graph = self.part.graph;
        let key = Key {
            span: graph.span(node),
            op: graph.op(node).spec().name,
            requirement,
        };
        self.keys.iter().position(|known| *known == key)
    }
}

fn as_read(condition: usize, summary: Summary) -> Read {
    Read {
        condition,
        margin: summary.margin,
        violations: summary.violations,
        position: summary.position,
        extents: summary.extents,
    }
}

/// The graph of a body, with the scalars of readings as further results.
fn with_outputs<'r>(b: Builder, reads: impl IntoIterator<Item = &'r Read>) -> Graph {
    let mut graph = b.finish();
    for (at, read) in reads.into_iter().enumerate() {
        let three = [
            ("margin", read.margin),
            ("violations", read.violations),
            ("position", read.position),
        ];
        for (name, value) in three {
            let mut name = format!("{name}{at}");
            while graph.outputs().iter().any(|output| output.name == name) {
                name.push('_');
            }
            graph.add_output(name, value);
        }
    }
    graph
}
