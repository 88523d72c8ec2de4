//! The workspace: which buffers share bytes.
//!
//! A buffer lives from the step that first writes it to the last that touches it. Buffers are placed
//! in the order in which they come to life, each in the smallest hole that fits it; holes are merged
//! with their neighbours when a buffer dies. With balanced trees for the holes this takes n·log n.

use std::collections::{BTreeMap, BTreeSet};

/// Alignment of every buffer, in bytes.
const ALIGN: u64 = 64;

/// A buffer to be placed: its bytes, and the first and last step that touch it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    pub(in crate::lower) bytes: u64,
    pub(in crate::lower) first: usize,
    pub(in crate::lower) last: usize,
}

/// Offsets, one for each buffer, and the size of the workspace.
pub(super) struct Layout {
    pub(in crate::lower) offsets: Vec<u64>,
    pub(in crate::lower) bytes: u64,
}

/// The unused parts of the workspace.
#[derive(Default)]
struct Holes {
    /// Size by offset.
    by_offset: BTreeMap<u64, u64>,
    by_size: BTreeSet<(u64, u64)>,
    /// Everything from here on is unused.
    end: u64,
    peak: u64,
}

impl Holes {
    fn insert(&mut self, offset: u64, size: u64) {
        self.by_offset.insert(offset, size);
        self.by_size.insert((size, offset));
    }

    fn remove(&mut self, offset: u64, size: u64) {
        self.by_offset.remove(&offset);
        self.by_size.remove(&(size, offset));
    }

    fn take(&mut self, size: u64) -> u64 {
        let fitting = self.by_size.range((size, 0)..).next().copied();
        if let Some((hole, offset)) = fitting {
            self.remove(offset, hole);
            if hole > size {
                self.insert(offset + size, hole - size);
            }
            return offset;
        }
        // A hole at the end grows.
        let last = self.by_offset.last_key_value().map(|(&o, &s)| (o, s));
        let start = match last {
            Some((offset, hole)) if offset + hole == self.end => {
                self.remove(offset, hole);
                offset
            }
            Some(_) | None => self.end,
        };
        self.end = start + size;
        self.peak = self.peak.max(self.end);
        start
    }

    fn give_back(&mut self, mut offset: u64, mut size: u64) {
        let before = self.by_offset.range(..offset).next_back();
        if let Some((start, length)) = before.map(|(&o, &s)| (o, s))
            && start + length == offset
        {
            self.remove(start, length);
            (offset, size) = (start, size + length);
        }
        let after = self.by_offset.get(&(offset + size)).copied();
        if let Some(length) = after {
            self.remove(offset + size, length);
            size += length;
        }
        self.insert(offset, size);
    }
}

/// Places buffers so that no two that live at the same time overlap.
pub(super) fn plan(lifetimes: &[Lifetime]) -> Layout {
    let mut offsets = vec![0; lifetimes.len()];
    let mut holes = Holes::default();
    let mut births: Vec<usize> = (0..lifetimes.len()).collect();
    births.sort_by_key(|&buffer| lifetimes[buffer].first);
    let mut deaths: BTreeSet<(usize, usize)> = BTreeSet::new();
    for buffer in births {
        let Lifetime { bytes, first, last } = lifetimes[buffer];
        let size = bytes.div_ceil(ALIGN) * ALIGN;
        while let Some(&(death, dead)) = deaths.first().filter(|(death, _)| *death < first) {
            deaths.remove(&(death, dead));
            let freed = lifetimes[dead].bytes.div_ceil(ALIGN) * ALIGN;
            holes.give_back(offsets[dead], freed);
        }
        if size > 0 {
            offsets[buffer] = holes.take(size);
            deaths.insert((last, buffer));
        }
    }
    Layout {
        offsets,
        bytes: holes.peak,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(bytes: u64, first: usize, last: usize) -> Lifetime {
        Lifetime { bytes, first, last }
    }

    #[test]
    fn buffers_that_live_together_do_not_overlap() {
        let mut seed = 7u64;
        let mut next = |n: u64| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) % n
        };
        let lifetimes: Vec<Lifetime> = (0..300)
            .map(|_| {
                let first = next(100) as usize;
                life(next(5000), first, first + next(20) as usize)
            })
            .collect();
        let layout = plan(&lifetimes);
        for (i, a) in lifetimes.iter().enumerate() {
            assert_eq!(layout.offsets[i] % ALIGN, 0);
            assert!(layout.offsets[i] + a.bytes <= layout.bytes);
            for (j, b) in lifetimes.iter().enumerate().take(i) {
                let together = a.first <= b.last && b.first <= a.last;
                let (x, y) = (layout.offsets[i], layout.offsets[j]);
                let apart = x + a.bytes <= y || y + b.bytes <= x;
                assert!(!together || apart || a.bytes == 0 || b.bytes == 0);
            }
        }
    }

    #[test]
    fn dead_buffers_give_their_bytes_to_later_ones() {
        let layout = plan(&[
            life(64, 0, 1),
            life(64, 1, 2),
            life(64, 2, 3),
            life(128, 4, 5),
        ]);
        assert_eq!(layout.offsets, [0, 64, 0, 0]);
        assert_eq!(layout.bytes, 128);
    }
}
