"""Writes `rows.json`: what JAX and PyTorch do at ties, kinks and edges. `python generate.py`, in the environment of
`../golden`.

Each row is a graph with inputs, and the same in both libraries; what is shown is the result, or the gradient of the
sum of results by one input. `codegen/tests/conventions.rs` adds what lgc does, and makes `docs/differences.md` of them.
"""

import json
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from jax import lax

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
warnings.simplefilter("ignore")

INF, NAN = float("inf"), float("nan")
TOP = 2.0**31 - 1

# Section, what, graph, inputs, the input by which the gradient is taken (or None), JAX, PyTorch.
ROWS = [
    ("Ties", "`max` of two", "(x: f64[2], y: f64[2]) -> max(x, y)", [[1, 2], [1, 0]], 0, jnp.maximum, torch.maximum),
    ("Ties", "`reduce_max`", "(x: f64[3]) -> reduce_max(x)", [[2, 1, 2]], 0, jnp.max, torch.amax),
    ("Ties", "`reduce_min` along an axis", "(x: f64[1, 3]) -> reduce_min(x, axes = [1])", [[2, 1, 1]], 0, lambda x: x.min(1), lambda x: x.min(1).values),
    ("Ties", "`max_pool`", "(x: f64[1, 1, 3]) -> max_pool(x, size = [3])", [[1, 1, 0]], 0, None, lambda x: F.max_pool1d(x, 3)),
    ("Ties", "`sort`", "(x: f64[3]) -> sort(x) * [1, 2, 3]", [[1, 1, 0]], 0, lambda x: jnp.sort(x) * jnp.arange(1, 4), lambda x: x.sort(stable=True).values * torch.arange(1, 4)),
    ("Ties", "`argmax`", "(x: f64[3]) -> argmax(x)", [[1, 2, 2]], None, jnp.argmax, torch.argmax),
    ("Kinks", "`relu` at 0", "(x: f64[1]) -> relu(x)", [[0]], 0, jax.nn.relu, torch.relu),
    ("Kinks", "`abs` at 0", "(x: f64[1]) -> abs(x)", [[0]], 0, jnp.abs, torch.abs),
    ("Kinks", "`leaky_relu` at 0", "(x: f64[1]) -> leaky_relu(x, slope = 0.25)", [[0]], 0, lambda x: jax.nn.leaky_relu(x, 0.25), lambda x: F.leaky_relu(x, 0.25)),
    ("Kinks", "`clamp` at its ends", "(x: f64[2]) -> clamp(x, lo = -1, hi = 1)", [[-1, 1]], 0, lambda x: jnp.clip(x, -1, 1), lambda x: x.clamp(-1, 1)),
    ("Kinks", "`elu(alpha = 0.5)` at 0", "(x: f64[1]) -> elu(x, alpha = 0.5)", [[0]], 0, lambda x: jax.nn.elu(x, 0.5), lambda x: F.elu(x, 0.5)),
    ("Kinks", "`x ** y` at x = 0, by y", "(x: f64[2], y: f64[2]) -> x ** y", [[0, 0], [0, 2]], 1, jnp.power, torch.pow),
    ("Branches that are not taken", "`sqrt` at 0 under `select`", "(x: f64[2]) -> select(x > 0, sqrt(x), 0)", [[0, 4]], 0, lambda x: jnp.where(x > 0, jnp.sqrt(x), 0), lambda x: torch.where(x > 0, x.sqrt(), 0)),
    ("Branches that are not taken", "`log` of a negative number under `select`", "(x: f64[2]) -> select(x > 0, log(x), x)", [[-1, 2]], 0, lambda x: jnp.where(x > 0, jnp.log(x), x), lambda x: torch.where(x > 0, x.log(), x)),
    ("Branches that are not taken", "1/x at 0 under `select`", "(x: f64[2]) -> select(x != 0, 1 / x, 0)", [[0, 2]], 0, lambda x: jnp.where(x != 0, 1 / x, 0), lambda x: torch.where(x != 0, 1 / x, 0)),
    ("Branches that are not taken", "x·∞ under `select`", "(x: f64[2], k: f64[2]) -> select(x > 0, 0 * x, x * k)", [[1, -1], [INF, INF]], 0, lambda x, k: jnp.where(x > 0, 0 * x, x * k), lambda x, k: torch.where(x > 0, 0 * x, x * k)),
    ("Branches that are not taken", "√ of a sum of squares at 0, times a weight of 0", "(x: f64[2], w: f64[]) -> w * sqrt(sum(square(x)))", [[0, 0], [0]], 0, lambda x, w: w * jnp.sqrt(jnp.sum(x**2)), lambda x, w: w * (x**2).sum().sqrt()),
    ("NaN and infinity", "`max` with NaN", "(x: f64[2], y: f64[2]) -> max(x, y)", [[NAN, 1], [1, NAN]], None, jnp.maximum, torch.maximum),
    ("NaN and infinity", "`relu` of NaN", "(x: f64[1]) -> relu(x)", [[NAN]], None, jax.nn.relu, torch.relu),
    ("NaN and infinity", "`clamp` of NaN", "(x: f64[1]) -> clamp(x, lo = -1, hi = 1)", [[NAN]], None, lambda x: jnp.clip(x, -1, 1), lambda x: x.clamp(-1, 1)),
    ("NaN and infinity", "`argmax` with NaN", "(x: f64[3]) -> argmax(x)", [[1, NAN, 3]], None, jnp.argmax, torch.argmax),
    ("NaN and infinity", "`sort` with NaN", "(x: f64[3]) -> sort(x)", [[NAN, 2, 1]], None, jnp.sort, lambda x: x.sort().values),
    ("NaN and infinity", "`silu` at −∞", "(x: f64[1]) -> silu(x)", [[-INF]], None, jax.nn.silu, F.silu),
    ("NaN and infinity", "`softmax` of −∞ alone", "(x: f64[2]) -> softmax(x)", [[-INF, -INF]], None, jax.nn.softmax, lambda x: x.softmax(0)),
    ("NaN and infinity", "`logsumexp` of −∞ alone", "(x: f64[2]) -> logsumexp(x)", [[-INF, -INF]], None, jax.scipy.special.logsumexp, lambda x: x.logsumexp(0)),
    ("NaN and infinity", "`softmax` of 2 and ∞", "(x: f64[2]) -> softmax(x)", [[2, INF]], None, jax.nn.softmax, lambda x: x.softmax(0)),
    ("NaN and infinity", "`logsumexp` of 2 and ∞", "(x: f64[2]) -> logsumexp(x)", [[2, INF]], None, jax.scipy.special.logsumexp, lambda x: x.logsumexp(0)),
    ("NaN and infinity", "`logsumexp` of 2 and ∞", "(x: f64[2]) -> logsumexp(x)", [[2, INF]], 0, jax.scipy.special.logsumexp, lambda x: x.logsumexp(0)),
    ("NaN and infinity", "`logsumexp` of 2, ∞ and ∞", "(x: f64[3]) -> logsumexp(x)", [[2, INF, INF]], 0, jax.scipy.special.logsumexp, lambda x: x.logsumexp(0)),
    ("NaN and infinity", "`logsumexp` of −∞ alone", "(x: f64[2]) -> logsumexp(x)", [[-INF, -INF]], 0, jax.scipy.special.logsumexp, lambda x: x.logsumexp(0)),
    ("NaN and infinity", "`cumlogsumexp` of 2 and ∞", "(x: f64[2]) -> cumlogsumexp(x)", [[2, INF]], 0, lax.cumlogsumexp, lambda x: x.logcumsumexp(0)),
    ("NaN and infinity", "slope of tanh-`gelu` at 1e20 in f32", "(x: f32[2]) -> gelu(x, approximate = tanh)", [[1e20, -1e20]], 0, lambda x: jax.nn.gelu(x, approximate=True), lambda x: F.gelu(x, approximate="tanh")),
    ("Integers", "1 / 0, −1 / 0", "(x: i32[2], y: i32[2]) -> x / y", [[1, -1], [0, 0]], None, lax.div, lambda x, y: torch.div(x, y, rounding_mode="trunc")),
    ("Integers", "5 % 0", "(x: i32[1], y: i32[1]) -> x % y", [[5], [0]], None, lax.rem, torch.fmod),
    ("Integers", "−7 / 2, −7 % 2", "(x: i32[1], y: i32[1]) -> concat(x / y, x % y)", [[-7], [2]], None, lambda x, y: jnp.concatenate([lax.div(x, y), lax.rem(x, y)]), lambda x, y: torch.cat([torch.div(x, y, rounding_mode="trunc"), torch.fmod(x, y)])),
    ("Integers", "(2³¹ − 1) + 1", "(x: i32[1]) -> x + 1", [[TOP]], None, lambda x: x + 1, lambda x: x + 1),
    ("Integers", "1 << 32, 1 << −1", "(x: i32[2], y: i32[2]) -> x << y", [[1, 1], [32, -1]], None, jnp.left_shift, None),
    ("Integers", "f64 1e10, −1e10, NaN as i32", "(x: f64[3]) -> cast(x, dtype = i32)", [[1e10, -1e10, NAN]], None, lambda x: x.astype(jnp.int32), lambda x: x.to(torch.int32)),
    ("Integers", "f64 −1.5 as u32", "(x: f64[1]) -> cast(x, dtype = u32)", [[-1.5]], None, lambda x: x.astype(jnp.uint32), None),
    ("Rounding", "`round` of halves", "(x: f64[4]) -> round(x)", [[0.5, 1.5, 2.5, -0.5]], None, jnp.round, torch.round),
    ("Empty axes", "`sum` of nothing", "(x: f64[0]) -> sum(x)", [[]], None, jnp.sum, torch.sum),
    ("Empty axes", "`reduce_prod` of nothing", "(x: f64[0]) -> reduce_prod(x)", [[]], None, jnp.prod, torch.prod),
    ("Empty axes", "`mean` of nothing", "(x: f64[0]) -> mean(x)", [[]], None, jnp.mean, torch.mean),
    ("Empty axes", "`reduce_max` of nothing", "(x: f64[0]) -> reduce_max(x)", [[]], None, jnp.max, torch.amax),
    ("Empty axes", "`argmax` of nothing", "(x: f64[0]) -> argmax(x)", [[]], None, jnp.argmax, torch.argmax),
    ("Empty axes", "`logsumexp` of nothing", "(x: f64[0]) -> logsumexp(x)", [[]], None, jax.scipy.special.logsumexp, lambda x: x.logsumexp(0)),
    ("Empty axes", "`softmax` of nothing", "(x: f64[0]) -> softmax(x)", [[]], None, jax.nn.softmax, lambda x: x.softmax(0)),
    ("Empty axes", "`log_softmax` along an axis of 0", "(x: f64[2, 0]) -> log_softmax(x)", [[]], None, jax.nn.log_softmax, lambda x: x.log_softmax(-1)),
    ("Empty axes", "`softmax` of no rows", "(x: f64[0, 3]) -> softmax(x)", [[]], None, jax.nn.softmax, lambda x: x.softmax(-1)),
    ("Empty axes", "`cumsum` of nothing", "(x: f64[0]) -> cumsum(x)", [[]], None, jnp.cumsum, lambda x: x.cumsum(0)),
    ("Empty axes", "`cummax` of nothing", "(x: f64[0]) -> cummax(x)", [[]], None, lax.cummax, lambda x: x.cummax(0).values),
    ("Empty axes", "`linear_recurrence` of nothing", "(a: f64[0], b: f64[0]) -> linear_recurrence(a, b)", [[], []], None, lambda a, b: lax.associative_scan(lambda f, g: (f[0] * g[0], g[0] * f[1] + g[1]), (a, b))[1], None),
    ("Empty axes", "`sort` of nothing", "(x: f64[0]) -> sort(x)", [[]], None, jnp.sort, lambda x: x.sort().values),
    ("Empty axes", "`argsort` along an axis of 0", "(x: f64[2, 0]) -> argsort(x)", [[]], None, jnp.argsort, lambda x: x.argsort()),
    ("Empty axes", "the first 0 of `top_k`", "(x: f64[3]) -> top_k(x, k = 0)", [[1, 2, 3]], None, lambda x: lax.top_k(x, 0)[0], lambda x: x.topk(0).values),
    ("Empty axes", "`x @ y` over an inner axis of 0", "(x: f64[1, 0], y: f64[0, 1]) -> x @ y", [[], []], None, jnp.matmul, torch.matmul),
    ("Empty axes", "`x @ y` of no rows", "(x: f64[0, 2], y: f64[2, 3]) -> x @ y", [[], [0] * 6], None, jnp.matmul, torch.matmul),
    ("Empty axes", "`conv` over no channels", "(x: f64[1, 0, 3], w: f64[1, 0, 2]) -> conv(x, w)", [[], []], None, lambda x, w: lax.conv(x, w, (1,), "VALID"), F.conv1d),
    ("Empty axes", "`conv` of no images", "(x: f64[0, 1, 3], w: f64[2, 1, 2]) -> conv(x, w)", [[], [0] * 4], None, lambda x, w: lax.conv(x, w, (1,), "VALID"), F.conv1d),
    ("Empty axes", "`max_pool` of an axis of 0", "(x: f64[1, 1, 0]) -> max_pool(x, size = 1)", [[]], None, lambda x: lax.reduce_window(x, -INF, lax.max, (1, 1, 1), (1, 1, 1), "VALID"), lambda x: F.max_pool1d(x, 1)),
    ("Empty axes", "`avg_pool` of no channels", "(x: f64[1, 0, 4]) -> avg_pool(x, size = 2)", [[]], None, lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 1, 2), (1, 1, 1), "VALID") / 2, lambda x: F.avg_pool1d(x, 2, 1)),
    ("Empty axes", "`layer_norm` over an axis of 0", "(x: f64[2, 0], g: f64[0], b: f64[0]) -> layer_norm(x, g, b)", [[], [], []], None, None, lambda x, g, b: F.layer_norm(x, (0,), g, b)),
    ("Empty axes", "`layer_norm` of no rows", "(x: f64[0, 2], g: f64[2], b: f64[2]) -> layer_norm(x, g, b)", [[], [1, 1], [0, 0]], None, None, lambda x, g, b: F.layer_norm(x, (2,), g, b)),
    ("Empty axes", "`batch_norm_training` of no examples", "(x: f64[0, 2], g: f64[2], b: f64[2]) -> batch_norm_training(x, g, b)", [[], [1, 1], [0, 0]], None, None, lambda x, g, b: F.batch_norm(x, None, None, g, b, training=True)),
    ("Empty axes", "`group_norm` of no examples", "(x: f64[0, 2], g: f64[2], b: f64[2]) -> group_norm(x, g, b, groups = 1)", [[], [1, 1], [0, 0]], None, None, lambda x, g, b: F.group_norm(x, 1, g, b)),
    ("Empty axes", "attention to no keys", "(q: f64[1, 2], k: f64[0, 2], v: f64[0, 2]) -> scaled_dot_product_attention(q, k, v)", [[1, 1], [], []], None, lambda q, k, v: jax.nn.dot_product_attention(q[None, :, None], k[None, :, None], v[None, :, None]), F.scaled_dot_product_attention),
    ("Empty axes", "`mse` of nothing", "(x: f64[0], y: f64[0]) -> mse(x, y)", [[], []], None, lambda x, y: jnp.mean((x - y) ** 2), F.mse_loss),
    ("Empty axes", "`huber` of nothing", "(x: f64[0], y: f64[0]) -> huber(x, y)", [[], []], None, None, F.huber_loss),
    ("Empty axes", "`bce_with_logits` of nothing", "(x: f64[0], y: f64[0]) -> bce_with_logits(x, y)", [[], []], None, None, F.binary_cross_entropy_with_logits),
    ("Empty axes", "`cross_entropy` of no examples", "(x: f64[0, 3], t: i64[0]) -> cross_entropy(x, t)", [[], []], None, lambda x, t: -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), t[:, None], 1)), F.cross_entropy),
    ("Empty axes", "`kl_div` of no examples", "(x: f64[0, 3], p: f64[0, 3]) -> kl_div(x, p)", [[], []], None, None, lambda x, p: F.kl_div(x, p, reduction="batchmean")),
    ("Empty axes", "`gather` of no rows", "(x: f64[3, 2], i: i64[0]) -> gather(x, i)", [[0] * 6, []], None, lambda x, i: x[i], lambda x, i: x[i]),
    ("Empty axes", "`gather` of an index from an axis of 0", "(x: f64[0, 2], i: i64[1]) -> gather(x, i)", [[], [0]], None, lambda x, i: x[i], lambda x, i: x[i]),
    ("Empty axes", "`take_along_axis` of none", "(x: f64[2, 3], i: i64[2, 0]) -> take_along_axis(x, i)", [[0] * 6, []], None, lambda x, i: jnp.take_along_axis(x, i, 1), lambda x, i: x.take_along_dim(i, 1)),
    ("Empty axes", "`scatter_add` of nothing", "(x: f64[2], i: i64[0], u: f64[0]) -> scatter_add(x, i, u)", [[1, 2], [], []], None, lambda x, i, u: x.at[i].add(u), lambda x, i, u: x.index_add(0, i, u)),
    ("Empty axes", "`one_hot` of depth 0", "(i: i64[2]) -> one_hot(i, depth = 0)", [[0, 1]], None, lambda i: jax.nn.one_hot(i, 0), lambda i: F.one_hot(i, 0)),
    ("Empty axes", "`dynamic_slice` of size 0", "(x: f64[3], i: i64[]) -> dynamic_slice(x, i, sizes = [0])", [[1, 2, 3], [1]], None, lambda x, i: lax.dynamic_slice(x, (i,), (0,)), None),
    ("Empty axes", "`concat` with nothing", "(x: f64[0], y: f64[2]) -> concat(x, y)", [[], [1, 2]], None, lambda x, y: jnp.concatenate([x, y]), lambda x, y: torch.cat([x, y])),
    ("Empty axes", "nothing, in `pad` to 2", "(x: f64[0]) -> pad(x, low = [1], high = [1], interior = [1])", [[]], None, lambda x: lax.pad(x, 0.0, ((1, 1, 1),)), lambda x: F.pad(x, (1, 1))),
    ("Empty axes", "`rfft` of nothing", "(x: f64[0]) -> rfft(x)", [[]], None, jnp.fft.rfft, torch.fft.rfft),
    ("Empty axes", "`fft` of no rows", "(x: f64[0, 4, 2]) -> fft(x)", [[]], None, lambda x: jnp.fft.fft(x[..., 0] + 1j * x[..., 1]), lambda x: torch.fft.fft(torch.view_as_complex(x))),
    ("Empty axes", "`scan` of 0 turns", "(h: f64[1], xs: f64[0, 1]) -> scan(mul)(h, xs)", [[2], []], None, lambda h, xs: lax.scan(lambda h, x: (h * x, None), h, xs)[0], None),
    ("Indices", "`gather` outside", "(x: f64[3], i: i32[1]) -> gather(x, i)", [[1, 2, 3], [3]], None, lambda x, i: x[i], lambda x, i: x[i.long()]),
    ("Indices", "`gather` at −1", "(x: f64[3], i: i32[1]) -> gather(x, i)", [[1, 2, 3], [-1]], None, lambda x, i: x[i], lambda x, i: x[i.long()]),
    ("Indices", "`one_hot` outside", "(i: i32[1]) -> one_hot(i, depth = 2)", [[2]], None, lambda i: jax.nn.one_hot(i, 2), lambda i: F.one_hot(i.long(), 2)),
    ("Indices", "`dynamic_slice` beyond the end", "(x: f64[4], i: i32[]) -> dynamic_slice(x, i, sizes = [2])", [[1, 2, 3, 4], [9]], None, lambda x, i: lax.dynamic_slice(x, (i,), (2,)), None),
    ("Defaults", "`gelu`", "(x: f64[1]) -> gelu(x)", [[1]], None, jax.nn.gelu, F.gelu),
    ("Defaults", "`leaky_relu`", "(x: f64[1]) -> leaky_relu(x)", [[-1]], None, jax.nn.leaky_relu, F.leaky_relu),
    ("Defaults", "`avg_pool` at a padded border", "(x: f64[1, 1, 2]) -> avg_pool(x, size = [2], padding = [1, 0])", [[2, 2]], None, None, lambda x: F.avg_pool1d(F.pad(x, (1, 0)), 2, 1)),
    ("Defaults", "`softplus` at 30, less 30", "(x: f64[1]) -> softplus(x) - 30", [[30]], None, lambda x: jax.nn.softplus(x) - 30, lambda x: F.softplus(x) - 30),
    ("Defaults", "`layer_norm` of 1e6 ± 1, in f32", "(x: f32[1, 2], g: f32[2], b: f32[2]) -> layer_norm(x, g, b)", [[1e6 - 1, 1e6 + 1], [1, 1], [0, 0]], None, None, lambda x, g, b: F.layer_norm(x, (2,), g, b)),
    ("Defaults", "`layer_norm` of ±1e30, in f32", "(x: f32[1, 2], g: f32[2], b: f32[2]) -> layer_norm(x, g, b)", [[-1e30, 1e30], [1, 1], [0, 0]], None, None, lambda x, g, b: F.layer_norm(x, (2,), g, b)),
    ("Defaults", "`rms_norm` of 1e30, in f32", "(x: f32[1, 2], g: f32[2]) -> rms_norm(x, g)", [[1e30, 1e30], [1, 1]], None, None, lambda x, g: F.rms_norm(x, (2,), g)),
]

