//! The canonical text of a syntax tree: the formatter behind `lgc fmt`.
//!
//! The text depends on the tree alone, and on comments and blank lines where the tree came from a
//! text. Only parentheses that are needed are written. Comments are written at the first place at or
//! after their own where a line may end; none is lost. Up to one blank line is kept between statements
//! and between items, and graphs stand apart from what is around them.

mod block;
mod expression;

use super::ast::{
    Ast, AttributeParam, DeclaredRange, Dim, DocLine, ExprId, Field, Graph, Ident, Item, Param,
    Rule, Struct, Trivia, TriviaKind, Type,
};
use super::layout::{Piece, layout};
use super::lexer;
use crate::span::Span;
use expression::Work;
use std::borrow::Cow;

/// The canonical text of a file. Parsing it gives an equal tree, and printing that the same text.
pub fn print(ast: &Ast) -> String {
    let mut printer = Printer::new(ast, &ast.trivia);
    printer.file();
    layout(&printer.pieces)
}

/// The canonical text of one expression, without comments.
pub fn print_expr(ast: &Ast, id: ExprId) -> String {
    let mut printer = Printer::new(ast, &[]);
    printer.expr(id);
    layout(&printer.pieces)
}

/// A parameter of a graph, with a type or without.
enum Parameter<'a> {
    Tensors(&'a Param),
    Attribute(&'a AttributeParam),
}

impl Parameter<'_> {
    fn span(&self) -> Span {
        match self {
            Parameter::Tensors(param) => param.span,
            Parameter::Attribute(attribute) => attribute.span,
        }
    }
}

struct Printer<'a> {
    ast: &'a Ast,
    /// Comments and blank lines not yet written.
    trivia: &'a [Trivia],
    pieces: Vec<Piece<'a>>,
    /// What remains of the expression that is being written, last first.
    work: Vec<Work<'a>>,
}

/// What blank lines mean where a line may end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    /// Nothing.
    Drop,
    /// At the beginning of a block: only those after a comment are kept.
    First,
    /// Between comments only.
    Within,
    /// Kept.
    Keep,
    /// At the end of a block: only those before a comment are kept.
    Last,
}

/// Offset of the closing bracket that a span ends with.
fn last_byte(span: Span) -> u32 {
    span.end.saturating_sub(1)
}

