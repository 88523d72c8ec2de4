"""What all makers draw from: shapes, axes, attributes; and the list of makers."""


import jax.numpy as jnp
import numpy as np

from cases import Case

MAKERS = []


def maker(f):
    """Registers a function that makes a case from random numbers."""
    MAKERS.append(f)
    return f


def each(*options):
    """Registers a function of random numbers and an option's parts, for each option."""

    def register(f):
        for option in options:
            parts = option if isinstance(option, tuple) else (option,)
            MAKERS.append(lambda rng, parts=parts: f(rng, *parts))
        return f

    return register


def whole(graph, f, **draw):
    """A case without derivatives."""
    return Case(graph, f, draw=draw, smooth=False)


i32 = lambda array: array.astype(jnp.int32)


def shape_of(rng, low=1, high=4, least=0, most=4):
    """A random shape of at most some 60 elements."""
    while True:
        shape = [int(rng.integers(low, high + 1)) for _ in range(rng.integers(least, most + 1))]
        if np.prod(shape, initial=1) <= 60:
            return shape


def perhaps_empty(rng, **limits):
    """A random shape, now and then without elements."""
    return shape_of(rng, low=0 if rng.integers(8) == 0 else 1, **limits)


def axis_of(rng, shape):
    """An axis, counted from either end."""
    axis = int(rng.integers(len(shape)))
    return axis - len(shape) if truth(rng) else axis


def axes_of(rng, rank, least=0):
    count = int(rng.integers(least, rank + 1))
    return sorted(int(axis) for axis in rng.permutation(rank)[:count])


def truth(rng):
    return bool(rng.integers(0, 2))


def pick(rng, options):
    return options[rng.integers(len(options))]


def quarters(rng, low, high):
    """A multiple of 1/4, which text and both precisions have exactly."""
    return int(rng.integers(4 * low, 4 * high + 1)) / 4


def with_ties(rng, shape):
    """Numbers of which many are equal."""
    return rng.integers(0, 3, shape).astype(float)


def tensor(name, shape, dtype="f64"):
    return f"{name}: {dtype}[{', '.join(map(str, shape))}]"


def head(**inputs):
    """The inputs of a graph: a shape each, or a shape and a dtype."""
    typed = lambda spec: (spec if isinstance(spec, tuple) else (spec, "f64"))
    return "(" + ", ".join(tensor(name, *typed(spec)) for name, spec in inputs.items()) + ")"


def listed(numbers):
    return "[" + ", ".join(str(int(number)) for number in numbers) + "]"


def shown(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def attributes_of(attributes):
    """Attributes as a call has them after its operands."""
    return "".join(f", {name} = {shown(value)}" for name, value in attributes.items())


def backwards(f, axis):
    """A function along an axis, from the last element to the first."""
    return lambda x: jnp.flip(f(jnp.flip(x, axis)), axis)


