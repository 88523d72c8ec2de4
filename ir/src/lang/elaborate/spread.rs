//! `map`, `zip` and `fold`: a function of the parts of structs and arrays.
//!
//! What is a part is what the function takes: the tensors, where its parameter is a tensor; the
//! `Block`s, where it is a `Block`, wherever they are in the struct or array; whole arrays, where it is
//! an array. Arguments that already are what the function takes go to every part. The others are
//! taken apart together, and must be made alike down to their parts. Where no argument can be taken
//! apart, they are the one part that there is.

use super::array::part;
use super::body::Body;
use super::call::{Args, Attrs};
use super::value::{Data, Function, Val, told_apart};
use super::{Elaborator, Reported};
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::module::{Field, Tree};
use crate::shape::Type;
use crate::span::Span;

/// What a function takes for a part.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Grain {
    /// The name of a struct; `None` for tensors.
    structure: Option<String>,
    /// How many arrays are around it.
    arrays: usize,
}

impl Grain {
    const TENSOR: Grain = Grain {
        structure: None,
        arrays: 0,
    };

    /// Whether a tree is a part.
    fn is(&self, tree: &Tree) -> bool {
        let (element, lengths) = tree.innermost();
        let structure = match element {
            Tree::Leaf(_) | Tree::Array { .. } => None,
            Tree::Struct { name, .. } => Some(name),
        };
        lengths.len() == self.arrays && structure == self.structure.as_ref()
    }
}

/// A struct or array that is taken apart.
struct Spread {
    position: usize,
    data: Data,
    span: Span,
    /// The parts with the positions of their first leaves.
    parts: Vec<(Tree, usize)>,
    /// What is around the parts.
    frame: Tree,
}

/// The arguments of a function for all parts.
struct Rows {
    /// For each part the arguments, the shared ones among them.
    rows: Vec<Args>,
    /// For each part where it is found, as a path; empty for what is not taken apart.
    paths: Vec<String>,
    /// What is around the parts.
    frame: Tree,
}

impl<'a> Elaborator<'a> {
    /// `map(f, s)` and `zip(f, a, b, …)`: f of each part.
    pub(super) fn map(
        &mut self,
        body: &Body<'a>,
        name: &str,
        mut args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        if args.is_empty() {
            let help = "for example `map(relu, p)` or `zip(sgd, p, d, rate)`";
            return Err(self.too_few(name, "a function and what to apply it to", help, span));
        }
        let (callee, callee_span) = args.remove(0);
        let function = self.function(callee, callee_span)?;
        let Rows { rows, paths, frame } = self.rows(name, &function, 0, args, span)?;
        let mut columns: Vec<Vec<Data>> = Vec::new();
        let mut tupled = false;
        for (row, path) in rows.into_iter().zip(paths) {
            let before = self.diagnostics.len();
            let applied = self.apply(body, &function, row, attributes, span);
            self.say_which_part(before, &path);
            let results = match applied? {
                Val::Tuple(items) => {
                    tupled = true;
                    items
                }
                single => vec![single],
            };
            if columns.is_empty() {
                // Before it is applied to all parts: each use may multiply the parts.
                for result in &results {
                    let Val::Data(part) = result else { continue };
                    let whole = frame.map_leaves(&mut |_| part.tree.clone());
                    self.check_leaves(&whole, span)?;
                }
            }
            columns.resize(results.len(), Vec::new());
            for (column, result) in columns.iter_mut().zip(results) {
                match result {
                    Val::Data(data) => column.push(data),
                    other => {
                        let message = format!(
                            "`{name}` needs a function to tensors and structs, not to {}",
                            other.describe()
                        );
                        return Err(self.report(
                            Diagnostic::error(Code::TypeMismatch, message).primary(callee_span, ""),
                        ));
                    }
                }
            }
        }
        if columns.is_empty() && !tupled {
            let message = format!("`{name}` over an array without elements");
            return Err(self.report(
                Diagnostic::error(Code::TypeMismatch, message)
                    .primary(span, "what the function would yield is not known"),
            ));
        }
        let mut wholes = Vec::with_capacity(columns.len());
        for column in columns {
            let mut trees = column.iter().map(|data| data.tree.clone());
            let tree =
                frame.map_leaves(&mut |ty| trees.next().unwrap_or_else(|| Tree::Leaf(ty.clone())));
            self.check_leaves(&tree, span)?;
            let leaves = column.into_iter().flat_map(|data| data.leaves).collect();
            wholes.push(Val::Data(Data { tree, leaves }));
        }
        match (wholes.len(), tupled) {
            (1, false) => Ok(wholes.remove(0)),
            (_, _) => Ok(Val::Tuple(wholes)),
        }
    }

