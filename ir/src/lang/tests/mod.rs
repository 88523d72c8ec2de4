//! Tests of reading and printing. The trees and messages are reviewed snapshots.

mod dump;
mod properties;
mod scale;

use super::ast::Ast;
use super::{parse, print};
use crate::diag::Diagnostics;
use crate::span::SourceMap;
use dump::dump;

/// Reads a text as `m.graph`; gives the tree and the messages.
fn read(text: &str) -> (Ast, String) {
    let mut sources = SourceMap::new();
    let file = sources.add("m.graph", text).unwrap();
    let mut sink = Diagnostics::new();
    let ast = parse(file, text, &mut sink);
    (ast, sink.plain(&sources))
}

fn read_valid(text: &str) -> Ast {
    let (ast, messages) = read(text);
    let shown: String = text.chars().take(2000).collect();
    assert!(messages.is_empty(), "{messages}in:\n{shown}");
    ast
}

/// The canonical text, having checked that it means the same and is canonical.
fn format(text: &str) -> String {
    let ast = read_valid(text);
    let printed = print(&ast);
    let again = read_valid(&printed);
    assert_eq!(dump(&ast), dump(&again), "printed as:\n{printed}");
    assert_eq!(printed, print(&again), "not a fixed point");
    printed
}

/// The tree of `y = …`, on one line.
fn tree(expression: &str) -> String {
    let ast = read_valid(&format!("graph g() {{ y = {expression} }}"));
    let text = dump(&ast);
    let text = text.split_once("(= y ").unwrap().1;
    text.trim_end().strip_suffix("))").unwrap().to_owned()
}

/// The messages on the statements of a graph.
fn messages_on(statements: &str) -> String {
    read(&format!("graph g() {{\n{statements}\n}}\n")).1
}

const CLASSIFIER: &str = "\
// Two-layer classifier for 8×8 digits.
struct Linear[I, O] { w: f32[I, O], b: f32[O] }
struct Mlp { hidden: Linear[64, 128], out: Linear[128, 10] }

graph linear[B, I, O](x: f32[B, I], p: Linear[I, O]) -> (y: f32[B, O]) { y = x @ p.w + p.b }

graph loss[B](x: f32[B, 64], labels: i32[B], p: Mlp) -> (l: f32[], logits: f32[B, 10]) {
    h = relu(linear(x, p.hidden))
    logits = linear(h, p.out)
    l = cross_entropy(logits, labels)
}

dim B = 64 // overridable: --define B=128
entry step(x: f32[B, 64], labels: i32[B], lr: f32[], inout p: Mlp) -> (l: f32[]) {
    (l, logits, d) = value_and_grad(loss, wrt = p, of = l)(x, labels, p) // d: Mlp; other outputs come along
    p' = p - lr * d // structs: leaf by leaf
}
";

#[test]
fn a_whole_file_is_read() {
    insta::assert_snapshot!(dump(&read_valid(CLASSIFIER)));
}

#[test]
fn canonical_text_is_left_alone() {
    assert_eq!(format(CLASSIFIER), CLASSIFIER);
}

#[test]
fn precedence() {
    for (text, expected) in [
        ("a + b * c - d", "(- (+ a (* b c)) d)"),
        ("a - b - c", "(- (- a b) c)"),
        ("a - (b - c)", "(- a (- b c))"),
        ("a ** b ** c", "(** a (** b c))"),
        ("-x ** 2", "(- (** x 2))"),
        ("(-x) ** 2", "(** (- x) 2)"),
        ("2 ** -x", "(** 2 (- x))"),
        ("2 ** -x ** 2 * y", "(* (** 2 (- (** x 2))) y)"),
        ("-a * b", "(* (- a) b)"),
        ("!a == b", "(== (! a) b)"),
        (
            "a || b && c == d | e ^ f & g << h + i * -j ** k",
            "(|| a (&& b (== c (| d (^ e (& f (<< g (+ h (* i (- (** j k)))))))))))",
        ),
        (
            "a ** b * c + d >> e & f ^ g | h < i && j || k",
            "(|| (&& (< (| (^ (& (>> (+ (* (** a b) c) d) e) f) g) h) i) j) k)",
        ),
        ("x @ w + b", "(+ (@ x w) b)"),
        ("a @ b / c % d", "(% (/ (@ a b) c) d)"),
        ("--x", "(- (- x))"),
        ("p.out.w'", "(' (. (. p out) w))"),
        (
            "grad(grad(f, wrt = x), wrt = [x, y])(x)",
            "(call (call grad (call grad f :wrt x) :wrt (list x y)) x)",
        ),
        ("linear[64, 2 * H](x)", "(call (index linear 64 (* 2 H)) x)"),
        ("full(0, type = f32[])", "(call full 0 :type (index f32))"),
        ("(a, b)", "(tuple a b)"),
        ("(a,)", "(tuple a)"),
        ("((a))", "a"),
        ("[[1, 2], [-3, 4]]", "(list (list 1 2) (list (- 3) 4))"),
        ("[]", "(list)"),
        ("f()", "(call f)"),
        (
            "[0xFF, 1_000, 1.5, 2e-3, 1_0.5E+1, inf, nan, true, false]",
            "(list 0xff 1000 1.5 2e-3 10.5E+1 inf nan true false)",
        ),
        (
            r#"load("a \"b\"\n\\ é", x)"#,
            r#"(call load "a \"b\"\n\\ é" x)"#,
        ),
        (
            "-9223372036854775808 + 18446744073709551615",
            "(+ (- 9223372036854775808) 18446744073709551615)",
        ),
    ] {
        assert_eq!(tree(text), expected, "of {text}");
        format(&format!("graph g() {{ y = {text} }}"));
    }
}

