//! Step trees.

use super::{Bytes, agree_on, tensor};
use crate::kernel::{
    Access, Arg, Buffer, BufferId, Directive, ForRange, Kernel, KernelBuilder, KernelId, Mode,
    Program, Role, Space, Step, VarId,
};
use crate::legalize::Legal;
use crate::target::{Operations, Target};
use lgc_ir::dtype::DType;
use lgc_ir::scalar::Binary;

/// y = x + c, element by element, in tasks of at least `grain`.
fn add(extent: u64, grain: u64) -> Kernel {
    let k = KernelBuilder::new("add");
    let x = k.param("x", tensor(DType::F32, &[extent]), Mode::In);
    let c = k.param("c", tensor(DType::F32, &[extent]), Mode::In);
    let y = k.param("y", tensor(DType::F32, &[extent]), Mode::Out);
    let var = k.par(extent, grain, |i| {
        let load = |memory| k.load(Access::element(memory, [i.clone()]));
        let sum = k.binary(Binary::Add, load(x), load(c));
        k.store(Access::element(y, [i.clone()]), sum);
    });
    k.schedule(Directive::Vec(var, 4));
    k.finish().unwrap()
}

fn buffer(name: &str, dims: &[u64], role: Role) -> Buffer {
    Buffer {
        name: name.into(),
        ty: tensor(DType::F32, dims),
        role,
    }
}

/// Adds the rows of a matrix to a state, row by row, forth and back, and copies every state; rows in
/// tasks of at least `grain` elements.
pub(super) fn scan(extent: u64, rows: u64, flag: bool, grain: u64) -> Program {
    let constant: Vec<u8> = (0..extent)
        .flat_map(|i| (i as f32 * 0.25).to_le_bytes())
        .collect();
    let row = || lgc_ir::index::Index::var(0);
    let part = |buffer: u32, at| Arg {
        buffer: BufferId(buffer),
        at: vec![at],
    };
    let launch = |from: Arg, other: Arg, to: Arg| Step::Launch {
        kernel: KernelId(0),
        args: vec![from, other, to],
    };
    let whole = |buffer: u32| Arg::whole(BufferId(buffer));
    let back = row().scale(-1).add_constant(rows as i64 - 1);
    Program {
        name: "scan".into(),
        workspace: 128 + extent * 8,
        buffers: vec![
            buffer("x", &[rows, extent], Role::Input(0)),
            buffer("c", &[extent], Role::Constant(constant.into())),
            buffer("now", &[extent], Role::Inout(0)),
            buffer(
                "next",
                &[extent],
                Role::Workspace(64 + (extent * 4).next_multiple_of(64)),
            ),
            buffer("all", &[rows, extent], Role::Output(0)),
            Buffer {
                name: "flag".into(),
                ty: tensor(DType::Bool, &[]),
                role: Role::Constant(vec![u8::from(flag)].into()),
            },
            buffer("other", &[extent], Role::Workspace(0)),
        ],
        kernels: vec![add(extent, grain)],
        steps: vec![
            Step::Loop {
                var: VarId(0),
                count: rows,
                body: vec![
                    launch(whole(2), part(0, row()), whole(3)),
                    Step::If {
                        condition: whole(5),
                        then: vec![launch(whole(3), whole(1), part(4, back.clone()))],
                        otherwise: vec![Step::Copy {
                            from: whole(3),
                            to: part(4, back),
                        }],
                    },
                    Step::Copy {
                        from: whole(3),
                        to: whole(2),
                    },
                ],
            },
            Step::Copy {
                from: whole(2),
                to: whole(6),
            },
        ],
    }
}

#[test]
fn loops_branches_and_copies() {
    for extent in [1, 3, 5, 16, 33, 100, 203] {
        for flag in [false, true] {
            let program = Program {
                workspace: 4096,
                ..scan(extent, 4, flag, 1)
            };
            let bytes = Bytes::random(&program, extent);
            agree_on::<f32>(&program, bytes, &format!("scan of {extent}"));
        }
    }
}

#[test]
fn arguments_of_a_wrong_size_are_refused() {
    let program = Program {
        workspace: 4096,
        ..scan(5, 2, true, 1)
    };
    let entry = super::Jit::compile(&Legal::new(&program, &Target::BITS_128)).unwrap();
    let (x, mut now, mut all) = (vec![0; 40], vec![0; 20], vec![0; 40]);
    let mut call = |x: &[&[u8]], all: &mut [u8]| entry.call(x, &mut [&mut now], &mut [all]);
    assert_eq!(call(&[&x], &mut all), Ok(0));
    assert!(matches!(
        call(&[], &mut all),
        Err(super::super::CallError::Count { .. })
    ));
    let error = call(&[&x], &mut all[1..]).unwrap_err();
    assert_eq!(error.to_string(), "Output(0) has 39 bytes instead of 40");
}

#[test]
fn kernels_for_another_processor_are_refused() {
    let k = KernelBuilder::new("quotient");
    let x = k.param("x", tensor(DType::I32, &[]), Mode::In);
    let y = k.param("y", tensor(DType::I32, &[]), Mode::Out);
    let value = k.load(Access::new(x, vec![]));
    k.store(Access::new(y, vec![]), k.binary(Binary::Div, value, value));
    let program = super::program(k.finish().unwrap());
    let divides = Operations {
        division: true,
        ..Operations::COMMON
    };
    let target = Target {
        operations: divides,
        ..Target::BITS_128
    };
    refused(
        &program,
        &target,
        "a kernel that is legal for another processor",
    );
}

/// Asserts that no back end compiles a program for such a target, for this reason.
fn refused(program: &Program, like: &Target, reason: &str) {
    for (target, backend) in super::machines() {
        let target = Target {
            operations: like.operations,
            stack_bytes: like.stack_bytes,
            ..target
        };
        let compiled = super::Jit::compile_with(&Legal::new(program, &target), backend);
        let message = compiled.err().unwrap().to_string();
        assert!(message.contains(reason), "{backend:?}: {message}");
    }
}

#[test]
fn buffers_beyond_the_stack_are_refused() {
    let with_buffer = |elements: u64| {
        let k = KernelBuilder::new("buffer");
        let x = k.param("x", tensor(DType::F32, &[elements]), Mode::In);
        let y = k.param("y", tensor(DType::F32, &[elements]), Mode::Out);
        let row = tensor(DType::F32, &[elements]);
        k.local("row", row, Space::Private, |row| {
            let copied = |from, to| {
                k.carry(ForRange::upto(elements), &[], |i, _| {
                    let value = k.load(Access::element(from, [i.clone()]));
                    k.store(Access::element(to, [i]), value);
                    vec![]
                });
            };
            copied(x, row);
            copied(row, y);
        });
        k.finish().unwrap()
    };
    let most = Target::BITS_128.stack_bytes / 4;
    super::agree(with_buffer(most), 1, "a buffer as large as the stack");
    let program = super::program(with_buffer(most + 1));
    refused(
        &program,
        &Target::BITS_128,
        "local buffers exceed the stack",
    );
}
