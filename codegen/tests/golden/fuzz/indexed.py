"""Makers of what indices pick, and of order."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cases import Case, distinct, integers

from .drawing import axis_of, each, head, i32, listed, maker, shape_of, truth, whole, with_ties


def indices_of(rng, most=2):
    """The shape of indices, now and then empty, and their dtype."""
    low = 0 if rng.integers(8) == 0 else 1
    return shape_of(rng, low=low, least=0, most=most), str(rng.choice(["i32", "i64", "u32"]))


def along(f, axis, batch):
    """A function of x and of indices that address its axis `axis`, mapped over paired leading axes."""
    for _ in range(batch):
        f = jax.vmap(f)
    return f


def picking(rng):
    """The shapes and attributes of a gather."""
    shape = shape_of(rng, least=1, most=3)
    axis = int(rng.integers(len(shape)))
    batch = int(rng.integers(0, axis + 1))
    picked, dtype = indices_of(rng)
    inner = axis - batch
    gather = along(lambda x, i: jnp.take(x, i, inner, mode="clip"), inner, batch)
    result = shape[:axis] + picked + shape[axis + 1 :]
    return shape, (shape[:batch] + picked, dtype), result, axis, batch, gather


@maker
def gather(rng):
    shape, indices, _, axis, batch, f = picking(rng)
    call = f"gather(x, i, axis = {axis}, batch = {batch})"
    return Case(f"{head(x=shape, i=indices)} -> {call}", f, draw={"i": integers(0, shape[axis])})


@maker
def scatter_add(rng):
    """The transpose of a gather, which adds up what indices repeat."""
    shape, indices, updates, axis, batch, gathered = picking(rng)
    call = f"scatter_add(x, i, u, axis = {axis}, batch = {batch})"

    def f(x, i, u):
        return x + jax.linear_transpose(lambda x: gathered(x, i), x)(u)[0]

    return Case(f"{head(x=shape, i=indices, u=updates)} -> {call}", f, draw={"i": integers(0, shape[axis])})


def elements_of(rng):
    shape = shape_of(rng, least=1, most=3)
    axis = axis_of(rng, shape)
    picked = list(shape)
    picked[axis] = int(rng.integers(1, 5))
    dtype = str(rng.choice(["i32", "i64"]))
    return shape, axis, (picked, dtype), integers(0, shape[axis])


@maker
def take_along_axis(rng):
    shape, axis, indices, drawn = elements_of(rng)
    graph = f"{head(x=shape, i=indices)} -> take_along_axis(x, i, axis = {axis})"
    return Case(graph, lambda x, i: jnp.take_along_axis(x, i, axis), draw={"i": drawn})


@maker
def scatter_elements_add(rng):
    shape, axis, indices, drawn = elements_of(rng)
    graph = f"{head(x=shape, i=indices, u=indices[0])} -> scatter_elements_add(x, i, u, axis = {axis})"

    def f(x, i, u):
        return x + jax.linear_transpose(lambda x: jnp.take_along_axis(x, i, axis), x)(u)[0]

    return Case(graph, f, draw={"i": drawn})


def tuples_of(rng):
    """The shapes of a gather by tuples of indices, and the function."""
    batch = int(rng.integers(0, 2))
    shape = shape_of(rng, least=batch + 1, most=4)
    depth = int(rng.integers(1, len(shape) - batch + 1))
    picked = [int(n) for n in rng.integers(1, 4, rng.integers(0, 3))]
    f = lambda x, i: x[tuple(jnp.moveaxis(i, -1, 0))]
    f = jax.vmap(f) if batch else f
    extents = np.array(shape[batch : batch + depth])
    drawn = lambda r, s: r.integers(0, extents, s)
    result = shape[:batch] + picked + shape[batch + depth :]
    return shape, (shape[:batch] + picked + [depth], "i32"), result, batch, f, drawn


@maker
def gather_nd(rng):
    shape, indices, _, batch, f, drawn = tuples_of(rng)
    return Case(f"{head(x=shape, i=indices)} -> gather_nd(x, i, batch = {batch})", f, draw={"i": drawn})


@maker
def scatter_nd_add(rng):
    shape, indices, updates, batch, gathered, drawn = tuples_of(rng)
    graph = f"{head(x=shape, i=indices, u=updates)} -> scatter_nd_add(x, i, u, batch = {batch})"

    def f(x, i, u):
        return x + jax.linear_transpose(lambda x: gathered(x, i), x)(u)[0]

    return Case(graph, f, draw={"i": drawn})


def starts_of(rng, shape):
    """Places, beyond the ends as well, to be clamped."""
    names = [f"i{axis}" for axis in range(len(shape))]
    inputs = {name: ([], str(rng.choice(["i32", "i64"]))) for name in names}
    draw = {name: integers(-2, extent + 3) for name, extent in zip(names, shape)}
    return ", ".join(names), inputs, draw


@maker
def dynamic_slice(rng):
    shape = shape_of(rng, least=1, most=3)
    sizes = [int(rng.integers(1, extent + 1)) for extent in shape]
    names, inputs, draw = starts_of(rng, shape)
    graph = f"{head(x=shape, **inputs)} -> dynamic_slice(x, {names}, sizes = {listed(sizes)})"
    # JAX counts negative starts from the end, StableHLO clamps them.
    f = lambda x, *starts: lax.dynamic_slice(x, [jnp.maximum(start, 0).astype(jnp.int64) for start in starts], sizes)
    return Case(graph, f, draw=draw)


@maker
def dynamic_update_slice(rng):
    shape = shape_of(rng, least=1, most=3)
    sizes = [int(rng.integers(1, extent + 1)) for extent in shape]
    names, inputs, draw = starts_of(rng, shape)
    graph = f"{head(x=shape, u=sizes, **inputs)} -> dynamic_update_slice(x, u, {names})"
    f = lambda x, u, *starts: lax.dynamic_update_slice(x, u, [jnp.maximum(start, 0).astype(jnp.int64) for start in starts])
    return Case(graph, f, draw=draw)


@maker
def one_hot(rng):
    """Indices beyond the depth have a row of zeros."""
    depth = int(rng.integers(1, 6))
    dtype = str(rng.choice(["i32", "i64"]))
    graph = f"{head(i=(shape_of(rng, most=2), dtype))} -> one_hot(i, depth = {depth}, dtype = f64)"
    return whole(graph, lambda i: jax.nn.one_hot(i, depth, dtype=jnp.float64), i=integers(-1, depth + 2))


def ordered(x, axis, descending):
    """Stable both ways: equal elements keep their order."""
    return jnp.argsort(-x if descending else x, axis, stable=True)


@each(distinct, with_ties)
def sort(rng, drawn):
    shape, descending = shape_of(rng, high=20, least=1, most=3), truth(rng)
    axis = axis_of(rng, shape)
    call = f"sort(x, axis = {axis}, descending = {str(descending).lower()})"
    f = lambda x: jnp.take_along_axis(x, ordered(x, axis, descending), axis)
    return Case(f"{head(x=shape)} -> {call}", f, draw={"x": drawn})


@maker
def integer_sort(rng):
    shape = shape_of(rng, high=20, least=1, most=3)
    axis = axis_of(rng, shape)
    drawn = integers(-(2**31), 2**31)
    return whole(f"{head(x=(shape, 'i32'))} -> sort(x, axis = {axis})", lambda x: jnp.sort(x, axis), x=drawn)


@maker
def argsort(rng):
    shape, descending = shape_of(rng, high=20, least=1, most=3), truth(rng)
    axis = axis_of(rng, shape)
    call = f"argsort(x, axis = {axis}, descending = {str(descending).lower()})"
    return whole(f"{head(x=shape)} -> {call}", lambda x: i32(ordered(x, axis, descending)), x=with_ties)


@each(distinct, with_ties)
def top_k(rng, drawn):
    shape, largest = shape_of(rng, low=2, high=9, least=1, most=3), truth(rng)
    axis = axis_of(rng, shape)
    k = int(rng.integers(1, shape[axis] + 1))

    def f(x):
        order = lax.slice_in_dim(ordered(x, axis, largest), 0, k, axis=axis)
        return jnp.take_along_axis(x, order, axis), i32(order)

    call = f"top_k(x, k = {k}, axis = {axis}, largest = {str(largest).lower()})"
    return Case(f"{head(x=shape)} -> {call}", f, draw={"x": drawn})
