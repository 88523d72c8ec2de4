//! Long chains, deep nesting, large files and large junk.

use super::{format, read, read_valid};
use crate::lang::parser::MAX_NESTING;
use crate::lang::{parse, print};
use std::time::Instant;

#[test]
fn a_chain_of_many_terms() {
    let chains = [
        (100_000, " + "),
        (20_000, " ** "),
        (20_000, " * -"),
        (20_000, ".w + x."),
        (20_000, "(1) - x[2] * "),
    ];
    for (terms, separator) in chains {
        let chain = vec!["x"; terms].join(separator);
        let ast = read_valid(&format!("graph g() {{ y = {chain} }}"));
        let printed = print(&ast);
        assert!(print(&read_valid(&printed)) == printed);
    }
}

#[test]
fn long_rows_of_postfixes_and_prefixes() {
    let text = format!(
        "graph g() {{ y = {}x; z = x{}; w = x{}; v = x{} }}",
        "-!".repeat(50_000),
        ".w".repeat(50_000),
        "(1)".repeat(50_000),
        "'".repeat(50_000),
    );
    let printed = print(&read_valid(&text));
    assert!(print(&read_valid(&printed)) == printed);
}

#[test]
fn nesting_is_limited_not_fatal() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("f(", ")"),
        ("-(", ")"),
        ("a[", "]"),
        ("f(k = ", ")"),
    ] {
        let nested = |depth: usize| {
            let inner = format!("{}x{}", open.repeat(depth), close.repeat(depth));
            format!("graph g() {{ y = {inner}\n z = * }}")
        };
        let (_, fine) = read(&nested(MAX_NESTING));
        assert!(!fine.contains("E0116"), "{fine}");
        for depth in [MAX_NESTING + 1, 100_000] {
            let (_, messages) = read(&nested(depth));
            assert_eq!(messages.matches("E0116").count(), 1, "{messages}");
            assert_eq!(
                messages.matches("error[").count(),
                2,
                "the next statement is read: {messages}"
            );
        }
    }
    format(&format!(
        "graph g() {{ y = {}x{} }}",
        "f(".repeat(MAX_NESTING),
        ")".repeat(MAX_NESTING)
    ));
}

#[test]
fn large_junk_is_read_in_linear_time() {
    let junk: Vec<String> = [
        "(",
        "[",
        "{",
        ")",
        "]",
        "}",
        "([{",
        "(]",
        "{)",
        "graph g() { y = f(",
        "- ",
        "\"",
        "/// d\n",
        "// c\n",
        "\n",
        "x ",
        "1",
        "1.",
        "é",
        "\u{0}",
        "graph ",
        "graph g(x: f32[",
        "y = (\n",
        ",",
        "a.b'",
        "f(a b,",
    ]
    .iter()
    .map(|word| word.repeat(400_000 / word.len()))
    .chain([format!("{}{}", "(".repeat(100_000), "]".repeat(100_000))])
    .chain([format!(
        "graph g() {{ y = {}{} }}",
        "f(".repeat(200_000),
        "x,".repeat(200_000)
    )])
    .collect();
    let started = Instant::now();
    for text in &junk {
        let before = Instant::now();
        let (ast, _) = read(text);
        print(&ast);
        let seconds = before.elapsed().as_secs_f64();
        // Quadratic time would take minutes here.
        assert!(
            seconds < 20.0,
            "{seconds} s for {:?}…",
            &text[..10.min(text.len())]
        );
    }
    assert!(started.elapsed().as_secs() < 120);
}

#[test]
fn large_files_are_read_and_printed() {
    let statements: String = (1..64_000)
        .map(|i| {
            format!(
                "    v{i}: f32[64, 10] = tanh(v{} * 1.5 + p.hidden.w)\n",
                i - 1
            )
        })
        .collect();
    let text =
        format!("entry step(v0: f32[64, 10]) -> (y: f32[64, 10]) {{\n{statements}    y = v0\n}}\n");
    let mut sink = crate::diag::Diagnostics::new();
    let started = Instant::now();
    let ast = parse(crate::span::FileId::SYNTHETIC, &text, &mut sink);
    let read_in = started.elapsed();
    assert!(!sink.has_errors());
    let printed = print(&ast);
    println!(
        "64k statements: read in {read_in:?}, with printing {:?}",
        started.elapsed()
    );
    assert!(printed == text);
}
