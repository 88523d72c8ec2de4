//! Legal kernels are well-formed, and compute what those that they were made of compute; expansions of elementary
//! functions what the machine on native floats computes.

mod integers;

use super::functions::{Opaque, function_of};
use super::legalize;
use crate::kernel::{
    Access, Cells, Form, Kernel, KernelBuilder, Mode, Op, Stmt, Subscript, interpret_kernel,
    verify_kernel,
};
use crate::math::{Function, NativeF32, NativeF64, expand, pow};
use crate::target::Operations;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Unary};
use lgc_ir::shape::{Shape, Type};

const POINTS: [f64; 13] = [
    0.0,
    -0.0,
    0.3,
    -0.7,
    1.0,
    -1.5,
    2.0,
    20.5,
    -90.25,
    3e5,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// f(x), and x to the power of f(x), of vectors of 13.
fn kernel(function: Unary, dtype: DType) -> Kernel {
    let k = KernelBuilder::new(function.name());
    let ty = || Type::new(dtype, Shape::new([13]));
    let x = k.param("x", ty(), Mode::In);
    let y = k.param("y", ty(), Mode::Out);
    let z = k.param("z", ty(), Mode::Out);
    let at = || vec![Subscript::Span(Index::constant(0))];
    let value = k.load_form(Access::new(x, at()), Form::Vector(13), None);
    let result = k.unary(function, value);
    k.store(Access::new(y, at()), result);
    k.store(Access::new(z, at()), k.binary(Binary::Pow, value, result));
    k.finish().unwrap()
}

#[test]
fn expansions_are_legal_and_compute_the_same_bits() {
    for &primitive in Unary::ALL {
        let Some(function) = function_of(primitive) else {
            continue;
        };
        for dtype in [DType::F32, DType::F64] {
            let legal = legalize(&kernel(primitive, dtype), &Operations::COMMON);
            verify_kernel(&legal).unwrap();
            legal.body.visit(&mut |stmt| {
                if let Stmt::Compute { op, .. } = stmt {
                    assert!(Opaque::of(op).is_none(), "{op:?}");
                }
            });
            check(&legal, function, dtype);
        }
    }
}

fn check(legal: &Kernel, function: Function, dtype: DType) {
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    match dtype {
        DType::F32 => {
            let x: Vec<f32> = POINTS.iter().map(|&x| x as f32).collect();
            let cells = |v: &[f32]| Cells::numbers(dtype, v.iter().copied());
            let mut args = vec![cells(&x), cells(&x), cells(&x)];
            interpret_kernel(&(), legal, &mut args).unwrap();
            let (y, z) = (args[1].as_numbers().unwrap(), args[2].as_numbers().unwrap());
            for (at, &x) in x.iter().enumerate() {
                let expected = expand(&mut NativeF32, function, x);
                assert!(same(y[at].into(), expected.into()), "{function:?}({x})");
                let expected = pow(&mut NativeF32, x, expected);
                assert!(
                    same(z[at].into(), expected.into()),
                    "{x} to the {function:?}({x})"
                );
            }
        }
        DType::Bool
        | DType::I32
        | DType::I64
        | DType::U32
        | DType::F16
        | DType::Bf16
        | DType::F64 => {
            let cells = || Cells::numbers(dtype, POINTS);
            let mut args = vec![cells(), cells(), cells()];
            interpret_kernel(&(), legal, &mut args).unwrap();
            let (y, z) = (args[1].as_numbers().unwrap(), args[2].as_numbers().unwrap());
            for (at, &x) in POINTS.iter().enumerate() {
                let expected = expand(&mut NativeF64, function, x);
                assert!(same(y[at], expected), "{function:?}({x})");
                let expected = pow(&mut NativeF64, x, expected);
                assert!(same(z[at], expected), "{x} to the {function:?}({x})");
            }
        }
    }
}

#[test]
fn legal_kernels_stay_as_they_are() {
    let k = KernelBuilder::new("legal");
    let ty = || Type::new(DType::F32, Shape::new([4]));
    let (x, y) = (k.param("x", ty(), Mode::In), k.param("y", ty(), Mode::Out));
    k.par(4, 1, |i| {
        let value = k.load(Access::element(x, [i.clone()]));
        k.store(Access::element(y, [i]), k.op(Op::Unary(Unary::Sqrt, value)));
    });
    let kernel = k.finish().unwrap();
    assert_eq!(legalize(&kernel, &Operations::COMMON), kernel);
}
