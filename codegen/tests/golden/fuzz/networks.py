"""Makers of what networks are made of: norms, attention, losses, steps of optimisers."""

import jax.numpy as jnp
import numpy as np
from jax import lax

import network
from cases import Case, between, integers, normal, positive

from .drawing import axis_of, each, head, maker, pick, quarters, shape_of, truth

EPS = [1e-5, 1e-3, 0.125]


def last_axes(rng, shape):
    """The shape of parameters along the last axes."""
    return shape[int(rng.integers(len(shape))) :]


def far(rng):
    """Numbers about zero or, with a variance that is not small, far from it."""
    return network.far if rng.integers(4) == 0 else normal


@maker
def layer_norm(rng):
    shape = shape_of(rng, low=2, least=1, most=3)
    tail, eps = last_axes(rng, shape), pick(rng, EPS)
    f = lambda x, g, b: network.layer_norm(x, g, b, eps)
    return Case(f"{head(x=shape, g=tail, b=tail)} -> layer_norm(x, g, b, eps = {eps})", f, draw={"x": far(rng)})


@maker
def rms_norm(rng):
    shape = shape_of(rng, least=1, most=3)
    tail, eps = last_axes(rng, shape), pick(rng, EPS)
    f = lambda x, g: network.rms_norm(x, g, eps)
    return Case(f"{head(x=shape, g=tail)} -> rms_norm(x, g, eps = {eps})", f)


def channels(rng, least=0):
    """x[N, C, P…]: at least two elements of each channel of an example, where there are places."""
    spatial = [int(n) for n in rng.integers(2, 4, rng.integers(least, 3))]
    return [int(rng.integers(2, 4)), pick(rng, [1, 2, 3, 4, 6]), *spatial]


@maker
def group_norm(rng):
    shape, eps = channels(rng), pick(rng, EPS)
    count = shape[1]
    groups = pick(rng, [g for g in range(1, count + 1) if count % g == 0])
    call = f"group_norm(x, g, b, groups = {groups}, eps = {eps})"
    inputs = head(x=shape, g=[count], b=[count])
    return Case(f"{inputs} -> {call}", network.group_norm(groups, eps), draw={"x": far(rng)})


@maker
def instance_norm(rng):
    shape, eps = channels(rng, 1), pick(rng, EPS)
    inputs = head(x=shape, g=shape[1:2], b=shape[1:2])
    return Case(f"{inputs} -> instance_norm(x, g, b, eps = {eps})", network.group_norm(shape[1], eps), draw={"x": far(rng)})


@maker
def batch_norm_training(rng):
    shape, eps = channels(rng), pick(rng, EPS)
    inputs = head(x=shape, g=shape[1:2], b=shape[1:2])
    return Case(f"{inputs} -> batch_norm_training(x, g, b, eps = {eps})", network.batch_norm(eps), draw={"x": far(rng)})


@maker
def batch_norm_inference(rng):
    shape, eps = channels(rng), pick(rng, EPS)
    inputs = head(x=shape, **{name: shape[1:2] for name in ("g", "b", "m", "v")})

    def f(x, *parameters):
        g, b, m, v = (network.channels(x, parameter) for parameter in parameters)
        return (x - m) * lax.rsqrt(v + eps) * g + b

    return Case(f"{inputs} -> batch_norm_inference(x, g, b, m, v, eps = {eps})", f, draw={"v": positive})


@maker
def masked_softmax(rng):
    """Rows of which nothing is left among them."""
    shape = shape_of(rng, least=1, most=3)
    axis = axis_of(rng, shape)
    mask = [1 if rng.integers(4) == 0 else extent for extent in shape][int(rng.integers(len(shape))) :]
    call = f"masked_softmax(x, mask, axis = {axis})"
    f = lambda x, mask: network.masked_softmax(x, jnp.broadcast_to(mask, x.shape), axis)
    return Case(f"{head(x=shape, mask=(mask, 'bool'))} -> {call}", f)


@each(None, "bool", "f64")
def attention(rng, mask):
    """With batches, shared heads, causality; rows of which nothing is left among them."""
    sharing, heads = (1, 1) if truth(rng) else (int(n) for n in rng.integers(1, 3, 2))
    batch = [int(rng.integers(1, 3))] if truth(rng) else []
    rows, width, depth = (int(n) for n in rng.integers(1, 5, 3))
    # Of one key alone, the share is 1 and its derivative 0 but for rounding.
    columns = int(rng.integers(2, 6))
    lead = lambda count: [*batch, count] if batch or count > 1 or heads > 1 else []
    shapes = {"q": [*lead(sharing * heads), rows, width], "k": [*lead(heads), columns, width]}
    shapes["v"] = [*lead(heads), columns, depth]
    if len({len(shape) for shape in shapes.values()}) > 1:
        return attention(rng, mask)
    draw = {}
    if mask:
        shown = [*lead(sharing * heads), rows, columns]
        # What is the same for a whole row has a derivative that is 0 but for rounding.
        shown[:-1] = [1 if rng.integers(4) == 0 else extent for extent in shown[:-1]]
        shown = shown[int(rng.integers(len(shown))) :]
        shapes["mask"] = (shown, mask)
        if mask == "bool":
            draw["mask"] = lambda r, s: r.uniform(size=s) < 0.6
    causal, scale = truth(rng), pick(rng, [None, 0.25, 1.5])
    attributes = (", mask" if mask else "") + (", causal = true" if causal else "")
    attributes += f", scale = {scale}" if scale else ""
    graph = f"{head(**shapes)} -> scaled_dot_product_attention(q, k, v{attributes})"
    return Case(graph, network.attention(causal, scale), draw=draw)


