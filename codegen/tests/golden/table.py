"""The table of golden cases: each op with each combination of attributes that matters."""

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import torch
import torch.nn.functional as F
from jax import lax
from jax.extend.random import threefry_2x32

from cases import DTYPES, Case, between, distinct, integers, normal, off, positive, single

CASES = {}


def family(name, cases):
    CASES[name] = list(cases)


def unary(name, f, g=None, shape="6", call=None, **draw):
    """A function of one number, in double precision."""
    draw = {"x": draw["x"]} if draw else {}
    return Case(f"(x: f64[{shape}]) -> {call or name + '(x)'}", f, g, draw)


def binary(call, f, g=None, shapes=("2, 3", "2, 3"), x=normal, y=normal):
    left, right = shapes
    return Case(f"(x: f64[{left}], y: f64[{right}]) -> {call}", f, g, {"x": x, "y": y})


def whole(graph, f, g=None, **draw):
    """A function without derivatives."""
    return Case(graph, f, g, draw, smooth=False)


def with_derivatives(graph, f, g=None, **draw):
    return Case(graph, f, g, draw)


above_minus_one = between(-0.75, 3)

family(
    "elementwise",
    [
        unary("neg", jnp.negative, torch.neg),
        unary("abs", jnp.abs, torch.abs, x=off([0])),
        unary("square", jnp.square, torch.square),
        unary("scale", lambda x: 0.5 * x, lambda x: 0.5 * x, call="scale(x, factor = 0.5)"),
        unary("smooth_abs", lambda x: jnp.sqrt(x * x + 0.01), call="smooth_abs(x, eps = 0.01)"),
        unary(
            "clamp",
            lambda x: jnp.clip(x, -1, 0.5),
            lambda x: torch.clamp(x, -1, 0.5),
            "12",
            "clamp(x, lo = -1, hi = 0.5)",
            x=off([-1, 0.5]),
        ),
        unary("reciprocal", lambda x: 1 / x, torch.reciprocal, x=off([0], 0.25)),
        unary("sqrt", jnp.sqrt, torch.sqrt, x=positive),
        unary("rsqrt", lax.rsqrt, torch.rsqrt, x=positive),
        unary("power", lambda x: x**3, lambda x: x**3, call="power(x, exponent = 3)"),
        unary("power", lambda x: x**-2, lambda x: x**-2, call="power(x, exponent = -2)", x=off([0], 0.25)),
        unary("power", lambda x: x**2.5, lambda x: x**2.5, call="power(x, exponent = 2.5)", x=positive),
        unary("exp", jnp.exp, torch.exp),
        unary("exp", jnp.exp, torch.exp, "8", x=between(-80, 80)),
        unary("expm1", jnp.expm1, torch.expm1),
        unary("expm1", jnp.expm1, torch.expm1, "8", x=between(-1e-4, 1e-4)),
        unary("log", jnp.log, torch.log, x=positive),
        unary("log", jnp.log, torch.log, "8", x=between(1e-30, 1e30)),
        unary("log1p", jnp.log1p, torch.log1p, x=above_minus_one),
        unary("log1p", jnp.log1p, torch.log1p, "8", x=between(-1e-4, 1e-4)),
        unary("sin", jnp.sin, torch.sin, "8", x=between(-30, 30)),
        unary("cos", jnp.cos, torch.cos, "8", x=between(-30, 30)),
        unary("sinh", jnp.sinh, torch.sinh),
        unary("cosh", jnp.cosh, torch.cosh),
        unary("tanh", jnp.tanh, torch.tanh),
        whole("(x: f64[8]) -> tanh(x)", jnp.tanh, torch.tanh, x=between(-12, 12)),
        unary("erf", jsp.erf, torch.erf),
        unary("sigmoid", jax.nn.sigmoid, torch.sigmoid),
        whole("(x: f64[8]) -> sigmoid(x)", jax.nn.sigmoid, torch.sigmoid, x=between(-40, 40)),
        unary("softplus", jax.nn.softplus),
        whole("(x: f64[8]) -> softplus(x)", jax.nn.softplus, x=between(-40, 40)),
        unary("safe_log", lambda x: jnp.log(jax.nn.softplus(x) + 1e-3), call="safe_log(x, eps = 0.001)"),
        unary("relu", jax.nn.relu, torch.relu, x=off([0])),
        unary(
            "leaky_relu",
            lambda x: jax.nn.leaky_relu(x, 0.25),
            lambda x: F.leaky_relu(x, 0.25),
            call="leaky_relu(x, slope = 0.25)",
            x=off([0]),
        ),
        unary("elu", jax.nn.elu, F.elu, x=off([0])),
        unary("elu", lambda x: jax.nn.elu(x, 0.5), lambda x: F.elu(x, 0.5), call="elu(x, alpha = 0.5)", x=off([0])),
        unary("silu", jax.nn.silu, F.silu),
        unary("softsign", jax.nn.soft_sign, F.softsign, x=off([0])),
        unary("gelu", lambda x: jax.nn.gelu(x, approximate=False), F.gelu),
        unary(
            "gelu",
            lambda x: jax.nn.gelu(x, approximate=True),
            lambda x: F.gelu(x, approximate="tanh"),
            call="gelu(x, approximate = tanh)",
        ),
        unary("stop_gradient", lax.stop_gradient, torch.detach),
        whole("(x: f64[12]) -> floor(x)", jnp.floor, torch.floor),
        whole("(x: f64[12]) -> ceil(x)", jnp.ceil, torch.ceil),
        whole("(x: f64[12]) -> round(x)", jnp.round, torch.round, x=lambda rng, shape: rng.integers(-8, 8, shape) / 2),
        whole("(x: f64[6]) -> sign(x)", jnp.sign, torch.sign),
        binary("x + y", jnp.add, torch.add),
        binary("x - y", jnp.subtract, torch.sub, ("2, 3", "3")),
        binary("x * y", jnp.multiply, torch.mul, ("2, 1", "1, 3")),
        binary("x / y", jnp.divide, torch.div, y=off([0], 0.25)),
        binary("max(x, y)", jnp.maximum, torch.maximum, x=distinct, y=normal),
        binary("min(x, y)", jnp.minimum, torch.minimum, x=distinct, y=normal),
        # Ties: each operand takes half.
        binary("max(x, y)", jnp.maximum, torch.maximum, x=lambda r, s: normal(r, s).round(), y=lambda r, s: normal(r, s).round()),
        binary("x ** y", jnp.power, torch.pow, x=positive),
        with_derivatives("(c: bool[6], x: f64[6], y: f64[6]) -> select(c, x, y)", jnp.where, torch.where),
        # A branch that is not taken may be undefined.
        with_derivatives(
            "(x: f64[8]) -> select(x > 0, sqrt(max(x, 1e-30)), 0)",
            lambda x: jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0.0),
            x=off([0]),
        ),
        with_derivatives("(x: f64[6]) -> cast(x, dtype = f32)", lambda x: x.astype(jnp.float32)),
        whole("(x: f64[8]) -> cast(x, dtype = i32)", lambda x: x.astype(jnp.int32), x=between(-9, 9)),
        whole("(x: i32[8]) -> cast(x, dtype = bool)", lambda x: x.astype(bool), x=integers(-1, 2)),
        whole("(x: i64[8]) -> cast(x, dtype = u32)", lambda x: x.astype(jnp.uint32)),
        whole("(x: bool[8]) -> cast(x, dtype = f64)", lambda x: x.astype(jnp.float64)),
    ],
)

