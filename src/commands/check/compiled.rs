//! The compiled code of an entry against the enclosure of everything that rounding may yield.
//!
//! The graph is interpreted over intervals, which enclose the exact result and that of any compiled
//! program within the error bounds of its primitives; the entry is compiled into this process and run
//! on the same inputs. Integers and truth values must be equal wherever the enclosures decide them.

use super::samples::Samples;
use crate::Failure;
use crate::driver::Session;
use crate::stage::Stage;
use lgc_codegen::backend::cranelift::CompiledEntry;
use lgc_codegen::kernel::Program;
use lgc_ir::dtype::DType;
use lgc_ir::generate::Scale;
use lgc_ir::half::Half;
use lgc_ir::interpret::{Data, InterpretError, Tensor, interpret};
use lgc_ir::laws::work;
use lgc_ir::module::{Entry, Module};
use lgc_ir::scalar::{Interval, Logic};
use lgc_ir::shape::Type;

/// An entry whose interpretation takes more scalar operations than this is not interpreted, unless more
/// effort is asked for.
pub(super) const MAX_OPERATIONS: u64 = 5_000_000;

/// What the comparison found.
pub(super) enum Comparison {
    /// Every output lies in its enclosure: how many elements in how many samples at how many scales of the inputs,
    /// how many the enclosures decide, and how many samples both refuse.
    Inside {
        elements: usize,
        decided: usize,
        samples: usize,
        scales: usize,
        refused: usize,
        precision: Precision,
    },
    /// Compiled code and interpreter both refuse all samples, for an index out of range.
    BothRefuse,
    /// No output has an element.
    Empty,
    /// An output is outside, with what was computed and what was allowed.
    Outside(String),
    /// The entry is too large to interpret.
    TooLarge(u64),
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Comparison::Inside {
                elements,
                decided: 0,
                ..
            } => write!(
                f,
                "skipped: rounding may yield anything, in each of {elements} elements"
            ),
            Comparison::Inside {
                elements,
                decided,
                samples,
                scales,
                refused,
                precision,
            } => {
                let plural = |count: usize| if count == 1 { "" } else { "s" };
                write!(
                    f,
                    "agreed: {decided} of {elements} elements enclosed in {samples} sample{}",
                    plural(*samples)
                )?;
                if *scales > 1 {
                    write!(f, " at {scales} scales")?;
                }
                f.write_str(" of the inputs, all inside")?;
                if *refused > 0 {
                    write!(f, "; both refuse {refused} sample{} more", plural(*refused))?;
                }
                write!(f, "{precision}")
            }
            Comparison::BothRefuse => {
                write!(
                    f,
                    "skipped: an index is out of range in both, in all samples"
                )
            }
            Comparison::Empty => write!(f, "does not apply: no output has an element"),
            Comparison::Outside(what) => write!(f, "failed: {what}"),
            Comparison::TooLarge(operations) => {
                write!(
                    f,
                    "skipped: {operations} scalar operations are too many without `--effort`"
                )
            }
        }
    }
}

/// How much enclosures tell, and how far code is from the same graph in double precision, at moderate inputs. Both in
/// parts of the largest magnitude of each output.
#[derive(Clone, Copy, Default)]
pub(super) struct Precision {
    /// The width of the widest enclosure that has ends.
    width: f64,
    /// The largest difference of finite numbers.
    distance: f64,
    /// Whether there is any number that both are known of.
    is_known: bool,
}

impl Precision {
    fn and(self, other: Precision) -> Precision {
        Precision {
            width: self.width.max(other.width),
            distance: self.distance.max(other.distance),
            is_known: self.is_known || other.is_known,
        }
    }

    /// Of one output: what code yields, its enclosure, and the same in double precision.
    fn of(enclosure: &Tensor<Interval>, double: &Tensor<f64>, bytes: &[u8]) -> Precision {
        let Type { dtype, .. } = enclosure.ty;
        let (Data::Number(enclosures), Data::Number(doubles)) = (&enclosure.data, &double.data)
        else {
            return Precision::default();
        };
        let finite = doubles.iter().filter(|x| x.is_finite());
        let largest = finite.fold(0.0, |most: f64, x| most.max(x.abs()));
        if largest == 0.0 {
            return Precision::default();
        }
        let values = bytes.chunks_exact(dtype.size() as usize);
        let values = values.map(|chunk| number(dtype, chunk));
        let mut precision = Precision::default();
        for ((value, double), enclosure) in values.zip(doubles).zip(enclosures) {
            if value.is_finite() && double.is_finite() && enclosure.width().is_finite() {
                precision = precision.and(Precision {
                    width: enclosure.width() / largest,
                    distance: (value - double).abs() / largest,
                    is_known: true,
                });
            }
        }
        precision
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.is_known {
            return Ok(());
        }
        let shown = |part: f64| match part {
            0.0 => "0".to_owned(),
            part => format!("{part:.0e}"),
        };
        let (width, distance) = (shown(self.width), shown(self.distance));
        write!(
            f,
            "; at most {width} wide, and code is within {distance} of the graph in f64"
        )
    }
}

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
    let module = Module {
        entries: vec![entry.clone()],
        ..Module::default()
    };
    let build = session.build(module, "check")?;
    let program = build
        .programs
        .first()
        .ok_or_else(|| Failure::internal("no program"))?;
    let code = session.jit(program)?;
    let samples = Samples::of(&entry.graph, operations, limit)?;
    compare_all(entry, &code, &samples, session)
}

