//! Margins of conditions at a point: `lgc run --margins` and `lgc check --at`.
//!
//! The entry computes them itself, beside its results: see [`lgc_ir::laws::margins`].

use crate::{Failure, output};
use lgc_abi::Leaf;
use lgc_ir::laws::margins::{Measured, Reading, measured};
use lgc_ir::module::Module;
use lgc_ir::span::SourceMap;
use lgc_runtime::HostTensor;
use std::fmt::Write;

/// The only entry of a module in its place, with margins; what they are of.
///
/// # Errors
/// If there is no entry, or something that is added does not type-check, which is a fault of the compiler.
pub(crate) fn of_module(module: &mut Module) -> Result<Measured, Failure> {
    let [entry] = module.entries.as_mut_slice() else {
        return Err(Failure::internal("margins are of one entry"));
    };
    let measured = measured(entry).map_err(Failure::internal)?;
    *entry = measured.entry.clone();
    Ok(measured)
}

/// Margins as they were computed at a point.
pub(crate) struct Margins<'m> {
    measured: &'m Measured,
    /// For each reading the smallest margin, the number of violations, and the position of the margin.
    columns: [Vec<f64>; 3],
}

/// What a condition comes to over all that was read of it.
struct Told<'m> {
    margin: f64,
    violations: u64,
    elements: u64,
    /// Where the smallest margin is, among which extents.
    at: (u64, &'m Reading),
}

impl<'m> Margins<'m> {
    /// Takes the margins out of what an entry wrote, by leaf.
    ///
    /// # Errors
    /// If they are not there, which is a fault of the compiler.
    pub(crate) fn taken(
        measured: &'m Measured,
        leaves: &mut Vec<Leaf>,
        tensors: &mut Vec<HostTensor>,
    ) -> Result<Self, Failure> {
        let mut columns = [Vec::new(), Vec::new(), Vec::new()];
        if measured.readings.is_empty() {
            return Ok(Margins { measured, columns });
        }
        let results = &measured.entry.signature.results;
        let first = results.len().checked_sub(columns.len());
        let first = first.ok_or_else(|| Failure::internal("margins are missing"))?;
        for (column, result) in columns.iter_mut().zip(&results[first..]) {
            let place = leaves.iter().position(|leaf| leaf.path == result.name);
            let place = place.ok_or_else(|| Failure::internal("margins are missing"))?;
            leaves.remove(place);
            *column = tensors.remove(place).each_number().collect();
        }
        Ok(Margins { measured, columns })
    }

    /// Whether some condition fails.
    pub(crate) fn are_violated(&self) -> bool {
        self.columns[1].iter().any(|violations| *violations > 0.0)
    }

    /// Prints each condition with its margin; fails if one is violated.
    pub(crate) fn report(&self, sources: &SourceMap) -> Result<(), Failure> {
        output::print(&self.text(sources))?;
        match self.are_violated() {
            true => Err(Failure::CheckFailed),
            false => Ok(()),
        }
    }

    fn text(&self, sources: &SourceMap) -> String {
        let conditions = &self.measured.conditions;
        if conditions.is_empty() {
            return "margins: no condition is up to the inputs\n".to_owned();
        }
        let mut text = "margins\n".to_owned();
        for (at, condition) in conditions.iter().enumerate() {
            let Some(told) = self.told(at) else { continue };
            let what = condition.told(Some(sources));
            let fails = if told.violations > 0 { "FAILED: " } else { "" };
            let _ = writeln!(text, "  {fails}{what}");
            let _ = writeln!(text, "    {}", told.in_words());
        }
        text
    }

    /// What is known of a condition, by the reading with the smallest margin.
    fn told(&self, condition: usize) -> Option<Told<'m>> {
        let [margins, violations, positions] = &self.columns;
        let readings = self.measured.readings.iter().enumerate();
        let mut all: Option<Told<'m>> = None;
        for (at, reading) in readings.filter(|(_, reading)| reading.condition == condition) {
            let (margin, position) = (*margins.get(at)?, *positions.get(at)?);
            let one = Told {
                margin,
                violations: *violations.get(at)? as u64,
                elements: reading.extents.iter().product(),
                at: (position as u64, reading),
            };
            all = Some(match all {
                None => one,
                Some(known) => known.and(one),
            });
        }
        all
    }
}

impl<'m> Told<'m> {
    fn and(self, other: Told<'m>) -> Told<'m> {
        let is_smaller = other.margin < self.margin || other.margin.is_nan();
        let (margin, at) = match is_smaller && !self.margin.is_nan() {
            true => (other.margin, other.at),
            false => (self.margin, self.at),
        };
        Told {
            margin,
            violations: self.violations + other.violations,
            elements: self.elements + other.elements,
            at,
        }
    }

    fn in_words(&self) -> String {
        let (position, reading) = self.at;
        let margin = self.margin;
        if margin == f64::INFINITY {
            return "nothing to which it applies was computed".to_owned();
        }
        let place = match index(position, &reading.extents).as_slice() {
            [] => String::new(),
            index => {
                let index: Vec<String> = index.iter().map(u64::to_string).collect();
                format!(" at [{}]", index.join(", "))
            }
        };
        let (violations, elements) = (self.violations, self.elements);
        let margin = margin as f32;
        format!("smallest margin {margin:?}{place}; {violations} of {elements} violated")
    }
}

/// The index along each axis of a position in row-major order.
fn index(mut position: u64, extents: &[u64]) -> Vec<u64> {
    let mut index: Vec<u64> = Vec::with_capacity(extents.len());
    for extent in extents.iter().rev() {
        index.push(position % extent.max(&1));
        position /= extent.max(&1);
    }
    index.reverse();
    index
}
