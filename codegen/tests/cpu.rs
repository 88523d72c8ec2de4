//! The level of the processor that libraries find out, compiled into this test, against what is known of this one and
//! of made-up ones.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail it by panicking"
)]

#[path = "../freestanding/cpu.rs"]
mod cpu;

use cpu::{Leaf, level, lgc_cpu_level};
use lgc_codegen::level::Level;

/// A made-up processor: the highest leaves, ECX of leaf 1, EBX of leaf 7, ECX of leaf 0x80000001, what the system saves.
#[derive(Clone, Copy)]
struct Made {
    highest: u32,
    highest_extended: u32,
    one: u32,
    seven: u32,
    extended: u32,
    saved: u32,
}

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
        let saves = made.one & 1 << OSXSAVE != 0;
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

/// What a feature is a bit of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// ECX of leaf 1.
    One,
    /// EBX of leaf 7.
    Seven,
    /// ECX of leaf 0x80000001.
    Extended,
}

/// The bit of each feature, as the manual has them; written down apart from those of the code under test.
const BITS: [(&str, Word, u32); 19] = [
    ("sse3", Word::One, 0),
    ("ssse3", Word::One, 9),
    ("fma", Word::One, 12),
    ("cmpxchg16b", Word::One, 13),
    ("sse4.1", Word::One, 19),
    ("sse4.2", Word::One, 20),
    ("movbe", Word::One, 22),
    ("popcnt", Word::One, 23),
    ("avx", Word::One, 28),
    ("f16c", Word::One, 29),
    ("bmi1", Word::Seven, 3),
    ("avx2", Word::Seven, 5),
    ("bmi2", Word::Seven, 8),
    ("avx512f", Word::Seven, 16),
    ("avx512dq", Word::Seven, 17),
    ("avx512cd", Word::Seven, 28),
    ("avx512bw", Word::Seven, 30),
    ("avx512vl", Word::Seven, 31),
    ("lzcnt", Word::Extended, 5),
];

/// The bit of ECX of leaf 1 that says that XGETBV is there.
const OSXSAVE: u32 = 27;

impl Made {
    /// A processor that has nothing.
    const NOTHING: Made = Made {
        highest: 7,
        highest_extended: 0x8000_0001,
        one: 0,
        seven: 0,
        extended: 0,
        saved: 0,
    };

    fn word(&mut self, word: Word) -> &mut u32 {
        match word {
            Word::One => &mut self.one,
            Word::Seven => &mut self.seven,
            Word::Extended => &mut self.extended,
        }
    }

    /// One that has just the features of a level, on a system that saves its registers.
    fn of(level: Level) -> Made {
        let mut made = Made::NOTHING;
        for name in level.features() {
            let (_, word, bit) = BITS.into_iter().find(|(known, ..)| known == name).unwrap();
            *made.word(word) |= 1 << bit;
        }
        made.one |= 1 << OSXSAVE;
        // x87, SSE and AVX; masks, upper halves and upper registers.
        made.saved = match level {
            Level::V3 => 0x7,
            Level::V4 => 0xe7,
        };
        made
    }
}

/// The levels that are told of processors with a level, from 1 on.
const NUMBERS: [(Level, i32); 2] = [(Level::V3, 1), (Level::V4, 2)];

#[test]
fn a_level_is_its_features() {
    for (level, number) in NUMBERS {
        assert_eq!(level_of(Made::of(level)), number);
    }
    assert_eq!(level_of(Made::NOTHING), 0);
}

#[test]
fn every_feature_matters() {
    let whole = Made::of(Level::V4);
    for (name, word, bit) in BITS {
        let mut made = whole;
        *made.word(word) &= !(1 << bit);
        let expected = i32::from(!Level::V3.features().contains(&name));
        assert_eq!(level_of(made), expected, "without {name}");
    }
    let one = whole.one & !(1 << OSXSAVE);
    assert_eq!(level_of(Made { one, ..whole }), 0, "without XGETBV");
}

#[test]
fn every_register_must_be_saved() {
    let whole = Made::of(Level::V4);
    // x87 is always saved, and no level asks for it.
    for (bit, expected) in [(0, 2), (1, 0), (2, 0), (5, 1), (6, 1), (7, 1)] {
        let saved = whole.saved & !(1 << bit);
        assert_eq!(level_of(Made { saved, ..whole }), expected, "without {bit}");
    }
}

#[test]
fn leaves_that_are_not_there_are_not_read() {
    let whole = Made::of(Level::V4);
    let highest = 6;
    assert_eq!(level_of(Made { highest, ..whole }), 0);
    for highest_extended in [0, 0x8000_0000] {
        let made = Made {
            highest_extended,
            ..whole
        };
        assert_eq!(level_of(made), 0);
    }
}
