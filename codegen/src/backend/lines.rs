//! Which code comes from which lines of sources, whatever back end made it.

use crate::kernel::SourceLine;

/// Where in a function, or in what goes with it, the code of each line begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineTable {
    /// The place of the first byte, and the line from there on, if it comes from one; places ascend, and the line is
    /// another at each.
    rows: Vec<(u32, Option<SourceLine>)>,
}

impl LineTable {
    /// Lets what begins at a place come from a line, up to the next place that is told. Of several lines for one place
    /// the last counts. Places that do not ascend are left out.
    pub(crate) fn push(&mut self, place: u32, line: Option<SourceLine>) {
        while let Some(&(last, _)) = self.rows.last() {
            match last.cmp(&place) {
                std::cmp::Ordering::Less => break,
                std::cmp::Ordering::Equal => {
                    self.rows.pop();
                }
                std::cmp::Ordering::Greater => return,
            }
        }
        let current = self.rows.last().and_then(|&(_, line)| line);
        if current != line {
            self.rows.push((place, line));
        }
    }

    /// Whether nothing comes from any line.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The places where another line begins, or none.
    pub(crate) fn rows(&self) -> &[(u32, Option<SourceLine>)] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::LineTable;
    use crate::kernel::SourceLine;

    #[test]
    fn only_changes_are_kept() {
        let line = |line| Some(SourceLine { file: 0, line });
        let mut table = LineTable::default();
        for (place, at) in [
            (0, None),
            (0, line(3)),
            (4, line(3)),
            (8, line(4)),
            (8, line(3)),
            (9, line(5)),
            (2, line(9)),
            (12, None),
            (14, None),
        ] {
            table.push(place, at);
        }
        assert_eq!(table.rows(), [(0, line(3)), (9, line(5)), (12, None)]);
        assert!(!table.is_empty());
    }
}
