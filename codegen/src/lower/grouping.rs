//! Which floats are added before which.
//!
//! Sums of floats depend on their order, so the order is part of what lgc promises: it follows from
//! extents alone, never from the target, from threads, or from what else a kernel computes. No chain of
//! additions or multiply-adds is longer than [`CHAIN`]; a longer one is cut at multiples of a fixed
//! length, the pieces start from zero, and what they come to is added as a tree of neighbours.
//!
//! | what | order |
//! |---|---|
//! | folds along memory | the last folded axes, as many as have [`LINE`] elements, are a *line*: [`lanes`] interleaved partial results, cut at multiples of [`CHUNK`]; lines are added as a tree |
//! | folds across memory (the last axis is not folded) | in order, cut so that at most [`COLUMN`] follow one another |
//! | contractions | in order, cut so that at most [`CHAIN`] follow one another |
//! | prefix sums | lines of at most [`CHAIN`] in order, others in blocks of [`BLOCK`] elements; what comes before a block is the prefix sum of what blocks come to (in [`BLOCK_LANES`] lanes), in blocks of [`BLOCKS`] |
//! | prefix products and recurrences | in blocks of [`CHAIN`] elements, each in order from what comes before it; that is composed of what whole blocks come to, and blocks of as many blocks, where their product keeps its digits |
//! | scatters | the first [`CHAIN`] updates of an element in order, then the next, and so on; these sums in order |
//!
//! Over several axes, a piece is as many of the last axes as fit, then a number of elements of the axis before
//! them; each element of the axes before that begins pieces of its own ([`Pieces`]).

use crate::kernel::{Condition, FoldShape, ForRange, KernelBuilder, ValueId};
use crate::lower::emit::element::Elements;
use lgc_ir::index::{Guard, Index};

/// The most multiply-adds that follow one another. Of 2²⁵ ones a single chain makes 2²⁴ in f32; so cut, sums of
/// random numbers are right to 10⁻⁷. Loops over fewer would load and store tiles more often.
pub(super) const CHAIN: u64 = 512;

/// The most rows that are added to a column one after the other. 5·10⁶ times 0.0005 in f32 is then off
/// by 5·10⁻⁷, of numbers that are not all alike by less; with 512 it is 6·10⁻⁶.
pub(super) const COLUMN: u64 = 128;

/// The elements of a chunk of a line: in [`LANES`] lanes, as many follow one another as in a column.
pub(super) const CHUNK: u64 = LANES as u64 * COLUMN;

/// The most lanes: as many as a warp has, and two registers of 512 bits, whose additions then overlap.
const LANES: u32 = 32;

/// A line has at least this many elements, if there are so many: merging lanes then costs little beside them.
pub(super) const LINE: u64 = 256;

/// The elements of a block of a prefix scan. Equal numbers are the worst there are: the last sum of
/// 5·10⁶ times 0.0005 in f32 is then off by 3·10⁻⁷, with 64 it is 10⁻⁶.
pub(super) const BLOCK: u64 = 32;

/// The interleaved partial results of what a block of a prefix sum comes to: one register, or as many lines.
pub(super) const BLOCK_LANES: u32 = 4;

/// The blocks of a block of a prefix scan.
pub(super) const BLOCKS: u64 = 16;

/// So many blocks need no blocks of their own.
pub(super) const FEW_BLOCKS: u64 = 64;

/// The interleaved partial results of a line, by its length.
pub(super) fn lanes(extent: u64) -> u32 {
    match extent {
        0..8 => 1,
        8..16 => 4,
        16..32 => 8,
        32..64 => 16,
        _ => LANES,
    }
}

/// The shape of the fold of a line.
pub(super) fn line(extent: u64) -> FoldShape {
    FoldShape {
        extent,
        lanes: lanes(extent),
        chunk: extent.clamp(1, CHUNK),
    }
}

/// How many of the last axes are a line.
pub(super) fn axes_of_line(extents: &[u64]) -> usize {
    let mut elements = 1u64;
    let mut count = 0;
    for &extent in extents.iter().rev() {
        if elements >= LINE {
            break;
        }
        elements = elements.saturating_mul(extent);
        count += 1;
    }
    count
}

/// How the points of some axes, in row-major order, are cut into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    /// The axis that is cut. Those after it lie in pieces whole.
    axis: usize,
    /// How many elements of that axis a piece has.
    length: u64,
}

