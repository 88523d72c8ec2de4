//! Building graphs by the name of the op.
//!
//! A [`Builder`] is a handle to a graph under construction: cheap to clone, so that derivative
//! rules, decompositions of composite ops and symbolic scalars can all append to one graph. Each
//! method appends (at most) one op; a few drop an op that would do nothing, exactly.

use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, NodeId, Value, Values};
use crate::op::attribute::{Axes, to_axes};
use crate::op::{
    Add, Argmax, Argmin, BroadcastInDim, Cast, ContractAxes, Div, DotGeneral, Equal, Exp, Full,
    Gather, Iota, Log, Mul, Neg, Op, Pad, ReduceMax, Reshape, Reverse, ScatterAdd, Select, Slice,
    StopGradient, Sub, Sum, Transpose, TypeError,
};
use crate::shape::{Shape, Type};
use crate::span::Span;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A handle to a graph under construction.
#[derive(Clone, Debug)]
pub struct Builder {
    graph: Rc<RefCell<Graph>>,
    span: Rc<Cell<Span>>,
    /// Whether new nodes belong to the rule of an op.
    rule: Rc<Cell<bool>>,
}

impl Builder {
    /// Continues `graph`; new nodes carry `span` until [`Builder::set_span`].
    pub fn new(graph: Graph, span: Span) -> Self {
        Builder {
            graph: Rc::new(RefCell::new(graph)),
            span: Rc::new(Cell::new(span)),
            rule: Rc::default(),
        }
    }

    /// Says that the nodes to come belong to formulas by which ops are differentiated, but for those that are copied.
    pub(crate) fn applies_rules(&self) {
        self.rule.set(true);
    }

    /// The graph as built.
    pub fn finish(self) -> Graph {
        match Rc::try_unwrap(self.graph) {
            Ok(graph) => graph.into_inner(),
            Err(shared) => shared.borrow().clone(),
        }
    }

    /// The span of the nodes to come.
    pub fn set_span(&self, span: Span) {
        self.span.set(span);
    }

    /// The span of the nodes to come.
    pub fn span(&self) -> Span {
        self.span.get()
    }

    /// Reads the graph.
    pub fn with_graph<T>(&self, read: impl FnOnce(&Graph) -> T) -> T {
        read(&self.graph.borrow())
    }

