//! The scalar that emits nodes.
//!
//! Evaluating a rule over [`Traced`] appends the ops that compute it, element by element over whole
//! tensors, to the graph under construction. Constants stay symbolic until they meet a node, and
//! products and sums with structural zeros and ones emit nothing, so that adjoints read as a person
//! would write them: `relu` gives `select(x > 0, d_y, 0)`, not `d_y * select(x > 0, 1, 0)`. Where a rule
//! selects a literal 0, that is kept apart as a mask, so that a product with it is 0 whatever the other
//! factor is.

use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::Value;
use crate::op::{self, Op, TypeError};
use crate::scalar::{Binary, Comparison, Connective, Int, Logic, Scalar, Truth, Unary, Undefined};
use crate::shape::Type;

/// Where traced scalars live: a graph under construction and the tensor type of every scalar.
#[derive(Clone, Debug)]
pub struct Tracer {
    builder: Builder,
    ty: Type,
}

/// A number per element of a tensor of the tracer's type.
#[derive(Clone, Debug)]
pub struct Traced {
    tracer: Tracer,
    number: Number,
    /// Where the number counts: elsewhere this is 0. Everywhere, if there is none.
    mask: Option<Value>,
}

#[derive(Clone, Debug)]
enum Number {
    /// The same constant in every element, not yet a node.
    Known(Constant),
    /// A value of the graph.
    Node(Value),
    /// One of two constants by a mask, not yet a node.
    Choice(Value, Constant, Constant),
    /// Nothing.
    Undefined(Undefined),
}

/// A truth value per element of a tensor of the tracer's shape.
#[derive(Clone, Debug)]
pub enum TracedMask {
    /// The same in every element.
    Known(Truth),
    /// A bool value of the graph.
    Node(Tracer, Value),
}

const REFUSED: Undefined = Undefined("the graph refused an op of a derivative");

impl Tracer {
    /// A tracer for tensors of type `ty`.
    pub fn new(builder: &Builder, ty: Type) -> Self {
        Tracer {
            builder: builder.clone(),
            ty,
        }
    }

    /// A value of the graph as a scalar; its type must be the tracer's.
    pub fn node(&self, value: Value) -> Traced {
        self.number(Number::Node(value))
    }

    fn known(&self, value: Constant) -> Traced {
        self.number(Number::Known(value))
    }

    fn number(&self, number: Number) -> Traced {
        Traced {
            tracer: self.clone(),
            number,
            mask: None,
        }
    }

    fn wrap(&self, result: Result<Value, TypeError>) -> Traced {
        self.number(match result {
            Ok(value) => Number::Node(value),
            Err(_) => Number::Undefined(REFUSED),
        })
    }

    fn full(&self, value: &Constant) -> Result<Value, TypeError> {
        self.builder.full(&self.ty, value)
    }

    /// One of two numbers without masks.
    fn chosen(&self, mask: Value, yes: &Traced, no: &Traced) -> Traced {
        if let (Some(yes), Some(no)) = (yes.constant_value(), no.constant_value()) {
            return match yes == no {
                true => self.known(yes.clone()),
                false => self.number(Number::Choice(mask, yes.clone(), no.clone())),
            };
        }
        match (yes.emit(), no.emit()) {
            (Ok(yes), Ok(no)) if yes == no => self.node(yes),
            (Ok(yes), Ok(no)) => self.wrap(self.builder.select(mask, yes, no)),
            (Err(reason), _) | (_, Err(reason)) => yes.undefined(reason),
        }
    }

    /// The mask of one of two numbers, the second of which may have none.
    fn joint(
        &self,
        mask: Value,
        own: Value,
        other: Option<Value>,
    ) -> Result<Option<Value>, Undefined> {
        let joint = match other {
            Some(other) => self.builder.select(mask, own, other),
            None => {
                let opposite = self.builder.apply(op::LogicalNot {}, &[mask]);
                opposite.and_then(|not| self.builder.apply(op::LogicalOr {}, &[not, own]))
            }
        };
        joint.map(Some).map_err(|_| REFUSED)
    }
}

impl Traced {
    /// Whether this is exactly zero in every element.
    pub fn is_zero(&self) -> bool {
        matches!(&self.number, Number::Known(constant) if constant.is_zero())
    }

