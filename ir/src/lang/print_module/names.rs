//! Unique, valid names.
//!
//! Names are claimed in a fixed order, and a claimed name that is valid and free is kept as it is.
//! Hence names that were claimed once claim themselves when the printed text is printed again.

use crate::lang::lexer::MAX_NAME_BYTES;
use crate::lang::token::TokenKind;
use rustc_hash::FxHashMap;

/// The names that are taken.
pub(super) struct Names {
    /// Each taken name, with the number that was last tried after it.
    taken: FxHashMap<String, usize>,
}

impl Names {
    /// No names but those that are reserved.
    pub(super) fn new<'n>(reserved: impl Iterator<Item = &'n str>) -> Names {
        Names {
            taken: reserved.map(|name| (name.to_string(), 1)).collect(),
        }
    }

    /// A free name as much like `wanted` as possible: `y`, `y_2`, `y_3` …
    pub(super) fn claim(&mut self, wanted: &str) -> String {
        let base = valid(wanted);
        let Some(last) = self.taken.get(&base).copied() else {
            self.taken.insert(base.clone(), 1);
            return base;
        };
        let mut number = last + 1;
        let mut name = numbered(&base, number);
        while self.taken.contains_key(&name) {
            number += 1;
            name = numbered(&base, number);
        }
        self.taken.insert(base, number);
        self.taken.insert(name.clone(), 1);
        name
    }
}

/// The name with what no name can hold replaced by `_`.
fn valid(name: &str) -> String {
    let part = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    // An element such as `p.blocks[3]` is called `p_blocks_3`.
    let mut valid: String = name.chars().filter(|c| *c != ']').map(part).collect();
    if valid.starts_with(|c: char| c.is_ascii_digit()) || valid.chars().all(|c| c == '_') {
        valid.insert(0, 'v');
    }
    if TokenKind::keyword(&valid).is_some() {
        valid.push('_');
    }
    // All of it is ASCII by now.
    valid.truncate(MAX_NAME_BYTES);
    valid
}

/// The name with a number after it, for which a name as long as names are makes room.
fn numbered(base: &str, number: usize) -> String {
    let number = format!("_{number}");
    let room = MAX_NAME_BYTES.saturating_sub(number.len());
    let head = base.get(..room).unwrap_or(base);
    format!("{head}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_unique_and_claim_themselves() {
        let wanted = [
            "y", "y", "p.w", "y_2", "y", "for", "2x", "_", "", "ü", "a[3].w",
        ];
        let claim = |wanted: &[String]| -> Vec<String> {
            let mut names = Names::new(["x"].into_iter());
            wanted.iter().map(|name| names.claim(name)).collect()
        };
        let first = claim(&wanted.map(str::to_string));
        let expected = [
            "y", "y_2", "p_w", "y_2_2", "y_3", "for_", "v2x", "v_", "v", "v__2", "a_3_w",
        ];
        assert_eq!(first, expected);
        assert_eq!(claim(&first), first);
        // Names as long as they may be are kept, and those that are longer or alike become others of that length.
        let long = |length: usize| "x".repeat(length);
        let lengths = [1000, 1001, MAX_NAME_BYTES, MAX_NAME_BYTES, 5000];
        let claimed = claim(&lengths.map(long));
        assert_eq!(claimed[..3], [long(1000), long(1001), long(MAX_NAME_BYTES)]);
        assert_eq!(claimed[3], format!("{}_2", long(MAX_NAME_BYTES - 2)));
        assert_eq!(claimed[4], format!("{}_3", long(MAX_NAME_BYTES - 2)));
        assert_eq!(claim(&claimed), claimed);
    }
}
