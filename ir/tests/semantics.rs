//! What programs of the graph language mean: values, by the reference interpreter.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use lgc_ir::dtype::DType;
use lgc_ir::interpret::{Tensor, interpret};
use lgc_ir::lang::Options;
use lgc_ir::module::{Entry, Module};
use support::{module, read, round_trip};

/// The outputs of an entry, for float and integer inputs given as lists.
fn outputs(entry: &Entry, inputs: &[&[f64]]) -> Vec<Vec<f64>> {
    let graph = &entry.graph;
    assert_eq!(
        graph.inputs().len(),
        inputs.len(),
        "inputs of {}",
        entry.name
    );
    let tensors = graph.inputs().iter().zip(inputs).map(|(input, elements)| {
        let ty = graph.ty(*input).clone();
        if ty.dtype.is_float() {
            Tensor::numbers(ty, elements.to_vec())
        } else if ty.dtype == DType::Bool {
            Tensor::masks(ty.shape, elements.iter().map(|element| *element != 0.0))
        } else {
            Tensor::integers(ty, elements.iter().map(|element| *element as i64))
        }
    });
    let tensors: Vec<Tensor<f64>> = tensors.collect();
    let run = interpret::<f64>(graph, &(), &tensors).unwrap();
    let outputs = run.outputs().into_iter();
    outputs
        .map(|tensor| match tensor.ty.dtype {
            DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => tensor.as_numbers().to_vec(),
            DType::I32 | DType::I64 | DType::U32 => tensor
                .as_ints()
                .iter()
                .map(|int| int.value.unwrap() as f64)
                .collect(),
            DType::Bool => tensor
                .as_masks()
                .iter()
                .map(|&truth| f64::from(truth))
                .collect(),
        })
        .collect()
}

/// The outputs of the only entry of a text.
fn run(text: &str, inputs: &[&[f64]]) -> Vec<Vec<f64>> {
    let module = module(text);
    assert_eq!(module.entries.len(), 1);
    round_trip(&module);
    outputs(&module.entries[0], inputs)
}

fn with_defines(text: &str, defines: &[(&str, u64)]) -> Module {
    let mut options = Options::default();
    let defines = defines
        .iter()
        .map(|(name, value)| (name.to_string(), *value));
    options.defines.extend(defines);
    let (module, diagnostics, sources) = read("test.graph", text, &options);
    assert!(diagnostics.is_empty(), "{}", diagnostics.plain(&sources));
    module
}

#[test]
fn shapes_are_aligned_at_the_last_axis() {
    let text = "entry f(x: f64[2, 3], row: f64[3], column: f64[2, 1], s: f64[]) -> (y: f64[2, 3]) {
        y = x + row * column - s
    }";
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let y = run(text, &[&x, &[1.0, 10.0, 100.0], &[1.0, 2.0], &[0.5]]);
    assert_eq!(y, [[1.5, 11.5, 102.5, 5.5, 24.5, 205.5]]);
}

#[test]
fn operators_group_as_in_python() {
    let text = "entry f(a: f64[], b: f64[], i: i32[]) -> (x: f64[], y: f64[], z: f64[], n: i32[]) {
        x = a - b - 1 + 2 * a / b
        y = -a ** 2
        z = 2 ** b ** 2
        n = 7 - i % 4 << 1 | 1
    }";
    let results = run(text, &[&[3.0], &[2.0], &[6.0]]);
    assert_eq!(results, [[3.0], [-9.0], [16.0], [11.0]]);
}

#[test]
fn a_literal_is_the_float_that_is_stored() {
    // In f32, 0.1 is not the f64 nearest to a tenth, and 16777217 rounds to even.
    let text = "entry f(x: f32[], y: f64[]) -> (a: f32[], b: f64[], c: f32[], d: f64[]) {
        a = x + 0.1
        b = y + 0.1
        c = x + 16777217
        d = y + 1/3
    }";
    let results = run(text, &[&[0.0], &[0.0]]);
    assert_eq!(
        results,
        [[f64::from(0.1f32)], [0.1], [16_777_216.0], [1.0 / 3.0]]
    );
}

