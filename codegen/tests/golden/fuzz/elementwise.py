"""Makers of functions of single elements, of operators and of conversions."""

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
from jax import lax

from cases import DTYPES, Case, between, distinct, integers, normal, off, positive

from .drawing import each, head, maker, perhaps_empty, quarters, shape_of, truth, whole


@each(
    ("neg", jnp.negative),
    ("abs", jnp.abs, off([0])),
    ("square", jnp.square),
    ("reciprocal", jnp.reciprocal, off([0], 0.25)),
    ("sqrt", jnp.sqrt, positive),
    ("rsqrt", lax.rsqrt, positive),
    ("exp", jnp.exp),
    ("expm1", jnp.expm1),
    ("log", jnp.log, positive),
    ("log1p", jnp.log1p, between(-0.75, 3)),
    ("sin", jnp.sin, between(-30, 30)),
    ("cos", jnp.cos, between(-30, 30)),
    ("sinh", jnp.sinh),
    ("cosh", jnp.cosh),
    ("tanh", jnp.tanh),
    ("erf", jsp.erf),
    ("relu", jax.nn.relu, off([0])),
    ("sigmoid", jax.nn.sigmoid),
    ("softplus", jax.nn.softplus),
    ("silu", jax.nn.silu),
    ("softsign", jax.nn.soft_sign, off([0])),
    ("gelu", lambda x: jax.nn.gelu(x, approximate=False)),
    ("stop_gradient", lax.stop_gradient),
    ("barrier", lambda x: x),
)
def function(rng, name, f, drawn=normal):
    return Case(f"{head(x=perhaps_empty(rng))} -> {name}(x)", f, draw={"x": drawn})


@maker
def tanh_gelu(rng):
    call = "gelu(x, approximate = tanh)"
    return Case(f"{head(x=shape_of(rng))} -> {call}", lambda x: jax.nn.gelu(x, approximate=True))


@each(
    ("scale", "factor", lambda x, a: a * x),
    ("leaky_relu", "slope", lambda x, a: jnp.where(x > 0, x, a * x), off([0])),
    ("elu", "alpha", lambda x, a: jnp.where(x > 0, x, a * jnp.expm1(x)), off([0])),
)
def with_factor(rng, name, attribute, f, drawn=normal):
    amount = quarters(rng, -2, 2)
    call = f"{name}(x, {attribute} = {amount})"
    return Case(f"{head(x=shape_of(rng))} -> {call}", lambda x: f(x, amount), draw={"x": drawn})


@each(
    ("smooth_abs", lambda x, eps: jnp.sqrt(x * x + eps)),
    ("safe_log", lambda x, eps: jnp.log(jax.nn.softplus(x) + eps)),
)
def with_margin(rng, name, f):
    eps = float(rng.choice([0.5, 0.125, 2.0**-10]))
    return Case(f"{head(x=shape_of(rng))} -> {name}(x, eps = {eps})", lambda x: f(x, eps))


@maker
def power(rng):
    exponent = quarters(rng, -3, 4) if truth(rng) else float(rng.integers(-3, 6))
    call = f"power(x, exponent = {exponent})"
    return Case(f"{head(x=shape_of(rng))} -> {call}", lambda x: x**exponent, draw={"x": positive})


@maker
def whole_power(rng):
    """A power that is a natural number is one of negative numbers, too."""
    exponent = int(rng.integers(0, 6))
    call = f"power(x, exponent = {exponent})"
    return Case(f"{head(x=shape_of(rng))} -> {call}", lambda x: lax.integer_pow(x, exponent))


@maker
def clamp(rng):
    low = quarters(rng, -2, 1)
    high = low + quarters(rng, 0, 2)
    call = f"clamp(x, lo = {low}, hi = {high})"
    f = lambda x: jnp.clip(x, low, high)
    return Case(f"{head(x=shape_of(rng))} -> {call}", f, draw={"x": off([low, high])})


def broadcast(rng):
    """Shapes that broadcast to one."""
    shape = perhaps_empty(rng, least=1)
    shrunk = lambda: [1 if rng.integers(0, 3) == 0 else extent for extent in shape]
    return shrunk(), shrunk()[rng.integers(0, len(shape)) :]


@each(
    ("x + y", jnp.add),
    ("x - y", jnp.subtract),
    ("x * y", jnp.multiply),
    ("x / y", jnp.divide, normal, off([0], 0.25)),
    ("x ** y", jnp.power, positive),
    ("max(x, y)", jnp.maximum, distinct),
    ("min(x, y)", jnp.minimum, distinct),
)
def operator(rng, call, f, left=normal, right=normal):
    x, y = broadcast(rng)
    return Case(f"{head(x=x, y=y)} -> {call}", f, draw={"x": left, "y": right})


@each(("max(x, y)", jnp.maximum), ("min(x, y)", jnp.minimum))
def ties(rng, call, f):
    shape = shape_of(rng)
    few = integers(-1, 2)
    return Case(f"{head(x=shape, y=shape)} -> {call}", f, draw={"x": few, "y": few})


@maker
def select(rng):
    shape = perhaps_empty(rng)
    return Case(f"{head(c=(shape, 'bool'), x=shape, y=shape)} -> select(c, x, y)", jnp.where)


