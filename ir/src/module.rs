//! Modules: what a source file comes to.
//!
//! A [`Module`] is a list of entries, each an expanded [`Graph`] with the [`Signature`] under which
//! it is exported. Structs have become trees of tensors; a tree's leaves, in declaration order, are
//! the graph's inputs and outputs.

use crate::graph::Graph;
use crate::shape::Type;
use crate::span::Span;

/// The exported entries of a source file.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
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

/// A tensor, or a struct of trees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tree {
    /// One tensor.
    Leaf(Type),
    /// A struct.
    Struct {
        /// The name of the struct as declared.
        name: String,
        /// The values of its dims.
        dims: Vec<u64>,
        /// Its fields, in order.
        fields: Vec<Field>,
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
        }
    }

    /// The tensors with their paths: `root`, `root.field`, `root.field.field` …, in order.
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
        }
    }

    /// The field `name` with the position of its first leaf among this tree's.
    pub fn field(&self, name: &str) -> Option<(&Tree, usize)> {
        match self {
            Tree::Leaf(_) => None,
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

    /// The name of this instance of a struct: the declared name with its dims, as in
    /// `Linear_64_128`; the type's text for a tensor.
    pub fn instance_name(&self) -> String {
        match self {
            Tree::Leaf(ty) => ty.to_string(),
            Tree::Struct { name, dims, .. } => dims
                .iter()
                .fold(name.clone(), |name, dim| format!("{name}_{dim}")),
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
        }
    }
}
