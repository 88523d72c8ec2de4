//! The reference interpreter, over any [`Scalar`].
//!
//! It says what a graph means. Over `f64` it is the reference that compiled code is compared with,
//! over [`Exact`](crate::scalar::Exact) it checks laws, over [`Dual`](crate::scalar::Dual) it
//! differentiates, over [`Interval`](crate::scalar::Interval) it encloses everything that compiled
//! code may compute. It knows ops by their family only.
//!
//! A value of a half dtype is a half: whatever computes it, over scalars that round, is rounded to one.

mod elementwise;
mod indexed;
mod order;
mod prefix;
mod reduce;
mod region;
mod tensor;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use reduce::Groups;
pub use tensor::{Data, Tensor};

use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Composite, Elements, Family, Input, Iota, Leaf, TypeError, expansion};
use crate::scalar::{Int, Logic, Scalar};
use crate::shape::Type;
use crate::span::Span;
use elementwise::{compare, connect, masks, pointwise, select};
use order::arg_sort;
use prefix::prefix;
use reduce::arg_fold;
use std::rc::Rc;
use tensor::{append, empty_like};

/// Why a graph has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InterpretError {
    /// The inputs do not fit the graph.
    #[error("input {position} of the graph is {expected}, but {given} is given")]
    Input {
        /// Which input.
        position: usize,
        /// Its type.
        expected: String,
        /// What was given.
        given: String,
    },
    /// An index is outside its axis.
    #[error("index {index} at position {position} is outside 0..{extent}")]
    IndexOutOfRange {
        /// The node that reads or writes there.
        node: NodeId,
        /// Where in the source it comes from.
        span: Span,
        /// Row-major position among the indices.
        position: u64,
        /// The index.
        index: i64,
        /// The extent of the axis.
        extent: u64,
    },
    /// A decomposition does not type-check.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// A value does not have the dtype that its op needs; a verified graph has no such value.
    #[error("the graph does not verify: {0}")]
    Unverified(&'static str),
}

const NOT_NUMBERS: InterpretError = InterpretError::Unverified("numbers are needed here");
const NOT_MASKS: InterpretError = InterpretError::Unverified("truth values are needed here");
const NOT_INTS: InterpretError = InterpretError::Unverified("integers are needed here");
const MISSING: InterpretError = InterpretError::Unverified("an operand has no value");

type Outcome<S> = Result<Data<S>, InterpretError>;
/// The values of a graph's nodes.
#[derive(Clone, Debug)]
pub struct Interpretation<S: Scalar> {
    values: Vec<Vec<Option<Rc<Tensor<S>>>>>,
    outputs: Vec<Value>,
}

impl<S: Scalar> Interpretation<S> {
    /// The tensor of a value, if it was kept.
    pub fn value(&self, value: Value) -> Option<&Tensor<S>> {
        self.values
            .get(value.node.index())?
            .get(value.result as usize)?
            .as_deref()
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> Vec<&Tensor<S>> {
        self.outputs
            .iter()
            .filter_map(|output| self.value(*output))
            .collect()
    }
}

/// Evaluates a graph, keeping only its outputs.
///
/// # Errors
/// The inputs do not fit, or an index is out of range.
pub fn interpret<S: Scalar>(
    graph: &Graph,
    world: &S::World,
    inputs: &[Tensor<S>],
) -> Result<Interpretation<S>, InterpretError> {
    run(graph, world, inputs, Keep::Outputs, None, None)
}

/// What sees each value of a graph once it is known, and may put another in its place.
pub type Settle<'a, S> = &'a mut dyn FnMut(Value, &Tensor<S>) -> Option<Tensor<S>>;

/// As [`interpret`], where what follows a value is computed from what `settle` puts in its place. A value that is put
/// there has its type.
///
/// # Errors
/// As [`interpret`].
pub fn interpret_settling<S: Scalar>(
    graph: &Graph,
    world: &S::World,
    inputs: &[Tensor<S>],
    settle: Settle<'_, S>,
) -> Result<Interpretation<S>, InterpretError> {
    run(graph, world, inputs, Keep::Outputs, None, Some(settle))
}

/// Evaluates a graph, keeping every value.
///
/// # Errors
/// As [`interpret`].
pub fn trace<S: Scalar>(
    graph: &Graph,
    world: &S::World,
    inputs: &[Tensor<S>],
) -> Result<Interpretation<S>, InterpretError> {
    run(graph, world, inputs, Keep::All, None, None)
}

/// What sees each run of the body of a loop or branch, with every value.
pub type Watch<'a, S> = &'a dyn Fn(&Graph, &Interpretation<S>);

/// As [`trace`], and shows each run of a body in the order of evaluation: inner ones first, one of a
/// loop for each turn, and of a branch that which is taken.
///
/// # Errors
/// As [`interpret`].
pub fn trace_bodies<S: Scalar>(
    graph: &Graph,
    world: &S::World,
    inputs: &[Tensor<S>],
    watch: Watch<'_, S>,
) -> Result<Interpretation<S>, InterpretError> {
    run(graph, world, inputs, Keep::All, Some(watch), None)
}

/// Which values are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Outputs,
    All,
}

