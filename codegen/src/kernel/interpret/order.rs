//! The order of what has none.

use std::ops::Range;

/// In which order iterations run that may run in any.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// What is drawn from next; none if everything runs in turn.
    state: Option<u64>,
}

/// So many iterations are shuffled at a time: how many there are in all is not bounded.
const BLOCK: u64 = 1 << 16;

impl Order {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Order { state: seed }
    }

    /// The points of a range, each once.
    pub(super) fn of(&mut self, range: Range<u64>) -> Box<dyn Iterator<Item = u64>> {
        let Some(state) = &mut self.state else {
            return Box::new(range);
        };
        let mut draws = draw(state);
        let blocks = range.end.saturating_sub(range.start).div_ceil(BLOCK);
        // The last block comes first.
        Box::new((0..blocks).rev().flat_map(move |block| {
            let start = range.start + block * BLOCK;
            let mut points: Vec<u64> =
                (start..range.end.min(start.saturating_add(BLOCK))).collect();
            for last in (1..points.len()).rev() {
                let other = draw(&mut draws) % (last as u64 + 1);
                points.swap(last, other as usize);
            }
            points
        }))
    }

    /// The points of a range, each once; those that leave the same remainder by `lanes` in ascending
    /// order. The range starts at a multiple of `lanes`.
    pub(super) fn of_lanes(
        &mut self,
        range: Range<u64>,
        lanes: u64,
    ) -> Box<dyn Iterator<Item = u64>> {
        let mut next: Vec<u64> = (range.start..range.start.saturating_add(lanes)).collect();
        let slots = self.of(range);
        Box::new(slots.filter_map(move |slot| {
            let place = next.get_mut((slot % lanes) as usize)?;
            let point = *place;
            *place = place.saturating_add(lanes);
            Some(point)
        }))
    }
}

/// The next number of a sequence (SplitMix64).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_comes_once_and_lanes_ascend() {
        for count in [0, 1, 2, 7, 64, BLOCK + 3] {
            let mut order = Order::new(Some(count));
            let mut points: Vec<u64> = order.of(8..8 + count).collect();
            assert!(count < 7 || !points.is_sorted());
            points.sort_unstable();
            assert!(points.into_iter().eq(8..8 + count));
            let points: Vec<u64> = order.of_lanes(8..8 + count, 4).collect();
            for lane in 0..4 {
                let own = points.iter().filter(|&point| point % 4 == lane);
                assert!(own.copied().eq((8 + lane..8 + count).step_by(4)));
            }
            assert!(Order::new(None).of_lanes(8..8 + count, 4).eq(8..8 + count));
        }
    }

    #[test]
    fn a_seed_draws_one_order() {
        let draw = |seed| Order::new(Some(seed)).of(0..100).collect::<Vec<u64>>();
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