#[test]
fn line_ends() {
    let text = "graph g(
        x: f32,
    ) -> (
        y: f32[]
    )
    {
        a = x +
            1; b =
            f(x,
              k = 2
            )
        (c, _,) = g(a
            + b)
        p.w': f32[3] = [
            1,
            2,
            3
        ]; ; y = (x
            .w)
    }";
    insta::assert_snapshot!(format(text), @r"
    graph g(x: f32) -> (y: f32[]) {
        a = x + 1
        b = f(x, k = 2)
        (c, _) = g(a + b)
        p.w': f32[3] = [1, 2, 3]
        y = x.w
    }
    ");
}

#[test]
fn only_needed_parentheses_are_printed() {
    let body = "y = ((a * b) + (c)) * (d ** (e ** f)) ** (g) - (-(x)) - (h - i) + (-(j + k)).w";
    let expected = "y = (a * b + c) * (d ** e ** f) ** g - -x - (h - i) + (-(j + k)).w";
    assert_eq!(
        format(&format!("graph g() {{ {body} }}")),
        format!("graph g() {{ {expected} }}\n")
    );
}

#[test]
fn long_lines_are_broken() {
    let names: Vec<_> = (0..30).map(|i| format!("parameter_{i}")).collect();
    let params: Vec<_> = names
        .iter()
        .map(|name| format!("{name}: f32[64]"))
        .collect();
    let text = format!(
        "graph f({}) -> (y: f32[64]) {{ y = {} }}
        graph g(x: f32) -> (y: f32) {{ y = {}; z = h({}, {}); l = [{}]; w = {} * (a + b) + q({}) }}
        struct S[{}] {{ {} }}",
        params.join(","),
        names.join(" + "),
        names.join(" * "),
        names[..3].join(","),
        names[..12].join("-"),
        (0..60)
            .map(|i| format!("{i}.5"))
            .collect::<Vec<_>>()
            .join(","),
        names[..5].join("+"),
        names[..9].join(", "),
        names[..3].join(", "),
        params[..4].join(", "),
    );
    let printed = format(&text);
    assert!(printed.lines().all(|line| line.chars().count() <= 100));
    insta::assert_snapshot!(printed);
}

#[test]
fn comments_and_blank_lines_are_kept() {
    insta::assert_snapshot!(format(
        "

// at the top

// above the dim
dim B = 2 * (3 + // in the middle of an expression
   4) // beside the dim


dim C = 1
// above the struct
/// documents the struct
///
///  indented
struct S[ // dims
  I] { // opened
  /// the weight
  w: f32[I], // beside w
  // above b
  b: f32[] // beside b
  // at the end
} // closed
/// a graph
graph f(x: f32[], // first
  /// documents y
  y: f32[] // last
  ) -> (z: f32[]) // here the body begins
{

  // first in the body

  a = x // beside a
  b = f(a, // first argument
        // above the second
        y, k = [ // list
          1, 2] // beside the list
  )


  c = a + // after the operator
     b
  z = (c
     // lost its place
     .w)

  // last in the body

}
graph empty() { // nothing
}
// at the end

"
    ));
}

#[test]
fn files_of_comments_only() {
    assert_eq!(format(""), "");
    assert_eq!(format("\n\n"), "");
    assert_eq!(format("\n\n// a\n\n\n// b\n\n"), "// a\n\n// b\n");
    assert_eq!(format("\u{feff}dim B = 1\r\n"), "dim B = 1\n");
}

