//! How ops and numbers are written, and which literals the language gives their types.

use super::beside::Detached;
use super::ident;
use super::region::Regions;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::lang::ast::{
    Ast, Attribute, BinaryOp, ExprId, ExprKind, FloatLiteral, Literal, Step, UnaryOp,
};
use crate::lang::elaborate::{infix_op, literal_type, matmul_op};
use crate::lang::load::LOAD;
use crate::op::{AttrValue, Elements, Op, Pullback, Region, Scan};
use crate::shape::Type;
use crate::span::Span;
use smallvec::SmallVec;
use std::rc::Rc;

/// Whether an op makes a constant that is one number in every element.
pub(super) fn is_splat(op: &Op) -> bool {
    matches!(op, Op::Full(_))
}

/// Whether a call of `op`, where those operands marked so are written as literals, gives each
/// literal the type that stands beside it.
pub(super) fn infers_literals(op: &Op, operands: &[(&Type, bool)]) -> bool {
    // The right side of `**` is an attribute when it is a number.
    if matches!(op, Op::Pow(_)) && operands.get(1).is_some_and(|(_, literal)| *literal) {
        return false;
    }
    let typed = |(ty, literal): &(&Type, bool)| (!literal).then(|| (*ty).clone());
    let typed: SmallVec<[Option<Type>; 3]> = operands.iter().map(typed).collect();
    let as_inferred = |(slot, (ty, literal)): (usize, &(&Type, bool))| {
        !literal || literal_type(op, slot, &typed).is_some_and(|inferred| **ty == inferred)
    };
    operands.iter().enumerate().all(as_inferred)
}

/// The infix operator that stands for an op on operands of these types, if one does.
fn operator(op: &Op, types: &[&Type]) -> Option<BinaryOp> {
    let [x, y] = types else { return None };
    if let Op::DotGeneral(contraction) = op {
        let plain = matmul_op(&x.shape, &y.shape).as_ref() == Some(contraction);
        return plain.then_some(BinaryOp::MatMul);
    }
    let operators = BinaryOp::ALL.iter().copied();
    let mut operators = operators.filter(|infix| *infix != BinaryOp::MatMul);
    operators.find(|infix| infix_op(*infix, x.dtype) == *op)
}

/// A syntax tree that grows by the expressions that are written.
pub(super) struct Notation {
    ast: Ast,
    regions: Rc<Regions>,
    /// Where large constants go; without it they stand in the text.
    detached: Option<Detached>,
}

impl Notation {
    /// A notation for graphs that call these regions.
    pub(super) fn new(ast: Ast, regions: Regions, detached: Option<Detached>) -> Notation {
        Notation {
            ast,
            regions: Rc::new(regions),
            detached,
        }
    }

    pub(super) fn regions(&self) -> Rc<Regions> {
        self.regions.clone()
    }

    /// The names of the results of an op.
    pub(super) fn result_name(&self, op: &Op, result: u16) -> Option<String> {
        let result = usize::from(result);
        let region = op.regions().first().copied();
        match region.and_then(|region| self.regions.get(region)) {
            Some(written) => written.results.get(result).cloned(),
            None => op.spec().results.get(result).map(|name| name.to_string()),
        }
    }

    pub(super) fn finish(self) -> (Ast, Option<Detached>) {
        (self.ast, self.detached)
    }

    fn add(&mut self, kind: ExprKind) -> ExprId {
        self.ast.add(kind, Span::SYNTHETIC)
    }

    fn name(&mut self, name: &str) -> ExprId {
        self.add(ExprKind::Name(name.to_string()))
    }

