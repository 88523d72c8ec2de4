//! Random graphs, for tests that compare one way of running a graph with another.
//!
//! A [`Generator`] composes the examples of the op table: each step picks an example, feeds its
//! inputs with values that exist, adapted in shape and dtype, and keeps its results. So every op that
//! states an example takes part, with the attributes of its examples, at every dtype at which they
//! elaborate, and an op added to the table is covered by being there. Operands are kept inside the
//! domain that the op's guards state, indices in range, and values of moderate size.
//!
//! Beside the examples of the table there are some of its compositions which examples do not reach by
//! themselves, or hardly ever.
//!
//! A graph is a function of a list of *choices*, so a property-testing library that shrinks the list
//! shrinks the graph.

use crate::builder::Builder;
use crate::constant::Constant;
use crate::dtype::DType;
use crate::graph::{Graph, Value, Values};
use crate::interpret::Tensor;
use crate::lang::example;
use crate::op::{Abs, BitAnd, Cast, Family, Full, Guard, Input, Op, Rem, SPECS, Square, TypeError};
use crate::scalar::Scalar;
use crate::shape::{Shape, Type};
use crate::span::Span;
use rustc_hash::FxHashMap;

/// An example that a step can instantiate.
struct Template {
    graph: Graph,
    roles: Vec<Role>,
}

/// What the value of a template's input must be like.
#[derive(Clone, Debug)]
enum Role {
    /// Anything.
    Free,
    /// Above a bound.
    Above(f64),
    /// An index below an extent.
    Index(u64),
}

/// Composes examples of the op table into graphs.
pub struct Generator {
    templates: Vec<Template>,
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Generator of {} templates", self.templates.len())
    }
}

impl Default for Generator {
    fn default() -> Self {
        Generator::new()
    }
}

/// Choices that one step of a random graph consumes.
pub const CHOICES_PER_STEP: usize = 6;

/// Types of the inputs that every random graph has.
const INPUTS: [(DType, &[u64]); 5] = [
    (DType::F32, &[2, 3]),
    (DType::F32, &[4]),
    (DType::F64, &[3, 2]),
    (DType::I32, &[5]),
    (DType::Bool, &[2, 2]),
];

/// Rewrites of an example's text to other dtypes.
const VARIANTS: [&[(&str, &str)]; 9] = [
    &[],
    &[("f32", "f64")],
    &[("f32", "f16")],
    &[("f32", "bf16")],
    &[("f32", "i64")],
    &[("f32", "u32")],
    &[("f32", "bool")],
    &[("i32", "i64")],
    &[("i32", "u32")],
];

/// Compositions that matter to passes: integers that wrap around and differences of positions, views of views
/// whose attributes differ, choices whose branches depend on their condition, products of odd sizes whose
/// epilogues read other views, folds behind several groups.
const COMPOSITIONS: [&str; 24] = [
    "(x: i32[5], y: i32[5]) -> x - y",
    "(x: i32[5], y: i32[5]) -> x * 3 + y",
    "(x: i32[5]) -> x * 1000000007 + x",
    "(x: i32[5]) -> x + 2147483647",
    "(x: u32[5], y: u32[5]) -> x - y",
    "(x: i64[4]) -> x * 4611686018427387907 - x",
    "(x: f32[5], y: f32[5]) -> argsort(x, axis = 0, dtype = i32) - argsort(y, axis = 0, dtype = i32)",
    "(x: i32[5], i: f32[5]) -> gather(x, abs(argsort(i, axis = 0) - 2), axis = 0)",
    "(x: f32[4]) -> pad(argsort(x, axis = 0, dtype = i32), low = [1], high = [0], value = -1)",
    "(x: f32[4]) -> pad(pad(argsort(x, axis = 0, dtype = i32), low = [1], high = [1], value = 9), low = [1], high = [0], value = -1)",
    "(x: i32[6]) -> select(x > 2, x, 2 - x)",
    "(x: i32[4]) -> pad(pad(x, low = [1], high = [0], value = 7), low = [0], high = [2], value = -1)",
    "(x: f32[2, 3]) -> pad(pad(x, low = [1, 0], high = [0, 1], value = 2), low = [0, 1], high = [1, 0], value = -1)",
    "(x: f32[2, 3]) -> pad(pad(x, low = [1, 0], high = [0, 1]), low = [1, 1], high = [0, 0], value = -1)",
    "(x: f32[6]) -> slice(pad(x, low = [2], high = [1], value = 3), start = [1], limit = [8], step = [3])",
    "(x: f32[3, 4]) -> reverse(pad(transpose(x, permutation = [1, 0]), low = [0, 1], high = [1, 0], value = -1), axes = [0])",
    "(x: f32[4]) -> select(x > 0.5, x, 0.5 - x)",
    "(x: f32[4]) -> select(x <= 0, 1 - x, sqrt(x))",
    "(x: f32[5], y: f32[5]) -> select(x < 0.25, max(x, y), min(x, y))",
    "(x: f32[5, 7], y: f32[7, 3], b: f32[3]) -> relu(x @ y + b)",
    "(x: f32[7, 5], y: f32[5, 9], z: f32[9, 7]) -> x @ y + transpose(z, permutation = [1, 0])",
    "(x: f32[3, 17], y: f32[17, 5], b: f32[5]) -> tanh(x @ y) * reverse(b, axes = [0])",
    "(x: f32[6, 9]) -> sum(softmax(x, axis = 1) * reverse(x, axes = [1]), axes = [0])",
    "(x: f32[6, 9]) -> sum(x - mean(x, axes = [1], keepdims = true), axes = [0])",
];

