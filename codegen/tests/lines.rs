//! Lines of sources, from nodes of graphs to instructions.
//!
//! What asks for lines gets the program that it gets without, and each statement of it has one; passes lose none; and
//! neither back end makes another instruction.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail it by panicking"
)]

use lgc_abi::{Entry, Library, ValueMap};
use lgc_codegen::backend::Backend;
use lgc_codegen::kernel::{Kernel, Program, SourceLine, Stmt, verify};
use lgc_codegen::legalize::Legal;
use lgc_codegen::lower::{LineOf, Signature, lower_with_lines};
use lgc_codegen::shell::{Sources, compile_library};
use lgc_codegen::target::Target;
use lgc_codegen::threads::after_each_pass;
use lgc_ir::diag::Diagnostics;
use lgc_ir::lang::{Options, elaborate, import, parse, standard};
use lgc_ir::module::Module;
use lgc_ir::rewrite::optimize;
use lgc_ir::span::{SourceMap, Span};
use object::{Object, ObjectSection};
use std::collections::BTreeSet;

/// Kernels of each kind. Names of results end with their line.
const GRAPH: &str = "\
use \"std/layers.graph\"
// Nothing of this line is computed.
graph half(h: f32[40], k: f32[40]) -> (next: f32[40]) { next = h * k }
entry f(
    x: f32[65, 130], w: f32[130, 40], i: i32[7] in [0, 64], ks: f32[9, 40], p: Linear[130, 130], r: f32[70, 50],
    a: f32[50], inout s: f32[40]
) -> (y9: f32[65, 40], y10: f32[], y11: f32[65, 130], y12: f32[7, 130], y13: i32[65, 130], y14: f32[65, 130],
    y15: f32[40], y17: f32[65, 130], y18: f32[65, 130], y19: f32[70], y20: f32[]) {
    y9 = relu(exp(x) @ w)
    y10 = sum(sin(x))
    y11 = softmax(x, axis = 1)
    y12 = gather(x, i)
    y13 = argsort(x)
    y14 = cumsum(x, axis = 1)
    y15 = scan(half, carry = h, over = k)(s, ks)
    s' = s + 1
    y17 = scatter_add(x, i, y12, axis = 0)
    y18 = linear(x / (1 + sqrt(abs(x))), p)
    y19 = r @ a
    y20 = sum(r * a)
}
";

/// The files of the graph, and what it is.
fn module(text: &str) -> (SourceMap, Module) {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let file = sources.add("f.graph", text).unwrap();
    let tree = parse(file, text, &mut diagnostics);
    let mut read = |path: &str| {
        let text = standard::text(path).ok_or(path)?;
        Ok(text.to_owned())
    };
    let tree = import(tree, &mut sources, &mut read, &mut diagnostics);
    let module = elaborate(&tree, &Options::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.plain(&sources));
    (sources, module)
}

/// The program of the entry of a module, with lines or without.
fn lowered(sources: &SourceMap, module: &Module, target: &Target, with_lines: bool) -> Program {
    let line = |span: Span| {
        let (_, location) = sources.location(span)?;
        Some(SourceLine {
            file: sources.number(span.file)?,
            line: location.line,
        })
    };
    let lines: Option<&LineOf<'_>> = with_lines.then_some(&line);
    let entry = &module.entries[0];
    let (graph, _, _) = optimize(&entry.graph, true).unwrap();
    let lowering = lower_with_lines(&graph, &Signature::of(entry), target, lines);
    lowering.unwrap().program
}

/// The lines of a program, and how many statements have none though they compute or load.
fn lines_of(program: &Program) -> (BTreeSet<SourceLine>, usize) {
    let (mut lines, mut without) = (BTreeSet::new(), 0);
    for kernel in &program.kernels {
        kernel.body.visit(&mut |stmt| {
            if let Stmt::Compute { result, .. } | Stmt::Load { result, .. } = stmt {
                match kernel.lines.of(*result) {
                    Some(line) => drop(lines.insert(line)),
                    None => without += 1,
                }
            }
        });
    }
    (lines, without)
}

