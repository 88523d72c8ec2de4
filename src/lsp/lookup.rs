//! What the word at a place means.
//!
//! A word is looked up in what elaboration observed, then in the declaration around it, then in the
//! file, then in the tables of the language. So most is known even of a text with errors.

use super::analysis::Analysis;
use lgc_ir::dtype::DType;
use lgc_ir::lang::ast::{DocLine, ExprId, ExprKind, Graph, Ident, Item, Struct, names_in};
use lgc_ir::lang::{BUILTINS, Builtin, Meaning, token::TokenKind};
use lgc_ir::module::Tree;
use lgc_ir::op::{AttrSpec, SPECS, Spec};
use lgc_ir::span::Span;

/// What a word means.
pub(super) enum Subject<'a> {
    /// A struct, graph or dim of the file.
    Item(&'a Item),
    /// A parameter, result, dim or value of a graph, or a dim of a struct, with its place.
    Local(Local<'a>),
    /// A field of a struct, with its type if the struct's dims are known.
    Field {
        /// The place where it is declared.
        declaration: Span,
        /// Its name and declared type.
        text: String,
        /// Its type where it is used.
        tree: Option<Tree>,
        /// The `///` lines above it.
        doc: Vec<String>,
    },
    /// An op.
    Op(&'static Spec),
    /// An attribute of an op.
    Attribute(&'static Spec, &'static AttrSpec),
    /// A transform.
    Builtin(&'static Builtin),
    /// A dtype.
    DType(DType),
    /// A reserved word, with what it is for.
    Keyword(&'static str, &'static str),
}

/// A name that a declaration makes for itself.
pub(super) struct Local<'a> {
    /// The name.
    pub(super) name: &'a str,
    /// Where it is defined.
    pub(super) place: Span,
    /// The whole declaration, where that says more than the name.
    pub(super) declaration: Option<Span>,
    /// The `///` lines above it.
    pub(super) docs: &'a [DocLine],
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The bytes of the word at an offset or that ends there; empty if there is none.
pub(super) fn word_at(text: &str, offset: usize) -> std::ops::Range<usize> {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.trim_end_matches(is_word).len();
    let end = after.find(|c| !is_word(c)).unwrap_or(after.len());
    start..before.len() + end
}

/// Whether a comment or a string is around an offset.
pub(super) fn is_text(text: &str, offset: usize) -> bool {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let (mut quoted, mut escaped, mut slashes) = (false, false, 0);
    for character in line.chars() {
        slashes = if character == '/' && !quoted {
            slashes + 1
        } else {
            0
        };
        if slashes == 2 {
            return true;
        }
        quoted ^= character == '"' && !escaped;
        escaped = character == '\\' && quoted && !escaped;
    }
    quoted
}

impl Analysis {
    /// What the word at an offset means, and its place.
    pub(super) fn subject(&self, offset: usize) -> Option<(Subject<'_>, Span)> {
        let word = word_at(self.text(), offset);
        let name = self
            .text()
            .get(word.clone())
            .filter(|name| !name.is_empty())?;
        if is_text(self.text(), word.start) {
            return None;
        }
        let start = u32::try_from(word.start).ok()?;
        let end = u32::try_from(word.end).ok()?;
        let place = Span::new(self.file, start, end);
        let subject = self
            .field(place)
            .or_else(|| self.attribute(place))
            .or_else(|| self.observed(place))
            .or_else(|| self.chosen(name, place))
            .or_else(|| self.local(name, start).map(Subject::Local))
            .or_else(|| self.item(name).map(Subject::Item))
            .or_else(|| table(name))?;
        Some((subject, place))
    }

    /// A local name whose use elaboration has seen.
    fn observed(&self, place: Span) -> Option<Subject<'_>> {
        let defined = self.observations.definition(place)?;
        let name = self.sources.text(defined);
        let declared = self.local(name, defined.start);
        let known = declared.filter(|local| local.place == defined);
        Some(Subject::Local(known.unwrap_or(Local {
            name,
            place: defined,
            declaration: None,
            docs: &[],
        })))
    }

    /// `p.w`: the field of the struct that the expression before the point is.
    fn field(&self, place: Span) -> Option<Subject<'_>> {
        let mut uses = self.ast.exprs().filter_map(|(_, expr)| {
            let ExprKind::Field { base, field } = &expr.kind else {
                return None;
            };
            (field.span == place).then_some((*base, field))
        });
        let used = uses.next().and_then(|(base, field)| {
            let Meaning::Data(tree) = self.meanings(base).first()? else {
                return None;
            };
            self.field_of(tree, &field.name)
        });
        let declared = || {
            self.structs().find_map(|item| {
                let field = item.fields.iter().find(|field| field.name.span == place)?;
                Some(self.declared_field(item, &field.name.name)?.0)
            })
        };
        used.or_else(declared)
    }

    /// What an expression stands for.
    pub(super) fn meanings(&self, id: ExprId) -> &[Meaning] {
        self.observations.meanings(self.ast.expr(id).span)
    }

    /// A field of a struct by the type of a value.
    fn field_of(&self, tree: &Tree, name: &str) -> Option<Subject<'_>> {
        let Tree::Struct { name: owner, .. } = tree else {
            return None;
        };
        let item = self.structs().find(|item| item.name.name == *owner)?;
        let (mut subject, _) = self.declared_field(item, name)?;
        if let Subject::Field { tree: known, .. } = &mut subject {
            *known = tree.field(name).map(|(tree, _)| tree.clone());
        }
        Some(subject)
    }

    fn declared_field(&self, item: &Struct, name: &str) -> Option<(Subject<'_>, Span)> {
        let field = item.fields.iter().find(|field| field.name.name == name)?;
        let subject = Subject::Field {
            declaration: field.name.span,
            text: self.sources.text(field.span).to_owned(),
            tree: None,
            doc: field.docs.iter().map(|line| line.text.clone()).collect(),
        };
        Some((subject, field.name.span))
    }

    /// `axes` in `sum(x, axes = [0])`, or `w` in `Linear(w = x, b = y)`.
    fn attribute(&self, place: Span) -> Option<Subject<'_>> {
        self.ast.exprs().find_map(|(_, expr)| {
            let ExprKind::Call {
                callee, attributes, ..
            } = &expr.kind
            else {
                return None;
            };
            let attribute = attributes.iter().find(|a| a.name.span == place)?;
            if let Some(made) = self.struct_called(*callee) {
                return Some(self.declared_field(made, &attribute.name.name)?.0);
            }
            let spec = self.op_called(*callee)?;
            let known = spec.attributes.iter();
            let known = known
                .clone()
                .find(|known| known.name == attribute.name.name)?;
            Some(Subject::Attribute(spec, known))
        })
    }

    /// The struct that is made where a name stands in the place of a function.
    pub(super) fn struct_called(&self, callee: ExprId) -> Option<&Struct> {
        let callee = if let ExprKind::Index { base, .. } = &self.ast.expr(callee).kind {
            *base
        } else {
            callee
        };
        let ExprKind::Name(name) = &self.ast.expr(callee).kind else {
            return None;
        };
        self.structs().find(|item| item.name.name == *name)
    }

    /// The op that a name in the place of a function stands for.
    pub(super) fn op_called(&self, callee: ExprId) -> Option<&'static Spec> {
        let ExprKind::Name(name) = &self.ast.expr(callee).kind else {
            return None;
        };
        SPECS.iter().find(|spec| spec.name == name)
    }

    /// A name in `wrt = …` or `of = …`: a parameter or result of the graph that is differentiated.
    fn chosen(&self, name: &str, place: Span) -> Option<Subject<'_>> {
        self.ast.exprs().find_map(|(_, expr)| {
            let ExprKind::Call {
                args, attributes, ..
            } = &expr.kind
            else {
                return None;
            };
            let around = |span: Span| span.start <= place.start && place.end <= span.end;
            let chosen = attributes
                .iter()
                .any(|a| around(self.ast.expr(a.value).span));
            let ExprKind::Name(function) = &self.ast.expr(*args.first()?).kind else {
                return None;
            };
            let Some(Item::Graph(graph)) = self.item(function).filter(|_| chosen) else {
                return None;
            };
            names_of(graph)
                .into_iter()
                .find(|local| local.name == name)
                .map(Subject::Local)
        })
    }

    /// A name of the declaration around an offset.
    fn local(&self, name: &str, offset: u32) -> Option<Local<'_>> {
        let locals = self.locals(offset).into_iter();
        let mut matching = locals.filter(|local| local.name == name);
        matching.next()
    }

    /// All names of the declaration around an offset, in the order of the text.
    pub(super) fn locals(&self, offset: u32) -> Vec<Local<'_>> {
        let around = |item: &&Item| {
            let Span { file, start, end } = item.span();
            file == self.file && (start..=end).contains(&offset)
        };
        match self.ast.items.iter().find(around) {
            Some(Item::Graph(graph)) => names_of(graph),
            Some(Item::Struct(item)) => item.dims.iter().map(plain).collect(),
            Some(_) | None => Vec::new(),
        }
    }

    /// The declaration of a name.
    pub(super) fn item(&self, name: &str) -> Option<&Item> {
        let mut items = self.ast.items.iter();
        items.find(|item| item.name().name == name)
    }

    fn structs(&self) -> impl Iterator<Item = &Struct> {
        self.ast.items.iter().filter_map(|item| match item {
            Item::Struct(item) => Some(item),
            Item::Graph(_) | Item::Entry(_) | Item::Dim(_) | Item::Use(_) => None,
        })
    }
}