@each(
    ("sqrt(x)", jnp.sqrt, 1.0),
    ("log(x)", jnp.log, 1.0),
    ("rsqrt(x)", lax.rsqrt, 1.0),
    ("x ** 1.5", lambda x: x**1.5, 1.0),
    ("1 / x", jnp.reciprocal, 1.0),
)
def unsafe_branch(rng, call, f, safe):
    """What is undefined where it is not chosen: of negative numbers, and of zero."""
    guarded = lambda x: jnp.where(x > 0, f(jnp.where(x > 0, x, safe)), 0.0)
    near = lambda r, s: np.where(r.integers(0, 2, s) == 0, r.integers(-1, 1, s), positive(r, s))
    return Case(f"{head(x=shape_of(rng))} -> select(x > 0, {call}, 0)", guarded, draw={"x": near})


@each(("floor", jnp.floor), ("ceil", jnp.ceil), ("round", jnp.round), ("sign", jnp.sign))
def rounding(rng, name, f):
    """Of halves as well; with a derivative of zero."""
    halves = lambda r, s: r.integers(-8, 8, s) / 2
    drawn = halves if truth(rng) else normal
    return Case(f"{head(x=shape_of(rng))} -> {name}(x)", f, draw={"x": drawn})


INTEGERS = {"i32": (-(2**31), 2**31), "u32": (0, 2**32), "i64": (-(2**24), 2**24)}


def words(dtype):
    """Numbers of all sizes; of i64, such as a file of numbers in double precision holds, with their products."""
    low, high = INTEGERS[dtype]
    few = lambda r, s: r.integers(max(low, -3), 4, s)
    return lambda r, s: np.where(r.integers(0, 2, s) == 0, few(r, s), r.integers(low, high, s))


@each(
    ("x + y", jnp.add),
    ("x - y", jnp.subtract),
    ("x * y", jnp.multiply),
    ("x / y", lax.div),
    ("x % y", lax.rem),
    ("x & y", jnp.bitwise_and),
    ("x | y", jnp.bitwise_or),
    ("x ^ y", jnp.bitwise_xor),
    ("max(x, y)", jnp.maximum),
    ("min(x, y)", jnp.minimum),
)
def integer_operator(rng, call, f):
    """Sums that overflow and quotients by zero among them."""
    dtype, shape = str(rng.choice(list(INTEGERS))), perhaps_empty(rng)
    inputs = head(x=(shape, dtype), y=(shape, dtype))
    return whole(f"{inputs} -> {call}", f, x=words(dtype), y=words(dtype))


@each(("x << y", lax.shift_left), ("x >> y", None))
def shift(rng, call, f):
    """By more than a word has, too."""
    dtype, shape = str(rng.choice(["i32", "u32"])), shape_of(rng)
    f = f or (lax.shift_right_logical if dtype == "u32" else lax.shift_right_arithmetic)
    amount = integers(0 if dtype == "u32" else -2, 36)
    inputs = head(x=(shape, dtype), y=(shape, dtype))
    return whole(f"{inputs} -> {call}", f, x=words(dtype), y=amount)


@each(("neg", jnp.negative), ("abs", jnp.abs), ("square", jnp.square), ("sign", jnp.sign))
def integer_function(rng, name, f):
    dtype = "i32" if truth(rng) else "i64"
    return whole(f"{head(x=(shape_of(rng), dtype))} -> {name}(x)", f, x=words(dtype))


@each(
    ("x == y", jnp.equal),
    ("x != y", jnp.not_equal),
    ("x < y", jnp.less),
    ("x <= y", jnp.less_equal),
    ("x > y", jnp.greater),
    ("x >= y", jnp.greater_equal),
)
def comparison(rng, call, f):
    dtype = str(rng.choice(["f64", "f32", "i32", "i64", "u32"]))
    x, y = broadcast(rng)
    few = integers(0 if dtype == "u32" else -2, 3)
    odd = lambda r, s: np.where(r.integers(0, 4, s) == 0, np.nan, few(r, s))
    drawn = odd if dtype in ("f32", "f64") else few
    return whole(f"{head(x=(x, dtype), y=(y, dtype))} -> {call}", f, x=drawn, y=drawn)


@each(
    ("x && y", jnp.logical_and),
    ("x || y", jnp.logical_or),
    ("logical_xor(x, y)", jnp.logical_xor),
)
def connective(rng, call, f):
    x, y = broadcast(rng)
    return whole(f"{head(x=(x, 'bool'), y=(y, 'bool'))} -> {call}", f)


@maker
def negation(rng):
    return whole(f"{head(x=(perhaps_empty(rng), 'bool'))} -> !x", jnp.logical_not)


@each("bool", "i32", "i64", "u32", "f32", "f64")
def conversion(rng, to):
    """From each dtype; floats beyond the range of integers among them."""
    of = str(rng.choice(["bool", "i32", "i64", "u32", "f32", "f64"]))
    shape, draw = shape_of(rng), {}
    if of in INTEGERS:
        draw["x"] = words(of)
    elif of != "bool" and to in INTEGERS:
        edges = [0.0, -0.5, 1.5, -1.75, 3e9, -3e9, 5e9, 1e20, -1e20, np.inf, -np.inf, np.nan]
        draw["x"] = lambda r, s: np.where(r.integers(0, 2, s) == 0, r.choice(edges, s), 9 * normal(r, s))
    graph = f"{head(x=(shape, of))} -> cast(x, dtype = {to})"
    f = lambda x: x.astype(DTYPES[to])
    # The difference of dtypes is what is looked at: with both in double precision there would be none.
    return Case(graph, f, draw=draw, smooth={of, to} <= {"f32", "f64"})