@maker
def rotary(rng):
    shape = [*shape_of(rng, most=2), 2 * int(rng.integers(1, 4))]
    shape = shape if len(shape) > 1 else [int(rng.integers(1, 5)), *shape]
    base, interleaved = pick(rng, [10000.0, 100.0, 2.0]), truth(rng)
    positions = (shape[:-1][int(rng.integers(len(shape) - 1)) :], "i32")
    call = f"rotary_embedding(x, p, base = {base}, interleaved = {str(interleaved).lower()})"
    f = network.rotary(base, interleaved)
    # Positions are small: an angle in f32 is off by as much as it is large, and no input tells how large it is.
    small = {"p": integers(0, 12)}
    return Case(f"{head(x=shape, p=positions)} -> {call}", lambda x, p: f(x, jnp.broadcast_to(p, x.shape[:-1])), draw=small)


@each(
    ("mse(x, t)", lambda x, t: jnp.mean((x - t) ** 2)),
    ("mae(x, t)", lambda x, t: jnp.mean(jnp.abs(x - t))),
    ("hinge(x, t)", lambda x, t: jnp.mean(jnp.maximum(0, 1 - t * x)), network.signs),
    ("bce_with_logits(x, t)", network.bce, network.probabilities),
    ("kl_div(x, t)", network.kl_div, network.probabilities),
    # Terms of probability 0.
    ("kl_div(x, t)", network.kl_div, lambda r, s: np.maximum(0, r.integers(-2, 4, s) / 4), False),
)
def loss(rng, call, f, drawn=normal, smooth=True):
    shape = shape_of(rng, least=1, most=3)
    inputs = head(x=shape, t=shape) if smooth else head(x=shape, t=(shape, "f64"))
    graph = f"{inputs} -> {call}" if smooth else f"{inputs} -> kl_div(x, stop_gradient(t))"
    f_of = f if smooth else lambda x, t: f(x, lax.stop_gradient(t))
    return Case(graph, f_of, draw={"t": drawn})


@maker
def huber(rng):
    shape, delta = shape_of(rng), quarters(rng, 1, 3)
    return Case(f"{head(x=shape, t=shape)} -> huber(x, t, delta = {delta})", network.huber(delta))


@each(True, False)
def cross_entropy(rng, by_index):
    shape = shape_of(rng, least=1, most=3)
    classes, smoothing = shape[-1], pick(rng, [0.0, 0.125, 0.5])
    labels = (shape[:-1], pick(rng, ["i32", "i64"])) if by_index else shape
    call = f"cross_entropy(x, t, label_smoothing = {smoothing})"
    drawn = integers(0, classes) if by_index else between(0, 1)
    return Case(f"{head(x=shape, t=labels)} -> {call}", network.smoothed(smoothing, classes), draw={"t": drawn})


@maker
def nll(rng):
    shape = shape_of(rng, least=1, most=3)
    f = lambda x, t: -jnp.mean(jnp.take_along_axis(x, t[..., None], -1))
    return Case(f"{head(x=shape, t=(shape[:-1], 'i32'))} -> nll(x, t)", f, draw={"t": integers(0, shape[-1])})


RATES = {"rate": between(0.01, 0.1), "mu": between(0.5, 0.9), "v": positive}


@maker
def sgd(rng):
    shape = shape_of(rng)
    return Case(f"{head(p=shape, g=shape, rate=[])} -> sgd(p, g, rate)", lambda p, g, r: p - r * g)


@maker
def momentum(rng):
    shape = shape_of(rng)
    f = lambda p, v, g, r, m: (p - r * (m * v + g), m * v + g)
    return Case(f"{head(p=shape, v=shape, g=shape, rate=[], mu=[])} -> momentum(p, v, g, rate, mu)", f, draw=RATES)


@each("adam", "adamw")
def adam(rng, name):
    shape = shape_of(rng)
    options = {"beta1": pick(rng, [0.9, 0.5]), "beta2": pick(rng, [0.999, 0.75]), "eps": pick(rng, [1e-8, 0.01])}
    if name == "adamw":
        options["decay"] = pick(rng, [0.01, 0.25, 0.0])
    call = f"{name}(p, m, v, g, rate, t" + "".join(f", {key} = {value}" for key, value in options.items()) + ")"
    inputs = head(p=shape, m=shape, v=shape, g=shape, rate=[], t=[])
    steps = lambda r, s: r.integers(1, 9, s).astype(float)
    return Case(f"{inputs} -> {call}", network.adam(**options), draw={**RATES, "t": steps})