    /// The root and the steps of a path such as `p.blocks[3].w`, as leaves are named.
    pub(super) fn steps<'p>(&mut self, path: &'p str) -> (&'p str, Vec<Step>) {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (root, mut rest) = path.split_at(end);
        let mut steps = Vec::new();
        while let Some(first) = rest.chars().next() {
            let end = rest[1..].find(['.', '[']).map_or(rest.len(), |at| at + 1);
            let (step, after) = rest.split_at(end);
            steps.push(match (first, step.trim_matches(['[', ']']).parse()) {
                ('[', Ok(index)) => Step::Index {
                    index: self.integer(index),
                    span: Span::SYNTHETIC,
                },
                (_, _) => Step::Field(ident(step.trim_start_matches('.'))),
            });
            rest = after;
        }
        (root, steps)
    }

    /// `p.blocks[3].w`
    pub(super) fn path(&mut self, path: &str) -> ExprId {
        let (root, steps) = self.steps(path);
        let root = self.name(root);
        steps.into_iter().fold(root, |base, step| {
            self.add(match step {
                Step::Field(field) => ExprKind::Field { base, field },
                Step::Index { index, .. } => ExprKind::Index {
                    base,
                    indices: vec![index],
                },
            })
        })
    }

    pub(super) fn integer(&mut self, value: u64) -> ExprId {
        self.add(ExprKind::Literal(Literal::Int {
            value,
            hexadecimal: false,
        }))
    }

    fn signed(&mut self, negative: bool, magnitude: ExprId) -> ExprId {
        if !negative {
            return magnitude;
        }
        self.add(ExprKind::Unary {
            op: UnaryOp::Neg,
            operand: magnitude,
        })
    }

    /// A float, given by the shortest decimal of its magnitude that reads back to the same bits.
    fn float(&mut self, negative: bool, magnitude: &str) -> ExprId {
        let whole = magnitude.strip_suffix(".0").unwrap_or(magnitude);
        let magnitude = match (whole.parse::<u64>(), FloatLiteral::new(magnitude)) {
            (Ok(0), Some(zero)) if negative => self.add(ExprKind::Literal(Literal::Float(zero))),
            (Ok(integer), _) => self.integer(integer),
            (Err(_), Some(float)) => self.add(ExprKind::Literal(Literal::Float(float))),
            (Err(_), None) => self.name(if whole == "NaN" { "nan" } else { whole }),
        };
        self.signed(negative, magnitude)
    }

    /// A number of a dtype, exactly.
    pub(super) fn number(&mut self, dtype: DType, value: &Constant) -> ExprId {
        match dtype {
            // A half is written as the f32 that it is.
            DType::F16 | DType::Bf16 | DType::F32 => {
                let value = value.to_float(dtype) as f32;
                self.float(
                    value.is_sign_negative() && !value.is_nan(),
                    &format!("{:?}", value.abs()),
                )
            }
            DType::F64 => {
                let value = value.to_f64();
                self.float(
                    value.is_sign_negative() && !value.is_nan(),
                    &format!("{:?}", value.abs()),
                )
            }
            DType::Bool => self.truth(!value.is_zero()),
            DType::I32 | DType::I64 | DType::U32 => {
                let value = value.as_i64().unwrap_or(0);
                let magnitude = self.integer(value.unsigned_abs());
                self.signed(value < 0, magnitude)
            }
        }
    }

    fn truth(&mut self, value: bool) -> ExprId {
        self.add(ExprKind::Literal(Literal::Bool(value)))
    }

    /// A constant tensor: a nested list, or a call of `load` if it is kept beside the text.
    pub(super) fn elements(&mut self, elements: &Elements) -> ExprId {
        let detached = self.detached.as_mut();
        match detached.and_then(|detached| detached.take(elements)) {
            Some([path, name, hash]) => self.load(path, name, hash),
            None => self.list(elements),
        }
    }

    /// `load("w.safetensors", "c0", hash = "…")`
    fn load(&mut self, path: String, name: String, hash: String) -> ExprId {
        let callee = self.name(LOAD);
        let [path, name, hash] =
            [path, name, hash].map(|text| self.add(ExprKind::Literal(Literal::String(text))));
        self.add(ExprKind::Call {
            callee,
            args: vec![path, name],
            attributes: vec![Attribute {
                name: ident("hash"),
                value: hash,
                span: Span::SYNTHETIC,
            }],
        })
    }

    /// `[[1, 2], [3, 4]]`
    fn list(&mut self, elements: &Elements) -> ExprId {
        let numbers = elements.constants();
        let mut row: Vec<ExprId> = numbers.map(|n| self.number(elements.dtype, &n)).collect();
        let extents: SmallVec<[u64; 4]> = elements.shape.extents().collect();
        // From the innermost axis outwards, every `extent` expressions become one list. Inside an
        // axis without elements there is nothing to nest.
        let outer = extents.iter().position(|&extent| extent == 0);
        let nested = outer.map_or(extents.len(), |empty| empty + 1);
        for axis in (0..nested).rev() {
            let count: u64 = extents[..axis].iter().product();
            let extent = usize::try_from(extents[axis]).unwrap_or(usize::MAX);
            let mut rest = row.into_iter();
            let lists = (0..count).map(|_| {
                let items = rest.by_ref().take(extent).collect();
                self.ast.add(ExprKind::List(items), Span::SYNTHETIC)
            });
            row = lists.collect();
        }
        row.pop().unwrap_or_else(|| self.integer(0))
    }

    fn attribute_value(&mut self, value: &AttrValue) -> ExprId {
        match value {
            AttrValue::Bool(value) => self.truth(*value),
            AttrValue::Name(name) => self.name(name),
            AttrValue::Number(number) => match number.as_i64() {
                Some(_) if *number != Constant::NegZero => self.number(DType::I64, number),
                Some(_) | None => self.number(DType::F64, number),
            },
            AttrValue::List(items) => {
                let items = items.iter().map(|item| self.attribute_value(item));
                let items = items.collect();
                self.add(ExprKind::List(items))
            }
        }
    }

    /// An op applied to operands of the given types.
    pub(super) fn op(&mut self, op: &Op, operands: Vec<ExprId>, types: &[&Type]) -> ExprId {
        if let ([left, right], Some(infix)) = (operands.as_slice(), operator(op, types)) {
            return self.infix(infix, *left, *right);
        }
        match (op, operands.as_slice()) {
            (Op::Neg(_), [x]) => self.prefix(UnaryOp::Neg, *x),
            (Op::LogicalNot(_), [x]) => self.prefix(UnaryOp::Not, *x),
            (Op::Power(power), [x]) if power.exponent.0 != 2.0 => {
                let exponent = self.attribute_value(&AttrValue::Number(power.exponent.constant()));
                self.infix(BinaryOp::Pow, *x, exponent)
            }
            (_, _) => self.call(op, operands),
        }
    }

    fn prefix(&mut self, op: UnaryOp, operand: ExprId) -> ExprId {
        self.add(ExprKind::Unary { op, operand })
    }

    fn infix(&mut self, op: BinaryOp, left: ExprId, right: ExprId) -> ExprId {
        self.add(ExprKind::Binary {
            op,
            op_span: Span::SYNTHETIC,
            left,
            right,
        })
    }

    /// The name of the graph that a region is written as.
    fn region(&mut self, region: &Rc<Region>) -> ExprId {
        let name = self.regions.get(region).map(|written| written.name.clone());
        self.name(&name.unwrap_or_default())
    }

    /// What is called: an op, a graph with a rule of its own, or `checkpoint(…)`, `scan(…)` or
    /// `cond(…)` of some without.
    fn callee(&mut self, op: &Op) -> ExprId {
        let graphs: Vec<ExprId> = op
            .regions()
            .into_iter()
            .map(|region| self.region(region))
            .collect();
        if let (Op::Call(call), [graph]) = (op, graphs.as_slice()) {
            match call.region.pullback() {
                Pullback::Rule(_) | Pullback::Surrogate(_) => *graph,
                Pullback::Recompute | Pullback::Derived => {
                    self.transform("checkpoint", graphs, Vec::new())
                }
            }
        } else if let Op::Scan(scan) = op {
            let attributes = self.scan_attributes(scan);
            self.transform("scan", graphs, attributes)
        } else if let Op::Cond(_) = op {
            self.transform("cond", graphs, Vec::new())
        } else {
            self.name(op.spec().name)
        }
    }

    fn transform(&mut self, name: &str, args: Vec<ExprId>, attributes: Vec<Attribute>) -> ExprId {
        let callee = self.name(name);
        self.add(ExprKind::Call {
            callee,
            args,
            attributes,
        })
    }

    /// `carry = [h], over = [x], reverse = true`. The length follows from what is stacked.
    fn scan_attributes(&mut self, scan: &Scan) -> Vec<Attribute> {
        let params = self.regions.get(&scan.region);
        let params = params.map_or(Vec::new(), |written| written.params.clone());
        let mut params = params.into_iter();
        let mut list = |this: &mut Self, count: usize| {
            let names: Vec<ExprId> = params
                .by_ref()
                .take(count)
                .map(|name| this.name(&name))
                .collect();
            this.add(ExprKind::List(names))
        };
        let mut attributes = vec![("carry", list(self, scan.carries))];
        attributes.push(("over", list(self, scan.stacked)));
        if scan.stacked == 0 {
            attributes.push(("length", self.integer(scan.length)));
        }
        if scan.reverse {
            attributes.push(("reverse", self.truth(true)));
        }
        let attribute = |(name, value)| Attribute {
            name: ident(name),
            value,
            span: Span::SYNTHETIC,
        };
        attributes.into_iter().map(attribute).collect()
    }

    fn call(&mut self, op: &Op, args: Vec<ExprId>) -> ExprId {
        let attributes = op.attributes().into_iter().map(|(name, value)| Attribute {
            name: ident(name),
            value: self.attribute_value(&value),
            span: Span::SYNTHETIC,
        });
        let attributes = attributes.collect();
        let callee = self.callee(op);
        self.add(ExprKind::Call {
            callee,
            args,
            attributes,
        })
    }
}
