"""Makers of Fourier transforms of any extent."""

import jax.numpy as jnp

from cases import Case
from sequences import mixed_corners, mixed_modes, number, parts

from .drawing import each, head, maker, shape_of


def line(rng):
    """A shape with one long axis, and which that is."""
    shape = shape_of(rng, high=3, least=0, most=2)
    axis = int(rng.integers(len(shape) + 1))
    return shape[:axis] + [int(rng.integers(1, 40))] + shape[axis:], axis


@maker
def product(rng):
    shape = [*shape_of(rng), 2]
    return Case(f"{head(x=shape, y=shape)} -> complex_mul(x, y)", lambda x, y: parts(number(x) * number(y)))


@each(("fft", jnp.fft.fft), ("ifft", jnp.fft.ifft))
def complex_transform(rng, name, f):
    shape, axis = line(rng)
    graph = f"{head(x=[*shape, 2])} -> {name}(x, axis = {axis})"
    return Case(graph, lambda x: parts(f(number(x), axis=axis)))


@maker
def rfft(rng):
    shape, axis = line(rng)
    return Case(f"{head(x=shape)} -> rfft(x, axis = {axis})", lambda x: parts(jnp.fft.rfft(x, axis=axis)))


@maker
def irfft(rng):
    shape, axis = line(rng)
    n, bins = shape[axis], list(shape)
    bins[axis] = n // 2 + 1
    graph = f"{head(x=[*bins, 2])} -> irfft(x, n = {n}, axis = {axis})"
    return Case(graph, lambda x: jnp.fft.irfft(number(x), n, axis=axis))


@maker
def modes(rng):
    batch, inner, outer = (int(n) for n in rng.integers(1, 4, 3))
    n = int(rng.integers(1, 13))
    kept = int(rng.integers(1, n // 2 + 2))
    inputs = head(x=[batch, inner, n], w=[inner, outer, kept, 2])
    return Case(f"{inputs} -> spectral_conv1d(x, w)", mixed_modes)


@maker
def corners(rng):
    inner, outer = (int(n) for n in rng.integers(1, 3, 2))
    m, n = int(rng.integers(2, 8)), int(rng.integers(1, 9))
    rows, columns = int(rng.integers(1, m // 2 + 1)), int(rng.integers(1, n // 2 + 2))
    weights = [inner, outer, rows, columns, 2]
    inputs = head(x=[1, inner, m, n], p=weights, q=weights)
    return Case(f"{inputs} -> spectral_conv2d(x, p, q)", mixed_corners)
