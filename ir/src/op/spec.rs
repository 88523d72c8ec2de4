//! What every op states about itself.

use super::attribute::{AttrError, AttrSpec, AttrValue, Attributes};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::shape::{MAX_BYTES, MAX_INNER_RANK, Type};
use smallvec::SmallVec;
use std::fmt::Debug;
use std::hash::Hash;

/// The result types of an op; most have one.
pub type Types = SmallVec<[Type; 1]>;

/// What an op says about itself, as data.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The name in the graph language.
    pub name: &'static str,
    /// Names of the operands, in order.
    pub operands: &'static [&'static str],
    /// Whether the last operand may be repeated.
    pub variadic: bool,
    /// Whether the last operand may be left out.
    pub optional: bool,
    /// Names of the results, in order.
    pub results: &'static [&'static str],
    /// The attributes.
    pub attributes: &'static [AttrSpec],
    /// The op reference: what it computes, its conventions, its source.
    pub doc: &'static str,
    /// Worked examples in the graph language, `(params) -> expression`; they are documentation,
    /// tests and the points at which the laws are checked.
    pub examples: &'static [&'static str],
}

impl Spec {
    /// The name of an operand by its position, however often the last one is repeated.
    pub fn operand(&self, slot: usize) -> Option<&'static str> {
        let last = self.operands.len().checked_sub(1)?;
        let repeated = self.variadic && slot > last;
        self.operands
            .get(if repeated { last } else { slot })
            .copied()
    }

    /// The dtype of a literal as this operand, where that is not the dtype of the others: places
    /// are i32, keys of random numbers u32, probabilities f32.
    pub fn literal_dtype(&self, slot: usize) -> Option<DType> {
        match self.operand(slot)? {
            "indices" | "start" | "number" => Some(DType::I32),
            "probability" => Some(DType::F32),
            "key" => Some(DType::U32),
            _ => None,
        }
    }

    /// Whether the op takes that many operands.
    pub fn takes(&self, given: usize) -> bool {
        if self.variadic {
            given >= self.operands.len()
        } else {
            let declared = self.operands.len();
            given == declared || self.optional && given + 1 == declared
        }
    }
}

/// A condition under which an op is defined or differentiable, on one element of its operands.
#[derive(Clone, Debug, PartialEq)]
pub enum Guard {
    /// The operand is above the bound; the op or its derivative is singular outside.
    Above {
        /// Which operand.
        operand: usize,
        /// The bound.
        bound: Constant,
    },
    /// The operand is not zero; the op is singular there.
    Nonzero {
        /// Which operand.
        operand: usize,
    },
    /// The operand is not at a kink of the op, where a convention chooses the slope.
    Off {
        /// Which operand.
        operand: usize,
        /// Where the kink is.
        at: Constant,
    },
    /// The two operands differ; at a tie a convention chooses the slope.
    Distinct {
        /// First operand.
        left: usize,
        /// Second operand.
        right: usize,
    },
    /// One element of each folded group wins alone; at a tie the first winner takes the cotangent.
    UniqueWinner {
        /// Which operand.
        operand: usize,
    },
    /// The operand less a number is no integer: there the op jumps.
    OffLattice {
        /// Which operand.
        operand: usize,
        /// One of the numbers at which it jumps; the others are whole numbers away.
        at: Constant,
    },
    /// No two elements along the axis that is sorted are equal: at a tie the order jumps.
    NoTies {
        /// Which operand.
        operand: usize,
    },
}

impl Guard {
    /// Whether the derivative may be infinite or NaN where the guard fails, so that a zero
    /// cotangent must be kept from meeting it.
    pub fn is_singular(&self) -> bool {
        match self {
            Guard::Above { .. } | Guard::Nonzero { .. } => true,
            Guard::Off { .. }
            | Guard::Distinct { .. }
            | Guard::UniqueWinner { .. }
            | Guard::OffLattice { .. }
            | Guard::NoTies { .. } => false,
        }
    }
}

/// An op was applied to operands that it does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TypeError {
    /// What is wrong, naming shapes and dtypes.
    pub message: String,
    /// The operand at fault, where one is.
    pub operand: Option<usize>,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether a result would be too large, rather than of the wrong type.
    pub too_large: bool,
}

impl TypeError {
    /// An error about the call as a whole.
    pub fn new(message: impl Into<String>) -> Self {
        TypeError {
            message: message.into(),
            operand: None,
            help: None,
            too_large: false,
        }
    }

    /// An error about a result of type `ty`, which is beyond the bound on sizes.
    pub fn too_large(op: &str, ty: &Type) -> Self {
        let beyond = if ty.shape.rank() > MAX_INNER_RANK {
            format!("with more than {MAX_INNER_RANK} axes")
        } else if ty.shape.extents().any(|extent| extent > MAX_BYTES) {
            "with an axis beyond 2^40 elements".to_string()
        } else {
            "beyond 2^48 elements".to_string()
        };
        let message = format!("`{op}` would make a tensor of type {ty}, {beyond}");
        TypeError {
            too_large: true,
            ..TypeError::new(message)
        }
    }

    /// Blames one operand.
    #[must_use]
    pub fn at(mut self, operand: usize) -> Self {
        self.operand = Some(operand);
        self
    }

    /// Adds a line on how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Which dtypes an op takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// f16, bf16, f32 and f64.
    Floats,
    /// i32, i64 and u32.
    Integers,
    /// Floats and integers.
    Numbers,
    /// Every dtype.
    Anything,
}

impl Accepts {
    /// Whether `ty` is of an accepted dtype.
    pub fn admits(self, ty: &Type) -> bool {
        match self {
            Accepts::Floats => ty.dtype.is_float(),
            Accepts::Integers => ty.dtype.is_integer(),
            Accepts::Numbers => ty.dtype.is_float() || ty.dtype.is_integer(),
            Accepts::Anything => true,
        }
    }

