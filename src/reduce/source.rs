//! A text with what is known of it.

use crate::reach::Reach;
use lgc_ir::diag::Diagnostics;
use lgc_ir::lang::ast::{Ast, Expr, ExprKind, Item, Literal, Statement, statements_in};
use lgc_ir::lang::{self, Observations, Options};
use lgc_ir::module::Module;
use lgc_ir::span::{FileId, SourceMap};
use std::panic::{self, AssertUnwindSafe};

/// How large a text is; what comes first counts most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size {
    /// Definitions, loops and conditions.
    pub(super) statements: usize,
    expressions: usize,
    letters: usize,
    /// Sum of all integers.
    magnitude: u64,
}

/// A text in canonical form.
pub(super) struct Source {
    name: String,
    /// Which files it may name.
    reach: Reach,
    defines: Vec<(String, u64)>,
    text: String,
    pub(super) ast: Ast,
    /// What elaboration found out; nothing if it fails.
    pub(super) observations: Observations,
    module: Option<Module>,
    /// The items of other files that this one uses, as text; `None` if it uses none.
    used: Option<String>,
}

impl Source {
    /// The canonical form of a text, as far as it elaborates; `None` if it does not parse.
    pub(super) fn new(
        name: &str,
        reach: &Reach,
        text: String,
        defines: &[(String, u64)],
    ) -> Option<Self> {
        let (text, ast) = canonical(name, &text)?;
        let mut source = Self {
            name: name.to_owned(),
            reach: reach.clone(),
            defines: defines.to_vec(),
            text,
            ast,
            observations: Observations::default(),
            module: None,
            used: None,
        };
        // What is being reduced may well be a fault of elaboration.
        let elaborated = panic::catch_unwind(AssertUnwindSafe(|| source.elaborate()));
        if let Ok(Some((module, observations, used))) = elaborated {
            source.module = Some(module);
            source.observations = observations;
            source.used = used;
        }
        Some(source)
    }

    /// Another text in the place of this one.
    pub(super) fn sibling(&self, text: String) -> Option<Self> {
        Self::new(&self.name, &self.reach, text, &self.defines)
    }

    fn elaborate(&self) -> Option<(Module, Observations, Option<String>)> {
        let mut sources = SourceMap::new();
        let file = sources.add(self.name.clone(), self.text.clone()).ok()?;
        let mut found = Diagnostics::new();
        let ast = lang::parse(file, &self.text, &mut found);
        let mut read = |path: &str| self.reach.read_import(path);
        let mut ast = lang::import(ast, &mut sources, &mut read, &mut found);
        let mut read = |path: &str| self.reach.read_tensors(path);
        lang::load(&mut ast, &sources, &mut read, &mut found);
        let options = Options {
            defines: self.defines.iter().cloned().collect(),
            ..Options::default()
        };
        let (module, observations) = lang::observe(&ast, &options, &mut found);
        let used = foreign_items(&ast, file, &sources);
        (!found.has_errors()).then_some((module, observations, used))
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text means something.
    pub(super) fn elaborates(&self) -> bool {
        self.module.is_some()
    }

    /// What the text means, if it does.
    pub(super) fn module(&self) -> Option<&Module> {
        self.module.as_ref()
    }

    /// The text with what it uses of other files in it, if it uses any.
    pub(super) fn merged(&self) -> Option<Self> {
        let used = self.used.as_ref()?;
        let own = self
            .ast
            .items
            .iter()
            .filter(|item| !matches!(item, Item::Use(_)));
        let own: Vec<&str> = own.map(|item| self.slice(item.span())).collect();
        self.sibling(format!("{used}\n{}\n", own.join("\n")))
    }

    /// The part of the text that a span covers.
    pub(super) fn slice(&self, span: lgc_ir::span::Span) -> &str {
        let range = span.start as usize..span.end as usize;
        self.text.get(range).unwrap_or_default()
    }

    /// All statements of all graphs, those within loops and conditions too.
    pub(super) fn statements(&self) -> Vec<&Statement> {
        let graphs = self.ast.items.iter().filter_map(|item| match item {
            Item::Graph(graph) => Some(graph),
            Item::Entry(_) | Item::Struct(_) | Item::Dim(_) | Item::Use(_) => None,
        });
        let bodies = graphs.flat_map(|graph| {
            let rule = graph.rule.as_ref().map(|rule| &rule.graph.body);
            std::iter::once(&graph.body).chain(rule)
        });
        bodies.flat_map(|body| statements_in(body)).collect()
    }

    /// How large the text is.
    pub(super) fn size(&self) -> Size {
        let numbers = self.ast.exprs().filter_map(|(_, expr)| integer(expr));
        Size {
            statements: self.statements().len(),
            expressions: self.ast.exprs().count(),
            letters: self.text.chars().filter(|c| !c.is_whitespace()).count(),
            magnitude: numbers.fold(0, u64::saturating_add),
        }
    }
}

/// The value of an integer literal.
pub(super) fn integer(expr: &Expr) -> Option<u64> {
    let ExprKind::Literal(Literal::Int { value, .. }) = &expr.kind else {
        return None;
    };
    Some(*value)
}

/// The canonical form without comments, and its tree.
fn canonical(name: &str, text: &str) -> Option<(String, Ast)> {
    let parse = |text: &str| {
        let mut sources = SourceMap::new();
        let file = sources.add(name, text).ok()?;
        let mut found = Diagnostics::new();
        let ast = lang::parse(file, text, &mut found);
        (!found.has_errors()).then_some(ast)
    };
    let mut ast = parse(text)?;
    ast.drop_comments();
    let text = lang::print(&ast);
    let ast = parse(&text)?;
    Some((text, ast))
}

/// The text of the items that come from other files than `own`.
fn foreign_items(ast: &Ast, own: FileId, sources: &SourceMap) -> Option<String> {
    let items = ast.items.iter().filter(|item| item.span().file != own);
    let items: Vec<&str> = items
        .filter(|item| !matches!(item, Item::Use(_)))
        .map(|item| sources.text(item.span()))
        .collect();
    (!items.is_empty()).then(|| items.join("\n"))
}
