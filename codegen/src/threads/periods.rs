//! Loads that start again after a period, as those of a row beside the elements of a matrix that is gone through in
//! row-major order: lane by lane they lie next to each other, but for one place.
//!
//! A row of which more is read than would be copied is *continued*: at the start of the function, the kernel or a task,
//! it is copied to a private buffer, where it goes on from its start for as long as a vector, so that every vector lies
//! there without a break. Where a row is too long for that, it is decided for each vector whether it starts again
//! within it. Vectors whose pieces are adjacent in any case stay as they are, and so does what the kernel may change.
//!
//! Kernels with vectors by lanes are given before they are cut: a vector is then located once, and not piece by piece.

use super::cut::{form_of, pieces_of, register};
use super::rewrite::{Bounds, Draft, extent_of};
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{
    Access, Condition, ForRange, Form, Join, Kernel, MemId, Mode, Place, Region, SourceLine, Space,
    Stmt, Subscript, ValueId, ValueType,
};
use crate::target::Target;
use lgc_ir::index::{Atom, Guard, Index};

/// A row that is not continued, and so many times as long as a vector, is decided on for each vector: where it starts
/// again within one, the lanes are loaded one by one, and that must be rare. Not measured.
const VECTORS_OF_LONG: i64 = 8;

/// The kernel with loads that do not start again, where that pays.
///
/// # Errors
/// If a row is longer than vectors can be, which those that are continued are not.
pub(super) fn periods(kernel: &Kernel, target: &Target) -> Result<Kernel> {
    let (draft, body) = Draft::of(kernel);
    let mut periods = Periods {
        draft,
        bounds: Bounds::of(kernel),
        register: register(target),
        target,
        rows: Vec::new(),
    };
    let body = periods.function(body)?;
    Ok(periods.draft.finish(body))
}

struct Periods<'t> {
    draft: Draft,
    bounds: Bounds,
    /// The most elements of a piece.
    register: u32,
    target: &'t Target,
    /// The rows that loads of the function at hand start again in.
    rows: Vec<Row>,
}

/// Elements of a parameter that are read, by index along one axis.
#[derive(Clone, PartialEq, Eq)]
struct Line {
    memory: MemId,
    /// The subscripts; that of the axis is where the line begins.
    at: Vec<Index>,
    axis: usize,
    /// From element to element, along the axis.
    step: i64,
    /// How many elements there are.
    period: i64,
}

/// A line that loads start again in.
struct Row {
    line: Line,
    /// How many elements of it a call of the function reads, about.
    reads: i64,
    /// The lanes of the longest vector.
    lanes: u32,
    /// Where it is continued, if it is.
    buffer: Option<MemId>,
    /// The line of the first load.
    source: Option<SourceLine>,
}

/// A load that starts again.
struct Wrapped {
    line: Line,
    /// The place of the first lane in the line; that of the others is one more each, through the period to 0.
    place: Index,
    lanes: u32,
}

impl Row {
    /// The places of the buffer: the line, then what follows the last place a vector can begin at.
    fn places(&self) -> i64 {
        self.line.period + i64::from(self.lanes) - 1
    }
}