fn run<S: Scalar>(
    graph: &Graph,
    world: &S::World,
    inputs: &[Tensor<S>],
    keep: Keep,
    watch: Option<Watch<'_, S>>,
    mut settle: Option<Settle<'_, S>>,
) -> Result<Interpretation<S>, InterpretError> {
    check_inputs(graph, inputs)?;
    let mut uses = graph.use_counts();
    let mut values: Vec<Vec<Option<Rc<Tensor<S>>>>> = Vec::with_capacity(graph.len());
    let mut next_input = inputs.iter();
    for node in graph.nodes() {
        let operand_values = graph.operands(node);
        let operands = operand_values
            .iter()
            .map(|v| {
                values[v.node.index()][v.result as usize]
                    .clone()
                    .ok_or(MISSING)
            })
            .collect::<Result<Vec<Rc<Tensor<S>>>, _>>()?;
        let machine = Machine {
            graph,
            world,
            node,
            watch,
        };
        let family = graph.op(node).family();
        let mut results = if let Family::Leaf(Leaf::Input(_)) = family {
            let Tensor { ty, data } = next_input.next().cloned().ok_or(MISSING)?;
            let data = data.rounded(ty.dtype);
            vec![Rc::new(Tensor { ty, data })]
        } else if let Family::Composite(composite) = family {
            machine.composite(composite, &operands)?
        } else if let Family::Scan(scan) = family {
            machine.scan(scan, &operands)?
        } else if let Family::Cond(cond) = family {
            machine.cond(cond, &operands)?
        } else {
            let ty = graph.ty(Value { node, result: 0 }).clone();
            let data = machine.evaluate(family, &operands, &ty)?.rounded(ty.dtype);
            vec![Rc::new(Tensor { ty, data })]
        };
        if let Some(settle) = &mut settle {
            for (value, tensor) in graph.results(node).into_iter().zip(&mut results) {
                if let Some(settled) = settle(value, tensor) {
                    *tensor = Rc::new(settled);
                }
            }
        }
        let unread = keep == Keep::Outputs && uses[node.index()] == 0;
        let read = |tensor| (!unread).then_some(tensor);
        values.push(results.into_iter().map(read).collect());
        if keep == Keep::Outputs {
            for operand in operand_values {
                let left = &mut uses[operand.node.index()];
                *left -= 1;
                if *left == 0 {
                    values[operand.node.index()].fill(None);
                }
            }
        }
    }
    let outputs = graph.outputs().iter().map(|output| output.value).collect();
    Ok(Interpretation { values, outputs })
}

fn check_inputs<S: Scalar>(graph: &Graph, inputs: &[Tensor<S>]) -> Result<(), InterpretError> {
    let describe = |tensor: Option<&Tensor<S>>| match tensor {
        Some(tensor) => format!("{} with {} elements", tensor.ty, tensor.len()),
        None => "nothing".to_string(),
    };
    for (position, input) in graph.inputs().iter().enumerate() {
        let expected = graph.ty(*input);
        let given = inputs.get(position);
        let fits = given.is_some_and(|g| g.ty == *expected && g.len() as u64 == g.ty.elements());
        if !fits {
            let (expected, given) = (expected.to_string(), describe(given));
            return Err(InterpretError::Input {
                position,
                expected,
                given,
            });
        }
    }
    Ok(())
}

/// One node under evaluation.
struct Machine<'a, S: Scalar> {
    graph: &'a Graph,
    world: &'a S::World,
    node: NodeId,
    watch: Option<Watch<'a, S>>,
}