impl Pieces {
    /// Pieces of at most `limit` points.
    pub(super) fn of(extents: &[u64], limit: u64) -> Self {
        let mut points = 1u64;
        for (axis, &extent) in extents.iter().enumerate().rev() {
            let more = points.saturating_mul(extent);
            if more > limit {
                let length = (limit / points.max(1)).max(1);
                return Pieces { axis, length };
            }
            points = more;
        }
        let length = extents.first().copied().unwrap_or(1).max(1);
        Pieces { axis: 0, length }
    }

    /// The number of axes before the one that is cut.
    pub(super) fn apart(self) -> usize {
        self.axis
    }

    /// Whether one piece holds everything.
    pub(super) fn are_one(self, extents: &[u64]) -> bool {
        self.axis == 0 && self.cut(extents).pieces() == 1
    }

    /// How the axis that is cut is.
    pub(super) fn cut(self, extents: &[u64]) -> Cut {
        let extent = extents.get(self.axis).copied().unwrap_or(1);
        let length = self.length.min(extent).max(1);
        Cut {
            whole: extent / length,
            length,
            rest: extent % length,
        }
    }
}

/// How an axis is cut: into `whole` pieces of `length` elements, and one of `rest` elements if there are any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) whole: u64,
    pub(super) length: u64,
    pub(super) rest: u64,
}

impl Cut {
    /// How many pieces there are.
    pub(super) fn pieces(self) -> u64 {
        self.whole + u64::from(self.rest > 0)
    }
}

/// What emits elements, and maybe more.
pub(super) trait Emits<'p> {
    /// What elements are emitted with.
    fn elements(&mut self) -> &mut Elements<'p>;
}

impl<'p> Emits<'p> for Elements<'p> {
    fn elements(&mut self) -> &mut Elements<'p> {
        self
    }
}

/// Takes a point into states.
pub(super) type Step<'a, E> = &'a mut dyn FnMut(&mut E, &[Index], &[ValueId]) -> Vec<ValueId>;

/// Yields the state of a piece, given the coordinates along the axes before the one that is cut, and its number.
pub(super) type Part<'a, E> = &'a mut dyn FnMut(&mut E, &mut Vec<Index>, Index) -> Vec<ValueId>;

/// Yields the state of all pieces, given the coordinates along the axes before the one that is cut.
type Leaf<'a, E> = &'a mut dyn FnMut(&mut E, &mut Vec<Index>) -> Vec<ValueId>;

/// What a turn of a loop makes of states.
type Turn<'a, E> = &'a mut dyn FnMut(&mut E, Index, &[ValueId]) -> Vec<ValueId>;

/// Joins an earlier and a later state.
pub(super) type Join<'a, E> = &'a dyn Fn(&mut E, &[ValueId], &[ValueId]) -> Vec<ValueId>;

/// A fold over the points of some axes, in pieces.
pub(super) struct InPieces<'a, 'p, E: Emits<'p>> {
    pub(super) extents: &'a [u64],
    pub(super) pieces: Pieces,
    /// What each piece starts from.
    pub(super) start: &'a [ValueId],
    /// What joins with others without changing them.
    pub(super) neutral: &'a [ValueId],
    pub(super) join: Join<'a, E>,
    /// How many whole pieces are gone through at once, so that they need not wait for themselves; a power of two.
    pub(super) at_once: u64,
    pub(super) builder: KernelBuilder,
    pub(super) life: std::marker::PhantomData<&'p E>,
}

impl<'p, E: Emits<'p>> InPieces<'_, 'p, E> {
    /// Emits the fold; the final states.
    pub(super) fn emit(&self, emitter: &mut E, step: Step<'_, E>) -> Vec<ValueId> {
        let mut inside = self.extents.iter().skip(self.pieces.axis + 1);
        let is_joint = self.at_once > 1
            && self.pieces.cut(self.extents).whole >= self.at_once
            && !self.extents.contains(&0)
            && inside.all(|&extent| extent == 1);
        if is_joint {
            return self.apart(emitter, &mut Vec::new(), &mut |emitter, point| {
                self.cut_jointly(emitter, point, step)
            });
        }
        self.emit_tree(emitter, &mut |emitter, point, piece| {
            self.piece(emitter, point, piece, step)
        })
    }

    /// Emits what joins the states of pieces, which `part` yields; the final states.
    pub(super) fn emit_tree(&self, emitter: &mut E, part: Part<'_, E>) -> Vec<ValueId> {
        if self.extents.contains(&0) {
            return self.start.to_vec();
        }
        self.apart(emitter, &mut Vec::new(), &mut |emitter, point| {
            self.cut(emitter, point, part)
        })
    }

