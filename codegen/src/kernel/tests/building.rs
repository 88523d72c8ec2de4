//! The builder: sharing, running rules, long bodies; and folds under every grouping.

use super::samples::f32s;
use crate::kernel::{
    Access, BodyMask, BodyScalar, Cells, FoldShape, ForRange, Kernel, KernelBuilder, Mode,
    interpret_kernel, verify_kernel,
};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::interpret::Tensor;
use lgc_ir::scalar::{Binary, Connective, Exact, Logic, Scalar, Unary, Undefined};
use proptest::prelude::*;

#[test]
fn equal_operations_are_shared_where_they_are_visible() {
    let k = KernelBuilder::new("shared");
    let x = k.param("x", f32s(&[4]), Mode::In);
    let y = k.param("y", f32s(&[4]), Mode::Out);
    let outer = k.int(DType::F32, 7);
    k.for_each(ForRange::upto(4), |i| {
        let at = |memory| Access::element(memory, [i.clone()]);
        assert_eq!(k.int(DType::F32, 7), outer);
        assert_eq!(k.load(at(x)), k.load(at(x)));
        // What is written may change between loads.
        k.store(at(y), outer);
        assert_ne!(k.load(at(y)), k.load(at(y)));
        let inner = k.unary(Unary::Neg, outer);
        assert_eq!(k.unary(Unary::Neg, outer), inner);
    });
    // The loop's values are not visible here.
    let again = k.unary(Unary::Neg, outer);
    let last = k.load(Access::element(x, [Index::constant(3)]));
    k.store(
        Access::element(y, [Index::constant(0)]),
        k.binary(Binary::Add, again, last),
    );
    assert_eq!(verify_kernel(&k.finish().unwrap()), Ok(()));
}

#[test]
fn known_masks_fold_while_building() {
    let k = KernelBuilder::new("masks");
    let x = k.param("x", f32s(&[]), Mode::In);
    let x = BodyScalar::new(&k, k.load(Access::element(x, [])));
    let positive = x.gt(&x.int(0));
    let known = |truth| BodyMask::known(Ok(truth));
    let value = |mask: &BodyMask| mask.value(&k);
    let both = |c, a: &BodyMask, b: &BodyMask| value(&a.connect(c, b));
    assert_eq!(
        both(Connective::And, &positive, &known(true)),
        value(&positive)
    );
    assert_eq!(
        both(Connective::Or, &known(false), &positive),
        value(&positive)
    );
    assert_eq!(
        both(Connective::Xor, &known(true), &positive),
        value(&positive.not())
    );
    assert_eq!(
        known(true).connect(Connective::And, &known(false)).decide(),
        Ok(false)
    );
    assert_eq!(
        both(Connective::Or, &positive, &known(true)),
        value(&known(true))
    );
    let chosen = Scalar::select(&known(true), &x, &x.exp());
    assert_eq!(chosen.value(), x.value());
    assert!(positive.decide().is_err());
    assert!(k.finish().is_ok());
}

#[test]
fn undefined_values_fail_the_kernel() {
    let k = KernelBuilder::new("poison");
    let x = BodyScalar::constant(&k, DType::F32, &Constant::integer(1));
    let _ = x.undefined(Undefined("a domain is left")).exp();
    assert_eq!(
        k.finish().unwrap_err().to_string(),
        "cannot build kernel `poison`: a domain is left"
    );
}

#[test]
fn bodies_may_be_long() {
    let k = KernelBuilder::new("long");
    let x = k.param("x", f32s(&[]), Mode::In);
    let y = k.param("y", f32s(&[]), Mode::Out);
    let first = k.load(Access::element(x, []));
    let half = k.constant(DType::F32, &Constant::ratio(1, 2));
    let last = (0..100_000).fold(first, |value, _| k.fma(value, half, first));
    k.store(Access::element(y, []), last);
    let kernel = k.finish().unwrap();
    assert_eq!(verify_kernel(&kernel), Ok(()));
    let parsed: Kernel = kernel.to_string().parse().unwrap();
    assert_eq!(parsed, kernel.canonical());
    let mut args = vec![
        Cells::numbers(DType::F32, [3.0f32]),
        Cells::numbers(DType::F32, [0.0]),
    ];
    interpret_kernel(&(), &kernel, &mut args).unwrap();
    assert_eq!(args[1].as_numbers().unwrap(), [6.0]);
}

#[test]
fn cells_are_tensors() {
    let cells = || Cells::numbers(DType::F32, [1f32, 2.0, 3.0, 4.0]);
    let tensor: Tensor<f32> = cells().into_tensor(f32s(&[2, 2])).unwrap();
    assert_eq!(Cells::from(tensor).as_numbers(), cells().as_numbers());
    assert!(cells().into_tensor(f32s(&[3])).is_none());
    assert!(
        Cells::<f32>::masks([true])
            .into_tensor(f32s(&[1]))
            .is_none()
    );
}

/// y = Σ x[i], and z[i] = x[i]² on the way.
fn sum(shape: FoldShape) -> Kernel {
    let k = KernelBuilder::new("sum");
    let x = k.param("x", f32s(&[shape.extent]), Mode::In);
    let y = k.param("y", f32s(&[]), Mode::Out);
    let z = k.param("z", f32s(&[shape.extent]), Mode::Out);
    let zero = k.int(DType::F32, 0);
    let (_, total) = k.fold(
        shape,
        &[zero],
        |i, state| {
            let value = k.load(Access::element(x, [i.clone()]));
            k.store(Access::element(z, [i]), k.binary(Binary::Mul, value, value));
            vec![k.binary(Binary::Add, state[0], value)]
        },
        |a, b| vec![k.binary(Binary::Add, a[0], b[0])],
    );
    k.store(Access::element(y, []), total[0]);
    k.finish().unwrap()
}

proptest! {
    #[test]
    fn every_grouping_folds_every_element_once(values in proptest::collection::vec(-1000i64..1000, 0..70), lanes in 0u32..6, groups in 1u64..9) {
        let extent = values.len() as u64;
        let shape = FoldShape { extent, lanes: 1 << lanes, chunk: groups << lanes };
        let kernel = sum(shape);
        prop_assert_eq!(verify_kernel(&kernel), Ok(()));
        let numbers = |values: &[i64]| Cells::numbers(DType::F32, values.iter().map(|&v| Exact::integer(v)));
        let mut args = vec![numbers(&values), numbers(&[0]), numbers(&vec![0; values.len()])];
        interpret_kernel(&(), &kernel, &mut args).unwrap();
        prop_assert_eq!(args[1].as_numbers().unwrap(), [Exact::integer(values.iter().sum())]);
        let squares: Vec<Exact> = values.iter().map(|v| Exact::integer(v * v)).collect();
        prop_assert_eq!(args[2].as_numbers().unwrap(), squares);
    }
}
