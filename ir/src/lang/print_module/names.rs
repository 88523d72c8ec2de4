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
        let mut name = format!("{base}_{number}");
        while self.taken.contains_key(&name) {
            number += 1;
            name = format!("{base}_{number}");
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
    // A number may come after it.
    valid.truncate(MAX_NAME_BYTES - 24);
    if valid.starts_with(|c: char| c.is_ascii_digit()) || valid.chars().all(|c| c == '_') {
        valid.insert(0, 'v');
    }
    if TokenKind::keyword(&valid).is_some() {
        valid.push('_');
    }
    valid
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
    }
}