#[test]
fn conversions_are_those_of_the_table() {
    use DType::{Bf16, Bool, F16, F32, F64, I32, I64, U32};
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let two = |exponent| 2f64.powi(exponent);
    // The rows of the table in docs/language.md: from, to, and what becomes of some elements.
    type Row<'a> = (&'a [DType], &'a [DType], &'a [(f64, f64)]);
    let rows: &[Row<'_>] = &[
        (
            &[Bool],
            &[I32, I64, U32, F16, Bf16, F32, F64],
            &[(0.0, 0.0), (1.0, 1.0)],
        ),
        (&[I32, I64, U32], &[Bool], &[(0.0, 0.0), (7.0, 1.0)]),
        (&[I32, I64], &[Bool], &[(-1.0, 1.0)]),
        (
            &[F16, Bf16, F32, F64],
            &[Bool],
            &[(0.0, 0.0), (-0.0, 0.0), (-0.5, 1.0), (nan, 1.0)],
        ),
        (&[I32, U32], &[I64], &[(7.0, 7.0), (two(30), two(30))]),
        (&[I32], &[I64], &[(-1.0, -1.0)]),
        (&[U32], &[I64], &[(two(32) - 1.0, two(32) - 1.0)]),
        (&[I32], &[U32], &[(-1.0, two(32) - 1.0)]),
        (&[U32], &[I32], &[(two(32) - 1.0, -1.0)]),
        (
            &[I64],
            &[I32],
            &[(two(32) + 5.0, 5.0), (two(31), -two(31)), (-3.0, -3.0)],
        ),
        (
            &[I64],
            &[U32],
            &[(two(32) + 5.0, 5.0), (-3.0, two(32) - 3.0)],
        ),
        (&[I32, I64, U32], &[F64], &[(two(31) - 1.0, two(31) - 1.0)]),
        (
            &[I32, I64, U32],
            &[F32],
            &[(16_777_217.0, 16_777_216.0), (16_777_219.0, 16_777_220.0)],
        ),
        (
            &[I32, I64, U32],
            &[Bf16],
            &[(257.0, 256.0), (259.0, 260.0), (256.0, 256.0)],
        ),
        (
            &[I32, I64, U32],
            &[F16],
            &[(2049.0, 2048.0), (65_519.0, 65_504.0), (65_520.0, inf)],
        ),
        (
            &[F16, Bf16, F32, F64],
            &[I32],
            &[
                (1.75, 1.0),
                (-1.75, -1.0),
                (inf, two(31) - 1.0),
                (-inf, -two(31)),
                (nan, 0.0),
            ],
        ),
        (
            &[F16, Bf16, F32, F64],
            &[U32],
            &[(1.75, 1.0), (-1.75, 0.0), (inf, two(32) - 1.0), (nan, 0.0)],
        ),
        (
            &[F16, Bf16, F32, F64],
            &[I64],
            &[(-1.75, -1.0), (nan, 0.0), (-inf, -two(63))],
        ),
        (
            &[F16],
            &[F32, F64],
            &[
                (65_504.0, 65_504.0),
                (two(-24), two(-24)),
                (nan, nan),
                (inf, inf),
            ],
        ),
        (
            &[Bf16],
            &[F32, F64],
            &[(two(127), two(127)), (two(-133), two(-133)), (-0.0, -0.0)],
        ),
        (
            &[F32],
            &[F64],
            &[(two(-149), two(-149)), (nan, nan), (-inf, -inf)],
        ),
        (
            &[F64],
            &[F32],
            &[(1.0 + two(-24), 1.0), (1e39, inf), (1e-46, 0.0), (nan, nan)],
        ),
        (
            &[F32, F64],
            &[Bf16],
            &[
                (1.0 + two(-8), 1.0),
                (1.0 + 3.0 * two(-8), 1.0 + two(-6)),
                (3.4e38, inf),
                (nan, nan),
            ],
        ),
        (
            &[Bf16, F32, F64],
            &[F16],
            &[
                (65_536.0, inf),
                (-65_536.0, -inf),
                (two(-25), 0.0),
                (1.5 * two(-24), two(-23)),
                (nan, nan),
            ],
        ),
        (
            &[F32, F64],
            &[F16],
            &[(1.0 + two(-11), 1.0), (65_519.0, 65_504.0), (65_520.0, inf)],
        ),
        (
            &[F16],
            &[Bf16],
            &[
                (1.0 + two(-10), 1.0),
                (65_504.0, 65_536.0),
                (inf, inf),
                (nan, nan),
            ],
        ),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (from, to, cases) in rows {
        for (from, to) in from
            .iter()
            .flat_map(|from| to.iter().map(move |to| (from, to)))
        {
            seen.insert((*from, *to));
            let text =
                format!("entry f(x: {from}[]) -> (y: {to}[]) {{ y = cast(x, dtype = {to}) }}");
            for (x, y) in *cases {
                let found = run(&text, &[&[*x]]);
                let same = found[0][0] == *y || (found[0][0].is_nan() && y.is_nan());
                assert!(same, "{from} {x} as {to} is {found:?}, not {y}");
            }
        }
    }
    let pairs = DType::ALL
        .iter()
        .flat_map(|from| DType::ALL.map(|to| (*from, to)));
    let missing: Vec<_> = pairs
        .filter(|(from, to)| from != to && !seen.contains(&(*from, *to)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn numbers_of_a_half_are_rounded_to_it() {
    let text = "entry f(x: f16[], y: bf16[]) -> (a: f16[], b: bf16[], c: bf16[2]) {
        a = x + 0.1
        b = y * 257
        c = [0.1, 1e30] * y
    }";
    let results = run(text, &[&[0.0], &[1.0]]);
    let tenth = 205.0 / 2048.0;
    let large = lgc_ir::half::Half::BF16.round(1e30);
    assert_eq!(
        results,
        [vec![0.099_975_585_937_5], vec![256.0], vec![tenth, large]]
    );
}

#[test]
fn constants_are_exact_before_they_are_stored() {
    // Each of these would be off by an ulp in floating point.
    let text = "entry f(x: f64[]) -> (y: f64[]) { y = x + (0.1 + 0.2) * 10 ** 1 - 2 ** -1 }";
    assert_eq!(run(text, &[&[0.0]]), [[2.5]]);
}

const PAIRS: &str = "struct Pair { a: f64[2], b: f64[] }\n";

#[test]
fn structs_combine_leaf_by_leaf() {
    let text = PAIRS.to_string()
        + "entry f(p: Pair, q: Pair, s: f64[]) -> (r: Pair) { r = (p - s * q) / 2 + -p * q }";
    let (p, q): ([&[f64]; 2], [&[f64]; 2]) = ([&[1.0, 2.0], &[3.0]], [&[4.0, 5.0], &[6.0]]);
    let results = run(&text, &[p[0], p[1], q[0], q[1], &[10.0]]);
    assert_eq!(results, [vec![-23.5, -34.0], vec![-46.5]]);
}

#[test]
fn map_and_zip_apply_to_each_leaf() {
    let text = PAIRS.to_string()
        + "graph twice[N](x: f64[N]) -> (y: f64[N]) { y = x + x }
        entry f(p: Pair, q: Pair, rate: f64[]) -> (r: Pair, s: Pair, t: Pair) {
            r = map(square, p)
            (s, t) = zip(momentum, p, q, q, rate, 0.5)
        }";
    let results = run(&text, &[&[1.0, 2.0], &[3.0], &[4.0, 5.0], &[6.0], &[0.1]]);
    let next_v = [6.0, 7.5, 9.0];
    let next_p: Vec<f64> = [1.0, 2.0, 3.0]
        .iter()
        .zip(next_v)
        .map(|(p, v)| p - 0.1 * v)
        .collect();
    assert_eq!(results[..2], [vec![1.0, 4.0], vec![9.0]]);
    assert_eq!(results[2..4], [next_p[..2].to_vec(), next_p[2..].to_vec()]);
    assert_eq!(results[4..], [vec![6.0, 7.5], vec![9.0]]);
}

#[test]
fn derivatives_nest() {
    let text = "
        graph cube(x: f64[]) -> (y: f64[]) { y = x ** 3 }
        entry f(x: f64[], t: f64[]) -> (d: f64[], dd: f64[], ddd: f64[], y: f64[], t_y: f64[]) {
            d = grad(cube, wrt = x)(x)
            dd = grad(grad(cube, wrt = x), wrt = x)(x)
            (_, ddd) = jvp(grad(grad(cube, wrt = x), wrt = x), wrt = x)(x, t)
            (y, t_y) = jvp(cube, wrt = x)(x, t)
        }";
    let results = run(text, &[&[2.0], &[10.0]]);
    assert_eq!(results, [[12.0], [12.0], [60.0], [8.0], [120.0]]);
}

const BILINEAR: &str = "
    graph f(x: f64[2], n: i32[2], y: f64[2]) -> (p: f64[2], k: i32[2], s: f64[]) {
        p = x * y
        k = n * 2
        s = sum(p, axes = [0])
    }\n";

#[test]
fn directions_follow_the_arguments_in_the_order_asked_for() {
    // y is asked for before x, and its tangent comes first.
    let text = BILINEAR.to_string()
        + "entry e(x: f64[2], n: i32[2], y: f64[2], ty: f64[2], tx: f64[2]) -> (
            p: f64[2], k: i32[2], s: f64[], t_p: f64[2], t_s: f64[]
        ) {
            (p, k, s, t_p, t_s) = jvp(f, wrt = [y, x])(x, n, y, ty, tx)
        }";
    let (x, n, y) = (&[1.0, 2.0], &[7.0, 8.0], &[3.0, 4.0]);
    let results = run(&text, &[x, n, y, &[10.0, 20.0], &[100.0, 200.0]]);
    let expected: [&[f64]; 5] = [
        &[3.0, 8.0],
        &[14.0, 16.0],
        &[11.0],
        &[310.0, 840.0],
        &[1150.0],
    ];
    assert_eq!(results, expected);
}

#[test]
fn cotangents_follow_the_arguments_in_the_order_of_the_results() {
    let text = BILINEAR.to_string()
        + "entry e(x: f64[2], n: i32[2], y: f64[2], ct_p: f64[2], ct_s: f64[]) -> (
            p: f64[2], k: i32[2], s: f64[], d_y: f64[2], d_x: f64[2]
        ) {
            (p, k, s, d_y, d_x) = vjp(f, wrt = [y, x])(x, n, y, ct_p, ct_s)
        }";
    let (x, n, y) = (&[1.0, 2.0], &[7.0, 8.0], &[3.0, 4.0]);
    let results = run(&text, &[x, n, y, &[10.0, 20.0], &[100.0]]);
    let expected: [&[f64]; 5] = [
        &[3.0, 8.0],
        &[14.0, 16.0],
        &[11.0],
        &[110.0, 240.0],
        &[330.0, 480.0],
    ];
    assert_eq!(results, expected);
}

