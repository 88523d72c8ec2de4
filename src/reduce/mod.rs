//! Making a graph smaller while a command goes on failing on it: delta debugging on the syntax tree.
//!
//! Every candidate is a list of edits of the text ([`edits`]) that the syntax tree and the observed
//! types suggest; it has to be smaller by `Size`, so the search ends. Candidates of one kind are tried
//! many at once, then in halves, until none of them alone helps. A candidate must elaborate if the
//! original does, so that one failure does not turn into another; then the command decides
//! ([`oracle`]). When nothing helps any more, the same is done with the graphs expanded, where no call
//! and no derivative is left, and the smaller outcome counts. Nothing is random.

mod edits;
mod oracle;
mod source;

pub(crate) use oracle::{Oracle, Verdict};

use crate::reach::Reach;
use edits::{Edit, KINDS, Kind};
use lgc_ir::lang::print_module;
use lgc_ir::module::Module;
use lgc_ir::op::Op;
use rustc_hash::FxHashSet;
use source::Source;

/// Graphs that hold larger constants are not written down expanded: the text would not be small.
const MAX_CONSTANT_BYTES: usize = 1 << 16;

/// Whether the constants of a module's entries have more bytes in all.
fn holds_more_than(module: &Module, bytes: usize) -> bool {
    let graphs = module.entries.iter().map(|entry| &entry.graph);
    let ops = graphs.flat_map(|graph| graph.nodes().map(|node| graph.op(node)));
    let size = |op: &Op| {
        if let Op::Literal(literal) = op {
            literal.elements.bytes.len()
        } else {
            0
        }
    };
    ops.map(size).fold(0, usize::saturating_add) > bytes
}

/// A text on its way to become smaller.
pub(crate) struct Reduction<'a> {
    current: Source,
    oracle: &'a mut Oracle,
    /// Texts that need not be tried again.
    tried: FxHashSet<String>,
    /// Whether candidates have to elaborate.
    must_elaborate: bool,
    /// Called with each text that is the smallest so far.
    keep: &'a mut dyn FnMut(&str),
}

/// What a reduction came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The smallest text found.
    pub(crate) text: String,
    /// Statements of the original and of the smallest text.
    pub(crate) statements: [usize; 2],
}

/// Makes a text smaller; `None` if it does not parse. Whenever a smaller one is found it is kept.
pub(crate) fn reduce(
    name: &str,
    reach: &Reach,
    text: &str,
    defines: &[(String, u64)],
    oracle: &mut Oracle,
    keep: &mut dyn FnMut(&str),
) -> Option<Outcome> {
    let original = Source::new(name, reach, text.to_owned(), defines)?;
    let before = original.size().statements;
    let mut reduction = Reduction {
        must_elaborate: original.elaborates(),
        current: original,
        oracle,
        tried: FxHashSet::default(),
        keep,
    };
    reduction.merge_files();
    reduction.run();
    reduction.expand();
    let after = reduction.current.size().statements;
    Some(Outcome {
        text: reduction.current.text().to_owned(),
        statements: [before, after],
    })
}

impl Reduction<'_> {
    /// Tries all kinds of edits until none helps.
    fn run(&mut self) {
        loop {
            let mut helped = false;
            for kind in KINDS {
                helped |= self.pass(kind);
            }
            if !helped {
                return;
            }
        }
    }

    /// Tries the edits of a kind, many at once and then fewer; whether any helped.
    fn pass(&mut self, kind: Kind) -> bool {
        let mut helped = false;
        let mut edits = kind(&self.current);
        let mut chunk = edits.len();
        while chunk > 0 {
            let mut at = 0;
            while at < edits.len() && !self.oracle.is_exhausted() {
                let end = (at + chunk).min(edits.len());
                let group = edits.get(at..end).unwrap_or_default().concat();
                if self.accept(&group) {
                    helped = true;
                    edits = kind(&self.current);
                } else {
                    at = end;
                }
            }
            chunk /= 2;
        }
        helped
    }

    /// Tries a group of edits; whether the text is now the edited one.
    fn accept(&mut self, group: &[Edit]) -> bool {
        let edited = edits::apply(self.current.text(), group);
        let Some(candidate) = self.current.sibling(edited) else {
            return false;
        };
        let smaller = candidate.size() < self.current.size();
        if smaller && self.fails(&candidate) {
            self.go_on_with(candidate);
            return true;
        }
        false
    }

    fn go_on_with(&mut self, candidate: Source) {
        (self.keep)(candidate.text());
        self.current = candidate;
    }

    /// Whether the command fails on a candidate as it did on the original.
    fn fails(&mut self, candidate: &Source) -> bool {
        if !self.tried.insert(candidate.text().to_owned()) {
            return false;
        }
        (!self.must_elaborate || candidate.elaborates())
            && self.oracle.fails_alike(candidate.text())
    }

    /// Puts what the text uses of other files into it, if it then still fails.
    fn merge_files(&mut self) {
        let Some(merged) = self.current.merged() else {
            return;
        };
        if self.fails(&merged) {
            self.go_on_with(merged);
        }
    }

    /// Goes on with the graphs expanded, and keeps what comes of it if that is smaller.
    fn expand(&mut self) {
        let Some(module) = self.current.module() else {
            return;
        };
        if holds_more_than(module, MAX_CONSTANT_BYTES) {
            return;
        }
        let Some(expanded) = self.current.sibling(print_module(module)) else {
            return;
        };
        if !self.fails(&expanded) {
            return;
        }
        let mut ignore = |_: &str| {};
        let mut inner = Reduction {
            current: expanded,
            oracle: &mut *self.oracle,
            tried: std::mem::take(&mut self.tried),
            must_elaborate: true,
            keep: &mut ignore,
        };
        inner.run();
        let outcome = inner.current;
        if outcome.size() < self.current.size() {
            self.go_on_with(outcome);
        }
    }
}