    /// The value in the graph, appending constants where needed.
    ///
    /// # Errors
    /// The scalar is undefined.
    pub fn emit(&self) -> Result<Value, Undefined> {
        let value = self.emit_number()?;
        let Some(mask) = self.mask else {
            return Ok(value);
        };
        let zero = self.tracer.full(&Constant::integer(0));
        let select = zero.and_then(|zero| self.tracer.builder.select(mask, value, zero));
        select.map_err(|_| REFUSED)
    }

    /// The mask, outside of which this is 0, and a value in the graph that it is where the mask holds.
    ///
    /// # Errors
    /// The scalar is undefined.
    pub fn emit_masked(&self) -> Result<(Option<Value>, Value), Undefined> {
        Ok((self.mask, self.emit_number()?))
    }

    /// Whether this is made of finite constants only, so that 0 times it is 0.
    pub fn is_finite_constant(&self) -> bool {
        let finite = |constant: &Constant| constant.to_f64().is_finite();
        match &self.number {
            Number::Known(constant) => finite(constant),
            Number::Choice(_, yes, no) => finite(yes) && finite(no),
            Number::Node(_) | Number::Undefined(_) => false,
        }
    }

    fn emit_number(&self) -> Result<Value, Undefined> {
        let tracer = &self.tracer;
        match &self.number {
            Number::Node(value) => Ok(*value),
            Number::Known(constant) => tracer.full(constant).map_err(|_| REFUSED),
            Number::Choice(mask, yes, no) => {
                let (yes, no) = (tracer.full(yes), tracer.full(no));
                let select = yes.and_then(|yes| tracer.builder.select(*mask, yes, no?));
                select.map_err(|_| REFUSED)
            }
            Number::Undefined(reason) => Err(*reason),
        }
    }

    fn constant_value(&self) -> Option<&Constant> {
        match &self.number {
            Number::Known(constant) if self.mask.is_none() => Some(constant),
            Number::Known(_) | Number::Node(_) | Number::Choice(..) | Number::Undefined(_) => None,
        }
    }

    /// What this is where its mask holds.
    fn bare(&self) -> Traced {
        self.tracer.number(self.number.clone())
    }

    /// The same, and 0 where the mask does not hold.
    fn under(self, mask: Option<Value>) -> Traced {
        let mask = match (self.mask, mask) {
            (Some(x), Some(y)) if x != y => self.connected(op::LogicalAnd {}, x, y),
            (x, y) => Ok(x.or(y)),
        };
        self.with_mask(mask)
    }

    fn with_mask(self, mask: Result<Option<Value>, Undefined>) -> Traced {
        match mask {
            Ok(mask) => Traced { mask, ..self },
            Err(reason) => self.undefined(reason),
        }
    }

    fn connected(&self, op: impl Into<Op>, x: Value, y: Value) -> Result<Option<Value>, Undefined> {
        let result = self.tracer.builder.apply(op, &[x, y]);
        result.map(Some).map_err(|_| REFUSED)
    }

    fn push(&self, op: impl Into<Op>, others: &[&Traced]) -> Traced {
        let operands: Result<Vec<Value>, Undefined> = std::iter::once(self)
            .chain(others.iter().copied())
            .map(Traced::emit)
            .collect();
        match operands {
            Ok(operands) => self.tracer.wrap(self.tracer.builder.apply(op, &operands)),
            Err(reason) => self.undefined(reason),
        }
    }

    /// factor · self, where both are constants.
    fn product_of_constants(x: &Constant, y: &Constant) -> Option<Constant> {
        if x.is_one() {
            Some(y.clone())
        } else if y.is_one() {
            Some(x.clone())
        } else {
            Some(Constant::rational(x.as_rational()? * y.as_rational()?))
        }
    }

    fn times(&self, other: &Traced) -> Traced {
        let product = self.bare().times_bare(&other.bare());
        if product.is_zero() {
            return product;
        }
        product.under(self.mask).under(other.mask)
    }

    fn times_bare(&self, other: &Traced) -> Traced {
        if let (Some(x), Some(y)) = (self.constant_value(), other.constant_value())
            && let Some(product) = Traced::product_of_constants(x, y)
        {
            return self.tracer.known(product);
        }
        for (constant, factor) in [(self, other), (other, self)] {
            if let Some(scaled) = constant.constant_value().and_then(|c| factor.scaled(c)) {
                return scaled;
            }
        }
        for (choice, factor) in [(other, self), (self, other)] {
            if let Number::Choice(mask, yes, no) = &choice.number
                && [yes, no].iter().any(|c| c.is_zero() || c.is_one())
            {
                let scale = |c: &Constant| factor.times(&self.tracer.known(c.clone()));
                let mask = TracedMask::Node(self.tracer.clone(), *mask);
                return Traced::select(&mask, &scale(yes), &scale(no));
            }
        }
        self.push(op::Mul {}, &[other])
    }

