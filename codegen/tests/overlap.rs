//! The search for overlaps that libraries carry, compiled into this test, against the comparison of every pair.

#[path = "../freestanding/overlap.rs"]
#[allow(
    clippy::missing_safety_doc,
    reason = "the header of a library says what callers may do"
)]
mod overlap;

use overlap::{Region, lgc_overlap};
use proptest::prelude::*;

/// The status of an overlap; a region has its number above it.
const STATUS: i32 = 3;

fn region(number: i32, begin: u64, bytes: u64, exclusive: bool) -> Region {
    Region {
        begin,
        end: begin + bytes,
        code: STATUS | (number << 8),
        exclusive: exclusive.into(),
    }
}

fn found(regions: &[Region]) -> i32 {
    let mut regions = regions.to_vec();
    let sorted = {
        let mut expected = regions.clone();
        expected.sort_by_key(|region| region.begin);
        expected
    };
    // SAFETY: a vector of regions that nobody else uses.
    let code = unsafe { lgc_overlap(regions.as_mut_ptr(), regions.len() as u64) };
    let begins = |regions: &[Region]| regions.iter().map(|r| r.begin).collect::<Vec<_>>();
    assert_eq!(begins(&regions), begins(&sorted), "regions are sorted");
    code
}

/// The codes of regions that are written and overlap another.
fn at_fault(regions: &[Region]) -> Vec<i32> {
    let meets = |a: &Region, b: &Region| a.begin < b.end && b.begin < a.end;
    let others = |at: usize| (0..regions.len()).filter(move |&other| other != at);
    (0..regions.len())
        .filter(|&at| regions[at].exclusive != 0)
        .filter(|&at| others(at).any(|other| meets(&regions[at], &regions[other])))
        .map(|at| regions[at].code)
        .collect()
}

#[test]
fn the_tensor_that_is_written_is_named() {
    let (read, written) = (region(1, 100, 50, false), region(2, 140, 10, true));
    let later = region(5, 145, 100, true);
    assert_eq!(found(&[read, written]), written.code);
    assert_eq!(found(&[written, read]), written.code);
    assert_eq!(found(&[later, written]), written.code, "the lesser code");
    assert_eq!(found(&[read, region(3, 120, 5, false)]), 0);
    assert_eq!(found(&[read, region(3, 150, 5, true)]), 0, "neighbours");
    assert_eq!(found(&[]), 0);
    let inside = [
        region(1, 0, 100, true),
        region(2, 10, 5, false),
        region(3, 50, 5, false),
    ];
    assert_eq!(found(&inside), inside[0].code);
    let hidden = [
        region(1, 0, 100, false),
        region(2, 10, 5, false),
        region(3, 50, 5, true),
    ];
    assert_eq!(found(&hidden), hidden[2].code);
}

proptest! {
    #[test]
    fn overlaps_are_those_of_some_pair(
        drawn in prop::collection::vec((0u64..400, 1u64..12, any::<bool>()), 0..90)
    ) {
        let regions: Vec<Region> = (1..).zip(&drawn)
            .map(|(number, &(begin, bytes, exclusive))| region(number, begin, bytes, exclusive))
            .collect();
        let (code, expected) = (found(&regions), at_fault(&regions));
        match code {
            0 => prop_assert!(expected.is_empty()),
            code => prop_assert!(expected.contains(&code)),
        }
    }
}
