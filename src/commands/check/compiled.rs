//! The compiled code of an entry against the enclosure of everything that rounding may yield.
//!
//! The graph is interpreted over intervals, which enclose the exact result and that of any compiled
//! program within the error bounds of its primitives; the entry is compiled into this process and run
//! on the same inputs. Integers and truth values must be equal wherever the enclosures decide them. What the program
//! stores on its way is compared as well, and what follows is enclosed by it (`observed.rs`).

use super::comparison::{Comparison, Precision, Share};
use super::observed::{Observed, enclose};
use super::samples::Samples;
use crate::Failure;
use crate::driver::Session;
use crate::lowered::Lowered;
use crate::stage::Stage;
use lgc_codegen::backend::cranelift::CompiledEntry;
use lgc_codegen::kernel::Program;
use lgc_ir::dtype::DType;
use lgc_ir::generate::Scale;
use lgc_ir::graph::Value;
use lgc_ir::half::Half;
use lgc_ir::interpret::{Data, InterpretError, Tensor, interpret};
use lgc_ir::laws::work;
use lgc_ir::module::Entry;
use lgc_ir::scalar::{Interval, Logic};
use lgc_ir::shape::Type;
use rustc_hash::FxHashMap;

/// An entry whose interpretation takes more scalar operations than this is not interpreted, unless more
/// effort is asked for.
pub(super) const MAX_OPERATIONS: u64 = 5_000_000;

/// Compiles an entry, runs it on samples of its inputs, and compares every output with its enclosure.
pub(super) fn compare(
    entry: &Entry,
    effort: u64,
    session: &mut Session,
) -> Result<Comparison, Failure> {
    let limit = MAX_OPERATIONS.saturating_mul(effort);
    let operations = work(&entry.graph).map_err(Failure::internal)?;
    if operations > limit {
        return Ok(Comparison::TooLarge(operations));
    }
    let lowered = Lowered::of(entry, session)?;
    let observed = Observed::of(entry, &lowered);
    let code = session.jit(&observed.program(&lowered.program))?;
    let samples = Samples::of(&entry.graph, operations, limit)?;
    compare_all(entry, &Subject { code, observed }, &samples, session)
}

/// Code, and what it stores beside its results.
struct Subject {
    code: CompiledEntry,
    observed: Observed,
}

/// Runs the code of an entry on each sample, and compares.
fn compare_all(
    entry: &Entry,
    subject: &Subject,
    samples: &Samples,
    session: &mut Session,
) -> Result<Comparison, Failure> {
    let mut total = Inside::default();
    let mut refused = 0;
    for sample in 0..samples.count {
        match compare_at(entry, subject, samples, sample, session)? {
            Found::Inside(here) => total.merge(here),
            Found::BothRefuse => refused += 1,
            Found::Outside(what) => {
                return Ok(Comparison::Outside(match samples.scale(sample) {
                    Scale::Moderate => what,
                    scale @ (Scale::Large | Scale::Small | Scale::Mixed) => {
                        format!("with {} inputs, {what}", scale.name())
                    }
                }));
            }
        }
    }
    let samples_inside = samples.count - refused;
    Ok(match (samples_inside, total.outright.all) {
        (0, _) => Comparison::BothRefuse,
        (_, 0) => Comparison::Empty,
        (_, _) => Comparison::Inside {
            stored: total.stored,
            outright: total.outright,
            samples: samples_inside,
            scales: samples.scales(),
            refused,
            precision: total.precision,
        },
    })
}

/// What one sample shows.
enum Found {
    /// Everything lies in its enclosure.
    Inside(Inside),
    /// Both refuse.
    BothRefuse,
    /// A value is outside.
    Outside(String),
}

/// What lies inside, and how much that tells.
#[derive(Default)]
struct Inside {
    stored: Share,
    outright: Share,
    precision: Precision,
}

impl Inside {
    fn merge(&mut self, other: Inside) {
        self.stored.merge(other.stored);
        self.outright.merge(other.outright);
        self.precision = self.precision.and(other.precision);
    }
}

