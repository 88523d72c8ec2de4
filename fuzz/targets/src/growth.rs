//! Families of texts that grow: what the compiler does for a text of twice the size is at most a little more than
//! twice as much.

use super::observed;
use lgc_codegen::lower::{Signature, lower};
use lgc_codegen::target::Target;
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::lang::Options;
use lgc_ir::module::Entry;
use lgc_ir::rewrite::optimize;
use lgc_ir::span::SourceMap;
use std::fmt::Write;

/// Texts of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// What grows.
    pub name: &'static str,
    /// The text of a size.
    pub text: fn(usize) -> String,
    /// Whether they compile; else they are refused.
    pub compiles: bool,
}

const fn compiles(name: &'static str, text: fn(usize) -> String) -> Family {
    let compiles = true;
    Family {
        name,
        text,
        compiles,
    }
}

const fn refused(name: &'static str, text: fn(usize) -> String) -> Family {
    let compiles = false;
    Family {
        name,
        text,
        compiles,
    }
}

/// Every family, each with a way in which texts grow.
pub const FAMILIES: [Family; 17] = [
    refused("undefined names", undefined_names),
    refused("undefined names in one expression", undefined_operands),
    refused("undefined functions", undefined_functions),
    compiles("unused definitions", definitions),
    compiles("operands of a concatenation", concatenated),
    compiles(
        "operands of a concatenation that are computed",
        concatenated_sines,
    ),
    compiles("parameters", parameters),
    compiles("parts of a struct array", struct_array),
    compiles("parts of a zip", zipped),
    compiles("doubled parts", doubled),
    refused("parts doubled beyond all limits", doubled_beyond),
    compiles("a chain of ops", chain),
    compiles("a derivative of a chain of ops", derivative),
    compiles("calls", calls),
    refused("axes", axes),
    refused("a long name", name),
    compiles("points of a transform", points),
];

/// What became of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The bytes of what is printed of it: messages, or kernels.
    pub printed: usize,
    /// Whether each of its entries came to kernels.
    pub whole: bool,
}

/// Reads, elaborates, simplifies and lowers a text as far as it goes.
pub fn compile(text: &str) -> Compiled {
    let mut sources = SourceMap::new();
    let Some((module, mut found)) = observed(text, &mut sources, &Options::default()) else {
        let (printed, whole) = (0, false);
        return Compiled { printed, whole };
    };
    let mut kernels = String::new();
    let has_errors = found.has_errors();
    for entry in module.entries.iter().filter(|_| !has_errors) {
        match lowered(entry) {
            Ok(program) => kernels += &program,
            Err(fault) => found.push(Diagnostic::error(Code::InternalFault, fault)),
        }
    }
    Compiled {
        whole: !found.has_errors(),
        printed: found.plain(&sources).len() + kernels.len(),
    }
}

/// The kernels of an entry, or why there are none.
fn lowered(entry: &Entry) -> Result<String, String> {
    let (graph, ..) = optimize(&entry.graph, false).map_err(|error| error.to_string())?;
    let lowering = lower(&graph, &Signature::of(entry), &Target::default());
    Ok(lowering
        .map_err(|error| error.to_string())?
        .program
        .to_string())
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

/// The size counts what is doubled.
fn doubled(size: usize) -> String {
    doublings(size.ilog2() as usize)
}

/// The size counts how often.
fn doubled_beyond(size: usize) -> String {
    doublings(size)
}

/// A line for each doubling.
fn doublings(count: usize) -> String {
    let mut text = "struct P { a: f32[2] }\ngraph d(p: P, q: P) -> (r: P[2]) { r = [p, q] }\n\
                    entry f(p0: P) -> (r: P) {\n"
        .to_owned();
    for number in 0..count {
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

/// Names have at most 1024 bytes.
fn name(size: usize) -> String {
    let name = "n".repeat(size / 2);
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
