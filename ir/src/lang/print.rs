//! The canonical text of a syntax tree: the formatter behind `lgc fmt`.
//!
//! The text depends on the tree alone, and on comments and blank lines where the tree came from a
//! text. Only parentheses that are needed are written. Comments are written at the first place at or
//! after their own where a line may end; none is lost. Up to one blank line is kept between statements
//! and between items, and graphs stand apart from what is around them.
//!
//! Expressions are walked with a work list, so that long chains and deep nesting need no recursion.

use super::ast::{
    Associativity, Ast, Attribute, BinaryOp, Dim, DocLine, ExprId, ExprKind, Field, Graph, Ident,
    Item, Literal, Param, Pattern, Precedence, Rule, Statement, Step, Struct, Target, Trivia,
    TriviaKind, Type,
};
use super::layout::{Piece, layout};
use super::lexer;
use crate::span::Span;
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

struct Printer<'a> {
    ast: &'a Ast,
    /// Comments and blank lines not yet written.
    trivia: &'a [Trivia],
    pieces: Vec<Piece<'a>>,
    /// What remains of the expression that is being written, last first.
    work: Vec<Work<'a>>,
}

/// A step of writing an expression.
enum Work<'a> {
    Piece(Piece<'a>),
    /// A place where a line may end, and the offset up to which comments belong there.
    Gap(Piece<'a>, u32),
    Expr(ExprId, Role),
    Attribute(&'a Attribute),
}

/// How a chain of operators is grouped for breaking lines.
#[derive(Clone, Copy)]
enum Role {
    /// A group of its own, its lines indented.
    Whole,
    /// A group within an operand of other operators.
    Operand,
    /// Part of the chain around it: same precedence, no parentheses.
    Chain,
    /// A group in parentheses.
    Parenthesised,
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
        for line in docs {
            let space = if line.text.is_empty() { "" } else { " " };
            self.text(format!("///{space}{}", line.text));
            self.push(Piece::Hard);
        }
    }

    // Items.

    fn file(&mut self) {
        let mut previous: Option<&Item> = None;
        for item in &self.ast.items {
            match previous {
                None => self.first_gap(item.span().start, Blank::First),
                Some(previous) => self.item_gap(previous, item),
            }
            self.docs(item.docs());
            match item {
                Item::Struct(item) => self.structure(item),
                Item::Graph(item) => self.graph(item),
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
            let span = |dim: &Ident| dim.span;
            self.list(("[", "]", ""), dims, last.span.end, span, |printer, dim| {
                printer.text(&dim.name);
            });
        }
    }

    /// A list in brackets, on one line or with one element a line.
    fn list<T>(
        &mut self,
        (open, close, inside): (&'static str, &'static str, &'static str),
        elements: &'a [T],
        close_at: u32,
        span: impl Fn(&T) -> Span,
        mut element: impl FnMut(&mut Self, &'a T),
    ) {
        self.push(Piece::Open);
        self.text(open);
        self.push(Piece::Indent);
        let mut between = if elements.is_empty() { "" } else { inside };
        for (index, each) in elements.iter().enumerate() {
            if index > 0 {
                self.text(",");
                between = " ";
            }
            self.gap(span(each).start, Piece::Break(between), Blank::Drop);
            element(self, each);
        }
        if !elements.is_empty() {
            self.push(Piece::IfBroken(","));
            between = inside;
        }
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

    fn param(&mut self, param: &'a Param) {
        self.docs(&param.docs);
        if param.inout.is_some() {
            self.text("inout ");
        }
        self.text(&param.name.name);
        self.text(": ");
        self.ty(&param.ty);
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
        let params = item.params.as_slice();
        let close = last_byte(item.params_span);
        self.list(
            ("(", ")", ""),
            params,
            close,
            |param| param.span,
            Self::param,
        );
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
        self.names(&rule.cotangents, rule.cotangents_span);
        self.text(" -> ");
        self.names(&rule.gradients, rule.gradients_span);
        self.text(" ");
        self.body(&rule.graph.body, last_byte(rule.graph.body_span), false);
    }

    /// Names in parentheses.
    fn names(&mut self, names: &'a [Ident], span: Span) {
        let close = last_byte(span);
        let start = |name: &Ident| name.span;
        self.list(("(", ")", ""), names, close, start, |printer, name| {
            printer.text(&name.name);
        });
    }

    /// Statements in braces: a single one on the same line if it `may_join` it and there is room.
    fn body(&mut self, statements: &'a [Statement], close: u32, may_join: bool) {
        self.push(Piece::Open);
        self.text("{");
        self.push(Piece::Indent);
        let line_end = || match statements {
            [] => Piece::Break(""),
            [_] if may_join => Piece::Break(" "),
            _ => Piece::Hard,
        };
        let mut blank = Blank::First;
        for statement in statements {
            self.gap(statement.span.start, line_end(), blank);
            self.statement(statement);
            blank = Blank::Keep;
        }
        self.gap(close, line_end(), Blank::Last);
        self.push(Piece::Dedent);
        self.text("}");
        self.push(Piece::Close);
    }

    // Statements.

    fn statement(&mut self, statement: &'a Statement) {
        match &statement.pattern {
            Pattern::One(target) => self.target(target),
            Pattern::Tuple { targets, span } => {
                let start = |target: &Target| match target {
                    Target::Discard(span) => *span,
                    Target::Place(place) => place.span,
                };
                let close = last_byte(*span);
                self.list(("(", ")", ""), targets, close, start, Self::target);
            }
        }
        self.text(" = ");
        self.expr(statement.value);
    }

    fn target(&mut self, target: &'a Target) {
        let Target::Place(place) = target else {
            return self.text("_");
        };
        self.text(&place.root.name);
        for step in &place.path {
            match step {
                Step::Field(field) => {
                    self.text(".");
                    self.text(&field.name);
                }
                Step::Index { index, span } => {
                    self.exprs("[", "]", std::slice::from_ref(index), last_byte(*span));
                }
            }
        }
        if place.next.is_some() {
            self.text("'");
        }
        if let Some(ty) = &place.ty {
            self.text(": ");
            self.ty(ty);
        }
    }

    // Expressions.

    fn expr(&mut self, id: ExprId) {
        self.work.push(Work::Expr(id, Role::Whole));
        self.run();
    }

    fn exprs(&mut self, open: &'static str, close: &'static str, ids: &'a [ExprId], close_at: u32) {
        let elements = ids
            .iter()
            .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
        let steps = bracketed(open, close, elements, close_at, Piece::Break(" "));
        self.work.extend(steps.into_iter().rev());
        self.run();
    }

    fn start(&self, id: ExprId) -> u32 {
        self.ast.expr(id).span.start
    }

    fn run(&mut self) {
        while let Some(work) = self.work.pop() {
            match work {
                Work::Piece(piece) => self.push(piece),
                Work::Gap(piece, before) => self.gap(before, piece, Blank::Drop),
                Work::Expr(id, role) => self.expand(id, role),
                Work::Attribute(attribute) => {
                    self.text(&attribute.name.name);
                    self.text(" = ");
                    self.work.push(Work::Expr(attribute.value, Role::Whole));
                }
            }
        }
    }

    /// Replaces an expression by the steps of writing it.
    fn expand(&mut self, id: ExprId, role: Role) {
        let steps = match role {
            Role::Parenthesised => {
                let inner = Work::Expr(id, Role::Operand);
                vec![text("("), inner, text(")")]
            }
            Role::Whole | Role::Operand | Role::Chain => self.steps(id, role),
        };
        self.work.extend(steps.into_iter().rev());
    }

    fn steps(&self, id: ExprId, role: Role) -> Vec<Work<'a>> {
        let ast: &'a Ast = self.ast;
        let expr = ast.expr(id);
        let close = last_byte(expr.span);
        match &expr.kind {
            ExprKind::Name(name) => vec![text(name.as_str())],
            ExprKind::Literal(literal) => vec![text(literal_text(literal))],
            ExprKind::Unary { op, operand } => {
                vec![text(op.symbol()), self.unary_operand(*operand)]
            }
            ExprKind::Binary {
                op, left, right, ..
            } => self.binary(*op, *left, *right, role),
            ExprKind::Field { base, field } => {
                vec![self.base(*base), text("."), text(field.name.as_str())]
            }
            ExprKind::Next { base } => vec![self.base(*base), text("'")],
            ExprKind::Index { base, indices } => {
                let elements = indices
                    .iter()
                    .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
                let mut steps = vec![self.base(*base)];
                steps.extend(bracketed("[", "]", elements, close, Piece::Break(" ")));
                steps
            }
            ExprKind::Slice { base, start, end } => self.slice(*base, *start, *end, close),
            ExprKind::Call {
                callee,
                args,
                attributes,
            } => self.call(*callee, args, attributes, close),
            ExprKind::Tuple(ids) => {
                let elements = ids
                    .iter()
                    .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
                bracketed(
                    "(",
                    if ids.len() == 1 { ",)" } else { ")" },
                    elements,
                    close,
                    Piece::Break(" "),
                )
            }
            ExprKind::List(ids) => {
                let elements = ids
                    .iter()
                    .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
                bracketed("[", "]", elements, close, Piece::Fill)
            }
        }
    }

    /// A bound that is an operator's result stands apart from the colon, as in `a[i : i + 2]`.
    fn slice(
        &self,
        base: ExprId,
        start: Option<ExprId>,
        end: Option<ExprId>,
        close: u32,
    ) -> Vec<Work<'a>> {
        let loose = |id: ExprId| self.precedence(id) < Precedence::PREFIX;
        let apart = start.into_iter().chain(end).any(loose);
        let mut steps = vec![self.base(base), Work::Piece(Piece::Open), text("[")];
        steps.push(Work::Piece(Piece::Indent));
        for (bound, before) in [(start, None), (end, Some(":"))] {
            let space = |wanted: bool| text(if apart && wanted { " " } else { "" });
            if let Some(colon) = before {
                steps.extend([space(start.is_some()), text(colon), space(bound.is_some())]);
            }
            if let Some(bound) = bound {
                steps.push(Work::Gap(Piece::Break(""), self.start(bound)));
                steps.push(Work::Expr(bound, Role::Whole));
            }
        }
        steps.extend([
            Work::Gap(Piece::Break(""), close),
            Work::Piece(Piece::Dedent),
            text("]"),
            Work::Piece(Piece::Close),
        ]);
        steps
    }

    fn call(
        &self,
        callee: ExprId,
        args: &'a [ExprId],
        attributes: &'a [Attribute],
        close: u32,
    ) -> Vec<Work<'a>> {
        let positional = args
            .iter()
            .map(|&id| (Work::Expr(id, Role::Whole), self.start(id)));
        let named = attributes
            .iter()
            .map(|a| (Work::Attribute(a), a.span.start));
        let mut steps = vec![self.base(callee)];
        steps.extend(bracketed(
            "(",
            ")",
            positional.chain(named),
            close,
            Piece::Break(" "),
        ));
        steps
    }

    fn binary(&self, op: BinaryOp, left: ExprId, right: ExprId, role: Role) -> Vec<Work<'a>> {
        let mut steps = vec![
            self.binary_operand(op, left, Associativity::Left),
            text(" "),
            text(op.symbol()),
            Work::Gap(Piece::Fill, self.start(right)),
            self.binary_operand(op, right, Associativity::Right),
        ];
        let (before, after) = match role {
            Role::Chain => return steps,
            Role::Whole => (
                vec![Piece::Open, Piece::Indent],
                vec![Piece::Dedent, Piece::Close],
            ),
            Role::Operand | Role::Parenthesised => (vec![Piece::Open], vec![Piece::Close]),
        };
        steps.splice(0..0, before.into_iter().map(Work::Piece));
        steps.extend(after.into_iter().map(Work::Piece));
        steps
    }

    // Parentheses.

    fn precedence(&self, id: ExprId) -> Precedence {
        match &self.ast.expr(id).kind {
            ExprKind::Binary { op, .. } => op.precedence(),
            ExprKind::Unary { .. } => Precedence::PREFIX,
            ExprKind::Name(_)
            | ExprKind::Literal(_)
            | ExprKind::Field { .. }
            | ExprKind::Next { .. }
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Call { .. }
            | ExprKind::Tuple(_)
            | ExprKind::List(_) => Precedence::POSTFIX,
        }
    }

    /// The operand on one side of an operator. A prefix operator on the right needs no parentheses, as
    /// nothing to its left can take it apart.
    fn binary_operand(&self, op: BinaryOp, id: ExprId, side: Associativity) -> Work<'a> {
        let precedence = self.precedence(id);
        let role = if precedence == op.precedence() {
            if op.associativity() == side {
                Role::Chain
            } else {
                Role::Parenthesised
            }
        } else if precedence > op.precedence()
            || (side == Associativity::Right && precedence == Precedence::PREFIX)
        {
            Role::Operand
        } else {
            Role::Parenthesised
        };
        Work::Expr(id, role)
    }

    fn unary_operand(&self, id: ExprId) -> Work<'a> {
        let loose = self.precedence(id) < Precedence::PREFIX;
        Work::Expr(
            id,
            if loose {
                Role::Parenthesised
            } else {
                Role::Operand
            },
        )
    }

    /// What a call, field or bracket follows. A number would run into a point.
    fn base(&self, id: ExprId) -> Work<'a> {
        let number = matches!(
            self.ast.expr(id).kind,
            ExprKind::Literal(Literal::Int { .. } | Literal::Float(_))
        );
        let loose = number || self.precedence(id) < Precedence::POSTFIX;
        Work::Expr(
            id,
            if loose {
                Role::Parenthesised
            } else {
                Role::Operand
            },
        )
    }
}

