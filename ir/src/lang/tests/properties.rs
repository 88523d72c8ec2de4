//! Laws over random texts and random trees.

use super::dump::dump;
use super::{format, read, read_valid};
use crate::lang::ast::*;
use crate::lang::print;
use crate::span::{FileId, Span};
use proptest::prelude::*;

/// A tree of one expression, to be put into an [`Ast`].
#[derive(Clone, Debug)]
enum Sketch {
    Name(String),
    Literal(Literal),
    Unary(UnaryOp, Box<Sketch>),
    Binary(BinaryOp, Box<Sketch>, Box<Sketch>),
    Field(Box<Sketch>, String),
    Next(Box<Sketch>),
    Index(Box<Sketch>, Vec<Sketch>),
    Slice(Box<Sketch>, Option<Box<Sketch>>, Option<Box<Sketch>>),
    Call(Box<Sketch>, Vec<Sketch>, Vec<(String, Sketch)>),
    If(Vec<(Sketch, Sketch)>, Box<Sketch>),
    Tuple(Vec<Sketch>),
    List(Vec<Sketch>),
}

impl Sketch {
    fn build(&self, ast: &mut Ast) -> ExprId {
        let all = |ast: &mut Ast, list: &[Sketch]| list.iter().map(|s| s.build(ast)).collect();
        let kind = match self {
            Sketch::Name(name) => ExprKind::Name(name.clone()),
            Sketch::Literal(literal) => ExprKind::Literal(literal.clone()),
            Sketch::Unary(op, operand) => ExprKind::Unary {
                op: *op,
                operand: operand.build(ast),
            },
            Sketch::Binary(op, left, right) => ExprKind::Binary {
                op: *op,
                op_span: Span::SYNTHETIC,
                left: left.build(ast),
                right: right.build(ast),
            },
            Sketch::Field(base, field) => ExprKind::Field {
                base: base.build(ast),
                field: ident(field),
            },
            Sketch::Next(base) => ExprKind::Next {
                base: base.build(ast),
            },
            Sketch::Index(base, indices) => ExprKind::Index {
                base: base.build(ast),
                indices: all(ast, indices),
            },
            Sketch::Slice(base, start, end) => ExprKind::Slice {
                base: base.build(ast),
                start: start.as_ref().map(|start| start.build(ast)),
                end: end.as_ref().map(|end| end.build(ast)),
            },
            Sketch::Call(callee, args, attributes) => ExprKind::Call {
                callee: callee.build(ast),
                args: all(ast, args),
                attributes: attributes
                    .iter()
                    .map(|(name, value)| Attribute {
                        name: ident(name),
                        value: value.build(ast),
                        span: Span::SYNTHETIC,
                    })
                    .collect(),
            },
            Sketch::If(arms, otherwise) => ExprKind::If {
                arms: arms
                    .iter()
                    .map(|(condition, value)| (condition.build(ast), value.build(ast)))
                    .collect(),
                otherwise: otherwise.build(ast),
            },
            Sketch::Tuple(elements) => ExprKind::Tuple(all(ast, elements)),
            Sketch::List(elements) => ExprKind::List(all(ast, elements)),
        };
        ast.add(kind, Span::SYNTHETIC)
    }
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::SYNTHETIC)
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-zA-Z0-9_]{0,12}".prop_filter("reserved", |n| {
        crate::lang::token::TokenKind::keyword(n).is_none() && n != "_"
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    let float = prop_oneof![
        "[0-9]{1,5}\\.[0-9]{1,5}",
        "[0-9]{1,3}(\\.[0-9])?[eE][+-]?[0-9]{1,2}"
    ];
    prop_oneof![
        any::<bool>().prop_map(Literal::Bool),
        (any::<u64>(), any::<bool>())
            .prop_map(|(value, hexadecimal)| Literal::Int { value, hexadecimal }),
        float.prop_map(|text| Literal::Float(FloatLiteral::new(text).unwrap())),
        "[ -~\\n\\té✓]{0,8}".prop_map(Literal::String),
    ]
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let leaf = prop_oneof![
        name().prop_map(Sketch::Name),
        literal().prop_map(Sketch::Literal)
    ];
    leaf.prop_recursive(6, 60, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let list = |least| prop::collection::vec(inner.clone(), least..4);
        let attributes = prop::collection::vec((name(), inner.clone()), 0..3);
        let op = prop::sample::select(BinaryOp::ALL);
        let prefix = prop::sample::select(&[UnaryOp::Neg, UnaryOp::Not]);
        prop_oneof![
            3 => (op, boxed.clone(), boxed.clone()).prop_map(|(op, a, b)| Sketch::Binary(op, a, b)),
            1 => (prefix, boxed.clone()).prop_map(|(op, a)| Sketch::Unary(op, a)),
            1 => (boxed.clone(), name()).prop_map(|(base, field)| Sketch::Field(base, field)),
            1 => boxed.clone().prop_map(Sketch::Next),
            1 => (boxed.clone(), list(0)).prop_map(|(base, list)| Sketch::Index(base, list)),
            1 => (
                boxed.clone(),
                prop::option::of(boxed.clone()),
                prop::option::of(boxed.clone()),
            )
                .prop_map(|(base, start, end)| Sketch::Slice(base, start, end)),
            1 => (prop::collection::vec((inner.clone(), inner.clone()), 1..3), boxed.clone())
                .prop_map(|(arms, otherwise)| Sketch::If(arms, otherwise)),
            1 => (boxed, list(0), attributes).prop_map(|(f, args, k)| Sketch::Call(f, args, k)),
            1 => list(1).prop_map(Sketch::Tuple),
            1 => list(0).prop_map(Sketch::List),
        ]
    })
}

