//! Compiled code against the kernel interpreter on native floats, bit for bit.

mod accesses;
mod folds;
mod growth;
mod halves;
mod library;
mod operations;
mod programs;
mod refusals;
mod tasks;
mod text;
mod tiles;

use super::{CompiledEntry, Jit};
use crate::backend::Backend;
use crate::kernel::{
    Arg, Arguments, Buffer, BufferId, Cells, Element, Interpreter, Kernel, KernelId, Mode, Program,
    Role, Step, verify,
};
use crate::legalize::Legal;
use crate::target::Target;
use lgc_ir::dtype::DType;
use lgc_ir::half::Half;
use lgc_ir::scalar::Scalar;
use lgc_ir::shape::{Shape, Type};

pub(super) fn tensor(dtype: DType, dims: &[u64]) -> Type {
    Type::new(dtype, Shape::new(dims.iter().copied()))
}

/// A program that launches one kernel on arguments of the entry.
pub(super) fn program(kernel: Kernel) -> Program {
    let mut counts = [0u32; 3];
    let mut workspace = 0;
    let mut number = |kind: usize| {
        counts[kind] += 1;
        counts[kind] - 1
    };
    let buffers: Vec<Buffer> = kernel
        .params()
        .map(|(_, memory, mode)| Buffer {
            name: memory.name.clone(),
            ty: memory.ty.clone(),
            role: match mode {
                Mode::In => Role::Input(number(0)),
                Mode::Inout => Role::Inout(number(1)),
                Mode::Out => Role::Output(number(2)),
                Mode::Scratch => {
                    let offset = workspace;
                    workspace += memory.ty.bytes().next_multiple_of(64);
                    Role::Workspace(offset)
                }
            },
        })
        .collect();
    let args = (0..buffers.len() as u32).map(|at| Arg::whole(BufferId(at)));
    Program {
        name: "test".into(),
        workspace,
        steps: vec![Step::Launch {
            kernel: KernelId(0),
            args: args.collect(),
        }],
        buffers,
        kernels: vec![kernel],
    }
}

/// A generator of test data: numbers that are special in one way or another, and others.
pub(super) struct Data(u64);

const SPECIAL: [f64; 30] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3.5,
    0.1,
    -0.1,
    1e-3,
    7.25,
    -7.75,
    12.0,
    88.0,
    -104.0,
    1e10,
    -3e9,
    3e9,
    1e20,
    -1e20,
    1e-40,
    -1e-44,
    1e38,
    -2.2e-308,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

const INTEGERS: [i64; 24] = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    7,
    -7,
    31,
    32,
    33,
    63,
    64,
    65,
    100,
    -100,
    i32::MIN as i64,
    i32::MAX as i64,
    i64::MIN,
    i64::MAX,
    1 << 31,
    1 << 32,
    16_777_217,
    -123_456_789_012,
];

