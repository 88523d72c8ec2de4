//! Margins: how far each condition of an entry is from failing, computed by the entry itself.
//!
//! [`measured`] adds to the graph of an entry what compares every operand that an open condition speaks of with the place
//! where the condition fails: the smallest distance, where it is, and how many elements are on the wrong side. All of it
//! is ordinary ops, so it is compiled like the rest, and reads what is computed anyway. Elements that a `select` does
//! not take, and branches that are not taken, do not count.
//!
//! ```text
//! walk      nodes in order, bodies of loops and branches first: readings, as values
//! need      which elements of a node count
//! measure   the formulas of a margin
//! ```

mod measure;
mod need;
mod walk;

use super::body::Part;
use super::condition::{Condition, Status, conditions};
use crate::builder::Builder;
use crate::graph::{Output, Value};
use crate::module::{Entry, Param, Tree};
use crate::op::{Add, Concat, Min, TypeError};
use crate::rewrite::decompose_deeply;
use crate::shape::Shape;
use crate::span::Span;
use walk::{Key, watched};

/// An entry that yields its margins beside its results.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The entry, with results more: see [`measured`] and [`monitored`].
    pub entry: Entry,
    /// The conditions that are up to the inputs or fail, in the order of [`conditions`].
    pub conditions: Vec<Condition>,
    /// What is read for them, in the order of the elements of the results.
    pub readings: Vec<Reading>,
}

/// What one place in a graph tells of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which of the conditions.
    pub condition: usize,
    /// The extents of what is compared: turns of loops, outermost first, then the axes of the operand, or of the groups
    /// of which one element wins. Positions count in row-major order.
    pub extents: Vec<u64>,
}

/// The names of the results that tell margins, violations and positions.
pub const RESULTS: [&str; 3] = ["margins", "violations", "positions"];

/// The entry with three results more, each with one element for each reading: the smallest margin (f64, in units of the
/// operand; NaN where an operand is NaN), how many elements are on the wrong side (i64), and the position of the smallest
/// margin (i64). Nothing is added where nothing is open.
///
/// # Errors
/// An op that is added does not type-check, which is a fault of lgc.
pub fn measured(entry: &Entry) -> Result<Measured, TypeError> {
    let (found, b, readings) = read(entry)?;
    let all = readings.iter().map(|reading| Reading {
        condition: reading.condition,
        extents: reading.extents.clone(),
    });
    let columns = [
        readings.iter().map(|x| x.margin).collect(),
        readings.iter().map(|x| x.violations).collect(),
        readings.iter().map(|x| x.position).collect(),
    ];
    Ok(Measured {
        readings: all.collect(),
        entry: with_results(entry, b, &columns)?,
        conditions: found,
    })
}

/// The entry with two results more, each with one element for each open condition: the smallest margin (f64) and how many
/// elements are on the wrong side (i64), over all places that state the condition.
///
/// # Errors
/// As [`measured`].
pub fn monitored(entry: &Entry) -> Result<Measured, TypeError> {
    let (found, b, readings) = read(entry)?;
    let (mut margins, mut violations): (Vec<Value>, Vec<Value>) = Default::default();
    for at in 0..found.len() {
        let mut of_one = readings.iter().filter(|reading| reading.condition == at);
        let Some(first) = of_one.next() else {
            return Err(TypeError::new("a condition has no margin"));
        };
        let (mut margin, mut count) = (first.margin, first.violations);
        for other in of_one {
            margin = b.apply(Min {}, &[margin, other.margin])?;
            count = b.apply(Add {}, &[count, other.violations])?;
        }
        margins.push(margin);
        violations.push(count);
    }
    let whole = |condition| Reading {
        condition,
        extents: Vec::new(),
    };
    Ok(Measured {
        readings: (0..found.len()).map(whole).collect(),
        entry: with_results(entry, b, &[margins, violations])?,
        conditions: found,
    })
}

/// A reading as values of a graph: scalars.
struct Read {
    condition: usize,
    margin: Value,
    violations: Value,
    position: Value,
    extents: Vec<u64>,
}

/// The open conditions of an entry, and its graph with readings of them.
fn read(entry: &Entry) -> Result<(Vec<Condition>, Builder, Vec<Read>), TypeError> {
    let found = conditions(entry)?.into_iter();
    let open: Vec<Condition> = found
        .filter(|condition| condition.status != Status::Discharged)
        .collect();
    let graph = entry.hypotheses.as_ref().unwrap_or(&entry.graph);
    let (graph, _) = decompose_deeply(graph)?;
    let key = |condition: &Condition| Key {
        span: condition.span,
        op: condition.op,
        requirement: condition.requirement.clone(),
    };
    let keys: Vec<Key> = open.iter().map(key).collect();
    let (b, readings) = watched(&Part::whole_with_hypotheses(&graph), &keys)?;
    Ok((open, b, readings))
}

/// The entry with the graph of a builder, and scalars side by side as further results.
fn with_results(entry: &Entry, b: Builder, columns: &[Vec<Value>]) -> Result<Entry, TypeError> {
    let mut entry = entry.clone();
    // Its conditions are still its own, not those of what compares.
    let own = entry.hypotheses.take();
    entry.hypotheses = Some(own.unwrap_or_else(|| entry.graph.clone()));
    b.set_span(Span::SYNTHETIC);
    let leaves = entry.signature.results.iter();
    let place: usize = leaves.map(|result| result.tree.leaf_count()).sum();
    let mut more = Vec::new();
    for (column, name) in columns.iter().zip(RESULTS) {
        let Some(first) = column.first() else {
            continue;
        };
        let ty = b.ty(*first).with_shape(Shape::new([column.len() as u64]));
        let single = |x: &Value| b.reshape(*x, &Shape::new([1]));
        let singles = column.iter().map(single).collect::<Result<Vec<_>, _>>()?;
        let all = b.apply(Concat { axis: 0 }, &singles)?;
        let mut name = name.to_string();
        let is_taken = |name: &String| {
            let signature = &entry.signature;
            let mut known = signature.params.iter().chain(&signature.results);
            known.any(|param| param.name == *name)
        };
        while is_taken(&name) {
            name.push('_');
        }
        more.push((name, ty, all));
    }
    let docs = [
        "The smallest distance from where each condition fails.",
        "How many elements are on the wrong side of each condition.",
        "Where the smallest distance is, in row-major order.",
    ];
    let mut outputs = Vec::new();
    for ((name, ty, value), doc) in more.into_iter().zip(docs) {
        outputs.push(Output {
            name: name.clone(),
            value,
        });
        entry.signature.results.push(Param {
            name,
            doc: vec![doc.to_string()],
            inout: false,
            tree: Tree::Leaf(ty),
        });
    }
    let mut graph = b.finish();
    let mut all = graph.outputs().to_vec();
    // The next values of `inout` parameters come last.
    all.splice(place..place, outputs);
    graph.set_outputs(all);
    entry.graph = graph;
    Ok(entry)
}
