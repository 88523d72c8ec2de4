"""Makers of views: elements in other places."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from cases import Case
from windows import windows

from .drawing import axes_of, each, head, listed, maker, perhaps_empty, pick, shape_of, tensor, truth


def viewed(rng, shape, call, f):
    """With derivatives, or of numbers that have none."""
    dtype = pick(rng, ["f64", "f64", "f64", "i32", "bool"])
    return Case(f"{head(x=(shape, dtype))} -> {call}", f)


@maker
def broadcasting(rng):
    shape = perhaps_empty(rng)
    axes = axes_of(rng, len(shape))
    x = [1 if rng.integers(3) == 0 else shape[axis] for axis in axes]
    call = f"broadcast_in_dim(x, shape = {listed(shape)}, axes = {listed(axes)})"
    return viewed(rng, x, call, lambda x: lax.broadcast_in_dim(x, shape, axes))


@maker
def reshape(rng):
    """The factors of the extents, put together anew."""
    shape = perhaps_empty(rng)
    factors = [p for extent in shape for p in {4: [2, 2], 1: []}.get(extent, [extent])]
    factors = [factors[at] for at in rng.permutation(len(factors))]
    cuts = sorted(rng.integers(0, len(factors) + 1, rng.integers(0, 4)))
    bounds = [0, *cuts, len(factors)]
    to = [int(np.prod(factors[low:high], initial=1)) for low, high in zip(bounds, bounds[1:])]
    return viewed(rng, shape, f"reshape(x, shape = {listed(to)})", lambda x: x.reshape(to))


@maker
def transpose(rng):
    shape = perhaps_empty(rng)
    order = [int(axis) for axis in rng.permutation(len(shape))]
    return viewed(rng, shape, f"transpose(x, permutation = {listed(order)})", lambda x: jnp.transpose(x, order))


@maker
def slices(rng):
    shape = shape_of(rng, high=6, least=1, most=3)
    start = [int(rng.integers(0, extent)) for extent in shape]
    limit = [int(rng.integers(low, extent + 1)) for low, extent in zip(start, shape)]
    step = [int(rng.integers(1, 4)) for _ in shape]
    # Some starts are counted from the end.
    said = [low - extent if truth(rng) else low for low, extent in zip(start, shape)]
    call = f"slice(x, start = {listed(said)}, limit = {listed(limit)}, step = {listed(step)})"
    return viewed(rng, shape, call, lambda x: lax.slice(x, start, limit, step))


@each(("f64", 0.25), ("i32", -2), ("bool", 1))
def pad(rng, dtype, value):
    shape = shape_of(rng, least=1, most=3)
    low, high = ([int(rng.integers(-1, 3)) for _ in shape] for _ in range(2))
    interior = [int(rng.integers(0, 3)) for _ in shape]
    low = [max(l, 1 - extent) for l, extent in zip(low, shape)]
    high = [max(h, 0) for h in high]
    call = f"pad(x, low = {listed(low)}, high = {listed(high)}, interior = {listed(interior)}, value = {value})"
    config = list(zip(low, high, interior))
    f = lambda x: lax.pad(x, jnp.asarray(value, x.dtype), config)
    return Case(f"{head(x=(shape, dtype))} -> {call}", f)


@maker
def reverse(rng):
    shape = perhaps_empty(rng)
    axes = axes_of(rng, len(shape))
    return viewed(rng, shape, f"reverse(x, axes = {listed(axes)})", lambda x: lax.rev(x, axes))


@maker
def concat(rng):
    shape = perhaps_empty(rng, least=1, most=3)
    axis = int(rng.integers(len(shape)))
    parts = [shape[:axis] + [int(rng.integers(0, 4))] + shape[axis + 1 :] for _ in range(rng.integers(1, 5))]
    names = [f"x{i}" for i in range(len(parts))]
    inputs = ", ".join(map(tensor, names, parts))
    return Case(f"({inputs}) -> concat({', '.join(names)}, axis = {axis})", lambda *x: jnp.concatenate(x, axis))


@maker
def window(rng):
    """Over the last axes, in order."""
    count = int(rng.integers(1, 3))
    shape = shape_of(rng, low=2, high=6, least=count, most=count + 1)
    first = len(shape) - count
    size = [int(rng.integers(1, extent + 1)) for extent in shape[first:]]
    size = [min(k, 3) for k in size]
    stride = [int(rng.integers(1, 4)) for _ in size]
    padding = [int(rng.integers(0, 3)) for _ in size * 2]
    value = float(rng.integers(-2, 3)) / 2
    attributes = f"size = {listed(size)}, stride = {listed(stride)}, padding = {listed(padding)}, value = {value}"
    axes = list(range(first, len(shape)))

    def f(x):
        parts = windows(x, size, stride, padding, 1, value)
        return jnp.moveaxis(parts.reshape(*size, *parts.shape[1:]), range(count), range(-count, 0))

    return Case(f"{head(x=shape)} -> window(x, axes = {listed(axes)}, {attributes})", f)


@maker
def shear(rng):
    """An axis, moved by a multiple of the place along another."""
    rows, columns, extent = (int(n) for n in rng.integers(1, 6, 3))
    stride, base = (int(n) for n in rng.integers(1, 4, 2))
    dilation, low = (int(n) for n in rng.integers(-3, 4, 2))
    o, k = np.arange(extent)[:, None], np.arange(columns)[None, :]
    place = o * stride + k * dilation - low
    inside = (place % base == 0) & (0 <= place) & (place // base < rows)
    at = np.clip(place // base, 0, rows - 1)
    call = (
        f"shear(x, axes = [0], along = [1], extent = [{extent}], stride = [{stride}], "
        f"dilation = [{dilation}], low = [{low}], base = [{base}])"
    )
    return Case(f"{head(x=[rows, columns])} -> {call}", lambda x: jnp.where(inside, x[at, k], 0))