impl Generator {
    /// A generator with every example of the table, at every dtype at which it elaborates.
    pub fn new() -> Self {
        let mut templates = Vec::new();
        let examples = SPECS.iter().flat_map(|spec| spec.examples);
        for text in examples.chain(&COMPOSITIONS) {
            for variant in VARIANTS {
                let changed = variant
                    .iter()
                    .fold(text.to_string(), |text, (from, to)| text.replace(from, to));
                if !variant.is_empty() && changed == *text {
                    continue;
                }
                if let Ok(entry) = example(&changed) {
                    let roles = roles(&entry.graph);
                    templates.push(Template {
                        graph: entry.graph,
                        roles,
                    });
                }
            }
        }
        Generator { templates }
    }

    /// Number of templates: the first choice of a step, modulo this, picks one.
    pub fn len(&self) -> usize {
        self.templates.len()
    }

    /// Whether there is no template.
    pub fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// The graph that a list of choices stands for. Its last output, `loss`, is a float scalar that
    /// depends on the others.
    ///
    /// # Errors
    /// An adapted operand does not type-check, which is a bug of the generator.
    pub fn graph(&self, choices: &[u16]) -> Result<Graph, TypeError> {
        let b = Builder::new(Graph::new(), Span::SYNTHETIC);
        let mut pool = Vec::new();
        for (position, (dtype, extents)) in INPUTS.iter().enumerate() {
            let shape = Shape::new(extents.iter().copied());
            let input = b.apply(
                Input {
                    dtype: *dtype,
                    shape,
                },
                &[],
            )?;
            b.edit(|graph| graph.set_name(input.node, &format!("x{position}")));
            pool.push(input);
        }
        for step in choices.chunks_exact(CHOICES_PER_STEP) {
            let template = &self.templates[usize::from(step[0]) % self.templates.len().max(1)];
            let mut arguments = Values::new();
            for (position, input) in template.graph.inputs().iter().enumerate() {
                let choice =
                    usize::from(step[1 + position % (CHOICES_PER_STEP - 2)]) + position / 4;
                let ty = template.graph.ty(*input);
                let source = source(&b, &pool, choice, ty.dtype);
                let value = adapt(&b, source, ty)?;
                arguments.push(restrict(&b, value, &template.roles[position])?);
            }
            for result in instantiate(&b, template, &arguments)? {
                let tame = step[CHOICES_PER_STEP - 1] % 4 != 0;
                pool.push(if tame { soften(&b, result)? } else { result });
            }
        }
        declare_outputs(&b, &pool)?;
        Ok(b.finish())
    }
}

