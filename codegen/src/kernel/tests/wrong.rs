//! Kernels and programs that the verifier rejects, and neighbours that it accepts.

use super::samples::GATHER;
use crate::kernel::{
    Access, FoldShape, Form, Kernel, KernelBuilder, Mode, Op, Program, Stmt, ValueId, ValueType,
    VarId, verify, verify_kernel,
};
use insta::assert_snapshot;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::shape::{Shape, Type};

/// A kernel with a few parameters and that body.
fn kernel(body: &str) -> Kernel {
    let text = format!(
        "kernel k(x: f32[4, 8] in, n: i32[4] in, y: f32[4, 8] out, t: f32[8] out, s: i64[] inout) {{\n{body}\n}}"
    );
    text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn verdict(body: &str) -> String {
    match verify_kernel(&kernel(body)) {
        Ok(()) => "accepted".to_string(),
        Err(errors) => {
            let lines = errors.iter().map(ToString::to_string);
            lines.collect::<Vec<_>>().join("\n    ")
        }
    }
}

fn verdicts(bodies: &[&str]) -> String {
    let one = |body: &&str| format!("{body}\n    {}", verdict(body));
    bodies.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn scopes() {
    assert_snapshot!(verdicts(&[
        "v0 = const 1 : f32 v0 = const 2 : f32",
        "for i0 in 0..4 { v0 = const 1 : f32 } store t[0] = v0",
        "store t[0] = v0 v0 = const 1 : f32",
        "for i0 in 0..4 { } v0 = index i0 : i32",
        "for i0 in 0..4 { } for i0 in 0..4 { }",
        "let b: f32[2] @private { } v0 = load b[0] : f32",
        "v0 = const 0 : f32 (v1) = carry (v2 = v0) for i0 in 0..4 { yield v1 }",
        "v0 = const 0 : f32 (v1) = fold i0 < 8 lanes 1 chunk 8 (v2 = v0) { yield v2 } merge (v3) (v4) { yield v2 }",
        "let b: f32[2] @private { par i0 < 4 grain 1 { v0 = load b[0] : f32 } }",
        "let b: f32[2] @shared { par i0 < 4 grain 1 { v0 = load b[0] : f32 } }",
    ]));
}

#[test]
fn types() {
    assert_snapshot!(verdicts(&[
        "v0 = const 1 : f32 v1 = const 1 : f64 v2 = add v0, v1 : f32",
        "v0 = const 1 : f32 v1 = neg v0 : f64",
        "v0 = const 1 : i32 v1 = exp v0 : i32",
        "v0 = const 1 : f32 v1 = and v0, v0 : f32",
        "v0 = const 1 : bool v1 = lt v0, v0 : bool",
        "v0 = const 1 : f32 v1 = bitcast v0 : i64",
        "v0 = const 1 : f32 v1 = select v0, v0, v0 : f32",
        "v0 = const 1 : f32 v1 = splat v0 : f32<4> v2 = add v0, v1 : f32<4>",
        "v0 = const 1 : f32 v1 = splat v0 : f32<4> v2 = splat v0 : f32 tile<4, 8> v3 = mma v2, v1, v1 : f32 tile<4, 8>",
        "v0 = const 1 : f32 v1 = splat v0 : f32<0>",
        "v0 = const 1 : f32 v1 = splat v0 : f32 tile<4096, 4096>",
        "v0 = const 1 : f32 v3 = const 1 : f64 (v1) = carry (v2 = v0) for i0 in 0..4 { yield v3 }",
        "v0 = const 1 : f32 v1 = const 1 : i32 (v2) = if v0 { yield v0 } else { yield v1 }",
        "v0 = index 0 : f32",
    ]));
}

#[test]
fn loops() {
    assert_snapshot!(verdicts(&[
        "for i0 in 0..4 step 0 { }",
        "for i0 in 0..4 step -9223372036854775808 { }",
        "for i0 in -9223372036854775807..9223372036854775807 { }",
        "for i0 in -4611686018427387904..4611686018427387903 { }",
        "par i0 < 4 grain 0 { }",
        "par i0 < 9223372036854775808 grain 1 { }",
        "par i0 < 9223372036854775807 grain 1 { }",
        "v0 = const 0 : f32 (v1) = fold i0 < 9223372036854775808 lanes 1 chunk 8 (v2 = v0) { yield v2 } merge (v3) (v4) { yield v3 }",
        "v0 = const 0 : f32 (v1) = fold i0 < 8 lanes 3 chunk 8 (v2 = v0) { yield v2 } merge (v3) (v4) { yield v3 }",
        "v0 = const 0 : f32 (v1) = fold i0 < 8 lanes 4 chunk 2 (v2 = v0) { yield v2 } merge (v3) (v4) { yield v3 }",
        "v0 = const 0 : f32 (v1) = fold i0 < 8 lanes 4 chunk 0 (v2 = v0) { yield v2 } merge (v3) (v4) { yield v3 }",
        "v0 = const 0 : f32 (v1) = fold i0 < 8 lanes 4 chunk 8 (v2 = v0) { yield v2 } merge (v3) (v4) { v5 = load t[0] : f32 yield v5 }",
    ]));
}

#[test]
fn accesses() {
    assert_snapshot!(verdicts(&[
        "v0 = load x[0] : f32",
        "v0 = load x[0, 0] : f64",
        "v0 = load x[0, 0] : f32<4>",
        "v0 = load x[0:, 0:] : f32<4>",
        "v0 = const 1 : f32 v1 = load x[v0, 0] : f32",
        "v0 = const 1 : f32 v1 = load x[0, 0] where v0 : f32",
        "v0 = const 1 : f64 v1 = load x[0, 0] else v0 : f32",
        "v0 = const 1 : f32 store x[0, 0] = v0",
        "v0 = load n[0] : i32 v1 = load x[v0, 0] guard t at 0 : f32",
        "v0 = load n[0] : i32 v1 = load x[v0, 0] guard s at 0 : f32",
    ]));
}

#[test]
fn bounds() {
    assert_snapshot!(verdicts(&[
        "for i0 in 0..8 { v0 = load t[i0 + 1] : f32 }",
        "for i0 in 0..8 { v0 = load t[i0 - 1] : f32 }",
        "for i0 in 0..8 { v0 = load t[i0 - 1] if 0 <= i0 - 1 < 8 : f32 }",
        "for i0 in 0..8 { if 1 <= i0 < 5 { v0 = load t[2*i0 - 2] : f32 } }",
        "for i0 in 0..9 { if 1 <= i0 < 6 { v0 = load t[2*i0 - 2] : f32 } }",
        "for i0 in 0..32 { v0 = load x[(i0 floordiv 8), (i0 mod 8)] : f32 }",
        "for i0 in 0..33 { v0 = load x[(i0 floordiv 8), (i0 mod 8)] : f32 }",
        "for i0 in 0..8 step 4 { v0 = load t[i0:] : f32<4> }",
        "for i0 in 0..7 step 4 { v0 = load t[i0:] : f32<4> }",
        "for i0 in 0..8 step 3 { v0 = load t[i0:] : f32<4> }",
        "for i0 in 0..8 step 3 { v0 = load t[i0:] clip : f32<4> }",
        "for i0 in 0..8 { for i1 in i0..8 { v0 = load t[i1 - i0] : f32 } }",
        "for i0 in 0..8 { for i1 in i0..8 step -2 { v0 = load t[-i1 + 7] : f32 } }",
        "for i0 in 0..8 { for i1 in 0..i0 { v0 = load t[i0 - i1 - 1] : f32 } }",
        "for i0 in 0..8 { for i1 in 0..i0 + 1 { v0 = load t[i0 - i1 - 1] : f32 } }",
        "for i0 in 0..0 { v0 = load t[99] : f32 }",
        "for i0 in 0..9223372036854775807 { v0 = load t[4*i0] : f32 }",
    ]));
}

#[test]
fn parallel_stores() {
    assert_snapshot!(verdicts(&[
        "par i0 < 4 grain 1 { v0 = const 1 : f32 store t[0] = v0 }",
        "par i0 < 4 grain 1 { v0 = const 1 : f32 store t[0] = v0 if 0 <= i0 < 1 }",
        "par i0 < 4 grain 1 { for i1 in 0..2 { v0 = const 1 : f32 store t[i0 + i1] = v0 } }",
        "par i0 < 4 grain 1 { for i1 in 0..2 { v0 = const 1 : f32 store t[2*i0 + i1] = v0 } }",
        "par i0 < 8 grain 1 { v0 = const 1 : f32 store t[(i0 floordiv 2)] = v0 }",
        "par i0 < 4 grain 1 { v0 = const 1 : f32 v1 = splat v0 : f32<4> store t[i0:] = v1 clip }",
        "par i0 < 4 grain 1 { let b: f32[] @private { v0 = const 1 : f32 store b[] = v0 } }",
        "v0 = const 0 : f32 (v1) = fold i0 < 8 lanes 4 chunk 8 (v2 = v0) { store t[0] = v2 yield v2 } merge (v3) (v4) { yield v3 }",
        "v0 = const 0 : f32 (v1) = fold i0 < 8 lanes 4 chunk 8 (v2 = v0) { store t[i0] = v2 yield v2 } merge (v3) (v4) { yield v3 }",
    ]));
}

#[test]
fn races() {
    let fold = |body: &str| {
        format!(
            "v0 = const 0 : f32 (v1) = fold i0 < 7 lanes 4 chunk 4 (v2 = v0) {{ {body} yield v2 }} merge (v3) (v4) {{ yield v3 }}"
        )
    };
    let bodies = [
        // Loads of what another iteration stores, and of what none does.
        "par i0 < 7 grain 1 { v0 = load t[i0 + 1] : f32 store t[i0] = v0 }",
        "par i0 < 7 grain 1 { v0 = load t[i0] : f32 store t[i0 + 1] = v0 }",
        "par i0 < 8 grain 1 { v0 = load t[i0] : f32 store t[i0] = v0 }",
        "par i0 < 8 grain 1 { v0 = load t[-i0 + 7] : f32 store t[i0] = v0 }",
        "par i0 < 4 grain 1 { v0 = load t[i0 + 4] : f32 store t[i0] = v0 }",
        "par i0 < 4 grain 1 { v0 = load t[2*i0 + 1] : f32 store t[2*i0] = v0 }",
        "par i0 < 8 grain 1 { v0 = load y[3, i0] : f32 store y[3, (i0 floordiv 2) + 4*(i0 mod 2)] = v0 }",
        "par i0 < 8 grain 1 { v0 = load y[0, i0] : f32 store y[(i0 floordiv 4) + 1, (i0 mod 4)] = v0 }",
        "par i0 < 1 grain 1 { v0 = load t[0] : f32 store t[0] = v0 }",
        // Far apart: not to be seen in the first iterations.
        "par i0 < 8 grain 1 { v0 = const 1 : f32 store t[(5*i0 mod 8)] = v0 }",
        "par i0 < 7 grain 1 { v0 = const 1 : f32 store t[(5*i0 mod 6)] = v0 }",
        // Guards and branches.
        "par i0 < 8 grain 1 { v0 = load t[i0 - 1] if 1 <= i0 < 8 : f32 store t[i0] = v0 if 2 | i0 }",
        "par i0 < 8 grain 1 { v0 = load t[i0 - 1] if 2 | i0 + 1 : f32 store t[i0] = v0 if 2 | i0 + 1 }",
        "par i0 < 8 grain 1 { if 0 <= i0 < 1 { v0 = load t[1] : f32 store t[0] = v0 } }",
        "par i0 < 8 grain 1 { if 0 <= i0 < 2 { v0 = load t[2] : f32 store t[0] = v0 } }",
        "par i0 < 8 grain 1 { v0 = const 1 : bool v1 = const 1 : f32 store t[0] = v1 where v0 }",
        // Places that are known at run time only.
        "par i0 < 4 grain 1 { v0 = load n[i0] : i32 v1 = const 1 : f32 store t[v0] = v1 }",
        "par i0 < 4 grain 1 { v0 = load n[i0] : i32 v1 = load t[v0] : f32 store t[i0] = v1 }",
        "par i0 < 4 grain 1 { v0 = load n[i0] : i32 v1 = load y[v0, i0] : f32 store y[v0, i0] = v1 }",
        "par i0 < 4 grain 1 { v0 = load n[i0] : i32 v1 = load x[v0, 0] guard s at i0 : f32 store t[i0] = v1 }",
        "par i0 < 4 grain 1 { v0 = load n[i0] : i32 v1 = load x[v0, 0] guard s at i0 : f32 v2 = load s[] : i64 }",
        // Vectors and tiles.
        "par i0 < 2 grain 1 { v0 = load t[4*i0:] : f32<4> store t[4*i0:] = v0 }",
        "par i0 < 2 grain 1 { v0 = load t[4*i0:] : f32<4> store t[3*i0:] = v0 }",
        "par i0 < 3 grain 1 { v0 = load t[3*i0:] clip : f32<4> store t[3*i0:] = v0 clip }",
        "par i0 < 2 grain 1 { v0 = load t[4*i0:] : f32<4> v1 = load t[-4*i0 + 4] : f32 store t[4*i0:] = v0 }",
        "par i0 < 2 grain 1 { v0 = load y[2*i0:, 0:] : f32 tile<2, 4> store y[2*i0:, 4:] = v0 }",
        "par i0 < 2 grain 1 { v0 = load y[2*i0:, 0:] : f32 tile<2, 4> store y[2*i0:, 2:] = v0 }",
        "par i0 < 2 grain 1 { v0 = load y[i0:, 0:] : f32 tile<2, 4> store y[i0:, 4:] = v0 }",
        // Loops inside and around.
        "par i0 < 4 grain 1 { for i1 in 0..8 { v0 = load y[i0, -i1 + 7] : f32 store y[i0, i1] = v0 } }",
        "par i0 < 4 grain 1 { par i1 < 8 grain 1 { v0 = load y[i0, -i1 + 7] : f32 store y[i0, i1] = v0 } }",
        "par i0 < 4 grain 1 { par i1 < 8 grain 1 { v0 = load y[-i0 + 3, i1] : f32 store y[i0, i1] = v0 } }",
        "for i0 in 0..3 { par i1 < 8 grain 1 { v0 = load y[i0, i1] : f32 store y[i0 + 1, i1] = v0 } }",
        "par i0 < 2 grain 1 { for i1 in 0..8 step 2 { v0 = const 1 : f32 store t[i0 + i1] = v0 } }",
        "par i0 < 2 grain 1 { for i1 in i0..8 step 2 { v0 = const 1 : f32 store t[i1] = v0 } }",
        "par i0 < 2 grain 1 { for i1 in 4*i0..4*i0 + 4 { v0 = const 1 : f32 store t[i1] = v0 } }",
        "par i0 < 2 grain 1 { for i1 in 4*i0..4*i0 + 5 { v0 = const 1 : f32 store t[i1] = v0 if 0 <= i1 < 8 } }",
        // Buffers of one iteration, and of all.
        "par i0 < 4 grain 1 { let b: f32[2] @private { v0 = load b[1] : f32 store b[0] = v0 } }",
        "let b: f32[5] @shared { par i0 < 4 grain 1 { v0 = load b[i0 + 1] : f32 store b[i0] = v0 } }",
        "let b: f32[4] @shared { par i0 < 4 grain 1 { v0 = const 1 : f32 store b[i0] = v0 } par i1 < 4 grain 1 { v1 = load b[-i1 + 3] : f32 } }",
        // Points that run as one vector.
        "schedule vec i0 4 for i0 in 0..7 { v0 = load t[i0] : f32 store t[i0 + 1] = v0 }",
        "schedule vec i0 4 for i0 in 0..8 { v0 = load t[i0] : f32 store t[i0] = v0 }",
        "for i0 in 0..7 { v0 = load t[i0] : f32 store t[i0 + 1] = v0 }",
    ];
    let bodies = bodies.map(str::to_string).into_iter().chain([
        // Elements of folds.
        fold("v5 = load t[i0 + 1] : f32 store t[i0] = v5"),
        fold("v5 = load t[i0] : f32 store t[i0] = v5"),
        fold("let b: f32[] @private { store b[] = v2 v5 = load b[] : f32 }"),
    ]);
    let bodies: Vec<String> = bodies.collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    assert_snapshot!(verdicts(&bodies));
}

/// What is hard to tell takes bounded time, and is refused.
#[test]
fn races_are_not_sought_for_ever() {
    let steps = (0..300).map(|step| {
        format!("v{step} = const {step} : f32 store t[(({step}*i0 + {step}) mod 8)] = v{step}")
    });
    let steps: Vec<String> = steps.collect();
    let many = format!("par i0 < 8 grain 1 {{ {} }}", steps.join(" "));
    let inner = (1..9).map(|var| format!("for i{var} in 0..8 {{ "));
    let terms = (0..9).map(|var| format!("{}*i{var}", 8i64.pow(8 - var) + 1));
    let position = terms.collect::<Vec<_>>().join(" + ");
    let deep = format!(
        "par i0 < 8 grain 1 {{ {} v0 = const 1 : f32 store t[(({position}) mod 8)] = v0 {} }}",
        inner.collect::<String>(),
        "}".repeat(8)
    );
    for body in [many, deep] {
        let start = std::time::Instant::now();
        let verdict = verdict(&body);
        assert!(verdict.contains("K10"), "{verdict}");
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}

#[test]
fn schedules() {
    let nest = "par i0 < 4 grain 1 { par i1 < 2 grain 1 { for i2 in 0..4 { v0 = const 1 : f32 store y[i0, 4*i1 + i2] = v0 } } }";
    let with = |directive: &str| format!("schedule {directive} {nest}");
    let bodies = ["vec i2 4", "vec i0 4", "vec i2 3", "vec i7 4"].map(with);
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    assert_snapshot!(verdicts(&bodies).replace(nest, "…"));
}

#[test]
fn programs() {
    let change = |from: &str, to: &str| {
        let text = GATHER.replace(from, to);
        assert_ne!(text, GATHER, "{from}");
        let program: Program = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
        let verdict = match verify(&program) {
            Ok(()) => "accepted".to_string(),
            Err(errors) => {
                let lines = errors.iter().map(ToString::to_string);
                lines.collect::<Vec<_>>().join("\n    ")
            }
        };
        format!("{from} ~> {to}\n    {verdict}")
    };
    let verdicts = [
        change("workspace 64", "workspace 4"),
        change("status: i64[] workspace 0", "status: i64[] workspace 8"),
        change("rows: f32[4, 2] output 0", "rows: f32[4, 2] input 1"),
        change("i32[4] input 1", "i32[4] constant 0x00"),
        change(
            "launch gather(table, index, rows, status)",
            "launch gather(table, index, rows)",
        ),
        change(
            "launch gather(table, index, rows, status)",
            "launch gather(table, index, table, status)",
        ),
        change("launch reset(status)", "launch reset(index)"),
        change("check status code 3", "check status code 0"),
        change("check status code 3", "check index[1] code 3"),
        change("check status code 3", "check status[0] code 3"),
        change("check status code 3", "if status { }"),
        change("check status code 3", "copy table -> rows"),
        change("check status code 3", "copy rows[0] -> rows[1]"),
        change("check status code 3", "copy rows[1] -> rows[1]"),
        change("check status code 3", "copy rows[4] -> rows[1]"),
        change(
            "check status code 3",
            "loop i0 < 2 { copy rows[i0] -> rows[i0 + 2] }",
        ),
        change(
            "check status code 3",
            "loop i0 < 2 { copy rows[i0] -> rows[(i0 mod 2)] }",
        ),
        change(
            "check status code 3",
            "loop i0 < 4 { copy rows[(i0 mod 2)] -> rows[((i0 + 1) mod 2)] }",
        ),
        change("check status code 3", "loop i0 < 2 { loop i0 < 2 { } }"),
        change("check status code 3", "copy rows[i0] -> rows[1]"),
    ];
    assert_snapshot!(verdicts.join("\n"));
}

#[test]
fn ids_beyond_their_tables() {
    let sound = kernel("for i0 in 0..4 { v0 = const 1 : f32 store t[i0] = v0 }");
    let first = |mut change: Box<dyn FnMut(&mut Kernel)>| {
        let mut kernel = sound.clone();
        change(&mut kernel);
        let errors = verify_kernel(&kernel).unwrap_err();
        let text = kernel.to_string();
        assert!(text.starts_with("kernel k("));
        errors[0].to_string()
    };
    let messages = [
        first(Box::new(|kernel| kernel.values.clear())),
        first(Box::new(|kernel| kernel.vars = 0)),
        first(Box::new(|kernel| kernel.vars = u32::MAX)),
        first(Box::new(|kernel| kernel.memories.clear())),
        first(Box::new(|kernel| {
            kernel.body.stmts.push(Stmt::Compute {
                result: ValueId(u32::MAX),
                op: Op::Index(DType::I32, VarId(u32::MAX).to_index()),
            });
        })),
        first(Box::new(|kernel| kernel.memories.reverse_and_break())),
        first(Box::new(|kernel| {
            let deep = (0..100).fold(Index::var(0), |index, _| {
                index.add(&Index::var(0)).floor_div(7)
            });
            kernel.body.stmts.insert(
                0,
                Stmt::Compute {
                    result: ValueId(1),
                    op: Op::Index(DType::I32, deep),
                },
            );
            kernel.values.push(ValueType::scalar(DType::I32));
        })),
    ];
    assert_snapshot!(messages.join("\n"));
}

/// Puts a local buffer before the parameters.
trait ReverseAndBreak {
    fn reverse_and_break(&mut self);
}

impl ReverseAndBreak for Vec<crate::kernel::Memory> {
    fn reverse_and_break(&mut self) {
        self[0].place = crate::kernel::Place::Local(crate::kernel::Space::Private);
    }
}

#[test]
fn builders_report_the_first_mistake() {
    let scalar = |dtype| Type::new(dtype, Shape::scalar());
    let k = KernelBuilder::new("wrong");
    let x = k.param("x", scalar(DType::F32), Mode::In);
    let y = k.param("y", scalar(DType::I32), Mode::In);
    let (a, b) = (
        k.load(Access::element(x, [])),
        k.load(Access::element(y, [])),
    );
    k.binary(lgc_ir::scalar::Binary::Add, a, b);
    k.splat(Form::Vector(4), k.splat(Form::Vector(4), a));
    let error = k.finish().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot build kernel `wrong`: add: the operands must have one dtype"
    );
    let k = KernelBuilder::new("short");
    let zero = k.int(DType::F32, 0);
    k.fold(
        FoldShape::sequential(3),
        &[zero],
        |_, _| vec![],
        |a, _| a.to_vec(),
    );
    let error = k.finish().unwrap_err();
    assert_eq!(error.message, "a region yields 0 values instead of 1");
}

#[test]
fn tasks_and_lanes() {
    assert_snapshot!(verdicts(&[
        "tasks i0 < 4 with (t; ; ) { v0 = const 1 : f32 store t[i0] = v0 }",
        "tasks i0 < 4 with (; ; ) { v0 = const 1 : f32 store t[i0] = v0 }",
        "v0 = const 1 : f32 tasks i0 < 4 with (t; ; ) { store t[i0] = v0 }",
        "for i1 in 0..2 { tasks i0 < 4 with (t; ; ) { v0 = const 1 : f32 store t[4*i1 + i0] = v0 } }",
        "for i1 in 0..2 { tasks i0 < 4 with (t; ; i1) { v0 = const 1 : f32 store t[4*i1 + i0] = v0 } }",
        "tasks i0 < 4 with (t; ; ) { tasks i1 < 2 with (t; ; i0) { v0 = const 1 : f32 store t[2*i0 + i1] = v0 } }",
        "let b: f32[4] @private { tasks i0 < 4 with (b; ; ) { v0 = load b[i0] : f32 } }",
        "let b: f32[4] @shared { tasks i0 < 4 with (b; ; ) { v0 = load b[i0] : f32 } }",
        "tasks i0 < 4 with (t; ; ) { v0 = const 1 : f32 store t[0] = v0 }",
        "for i0 in 0..9 below 8 { v0 = const 1 : f32 store t[i0] = v0 }",
        "for i0 in 7..-1 step -1 below 8 { }",
        "v1 = load n[0] : i32 for i0 in 0..4 until v1 { }",
    ]));
    let by_lanes = |body: &str| format!("lane i9 {body}");
    let bodies = [
        "v0 = load x[i9, 3] : f32<4>",
        "v0 = load x[i9, 3] : f32<8>",
        "v0 = load x[i9, 3] if 0 <= i9 < 4 : f32<8>",
        "v0 = load x[i9, 3] : f32",
        "v0 = index i9 : i64",
        "v0 = ramp 3*i9 : i64<4>",
        "for i9 in 0..4 { }",
        "v1 = ramp i9 : i64<4> v0 = load x[v1, i9] : f32<4>",
        "v1 = ramp i9 : i64<8> v0 = load x[v1, i9] : f32<4>",
        "v1 = ramp i9 : i64<4> v2 = cast v1 : bool<4> v3 = cast v1 : f32<4> v0 = load x[2, i9] where v2 else v3 : f32<4>",
        "v1 = ramp i9 : i64<4> v2 = slice v1 from 3 : i64<2>",
        "v1 = ramp i9 : i64<4> v2 = slice v1 from 2 : i64<2>",
        "for i0 in 0..8 step 4 { v1 = load x[0, i0 + i9] : f32<4> store y[0, i0 + i9] = v1 }",
        "for i0 in 0..8 step 3 { v1 = load x[0, i0 + i9] : f32<4> store y[0, i0 + i9] = v1 }",
        "par i0 < 2 grain 1 { v1 = load x[0, i9] : f32<4> store y[0, 4*i0 + i9] = v1 }",
        "par i0 < 2 grain 1 { v1 = load x[0, i9] : f32<4> store y[0, 3*i0 + i9] = v1 }",
        "par i0 < 2 grain 1 { v1 = load x[0, i9] : f32<4> store y[0, 2*i9 + i0] = v1 }",
    ];
    let bodies: Vec<String> = bodies.into_iter().map(by_lanes).collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    assert_snapshot!(verdicts(&bodies));
}
