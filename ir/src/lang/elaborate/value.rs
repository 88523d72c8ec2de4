//! What expressions stand for while a body is elaborated.

use super::all::Asked;
use super::attribute::Given;
use super::scan::Repeat;
use crate::constant::Constant;
use crate::graph::Value;
use crate::module::Tree;
use std::rc::Rc;

/// What an expression stands for.
#[derive(Clone, Debug)]
pub(super) enum Val {
    /// A tensor, or a struct or array of tensors, with the values of its leaves.
    Data(Data),
    /// A number without a dtype, which it takes from its context: a literal, a dim, or arithmetic
    /// of these, exact.
    Number(Constant),
    /// `true` or `false`.
    Bool(bool),
    /// A string: the formula of `einsum`.
    Text(Rc<str>),
    /// Several values: what a call with several results yields.
    Tuple(Vec<Val>),
    /// A bracketed list: a tensor literal or an attribute.
    List(Vec<Val>),
    /// Something that can be called.
    Function(Rc<Function>),
    /// A name that is no local value; whoever uses it says what it must be.
    Name(String),
    /// A name of an op or graph with dims in brackets.
    Instance(String, Vec<u64>),
    /// Something that was reported already.
    Error,
}

/// A tensor, or a struct or array of tensors.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// Its type.
    pub tree: Tree,
    /// Its leaves, in order.
    pub leaves: Vec<Value>,
}

/// Something that can be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Function {
    /// A graph of the file, with its dims where they were given.
    Graph {
        /// Its position among the file's graphs.
        index: usize,
        /// Dims given in brackets; none means inferred.
        dims: Option<Vec<u64>>,
        /// Attributes that a call gives, by name.
        attributes: Given,
    },
    /// An op of the table.
    Op(&'static str),
    /// Gradients of a scalar result.
    Gradient {
        /// What is differentiated.
        of: Rc<Function>,
        /// With respect to what.
        wrt: Asked,
        /// Name of the scalar result; `None` for the only one.
        result: Option<String>,
        /// Whether the function's results come first.
        with_value: bool,
    },
    /// Reverse mode with given cotangents.
    Vjp {
        /// What is differentiated.
        of: Rc<Function>,
        /// With respect to what.
        wrt: Asked,
        /// What takes a cotangent besides the results: with every value, the results are among them.
        ct: Asked,
    },
    /// The same, differentiated on values that are computed again.
    Checkpoint {
        /// What is called.
        of: Rc<Function>,
    },
    /// A loop.
    Scan {
        /// What is repeated.
        of: Rc<Function>,
        /// How.
        repeat: Repeat,
    },
    /// The combinations of the first slices, for each number of them.
    AssociativeScan {
        /// What combines two slices.
        of: Rc<Function>,
        /// Whether the last slices come first.
        reverse: bool,
    },
    /// One of two functions, chosen by a truth value.
    Cond {
        /// What is called where it holds.
        then: Rc<Function>,
        /// What is called where it does not.
        otherwise: Rc<Function>,
    },
    /// Forward mode with given tangents.
    Jvp {
        /// What is differentiated.
        of: Rc<Function>,
        /// With respect to what.
        wrt: Asked,
    },
}

/// A type that is told from another one: where both are called alike, with what differs.
pub(super) fn told_apart(given: &Tree, wanted: &Tree) -> String {
    let name = given.to_string();
    if name != wanted.to_string() {
        return name;
    }
    let leaves = given.leaves("").into_iter().zip(wanted.leaves(""));
    let mut differing = leaves.filter(|((_, a), (_, b))| a != b);
    match differing.next() {
        Some(((path, a), (_, b))) => {
            let path = path.trim_start_matches('.');
            format!("{name} with {path}: {a} instead of {b}")
        }
        None => name,
    }
}

impl Val {
    /// What it is, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Val::Data(data) => match &data.tree {
                Tree::Leaf(ty) => format!("a tensor of type {ty}"),
                Tree::Struct { .. } => format!("a struct of type {}", data.tree),
                Tree::Array { .. } => format!("an array of type {}", data.tree),
            },
            Val::Number(_) => "a number".to_string(),
            Val::Bool(_) => "a truth value".to_string(),
            Val::Text(_) => "a string".to_string(),
            Val::Tuple(items) => format!("a tuple of {} values", items.len()),
            Val::List(_) => "a list".to_string(),
            Val::Function(_) => "a function".to_string(),
            Val::Name(name) | Val::Instance(name, _) => format!("the name `{name}`"),
            Val::Error => "an error".to_string(),
        }
    }
}
