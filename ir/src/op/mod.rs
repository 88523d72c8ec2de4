//! The op table.
//!
//! An op is written once: a struct with typed attributes and a [`Spec`], made by the `op!` macro,
//! and the methods of its family's trait. The list below is the only other place that names it; it
//! holds no semantics. Parser, printer, verifier, interpreter, derivatives, lowering, documentation
//! and tests all derive from these two.

mod activation;
mod address;
mod arithmetic;
mod attention;
pub mod attribute;
mod composite;
mod contract;
mod conv;
pub mod family;
mod fold;
mod index;
mod leaf;
mod logic;
mod loss;
mod macros;
mod normalization;
mod optimizer;
mod order;
mod pool;
mod prefix;
mod random;
mod region;
mod scan;
pub mod spec;
mod spectral;
mod spectral_conv;
mod transcendental;
mod truncated;
mod twiddle;
mod view;
mod window;

pub use activation::*;
pub use address::{
    DynamicSlice, DynamicUpdateSlice, GatherNd, ScatterElementsAdd, ScatterNdAdd, TakeAlongAxis,
};
pub use arithmetic::*;
pub use attention::*;
pub use attribute::{
    AttrError, AttrSpec, AttrValue, Attribute, Attributes, Axes, Numbers, Real, literal,
};
pub use composite::*;
pub use contract::{ContractAxes, DotGeneral};
pub use conv::*;
pub use family::{
    ArgRule, Composite, Family, FoldRule, Leaf, Monoid, Prefix, PrefixRule, SortRule, View,
};
pub(crate) use family::{expansion, widened};
pub use fold::*;
pub use index::{Gather, Picking, ScatterAdd};
pub(crate) use leaf::check_written;
pub use leaf::{Elements, Full, Input, Iota, Literal};
pub use logic::*;
pub use loss::*;
pub use normalization::*;
pub use optimizer::*;
pub use order::{ArgSort, Sort, TopK};
pub use pool::*;
pub use prefix::{CumLogSumExp, CumMax, CumMin, CumProd, CumSum, LinearRecurrence};
pub use random::{
    Dropout, FixedMaskScale, RngBernoulli, RngBits, RngCategorical, RngFoldIn, RngNormal,
    RngUniform, Threefry2x32,
};
pub use region::{Barrier, Call, Pullback, Region, Stated};
pub(crate) use region::{names_integers, states_conditions};
pub use scan::{Cond, Scan, ScanRole};
pub use spec::{Accepts, Described, Guard, OpDef, Spec, TypeError, Types};
pub use spectral::{ComplexMul, Fft, Ifft, Irfft, Rfft};
pub use spectral_conv::{SpectralConv1d, SpectralConv2d};
pub use transcendental::*;
pub use view::*;
pub use window::{Shear, Window};

use crate::scalar::{Comparison, Connective};
use crate::shape::Type;
use macros::op_table;

op_table! {
    leaf_input: Input;
    leaf_full: Full;
    leaf_literal: Literal;
    leaf_iota: Iota;
    pointwise_1: Neg, Abs, Square, Scale, SmoothAbs, Clamp, Reciprocal, Sqrt, Rsqrt, Power;
    pointwise_2: Add, Sub, SubtractNoNan, Mul, MultiplyNoNan, Div, Max, Min, Pow;
    pointwise_1: Exp, Expm1, Log, Log1p, Sin, Cos, Sinh, Cosh, Tanh, Erf, SafeLog;
    pointwise_1: Relu, LeakyRelu, Elu, Sigmoid, Softplus, Silu, Gelu, Softsign;
    discrete_1: Floor, Ceil, Round, Sign, StopGradient;
    discrete_2: Rem, BitAnd, BitOr, BitXor, ShiftLeft, ShiftRight;
    equal: Equal;
    not_equal: NotEqual;
    less: Less;
    less_equal: LessEqual;
    greater: Greater;
    greater_equal: GreaterEqual;
    logical_and: LogicalAnd;
    logical_or: LogicalOr;
    logical_xor: LogicalXor;
    not: LogicalNot;
    select: Select;
    cast: Cast;
    view: BroadcastInDim, Reshape, Transpose, Slice, Pad, Reverse, Concat, Window, Shear;
    fold: Sum, ReduceMax, ReduceMin;
    arg_fold: Argmax, Argmin;
    prefix: CumSum, CumProd, CumMax, CumMin, LinearRecurrence;
    composite: CumLogSumExp;
    arg_sort: ArgSort;
    contract: DotGeneral;
    gather: Gather;
    scatter_add: ScatterAdd;
    composite: Mean, ReduceProd, Softmax, MaskedSoftmax, LogSoftmax, LogSumExp, OneHot;
    composite: LayerNorm, RmsNorm, GroupNorm, InstanceNorm, BatchNormTraining, BatchNormInference;
    composite: ScaledDotProductAttention, RotaryEmbedding;
    composite: Mse, Mae, Huber, Hinge, BceWithLogits, CrossEntropy, Nll, KlDiv;
    composite: Conv, ConvTranspose, MaxPool, AvgPool, SmoothMaxPool;
    composite: Sgd, Momentum, Adam, AdamW;
    composite: TakeAlongAxis, ScatterElementsAdd, GatherNd, ScatterNdAdd;
    composite: DynamicSlice, DynamicUpdateSlice, Sort, TopK;
    composite: Threefry2x32, RngFoldIn, RngBits, RngUniform, RngNormal, RngBernoulli, RngCategorical;
    composite: FixedMaskScale, Dropout;
    composite: ComplexMul, Fft, Ifft, Rfft, Irfft, SpectralConv1d, SpectralConv2d;
    barrier: Barrier;
    composite: Call;
    scan: Scan;
    cond: Cond;
}