pairs = [("x == y", jnp.equal), ("x != y", jnp.not_equal), ("x < y", jnp.less), ("x <= y", jnp.less_equal)]
pairs += [("x > y", jnp.greater), ("x >= y", jnp.greater_equal)]
integer_pairs = [
    ("x + y", jnp.add),
    ("x - y", jnp.subtract),
    ("x * y", jnp.multiply),
    ("x & y", jnp.bitwise_and),
    ("x | y", jnp.bitwise_or),
    ("x ^ y", jnp.bitwise_xor),
]
large = integers(-(2**31), 2**31)

family(
    "discrete",
    [whole(f"(x: f64[8], y: f64[8]) -> {call}", f, x=integers(-2, 3), y=integers(-2, 3)) for call, f in pairs]
    + [whole(f"(x: i32[8], y: i32[8]) -> {call}", f, x=integers(-2, 3), y=integers(-2, 3)) for call, f in pairs]
    + [whole(f"(x: i32[8], y: i32[8]) -> {call}", f, x=large, y=large) for call, f in integer_pairs]
    + [whole(f"(x: u32[8], y: u32[8]) -> {call}", f, x=integers(0, 2**32), y=integers(0, 2**32)) for call, f in integer_pairs]
    + [
        whole("(x: i32[8], y: i32[8]) -> x / y", lax.div, y=lambda r, s: r.choice([-3, -2, 2, 5], s)),
        whole("(x: i32[8], y: i32[8]) -> x % y", lax.rem, y=lambda r, s: r.choice([-3, -2, 2, 5], s)),
        whole("(x: i32[8], y: i32[8]) -> x << y", jnp.left_shift, x=large, y=integers(0, 32)),
        whole("(x: i32[8], y: i32[8]) -> x >> y", jnp.right_shift, x=large, y=integers(0, 32)),
        whole("(x: u32[8], y: u32[8]) -> x >> y", jnp.right_shift, x=integers(0, 2**32), y=integers(0, 32)),
        whole("(x: bool[8], y: bool[8]) -> x && y", jnp.logical_and),
        whole("(x: bool[8], y: bool[8]) -> x || y", jnp.logical_or),
        whole("(x: bool[8], y: bool[8]) -> logical_xor(x, y)", jnp.logical_xor),
        whole("(x: bool[8]) -> !x", jnp.logical_not),
    ],
)


def halves(rng, shape):
    """Numbers of every size that bf16 has, some of them midway between two of a half, and some beyond f16."""
    numbers = rng.standard_normal(shape) * 2.0 ** rng.integers(-30, 20, shape)
    ties = np.round(rng.standard_normal(shape) * 2**10) * 2.0 ** rng.integers(-12, 4, shape)
    picked = np.where(rng.integers(0, 2, shape), numbers, ties)
    picked.flat[:4] = [np.inf, -0.0, np.nan, 65520]
    return single(picked)


def conversion(start, to, draw=halves):
    """A cast, which JAX and PyTorch round as we do."""
    kinds = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32, "f64": torch.float64, "i32": torch.int32}
    return whole(
        f"(x: {start}[32]) -> cast(x, dtype = {to})",
        lambda x: x.astype(DTYPES[to]).astype(np.float64),
        # NumPy has no bf16 that PyTorch takes.
        None if start == "bf16" else lambda x: x.to(kinds[to]).to(torch.float64),
        x=draw,
    )


def rounded(graph, f, **draw):
    """A function of halves of which each result is rounded once."""
    return whole(graph, lambda *xs: f(*xs).astype(np.float64), **draw)


