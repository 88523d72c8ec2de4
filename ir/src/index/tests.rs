//! Simplification against brute-force evaluation, and the compositions that must become affine.

use super::*;
use crate::shape::Shape;
use proptest::prelude::*;

/// Calls `visit` with every point of a box.
fn points(bounds: &[(i64, i64)]) -> Vec<Vec<i64>> {
    bounds.iter().fold(vec![vec![]], |prefixes, &(lo, hi)| {
        let extend = |prefix: &Vec<i64>| {
            let prefix = prefix.clone();
            (lo..hi).map(move |value| [prefix.clone(), vec![value]].concat())
        };
        prefixes.iter().flat_map(extend).collect()
    })
}

fn any_index() -> impl Strategy<Value = Index> {
    let leaf = prop_oneof![
        (0u32..3).prop_map(Index::var),
        (-9i64..9).prop_map(Index::constant)
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), -6i64..7).prop_map(|(a, b, c)| a.add(&b.scale(c))),
            (inner.clone(), 1i64..13).prop_map(|(a, d)| a.floor_div(d)),
            (inner, 1i64..13).prop_map(|(a, d)| a.modulo(d)),
        ]
    })
}

fn any_box() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((-4i64..5, 1i64..6).prop_map(|(lo, n)| (lo, lo + n)), 3)
}

