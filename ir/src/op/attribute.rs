//! Typed attributes of ops.
//!
//! An op holds its attributes as typed fields. [`AttrValue`] is the neutral form between those
//! fields and text: the parser makes one from a literal, the printer writes one out.

use crate::constant::Constant;
use crate::dtype::DType;
use crate::shape::Shape;
use smallvec::SmallVec;
use std::fmt;

/// The value of an attribute as it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AttrValue {
    /// `true` or `false`.
    Bool(bool),
    /// A number, exactly as written.
    Number(Constant),
    /// A bare word: a dtype or one of a set of choices.
    Name(String),
    /// A bracketed list.
    List(Vec<AttrValue>),
}

impl AttrValue {
    /// An integer attribute.
    pub fn integer(value: i64) -> Self {
        AttrValue::Number(Constant::integer(value))
    }
}

/// A number of an attribute: a float that compares and hashes by its bits.
#[derive(Clone, Copy, Debug)]
pub struct Real(pub f64);

impl Real {
    /// The exact value.
    pub fn constant(self) -> Constant {
        Constant::from_f64(self.0)
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}
impl Eq for Real {}
impl std::hash::Hash for Real {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// A list of axes. Written axes may be negative (counted from the end); ops in a graph hold them
/// normalised.
pub type Axes = SmallVec<[i64; 4]>;

/// A list of integers in an op that has many such lists, and is to be small.
pub type Numbers = Box<[i64]>;

/// The axes as indices, once normalised.
pub fn as_axes(axes: &[i64]) -> SmallVec<[usize; 4]> {
    axes.iter()
        .map(|&axis| usize::try_from(axis).unwrap_or(usize::MAX))
        .collect()
}

/// The axes as an attribute.
pub fn to_axes(axes: impl IntoIterator<Item = usize>) -> Axes {
    axes.into_iter().map(|axis| axis as i64).collect()
}

/// A type that an attribute field can have.
pub trait Attribute: Sized {
    /// What is expected, for messages and the op reference, such as `a list of axes`.
    const KIND: &'static str;
    /// Reads the value; `None` when it is of another kind.
    fn read(value: &AttrValue) -> Option<Self>;
    /// The value as text will show it.
    fn write(&self) -> AttrValue;
}

impl Attribute for bool {
    const KIND: &'static str = "true or false";
    fn read(value: &AttrValue) -> Option<Self> {
        match value {
            AttrValue::Bool(value) => Some(*value),
            AttrValue::Number(_) | AttrValue::Name(_) | AttrValue::List(_) => None,
        }
    }
    fn write(&self) -> AttrValue {
        AttrValue::Bool(*self)
    }
}

impl Attribute for i64 {
    const KIND: &'static str = "an integer";
    fn read(value: &AttrValue) -> Option<Self> {
        match value {
            AttrValue::Number(number) => number.as_i64(),
            AttrValue::Bool(_) | AttrValue::Name(_) | AttrValue::List(_) => None,
        }
    }
    fn write(&self) -> AttrValue {
        AttrValue::integer(*self)
    }
}

impl Attribute for Real {
    const KIND: &'static str = "a number";
    fn read(value: &AttrValue) -> Option<Self> {
        match value {
            AttrValue::Number(number) => Some(Real(number.to_f64())),
            AttrValue::Bool(_) | AttrValue::Name(_) | AttrValue::List(_) => None,
        }
    }
    fn write(&self) -> AttrValue {
        AttrValue::Number(self.constant())
    }
}

impl Attribute for Constant {
    const KIND: &'static str = "a number, true or false";
    fn read(value: &AttrValue) -> Option<Self> {
        match value {
            AttrValue::Number(number) => Some(number.clone()),
            AttrValue::Bool(truth) => Some(Constant::integer(i64::from(*truth))),
            AttrValue::Name(_) | AttrValue::List(_) => None,
        }
    }
    fn write(&self) -> AttrValue {
        AttrValue::Number(self.clone())
    }
}

impl Attribute for Axes {
    const KIND: &'static str = "a list of integers";
    fn read(value: &AttrValue) -> Option<Self> {
        match value {
            AttrValue::List(items) => items.iter().map(i64::read).collect(),
            AttrValue::Number(number) => number.as_i64().map(|axis| SmallVec::from_elem(axis, 1)),
            AttrValue::Bool(_) | AttrValue::Name(_) => None,
        }
    }
    fn write(&self) -> AttrValue {
        AttrValue::List(self.iter().map(i64::write).collect())
    }
}

impl Attribute for Numbers {
    const KIND: &'static str = "an integer or a list of integers";
    fn read(value: &AttrValue) -> Option<Self> {
        Axes::read(value).map(|list| list.into_iter().collect())
    }
    fn write(&self) -> AttrValue {
        AttrValue::List(self.iter().map(i64::write).collect())
    }
}

/// A number that may be left out, where the op chooses one.
impl Attribute for Option<Real> {
    const KIND: &'static str = Real::KIND;
    fn read(value: &AttrValue) -> Option<Self> {
        Real::read(value).map(Some)
    }
    fn write(&self) -> AttrValue {
        self.as_ref()
            .map_or_else(|| AttrValue::Name("chosen".to_string()), Real::write)
    }
}

/// Axes that may be left out, meaning all.
impl Attribute for Option<Axes> {
    const KIND: &'static str = "a list of axes";
    fn read(value: &AttrValue) -> Option<Self> {
        Axes::read(value).map(Some)
    }
    fn write(&self) -> AttrValue {
        self.as_ref()
            .map_or_else(|| AttrValue::Name("all".to_string()), Axes::write)
    }
}

impl Attribute for DType {
    const KIND: &'static str = "a dtype: bool, i32, i64, u32, f16, bf16, f32 or f64";
    fn read(value: &AttrValue) -> Option<Self> {
        match value {
            AttrValue::Name(name) => name.parse().ok(),
            AttrValue::Bool(_) | AttrValue::Number(_) | AttrValue::List(_) => None,
        }
    }
    fn write(&self) -> AttrValue {
        AttrValue::Name(self.name().to_string())
    }
}

impl Attribute for Shape {
    const KIND: &'static str = "a shape such as [2, 3]";
    fn read(value: &AttrValue) -> Option<Self> {
        match value {
            AttrValue::List(items) => items
                .iter()
                .map(|item| i64::read(item).and_then(|extent| u64::try_from(extent).ok()))
                .collect::<Option<Vec<u64>>>()
                .map(Shape::new),
            AttrValue::Bool(_) | AttrValue::Number(_) | AttrValue::Name(_) => None,
        }
    }
    fn write(&self) -> AttrValue {
        AttrValue::List(
            self.extents()
                .map(|e| AttrValue::integer(e as i64))
                .collect(),
        )
    }
}

/// What an op says about one of its attributes.
#[derive(Clone, Copy, Debug)]
pub struct AttrSpec {
    /// The keyword.
    pub name: &'static str,
    /// What kind of value is expected.
    pub kind: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// The value where it is not given, unless it must be.
    pub default: Option<fn() -> AttrValue>,
    /// One line on what it means.
    pub doc: &'static str,
}

/// An attribute list does not fit an op.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttrError {
    /// The op has no attribute of that name.
    #[error("`{op}` has no attribute `{name}`")]
    Unknown {
        /// The op.
        op: &'static str,
        /// The keyword that was given.
        name: String,
        /// The op's attributes.
        known: Vec<&'static str>,
    },
    /// A required attribute is missing.
    #[error("`{op}` needs the attribute `{name}`: {kind}")]
    Missing {
        /// The op.
        op: &'static str,
        /// The attribute.
        name: &'static str,
        /// What kind of value is expected.
        kind: &'static str,
    },
    /// The value is of the wrong kind.
    #[error("attribute `{name}` of `{op}` must be {kind}")]
    Kind {
        /// The op.
        op: &'static str,
        /// The attribute.
        name: &'static str,
        /// What kind of value is expected.
        kind: &'static str,
    },
}

/// The attributes of one call, read by name.
#[derive(Debug)]
pub struct Attributes<'a> {
    op: &'static str,
    given: &'a [(String, AttrValue)],
}

