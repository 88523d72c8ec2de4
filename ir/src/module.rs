//! Modules: what a source file comes to.
//!
//! A [`Module`] is a list of entries, each an expanded [`Graph`] with the [`Signature`] under which
//! it is exported. Structs have become trees of tensors; a tree's leaves, in declaration order, are
//! the graph's inputs and outputs.

use crate::graph::Graph;
use crate::op::Region;
use crate::shape::Type;
use crate::span::Span;
use std::rc::Rc;

/// The exported entries of a source file.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The lines of the file's documentation.
    pub doc: Vec<String>,
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
    /// The graphs that state their own derivative, where an entry uses them, each for the types that
    /// it is used with.
    pub rules: Vec<Rc<Region>>,
    /// The graphs of which derivatives are taken, for the types with which that is done.
    pub differentiated: Vec<Differentiated>,
}

/// A graph of which a derivative is taken, and which is none itself.
#[derive(Clone, Debug)]
pub struct Differentiated {
    /// The name.
    pub name: String,
    /// The body.
    pub graph: Graph,
}

/// An exported function.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The doc comment, line by line.
    pub doc: Vec<String>,
    /// Parameters and results.
    pub signature: Signature,
    /// The body. Inputs are the leaves of the parameters; outputs are the leaves of the results,
    /// then the next values of the leaves of `inout` parameters.
    pub graph: Graph,
    /// The body with what is differentiated in it and that no result depends on, if there is any: the conditions
    /// of the derivatives speak of it.
    pub hypotheses: Option<Graph>,
    /// The declaration in the source.
    pub span: Span,
}

/// Parameters and results of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// What goes in.
    pub params: Vec<Param>,
    /// What comes out, besides the next values of `inout` parameters.
    pub results: Vec<Param>,
}

/// A parameter or result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name.
    pub name: String,
    /// The doc comment, line by line.
    pub doc: Vec<String>,
    /// Whether the parameter is updated in place. Never of results.
    pub inout: bool,
    /// Its tensors.
    pub tree: Tree,
}

/// A tensor, a struct of trees, or an array of equal ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tree {
    /// One tensor.
    Leaf(Type),
    /// A struct.
    Struct {
        /// The name of the struct as declared.
        name: String,
        /// The doc comment of the declaration, line by line.
        doc: Vec<String>,
        /// The values of its dims.
        dims: Vec<u64>,
        /// Its fields, in order.
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

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The doc comment, line by line.
    pub doc: Vec<String>,
    /// Its tensors.
    pub tree: Tree,
}