fn any_guard() -> impl Strategy<Value = Guard> {
    let relation = prop_oneof![
        (any_index(), -8i64..9, -2i64..12).prop_map(|(i, lo, n)| Guard::within(i, lo, lo + n)),
        (any_index(), 1i64..7).prop_map(|(i, d)| Guard::divisible(i, d)),
    ];
    proptest::collection::vec(relation, 0..3)
        .prop_map(|guards| guards.iter().fold(Guard::always(), |all, g| all.and(g)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn simplification_keeps_every_value(index in any_index(), bounds in any_box()) {
        let simple = index.simplify(&bounds);
        for point in points(&bounds) {
            prop_assert_eq!(simple.eval(&point), index.eval(&point), "{} ~> {} at {:?}", index, simple, point);
        }
        prop_assert_eq!(simple.simplify(&bounds).size() <= simple.size(), true);
    }

    #[test]
    fn ranges_hold_every_value(index in any_index(), bounds in any_box()) {
        let (lo, hi) = index.range(&bounds);
        for point in points(&bounds) {
            prop_assert!((lo..hi).contains(&index.eval(&point)), "{index} at {point:?} not in {lo}..{hi}");
        }
    }

    #[test]
    fn substitution_commutes_with_evaluation(index in any_index(), a in any_index(), b in any_index(), bounds in any_box()) {
        let substituted = index.substitute(&[a.clone(), b.clone()]);
        for point in points(&bounds) {
            let inner = [a.eval(&point), b.eval(&point), point[2]];
            prop_assert_eq!(substituted.eval(&point), index.eval(&inner));
        }
    }

    #[test]
    fn guards_keep_their_truth(guard in any_guard(), bounds in any_box()) {
        let simple = guard.simplify(&bounds);
        for point in points(&bounds) {
            prop_assert_eq!(simple.eval(&point), guard.eval(&point), "{} ~> {} at {:?}", guard, simple, point);
        }
    }

    #[test]
    fn ranges_under_a_guard_hold_every_value(index in any_index(), guard in any_guard(), bounds in any_box()) {
        let (lo, hi) = index.range_within(&bounds, &guard);
        for point in points(&bounds).iter().filter(|point| guard.eval(point)) {
            prop_assert!((lo..hi).contains(&index.eval(point)), "{index} if {guard} at {point:?} not in {lo}..{hi}");
        }
    }

    #[test]
    fn what_stays_within_is_decided(index in any_index(), guard in any_guard(), bounds in any_box(), range in (-20i64..20, 0i64..20)) {
        let (low, high) = (range.0, range.0 + range.1);
        let values = points(&bounds).into_iter().filter(|point| guard.eval(point)).map(|point| index.eval(&point));
        let inside = values.into_iter().all(|value| (low..high).contains(&value));
        let proved = index.stays_within((Some(low), Some(high)), &bounds, &guard);
        prop_assert_eq!(proved, inside, "{} if {}", index, guard);
    }

    #[test]
    fn text_round_trips(index in any_index(), guard in any_guard()) {
        prop_assert_eq!(index.to_string().parse::<Index>(), Ok(index));
        prop_assert_eq!(guard.to_string().parse::<Guard>(), Ok(guard));
    }

    #[test]
    fn reshapes_there_and_back_are_the_identity(dims in proptest::collection::vec(1u64..5, 1..5), split in 0usize..4) {
        let from = Shape::new(dims.iter().copied());
        let split = split.min(dims.len());
        let to = Shape::new([dims[..split].iter().product(), dims[split..].iter().product()]);
        let there = IndexMap::reshape(&from, &to);
        let back = IndexMap::reshape(&to, &from);
        let both = back.compose(&there).unwrap().simplify_for(&from);
        let wanted: Vec<Index> = from.extents().enumerate()
            .map(|(axis, extent)| if extent == 1 { Index::constant(0) } else { Index::var(axis as u32) }).collect();
        prop_assert_eq!(both.indices, wanted);
    }

    #[test]
    fn reshapes_read_the_same_position(a in 1u64..7, b in 1u64..7, c in 1u64..7) {
        let from = Shape::new([a * b, c]);
        for to in [Shape::new([c, a, b]), Shape::new([b, a * c]), Shape::new([a * b * c])] {
            let map = IndexMap::reshape(&from, &to);
            for linear in 0..to.elements() {
                let inside = map.eval(&to.unravel(linear)).unwrap();
                prop_assert_eq!(from.ravel(&inside), Some(linear));
            }
        }
    }

    #[test]
    fn token_soup_is_refused_or_parsed(tokens in proptest::collection::vec(
        proptest::sample::select(vec!["i0", "i1", "(", ")", "+", "-", "*", "3", "floordiv", "mod", "&&", "<=", "<", "|", "9223372036854775807", "é"]), 0..20)) {
        let text = tokens.join(" ");
        if let Ok(index) = text.parse::<Index>() { let _ = index.eval(&[1, 2]); }
        if let Ok(guard) = text.parse::<Guard>() { let _ = guard.simplify(&[(0, 3), (0, 4)]).eval(&[1, 2]); }
    }
}

#[test]
fn common_compositions_are_affine() {
    let simple = |text: &str, bounds: &[(i64, i64)]| {
        text.parse::<Index>().unwrap().simplify(bounds).to_string()
    };
    // Splitting and merging axes.
    assert_eq!(simple("((6*i0 + i1) floordiv 6)", &[(0, 4), (0, 6)]), "i0");
    assert_eq!(simple("((6*i0 + i1) mod 6)", &[(0, 4), (0, 6)]), "i1");
    assert_eq!(simple("6*(i0 floordiv 6) + (i0 mod 6)", &[(0, 24)]), "i0");
    assert_eq!(
        simple(
            "12*(i0 floordiv 12) + 4*((i0 floordiv 4) mod 3) + (i0 mod 4)",
            &[(0, 48)]
        ),
        "i0"
    );
    // Regrouping across a boundary keeps one quotient and one remainder.
    assert_eq!(
        simple("((3*i0 + i1) floordiv 6)", &[(0, 8), (0, 3)]),
        "(i0 floordiv 2)"
    );
    assert_eq!(
        simple("((3*i0 + i1) mod 6)", &[(0, 8), (0, 3)]),
        "i1 + 3*(i0 mod 2)"
    );
    // A reversed axis, split.
    assert_eq!(
        simple("((-6*i0 + i1 + 18) floordiv 6)", &[(0, 4), (0, 6)]),
        "-i0 + 3"
    );
    // A variable with one value is that value.
    assert_eq!(simple("4*i0 + i1", &[(2, 3), (0, 5)]), "i1 + 8");
}

#[test]
fn guards_of_a_pad_prove_the_access() {
    let guard: Guard = "0 <= i0 + i1 - 1 < 5 && 2 | i0".parse().unwrap();
    let bounds = [(0, 5), (0, 3)];
    let at = |text: &str| text.parse::<Index>().unwrap().range_within(&bounds, &guard);
    assert_eq!(at("i0 + i1 - 1"), (0, 5));
    assert_eq!(at("10*i0 + 10*i1 + 3"), (13, 54));
    assert_eq!(at("((i0 + i1 - 1) floordiv 2)"), (0, 3));
    assert_eq!(guard.simplify(&[(2, 3), (0, 3)]).to_string(), "true");
    assert!(
        "0 <= i0 - 9 < 3"
            .parse::<Guard>()
            .unwrap()
            .simplify(&bounds)
            .is_never()
    );
    assert!(
        "2 | 4*i0 + 1"
            .parse::<Guard>()
            .unwrap()
            .simplify(&bounds)
            .is_never()
    );
}

#[test]
fn overflow_is_unknown_not_wrong() {
    let large: Index = "9223372036854775807*i0".parse().unwrap();
    assert_eq!(large.range(&[(0, 3)]), UNKNOWN);
    assert_eq!(Index::var(7).range(&[]), UNKNOWN);
}

/// The smallest range that an index is known to stay in.
fn known_range(index: &str, bounds: &[(i64, i64)], guard: &str) -> (i64, i64) {
    let (index, guard): (Index, Guard) = (index.parse().unwrap(), guard.parse().unwrap());
    let (low, high) = index.range(bounds);
    let above = |low: &i64| index.stays_within((Some(*low), None), bounds, &guard);
    let below = |high: &i64| index.stays_within((None, Some(*high)), bounds, &guard);
    (
        (low..high).rev().find(above).unwrap(),
        (low..=high).find(below).unwrap(),
    )
}

#[test]
fn guards_bound_sums_that_they_do_not_name() {
    let pairs = [(0, 4), (0, 2)];
    let quotient = "((i0 + 4*i1) floordiv 3)";
    assert_eq!(known_range(quotient, &pairs, "0 <= i0 + 4*i1 < 6"), (0, 2));
    let guard = "0 <= ((2*i0 + i1) floordiv 3) < 2";
    assert_eq!(known_range("i0", &pairs, guard), (0, 3));
    let guard = "0 <= (i0 floordiv 3) < 2";
    assert_eq!(known_range("(i0 floordiv 2)", &[(0, 9)], guard), (0, 3));
    let row = "(i0 floordiv 3) + (((i0 floordiv 3) + (i0 mod 3)) floordiv 2)";
    assert_eq!(known_range(row, &[(0, 6)], "0 <= i0 < 4"), (0, 2));
    let guard = "0 <= 6*i0 + 3*i1 + i2 < 6";
    let bounds = [(0, 4), (0, 2), (0, 3)];
    assert_eq!(known_range("2*i0 + i1", &bounds, guard), (0, 2));
    // The relation leaves only multiples of 4.
    let guard = "0 <= ((i0 + 3*i1) floordiv 4) + 6*((i0 + 3*i1) mod 4) < 6";
    let index = "(i1 floordiv 4) + 2*((i0 + 3*i1) mod 4) + 1";
    assert_eq!(known_range(index, &[(0, 3), (0, 8)], guard), (1, 3));
    assert_eq!(
        known_range("i0", &[(0, 9)], "4 | i0 + 3 && 0 <= i0 < 8"),
        (1, 6)
    );
}

#[test]
fn guards_that_hold_nowhere() {
    let nowhere =
        |bounds: &[(i64, i64)], guard: &str| guard.parse::<Guard>().unwrap().holds_nowhere(bounds);
    let bounds = [(0, 8), (1, 8)];
    assert!(nowhere(&bounds, "0 <= i1 < 1"));
    assert!(!nowhere(&bounds, "0 <= i0 - i1 < 1"));
    // i0 and i0 + i1 have the same quotient and remainder by 4.
    let same = "0 <= ((i0 + i1) floordiv 4) - (i0 floordiv 4) < 1 && 0 <= ((i0 + i1) mod 4) - (i0 mod 4) < 1";
    assert!(nowhere(&bounds, same));
    assert!(!nowhere(&bounds, "0 <= ((i0 + i1) mod 4) - (i0 mod 4) < 1"));
    assert!(nowhere(&bounds, "2 | i0 && 2 | i0 + 1"));
    assert!(!nowhere(&[(0, 8)], "0 <= 9223372036854775807*i0 < 1"));
    assert!(!nowhere(&[], "0 <= i0 < 1"));
    assert!(Guard::never().holds_nowhere(&[]));
}