impl Periods<'_> {
    /// The body of the kernel or of its tasks, a function of its own.
    fn function(&mut self, body: Region) -> Result<Region> {
        let outer = std::mem::take(&mut self.rows);
        self.survey(&body, 1);
        self.allocate();
        let mut body = self.region(body)?;
        let own = std::mem::replace(&mut self.rows, outer);
        for row in own.iter().rev() {
            let Some(memory) = row.buffer else {
                continue;
            };
            let mut stmts = self.copy(row, memory)?;
            stmts.extend(body.stmts);
            let inside = Region { stmts };
            body = Region {
                stmts: vec![Stmt::Let {
                    memory,
                    body: inside,
                }],
            };
        }
        Ok(body)
    }

    fn region(&mut self, region: Region) -> Result<Region> {
        let mut stmts = Vec::with_capacity(region.stmts.len());
        for mut stmt in region.stmts {
            self.draft.at(&stmt);
            if let Stmt::Load {
                result,
                access,
                otherwise,
            } = &stmt
                && let Some(wrapped) = self.wrapped(*result, access)
                && let Some(load) = self.straight((*result, access, *otherwise), &wrapped)
            {
                stmts.push(load);
                continue;
            }
            let is_function = matches!(stmt, Stmt::Tasks { .. });
            for inner in stmt.regions_mut() {
                let body = std::mem::take(inner);
                *inner = match is_function {
                    true => self.function(body)?,
                    false => self.region(body)?,
                };
            }
            stmts.push(stmt);
        }
        Ok(Region { stmts })
    }

    // ------------------------------------------------------------------------------------ rows

    /// Notes the rows of a region that runs so many times, tasks apart.
    fn survey(&mut self, region: &Region, times: i64) {
        for stmt in &region.stmts {
            match stmt {
                Stmt::Load { result, access, .. } => {
                    if let Some(wrapped) = self.wrapped(*result, access) {
                        let source = self.draft.kernel.lines.of(*result);
                        self.note(wrapped, times, source);
                    }
                }
                Stmt::For { range, body, .. } => {
                    let length = range.high.sub(&range.low).as_constant();
                    let turns =
                        length.map_or(1, |length| length / range.step.saturating_abs().max(1));
                    self.survey(body, times.saturating_mul(turns.max(1)));
                }
                Stmt::Tasks { .. } => {}
                Stmt::Par { .. }
                | Stmt::Fold(_)
                | Stmt::If { .. }
                | Stmt::Let { .. }
                | Stmt::Compute { .. }
                | Stmt::Store { .. } => {
                    for inner in stmt.regions() {
                        self.survey(inner, times);
                    }
                }
            }
        }
    }

    fn note(&mut self, wrapped: Wrapped, times: i64, source: Option<SourceLine>) {
        let reads = times.saturating_mul(wrapped.lanes.into());
        let mut rows = self.rows.iter_mut();
        match rows.find(|row| row.line == wrapped.line) {
            Some(row) => {
                row.reads = row.reads.saturating_add(reads);
                row.lanes = row.lanes.max(wrapped.lanes);
            }
            None => self.rows.push(Row {
                line: wrapped.line,
                reads,
                lanes: wrapped.lanes,
                buffer: None,
                source,
            }),
        }
    }

    /// Makes room for the rows that are worth it.
    fn allocate(&mut self) {
        let mut left = self.target.row_bytes;
        for row in &mut self.rows {
            let places = row.places().unsigned_abs();
            let memory = &self.draft.kernel.memories[row.line.memory.index()];
            let dtype = memory.ty.dtype;
            let bytes = places.saturating_mul(dtype.size());
            let is_fixed = row.line.at.iter().all(|at| at.as_constant().is_some());
            let is_short = row.line.period <= self.target.costs.max_continued;
            if is_fixed && is_short && row.reads > row.places() && bytes <= left {
                left -= bytes;
                let name = format!("{}_continued", memory.name);
                let element = ValueType::scalar(dtype);
                row.buffer = Some(self.draft.buffer(&name, (places, element), Space::Private));
            }
        }
    }

    /// Copies a row: whole registers in a loop, then what is left of the line, then its start again.
    fn copy(&mut self, row: &Row, buffer: MemId) -> Result<Vec<Stmt>> {
        self.draft.at_line(row.source);
        let mut stmts = Vec::new();
        let register = i64::from(self.register);
        let period = row.line.period;
        let whole = period - period % register;
        if whole > 0 {
            let var = self.draft.var();
            let mut body = Vec::new();
            let point = var.to_index();
            self.transfer(row, buffer, (&point, &point), self.register, &mut body);
            stmts.push(Stmt::For {
                var,
                range: ForRange::span(0, whole, register),
                carried: Vec::new(),
                body: Region { stmts: body },
            });
        }
        let mut at = whole;
        while at < row.places() {
            // As far as the next start.
            let end = (at / period + 1).saturating_mul(period).min(row.places());
            let count = u32::try_from(end - at);
            let count =
                count.map_err(|_| Refusal("a row of 2³² elements and more is continued"))?;
            for (first, width) in pieces_of(count, self.register) {
                let to = at + i64::from(first);
                let places = (Index::constant(to % period), Index::constant(to));
                self.transfer(row, buffer, (&places.0, &places.1), width, &mut stmts);
            }
            at = end;
        }
        Ok(stmts)
    }

    /// Copies so many elements, from a place of the line to one of the buffer.
    fn transfer(
        &mut self,
        row: &Row,
        buffer: MemId,
        (from, to): (&Index, &Index),
        width: u32,
        stmts: &mut Vec<Stmt>,
    ) {
        let lane = match width {
            1 => Index::constant(0),
            _ => self.draft.lane().to_index(),
        };
        let dtype = self.draft.kernel.memories[buffer.index()].ty.dtype;
        let result = self.draft.value(ValueType {
            dtype,
            form: form_of(width),
        });
        stmts.push(Stmt::Load {
            result,
            access: Access::element(row.line.memory, row.line.element(&from.add(&lane))),
            otherwise: None,
        });
        stmts.push(Stmt::Store {
            access: Access::element(buffer, [to.add(&lane)]),
            value: result,
        });
    }

    // ----------------------------------------------------------------------------------- loads

    /// What a load does, if it starts again within pieces of its vector.
    fn wrapped(&mut self, result: ValueId, access: &Access) -> Option<Wrapped> {
        let Form::Vector(lanes) = self.draft.type_of(result).form else {
            return None;
        };
        let memory = self.draft.kernel.memories.get(access.memory.index())?;
        let lane = self.draft.kernel.lane?;
        if memory.place != Place::Param(Mode::In) || access.fault.is_some() {
            return None;
        }
        self.bounds.set(lane, (0, lanes.into()));
        let mut at = Vec::with_capacity(access.at.len());
        for subscript in &access.at {
            match subscript {
                Subscript::At(index) => at.push(index.simplify(self.bounds.all())),
                Subscript::Span(_) | Subscript::Value(_) => return None,
            }
        }
        let mut moving = at
            .iter()
            .enumerate()
            .filter(|(_, index)| index.mentions(lane.0));
        let (Some((axis, index)), None) = (moving.next(), moving.next()) else {
            return None;
        };
        let mut terms = index.terms().iter();
        let moves = |(atom, _): &&(Atom, i64)| Index::atom(atom.clone(), 1).mentions(lane.0);
        let (Some((atom, step)), None) = (terms.find(moves), terms.find(moves)) else {
            return None;
        };
        let Atom::Mod(inner, period) = atom else {
            return None;
        };
        let rest = inner.sub(&lane.to_index());
        // Lines are read whole, whatever a guard says.
        let is_inside = at.iter().enumerate().all(|(axis, index)| {
            let (low, end) = index.range(self.bounds.all());
            0 <= low && end <= extent_of(memory, axis)
        });
        if rest.mentions(lane.0) || !is_inside {
            return None;
        }
        let place = rest.modulo_within(*period, self.bounds.all());
        let (step, period) = (*step, *period);
        let start = index.sub(&Index::atom(atom.clone(), step));
        let moving = std::mem::replace(&mut at[axis], start);
        if self.is_adjacent(&moving, lanes) {
            return None;
        }
        let line = Line {
            memory: access.memory,
            at,
            axis,
            step,
            period,
        };
        Some(Wrapped { line, place, lanes })
    }

    /// Whether the elements of each piece of a vector lie at even distances in any case.
    fn is_adjacent(&mut self, index: &Index, lanes: u32) -> bool {
        let Some(lane) = self.draft.kernel.lane else {
            return true;
        };
        let mut pieces = pieces_of(lanes, self.register).into_iter();
        pieces.all(|(first, width)| {
            self.bounds.set(lane, (0, width.into()));
            let point = lane.to_index().add_constant(first.into());
            let piece = index.replace(&mut |var| (var == lane.0).then(|| point.clone()));
            let piece = piece.simplify(self.bounds.all());
            let step = piece.coefficient(lane.0);
            width == 1 || !piece.sub(&lane.to_index().scale(step)).mentions(lane.0)
        })
    }

    /// The load without a start again in its vector, if that pays.
    fn straight(
        &mut self,
        (result, access, otherwise): (ValueId, &Access, Option<ValueId>),
        wrapped: &Wrapped,
    ) -> Option<Stmt> {
        let lane = self.draft.lane().to_index();
        let there = wrapped.place.add(&lane);
        let mut rows = self.rows.iter();
        if let Some(buffer) = rows.find(|row| row.line == wrapped.line)?.buffer {
            return Some(Stmt::Load {
                result,
                access: Access {
                    memory: buffer,
                    at: vec![Subscript::At(there)],
                    ..access.clone()
                },
                otherwise,
            });
        }
        let lanes = i64::from(wrapped.lanes);
        if wrapped.line.period < VECTORS_OF_LONG.saturating_mul(lanes) {
            return None;
        }
        let ty = self.draft.type_of(result);
        let [then, each] = [(); 2].map(|()| self.draft.value(ty));
        let load = |result, at: Vec<Subscript>| Region {
            stmts: vec![Stmt::Load {
                result,
                access: Access {
                    at,
                    ..access.clone()
                },
                otherwise,
            }],
        };
        let straight = wrapped.line.element(&there).into_iter().map(Subscript::At);
        let last = wrapped.line.period - lanes;
        Some(Stmt::If {
            condition: Condition::Guard(Guard::within(wrapped.place.clone(), 0, last + 1)),
            then: load(then, straight.collect()),
            otherwise: load(each, access.at.clone()),
            joins: vec![Join {
                then,
                otherwise: each,
                result,
            }],
        })
    }
}

impl Line {
    /// The subscripts of an element.
    fn element(&self, place: &Index) -> Vec<Index> {
        let mut at = self.at.clone();
        at[self.axis] = at[self.axis].add(&place.scale(self.step));
        at
    }
}
