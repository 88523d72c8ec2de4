//! What a library offers: entries, parameters as trees of named tensors, and the one function
//! that flattens them ([`Entry::leaves`]).

use crate::{DType, ValueMap};
use std::fmt;
use thiserror::Error;

/// Element type and extents of a dense tensor. Its size in bytes fits in an `i64`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    dtype: DType,
    dims: Vec<u64>,
    elements: u64,
}

/// The size of a tensor exceeds `i64::MAX` bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a tensor {dtype}{dims:?} is larger than the address space")]
pub struct TooLarge {
    /// Element type of the tensor.
    pub dtype: DType,
    /// Extents of the tensor.
    pub dims: Vec<u64>,
}

impl TensorType {
    /// A tensor of `dims` elements of `dtype`; no dims make a scalar. Even where some extent is
    /// zero, the product of the others must stay addressable.
    ///
    /// # Errors
    /// [`TooLarge`] if the bytes of all extents that are not zero exceed `i64::MAX`.
    pub fn new(dtype: DType, dims: Vec<u64>) -> Result<Self, TooLarge> {
        let nonzero = dims.iter().filter(|&&dim| dim != 0);
        let bytes = nonzero.copied().try_fold(dtype.size(), u64::checked_mul);
        if bytes.is_none_or(|bytes| bytes > i64::MAX as u64) {
            return Err(TooLarge { dtype, dims });
        }
        let elements = dims.iter().product();
        Ok(Self {
            dtype,
            dims,
            elements,
        })
    }

    /// Element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Extents, outermost first.
    #[must_use]
    pub fn dims(&self) -> &[u64] {
        &self.dims
    }

    /// Number of elements: 1 for a scalar, 0 if any extent is 0.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.elements
    }

    /// Size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.elements * self.dtype.size()
    }
}

impl std::fmt::Display for TensorType {
    /// As in the graph language: `f32[64, 10]`, `i32[]`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{:?}", self.dtype, self.dims)
    }
}

/// What an entry does with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Read only.
    In,
    /// Read, and updated in place.
    InOut,
    /// Written only.
    Out,
}

impl Direction {
    /// Whether the entry writes it; what is written may not overlap anything else.
    #[must_use]
    pub const fn is_written(self) -> bool {
        match self {
            Self::In => false,
            Self::InOut | Self::Out => true,
        }
    }

    /// Whether the entry reads what the caller left there.
    #[must_use]
    pub const fn is_read(self) -> bool {
        match self {
            Self::In | Self::InOut => true,
            Self::Out => false,
        }
    }

    /// The word for it: `in`, `inout` or `out`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::InOut => "inout",
            Self::Out => "out",
        }
    }
}

/// A tensor, a struct of named trees, or an array of equal ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// One tensor.
    Leaf(TensorType),
    /// A struct, nested as in the graph.
    Struct {
        /// Name of the struct's declaration, without arguments (`Linear`, not `Linear[64, 10]`):
        /// in C all its instances share one type.
        name: String,
        /// What it is, in the author's words; may be empty.
        doc: String,
        /// Fields in declaration order.
        fields: Vec<Field>,
    },
    /// Trees of one type in a row.
    Array {
        /// What each element is.
        element: Box<Tree>,
        /// How many there are.
        length: u64,
    },
}

impl Tree {
    /// What an array of arrays is made of, and the lengths, outermost first; the tree itself and no
    /// lengths if it is no array.
    #[must_use]
    pub fn innermost(&self) -> (&Self, Vec<u64>) {
        let (mut tree, mut lengths) = (self, Vec::new());
        while let Self::Array { element, length } = tree {
            lengths.push(*length);
            tree = element;
        }
        (tree, lengths)
    }
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name in the graph.
    pub name: String,
    /// What it means, in the author's words; may be empty.
    pub doc: String,
    /// Its tensors.
    pub tree: Tree,
}

/// A parameter or result of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Name in the graph.
    pub name: String,
    /// Its tensors.
    pub tree: Tree,
    /// What the entry does with it.
    pub direction: Direction,
    /// What it means, in the author's words; may be empty.
    pub doc: String,
    /// Where its elements lie.
    pub range: Range,
}

/// A function that the library exports.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name in the graph.
    pub name: String,
    /// Parameters, then results, in declaration order.
    pub params: Vec<Param>,
    /// Bytes of scratch memory that a call needs.
    pub workspace_bytes: u64,
    /// What it does, in the author's words; may be empty.
    pub doc: String,
}

/// One tensor of an entry, with its path from the parameter (`p.hidden.w`).
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Names from the parameter down to the tensor, as in `p.blocks[3].w`.
    pub path: String,
    /// Element type and extents.
    pub tensor: TensorType,
    /// What the entry does with it.
    pub direction: Direction,
    /// What it means, in the author's words: the documentation of the parameter or field; may be
    /// empty.
    pub doc: String,
    /// Where its elements lie.
    pub range: Range,
}