family(
    "halves",
    [conversion(start, to) for start in ("f32", "f64") for to in ("f16", "bf16")]
    + [conversion("f16", "bf16"), conversion("bf16", "f16"), conversion("f16", "f32"), conversion("bf16", "f64")]
    + [conversion("i32", to, integers(-100_000, 100_000)) for to in ("f16", "bf16")]
    + [
        rounded(f"(x: {dtype}[16], y: {dtype}[16]) -> {call}", f, x=halves, y=halves)
        for dtype in ("f16", "bf16")
        for call, f in [("x + y", jnp.add), ("x * y", jnp.multiply), ("x / y", jnp.divide), ("max(x, y)", jnp.maximum)]
    ]
    + [
        # More than bf16 can count to: a sum in bf16 would stay at 256.
        rounded("(x: bf16[700]) -> sum(x)", jnp.sum, x=integers(0, 3)),
        rounded(
            "(x: bf16[3, 40], y: bf16[40, 5]) -> x @ y",
            lambda x, y: jnp.matmul(x, y, preferred_element_type=np.float32).astype(jnp.bfloat16),
            x=integers(-16, 17),
            y=integers(-16, 17),
        ),
        rounded(
            "(x: f16[3, 40], y: f16[40, 5]) -> x @ y",
            lambda x, y: jnp.matmul(x, y, preferred_element_type=np.float32).astype(np.float16),
            x=integers(-16, 17),
            y=integers(-16, 17),
        ),
    ],
)

family(
    "views",
    [
        with_derivatives(
            "(x: f64[3]) -> broadcast_in_dim(x, shape = [2, 3, 2], axes = [1])",
            lambda x: lax.broadcast_in_dim(x, (2, 3, 2), (1,)),
        ),
        with_derivatives("(x: f64[2, 6]) -> reshape(x, shape = [3, 4])", lambda x: x.reshape(3, 4), lambda x: x.reshape(3, 4)),
        with_derivatives(
            "(x: f64[2, 3, 4]) -> transpose(x, permutation = [2, 0, 1])",
            lambda x: x.transpose(2, 0, 1),
            lambda x: x.permute(2, 0, 1),
        ),
        with_derivatives(
            "(x: f64[5, 7]) -> slice(x, start = [1, 0], limit = [4, 7], step = [1, 3])",
            lambda x: lax.slice(x, (1, 0), (4, 7), (1, 3)),
            lambda x: x[1:4, 0:7:3],
        ),
        with_derivatives(
            "(x: f64[2, 3]) -> pad(x, low = [1, -1], high = [0, 2], interior = [0, 1], value = 0.5)",
            lambda x: lax.pad(x, 0.5, ((1, 0, 0), (-1, 2, 1))),
        ),
        with_derivatives("(x: f64[2, 3, 2]) -> reverse(x, axes = [0, 2])", lambda x: lax.rev(x, (0, 2)), lambda x: x.flip(0, 2)),
        with_derivatives(
            "(x: f64[2, 1], y: f64[2, 3], z: f64[2, 2]) -> concat(x, y, z, axis = 1)",
            lambda *x: jnp.concatenate(x, 1),
            lambda *x: torch.cat(x, 1),
        ),
    ],
)


def fold(call, f, g, shape="2, 3, 4", draw=distinct):
    return with_derivatives(f"(x: f64[{shape}]) -> {call}", f, g, x=draw)


family(
    "folds",
    [
        fold("sum(x)", jnp.sum, torch.sum),
        fold("sum(x, axes = [0, 2])", lambda x: x.sum((0, 2)), lambda x: x.sum((0, 2))),
        fold("sum(x, axes = [1], keepdims = true)", lambda x: x.sum(1, keepdims=True), lambda x: x.sum(1, keepdim=True)),
        fold("sum(x, axes = [0])", lambda x: x.sum(0), lambda x: x.sum(0), "0, 3"),
        fold("mean(x, axes = [1, 2])", lambda x: x.mean((1, 2)), lambda x: x.mean((1, 2))),
        fold("mean(x)", jnp.mean, torch.mean),
        fold("reduce_max(x)", jnp.max, torch.amax),
        fold("reduce_max(x, axes = [1])", lambda x: x.max(1), lambda x: x.amax(1)),
        fold("reduce_min(x, axes = [0, 2])", lambda x: x.min((0, 2)), lambda x: x.amin((0, 2))),
        # The first winner takes the cotangent, as in PyTorch's max along an axis.
        fold(
            "reduce_max(x, axes = [1])",
            None,
            lambda x: x.max(1).values,
            "3, 6",
            lambda r, s: r.integers(0, 3, s),
        ),
        fold("logsumexp(x, axis = 1)", lambda x: jsp.logsumexp(x, 1), lambda x: x.logsumexp(1)),
        fold("softmax(x)", jax.nn.softmax, lambda x: x.softmax(-1)),
        fold("softmax(x, axis = 0)", lambda x: jax.nn.softmax(x, 0), lambda x: x.softmax(0)),
        fold("log_softmax(x, axis = 1)", lambda x: jax.nn.log_softmax(x, 1), lambda x: x.log_softmax(1)),
        whole("(x: f64[3, 5]) -> argmax(x, axis = 1)", lambda x: x.argmax(1).astype(jnp.int32), x=integers(0, 3)),
        whole("(x: f64[3, 5]) -> argmin(x, axis = 0)", lambda x: x.argmin(0).astype(jnp.int32), x=integers(0, 3)),
    ],
)