fn text<'a>(text: impl Into<Cow<'a, str>>) -> Work<'a> {
    Work::Piece(Piece::Text(text.into()))
}

fn literal_text(literal: &Literal) -> Cow<'_, str> {
    match literal {
        Literal::Bool(true) => "true".into(),
        Literal::Bool(false) => "false".into(),
        Literal::Int {
            value,
            hexadecimal: true,
        } => format!("{value:#x}").into(),
        Literal::Int {
            value,
            hexadecimal: false,
        } => value.to_string().into(),
        Literal::Float(literal) => literal.text().into(),
        Literal::String(text) => lexer::escape(text).into(),
    }
}

/// The steps of writing elements in brackets, each given with its offset in the source.
fn bracketed<'a>(
    open: &'static str,
    close: &'static str,
    elements: impl Iterator<Item = (Work<'a>, u32)>,
    close_at: u32,
    between: Piece<'a>,
) -> Vec<Work<'a>> {
    let fills = matches!(between, Piece::Fill);
    let mut steps = vec![
        Work::Piece(Piece::Open),
        text(open),
        Work::Piece(Piece::Indent),
    ];
    let mut first = true;
    for (element, start) in elements {
        if first {
            steps.push(Work::Gap(Piece::Break(""), start));
        } else {
            let piece = if fills {
                Piece::Fill
            } else {
                Piece::Break(" ")
            };
            steps.extend([text(","), Work::Gap(piece, start)]);
        }
        first = false;
        steps.push(element);
    }
    // The comma of a one-element tuple stands there anyway.
    let (close, comma) = match close.strip_prefix(',') {
        Some(close) => (close, text(",")),
        None if first => (close, text("")),
        None => (close, Work::Piece(Piece::IfBroken(","))),
    };
    steps.extend([
        comma,
        Work::Gap(Piece::Break(""), close_at),
        Work::Piece(Piece::Dedent),
        text(close),
        Work::Piece(Piece::Close),
    ]);
    steps
}
