//! What may be left out of a text or be made simpler, found by its syntax tree.

use super::source::{Source, integer};
use lgc_ir::lang::Meaning;
use lgc_ir::lang::ast::{
    Attribute, Definition, Expr, ExprKind, Graph, Item, Pattern, Statement, Target,
};
use lgc_ir::span::Span;

/// Another text for a range of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    range: std::ops::Range<usize>,
    with: String,
}

/// Lists what can be tried, each of which may take several edits.
pub(super) type Kind = fn(&Source) -> Vec<Vec<Edit>>;

/// All kinds, those first that make most of a text needless.
pub(super) const KINDS: [Kind; 14] = [
    docs,
    items,
    cut_after,
    statements,
    results,
    cut_before,
    params,
    types,
    blocks,
    rules,
    operands,
    attributes,
    substitutions,
    numbers,
];

impl Edit {
    fn replace(span: Span, with: impl Into<String>) -> Self {
        Self {
            range: span.start as usize..span.end as usize,
            with: with.into(),
        }
    }

    fn remove(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// The text with edits applied. Of edits that overlap, the one that begins first counts, and of those
/// the longest.
pub(super) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.range.start, std::cmp::Reverse(edit.range.end)));
    let (mut result, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        if edit.range.start >= at {
            result.push_str(text.get(at..edit.range.start).unwrap_or_default());
            result.push_str(&edit.with);
            at = edit.range.end;
        }
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}

/// Removes an element of a list with the comma after it.
fn remove_element(source: &Source, span: Span) -> Edit {
    let mut edit = Edit::remove(span);
    let after = source.text().get(edit.range.end..).unwrap_or_default();
    let trimmed = after.trim_start();
    if trimmed.starts_with(',') {
        edit.range.end += after.len() - trimmed.len() + 1;
    }
    edit
}

fn graphs(source: &Source) -> impl Iterator<Item = &Graph> {
    source.ast.items.iter().filter_map(|item| match item {
        Item::Graph(graph) => Some(graph),
        Item::Entry(_) | Item::Struct(_) | Item::Dim(_) | Item::Use(_) => None,
    })
}

/// Without a doc comment. In canonical form each stands on a line of its own.
fn docs(source: &Source) -> Vec<Vec<Edit>> {
    let lines = source.text().split_inclusive('\n').scan(0, |end, line| {
        let start = *end;
        *end += line.len();
        Some((start..*end, line))
    });
    let docs = lines.filter(|(_, line)| line.trim_start().starts_with("///"));
    let remove = |range| Edit {
        range,
        with: String::new(),
    };
    docs.map(|(range, _)| vec![remove(range)]).collect()
}

/// With a scalar in the place of a parameter, result or field of another type.
fn types(source: &Source) -> Vec<Vec<Edit>> {
    let of_item = |item: &Item| -> Vec<Span> {
        match item {
            Item::Graph(graph) => {
                let params = graph.params.iter().map(|param| param.ty.span);
                params
                    .chain(graph.results.iter().map(|r| r.ty.span))
                    .collect()
            }
            Item::Struct(item) => item.fields.iter().map(|field| field.ty.span).collect(),
            Item::Entry(_) | Item::Dim(_) | Item::Use(_) => Vec::new(),
        }
    };
    let places = source.ast.items.iter().flat_map(of_item);
    places
        .map(|place| vec![Edit::replace(place, "f32[]")])
        .collect()
}

/// Without a struct, graph, dim or use. The rule of a graph goes with it.
fn items(source: &Source) -> Vec<Vec<Edit>> {
    let item = |item: &Item| match item {
        Item::Graph(graph) => Edit::remove(whole(graph)),
        Item::Entry(_) | Item::Struct(_) | Item::Dim(_) | Item::Use(_) => Edit::remove(item.span()),
    };
    source
        .ast
        .items
        .iter()
        .map(|each| vec![item(each)])
        .collect()
}

/// A graph with its rule.
fn whole(graph: &Graph) -> Span {
    graph
        .rule
        .as_ref()
        .map_or(graph.span, |rule| graph.span.to(rule.span))
}

/// Without a statement, loop or condition.
fn statements(source: &Source) -> Vec<Vec<Edit>> {
    let statements = source.statements().into_iter();
    statements
        .map(|statement| vec![Edit::remove(statement.span())])
        .collect()
}

/// Without a result and the statements that define it.
fn results(source: &Source) -> Vec<Vec<Edit>> {
    let of_graph = |graph: &Graph| -> Vec<Vec<Edit>> {
        let results = graph.results.iter();
        results
            .map(|result| {
                let mut edits = vec![remove_element(source, result.span)];
                edits.extend(definitions_of(graph, &result.name.name, false));
                edits
            })
            .collect()
    };
    graphs(source).flat_map(of_graph).collect()
}

