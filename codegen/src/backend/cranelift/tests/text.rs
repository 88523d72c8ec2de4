//! The code of a few small kernels, reviewed as snapshots.

use super::{program, tensor};
use crate::backend::cranelift::{assembly, clif};
use crate::kernel::{Access, Directive, ForRange, Form, Kernel, KernelBuilder, Mode, Subscript};
use crate::legalize::Legal;
use crate::target::Target;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::Binary;

/// p' = p − lr · d, in tasks of 64 columns: the loop over eight at a time, and what is left.
fn descent() -> Kernel {
    let k = KernelBuilder::new("descent");
    let p = k.param("p", tensor(DType::F32, &[3, 103]), Mode::Inout);
    let d = k.param("d", tensor(DType::F32, &[3, 103]), Mode::In);
    let lr = k.param("lr", tensor(DType::F32, &[]), Mode::In);
    let rate = k.load(Access::new(lr, vec![]));
    k.par(3, 1, |row| {
        let var = k.par(103, 64, |column| {
            let at = || [row.clone(), column.clone()];
            let (value, slope) = (
                k.load(Access::element(p, at())),
                k.load(Access::element(d, at())),
            );
            let step = k.binary(Binary::Mul, rate, slope);
            k.store(Access::element(p, at()), k.binary(Binary::Sub, value, step));
        });
        k.schedule(Directive::Vec(var, 8));
    });
    k.finish().unwrap()
}

/// Four rows of eight columns of a product, in registers.
fn product() -> Kernel {
    let k = KernelBuilder::new("product");
    let a = k.param("a", tensor(DType::F32, &[4, 32]), Mode::In);
    let b = k.param("b", tensor(DType::F32, &[32, 8]), Mode::In);
    let y = k.param("y", tensor(DType::F32, &[4, 8]), Mode::Out);
    let origin = || Subscript::Span(Index::constant(0));
    let zero = k.splat(
        Form::Tile(4, 8),
        k.constant(DType::F32, &Constant::integer(0)),
    );
    let (_, sum) = k.carry(ForRange::upto(32), &[zero], |point, sum| {
        let left = Access::new(a, vec![origin(), Subscript::At(point.clone())]);
        let right = Access::new(b, vec![Subscript::At(point), origin()]);
        let left = k.load_form(left, Form::Vector(4), None);
        let right = k.load_form(right, Form::Vector(8), None);
        vec![k.mma(sum[0], left, right)]
    });
    k.store(Access::new(y, vec![origin(), origin()]), sum[0]);
    k.finish().unwrap()
}

fn legal(kernel: Kernel) -> Legal {
    Legal::new(&program(kernel), &Target::BITS_128)
}

#[test]
fn intermediate_code() {
    insta::assert_snapshot!(clif(&[legal(descent())]).unwrap());
}

#[test]
fn machine_code() {
    insta::assert_snapshot!(assembly(&[legal(descent()), legal(product())]).unwrap());
}

#[test]
fn equal_kernels_are_compiled_once() {
    let programs = [descent(), product(), descent()].map(legal);
    let text = clif(&programs).unwrap();
    let functions = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(functions("; lgc.kernel"), 3, "one of them has tasks");
    assert_eq!(functions("; lgc.kernel0.descent.tasks"), 1);
    assert_eq!(functions("; lgc.run_tasks"), 1);
    assert_eq!(text.matches("; lgc.steps").count(), 3);
    assert_eq!(text, clif(&programs).unwrap());
}
