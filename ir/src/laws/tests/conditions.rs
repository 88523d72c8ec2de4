//! The table of conditions, a row for each condition of each op: which entries state it, on which declared ranges it is
//! shown and on which it is not, and its margin at a point.
//!
//! All of it derives from the op table: examples are changed so that conditions hold and fail. An op with a condition that
//! has no row fails, and so does a condition that no declared range settles.

use super::asked::{entries, loss};
use super::margins::{given, numbers, run};
use crate::interpret::{Tensor, trace};
use crate::lang::example;
use crate::laws::body::visit_passed;
use crate::laws::condition::{is_discharged, requirement};
use crate::laws::margins::measured;
use crate::laws::{Condition, Status, conditions};
use crate::module::Entry;
use crate::op::{Family, Guard, Monoid, SPECS};
use crate::rewrite::decompose_deeply;
use crate::shape::Shape;
use std::fmt::Write;

/// Ranges that conditions are tried on, of all parameters with floats.
const RANGES: [(f64, f64); 8] = [
    (1.0, 2.0),
    (0.25, 0.4),
    (2.0, 3.0),
    (-1.0, 1.0),
    (0.0, 1.0),
    (-3.0, -2.0),
    (-4.0, 4.0),
    (0.0, 0.0),
];

/// How an example is changed so that a condition may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    /// All parameters lie in the same range.
    Same,
    /// Each lies further up than the one before.
    Apart,
    /// All in the same, and elements of the first are a multiple of their positions apart.
    Steps,
}

/// An example with a float result, so that derivatives ask for its conditions.
fn seen(text: &str) -> Option<String> {
    let entry = example(text).ok()?;
    let (parameters, expression) = text.split_once(" -> ")?;
    let [output] = entry.graph.outputs() else {
        return Some(text.to_string());
    };
    let is_integer = entry.graph.ty(output.value).dtype.is_integer();
    Some(match is_integer {
        true => format!("{parameters} -> cast({expression}, dtype = f32)"),
        false => text.to_string(),
    })
}

/// The float parameters of an example: name and type.
fn floats(entry: &Entry) -> Vec<(String, crate::shape::Type)> {
    let inputs = entry.graph.inputs().iter();
    let named = inputs.map(|input| {
        let name = entry.graph.name(input.node).unwrap_or("x").to_string();
        (name, entry.graph.ty(*input).clone())
    });
    named.filter(|(_, ty)| ty.dtype.is_float()).collect()
}

/// An example whose parameters are declared to lie in a range.
fn declared(text: &str, change: Change, (low, high): (f64, f64)) -> String {
    let floats = floats(&example(text).unwrap());
    let (mut parameters, mut expression) = {
        let (parameters, expression) = text.split_once(" -> ").unwrap();
        (parameters.to_string(), expression.to_string())
    };
    for (at, (name, ty)) in floats.iter().enumerate() {
        let up = if change == Change::Apart {
            4.0 * at as f64
        } else {
            0.0
        };
        let own = format!("{name}: {ty}");
        let range = format!("{own} in [{}, {}]", low + up, high + up);
        parameters = parameters.replacen(&own, &range, 1);
    }
    if let (Change::Steps, Some((name, ty))) = (change, floats.first()) {
        let (dtype, shape) = (ty.dtype, &ty.shape);
        let steps = format!(
            "reshape(iota(shape = [{}], dtype = {dtype}), shape = {shape})",
            ty.elements()
        );
        expression = with_word(&expression, name, &format!("({name} + 5 * {steps})"));
    }
    format!("{parameters} -> {expression}")
}