    /// self times a constant, where that takes no product.
    fn scaled(&self, factor: &Constant) -> Option<Traced> {
        if factor.is_zero() {
            Some(self.int(0))
        } else if factor.is_one() {
            Some(self.clone())
        } else if factor.neg().is_one() {
            Some(self.neg())
        } else {
            None
        }
    }

    fn plus(&self, other: &Traced) -> Traced {
        if self.is_zero() {
            return other.clone();
        }
        if other.is_zero() {
            return self.clone();
        }
        let (x, y) = self.together(other);
        let rational = |x: &Traced| x.constant_value().and_then(Constant::as_rational);
        let sum = match (rational(&x), rational(&y)) {
            (Some(x), Some(y)) => self.tracer.known(Constant::rational(x + y)),
            (_, _) => match x.softplus_argument(&y) {
                Some(argument) => self.tracer.node(argument).push(op::Softplus {}, &[]),
                None => x.push(op::Add {}, &[&y]),
            },
        };
        sum.under(self.common_mask(other))
    }

    fn minus(&self, other: &Traced) -> Traced {
        if other.is_zero() {
            return self.clone();
        }
        if self.is_zero() {
            return other.neg();
        }
        let (x, y) = self.together(other);
        let rational = |x: &Traced| x.constant_value().and_then(Constant::as_rational);
        let difference = match (rational(&x), rational(&y)) {
            (Some(x), Some(y)) => self.tracer.known(Constant::rational(x - y)),
            (_, _) => x.push(op::Sub {}, &[&y]),
        };
        difference.under(self.common_mask(other))
    }

    /// The mask that both have.
    fn common_mask(&self, other: &Traced) -> Option<Value> {
        self.mask.filter(|_| self.mask == other.mask)
    }

    /// Both without the mask that both have.
    fn together(&self, other: &Traced) -> (Traced, Traced) {
        match self.common_mask(other) {
            Some(_) => (self.bare(), other.bare()),
            None => (self.clone(), other.clone()),
        }
    }

    fn over(&self, other: &Traced) -> Traced {
        if other.constant_value().is_some_and(Constant::is_one) {
            return self.clone();
        }
        self.bare().over_bare(other).under(self.mask)
    }

    fn over_bare(&self, other: &Traced) -> Traced {
        let rational = |x: &Traced| x.constant_value().and_then(Constant::as_rational);
        if let (Some(x), Some(y)) = (rational(self), rational(other))
            && y != dashu::rational::RBig::ZERO
        {
            return self.tracer.known(Constant::rational(x / y));
        }
        match other.sigmoid_argument() {
            Some(x) if self.constant_value().is_some_and(Constant::is_one) => {
                self.tracer.node(x).push(op::Sigmoid {}, &[])
            }
            Some(_) | None => self.push(op::Div {}, &[other]),
        }
    }

    /// The x of 1 + e⁻ˣ. The reciprocal of that is `sigmoid(x)`, whose derivatives are products of its
    /// values; those of the parts overflow for large −x, and 0·∞ is no derivative.
    fn sigmoid_argument(&self) -> Option<Value> {
        let Number::Node(sum) = self.number else {
            return None;
        };
        let [one, power] = *self.operands_of(sum, |op| matches!(op, Op::Add(_))) else {
            return None;
        };
        let builder = &self.tracer.builder;
        builder.splat(one).filter(Constant::is_one)?;
        let [exponent] = *self.operands_of(power, |op| matches!(op, Op::Exp(_))) else {
            return None;
        };
        let [x] = *self.operands_of(exponent, |op| matches!(op, Op::Neg(_))) else {
            return None;
        };
        Some(x).filter(|_| self.mask.is_none())
    }