impl<'a> Attributes<'a> {
    /// The attributes `given` to `op`; those that the op does not know are an error.
    pub fn new(
        op: &'static str,
        known: &[AttrSpec],
        given: &'a [(String, AttrValue)],
    ) -> Result<Self, AttrError> {
        match given
            .iter()
            .find(|(name, _)| known.iter().all(|spec| spec.name != name))
        {
            Some((name, _)) => Err(AttrError::Unknown {
                op,
                name: name.clone(),
                known: known.iter().map(|spec| spec.name).collect(),
            }),
            None => Ok(Attributes { op, given }),
        }
    }

    /// The attribute `name`, or `default` when it was not given.
    pub fn get<T: Attribute>(
        &self,
        name: &'static str,
        default: Option<T>,
    ) -> Result<T, AttrError> {
        let op = self.op;
        match self.given.iter().find(|(given, _)| given == name) {
            Some((_, value)) => T::read(value).ok_or(AttrError::Kind {
                op,
                name,
                kind: T::KIND,
            }),
            None => default.ok_or(AttrError::Missing {
                op,
                name,
                kind: T::KIND,
            }),
        }
    }
}

impl fmt::Display for AttrValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttrValue::Bool(value) => write!(f, "{value}"),
            AttrValue::Number(number) => f.write_str(&literal(number)),
            AttrValue::Name(name) => f.write_str(name),
            AttrValue::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A number as a literal of the graph language: the shortest decimal that reads back as the same
/// f64. (Every constant that a graph holds was rounded to its dtype.)
pub fn literal(number: &Constant) -> String {
    if let Some(integer) = number.as_i64().filter(|_| *number != Constant::NegZero) {
        return integer.to_string();
    }
    let value = number.to_f64();
    if value.is_nan() {
        "nan".to_string()
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.to_string()
    } else {
        format!("{value:?}")
    }
}
