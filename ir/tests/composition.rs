//! Laws of whole models, as programs that must be equal: a derivative as the reverse pass makes it of the
//! whole, and the same put together by hand from parts that were differentiated one by one. They are
//! evaluated over exact numbers; where something is left out of the second, they must differ.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

#[path = "support/equal.rs"]
mod equal;

use equal::{assert_different_entries, assert_equal_entries, assert_equal_entries_at};
use lgc_ir::graph::Graph;
use lgc_ir::interpret::Tensor;
use lgc_ir::laws::{Law, Options, Outcome, check_graph};
use lgc_ir::scalar::{Exact, Residue};
use support::module;

/// A post-norm block of a transformer: what attention and a small network yield is added to what they
/// took, and normalised. `block_vjp` is its reverse mode made of those of its layers: the cotangent of a
/// sum goes to both summands, so that what goes round a layer is added to what comes back through it.
/// `block_jvp` is its forward mode: tangents are added where values are.
const BLOCK: &str = "
use \"std/layers.graph\"

struct Block {
    mix: Attention[4, 2],
    first: LayerNorm[4],
    up: Linear[4, 3],
    down: Linear[3, 4],
    second: LayerNorm[4],
}

graph fed(x: f32[1, 3, 4], up: Linear[4, 3], down: Linear[3, 4]) -> (y: f32[1, 3, 4]) {
    y = sequence_linear(gelu(sequence_linear(x, up)), down)
}
graph mixed(x: f32[1, 3, 4], p: Attention[4, 2]) -> (y: f32[1, 3, 4]) { y = attention(x, p) }
graph norm(x: f32[1, 3, 4], p: LayerNorm[4]) -> (y: f32[1, 3, 4]) { y = sequence_normalize(x, p) }

graph block(x: f32[1, 3, 4], p: Block) -> (y: f32[1, 3, 4]) {
    a = norm(x + mixed(x, p.mix), p.first)
    y = norm(a + fed(a, p.up, p.down), p.second)
}

graph block_vjp(x: f32[1, 3, 4], p: Block, ct: f32[1, 3, 4]) -> (y: f32[1, 3, 4], dx: f32[1, 3, 4], dp: Block) {
    s = x + mixed(x, p.mix)
    a = norm(s, p.first)
    t = a + fed(a, p.up, p.down)
    (y, dt, dsecond) = vjp(norm, wrt = [x, p])(t, p.second, ct)
    (_, through_fed, dup, ddown) = vjp(fed, wrt = [x, up, down])(a, p.up, p.down, dt)
    (_, ds, dfirst) = vjp(norm, wrt = [x, p])(s, p.first, dt + through_fed)
    (_, through_mixed, dmix) = vjp(mixed, wrt = [x, p])(x, p.mix, ds)
    dx = ds + through_mixed
    dp = Block(mix = dmix, first = dfirst, up = dup, down = ddown, second = dsecond)
}

graph block_jvp(x: f32[1, 3, 4], p: Block, tx: f32[1, 3, 4], tp: Block) -> (y: f32[1, 3, 4], ty: f32[1, 3, 4]) {
    (m, tm) = jvp(mixed, wrt = [x, p])(x, p.mix, tx, tp.mix)
    (a, ta) = jvp(norm, wrt = [x, p])(x + m, p.first, tx + tm, tp.first)
    (f, tf) = jvp(fed, wrt = [x, up, down])(a, p.up, p.down, ta, tp.up, tp.down)
    (y, ty) = jvp(norm, wrt = [x, p])(a + f, p.second, ta + tf, tp.second)
}
";

/// Reverse and forward mode of the block, of the whole and of its layers.
const REVERSE_OF_A_BLOCK: &str = "
entry whole(x: f32[1, 3, 4], p: Block, ct: f32[1, 3, 4]) -> (y: f32[1, 3, 4], dx: f32[1, 3, 4], dp: Block) {
    (y, dx, dp) = vjp(block, wrt = [x, p])(x, p, ct)
}
entry layers(x: f32[1, 3, 4], p: Block, ct: f32[1, 3, 4]) -> (y: f32[1, 3, 4], dx: f32[1, 3, 4], dp: Block) {
    (y, dx, dp) = block_vjp(x, p, ct)
}
";

#[test]
fn the_reverse_mode_of_a_post_norm_block_is_that_of_its_layers() {
    assert_equal_entries::<Residue>(&(BLOCK.to_string() + REVERSE_OF_A_BLOCK));
}