/// Runs the code of an entry on one sample, and compares.
fn compare_at(
    entry: &Entry,
    subject: &Subject,
    samples: &Samples,
    sample: usize,
    session: &mut Session,
) -> Result<Found, Failure> {
    let enclosures = session.time(Stage::Check, || {
        interpret(&entry.graph, &(), &samples.inputs(sample, Interval::point))
    });
    let types = subject.observed.types();
    let inputs = samples.inputs(sample, |_, x| x);
    let execution = call(entry, &subject.code, types, &inputs, session)?;
    let enclosures = match (enclosures, execution.status) {
        (Ok(enclosures), 0) => enclosures,
        (Err(InterpretError::IndexOutOfRange { .. }), 1..) => return Ok(Found::BothRefuse),
        (Ok(_), status) => return Ok(Found::Outside(format!("status {status}"))),
        (Err(InterpretError::IndexOutOfRange { .. }), _) => {
            return Ok(Found::Outside(
                "an index out of range is not reported".into(),
            ));
        }
        (Err(error), _) => return Err(Failure::internal(error)),
    };
    let is_moderate = samples.scale(sample) == Scale::Moderate;
    let mut found = Inside::default();
    let outputs = entry.graph.outputs().iter();
    for ((output, enclosure), bytes) in outputs.zip(enclosures.outputs()).zip(execution.outputs()) {
        match inside(enclosure, bytes) {
            Ok(decided) => found.outright.add(enclosure, decided),
            Err(what) => return Ok(Found::Outside(format!("`{}`: {what}", output.name))),
        }
    }
    let local = session.time(Stage::Check, || {
        let inputs = samples.inputs(sample, Interval::point);
        by_those_before(entry, subject, &inputs, &execution)
    })?;
    let (stored, width) = match local {
        Ok(found) => found,
        Err(what) => return Ok(Found::Outside(what)),
    };
    found.stored = stored;
    if is_moderate {
        found.precision = width;
        let double = interpret::<f64>(&entry.graph, &(), &inputs).ok();
        let doubles = double.iter().flat_map(|double| double.outputs());
        for (double, bytes) in doubles.zip(execution.outputs()) {
            found.precision = found.precision.and(Precision::distance(double, bytes));
        }
    }
    Ok(Found::Inside(found))
}

/// How much of what is stored is enclosed by what was computed before it, and how closely; or what lies outside.
fn by_those_before(
    entry: &Entry,
    subject: &Subject,
    inputs: &[Tensor<Interval>],
    execution: &Execution,
) -> Result<Result<(Share, Precision), String>, Failure> {
    let graph = &entry.graph;
    let (mut share, mut width, mut wrong) = (Share::default(), Precision::default(), None);
    let mut known = vec![false; subject.observed.types().len()];
    let mut before: FxHashMap<Value, Tensor<Interval>> = FxHashMap::default();
    let place = |value| subject.observed.place(value);
    let held = execution.extra.as_slice();
    let enclosures = enclose(
        graph,
        inputs,
        (&place, held),
        &mut |value, enclosure, (place, bytes)| {
            match inside(enclosure, bytes) {
                // Values that became one are counted once.
                Ok(decided) if !known[place] => {
                    share.add(enclosure, decided);
                    width = width.and(Precision::width(enclosure));
                }
                Ok(_) => {}
                Err(what) => {
                    let name = graph.name(value.node).unwrap_or("a value");
                    let op = graph.op(value.node).spec().name;
                    wrong.get_or_insert(format!("`{name}`, which `{op}` yields: {what}"));
                }
            }
            known[place] = true;
            before.insert(value, enclosure.clone());
        },
    );
    let enclosures = match enclosures {
        Ok(enclosures) => enclosures,
        Err(InterpretError::IndexOutOfRange { .. }) => {
            return Ok(Err("an index out of range is not reported".into()));
        }
        Err(error) => return Err(Failure::internal(error)),
    };
    let outputs = graph.outputs().iter().zip(enclosures.outputs());
    for ((output, enclosure), bytes) in outputs.zip(execution.outputs()) {
        // What is stored has been replaced by what is there.
        let enclosure = before.get(&output.value).unwrap_or(enclosure);
        match inside(enclosure, bytes) {
            Ok(decided) if subject.observed.place(output.value).is_none() => {
                share.add(enclosure, decided);
                width = width.and(Precision::width(enclosure));
            }
            Ok(_) => {}
            Err(what) => {
                wrong.get_or_insert(format!("`{}`: {what}", output.name));
            }
        }
    }
    Ok(match wrong {
        Some(wrong) => Err(wrong),
        None => Ok((share, width)),
    })
}