/// Removes what defines a name, or its next value.
fn definitions_of<'g>(
    graph: &'g Graph,
    name: &'g str,
    next: bool,
) -> impl Iterator<Item = Edit> + 'g {
    let defines = move |definition: &Definition| {
        definition
            .pattern
            .targets()
            .iter()
            .all(|target| match target {
                Target::Place(place) => place.root.name == name && place.next.is_some() == next,
                Target::Discard(_) => true,
            })
    };
    definitions(graph)
        .filter(move |definition| defines(definition))
        .map(|definition| Edit::remove(definition.span))
}

/// The definitions of a graph outside of loops and conditions.
fn definitions(graph: &Graph) -> impl Iterator<Item = &Definition> {
    graph.body.iter().filter_map(|statement| match statement {
        Statement::Definition(definition) => Some(definition),
        Statement::For(_) | Statement::If(_) => None,
    })
}

/// Without a parameter, or with one that is not updated in place.
fn params(source: &Source) -> Vec<Vec<Edit>> {
    let mut found = Vec::new();
    for graph in graphs(source) {
        for (position, param) in graph.params.iter().enumerate() {
            let mut edits = vec![remove_element(source, param.span)];
            edits.extend(definitions_of(graph, &param.name.name, true));
            edits.extend(arguments(source, &graph.name.name, position));
            found.push(edits);
            if let Some(inout) = param.inout {
                let mut edits = vec![Edit::remove(inout)];
                edits.extend(definitions_of(graph, &param.name.name, true));
                found.push(edits);
            }
        }
    }
    found
}

/// Removes an argument of all calls of a graph by its name.
fn arguments<'s>(
    source: &'s Source,
    name: &'s str,
    position: usize,
) -> impl Iterator<Item = Edit> + 's {
    source.ast.exprs().filter_map(move |(_, expr)| {
        let ExprKind::Call { callee, args, .. } = &expr.kind else {
            return None;
        };
        let is_called = matches!(&source.ast.expr(*callee).kind, ExprKind::Name(n) if n == name);
        let argument = args.get(position).filter(|_| is_called)?;
        Some(remove_element(source, source.ast.expr(*argument).span))
    })
}

/// The name and type that a definition of one new value has, if that is a tensor or struct.
fn value_of(source: &Source, definition: &Definition) -> Option<(String, String)> {
    let Pattern::One(Target::Place(place)) = &definition.pattern else {
        return None;
    };
    if !place.path.is_empty() || place.next.is_some() {
        return None;
    }
    match source.observations.meanings(place.root.span) {
        [Meaning::Data(tree)] => Some((place.root.name.clone(), tree.to_string())),
        _ => None,
    }
}

/// With a value as the only result, and without what comes after it.
fn cut_after(source: &Source) -> Vec<Vec<Edit>> {
    let mut found = Vec::new();
    for graph in graphs(source) {
        let Some(results) = graph.results_span.filter(|_| graph.rule.is_none()) else {
            continue;
        };
        for definition in definitions(graph) {
            let Some((name, ty)) = value_of(source, definition) else {
                continue;
            };
            let later = graph.body.iter().map(Statement::span);
            let later = later.filter(|span| span.start >= definition.span.end);
            let mut edits: Vec<Edit> = later.map(Edit::remove).collect();
            edits.push(Edit::replace(results, format!("({name}: {ty})")));
            edits.extend(
                graph
                    .params
                    .iter()
                    .filter_map(|p| p.inout)
                    .map(Edit::remove),
            );
            found.push(edits);
        }
    }
    found
}

/// With a value as a parameter, instead of being computed.
fn cut_before(source: &Source) -> Vec<Vec<Edit>> {
    let mut found = Vec::new();
    for graph in graphs(source) {
        let results: Vec<&str> = graph.results.iter().map(|r| r.name.name.as_str()).collect();
        let close = Span {
            start: graph.params_span.end.saturating_sub(1),
            ..graph.params_span
        };
        for definition in definitions(graph) {
            let Some((name, ty)) = value_of(source, definition) else {
                continue;
            };
            if results.contains(&name.as_str()) {
                continue;
            }
            let comma = if graph.params.is_empty() { "" } else { ", " };
            found.push(vec![
                Edit::replace(close, format!("{comma}{name}: {ty})")),
                Edit::remove(definition.span),
            ]);
        }
    }
    found
}