/// One function per row of the table: the op as a member of its family.
mod families {
    use super::family::{Discrete, Pointwise, discrete_rule, pointwise_rule};
    use super::fold::Reduction;
    use super::prefix::Running;
    use super::*;

    pub(super) fn pointwise_1<T: Pointwise<1> + Into<Op>>(op: &T) -> Family<'_> {
        Family::Pointwise(pointwise_rule(op))
    }
    pub(super) fn pointwise_2<T: Pointwise<2> + Into<Op>>(op: &T) -> Family<'_> {
        Family::Pointwise(pointwise_rule(op))
    }
    pub(super) fn discrete_1<T: Discrete<1> + Into<Op>>(op: &T) -> Family<'_> {
        Family::Discrete(discrete_rule(op))
    }
    pub(super) fn discrete_2<T: Discrete<2> + Into<Op>>(op: &T) -> Family<'_> {
        Family::Discrete(discrete_rule(op))
    }
    pub(super) fn view<T: View>(op: &T) -> Family<'_> {
        Family::View(op)
    }
    pub(super) fn fold<T: Reduction>(op: &T) -> Family<'_> {
        Family::Fold(op.rule())
    }
    pub(super) fn prefix<T: Running>(op: &T) -> Family<'_> {
        Family::Prefix(op.rule())
    }
    pub(super) fn composite<T: Composite>(op: &T) -> Family<'_> {
        Family::Composite(op)
    }

    macro_rules! rows {
        ($($row:ident($op:ident: $Name:ident) => $family:expr;)+) => {$(
            pub(super) fn $row<'a>($op: &'a $Name) -> Family<'a> {
                let _ = $op;
                $family
            }
        )+};
    }
    rows! {
        leaf_input(op: Input) => Family::Leaf(Leaf::Input(op));
        leaf_full(op: Full) => Family::Leaf(Leaf::Full(op));
        leaf_literal(op: Literal) => Family::Leaf(Leaf::Literal(op));
        leaf_iota(op: Iota) => Family::Leaf(Leaf::Iota(op));
        equal(op: Equal) => Family::Compare(Comparison::Eq);
        not_equal(op: NotEqual) => Family::Compare(Comparison::Ne);
        less(op: Less) => Family::Compare(Comparison::Lt);
        less_equal(op: LessEqual) => Family::Compare(Comparison::Le);
        greater(op: Greater) => Family::Compare(Comparison::Gt);
        greater_equal(op: GreaterEqual) => Family::Compare(Comparison::Ge);
        logical_and(op: LogicalAnd) => Family::Connect(Connective::And);
        logical_or(op: LogicalOr) => Family::Connect(Connective::Or);
        logical_xor(op: LogicalXor) => Family::Connect(Connective::Xor);
        not(op: LogicalNot) => Family::Not;
        select(op: Select) => Family::Select;
        cast(op: Cast) => Family::Cast(op.dtype);
        arg_sort(op: ArgSort) => Family::ArgSort(op.rule());
        contract(op: DotGeneral) => Family::Contract(op);
        gather(op: Gather) => Family::Gather(op);
        scatter_add(op: ScatterAdd) => Family::ScatterAdd(op);
        barrier(op: Barrier) => Family::Barrier;
        scan(op: Scan) => Family::Scan(op);
        cond(op: Cond) => Family::Cond(op);
    }

    /// An op that searches along an axis.
    pub(super) trait ArgReduction: std::fmt::Debug {
        fn arg_rule(&self) -> ArgRule;
    }
    impl ArgReduction for Argmax {
        fn arg_rule(&self) -> ArgRule {
            self.rule()
        }
    }
    impl ArgReduction for Argmin {
        fn arg_rule(&self) -> ArgRule {
            self.rule()
        }
    }
    pub(super) fn arg_fold<T: ArgReduction>(op: &T) -> Family<'_> {
        Family::ArgFold(op.arg_rule())
    }
}
