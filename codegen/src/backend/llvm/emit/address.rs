//! Addresses: a place that many accesses share, and a constant distance from it.
//!
//! The elements of a tile lie at `8·i + k` for each constant `k`: `8·i` is computed once in a block, and the distance is
//! part of the instruction that accesses the element. More than a third of all instructions were such sums, which LLVM's
//! passes had to find equal.

use super::{Emitted, Emitter};
use lgc_ir::index::Index;
use lgc_llvm::inkwell::basic_block::BasicBlock;
use lgc_llvm::inkwell::values::{IntValue, PointerValue};
use rustc_hash::FxHashMap;

/// What was computed in the block at hand: places some bytes, which are no constant, after the start of memories.
#[derive(Default)]
pub(super) struct Computed<'c> {
    block: Option<BasicBlock<'c>>,
    places: FxHashMap<(PointerValue<'c>, Index), PointerValue<'c>>,
}

impl<'c> Emitter<'c, '_> {
    /// The address so many bytes after the start of a memory.
    pub(super) fn at_bytes(
        &self,
        start: PointerValue<'c>,
        bytes: &Index,
    ) -> Emitted<PointerValue<'c>> {
        let distance = bytes.offset();
        let shared = bytes.sub(&Index::constant(distance));
        let place = match shared.terms().is_empty() {
            true => start,
            false => self.shared_place(start, shared)?,
        };
        match distance {
            0 => Ok(place),
            distance => self.offset(place, self.int(distance)),
        }
    }

    /// A place that other accesses of this block may have computed.
    fn shared_place(&self, start: PointerValue<'c>, bytes: Index) -> Emitted<PointerValue<'c>> {
        let here = self.here()?;
        {
            let mut computed = self.computed.borrow_mut();
            if computed.block != Some(here) {
                computed.block = Some(here);
                computed.places.clear();
            }
            if let Some(place) = computed.places.get(&(start, bytes.clone())) {
                return Ok(*place);
            }
        }
        let place = self.offset(start, self.index(&bytes)?)?;
        let mut computed = self.computed.borrow_mut();
        computed.places.insert((start, bytes), place);
        Ok(place)
    }

    /// Forgets what depends on index variables, as one of them changes.
    pub(super) fn forget_places(&self) {
        self.computed.borrow_mut().places.clear();
    }

    /// The address some bytes after another.
    pub(super) fn offset(
        &self,
        base: PointerValue<'c>,
        bytes: IntValue<'c>,
    ) -> Emitted<PointerValue<'c>> {
        Ok(lgc_llvm::byte_offset(&self.builder, base, bytes)?)
    }
}
