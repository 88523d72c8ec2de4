"""What a golden case is, and how its numbers are made.

A case is a graph, in the form of the examples of ops or as a file with one entry, and the same function in JAX
and, where it has one, in PyTorch. `record` draws inputs, tangents and cotangents and writes down, in double precision,

    results   f(x)
    jvp       the tangents of the float results, along the tangents of the float inputs
    vjp       the cotangents of the float inputs
    second    the tangents of the vjp along the tangents of the inputs

of the reference. Where both have the function, both must agree. Inputs and tangents are numbers of single
precision, so that code in single precision gets the same ones.
"""

import hashlib
import math
import re
from dataclasses import dataclass, field
from typing import Callable, Optional

import jax
import jax.numpy as jnp
import numpy as np
import torch

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

DTYPES = {
    "f16": np.float16,
    "bf16": jnp.bfloat16,
    "f32": np.float32,
    "f64": np.float64,
    "i32": np.int32,
    "i64": np.int64,
    "u32": np.uint32,
    "bool": np.bool_,
}

# How closely the two references must agree, relative to the largest element.
AGREEMENT = 1e-11


@dataclass
class Case:
    """A graph and what it should be."""

    graph: str
    jax: Optional[Callable] = None
    torch: Optional[Callable] = None
    # Draws the input of a name: a function of a generator and a shape.
    draw: dict = field(default_factory=dict)
    # Why there are no derivatives, if there are none beside those that must be zero.
    smooth: bool = True
    # Whether the same with f32 in place of f64 is another function, as random numbers of another width are.
    double: bool = False
    # Whether the inputs are meant to the last digit: no error in single precision is excused by rounding them.
    exact: bool = False

    @property
    def parameters(self):
        """Names, dtypes and shapes of the inputs."""
        head = self.graph[self.graph.rfind("entry ") + 1 :].split(" -> ")[0]
        found = re.findall(r"(\w+): (\w+)\[([^\]]*)\]", head)
        shape = lambda text: tuple(int(extent) for extent in text.split(",") if extent.strip())
        return [(name, dtype, shape(extents)) for name, dtype, extents in found]

    def generator(self, seed):
        """A stream of random numbers that depends on the graph and a seed."""
        digest = hashlib.sha256(f"{seed} {self.graph}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def single(array):
    """The nearest numbers of single precision."""
    return np.asarray(array, np.float32).astype(np.float64)


def normal(rng, shape):
    return single(rng.standard_normal(shape))


def positive(rng, shape):
    return single(rng.uniform(0.25, 4.0, shape))


def between(low, high):
    return lambda rng, shape: single(rng.uniform(low, high, shape))


def off(points, margin=0.05):
    """Normal numbers that keep their distance from some points, where a function has kinks."""

    def draw(rng, shape):
        numbers = rng.standard_normal(shape)
        for point in points:
            near = np.abs(numbers - point) < margin
            numbers = np.where(near, point + 2 * margin, numbers)
        return single(numbers)

    return draw


def distinct(rng, shape):
    """Numbers no two of which are near each other, in random order."""
    count = math.prod(shape)
    return single((rng.permutation(count) - count / 2 + rng.uniform(-0.2, 0.2, count)).reshape(shape) / 4)


def integers(low, high):
    return lambda rng, shape: rng.integers(low, high, shape)


def default_draw(dtype):
    if dtype in ("f16", "bf16", "f32", "f64"):
        return normal
    if dtype == "bool":
        return lambda rng, shape: rng.integers(0, 2, shape).astype(bool)
    return integers(-9 if dtype != "u32" else 0, 10)


def inputs_of(case, rng):
    drawn = []
    for name, dtype, shape in case.parameters:
        draw = case.draw.get(name, default_draw(dtype))
        drawn.append(np.asarray(draw(rng, shape)).astype(DTYPES[dtype]))
    return drawn


def is_float(array):
    return jnp.issubdtype(jnp.result_type(array), jnp.floating)


def tuple_of(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


class Jax:
    """Values and derivatives by JAX."""

    name = f"jax {jax.__version__}"

    def function(self, case):
        return case.jax

    def values(self, f, xs):
        return [np.asarray(y) for y in tuple_of(f(*map(jnp.asarray, xs)))]

    def derivatives(self, f, xs, tangents, cotangents):
        floats = [i for i, x in enumerate(xs) if is_float(x)]
        xs = [jnp.asarray(x) for x in xs]

        def of_floats(*values):
            full = list(xs)
            for i, value in zip(floats, values):
                full[i] = value
            return tuple(y for y in tuple_of(f(*full)) if is_float(y))

        primals = tuple(xs[i] for i in floats)
        pull = lambda *values: jax.vjp(of_floats, *values)[1](tuple(map(jnp.asarray, cotangents)))
        tangents = tuple(map(jnp.asarray, tangents))
        jvp = jax.jvp(of_floats, primals, tangents)[1]
        vjp, second = jax.jvp(pull, primals, tangents)
        arrays = lambda values: [np.asarray(value) for value in values]
        return arrays(jvp), arrays(vjp), arrays(second)


def gradients(outputs, inputs, seeds):
    """The cotangents of the inputs, as a graph that can be differentiated again."""
    paths = [(y, seed) for y, seed in zip(outputs, seeds) if y.requires_grad]
    if not paths:
        return [torch.zeros_like(x) for x in inputs]
    ys, seeds = zip(*paths)
    return torch.autograd.grad(ys, inputs, seeds, create_graph=True, materialize_grads=True)


class Torch:
    """Values and derivatives by PyTorch."""

    name = f"torch {torch.__version__.split('+')[0]}"

    def function(self, case):
        return case.torch

    def tensors(self, xs):
        widened = [x.astype(np.int64) if x.dtype.kind in "iu" else x for x in xs]
        return [torch.tensor(x) for x in widened]

    def values(self, f, xs):
        return [y.detach().numpy() for y in tuple_of(f(*self.tensors(xs)))]

    def derivatives(self, f, xs, tangents, cotangents):
        """Through reverse mode alone, which every function has: the tangent of y is the derivative by u of the
        cotangents that u leads to."""
        floats = [i for i, x in enumerate(xs) if is_float(x)]
        xs = self.tensors(xs)
        leaves = [xs[i].requires_grad_() for i in floats]
        results = [y for y in tuple_of(f(*xs)) if y.is_floating_point()]
        tangents = [torch.tensor(t) for t in tangents]
        probes = [torch.zeros_like(y, requires_grad=True) for y in results]
        swept = gradients(results, leaves, probes)
        jvp = gradients(swept, probes, tangents)
        seeds = [torch.tensor(c) for c in cotangents]
        vjp = gradients(results, leaves, seeds)
        # The derivative of ⟨vjp, tangents⟩ is the tangent of the vjp: second derivatives are symmetric.
        inner = sum((v * t).sum() for v, t in zip(vjp, tangents))
        second = gradients([inner], leaves, [torch.ones_like(inner)])
        arrays = lambda values: [value.numpy(force=True) for value in values]
        return arrays(jvp), arrays(vjp), arrays(second)


REFERENCES = (Jax(), Torch())


def agree(name, case, ours, theirs):
    for left, right in zip(ours, theirs, strict=True):
        left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
        scale = max(1.0, np.nanmax(np.abs(np.where(np.isfinite(left), left, 0)), initial=0))
        same = left.shape == right.shape and np.allclose(
            left, right, rtol=AGREEMENT, atol=AGREEMENT * scale, equal_nan=True
        )
        if not same:
            raise SystemExit(f"{case.graph}: the references disagree on {name}:\n{left}\n{right}")


def narrowed(arrays):
    return [array.astype(np.float32) if array.dtype == np.float64 else array for array in arrays]


def errors_in_single(case, xs, tangents, cotangents, expected):
    """By how much JAX itself is off in single precision: the largest error of each tensor."""
    jax_ = REFERENCES[0]
    xs, tangents = narrowed(xs), narrowed(tangents)
    results = jax_.values(jax_.function(case), xs)
    found = list(results)
    if len(expected) > len(results):
        floats = [y for y in results if is_float(y)]
        cotangents = [c.astype(y.dtype) for c, y in zip(cotangents, floats, strict=True)]
        jvp, vjp, second = jax_.derivatives(jax_.function(case), xs, tangents, cotangents)
        found += [*vjp, *jvp, *second]
    errors = []
    for ours, exact in zip(found, expected, strict=True):
        off = np.abs(np.asarray(ours, np.float64) - np.asarray(exact, np.float64))
        errors.append(float(np.max(off[np.isfinite(off)], initial=0)))
    return errors


def record(case, seed=0, single=False):
    """The numbers of a case, ready to be written; if wanted, with the errors of JAX in single precision."""
    rng = case.generator(seed)
    xs = inputs_of(case, rng)
    tangents = [normal(rng, x.shape).astype(x.dtype) for x in xs if is_float(x)]
    known = [reference for reference in REFERENCES if reference.function(case)]
    results = known[0].values(known[0].function(case), xs)
    cotangents = [normal(rng, y.shape).astype(y.dtype) for y in results if is_float(y)]
    entry = {
        "graph": case.graph,
        "source": ", ".join(reference.name for reference in known),
        "inputs": xs,
        "results": results,
    }
    entry |= {flag: True for flag in ("double", "exact") if getattr(case, flag)}
    derivatives = None
    if case.smooth and tangents and cotangents:
        derivatives = known[0].derivatives(known[0].function(case), xs, tangents, cotangents)
        names = ("jvp", "vjp", "second")
        entry |= {"tangents": tangents, "cotangents": cotangents} | dict(zip(names, derivatives))
    for other in known[1:]:
        f = other.function(case)
        agree("results", case, results, other.values(f, xs))
        if derivatives:
            for name, ours, theirs in zip(names, derivatives, other.derivatives(f, xs, tangents, cotangents)):
                agree(name, case, ours, theirs)
    recorded = {key: written(value) for key, value in entry.items()}
    if single and case.jax and not case.double and "f64" in case.graph:
        jvp, vjp, second = derivatives or ([], [], [])
        expected = [*results, *vjp, *jvp, *second]
        recorded["single"] = errors_in_single(case, xs, tangents, cotangents, expected)
    return recorded


def written(value):
    """Arrays as lists of numbers that read back exactly."""
    if isinstance(value, (str, bool)):
        return value
    plain = lambda array: array.astype(np.float64) if array.dtype == jnp.bfloat16 else array
    return [[number(element) for element in plain(np.asarray(array)).ravel().tolist()] for array in value]


def number(element):
    if isinstance(element, bool):
        return int(element)
    if isinstance(element, float) and not math.isfinite(element):
        return str(element)
    return element
