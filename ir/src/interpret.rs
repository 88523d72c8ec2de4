//! The reference interpreter, over any [`Scalar`].
//!
//! It says what a graph means. Over `f64` it is the reference that compiled code is compared with,
//! over [`Exact`](crate::scalar::Exact) it checks laws, over [`Dual`](crate::scalar::Dual) it
//! differentiates, over [`Interval`](crate::scalar::Interval) it encloses everything that compiled
//! code may compute. It knows ops by their family only.

use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::expr::{ExprId, Rule};
use crate::graph::{Graph, NodeId, Value};
use crate::index::IndexMap;
use crate::op::{
    ArgRule, Composite, DotGeneral, Elements, Family, FoldRule, Input, Iota, Leaf, Monoid, Picking,
    TypeError, View,
};
use crate::scalar::{Comparison, Connective, Int, Logic, Scalar, Truth, Undefined};
use crate::shape::{Shape, Type};
use crate::span::Span;
use std::rc::Rc;

/// The elements of a tensor in row-major order.
#[derive(Clone, Debug)]
pub enum Data<S: Scalar> {
    /// Of a float dtype.
    Number(Vec<S>),
    /// Of an integer dtype.
    Int(Vec<Int>),
    /// Of bool.
    Mask(Vec<S::Mask>),
}

/// A tensor of scalars.
#[derive(Clone, Debug)]
pub struct Tensor<S: Scalar> {
    /// Its type.
    pub ty: Type,
    /// Its elements, as many as the type says.
    pub data: Data<S>,
}

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

impl<S: Scalar> Tensor<S> {
    /// A float tensor; the number of elements must fit the shape.
    pub fn numbers(ty: Type, elements: Vec<S>) -> Self {
        Tensor {
            ty,
            data: Data::Number(elements),
        }
    }

    /// An integer tensor; the number of elements must fit the shape.
    pub fn integers(ty: Type, elements: impl IntoIterator<Item = i64>) -> Self {
        let dtype = ty.dtype;
        let data = elements
            .into_iter()
            .map(|value| Int::new(dtype, value))
            .collect();
        Tensor {
            ty,
            data: Data::Int(data),
        }
    }

    /// A bool tensor; the number of elements must fit the shape.
    pub fn masks(shape: Shape, elements: impl IntoIterator<Item = bool>) -> Self {
        let data = elements
            .into_iter()
            .map(|truth| S::Mask::known(Ok(truth)))
            .collect();
        Tensor {
            ty: Type::new(DType::Bool, shape),
            data: Data::Mask(data),
        }
    }

    /// The same constant in every element.
    pub fn full(world: &S::World, ty: &Type, value: &Constant) -> Self {
        let count = ty.elements() as usize;
        let data = match ty.dtype {
            DType::F32 | DType::F64 => {
                Data::Number(vec![S::constant(world, ty.dtype, value); count])
            }
            DType::I32 | DType::I64 | DType::U32 => {
                Data::Int(vec![Int::constant(&(), ty.dtype, value); count])
            }
            DType::Bool => Data::Mask(vec![S::Mask::known(Ok(!value.is_zero())); count]),
        };
        Tensor {
            ty: ty.clone(),
            data,
        }
    }

    /// The float elements; none for other dtypes.
    pub fn as_numbers(&self) -> &[S] {
        match &self.data {
            Data::Number(elements) => elements,
            Data::Int(_) | Data::Mask(_) => &[],
        }
    }

    /// The integer elements; none for other dtypes.
    pub fn as_ints(&self) -> &[Int] {
        match &self.data {
            Data::Int(elements) => elements,
            Data::Number(_) | Data::Mask(_) => &[],
        }
    }

    /// The truth values; none for other dtypes.
    pub fn as_masks(&self) -> &[S::Mask] {
        match &self.data {
            Data::Mask(elements) => elements,
            Data::Number(_) | Data::Int(_) => &[],
        }
    }

    fn len(&self) -> usize {
        match &self.data {
            Data::Number(elements) => elements.len(),
            Data::Int(elements) => elements.len(),
            Data::Mask(elements) => elements.len(),
        }
    }
}

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
    run(graph, world, inputs, false)
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
    run(graph, world, inputs, true)
}