DTYPES = {"f64": np.float64, "f32": np.float32, "i32": np.int32, "i64": np.int64}


def parameters(graph):
    import re

    found = re.findall(r"\w+: (\w+)\[([^\]]*)\]", graph.split(" -> ")[0])
    return [(DTYPES[dtype], tuple(int(n) for n in shape.split(",") if n.strip())) for dtype, shape in found]


def shown(array):
    if np.asarray(array).size == 0:
        return "nothing"
    numbers = np.asarray(array, np.float64).ravel().tolist()
    return ", ".join("NaN" if np.isnan(x) else f"{x:.6g}".replace("inf", "∞").replace("-", "−") for x in numbers)


def by_jax(f, xs, wrt):
    xs = [jnp.asarray(x) for x in xs]
    if wrt is None:
        return f(*xs)
    return jax.grad(lambda *xs: jnp.sum(f(*xs)), wrt)(*xs)


def by_torch(f, xs, wrt):
    xs = [torch.tensor(x) for x in xs]
    if wrt is None:
        return f(*xs)
    xs[wrt].requires_grad_()
    return torch.autograd.grad(f(*xs).sum(), xs[wrt])[0]


def outcome(run, f, xs, wrt):
    if f is None:
        return "–"
    try:
        return shown(run(f, xs, wrt))
    except Exception as error:
        return f"an error ({type(error).__name__})"


if __name__ == "__main__":
    rows = []
    for section, what, graph, inputs, wrt, f, g in ROWS:
        xs = [np.asarray(x, dtype).reshape(shape) for x, (dtype, shape) in zip(inputs, parameters(graph))]
        texts = [[str(float(x)) for x in array.ravel()] for array in xs]
        row = {"section": section, "what": what, "graph": graph, "inputs": texts, "wrt": wrt}
        rows.append(row | {"jax": outcome(by_jax, f, xs, wrt), "torch": outcome(by_torch, g, xs, wrt)})
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    header = json.dumps({"jax": jax.__version__, "torch": torch.__version__.split("+")[0]})
    Path(__file__).with_name("rows.json").write_text(f"[\n{header},\n{text}\n]\n")
