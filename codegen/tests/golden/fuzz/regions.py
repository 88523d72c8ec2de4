"""Makers of loops, branches and checkpoints around random formulas.

A formula is text that both languages read: names, + − ×, and functions of one number.
"""

import jax
import jax.numpy as jnp
from jax import lax

from cases import Case

from .drawing import each, maker, pick, shape_of, tensor, truth

FUNCTIONS = {"sin": jnp.sin, "cos": jnp.cos, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def formula(rng, names, depth=3):
    """A random formula of some of these names."""
    if depth == 0 or rng.integers(4) == 0:
        return pick(rng, names)
    kind = pick(rng, ["+", "-", "*", "*", "f"])
    if kind == "f":
        return f"{pick(rng, list(FUNCTIONS))}({formula(rng, names, depth - 1)})"
    return f"({formula(rng, names, depth - 1)} {kind} {formula(rng, names, depth - 1)})"


def function_of(names, formulas):
    """What the formulas are of values with these names."""
    codes = [compile(text, text, "eval") for text in formulas]

    def f(*values):
        scope = FUNCTIONS | dict(zip(names, values, strict=True))
        return tuple(eval(code, {"__builtins__": {}}, scope) for code in codes)

    return f


def graph_of(name, names, shape, results, formulas):
    """The same as a graph."""
    takes = ", ".join(tensor(parameter, shape) for parameter in names)
    yields = ", ".join(tensor(result, shape) for result in results)
    body = "; ".join(f"{result} = {text}" for result, text in zip(results, formulas))
    return f"graph {name}({takes}) -> ({yields}) {{ {body} }}"


def entry_of(inputs, outputs, body):
    takes = ", ".join(tensor(name, shape) for name, shape in inputs.items())
    yields = ", ".join(tensor(name, shape) for name, shape in outputs.items())
    return f"entry case({takes}) -> ({yields}) {{ {body} }}"


def bounded(rng, names):
    """A formula whose values do not grow from turn to turn."""
    return f"sin({formula(rng, names)})"


@each(False, True)
def loop(rng, checkpointed):
    """Several carries, slices and closed-over values, in any order of time; stacked results."""
    shape, length, reverse = shape_of(rng, most=2), int(rng.integers(0, 6)), truth(rng)
    carries = ["h", "c"][: int(rng.integers(1, 3))]
    slices = ["x", "z"][: int(rng.integers(0, 3))]
    closed = ["w"][: int(rng.integers(0, 2))]
    names = carries + slices + closed
    stacked = ["y", "u"][: int(rng.integers(0, 3))]
    nexts = [f"next_{name}" for name in carries]
    formulas = [bounded(rng, names) for _ in carries] + [formula(rng, names) for _ in stacked]
    step = graph_of("step", names, shape, nexts + stacked, formulas)
    f = function_of(names, formulas)
    inputs = {name: [length, *shape] if name in slices else shape for name in names}
    outputs = dict.fromkeys(nexts, shape) | dict.fromkeys(stacked, [length, *shape])
    attributes = f"carry = [{', '.join(carries)}], over = [{', '.join(slices)}], reverse = {str(reverse).lower()}"
    attributes += "" if slices else f", length = {length}"
    body = "checkpoint(step)" if checkpointed else "step"
    call = f"({', '.join(outputs)}) = scan({body}, {attributes})({', '.join(names)})"
    call = call if len(outputs) > 1 else call.replace("(", "", 1).replace(")", "", 1)

    def run(*values):
        count = len(carries), len(carries) + len(slices)
        held = values[count[1] :]

        def turn(carry, slices):
            results = f(*carry, *slices, *held)
            return results[: count[0]], results[count[0] :]

        last, ys = lax.scan(turn, values[: count[0]], values[count[0] : count[1]], length, reverse)
        return *last, *ys

    return Case(f"{step}\n{entry_of(inputs, outputs, call)}", run)


@each("scan(scan(step))", "scan(checkpoint(scan(step)))")
def nested(rng, call):
    shape = shape_of(rng, most=1)
    rows, columns = (int(n) for n in rng.integers(1, 5, 2))
    names = ["h", "x", "w"]
    formulas = [bounded(rng, names), formula(rng, names)]
    step = graph_of("step", names, shape, ["next", "y"], formulas)
    f = function_of(names, formulas)
    inputs = {"h": shape, "xs": [rows, columns, *shape], "w": shape}
    outputs = {"last": shape, "ys": [rows, columns, *shape]}
    inner = lambda w: lambda h, row: lax.scan(lambda h, x: f(h, x, w), h, row)
    run = lambda h, xs, w: lax.scan(inner(w), h, xs)
    return Case(f"{step}\n{entry_of(inputs, outputs, f'(last, ys) = {call}(h, xs, w)')}", run)


@maker
def loop_with_branch(rng):
    """Each turn takes the branch that its slice chooses."""
    shape, length = shape_of(rng, least=1, most=2), int(rng.integers(1, 5))
    names = ["h", "x"]
    first, second = bounded(rng, names), bounded(rng, names)
    f, g = function_of(names, [first]), function_of(names, [second])
    lines = [
        graph_of("first", names, shape, ["y"], [first]),
        graph_of("second", names, shape, ["y"], [second]),
        f"graph step({tensor('h', shape)}, {tensor('x', shape)}) -> ({tensor('y', shape)}) "
        "{ y = cond(first, second)(sum(x) > 0, h, x) }",
        entry_of({"h": shape, "xs": [length, *shape]}, {"last": shape}, "last = scan(step)(h, xs)"),
    ]
    turn = lambda h, x: (lax.cond(x.sum() > 0, lambda: f(h, x)[0], lambda: g(h, x)[0]), None)
    return Case("\n".join(lines), lambda h, xs: lax.scan(turn, h, xs)[0])


@maker
def branch(rng):
    shape = shape_of(rng)
    names, results = ["x", "y"], ["a", "b"][: int(rng.integers(1, 3))]
    left, right = ([formula(rng, names) for _ in results] for _ in range(2))
    f, g = function_of(names, left), function_of(names, right)
    outputs = dict.fromkeys(results, shape)
    made = ", ".join(results)
    made = f"({made})" if len(results) > 1 else made
    lines = [
        graph_of("first", names, shape, results, left),
        graph_of("second", names, shape, results, right),
        entry_of({"x": shape, "y": shape}, outputs, f"{made} = cond(first, second)(sum(x) > sum(y), x, y)"),
    ]
    return Case("\n".join(lines), lambda x, y: lax.cond(x.sum() > y.sum(), f, g, x, y))


@maker
def checkpoint(rng):
    shape, names = shape_of(rng), ["x", "y"]
    text = formula(rng, names)
    f = function_of(names, [text])
    lines = [
        graph_of("part", names, shape, ["z"], [text]),
        entry_of({"x": shape, "y": shape}, {"z": shape}, "z = checkpoint(part)(checkpoint(part)(x, y), y)"),
    ]
    return Case("\n".join(lines), lambda x, y: f(f(x, y)[0], y))


@maker
def associative(rng):
    """The composition of affine maps, in either direction."""
    shape, reverse = shape_of(rng, high=7, least=1, most=2), truth(rng)
    part, whole = shape[1:], shape
    lines = [
        f"graph compose({', '.join(tensor(name, part) for name in ('a', 'b', 'c', 'd'))}) -> "
        f"({tensor('scale', part)}, {tensor('shift', part)}) {{ scale = a * c; shift = c * b + d }}",
        entry_of(
            {"a": whole, "b": whole},
            {"p": whole, "q": whole},
            f"(p, q) = associative_scan(compose, reverse = {str(reverse).lower()})(a, b)",
        ),
    ]
    compose = lambda f, g: (f[0] * g[0], g[0] * f[1] + g[1])
    return Case("\n".join(lines), lambda a, b: lax.associative_scan(compose, (a, b), reverse=reverse))
