//! Compiled code of examples with their derivatives, on numbers.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "helpers of tests fail the test"
)]

pub(crate) mod bits;

use lgc_codegen::backend::Backend;
use lgc_codegen::backend::cranelift::{CompiledEntry, Jit};
use lgc_codegen::legalize::Legal;
use lgc_codegen::lower::{Signature, lower};
use lgc_codegen::target::Target;
use lgc_ir::autodiff::{jvp, vjp};
use lgc_ir::diag::Diagnostics;
use lgc_ir::dtype::DType;
use lgc_ir::graph::{Graph, Value};
use lgc_ir::half::Half;
use lgc_ir::lang::{Options, elaborate, example, import, parse, standard};
use lgc_ir::rewrite::optimize;
use lgc_ir::shape::Type;
use lgc_ir::span::SourceMap;

/// A number of a file, of which those that JSON has no form for are strings.
pub(crate) fn number(value: &serde_json::Value) -> f64 {
    match value.as_f64() {
        Some(number) => number,
        None => value.as_str().unwrap().parse().unwrap(),
    }
}

/// The graph of an example, or of a file with one entry. The file may use the standard library in either
/// precision, as `"f64/cells.graph"` and `"f32/cells.graph"`.
fn read(text: &str) -> Graph {
    if text.starts_with('(') {
        let entry = example(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        return entry.graph;
    }
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let file = sources.add("case", text).unwrap();
    let tree = parse(file, text, &mut diagnostics);
    let mut reader = library;
    let tree = import(tree, &mut sources, &mut reader, &mut diagnostics);
    let mut module = elaborate(&tree, &Options::default(), &mut diagnostics);
    let errors = diagnostics.plain(&sources);
    assert!(!diagnostics.has_errors(), "{text}\n{errors}");
    assert_eq!(module.entries.len(), 1, "{text}");
    module.entries.remove(0).graph
}

/// A file of the standard library, in the precision that its path begins with.
fn library(path: &str) -> Result<String, String> {
    let (precision, file) = path.split_once('/').unwrap();
    let text = standard::text(&format!("std/{file}")).ok_or(path)?;
    // What it uses stands beside it.
    Ok(text.replace("\"std/", "\"").replace("f32", precision))
}

/// The graph of an example: its results; with derivatives, also cotangents of the float inputs, and the
/// tangents of both. Its inputs are those of the example, cotangents of the float results, and tangents
/// of the float inputs.
pub(crate) fn whole(text: &str, derivatives: bool) -> Graph {
    let graph = read(text);
    if !derivatives {
        return graph;
    }
    let inputs = graph.inputs().iter().enumerate();
    let floats = inputs.filter(|(_, input)| graph.ty(**input).dtype.is_float());
    let floats: Vec<usize> = floats.map(|(position, _)| position).collect();
    jvp(&vjp(&graph, &floats).unwrap(), &floats).unwrap()
}

/// Elements as bytes.
pub(crate) fn to_bytes(ty: &Type, elements: &[f64]) -> Vec<u8> {
    let bytes = |x: &f64| match ty.dtype {
        DType::Bool => vec![u8::from(*x != 0.0)],
        DType::I32 => (*x as i32).to_le_bytes().to_vec(),
        DType::I64 => (*x as i64).to_le_bytes().to_vec(),
        DType::U32 => (*x as u32).to_le_bytes().to_vec(),
        DType::F16 => Half::F16.encode(*x).to_le_bytes().to_vec(),
        DType::Bf16 => Half::BF16.encode(*x).to_le_bytes().to_vec(),
        DType::F32 => (*x as f32).to_le_bytes().to_vec(),
        DType::F64 => x.to_le_bytes().to_vec(),
    };
    elements.iter().flat_map(bytes).collect()
}

fn from_bytes(ty: &Type, bytes: &[u8]) -> Vec<f64> {
    let number = |chunk: &[u8]| match ty.dtype {
        DType::Bool => f64::from(chunk[0]),
        DType::I32 => f64::from(i32::from_le_bytes(chunk.try_into().unwrap())),
        DType::I64 => i64::from_le_bytes(chunk.try_into().unwrap()) as f64,
        DType::U32 => f64::from(u32::from_le_bytes(chunk.try_into().unwrap())),
        DType::F16 => Half::F16.decode(u16::from_le_bytes(chunk.try_into().unwrap())),
        DType::Bf16 => Half::BF16.decode(u16::from_le_bytes(chunk.try_into().unwrap())),
        DType::F32 => f64::from(f32::from_le_bytes(chunk.try_into().unwrap())),
        DType::F64 => f64::from_le_bytes(chunk.try_into().unwrap()),
    };
    bytes.chunks(ty.dtype.size() as usize).map(number).collect()
}

/// Compiled code for a graph, to be run on any inputs.
pub(crate) struct Compiled {
    entry: CompiledEntry,
    pub(crate) inputs: Vec<Type>,
    pub(crate) outputs: Vec<Type>,
}

impl Compiled {
    pub(crate) fn new(graph: &Graph) -> Self {
        Self::on(graph, &Target::default())
    }

    pub(crate) fn on(graph: &Graph, target: &Target) -> Self {
        Self::with(graph, target, Backend::Cranelift)
    }

    /// The graph with kernels that a back end makes for a target.
    pub(crate) fn with(graph: &Graph, target: &Target, backend: Backend) -> Self {
        let (optimized, _, _) = optimize(graph, true).unwrap();
        let lowering = lower(&optimized, &Signature::pure("f"), target).unwrap();
        let types = |values: Vec<Value>| {
            values
                .iter()
                .map(|value| graph.ty(*value).clone())
                .collect()
        };
        Self {
            entry: Jit::compile_with(&Legal::new(&lowering.program, target), backend).unwrap(),
            inputs: types(graph.inputs().to_vec()),
            outputs: types(graph.outputs().iter().map(|output| output.value).collect()),
        }
    }

    pub(crate) fn run(&self, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let outputs = self.try_run(inputs);
        outputs.unwrap_or_else(|status| panic!("status {status}"))
    }

    /// The outputs, or the status of a call that fails.
    pub(crate) fn try_run(&self, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, i32> {
        let bytes = self.inputs.iter().zip(inputs);
        let bytes: Vec<Vec<u8>> = bytes.map(|(ty, elements)| to_bytes(ty, elements)).collect();
        let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let outputs = self.try_run_bytes(&bytes)?;
        let outputs = self.outputs.iter().zip(&outputs);
        Ok(outputs.map(|(ty, bytes)| from_bytes(ty, bytes)).collect())
    }

    /// The same for the bytes of the inputs and outputs.
    pub(crate) fn try_run_bytes(&self, inputs: &[&[u8]]) -> Result<Vec<Vec<u8>>, i32> {
        let size = |ty: &Type| vec![0; ty.bytes() as usize];
        let mut outputs: Vec<Vec<u8>> = self.outputs.iter().map(size).collect();
        let mut slices: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        match self.entry.call(inputs, &mut [], &mut slices).unwrap() {
            0 => Ok(outputs),
            status => Err(status),
        }
    }
}
