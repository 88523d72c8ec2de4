//! A tree as S-expressions without spans: readable in snapshots, and equal exactly for equal trees.

use crate::lang::ast::*;
use std::fmt::Write;

pub(super) fn dump(ast: &Ast) -> String {
    let mut exprs = Vec::new();
    for (_, expr) in ast.exprs() {
        // Operands come first, so their texts are there already.
        let text = expression(&exprs, &expr.kind);
        exprs.push(text);
    }
    let dumper = Dumper { ast, exprs };
    ast.items.iter().map(|item| dumper.item(item)).collect()
}

/// Ids are positions in the arena.
fn at(exprs: &[String], ast_id: ExprId) -> &str {
    let digits: String = format!("{ast_id:?}")
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    &exprs[digits.parse::<usize>().unwrap()]
}

fn joined(exprs: &[String], ids: &[ExprId]) -> String {
    ids.iter()
        .map(|&id| format!(" {}", at(exprs, id)))
        .collect()
}

fn expression(exprs: &[String], kind: &ExprKind) -> String {
    let at = |id: &ExprId| at(exprs, *id);
    match kind {
        ExprKind::Name(name) => name.clone(),
        ExprKind::Literal(Literal::Bool(value)) => value.to_string(),
        ExprKind::Literal(Literal::Int { value, hexadecimal }) => {
            if *hexadecimal {
                format!("{value:#x}")
            } else {
                value.to_string()
            }
        }
        ExprKind::Literal(Literal::Float(literal)) => literal.text().to_owned(),
        ExprKind::Literal(Literal::String(text)) => format!("{text:?}"),
        ExprKind::Unary { op, operand } => format!("({} {})", op.symbol(), at(operand)),
        ExprKind::Binary {
            op, left, right, ..
        } => format!("({} {} {})", op.symbol(), at(left), at(right)),
        ExprKind::Field { base, field } => format!("(. {} {})", at(base), field.name),
        ExprKind::Next { base } => format!("(' {})", at(base)),
        ExprKind::Index { base, indices } => {
            format!("(index {}{})", at(base), joined(exprs, indices))
        }
        ExprKind::Slice { base, start, end } => {
            let bound = |id: &Option<ExprId>| id.as_ref().map_or("_", at);
            format!("(slice {} {} {})", at(base), bound(start), bound(end))
        }
        ExprKind::Call {
            callee,
            args,
            attributes,
        } => {
            let mut text = format!("(call {}{}", at(callee), joined(exprs, args));
            for attribute in attributes {
                write!(text, " :{} {}", attribute.name.name, at(&attribute.value)).unwrap();
            }
            text + ")"
        }
        ExprKind::If { arms, otherwise } => {
            let arms = arms.iter();
            let arms = arms.map(|(condition, value)| format!(" {} {}", at(condition), at(value)));
            format!("(if{} {})", arms.collect::<String>(), at(otherwise))
        }
        ExprKind::Tuple(ids) => format!("(tuple{})", joined(exprs, ids)),
        ExprKind::List(ids) => format!("(list{})", joined(exprs, ids)),
    }
}

struct Dumper<'a> {
    ast: &'a Ast,
    exprs: Vec<String>,
}

