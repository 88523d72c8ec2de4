//! The same file with smaller dims, for laws that take too much work as it is.
//!
//! What a derivative is does not depend on how large a batch is. So where an entry is too large for its laws to be
//! checked, they are checked with its dims cut down, and the report says so: those that have names, and where that is
//! not enough, numbers that stand for extents in types as well, wherever the file has them.

use crate::driver::Session;
use lgc_ir::lang::ast::{Ast, ExprKind, Item, Literal};
use lgc_ir::laws::{Options, work};
use lgc_ir::module::Module;

/// Dims are cut down to one of these.
const CAPS: [u64; 5] = [8, 6, 4, 3, 2];

/// Laws evaluate derivatives of a graph, many times over numbers that take long: a graph of more than this part
/// of the work that a law may take is too large.
const SHARE: u64 = 25;

/// A module with smaller dims.
pub(super) struct Smaller {
    pub(super) module: Module,
    /// The dims that are smaller: their names, what they are here, and what they are in the file.
    dims: Vec<(String, u64, u64)>,
    /// The numbers that are smaller: what they are in the file, and what they are here.
    numbers: Vec<(u64, u64)>,
}

impl Smaller {
    /// The module with the largest dims with which all of it can be checked, or the smallest, if some of it is
    /// too large as it is.
    pub(super) fn of(
        ast: &Ast,
        module: &Module,
        defines: &[(String, u64)],
        options: &Options,
        session: &mut Session,
    ) -> Option<Smaller> {
        let limit = options.work / SHARE;
        let mut least = largest(module);
        if least <= limit {
            return None;
        }
        let dims = declared(ast, defines);
        let mut best = None;
        // A deep network is made less deep before its rows are made so short that its norms have nothing to do.
        let both = |cap| [(cap, false), (cap, true)];
        for (cap, with_numbers) in CAPS.into_iter().flat_map(both) {
            let cut: Vec<(String, u64, u64)> = dims
                .iter()
                .filter(|(_, value)| *value > cap)
                .map(|(name, value)| (name.clone(), cap, *value))
                .collect();
            let smaller = cut.iter().map(|(name, small, _)| (name.clone(), *small));
            let all: Vec<(String, u64)> = defines.iter().cloned().chain(smaller).collect();
            let numbers: Vec<(u64, u64)> = match with_numbers {
                true => ast
                    .extents_above(cap)
                    .into_iter()
                    .map(|n| (n, cap))
                    .collect(),
                false => Vec::new(),
            };
            if cut.is_empty() && numbers.is_empty() {
                continue;
            }
            let changed = ast.with_integers(&numbers);
            let Some(module) = session.try_elaborate(&changed, &all) else {
                continue;
            };
            let work = largest(&module);
            if work < least {
                least = work;
                best = Some(Smaller {
                    module,
                    dims: cut,
                    numbers,
                });
            }
            if work <= limit {
                break;
            }
        }
        best
    }

    /// Which dims are smaller, in words.
    pub(super) fn describe(&self) -> String {
        let now = self
            .dims
            .iter()
            .map(|(name, small, _)| format!("{name} = {small}"));
        let then = self.dims.iter().map(|(_, _, value)| value.to_string());
        let now = now.chain(self.numbers.iter().map(|(_, new)| new.to_string()));
        let then = then.chain(self.numbers.iter().map(|(old, _)| old.to_string()));
        let (now, then): (Vec<String>, Vec<String>) = (now.collect(), then.collect());
        format!(
            "with {} in place of {}, which take too much work without `--effort`",
            now.join(", "),
            then.join(", ")
        )
    }
}

/// The work of the largest entry; what does not decompose is too large.
fn largest(module: &Module) -> u64 {
    let entries = module.entries.iter();
    let all = entries.map(|entry| work(&entry.graph).unwrap_or(u64::MAX));
    all.max().unwrap_or(0)
}

/// The dims that the file declares as numbers, other than those that are defined.
fn declared(ast: &Ast, defines: &[(String, u64)]) -> Vec<(String, u64)> {
    let dim = |item: &Item| match item {
        Item::Dim(dim) => {
            if let ExprKind::Literal(Literal::Int { value, .. }) = &ast.expr(dim.value).kind {
                Some((dim.name.name.clone(), *value))
            } else {
                None
            }
        }
        Item::Graph(_) | Item::Entry(_) | Item::Struct(_) | Item::Use(_) => None,
    };
    let is_free = |(name, _): &(String, u64)| defines.iter().all(|(known, _)| known != name);
    ast.items.iter().filter_map(dim).filter(is_free).collect()
}
