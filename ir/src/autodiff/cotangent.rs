//! Cotangents that count where a mask holds.
//!
//! What a branch that is not taken contributes is 0 whatever stands in it, and so is what a slope that is
//! literally 0 does. No test of a cotangent says so: it may be 0 where the other factor is infinite and
//! the product is not. So a cotangent carries the truth values under which it counts. A `select` puts them
//! on, and so does a partial derivative that is a `select` with a literal 0; the adjoints of pointwise ops
//! and of views pass them on, and compute what they like under them. Where a cotangent meets a sum, a
//! contraction, a scatter, a region or an output it is *settled*: a `select` puts zeros where it does
//! not count.
//!
//! There are two kinds. Where a slope is 0 is settled once and for all. Which results are *taken* goes
//! on: an operand element that no result that is taken reads, is not taken either. So behind a sum or a
//! contraction the mask says whether any of the results that read an element are taken.

use super::AutodiffError;
use super::mask::{Mask, Where, both, either};
use crate::builder::Builder;
use crate::graph::Value;
use crate::op::{Op, TypeError};
use rustc_hash::FxHashMap;

/// A cotangent: `value` where the masks hold, 0 elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cotangent {
    /// What it is where the masks hold; anything elsewhere.
    pub value: Value,
    /// Where results are taken.
    pub taken: Where,
    /// Where slopes are not 0.
    pub slope: Where,
    /// Where results are taken, as far as `value` is 0 elsewhere already.
    pub settled: Where,
}

impl Cotangent {
    /// One that counts everywhere.
    pub(super) fn plain(value: Value) -> Self {
        Cotangent {
            value,
            taken: None,
            slope: None,
            settled: None,
        }
    }

    /// A cotangent that a rule has made: the `select` with a literal 0 that may stand there is a mask.
    pub(super) fn peeled(b: &Builder, value: Value) -> Self {
        let choice = b.with_graph(|graph| {
            let is_choice = matches!(graph.op(value.node), Op::Select(_));
            is_choice.then(|| graph.operands(value.node))
        });
        let is_zero = |value: Value| b.splat(value).is_some_and(|splat| splat.is_zero());
        match choice.as_deref() {
            Some(&[mask, x, y]) if is_zero(y) => Cotangent {
                slope: Some(Mask::of(mask)),
                ..Cotangent::plain(x)
            },
            Some(&[mask, x, y]) if is_zero(x) => Cotangent {
                slope: Some(Mask::of(mask).not()),
                ..Cotangent::plain(y)
            },
            Some(_) | None => Cotangent::plain(value),
        }
    }

    /// Whether zeros have to be put where it does not count.
    pub(super) fn is_pending(&self) -> bool {
        self.taken.is_some() || self.slope.is_some()
    }

    /// Where results are taken.
    pub(super) fn reach(&self, b: &Builder) -> Result<Where, TypeError> {
        both(b, self.taken, self.settled)
    }

    /// The same with another value, which may be anything where this one is 0.
    pub(super) fn unsettled(&self, b: &Builder, value: Value) -> Result<Self, TypeError> {
        Ok(Cotangent {
            value,
            taken: self.reach(b)?,
            slope: self.slope,
            settled: None,
        })
    }

    /// The same where results are taken only.
    pub(super) fn where_taken(self, b: &Builder, mask: Mask) -> Result<Self, TypeError> {
        let taken = both(b, self.taken, Some(mask))?;
        Ok(Cotangent { taken, ..self })
    }

    /// The same where a slope is not 0.
    pub(super) fn where_steep(self, b: &Builder, mask: Where) -> Result<Self, TypeError> {
        let slope = both(b, self.slope, mask)?;
        Ok(Cotangent { slope, ..self })
    }

    /// The value and the masks, each mapped by a linear map that moves elements.
    pub(super) fn moved(
        &self,
        b: &Builder,
        value: impl FnOnce(Value) -> Result<Value, TypeError>,
        truths: impl Fn(Value) -> Result<Value, TypeError>,
    ) -> Result<Self, TypeError> {
        let moved = |mask: Where| -> Result<Where, TypeError> {
            let Some(mask) = mask else { return Ok(None) };
            Ok(Some(Mask::of(truths(mask.emit(b)?)?)))
        };
        Ok(Cotangent {
            value: value(self.value)?,
            taken: moved(self.taken)?,
            slope: moved(self.slope)?,
            settled: moved(self.settled)?,
        })
    }
}

