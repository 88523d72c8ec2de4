//! How much was checked, in a line.

use super::comparison::{Comparison, Share};
use lgc_ir::laws::Outcome;
use std::fmt;

/// How many checks had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    proved: usize,
    constructed: usize,
    agreed: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
    vacuous: usize,
}

impl Tally {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Proved => &mut self.proved,
            Outcome::ByConstruction => &mut self.constructed,
            Outcome::Agreed(_) | Outcome::Congruent(_) => &mut self.agreed,
            Outcome::Skipped(_) => &mut self.skipped,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::Vacuous(_) => &mut self.vacuous,
        } += 1;
    }

    /// Counts the comparison of compiled code.
    pub(super) fn compare(&mut self, comparison: &Comparison) {
        *match comparison {
            Comparison::Inside {
                stored: Share { decided: 1.., .. },
                ..
            } => &mut self.agreed,
            Comparison::Empty => &mut self.vacuous,
            Comparison::Outside(_) => &mut self.failed,
            Comparison::Inside { .. } | Comparison::BothRefuse | Comparison::TooLarge(_) => {
                &mut self.skipped
            }
        } += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            proved,
            constructed,
            agreed,
            skipped,
            failed,
            vacuous,
        } = *self;
        let done = proved + constructed + agreed + failed;
        let all = done + skipped;
        write!(
            f,
            "checked {done} of {all}: {proved} proved, {constructed} by construction, {agreed} agreed, \
             {failed} failed; {skipped} skipped"
        )?;
        match vacuous {
            0 => Ok(()),
            1 => write!(f, "; 1 does not apply"),
            more => write!(f, "; {more} do not apply"),
        }
    }
}