/// A text with one word replaced, but for names of attributes.
fn with_word(text: &str, word: &str, by: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let (mut result, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(word) {
        let (before, found) = rest.split_at(at);
        let after = &found[word.len()..];
        let is_word = !before.ends_with(is_part) && !after.starts_with(is_part);
        result += before;
        result += match is_word && !after.starts_with(" =") {
            true => by,
            false => word,
        };
        rest = after;
    }
    result + rest
}

/// What an example states of an op, in these words.
fn status(text: &str, (op, requirement): (&str, &str)) -> Option<Status> {
    let found = conditions(&example(text).ok()?).ok()?;
    let mut same = found
        .iter()
        .filter(|c| c.op == op && c.requirement == requirement);
    let first = same.next()?.status;
    Some(same.fold(first, |status, other| status.max(other.status)))
}

/// Said of a condition that no declared range settles.
const NEVER: &str = "shown on no range";

/// In words, on which ranges a condition is shown, and on which it is not.
fn shown(text: &str, condition: (&str, &str)) -> String {
    let changes = [Change::Same, Change::Apart, Change::Steps];
    let all = |change| RANGES.map(|range| (change, range));
    let of = |change, range| status(&declared(text, change, range), condition);
    let holds =
        |(change, range): &(Change, (f64, f64))| of(*change, *range) == Some(Status::Discharged);
    let fails = |(change, range): &(Change, (f64, f64))| {
        matches!(of(*change, *range), Some(Status::Assumed | Status::Refuted))
    };
    let words = |(change, (low, high)): (Change, (f64, f64))| match change {
        Change::Same => format!("[{low}, {high}]"),
        Change::Apart => format!("[{low}, {high}], [{}, {}], …", low + 4.0, high + 4.0),
        Change::Steps => format!("[{low}, {high}] + 5·position"),
    };
    if floats(&example(text).unwrap()).is_empty() {
        return "there is no range to declare".to_string();
    }
    let on = changes.into_iter().flat_map(all).find(holds);
    let Some((change, range)) = on else {
        return NEVER.to_string();
    };
    match all(change).into_iter().find(fails) {
        Some(open) => format!(
            "shown on {}, not on {}",
            words((change, range)),
            words(open)
        ),
        None if status(text, condition) == Some(Status::Discharged) => "shown on any".to_string(),
        None => format!(
            "shown on {} and all that were tried, but not undeclared",
            words((change, range))
        ),
    }
}

/// Which of the three entries of an example state a condition, and how.
fn stated(text: &str, condition: (&str, &str)) -> String {
    let Some(loss) = loss(text) else {
        return format!("{:?} in forward", status(text, condition).unwrap());
    };
    let (all, _) = entries(&loss.source());
    let of = |name: &str| {
        let (_, found) = all.iter().find(|(entry, _)| entry.name == name).unwrap();
        let is_it = |c: &&Condition| (c.op, c.requirement.as_str()) == condition;
        let mut statuses = found.iter().filter(is_it).map(|c| c.status);
        let first = statuses.next()?;
        Some(statuses.fold(first, Status::max))
    };
    let all = ["forward", "gradient", "both"].map(of);
    // What only decides integers is not passed by derivatives.
    if text.contains(" -> cast(") && all[1].is_none() && all[2] == all[0] {
        return format!("{:?} in forward and value_and_grad", all[0].unwrap());
    }
    assert!(
        all.iter()
            .all(|status| *status == all[0] && status.is_some()),
        "{text}: {condition:?}: {all:?}"
    );
    format!("{:?} in forward, grad and value_and_grad", all[0].unwrap())
}

/// Numbers of which some violate each condition, exact in every dtype.
const NUMBERS: [f64; 7] = [0.75, -1.25, 0.0, 2.0, -0.5, 1.5, 1.0];

fn point(entry: &Entry) -> Vec<Vec<f64>> {
    let inputs = entry.graph.inputs().iter().enumerate();
    let drawn = inputs.map(|(at, input)| {
        let ty = entry.graph.ty(*input);
        let numbers = NUMBERS
            .into_iter()
            .cycle()
            .skip(2 * at)
            .take(ty.elements() as usize);
        let whole = |x: f64| if x > 0.6 { 1.0 } else { 0.0 };
        match ty.dtype.is_float() {
            true => numbers.collect(),
            false => numbers.map(whole).collect(),
        }
    });
    drawn.collect()
}

/// The smallest margin, and how many are not positive.
type Margin = (f64, usize);

/// The margins of the open conditions of an entry in these words, as the entry itself computes them: and where they are.
fn measure(entry: &Entry, condition: (&str, &str)) -> Vec<(Margin, f64, Vec<u64>)> {
    let with = measured(entry).unwrap();
    let point = point(entry);
    let inputs: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
    let all = run(&with.entry.graph, &inputs);
    let first = entry.signature.results.len();
    let mut found = Vec::new();
    for (at, reading) in with.readings.iter().enumerate() {
        let of = &with.conditions[reading.condition];
        if (of.op, of.requirement.as_str()) == condition {
            let [margin, violations, position] =
                [0, 1, 2].map(|column| numbers(&all[first + column])[at]);
            found.push((
                (margin, violations as usize),
                position,
                reading.extents.clone(),
            ));
        }
    }
    found
}

/// The same, from what the operands are and from nothing else.
fn expected(entry: &Entry, condition: (&str, &str)) -> Vec<(Margin, Option<f64>)> {
    let (graph, _) = decompose_deeply(&entry.graph).unwrap();
    let point = point(entry);
    let inputs: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
    let inputs = given(&graph, &inputs);
    let values = trace::<f64>(&graph, &(), &inputs).unwrap();
    let mut found = Vec::new();
    visit_passed(&graph, &mut |part, node| {
        for guard in part.guards(node) {
            let said = requirement(part.graph, node, &guard);
            let op = part.graph.op(node).spec().name;
            if (op, said.as_str()) != condition
                || is_discharged(part, node, &guard)
                || part.region.is_some()
            {
                continue;
            }
            let operands = part.graph.operands(node);
            let tensors: Vec<&Tensor<f64>> =
                operands.iter().filter_map(|x| values.value(*x)).collect();
            let (margins, is_placed) = distances(&part.graph.op(node).family(), &guard, &tensors);
            let smallest = margins.iter().copied().enumerate().min_by(|x, y| {
                // NaN is less than anything.
                let key = |x: f64| if x.is_nan() { f64::NEG_INFINITY } else { x };
                key(x.1).total_cmp(&key(y.1))
            });
            let violations = margins.iter().filter(|x| x.is_nan() || **x <= 0.0).count();
            let (at, margin) = smallest.unwrap_or((0, f64::INFINITY));
            found.push(((margin, violations), is_placed.then_some(at as f64)));
        }
    });
    found
}

/// How far each operand is from where a guard fails, and whether they stand as margins do.
fn distances(family: &Family<'_>, guard: &Guard, operands: &[&Tensor<f64>]) -> (Vec<f64>, bool) {
    let x = |operand: usize| operands[operand].as_numbers().iter().copied();
    let each = match guard {
        Guard::Above { operand, bound } => x(*operand).map(|x| x - bound.to_f64()).collect(),
        Guard::Nonzero { operand } => x(*operand).map(f64::abs).collect(),
        Guard::Off { operand, at } => x(*operand).map(|x| (x - at.to_f64()).abs()).collect(),
        Guard::Distinct { left, right } => x(*left)
            .zip(x(*right))
            .map(|(x, y)| (x - y).abs())
            .collect(),
        Guard::OffLattice { operand, at } => {
            let beyond = |x: f64| (x - at.to_f64()).rem_euclid(1.0);
            x(*operand)
                .map(|x| beyond(x).min(1.0 - beyond(x)))
                .collect()
        }
        Guard::UniqueWinner { operand } => {
            let (axes, largest) = if let Family::Fold(rule) = family {
                (rule.axes.to_vec(), rule.monoid == Monoid::Max)
            } else if let Family::ArgFold(rule) = family {
                (vec![rule.axis], rule.largest)
            } else {
                panic!("{family:?}")
            };
            let ahead = |mut group: Vec<f64>| {
                group.sort_by(|x, y| {
                    if largest {
                        y.total_cmp(x)
                    } else {
                        x.total_cmp(y)
                    }
                });
                if group.len() < 2 {
                    f64::INFINITY
                } else {
                    (group[0] - group[1]).abs()
                }
            };
            groups(operands[*operand], &axes)
                .into_iter()
                .map(ahead)
                .collect()
        }
        Guard::NoTies { operand } => {
            let axis = if let Family::ArgSort(rule) = family {
                rule.axis
            } else if let Family::Prefix(rule) = family {
                rule.axis
            } else {
                panic!("{family:?}")
            };
            let neighbours = |mut group: Vec<f64>| {
                group.sort_by(f64::total_cmp);
                let apart = group.windows(2).map(|pair| pair[1] - pair[0]);
                apart.collect::<Vec<f64>>()
            };
            let all = groups(operands[*operand], &[axis]);
            return (all.into_iter().flat_map(neighbours).collect(), false);
        }
    };
    (each, true)
}

/// The elements that lie along axes, for each place along the others in row-major order.
fn groups(x: &Tensor<f64>, axes: &[usize]) -> Vec<Vec<f64>> {
    let rest: Shape = x.ty.shape.with_ones(axes);
    let mut groups = vec![Vec::new(); rest.elements() as usize];
    for (at, number) in x.as_numbers().iter().enumerate() {
        let mut place = x.ty.shape.unravel(at as u64);
        axes.iter().for_each(|axis| place[*axis] = 0);
        groups[rest.ravel(&place).unwrap() as usize].push(*number);
    }
    groups
}

/// For each condition of each op, all of it.
#[test]
fn the_table_of_conditions() {
    let mut table = String::new();
    let mut never = Vec::new();
    for spec in SPECS {
        let mut known: Vec<(&'static str, String)> = Vec::new();
        for text in spec.examples {
            let Some(text) = seen(text) else { continue };
            let entry = example(&text).unwrap();
            for condition in conditions(&entry).unwrap() {
                let key = (condition.op, condition.requirement.clone());
                if known.contains(&key) || condition.body.is_some() {
                    continue;
                }
                let words = (key.0, key.1.as_str());
                let ranges = row(&mut table, &text, &entry, words);
                if ranges == NEVER {
                    never.push(spec.name);
                }
                known.push(key);
            }
            let nodes = entry.graph.nodes();
            let own = nodes.filter(|node| entry.graph.op(*node).spec().name == spec.name);
            for node in own {
                let is_float = |x: &crate::graph::Value| entry.graph.ty(*x).dtype.is_float();
                if entry.graph.operands(node).iter().all(is_float) {
                    for guard in entry.graph.op(node).guards() {
                        let key = (spec.name, requirement(&entry.graph, node, &guard));
                        assert!(known.contains(&key), "{text}: no row of {key:?}");
                    }
                }
            }
        }
    }
    // What random numbers decide is declared by nobody.
    assert_eq!(never, ["rng_categorical"]);
    insta::assert_snapshot!(table);
}

/// Adds a row; returns what it says of ranges.
fn row(table: &mut String, text: &str, entry: &Entry, condition: (&str, &str)) -> String {
    writeln!(table, "{text}\n    {}: {}", condition.0, condition.1).unwrap();
    writeln!(table, "        {}", stated(text, condition)).unwrap();
    let ranges = shown(text, condition);
    writeln!(table, "        {ranges}").unwrap();
    let (mut measured, mut expected) = (measure(entry, condition), expected(entry, condition));
    assert_eq!(measured.len(), expected.len(), "{text}: {condition:?}");
    measured.sort_by(|x, y| x.0.0.total_cmp(&y.0.0));
    expected.sort_by(|x, y| x.0.0.total_cmp(&y.0.0));
    for ((own, position, extents), (other, place)) in measured.iter().zip(&expected) {
        let near = own.0 == other.0
            || (own.0 - other.0).abs() <= 1e-12
            || (own.0.is_nan() && other.0.is_nan());
        assert!(
            near && own.1 == other.1,
            "{text}: {condition:?}: {own:?}, not {other:?}"
        );
        assert!(
            place.is_none_or(|place| place == *position),
            "{text}: {condition:?}: at {position}"
        );
        writeln!(
            table,
            "        at the point: {} at {position} of {extents:?}, {} violated",
            own.0, own.1
        )
        .unwrap();
    }
    ranges
}