impl Data {
    pub(super) fn new(seed: u64) -> Self {
        Data(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn element(&mut self, dtype: DType) -> Vec<u8> {
        let special = self.next().is_multiple_of(2);
        let pick = self.next() as usize;
        let uniform = self.next() as f64 / (1u64 << 47) as f64 - 1.0;
        let float = if special {
            SPECIAL[pick % SPECIAL.len()]
        } else {
            uniform * 4.0
        };
        let integer = if special {
            INTEGERS[pick % INTEGERS.len()]
        } else {
            (uniform * 50.0) as i64
        };
        match dtype {
            DType::Bool => vec![(pick % 2) as u8],
            DType::I32 => (integer as i32).to_le_bytes().to_vec(),
            DType::U32 => (integer as u32).to_le_bytes().to_vec(),
            DType::I64 => integer.to_le_bytes().to_vec(),
            DType::F16 => Half::F16.encode(float).to_le_bytes().to_vec(),
            DType::Bf16 => Half::BF16.encode(float).to_le_bytes().to_vec(),
            DType::F32 => (float as f32).to_le_bytes().to_vec(),
            DType::F64 => float.to_le_bytes().to_vec(),
        }
    }

    /// Elements of a tensor.
    pub(super) fn bytes(&mut self, ty: &Type) -> Vec<u8> {
        (0..ty.elements())
            .flat_map(|_| self.element(ty.dtype))
            .collect()
    }
}

/// The arguments of an entry: inputs, inouts and outputs by number.
#[derive(Clone)]
pub(super) struct Bytes {
    pub(super) inputs: Vec<Vec<u8>>,
    pub(super) inouts: Vec<Vec<u8>>,
    pub(super) outputs: Vec<Vec<u8>>,
}

impl Bytes {
    pub(super) fn random(program: &Program, seed: u64) -> Self {
        let mut data = Data::new(seed);
        let mut bytes = Bytes {
            inputs: Vec::new(),
            inouts: Vec::new(),
            outputs: Vec::new(),
        };
        let mut buffers: Vec<&Buffer> = program.buffers.iter().collect();
        buffers.sort_by_key(|buffer| match buffer.role {
            Role::Input(number) | Role::Output(number) | Role::Inout(number) => number,
            Role::Workspace(_) | Role::Constant(_) => 0,
        });
        for buffer in buffers {
            match buffer.role {
                Role::Input(_) => bytes.inputs.push(data.bytes(&buffer.ty)),
                Role::Inout(_) => bytes.inouts.push(data.bytes(&buffer.ty)),
                Role::Output(_) => bytes.outputs.push(vec![0xa5; buffer.ty.bytes() as usize]),
                Role::Workspace(_) | Role::Constant(_) => {}
            }
        }
        bytes
    }

    /// Runs compiled code on them.
    pub(super) fn call(&mut self, entry: &CompiledEntry) -> i32 {
        let inputs: Vec<&[u8]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut inouts: Vec<&mut [u8]> = self.inouts.iter_mut().map(Vec::as_mut_slice).collect();
        let mut outputs: Vec<&mut [u8]> = self.outputs.iter_mut().map(Vec::as_mut_slice).collect();
        entry.call(&inputs, &mut inouts, &mut outputs).unwrap()
    }
}

/// A number as bits, where all NaNs are one.
fn bits<S: Scalar + 'static>(element: &Element<S>, dtype: DType) -> Vec<u8> {
    match element {
        Element::Int(integer) => {
            integer.value.unwrap().to_le_bytes()[..dtype.size() as usize].to_vec()
        }
        Element::Mask(mask) => vec![u8::from(lgc_ir::scalar::Logic::decide(mask).unwrap())],
        Element::Number(number) => {
            let any: &dyn std::any::Any = number;
            let value = any
                .downcast_ref::<f64>()
                .copied()
                .unwrap_or_else(|| f64::from(*any.downcast_ref::<f32>().unwrap()));
            float_bits(value, dtype)
        }
    }
}

fn float_bits(value: f64, dtype: DType) -> Vec<u8> {
    let value = if value.is_nan() { f64::NAN } else { value };
    match (dtype, dtype.half()) {
        (_, Some(half)) => half.encode(value).to_le_bytes().to_vec(),
        (DType::F32, None) => (value as f32).to_le_bytes().to_vec(),
        (_, None) => value.to_le_bytes().to_vec(),
    }
}

/// Compiled elements as bits, where all NaNs are one.
fn canonical(bytes: &[u8], dtype: DType) -> Vec<Vec<u8>> {
    let elements = bytes.chunks_exact(dtype.size() as usize);
    elements
        .map(|element| match dtype {
            DType::F32 => float_bits(
                f64::from(f32::from_le_bytes(element.try_into().unwrap())),
                dtype,
            ),
            DType::F64 => float_bits(f64::from_le_bytes(element.try_into().unwrap()), dtype),
            DType::F16 | DType::Bf16 => {
                let bits = u16::from_le_bytes(element.try_into().unwrap());
                float_bits(dtype.half().unwrap().decode(bits), dtype)
            }
            DType::Bool | DType::I32 | DType::I64 | DType::U32 => element.to_vec(),
        })
        .collect()
}

fn compare<S: Scalar<World = ()> + 'static>(cells: &[Cells<S>], given: &[Vec<u8>], what: &str) {
    for (number, (cells, bytes)) in cells.iter().zip(given).enumerate() {
        let expected: Vec<Vec<u8>> = cells
            .elements
            .iter()
            .map(|element| bits(element, cells.dtype))
            .collect();
        let found = canonical(bytes, cells.dtype);
        assert_eq!(expected.len(), found.len());
        for (at, (expected, found)) in expected.iter().zip(&found).enumerate() {
            assert_eq!(
                expected, found,
                "{what}: element {at} of result {number} of {}",
                cells.dtype
            );
        }
    }
}

