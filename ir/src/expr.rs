//! Rules as data: hash-consed expressions over the primitives.
//!
//! A pointwise op states its meaning and its derivative over an abstract [`Scalar`]. Tracing that
//! code once with [`Sym`] gives a [`Rule`]: an arena of [`Expr`] nodes with the roots of the value
//! and of each partial derivative. The interpreter, the derivative passes, lowering, the op
//! reference and the proofs all read the rule; how demanding it is ([`Class`]) is computed from it.

use crate::constant::Constant;
use crate::dtype::DType;
use crate::scalar::{Binary, Comparison, Connective, Int, Logic, Scalar, Truth, Unary, Undefined};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

/// Position of an expression in its arena; operands come before their users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(u32);

/// One node of an expression: a number or a truth value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// The operand at this position; the op's result comes after its operands.
    Input(usize),
    /// A constant.
    Constant(Constant),
    /// A function of one number.
    Unary(Unary, ExprId),
    /// A function of two numbers.
    Binary(Binary, ExprId, ExprId),
    /// A relation (a truth value).
    Compare(Comparison, ExprId, ExprId),
    /// A connective of truth values (a truth value).
    Connect(Connective, ExprId, ExprId),
    /// Negation of a truth value (a truth value).
    Not(ExprId),
    /// A known truth value.
    Truth(bool),
    /// A number chosen by a truth value.
    Select(ExprId, ExprId, ExprId),
    /// Nothing.
    Undefined(&'static str),
}

/// What a structure must offer for a rule to make sense over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Sums and products only.
    Semiring,
    /// Differences too.
    Ring,
    /// Quotients too.
    Field,
    /// Comparisons too.
    Ordered,
    /// Transcendental functions too.
    Real,
}

/// The value and the partial derivatives of an op, as expressions.
#[derive(Clone, Debug)]
pub struct Rule {
    nodes: Vec<Expr>,
    arity: usize,
    value: ExprId,
    partials: Vec<ExprId>,
}

/// An arena under construction.
#[derive(Debug, Default)]
struct Arena {
    nodes: Vec<Expr>,
    known: FxHashMap<Expr, ExprId>,
}

impl Arena {
    fn intern(&mut self, expr: Expr) -> ExprId {
        let next = ExprId(self.nodes.len() as u32);
        *self.known.entry(expr.clone()).or_insert_with(|| {
            self.nodes.push(expr);
            next
        })
    }
}

/// The symbolic scalar: arithmetic on it builds expressions.
#[derive(Clone, Debug)]
pub struct Sym {
    arena: Rc<RefCell<Arena>>,
    id: ExprId,
}

/// A symbolic truth value.
#[derive(Clone, Debug)]
pub enum SymMask {
    /// An expression.
    Expr(Sym),
    /// A truth value that no expression is needed for.
    Known(bool),
}

impl Sym {
    fn push(&self, expr: Expr) -> Sym {
        let id = self.arena.borrow_mut().intern(expr);
        Sym {
            arena: self.arena.clone(),
            id,
        }
    }

    fn constant_value(&self) -> Option<Constant> {
        match &self.arena.borrow().nodes[self.id.0 as usize] {
            Expr::Constant(value) => Some(value.clone()),
            Expr::Input(_)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::Compare(..)
            | Expr::Connect(..)
            | Expr::Not(_)
            | Expr::Truth(_)
            | Expr::Select(..)
            | Expr::Undefined(_) => None,
        }
    }
}

impl SymMask {
    fn id(&self, arena: &Rc<RefCell<Arena>>) -> ExprId {
        match self {
            SymMask::Expr(sym) => sym.id,
            SymMask::Known(truth) => arena.borrow_mut().intern(Expr::Truth(*truth)),
        }
    }
}

