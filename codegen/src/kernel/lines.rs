//! The lines of sources that values come from.
//!
//! What a kernel computes or loads may say for which line of the user's text it does so: [`SourceLines`], which stand
//! beside the body and mean nothing. Lowering notes them if it is asked to, passes hand them on, and back ends make line
//! tables of them. In the text form they follow a type: `v2 = add v0, v1 : f32 @12`, with the number of the file if
//! that is not the first: `@1:12`.

use super::ValueId;
use std::fmt;

/// A line of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceLine {
    /// The file, by its position among those of the compilation.
    pub file: u32,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file {
            0 => write!(f, "@{}", self.line),
            file => write!(f, "@{file}:{}", self.line),
        }
    }
}

/// The lines of the values of a kernel that are computed or loaded, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SourceLines {
    /// By value. Those beyond the end have none, and the last has one: equal tables are equal.
    by_value: Vec<Option<SourceLine>>,
}

impl SourceLines {
    /// The line of a value.
    #[must_use]
    pub fn of(&self, value: ValueId) -> Option<SourceLine> {
        self.by_value.get(value.index()).copied().flatten()
    }

    /// Notes the line of a value, if one is known.
    pub fn set(&mut self, value: ValueId, line: Option<SourceLine>) {
        if line.is_none() {
            return;
        }
        let at = value.index();
        if self.by_value.len() <= at {
            self.by_value.resize(at + 1, None);
        }
        if let Some(slot) = self.by_value.get_mut(at) {
            *slot = line;
        }
    }

    /// Whether no value has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_value.is_empty()
    }

    /// Every line that a value has, once, ascending.
    #[must_use]
    pub fn distinct(&self) -> Vec<SourceLine> {
        let mut lines: Vec<SourceLine> = self.by_value.iter().copied().flatten().collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}