    /// `fold(f, init, s, …)`: f of what it yielded for the part before, or of `init`, and each part.
    pub(super) fn fold(
        &mut self,
        body: &Body<'a>,
        mut args: Args,
        attributes: &Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        if args.len() < 3 {
            let help = "for example `fold(add, 0, map(sum, p))` or `fold(block, x, p.blocks)`";
            let what = "a function, what to begin with and what to apply it to";
            return Err(self.too_few("fold", what, help, span));
        }
        let (callee, callee_span) = args.remove(0);
        let function = self.function(callee, callee_span)?;
        let (initial, initial_span) = args.remove(0);
        let (mut carried, tupled) = match initial {
            Val::Tuple(items) => (items, true),
            single => (vec![single], false),
        };
        let Rows { rows, paths, .. } = self.rows("fold", &function, carried.len(), args, span)?;
        for (row, path) in rows.into_iter().zip(paths) {
            let carries = carried.len();
            let were: Vec<Val> = carried.clone();
            let before = carried.drain(..).map(|val| (val, initial_span));
            let arguments = before.chain(row).collect();
            let known = self.diagnostics.len();
            let applied = self.apply(body, &function, arguments, attributes, span);
            self.say_which_part(known, &path);
            let results = match applied? {
                Val::Tuple(items) => items,
                single => vec![single],
            };
            if results.len() != carries {
                let (yields, wanted) = (
                    super::count(results.len(), "value"),
                    super::count(carries, "value"),
                );
                let message = format!("`fold` carries {wanted}, but the function yields {yields}");
                return Err(self.report(
                    Diagnostic::error(Code::TupleLength, message)
                        .primary(callee_span, "")
                        .secondary(initial_span, format!("this is {wanted}"))
                        .help("the function yields what it takes first, in the same order"),
                ));
            }
            for (was, is) in were.iter().zip(&results) {
                let (Val::Data(was), Val::Data(is)) = (was, is) else {
                    continue;
                };
                if was.tree != is.tree {
                    let given = told_apart(&is.tree, &was.tree);
                    let message = format!(
                        "`fold` carries {}, but the function yields {given}",
                        was.tree
                    );
                    return Err(self.report(
                        Diagnostic::error(Code::TypeMismatch, message)
                            .primary(callee_span, "")
                            .secondary(initial_span, format!("this is {}", was.tree))
                            .help("the function yields what it takes first, of the same type"),
                    ));
                }
            }
            carried = results;
        }
        match (carried.len(), tupled) {
            (1, false) => Ok(carried.remove(0)),
            (_, _) => Ok(Val::Tuple(carried)),
        }
    }

    /// Errors about one of several parts say which.
    fn say_which_part(&mut self, before: usize, path: &str) {
        if path.is_empty() {
            return;
        }
        let note = format!("this is about the part at `{path}`");
        self.diagnostics
            .amend(before, |diagnostic| diagnostic.note(note.clone()));
    }

    fn too_few(&mut self, name: &str, what: &str, help: &str, span: Span) -> Reported {
        let message = format!("`{name}` takes {what}");
        let diagnostic = Diagnostic::error(Code::ArgumentCount, message);
        self.report(diagnostic.primary(span, "").help(help))
    }