/// What a program left in memory, as bytes.
pub(super) struct Execution {
    pub(super) status: i32,
    /// The results of the entry.
    pub(super) results: Vec<Vec<u8>>,
    /// What is updated in place.
    pub(super) updated: Vec<Vec<u8>>,
    /// Outputs of the program beyond the results.
    pub(super) extra: Vec<Vec<u8>>,
}

impl Execution {
    /// The outputs of the entry's graph.
    fn outputs(&self) -> impl Iterator<Item = &[u8]> {
        let all = self.results.iter().chain(&self.updated);
        all.map(Vec::as_slice)
    }
}

/// Compiles a program of an entry, and runs it on inputs. `extra` are the types of its outputs beyond those of
/// the entry.
pub(super) fn execute(
    entry: &Entry,
    program: &Program,
    extra: &[Type],
    inputs: &[Tensor<f64>],
    session: &mut Session,
) -> Result<Execution, Failure> {
    let code = session.jit(program)?;
    call(entry, &code, extra, inputs, session)
}

/// Runs the code of an entry on inputs.
fn call(
    entry: &Entry,
    code: &CompiledEntry,
    extra: &[Type],
    inputs: &[Tensor<f64>],
    session: &mut Session,
) -> Result<Execution, Failure> {
    let params = entry.signature.params.iter();
    let is_updated = params.flat_map(|param| vec![param.inout; param.tree.leaf_count()]);
    let (mut updated, mut read) = (Vec::new(), Vec::new());
    for (tensor, is_updated) in inputs.iter().zip(is_updated) {
        if is_updated { &mut updated } else { &mut read }.push(to_bytes(tensor));
    }
    let count = entry.graph.outputs().len() - updated.len();
    let results = entry.graph.outputs().iter().take(count);
    let results = results.map(|output| entry.graph.ty(output.value));
    let all = results.chain(extra).map(|ty| vec![0; ty.bytes() as usize]);
    let mut results: Vec<Vec<u8>> = all.collect();
    let read: Vec<&[u8]> = read.iter().map(Vec::as_slice).collect();
    let status = {
        let mut inouts: Vec<&mut [u8]> = updated.iter_mut().map(Vec::as_mut_slice).collect();
        let mut outputs: Vec<&mut [u8]> = results.iter_mut().map(Vec::as_mut_slice).collect();
        session
            .time(Stage::Run, || code.call(&read, &mut inouts, &mut outputs))
            .map_err(Failure::internal)?
    };
    let extra = results.split_off(count);
    Ok(Execution {
        status,
        results,
        updated,
        extra,
    })
}

