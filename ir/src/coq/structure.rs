//! What graphs compute and what reverse mode makes of them, element by element.
//!
//! The examples of ops that move, add and multiply elements are run by the reference interpreter over symbols,
//! forwards and backwards. What comes out are polynomials in the elements of the operands and cotangents, and
//! Coq finds whether the ones are the derivatives of the others, over any commutative semiring. So neither an
//! op nor its rule is told twice: both are what the compiler itself takes them for.

use super::expression::{Reading, size};
use crate::autodiff::vjp;
use crate::dtype::DType;
use crate::expr::{Expr, ExprId, Rule, Sym, SymMask, SymWorld};
use crate::graph::Graph;
use crate::interpret::{Data, Tensor, interpret};
use crate::lang::example;
use crate::op::{Family, Op, Spec};
use crate::scalar::{Binary, Scalar, Unary};
use crate::shape::Type;

/// Maps of more nodes than this are not printed.
const MOST: u64 = 2_500;

/// Indices that are known at run time only: each pair of places, and repeated.
const INDICES: [i64; 3] = [1, 0, 1];

/// The symbols of a graph's inputs.
struct Inputs {
    tensors: Vec<Tensor<Sym>>,
    /// Positions of the inputs of floats, and how many elements each has.
    floats: Vec<(usize, usize)>,
    /// The symbols of their elements, by number.
    active: Vec<usize>,
    /// How many symbols there are.
    count: usize,
}

/// A tensor of fresh symbols; of indices, of numbers.
fn symbols(world: &SymWorld, ty: &Type, count: &mut usize) -> Tensor<Sym> {
    let elements = ty.elements() as usize;
    let mut fresh = || {
        let symbol = world.input(*count);
        *count += 1;
        symbol
    };
    if ty.dtype.is_float() {
        let numbers = (0..elements).map(|_| fresh()).collect();
        return Tensor::numbers(ty.clone(), numbers);
    }
    if ty.dtype == DType::Bool {
        // A truth value is a number's being positive.
        let masks: Vec<SymMask> = (0..elements)
            .map(|_| fresh())
            .map(|number| number.gt(&number.int(0)))
            .collect();
        return Tensor {
            ty: ty.clone(),
            data: Data::Mask(masks),
        };
    }
    Tensor::integers(ty.clone(), INDICES.into_iter().cycle().take(elements))
}

impl Inputs {
    fn of(world: &SymWorld, graph: &Graph) -> Self {
        let (mut tensors, mut floats, mut active) = (Vec::new(), Vec::new(), Vec::new());
        let mut count = 0;
        for (position, input) in graph.inputs().iter().enumerate() {
            let ty = graph.ty(*input);
            let first = count;
            tensors.push(symbols(world, ty, &mut count));
            if ty.dtype.is_float() {
                floats.push((position, ty.elements() as usize));
                active.extend(first..count);
            }
        }
        Inputs {
            tensors,
            floats,
            active,
            count,
        }
    }
}

/// The float elements of some tensors, in order.
fn numbers(tensors: &[&Tensor<Sym>]) -> Vec<Sym> {
    let elements = tensors.iter().flat_map(|tensor| tensor.as_numbers());
    elements.cloned().collect()
}

/// Whether terms of a rule are sums, differences, products and choices of symbols and numbers.
fn is_polynomial(rule: &Rule, roots: &[ExprId]) -> bool {
    rule.reachable(roots)
        .into_iter()
        .all(|id| match rule.expr(id) {
            Expr::Input(_) | Expr::Truth(_) | Expr::Not(_) | Expr::Select(..) => true,
            Expr::Constant(value) => value.to_f64().is_finite(),
            Expr::Unary(function, _) => *function == Unary::Neg,
            Expr::Binary(function, _, right) => match function {
                Binary::Add | Binary::Sub | Binary::Mul => true,
                // By how many elements there are.
                Binary::Div => rule
                    .constant(*right)
                    .is_some_and(|count| count.as_i64() > Some(0)),
                Binary::Max
                | Binary::Min
                | Binary::Pow
                | Binary::Rem
                | Binary::And
                | Binary::Or
                | Binary::Xor
                | Binary::Shl
                | Binary::Shr => false,
            },
            Expr::Compare(_, left, right) => {
                let is_symbol = matches!(rule.expr(*left), Expr::Input(_));
                is_symbol && rule.constant(*right).is_some_and(|zero| zero.is_zero())
            }
            Expr::Connect(..) | Expr::Undefined(_) => false,
        })
}