/// The roles of a template's inputs, by what reads them.
fn roles(graph: &Graph) -> Vec<Role> {
    let mut roles = vec![Role::Free; graph.inputs().len()];
    let place: FxHashMap<Value, usize> = graph
        .inputs()
        .iter()
        .enumerate()
        .map(|(at, value)| (*value, at))
        .collect();
    for node in graph.nodes() {
        let operands = graph.operands(node);
        let spec = graph.op(node).spec();
        for (slot, operand) in operands.iter().enumerate() {
            let Some(&at) = place.get(operand) else {
                continue;
            };
            for guard in graph.op(node).guards() {
                match guard {
                    Guard::Above { operand, bound } if operand == slot => {
                        roles[at] = Role::Above(bound.to_f64());
                    }
                    Guard::Nonzero { operand } if operand == slot => roles[at] = Role::Above(0.0),
                    Guard::Above { .. }
                    | Guard::Nonzero { .. }
                    | Guard::Off { .. }
                    | Guard::Distinct { .. }
                    | Guard::UniqueWinner { .. }
                    | Guard::OffLattice { .. }
                    | Guard::NoTies { .. } => {}
                }
            }
            let is_index = matches!(spec.operands.get(slot), Some(&("indices" | "labels")))
                && slot > 0
                && graph.ty(*operand).dtype.is_integer();
            if is_index {
                let extents = graph.ty(operands[0]).shape.extents().min();
                roles[at] = Role::Index(extents.unwrap_or(1).max(1));
            }
        }
    }
    roles
}

/// A value of the pool: the chosen one, or the next that converts to `dtype` without loss of sense
/// (integers are not made of floats, whose rounding would decide them).
fn source(b: &Builder, pool: &[Value], choice: usize, dtype: DType) -> Value {
    let fits = |value: &Value| dtype.is_float() || !b.ty(*value).dtype.is_float();
    (0..pool.len())
        .map(|step| pool[(choice + step) % pool.len()])
        .find(fits)
        .unwrap_or(pool[0])
}

/// The value as a tensor of another type: cast, then repeated or cut in row-major order.
fn adapt(b: &Builder, value: Value, ty: &Type) -> Result<Value, TypeError> {
    let have = b.ty(value);
    let value = if have.dtype == ty.dtype {
        value
    } else {
        b.apply(Cast { dtype: ty.dtype }, &[value])?
    };
    let (count, wanted) = (have.elements(), ty.elements());
    if count == 0 {
        return b.full(ty, &Constant::integer(0));
    }
    let flat = b.reshape(value, &Shape::new([count]))?;
    let copies = wanted.div_ceil(count).max(1);
    let repeated = b.broadcast_in_dim(flat, &Shape::new([copies, count]), &[1])?;
    let long = b.reshape(repeated, &Shape::new([copies * count]))?;
    let cut = if copies * count == wanted {
        long
    } else {
        b.slice(long, &[0], &[wanted], &[1])?
    };
    b.reshape(cut, &ty.shape)
}

/// The value moved into the domain of what reads it.
fn restrict(b: &Builder, value: Value, role: &Role) -> Result<Value, TypeError> {
    let ty = b.ty(value);
    match role {
        Role::Free => Ok(value),
        Role::Above(bound) => {
            let margin = if ty.dtype.is_float() { 0.5 } else { 1.0 };
            let offset = b.full(&ty, &Constant::from_f64(bound + margin))?;
            b.add(b.apply(Abs {}, &[value])?, offset)
        }
        Role::Index(extent) => {
            let positive = b.full(&ty, &Constant::integer(0x7fff))?;
            let extent = b.full(&ty, &Constant::integer(*extent as i64))?;
            let masked = b.apply(BitAnd {}, &[value, positive])?;
            b.apply(Rem {}, &[masked, extent])
        }
    }
}

/// x / (1 + |x|) of floats, which keeps magnitudes below 1.
fn soften(b: &Builder, value: Value) -> Result<Value, TypeError> {
    let ty = b.ty(value);
    if !ty.dtype.is_float() {
        return Ok(value);
    }
    let one = b.full(&ty, &Constant::integer(1))?;
    let size = b.add(one, b.apply(Abs {}, &[value])?)?;
    b.div(value, size)
}