/// Runs the code of an entry on each sample, and compares.
fn compare_all(
    entry: &Entry,
    code: &CompiledEntry,
    samples: &Samples,
    session: &mut Session,
) -> Result<Comparison, Failure> {
    let (mut elements, mut decided, mut refused) = (0, 0, 0);
    let mut precision = Precision::default();
    for sample in 0..samples.count {
        match compare_at(entry, code, samples, sample, session)? {
            Found::Inside {
                elements: all,
                decided: known,
                precision: here,
            } => {
                elements += all;
                decided += known;
                precision = precision.and(here);
            }
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
    Ok(match (samples_inside, elements) {
        (0, _) => Comparison::BothRefuse,
        (_, 0) => Comparison::Empty,
        (_, _) => Comparison::Inside {
            elements,
            decided,
            samples: samples_inside,
            scales: samples.scales(),
            refused,
            precision,
        },
    })
}

/// What one sample shows.
enum Found {
    /// Every output lies in its enclosure: how many elements, and how many the enclosures decide.
    Inside {
        elements: usize,
        decided: usize,
        precision: Precision,
    },
    /// Both refuse.
    BothRefuse,
    /// An output is outside.
    Outside(String),
}

/// Runs the code of an entry on one sample, and compares.
fn compare_at(
    entry: &Entry,
    code: &CompiledEntry,
    samples: &Samples,
    sample: usize,
    session: &mut Session,
) -> Result<Found, Failure> {
    let enclosures = session.time(Stage::Check, || {
        interpret(&entry.graph, &(), &samples.inputs(sample, Interval::point))
    });
    let Execution {
        status,
        mut results,
        updated,
        ..
    } = call(entry, code, &[], &samples.inputs(sample, |_, x| x), session)?;
    results.extend(updated);
    let enclosures = match (enclosures, status) {
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
    let double = match samples.scale(sample) {
        Scale::Moderate => session.time(Stage::Check, || {
            let inputs = samples.inputs(sample, |_, x| x);
            interpret::<f64>(&entry.graph, &(), &inputs).ok()
        }),
        Scale::Large | Scale::Small | Scale::Mixed => None,
    };
    let (mut elements, mut decided) = (0, 0);
    let mut precision = Precision::default();
    let outputs = entry.graph.outputs().iter().enumerate();
    for (((at, output), enclosure), bytes) in outputs.zip(enclosures.outputs()).zip(results) {
        match inside(enclosure, &bytes) {
            Ok(count) => decided += count,
            Err(what) => return Ok(Found::Outside(format!("`{}`: {what}", output.name))),
        }
        elements += enclosure.ty.elements() as usize;
        if let Some(double) = double
            .as_ref()
            .and_then(|all| all.outputs().get(at).copied())
        {
            precision = precision.and(Precision::of(enclosure, double, &bytes));
        }
    }
    Ok(Found::Inside {
        elements,
        decided,
        precision,
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
fn number(dtype: DType, bytes: &[u8]) -> f64 {
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
    use lgc_ir::lang::example;
    use lgc_ir::scalar::Scalar;
    use lgc_ir::shape::Shape;

    /// The code of an example in the place of that of another.
    fn compare_with(entry: &str, other: &str) -> Comparison {
        let (entry, other) = (example(entry).unwrap(), example(other).unwrap());
        let mut session = Session::new();
        let module = Module {
            entries: vec![other],
            ..Module::default()
        };
        let build = session.build(module, "check").unwrap();
        let code = session.jit(&build.programs[0]).unwrap();
        let samples = Samples::of(&entry.graph, 1, 8).unwrap();
        compare_all(&entry, &code, &samples, &mut session).unwrap()
    }

    #[test]
    fn what_is_wrong_at_one_scale_is_found() {
        let right = "(x: f16[4]) -> x * 2";
        let Comparison::Inside {
            elements,
            decided,
            samples: 8,
            scales: 4,
            refused: 0,
            precision: Precision { is_known: true, .. },
        } = compare_with(right, right)
        else {
            panic!("right code is wrong")
        };
        assert_eq!((elements, decided), (32, 32));
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