einsum = lambda text: (lambda x, y: jnp.einsum(text, x, y), lambda x, y: torch.einsum(text, x, y))

family(
    "contractions",
    [
        binary("x @ y", jnp.matmul, torch.matmul, ("2, 3", "3, 4")),
        binary("x @ y", jnp.matmul, torch.matmul, ("5, 1, 2, 3", "4, 3, 2")),
        binary("x @ y", jnp.matmul, torch.matmul, ("3", "3, 2")),
        binary("x @ y", jnp.matmul, torch.matmul, ("2, 3", "3")),
        binary("x @ y", jnp.matmul, torch.matmul, ("3", "3")),
        binary(
            "dot_general(x, y, x_contract = [2], y_contract = [2], x_batch = [0], y_batch = [1])",
            *einsum("bik,jbk->bij"),
            ("2, 2, 3", "4, 2, 3"),
        ),
        binary(
            "dot_general(x, y, x_contract = [0, 2], y_contract = [2, 0])", *einsum("akb,bca->kc"), ("2, 3, 4", "4, 5, 2")
        ),
        binary("dot_general(x, y, x_contract = [], y_contract = [])", *einsum("i,j->ij"), ("2", "3")),
    ],
)

indices = integers(0, 3)

family(
    "indexed",
    [
        with_derivatives(
            "(x: f64[3, 2], indices: i32[2, 2]) -> gather(x, indices)", lambda x, i: x[i], lambda x, i: x[i], indices=indices
        ),
        with_derivatives(
            "(x: f64[2, 3, 2], indices: i32[4]) -> gather(x, indices, axis = 1)",
            lambda x, i: x[:, i],
            lambda x, i: x[:, i],
            indices=indices,
        ),
        with_derivatives(
            "(x: f64[2, 3], indices: i32[2, 2]) -> gather(x, indices, axis = 1, batch = 1)",
            lambda x, i: jnp.take_along_axis(x, i, 1),
            lambda x, i: torch.take_along_dim(x, i, 1),
            indices=indices,
        ),
        # Indices repeat: what is added adds up.
        with_derivatives(
            "(x: f64[3, 2], indices: i32[5], updates: f64[5, 2]) -> scatter_add(x, indices, updates)",
            lambda x, i, u: x.at[i].add(u),
            lambda x, i, u: x.index_add(0, i, u),
            indices=indices,
        ),
        with_derivatives(
            "(x: f64[2, 3], indices: i32[4], updates: f64[2, 4]) -> scatter_add(x, indices, updates, axis = 1)",
            lambda x, i, u: x.at[:, i].add(u),
            lambda x, i, u: x.index_add(1, i, u),
            indices=indices,
        ),
        whole(
            "(indices: i32[4]) -> one_hot(indices, depth = 3, dtype = f64)", lambda i: jax.nn.one_hot(i, 3), indices=integers(-1, 4)
        ),
    ],
)


i32 = lambda array: array.astype(jnp.int32)
few = lambda r, s: r.integers(0, 3, s).astype(float)


def top_k(k, largest=True):
    """As PyTorch, the first of equal elements first."""

    def of_rows(x):
        order = jnp.argsort(-x if largest else x, -1, stable=True)[..., :k]
        return jnp.take_along_axis(x, order, -1), i32(order)

    return of_rows


family(
    "order",
    [
        with_derivatives("(x: f64[2, 7]) -> sort(x)", jnp.sort, lambda x: x.sort().values, x=distinct),
        with_derivatives(
            "(x: f64[5, 2]) -> sort(x, axis = 0, descending = true)",
            lambda x: -jnp.sort(-x, 0),
            lambda x: x.sort(0, descending=True).values,
            x=distinct,
        ),
        # Of equal elements, the cotangents go to each in their order.
        with_derivatives("(x: f64[9]) -> sort(x)", jnp.sort, lambda x: x.sort(stable=True).values, x=few),
        whole("(x: i32[2, 17]) -> sort(x)", jnp.sort),
        whole("(x: f64[3, 16]) -> argsort(x)", lambda x: i32(jnp.argsort(x, stable=True)), x=few),
        whole(
            "(x: f64[12, 2]) -> argsort(x, axis = 0, descending = true)",
            lambda x: i32(jnp.argsort(-x, 0, stable=True)),
            x=few,
        ),
        with_derivatives("(x: f64[3, 6]) -> top_k(x, k = 2)", top_k(2), x=distinct),
        with_derivatives("(x: f64[11]) -> top_k(x, k = 4, largest = false)", top_k(4, False), x=few),
        with_derivatives(
            "(x: f64[2, 3], indices: i32[2, 4]) -> take_along_axis(x, indices)",
            lambda x, i: jnp.take_along_axis(x, i, 1),
            lambda x, i: torch.take_along_dim(x, i, 1),
            indices=indices,
        ),
        with_derivatives(
            "(x: f64[3, 2], indices: i32[4, 2]) -> take_along_axis(x, indices, axis = 0)",
            lambda x, i: jnp.take_along_axis(x, i, 0),
            lambda x, i: torch.take_along_dim(x, i, 0),
            indices=indices,
        ),
        with_derivatives(
            "(x: f64[2, 3], indices: i32[2, 4], updates: f64[2, 4]) -> scatter_elements_add(x, indices, updates)",
            None,
            lambda x, i, u: x.scatter_add(1, i, u),
            indices=indices,
        ),
        with_derivatives(
            "(x: f64[3, 3], indices: i32[5, 2]) -> gather_nd(x, indices)", lambda x, i: x[i[:, 0], i[:, 1]], indices=indices
        ),
        with_derivatives(
            "(x: f64[2, 3, 2], indices: i32[2, 4, 1]) -> gather_nd(x, indices, batch = 1)",
            lambda x, i: jax.vmap(lambda x, i: x[i[:, 0]])(x, i),
            indices=indices,
        ),
        with_derivatives(
            "(x: f64[3, 3], indices: i32[5, 2], updates: f64[5]) -> scatter_nd_add(x, indices, updates)",
            lambda x, i, u: x.at[i[:, 0], i[:, 1]].add(u),
            indices=indices,
        ),
        # Starts are clamped.
        with_derivatives(
            "(x: f64[4, 3], i: i32[], j: i32[]) -> dynamic_slice(x, i, j, sizes = [2, 2])",
            lambda x, i, j: lax.dynamic_slice(x, (i, j), (2, 2)),
            i=integers(3, 4),
            j=integers(0, 1),
        ),
        with_derivatives(
            "(x: f64[3, 4], update: f64[2, 2], i: i32[], j: i32[]) -> dynamic_update_slice(x, update, i, j)",
            lambda x, u, i, j: lax.dynamic_update_slice(x, u, (i, j)),
            i=integers(1, 2),
            j=integers(3, 4),
        ),
    ],
)