/// Statements in a loop or a condition.
fn within(ast: &mut Ast, sketch: &Sketch, statements: Vec<Statement>, index: usize) -> Statement {
    let span = Span::SYNTHETIC;
    let block = Block { statements, span };
    if index.is_multiple_of(2) {
        let domain = match index % 4 {
            0 => Domain::Range {
                start: sketch.build(ast),
                end: sketch.build(ast),
            },
            _ => Domain::Elements(sketch.build(ast)),
        };
        let carry = Carry {
            name: ident("h"),
            ty: None,
            initial: sketch.build(ast),
            span,
        };
        return Statement::For(For {
            variable: ident("i"),
            domain,
            carries: vec![carry; index % 3],
            body: block,
            span,
        });
    }
    let empty = Block {
        statements: Vec::new(),
        span,
    };
    let arms = vec![
        (sketch.build(ast), empty),
        (sketch.build(ast), block.clone()),
    ];
    Statement::If(If {
        arms,
        otherwise: (index % 4 == 1).then_some(block),
        span,
    })
}

/// A file of one graph with these statements, whose dims come from the same expressions.
fn file_of(sketches: &[Sketch]) -> Ast {
    let span = Span::SYNTHETIC;
    let mut ast = Ast::new(FileId::SYNTHETIC);
    let mut body = Vec::new();
    for (index, sketch) in sketches.iter().enumerate() {
        let ty = (index % 3 == 1).then(|| Type {
            name: ident("f32"),
            dims: Some(vec![sketch.build(&mut ast)]),
            lengths: (0..index % 2).map(|_| sketch.build(&mut ast)).collect(),
            span,
        });
        let value = sketch.build(&mut ast);
        let place = Target::Place(Place {
            root: ident("y"),
            path: match index % 3 {
                0 => Vec::new(),
                1 => vec![Step::Field(ident("w"))],
                _ => vec![
                    Step::Index {
                        index: sketch.build(&mut ast),
                        span,
                    },
                    Step::Field(ident("w")),
                ],
            },
            next: (index % 4 == 2).then_some(span),
            ty,
            span,
        });
        let pattern = match index % 5 {
            4 => Pattern::Tuple {
                targets: vec![place, Target::Discard(span)],
                span,
            },
            _ => Pattern::One(place),
        };
        let definition = Statement::Definition(Definition {
            pattern,
            value,
            span,
        });
        body.push(definition);
        if index % 3 == 2 {
            body = vec![within(&mut ast, sketch, body, index)];
        }
    }
    ast.items.push(Item::Graph(Graph {
        docs: Vec::new(),
        kind: GraphKind::Entry,
        name: ident("f"),
        dims: Vec::new(),
        params: Vec::new(),
        attributes: Vec::new(),
        params_span: span,
        results: Vec::new(),
        results_span: None,
        body,
        body_span: span,
        rule: None,
        span,
    }));
    ast
}

