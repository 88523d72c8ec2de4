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
    parts: Vec<Part>,
}

/// Those of one length.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) segment: Segment,
    /// The first vector.
    pub(super) first: Index,
    /// The number of vectors.
    pub(super) vectors: u64,
}

impl Part {
    pub(super) fn lanes(&self) -> u64 {
        self.vectors * u64::from(self.segment.width)
    }
}

impl Lines {
    /// A line, or a vector of lines.
    pub(super) fn one(at: Vec<Index>) -> Self {
        Lines { at, panel: None }
    }

    /// Vectors of lines, those of one length after the other.
    pub(super) fn panel(at: Vec<Index>, parts: Vec<Part>) -> Self {
        let panel = Some(Panel { parts });
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
        let lanes: u64 = panel.parts.iter().map(Part::lanes).sum();
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
        let outside = elements.lanes;
        let mut before = 0;
        for part in &panel.parts {
            elements.lanes = part.segment.lanes();
            let rows = (rows.as_slice(), others.as_slice(), into.as_slice());
            self.each_of(elements, (lines, part, before), rows, step);
            before += part.lanes();
        }
        elements.lanes = outside;
        States::Rows(into.clone())
    }

    /// The same for vectors of one length, which come after so many lanes of a row of states.
    fn each_of(
        &self,
        elements: &mut Elements<'p>,
        (lines, part, before): (&Lines, &Part, u64),
        (rows, others, into): (&[MemId], &[MemId], &[MemId]),
        step: Step<'_, 'p>,
    ) {
        let builder = self.builder.clone();
        let form = elements.lanes.form();
        elements.nest(false, &[part.vectors], 1, &mut |elements, vector| {
            let mut at = lines.at.clone();
            if let Some(last) = at.last_mut() {
                *last = part.segment.column(&part.first.add(&vector[0]));
            }
            let place = vector[0].scale(part.segment.width.into());
            let place = place.add_constant(before as i64);
            let access = |&row: &MemId| {
                let subscript = match part.segment.width {
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
        });
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

    /// How many steps are taken at once: several along the lines of a panel, whose rows of states are then read and
    /// written less often. Narrow rows are read as one stream of memory instead, and where steps are long, registers
    /// hold no more of them.
    fn steps_at_once(&self, lines: &Lines) -> u64 {
        let costs = &self.plan.target.costs;
        let Some(panel) = &lines.panel else {
            return 1;
        };
        let lanes: u64 = panel.parts.iter().map(Part::lanes).sum();
        let is_wide = 2 * lanes * self.ty.dtype.compute().size() >= costs.panel_bytes;
        match is_wide && self.work < costs.heavy.into() {
            true => costs.panel_steps,
            false => 1,
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
        let at_once = self.steps_at_once(lines);
        let mut steps = |elements: &mut Elements<'p>, first: &Index, count: u64, from: &States| {
            let carried = from.len();
            self.each(
                elements,
                lines,
                (from, beside),
                &mut |elements, line, values| {
                    let (states, beside) = values.split_at(carried.min(values.len()));
                    let mut states = states.to_vec();
                    for step in 0..count {
                        let turn = first.add_constant(step as i64);
                        let values = [states.as_slice(), beside].concat();
                        states = body(elements, line, &turn, &values);
                    }
                    states
                },
            )
        };
        let (rounds, rest) = (length / at_once, length % at_once);
        let mut states = states.clone();
        if rounds > 0 {
            states = self.rounds(elements, rounds, &states, &mut |elements, round, states| {
                steps(elements, &round.scale(at_once as i64), at_once, states)
            });
        }
        if rest > 0 {
            let first = Index::constant((rounds * at_once) as i64);
            states = steps(elements, &first, rest, &states);
        }
        states
    }
}

impl States {
    fn len(&self) -> usize {
        match self {
            States::Values(values) => values.len(),
            States::Rows(rows) => rows.len(),
        }
    }
}