def layer_norm(x, gamma, beta, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    return centred * lax.rsqrt((centred**2).mean(-1, keepdims=True) + eps) * gamma + beta


def xent(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], -1))


family(
    "composites",
    [
        with_derivatives(
            "(x: f64[3, 4], gamma: f64[4], beta: f64[4]) -> layer_norm(x, gamma, beta)",
            layer_norm,
            lambda x, g, b: F.layer_norm(x, (4,), g, b),
        ),
        with_derivatives(
            "(x: f64[2, 3, 4], gamma: f64[3, 4], beta: f64[3, 4]) -> layer_norm(x, gamma, beta, eps = 0.1)",
            None,
            lambda x, g, b: F.layer_norm(x, (3, 4), g, b, 0.1),
        ),
        # A common offset costs nothing beyond the accuracy of x itself.
        with_derivatives(
            "(x: f64[3, 8], gamma: f64[8], beta: f64[8]) -> layer_norm(x, gamma, beta)",
            layer_norm,
            x=lambda r, s: 1e6 + r.integers(-8, 8, s) / 4,
        ),
        with_derivatives("(x: f64[2, 3], target: f64[2, 3]) -> mse(x, target)", lambda x, t: jnp.mean((x - t) ** 2), F.mse_loss),
        with_derivatives("(x: f64[2, 3], target: f64[2, 3]) -> mae(x, target)", lambda x, t: jnp.mean(jnp.abs(x - t)), F.l1_loss),
        with_derivatives(
            "(logits: f64[4, 3], labels: i32[4]) -> cross_entropy(logits, labels)", xent, F.cross_entropy, labels=indices
        ),
        with_derivatives(
            "(logits: f64[4, 3], labels: f64[4, 3]) -> cross_entropy(logits, labels)",
            lambda x, t: -jnp.mean(jnp.sum(t * jax.nn.log_softmax(x), -1)),
            F.cross_entropy,
            labels=between(0, 1),
        ),
        with_derivatives("(p: f64[3], g: f64[3], rate: f64[]) -> sgd(p, g, rate)", lambda p, g, r: p - r * g),
        with_derivatives(
            "(p: f64[3], v: f64[3], g: f64[3], rate: f64[], mu: f64[]) -> momentum(p, v, g, rate, mu)",
            lambda p, v, g, r, m: (p - r * (m * v + g), m * v + g),
        ),
    ],
)


def each(amount, count):
    """A number for each axis, where one may stand for all."""
    return (amount,) * count if isinstance(amount, int) else tuple(amount)


def sides(padding, count):
    """What goes before and after each axis: one number, one for each axis, or all before and then all after."""
    if isinstance(padding, int) or len(padding) == count:
        return [(amount, amount) for amount in each(padding, count)]
    return list(zip(padding[:count], padding[count:]))


def windows(x, size, stride=1, padding=0, dilation=1, value=0.0):
    """The elements of windows over the last axes of x, in a first axis, in row-major order."""
    count = len(size)
    first = x.ndim - count
    x = jnp.pad(x, [(0, 0)] * first + sides(padding, count), constant_values=value)
    stride, dilation = each(stride, count), each(dilation, count)
    ends = [n - (k - 1) * d for n, k, d in zip(x.shape[first:], size, dilation)]
    parts = []
    for at in np.ndindex(*size):
        cuts = [slice(k * d, k * d + end, s) for k, d, end, s in zip(at, dilation, ends, stride)]
        parts.append(x[(slice(None),) * first + tuple(cuts)])
    return jnp.stack(parts)


def convolved(stride=1, padding=0, dilation=1, groups=1):
    def f(x, w):
        count = x.ndim - 2
        return lax.conv_general_dilated(
            x,
            w,
            each(stride, count),
            sides(padding, count),
            rhs_dilation=each(dilation, count),
            feature_group_count=groups,
        )

    return f


def torch_conv(stride=1, padding=0, dilation=1, groups=1):
    def f(x, w):
        count = x.ndim - 2
        amounts = [amount for pair in reversed(sides(padding, count)) for amount in pair]
        x = F.pad(x, amounts)
        return [F.conv1d, F.conv2d, F.conv3d][count - 1](x, w, None, stride, 0, dilation, groups)

    return f


