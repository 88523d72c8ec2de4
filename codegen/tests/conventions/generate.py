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
    ("Branches that are not taken", "√ of a sum of squares at 0, times 0", "(x: f64[2]) -> 0 * sqrt(sum(square(x)))", [[0, 0]], 0, lambda x: 0 * jnp.sqrt(jnp.sum(x**2)), lambda x: 0 * (x**2).sum().sqrt()),
    ("NaN and infinity", "`max` with NaN", "(x: f64[2], y: f64[2]) -> max(x, y)", [[NAN, 1], [1, NAN]], None, jnp.maximum, torch.maximum),
    ("NaN and infinity", "`relu` of NaN", "(x: f64[1]) -> relu(x)", [[NAN]], None, jax.nn.relu, torch.relu),
    ("NaN and infinity", "`clamp` of NaN", "(x: f64[1]) -> clamp(x, lo = -1, hi = 1)", [[NAN]], None, lambda x: jnp.clip(x, -1, 1), lambda x: x.clamp(-1, 1)),
    ("NaN and infinity", "`argmax` with NaN", "(x: f64[3]) -> argmax(x)", [[1, NAN, 3]], None, jnp.argmax, torch.argmax),
    ("NaN and infinity", "`sort` with NaN", "(x: f64[3]) -> sort(x)", [[NAN, 2, 1]], None, jnp.sort, lambda x: x.sort().values),
    ("NaN and infinity", "`silu` at −∞", "(x: f64[1]) -> silu(x)", [[-INF]], None, jax.nn.silu, F.silu),
    ("NaN and infinity", "`softmax` of −∞ alone", "(x: f64[2]) -> softmax(x)", [[-INF, -INF]], None, jax.nn.softmax, lambda x: x.softmax(0)),
    ("NaN and infinity", "`logsumexp` of −∞ alone", "(x: f64[2]) -> logsumexp(x)", [[-INF, -INF]], None, jax.scipy.special.logsumexp, lambda x: x.logsumexp(0)),
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
    ("Empty axes", "`mean` of nothing", "(x: f64[0]) -> mean(x)", [[]], None, jnp.mean, torch.mean),
    ("Empty axes", "`reduce_max` of nothing", "(x: f64[0]) -> reduce_max(x)", [[]], None, jnp.max, torch.amax),
    ("Empty axes", "`x @ y` over an inner axis of 0", "(x: f64[1, 0], y: f64[0, 1]) -> x @ y", [[], []], None, jnp.matmul, torch.matmul),
    ("Indices", "`gather` outside", "(x: f64[3], i: i32[1]) -> gather(x, i)", [[1, 2, 3], [3]], None, lambda x, i: x[i], lambda x, i: x[i.long()]),
    ("Indices", "`gather` at −1", "(x: f64[3], i: i32[1]) -> gather(x, i)", [[1, 2, 3], [-1]], None, lambda x, i: x[i], lambda x, i: x[i.long()]),
    ("Indices", "`one_hot` outside", "(i: i32[1]) -> one_hot(i, depth = 2)", [[2]], None, lambda i: jax.nn.one_hot(i, 2), lambda i: F.one_hot(i.long(), 2)),
    ("Indices", "`dynamic_slice` beyond the end", "(x: f64[4], i: i32[]) -> dynamic_slice(x, i, sizes = [2])", [[1, 2, 3, 4], [9]], None, lambda x, i: lax.dynamic_slice(x, (i,), (2,)), None),
    ("Defaults", "`gelu`", "(x: f64[1]) -> gelu(x)", [[1]], None, jax.nn.gelu, F.gelu),
    ("Defaults", "`leaky_relu`", "(x: f64[1]) -> leaky_relu(x)", [[-1]], None, jax.nn.leaky_relu, F.leaky_relu),
    ("Defaults", "`avg_pool` at a padded border", "(x: f64[1, 1, 2]) -> avg_pool(x, size = [2], padding = [1, 0])", [[2, 2]], None, None, lambda x: F.avg_pool1d(F.pad(x, (1, 0)), 2, 1)),
    ("Defaults", "`softplus` at 30, less 30", "(x: f64[1]) -> softplus(x) - 30", [[30]], None, lambda x: jax.nn.softplus(x) - 30, lambda x: F.softplus(x) - 30),
    ("Defaults", "`layer_norm` of 1e6 ± 1, in f32", "(x: f32[1, 2], g: f32[2], b: f32[2]) -> layer_norm(x, g, b)", [[1e6 - 1, 1e6 + 1], [1, 1], [0, 0]], None, None, lambda x, g, b: F.layer_norm(x, (2,), g, b)),
]

DTYPES = {"f64": np.float64, "f32": np.float32, "i32": np.int32}


def parameters(graph):
    import re

    found = re.findall(r"\w+: (\w+)\[([^\]]*)\]", graph.split(" -> ")[0])
    return [(DTYPES[dtype], tuple(int(n) for n in shape.split(",") if n.strip())) for dtype, shape in found]


def shown(array):
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