#[test]
fn a_residual_connection_without_its_cotangent_is_seen() {
    for (right, wrong) in [
        ("dx = ds + through_mixed", "dx = through_mixed"),
        ("dx = ds + through_mixed", "dx = ds"),
        ("p.first, dt + through_fed)", "p.first, through_fed)"),
        ("p.first, dt + through_fed)", "p.first, dt)"),
    ] {
        assert!(BLOCK.contains(right), "{right}");
        assert_different_entries::<Residue>(&(BLOCK.replace(right, wrong) + REVERSE_OF_A_BLOCK));
    }
}

#[test]
fn the_forward_mode_of_a_post_norm_block_is_that_of_its_layers() {
    assert_equal_entries::<Residue>(
        &(BLOCK.to_string()
            + "
entry whole(x: f32[1, 3, 4], p: Block, tx: f32[1, 3, 4], tp: Block) -> (y: f32[1, 3, 4], ty: f32[1, 3, 4]) {
    (y, ty) = jvp(block, wrt = [x, p])(x, p, tx, tp)
}
entry layers(x: f32[1, 3, 4], p: Block, tx: f32[1, 3, 4], tp: Block) -> (y: f32[1, 3, 4], ty: f32[1, 3, 4]) {
    (y, ty) = block_jvp(x, p, tx, tp)
}
"),
    );
}

/// A stack of blocks as a fold over them, as a loop, and block by block: what each yields is the next
/// one's input, and its input's cotangent the cotangent of the one before. `MODE` is replaced by the
/// statements that make `y` and the outputs in it.
fn encoders(blocks: usize) -> String {
    let text = "
graph folded(x: f32[1, 3, 4], p: Block[N]) -> (y: f32[1, 3, 4]) { y = fold(block, x, p) }
graph looped(x: f32[1, 3, 4], p: Block[N]) -> (y: f32[1, 3, 4]) { y = scan(block)(x, p) }
graph again(x: f32[1, 3, 4], p: Block[N]) -> (y: f32[1, 3, 4]) { y = scan(checkpoint(block))(x, p) }
";
    BLOCK.to_string() + &text.replace('N', &blocks.to_string())
}

/// Lines for each of some numbers.
fn lines(numbers: impl Iterator<Item = usize>, line: impl Fn(usize) -> String) -> String {
    numbers.map(|at| line(at) + "\n").collect()
}

#[test]
fn the_reverse_mode_of_an_encoder_is_that_of_its_blocks_from_the_last_to_the_first() {
    for blocks in 1..=3 {
        let takes = format!("x: f32[1, 3, 4], p: Block[{blocks}], ct: f32[1, 3, 4]");
        let parts = lines(0..blocks, |at| format!("d{at}: Block,"));
        let yields = format!("y: f32[1, 3, 4], dx: f32[1, 3, 4], {parts}");
        let whole = |name: &str| {
            let each = lines(0..blocks, |at| format!("d{at} = dp[{at}]"));
            format!(
                "entry of_{name}({takes}) -> ({yields}) {{
                    (y, dx, dp) = vjp({name}, wrt = [x, p])(x, p, ct)
                    {each}
                }}"
            )
        };
        let forth = lines(0..blocks, |at| {
            format!("h{} = block(h{at}, p[{at}])", at + 1)
        });
        let back = lines((0..blocks).rev(), |at| {
            format!(
                "(_, c{at}, d{at}) = vjp(block, wrt = [x, p])(h{at}, p[{at}], c{})",
                at + 1
            )
        });
        let chained = format!(
            "entry chained({takes}) -> ({yields}) {{
                h0 = x
                {forth}
                y = h{blocks}
                c{blocks} = ct
                {back}
                dx = c0
            }}"
        );
        let all = ["folded", "looped", "again"].map(whole).join("\n") + &chained;
        assert_equal_entries::<Residue>(&(encoders(blocks) + &all));
    }
}

#[test]
fn the_forward_mode_of_an_encoder_is_that_of_its_blocks() {
    for blocks in 1..=3 {
        let takes =
            format!("x: f32[1, 3, 4], p: Block[{blocks}], tx: f32[1, 3, 4], tp: Block[{blocks}]");
        let whole = |name: &str| {
            format!(
                "entry of_{name}({takes}) -> (y: f32[1, 3, 4], ty: f32[1, 3, 4]) {{
                    (y, ty) = jvp({name}, wrt = [x, p])(x, p, tx, tp)
                }}"
            )
        };
        let forth = lines(0..blocks, |at| {
            let next = at + 1;
            format!(
                "(h{next}, t{next}) = jvp(block, wrt = [x, p])(h{at}, p[{at}], t{at}, tp[{at}])"
            )
        });
        let chained = format!(
            "entry chained({takes}) -> (y: f32[1, 3, 4], ty: f32[1, 3, 4]) {{
                h0 = x
                t0 = tx
                {forth}
                y = h{blocks}
                ty = t{blocks}
            }}"
        );
        let all = ["folded", "looped", "again"].map(whole).join("\n") + &chained;
        assert_equal_entries::<Residue>(&(encoders(blocks) + &all));
    }
}