def conv(x, w, **attributes):
    shown = "".join(f", {name} = {value}" for name, value in attributes.items())
    graph = f"(x: f64[{x}], w: f64[{w}]) -> conv(x, w{shown})"
    return Case(graph, convolved(**attributes), torch_conv(**attributes))


def conv_transpose(x, w, y, **attributes):
    """The transpose of the convolution from y to x; PyTorch's own, where padding is the same on both sides."""
    shown = "".join(f", {name} = {value}" for name, value in attributes.items())
    graph = f"(x: f64[{x}], w: f64[{w}]) -> conv_transpose(x, w{shown})"
    forward = {name: value for name, value in attributes.items() if name != "output_padding"}

    def f(x, w):
        zeros = jnp.zeros(y, x.dtype)
        return jax.linear_transpose(lambda y: convolved(**forward)(y, w), zeros)(x)[0]

    count = len(y) - 2
    padding = sides(attributes.get("padding", 0), count)

    def g(x, w):
        names = {**attributes, "padding": [low for low, _ in padding]}
        return [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][count - 1](x, w, **names)

    return Case(graph, f, g if all(low == high for low, high in padding) else None)


def pool(name, x, f, g=None, beta=None, **attributes):
    shown = "".join(f", {name} = {str(value).lower()}" for name, value in attributes.items())
    shown = f", beta = {beta}{shown}" if beta is not None else shown
    return Case(f"(x: f64[{x}]) -> {name}(x{shown})", f, g, {"x": distinct})


def max_pool(x, g=None, **attributes):
    return pool("max_pool", x, lambda x: windows(x, value=-jnp.inf, **attributes).max(0), g, **attributes)


def avg_pool(x, g=None, count_include_pad=False, **attributes):
    def f(x):
        total = windows(x, **attributes).sum(0)
        ones = windows(jnp.ones_like(x), **attributes)
        return total / (len(ones) if count_include_pad else ones.sum(0))

    return pool("avg_pool", x, f, g, count_include_pad=count_include_pad, **attributes)


def smooth_max_pool(x, beta, **attributes):
    f = lambda x: jsp.logsumexp(windows(beta * x, value=-jnp.inf, **attributes), 0) / beta
    return pool("smooth_max_pool", x, f, beta=beta, **attributes)