/// A program without its lines.
fn stripped(program: &Program) -> Program {
    let strip = |kernel: &Kernel| Kernel {
        lines: Default::default(),
        ..kernel.clone()
    };
    Program {
        kernels: program.kernels.iter().map(strip).collect(),
        ..program.clone()
    }
}

#[test]
fn each_statement_has_a_line_in_every_stage() {
    let (sources, module) = module(GRAPH);
    for target in [Target::BITS_128, Target::default()] {
        let program = lowered(&sources, &module, &target, true);
        let plain = lowered(&sources, &module, &target, false);
        assert_eq!(stripped(&program), plain);
        assert_eq!(lines_of(&plain).0, BTreeSet::new());
        let (lines, without) = lines_of(&program);
        assert_eq!(without, 0, "{program}");
        let here: Vec<u32> = lines
            .iter()
            .filter(|l| l.file == 0)
            .map(|l| l.line)
            .collect();
        // Line 3 is the body of the loop, line 5 what is checked of the indices; `linear` is in another file, what it
        // is given here.
        assert_eq!(here, [3, 5, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20]);
        assert!(lines.iter().any(|line| line.file == 1), "{lines:?}");

        let legal = Legal::new(&program, &target);
        let stages = after_each_pass(legal.program(), &target).unwrap();
        for (pass, program) in std::iter::once(("legalise", legal.program().clone())).chain(stages)
        {
            verify(&program).unwrap();
            let (left, without) = lines_of(&program);
            assert_eq!((left, without), (lines.clone(), 0), "{pass}\n{program}");
            let text = program.to_string();
            let parsed: Program = text.parse().unwrap();
            assert_eq!(parsed.to_string(), text, "{pass}");
            assert_eq!(lines_of(&parsed), lines_of(&program), "{pass}");
        }
    }
}

/// What an object has of code, and whether it says anything of lines.
fn code_of(object: &[u8]) -> (Vec<(String, Vec<u8>)>, bool) {
    let object = object::File::parse(object).unwrap();
    let mut code: Vec<(String, Vec<u8>)> = Vec::new();
    let mut has_lines = false;
    for section in object.sections() {
        let name = section.name().unwrap().to_owned();
        has_lines |= name == ".debug_line";
        if name.starts_with(".text") {
            code.push((name, section.data().unwrap().to_vec()));
        }
    }
    (code, has_lines)
}

#[test]
fn no_back_end_makes_other_instructions() {
    let (sources, module) = module(GRAPH);
    let mut backends = vec![Backend::Cranelift];
    #[cfg(feature = "llvm")]
    backends.push(Backend::Llvm(
        lgc_codegen::backend::llvm::Llvm::load(
            None,
            lgc_codegen::backend::llvm::machine::Effort::Most,
        )
        .unwrap()
        .0,
    ));
    for backend in backends {
        let target = match backend {
            Backend::Cranelift => Target::default(),
            #[cfg(feature = "llvm")]
            Backend::Llvm(_) => Target::of_level(lgc_codegen::level::Level::V3),
        };
        let [plain, with_lines] = [false, true].map(|with_lines| {
            let program = lowered(&sources, &module, &target, with_lines);
            let entry = Entry::of_module(&module.entries[0], program.workspace).unwrap();
            let library = Library {
                name: "m".to_owned(),
                doc: String::new(),
                entries: vec![entry],
                target: String::new(),
                features: Vec::new(),
                compiler: "lgc".to_owned(),
                evidence: String::new(),
                conditions: Vec::new(),
                map: ValueMap::default(),
            };
            let files = sources.files().map(|file| file.name().to_owned());
            let told = Sources {
                directory: "/somewhere".to_owned(),
                files: files.collect(),
            };
            let legal = vec![vec![Legal::new(&program, &target)]];
            let object = compile_library(&library, &legal, backend, with_lines.then_some(&told));
            code_of(&object.unwrap().bytes)
        });
        assert_eq!((plain.1, with_lines.1), (false, true));
        assert_eq!(plain.0, with_lines.0, "{backend:?}");
    }
}