#[test]
fn spans_cover_what_was_read() {
    let text = "entry e(inout p: S) -> (y: f32[2]) { p.w': f32[2] = (a + b) * -c.d[1](k = 2) }";
    let mut sources = SourceMap::new();
    let file = sources.add("m.graph", text).unwrap();
    let ast = parse(file, text, &mut Diagnostics::new());
    let spans: Vec<_> = ast
        .exprs()
        .map(|(_, expr)| sources.text(expr.span))
        .collect();
    insta::assert_snapshot!(spans.join("\n"), @r"
    2
    2
    a
    b
    a + b
    c
    c.d
    1
    c.d[1]
    2
    c.d[1](k = 2)
    -c.d[1](k = 2)
    (a + b) * -c.d[1](k = 2)
    ");
    let crate::lang::ast::Item::Graph(graph) = &ast.items[0] else {
        panic!("an entry");
    };
    assert_eq!(sources.text(graph.span), text);
    assert_eq!(sources.text(graph.params[0].span), "inout p: S");
    assert_eq!(sources.text(graph.results[0].span), "y: f32[2]");
    let crate::lang::ast::Statement::Definition(first) = &graph.body[0] else {
        panic!("{:?}", graph.body[0]);
    };
    assert_eq!(sources.text(first.pattern.span()), "p.w': f32[2]");
    assert!(first.pattern.targets().len() == 1);
    assert!(sources.text(first.span).ends_with("(k = 2)"));
}

#[test]
fn messages_on_characters_numbers_and_strings() {
    insta::assert_snapshot!(messages_on(
        "a = 1 − 2\nb = x × y\nc = ~x\nd = café\ne = \u{0}\u{1}x\nf = `q`\n\
         g = 1.5f32 + 12u\nh = 1. + .5\ni = 99999999999999999999\nj = 1e999\nk = 0xg\n\
         l = \"open\nm = \"tab\\q\"\nn = \"\u{7}\"\no = x # comment\np = 0x11112222333344445"
    ));
}

#[test]
fn messages_on_expressions() {
    insta::assert_snapshot!(messages_on(
        "a = \nb = x +\nc = * 3\nd = f(, x)\ne = f(x y, z w)\nf = (a, b\ng = h(1))\nh = ()\n\
         i = a < b <= c == d\nj = f(k = 1, x)\nk = p.\nl = p.3\nm = x[1:2]\nn = if a\no = for\n\
         q = f(inout)\nr = [1, 2"
    ));
}

#[test]
fn messages_on_statements() {
    insta::assert_snapshot!(messages_on(
        "relu(x)\nx == 3\nx += 1\n3 = x\na = b = c\na = b, c\na = b c\n  + d\nfor i in 0..3 { x = i }\n\
         if a { x = 1 } else { x = 2 }\n/// stray\n\nx = 1 /// beside\nb: = 3\n(a, 3) = f(x)\ndim = 1\ngraph.w = 2"
    ));
}

#[test]
fn messages_on_blocks() {
    insta::assert_snapshot!(messages_on(
        "for in xs {}\nfor i of xs {}\nfor i in xs with { h = 1 }\nfor i in xs with h {}\nfor i in 0.. {}\n\
         for i in 0..3\nif a\nelse { y = 1 }\nif a { x = } else if { y = 1 }\nx = if a { 1 }\n\
         x = if a { 1, 2 } else { }\np[1, 2] = 3\nfor i in 0..2 { if a { x y } ; z w }"
    ));
}

#[test]
fn messages_on_items() {
    let (_, messages) = read(
        "def f(x) {}
use \"layers.graph\"
struct S { a f32, b: f32[], 3: f32[], c: Block[4][12] }
struct T
graph g x: f32[] { y = 1 + }
graph h(x: f32[] in [0, 1], y: f32[] = 1, z) -> f32[] { y = * }
graph i[64](x: f32[64]) -> (f32[]) { }
graph j()
graph k() {
    a = f(1,
    b = 2
entry l() { a = 1 }
vjp l(ct: f32[]) { }
dim = 3
dim B 3
/// at the end
",
    );
    insta::assert_snapshot!(messages);
}

#[test]
fn every_error_has_a_place_and_help() {
    let text = "graph g( { y = (1 + ; ) z = [ } struct { ) 4 } dim § = \" entry ///";
    let mut sink = Diagnostics::with_limit(100);
    let mut sources = SourceMap::new();
    let file = sources.add("m", text).unwrap();
    parse(file, text, &mut sink);
    assert!(sink.has_errors());
    for diagnostic in &sink {
        assert!(
            diagnostic.span().is_some() && !diagnostic.help.is_empty(),
            "{diagnostic:?}"
        );
    }
}

#[test]
fn many_errors_are_cut_short() {
    let (_, messages) = read(&"graph g() { y = * }\n".repeat(1000));
    assert_eq!(
        messages.matches("expected an expression").count(),
        Diagnostics::DEFAULT_LIMIT
    );
    assert!(messages.contains("error[E0117]: stopped after 20 errors"));
}
