//! Families of texts that grow: what the compiler does for a text of twice the size is at most a little more than
//! twice as much.

use lgc_codegen::lower::{Signature, Target, lower};
use lgc_ir::diag::Diagnostics;
use lgc_ir::lang::{self, Options, Unreadable};
use lgc_ir::rewrite::optimize;
use lgc_ir::span::SourceMap;
use std::fmt::Write;

/// Texts of one kind, by their size.
pub type Family = (&'static str, fn(usize) -> String);

/// Every family, each with a way in which texts grow.
pub const FAMILIES: [Family; 16] = [
    ("undefined names", undefined_names),
    ("undefined names in one expression", undefined_operands),
    ("undefined functions", undefined_functions),
    ("unused definitions", definitions),
    ("operands of a concatenation", concatenated),
    (
        "operands of a concatenation that are computed",
        concatenated_sines,
    ),
    ("parameters", parameters),
    ("parts of a struct array", struct_array),
    ("parts of a zip", zipped),
    ("doubled parts", doubled),
    ("a chain of ops", chain),
    ("a derivative of a chain of ops", derivative),
    ("calls", calls),
    ("axes", axes),
    ("a long name", name),
    ("points of a transform", points),
];

/// Reads, elaborates, simplifies and lowers a text as far as it goes; the bytes of what is printed of it.
pub fn compile(text: &str) -> usize {
    let mut sources = SourceMap::new();
    let Ok(file) = sources.add("input", text) else {
        return 0;
    };
    let mut found = Diagnostics::new();
    let ast = lang::parse(file, text, &mut found);
    let mut no_files = |_: &str| Err("there are no files here".to_owned());
    let mut ast = lang::import(ast, &mut sources, &mut no_files, &mut found);
    let mut no_tensors = |_: &str| Err(Unreadable::Because("there are no files here".to_owned()));
    lang::load(&mut ast, &sources, &mut no_tensors, &mut found);
    let module = lang::elaborate(&ast, &Options::default(), &mut found);
    let mut printed = found.plain(&sources).len();
    if found.has_errors() {
        return printed;
    }
    for entry in &module.entries {
        let Ok((graph, ..)) = optimize(&entry.graph, false) else {
            continue;
        };
        if let Ok(lowering) = lower(&graph, &Signature::of(entry), &Target::default()) {
            printed += lowering.program.to_string().len();
        }
    }
    printed
}

/// A text of so many lines, in an entry that yields its parameter.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = "entry f(x: f32[3]) -> (y: f32[3]) {\n".to_owned();
    for number in 0..count {
        text += &line(number);
    }
    text + "    y = x\n}\n"
}

/// Terms with something between them.
fn joined(count: usize, between: &str, term: impl Fn(usize) -> String) -> String {
    let terms: Vec<String> = (0..count).map(term).collect();
    terms.join(between)
}

fn undefined_names(size: usize) -> String {
    lines(size, |n| format!("    a{n} = u{n}\n"))
}

fn undefined_operands(size: usize) -> String {
    let sum = joined(size, " + ", |n| format!("u{n}"));
    lines(size, |n| format!("    a{n} = x\n")).replace("y = x", &format!("y = {sum}"))
}

fn undefined_functions(size: usize) -> String {
    lines(size, |n| format!("    a{n} = u{n}(x)\n"))
}

fn definitions(size: usize) -> String {
    lines(size, |n| format!("    a{n} = x + {n}\n"))
}

fn concatenated(size: usize) -> String {
    let operands = joined(size, ", ", |_| "x".to_owned());
    format!(
        "entry f(x: f32[3]) -> (y: f32[{}]) {{ y = concat({operands}, axis = 0) }}\n",
        3 * size
    )
}

fn concatenated_sines(size: usize) -> String {
    let operands = joined(size, ", ", |n| format!("sin(x * {n}.5)"));
    format!(
        "entry f(x: f32[3]) -> (y: f32[{}]) {{ y = concat({operands}, axis = 0) }}\n",
        3 * size
    )
}

fn parameters(size: usize) -> String {
    let list = joined(size, ", ", |n| format!("x{n}: f32[3]"));
    format!("entry f({list}) -> (y: f32[3]) {{ y = x0 }}\n")
}

fn struct_array(size: usize) -> String {
    format!(
        "struct P {{ a: f32[2], b: f32[3] }}\n\
         entry f(p: P[{size}]) -> (y: f32[2]) {{ y = p[0].a }}\n"
    )
}

fn zipped(size: usize) -> String {
    format!(
        "struct P {{ a: f32[2], b: f32[3] }}\n\
         graph s(p: P, q: P) -> (r: P) {{ r = P(p.a + q.a, p.b) }}\n\
         entry f(p: P[{size}], q: P[{size}]) -> (r: P[{size}]) {{ r = zip(s, p, q) }}\n"
    )
}

/// A line for each doubling, up to more than may be and far beyond: the size counts what is doubled.
fn doubled(size: usize) -> String {
    let mut text = "struct P { a: f32[2] }\ngraph d(p: P, q: P) -> (r: P[2]) { r = [p, q] }\n\
                    entry f(p0: P) -> (r: P) {\n"
        .to_owned();
    for number in 0..size.ilog2() {
        // Writing to a text does not fail.
        let _ = writeln!(text, "    p{} = zip(d, p{number}, p{number})", number + 1);
    }
    text + "    r = p0\n}\n"
}

fn chain(size: usize) -> String {
    let mut text = "entry f(x: f32[3]) -> (y: f32[3]) {\n    v0 = x\n".to_owned();
    for number in 0..size {
        let _ = writeln!(text, "    v{} = sin(v{number})", number + 1);
    }
    text + &format!("    y = v{size}\n}}\n")
}

fn derivative(size: usize) -> String {
    let graph = chain(size).replace("entry f", "graph f");
    graph
        + "graph l(x: f32[3]) -> (s: f32[]) { s = sum(f(x)) }\n\
           entry g(x: f32[3]) -> (d: f32[3]) { d = grad(l, wrt = x)(x) }\n"
}

fn calls(size: usize) -> String {
    let mut text = "graph g(x: f32[3]) -> (y: f32[3]) { y = sin(x) * 2 }\n".to_owned();
    text += &chain(size).replace("sin(", "g(");
    text
}

fn axes(size: usize) -> String {
    let ones = joined(size, ", ", |_| "1".to_owned());
    format!("entry f(x: f32[{ones}]) -> (s: f32[]) {{ s = sum(x) }}\n")
}

fn name(size: usize) -> String {
    let name = "n".repeat(size);
    format!("entry f({name}: f32[3]) -> (y: f32[3]) {{ y = {name} + other_{name} }}\n")
}

fn points(size: usize) -> String {
    let points = size << 10;
    format!(
        "entry f(x: f32[{points}, 2], p: f32[{}, 2]) -> (y: f32[{points}, 2], q: f32[{}, 2]) {{\n    \
         y = fft(x)\n    q = fft(p)\n}}\n",
        points + 1,
        points + 1
    )
}