    /// The axes before the one that is cut.
    fn apart(&self, emitter: &mut E, point: &mut Vec<Index>, cut: Leaf<'_, E>) -> Vec<ValueId> {
        let depth = point.len();
        if depth == self.pieces.axis {
            return cut(emitter, point);
        }
        let extent = self.extents[depth];
        self.tree(emitter, extent, &mut |emitter, index| {
            point.push(index);
            let state = self.apart(emitter, point, cut);
            point.pop();
            state
        })
    }

    /// The pieces of the axis that is cut, several at once: neighbours, whose sum is one node of the tree.
    fn cut_jointly(
        &self,
        emitter: &mut E,
        point: &mut Vec<Index>,
        step: Step<'_, E>,
    ) -> Vec<ValueId> {
        let cut = self.pieces.cut(self.extents);
        let (joint, others) = (cut.whole / self.at_once, cut.whole % self.at_once);
        let has_others = others > 0 || cut.rest > 0;
        self.tree(
            emitter,
            joint + u64::from(has_others),
            &mut |emitter, number| {
                let first = number.scale(self.at_once as i64);
                if !has_others {
                    return self.neighbours(emitter, point, (&first, self.at_once, 0), step);
                }
                let is_whole = Guard::within(number, 0, joint as i64);
                // Both sides need all of these, one after the other.
                let all = std::cell::RefCell::new((emitter, &mut *point, &mut *step));
                let side = |count: u64, rest: u64| {
                    let (emitter, point, step) = &mut *all.borrow_mut();
                    emitter.elements().enter(&Index::constant(0), 1);
                    let states = self.neighbours(*emitter, point, (&first, count, rest), *step);
                    emitter.elements().leave();
                    states
                };
                let (whole, last) = (|| side(self.at_once, 0), || side(others, cut.rest));
                self.builder.branch(Condition::Guard(is_whole), whole, last)
            },
        )
    }

    /// What so many whole pieces from one on come to, with a shorter one of `rest` points after them if there are any.
    fn neighbours(
        &self,
        emitter: &mut E,
        point: &mut Vec<Index>,
        (first, count, rest): (&Index, u64, u64),
        step: Step<'_, E>,
    ) -> Vec<ValueId> {
        let length = self.pieces.cut(self.extents).length;
        let number = |piece: u64| first.add_constant(piece as i64);
        let mut sums: Vec<Vec<ValueId>> = Vec::new();
        if count > 0 {
            let starts: Vec<Index> = (0..count)
                .map(|piece| number(piece).scale(length as i64))
                .collect();
            let states = self.start.repeat(starts.len());
            let per_piece = self.start.len().max(1);
            let last = self.run(emitter, length, &states, &mut |emitter, index, states| {
                self.in_each(emitter, point, (&starts, &index), states, step)
            });
            sums.extend(last.chunks(per_piece).map(<[ValueId]>::to_vec));
        }
        if rest > 0 {
            sums.push(self.points(emitter, point, (&number(count), rest), step));
        }
        while sums.len() > 1 {
            let pairs = sums.chunks(2).map(|pair| match pair {
                [left, right] => (self.join)(emitter, left, right),
                alone => alone.concat(),
            });
            sums = pairs.collect();
        }
        sums.pop().unwrap_or_else(|| self.neutral.to_vec())
    }

    /// Takes the state of each piece through the points at a place of the axis that is cut.
    fn in_each(
        &self,
        emitter: &mut E,
        point: &mut Vec<Index>,
        (starts, index): (&[Index], &Index),
        states: &[ValueId],
        step: Step<'_, E>,
    ) -> Vec<ValueId> {
        let per_piece = self.start.len().max(1);
        let mut next = Vec::with_capacity(states.len());
        for (start, states) in starts.iter().zip(states.chunks(per_piece)) {
            point.push(start.add(index));
            next.extend(self.inside(emitter, point, states, step));
            point.pop();
        }
        next
    }

    /// The pieces of the axis that is cut.
    fn cut(&self, emitter: &mut E, point: &mut Vec<Index>, part: Part<'_, E>) -> Vec<ValueId> {
        let cut = self.pieces.cut(self.extents);
        self.tree(emitter, cut.pieces(), &mut |emitter, number| {
            part(emitter, point, number)
        })
    }

