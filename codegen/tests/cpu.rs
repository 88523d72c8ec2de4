//! The level of the processor that libraries find out, compiled into this test, against what is known of this one and
//! of made-up ones.

#[path = "../freestanding/cpu.rs"]
mod cpu;

use cpu::{EXTENDED, LEAF_1, LEAF_7, LEAF_7_V4, Leaf, SAVED, SAVED_V4, level, lgc_cpu_level};
use lgc_codegen::level::Level;

/// A processor: the highest leaves, ECX of leaf 1, EBX of leaf 7, ECX of leaf 0x80000001, what the system saves.
#[derive(Clone, Copy)]
struct Made {
    highest: u32,
    highest_extended: u32,
    one: u32,
    seven: u32,
    extended: u32,
    saved: u32,
}

const WHOLE: Made = Made {
    highest: 7,
    highest_extended: 0x8000_0001,
    one: LEAF_1,
    seven: LEAF_7 | LEAF_7_V4,
    extended: EXTENDED,
    saved: SAVED_V4,
};

fn level_of(made: Made) -> i32 {
    let leaf = |number: u32| -> Leaf {
        match number {
            0 => [made.highest, 0, 0, 0],
            1 => [0, 0, made.one, 0],
            7 if made.highest >= 7 => [0, made.seven, 0, 0],
            0x8000_0000 => [made.highest_extended, 0, 0, 0],
            0x8000_0001 if made.highest_extended > 0x8000_0000 => [0, 0, made.extended, 0],
            // Leaves beyond the highest say anything.
            _ => [!0; 4],
        }
    };
    level(leaf, || {
        let saves = made.one & 1 << 27 != 0;
        assert!(saves, "a register is read that may not be there");
        made.saved
    })
}

#[test]
fn this_processor() {
    let known = Level::ALL
        .into_iter()
        .filter(|level| level.is_here())
        .count();
    assert_eq!(lgc_cpu_level(), known as i32);
}

#[test]
fn every_bit_matters() {
    assert_eq!(level_of(WHOLE), 2);
    let v3 = Made {
        seven: LEAF_7,
        saved: SAVED,
        ..WHOLE
    };
    assert_eq!(level_of(v3), 1);
    let bits = |word: u32| (0..32).map(|at| 1 << at).filter(move |bit| word & bit != 0);
    for bit in bits(LEAF_1) {
        let one = LEAF_1 & !bit;
        assert_eq!(level_of(Made { one, ..WHOLE }), 0, "leaf 1, {bit:#x}");
    }
    for bit in bits(LEAF_7) {
        let seven = WHOLE.seven & !bit;
        assert_eq!(level_of(Made { seven, ..WHOLE }), 0, "leaf 7, {bit:#x}");
    }
    for bit in bits(LEAF_7_V4) {
        let seven = WHOLE.seven & !bit;
        assert_eq!(level_of(Made { seven, ..WHOLE }), 1, "leaf 7, {bit:#x}");
    }
    for bit in bits(SAVED_V4) {
        let saved = SAVED_V4 & !bit;
        let expected = i32::from(bit & SAVED == 0);
        assert_eq!(
            level_of(Made { saved, ..WHOLE }),
            expected,
            "saved, {bit:#x}"
        );
    }
    assert_eq!(
        level_of(Made {
            extended: 0,
            ..WHOLE
        }),
        0
    );
    assert_eq!(
        level_of(Made {
            highest: 6,
            ..WHOLE
        }),
        0
    );
    let highest_extended = 0x8000_0000;
    assert_eq!(
        level_of(Made {
            highest_extended,
            ..WHOLE
        }),
        0
    );
}
