//! Folds as loops.
//!
//! Extent, lanes and chunks of a fold are constants. A fold of scalars with a straight-line body keeps its lanes in
//! vectors and takes as many elements at once; those that are left over, fewer than the lanes and in the last chunk
//! only, are taken by masked vectors, or one by one with the lanes in memory where the target has no masks. Lanes of
//! other folds are in memory throughout. Chunks are a loop. What they come to is merged as they come, like a binary
//! counter: the state of 2ᵏ chunks waits at level k until there is another of its size. That is the tree of
//! neighbours, in as many places as it has levels. Where the chunks are worth it they are a parallel loop, of which an
//! iteration takes a number of them that is a power of two, so that it computes a subtree.

mod chunks;
mod lanes;
mod memory;

use super::rewrite::{Bounds, Draft, Renames, has_faults, is_flat, state_types, turns};
use crate::backend::refusal::{Result, signed};
use crate::kernel::{
    Access, Carried, Fold, ForRange, Form, Kernel, MemId, Region, Stmt, Subscript, ValueId,
    ValueType,
};
use crate::target::{Costs, Target};
use lgc_ir::index::Index;

/// The kernel with loops in place of its folds.
///
/// # Errors
/// If a fold has more than 2⁶³ elements, which none has in a verified kernel.
pub(super) fn unfold(kernel: &Kernel, target: &Target) -> Result<Kernel> {
    let (draft, body) = Draft::of(kernel);
    let mut unfolder = Unfolder {
        draft,
        bounds: Bounds::of(kernel),
        results: Renames::default(),
        buffers: Vec::new(),
        has_masks: target.has_masks,
        costs: &target.costs,
    };
    let mut body = unfolder.scope(body, false)?;
    body.visit_ids(&mut unfolder.results);
    Ok(unfolder.draft.finish(body))
}

struct Unfolder<'t> {
    costs: &'t Costs,
    draft: Draft,
    bounds: Bounds,
    /// What the results of folds are called now.
    results: Renames,
    /// Buffers that the scope at hand needs.
    buffers: Vec<MemId>,
    has_masks: bool,
}

/// The elements of a chunk, or of the whole fold.
struct Chunk {
    /// Its number, if there are several.
    number: Option<Index>,
}

/// The states of a fold, by component.
type States = Vec<ValueId>;

type Out = Vec<Stmt>;

