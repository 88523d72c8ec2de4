"""Makers of contractions."""

import jax.numpy as jnp

from cases import Case, integers

from .drawing import each, head, i32, listed, maker, truth, whole


def contraction_of(rng, low=1):
    extents = lambda: [int(rng.integers(low, 4)) for _ in range(rng.integers(0, 3))]
    letters = iter("abcdefghij")
    batch, inner, left, right = ([(next(letters), extent) for extent in extents()] for _ in range(4))
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
    return shape(x), shape(y), call, lambda x, y: jnp.einsum(formula, x, y)


@each(1, 0)
def contraction(rng, low):
    x, y, call, f = contraction_of(rng, low)
    return Case(f"{head(x=x, y=y)} -> {call}", f)


@maker
def integer_contraction(rng):
    x, y, call, f = contraction_of(rng)
    large = integers(-(2**31), 2**31)
    return whole(f"{head(x=(x, 'i32'), y=(y, 'i32'))} -> {call}", lambda x, y: i32(f(x, y)), x=large, y=large)


@maker
def einsum(rng):
    """One to three operands, with letters in any order and some of them twice."""
    extents = dict(zip("abcde", (int(n) for n in rng.integers(1, 4, 5))))
    drawn = lambda most: [str(rng.choice(list(extents))) for _ in range(rng.integers(0, most + 1))]
    operands = [drawn(3) for _ in range(rng.integers(1, 4))]
    present = sorted({letter for operand in operands for letter in operand})
    result = [letter for letter in present if truth(rng)]
    result = [result[at] for at in rng.permutation(len(result))]
    formula = ",".join(map("".join, operands)) + "->" + "".join(result)
    names = [f"x{at}" for at in range(len(operands))]
    inputs = {name: [extents[letter] for letter in operand] for name, operand in zip(names, operands)}
    graph = f'{head(**inputs)} -> einsum("{formula}", {", ".join(names)})'
    return Case(graph, lambda *xs: jnp.einsum(formula, *xs))


@maker
def matmul(rng):
    """NumPy's rules: vectors at either side, batches that broadcast."""
    inner, rows, columns = (int(n) for n in rng.integers(1, 6, 3))
    batch = [int(n) for n in rng.integers(1, 4, rng.integers(0, 3))]
    shrunk = lambda: [1 if rng.integers(3) == 0 else extent for extent in batch][rng.integers(0, len(batch) + 1) :]
    x = [inner] if rng.integers(4) == 0 else [*shrunk(), rows, inner]
    y = [inner] if rng.integers(4) == 0 else [*shrunk(), inner, columns]
    return Case(f"{head(x=x, y=y)} -> x @ y", jnp.matmul)
