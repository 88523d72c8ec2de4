//! Loops with a `vec` directive, as vectors by lanes.
//!
//! The loop over whole vectors comes first. What is left over is one more vector in which the other lanes touch no
//! memory, where the target has masked accesses; else vectors down to half a register, and a loop over scalars.

use super::cut::register;
use super::rewrite::{Bounds, Draft, is_flat, quotient, rescale};
use super::widen::{Iterations, Widening};
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{Condition, Directive, ForRange, Kernel, Region, Stmt, VarId};
use crate::target::Target;
use lgc_ir::index::{Guard, Index};
use rustc_hash::FxHashMap;

/// Rests of fewer lanes stay scalar: they fill no register of 128 bits.
const LEAST_LANES: u32 = 4;

/// The kernel with its `vec` directives carried out, or dropped where a loop does more than compute scalars.
///
/// # Errors
/// None for verified kernels.
pub(super) fn vectorise(kernel: &Kernel, target: &Target) -> Result<Kernel> {
    let (draft, body) = Draft::of(kernel);
    let mut vectoriser = Vectoriser {
        draft,
        widths: FxHashMap::default(),
        bounds: Bounds::of(kernel),
        has_masks: target.has_masks,
        register: register(target),
    };
    for Directive::Vec(var, width) in std::mem::take(&mut vectoriser.draft.kernel.schedule) {
        vectoriser.widths.insert(var, width);
    }
    let body = vectoriser.region(body)?;
    Ok(vectoriser.draft.finish(body))
}

struct Vectoriser {
    draft: Draft,
    widths: FxHashMap<VarId, u32>,
    bounds: Bounds,
    has_masks: bool,
    /// The most lanes of a register.
    register: u32,
}

/// A loop that is cut into whole vectors and a rest.
struct Cut {
    /// The numbers of the vectors.
    vectors: ForRange,
    /// The point where vector 0 begins.
    offset: i64,
    /// The points of the rest, if there are any, and where there are.
    rest: Option<(i64, i64, Option<Guard>)>,
}

impl Vectoriser {
    fn region(&mut self, region: Region) -> Result<Region> {
        let mut stmts = Vec::with_capacity(region.stmts.len());
        for stmt in region.stmts {
            self.stmt(stmt, &mut stmts)?;
        }
        Ok(Region { stmts })
    }

    fn stmt(&mut self, mut stmt: Stmt, out: &mut Vec<Stmt>) -> Result<()> {
        if let Stmt::For {
            var,
            range,
            carried,
            body,
        } = &stmt
            && let Some(&width) = self.widths.get(var)
            && carried.is_empty()
            && width > 1
            && is_flat(&self.draft.kernel, body)
            && let Some(cut) = cut(range, i64::from(width))
        {
            return self.vectors(*var, width, body, cut, out);
        }
        for inner in stmt.regions_mut() {
            *inner = self.region(std::mem::take(inner))?;
        }
        out.push(stmt);
        Ok(())
    }

    fn vectors(
        &mut self,
        var: VarId,
        width: u32,
        body: &Region,
        cut: Cut,
        out: &mut Vec<Stmt>,
    ) -> Result<()> {
        let is_empty = matches!(cut.vectors.known(), Some((low, high, _)) if low >= high);
        if !is_empty {
            let number = self.draft.var();
            let mut vectors = Stmt::For {
                var: number,
                range: cut.vectors,
                carried: Vec::new(),
                body: Region::default(),
            };
            self.bounds.note(&vectors);
            let lanes = Iterations {
                var,
                count: width,
                first: number
                    .to_index()
                    .scale(width.into())
                    .add_constant(cut.offset),
                real: None,
            };
            let made = self.widened(lanes, body)?;
            if let Stmt::For { body, .. } = &mut vectors {
                *body = made;
            }
            rescale(&mut vectors, width.into());
            out.push(vectors);
        }
        let Some((low, high, place)) = cut.rest else {
            return Ok(());
        };
        let rest = self.rest(var, (low, high), body)?;
        match place {
            None => out.extend(rest.stmts),
            Some(place) => out.push(Stmt::If {
                condition: Condition::Guard(place),
                then: rest,
                otherwise: Region::default(),
                joins: Vec::new(),
            }),
        }
        Ok(())
    }

    /// The points that no whole vector takes.
    fn rest(&mut self, var: VarId, (low, high): (i64, i64), body: &Region) -> Result<Region> {
        let count = u32::try_from(high - low).map_err(|_| Refusal("a rest is too long"))?;
        let lanes = |count, real| Iterations {
            var,
            count,
            first: Index::constant(low),
            real,
        };
        if self.has_masks {
            let filled = match count < self.register {
                true => count.next_power_of_two(),
                false => count.next_multiple_of(self.register),
            };
            return self.widened(lanes(filled, (filled > count).then_some(count)), body);
        }
        let vectors = count - count % (self.register / 2).max(LEAST_LANES);
        let mut rest = match vectors {
            0 => Region::default(),
            _ => self.widened(lanes(vectors, None), body)?,
        };
        if vectors < count {
            rest.stmts.push(Stmt::For {
                var,
                range: ForRange::span(low + i64::from(vectors), high, 1),
                carried: Vec::new(),
                body: body.clone(),
            });
        }
        Ok(rest)
    }

    fn widened(&mut self, lanes: Iterations, body: &Region) -> Result<Region> {
        let mut widening = Widening::new(&mut self.draft, &self.bounds, lanes);
        widening.region(body)?;
        let stmts = widening.finish();
        Ok(Region { stmts })
    }
}

/// Where whole vectors lie in a loop, if it is known.
fn cut(range: &ForRange, width: i64) -> Option<Cut> {
    if range.step != 1 || range.until.is_some() {
        return None;
    }
    if let Some((low, high, _)) = range.known() {
        let count = high.saturating_sub(low).max(0) / width;
        let middle = low + count * width;
        return Some(Cut {
            vectors: ForRange::span(0, count, 1),
            offset: low,
            rest: (middle < high).then_some((middle, high, None)),
        });
    }
    // A block of a longer loop: blocks begin at multiples, and only the last one may be cut short.
    let length = range.high.sub(&range.low).as_constant()?;
    let low = quotient(&range.low, width)?;
    if length % width != 0 {
        return None;
    }
    let mut vectors = ForRange::new(low.clone(), low.add_constant(length / width), 1);
    vectors.below = range.below.map(|end| end.div_euclid(width));
    let rest = range.below.and_then(|end| {
        let middle = end.div_euclid(width) * width;
        // The rest belongs to the block in which it begins.
        let place = Guard::within(Index::constant(middle).sub(&range.low), 0, length);
        (middle < end).then_some((middle, end, Some(place)))
    });
    Some(Cut {
        vectors,
        offset: 0,
        rest,
    })
}