    /// Joins the states that `part` yields, as a tree of neighbours.
    fn tree(
        &self,
        emitter: &mut E,
        extent: u64,
        part: &mut dyn FnMut(&mut E, Index) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        if extent == 1 {
            return part(emitter, Index::constant(0));
        }
        let shape = FoldShape {
            extent,
            lanes: 1,
            chunk: 1,
        };
        // Both closures need the emitter, one after the other.
        let emitter = std::cell::RefCell::new(emitter);
        let (_, results) = self.builder.fold(
            shape,
            self.neutral,
            |index, states| {
                let emitter = &mut *emitter.borrow_mut();
                emitter.elements().enter(&index, extent);
                let state = part(emitter, index);
                emitter.elements().leave();
                (self.join)(emitter, states, &state)
            },
            |left, right| (self.join)(&mut emitter.borrow_mut(), left, right),
        );
        results
    }

    /// A piece of the axis that is cut: its points in order. The last piece may be shorter than others.
    fn piece(
        &self,
        emitter: &mut E,
        point: &mut Vec<Index>,
        number: Index,
        step: Step<'_, E>,
    ) -> Vec<ValueId> {
        let cut = self.pieces.cut(self.extents);
        if cut.rest == 0 {
            return self.points(emitter, point, (&number, cut.length), step);
        }
        let is_whole = Guard::within(number.clone(), 0, cut.whole as i64);
        // Both sides need all of these, one after the other.
        let all = std::cell::RefCell::new((emitter, point, step));
        let side = |length: u64| {
            let (emitter, point, step) = &mut *all.borrow_mut();
            emitter.elements().enter(&Index::constant(0), 1);
            let states = self.points(*emitter, point, (&number, length), *step);
            emitter.elements().leave();
            states
        };
        let (whole, rest) = (|| side(cut.length), || side(cut.rest));
        self.builder.branch(Condition::Guard(is_whole), whole, rest)
    }

    /// So many points from the start of a piece on.
    fn points(
        &self,
        emitter: &mut E,
        point: &mut Vec<Index>,
        (number, length): (&Index, u64),
        step: Step<'_, E>,
    ) -> Vec<ValueId> {
        if self.extents.is_empty() {
            return step(emitter, point, self.start);
        }
        let base = number.scale(self.pieces.cut(self.extents).length as i64);
        self.run(
            emitter,
            length,
            self.start,
            &mut |emitter, index, states| {
                point.push(base.add(&index));
                let next = self.inside(emitter, point, states, step);
                point.pop();
                next
            },
        )
    }

    /// The axes after the one that is cut.
    fn inside(
        &self,
        emitter: &mut E,
        point: &mut Vec<Index>,
        states: &[ValueId],
        step: Step<'_, E>,
    ) -> Vec<ValueId> {
        let Some(&extent) = self.extents.get(point.len()) else {
            return step(emitter, point, states);
        };
        self.run(emitter, extent, states, &mut |emitter, index, states| {
            point.push(index);
            let next = self.inside(emitter, point, states, step);
            point.pop();
            next
        })
    }

    /// A sequential loop that carries states.
    fn run(
        &self,
        emitter: &mut E,
        extent: u64,
        states: &[ValueId],
        body: Turn<'_, E>,
    ) -> Vec<ValueId> {
        if extent == 1 {
            return body(emitter, Index::constant(0), states);
        }
        let range = ForRange::upto(extent);
        let (_, results) = self.builder.carry(range, states, |index, states| {
            emitter.elements().enter(&index, extent);
            let next = body(emitter, index, states);
            emitter.elements().leave();
            next
        });
        results
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_as_many_of_the_last_axes_as_fit() {
        let pieces = |extents: &[u64], limit| {
            let pieces = Pieces::of(extents, limit);
            (pieces.axis, pieces.length)
        };
        assert_eq!(pieces(&[512], 512), (0, 512));
        assert_eq!(pieces(&[513], 512), (0, 512));
        assert_eq!(pieces(&[64, 3, 3], 512), (0, 56));
        assert_eq!(pieces(&[32, 28, 28], 512), (1, 18));
        assert_eq!(pieces(&[32, 1024, 1], 512), (1, 512));
        assert_eq!(pieces(&[4, 2], 1), (1, 1));
        assert_eq!(pieces(&[4, 1], 1), (0, 1));
        assert_eq!(pieces(&[], 512), (0, 1));
    }

    #[test]
    fn lines_are_long_if_they_can_be() {
        assert_eq!(axes_of_line(&[5_000_000, 2]), 2);
        assert_eq!(axes_of_line(&[4096, 1024]), 1);
        assert_eq!(axes_of_line(&[64, 28, 28]), 2);
        assert_eq!(axes_of_line(&[3]), 1);
        assert_eq!(axes_of_line(&[]), 0);
    }
}
