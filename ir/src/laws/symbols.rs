//! Which values are the same numbers, element by element, whatever the inputs are.
//!
//! The same op on the same operands makes the same numbers, wherever it stands in the graph: `x` that is broadcast twice,
//! or `exp(x)` that is written twice. A value has one symbol, and symbols need not stand for values: what a view would
//! make of another value has one, too, so that terms of sums stay comparable when sums are moved about.

use super::range::Set;
use crate::graph::NodeId;
use crate::op::Op;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The numbers of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Symbol(u32);

impl Symbol {
    /// The symbol of nothing.
    pub(super) const NONE: Symbol = Symbol(u32::MAX);
}

/// The symbols of a graph.
#[derive(Default)]
pub(super) struct Symbols {
    applied: FxHashMap<(Op, SmallVec<[Symbol; 2]>), Symbol>,
    /// Where each lies, and a node that yields it, if one does.
    known: Vec<(Set, Option<NodeId>)>,
}

impl Symbols {
    /// A symbol of which nothing is known but where it lies.
    pub(super) fn fresh(&mut self, set: Set) -> Symbol {
        self.known.push((set, None));
        Symbol(self.known.len() as u32 - 1)
    }

    /// What an op makes of operands, and where that lies if it is new.
    pub(super) fn of(&mut self, op: &Op, operands: &[Symbol], set: impl FnOnce() -> Set) -> Symbol {
        let key = (op.clone(), SmallVec::from_slice(operands));
        if let Some(known) = self.applied.get(&key) {
            return *known;
        }
        let symbol = self.fresh(set());
        self.applied.insert(key, symbol);
        symbol
    }

    /// What an op makes of an operand, where some value is made so.
    pub(super) fn find(&self, op: &Op, operand: Symbol) -> Option<Symbol> {
        let key = (op.clone(), SmallVec::from_slice(&[operand]));
        self.applied.get(&key).copied()
    }

    /// Where a symbol lies.
    pub(super) fn set(&self, symbol: Symbol) -> Set {
        let known = self.known.get(symbol.0 as usize);
        known.map_or(Set::ANY, |(set, _)| *set)
    }

    /// A node that yields a symbol as its first result.
    pub(super) fn node(&self, symbol: Symbol) -> Option<NodeId> {
        self.known.get(symbol.0 as usize)?.1
    }

    /// Notes that a node yields a symbol, and where it lies; returns all that is known of that.
    pub(super) fn note(&mut self, symbol: Symbol, node: NodeId, set: Set) -> Set {
        match self.known.get_mut(symbol.0 as usize) {
            Some((known, at)) => {
                *known = known.within(&set);
                at.get_or_insert(node);
                *known
            }
            None => set,
        }
    }
}
