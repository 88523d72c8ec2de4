//! Prefix scans: what an associative op makes of all elements up to each place along an axis.
//!
//! One pass along the axis computes them. Their derivatives are prefix scans again, most of them the
//! linear recurrence hᵢ = aᵢ·hᵢ₋₁ + bᵢ, which is closed under differentiation: so the derivative of a
//! product needs no division and is exact at zeros, and takes time linear in the length, too.

use super::composite::Built;
use super::family::{Composite, Prefix, PrefixRule};
use super::macros::op;
use super::spec::{Accepts, Guard, OpDef, TypeError, Types, check_axes, normalize_axes, single};
use crate::builder::Builder;
use crate::graph::Value;
use crate::op::{Concat, Op, SubtractNoNan};
use crate::shape::Type;
use smallvec::{SmallVec, smallvec};

impl Op {
    /// A prefix scan that leaves the element at a place out, as one that does not; others as they are.
    pub(crate) fn inclusive(self) -> Op {
        let exclusive = false;
        if let Op::CumSum(op) = self {
            CumSum { exclusive, ..op }.into()
        } else if let Op::CumProd(op) = self {
            CumProd { exclusive, ..op }.into()
        } else if let Op::CumMax(op) = self {
            CumMax { exclusive, ..op }.into()
        } else if let Op::CumMin(op) = self {
            CumMin { exclusive, ..op }.into()
        } else if let Op::LinearRecurrence(op) = self {
            LinearRecurrence { exclusive, ..op }.into()
        } else {
            self
        }
    }
}

/// An op that runs along an axis.
pub(crate) trait Running: OpDef {
    /// What it computes, once the axis is canonical.
    fn rule(&self) -> PrefixRule;
}

fn infer(op: &str, accepts: Accepts, axis: i64, operands: &[&Type]) -> Result<Types, TypeError> {
    for (slot, operand) in operands.iter().enumerate() {
        accepts.require(op, slot, operand)?;
        if *operand != operands[0] {
            let message = format!("`{op}` of {} and {operand}", operands[0]);
            return Err(TypeError::new(message)
                .at(slot)
                .help("its operands have one dtype and one shape"));
        }
    }
    check_axes(op, &[axis], operands[0].shape.rank())?;
    Ok(single(operands[0].clone()))
}

macro_rules! running {
    (
        $(#[doc = $doc:literal])+
        $Name:ident = $name:literal($($operand:ident),+), $accepts:ident, $prefix:ident,
        [$($example:literal),+] $(, guard $guard:expr)?
    ) => {
        op! {
            $(#[doc = $doc])+
            $Name = $name($($operand),+) {
                /// The axis to run along.
                axis: i64 = -1,
                /// Whether to begin with the last element.
                reverse: bool = false,
                /// Whether the element at a place itself is left out there.
                exclusive: bool = false,
            }
            examples [$($example),+]
        }
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                infer($name, Accepts::$accepts, self.axis, operands)
            }
            fn canonical(self, operands: &[&Type]) -> Self {
                let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
                $Name { axis, ..self }
            }
            fn guards(&self) -> SmallVec<[Guard; 1]> {
                smallvec![$($guard)?]
            }
        }
        impl Running for $Name {
            fn rule(&self) -> PrefixRule {
                PrefixRule {
                    prefix: Prefix::$prefix,
                    axis: usize::try_from(self.axis).unwrap_or(usize::MAX),
                    reverse: self.reverse,
                    exclusive: self.exclusive,
                }
            }
        }
    };
}