impl Logic for SymMask {
    fn known(truth: Truth) -> Self {
        SymMask::Known(truth.unwrap_or(false))
    }
    fn decide(&self) -> Truth {
        match self {
            SymMask::Known(truth) => Ok(*truth),
            SymMask::Expr(_) => Err(Undefined("symbolic")),
        }
    }
    fn connect(&self, connective: Connective, other: &Self) -> Self {
        match (self, other) {
            (SymMask::Known(a), SymMask::Known(b)) => SymMask::Known(connective.apply(*a, *b)),
            (SymMask::Expr(sym), _) | (_, SymMask::Expr(sym)) => {
                let (a, b) = (self.id(&sym.arena), other.id(&sym.arena));
                SymMask::Expr(sym.push(Expr::Connect(connective, a, b)))
            }
        }
    }
    fn not(&self) -> Self {
        match self {
            SymMask::Known(truth) => SymMask::Known(!truth),
            SymMask::Expr(sym) => SymMask::Expr(sym.push(Expr::Not(sym.id))),
        }
    }
}

impl Scalar for Sym {
    type Mask = SymMask;
    type World = SymWorld;

    fn constant(world: &SymWorld, _dtype: DType, value: &Constant) -> Self {
        let id = world.0.borrow_mut().intern(Expr::Constant(value.clone()));
        Sym {
            arena: world.0.clone(),
            id,
        }
    }
    fn lit(&self, value: &Constant) -> Self {
        self.push(Expr::Constant(value.clone()))
    }
    fn undefined(&self, reason: Undefined) -> Self {
        self.push(Expr::Undefined(reason.0))
    }
    fn unary(&self, function: Unary) -> Self {
        match (function, self.constant_value()) {
            (Unary::Neg, Some(value)) => self.lit(&value.neg()),
            (_, _) => self.push(Expr::Unary(function, self.id)),
        }
    }
    fn binary(&self, function: Binary, other: &Self) -> Self {
        self.push(Expr::Binary(function, self.id, other.id))
    }
    fn compare(&self, comparison: Comparison, other: &Self) -> SymMask {
        SymMask::Expr(self.push(Expr::Compare(comparison, self.id, other.id)))
    }
    fn select(mask: &SymMask, yes: &Self, no: &Self) -> Self {
        match mask {
            SymMask::Known(truth) => if *truth { yes } else { no }.clone(),
            SymMask::Expr(sym) => sym.push(Expr::Select(sym.id, yes.id, no.id)),
        }
    }
    fn cast_float(&self, _dtype: DType) -> Self {
        self.undefined(Undefined("a cast is an op of its own"))
    }
    fn from_int(world: &SymWorld, dtype: DType, integer: &Int) -> Self {
        Sym::constant(world, dtype, &Constant::integer(integer.value.unwrap_or(0)))
    }
    fn to_int(&self, dtype: DType) -> Int {
        Int::unknown(dtype, Undefined("symbolic"))
    }
}

/// The arena in which symbolic constants are made.
#[derive(Clone, Debug, Default)]
pub struct SymWorld(Rc<RefCell<Arena>>);

impl SymWorld {
    /// The symbol of an operand.
    pub(crate) fn input(&self, position: usize) -> Sym {
        let id = self.0.borrow_mut().intern(Expr::Input(position));
        Sym {
            arena: self.0.clone(),
            id,
        }
    }

    /// What was computed in this world, as a rule of `arity` operands whose value is the first of `results`
    /// and whose partial derivatives are the others; `None` if there are none.
    pub(crate) fn rule(&self, arity: usize, results: &[Sym]) -> Option<Rule> {
        let (value, partials) = results.split_first()?;
        Some(Rule {
            nodes: self.0.borrow().nodes.clone(),
            arity,
            value: value.id,
            partials: partials.iter().map(|partial| partial.id).collect(),
        })
    }
}

