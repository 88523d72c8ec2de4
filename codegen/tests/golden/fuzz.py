"""Cases with random shapes and attributes, which only a seed determines."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import table
from cases import Case, distinct, integers, normal, positive

i32 = lambda array: array.astype(jnp.int32)


def shape_of(rng, low=1, high=4, least=0, most=4):
    """A random shape of at most some 60 elements."""
    while True:
        shape = [int(rng.integers(low, high + 1)) for _ in range(rng.integers(least, most + 1))]
        if np.prod(shape, initial=1) <= 60:
            return shape


def axes_of(rng, rank, least=0):
    count = int(rng.integers(least, rank + 1))
    return sorted(int(axis) for axis in rng.permutation(rank)[:count])


def tensor(name, shape, dtype="f64"):
    return f"{name}: {dtype}[{', '.join(map(str, shape))}]"


def listed(numbers):
    return "[" + ", ".join(str(int(number)) for number in numbers) + "]"


def truth(rng):
    return bool(rng.integers(0, 2))


def elementwise(rng):
    functions = [
        ("sin", jnp.sin),
        ("tanh", jnp.tanh),
        ("sigmoid", jax.nn.sigmoid),
        ("softplus", jax.nn.softplus),
        ("gelu", lambda x: jax.nn.gelu(x, approximate=False)),
        ("silu", jax.nn.silu),
        ("expm1", jnp.expm1),
        ("erf", jax.scipy.special.erf),
    ]
    name, f = functions[rng.integers(len(functions))]
    return Case(f"({tensor('x', shape_of(rng))}) -> {name}(x)", f)


def broadcasting(rng):
    operators = [("+", jnp.add), ("*", jnp.multiply), ("-", jnp.subtract), ("/", jnp.divide)]
    name, f = operators[rng.integers(len(operators))]
    whole = shape_of(rng, least=1)
    shrunk = lambda: [1 if rng.integers(0, 3) == 0 else extent for extent in whole]
    left, right = shrunk(), shrunk()[rng.integers(0, len(whole)) :]
    return Case(f"({tensor('x', left)}, {tensor('y', right)}) -> x {name} y", f, draw={"y": positive})


def fold(rng):
    functions = [("sum", jnp.sum), ("mean", jnp.mean), ("reduce_max", jnp.max), ("reduce_min", jnp.min)]
    name, f = functions[rng.integers(len(functions))]
    shape, keepdims = shape_of(rng, least=1), truth(rng)
    axes = axes_of(rng, len(shape), 1)
    call = f"{name}(x, axes = {listed(axes)}, keepdims = {str(keepdims).lower()})"
    return Case(
        f"({tensor('x', shape)}) -> {call}",
        lambda x: f(x, axis=tuple(axes), keepdims=keepdims),
        draw={"x": distinct},
    )


def along_axis(rng):
    functions = [
        ("softmax(x, axis = {})", jax.nn.softmax),
        ("log_softmax(x, axis = {})", jax.nn.log_softmax),
        ("logsumexp(x, axis = {})", jax.scipy.special.logsumexp),
        ("sort(x, axis = {})", jnp.sort),
        ("sort(x, axis = {}, descending = true)", lambda x, axis: -jnp.sort(-x, axis)),
        ("reverse(x, axes = [{}])", lambda x, axis: lax.rev(x, (axis,))),
    ]
    call, f = functions[rng.integers(len(functions))]
    shape = shape_of(rng, high=9, least=1)
    axis = int(rng.integers(len(shape)))
    return Case(f"({tensor('x', shape)}) -> {call.format(axis)}", lambda x: f(x, axis), draw={"x": distinct})


def transpose(rng):
    shape = shape_of(rng)
    order = [int(axis) for axis in rng.permutation(len(shape))]
    return Case(
        f"({tensor('x', shape)}) -> transpose(x, permutation = {listed(order)})", lambda x: jnp.transpose(x, order)
    )


def slices(rng):
    shape = shape_of(rng, high=6, least=1, most=3)
    start = [int(rng.integers(0, extent)) for extent in shape]
    limit = [int(rng.integers(low, extent + 1)) for low, extent in zip(start, shape)]
    step = [int(rng.integers(1, 4)) for _ in shape]
    call = f"slice(x, start = {listed(start)}, limit = {listed(limit)}, step = {listed(step)})"
    return Case(f"({tensor('x', shape)}) -> {call}", lambda x: lax.slice(x, start, limit, step))


def pad(rng):
    shape = shape_of(rng, least=1, most=3)
    low, high = ([int(rng.integers(-1, 3)) for _ in shape] for _ in range(2))
    interior = [int(rng.integers(0, 3)) for _ in shape]
    low = [max(l, 1 - extent) for l, extent in zip(low, shape)]
    high = [max(h, 0) for h in high]
    call = f"pad(x, low = {listed(low)}, high = {listed(high)}, interior = {listed(interior)}, value = 0.25)"
    config = list(zip(low, high, interior))
    return Case(f"({tensor('x', shape)}) -> {call}", lambda x: lax.pad(x, 0.25, config))


def concat(rng):
    shape = shape_of(rng, least=1, most=3)
    axis = int(rng.integers(len(shape)))
    parts = [shape[:axis] + [int(rng.integers(1, 4))] + shape[axis + 1 :] for _ in range(rng.integers(1, 4))]
    names = [f"x{i}" for i in range(len(parts))]
    head = ", ".join(map(tensor, names, parts))
    return Case(f"({head}) -> concat({', '.join(names)}, axis = {axis})", lambda *x: jnp.concatenate(x, axis))


def contraction(rng):
    extents = lambda: [int(rng.integers(1, 4)) for _ in range(rng.integers(0, 3))]
    batch, inner, left, right = extents(), extents(), extents(), extents()
    letters = iter("abcdefghij")
    named = [[(next(letters), extent) for extent in part] for part in (batch, inner, left, right)]
    batch, inner, left, right = named
    shuffled = lambda axes: [axes[i] for i in rng.permutation(len(axes))]
    x, y = shuffled(batch + inner + left), shuffled(batch + inner + right)
    places = lambda operand, axes: listed(operand.index(axis) for axis in axes)
    call = (
        f"dot_general(x, y, x_contract = {places(x, inner)}, y_contract = {places(y, inner)}, "
        f"x_batch = {places(x, batch)}, y_batch = {places(y, batch)})"
    )
    text = lambda axes: "".join(name for name, _ in axes)
    rest = lambda operand, axes: [axis for axis in operand if axis in axes]
    formula = f"{text(x)},{text(y)}->{text(batch)}{text(rest(x, left))}{text(rest(y, right))}"
    shape = lambda axes: [extent for _, extent in axes]
    graph = f"({tensor('x', shape(x))}, {tensor('y', shape(y))}) -> {call}"
    return Case(graph, lambda x, y: jnp.einsum(formula, x, y))


def gather(rng):
    shape = shape_of(rng, least=1, most=3)
    axis = int(rng.integers(len(shape)))
    picked = shape_of(rng, least=0, most=2)
    graph = f"({tensor('x', shape)}, {tensor('i', picked, 'i32')}) -> gather(x, i, axis = {axis})"
    return Case(graph, lambda x, i: jnp.take(x, i, axis), draw={"i": integers(0, shape[axis])})


def scatter(rng):
    rows, columns, count = (int(n) for n in rng.integers(1, 6, 3))
    graph = (
        f"({tensor('x', [rows, columns])}, {tensor('i', [count], 'i32')}, {tensor('u', [count, columns])})"
        " -> scatter_add(x, i, u)"
    )
    return Case(graph, lambda x, i, u: x.at[i].add(u), draw={"i": integers(0, rows)})


def normalised(rng):
    shape = shape_of(rng, low=2, least=1, most=3)
    head = f"{tensor('x', shape)}, {tensor('g', shape[-1:])}, {tensor('b', shape[-1:])}"

    def f(x, g, b):
        centred = x - x.mean(-1, keepdims=True)
        return centred * lax.rsqrt((centred**2).mean(-1, keepdims=True) + 0.01) * g + b

    return Case(f"({head}) -> layer_norm(x, g, b, eps = 0.01)", f)


def along_indices(rng):
    shape = shape_of(rng, least=1, most=3)
    axis = int(rng.integers(len(shape)))
    picked = shape[:axis] + [int(rng.integers(1, 5))] + shape[axis + 1 :]
    graph = f"({tensor('x', shape)}, {tensor('i', picked, 'i32')}) -> take_along_axis(x, i, axis = {axis})"
    return Case(graph, lambda x, i: jnp.take_along_axis(x, i, axis), draw={"i": integers(0, shape[axis])})


def largest(rng):
    shape = shape_of(rng, low=2, high=9, least=1, most=2)
    k = int(rng.integers(1, shape[-1] + 1))

    def f(x):
        order = jnp.argsort(-x, -1, stable=True)[..., :k]
        return jnp.take_along_axis(x, order, -1), i32(order)

    return Case(f"({tensor('x', shape)}) -> top_k(x, k = {k})", f, draw={"x": distinct})


def windowed(rng, count, extents):
    """Sizes, strides, padding and dilation of windows that fit."""
    size = [int(rng.integers(1, 4)) for _ in range(count)]
    dilation = [int(rng.integers(1, 3)) for _ in range(count)]
    padding = [int(rng.integers(0, k)) for k in size * 2]
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation)]
    size = [
        k if n + low + high >= r else 1
        for k, n, r, low, high in zip(size, extents, reach, padding[:count], padding[count:])
    ]
    padding = [min(p, k - 1) for p, k in zip(padding, size * 2)]
    stride = [int(rng.integers(1, 4)) for _ in range(count)]
    return size, {"stride": stride, "padding": padding, "dilation": dilation}


def attributes_of(attributes):
    shown = lambda value: str(value).lower() if isinstance(value, bool) else str(value)
    return "".join(f", {name} = {shown(value)}" for name, value in attributes.items())


def convolution(rng):
    count, groups = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    extents = [int(rng.integers(1, 8 if count == 1 else 5)) for _ in range(count)]
    size, attributes = windowed(rng, count, extents)
    inner, outer = int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    x, w = [int(rng.integers(1, 3)), groups * inner, *extents], [outer, inner, *size]
    attributes["groups"] = groups
    return table.conv(", ".join(map(str, x)), ", ".join(map(str, w)), **attributes)


def pooling(rng):
    count = int(rng.integers(1, 3))
    extents = [int(rng.integers(1, 8 if count == 1 else 5)) for _ in range(count)]
    size, attributes = windowed(rng, count, extents)
    x = ", ".join(map(str, [1, 2, *extents]))
    if truth(rng):
        return table.max_pool(x, size=size, **attributes)
    return table.avg_pool(x, size=size, count_include_pad=truth(rng), **attributes)


def prefix(rng):
    functions = [
        ("cumsum", jnp.cumsum, normal),
        ("cumprod", jnp.cumprod, normal),
        ("cummax", lax.cummax, distinct),
        ("cummin", lax.cummin, distinct),
        ("cumlogsumexp", lax.cumlogsumexp, normal),
    ]
    name, f, drawn = functions[rng.integers(len(functions))]
    shape, backwards = shape_of(rng, high=7, least=1, most=3), truth(rng)
    axis = int(rng.integers(len(shape)))

    def whole(x):
        x = lax.rev(x, (axis,)) if backwards else x
        y = f(x, axis)
        return lax.rev(y, (axis,)) if backwards else y

    call = f"{name}(x, axis = {axis}, reverse = {str(backwards).lower()})"
    return Case(f"({tensor('x', shape)}) -> {call}", whole, draw={"x": drawn})


def transform(rng):
    parts = lambda z: jnp.stack([z.real, z.imag], -1)
    n = int(rng.integers(1, 40))
    if truth(rng):
        return Case(f"({tensor('x', [2, n])}) -> rfft(x)", lambda x: parts(jnp.fft.rfft(x)))
    bins = [n // 2 + 1, 2]
    graph = f"({tensor('x', bins)}) -> irfft(x, n = {n})"
    return Case(graph, lambda x: jnp.fft.irfft(x[..., 0] + 1j * x[..., 1], n))


MAKERS = [
    elementwise,
    broadcasting,
    fold,
    along_axis,
    transpose,
    slices,
    pad,
    concat,
    contraction,
    gather,
    scatter,
    normalised,
    along_indices,
    largest,
    convolution,
    pooling,
    prefix,
    transform,
]


def draw(count, seed):
    rng = np.random.default_rng(seed)
    return [MAKERS[i % len(MAKERS)](rng) for i in range(count)]
