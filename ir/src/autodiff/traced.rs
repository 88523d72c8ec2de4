//! The scalar that emits nodes.
//!
//! Evaluating a rule over [`Traced`] appends the ops that compute it, element by element over whole
//! tensors, to the graph under construction. Constants stay symbolic until they meet a node, and
//! products and sums with structural zeros and ones emit nothing, so that adjoints read as a person
//! would write them: `relu` gives `select(x > 0, d_y, 0)`, not `d_y * select(x > 0, 1, 0)`.

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
    strong: bool,
}

/// A number per element of a tensor of the tracer's type.
#[derive(Clone, Debug)]
pub struct Traced {
    tracer: Tracer,
    number: Number,
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
    ///
    /// If it is `strong`, x·y is 0 where y is, even if x is infinite.
    pub fn new(builder: &Builder, ty: Type, strong: bool) -> Self {
        Tracer {
            builder: builder.clone(),
            ty,
            strong,
        }
    }

    /// A value of the graph as a scalar; its type must be the tracer's.
    pub fn node(&self, value: Value) -> Traced {
        Traced {
            tracer: self.clone(),
            number: Number::Node(value),
        }
    }

    fn known(&self, value: Constant) -> Traced {
        Traced {
            tracer: self.clone(),
            number: Number::Known(value),
        }
    }

    fn wrap(&self, result: Result<Value, TypeError>) -> Traced {
        let number = match result {
            Ok(value) => Number::Node(value),
            Err(_) => Number::Undefined(REFUSED),
        };
        Traced {
            tracer: self.clone(),
            number,
        }
    }

    fn full(&self, value: &Constant) -> Result<Value, TypeError> {
        self.builder.full(&self.ty, value)
    }
}

impl Traced {
    /// Whether this is exactly zero in every element.
    pub fn is_zero(&self) -> bool {
        self.constant_value().is_some_and(Constant::is_zero)
    }

    /// The value in the graph, appending constants where needed.
    ///
    /// # Errors
    /// The scalar is undefined.
    pub fn emit(&self) -> Result<Value, Undefined> {
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
            Number::Known(constant) => Some(constant),
            Number::Node(_) | Number::Choice(..) | Number::Undefined(_) => None,
        }
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
        let constant = |x: &Traced| matches!(x.number, Number::Known(_) | Number::Choice(..));
        if self.tracer.strong && !constant(self) && !constant(other) {
            self.push(op::MultiplyNoNan {}, &[other])
        } else {
            self.push(op::Mul {}, &[other])
        }
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
        let rational = |x: &Traced| x.constant_value().and_then(Constant::as_rational);
        match (rational(self), rational(other)) {
            (Some(x), Some(y)) => self.tracer.known(Constant::rational(x + y)),
            (_, _) => self.push(op::Add {}, &[other]),
        }
    }

    fn minus(&self, other: &Traced) -> Traced {
        if other.is_zero() {
            return self.clone();
        }
        if self.is_zero() {
            return other.neg();
        }
        let rational = |x: &Traced| x.constant_value().and_then(Constant::as_rational);
        match (rational(self), rational(other)) {
            (Some(x), Some(y)) => self.tracer.known(Constant::rational(x - y)),
            (_, _) => self.push(op::Sub {}, &[other]),
        }
    }

    fn over(&self, other: &Traced) -> Traced {
        if other.constant_value().is_some_and(Constant::is_one) {
            return self.clone();
        }
        let rational = |x: &Traced| x.constant_value().and_then(Constant::as_rational);
        match (rational(self), rational(other)) {
            (Some(x), Some(y)) if y != dashu::rational::RBig::ZERO => {
                self.tracer.known(Constant::rational(x / y))
            }
            (_, _) => self.push(op::Div {}, &[other]),
        }
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
        Traced {
            tracer: self.tracer.clone(),
            number: Number::Undefined(reason),
        }
    }
    fn unary(&self, function: Unary) -> Self {
        match function {
            Unary::Neg => match &self.number {
                Number::Known(constant) => self.lit(&constant.neg()),
                Number::Choice(mask, yes, no) => Traced {
                    tracer: self.tracer.clone(),
                    number: Number::Choice(*mask, yes.neg(), no.neg()),
                },
                Number::Node(_) | Number::Undefined(_) => self.push(op::Neg {}, &[]),
            },
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
        if let (Some(yes), Some(no)) = (yes.constant_value(), no.constant_value()) {
            if yes == no {
                return tracer.known(yes.clone());
            }
            let number = Number::Choice(mask, yes.clone(), no.clone());
            return Traced {
                tracer: tracer.clone(),
                number,
            };
        }
        match (yes.emit(), no.emit()) {
            (Ok(yes), Ok(no)) if yes == no => tracer.node(yes),
            (Ok(yes), Ok(no)) => tracer.wrap(tracer.builder.select(mask, yes, no)),
            (Err(reason), _) | (_, Err(reason)) => yes.undefined(reason),
        }
    }
    fn cast_float(&self, _dtype: DType) -> Self {
        self.undefined(Undefined("a cast is an op of its own"))
    }
    fn from_int(world: &Tracer, _dtype: DType, integer: &Int) -> Self {
        match integer.value {
            Ok(value) => world.known(Constant::integer(value)),
            Err(reason) => Traced {
                tracer: world.clone(),
                number: Number::Undefined(reason),
            },
        }
    }
    fn to_int(&self, dtype: DType) -> Int {
        Int::unknown(dtype, Undefined("known at run time only"))
    }
}