/// Traces a rule: `build` gets the operands, and yields the value; then `partials` gets the
/// operands with the value as one more symbol, and yields a derivative per operand.
pub fn trace<const N: usize>(
    build: impl FnOnce([Sym; N]) -> Sym,
    partials: Option<&dyn Fn([Sym; N], Sym) -> [Sym; N]>,
) -> Rule {
    let arena = Rc::new(RefCell::new(Arena::default()));
    let input = |position: usize| {
        let id = arena.borrow_mut().intern(Expr::Input(position));
        Sym {
            arena: arena.clone(),
            id,
        }
    };
    let operands: [Sym; N] = std::array::from_fn(input);
    let result = input(N);
    let value = build(operands.clone()).id;
    let partials = partials
        .map(|partials| {
            partials(operands, result)
                .iter()
                .map(|partial| partial.id)
                .collect()
        })
        .unwrap_or_default();
    let nodes = arena.borrow().nodes.clone();
    Rule {
        nodes,
        arity: N,
        value,
        partials,
    }
}

/// A value of an expression: a number or a truth value.
#[derive(Clone, Debug)]
enum Valued<S: Scalar> {
    Number(S),
    Mask(S::Mask),
}

impl Rule {
    /// Number of operands.
    pub fn arity(&self) -> usize {
        self.arity
    }

    /// The root of the value.
    pub fn value(&self) -> ExprId {
        self.value
    }

    /// The roots of the partial derivatives, one per operand; none for a discrete op.
    pub fn partials(&self) -> &[ExprId] {
        &self.partials
    }