/// Copies a template onto its arguments; its results.
fn instantiate(
    b: &Builder,
    template: &Template,
    arguments: &Values,
) -> Result<Vec<Value>, TypeError> {
    let graph = &template.graph;
    let mut map: FxHashMap<Value, Value> = graph
        .inputs()
        .iter()
        .copied()
        .zip(arguments.iter().copied())
        .collect();
    for node in graph.nodes() {
        if matches!(graph.op(node), Op::Input(_)) {
            continue;
        }
        let operands: Values = graph
            .operands(node)
            .iter()
            .filter_map(|operand| map.get(operand).copied())
            .collect();
        let copy = b.node(graph.op(node).clone(), &operands)?;
        for result in graph.results(node) {
            map.insert(
                result,
                Value {
                    node: copy,
                    result: result.result,
                },
            );
        }
    }
    Ok(graph
        .outputs()
        .iter()
        .filter_map(|output| map.get(&output.value).copied())
        .collect())
}

/// Declares the newest values as outputs, and a loss: the sum of the squares of the floats among
/// them.
fn declare_outputs(b: &Builder, pool: &[Value]) -> Result<(), TypeError> {
    const OUTPUTS: usize = 6;
    let scalar = Type::scalar(DType::F64);
    let mut loss = b.apply(Full::stored(&scalar, &Constant::integer(0)), &[])?;
    for (position, value) in pool.iter().rev().take(OUTPUTS).enumerate() {
        b.edit(|graph| graph.add_output(format!("y{position}"), *value));
        let ty = b.ty(*value);
        if ty.dtype.is_float() {
            let square = b.apply(Square {}, &[soften(b, *value)?])?;
            let all: Vec<usize> = (0..ty.shape.rank()).collect();
            loss = b.add(loss, b.cast(b.sum(square, &all, false)?, DType::F64)?)?;
        }
    }
    b.edit(|graph| graph.add_output("loss", loss));
    Ok(())
}

/// How large numbers are. What rounds or overflows at one size may not at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// About 1.
    Moderate,
    /// Far from 1, where products of three are still in the range of f32; of f16, next to the largest.
    Large,
    /// As far below 1; of f16, next to the smallest that have all their digits.
    Small,
    /// Large and small, in turns from input to input.
    Mixed,
}

impl Scale {
    /// All of them.
    pub const ALL: [Scale; 4] = [Scale::Moderate, Scale::Large, Scale::Small, Scale::Mixed];

    /// The binary logarithm of what moderate numbers of a dtype are multiplied by, in the input at a
    /// position.
    pub const fn exponent(self, dtype: DType, position: usize) -> i32 {
        let (large, small) = match dtype {
            DType::F16 => (13, -11),
            DType::Bf16 | DType::F32 | DType::F64 => (40, -40),
            DType::Bool | DType::I32 | DType::I64 | DType::U32 => (0, 0),
        };
        match self {
            Scale::Moderate => 0,
            Scale::Large => large,
            Scale::Small => small,
            Scale::Mixed if position.is_multiple_of(2) => large,
            Scale::Mixed => small,
        }
    }

    /// In words, as in "with large inputs".
    pub const fn name(self) -> &'static str {
        match self {
            Scale::Moderate => "moderate",
            Scale::Large => "large",
            Scale::Small => "small",
            Scale::Mixed => "large and small",
        }
    }
}

/// As [`sample_inputs_at`], of moderate size.
pub fn sample_inputs<S: Scalar>(graph: &Graph, number: impl Fn(DType, f64) -> S) -> Vec<Tensor<S>> {
    sample_inputs_at(graph, Scale::Moderate, number)
}

/// Inputs for a graph: numbers between −2.3 and 2.3, or as many times as large as the scale says, that their
/// dtype and f32 hold exactly, without ties or zeros; small integers of both signs; truth values of both
/// kinds. What is declared to lie in a range does. `number` makes the elements.
pub fn sample_inputs_at<S: Scalar>(
    graph: &Graph,
    scale: Scale,
    number: impl Fn(DType, f64) -> S,
) -> Vec<Tensor<S>> {
    sample_inputs_in(graph, scale, 0, number)
}