    /// The x of the sum max(x, 0) + log1p(e^−|x|). That is `softplus(x)`, which is smooth at 0, where its parts
    /// are not.
    fn softplus_argument(&self, other: &Traced) -> Option<Value> {
        let (Number::Node(larger), Number::Node(rest)) = (&self.number, &other.number) else {
            return None;
        };
        let [x, zero] = *self.operands_of(*larger, |op| matches!(op, Op::Max(_))) else {
            return None;
        };
        let builder = &self.tracer.builder;
        builder.splat(zero).filter(Constant::is_zero)?;
        let steps: [fn(&Op) -> bool; 4] = [
            |op| matches!(op, Op::Log1p(_)),
            |op| matches!(op, Op::Exp(_)),
            |op| matches!(op, Op::Neg(_)),
            |op| matches!(op, Op::Abs(_)),
        ];
        let mut inner = *rest;
        for step in steps {
            let [operand] = *self.operands_of(inner, step) else {
                return None;
            };
            inner = operand;
        }
        (inner == x && self.mask.is_none() && other.mask.is_none()).then_some(x)
    }

    /// The operands of a node if it is such an op, else none.
    fn operands_of(&self, of: Value, is: fn(&Op) -> bool) -> Vec<Value> {
        let operands = self
            .tracer
            .builder
            .with_graph(|graph| is(graph.op(of.node)).then(|| graph.operands(of.node).to_vec()));
        operands.unwrap_or_default()
    }
}

impl Logic for TracedMask {
    fn known(truth: Truth) -> Self {
        TracedMask::Known(truth)
    }
    fn decide(&self) -> Truth {
        match self {
            TracedMask::Known(truth) => *truth,
            TracedMask::Node(..) => Err(Undefined("known at run time only")),
        }
    }
    fn connect(&self, connective: Connective, other: &Self) -> Self {
        match (self, other) {
            (TracedMask::Known(Ok(x)), TracedMask::Known(Ok(y))) => {
                TracedMask::Known(Ok(connective.apply(*x, *y)))
            }
            (TracedMask::Known(Err(reason)), _) | (_, TracedMask::Known(Err(reason))) => {
                TracedMask::Known(Err(*reason))
            }
            (TracedMask::Node(tracer, mask), TracedMask::Known(Ok(known)))
            | (TracedMask::Known(Ok(known)), TracedMask::Node(tracer, mask)) => {
                let node = || TracedMask::Node(tracer.clone(), *mask);
                match (connective, known) {
                    (Connective::And, true)
                    | (Connective::Or, false)
                    | (Connective::Xor, false) => node(),
                    (Connective::And, false) => TracedMask::Known(Ok(false)),
                    (Connective::Or, true) => TracedMask::Known(Ok(true)),
                    (Connective::Xor, true) => node().not(),
                }
            }
            (TracedMask::Node(tracer, x), TracedMask::Node(_, y)) => {
                let op: Op = match connective {
                    Connective::And => op::LogicalAnd {}.into(),
                    Connective::Or => op::LogicalOr {}.into(),
                    Connective::Xor => op::LogicalXor {}.into(),
                };
                mask_of(tracer, tracer.builder.apply(op, &[*x, *y]))
            }
        }
    }
    fn not(&self) -> Self {
        match self {
            TracedMask::Known(truth) => TracedMask::Known(truth.not()),
            TracedMask::Node(tracer, mask) => {
                mask_of(tracer, tracer.builder.apply(op::LogicalNot {}, &[*mask]))
            }
        }
    }
}

fn mask_of(tracer: &Tracer, result: Result<Value, TypeError>) -> TracedMask {
    match result {
        Ok(value) => TracedMask::Node(tracer.clone(), value),
        Err(_) => TracedMask::Known(Err(REFUSED)),
    }
}

impl Scalar for Traced {
    type Mask = TracedMask;
    type World = Tracer;