    /// The expression at `id`.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.nodes[id.0 as usize]
    }

    /// The constant at `id`, if it is one.
    pub fn constant(&self, id: ExprId) -> Option<&Constant> {
        match self.expr(id) {
            Expr::Constant(value) => Some(value),
            Expr::Input(_)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::Compare(..)
            | Expr::Connect(..)
            | Expr::Not(_)
            | Expr::Truth(_)
            | Expr::Select(..)
            | Expr::Undefined(_) => None,
        }
    }

    /// The expressions that the roots need, operands before users.
    pub fn reachable(&self, roots: &[ExprId]) -> Vec<ExprId> {
        let mut needed = vec![false; self.nodes.len()];
        for root in roots {
            needed[root.0 as usize] = true;
        }
        for index in (0..self.nodes.len()).rev() {
            if needed[index] {
                for operand in operands_of(&self.nodes[index]) {
                    needed[operand.0 as usize] = true;
                }
            }
        }
        let used = needed.iter().enumerate().filter(|(_, needed)| **needed);
        used.map(|(index, _)| ExprId(index as u32)).collect()
    }

    /// Whether an expression reads the operand at `position` (the result is at `arity`).
    pub fn reads(&self, root: ExprId, position: usize) -> bool {
        self.reachable(&[root])
            .iter()
            .any(|&id| *self.expr(id) == Expr::Input(position))
    }

    /// Evaluates `root` over any scalar, with `inputs` the operands and, where the root reads it,
    /// the result. `inputs` is not empty: no op of a rule is without operands.
    pub fn evaluate<S: Scalar>(&self, root: ExprId, inputs: &[S]) -> S {
        let order = self.reachable(&[root]);
        self.evaluate_in(&order, root, inputs)
    }

    /// As [`Rule::evaluate`], with the [`Rule::reachable`] order computed beforehand.
    pub fn evaluate_in<S: Scalar>(&self, order: &[ExprId], root: ExprId, inputs: &[S]) -> S {
        let mut values: Vec<Option<Valued<S>>> = vec![None; self.nodes.len()];
        let anchor = &inputs[0];
        for &id in order {
            let value = self.step(id, &values, inputs, anchor);
            values[id.0 as usize] = Some(value);
        }
        number(&values, root, anchor)
    }

    fn step<S: Scalar>(
        &self,
        id: ExprId,
        values: &[Option<Valued<S>>],
        inputs: &[S],
        anchor: &S,
    ) -> Valued<S> {
        let num = |id: &ExprId| number(values, *id, anchor);
        let truth = |id: &ExprId| mask::<S>(values, *id);
        match self.expr(id) {
            Expr::Input(position) => Valued::Number(
                inputs
                    .get(*position)
                    .cloned()
                    .unwrap_or_else(|| anchor.undefined(Undefined("operand is missing"))),
            ),
            Expr::Constant(value) => Valued::Number(anchor.lit(value)),
            Expr::Unary(function, x) => Valued::Number(num(x).unary(*function)),
            Expr::Binary(function, x, y) => Valued::Number(num(x).binary(*function, &num(y))),
            Expr::Compare(comparison, x, y) => Valued::Mask(num(x).compare(*comparison, &num(y))),
            Expr::Connect(connective, x, y) => {
                Valued::Mask(truth(x).connect(*connective, &truth(y)))
            }
            Expr::Not(x) => Valued::Mask(truth(x).not()),
            Expr::Truth(known) => Valued::Mask(S::Mask::known(Ok(*known))),
            Expr::Select(m, yes, no) => Valued::Number(S::select(&truth(m), &num(yes), &num(no))),
            Expr::Undefined(reason) => Valued::Number(anchor.undefined(Undefined(reason))),
        }
    }

    /// Whether the value on operands of a half `dtype` is such a half, without being rounded: it is chosen
    /// from operands and constants that are, with any sign, or is a whole number next to one.
    pub fn stays_within(&self, dtype: DType) -> bool {
        let mut stays = vec![false; self.nodes.len()];
        for id in self.reachable(&[self.value]) {
            let all = |operands: &[ExprId]| operands.iter().all(|x| stays[x.0 as usize]);
            stays[id.0 as usize] = match self.expr(id) {
                Expr::Input(_) | Expr::Undefined(_) => true,
                Expr::Constant(value) => {
                    let (single, half) = (f64::from(value.to_f32()), value.to_float(dtype));
                    single == half || (single.is_nan() && half.is_nan())
                }
                Expr::Unary(function, x) => match function {
                    Unary::Neg | Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Round => {
                        all(&[*x])
                    }
                    Unary::Sqrt
                    | Unary::Exp
                    | Unary::Expm1
                    | Unary::Log
                    | Unary::Log1p
                    | Unary::Sin
                    | Unary::Cos
                    | Unary::Sinh
                    | Unary::Cosh
                    | Unary::Tanh
                    | Unary::Erf => false,
                },
                Expr::Binary(function, x, y) => match function {
                    Binary::Max | Binary::Min => all(&[*x, *y]),
                    Binary::Add
                    | Binary::Sub
                    | Binary::Mul
                    | Binary::Div
                    | Binary::Pow
                    | Binary::Rem
                    | Binary::And
                    | Binary::Or
                    | Binary::Xor
                    | Binary::Shl
                    | Binary::Shr => false,
                },
                Expr::Select(_, yes, no) => all(&[*yes, *no]),
                Expr::Compare(..) | Expr::Connect(..) | Expr::Not(_) | Expr::Truth(_) => true,
            };
        }
        stays[self.value.0 as usize]
    }

    /// What a structure must offer for the value (not the derivative) to make sense over it.
    pub fn class(&self) -> Class {
        let order = self.reachable(&[self.value]);
        order
            .iter()
            .map(|&id| class_of(self.expr(id)))
            .max()
            .unwrap_or(Class::Semiring)
    }

    /// Prints an expression with `names` for the operands and, last, the result.
    pub fn print(&self, root: ExprId, names: &[&str]) -> String {
        let mut texts: FxHashMap<ExprId, String> = FxHashMap::default();
        for id in self.reachable(&[root]) {
            let text = |id: &ExprId| texts.get(id).cloned().unwrap_or_default();
            let printed = match self.expr(id) {
                Expr::Input(position) => names.get(*position).unwrap_or(&"?").to_string(),
                Expr::Constant(value) => value.to_string(),
                Expr::Unary(function, x) => format!("{}({})", function.name(), text(x)),
                Expr::Binary(function, x, y) => match infix(*function) {
                    Some(symbol) => format!("({} {symbol} {})", text(x), text(y)),
                    None => format!("{}({}, {})", function.name(), text(x), text(y)),
                },
                Expr::Compare(comparison, x, y) => {
                    format!("{}({}, {})", comparison.name(), text(x), text(y))
                }
                Expr::Connect(connective, x, y) => {
                    format!("{}({}, {})", connective.name(), text(x), text(y))
                }
                Expr::Not(x) => format!("not({})", text(x)),
                Expr::Truth(known) => known.to_string(),
                Expr::Select(m, yes, no) => {
                    let mut text_of = format!("select({}", text(m));
                    // Writing to a String cannot fail.
                    let _ = write!(text_of, ", {}, {})", text(yes), text(no));
                    text_of
                }
                Expr::Undefined(reason) => format!("undefined({reason})"),
            };
            texts.insert(id, printed);
        }
        texts.remove(&root).unwrap_or_default()
    }
}