    /// The arguments taken apart; they go to the parameters of the function from `first` on.
    fn rows(
        &mut self,
        name: &str,
        function: &Function,
        first: usize,
        mut args: Args,
        span: Span,
    ) -> Result<Rows, Reported> {
        let mut spreads: Vec<Spread> = Vec::new();
        for (position, (val, at)) in args.iter().enumerate() {
            let grain = self.grain(function, first + position);
            let Val::Data(data) = val else { continue };
            if grain.is(&data.tree) {
                continue;
            }
            let mut parts = Vec::new();
            let frame = self.take_apart(name, &grain, data, *at, &mut parts)?;
            let (data, span) = (data.clone(), *at);
            spreads.push(Spread {
                position,
                data,
                span,
                parts,
                frame,
            });
        }
        let Some((model, others)) = spreads.split_first() else {
            if args.iter().any(|(val, _)| matches!(val, Val::Data(_))) {
                // What a function takes is a part, even where it is the only one.
                return Ok(Rows {
                    rows: vec![args],
                    paths: vec![String::new()],
                    frame: Tree::Leaf(Type::scalar(DType::Bool)),
                });
            }
            let message = format!("`{name}` needs a struct or an array to take apart");
            return Err(self.report(
                Diagnostic::error(Code::TypeMismatch, message)
                    .primary(span, "no argument of this call is one")
                    .help("call the function directly on what it takes"),
            ));
        };
        if let Some(other) = others.iter().find(|other| other.frame != model.frame) {
            let (a, b) = (&model.data.tree, &other.data.tree);
            let b = told_apart(b, a);
            let message = format!("`{name}` over {a} and {b}, which are not made alike");
            return Err(self.report(
                Diagnostic::error(Code::TypeMismatch, message)
                    .primary(other.span, format!("this is {b}"))
                    .secondary(model.span, format!("this is {a}")),
            ));
        }
        // What is taken apart is not copied into every row.
        for spread in &spreads {
            if let Some((val, _)) = args.get_mut(spread.position) {
                *val = Val::Error;
            }
        }
        let row = |at: usize| -> Args {
            let mut row = args.clone();
            for spread in &spreads {
                if let (Some((val, _)), Some((tree, first))) =
                    (row.get_mut(spread.position), spread.parts.get(at))
                {
                    *val = Val::Data(part(&spread.data, tree, *first));
                }
            }
            row
        };
        let leaves = model.data.tree.leaves("");
        let path = |(_, first): &(Tree, usize)| {
            let path = leaves.get(*first).map_or("", |(path, _)| path);
            path.trim_start_matches('.').to_string()
        };
        Ok(Rows {
            rows: (0..model.parts.len()).map(row).collect(),
            paths: model.parts.iter().map(path).collect(),
            frame: model.frame.clone(),
        })
    }

    /// What a function takes in a place: what its parameter is declared as; of a type parameter, and of
    /// an op, tensors.
    fn grain(&self, function: &Function, position: usize) -> Grain {
        let declared = super::attribute::base_graph(function)
            .and_then(|index| self.graphs[index].params.get(position));
        let Some(param) = declared else {
            return Grain::TENSOR;
        };
        let name = &param.ty.name.name;
        let (_, lengths) = self.brackets(&param.ty);
        Grain {
            structure: self
                .structs
                .contains_key(name.as_str())
                .then(|| name.clone()),
            arrays: lengths.len(),
        }
    }

    /// Appends the parts of a value, and returns what is around them. Types nest as deep as their
    /// declarations, which are bounded.
    fn take_apart(
        &mut self,
        name: &str,
        grain: &Grain,
        data: &Data,
        span: Span,
        parts: &mut Vec<(Tree, usize)>,
    ) -> Result<Tree, Reported> {
        let mut first = 0;
        frame(grain, &data.tree, &mut first, parts).map_err(|leaf| {
            let wanted = match &grain.structure {
                Some(structure) => format!("`{structure}`"),
                None => "tensor".to_string(),
            };
            let wanted = wanted + &"[…]".repeat(grain.arrays);
            let message = format!("`{name}` of a function of {wanted} meets {leaf}, which is none");
            self.report(
                Diagnostic::error(Code::TypeMismatch, message)
                    .primary(span, format!("this is {}", data.tree))
                    .help("take the parts that it is meant for by themselves, as in `p.blocks`"),
            )
        })
    }
}

/// What is around the parts of a tree, which are appended; the tensor that belongs to no part, if one
/// does not. `first` counts leaves.
fn frame(
    grain: &Grain,
    tree: &Tree,
    first: &mut usize,
    parts: &mut Vec<(Tree, usize)>,
) -> Result<Tree, Type> {
    if grain.is(tree) {
        parts.push((tree.clone(), *first));
        *first += tree.leaf_count();
        return Ok(Tree::Leaf(Type::scalar(DType::Bool)));
    }
    match tree {
        Tree::Leaf(ty) => Err(ty.clone()),
        Tree::Struct {
            name,
            doc,
            dims,
            fields,
        } => {
            let mut inner = Vec::with_capacity(fields.len());
            for field in fields {
                inner.push(Field {
                    tree: frame(grain, &field.tree, first, parts)?,
                    ..field.clone()
                });
            }
            Ok(Tree::Struct {
                name: name.clone(),
                doc: doc.clone(),
                dims: dims.clone(),
                fields: inner,
            })
        }
        Tree::Array { element, length } => {
            let mut inner = element.as_ref().clone();
            for _ in 0..*length {
                inner = frame(grain, element, first, parts)?;
            }
            Ok(inner.repeated(*length))
        }
    }
}