    fn constant(world: &Tracer, _dtype: DType, value: &Constant) -> Self {
        world.known(value.clone())
    }
    fn lit(&self, value: &Constant) -> Self {
        self.tracer.known(value.clone())
    }
    fn undefined(&self, reason: Undefined) -> Self {
        self.tracer.number(Number::Undefined(reason))
    }
    fn unary(&self, function: Unary) -> Self {
        match function {
            Unary::Neg => {
                let negated = match &self.number {
                    Number::Known(constant) => self.lit(&constant.neg()),
                    Number::Choice(mask, yes, no) => {
                        let number = Number::Choice(*mask, yes.neg(), no.neg());
                        self.tracer.number(number)
                    }
                    Number::Node(_) | Number::Undefined(_) => self.bare().push(op::Neg {}, &[]),
                };
                negated.under(self.mask)
            }
            Unary::Abs => self.push(op::Abs {}, &[]),
            Unary::Sqrt => self.push(op::Sqrt {}, &[]),
            Unary::Exp => self.push(op::Exp {}, &[]),
            Unary::Expm1 => self.push(op::Expm1 {}, &[]),
            Unary::Log => self.push(op::Log {}, &[]),
            Unary::Log1p => self.push(op::Log1p {}, &[]),
            Unary::Sin => self.push(op::Sin {}, &[]),
            Unary::Cos => self.push(op::Cos {}, &[]),
            Unary::Sinh => self.push(op::Sinh {}, &[]),
            Unary::Cosh => self.push(op::Cosh {}, &[]),
            Unary::Tanh => self.push(op::Tanh {}, &[]),
            Unary::Erf => self.push(op::Erf {}, &[]),
            Unary::Floor => self.push(op::Floor {}, &[]),
            Unary::Ceil => self.push(op::Ceil {}, &[]),
            Unary::Round => self.push(op::Round {}, &[]),
        }
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        match function {
            Binary::Add => self.plus(other),
            Binary::Sub => self.minus(other),
            Binary::Mul => self.times(other),
            Binary::Div => self.over(other),
            Binary::Max => self.push(op::Max {}, &[other]),
            Binary::Min => self.push(op::Min {}, &[other]),
            Binary::Pow => self.push(op::Pow {}, &[other]),
            Binary::Rem => self.push(op::Rem {}, &[other]),
            Binary::And => self.push(op::BitAnd {}, &[other]),
            Binary::Or => self.push(op::BitOr {}, &[other]),
            Binary::Xor => self.push(op::BitXor {}, &[other]),
            Binary::Shl => self.push(op::ShiftLeft {}, &[other]),
            Binary::Shr => self.push(op::ShiftRight {}, &[other]),
        }
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> TracedMask {
        let op: Op = match comparison {
            Comparison::Eq => op::Equal {}.into(),
            Comparison::Ne => op::NotEqual {}.into(),
            Comparison::Lt => op::Less {}.into(),
            Comparison::Le => op::LessEqual {}.into(),
            Comparison::Gt => op::Greater {}.into(),
            Comparison::Ge => op::GreaterEqual {}.into(),
        };
        let result = self.push(op, &[other]);
        match result.emit() {
            Ok(value) => TracedMask::Node(self.tracer.clone(), value),
            Err(reason) => TracedMask::Known(Err(reason)),
        }
    }
    fn select(mask: &TracedMask, yes: &Self, no: &Self) -> Self {
        let (tracer, mask) = match mask {
            TracedMask::Known(Ok(true)) => return yes.clone(),
            TracedMask::Known(Ok(false)) => return no.clone(),
            TracedMask::Known(Err(reason)) => return yes.undefined(*reason),
            TracedMask::Node(tracer, mask) => (tracer, *mask),
        };
        match (yes.is_zero(), no.is_zero()) {
            (true, true) => return tracer.known(Constant::integer(0)),
            (false, true) => return yes.clone().under(Some(mask)),
            (true, false) => {
                let opposite = tracer.builder.apply(op::LogicalNot {}, &[mask]);
                return match opposite {
                    Ok(opposite) => no.clone().under(Some(opposite)),
                    Err(_) => yes.undefined(REFUSED),
                };
            }
            (false, false) => {}
        }
        let chosen = tracer.chosen(mask, &yes.bare(), &no.bare());
        let joint = match (yes.mask, no.mask) {
            (None, None) => Ok(None),
            (None, Some(other)) => yes.connected(op::LogicalOr {}, mask, other),
            (Some(own), Some(other)) if own == other => Ok(Some(own)),
            (Some(own), other) => tracer.joint(mask, own, other),
        };
        chosen.with_mask(joint)
    }
    fn cast_float(&self, _dtype: DType) -> Self {
        self.undefined(Undefined("a cast is an op of its own"))
    }
    fn from_int(world: &Tracer, _dtype: DType, integer: &Int) -> Self {
        match integer.value {
            Ok(value) => world.known(Constant::integer(value)),
            Err(reason) => world.number(Number::Undefined(reason)),
        }
    }
    fn to_int(&self, dtype: DType) -> Int {
        Int::unknown(dtype, Undefined("known at run time only"))
    }
}