/// Runs a program compiled and interpreted on native floats `S`, and compares statuses, outputs and
/// inouts.
pub(super) fn agree_on<S: Scalar<World = ()> + 'static>(
    program: &Program,
    bytes: Bytes,
    what: &str,
) -> i32 {
    if let Err(errors) = verify(program) {
        panic!("{what}: {errors:#?}");
    }
    let legal = Legal::new(program, &Target::BITS_128);
    if let Err(errors) = verify(legal.program()) {
        panic!("{what}, legalised: {errors:#?}");
    }
    let ty = |role: Role| {
        program
            .buffers
            .iter()
            .find(|b| b.role == role)
            .unwrap()
            .ty
            .clone()
    };
    let cells = |list: &[Vec<u8>], role: &dyn Fn(u32) -> Role| -> Vec<Cells<S>> {
        (0..)
            .zip(list)
            .map(|(number, bytes)| Cells::from_bytes(&(), ty(role(number)).dtype, bytes))
            .collect()
    };
    let mut arguments: Arguments<S> = Arguments {
        inputs: cells(&bytes.inputs, &Role::Input),
        inouts: cells(&bytes.inouts, &Role::Inout),
        outputs: cells(&bytes.outputs, &Role::Output),
    };
    // What has no order runs in one that is drawn.
    let interpreter = Interpreter::with_order(1);
    let expected = interpreter
        .run(&(), legal.program(), &mut arguments)
        .unwrap();
    for (target, backend) in machines() {
        let what = format!("{what}, {backend:?} for {}", target.level);
        let legal = Legal::new(program, &target);
        let entry = match Jit::compile_with(&legal, backend) {
            Ok(entry) => entry,
            Err(error) => panic!("{what}: {error}\n{}", program.kernels[0]),
        };
        let mut bytes = bytes.clone();
        let status = bytes.call(&entry);
        assert_eq!(status, expected, "{what}: status");
        if status == 0 {
            compare(&arguments.inouts, &bytes.inouts, &what);
            compare(&arguments.outputs, &bytes.outputs, &what);
        }
    }
    expected
}

/// Every back end, for the levels that this processor has.
fn machines() -> Vec<(Target, Backend)> {
    let mut machines = vec![(Target::BITS_128, Backend::Cranelift)];
    #[cfg(feature = "llvm")]
    {
        use crate::backend::llvm::{Level, Llvm, machine::Effort};
        let (llvm, _) = Llvm::load(None, Effort::Less).unwrap();
        let here = Level::ALL.into_iter().filter(|level| level.is_here());
        machines.extend(here.map(|level| (Target::of_level(level), Backend::Llvm(llvm))));
    }
    machines
}

/// The same for one kernel on random data, in the precision of its floats.
pub(super) fn agree(kernel: Kernel, seed: u64, what: &str) {
    let wide = kernel
        .memories
        .iter()
        .any(|memory| memory.ty.dtype == DType::F64);
    let program = program(kernel);
    let bytes = Bytes::random(&program, seed);
    if wide {
        agree_on::<f64>(&program, bytes, what);
    } else {
        agree_on::<f32>(&program, bytes, what);
    }
}