/// As [`sample_inputs_at`], with other numbers in each round.
pub fn sample_inputs_in<S: Scalar>(
    graph: &Graph,
    scale: Scale,
    round: u64,
    number: impl Fn(DType, f64) -> S,
) -> Vec<Tensor<S>> {
    let tensor = |(position, input): (usize, &Value)| {
        let ty = graph.ty(*input).clone();
        let (dtype, count) = (ty.dtype, ty.elements());
        let range = graph.range(input.node);
        let size = 2.3 * f64::from(scale.exponent(dtype, position)).exp2();
        let real = |i: u64| {
            let unit = (i as f64 + 1.37 * position as f64 + 0.61 + 2.19 * round as f64).sin();
            let x = range.map_or(size * unit, |range| within(range, unit, size));
            dtype
                .half()
                .map_or(f64::from(x as f32), |half| half.round(x))
        };
        match dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
                Tensor::numbers(ty, (0..count).map(|i| number(dtype, real(i))).collect())
            }
            DType::I32 | DType::I64 | DType::U32 => {
                Tensor::integers(ty, (0..count).map(|i| i as i64 * 7 - 11))
            }
            DType::Bool => Tensor::masks(ty.shape, (0..count).map(|i| i % 3 != 1)),
        }
    };
    graph.inputs().iter().enumerate().map(tensor).collect()
}

/// A number in the inside of a range, which moves along with `unit` between −1 and 1; no farther than `size`
/// from where the range begins or ends, if it has one end.
fn within((low, high): (f64, f64), unit: f64, size: f64) -> f64 {
    let share = (unit + 1.0) * 0.49 + 0.01;
    match (low.is_finite(), high.is_finite()) {
        (true, true) => low + (high - low) * share,
        (true, false) => low + size * share,
        (false, true) => high - size * share,
        (false, false) => size * unit,
    }
}

/// Names of the families of the ops in a graph, for coverage reports.
pub fn family_name(op: &Op) -> &'static str {
    match op.family() {
        Family::Pointwise(_) => "pointwise",
        Family::Discrete(_) => "discrete",
        Family::Compare(_) => "compare",
        Family::Connect(_) | Family::Not => "logic",
        Family::Select => "select",
        Family::Cast(_) => "cast",
        Family::View(_) => "view",
        Family::Fold(_) => "fold",
        Family::ArgFold(_) => "argfold",
        Family::Prefix(_) => "prefix",
        Family::ArgSort(_) => "argsort",
        Family::Contract(_) => "contract",
        Family::Gather(_) => "gather",
        Family::ScatterAdd(_) => "scatter_add",
        Family::Leaf(_) => "leaf",
        Family::Barrier => "barrier",
        Family::Scan(_) => "scan",
        Family::Cond(_) => "cond",
        Family::Composite(_) => "composite",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::gradient;
    use crate::interpret::interpret;
    use crate::rewrite::optimize;
    use crate::scalar::Interval;
    use crate::verify::verify;
    use proptest::prelude::*;

    #[test]
    fn every_composition_elaborates() {
        for text in COMPOSITIONS {
            verify(&example(text).unwrap().graph).unwrap();
        }
    }

    #[test]
    fn every_template_makes_a_graph() {
        let generator = Generator::new();
        let mut seen: Vec<&str> = Vec::new();
        for template in 0..generator.len() as u16 {
            let graph = generator.graph(&[template, 0, 1, 2, 3, 1]).unwrap();
            verify(&graph).unwrap();
            interpret(&graph, &(), &sample_inputs(&graph, |_, x| x)).unwrap();
            seen.extend(graph.nodes().map(|node| graph.op(node).spec().name));
        }
        for spec in SPECS {
            assert!(
                seen.contains(&spec.name),
                "`{}` is in no random graph",
                spec.name
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn optimization_keeps_values_and_gradients(
            choices in proptest::collection::vec(any::<u16>(), 6..60)
        ) {
            let generator = Generator::new();
            let graph = generator.graph(&choices).unwrap();
            verify(&graph).unwrap();
            let last = graph.outputs().len() - 1;
            let derived = gradient(&graph, last, &[0, 1, 2]).unwrap();
            verify(&derived).unwrap();
            let (optimized, _, _) = optimize(&derived, true).unwrap();
            let enclosure = interpret(&derived, &(), &sample_inputs(&graph, Interval::point)).unwrap();
            let value = interpret(&optimized, &(), &sample_inputs(&graph, |_, x| x)).unwrap();
            for (enclosure, value) in enclosure.outputs().iter().zip(value.outputs()) {
                for (e, v) in enclosure.as_numbers().iter().zip(value.as_numbers()) {
                    prop_assert!(e.contains(*v), "{v} is outside {e:?}");
                }
                for (e, v) in enclosure.as_ints().iter().zip(value.as_ints()) {
                    prop_assert!(e.value.is_err() || e.value == v.value);
                }
            }
        }
    }
}