    /// Changes the graph's names or outputs.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut Graph) -> T) -> T {
        edit(&mut self.graph.borrow_mut())
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.graph.borrow().ty(value).clone()
    }

    /// The shape of a value.
    pub fn shape(&self, value: Value) -> Shape {
        self.ty(value).shape
    }

    /// Applies an op; returns its node.
    ///
    /// # Errors
    /// The op does not take these operands.
    pub fn node(&self, op: impl Into<Op>, operands: &[Value]) -> Result<NodeId, TypeError> {
        let mut graph = self.graph.borrow_mut();
        let node = graph.push(op, operands, self.span.get())?;
        if self.rule.get() {
            graph.set_of_rule(node);
        }
        Ok(node)
    }

    /// Applies an op; returns all its results.
    ///
    /// # Errors
    /// The op does not take these operands.
    pub fn apply_all(&self, op: impl Into<Op>, operands: &[Value]) -> Result<Values, TypeError> {
        let node = self.node(op, operands)?;
        Ok(self.graph.borrow().results(node))
    }

    /// Applies an op; returns its first result.
    ///
    /// # Errors
    /// The op does not take these operands.
    pub fn apply(&self, op: impl Into<Op>, operands: &[Value]) -> Result<Value, TypeError> {
        Ok(Value {
            node: self.node(op, operands)?,
            result: 0,
        })
    }

    /// Copies the nodes of `graph` here, on `arguments` in the place of its inputs, and gives the
    /// values of its outputs. Nodes keep their spans and names.
    ///
    /// # Errors
    /// An argument is missing or is of another type than the input.
    pub fn inline(&self, graph: &Graph, arguments: &[Value]) -> Result<Vec<Value>, TypeError> {
        let mut copies: Vec<Option<Value>> = vec![None; graph.len()];
        for (input, argument) in graph.inputs().iter().zip(arguments) {
            if self.ty(*argument) != *graph.ty(*input) {
                return Err(TypeError::new(
                    "an argument is of another type than the input",
                ));
            }
            copies[input.node.index()] = Some(*argument);
        }
        let at = |copies: &[Option<Value>], value: &Value| {
            let node = copies.get(value.node.index()).copied().flatten();
            let missing = || TypeError::new("an argument is missing");
            // An input has one result, and its argument may be any result of another node.
            node.map(|copy| Value {
                node: copy.node,
                result: copy.result + value.result,
            })
            .ok_or_else(missing)
        };
        for node in graph.nodes() {
            if copies[node.index()].is_some() {
                continue;
            }
            let operands = graph.operands(node);
            let operands = operands.iter().map(|operand| at(&copies, operand));
            let operands = operands.collect::<Result<Values, TypeError>>()?;
            if matches!(graph.op(node), Op::Input(_)) {
                return Err(TypeError::new("an argument is missing"));
            }
            let copy = self.edit(|new| new.copy_node(graph, node, &operands))?;
            let first = Value {
                node: copy,
                result: 0,
            };
            copies[node.index()] = Some(first);
        }
        let outputs = graph.outputs().iter();
        outputs.map(|output| at(&copies, &output.value)).collect()
    }

    /// The number in every element of `value`, if that is known.
    pub fn splat(&self, value: Value) -> Option<Constant> {
        let graph = self.graph.borrow();
        if let Op::Full(full) = graph.op(value.node) {
            Some(full.value.clone())
        } else {
            None
        }
    }

    /// A constant in every element.
    pub fn full(&self, ty: &Type, value: &Constant) -> Result<Value, TypeError> {
        let full = Full {
            value: value.clone(),
            shape: ty.shape.clone(),
            dtype: ty.dtype,
        };
        self.apply(full, &[])
    }

    /// A small integer in every element, with the type of `like`.
    pub fn integer_like(&self, like: Value, value: i64) -> Result<Value, TypeError> {
        self.full(&self.ty(like), &Constant::integer(value))
    }

    /// x + y.
    pub fn add(&self, x: Value, y: Value) -> Result<Value, TypeError> {
        self.apply(Add {}, &[x, y])
    }

    /// x − y.
    pub fn sub(&self, x: Value, y: Value) -> Result<Value, TypeError> {
        self.apply(Sub {}, &[x, y])
    }

    /// x · y; a factor that is exactly 1 adds no op.
    pub fn mul(&self, x: Value, y: Value) -> Result<Value, TypeError> {
        let is_one = |value| self.splat(value).is_some_and(|splat| splat.is_one());
        if is_one(x) {
            Ok(y)
        } else if is_one(y) {
            Ok(x)
        } else {
            self.apply(Mul {}, &[x, y])
        }
    }

    /// x / y.
    pub fn div(&self, x: Value, y: Value) -> Result<Value, TypeError> {
        self.apply(Div {}, &[x, y])
    }

    /// −x.
    pub fn neg(&self, x: Value) -> Result<Value, TypeError> {
        self.apply(Neg {}, &[x])
    }

    /// eˣ.
    pub fn exp(&self, x: Value) -> Result<Value, TypeError> {
        self.apply(Exp {}, &[x])
    }

    /// ln x.
    pub fn log(&self, x: Value) -> Result<Value, TypeError> {
        self.apply(Log {}, &[x])
    }

    /// x without a derivative.
    pub fn stop_gradient(&self, x: Value) -> Result<Value, TypeError> {
        self.apply(StopGradient {}, &[x])
    }

    /// x = y.
    pub fn equal(&self, x: Value, y: Value) -> Result<Value, TypeError> {
        self.apply(Equal {}, &[x, y])
    }

    /// x where the mask holds, else y.
    pub fn select(&self, mask: Value, x: Value, y: Value) -> Result<Value, TypeError> {
        self.apply(Select {}, &[mask, x, y])
    }

    /// x as another dtype; none needed, none added.
    pub fn cast(&self, x: Value, dtype: DType) -> Result<Value, TypeError> {
        if self.ty(x).dtype == dtype {
            Ok(x)
        } else {
            self.apply(Cast { dtype }, &[x])
        }
    }

    /// Sum over axes.
    pub fn sum(&self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value, TypeError> {
        if axes.is_empty() {
            return Ok(x);
        }
        self.apply(
            Sum {
                axes: Some(to_axes(axes.iter().copied())),
                keepdims,
            },
            &[x],
        )
    }

    /// Largest element over axes.
    pub fn reduce_max(&self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value, TypeError> {
        self.apply(
            ReduceMax {
                axes: Some(to_axes(axes.iter().copied())),
                keepdims,
            },
            &[x],
        )
    }

    /// Position of the first largest (or smallest) element along an axis, as i64.
    pub fn arg_extreme(&self, x: Value, axis: usize, largest: bool) -> Result<Value, TypeError> {
        let (axis, keepdims, dtype) = (axis as i64, true, DType::I64);
        if largest {
            self.apply(
                Argmax {
                    axis,
                    keepdims,
                    dtype,
                },
                &[x],
            )
        } else {
            self.apply(
                Argmin {
                    axis,
                    keepdims,
                    dtype,
                },
                &[x],
            )
        }
    }

    /// x with axis i of x standing at `axes[i]` of `shape`, repeated along the others.
    pub fn broadcast_in_dim(
        &self,
        x: Value,
        shape: &Shape,
        axes: &[usize],
    ) -> Result<Value, TypeError> {
        let identity = axes.iter().copied().eq(0..shape.rank());
        if identity && self.shape(x) == *shape {
            return Ok(x);
        }
        let axes = to_axes(axes.iter().copied());
        self.apply(
            BroadcastInDim {
                shape: shape.clone(),
                axes,
            },
            &[x],
        )
    }

    /// x broadcast to `shape` by NumPy's rules (aligned at the last axis).
    pub fn broadcast_to(&self, x: Value, shape: &Shape) -> Result<Value, TypeError> {
        let rank = self.shape(x).rank();
        let first = shape.rank().saturating_sub(rank);
        let axes: Vec<usize> = (0..rank).map(|axis| axis + first).collect();
        self.broadcast_in_dim(x, shape, &axes)
    }

    /// Undoes the shape change of a fold: `x`, whose `folded` axes are gone (or 1, with `keepdims`),
    /// repeated along them to `shape`.
    pub fn unfold(
        &self,
        x: Value,
        shape: &Shape,
        folded: &[usize],
        keepdims: bool,
    ) -> Result<Value, TypeError> {
        let axes: Vec<usize> = (0..shape.rank())
            .filter(|axis| keepdims || !folded.contains(axis))
            .collect();
        self.broadcast_in_dim(x, shape, &axes)
    }

    /// x in row-major order with another shape.
    pub fn reshape(&self, x: Value, shape: &Shape) -> Result<Value, TypeError> {
        if self.shape(x) == *shape {
            return Ok(x);
        }
        self.apply(
            Reshape {
                shape: shape.clone(),
            },
            &[x],
        )
    }

    /// x with its axes in another order: axis i of the result is axis `permutation[i]` of x.
    pub fn transpose(&self, x: Value, permutation: &[usize]) -> Result<Value, TypeError> {
        if permutation.iter().copied().eq(0..permutation.len()) {
            return Ok(x);
        }
        self.apply(
            Transpose {
                permutation: to_axes(permutation.iter().copied()),
            },
            &[x],
        )
    }

    /// Elements `start..limit` by `step` along each axis.
    pub fn slice(
        &self,
        x: Value,
        start: &[u64],
        limit: &[u64],
        step: &[u64],
    ) -> Result<Value, TypeError> {
        let list = |values: &[u64]| -> Axes { values.iter().map(|&value| value as i64).collect() };
        let (start, limit, step) = (list(start), list(limit), list(step));
        self.apply(
            Slice {
                start,
                limit,
                step: Some(step),
            },
            &[x],
        )
    }

    /// Zeros put before, after and between elements along each axis.
    pub fn pad_zero(
        &self,
        x: Value,
        low: Axes,
        high: Axes,
        interior: Axes,
    ) -> Result<Value, TypeError> {
        if [&low, &high, &interior]
            .iter()
            .all(|list| list.iter().all(|&amount| amount == 0))
        {
            return Ok(x);
        }
        let value = crate::op::Real(0.0);
        self.apply(
            Pad {
                low,
                high,
                interior: Some(interior),
                value,
            },
            &[x],
        )
    }

    /// x with the order along `axes` reversed.
    pub fn reverse(&self, x: Value, axes: Axes) -> Result<Value, TypeError> {
        self.apply(Reverse { axes }, &[x])
    }

    /// A contraction.
    pub fn contract(&self, x: Value, y: Value, axes: &ContractAxes) -> Result<Value, TypeError> {
        let list = |axes: &[usize]| to_axes(axes.iter().copied());
        let op = DotGeneral {
            x_contract: list(&axes.contract[0]),
            y_contract: list(&axes.contract[1]),
            x_batch: list(&axes.batch[0]),
            y_batch: list(&axes.batch[1]),
        };
        self.apply(op, &[x, y])
    }

    /// Slices of x picked by indices.
    pub fn gather(&self, x: Value, indices: Value, op: Gather) -> Result<Value, TypeError> {
        self.apply(op, &[x, indices])
    }

    /// x with updates added at indices.
    pub fn scatter_add(
        &self,
        x: Value,
        indices: Value,
        updates: Value,
        op: ScatterAdd,
    ) -> Result<Value, TypeError> {
        self.apply(op, &[x, indices, updates])
    }

    /// Positions along an axis.
    pub fn iota(&self, shape: &Shape, axis: usize, dtype: DType) -> Result<Value, TypeError> {
        self.apply(
            Iota {
                shape: shape.clone(),
                axis: axis as i64,
                dtype,
            },
            &[],
        )
    }
}