fn to_bytes(tensor: &Tensor<f64>) -> Vec<u8> {
    let size = tensor.ty.dtype.size() as usize;
    match &tensor.data {
        Data::Number(v) if tensor.ty.dtype == DType::F32 => {
            v.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect()
        }
        Data::Number(v) if let Some(half) = tensor.ty.dtype.half() => {
            let bits = v.iter().map(|x| half.encode(*x));
            bits.flat_map(u16::to_le_bytes).collect()
        }
        Data::Number(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::Int(v) => v
            .iter()
            .flat_map(|x| x.value.unwrap_or(0).to_le_bytes().into_iter().take(size))
            .collect(),
        Data::Mask(v) => v.iter().map(|truth| u8::from(*truth)).collect(),
    }
}

/// One element of a dtype from its bytes, as a number; f64 holds every dtype but large i64 exactly.
pub(super) fn number(dtype: DType, bytes: &[u8]) -> f64 {
    let mut wide = [0; 8];
    wide[..bytes.len().min(8)].copy_from_slice(&bytes[..bytes.len().min(8)]);
    let bits = u64::from_le_bytes(wide);
    match dtype {
        DType::F16 => Half::F16.decode(bits as u16),
        DType::Bf16 => Half::BF16.decode(bits as u16),
        DType::F32 => f64::from(f32::from_bits(bits as u32)),
        DType::F64 => f64::from_bits(bits),
        DType::I32 => f64::from(bits as u32 as i32),
        DType::I64 => bits as i64 as f64,
        DType::U32 | DType::Bool => bits as f64,
    }
}

/// How many elements the enclosures decide, if all lie inside.
pub(super) fn inside(enclosure: &Tensor<Interval>, bytes: &[u8]) -> Result<usize, String> {
    let Type { dtype, .. } = enclosure.ty;
    let values = bytes
        .chunks_exact(dtype.size() as usize)
        .map(|chunk| number(dtype, chunk));
    let mut decided = 0;
    for (at, value) in values.enumerate() {
        let (known, fits) = match &enclosure.data {
            Data::Number(v) => (v[at].width().is_finite(), v[at].contains(value)),
            Data::Int(v) => match v[at].value {
                Ok(integer) => (true, integer as f64 == value),
                Err(_) => (false, true),
            },
            Data::Mask(v) => match v[at].decide() {
                Ok(truth) => (true, f64::from(u8::from(truth)) == value),
                Err(_) => (false, true),
            },
        };
        if !fits {
            return Err(format!("element {at} is {value}, outside its enclosure"));
        }
        decided += usize::from(known);
    }
    Ok(decided)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lgc_ir::diag::Diagnostics;
    use lgc_ir::lang::{Options, elaborate, example, parse};
    use lgc_ir::scalar::Scalar;
    use lgc_ir::shape::Shape;
    use lgc_ir::span::SourceMap;

    /// The code of an example in the place of that of another.
    fn compare_with(entry: &str, other: &str) -> Comparison {
        let (entry, other) = (example(entry).unwrap(), example(other).unwrap());
        let mut session = Session::new();
        let lowered = Lowered::of(&other, &mut session).unwrap();
        let subject = Subject {
            code: session.jit(&lowered.program).unwrap(),
            observed: Observed::default(),
        };
        let samples = Samples::of(&entry.graph, 1, 8).unwrap();
        compare_all(&entry, &subject, &samples, &mut session).unwrap()
    }

    #[test]
    fn what_is_wrong_at_one_scale_is_found() {
        let right = "(x: f16[4]) -> x * 2";
        let Comparison::Inside {
            stored,
            outright,
            samples: 8,
            scales: 4,
            refused: 0,
            precision: Precision { is_known: true, .. },
        } = compare_with(right, right)
        else {
            panic!("right code is wrong")
        };
        let all = Share {
            decided: 32,
            all: 32,
        };
        assert_eq!((stored, outright), (all, all));
        for (wrong, size) in [
            ("(x: f16[4]) -> min(x * 2, 100)", "with large inputs"),
            (
                "(x: f16[4]) -> select(abs(x) < 0.01, x * 0, x * 2)",
                "with small inputs",
            ),
        ] {
            let found = compare_with(right, wrong).to_string();
            assert!(found.starts_with(&format!("failed: {size}, ")), "{found}");
        }
        // Infinities on both sides are equal.
        let square = "(x: f16[4]) -> x * x * x";
        let found = compare_with(square, square);
        assert!(!matches!(found, Comparison::Outside(_)), "{found}");
    }

    /// Eight layers, of which an enclosure by the inputs alone tells nothing.
    fn deep() -> Entry {
        let layer = |x: String| format!("exp(0 - abs(layer_norm({x}, g, b) @ w))");
        let body = (0..8).fold("x".to_owned(), |x, _| layer(x));
        let head = "(x: f32[4, 8], w: f32[8, 8], g: f32[8], b: f32[8])";
        example(&format!("{head} -> {body}")).unwrap()
    }

    #[test]
    fn what_is_wrong_deep_in_a_network_is_found() {
        let (entry, mut session) = (deep(), Session::new());
        let Comparison::Inside {
            stored, outright, ..
        } = compare(&entry, 1, &mut session).unwrap()
        else {
            panic!("right code is wrong")
        };
        let part = |share: Share| share.decided as f64 / share.all as f64;
        assert!(part(outright) < part(stored), "{outright}, {stored}");
        let lowered = Lowered::of(&entry, &mut session).unwrap();
        let text = lowered.program.to_string();
        let (right, last) = text.rsplit_once(" = exp ").unwrap();
        let wrong: Program = format!("{right} = tanh {last}").parse().unwrap();
        let samples = Samples::of(&entry.graph, 1, 8).unwrap();
        let mut found = |observed: Observed| {
            let code = session.jit(&observed.program(&wrong)).unwrap();
            let subject = Subject { code, observed };
            compare_at(&entry, &subject, &samples, 0, &mut session).unwrap()
        };
        let Found::Inside(Inside { outright, .. }) = found(Observed::default()) else {
            panic!("the inputs alone tell what is wrong")
        };
        assert_eq!(outright.decided, 0);
        let Found::Outside(what) = found(Observed::of(&entry, &lowered)) else {
            panic!("what is wrong is not found")
        };
        assert!(what.contains("which `exp` yields"), "{what}");
    }

    /// What loops yield is held by buffers of its own, each of its own size.
    #[test]
    fn results_of_loops_are_enclosed() {
        const TEXT: &str = "\
graph cell(h: f32[3], x: f32[3], w: f32[3, 3]) -> (next: f32[3], y: f32[]) {
    next = tanh(h @ w + x)
    y = sum(next)
}
graph loss(h: f32[3], xs: f32[5, 3], w: f32[3, 3]) -> (l: f32[]) {
    (last, ys) = scan(cell)(h, xs, w)
    l = sum(last) + sum(square(ys))
}
entry step(h: f32[3], xs: f32[5, 3], inout w: f32[3, 3]) -> (l: f32[]) {
    (l, d) = value_and_grad(loss, wrt = w)(h, xs, w)
    w' = w - 0.1 * d
}
";
        let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
        let file = sources.add("f.graph", TEXT).unwrap();
        let ast = parse(file, TEXT, &mut diagnostics);
        let module = elaborate(&ast, &Options::default(), &mut diagnostics);
        assert!(diagnostics.is_empty(), "{}", diagnostics.plain(&sources));
        let found = compare(&module.entries[0], 1, &mut Session::new()).unwrap();
        let Comparison::Inside {
            stored, outright, ..
        } = found
        else {
            panic!("{found}")
        };
        assert!(
            stored.all > outright.all && stored.decided > 0,
            "{stored}, {outright}"
        );
    }

    #[test]
    fn what_lies_outside_is_found() {
        let ty = Type::new(DType::F32, Shape::new([2]));
        let third = Interval::point(DType::F32, 1.0).div(&Interval::point(DType::F32, 3.0));
        let enclosure = Tensor::numbers(ty, vec![third, third]);
        let bytes = |x: f32, y: f32| [x.to_le_bytes(), y.to_le_bytes()].concat();
        let near = 1.0f32 / 3.0;
        assert_eq!(inside(&enclosure, &bytes(near, near)), Ok(2));
        let far = f32::from_bits(near.to_bits() + 8);
        let message = inside(&enclosure, &bytes(near, far)).unwrap_err();
        assert!(message.starts_with("element 1"), "{message}");
        let integers = Tensor::integers(Type::new(DType::I32, Shape::new([1])), [-3]);
        assert_eq!(inside(&integers, &(-3i32).to_le_bytes()), Ok(1));
        assert!(inside(&integers, &3i32.to_le_bytes()).is_err());
    }
}
