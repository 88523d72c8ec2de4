//! Regions as graphs of their own, which the calls in entries name.
//!
//! A region is printed as a `graph` of tensors: leaves of structs are parameters and results of their
//! own. Its rule, if it states one, is its `vjp` block.

use super::names::Names;
use super::notation::Notation;
use super::{body, declared_range, docs, ident, tensor};
use crate::graph::{Graph, Value};
use crate::lang::ast::{self, GraphKind, Item, Rule};
use crate::lang::elaborate::is_reserved;
use crate::module::{Entry, Param, Signature, Tree};
use crate::op::{Region, SPECS, Stated};
use crate::shape::Type;
use crate::span::Span;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::rc::Rc;

/// How a region is written.
#[derive(Debug)]
pub(super) struct Written {
    /// The name of its graph.
    pub name: String,
    /// The names of its parameters.
    pub params: Vec<String>,
    /// The names of its results.
    pub results: Vec<String>,
}

/// The regions of some graphs, each after those that it calls itself.
#[derive(Debug, Default)]
pub(super) struct Regions(IndexMap<Rc<Region>, Written, FxBuildHasher>);

/// The names of ops, which graphs cannot have.
pub(super) fn reserved<'n>() -> impl Iterator<Item = &'n str> {
    SPECS
        .iter()
        .map(|spec| spec.name)
        .filter(|name| is_reserved(name))
}

impl Regions {
    /// The regions that the graphs of entries call, with names that are free in `names`.
    pub(super) fn of(entries: &[&Entry], names: &mut Names) -> Regions {
        let mut regions = Regions::default();
        for entry in entries {
            regions.collect(&entry.graph, names);
        }
        regions
    }

    /// Regions nest as deep as calls, which the elaborator bounds.
    fn collect(&mut self, graph: &Graph, names: &mut Names) {
        for node in graph.nodes() {
            for region in graph.op(node).regions() {
                if self.0.contains_key(region) {
                    continue;
                }
                self.collect(region.body(), names);
                if let Some(rule) = region.rule() {
                    self.collect(rule, names);
                }
                let written = written(region, names);
                self.0.insert(region.clone(), written);
            }
        }
    }

    pub(super) fn get(&self, region: &Rc<Region>) -> Option<&Written> {
        self.0.get(region)
    }
}

fn written(region: &Rc<Region>, names: &mut Names) -> Written {
    let body = region.body();
    let mut locals = Names::new(std::iter::empty());
    let inputs = body.inputs().iter();
    let params = inputs.map(|input| locals.claim(body.name(input.node).unwrap_or_default()));
    let params = params.collect();
    let results = body.outputs().iter();
    let results = results.map(|output| locals.claim(&output.name)).collect();
    Written {
        name: names.claim(region.name()),
        params,
        results,
    }
}

/// The regions that a notation knows, as items.
pub(super) fn items(notation: &mut Notation) -> Vec<Item> {
    let regions = notation.regions();
    let items = regions.0.iter();
    items
        .map(|(region, written)| Item::Graph(graph(notation, region, written)))
        .collect()
}

fn graph(notation: &mut Notation, region: &Region, written: &Written) -> ast::Graph {
    let body = region.body();
    let inputs = written.params.iter().zip(body.inputs());
    let params: Vec<Param> = inputs
        .map(|(name, input)| param(name, body, *input))
        .collect();
    let outputs = written.results.iter().zip(body.outputs());
    let results: Vec<Param> = outputs
        .map(|(name, output)| param(name, body, output.value))
        .collect();
    let rule = region.stated();
    let surrogate = region.is_surrogate().then_some(Span::SYNTHETIC);
    let rule = rule.map(|rule| {
        let stated = stated(notation, rule, params.clone(), &results);
        Box::new(Rule {
            surrogate,
            ..stated
        })
    });
    let entry = pseudo_entry(params, results, body);
    ast::Graph {
        docs: docs(region.doc()),
        name: ident(&written.name),
        rule,
        ..printed(notation, &entry)
    }
}

fn param(name: &str, graph: &Graph, value: Value) -> Param {
    leaf(name.to_string(), graph.ty(value).clone())
}

fn leaf(name: String, ty: Type) -> Param {
    Param {
        name,
        doc: Vec::new(),
        inout: false,
        tree: Tree::Leaf(ty),
    }
}

fn pseudo_entry(params: Vec<Param>, results: Vec<Param>, graph: &Graph) -> Entry {
    Entry {
        name: String::new(),
        doc: Vec::new(),
        signature: Signature { params, results },
        graph: graph.clone(),
        hypotheses: None,
        span: Span::SYNTHETIC,
    }
}

fn printed(notation: &mut Notation, entry: &Entry) -> ast::Graph {
    let Signature { params, results } = &entry.signature;
    let params = params.iter();
    let params = params.flat_map(|param| param.tree.leaves(&param.name));
    let params = params.enumerate().map(|(position, (name, ty))| ast::Param {
        range: declared_range(notation, &entry.graph, position),
        docs: Vec::new(),
        inout: None,
        name: ident(&name),
        ty: tensor(notation, &ty),
        span: Span::SYNTHETIC,
    });
    let params = params.collect();
    let results = results.iter();
    let results = results.flat_map(|result| result.tree.leaves(&result.name));
    let results = results.map(|(name, ty)| ast::Field {
        docs: Vec::new(),
        name: ident(&name),
        ty: tensor(notation, &ty),
        span: Span::SYNTHETIC,
    });
    ast::Graph {
        docs: Vec::new(),
        kind: GraphKind::Graph,
        name: ident(&entry.name),
        dims: Vec::new(),
        params,
        attributes: Vec::new(),
        params_span: Span::SYNTHETIC,
        results: results.collect(),
        results_span: Some(Span::SYNTHETIC),
        body: body::statements(notation, entry),
        body_span: Span::SYNTHETIC,
        rule: None,
        span: Span::SYNTHETIC,
    }
}

/// The rule of a region with these parameters and results.
fn stated(notation: &mut Notation, of: &Stated, mut params: Vec<Param>, results: &[Param]) -> Rule {
    let rule = &of.rule;
    params.extend(results.iter().cloned());
    let taken = params.iter().map(|param| param.name.as_str());
    let mut names = Names::new(taken);
    let mut claim =
        |name: Option<&str>, ty: &Type| leaf(names.claim(name.unwrap_or("ct")), ty.clone());
    let inputs = rule.inputs().iter().skip(params.len());
    let cotangents: Vec<Param> = inputs
        .map(|input| claim(rule.name(input.node), rule.ty(*input)))
        .collect();
    let outputs = rule.outputs().iter();
    let gradients: Vec<Param> = outputs
        .map(|output| claim(Some(&output.name), rule.ty(output.value)))
        .collect();
    let blanks = |has: &[bool], named: &[Param]| {
        let mut named = named.iter();
        let name = |has: &bool| match has {
            true => named.next().map_or("_", |named| &named.name),
            false => "_",
        };
        has.iter().map(name).map(ident).collect::<Vec<_>>()
    };
    let (from, to) = (
        blanks(&of.results, &cotangents),
        blanks(&of.operands, &gradients),
    );
    params.extend(cotangents);
    let entry = pseudo_entry(params, gradients, rule);
    Rule {
        surrogate: None,
        cotangents: from,
        cotangents_span: Span::SYNTHETIC,
        gradients: to,
        gradients_span: Span::SYNTHETIC,
        graph: printed(notation, &entry),
        span: Span::SYNTHETIC,
    }
}
