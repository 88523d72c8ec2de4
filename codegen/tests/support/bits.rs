//! Programs run by the kernel interpreter on native floats, and the bits that come out.

use super::{number, whole};
use lgc_codegen::kernel::{Arguments, Cells, Interpreter, Program};
use lgc_ir::dtype::DType;
use lgc_ir::generate::sample_inputs;
use lgc_ir::graph::Graph;
use lgc_ir::scalar::Scalar;
use lgc_ir::shape::Type;
use std::path::Path;

/// A float with bits to compare.
pub(crate) trait Native: Scalar<World = ()> + 'static {
    fn bits(&self) -> u64;
    fn of(x: f64) -> Self;
}

impl Native for f32 {
    fn bits(&self) -> u64 {
        u64::from(if self.is_nan() { f32::NAN } else { *self }.to_bits())
    }
    fn of(x: f64) -> Self {
        x as f32
    }
}

impl Native for f64 {
    fn bits(&self) -> u64 {
        if self.is_nan() { f64::NAN } else { *self }.to_bits()
    }
    fn of(x: f64) -> Self {
        x
    }
}

/// The bits of all outputs of a program.
pub(crate) fn outputs<S: Native>(
    program: &Program,
    inputs: &[Cells<S>],
    order: u64,
) -> Vec<Vec<u64>> {
    let mut arguments = Arguments {
        inputs: inputs.to_vec(),
        ..Arguments::default()
    };
    let interpreter = Interpreter::with_order(order);
    let status = interpreter.run(&(), program, &mut arguments);
    assert_eq!(status, Ok(0), "{program}");
    let bits = |cells: &Cells<S>| match (cells.as_numbers(), cells.as_integers()) {
        (Some(numbers), _) => numbers.iter().map(S::bits).collect(),
        (None, Some(integers)) => integers.iter().map(|x| x.cast_unsigned()).collect(),
        (None, None) => {
            let masks = cells.as_masks().unwrap();
            masks.into_iter().map(u64::from).collect()
        }
    };
    arguments.outputs.iter().map(bits).collect()
}

/// Inputs for a graph, always the same.
pub(crate) fn samples<S: Native>(graph: &Graph) -> Vec<Cells<S>> {
    let tensors = sample_inputs(graph, |_, x| S::of(x));
    tensors.into_iter().map(Cells::from).collect()
}

fn cells<S: Native>(ty: &Type, elements: &[f64]) -> Cells<S> {
    match ty.dtype {
        DType::Bool => Cells::masks(elements.iter().map(|&x| x != 0.0)),
        DType::I32 | DType::I64 | DType::U32 => {
            Cells::integers(ty.dtype, elements.iter().map(|&x| x as i64))
        }
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            Cells::numbers(ty.dtype, elements.iter().map(|&x| S::of(x)))
        }
    }
}

/// The golden cases, file by file.
pub(crate) fn golden_cases() -> Vec<serde_json::Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|suffix| suffix == "json"));
    files.sort();
    let read = |file| -> Vec<serde_json::Value> {
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    };
    files.into_iter().flat_map(read).collect()
}

/// The graph of a golden case with its derivatives, and the inputs that it is given.
pub(crate) fn golden_case<S: Native>(
    text: &str,
    case: &serde_json::Value,
) -> (Graph, Vec<Cells<S>>) {
    let tensors = |key: &str| -> Vec<Vec<f64>> {
        let tensors = case.get(key).and_then(serde_json::Value::as_array);
        let tensor = |x: &serde_json::Value| x.as_array().unwrap().iter().map(number).collect();
        tensors.into_iter().flatten().map(tensor).collect()
    };
    let tangents = tensors("tangents");
    let graph = whole(text, !tangents.is_empty());
    let given = [tensors("inputs"), tensors("cotangents"), tangents].concat();
    let types = graph.inputs().iter().map(|input| graph.ty(*input));
    let inputs = types.zip(&given).map(|(ty, x)| cells(ty, x)).collect();
    (graph, inputs)
}