#[test]
fn other_results_come_along_with_a_gradient() {
    let text = BILINEAR.to_string()
        + "entry e(x: f64[2], n: i32[2], y: f64[2]) -> (s: f64[], k: i32[2], d: f64[2]) {
            (_, k, s, d) = value_and_grad(f, wrt = y, of = s)(x, n, y)
        }";
    let results = run(&text, &[&[1.0, 2.0], &[7.0, 8.0], &[3.0, 4.0]]);
    assert_eq!(results, [vec![11.0], vec![14.0, 16.0], vec![1.0, 2.0]]);
}

#[test]
fn next_values_are_read_with_a_prime() {
    let text = "entry f(inout a: f64[], inout b: f64[]) -> (y: f64[]) {
        a' = b
        b' = a + a'
        y = a * 100 + b'
    }";
    assert_eq!(run(text, &[&[2.0], &[3.0]]), [[205.0], [3.0], [5.0]]);
}

#[test]
fn dims_are_set_from_outside() {
    let text = "dim B = 2
        dim Twice = 2 * B
        entry f(x: f64[Twice]) -> (y: f64[B, 2]) { y = reshape(x, shape = [B, 2]) }";
    let shape = |module: &Module| module.entries[0].signature.results[0].tree.to_string();
    assert_eq!(shape(&with_defines(text, &[])), "f64[2, 2]");
    assert_eq!(shape(&with_defines(text, &[("B", 5)])), "f64[5, 2]");
    let generic = "entry f[N](x: f64[N]) -> (y: f64[N]) { y = x * N }";
    let module = with_defines(generic, &[("N", 3)]);
    assert_eq!(
        outputs(&module.entries[0], &[&[1.0, 2.0, 3.0]]),
        [[3.0, 6.0, 9.0]]
    );
}

