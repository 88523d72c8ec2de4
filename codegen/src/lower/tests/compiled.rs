//! Lowered programs as machine code.

use super::*;
use crate::backend::cranelift::Jit;
use crate::legalize::Legal;
use crate::target::Target;

/// The elements of a tensor as bytes of its dtype.
fn bytes(tensor: &Tensor<f64>) -> Vec<u8> {
    let dtype = tensor.ty.dtype;
    match &tensor.data {
        Data::Number(x) if dtype == DType::F32 => {
            x.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect()
        }
        Data::Number(x) if let Some(half) = dtype.half() => {
            let bits = x.iter().map(|&x| half.encode(x));
            bits.flat_map(u16::to_le_bytes).collect()
        }
        Data::Number(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::Int(x) => {
            let low = |x: &lgc_ir::scalar::Int| x.value.unwrap().to_le_bytes();
            let size = dtype.size() as usize;
            x.iter()
                .flat_map(|x| low(x).into_iter().take(size))
                .collect()
        }
        Data::Mask(x) => x.iter().map(|&truth| u8::from(truth)).collect(),
    }
}

/// What the machine code of a program gives, in the order of the graph's outputs.
pub(super) fn run(
    program: &Program,
    graph: &Graph,
    signature: &Signature,
    inputs: &[Tensor<f64>],
) -> Vec<Cells<f64>> {
    let (status, outputs) = outcome(program, graph, signature, inputs);
    assert_eq!(status, 0);
    outputs
}

/// The status that the machine code of a program returns, and what it gives.
pub(super) fn outcome(
    program: &Program,
    graph: &Graph,
    signature: &Signature,
    inputs: &[Tensor<f64>],
) -> (i32, Vec<Cells<f64>>) {
    let entry = Jit::compile(&Legal::new(program, &Target::BITS_128))
        .unwrap_or_else(|error| panic!("{error}\n{program}"));
    let all: Vec<Vec<u8>> = inputs.iter().map(bytes).collect();
    let updated = |input: usize| signature.next.contains(&Some(input));
    let read: Vec<&[u8]> = (0..all.len())
        .filter(|&i| !updated(i))
        .map(|i| &all[i][..])
        .collect();
    let places: Vec<usize> = (0..all.len()).filter(|&i| updated(i)).collect();
    let mut inouts: Vec<Vec<u8>> = places.iter().map(|&i| all[i].clone()).collect();
    let types: Vec<&Type> = graph.outputs().iter().map(|o| graph.ty(o.value)).collect();
    let plain = (0..types.len()).filter(|&output| signature.next_of(output).is_none());
    let mut outputs: Vec<Vec<u8>> = plain.map(|o| vec![0; types[o].bytes() as usize]).collect();
    let mut inout_slices: Vec<&mut [u8]> = inouts.iter_mut().map(Vec::as_mut_slice).collect();
    let mut output_slices: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    let status = entry
        .call(&read, &mut inout_slices, &mut output_slices)
        .unwrap();
    let mut outputs = outputs.into_iter();
    let cells = types.iter().enumerate().map(|(output, ty)| {
        let data = match signature.next_of(output) {
            Some(input) => inouts[places.iter().position(|&p| p == input).unwrap()].clone(),
            None => outputs.next().unwrap(),
        };
        Cells::from_bytes(&<f64 as Scalar>::World::default(), ty.dtype, &data)
    });
    (status, cells.collect())
}