fn infix(function: Binary) -> Option<&'static str> {
    match function {
        Binary::Add => Some("+"),
        Binary::Sub => Some("-"),
        Binary::Mul => Some("*"),
        Binary::Div => Some("/"),
        Binary::Max
        | Binary::Min
        | Binary::Pow
        | Binary::Rem
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::Shl
        | Binary::Shr => None,
    }
}

fn number<S: Scalar>(values: &[Option<Valued<S>>], id: ExprId, anchor: &S) -> S {
    match values.get(id.0 as usize) {
        Some(Some(Valued::Number(value))) => value.clone(),
        Some(Some(Valued::Mask(_)) | None) | None => {
            anchor.undefined(Undefined("a truth value where a number is needed"))
        }
    }
}

fn mask<S: Scalar>(values: &[Option<Valued<S>>], id: ExprId) -> S::Mask {
    match values.get(id.0 as usize) {
        Some(Some(Valued::Mask(value))) => value.clone(),
        Some(Some(Valued::Number(_)) | None) | None => {
            S::Mask::known(Err(Undefined("a number where a truth value is needed")))
        }
    }
}

/// The operands of one expression node.
pub fn operands_of(expr: &Expr) -> smallvec::SmallVec<[ExprId; 3]> {
    use smallvec::smallvec;
    match expr {
        Expr::Input(_) | Expr::Constant(_) | Expr::Truth(_) | Expr::Undefined(_) => smallvec![],
        Expr::Unary(_, x) | Expr::Not(x) => smallvec![*x],
        Expr::Binary(_, x, y) | Expr::Compare(_, x, y) | Expr::Connect(_, x, y) => {
            smallvec![*x, *y]
        }
        Expr::Select(m, yes, no) => smallvec![*m, *yes, *no],
    }
}

fn class_of(expr: &Expr) -> Class {
    match expr {
        Expr::Input(_) | Expr::Truth(_) | Expr::Undefined(_) => Class::Semiring,
        Expr::Constant(value) if value.as_rational().is_some() => Class::Field,
        Expr::Constant(_) => Class::Real,
        Expr::Unary(function, _) => match function {
            Unary::Neg => Class::Ring,
            Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Round => Class::Ordered,
            Unary::Sqrt
            | Unary::Exp
            | Unary::Expm1
            | Unary::Log
            | Unary::Log1p
            | Unary::Sin
            | Unary::Cos
            | Unary::Sinh
            | Unary::Cosh
            | Unary::Tanh
            | Unary::Erf => Class::Real,
        },
        Expr::Binary(function, _, _) => match function {
            Binary::Add | Binary::Mul => Class::Semiring,
            Binary::Sub => Class::Ring,
            Binary::Div => Class::Field,
            Binary::Max
            | Binary::Min
            | Binary::Rem
            | Binary::And
            | Binary::Or
            | Binary::Xor
            | Binary::Shl
            | Binary::Shr => Class::Ordered,
            Binary::Pow => Class::Real,
        },
        Expr::Compare(..) | Expr::Connect(..) | Expr::Not(_) | Expr::Select(..) => Class::Ordered,
    }
}