#[test]
fn a_file_without_entries_exports_every_graph() {
    let graphs =
        "graph f(x: f64[]) -> (y: f64[]) { y = x } graph g(x: f64[]) -> (y: f64[]) { y = f(x) }";
    let names = |text: &str| -> Vec<String> {
        let entries = module(text).entries.into_iter();
        entries.map(|entry| entry.name).collect()
    };
    assert_eq!(names(graphs), ["f", "g"]);
    assert_eq!(names(&graphs.replace("graph g", "entry g")), ["g"]);
}

#[test]
fn dims_of_calls_are_inferred_or_given() {
    let text = "
        struct Linear[I, O] { w: f64[I, O], b: f64[O] }
        graph linear[B, I, O](x: f64[B, I], p: Linear[I, O]) -> (y: f64[B, O]) { y = x @ p.w + p.b }
        graph heads[D, H](x: f64[D]) -> (y: f64[H, D / H]) { y = reshape(x, shape = [H, D / H]) }
        entry f(x: f64[1, 2], p: Linear[2, 3], q: Linear[3, 2]) -> (y: f64[1, 2], z: f64[2, 1]) {
            y = linear(linear(x, p), q)
            z = heads[2, 2](reshape(y, shape = [2]))
        }";
    let (w, v) = (
        [1.0, 0.0, 2.0, 0.0, 1.0, 3.0],
        [1.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    );
    let results = run(text, &[&[5.0, 7.0], &w, &[1.0, 1.0, 1.0], &v, &[0.0, 0.5]]);
    assert_eq!(results, [[38.0, 40.5], [38.0, 40.5]]);
}

#[test]
fn calls_nest_to_the_bound_on_a_small_stack() {
    // Each level is a derivative's, a map's or a plain call, which take most room.
    let mut text = PAIRS.to_string() + "graph f0(x: f64[]) -> (y: f64[]) { y = x + 1 }\n";
    for level in 1..62 {
        let below = format!("f{}", level - 1);
        let value = match level % 20 {
            0 => format!("grad({below}, wrt = x)(x) + x"),
            1..10 => format!("relu(relu(-(-{below}(x * 1))))"),
            _ => format!("{below}(x)"),
        };
        text += &format!("graph f{level}(x: f64[]) -> (y: f64[]) {{ y = {value} }}\n");
    }
    text += "entry f(x: f64[]) -> (y: f64[]) { y = f61(x) }";
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let done = small.spawn(move || module(&text).entries.len()).unwrap();
    assert_eq!(done.join().unwrap(), 1);
}

#[test]
fn growth_that_only_types_show_is_bounded_too() {
    // A struct's leaves, a decomposition and a derivative make nodes that the text does not show.
    let text = PAIRS.to_string()
        + "graph f(p: Pair) -> (y: f64[]) { y = mse(softmax(p.a), p.a) + p.b }
        graph g(p: Pair) -> (d: Pair) { d = grad(f, wrt = p)(grad(f, wrt = p)(p)) }
        entry e(p: Pair) -> (d: Pair) { d = g(g(p)) }";
    let nodes = module(&text).entries[0].graph.len();
    let verdict = |max_nodes: usize| {
        let options = Options {
            max_nodes,
            ..Options::default()
        };
        let (_, diagnostics, _) = read("test.graph", &text, &options);
        diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code.number())
            .collect::<Vec<_>>()
    };
    // Inputs of callees, and what a derivative drops at its end, count while they are there.
    assert_eq!(verdict(2 * nodes), Vec::<&str>::new());
    assert_eq!(verdict(nodes - 1), ["E0503"]);
}

