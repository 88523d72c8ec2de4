//! The `vjp` block of a graph: `vjp(ct_y, _) -> (d_x, d_p) { … }`, or `vjp surrogate(…) -> (…) { … }`.

use super::item::BODY_HELP;
use super::{List, Parsed, Parser};
use crate::lang::ast::{Field, Graph, Ident, Param, Rule};
use crate::lang::token::TokenKind;
use crate::span::Span;

const RULE_HELP: &str = "a rule names the cotangents of the results and those of the parameters, as in \
                         `vjp(ct_y) -> (d_x) { d_x = 2 * x * ct_y }`";

impl Parser<'_> {
    /// Whether a `vjp` block begins here.
    pub(super) fn at_rule(&self) -> bool {
        self.kind() == TokenKind::Name && self.text(self.token()) == "vjp"
    }

    /// The `vjp` block of `graph`.
    pub(super) fn rule(&mut self, graph: &Graph) -> Parsed<Rule> {
        self.first = self.at;
        let keyword = self.bump();
        let surrogate = self.surrogate();
        let header = self.rule_header();
        if header.is_err() {
            self.skip_to_body();
        }
        let (body, body_span) = self.statements(BODY_HELP)?;
        let (cotangents, gradients) = header?;
        let span = self.span(keyword).to(body_span);
        let inner = Graph {
            docs: Vec::new(),
            params: rule_params(graph, &cotangents.elements),
            params_span: cotangents.span,
            results: rule_results(graph, &gradients.elements),
            results_span: Some(gradients.span),
            body,
            body_span,
            rule: None,
            span,
            ..graph.clone()
        };
        Ok(Rule {
            surrogate,
            cotangents: cotangents.elements,
            cotangents_span: cotangents.span,
            gradients: gradients.elements,
            gradients_span: gradients.span,
            graph: inner,
            span,
        })
    }

    /// The word `surrogate`, if it comes next.
    fn surrogate(&mut self) -> Option<Span> {
        let is_name = self.kind() == TokenKind::Name;
        (is_name && self.text(self.token()) == "surrogate").then(|| {
            let word = self.bump();
            self.span(word)
        })
    }

    /// The names of cotangents: of results, then of parameters.
    fn rule_header(&mut self) -> Parsed<(List<Ident>, List<Ident>)> {
        let cotangents = self.rule_names()?;
        self.expect(TokenKind::Arrow, RULE_HELP)?;
        Ok((cotangents, self.rule_names()?))
    }

    fn rule_names(&mut self) -> Parsed<List<Ident>> {
        if self.kind() != TokenKind::OpenParen {
            return Err(self.expected("`(`", RULE_HELP));
        }
        self.list("name", |parser| parser.name("the name of a cotangent"))
    }
}

/// What stands for something without a cotangent.
fn is_named(name: &Ident) -> bool {
    name.name != "_"
}

/// A rule takes what the graph takes and yields, and the cotangents of its results.
fn rule_params(graph: &Graph, cotangents: &[Ident]) -> Vec<Param> {
    let undocumented = |param: &Param| Param {
        docs: Vec::new(),
        inout: None,
        ..param.clone()
    };
    let result = |field: &Field, name: &Ident| Param {
        docs: Vec::new(),
        inout: None,
        range: None,
        name: name.clone(),
        ty: field.ty.clone(),
        span: name.span,
    };
    let params = graph.params.iter().map(undocumented);
    let results = graph.results.iter().map(|field| result(field, &field.name));
    let named = graph.results.iter().zip(cotangents);
    let named = named.filter(|(_, name)| is_named(name));
    let cotangents = named.map(|(field, name)| result(field, name));
    params.chain(results).chain(cotangents).collect()
}

/// A rule yields the cotangents of the parameters.
fn rule_results(graph: &Graph, gradients: &[Ident]) -> Vec<Field> {
    let named = graph.params.iter().zip(gradients);
    let named = named.filter(|(_, name)| is_named(name));
    let field = |(param, name): (&Param, &Ident)| Field {
        docs: Vec::new(),
        name: name.clone(),
        ty: param.ty.clone(),
        span: name.span,
    };
    named.map(field).collect()
}