/// ⟪JVP(x, dx), δ⟫ = ⟪dx, VJP(x, δ)⟫, where a stack of blocks is differentiated forwards as a fold and
/// in reverse as a loop that computes its blocks again.
#[test]
fn forward_and_reverse_mode_of_an_encoder_are_adjoint() {
    for blocks in 1..=3 {
        let takes = format!(
            "x: f32[1, 3, 4], p: Block[{blocks}], tx: f32[1, 3, 4], tp: Block[{blocks}], ct: f32[1, 3, 4]"
        );
        let text = format!(
            "graph total[T](t: T) -> (s: f32[]) {{ s = sum(t) }}
            entry forward({takes}) -> (s: f32[]) {{
                (_, ty) = jvp(folded, wrt = [x, p])(x, p, tx, tp)
                s = sum(ty * ct)
            }}
            entry back({takes}) -> (s: f32[]) {{
                (_, dx, dp) = vjp(again, wrt = [x, p])(x, p, ct)
                s = sum(tx * dx) + fold(add, 0, map(total, tp * dp))
            }}"
        );
        assert_equal_entries::<Residue>(&(encoders(blocks) + &text));
    }
}

const CELL: &str = "
graph cell(h: f64[2], x: f64[2], w: f64[2, 2], b: f64[2]) -> (next: f64[2], y: f64[2]) {
    next = tanh(h @ w + x * b)
    y = next * x + h
}
";

/// Back-propagation through `steps` steps in time: as the reverse pass makes it of the loop, with
/// everything saved and with the cell computed again; and step by step. Going back, each step hands the
/// cotangent of its state to the step before, and the parameters get the sum of what the steps make.
fn through_time(steps: usize) -> String {
    let takes = format!(
        "h: f64[2], xs: f64[{steps}, 2], w: f64[2, 2], b: f64[2], ct: f64[2], cys: f64[{steps}, 2]"
    );
    let yields =
        format!("last: f64[2], dh: f64[2], dxs: f64[{steps}, 2], dw: f64[2, 2], db: f64[2]");
    let loops = [("saved", "cell"), ("computed_again", "checkpoint(cell)")].map(|(name, cell)| {
        format!(
            "graph {name}(h: f64[2], xs: f64[{steps}, 2], w: f64[2, 2], b: f64[2]) -> (last: f64[2], ys: f64[{steps}, 2]) {{
                (last, ys) = scan({cell}, carry = h, over = x)(h, xs, w, b)
            }}
            entry of_{name}({takes}) -> ({yields}) {{
                (last, _, dh, dxs, dw, db) = vjp({name}, wrt = [h, xs, w, b])(h, xs, w, b, ct, cys)
            }}"
        )
    });
    let at = |name: &str, at: usize| {
        format!(
            "reshape(slice({name}, start = [{at}, 0], limit = [{}, 2]), shape = [2])",
            at + 1
        )
    };
    let forth = lines(0..steps, |t| {
        let x = at("xs", t);
        format!("x{t} = {x}\n(h{}, _) = cell(h{t}, x{t}, w, b)", t + 1)
    });
    let back = lines((0..steps).rev(), |t| {
        let (next, cy) = (t + 1, at("cys", t));
        format!(
            "(_, _, c{t}, d{t}, w{t}, b{t}) = vjp(cell, wrt = [h, x, w, b])(h{t}, x{t}, w, b, c{next}, {cy})"
        )
    });
    let list = |line: &dyn Fn(usize) -> String, between: &str| {
        (0..steps).map(line).collect::<Vec<_>>().join(between)
    };
    let (dw, db) = (
        list(&|t| format!("w{t}"), " + "),
        list(&|t| format!("b{t}"), " + "),
    );
    let rows = list(&|t| format!("reshape(d{t}, shape = [1, 2])"), ", ");
    let by_hand = format!(
        "entry step_by_step({takes}) -> ({yields}) {{
            h0 = h
            {forth}
            last = h{steps}
            c{steps} = ct
            {back}
            dh = c0
            dxs = concat({rows}, axis = 0)
            dw = {dw}
            db = {db}
        }}"
    );
    CELL.to_string() + &loops.join("\n") + &by_hand
}