#[test]
fn loops_folds_and_calls_compute_the_same() {
    let entry = |body: &str| {
        format!(
            "struct Step {{ by: f64, plus: f64[2] }}
            graph step(x: f64[2], p: Step) -> (y: f64[2]) {{ y = x * p.by + p.plus }}
            entry f(x: f64[2], p: Step[3]) -> (y: f64[2]) {{ {body} }}"
        )
    };
    let bodies = [
        "y = step(step(step(x, p[0]), p[1]), p[2])",
        "y = fold(step, x, p)",
        "for s in p with y = x { y' = step(y, s) }",
        "for i in 0..3 with h = x { h' = h * p[i].by + p[i].plus }; y = h",
        "h = fold(step, x, p[:2]); y = if 2 + 1 == 3 { step(h, p[2]) } else { x }",
    ];
    let inputs: [&[f64]; 7] = [
        &[1.0, 2.0],
        &[2.0],
        &[1.0, 0.0],
        &[3.0],
        &[0.0, 1.0],
        &[-1.0],
        &[0.5, 0.25],
    ];
    for body in bodies {
        assert_eq!(run(&entry(body), &inputs), [[-8.5, -12.75]], "{body}");
    }
}

#[test]
fn numbers_that_loops_carry_are_exact() {
    let text = "entry f(x: f64[]) -> (y: f64[], z: f64[3]) {
        for k in [1, 2, 3] with third = 1 / 3, n = 0, s: f64[] = 0 {
            third' = third * third
            n' = n + k % 2
            s' = s + k * x
        }
        y = s + third * 3 ** 8
        ones: f64[n + 1] = 1
        z = ones
    }";
    assert_eq!(run(text, &[&[0.5]]), [vec![4.0], vec![1.0; 3]]);
}

