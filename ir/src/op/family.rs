//! The families: all that derivatives, interpreters and lowering know of an op.
//!
//! Each family has one trait and one set of rules. Code that works on ops matches on [`Family`],
//! exhaustively; a new op joins a family and is then known everywhere, and a new family is a
//! compile error wherever a rule for it is missing.

use super::Op;
use super::attribute::Axes;
use super::contract::DotGeneral;
use super::index::{Gather, ScatterAdd};
use super::leaf::{Full, Input, Iota, Literal};
use super::scan::{Cond, Scan};
use super::spec::{Accepts, OpDef, TypeError, elementwise};
use crate::autodiff::mask::found;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::expr::{Class, Rule, Sym, trace};
use crate::graph::Value;
use crate::index::IndexMap;
use crate::scalar::{Comparison, Connective, Scalar, Undefined};
use crate::shape::Type;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;

/// An op seen as a member of its family.
#[derive(Debug)]
pub enum Family<'a> {
    /// A differentiable function applied element by element.
    Pointwise(Rc<Rule>),
    /// A function applied element by element that has no derivative (it is piecewise constant, on
    /// integers, or declared to stop the gradient).
    Discrete(Rc<Rule>),
    /// A relation of two operands, element by element.
    Compare(Comparison),
    /// A connective of two bool operands.
    Connect(Connective),
    /// Negation of a bool operand.
    Not,
    /// A choice between two operands by a bool one.
    Select,
    /// Conversion to another dtype. Between floats it is linear, else it has no derivative.
    Cast(DType),
    /// A gather by an index map: linear, with its transpose stated by the op.
    View(&'a dyn View),
    /// A monoid folded over axes.
    Fold(FoldRule),
    /// Position of the first winner along an axis.
    ArgFold(ArgRule),
    /// The permutation that sorts along an axis.
    ArgSort(SortRule),
    /// A prefix scan along an axis.
    Prefix(PrefixRule),
    /// A contraction.
    Contract(&'a DotGeneral),
    /// Elements picked by run-time indices.
    Gather(&'a Gather),
    /// Elements added at run-time indices; the transpose of [`Family::Gather`].
    ScatterAdd(&'a ScatterAdd),
    /// A value that depends on no other.
    Leaf(Leaf<'a>),
    /// The operand itself, hidden from passes.
    Barrier,
    /// A loop over a graph.
    Scan(&'a Scan),
    /// One of two graphs.
    Cond(&'a Cond),
    /// An op that is defined by other ops.
    Composite(&'a dyn Composite),
}

/// A value that depends on no other.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'a> {
    /// A graph input.
    Input(&'a Input),
    /// One number, repeated.
    Full(&'a Full),
    /// A constant tensor.
    Literal(&'a Literal),
    /// Positions along an axis.
    Iota(&'a Iota),
}

impl Op {
    /// Whether computing an op again costs no more than reading what it yields.
    pub(crate) fn is_cheap(&self) -> bool {
        match self.family() {
            Family::Pointwise(rule) | Family::Discrete(rule) => rule.class() != Class::Real,
            Family::Compare(_)
            | Family::Connect(_)
            | Family::Not
            | Family::Select
            | Family::Cast(_)
            | Family::View(_)
            | Family::Barrier
            | Family::Leaf(Leaf::Full(_) | Leaf::Literal(_) | Leaf::Iota(_)) => true,
            Family::Leaf(Leaf::Input(_))
            | Family::Fold(_)
            | Family::ArgFold(_)
            | Family::ArgSort(_)
            | Family::Prefix(_)
            | Family::Contract(_)
            | Family::Gather(_)
            | Family::ScatterAdd(_)
            | Family::Scan(_)
            | Family::Cond(_)
            | Family::Composite(_) => false,
        }
    }
}

impl Op {
    /// Whether each element of the result is computed of the same element of each operand.
    pub fn is_elementwise(&self) -> bool {
        match self.family() {
            Family::Pointwise(_)
            | Family::Discrete(_)
            | Family::Compare(_)
            | Family::Connect(_)
            | Family::Not
            | Family::Select
            | Family::Cast(_)
            | Family::Barrier => true,
            Family::View(_)
            | Family::Fold(_)
            | Family::ArgFold(_)
            | Family::ArgSort(_)
            | Family::Prefix(_)
            | Family::Contract(_)
            | Family::Gather(_)
            | Family::ScatterAdd(_)
            | Family::Leaf(_)
            | Family::Scan(_)
            | Family::Cond(_)
            | Family::Composite(_) => false,
        }
    }

    /// Whether what the op yields of floats is constant but for jumps: roundings, signs, positions.
    pub(crate) fn is_step(&self) -> bool {
        matches!(
            self.family(),
            Family::Discrete(_) | Family::ArgFold(_) | Family::ArgSort(_)
        )
    }
}

impl Op {
    /// Whether what an op of `dtype` yields has that dtype however it is computed: every number has, of a
    /// dtype that is computed in itself; a half has if it is chosen from halves, or is a cast to one. All
    /// else is computed in f32 and then rounded, once.
    pub fn stays_within(&self, dtype: DType) -> bool {
        if dtype.half().is_none() {
            return true;
        }
        match self.family() {
            Family::Pointwise(rule) | Family::Discrete(rule) => rule.stays_within(dtype),
            Family::Fold(FoldRule { monoid, .. }) => monoid != Monoid::Sum,
            Family::Prefix(PrefixRule { prefix, .. }) => match prefix {
                Prefix::Max | Prefix::Min => true,
                Prefix::Sum | Prefix::Product | Prefix::Linear => false,
            },
            Family::Contract(_) | Family::ScatterAdd(_) => false,
            Family::Compare(_)
            | Family::Connect(_)
            | Family::Not
            | Family::Select
            | Family::Cast(_)
            | Family::View(_)
            | Family::ArgFold(_)
            | Family::ArgSort(_)
            | Family::Gather(_)
            | Family::Leaf(_)
            | Family::Barrier
            | Family::Scan(_)
            | Family::Cond(_)
            | Family::Composite(_) => true,
        }
    }
}

/// An op that applies a differentiable function element by element. `N` operands of one type.
pub trait Pointwise<const N: usize>: OpDef {
    /// What it computes.
    fn eval<S: Scalar>(&self, x: [S; N]) -> S;
    /// ∂y/∂xᵢ, which may use the result y.
    fn partials<S: Scalar>(&self, x: [S; N], y: &S) -> [S; N];
}

/// An op that applies a function without derivative element by element.
pub trait Discrete<const N: usize>: OpDef {
    /// What it computes.
    fn eval<S: Scalar>(&self, x: [S; N]) -> S;
}

thread_local! {
    /// Rules that were traced on this thread. Graphs repeat few distinct ops many times.
    static RULES: RefCell<FxHashMap<Op, Rc<Rule>>> = RefCell::default();
}

/// The cache is emptied when it holds this many rules, so that attributes that never repeat cannot
/// fill the memory.
const MAX_CACHED_RULES: usize = 4096;

fn cached(op: Op, trace: impl FnOnce() -> Rule) -> Rc<Rule> {
    if let Some(rule) = RULES.with_borrow(|rules| rules.get(&op).cloned()) {
        return rule;
    }
    let rule = Rc::new(trace());
    RULES.with_borrow_mut(|rules| {
        if rules.len() >= MAX_CACHED_RULES {
            rules.clear();
        }
        rules.insert(op, rule.clone());
    });
    rule
}

/// The rule of a pointwise op.
pub(crate) fn pointwise_rule<const N: usize, T: Pointwise<N> + Into<Op>>(op: &T) -> Rc<Rule> {
    cached(op.clone().into(), || {
        let partials = |x: [Sym; N], y: Sym| op.partials(x, &y);
        trace(|x| op.eval(x), Some(&partials))
    })
}

/// The rule of a discrete op.
pub(crate) fn discrete_rule<const N: usize, T: Discrete<N> + Into<Op>>(op: &T) -> Rc<Rule> {
    cached(op.clone().into(), || trace(|x| op.eval(x), None))
}

/// An op whose every result element is one operand element, or zero.
pub trait View: std::fmt::Debug {
    /// For each operand, the map from a result coordinate to the operand element that stands
    /// there. The guards are disjoint; where none holds stands the fill value.
    fn maps(&self, operands: &[&Type], result: &Type) -> Vec<IndexMap>;
    /// What stands where no guard holds.
    fn fill(&self) -> Constant {
        Constant::integer(0)
    }
    /// Whether a guard holds everywhere, so that the fill value stands nowhere.
    fn is_total(&self) -> bool {
        false
    }
    /// The view as a linear map, that is, with zero fill: its JVP.
    fn linear(&self) -> Op;
    /// The same view of each of `count` tensors that are stacked along a new leading axis.
    fn stacked(&self, count: u64) -> Op;
    /// The cotangent of operand `which`, given that of the result: the transposed map.
    fn transpose(
        &self,
        builder: &Builder,
        cotangent: Value,
        operands: &[&Type],
        which: usize,
    ) -> Result<Value, TypeError>;
    /// Whether the transposed map adds elements up, so that it does more than move them.
    fn transpose_adds(&self, _operands: &[&Type]) -> bool {
        false
    }
    /// Which elements of operand `which` the view puts where `truths` holds.
    fn transpose_truths(
        &self,
        builder: &Builder,
        truths: Value,
        operands: &[&Type],
        which: usize,
    ) -> Result<Value, TypeError> {
        self.transpose(builder, truths, operands, which)
    }
}

/// The transposed map of truth values that a view counts: where any is true.
pub(super) fn transposed_counts(
    view: &dyn View,
    builder: &Builder,
    truths: Value,
    operands: &[&Type],
    which: usize,
) -> Result<Value, TypeError> {
    let numbers = builder.cast(truths, DType::I32)?;
    found(builder, view.transpose(builder, numbers, operands, which)?)
}

/// A monoid over which elements are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Monoid {
    /// Sum, from 0.
    Sum,
    /// Largest element; NaN if any is NaN.
    Max,
    /// Smallest element; NaN if any is NaN.
    Min,
}

impl Monoid {
    /// The value of an empty fold, as an element of `dtype`.
    pub fn identity(self, dtype: DType) -> Constant {
        match (self, dtype.integer_range()) {
            (Monoid::Sum, _) => Constant::integer(0),
            (Monoid::Max, Some((low, _))) => Constant::integer(low),
            (Monoid::Min, Some((_, high))) => Constant::integer(high),
            (Monoid::Max, None) => Constant::NegInfinity,
            (Monoid::Min, None) => Constant::Infinity,
        }
    }

    /// Combines two partial results.
    pub fn combine<S: Scalar>(self, left: &S, right: &S) -> S {
        match self {
            Monoid::Sum => left.add(right),
            Monoid::Max => left.max(right),
            Monoid::Min => left.min(right),
        }
    }
}

/// A fold of a monoid over axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldRule {
    /// What is folded.
    pub monoid: Monoid,
    /// The folded axes, normalised and ascending.
    pub axes: SmallVec<[usize; 4]>,
    /// Whether folded axes stay, with extent 1.
    pub keepdims: bool,
}

/// The position of the first largest or smallest element along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgRule {
    /// Whether the largest element is sought.
    pub largest: bool,
    /// The axis.
    pub axis: usize,
    /// Whether the axis stays, with extent 1.
    pub keepdims: bool,
    /// The integer dtype of the result.
    pub dtype: DType,
}

/// The positions of the elements along an axis, in sorted order. Elements that compare equal keep
/// their order; NaN counts as larger than every number, and as equal to NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortRule {
    /// Whether the largest element comes first.
    pub descending: bool,
    /// The axis.
    pub axis: usize,
    /// The integer dtype of the result.
    pub dtype: DType,
}

/// What a prefix scan carries along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// The sum, from 0.
    Sum,
    /// The product, from 1.
    Product,
    /// The largest element; NaN once there is one.
    Max,
    /// The smallest element; NaN once there is one.
    Min,
    /// h in h' = a·h + b, from 0.
    Linear,
}

impl Prefix {
    /// What is carried before the first element, as an element of `dtype`.
    pub fn identity(self, dtype: DType) -> Constant {
        match self {
            Prefix::Sum if dtype.is_float() => Constant::NegZero,
            Prefix::Sum | Prefix::Linear => Constant::integer(0),
            Prefix::Product => Constant::integer(1),
            Prefix::Max => Monoid::Max.identity(dtype),
            Prefix::Min => Monoid::Min.identity(dtype),
        }
    }

    /// What is carried after an element: one of each operand.
    pub fn combine<S: Scalar>(self, state: &S, x: &[S]) -> S {
        match (self, x) {
            (Prefix::Sum, [x]) => state.add(x),
            (Prefix::Product, [x]) => state.mul(x),
            (Prefix::Max, [x]) => state.max(x),
            (Prefix::Min, [x]) => state.min(x),
            (Prefix::Linear, [a, b]) => a.mul(state).add(b),
            (_, _) => state.undefined(Undefined("a prefix scan of other operands")),
        }
    }
}

/// A prefix scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixRule {
    /// What is carried along.
    pub prefix: Prefix,
    /// The axis.
    pub axis: usize,
    /// Whether the last element comes first.
    pub reverse: bool,
    /// Whether the element at a place is left out there.
    pub exclusive: bool,
}

/// What a composite stands for on these operands, as values of these types. Where there are halves,
/// it is computed in f32 throughout, and only the results are rounded.
pub(crate) fn expansion(
    composite: &dyn Composite,
    builder: &Builder,
    operands: &[Value],
    results: &[Type],
) -> Result<SmallVec<[Value; 2]>, TypeError> {
    if composite.keeps_halves() {
        return composite.decompose(builder, operands);
    }
    let wide = in_compute(builder, operands)?;
    rounded(builder, composite.decompose(builder, &wide)?, results)
}

/// A composite op itself in f32, between casts of its operands and of its results. Its derivatives are so
/// computed in f32, from operands and results that are not rounded, and each is rounded once.
pub(crate) fn widened(
    op: &Op,
    builder: &Builder,
    operands: &[Value],
    results: &[Type],
) -> Result<SmallVec<[Value; 2]>, TypeError> {
    let wide = in_compute(builder, operands)?;
    let node = builder.node(op.clone(), &wide)?;
    let values = builder.with_graph(|graph| graph.results(node));
    rounded(builder, values.into_iter().collect(), results)
}

/// Values in the dtypes that they are computed in.
fn in_compute(builder: &Builder, values: &[Value]) -> Result<SmallVec<[Value; 4]>, TypeError> {
    let wide = |value: &Value| builder.cast(*value, builder.ty(*value).dtype.compute());
    values.iter().map(wide).collect()
}

/// Values as those of the given types.
fn rounded(
    builder: &Builder,
    mut values: SmallVec<[Value; 2]>,
    types: &[Type],
) -> Result<SmallVec<[Value; 2]>, TypeError> {
    for (value, ty) in values.iter_mut().zip(types) {
        *value = builder.cast(*value, ty.dtype)?;
    }
    Ok(values)
}

/// An op that is defined by other ops.
pub trait Composite: std::fmt::Debug {
    /// Builds the op from others: one value per result.
    fn decompose(
        &self,
        builder: &Builder,
        operands: &[Value],
    ) -> Result<SmallVec<[Value; 2]>, TypeError>;
    /// Whether the op is built in the dtypes of its operands, halves too: calls, and what moves elements or
    /// adds them up once, and so rounds once anyway, in its derivatives as well.
    fn keeps_halves(&self) -> bool {
        false
    }
    /// Whether the op states a VJP of its own.
    fn has_vjp(&self) -> bool {
        false
    }
    /// Whether its forward mode is that of what it decomposes into; else it has none.
    fn has_jvp(&self) -> bool {
        true
    }
    /// A cheaper or stabler VJP than the decomposition's, if the op has one: a cotangent per
    /// operand (`None` for an operand without any), from the operands, the results and the
    /// cotangents of the results (`None` where a result has none).
    fn vjp(
        &self,
        _builder: &Builder,
        _operands: &[Value],
        _results: &[Value],
        _cotangents: &[Option<Value>],
    ) -> Option<Result<Vec<Option<Value>>, TypeError>> {
        None
    }
    /// For an op with a VJP of its own and one result: which elements of each operand some element of
    /// the result is made of that is taken, given which are. `None` for an operand of which all are, or
    /// that has no cotangent. An op that does not say is taken apart where not all of its result is taken.
    fn reached(
        &self,
        _builder: &Builder,
        _operands: &[Value],
        _taken: Value,
    ) -> Option<Result<Vec<Option<Value>>, TypeError>> {
        None
    }
}

/// Result type of an elementwise op that keeps the operand type.
pub(crate) fn same_type(
    op: &str,
    accepts: Accepts,
    operands: &[&Type],
) -> Result<super::spec::Types, TypeError> {
    elementwise(op, accepts, operands).map(super::spec::single)
}

/// All axes of a tensor of that rank, where none are given.
pub(crate) fn all_axes(axes: Option<Axes>, rank: usize) -> Axes {
    axes.unwrap_or_else(|| (0..rank as i64).collect())
}