#[test]
fn back_propagation_through_time_is_that_of_its_steps() {
    for steps in 1..=5 {
        assert_equal_entries::<Exact>(&through_time(steps));
    }
}

#[test]
fn a_step_that_is_left_out_is_seen() {
    let text = through_time(3);
    for (right, wrong) in [
        ("dw = w0 + w1 + w2", "dw = w0 + w2"),
        ("w, b, c2, ", "w, b, ct, "),
        ("dh = c0", "dh = c1"),
    ] {
        assert!(text.contains(right), "{right}");
        assert_different_entries::<Exact>(&text.replace(right, wrong));
    }
}

/// The network of the standard library through two steps, against its cell.
#[test]
fn two_steps_of_long_short_term_memory_are_its_cell_twice() {
    let takes = "xs: f32[2, 1, 2], h: f32[1, 2], m: f32[1, 2], p: Lstm[2, 2], cys: f32[2, 1, 2], ch: f32[1, 2], cm: f32[1, 2]";
    let yields = "dxs: f32[2, 1, 2], dh: f32[1, 2], dm: f32[1, 2], dp: Lstm[2, 2]";
    let at = |name: &str, t: usize| {
        format!(
            "reshape(slice({name}, start = [{t}, 0, 0], limit = [{}, 1, 2]), shape = [1, 2])",
            t + 1
        )
    };
    let [x0, x1, y0, y1] =
        [("xs", 0), ("xs", 1), ("cys", 0), ("cys", 1)].map(|(name, t)| at(name, t));
    assert_equal_entries::<Residue>(&format!(
        "use \"std/sequences.graph\"
        entry network({takes}) -> ({yields}) {{
            (_, _, _, dxs, dh, dm, dp) = vjp(lstm, wrt = [xs, h, memory, p])(xs, h, m, p, cys, ch, cm)
        }}
        entry cells({takes}) -> ({yields}) {{
            (h1, m1) = lstm_cell({x0}, h, m, p)
            (_, _, d1, c1, k1, p1) = vjp(lstm_cell, wrt = [x, h, memory, p])({x1}, h1, m1, p, ch + {y1}, cm)
            (_, _, d0, dh, dm, p0) = vjp(lstm_cell, wrt = [x, h, memory, p])({x0}, h, m, p, c1 + {y0}, k1)
            dp = p0 + p1
            dxs = reshape(concat(d0, d1, axis = 0), shape = [2, 1, 2])
        }}"
    ));
}

/// Entries with the reverse mode of graphs of one signature: their results, and all cotangents.
fn reverse_modes(graphs: &[&str], takes: &[(&str, &str)], yields: &str) -> String {
    let typed = |prefix: &str| {
        let all = takes
            .iter()
            .map(|(name, ty)| format!("{prefix}{name}: {ty}"));
        all.collect::<Vec<_>>().join(", ")
    };
    let names = |prefix: &str| {
        let all = takes.iter().map(|(name, _)| format!("{prefix}{name}"));
        all.collect::<Vec<_>>().join(", ")
    };
    let (params, given, gradients, found) = (typed(""), names(""), typed("d_"), names("d_"));
    let entry = |graph: &&str| {
        format!(
            "entry reverse_{graph}({params}, ct: {yields}) -> (y: {yields}, {gradients}) {{
                (y, {found}) = vjp({graph}, wrt = [{given}])({given}, ct)
            }}\n"
        )
    };
    graphs.iter().map(entry).collect()
}

#[test]
fn layer_norm_is_rms_norm_of_what_is_centred() {
    let takes = [("x", "f64[2, 4]"), ("gamma", "f64[4]"), ("beta", "f64[4]")];
    assert_equal_entries::<Residue>(
        &("
graph direct(x: f64[2, 4], gamma: f64[4], beta: f64[4]) -> (y: f64[2, 4]) {
    y = layer_norm(x, gamma, beta)
}
graph centred(x: f64[2, 4], gamma: f64[4], beta: f64[4]) -> (y: f64[2, 4]) {
    y = rms_norm(x - mean(x, axes = [1], keepdims = true), gamma, eps = 1e-5) + beta
}
graph moved(x: f64[2, 4], gamma: f64[4], beta: f64[4]) -> (y: f64[2, 4]) {
    y = layer_norm(x + stop_gradient(sum(x)), gamma, beta)
}
"
        .to_string()
            + &reverse_modes(&["direct", "centred", "moved"], &takes, "f64[2, 4]")),
    );
}

