//! Printing and parsing.

use super::samples::*;
use crate::kernel::{Kernel, Op, Program, Stmt, ValueId, verify, verify_kernel};
use insta::assert_snapshot;
use lgc_ir::constant::Constant;
use proptest::prelude::*;

/// The text, after checking that parsing and printing it gives it again, and an equal kernel.
fn round_trip(kernel: &Kernel) -> String {
    assert_eq!(verify_kernel(kernel), Ok(()));
    let text = kernel.to_string();
    let parsed: Kernel = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(parsed, kernel.canonical());
    assert_eq!(parsed.to_string(), text);
    text
}

#[test]
fn pointwise() {
    assert_snapshot!(round_trip(&silu()));
}

#[test]
fn row_softmax() {
    assert_snapshot!(round_trip(&softmax(6, 10, 4)));
}

#[test]
fn tiled_gemm_with_packing() {
    assert_snapshot!(round_trip(&gemm(6, 20, 10, 4)));
}

#[test]
fn argmax_as_a_fold_of_pairs() {
    assert_snapshot!(round_trip(&argmax(3, 11, 4, 8)));
}

#[test]
fn thread_program() {
    assert_snapshot!(round_trip(&threads()));
}

#[test]
fn programs_print_as_they_are_written() {
    for text in [GATHER, SCAN] {
        let program: Program = text.parse().unwrap();
        assert_eq!(verify(&program), Ok(()));
        assert_eq!(program.to_string(), text);
    }
}

#[test]
fn lines_follow_types() {
    let text = "\
kernel k(x: f32[4] in, y: f32[4] out) {
  for i0 in 0..4 {
    v0 = load x[i0] : f32 @3
    v1 = exp v0 : f32 @1:12
    v2 = add v0, v1 : f32
    store y[i0] = v2
  }
}
";
    let kernel: Kernel = text.parse().unwrap();
    assert_eq!(round_trip(&kernel), text);
    let lines = kernel.lines.distinct();
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["@3", "@1:12"]);
    // Numbered in another order, and with a line for what does not occur.
    let mut other = kernel.clone();
    let unused = other.new_value(kernel.values[0], kernel.lines.of(ValueId(0)));
    assert_eq!(unused, ValueId(3));
    assert_eq!(other.canonical(), kernel);
    // Lines are part of what a kernel is.
    let plain: Kernel = text
        .replace(" @3", "")
        .replace(" @1:12", "")
        .parse()
        .unwrap();
    assert_ne!(plain, kernel);
    assert!(plain.lines.is_empty());
    let wrong = text.replace("@1:12", "@1:").parse::<Kernel>();
    assert_eq!(wrong.unwrap_err().line, 5);
}

#[test]
fn numbering_does_not_matter() {
    let text = "kernel k(y: f32[4] out) { for i7 in 0..4 { v9 = const 1 : f32 store y[i7] = v9 } }";
    let other = "kernel other(z: f32[4] out) {
        // the same, differently named
        for i0 in 0..4 { v0 = const 1 : f32 store z[i0] = v0 } }";
    let (kernel, other): (Kernel, Kernel) = (text.parse().unwrap(), other.parse().unwrap());
    assert_eq!(kernel, other);
    assert_eq!(kernel.vars, 1);
}

#[test]
fn names_are_made_legal_and_unique() {
    let mut kernel = softmax(2, 2, 1);
    kernel.memories[0].name = "p.hidden.w'".into();
    kernel.memories[1].name = "9 lives".into();
    kernel.name = "a-b".into();
    let text = round_trip(&kernel);
    assert!(text.starts_with("kernel a_b(p.hidden.w': f32[2, 2] in, _9_lives: f32[2, 2] out)"));
    kernel.memories[1].name = "p.hidden.w'".into();
    assert!(round_trip(&kernel).contains("p.hidden.w'_1: f32[2, 2] out"));
}

#[test]
fn constants_are_exact_in_text() {
    let constants = [
        Constant::integer(-3),
        Constant::ratio(44715, 1_000_000),
        Constant::from_f64(0.1),
        Constant::from_f64(f64::from(0.1f32)),
        Constant::from_f64(-5e-324),
        Constant::from_f64(f64::MAX),
        Constant::two_sqrt_two_over_pi(),
        Constant::sqrt_half().neg(),
        Constant::NegZero,
        Constant::Infinity,
        Constant::NegInfinity,
        Constant::Nan,
        Constant::integer(i64::MIN),
        Constant::rational(
            dashu::rational::RBig::from(1) / dashu::rational::RBig::from(3_000_000_000_001i64),
        ),
    ];
    let texts: Vec<String> = constants
        .iter()
        .map(|constant| {
            let kernel = format!(
                "kernel k() {{ v0 = const {} : f64 }}",
                crate::kernel::print::constant(constant)
            );
            let kernel: Kernel = kernel.parse().unwrap_or_else(|e| panic!("{e}: {kernel}"));
            let Stmt::Compute {
                op: Op::Const(_, parsed),
                ..
            } = &kernel.body.stmts[0]
            else {
                panic!("{kernel}")
            };
            assert_eq!(parsed, constant);
            crate::kernel::print::constant(constant)
        })
        .collect();
    assert_snapshot!(texts.join("\n"));
}