impl Unfolder<'_> {
    /// A region whose private buffers lie around it: the body of the kernel, or of a parallel loop.
    fn scope(&mut self, region: Region, is_parallel: bool) -> Result<Region> {
        let outer = std::mem::take(&mut self.buffers);
        let region = self.region(region, is_parallel)?;
        Ok(self.enclosed(region, outer))
    }

    /// A region in the scope of the buffers that it needs; those that are needed around it are `outer`.
    fn enclosed(&mut self, region: Region, outer: Vec<MemId>) -> Region {
        let own = std::mem::replace(&mut self.buffers, outer);
        own.into_iter().rev().fold(region, |body, memory| Region {
            stmts: vec![Stmt::Let { memory, body }],
        })
    }

    fn region(&mut self, region: Region, is_parallel: bool) -> Result<Region> {
        let mut out = Vec::with_capacity(region.stmts.len());
        for mut stmt in region.stmts {
            self.draft.at(&stmt);
            match stmt {
                Stmt::Fold(fold) => {
                    let faulty = has_faults(&Stmt::Fold(fold.clone()));
                    self.fold(*fold, is_parallel || faulty, &mut out)?;
                    continue;
                }
                Stmt::Par { ref mut body, .. } => *body = self.scope(std::mem::take(body), true)?,
                Stmt::Tasks { .. }
                | Stmt::For { .. }
                | Stmt::If { .. }
                | Stmt::Let { .. }
                | Stmt::Compute { .. }
                | Stmt::Load { .. }
                | Stmt::Store { .. } => {
                    for inner in stmt.regions_mut() {
                        *inner = self.region(std::mem::take(inner), is_parallel)?;
                    }
                }
            }
            out.push(stmt);
        }
        Ok(Region { stmts: out })
    }

    fn fold(&mut self, mut fold: Fold, is_parallel: bool, out: &mut Out) -> Result<()> {
        // What folds inside are worth is seen before they are loops.
        let block = self.block_of_task(&fold);
        // Folds inside are unfolded first, in the copies that are made of the body.
        fold.body = self.region(fold.body, true)?;
        let count = fold.chunks();
        let states = match (count, block) {
            (0 | 1, _) => self.chunk(&fold, &Chunk { number: None }, out)?,
            (_, Some(block)) if !is_parallel => self.shared(&fold, block, out)?,
            (_, Some(_) | None) => {
                let first = Index::constant(0);
                self.chunks(&fold, (&first, count), out)?
            }
        };
        let results = fold.states.iter().map(|state| state.result);
        self.results.rename(results, states);
        Ok(())
    }

    /// How many chunks a task takes, a power of two, if they are worth handing out.
    fn block_of_task(&self, fold: &Fold) -> Option<u64> {
        let chunk = fold.chunk.saturating_mul(turns(&fold.body));
        let enough = self.costs.fold_task.div_ceil(chunk.max(1));
        let few = fold.chunks().div_ceil(self.costs.max_tasks.max(1));
        let block = enough.max(few).max(1).checked_next_power_of_two()?;
        let tasks = fold.chunks().div_ceil(block);
        (fold.chunks() > 1 && fold.extent > 0 && tasks >= self.costs.fold_tasks).then_some(block)
    }

    // ------------------------------------------------------------------------------ one chunk

    /// The state of a chunk, merged over its lanes.
    fn chunk(&mut self, fold: &Fold, chunk: &Chunk, out: &mut Out) -> Result<States> {
        if fold.lanes <= 1 {
            return self.sequence(fold, chunk, out);
        }
        let types = state_types(&self.draft, fold);
        let are_scalars = types.iter().all(|ty| ty.form == Form::Scalar);
        match are_scalars
            && fold.lanes <= self.costs.max_width
            && is_flat(&self.draft.kernel, &fold.body)
        {
            true => self.in_vectors(fold, chunk, out),
            false => self.in_memory(fold, chunk, out),
        }
    }

    /// The elements of a chunk.
    fn elements(fold: &Fold, chunk: &Chunk) -> Result<ForRange> {
        let end = signed(fold.extent)?;
        let Some(number) = &chunk.number else {
            return Ok(ForRange::span(0, end, 1));
        };
        let length = signed(fold.chunk)?;
        let start = number.scale(length);
        let mut range = ForRange::new(start.clone(), start.add_constant(length), 1);
        range.below = (end % length != 0).then_some(end);
        Ok(range)
    }

    /// A loop over the elements of a chunk, each taken into one state.
    fn sequence(&mut self, fold: &Fold, chunk: &Chunk, out: &mut Out) -> Result<States> {
        let range = Self::elements(fold, chunk)?;
        let mut carried = Vec::new();
        for state in &fold.states {
            let result = self.draft.value(self.draft.type_of(state.state));
            carried.push(Carried {
                init: state.init,
                state: state.state,
                next: state.next,
                result,
            });
        }
        let results = carried.iter().map(|carried| carried.result).collect();
        out.push(Stmt::For {
            var: fold.var,
            range,
            carried,
            body: fold.body.clone(),
        });
        Ok(results)
    }

    /// What a copy of the merge region makes of an earlier and a later state.
    fn merged(
        &mut self,
        fold: &Fold,
        left: &[ValueId],
        right: &[ValueId],
        out: &mut Out,
    ) -> States {
        let mut renames = Renames::default();
        renames.rename(fold.states.iter().map(|s| s.left), left.iter().copied());
        renames.rename(fold.states.iter().map(|s| s.right), right.iter().copied());
        let copy = self.draft.copy(&fold.merge, &mut renames);
        out.extend(copy.stmts);
        fold.states.iter().map(|s| renames.of(s.merged)).collect()
    }
}

/// Where a value of a type is in a buffer that has a place for each.
fn place(memory: MemId, at: Subscript, ty: ValueType) -> Access {
    let spans = (0..ty.form.rank()).map(|_| Subscript::Span(Index::constant(0)));
    Access::new(memory, std::iter::once(at).chain(spans).collect())
}
