//! Loops that accumulate tiles or vectors, with their body repeated.
//!
//! Where a loop hands its tiles on, back ends may have to move them. They stay where they are between repetitions of
//! the body: whole rounds of repetitions come first, then a loop over the rest. How many pay is up to the target.
//!
//! A loop along the rows of a matrix that reads vectors across them is repeated as often as a register has lanes: what
//! a repetition reads together are whole squares of the matrix, which a back end may load row by row.
//!
//! Loops with `clip` inside are left alone: tiles at the edges are few, and their code is long. Ends are constants, so
//! that accesses are seen to lie inside in each repetition.

use super::cut::register;
use super::rewrite::{Draft, Renames, accumulates};
use crate::backend::refusal::Result;
use crate::kernel::{Carried, ForRange, Kernel, Region, Stmt, Subscript, ValueId, VarId};
use crate::target::Target;

/// The kernel with repeated bodies.
///
/// # Errors
/// None for verified kernels.
pub(super) fn repeat(kernel: &Kernel, target: &Target) -> Result<Kernel> {
    let (draft, body) = Draft::of(kernel);
    let mut repeater = Repeater {
        draft,
        tiles: i64::from(target.costs.tile_repetitions),
        squares: i64::from(register(target)),
    };
    let body = repeater.region(body);
    Ok(repeater.draft.finish(body))
}

struct Repeater {
    draft: Draft,
    /// How often bodies are there that accumulate tiles.
    tiles: i64,
    /// And those that read across rows.
    squares: i64,
}

/// A loop over known points.
struct Loop<'s> {
    var: VarId,
    ends: (i64, i64, i64),
    carried: &'s [Carried],
    body: &'s Region,
    /// How often its body is to be there.
    count: i64,
}

impl Repeater {
    fn region(&mut self, region: Region) -> Region {
        let mut stmts = Vec::with_capacity(region.stmts.len());
        for mut stmt in region.stmts {
            for inner in stmt.regions_mut() {
                *inner = self.region(std::mem::take(inner));
            }
            match self.repeatable(&stmt).and_then(|found| self.rounds(&found)) {
                Some(loops) => stmts.extend(loops),
                None => stmts.push(stmt),
            }
        }
        Region { stmts }
    }

    /// The loop over whole rounds and that over the rest, if there is a whole round.
    fn rounds(&mut self, found: &Loop<'_>) -> Option<Vec<Stmt>> {
        let (low, high, step) = found.ends;
        let length = high.checked_sub(low).filter(|&length| length > 0)?;
        let turns = length.checked_add(step - 1)? / step;
        let rounds = turns / found.count.max(1);
        if found.count < 2 || rounds == 0 {
            return None;
        }
        let stride = step.checked_mul(found.count)?;
        let middle = low.checked_add(rounds.checked_mul(stride)?)?;
        let mut carried = found.carried.to_vec();
        let mut latest: Vec<ValueId> = carried.iter().map(|carried| carried.state).collect();
        let mut body = Region::default();
        for turn in 0..found.count {
            let mut renames = Renames::default();
            let point = found.var.to_index().add_constant(turn * step);
            renames.vars.insert(found.var.0, point);
            renames.rename(carried.iter().map(|c| c.state), latest);
            body.stmts
                .extend(self.draft.copy(found.body, &mut renames).stmts);
            latest = carried.iter().map(|c| renames.of(c.next)).collect();
        }
        for (carried, next) in carried.iter_mut().zip(latest) {
            carried.next = next;
        }
        let has_rest = middle < high;
        let mut rest = found.carried.to_vec();
        if has_rest {
            for (whole, rest) in carried.iter_mut().zip(&mut rest) {
                whole.result = self.draft.value(self.draft.type_of(whole.result));
                rest.init = whole.result;
            }
        }
        let mut loops = vec![Stmt::For {
            var: found.var,
            range: ForRange::span(low, if has_rest { middle } else { high }, stride),
            carried,
            body,
        }];
        if has_rest {
            loops.push(self.rest(found, rest, (middle, high, step)));
        }
        Some(loops)
    }

    fn rest(
        &mut self,
        found: &Loop<'_>,
        mut carried: Vec<Carried>,
        (middle, high, step): (i64, i64, i64),
    ) -> Stmt {
        let var = self.draft.var();
        let mut renames = Renames::default();
        renames.vars.insert(found.var.0, var.to_index());
        for carried in &mut carried {
            let state = self.draft.value(self.draft.type_of(carried.state));
            renames.values.insert(carried.state, state);
            carried.state = state;
        }
        let body = self.draft.copy(found.body, &mut renames);
        for carried in &mut carried {
            carried.next = renames.of(carried.next);
        }
        Stmt::For {
            var,
            range: ForRange::span(middle, high, step),
            carried,
            body,
        }
    }

    /// A loop between known ends that accumulates tiles which lie inside, or what it reads across rows.
    fn repeatable<'s>(&self, stmt: &'s Stmt) -> Option<Loop<'s>> {
        let Stmt::For {
            var,
            range,
            carried,
            body,
        } = stmt
        else {
            return None;
        };
        let is_clipped = |stmt: &Stmt| stmt.access().is_some_and(|access| access.clip);
        if body.stmts.iter().any(is_clipped) {
            return None;
        }
        let count = if accumulates(carried, body) {
            self.tiles
        } else if range.step == 1 && reads_across(*var, carried, body) {
            self.squares
        } else {
            return None;
        };
        Some(Loop {
            var: *var,
            ends: range.known()?,
            carried,
            body,
            count,
        })
    }
}

/// Whether a loop carries values along the rows of a matrix, of which it loads one vector after another, each across the
/// rows.
fn reads_across(var: VarId, carried: &[Carried], body: &Region) -> bool {
    let is_across = |stmt: &Stmt| {
        let Stmt::Load { access, .. } = stmt else {
            return false;
        };
        let Some((Subscript::At(last), others)) = access.at.split_last() else {
            return false;
        };
        let spans = |subscript: &Subscript| matches!(subscript, Subscript::Span(_));
        let moves = |subscript: &Subscript| match subscript {
            Subscript::At(index) | Subscript::Span(index) => index.mentions(var.0),
            Subscript::Value(_) => true,
        };
        let along = last.sub(&var.to_index());
        others.iter().any(spans) && !others.iter().any(moves) && !along.mentions(var.0)
    };
    !carried.is_empty()
        && body
            .stmts
            .iter()
            .all(|stmt| stmt.regions().next().is_none())
        && body.stmts.iter().any(is_across)
}