/// Words that make up texts which get far into the parser before they fail.
fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "graph", "entry", "struct", "dim", "inout", "for", "if", "in", "else", "with", "..",
            "x", "p", "f32", "vjp", "_", "1", "2.5", "1e", "\"s\"", "\"", "(", ")", "[", "]", "{",
            "}", "(", ")", "{", "}", ",", ":", ";", ".", "'", "->", "=", "==", "<", "+", "-", "*",
            "**", "@", "!", "&&", "^", "<<", "\n", "\n", " ", "// c\n", "/// d\n", "\n\n", "é",
            "\u{0}", "~",
        ][..],
    )
}

const PROGRAM: &str = "\
~/// doc
struct Linear~[~I,~O~]~{~w:~f32[~I,~O~],~b: f32[~O],~}
~dim B = ~4 * ~(~3 + ~1~)
~entry step~[~N]~(~x:~f32[~B,~64],
~/// doc
  y:~i32[B]~,~inout p: Mlp~,~ eps = ~1e-5~,
/// doc
heads~) ->~(~l: f32[],~g: S)~{
    (l,~_~,~d~) =~value_and_grad(~loss,~wrt = ~[~p,~q~],~of = ~l~)(x, (~a, b~), -~p ** ~2)
  ~ a.b': f32[~B~ +~1, 2~] = a *~(b~ + c) - f[~1, ~2](x)' @~[[~1, 2], ~[3,~4.5~]~]; z = (a~ - (b - c)).w~
    p.c[~1~].w': T[~2][~3~] = q[~1~:~n + 1~][:~2]~
    for i in ~0..~n + ~1 with h = x,~ s: f32[~] = ~0 ~{~
        h[~1~]' = if ~n > 1 ~{~ h ~}~ else if ~m {~ x~ } ~else { ~y~ }
        if a ~{~}~ else if b ~{ y = 1~; z = 2 ~}~ else {~}
    ~}
}
~graph one() {~y =~x }
~";

/// [`PROGRAM`] with comments and line ends at some of the places marked by `~`.
fn commented(choices: &[u8]) -> String {
    let gaps = choices
        .iter()
        .cycle()
        .enumerate()
        .map(|(index, choice)| match choice % 8 {
            0 => format!(" // comment {index}\n"),
            1 => format!("\n// comment {index}\n"),
            2 => format!("\n\n// comment {index}\n\n"),
            3 => "\n\n".to_owned(),
            _ => " ".to_owned(),
        });
    PROGRAM
        .split('~')
        .zip(gaps)
        .map(|(words, gap)| gap + words)
        .collect()
}

proptest! {
    #[test]
    fn any_characters_are_read_without_panic(text in any::<String>()) {
        let (ast, _) = read(&text);
        print(&ast);
    }

    #[test]
    fn any_words_are_read_without_panic(words in prop::collection::vec(word(), 0..120)) {
        let (ast, _) = read(&words.join(" "));
        print(&ast);
        read(&words.concat());
    }

    #[test]
    fn a_program_with_a_piece_cut_out_is_read_without_panic(
        from in 0..PROGRAM.len(),
        length in 1..40usize,
        put in word(),
    ) {
        let to = (from + length).min(PROGRAM.len());
        let (ast, _) = read(&format!("{}{put}{}", &PROGRAM[..from], &PROGRAM[to..]));
        print(&ast);
    }

    #[test]
    fn printed_trees_are_read_back(sketches in prop::collection::vec(sketch(), 1..8)) {
        let ast = file_of(&sketches);
        let printed = print(&ast);
        let again = read_valid(&printed);
        prop_assert_eq!(dump(&ast), dump(&again), "printed as:\n{}", printed);
        prop_assert_eq!(&printed, &print(&again));
    }

    #[test]
    fn comments_survive_wherever_they_stand(choices in prop::collection::vec(any::<u8>(), 1..80)) {
        let text = commented(&choices);
        let printed = format(&text);
        let comments = |text: &str| {
            let of_line = |line: &str| Some(line.split_once("// comment")?.1.to_owned());
            let mut found: Vec<_> = text.lines().filter_map(of_line).collect();
            found.sort();
            found
        };
        prop_assert_eq!(comments(&text), comments(&printed), "printed as:\n{}", printed);
    }
}
