//! Parts of structs and arrays: fields, elements, slices, and arrays made of lists.

use super::body::Body;
use super::value::{Data, Val, told_apart};
use super::{Elaborator, Reported, Scope};
use crate::diag::{Code, Diagnostic};
use crate::lang::ast::{ExprId, ExprKind, Step};
use crate::module::Tree;
use crate::span::Span;

/// A struct or array has no more tensors than this: each has a pointer and a name of its own.
const MAX_LEAVES: usize = 1 << 16;
/// Structs and arrays nest no deeper than this.
const MAX_DEPTH: usize = 128;

impl<'a> Elaborator<'a> {
    /// An array type, if its length is a length and its tensors can be counted.
    pub(super) fn array_of(
        &mut self,
        element: Tree,
        length: i64,
        span: Span,
    ) -> Result<Tree, Reported> {
        let Ok(length) = u64::try_from(length) else {
            let message = format!("an array of {length} elements");
            return Err(self.report(
                Diagnostic::error(Code::NegativeDim, message).primary(span, "a negative length"),
            ));
        };
        let tree = element.repeated(length);
        self.check_leaves(&tree, span)?;
        Ok(tree)
    }

    /// An error where a type nests too deeply, or has more tensors than can be told apart by name.
    pub(super) fn check_leaves(&mut self, tree: &Tree, span: Span) -> Result<(), Reported> {
        if !tree.nests_within(MAX_DEPTH) {
            let message = format!("structs and arrays nest more than {MAX_DEPTH} deep");
            return Err(self.report(
                Diagnostic::error(Code::RecursiveStruct, message)
                    .primary(span, "")
                    .help("pass what is inside by itself"),
            ));
        }
        if tree.leaf_count() <= MAX_LEAVES {
            return Ok(());
        }
        let message = format!("{tree} consists of more than {MAX_LEAVES} tensors");
        Err(self.report(
            Diagnostic::error(Code::TooManyLeaves, message)
                .primary(span, "")
                .help("each is an argument of its own; give a tensor one more axis instead"),
        ))
    }

    /// `base[…]`: dims of a graph, or an element of an array.
    pub(super) fn index(
        &mut self,
        body: &Body<'a>,
        base: Val,
        indices: &[Val],
        span: Span,
        base_span: Span,
    ) -> Result<Val, Reported> {
        match base {
            Val::Name(name) if self.takes_dims(&name) => self.graph_dims(name, indices, span),
            Val::Name(name) => Err(self.unknown_name(body, &name, base_span)),
            Val::Data(data) if matches!(data.tree, Tree::Array { .. }) => {
                let [index] = indices else {
                    let message = format!("an element of {} has one index", data.tree);
                    return Err(self.report(
                        Diagnostic::error(Code::NotIndexable, message)
                            .primary(span, "")
                            .help("an array of arrays is read as in `a[1][2]`"),
                    ));
                };
                let at = self.position(index, span)?;
                let Some((tree, first)) = element(&data.tree, at) else {
                    return Err(self.outside(&data.tree, at, span));
                };
                Ok(Val::Data(part(&data, tree, first)))
            }
            Val::Error => Err(Reported),
            other => Err(self.not_an_array(&other, span)),
        }
    }

    fn graph_dims(&mut self, name: String, indices: &[Val], span: Span) -> Result<Val, Reported> {
        let dims = indices.iter().map(|val| match val {
            Val::Number(number) => number.as_i64().and_then(|dim| u64::try_from(dim).ok()),
            _ => None,
        });
        match dims.collect::<Option<Vec<u64>>>() {
            Some(dims) => Ok(Val::Instance(name, dims)),
            None => Err(self.report(
                Diagnostic::error(Code::NotADim, "dims in brackets are whole numbers")
                    .primary(span, ""),
            )),
        }
    }

    /// A bracketed list: an array, if its elements are tensors or structs of one type.
    pub(super) fn list(&mut self, items: Vec<Val>, span: Span) -> Result<Val, Reported> {
        let Some(array) = array_from(&items) else {
            return Ok(Val::List(items));
        };
        self.check_leaves(&array.tree, span)?;
        Ok(Val::Data(array))
    }

    /// `base[start:end]`.
    pub(super) fn slice(
        &mut self,
        body: &Body<'a>,
        base: Val,
        bounds: [Option<Val>; 2],
        span: Span,
        base_span: Span,
    ) -> Result<Val, Reported> {
        let data = match base {
            Val::Data(data) => data,
            Val::Name(name) => return Err(self.unknown_name(body, &name, base_span)),
            Val::Error => return Err(Reported),
            other => return Err(self.not_an_array(&other, span)),
        };
        let Tree::Array { element, length } = &data.tree else {
            return Err(self.not_an_array(&Val::Data(data), span));
        };
        let length = i64::try_from(*length).unwrap_or(i64::MAX);
        let [start, end] = bounds;
        let start = start.map_or(Ok(0), |val| self.position(&val, span))?;
        let end = end.map_or(Ok(length), |val| self.position(&val, span))?;
        if start < 0 || start > end || end > length {
            let message = format!("elements {start} to {end} of {}", data.tree);
            return Err(self.report(
                Diagnostic::error(Code::IndexOutOfRange, message)
                    .primary(span, "")
                    .help(format!(
                        "the first element is number 0, and the end of a slice, which is not in \
                         it, is at most {length}"
                    )),
            ));
        }
        let tree = (**element).clone().repeated((end - start).unsigned_abs());
        let skipped = usize::try_from(start).unwrap_or(0);
        let first = skipped.saturating_mul(element.leaf_count());
        Ok(Val::Data(part(&data, &tree, first)))
    }