fn plain(name: &Ident) -> Local<'_> {
    Local {
        name: &name.name,
        place: name.span,
        declaration: None,
        docs: &[],
    }
}

/// The names that a graph makes for itself: dims, parameters, results and values.
fn names_of(graph: &Graph) -> Vec<Local<'_>> {
    let dims = graph.dims.iter().map(plain);
    let params = graph.params.iter().map(|param| Local {
        declaration: Some(param.span),
        docs: &param.docs,
        ..plain(&param.name)
    });
    let attributes = graph.attributes.iter().map(|attribute| Local {
        declaration: Some(attribute.span),
        docs: &attribute.docs,
        ..plain(&attribute.name)
    });
    let params = params.chain(attributes);
    let results = graph.results.iter().map(|result| Local {
        declaration: Some(result.span),
        docs: &result.docs,
        ..plain(&result.name)
    });
    let values = names_in(&graph.body).into_iter().map(plain);
    dims.chain(params).chain(results).chain(values).collect()
}

/// What the tables of the language say about a word.
fn table(name: &str) -> Option<Subject<'static>> {
    let op = SPECS.iter().find(|spec| spec.name == name);
    let builtin = BUILTINS.iter().find(|builtin| builtin.name == name);
    let dtype = DType::ALL.into_iter().find(|dtype| dtype.name() == name);
    let keyword = TokenKind::KEYWORDS.iter().find(|(word, ..)| *word == name);
    op.map(Subject::Op)
        .or_else(|| builtin.map(Subject::Builtin))
        .or_else(|| dtype.map(Subject::DType))
        .or_else(|| keyword.map(|(word, _, meaning)| Subject::Keyword(word, meaning)))
}