impl Dumper<'_> {
    fn docs(docs: &[DocLine]) -> String {
        docs.iter()
            .map(|line| format!(" doc {:?}", line.text))
            .collect()
    }

    fn ty(&self, ty: &Type) -> String {
        let element = match &ty.dims {
            Some(dims) => format!("(type {}{})", ty.name.name, joined(&self.exprs, dims)),
            None => format!("(type {} unindexed)", ty.name.name),
        };
        ty.lengths.iter().fold(element, |element, length| {
            format!("(array {element} {})", at(&self.exprs, *length))
        })
    }

    fn fields(&self, what: &str, fields: &[Field]) -> String {
        let field = |field: &Field| {
            let docs = Self::docs(&field.docs);
            format!(
                "\n  ({what} {} {}{docs})",
                field.name.name,
                self.ty(&field.ty)
            )
        };
        fields.iter().map(field).collect()
    }

    fn item(&self, item: &Item) -> String {
        let docs = Self::docs(item.docs());
        let name = &item.name().name;
        match item {
            Item::Use(_) => format!("(use {name:?})\n"),
            Item::Dim(dim) => format!("(dim {name} {}{docs})\n", at(&self.exprs, dim.value)),
            Item::Entry(item) => {
                format!("(entry {name} {}{docs})\n", at(&self.exprs, item.function))
            }
            Item::Struct(item) => {
                let fields = self.fields("field", &item.fields);
                format!("(struct {name}{}{docs}{fields})\n", names(&item.dims))
            }
            Item::Graph(graph) => {
                let keyword = graph.kind.keyword();
                let dims = names(&graph.dims);
                let params: String = graph.params.iter().map(|p| self.param(p)).collect();
                let attribute = |attribute: &AttributeParam| {
                    let docs = Self::docs(&attribute.docs);
                    let default = attribute.default.map_or("", |id| at(&self.exprs, id));
                    format!("\n  (attribute {} {default}{docs})", attribute.name.name)
                };
                let attributes: String = graph.attributes.iter().map(attribute).collect();
                let params = params + &attributes;
                let arrow = graph.results_span.map_or("", |_| "\n  ->");
                let results = self.fields("result", &graph.results);
                let body: String = graph.body.iter().map(|s| self.statement(s)).collect();
                let rule = graph.rule.as_ref().map(|rule| self.rule(rule));
                let rule = rule.unwrap_or_default();
                format!("({keyword} {name}{dims}{docs}{params}{arrow}{results}{body}{rule})\n")
            }
        }
    }

    fn rule(&self, rule: &Rule) -> String {
        let (from, to) = (names(&rule.cotangents), names(&rule.gradients));
        let body: String = rule.graph.body.iter().map(|s| self.statement(s)).collect();
        format!("\n  (vjp{from}{to}{body})")
    }

    fn param(&self, param: &Param) -> String {
        let inout = param.inout.map_or("param", |_| "inout");
        let docs = Self::docs(&param.docs);
        let at = |id| at(&self.exprs, id);
        let range = param.range.as_ref();
        let range = range.map(|range| format!(" (in {} {})", at(range.low), at(range.high)));
        format!(
            "\n  ({inout} {} {}{}{docs})",
            param.name.name,
            self.ty(&param.ty),
            range.unwrap_or_default()
        )
    }

    fn statement(&self, statement: &Statement) -> String {
        match statement {
            Statement::Definition(definition) => self.definition(definition),
            Statement::For(item) => {
                let at = |id| at(&self.exprs, id);
                let domain = match item.domain {
                    Domain::Range { start, end } => format!("(range {} {})", at(start), at(end)),
                    Domain::Elements(array) => at(array).to_owned(),
                };
                let carry = |carry: &Carry| {
                    let ty = carry
                        .ty
                        .as_ref()
                        .map(|ty| self.ty(ty) + " ")
                        .unwrap_or_default();
                    format!(" (with {} {ty}{})", carry.name.name, at(carry.initial))
                };
                let carries: String = item.carries.iter().map(carry).collect();
                let variable = &item.variable.name;
                format!(
                    "\n  (for {variable} {domain}{carries}{})",
                    self.block(&item.body)
                )
            }
            Statement::If(item) => {
                let arm = |(condition, block): &(ExprId, Block)| {
                    format!(" {}{}", at(&self.exprs, *condition), self.block(block))
                };
                let arms: String = item.arms.iter().map(arm).collect();
                let otherwise = item.otherwise.as_ref().map(|block| self.block(block));
                format!("\n  (if{arms} else {})", otherwise.unwrap_or_default())
            }
        }
    }

    fn block(&self, block: &Block) -> String {
        block.statements.iter().map(|s| self.statement(s)).collect()
    }

    fn definition(&self, statement: &Definition) -> String {
        let targets: Vec<_> = statement
            .pattern
            .targets()
            .iter()
            .map(|t| self.target(t))
            .collect();
        let targets = match &statement.pattern {
            Pattern::One(_) => targets.join(" "),
            Pattern::Tuple { .. } => format!("(tuple {})", targets.join(" ")),
        };
        debug_assert!(self.ast.exprs().any(|(id, _)| id == statement.value));
        format!("\n  (= {targets} {})", at(&self.exprs, statement.value))
    }

    fn target(&self, target: &Target) -> String {
        let Target::Place(place) = target else {
            return "_".to_owned();
        };
        let mut text = place.root.name.clone();
        for step in &place.path {
            text = match step {
                Step::Field(field) => format!("{text}.{}", field.name),
                Step::Index { index, .. } => format!("{text}[{}]", at(&self.exprs, *index)),
            };
        }
        if place.next.is_some() {
            text.push('\'');
        }
        match &place.ty {
            Some(ty) => format!("(: {text} {})", self.ty(ty)),
            None => text,
        }
    }
}

fn names(dims: &[Ident]) -> String {
    let names: Vec<_> = dims.iter().map(|dim| dim.name.as_str()).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" [{}]", names.join(" "))
    }
}