/// Rows whose mean square and 1 are a square together, so that its root is rational.
fn rows_with_roots(graph: &Graph) -> Vec<Tensor<Exact>> {
    let values: [&[i64]; 3] = [&[1, -2, 2, 4, 2, -5], &[3, -1, 2], &[2, 5, -3, 1, -4, 7]];
    let types = graph.inputs().iter().map(|input| graph.ty(*input).clone());
    let tensors = types.zip(values).map(|(ty, x)| {
        let x = x.iter().map(|x| Exact::integer(*x));
        Tensor::numbers(ty, x.collect())
    });
    tensors.collect()
}

#[test]
fn rms_norm_does_not_see_the_scale() {
    let takes = [("x", "f64[2, 3]"), ("gamma", "f64[3]")];
    assert_equal_entries_at::<Exact>(
        &("
graph plain(x: f64[2, 3], gamma: f64[3]) -> (y: f64[2, 3]) { y = rms_norm(x, gamma, eps = 1) }
graph scaled(x: f64[2, 3], gamma: f64[3]) -> (y: f64[2, 3]) { y = rms_norm(3 * x, gamma, eps = 9) }
"
        .to_string()
            + &reverse_modes(&["plain", "scaled"], &takes, "f64[2, 3]")),
        &rows_with_roots,
    );
}

#[test]
fn both_reset_conventions_agree_where_the_map_of_the_state_is_diagonal() {
    let takes = [
        ("x", "f32[1, 2]"),
        ("h", "f32[1, 2]"),
        ("p", "Gru[2, 2]"),
        ("d", "f32[2]"),
    ];
    let text = "
use \"std/cells.graph\"
graph diagonal(p: Gru[2, 2], d: f32[2]) -> (q: Gru[2, 2]) {
    unit = cast(iota(shape = [2, 2], axis = 0) == iota(shape = [2, 2], axis = 1), dtype = f32)
    map = Gate(input = p.candidate.input, state = unit * d, bias = p.candidate.bias)
    q = Gru(reset = p.reset, update = p.update, candidate = map)
}
graph before(x: f32[1, 2], h: f32[1, 2], p: Gru[2, 2], d: f32[2]) -> (y: f32[1, 2]) {
    y = gru_cell(x, h, diagonal(p, d))
}
graph after(x: f32[1, 2], h: f32[1, 2], p: Gru[2, 2], d: f32[2]) -> (y: f32[1, 2]) {
    y = gru_cell_after(x, h, GruAfter(gates = diagonal(p, d), state_bias = 0 * d))
}
graph full_before(x: f32[1, 2], h: f32[1, 2], p: Gru[2, 2], d: f32[2]) -> (y: f32[1, 2]) {
    y = gru_cell(x, h, p)
}
graph full_after(x: f32[1, 2], h: f32[1, 2], p: Gru[2, 2], d: f32[2]) -> (y: f32[1, 2]) {
    y = gru_cell_after(x, h, GruAfter(gates = p, state_bias = 0 * d))
}
";
    let modes = |graphs: &[&str]| text.to_string() + &reverse_modes(graphs, &takes, "f32[1, 2]");
    assert_equal_entries::<Residue>(&modes(&["before", "after"]));
    assert_different_entries::<Residue>(&modes(&["full_before", "full_after"]));
}

const QKV: [(&str, &str); 3] = [("q", "f64[3, 2]"), ("k", "f64[3, 2]"), ("v", "f64[3, 2]")];

/// Keys that are masked are not there, and have exactly no gradient; a query that sees nothing gets
/// zeros.
#[test]
fn masked_attention_is_attention_to_what_is_not_masked() {
    assert_equal_entries::<Residue>(
        &("
graph row(x: f64[3, 2], at: i32[]) -> (y: f64[1, 2]) { y = reshape(gather(x, at, axis = 0), shape = [1, 2]) }
graph masked(q: f64[3, 2], k: f64[3, 2], v: f64[3, 2]) -> (y: f64[3, 2]) {
    seen = iota(shape = [3, 3], axis = 0) > 0 && iota(shape = [3, 3], axis = 1) != 1
    y = scaled_dot_product_attention(q, k, v, seen)
}
graph chosen(q: f64[3, 2], k: f64[3, 2], v: f64[3, 2]) -> (y: f64[3, 2]) {
    (keys, values) = (concat(row(k, 0), row(k, 2), axis = 0), concat(row(v, 0), row(v, 2), axis = 0))
    rest = slice(q, start = [1, 0], limit = [3, 2])
    y = concat(0 * row(q, 0), scaled_dot_product_attention(rest, keys, values), axis = 0)
}
"
        .to_string()
            + &reverse_modes(&["masked", "chosen"], &QKV, "f64[3, 2]")),
    );
}