    /// The dtypes in words.
    pub fn describe(self) -> &'static str {
        match self {
            Accepts::Floats => "f16, bf16, f32 or f64",
            Accepts::Integers => "i32, i64 or u32",
            Accepts::Numbers => "a number type (f16, bf16, f32, f64, i32, i64 or u32)",
            Accepts::Anything => "any dtype",
        }
    }

    /// An error unless the operand's dtype is accepted.
    pub fn require(self, op: &str, operand: usize, ty: &Type) -> Result<(), TypeError> {
        if self.admits(ty) {
            return Ok(());
        }
        Err(TypeError::new(format!(
            "`{op}` takes {}, not {}",
            self.describe(),
            ty.dtype
        ))
        .at(operand)
        .help(format!(
            "convert it first, for example `cast(x, dtype = {})`",
            self.suggestion()
        )))
    }

    fn suggestion(self) -> &'static str {
        match self {
            Accepts::Floats | Accepts::Numbers | Accepts::Anything => "f32",
            Accepts::Integers => "i32",
        }
    }
}

/// The part of an op's definition that the [`op!`](crate::op) macro writes: its data.
pub trait Described: Clone + Debug + PartialEq + Eq + Hash + Sized {
    /// The op's data.
    const SPEC: Spec;
    /// The attributes with their values; those at their default are left out.
    fn attributes(&self) -> SmallVec<[(&'static str, AttrValue); 2]>;
    /// Reads the op from the attributes of a call.
    fn from_attributes(attributes: &Attributes<'_>) -> Result<Self, AttrError>;
}

/// The part of an op's definition that all families share.
pub trait OpDef: Described {
    /// The result types, or what is wrong with the operands. The number of operands fits.
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError>;
    /// The op with its attributes in canonical form (axes normalised), given operand types.
    fn canonical(self, _operands: &[&Type]) -> Self {
        self
    }
    /// The conditions under which the op is defined and differentiable.
    fn guards(&self) -> SmallVec<[Guard; 1]> {
        SmallVec::new()
    }
}

/// The result type of an elementwise op on operands of one type.
pub fn elementwise(op: &str, accepts: Accepts, operands: &[&Type]) -> Result<Type, TypeError> {
    let Some(first) = operands.first() else {
        return Err(TypeError::new(format!("`{op}` needs an operand")));
    };
    for (index, operand) in operands.iter().enumerate() {
        accepts.require(op, index, operand)?;
        if operand.dtype != first.dtype {
            let (a, b) = (first.dtype, operand.dtype);
            return Err(TypeError::new(format!("`{op}` mixes dtypes {a} and {b}"))
                .at(index)
                .help(format!(
                    "there is no implicit promotion; write `cast(…, dtype = {a})`"
                )));
        }
        if operand.shape != first.shape {
            let (a, b) = (&first.shape, &operand.shape);
            return Err(TypeError::new(format!("`{op}` on shapes {a} and {b}")).at(index));
        }
    }
    Ok((*first).clone())
}

/// One result.
pub fn single(ty: Type) -> Types {
    let mut types = Types::new();
    types.push(ty);
    types
}

/// Axes counted from the front: negative ones count from the end. Out-of-range axes are kept, for
/// `infer` to report.
pub fn normalize_axes(axes: &[i64], rank: usize) -> super::attribute::Axes {
    axes.iter()
        .map(|&axis| if axis < 0 { axis + rank as i64 } else { axis })
        .collect()
}

/// An error unless every axis is within `rank` and none is repeated.
pub fn check_axes(op: &str, axes: &[i64], rank: usize) -> Result<(), TypeError> {
    for (position, &axis) in axes.iter().enumerate() {
        if !(0..rank as i64).contains(&axis) {
            let error = TypeError::new(format!(
                "`{op}`: axis {axis} is out of range for rank {rank}"
            ));
            return Err(error.help(match rank {
                0 => "a scalar has no axes".to_string(),
                _ => format!("axes run from -{rank} to {}", rank - 1),
            }));
        }
        if axes[..position].contains(&axis) {
            return Err(TypeError::new(format!(
                "`{op}`: axis {axis} is given twice"
            )));
        }
    }
    Ok(())
}

/// An error unless an integer dtype has the positions of that many elements, which begin with 0. Floats
/// round what they have not.
pub(crate) fn check_positions(op: &str, dtype: DType, extent: u64) -> Result<(), TypeError> {
    let last = dtype.integer_range().map(|(_, last)| last.unsigned_abs());
    if last.is_none_or(|last| extent <= last.saturating_add(1)) {
        return Ok(());
    }
    let message = format!("`{op}`: {dtype} cannot count {extent} elements");
    Err(TypeError::new(message).help("write `dtype = i64`"))
}

/// An error unless the attribute is a positive number.
pub(crate) fn positive_attribute(
    op: &str,
    name: &str,
    value: super::attribute::Real,
) -> Result<(), TypeError> {
    if value.0 > 0.0 && value.0.is_finite() {
        return Ok(());
    }
    Err(TypeError::new(format!(
        "`{op}` needs {name} > 0, not {}",
        value.0
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::shape::Shape;

    #[test]
    fn what_is_too_large_says_which_bound_it_passes() {
        let said = |extents: Vec<u64>| {
            TypeError::too_large("iota", &Type::new(DType::F32, Shape::new(extents))).message
        };
        assert!(said(vec![1; MAX_INNER_RANK + 1]).ends_with("with more than 72 axes"));
        assert!(said(vec![1 << 41]).ends_with("with an axis beyond 2^40 elements"));
        assert!(said(vec![1 << 25, 1 << 24]).ends_with("beyond 2^48 elements"));
    }
}