running! {
    /// The sum of the elements up to each place along an axis. Up to 512 elements are added in order.
    /// Of more, blocks of 32 are, and what comes before each block is the prefix sum of what blocks
    /// come to (in 4 interleaved parts), in blocks of 16, until at most 64 are left. So the error is at most
    /// (98 + 18·⌈log₁₆(n / 2048)⌉)·u·Σ|xᵢ|, with u the unit roundoff (2⁻²⁴ in f32).
    CumSum = "cumsum"(x), Numbers, Sum,
    [
        "(x: f32[2, 5]) -> cumsum(x)",
        "(x: f32[4, 3]) -> cumsum(x, axis = 0, reverse = true)",
        "(x: f32[5]) -> cumsum(x, exclusive = true)",
        "(x: i32[2, 3, 2]) -> cumsum(x, axis = 1, reverse = true, exclusive = true)"
    ]
}
running! {
    /// The product of the elements up to each place along an axis. The derivative is exact where
    /// elements are zero. More than 512 floats are multiplied in blocks of 512, unless the
    /// product of a block leaves the normal range of the dtype. The error is at most n·u of each product, with u the unit
    /// roundoff (2⁻²⁴ in f32), in any order.
    CumProd = "cumprod"(x), Numbers, Product,
    [
        "(x: f32[2, 5]) -> cumprod(x)",
        "(x: f32[4, 3]) -> cumprod(x, axis = 0)",
        "(x: f32[5]) -> cumprod(x, exclusive = true, reverse = true)"
    ]
}
running! {
    /// The largest of the elements up to each place along an axis; NaN from the first NaN on. The
    /// first of several largest takes the cotangent.
    CumMax = "cummax"(x), Numbers, Max,
    [
        "(x: f32[2, 5]) -> cummax(x)",
        "(x: f32[4, 3]) -> cummax(x, axis = 0, reverse = true)",
        "(x: i32[6]) -> cummax(x, exclusive = true)"
    ], guard Guard::NoTies { operand: 0 }
}
running! {
    /// The smallest of the elements up to each place along an axis; NaN from the first NaN on. The
    /// first of several smallest takes the cotangent.
    CumMin = "cummin"(x), Numbers, Min,
    [
        "(x: f32[2, 5]) -> cummin(x)",
        "(x: i32[2, 3], y: f32[3, 2]) -> cummin(y, axis = 0, reverse = true)"
    ], guard Guard::NoTies { operand: 0 }
}
op! {
    /// log Σ exp of the elements up to each place along an axis, without overflow: with M the largest
    /// element so far, M + log s, where s = s·exp(M before − M) + exp(x − M). Where M is infinite, the
    /// elements that equal it share the cotangent.
    CumLogSumExp = "cumlogsumexp"(x) {
        /// The axis to run along.
        axis: i64 = -1,
        /// Whether to begin with the last element.
        reverse: bool = false,
    }
    examples [
        "(x: f32[2, 5]) -> cumlogsumexp(x)",
        "(x: f32[4, 3]) -> cumlogsumexp(x, axis = 0, reverse = true)",
    ]
}
impl OpDef for CumLogSumExp {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        infer("cumlogsumexp", Accepts::Floats, self.axis, operands)
    }
    fn canonical(self, operands: &[&Type]) -> Self {
        let axis = normalize_axes(&[self.axis], operands[0].shape.rank())[0];
        CumLogSumExp { axis, ..self }
    }
}
impl Composite for CumLogSumExp {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let CumLogSumExp { axis, reverse } = *self;
        let x = operands[0];
        let exclusive = false;
        let running = CumMax {
            axis,
            reverse,
            exclusive,
        };
        let largest = b.stop_gradient(b.apply(running, &[x])?)?;
        let before = earlier(b, largest, axis, reverse)?;
        let shrink = b.exp(b.apply(SubtractNoNan {}, &[before, largest])?)?;
        let own = b.exp(b.apply(SubtractNoNan {}, &[x, largest])?)?;
        let recurrence = LinearRecurrence {
            axis,
            reverse,
            exclusive,
        };
        let total = b.apply(recurrence, &[shrink, own])?;
        Ok(smallvec![b.add(b.log(total)?, largest)?])
    }
}

/// x, each element one place later in the direction of the run; the first one stays.
fn earlier(b: &Builder, x: Value, axis: i64, reverse: bool) -> Result<Value, TypeError> {
    let shape = b.shape(x);
    let along = usize::try_from(axis).unwrap_or(usize::MAX);
    let extent = shape.extent(along);
    if extent == 0 {
        return Ok(x);
    }
    let part = |from: u64, to: u64| {
        let rank = shape.rank();
        let (mut start, mut limit) = (vec![0; rank], shape.extents().collect::<Vec<u64>>());
        (start[along], limit[along]) = (from, to);
        b.slice(x, &start, &limit, &vec![1; rank])
    };
    let pieces = if reverse {
        [part(1, extent)?, part(extent - 1, extent)?]
    } else {
        [part(0, 1)?, part(0, extent - 1)?]
    };
    b.apply(Concat { axis }, &pieces)
}

running! {
    /// The linear recurrence hᵢ = aᵢ·hᵢ₋₁ + bᵢ along an axis, from 0: the first element is that of b.
    /// State space models and exponential averages are such. More than 512 elements are taken in
    /// blocks of 512: what comes before a block is composed of what the blocks before it do to what
    /// comes before them, unless the product of their a leaves the normal range of the dtype. The error is at
    /// most 2n·u times what |a| and |b| come to, with u the unit roundoff (2⁻²⁴ in f32), in any order.
    LinearRecurrence = "linear_recurrence"(a, b), Floats, Linear,
    [
        "(a: f32[2, 5], b: f32[2, 5]) -> linear_recurrence(a, b)",
        "(a: f32[4, 3], b: f32[4, 3]) -> linear_recurrence(a, b, axis = 0, reverse = true)",
        "(a: f32[5], b: f32[5]) -> linear_recurrence(a, b, exclusive = true)"
    ]
}