impl<'a> Printer<'a> {
    fn new(ast: &'a Ast, trivia: &'a [Trivia]) -> Printer<'a> {
        Printer {
            ast,
            trivia,
            pieces: Vec::new(),
            work: Vec::new(),
        }
    }

    fn push(&mut self, piece: Piece<'a>) {
        self.pieces.push(piece);
    }

    fn text(&mut self, text: impl Into<Cow<'a, str>>) {
        self.push(Piece::Text(text.into()));
    }

    // Comments and blank lines.

    /// A place where a line may end, with the comments before offset `before` that are not yet written.
    /// Without any, it is `otherwise`.
    fn gap(&mut self, before: u32, otherwise: Piece<'a>, blank: Blank) {
        let count = self.trivia.partition_point(|trivia| trivia.start < before);
        let (here, later) = self.trivia.split_at_checked(count).unwrap_or_default();
        self.trivia = later;
        let comment = |t: &Trivia| matches!(t.kind, TriviaKind::Comment { .. });
        let Some(first) = here.iter().position(comment) else {
            let keep = blank == Blank::Keep && !here.is_empty();
            if keep {
                self.push(Piece::Hard);
                self.push(Piece::Hard);
            } else {
                self.push(otherwise);
            }
            return;
        };
        let rest = here.get(first..).unwrap_or_default();
        let blank_before = first > 0 && matches!(blank, Blank::Keep | Blank::Last);
        self.comments(rest, blank, blank_before);
    }

    /// The comments of a gap, the first of which is at the head of the list.
    fn comments(&mut self, trivia: &'a [Trivia], blank: Blank, blank_before: bool) {
        let mut blank_pending = blank_before;
        for (index, item) in trivia.iter().enumerate() {
            match &item.kind {
                TriviaKind::BlankLines => blank_pending = true,
                TriviaKind::Comment { text, alone } => {
                    if index == 0 && !*alone {
                        self.push(Piece::Comment(" "));
                        self.push(Piece::Comment(text));
                        blank_pending = false;
                        self.push(Piece::Hard);
                        continue;
                    }
                    if index == 0 {
                        self.push(Piece::Hard);
                    }
                    if blank_pending && blank != Blank::Drop {
                        self.push(Piece::Hard);
                    }
                    blank_pending = false;
                    self.push(Piece::Comment(text));
                    self.push(Piece::Hard);
                }
            }
        }
        if blank_pending && matches!(blank, Blank::Keep | Blank::First) {
            self.push(Piece::Hard);
        }
    }

    fn docs(&mut self, docs: &'a [DocLine]) {
        self.doc_lines("///", docs);
    }

    fn doc_lines(&mut self, begin: &str, docs: &'a [DocLine]) {
        for line in docs {
            let space = if line.text.is_empty() { "" } else { " " };
            self.text(format!("{begin}{space}{}", line.text));
            self.push(Piece::Hard);
        }
    }

    /// The documentation of the file, apart from what it declares.
    fn file_docs(&mut self) {
        let ast = self.ast;
        let Some(first) = ast.docs.first() else {
            return;
        };
        self.first_gap(first.span.start, Blank::First);
        self.doc_lines("//!", &ast.docs);
        if !ast.items.is_empty() {
            self.push(Piece::Hard);
        }
    }

    // Items.

    fn file(&mut self) {
        self.file_docs();
        let mut previous: Option<&Item> = None;
        for item in &self.ast.items {
            match previous {
                None => self.first_gap(item.span().start, Blank::First),
                Some(previous) => self.item_gap(previous, item),
            }
            self.docs(item.docs());
            match item {
                Item::Use(item) => {
                    self.text("use ");
                    self.text(lexer::escape(&item.path.name));
                }
                Item::Struct(item) => self.structure(item),
                Item::Graph(item) => self.graph(item),
                Item::Entry(item) => {
                    self.text("entry ");
                    self.text(&item.graph.name.name);
                    self.text(" = ");
                    self.expr(item.function);
                }
                Item::Dim(item) => self.dim(item),
            }
            previous = Some(item);
        }
        match previous {
            None => self.first_gap(u32::MAX, Blank::Within),
            Some(_) => self.gap(u32::MAX, Piece::Hard, Blank::Last),
        }
    }

    /// Comments before the first item, for which no line has to end.
    fn first_gap(&mut self, before: u32, blank: Blank) {
        let pieces = self.pieces.len();
        self.gap(before, Piece::Break(""), blank);
        self.pieces.remove(pieces);
    }

    fn item_gap(&mut self, previous: &'a Item, item: &'a Item) {
        let before = item.span().start;
        let here = self.trivia.iter().take_while(|t| t.start < before);
        let has_blank = here.clone().any(|t| t.kind == TriviaKind::BlankLines);
        let is_graph = |item: &Item| matches!(item, Item::Graph(_));
        let apart = is_graph(previous) || (is_graph(item) && !matches!(previous, Item::Dim(_)));
        if has_blank || !apart {
            return self.gap(before, Piece::Hard, Blank::Keep);
        }
        // A comment on the line of the previous item stays there, the others go with this item.
        let trailing = here.take(1).find_map(|trivia| match &trivia.kind {
            TriviaKind::Comment { alone: false, .. } => Some(trivia.start + 1),
            TriviaKind::Comment { .. } | TriviaKind::BlankLines => None,
        });
        self.gap(trailing.unwrap_or(0), Piece::Hard, Blank::Keep);
        self.gap(before, Piece::Hard, Blank::Keep);
    }

    fn dim(&mut self, item: &'a Dim) {
        self.text("dim ");
        self.text(&item.name.name);
        self.text(" = ");
        self.expr(item.value);
    }

    fn structure(&mut self, item: &'a Struct) {
        self.text("struct ");
        self.text(&item.name.name);
        self.dim_names(&item.dims);
        self.text(" ");
        let fields = item.fields.as_slice();
        self.list(
            ("{", "}", " "),
            fields,
            last_byte(item.span),
            |field| field.span,
            Self::field,
        );
    }

    fn dim_names(&mut self, dims: &'a [Ident]) {
        if let Some(last) = dims.last() {
            let span = |dim: &&Ident| dim.span;
            self.list(("[", "]", ""), dims, last.span.end, span, |printer, dim| {
                printer.text(&dim.name);
            });
        }
    }

    /// A list in brackets, on one line or with one element a line.
    fn list<T>(
        &mut self,
        (open, close, inside): (&'static str, &'static str, &'static str),
        elements: impl IntoIterator<Item = T>,
        close_at: u32,
        span: impl Fn(&T) -> Span,
        mut element: impl FnMut(&mut Self, T),
    ) {
        self.push(Piece::Open);
        self.text(open);
        self.push(Piece::Indent);
        let mut first = true;
        for each in elements {
            if !first {
                self.text(",");
            }
            let between = if first { inside } else { " " };
            self.gap(span(&each).start, Piece::Break(between), Blank::Drop);
            element(self, each);
            first = false;
        }
        if !first {
            self.push(Piece::IfBroken(","));
        }
        let between = if first { "" } else { inside };
        self.gap(close_at, Piece::Break(between), Blank::Drop);
        self.push(Piece::Dedent);
        self.text(close);
        self.push(Piece::Close);
    }

    fn field(&mut self, field: &'a Field) {
        self.docs(&field.docs);
        self.text(&field.name.name);
        self.text(": ");
        self.ty(&field.ty);
    }

    fn parameter(&mut self, parameter: Parameter<'a>) {
        match parameter {
            Parameter::Tensors(param) => self.param(param),
            Parameter::Attribute(attribute) => {
                self.docs(&attribute.docs);
                self.text(&attribute.name.name);
                if let Some(default) = attribute.default {
                    self.text(" = ");
                    self.expr(default);
                }
            }
        }
    }

    fn param(&mut self, param: &'a Param) {
        self.docs(&param.docs);
        if param.inout.is_some() {
            self.text("inout ");
        }
        self.text(&param.name.name);
        self.text(": ");
        self.ty(&param.ty);
        if let Some(DeclaredRange { low, high, .. }) = &param.range {
            self.text(" in [");
            self.expr(*low);
            self.text(", ");
            self.expr(*high);
            self.text("]");
        }
    }

    fn ty(&mut self, ty: &'a Type) {
        self.text(&ty.name.name);
        if let Some(dims) = &ty.dims {
            self.exprs("[", "]", dims, last_byte(ty.span));
        }
        for length in &ty.lengths {
            self.exprs("[", "]", std::slice::from_ref(length), last_byte(ty.span));
        }
    }

    fn graph(&mut self, item: &'a Graph) {
        self.text(item.kind.keyword());
        self.text(" ");
        self.text(&item.name.name);
        self.dim_names(&item.dims);
        let params = item.params.iter().map(Parameter::Tensors);
        let params = params.chain(item.attributes.iter().map(Parameter::Attribute));
        let close = last_byte(item.params_span);
        let span = Parameter::span;
        self.list(("(", ")", ""), params, close, span, Self::parameter);
        if item.results_span.is_some() || !item.results.is_empty() {
            self.text(" -> ");
            let close = item.results_span.map_or(0, last_byte);
            let results = item.results.as_slice();
            self.list(
                ("(", ")", ""),
                results,
                close,
                |result| result.span,
                Self::field,
            );
        }
        self.text(" ");
        self.body(&item.body, last_byte(item.body_span), item.rule.is_none());
        if let Some(rule) = &item.rule {
            self.rule(rule);
        }
    }

    fn rule(&mut self, rule: &'a Rule) {
        self.text(" vjp");
        if rule.surrogate.is_some() {
            self.text(" surrogate");
        }
        self.names(&rule.cotangents, rule.cotangents_span);
        self.text(" -> ");
        self.names(&rule.gradients, rule.gradients_span);
        self.text(" ");
        self.body(&rule.graph.body, last_byte(rule.graph.body_span), false);
    }

    /// Names in parentheses.
    fn names(&mut self, names: &'a [Ident], span: Span) {
        let close = last_byte(span);
        let start = |name: &&Ident| name.span;
        self.list(("(", ")", ""), names, close, start, |printer, name| {
            printer.text(&name.name);
        });
    }
}