    /// A whole number that is known at compile time.
    fn position(&mut self, val: &Val, span: Span) -> Result<i64, Reported> {
        let number = match val {
            Val::Number(number) => number.as_i64(),
            _ => None,
        };
        number.ok_or_else(|| {
            let message = match val {
                Val::Number(_) => "an index is a whole number".to_string(),
                other => format!("{} is no index", other.describe()),
            };
            self.report(
                Diagnostic::error(Code::NotADim, message)
                    .primary(span, "")
                    .help(
                        "indices of arrays are known at compile time: integers, dims, loop \
                         variables; a tensor is indexed by `gather`",
                    ),
            )
        })
    }

    fn outside(&mut self, tree: &Tree, index: i64, span: Span) -> Reported {
        let length = match tree {
            Tree::Array { length, .. } => *length,
            Tree::Leaf(_) | Tree::Struct { .. } => 0,
        };
        let message = format!("element {index} of {tree}");
        let help = match length {
            0 => "the array is empty".to_string(),
            _ => format!("its elements are numbered from 0 to {}", length - 1),
        };
        self.report(
            Diagnostic::error(Code::IndexOutOfRange, message)
                .primary(span, "")
                .help(help),
        )
    }

    fn not_an_array(&mut self, val: &Val, span: Span) -> Reported {
        if let Val::List(items) = val
            && let Some([first, other]) = unlike(items)
        {
            let other = told_apart(other, first);
            let message = format!("an array of values of different types: {first} and {other}");
            return self.report(
                Diagnostic::error(Code::NotIndexable, message)
                    .primary(span, "")
                    .help("the elements of an array are of one type; name such values apart"),
            );
        }
        let message = format!("{} takes no brackets", val.describe());
        self.report(
            Diagnostic::error(Code::NotIndexable, message)
                .primary(span, "")
                .help(
                    "brackets give the dims of a graph, or an element of an array; elements of a \
                     tensor are taken with `slice` or `gather`",
                ),
        )
    }

    /// The part of `tree` at the end of a path of fields and elements, and the position of its first
    /// leaf.
    pub(super) fn select(
        &mut self,
        scope: &Scope<'_>,
        tree: &Tree,
        path: &[Step],
    ) -> Result<(Tree, usize), Reported> {
        let (mut at, mut first) = (tree, 0);
        for step in path {
            let (inner, before) = match step {
                Step::Field(field) => match at.field(&field.name) {
                    Some(found) => found,
                    None => return Err(self.unknown_field(at, field)),
                },
                Step::Index { index, span } => {
                    let index = self.dim(scope, *index)?;
                    match (element(at, index), at) {
                        (Some(found), _) => found,
                        (None, Tree::Array { .. }) => return Err(self.outside(at, index, *span)),
                        (None, Tree::Leaf(_) | Tree::Struct { .. }) => {
                            let message = format!("{at} has no elements in brackets");
                            return Err(self.report(
                                Diagnostic::error(Code::NotIndexable, message)
                                    .primary(*span, "only arrays have"),
                            ));
                        }
                    }
                }
            };
            first += before;
            at = inner;
        }
        Ok((at.clone(), first))
    }

    /// The name and the steps that an expression such as `p.blocks[3].w` consists of.
    pub(super) fn path_of(&self, expr: ExprId) -> Option<(&'a str, Vec<Step>)> {
        let (mut path, mut at) = (Vec::new(), expr);
        loop {
            let expr = self.ast.expr(at);
            at = match &expr.kind {
                ExprKind::Name(name) => {
                    path.reverse();
                    return Some((name, path));
                }
                ExprKind::Field { base, field } => {
                    path.push(Step::Field(field.clone()));
                    *base
                }
                ExprKind::Index { base, indices } => {
                    let [index] = indices.as_slice() else {
                        return None;
                    };
                    let (index, span) = (*index, expr.span);
                    path.push(Step::Index { index, span });
                    *base
                }
                _ => return None,
            };
        }
    }
}

fn element(tree: &Tree, index: i64) -> Option<(&Tree, usize)> {
    u64::try_from(index)
        .ok()
        .and_then(|index| tree.element(index))
}

/// The part of `data` that is `tree` and begins with leaf number `first`.
pub(super) fn part(data: &Data, tree: &Tree, first: usize) -> Data {
    let leaves = data.leaves.iter().skip(first).take(tree.leaf_count());
    Data {
        tree: tree.clone(),
        leaves: leaves.copied().collect(),
    }
}

/// Two types of values of a list that are not the same.
fn unlike(items: &[Val]) -> Option<[&Tree; 2]> {
    let mut trees = items.iter().filter_map(|item| match item {
        Val::Data(data) => Some(&data.tree),
        _ => None,
    });
    let first = trees.next()?;
    trees
        .find(|tree| *tree != first)
        .map(|other| [first, other])
}

/// A list of tensors, or of structs, all of one type, as an array.
fn array_from(items: &[Val]) -> Option<Data> {
    let Some(Val::Data(first)) = items.first() else {
        return None;
    };
    let mut leaves = Vec::new();
    for item in items {
        match item {
            Val::Data(data) if data.tree == first.tree => leaves.extend(&data.leaves),
            _ => return None,
        }
    }
    Some(Data {
        tree: first.tree.clone().repeated(items.len() as u64),
        leaves,
    })
}
