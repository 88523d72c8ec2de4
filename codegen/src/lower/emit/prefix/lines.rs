//! Lines that are gone through together, and what is carried along them.
//!
//! A line by itself, or a vector of lines, carries its states in registers. Where lines lie next to each
//! other and far apart along themselves, that would read a little of each row, from another page each time;
//! so a [`Panel`] of many vectors goes through the rows together, and carries a private row of each state,
//! which stays in the cache next to the processor.

use super::Scan;
use crate::kernel::{Access, ForRange, MemId, Space, Subscript, ValueId};
use crate::lower::emit::element::Elements;
use crate::lower::emit::lanes::Segment;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::shape::{Shape, Type};

/// Lines that are gone through together.
pub(super) struct Lines {
    /// Where a line begins; with a panel, its first one but for the last axis.
    at: Vec<Index>,
    panel: Option<Panel>,
}

/// Neighbouring vectors of lines.
struct Panel {
    segment: Segment,
    /// The first vector.
    first: Index,
    /// The number of vectors.
    vectors: u64,
}

impl Lines {
    /// A line, or a vector of lines.
    pub(super) fn one(at: Vec<Index>) -> Self {
        Lines { at, panel: None }
    }

    /// Vectors of lines from the one of that number on.
    pub(super) fn panel(at: Vec<Index>, segment: Segment, first: Index, vectors: u64) -> Self {
        let panel = Some(Panel {
            segment,
            first,
            vectors,
        });
        Lines { at, panel }
    }
}

/// What is carried along lines: some states of each.
#[derive(Clone)]
pub(super) enum States {
    /// Of a line or a vector of lines.
    Values(Vec<ValueId>),
    /// Of a panel: a private row each.
    Rows(Vec<MemId>),
}

/// Makes the next states of one line or vector from its states, and from what lies beside them.
pub(super) type Step<'a, 'p> =
    &'a mut dyn FnMut(&mut Elements<'p>, &[Index], &[ValueId]) -> Vec<ValueId>;

/// The same at a turn of a loop.
pub(super) type Turn<'a, 'p> =
    &'a mut dyn FnMut(&mut Elements<'p>, &[Index], &Index, &[ValueId]) -> Vec<ValueId>;

/// Makes the next states of all lines at a turn of a loop.
pub(super) type Round<'a, 'p> = &'a mut dyn FnMut(&mut Elements<'p>, &Index, &States) -> States;

impl<'p> Scan<'p> {
    /// States of lines, of these dtypes: what `init` makes of those `beside` them.
    pub(super) fn with_states<R>(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        (dtypes, beside): (&[DType], &States),
        init: Step<'_, 'p>,
        body: impl FnOnce(&mut Elements<'p>, States) -> R,
    ) -> Option<R> {
        let nothing = self.no_states(lines);
        if lines.panel.is_none() {
            let states = self.each(elements, lines, (&nothing, beside), init);
            return Some(body(elements, states));
        }
        self.with_rows(elements, lines, (dtypes, Vec::new()), |elements, rows| {
            let rows = States::Rows(rows);
            self.each_into(elements, lines, (&nothing, beside), &rows, init);
            body(elements, rows)
        })
    }

    /// States of no kind.
    pub(super) fn no_states(&self, lines: &Lines) -> States {
        match lines.panel {
            Some(_) => States::Rows(Vec::new()),
            None => States::Values(Vec::new()),
        }
    }

    fn with_rows<R>(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        (dtypes, mut rows): (&[DType], Vec<MemId>),
        body: impl FnOnce(&mut Elements<'p>, Vec<MemId>) -> R,
    ) -> Option<R> {
        let (Some(panel), Some(&dtype)) = (&lines.panel, dtypes.get(rows.len())) else {
            return Some(body(elements, rows));
        };
        let lanes = panel.vectors * u64::from(panel.segment.width);
        let ty = Type::new(dtype, Shape::new([lanes]));
        let number = self.rows.get();
        self.rows.set(number + 1);
        let mut result = None;
        let builder = self.builder.clone();
        builder.local(format!("row{number}"), ty, Space::Private, |row| {
            rows.push(row);
            result = self.with_rows(elements, lines, (dtypes, rows), body);
        });
        result
    }

    /// Takes each line or vector from its states, and what is beside them, to its next states.
    pub(super) fn each(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        (states, beside): (&States, &States),
        step: Step<'_, 'p>,
    ) -> States {
        self.each_into(elements, lines, (states, beside), states, step)
    }

    fn each_into(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        (states, beside): (&States, &States),
        into: &States,
        step: Step<'_, 'p>,
    ) -> States {
        let (States::Rows(rows), States::Rows(others), States::Rows(into)) = (states, beside, into)
        else {
            let values = [states, beside]
                .into_iter()
                .flat_map(|states| match states {
                    States::Values(values) => values.as_slice(),
                    States::Rows(_) => &[],
                });
            let values: Vec<ValueId> = values.copied().collect();
            return States::Values(step(elements, &lines.at, &values));
        };
        let Some(panel) = &lines.panel else {
            self.builder.fail("rows of states belong to a panel");
            return states.clone();
        };
        let builder = self.builder.clone();
        let form = elements.lanes.form();
        builder.for_each(ForRange::upto(panel.vectors), |vector| {
            elements.enter(&vector, panel.vectors);
            let mut at = lines.at.clone();
            if let Some(last) = at.last_mut() {
                *last = panel.segment.column(&panel.first.add(&vector));
            }
            let place = vector.scale(panel.segment.width.into());
            let access = |&row: &MemId| {
                let subscript = match panel.segment.width {
                    1 => Subscript::At(place.clone()),
                    _ => Subscript::Span(place.clone()),
                };
                Access::new(row, vec![subscript])
            };
            let loaded = rows.iter().chain(others);
            let loaded: Vec<ValueId> = loaded
                .map(|row| builder.load_form(access(row), form, None))
                .collect();
            let next = step(elements, &at, &loaded);
            if next.len() != into.len() {
                builder.fail("a step along lines yields another number of states");
            }
            for (row, value) in into.iter().zip(next) {
                builder.store(access(row), value);
            }
            elements.leave();
        });
        States::Rows(into.clone())
    }

    /// A sequential loop that takes all lines from state to state.
    pub(super) fn rounds(
        &self,
        elements: &mut Elements<'p>,
        length: u64,
        states: &States,
        body: Round<'_, 'p>,
    ) -> States {
        let range = ForRange::upto(length);
        let inits = match states {
            States::Values(values) => values.as_slice(),
            States::Rows(_) => &[],
        };
        let (_, last) = self.builder.carry(range, inits, |turn, values| {
            elements.enter(&turn, length);
            let states = match states {
                States::Values(_) => States::Values(values.to_vec()),
                States::Rows(rows) => States::Rows(rows.clone()),
            };
            let next = body(elements, &turn, &states);
            elements.leave();
            match next {
                States::Values(values) => values,
                States::Rows(_) => Vec::new(),
            }
        });
        match states {
            States::Values(_) => States::Values(last),
            States::Rows(rows) => States::Rows(rows.clone()),
        }
    }

    /// A sequential loop that takes each line or vector from state to state.
    pub(super) fn run(
        &self,
        elements: &mut Elements<'p>,
        lines: &Lines,
        length: u64,
        (states, beside): (&States, &States),
        body: Turn<'_, 'p>,
    ) -> States {
        self.rounds(elements, length, states, &mut |elements, turn, states| {
            self.each(
                elements,
                lines,
                (states, beside),
                &mut |elements, line, values| body(elements, line, turn, values),
            )
        })
    }
}
