//! Where a simplification looks: an op, its operands, and what makes them.

use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, Value, Values};
use crate::op::{Full, Op, Reshape};
use crate::shape::Type;

/// What a rule puts in the place of an op.
pub(super) enum Rewrite {
    /// A value that is there already.
    Value(Value),
    /// Another op.
    Op(Op, Values),
}

/// An op about to be pushed onto simplified operands.
pub(super) struct Site<'a> {
    graph: &'a Graph,
    /// The op, in canonical form.
    pub(super) op: &'a Op,
    /// Its operands.
    pub(super) x: &'a [Value],
    /// The type of its first result.
    pub(super) ty: &'a Type,
}

impl<'a> Site<'a> {
    pub(super) fn new(graph: &'a Graph, op: &'a Op, x: &'a [Value], ty: &'a Type) -> Self {
        Site { graph, op, x, ty }
    }

    /// The type of an operand.
    pub(super) fn type_of(&self, value: Value) -> &'a Type {
        self.graph.ty(value)
    }

    /// The dtype of the first operand.
    pub(super) fn dtype(&self) -> DType {
        self.x
            .first()
            .map_or(self.ty.dtype, |x| self.type_of(*x).dtype)
    }

    /// The op that makes a value, with its operands.
    pub(super) fn producer(&self, value: Value) -> (&'a Op, Values) {
        (self.graph.op(value.node), self.graph.operands(value.node))
    }

    /// The number in every element of a value, if that is known.
    pub(super) fn splat(&self, value: Value) -> Option<&'a Constant> {
        if let Op::Full(full) = self.graph.op(value.node) {
            Some(&full.value)
        } else {
            None
        }
    }

    /// Whether every element of a value is that integer (for 0 of floats: +0).
    pub(super) fn is(&self, value: Value, integer: i64) -> bool {
        self.splat(value) == Some(&Constant::integer(integer))
    }

    /// Whether adding a value changes nothing: −0 for floats, where −0 + +0 = +0, else 0.
    pub(super) fn is_neutral_addend(&self, value: Value) -> bool {
        if self.type_of(value).dtype.is_float() {
            self.splat(value) == Some(&Constant::NegZero)
        } else {
            self.is(value, 0)
        }
    }

    /// The two operands of a binary op.
    pub(super) fn pair(&self) -> Option<(Value, Value)> {
        let [x, y] = self.x else { return None };
        Some((*x, *y))
    }

    /// The two operands of a binary op, in the order in which the predicate holds of the second.
    pub(super) fn either(&self, holds: impl Fn(Value) -> bool) -> Option<(Value, Value)> {
        let (x, y) = self.pair()?;
        if holds(y) {
            Some((x, y))
        } else {
            holds(x).then_some((y, x))
        }
    }

    /// The operand of the negation that makes a value.
    pub(super) fn negated(&self, value: Value) -> Option<Value> {
        let (op, x) = self.producer(value);
        matches!(op, Op::Neg(_)).then(|| x[0])
    }

    /// This value instead.
    pub(super) fn value(&self, value: Value) -> Option<Rewrite> {
        Some(Rewrite::Value(value))
    }

    /// This op instead.
    pub(super) fn op(&self, op: impl Into<Op>, operands: &[Value]) -> Option<Rewrite> {
        Some(Rewrite::Op(op.into(), Values::from_slice(operands)))
    }

    /// An integer in every element instead.
    pub(super) fn splat_of(&self, integer: i64) -> Option<Rewrite> {
        self.op(Full::stored(self.ty, &Constant::integer(integer)), &[])
    }

    /// The elements of `value` in the result's shape instead.
    pub(super) fn reshaped(&self, value: Value) -> Option<Rewrite> {
        if self.type_of(value) == self.ty {
            return self.value(value);
        }
        let shape = self.ty.shape.clone();
        self.op(Reshape { shape }, &[value])
    }
}
