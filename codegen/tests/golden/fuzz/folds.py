"""Makers of folds and of prefix scans."""

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
from jax import lax

from cases import Case, distinct, integers, normal

from .drawing import attributes_of, axes_of, axis_of, backwards, each, head, i32, listed, maker
from .drawing import perhaps_empty, shape_of, truth, whole, with_ties

products = lambda r, s: r.integers(-2, 3, s).astype(float)


@each(
    ("sum", jnp.sum, perhaps_empty),
    ("mean", jnp.mean, shape_of),
    ("reduce_max", jnp.max, shape_of, distinct),
    ("reduce_min", jnp.min, shape_of, distinct),
    ("reduce_prod", jnp.prod, perhaps_empty),
    # Zeros among the factors.
    ("reduce_prod", jnp.prod, shape_of, products),
)
def fold(rng, name, f, shapes, drawn=normal):
    shape, keepdims = shapes(rng, least=1), truth(rng)
    axes = axes_of(rng, len(shape), 1)
    call = f"{name}(x, axes = {listed(axes)}, keepdims = {str(keepdims).lower()})"
    f_of = lambda x: f(x, axis=tuple(axes), keepdims=keepdims)
    return Case(f"{head(x=shape)} -> {call}", f_of, draw={"x": drawn})


@each(("sum", jnp.sum), ("reduce_max", jnp.max), ("reduce_min", jnp.min), ("reduce_prod", jnp.prod))
def integer_fold(rng, name, f):
    """Sums and products that overflow among them."""
    shape = shape_of(rng, least=1)
    axes = tuple(axes_of(rng, len(shape), 1))
    call = f"{name}(x, axes = {listed(axes)})"
    return whole(f"{head(x=(shape, 'i32'))} -> {call}", lambda x: i32(f(x, axes)), x=integers(-(2**31), 2**31))


@each(("argmax", jnp.argmax), ("argmin", jnp.argmin))
def search(rng, name, f):
    shape, keepdims, dtype = shape_of(rng, least=1), truth(rng), "i64" if truth(rng) else "i32"
    axis = axis_of(rng, shape)
    call = f"{name}(x, axis = {axis}, keepdims = {str(keepdims).lower()}, dtype = {dtype})"
    found = lambda x: f(x, axis, keepdims=keepdims).astype(dtype.replace("i", "int"))
    return whole(f"{head(x=shape)} -> {call}", found, x=with_ties)


@maker
def logsumexp(rng):
    shape, keepdims = shape_of(rng, least=1), truth(rng)
    axes = axes_of(rng, len(shape), 1)
    call = f"logsumexp(x, axis = {listed(axes)}, keepdims = {str(keepdims).lower()})"
    return Case(f"{head(x=shape)} -> {call}", lambda x: jsp.logsumexp(x, tuple(axes), keepdims=keepdims))


@each(("softmax", jax.nn.softmax), ("log_softmax", jax.nn.log_softmax), ("logsumexp", jsp.logsumexp))
def exponentials(rng, name, f):
    """Of large numbers, too: where one share is all but 1, derivatives that are made of shares have no digits left."""
    shape = shape_of(rng, high=9, least=1)
    axis, size = axis_of(rng, shape), 100.0 if rng.integers(4) == 0 else 1.0
    graph = f"{head(x=shape)} -> {name}({size} * x, axis = {axis})"
    return Case(graph, lambda x: f(size * x, axis), smooth=size == 1)


def shifted(f, axis, neutral):
    """A running fold of the elements before each place."""

    def exclusive(x):
        y = f(x)
        edge = jnp.full_like(lax.slice_in_dim(y, 0, 1, axis=axis), neutral)
        return jnp.concatenate([edge, lax.slice_in_dim(y, 0, y.shape[axis] - 1, axis=axis)], axis)

    return exclusive


@each(
    ("cumsum", lax.cumsum, normal, 0),
    ("cumprod", lambda x, axis: lax.cumprod(x, axis), normal, 1),
    ("cummax", lax.cummax, distinct, None),
    ("cummin", lax.cummin, distinct, None),
    ("cumlogsumexp", lax.cumlogsumexp, normal, None),
)
def prefix(rng, name, f, drawn, neutral):
    shape = shape_of(rng, high=7, least=1, most=3)
    axis = int(rng.integers(len(shape)))
    attributes = {"axis": axis, "reverse": truth(rng)}
    along = lambda x: f(x, axis)
    if neutral is not None:
        attributes["exclusive"] = truth(rng)
        along = shifted(along, axis, neutral) if attributes["exclusive"] else along
    along = backwards(along, axis) if attributes["reverse"] else along
    return Case(f"{head(x=shape)} -> {name}(x{attributes_of(attributes)})", along, draw={"x": drawn})


@each(("cumsum", lax.cumsum), ("cumprod", lax.cumprod), ("cummax", lax.cummax), ("cummin", lax.cummin))
def integer_prefix(rng, name, f):
    shape = shape_of(rng, high=9, least=1, most=2)
    axis, reverse = int(rng.integers(len(shape))), truth(rng)
    call = f"{name}(x, axis = {axis}, reverse = {str(reverse).lower()})"
    drawn = integers(-(2**31), 2**31)
    return whole(f"{head(x=(shape, 'i32'))} -> {call}", lambda x: i32(f(x, axis, reverse=reverse)), x=drawn)


@maker
def linear_recurrence(rng):
    shape = shape_of(rng, high=7, least=1, most=3)
    axis = int(rng.integers(len(shape)))
    attributes = {"axis": axis, "reverse": truth(rng), "exclusive": truth(rng)}

    def f(a, b):
        a, b = (jnp.flip(jnp.moveaxis(x, axis, 0), 0) if attributes["reverse"] else jnp.moveaxis(x, axis, 0) for x in (a, b))
        step = lambda h, x: (x[0] * h + x[1],) * 2
        y = lax.scan(step, jnp.zeros_like(b[0]), (a, b))[1]
        y = jnp.concatenate([jnp.zeros_like(y[:1]), y[:-1]]) if attributes["exclusive"] else y
        return jnp.moveaxis(jnp.flip(y, 0) if attributes["reverse"] else y, 0, axis)

    return Case(f"{head(a=shape, b=shape)} -> linear_recurrence(a, b{attributes_of(attributes)})", f)