/// With what is inside of a loop or condition in its place.
fn blocks(source: &Source) -> Vec<Vec<Edit>> {
    let mut found = Vec::new();
    for statement in source.statements() {
        let inner = match statement {
            Statement::Definition(_) => continue,
            Statement::For(item) => vec![&item.body],
            Statement::If(item) => {
                let blocks = item.arms.iter().map(|(_, block)| block);
                blocks.chain(&item.otherwise).collect()
            }
        };
        for block in inner {
            let parts: Vec<&str> = block
                .statements
                .iter()
                .map(|s| source.slice(s.span()))
                .collect();
            found.push(vec![Edit::replace(statement.span(), parts.join("\n"))]);
        }
    }
    found
}

/// Without the rule of a graph.
fn rules(source: &Source) -> Vec<Vec<Edit>> {
    let rules = graphs(source).filter_map(|graph| graph.rule.as_ref());
    rules.map(|rule| vec![Edit::remove(rule.span)]).collect()
}

/// With a part of an expression in its place, or with a number. Parts are found by their places: they
/// are the largest expressions within.
fn operands(source: &Source) -> Vec<Vec<Edit>> {
    let mut exprs: Vec<&Expr> = source.ast.exprs().map(|(_, expr)| expr).collect();
    exprs.sort_by_key(|expr| (expr.span.start, std::cmp::Reverse(expr.span.end)));
    let mut found = Vec::new();
    for (at, expr) in exprs.iter().enumerate() {
        let inside = |inner: &&&Expr| inner.span.start < expr.span.end;
        let mut covered = expr.span.start;
        for part in exprs.iter().skip(at + 1).take_while(inside) {
            if part.span.start >= covered && part.span != expr.span {
                covered = part.span.end;
                let text = format!("({})", source.slice(part.span));
                found.push(vec![Edit::replace(expr.span, text)]);
            }
        }
        if !matches!(expr.kind, ExprKind::Literal(_)) {
            found.push(vec![Edit::replace(expr.span, "1")]);
        }
    }
    found
}

/// Without an attribute of a call.
fn attributes(source: &Source) -> Vec<Vec<Edit>> {
    let calls = source.ast.exprs().filter_map(|(_, expr)| {
        let ExprKind::Call { attributes, .. } = &expr.kind else {
            return None;
        };
        Some(attributes)
    });
    let attribute = |attribute: &Attribute| vec![remove_element(source, attribute.span)];
    calls.flatten().map(attribute).collect()
}

/// With the name or number that a value is, instead of the value.
fn substitutions(source: &Source) -> Vec<Vec<Edit>> {
    let mut found = Vec::new();
    for graph in graphs(source) {
        for definition in definitions(graph) {
            let Pattern::One(Target::Place(place)) = &definition.pattern else {
                continue;
            };
            let value = source.ast.expr(definition.value);
            let simple = matches!(value.kind, ExprKind::Name(_) | ExprKind::Literal(_));
            if !simple || !place.path.is_empty() {
                continue;
            }
            let uses = source.ast.exprs().filter(|(_, expr)| {
                let named = matches!(&expr.kind, ExprKind::Name(n) if *n == place.root.name);
                named && graph.span.start <= expr.span.start && expr.span.end <= graph.span.end
            });
            let with = source.slice(value.span);
            let mut edits: Vec<Edit> = uses.map(|(_, e)| Edit::replace(e.span, with)).collect();
            edits.push(Edit::remove(definition.span));
            found.push(edits);
        }
    }
    found
}

/// With a smaller number: everywhere where it stands, or once.
fn numbers(source: &Source) -> Vec<Vec<Edit>> {
    let literals = source.ast.exprs();
    let literals = literals.filter_map(|(_, expr)| Some((integer(expr)?, expr.span)));
    let literals: Vec<(u64, Span)> = literals.collect();
    let mut values: Vec<u64> = literals.iter().map(|(value, _)| *value).collect();
    values.sort_unstable_by(|a, b| b.cmp(a));
    values.dedup();
    let smaller = |value: u64| {
        let choices = [1, 2, 3, value / 2, value.saturating_sub(1)];
        choices
            .into_iter()
            .filter(move |choice| (1..value).contains(choice))
    };
    let mut found = Vec::new();
    for value in values {
        for choice in smaller(value) {
            let places = literals.iter().filter(|(other, _)| *other == value);
            let edit = |(_, span): &(u64, Span)| Edit::replace(*span, choice.to_string());
            found.push(places.map(edit).collect());
        }
    }
    for (value, span) in literals {
        for choice in smaller(value) {
            found.push(vec![Edit::replace(span, choice.to_string())]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_applied_from_the_left_and_the_outermost_counts() {
        let edit = |range, with: &str| Edit {
            range,
            with: with.to_owned(),
        };
        let edits = [
            edit(6..7, "x"),
            edit(1..3, ""),
            edit(5..8, "-"),
            edit(2..4, "lost"),
        ];
        assert_eq!(apply("0123456789", &edits), "034-89");
        assert_eq!(apply("same", &[]), "same");
    }
}