#[test]
fn an_attribute_is_part_of_what_a_function_is() {
    let text = "graph f[P](x: P, power = 1, shift = power) -> (y: P) {
            for i in 1..power with h = x { h' = h * x }
            y = h + shift
        }
        graph g(x: f64[]) -> (y: f64[]) { y = f(x, power = 3) }
        entry h(x: f64[], v: f64[][2]) -> (a: f64[], b: f64[], c: f64[], d: f64[], e: f64[][2]) {
            a = f(x)
            b = f(x, power = 2)
            c = f(x, shift = 0, power = 2)
            d = grad(f, wrt = x)(x, power = 3) + grad(g, wrt = x)(x)
            e = f(v, power = 2, shift = 0)
        }";
    let found = run(text, &[&[3.0], &[4.0], &[5.0]]);
    assert_eq!(found, [[4.0], [11.0], [9.0], [54.0], [16.0], [25.0]]);
}

#[test]
fn places_are_literals_of_i32() {
    let text = "entry f(x: f64[3, 2], i: i32[]) -> (a: f64[2, 2], b: f64[1, 2], c: f64[3, 2]) {
        a = gather(x, [2, 0])
        b = dynamic_slice(x, i, 0, sizes = [1, 2])
        c = dynamic_update_slice(x, b, 0, 0)
    }";
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let results = run(text, &[&x, &[1.0]]);
    let c = vec![3.0, 4.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(results, [vec![5.0, 6.0, 1.0, 2.0], vec![3.0, 4.0], c]);
}

#[test]
fn the_largest_come_with_their_places() {
    // NumPy 2: -np.sort(-x), np.argsort(-x, stable=True).
    let text = "entry f(x: f64[2, 4]) -> (v: f64[2, 3], at: i32[2, 3], least: f64[2, 1]) {
        (v, at) = top_k(x, k = 3)
        (least, _) = top_k(x, k = 1, largest = false)
    }";
    let results = run(
        text,
        &[&[1.0, 3.0, 3.0, 2.0, -1.0, f64::NEG_INFINITY, 4.0, 0.0]],
    );
    assert_eq!(results[0], [3.0, 3.0, 2.0, 4.0, 0.0, -1.0]);
    assert_eq!(results[1], [1.0, 2.0, 3.0, 2.0, 3.0, 0.0]);
    assert_eq!(results[2], [1.0, f64::NEG_INFINITY]);
}

#[test]
fn turns_of_loops_have_values_of_their_own() {
    let text = "
        graph chain(x: f64[]) -> (l: f64[]) {
            for i in 0..2 with h = x {
                k = tanh(h)
                h' = k * h
            }
            l = h
        }
        entry f(x: f64[]) -> (a: f64[], b: f64[]) { (a, b) = grad(chain, wrt = [k[0], k[1]])(x) }";
    let x: f64 = 0.7;
    let first = x.tanh() * x;
    let slope = 1.0 - first.tanh() * first.tanh();
    let by_first = x * (first.tanh() + first * slope);
    let found = run(text, &[&[x]]);
    assert!((found[0][0] - by_first).abs() < 1e-12, "{found:?}");
    assert!((found[1][0] - first).abs() < 1e-12, "{found:?}");
}

#[test]
fn files_that_are_used_know_nothing_of_the_dims_of_others() {
    // `attention_scores` of the standard library has a value `k`, and `heads` a value `z`.
    let text = "use \"std/layers.graph\"
        dim k = 3
        dim z = 2
        entry f(x: f32[1, 4, 4], p: Attention[4, 2], q: f32[k, z]) -> (y: f32[1, 4, 4], s: f32[k, z]) {
            y = attention(x, p, causal = true)
            s = -q
        }";
    assert_eq!(module(text).entries[0].graph.inputs().len(), 10);
}