#[test]
fn syntax_errors_say_where_and_what() {
    let wrong = [
        "",
        "kernel",
        "kernel k(x: f8[2] in) {}",
        "kernel k(x: f32[2]) {}",
        "kernel k(x: f32[1099511627776] in) {}",
        "kernel k(x: f32[2] in, x: f32[2] in) {}",
        "kernel k(x: f32[2] in) {\n  v0 = load y[0] : f32\n}",
        "kernel k(x: f32[2] in) {\n  v0 = load x[0]\n}",
        "kernel k(x: f32[2] in) {\n  v0 = frobnicate v0 : f32\n}",
        "kernel k(x: f32[2] out) {\n  store x[0] = v3\n}",
        "kernel k() {\n  for i0 in 0..(i1 mod 0) {}\n}",
        "kernel k() {\n  (v0) = carry (v1 = v2) for i0 in 0..3 { yield v1, v1 }\n}",
        "kernel k() {\n  if 3 < 2 {}\n}",
        "kernel k() { v0 = const 1/0 : f32 }",
        "kernel k() {} trailing",
        "kernel k() { yield v0 }",
    ];
    let messages = wrong.map(|text| match text.parse::<Kernel>() {
        Ok(kernel) => panic!("parsed {text}: {kernel}"),
        Err(error) => format!("{text:?}\n    {error}"),
    });
    assert_snapshot!(messages.join("\n"));
    let programs = [
        "program p { workspace 0 launch k() }",
        "program p { workspace 0 copy a -> b }",
        "program p { workspace 0 buffer a: f32[] constant 0x0 }",
        "program p { workspace -1 }",
    ];
    let messages = programs.map(|text| match text.parse::<Program>() {
        Ok(program) => panic!("parsed {text}: {program}"),
        Err(error) => format!("{text:?}\n    {error}"),
    });
    assert_snapshot!("program_syntax_errors", messages.join("\n"));
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| {
        let open = "par i0 < 1 grain 1 { ".repeat(depth);
        format!("kernel k() {{ {open}{} }}", "}".repeat(depth)).parse::<Kernel>()
    };
    assert_eq!(nested(64).unwrap().body.nesting(), 64);
    assert!(nested(100_000).unwrap_err().message.contains("too deeply"));
    let steps = "loop i0 < 1 { ".repeat(100_000);
    let error = format!("program p {{ workspace 0 {steps}").parse::<Program>();
    assert!(error.unwrap_err().message.contains("too deeply"));
}

fn tokens() -> impl Strategy<Value = String> {
    let words = "kernel k program workspace buffer launch loop check copy code -> ( ) { } [ ] , : < > = .. \
        0 1 2 -3 99999999999999999999 i0 i1 v0 v1 x y f32 i32 bool tile in out inout scratch par for carry fold \
        lanes chunk merge if else where clip guard at let @ shared private store load yield const index add \
        neg select mma rows logic.and schedule vec tasks lane ramp slice below until with 0.5f inf nan sqrt pi ^ * / + - | && <= \
        floordiv mod true input output constant 0x00 é // \n";
    let words: Vec<&'static str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    proptest::collection::vec(proptest::sample::select(words), 0..60)
        .prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn token_soup_never_panics(soup in tokens()) {
        let _ = soup.parse::<Kernel>();
        let _ = soup.parse::<Program>();
        let _ = format!("kernel k(x: f32[4] in, y: f32[4] out) {{ {soup}").parse::<Kernel>();
        let _ = format!("program p {{ workspace 0 buffer x: f32[2] input 0 {soup}").parse::<Program>();
    }

    #[test]
    fn damaged_text_never_panics(at in 0usize..3000, cut in 0usize..40, soup in tokens()) {
        for text in [gemm(6, 20, 10, 4).to_string(), SCAN.to_string()] {
            let start = at.min(text.len());
            let end = (start + cut).min(text.len());
            let damaged = format!("{}{soup}{}", &text[..start], &text[end..]);
            if let Ok(kernel) = damaged.parse::<Kernel>() { let _ = (kernel.to_string(), verify_kernel(&kernel)); }
            if let Ok(program) = damaged.parse::<Program>() { let _ = (program.to_string(), verify(&program)); }
        }
    }
}
