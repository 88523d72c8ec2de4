"""Makers of random numbers: the same words, and so the same numbers, as JAX draws."""

import jax
import jax.numpy as jnp

from cases import Case, between, integers
from sequences import key_of, threefry, words

from .drawing import each, head, i32, listed, maker, pick, shape_of, whole


def key(rng):
    """A key as two words or as a seed: its type, what draws it, and JAX's key for a stream."""
    kind = pick(rng, ["u32[2]", "i64[]", "i32[]", "u32[]"])
    stream = int(rng.integers(0, 9))
    if kind == "u32[2]":
        return ([2], "u32"), words, stream, key_of
    low, high = {"i64[]": (0, 2**50), "i32[]": (-(2**31), 2**31), "u32[]": (0, 2**32)}[kind]
    seeded = lambda seed, stream: jax.random.fold_in(jax.random.key(seed), stream)
    return ([], kind[:3]), integers(low, high), stream, seeded


@maker
def rounds(rng):
    shape = [int(rng.integers(1, 9))]
    inputs = head(key=([2], "u32"), x0=(shape, "u32"), x1=(shape, "u32"))
    return whole(f"{inputs} -> threefry2x32(key, x0, x1)", threefry, key=words, x0=words, x1=words)


@maker
def fold_in(rng):
    number = ([], pick(rng, ["i32", "u32"]))
    drawn = integers(0, 2**31)
    f = lambda key, number: jax.random.key_data(key_of(key, number))
    return whole(f"{head(key=([2], 'u32'), n=number)} -> rng_fold_in(key, n)", f, key=words, n=drawn)


@maker
def bits(rng):
    ty, drawn, stream, keyed = key(rng)
    shape = shape_of(rng)
    call = f"rng_bits(key, stream = {stream}, shape = {listed(shape)})"
    f = lambda key: jax.random.bits(keyed(key, stream), shape, jnp.uint32)
    return whole(f"{head(key=ty)} -> {call}", f, key=drawn)


@each(("f32", jnp.float32), ("f64", jnp.float64))
def uniform(rng, dtype, of):
    ty, drawn, stream, keyed = key(rng)
    shape, low = shape_of(rng), int(rng.integers(-2, 2))
    high = low + int(rng.integers(1, 4))
    call = f"rng_uniform(key, stream = {stream}, shape = {listed(shape)}, low = {low}, high = {high}, dtype = {dtype})"
    f = lambda key: jax.random.uniform(keyed(key, stream), shape, of, low, high)
    return Case(f"{head(key=ty)} -> {call}", f, draw={"key": drawn}, smooth=False, double=True)


@maker
def bernoulli(rng):
    ty, drawn, stream, keyed = key(rng)
    shape = shape_of(rng)
    call = f"rng_bernoulli(key, p, stream = {stream})"
    f = lambda key, p: jax.random.bernoulli(keyed(key, stream), p)
    return whole(f"{head(key=ty, p=(shape, 'f32'))} -> {call}", f, key=drawn, p=between(0, 1))


@maker
def categorical(rng):
    ty, drawn, stream, keyed = key(rng)
    shape = shape_of(rng, least=1)
    axis = int(rng.integers(len(shape)))
    call = f"rng_categorical(key, x, stream = {stream}, axis = {axis})"
    f = lambda key, x: i32(jax.random.categorical(keyed(key, stream), x, axis))
    return whole(f"{head(key=ty, x=(shape, 'f32'))} -> {call}", f, key=drawn)


@maker
def dropout(rng):
    ty, drawn, stream, keyed = key(rng)
    shape, keep, training = shape_of(rng), pick(rng, [0.25, 0.5, 0.75]), rng.integers(4) > 0
    call = f"dropout(x, key, stream = {stream}, keep = {keep}, training = {str(bool(training)).lower()})"

    def f(x, key):
        mask = jax.random.bernoulli(keyed(key, stream), jnp.float32(keep), x.shape)
        return jnp.where(mask, x / keep, 0) if training else x

    return Case(f"{head(x=shape, key=ty)} -> {call}", f, draw={"key": drawn})


@maker
def mask_scale(rng):
    shape, keep = shape_of(rng), pick(rng, [0.25, 0.75, 1.0])
    f = lambda x, mask: jnp.where(mask, x / keep, 0)
    return Case(f"{head(x=shape, mask=(shape, 'bool'))} -> fixed_mask_scale(x, mask, keep = {keep})", f)