/// Where the elements of a tensor lie: what the author declared of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least value that an element may have; negative infinity if none is declared.
    pub low: f64,
    /// The greatest value that an element may have; infinity if none is declared.
    pub high: f64,
}

impl Range {
    /// Any value.
    pub const ALL: Self = Self {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    /// Whether a bound is declared.
    #[must_use]
    pub fn is_declared(self) -> bool {
        self != Self::ALL
    }
}

impl fmt::Display for Range {
    /// As in the graph language: `[-1, 1]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high } = self;
        write!(f, "[{low}, {high}]")
    }
}

/// Everything that a compiled library tells about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Library {
    /// Prefix of every exported symbol.
    pub name: String,
    /// What it is, in the author's words; may be empty.
    pub doc: String,
    /// Exported functions.
    pub entries: Vec<Entry>,
    /// Target triple that it was compiled for.
    pub target: String,
    /// Instruction set extensions that the CPU must have, as the vendor names them (`avx2`).
    pub features: Vec<String>,
    /// Name and version of the compiler.
    pub compiler: String,
    /// What was checked about this compilation, and how.
    pub evidence: String,
    /// What its entries rely on.
    pub conditions: Vec<Condition>,
    /// What became of the values of its graphs.
    pub map: ValueMap,
}

/// A condition on the operands of an op of an entry that is not shown to hold for all inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The entry, by its name in the graph.
    pub entry: String,
    /// Where the op stands, such as `digits.graph:12:9`; empty where that is not known.
    pub place: String,
    /// The op.
    pub op: String,
    /// What must hold of each element, such as `x ≠ 0`.
    pub requirement: String,
    /// The loop or branch in the body of which the op stands, by the name of its graph; else empty.
    pub body: String,
    /// Where derivatives are taken that ask for it, separated by commas; empty if only those of the entry itself do.
    pub derivatives: String,
    /// Whether the op or its derivative is undefined where it fails; else a convention chooses the slope.
    pub singular: bool,
    /// Whether the declared ranges of the inputs rule it out.
    pub refuted: bool,
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Condition {
            place,
            op,
            requirement,
            body,
            derivatives,
            ..
        } = self;
        let kind = match self.singular {
            true => "is undefined unless",
            false => "is differentiable where",
        };
        let place = match place.as_str() {
            "" => String::new(),
            place => format!("{place}: "),
        };
        write!(f, "{place}`{op}` {kind} {requirement}")?;
        if !body.is_empty() {
            write!(f, ", in the body of `{body}`")?;
        }
        if !derivatives.is_empty() {
            write!(f, ", for the derivative at {derivatives}")?;
        }
        match self.refuted {
            true => f.write_str(", which fails"),
            false => Ok(()),
        }
    }
}

impl Entry {
    /// The tensors of all parameters in the order of the fields of the argument struct: parameter
    /// by parameter, depth first. This is *the* order of the ABI.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf> {
        self.params.iter().flat_map(Param::leaves).collect()
    }
}

impl Param {
    /// The tensors of this parameter, depth first.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        let mut pending = vec![(self.name.clone(), &self.tree, self.doc.as_str())];
        while let Some((path, tree, doc)) = pending.pop() {
            match tree {
                Tree::Leaf(tensor) => leaves.push(Leaf {
                    path,
                    tensor: tensor.clone(),
                    direction: self.direction,
                    doc: doc.to_owned(),
                    range: self.range,
                }),
                Tree::Struct { fields, .. } => pending.extend(fields.iter().rev().map(|field| {
                    let path = format!("{path}.{}", field.name);
                    (path, &field.tree, field.doc.as_str())
                })),
                Tree::Array { element, length } => pending.extend(
                    (0..*length)
                        .rev()
                        .map(|index| (format!("{path}[{index}]"), element.as_ref(), doc)),
                ),
            }
        }
        leaves
    }
}

#[cfg(test)]
pub(crate) mod examples {
    //! Descriptions that the tests of this crate share.
    use super::*;

    pub(crate) fn tensor(dtype: DType, dims: &[u64]) -> Tree {
        Tree::Leaf(TensorType::new(dtype, dims.to_vec()).unwrap())
    }

    pub(crate) fn structure(name: &str, fields: Vec<(&str, Tree)>) -> Tree {
        Tree::Struct {
            name: name.to_owned(),
            doc: String::new(),
            fields: fields
                .into_iter()
                .map(|(name, tree)| Field {
                    name: name.to_owned(),
                    doc: String::new(),
                    tree,
                })
                .collect(),
        }
    }

    pub(crate) fn array(element: Tree, length: u64) -> Tree {
        Tree::Array {
            element: Box::new(element),
            length,
        }
    }

    pub(crate) fn param(name: &str, direction: Direction, tree: Tree) -> Param {
        Param {
            name: name.to_owned(),
            tree,
            direction,
            doc: String::new(),
            range: Range::ALL,
        }
    }