/// The first position sees its own value alone, each one further those up to it.
#[test]
fn causal_attention_is_attention_of_each_position_to_those_before() {
    assert_equal_entries::<Residue>(
        &("
graph causal(q: f64[3, 2], k: f64[3, 2], v: f64[3, 2]) -> (y: f64[3, 2]) {
    y = scaled_dot_product_attention(q, k, v, causal = true)
}
graph positions(q: f64[3, 2], k: f64[3, 2], v: f64[3, 2]) -> (y: f64[3, 2]) {
    first = slice(v, start = [0, 0], limit = [1, 2])
    second = scaled_dot_product_attention(
        slice(q, start = [1, 0], limit = [2, 2]),
        slice(k, start = [0, 0], limit = [2, 2]),
        slice(v, start = [0, 0], limit = [2, 2]),
    )
    third = scaled_dot_product_attention(slice(q, start = [2, 0], limit = [3, 2]), k, v)
    y = concat(first, second, third, axis = 0)
}
"
        .to_string()
            + &reverse_modes(&["causal", "positions"], &QKV, "f64[3, 2]")),
    );
}

/// The laws of an entry that hold exactly: over ℚ, or modulo a prime.
#[track_caller]
fn assert_exact_laws(text: &str) {
    let module = module(text);
    let options = Options {
        points: 1,
        ..Options::with_effort(4)
    };
    for entry in &module.entries {
        let report = check_graph(entry, &options, &mut |_| {}).unwrap();
        for wanted in [
            Law::Adjoint,
            Law::Tangent,
            Law::Zero,
            Law::Composition,
            Law::Sweep,
            Law::Jacobian,
            Law::SecondOrder,
        ] {
            let outcomes = report.laws.iter().filter(|(law, _)| *law == wanted);
            for (_, outcome) in outcomes {
                let exact = matches!(outcome, Outcome::Proved | Outcome::Congruent(1));
                assert!(exact, "{wanted:?}: {outcome}\n{report}");
            }
        }
    }
}

#[test]
fn a_post_norm_block_obeys_every_law_exactly() {
    assert_exact_laws(
        &(BLOCK.to_string()
            + "
entry one(x: f32[1, 3, 4], p: Block) -> (y: f32[1, 3, 4]) { y = block(x, p) }
"),
    );
}

/// Reverse rows and forward columns of the whole Jacobian, and the other laws.
#[test]
fn small_layers_and_cells_obey_every_law_exactly() {
    for text in [
        "use \"std/cells.graph\"
        entry f(x: f32[1, 2], h: f32[1, 2], p: Gru[2, 2]) -> (y: f32[1, 2]) { y = gru_cell(x, h, p) }",
        "use \"std/cells.graph\"
        entry f(x: f32[1, 2], h: f32[1, 2], m: f32[1, 2], p: Lstm[2, 2]) -> (y: f32[1, 2], n: f32[1, 2]) {
            (y, n) = lstm_cell(x, h, m, p)
        }",
        "use \"std/layers.graph\"
        entry f(x: f32[1, 2, 2], y: f32[1, 3, 2], p: MultiHeadAttention[2, 2, 1, 1]) -> (z: f32[1, 2, 2]) {
            z = multi_head_attention(x, y, p)
        }",
        "use \"std/layers.graph\"
        entry f(x: f32[1, 1, 4, 5], c: Conv2d[1, 2, 2, 2], g: f32[2], b: f32[2]) -> (y: f32[1, 2, 3, 2]) {
            z = max_pool(relu(conv2d(x, c)), size = 2, stride = [1, 2], padding = [1, 0, 0, 0])
            y = instance_norm(z, g, b)
        }",
        "use \"std/sequences.graph\"
        entry f(x: f32[3, 2], delta: f32[3, 2], a: f32[2, 2], b: f32[3, 2], c: f32[3, 2], skip: f32[2], h: f32[2, 2]) -> (y: f32[3, 2]) {
            (y, _) = selective_scan(x, delta, a, b, c, skip, h)
        }",
    ] {
        assert_exact_laws(text);
    }
}
