"""The table of golden cases: each op with each combination of attributes that matters."""

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import torch
import torch.nn.functional as F
from jax import lax

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
        binary("multiply_no_nan(x, y)", jnp.multiply, torch.mul),
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
        fold(
            "logsumexp(x, axis = [0, 2], keepdims = true)",
            lambda x: jsp.logsumexp(x, (0, 2), keepdims=True),
            lambda x: x.logsumexp((0, 2), keepdim=True),
        ),
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
        *(
            binary(f'einsum("{formula}", x, y)', *einsum(formula), shapes)
            for formula, *shapes in [
                ("bij,bjk->bik", "2, 2, 3", "2, 3, 2"),
                ("bik,jbk->jb", "2, 3, 2", "4, 2, 2"),
                ("iji,jk->ki", "2, 3, 2", "3, 2"),
                ("ij,k->kj", "2, 3", "4"),
            ]
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