impl Tree {
    /// Number of tensors.
    pub fn leaf_count(&self) -> usize {
        match self {
            Tree::Leaf(_) => 1,
            Tree::Struct { fields, .. } => fields.iter().map(|field| field.tree.leaf_count()).sum(),
            Tree::Array { element, length } => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                element.leaf_count().saturating_mul(length)
            }
        }
    }

    /// The tensors with their paths: `root`, `root.field`, `root.blocks[3].w` …, in order.
    pub fn leaves(&self, root: &str) -> Vec<(String, Type)> {
        let mut leaves = Vec::new();
        // Structs nest as deep as their declarations, which the elaborator bounds.
        self.collect(root, &mut leaves);
        leaves
    }

    fn collect(&self, path: &str, leaves: &mut Vec<(String, Type)>) {
        match self {
            Tree::Leaf(ty) => leaves.push((path.to_string(), ty.clone())),
            Tree::Struct { fields, .. } => {
                for field in fields {
                    field
                        .tree
                        .collect(&format!("{path}.{}", field.name), leaves);
                }
            }
            Tree::Array { element, length } => {
                for index in 0..*length {
                    element.collect(&format!("{path}[{index}]"), leaves);
                }
            }
        }
    }

    /// The field `name` with the position of its first leaf among this tree's.
    pub fn field(&self, name: &str) -> Option<(&Tree, usize)> {
        match self {
            Tree::Leaf(_) | Tree::Array { .. } => None,
            Tree::Struct { fields, .. } => {
                let at = fields.iter().position(|field| field.name == name)?;
                let before = fields[..at]
                    .iter()
                    .map(|field| field.tree.leaf_count())
                    .sum();
                Some((&fields[at].tree, before))
            }
        }
    }

    /// Element number `index` of an array, with the position of its first leaf among this tree's.
    pub fn element(&self, index: u64) -> Option<(&Tree, usize)> {
        match self {
            Tree::Leaf(_) | Tree::Struct { .. } => None,
            Tree::Array { element, length } => {
                let at = usize::try_from(index).ok().filter(|_| index < *length)?;
                Some((element, at.saturating_mul(element.leaf_count())))
            }
        }
    }

    /// What is around the leaves, with other trees in their places: `change` is called with each
    /// leaf in order, every element of an array included. What it makes of the last element of an
    /// array stands for all of them, since elements are alike.
    #[must_use]
    pub fn map_leaves(&self, change: &mut dyn FnMut(&Type) -> Tree) -> Tree {
        match self {
            Tree::Leaf(ty) => change(ty),
            Tree::Struct {
                name,
                doc,
                dims,
                fields,
            } => {
                let field = |field: &Field| Field {
                    name: field.name.clone(),
                    doc: field.doc.clone(),
                    tree: field.tree.map_leaves(change),
                };
                Tree::Struct {
                    name: name.clone(),
                    doc: doc.clone(),
                    dims: dims.clone(),
                    fields: fields.iter().map(field).collect(),
                }
            }
            Tree::Array { element, length } => {
                let mut changed = element.as_ref().clone();
                for _ in 0..*length {
                    changed = element.map_leaves(change);
                }
                changed.repeated(*length)
            }
        }
    }

    /// An array of `length` trees like this one.
    pub fn repeated(self, length: u64) -> Tree {
        Tree::Array {
            element: Box::new(self),
            length,
        }
    }

    /// Whether structs and arrays nest no deeper than `limit`. Looks no deeper than that.
    pub fn nests_within(&self, limit: usize) -> bool {
        match (self, limit.checked_sub(1)) {
            (Tree::Leaf(_), _) => true,
            (Tree::Struct { .. } | Tree::Array { .. }, None) => false,
            (Tree::Struct { fields, .. }, Some(limit)) => {
                fields.iter().all(|field| field.tree.nests_within(limit))
            }
            (Tree::Array { element, .. }, Some(limit)) => element.nests_within(limit),
        }
    }

    /// What an array of arrays is made of, and the lengths, outermost first; the tree itself and no
    /// lengths if it is no array.
    pub fn innermost(&self) -> (&Tree, Vec<u64>) {
        let (mut tree, mut lengths) = (self, Vec::new());
        while let Tree::Array { element, length } = tree {
            lengths.push(*length);
            tree = element;
        }
        (tree, lengths)
    }

    /// The name of this instance of a struct: the declared name with its dims, as in
    /// `Linear_64_128`; the type's text for a tensor.
    pub fn instance_name(&self) -> String {
        match self {
            Tree::Leaf(ty) => ty.to_string(),
            Tree::Struct { name, dims, .. } => dims
                .iter()
                .fold(name.clone(), |name, dim| format!("{name}_{dim}")),
            Tree::Array { element, length } => format!("{}_{length}", element.instance_name()),
        }
    }
}

impl std::fmt::Display for Tree {
    /// The type as the graph language writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tree::Leaf(ty) => write!(f, "{ty}"),
            Tree::Struct { name, dims, .. } => {
                f.write_str(name)?;
                if dims.is_empty() {
                    return Ok(());
                }
                let dims: Vec<String> = dims.iter().map(u64::to_string).collect();
                write!(f, "[{}]", dims.join(", "))
            }
            Tree::Array { .. } => {
                let (element, lengths) = self.innermost();
                write!(f, "{element}")?;
                lengths
                    .iter()
                    .try_for_each(|length| write!(f, "[{length}]"))
            }
        }
    }
}