/// Elements that equal an infinite maximum share the cotangent; what is less has none.
#[test]
fn sums_of_exponentials_have_derivatives_at_infinity() {
    let text = "graph last(x: f64[3]) -> (y: f64[]) { y = logsumexp(x) }
    graph all(x: f64[3]) -> (y: f64[]) { y = sum(cumlogsumexp(x)) }
    entry f(x: f64[3], dx: f64[3]) -> (a: f64[3], b: f64[], c: f64[3], d: f64[3]) {
        a = grad(last, wrt = x)(x)
        (_, b) = jvp(last, wrt = x)(x, dx)
        (_, c) = jvp(grad(last, wrt = x), wrt = x)(x, dx)
        d = grad(all, wrt = x)(x)
    }";
    let (inf, half) = (f64::INFINITY, 0.5);
    let tangent = [1.0, 3.0, 5.0];
    assert_eq!(
        run(text, &[&[2.0, inf, -inf], &tangent]),
        [
            vec![0.0, 1.0, 0.0],
            vec![3.0],
            vec![0.0, 0.0, 0.0],
            vec![1.0, 2.0, 0.0]
        ]
    );
    assert_eq!(
        run(text, &[&[inf, 7.0, inf], &tangent]),
        [
            vec![half, 0.0, half],
            vec![3.0],
            vec![-1.0, 0.0, 1.0],
            vec![2.5, 0.0, half]
        ]
    );
    assert_eq!(
        run(text, &[&[-inf, -inf, 0.0], &tangent]),
        [
            vec![0.0, 0.0, 1.0],
            vec![5.0],
            vec![0.0, 0.0, 0.0],
            vec![1.5, half, 1.0]
        ]
    );
}

/// What does not fit does not, whichever of two extents is the larger.
#[test]
fn extents_that_differ_are_refused_either_way() {
    let pairs = [
        ("reshape(x, shape = [7])", "reshape(x, shape = [6])"),
        ("reshape(x, shape = [5])", "reshape(x, shape = [6])"),
        ("x @ w", "x @ v"),
        ("x @ t", "x @ v"),
        (
            "dot_general(x, w, x_contract = [1], y_contract = [0])",
            "dot_general(x, v, x_contract = [1], y_contract = [0])",
        ),
        (
            "dot_general(x, t, x_contract = [1], y_contract = [0])",
            "dot_general(x, v, x_contract = [1], y_contract = [0])",
        ),
        ("concat(x, v, axis = 1)", "concat(x, t, axis = 1)"),
        ("concat(v, x, axis = 1)", "concat(x, t, axis = 1)"),
        (
            "slice(x, start = [0, 0], limit = [2, 4])",
            "slice(x, start = [0, 0], limit = [2, 3])",
        ),
        (
            "broadcast_in_dim(x, shape = [3, 3], axes = [0, 1])",
            "broadcast_in_dim(x, shape = [2, 3], axes = [0, 1])",
        ),
        (
            "broadcast_in_dim(x, shape = [2, 2], axes = [0, 1])",
            "broadcast_in_dim(x, shape = [2, 2, 3], axes = [0, 2])",
        ),
        ("einsum(\"ij,jk->ik\", x, w)", "einsum(\"ij,jk->ik\", x, v)"),
        ("einsum(\"ij,jk->ik\", x, t)", "einsum(\"ij,jk->ik\", x, v)"),
    ];
    for (wrong, right) in pairs {
        let params = "(x: f32[2, 3], t: f32[2, 3], v: f32[3, 5], w: f32[4, 5])";
        let built = |expression: &str| lgc_ir::lang::example(&format!("{params} -> {expression}"));
        assert!(built(wrong).is_err(), "{wrong}");
        assert!(built(right).is_ok(), "{right}: {:?}", built(right).err());
    }
}

#[test]
fn nothing_comes_of_zero_times_infinity() {
    let text = "entry f(x: f64[6], y: f64[6]) -> (p: f64[6], d: f64[6]) {
        p = multiply_no_nan(x, y)
        d = subtract_no_nan(x, y)
    }";
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let x = [inf, 0.0, -inf, nan, 0.0, 2.0];
    let y = [0.0, inf, 0.0, 0.0, nan, 3.0];
    let results = run(text, &[&x, &y]);
    assert_eq!(results[0], [0.0, 0.0, 0.0, 0.0, 0.0, 6.0]);
    assert_eq!(results[1][..3], [inf, -inf, -inf]);
    let same = run(text, &[&x, &x]);
    assert_eq!(same[1][..3], [0.0; 3]);
    assert_eq!(same[1][5], 0.0);
}