def sheared(x):
    o, k = np.arange(6)[:, None], np.arange(2)[None, :]
    place = o - 2 * k - 1
    inside = (place % 2 == 0) & (0 <= place // 2) & (place // 2 < 3)
    return jnp.where(inside, x[:, np.clip(place // 2, 0, 2), k], 0)


family(
    "windows",
    [
        with_derivatives(
            "(x: f64[1, 5, 6]) -> window(x, axes = [1, 2], size = [2, 3], stride = [1, 2], padding = [0, 1, 1, 0], value = 0.5)",
            lambda x: jnp.moveaxis(
                windows(x, (2, 3), (1, 2), (0, 1, 1, 0), 1, 0.5).reshape(2, 3, 1, 5, 3), (0, 1), (3, 4)
            ),
        ),
        with_derivatives(
            "(x: f64[2, 3, 2]) -> shear(x, axes = [1], along = [2], extent = [6], stride = [1], dilation = [-2], low = [1], base = [2])",
            sheared,
        ),
        conv("2, 2, 5", "2, 2, 3"),
        conv("1, 2, 9", "2, 2, 2", stride=3, padding=[1, 2], dilation=2),
        conv("1, 2, 4, 5", "3, 2, 3, 3", padding=1),
        conv("1, 2, 4, 4", "2, 2, 2, 3", stride=[1, 2], padding=[0, 1, 2, 0]),
        conv("1, 1, 6, 5", "2, 1, 3, 2", stride=2, dilation=[2, 1]),
        conv("1, 4, 3, 3", "4, 2, 3, 2", padding=1, groups=2),
        conv("1, 3, 5, 4", "3, 1, 3, 3", stride=2, padding=1, groups=3),
        conv("1, 2, 5, 5", "2, 2, 2, 2", stride=3),
        conv("1, 3, 2, 3", "4, 3, 1, 1"),
        conv("1, 1, 3, 3, 2", "2, 1, 2, 2, 2", padding=[1, 0, 0, 0, 0, 1]),
        conv_transpose("1, 2, 4", "2, 2, 3", (1, 2, 6)),
        conv_transpose("1, 2, 2, 3", "2, 2, 3, 2", (1, 2, 4, 5), stride=2, padding=[1, 1], output_padding=[1, 1]),
        conv_transpose("1, 4, 3, 3", "4, 1, 2, 2", (1, 2, 4, 3), padding=[0, 1], dilation=[1, 2], groups=2),
        conv_transpose("1, 1, 4", "1, 2, 3", (1, 2, 6), stride=2, padding=[1, 2]),
        conv_transpose("1, 2, 2, 1, 2", "2, 1, 2, 1, 2", (1, 1, 4, 1, 4), stride=2),
        max_pool("1, 2, 9", lambda x: F.max_pool1d(x, 3, 2), size=[3], stride=2),
        max_pool("1, 1, 5, 6", lambda x: F.max_pool2d(x, (2, 3), (2, 1), (1, 1)), size=[2, 3], stride=[2, 1], padding=1),
        max_pool("1, 1, 5, 6", size=[3, 2], stride=[2, 1], padding=[1, 0, 2, 1], dilation=[1, 2]),
        max_pool("1, 1, 4, 3, 4", lambda x: F.max_pool3d(x, 2, 2), size=[2, 2, 2], stride=2),
        avg_pool("1, 2, 9", lambda x: F.avg_pool1d(x, 3, 2), size=[3], stride=2),
        avg_pool("1, 1, 4, 5", lambda x: F.avg_pool2d(x, (3, 2), 2, 1, count_include_pad=False), size=[3, 2], stride=2, padding=1),
        avg_pool("1, 1, 4, 5", lambda x: F.avg_pool2d(x, 3, 2, 1), count_include_pad=True, size=[3, 3], stride=2, padding=1),
        avg_pool("1, 1, 4, 4", size=[2, 2], stride=[1, 3], padding=[1, 0, 0, 1], dilation=2),
        smooth_max_pool("1, 2, 7", 2.0, size=[3], stride=2),
        smooth_max_pool("1, 1, 4, 5", 0.5, size=[2, 2], padding=[1, 0, 0, 1]),
        smooth_max_pool("1, 1, 5, 4", -1.5, size=[3, 2], stride=2, padding=1, dilation=[1, 2]),
    ],
)


def recurrence(a, b):
    """Along the first axis."""
    step = lambda h, x: (x[0] * h + x[1],) * 2
    return lax.scan(step, jnp.zeros_like(b[0]), (a, b))[1]


def shifted(x, fill):
    """Each element one place later along the last axis."""
    return jnp.concatenate([jnp.full_like(x[..., :1], fill), x[..., :-1]], -1)


def with_zero(r, s):
    """A zero in each line, so that no quotient is a derivative."""
    x = normal(r, s)
    x[..., 2] = 0
    return x


family(
    "prefix",
    [
        with_derivatives("(x: f64[3, 7]) -> cumsum(x)", lambda x: jnp.cumsum(x, -1), lambda x: x.cumsum(-1)),
        with_derivatives(
            "(x: f64[6, 2]) -> cumsum(x, axis = 0, reverse = true, exclusive = true)",
            lambda x: jnp.cumsum(x[::-1], 0)[::-1] - x,
        ),
        whole("(x: i32[3, 7]) -> cumsum(x)", lambda x: i32(jnp.cumsum(x, -1))),
        with_derivatives("(x: f64[2, 6]) -> cumprod(x)", lambda x: jnp.cumprod(x, -1), lambda x: x.cumprod(-1)),
        with_derivatives("(x: f64[2, 6]) -> cumprod(x)", None, lambda x: x.cumprod(-1), x=with_zero),
        with_derivatives(
            "(x: f64[2, 6]) -> cumprod(x, exclusive = true)", lambda x: jnp.cumprod(shifted(x, 1.0), -1)
        ),
        with_derivatives(
            "(x: f64[2, 9]) -> cummax(x)",
            lambda x: lax.cummax(x, 1),
            lambda x: x.cummax(-1).values,
            x=distinct,
        ),
        with_derivatives(
            "(x: f64[9, 2]) -> cummin(x, axis = 0, reverse = true)",
            lambda x: lax.cummin(x, 0, reverse=True),
            x=distinct,
        ),
        with_derivatives(
            "(x: f64[2, 9]) -> cumlogsumexp(x)",
            # The second derivatives of PyTorch's `logcumsumexp` are NaN.
            lambda x: lax.cumlogsumexp(x, 1),
        ),
        with_derivatives("(a: f64[7, 2], b: f64[7, 2]) -> linear_recurrence(a, b, axis = 0)", recurrence),
        with_derivatives(
            "(a: f64[7, 2], b: f64[7, 2]) -> linear_recurrence(a, b, axis = 0, reverse = true)",
            lambda a, b: recurrence(a[::-1], b[::-1])[::-1],
        ),
    ],
)

family(
    "regions",
    [
        with_derivatives(
            "(h: f64[3], xs: f64[5, 3]) -> scan(mul)(h, xs)",
            lambda h, xs: lax.scan(lambda h, x: (h * x, None), h, xs)[0],
        ),
        with_derivatives(
            "(h: f64[3], xs: f64[5, 3]) -> scan(checkpoint(div), reverse = true)(h, 2 + xs * xs)",
            lambda h, xs: lax.scan(lambda h, x: (h / (2 + x * x), None), h, xs, reverse=True)[0],
        ),
        with_derivatives(
            "(h: f64[3], w: f64[3]) -> scan(mul, over = [], length = 4)(h, w)",
            lambda h, w: lax.scan(lambda h, _: (h * w, None), h, None, length=4)[0],
        ),
        with_derivatives(
            "(h: f64[2], xs: f64[3, 4, 2]) -> scan(scan(mul))(h, xs)",
            lambda h, xs: lax.scan(
                lambda h, row: (lax.scan(lambda h, x: (h * x, None), h, row)[0], None), h, xs
            )[0],
        ),
        with_derivatives(
            "(xs: f64[4, 3]) -> scan(tanh, carry = [], over = x)(xs)",
            lambda xs: lax.map(jnp.tanh, xs),
        ),
        with_derivatives(
            "(x: f64[], y: f64[]) -> cond(mul, sub)(x < y, x, y)",
            lambda x, y: lax.cond(x < y, lambda x, y: x * y, lambda x, y: x - y, x, y),
        ),
    ],
)


def key_of(words, stream):
    """JAX's key for a stream of a key that is given by its two words."""
    return jax.random.fold_in(jax.random.wrap_key_data(words, impl="threefry2x32"), stream)


def threefry(key, x0, x1):
    words = threefry_2x32(key, jnp.concatenate([x0, x1]))
    return words[: x0.size], words[x0.size :]


def dropped(x, key):
    mask = jax.random.bernoulli(key_of(key, 4), jnp.float32(0.25), x.shape)
    return jnp.where(mask, x / 0.25, 0)


words = lambda r, s: r.integers(0, 2**32, s)
f32 = jnp.float32

family(
    "random",
    [
        whole("(key: u32[2], x0: u32[5], x1: u32[5]) -> threefry2x32(key, x0, x1)", threefry, key=words, x0=words, x1=words),
        whole(
            "(key: u32[2]) -> rng_fold_in(key, 7)",
            lambda key: jax.random.key_data(key_of(key, 7)),
            key=words,
        ),
        whole(
            "(seed: i64[]) -> rng_bits(seed, stream = 1, shape = [2, 9])",
            lambda seed: jax.random.bits(jax.random.fold_in(jax.random.key(seed), 1), (2, 9), jnp.uint32),
            seed=integers(0, 2**50),
        ),
        whole(
            "(key: u32[2]) -> rng_uniform(key, stream = 2, shape = [17])",
            lambda key: jax.random.uniform(key_of(key, 2), (17,), f32),
            key=words,
        ),
        whole(
            "(key: u32[2], p: f32[3, 6]) -> rng_bernoulli(key, p, stream = 3)",
            lambda key, p: jax.random.bernoulli(key_of(key, 3), p),
            key=words,
            p=between(0, 1),
        ),
        whole(
            "(key: u32[2], x: f32[9, 4]) -> rng_categorical(key, x, stream = 5)",
            lambda key, x: i32(jax.random.categorical(key_of(key, 5), x)),
            key=words,
        ),
        with_derivatives(
            "(x: f64[5, 4], key: u32[2]) -> dropout(x, key, stream = 4, keep = 0.25)", dropped, key=words
        ),
        with_derivatives(
            "(x: f64[3, 4], mask: bool[3, 4]) -> fixed_mask_scale(x, mask, keep = 0.75)",
            lambda x, mask: jnp.where(mask, x / 0.75, 0),
        ),
    ],
)


def parts(z):
    return jnp.stack([z.real, z.imag], -1)


def number(x):
    return x[..., 0] + 1j * x[..., 1]


def mixed_modes(x, w):
    modes = w.shape[2]
    bins = jnp.einsum("bim,iom->bom", jnp.fft.rfft(x)[..., :modes], number(w))
    return jnp.fft.irfft(bins, x.shape[-1])


def mixed_corners(x, p, q):
    _, _, m, n = x.shape
    rows, columns = p.shape[2:4]
    bins = jnp.fft.rfft2(x)
    mixed = lambda kept, w: jnp.einsum("bikl,iokl->bokl", kept, number(w))
    whole = jnp.zeros((x.shape[0], p.shape[1], m, n // 2 + 1), bins.dtype)
    whole = whole.at[:, :, :rows, :columns].add(mixed(bins[:, :, :rows, :columns], p))
    whole = whole.at[:, :, m - rows :, :columns].add(mixed(bins[:, :, m - rows :, :columns], q))
    return jnp.fft.irfft2(whole, (m, n))


family(
    "spectral",
    [
        with_derivatives(
            "(x: f64[3, 2], y: f64[3, 2]) -> complex_mul(x, y)",
            lambda x, y: parts(number(x) * number(y)),
            lambda x, y: torch.view_as_real(torch.view_as_complex(x) * torch.view_as_complex(y)),
        ),
        # One step, several steps, Bluestein's algorithm.
        *(
            with_derivatives(
                f"(x: f64[{n}, 2]) -> fft(x)",
                lambda x: parts(jnp.fft.fft(number(x))),
                lambda x: torch.view_as_real(torch.fft.fft(torch.view_as_complex(x))),
            )
            for n in (1, 6, 24, 37)
        ),
        with_derivatives(
            "(x: f64[20, 3, 2]) -> ifft(x, axis = 0)",
            lambda x: parts(jnp.fft.ifft(number(x), axis=0)),
            lambda x: torch.view_as_real(torch.fft.ifft(torch.view_as_complex(x), dim=0)),
        ),
        *(
            with_derivatives(
                f"(x: f64[2, {n}]) -> rfft(x)",
                lambda x: parts(jnp.fft.rfft(x)),
                lambda x: torch.view_as_real(torch.fft.rfft(x)),
            )
            for n in (1, 2, 7, 12, 34, 74)
        ),
        # The imaginary parts of the ends are not read: their cotangents are 0.
        *(
            with_derivatives(
                f"(x: f64[{n // 2 + 1}, 2, 2]) -> irfft(x, n = {n}, axis = 0)",
                lambda x, n=n: jnp.fft.irfft(number(x), n, axis=0),
                lambda x, n=n: torch.fft.irfft(torch.view_as_complex(x), n, dim=0),
            )
            for n in (1, 2, 7, 12, 34)
        ),
        with_derivatives(
            "(x: f64[2, 3, 10], weights: f64[3, 2, 4, 2]) -> spectral_conv1d(x, weights)",
            mixed_modes,
        ),
        with_derivatives(
            "(x: f64[1, 2, 6, 8], positive: f64[2, 3, 2, 3, 2], negative: f64[2, 3, 2, 3, 2])"
            " -> spectral_conv2d(x, positive, negative)",
            mixed_corners,
        ),
    ],
)