    pub(crate) fn entry(name: &str, params: Vec<Param>) -> Entry {
        Entry {
            name: name.to_owned(),
            params,
            workspace_bytes: 0,
            doc: String::new(),
        }
    }

    pub(crate) fn library(name: &str, entries: Vec<Entry>) -> Library {
        Library {
            name: name.to_owned(),
            doc: String::new(),
            entries,
            target: "x86_64-unknown-linux-gnu".to_owned(),
            features: vec!["avx2".to_owned(), "fma".to_owned()],
            compiler: "lgc 0.1.0".to_owned(),
            evidence: "graph verified".to_owned(),
            conditions: vec![Condition {
                entry: "step".to_owned(),
                place: "digits.graph:12:9".to_owned(),
                op: "relu".to_owned(),
                requirement: "x ≠ 0".to_owned(),
                body: String::new(),
                derivatives: "digits.graph:20:14".to_owned(),
                singular: false,
                refuted: false,
            }],
            map: ValueMap::default(),
        }
    }

    fn linear(inputs: u64, outputs: u64) -> Tree {
        structure(
            "Linear",
            vec![
                ("w", tensor(DType::F32, &[inputs, outputs])),
                ("b", tensor(DType::F32, &[outputs])),
            ],
        )
    }

    fn mlp() -> Tree {
        structure(
            "Mlp",
            vec![("hidden", linear(64, 128)), ("out", linear(128, 10))],
        )
    }

    /// The digits classifier: a training step, and a prediction with read-only parameters.
    pub(crate) fn digits() -> Library {
        use Direction::{In, InOut, Out};
        let step = Entry {
            workspace_bytes: 70_000,
            doc: "One step of gradient descent.\nUpdates `p` in place.".to_owned(),
            ..entry(
                "step",
                vec![
                    Param {
                        doc: "images, row by row".to_owned(),
                        range: Range {
                            low: 0.0,
                            high: 16.0,
                        },
                        ..param("x", In, tensor(DType::F32, &[64, 64]))
                    },
                    param("labels", In, tensor(DType::I32, &[64])),
                    param("lr", In, tensor(DType::F32, &[])),
                    param("p", InOut, mlp()),
                    param("l", Out, tensor(DType::F32, &[])),
                ],
            )
        };
        let predict = entry(
            "predict",
            vec![
                param("x", In, tensor(DType::F32, &[1, 64])),
                param("p", In, mlp()),
                param("probability", Out, tensor(DType::F64, &[1, 10])),
                param("sure", Out, tensor(DType::Bool, &[1])),
                param("spare", Out, tensor(DType::I64, &[0, 4])),
            ],
        );
        Library {
            doc: "Two-layer classifier for 8×8 digits.".to_owned(),
            ..library("digits", vec![step, predict])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::examples::digits;
    use super::*;

    #[test]
    fn leaves_are_flattened_depth_first() {
        let leaves = digits().entries[0].leaves();
        let listed: Vec<_> = leaves
            .iter()
            .map(|leaf| format!("{} {} {}", leaf.direction.name(), leaf.path, leaf.tensor))
            .collect();
        assert_eq!(
            listed,
            [
                "in x f32[64, 64]",
                "in labels i32[64]",
                "in lr f32[]",
                "inout p.hidden.w f32[64, 128]",
                "inout p.hidden.b f32[128]",
                "inout p.out.w f32[128, 10]",
                "inout p.out.b f32[10]",
                "out l f32[]",
            ]
        );
    }

    #[test]
    fn elements_of_arrays_follow_one_another() {
        let layer = examples::structure("Layer", vec![("b", examples::tensor(DType::F32, &[3]))]);
        let net = examples::structure("Net", vec![("layers", examples::array(layer, 2))]);
        let nets = examples::param("p", Direction::In, examples::array(net, 2));
        let paths: Vec<_> = nets.leaves().into_iter().map(|leaf| leaf.path).collect();
        assert_eq!(
            paths,
            [
                "p[0].layers[0].b",
                "p[0].layers[1].b",
                "p[1].layers[0].b",
                "p[1].layers[1].b"
            ]
        );
    }

    #[test]
    fn sizes_count_elements_and_refuse_overflow() {
        let sizes = |dtype, dims: &[u64]| {
            TensorType::new(dtype, dims.to_vec()).map(|tensor| (tensor.elements(), tensor.bytes()))
        };
        assert_eq!(sizes(DType::F64, &[]), Ok((1, 8)));
        assert_eq!(sizes(DType::F32, &[3, 0, 5]), Ok((0, 0)));
        assert_eq!(sizes(DType::I32, &[3, 5]), Ok((15, 60)));
        assert!(sizes(DType::Bool, &[1 << 32, 1 << 32]).is_err());
        assert!(sizes(DType::F32, &[1 << 61]).is_err());
        assert!(sizes(DType::F32, &[0, 1 << 40, 1 << 40]).is_err());
    }
}