impl<S: Scalar> Machine<'_, S> {
    fn evaluate(&self, family: Family<'_>, x: &[Rc<Tensor<S>>], ty: &Type) -> Outcome<S> {
        match family {
            Family::Pointwise(rule) => pointwise(&rule, x),
            Family::Discrete(rule) => Ok(pointwise(&rule, x)?.detached()),
            Family::Compare(comparison) => compare(comparison, &x[0], &x[1]),
            Family::Connect(connective) => connect(connective, &x[0], &x[1]),
            Family::Not => Ok(Data::Mask(masks(&x[0])?.iter().map(Logic::not).collect())),
            Family::Select => select(&x[0], &x[1], &x[2]),
            Family::Cast(dtype) => self.cast(&x[0], dtype),
            Family::View(view) => self.view(view, x, ty),
            Family::Fold(rule) => self.fold(&rule, &x[0], ty),
            Family::Prefix(rule) => prefix(&rule, self.world, x),
            Family::ArgFold(rule) => arg_fold(&rule, &x[0]),
            Family::ArgSort(rule) => arg_sort(&rule, &x[0]),
            Family::Contract(op) => self.contract(op, &x[0], &x[1], ty),
            Family::Gather(op) => self.gather(op.picking(&x[1].ty), &x[0], &x[1], ty),
            Family::ScatterAdd(op) => self.scatter_add(op.picking(&x[1].ty), &x[0], &x[1], &x[2]),
            Family::Leaf(leaf) => self.leaf(leaf, ty),
            Family::Barrier => Ok(x[0].data.clone()),
            Family::Scan(_) | Family::Cond(_) | Family::Composite(_) => {
                Err(InterpretError::Unverified("a region in place"))
            }
        }
    }

    fn leaf(&self, leaf: Leaf<'_>, ty: &Type) -> Outcome<S> {
        match leaf {
            Leaf::Input(_) => Err(MISSING),
            Leaf::Full(full) => Ok(Tensor::full(self.world, ty, &full.value).data),
            Leaf::Literal(literal) => Ok(self.elements(&literal.elements)),
            Leaf::Iota(iota) => Ok(self.iota(iota, ty)),
        }
    }

    fn elements(&self, elements: &Elements) -> Data<S> {
        let scalar = Type::scalar(elements.dtype);
        let parts = elements
            .constants()
            .map(|c| Tensor::full(self.world, &scalar, &c).data);
        let mut whole = empty_like(elements.dtype);
        for part in parts {
            append(&mut whole, part);
        }
        whole
    }

    fn iota(&self, iota: &Iota, ty: &Type) -> Data<S> {
        let axis = usize::try_from(iota.axis).unwrap_or(0);
        let positions = (0..ty.elements()).map(|at| ty.shape.unravel(at)[axis]);
        if ty.dtype.is_float() {
            let number = |p| S::constant(self.world, ty.dtype, &Constant::integer(p));
            Data::Number(positions.map(number).collect())
        } else {
            Data::Int(
                positions
                    .map(|position| Int::new(ty.dtype, position))
                    .collect(),
            )
        }
    }

    /// An error in the decomposition of this node as an error of the node.
    fn outer(&self, mut error: InterpretError) -> InterpretError {
        if let InterpretError::IndexOutOfRange { node, .. } = &mut error {
            *node = self.node;
        }
        error
    }

    /// A composite op is what it decomposes into.
    fn composite(
        &self,
        composite: &dyn Composite,
        operands: &[Rc<Tensor<S>>],
    ) -> Result<Vec<Rc<Tensor<S>>>, InterpretError> {
        let builder = Builder::new(Graph::like(self.graph), self.graph.span(self.node));
        let mut inputs = Vec::with_capacity(operands.len());
        for operand in operands {
            let op = Input {
                dtype: operand.ty.dtype,
                shape: operand.ty.shape.clone(),
            };
            inputs.push(builder.apply(op, &[])?);
        }
        let results = self.graph.results(self.node).into_iter();
        let results: Vec<Type> = results.map(|value| self.graph.ty(value).clone()).collect();
        for result in expansion(composite, &builder, &inputs, &results)? {
            builder.edit(|graph| graph.add_output("y", result));
        }
        let graph = builder.finish();
        let tensors: Vec<Tensor<S>> = operands.iter().map(|operand| (**operand).clone()).collect();
        let inner = run(&graph, self.world, &tensors, Keep::Outputs, None, None);
        let inner = inner.map_err(|error| self.outer(error))?;
        Ok(inner
            .outputs()
            .into_iter()
            .map(|tensor| Rc::new(tensor.clone()))
            .collect())
    }
}