/// Whether an op is one whose examples are to be printed: it has a derivative that is not that of a function
/// of one element of each operand.
fn is_structural(op: &Op) -> bool {
    match op.family() {
        Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::Fold(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Barrier
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => true,
        Family::Pointwise(_)
        | Family::Discrete(_)
        | Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Leaf(_) => false,
    }
}

/// The printed maps of an op: of each example that is polynomial, with a name.
pub(super) fn maps(spec: &Spec) -> Vec<(String, String)> {
    let mut printed = Vec::new();
    for (number, text) in spec.examples.iter().enumerate() {
        let Ok(entry) = example(text) else { continue };
        let mut nodes = entry.graph.nodes();
        let op = nodes.find(|node| entry.graph.op(*node).spec().name == spec.name);
        if !op.is_some_and(|node| is_structural(entry.graph.op(node))) {
            continue;
        }
        let name = format!("{}_{number}", spec.name);
        if let Some(definition) = map(&name, text, &entry.graph) {
            printed.push((name, definition));
        }
    }
    printed
}

/// The definition of what a graph computes and of its reverse mode; `None` if that is no polynomial.
fn map(name: &str, source: &str, graph: &Graph) -> Option<String> {
    // Numbers as rules write them, and not as a dtype stores them.
    let graph = &graph.clone().with_exact_constants();
    let world = SymWorld::default();
    let inputs = Inputs::of(&world, graph);
    let wrt: Vec<usize> = inputs
        .floats
        .iter()
        .map(|(position, _)| *position)
        .collect();
    let forward = interpret(graph, &world, &inputs.tensors).ok()?;
    let results = numbers(&forward.outputs());
    if results.is_empty() || wrt.is_empty() {
        return None;
    }
    let back = vjp(graph, &wrt).ok()?;
    let (mut tensors, mut count) = (inputs.tensors.clone(), inputs.count);
    for input in back.inputs().iter().skip(tensors.len()) {
        tensors.push(symbols(&world, back.ty(*input), &mut count));
    }
    let backward = interpret(&back, &world, &tensors).ok()?;
    let outputs = backward.outputs();
    let cotangents = numbers(outputs.get(graph.outputs().len()..)?);
    if cotangents.len() != inputs.active.len() || count - inputs.count != results.len() {
        return None;
    }
    let all: Vec<Sym> = results.iter().chain(&cotangents).cloned().collect();
    let rule = world.rule(count, &all)?;
    let roots: Vec<ExprId> = std::iter::once(rule.value())
        .chain(rule.partials().iter().copied())
        .collect();
    if !is_polynomial(&rule, &roots) || size(&rule, &roots) > MOST {
        return None;
    }
    let reading = Reading { marks: &[] };
    let terms: Vec<String> = roots
        .iter()
        .map(|root| reading.term(&rule, *root))
        .collect();
    let (forward, backward) = terms.split_at(results.len());
    let active: Vec<String> = inputs.active.iter().map(usize::to_string).collect();
    Some(format!(
        "(* {source} *)\nDefinition {name} : map := {{|\n  active := [{}]%nat;\n  cotangents := {};\n  \
         forward := [{}];\n  backward := [{}] |}}.\n",
        active.join("; "),
        inputs.count,
        forward.join(";\n    "),
        backward.join(";\n    "),
    ))
}