type Key = (Value, Where, Where);

/// The cotangents of values, as far as the sweep has come.
#[derive(Debug, Default)]
pub(super) struct Cotangents {
    known: FxHashMap<Value, Cotangent>,
    /// What is settled already, by value and masks.
    settled: FxHashMap<Key, Value>,
    /// Names for what will be settled.
    names: FxHashMap<Key, String>,
}

impl Cotangents {
    /// The cotangent of a value.
    pub(super) fn get(&self, of: Value) -> Option<Cotangent> {
        self.known.get(&of).copied()
    }

    /// The cotangent of a value as a tensor, with zeros where it does not count.
    pub(super) fn settled(&mut self, b: &Builder, of: Value) -> Result<Option<Value>, TypeError> {
        let cotangent = self.get(of).map(|cotangent| self.settle(b, cotangent));
        Ok(cotangent.transpose()?.map(|cotangent| cotangent.value))
    }

    /// A cotangent with zeros where it does not count.
    pub(super) fn settle(&mut self, b: &Builder, of: Cotangent) -> Result<Cotangent, TypeError> {
        if !of.is_pending() {
            return Ok(of);
        }
        let key = (of.value, of.taken, of.slope);
        let value = match self.settled.get(&key) {
            Some(value) => *value,
            None => {
                let value = match both(b, of.taken, of.slope)? {
                    Some(mask) => mask.keep(b, of.value)?,
                    None => of.value,
                };
                if let Some(name) = self.names.get(&key) {
                    b.edit(|graph| graph.set_name(value.node, name));
                }
                self.settled.insert(key, value);
                value
            }
        };
        Ok(Cotangent {
            settled: of.reach(b)?,
            ..Cotangent::plain(value)
        })
    }

    /// Names a cotangent, for readers: at once, or once it is settled.
    pub(super) fn name(&mut self, b: &Builder, cotangent: Cotangent, name: &str) {
        if cotangent.is_pending() {
            let key = (cotangent.value, cotangent.taken, cotangent.slope);
            self.names.entry(key).or_insert_with(|| name.to_string());
            return;
        }
        b.edit(|graph| {
            if graph.name(cotangent.value.node).is_none() {
                graph.set_name(cotangent.value.node, name);
            }
        });
    }

    /// Adds a contribution to the cotangent of a value.
    pub(super) fn accumulate(
        &mut self,
        b: &Builder,
        of: Value,
        more: Cotangent,
    ) -> Result<(), AutodiffError> {
        let sum = match self.get(of) {
            Some(known) => self.sum(b, known, more)?,
            None => more,
        };
        self.known.insert(of, sum);
        Ok(())
    }

    fn sum(&mut self, b: &Builder, x: Cotangent, y: Cotangent) -> Result<Cotangent, AutodiffError> {
        #[cfg(test)]
        if super::mutation::is_active() {
            let (x, y) = (self.settle(b, x)?.value, self.settle(b, y)?.value);
            let sum = super::mutation::accumulated(b, x, y)?;
            return Ok(Cotangent::plain(sum));
        }
        let settled = either(b, x.settled, y.settled)?;
        if (x.taken, x.slope) == (y.taken, y.slope) {
            let value = b.add(x.value, y.value)?;
            return Ok(Cotangent {
                value,
                settled,
                ..x
            });
        }
        // The two branches of one choice.
        if let (Some(mask), None) = (x.taken, x.slope)
            && (y.taken, y.slope) == (Some(mask.not()), None)
        {
            let value = mask.choose(b, x.value, y.value)?;
            let settled = if x.settled == y.settled {
                x.settled
            } else {
                let (x, y) = (x.reach(b)?, y.reach(b)?);
                either(b, x, y)?
            };
            return Ok(Cotangent {
                settled,
                ..Cotangent::plain(value)
            });
        }
        let (x, y) = (self.settle(b, x)?, self.settle(b, y)?);
        Ok(Cotangent {
            settled: either(b, x.settled, y.settled)?,
            ..Cotangent::plain(b.add(x.value, y.value)?)
        })
    }
}