fn run<S: Scalar>(
    graph: &Graph,
    world: &S::World,
    inputs: &[Tensor<S>],
    keep_all: bool,
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
        let machine = Machine { graph, world, node };
        let family = graph.op(node).family();
        let results = if let Family::Leaf(Leaf::Input(_)) = family {
            vec![Rc::new(next_input.next().cloned().ok_or(MISSING)?)]
        } else if let Family::Composite(composite) = family {
            machine.composite(composite, &operands)?
        } else {
            let ty = graph.ty(Value { node, result: 0 }).clone();
            let data = machine.evaluate(family, &operands, &ty)?;
            vec![Rc::new(Tensor { ty, data })]
        };
        values.push(results.into_iter().map(Some).collect());
        if !keep_all {
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
}

impl<S: Scalar> Machine<'_, S> {
    fn evaluate(&self, family: Family<'_>, x: &[Rc<Tensor<S>>], ty: &Type) -> Outcome<S> {
        match family {
            Family::Pointwise(rule) | Family::Discrete(rule) => pointwise(&rule, x),
            Family::Compare(comparison) => compare(comparison, &x[0], &x[1]),
            Family::Connect(connective) => connect(connective, &x[0], &x[1]),
            Family::Not => Ok(Data::Mask(masks(&x[0])?.iter().map(Logic::not).collect())),
            Family::Select => select(&x[0], &x[1], &x[2]),
            Family::Cast(dtype) => self.cast(&x[0], dtype),
            Family::View(view) => self.view(view, x, ty),
            Family::Fold(rule) => self.fold(&rule, &x[0], ty),
            Family::ArgFold(rule) => arg_fold(&rule, &x[0]),
            Family::Contract(op) => self.contract(op, &x[0], &x[1], ty),
            Family::Gather(op) => self.gather(op.picking(&x[1].ty), &x[0], &x[1], ty),
            Family::ScatterAdd(op) => self.scatter_add(op.picking(&x[1].ty), &x[0], &x[1], &x[2]),
            Family::Leaf(leaf) => self.leaf(leaf, ty),
            Family::Composite(_) => Err(InterpretError::Unverified("a composite in place")),
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

    fn cast(&self, x: &Tensor<S>, to: DType) -> Outcome<S> {
        let truth_to_int = |truth: &Truth| match truth {
            Ok(truth) => Int::new(to, i64::from(*truth)),
            Err(reason) => Int::unknown(to, *reason),
        };
        let constant = |value| S::constant(self.world, to, &Constant::integer(value));
        Ok(match (&x.data, to) {
            (Data::Number(v), DType::F32 | DType::F64) => {
                Data::Number(v.iter().map(|x| x.cast_float(to)).collect())
            }
            (Data::Number(v), DType::I32 | DType::I64 | DType::U32) => {
                Data::Int(v.iter().map(|x| x.to_int(to)).collect())
            }
            (Data::Number(v), DType::Bool) => Data::Mask(
                v.iter()
                    .map(|x| x.compare(Comparison::Ne, &x.int(0)))
                    .collect(),
            ),
            (Data::Int(v), DType::F32 | DType::F64) => {
                Data::Number(v.iter().map(|x| S::from_int(self.world, to, x)).collect())
            }
            (Data::Int(v), DType::I32 | DType::I64 | DType::U32) => {
                Data::Int(v.iter().map(|x| x.cast(to)).collect())
            }
            (Data::Int(v), DType::Bool) => {
                let nonzero = |x: &Int| S::Mask::known(x.value.map(|value| value != 0));
                Data::Mask(v.iter().map(nonzero).collect())
            }
            (Data::Mask(v), DType::F32 | DType::F64) => {
                let (one, zero) = (constant(1), constant(0));
                Data::Number(v.iter().map(|m| S::select(m, &one, &zero)).collect())
            }
            (Data::Mask(v), DType::I32 | DType::I64 | DType::U32) => {
                Data::Int(v.iter().map(|m| truth_to_int(&m.decide())).collect())
            }
            (Data::Mask(v), DType::Bool) => Data::Mask(v.clone()),
        })
    }

    fn view(&self, view: &dyn View, x: &[Rc<Tensor<S>>], ty: &Type) -> Outcome<S> {
        let types: Vec<&Type> = x.iter().map(|tensor| &tensor.ty).collect();
        let maps = view.maps(&types, ty);
        let fill = Tensor::<S>::full(self.world, &Type::scalar(ty.dtype), &view.fill());
        let source = |coordinates: &[i64]| source_of(&maps, &types, coordinates);
        let sources = (0..ty.elements()).map(|at| source(&ty.shape.unravel(at)));
        Ok(match &fill.data {
            Data::Number(fill) => {
                let parts: Vec<&[S]> = x.iter().map(|t| t.as_numbers()).collect();
                Data::Number(pick(sources, &parts, &fill[0]))
            }
            Data::Int(fill) => {
                let parts: Vec<&[Int]> = x.iter().map(|t| t.as_ints()).collect();
                Data::Int(pick(sources, &parts, &fill[0]))
            }
            Data::Mask(fill) => {
                let parts: Vec<&[S::Mask]> = x.iter().map(|t| t.as_masks()).collect();
                Data::Mask(pick(sources, &parts, &fill[0]))
            }
        })
    }

    fn fold(&self, rule: &FoldRule, x: &Tensor<S>, ty: &Type) -> Outcome<S> {
        let groups = Groups::new(&x.ty.shape, &rule.axes);
        Ok(match &x.data {
            Data::Number(v) => {
                let combine = |group: &[usize]| {
                    let mut elements = group.iter().map(|&at| v[at].clone());
                    match rule.monoid {
                        Monoid::Sum => S::sum_of(self.world, ty.dtype, &mut elements),
                        Monoid::Max | Monoid::Min => elements
                            .reduce(|a, b| rule.monoid.combine(&a, &b))
                            .unwrap_or_else(|| {
                                S::constant(self.world, ty.dtype, &rule.monoid.identity(ty.dtype))
                            }),
                    }
                };
                Data::Number(groups.map(combine))
            }
            Data::Int(v) => {
                let start = Int::constant(&(), ty.dtype, &rule.monoid.identity(ty.dtype));
                Data::Int(groups.map(|group| {
                    group
                        .iter()
                        .fold(start, |sum, &at| rule.monoid.combine(&sum, &v[at]))
                }))
            }
            Data::Mask(_) => return Err(NOT_NUMBERS),
        })
    }

    fn contract(&self, op: &DotGeneral, x: &Tensor<S>, y: &Tensor<S>, ty: &Type) -> Outcome<S> {
        let plan = Contraction::new(op, &x.ty.shape, &y.ty.shape);
        let pairs = |at: u64| plan.pairs(ty.shape.unravel(at));
        match (&x.data, &y.data) {
            (Data::Number(x), Data::Number(y)) => {
                let dot = |at| {
                    let mut terms = pairs(at).map(|(i, j)| (x[i].clone(), y[j].clone()));
                    S::dot_of(self.world, ty.dtype, &mut terms)
                };
                Ok(Data::Number((0..ty.elements()).map(dot).collect()))
            }
            (Data::Int(x), Data::Int(y)) => {
                let dot =
                    |at| Int::dot_of(&(), ty.dtype, &mut pairs(at).map(|(i, j)| (x[i], y[j])));
                Ok(Data::Int((0..ty.elements()).map(dot).collect()))
            }
            (_, _) => Err(NOT_NUMBERS),
        }
    }

    /// For each index, the row it picks; `None` when that is not known.
    fn rows(&self, indices: &Tensor<S>, extent: u64) -> Result<Vec<Option<u64>>, InterpretError> {
        let Data::Int(indices) = &indices.data else {
            return Err(NOT_INTS);
        };
        let row = |(position, index): (usize, &Int)| match index.value {
            Err(_) => Ok(None),
            Ok(index) => match u64::try_from(index).ok().filter(|&row| row < extent) {
                Some(row) => Ok(Some(row)),
                None => Err(InterpretError::IndexOutOfRange {
                    node: self.node,
                    span: self.graph.span(self.node),
                    position: position as u64,
                    index,
                    extent,
                }),
            },
        };
        indices.iter().enumerate().map(row).collect()
    }

    fn gather(&self, p: Picking, x: &Tensor<S>, indices: &Tensor<S>, ty: &Type) -> Outcome<S> {
        let rows = self.rows(indices, x.ty.shape.extent(p.axis))?;
        let place = |at: u64| {
            let coordinates = ty.shape.unravel(at);
            table_place(p, &coordinates, &x.ty.shape, &indices.ty.shape, &rows)
        };
        let places: Vec<Option<usize>> = (0..ty.elements()).map(place).collect();
        const OPEN: Undefined = Undefined("the index is not known");
        Ok(match &x.data {
            Data::Number(v) => {
                let nothing = || S::constant(self.world, ty.dtype, &Constant::Nan).undefined(OPEN);
                let element = |at: &Option<usize>| at.map_or_else(nothing, |at| v[at].clone());
                Data::Number(places.iter().map(element).collect())
            }
            Data::Int(v) => {
                let element = |at: &Option<usize>| {
                    at.map_or_else(|| Int::unknown(ty.dtype, OPEN), |at| v[at])
                };
                Data::Int(places.iter().map(element).collect())
            }
            Data::Mask(v) => {
                let element = |at: &Option<usize>| {
                    at.map_or_else(|| S::Mask::known(Err(OPEN)), |at| v[at].clone())
                };
                Data::Mask(places.iter().map(element).collect())
            }
        })
    }

    fn scatter_add(
        &self,
        p: Picking,
        x: &Tensor<S>,
        indices: &Tensor<S>,
        updates: &Tensor<S>,
    ) -> Outcome<S> {
        let rows = self.rows(indices, x.ty.shape.extent(p.axis))?;
        if rows.iter().any(Option::is_none) {
            return Err(InterpretError::Unverified(
                "an index of a scatter is not known",
            ));
        }
        // The updates of each element, in row-major order, after the element itself.
        let mut sources: Vec<Vec<usize>> = vec![Vec::new(); x.len()];
        for at in 0..updates.ty.elements() {
            let coordinates = updates.ty.shape.unravel(at);
            let place = table_place(p, &coordinates, &x.ty.shape, &indices.ty.shape, &rows)
                .ok_or(MISSING)?;
            sources[place].push(at as usize);
        }
        match (&x.data, &updates.data) {
            (Data::Number(x), Data::Number(u)) => {
                let sum = |(element, sources): (&S, &Vec<usize>)| {
                    if sources.is_empty() {
                        return element.clone();
                    }
                    let terms = sources.iter().map(|&at| u[at].clone());
                    let mut all = std::iter::once(element.clone()).chain(terms);
                    S::sum_of(self.world, updates.ty.dtype, &mut all)
                };
                Ok(Data::Number(x.iter().zip(&sources).map(sum).collect()))
            }
            (Data::Int(x), Data::Int(u)) => {
                let sum = |(element, sources): (&Int, &Vec<usize>)| {
                    sources.iter().fold(*element, |sum, &at| sum.add(&u[at]))
                };
                Ok(Data::Int(x.iter().zip(&sources).map(sum).collect()))
            }
            (_, _) => Err(NOT_NUMBERS),
        }
    }

    /// A composite op is what it decomposes into.
    fn composite(
        &self,
        composite: &dyn Composite,
        operands: &[Rc<Tensor<S>>],
    ) -> Result<Vec<Rc<Tensor<S>>>, InterpretError> {
        let builder = Builder::new(Graph::new(), self.graph.span(self.node));
        let mut inputs = Vec::with_capacity(operands.len());
        for operand in operands {
            let op = Input {
                dtype: operand.ty.dtype,
                shape: operand.ty.shape.clone(),
            };
            inputs.push(builder.apply(op, &[])?);
        }
        for result in composite.decompose(&builder, &inputs)? {
            builder.edit(|graph| graph.add_output("y", result));
        }
        let graph = builder.finish();
        let tensors: Vec<Tensor<S>> = operands.iter().map(|operand| (**operand).clone()).collect();
        let inner = run(&graph, self.world, &tensors, false)?;
        Ok(inner
            .outputs()
            .into_iter()
            .map(|tensor| Rc::new(tensor.clone()))
            .collect())
    }
}

/// Position along the axis of the first winner of each group. An element wins over another when it
/// is beyond it, or is NaN while the other is not.
fn arg_fold<S: Scalar>(rule: &ArgRule, x: &Tensor<S>) -> Outcome<S> {
    let groups = Groups::new(&x.ty.shape, &[rule.axis]);
    let positions = match &x.data {
        Data::Number(v) => groups.map(|group| first_winner(rule, v, group)),
        Data::Int(v) => groups.map(|group| first_winner(rule, v, group)),
        Data::Mask(_) => return Err(NOT_NUMBERS),
    };
    let int = |position: Result<i64, Undefined>| match position {
        Ok(position) => Int::new(rule.dtype, position),
        Err(reason) => Int::unknown(rule.dtype, reason),
    };
    Ok(Data::Int(positions.into_iter().map(int).collect()))
}

fn first_winner<T: Scalar>(rule: &ArgRule, x: &[T], group: &[usize]) -> Result<i64, Undefined> {
    let beyond = if rule.largest {
        Comparison::Gt
    } else {
        Comparison::Lt
    };
    let mut best = 0;
    for (position, &at) in group.iter().enumerate().skip(1) {
        let (challenger, champion) = (&x[at], &x[group[best]]);
        // Where an enclosure decides the comparison, neither side can be NaN.
        let is_nan = |x: &T| x.compare(Comparison::Ne, x).decide() == Ok(true);
        let wins = challenger.compare(beyond, champion).decide()?;
        if wins || (is_nan(challenger) && !is_nan(champion)) {
            best = position;
        }
    }
    Ok(best as i64)
}

fn masks<S: Scalar>(x: &Tensor<S>) -> Result<&[S::Mask], InterpretError> {
    match &x.data {
        Data::Mask(elements) => Ok(elements),
        Data::Number(_) | Data::Int(_) => Err(NOT_MASKS),
    }
}

fn pointwise<S: Scalar>(rule: &Rule, x: &[Rc<Tensor<S>>]) -> Outcome<S> {
    let (root, order) = (rule.value(), rule.reachable(&[rule.value()]));
    match &x[0].data {
        Data::Number(_) => {
            let columns: Vec<&[S]> = x.iter().map(|tensor| tensor.as_numbers()).collect();
            Ok(Data::Number(rows(rule, &order, root, &columns)))
        }
        Data::Int(_) => {
            let columns: Vec<&[Int]> = x.iter().map(|tensor| tensor.as_ints()).collect();
            Ok(Data::Int(rows(rule, &order, root, &columns)))
        }
        Data::Mask(_) => Err(NOT_NUMBERS),
    }
}

fn rows<T: Scalar>(rule: &Rule, order: &[ExprId], root: ExprId, columns: &[&[T]]) -> Vec<T> {
    let count = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    let row = |at: usize| {
        let inputs: Vec<T> = columns.iter().map(|column| column[at].clone()).collect();
        rule.evaluate_in(order, root, &inputs)
    };
    (0..count).map(row).collect()
}

fn compare<S: Scalar>(comparison: Comparison, x: &Tensor<S>, y: &Tensor<S>) -> Outcome<S> {
    let known = |truth: Truth| S::Mask::known(truth);
    Ok(Data::Mask(match (&x.data, &y.data) {
        (Data::Number(x), Data::Number(y)) => x
            .iter()
            .zip(y)
            .map(|(x, y)| x.compare(comparison, y))
            .collect(),
        (Data::Int(x), Data::Int(y)) => x
            .iter()
            .zip(y)
            .map(|(x, y)| known(x.compare(comparison, y)))
            .collect(),
        (Data::Mask(x), Data::Mask(y)) => {
            let holds = |x: &S::Mask, y: &S::Mask| Ok(comparison.holds(&x.decide()?, &y.decide()?));
            x.iter().zip(y).map(|(x, y)| known(holds(x, y))).collect()
        }
        (_, _) => return Err(InterpretError::Unverified("operands of different dtypes")),
    }))
}

fn connect<S: Scalar>(connective: Connective, x: &Tensor<S>, y: &Tensor<S>) -> Outcome<S> {
    let pairs = masks(x)?.iter().zip(masks(y)?);
    Ok(Data::Mask(
        pairs.map(|(x, y)| x.connect(connective, y)).collect(),
    ))
}

fn select<S: Scalar>(mask: &Tensor<S>, x: &Tensor<S>, y: &Tensor<S>) -> Outcome<S> {
    let mask = masks(mask)?;
    Ok(match (&x.data, &y.data) {
        (Data::Number(x), Data::Number(y)) => Data::Number(
            mask.iter()
                .zip(x.iter().zip(y))
                .map(|(m, (x, y))| S::select(m, x, y))
                .collect(),
        ),
        (Data::Int(x), Data::Int(y)) => Data::Int(
            mask.iter()
                .zip(x.iter().zip(y))
                .map(|(m, (x, y))| Int::select(&m.decide(), x, y))
                .collect(),
        ),
        (Data::Mask(x), Data::Mask(y)) => Data::Mask(
            mask.iter()
                .zip(x.iter().zip(y))
                .map(|(m, (x, y))| {
                    let yes = m.connect(Connective::And, x);
                    yes.connect(Connective::Or, &m.not().connect(Connective::And, y))
                })
                .collect(),
        ),
        (_, _) => return Err(InterpretError::Unverified("operands of different dtypes")),
    })
}

/// Which operand element stands at a result coordinate of a view.
fn source_of(maps: &[IndexMap], types: &[&Type], coordinates: &[i64]) -> Option<(usize, usize)> {
    maps.iter().enumerate().find_map(|(operand, map)| {
        let place = map.eval(coordinates)?;
        Some((operand, types[operand].shape.ravel(&place)? as usize))
    })
}

fn pick<T: Clone>(
    sources: impl Iterator<Item = Option<(usize, usize)>>,
    parts: &[&[T]],
    fill: &T,
) -> Vec<T> {
    let element = |source: Option<(usize, usize)>| match source {
        Some((operand, at)) => parts[operand][at].clone(),
        None => fill.clone(),
    };
    sources.map(element).collect()
}

fn empty_like<S: Scalar>(dtype: DType) -> Data<S> {
    if dtype.is_float() {
        Data::Number(Vec::new())
    } else if dtype.is_integer() {
        Data::Int(Vec::new())
    } else {
        Data::Mask(Vec::new())
    }
}

fn append<S: Scalar>(whole: &mut Data<S>, part: Data<S>) {
    match (whole, part) {
        (Data::Number(whole), Data::Number(part)) => whole.extend(part),
        (Data::Int(whole), Data::Int(part)) => whole.extend(part),
        (Data::Mask(whole), Data::Mask(part)) => whole.extend(part),
        // Parts are made with the dtype of the whole.
        (Data::Number(_) | Data::Int(_) | Data::Mask(_), _) => {}
    }
}

/// The elements that each result of a fold combines, in row-major order.
struct Groups {
    members: Vec<Vec<usize>>,
}

impl Groups {
    fn new(shape: &Shape, axes: &[usize]) -> Self {
        let kept = shape.with_ones(axes);
        let mut members = vec![Vec::new(); kept.elements() as usize];
        for at in 0..shape.elements() {
            let mut coordinates = shape.unravel(at);
            for &axis in axes {
                coordinates[axis] = 0;
            }
            if let Some(group) = kept.ravel(&coordinates) {
                members[group as usize].push(at as usize);
            }
        }
        Groups { members }
    }

    fn map<T>(&self, combine: impl Fn(&[usize]) -> T) -> Vec<T> {
        self.members.iter().map(|group| combine(group)).collect()
    }
}

/// The strides that each result and contracting axis has in the two operands of a contraction.
struct Contraction {
    result: Vec<[u64; 2]>,
    inner_shape: Shape,
    inner: Vec<[u64; 2]>,
}

impl Contraction {
    fn new(op: &DotGeneral, x: &Shape, y: &Shape) -> Self {
        let axes = op.axes(x.rank(), y.rank());
        let (sx, sy) = (x.strides(), y.strides());
        let both = |pair: [&[usize]; 2]| -> Vec<[u64; 2]> {
            pair[0]
                .iter()
                .zip(pair[1])
                .map(|(&a, &b)| [sx[a], sy[b]])
                .collect()
        };
        let mut result = both([&axes.batch[0], &axes.batch[1]]);
        result.extend(axes.free[0].iter().map(|&a| [sx[a], 0]));
        result.extend(axes.free[1].iter().map(|&b| [0, sy[b]]));
        Contraction {
            result,
            inner_shape: Shape::new(axes.contract[0].iter().map(|&a| x.extent(a))),
            inner: both([&axes.contract[0], &axes.contract[1]]),
        }
    }

    /// The positions in both operands of the factors of one result element.
    fn pairs<C: AsRef<[i64]>>(
        &self,
        coordinates: C,
    ) -> impl Iterator<Item = (usize, usize)> + use<'_, C> {
        let place = |coordinates: &[i64], strides: &[[u64; 2]], side: usize| -> u64 {
            coordinates
                .iter()
                .zip(strides)
                .map(|(&c, stride)| c as u64 * stride[side])
                .sum()
        };
        let base = [0, 1].map(|side| place(coordinates.as_ref(), &self.result, side));
        (0..self.inner_shape.elements()).map(move |at| {
            let inner = self.inner_shape.unravel(at);
            let at = [0, 1].map(|side| base[side] + place(&inner, &self.inner, side));
            (at[0] as usize, at[1] as usize)
        })
    }
}

/// Where in the table the picked element at `coordinates` stands; `None` when its row is not known.
fn table_place(
    p: Picking,
    coordinates: &[i64],
    table: &Shape,
    indices: &Shape,
    rows: &[Option<u64>],
) -> Option<usize> {
    let at: Vec<i64> = p.index_axes().map(|axis| coordinates[axis]).collect();
    let row = rows[indices.ravel(&at)? as usize]?;
    let place: Vec<i64> = (0..table.rank())
        .map(|axis| {
            p.table_axis(axis)
                .map_or(row as i64, |axis| coordinates[axis])
        })
        .collect();
    table.ravel(&place).map(|place| place as usize)
}
