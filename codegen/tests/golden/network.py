"""The part of the table that has what networks are made of: norms, losses, attention, optimisers."""

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import torch
import torch.nn.functional as F
from jax import lax

from cases import between, integers, off, positive
from table import CASES, family, with_derivatives

__all__ = ["CASES"]

probabilities = between(0.05, 0.95)
far = lambda rng, shape: 1e6 + rng.integers(-8, 8, shape) / 4


def channels(x, parameter):
    """A parameter of the channels, axis 1, in the shape of x."""
    return parameter.reshape((1, -1) + (1,) * (x.ndim - 2))


def group_norm(groups, eps=1e-5):
    def f(x, gamma, beta):
        parts = x.reshape(x.shape[0], groups, -1)
        centred = parts - parts.mean(-1, keepdims=True)
        # What the mean lost when it was rounded, where the numbers are far from zero.
        centred -= lax.stop_gradient(centred.mean(-1, keepdims=True))
        standard = centred * lax.rsqrt((centred**2).mean(-1, keepdims=True) + eps)
        return standard.reshape(x.shape) * channels(x, gamma) + channels(x, beta)

    return f


def batch_norm(eps=1e-5):
    def f(x, gamma, beta):
        others = tuple(axis for axis in range(x.ndim) if axis != 1)
        mean = x.mean(others)
        centred = x - channels(x, mean)
        centred -= lax.stop_gradient(channels(x, centred.mean(others)))
        variance = (centred**2).mean(others)
        y = centred * lax.rsqrt(channels(x, variance) + eps)
        return y * channels(x, gamma) + channels(x, beta), mean, variance

    return f


def torch_batch_norm(eps=1e-5):
    def f(x, gamma, beta):
        others = tuple(axis for axis in range(x.ndim) if axis != 1)
        y = F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)
        return y, x.mean(others), x.var(others, correction=0)

    return f


def norm(name, shape, f, g, attributes="", parameters="gamma, beta", **draw):
    size = shape.split(", ")[1]
    head = ", ".join(f"{parameter}: f64[{size}]" for parameter in parameters.split(", "))
    return with_derivatives(f"(x: f64[{shape}], {head}) -> {name}(x, {parameters}{attributes})", f, g, **draw)


family(
    "normalization",
    [
        with_derivatives(
            "(x: f64[3, 4], gamma: f64[4]) -> rms_norm(x, gamma)",
            lambda x, g: x * lax.rsqrt((x**2).mean(-1, keepdims=True) + 1e-6) * g,
            lambda x, g: F.rms_norm(x, (4,), g, 1e-6),
        ),
        with_derivatives(
            "(x: f64[2, 3, 2], gamma: f64[3, 2]) -> rms_norm(x, gamma, eps = 0.1)",
            None,
            lambda x, g: F.rms_norm(x, (3, 2), g, 0.1),
        ),
        norm("group_norm", "2, 4, 3", group_norm(2), lambda x, g, b: F.group_norm(x, 2, g, b), ", groups = 2"),
        norm("group_norm", "2, 6", group_norm(3, 0.1), lambda x, g, b: F.group_norm(x, 3, g, b, 0.1), ", groups = 3, eps = 0.1"),
        norm("group_norm", "1, 3, 2, 2", group_norm(1), lambda x, g, b: F.group_norm(x, 1, g, b), ", groups = 1"),
        # PyTorch's variance is that of x itself, and loses digits to the offset.
        norm("group_norm", "2, 4, 3", group_norm(2), None, ", groups = 2", x=far),
        norm("instance_norm", "2, 3, 4", group_norm(3), lambda x, g, b: F.instance_norm(x, weight=g, bias=b)),
        norm(
            "instance_norm",
            "2, 2, 3, 2",
            group_norm(2, 0.1),
            lambda x, g, b: F.instance_norm(x, weight=g, bias=b, eps=0.1),
            ", eps = 0.1",
        ),
        norm("batch_norm_training", "5, 3", batch_norm(), torch_batch_norm()),
        norm("batch_norm_training", "3, 2, 2, 2", batch_norm(0.1), torch_batch_norm(0.1), ", eps = 0.1"),
        norm("batch_norm_training", "4, 2, 3", batch_norm(), None, x=far),
        norm(
            "batch_norm_inference",
            "2, 3, 2",
            lambda x, g, b, m, v: (x - channels(x, m)) * lax.rsqrt(channels(x, v) + 1e-5) * channels(x, g) + channels(x, b),
            lambda x, g, b, m, v: (x - channels(x, m)) * (channels(x, v) + 1e-5).rsqrt() * channels(x, g) + channels(x, b),
            parameters="gamma, beta, mean, variance",
            variance=positive,
        ),
    ],
)


def loss(call, f, g=None, shape="2, 3", **draw):
    return with_derivatives(f"(x: f64[{shape}], t: f64[{shape}]) -> {call}", f, g, **draw)


def huber(delta):
    def f(x, t):
        d = x - t
        return jnp.mean(jnp.where(jnp.abs(d) <= delta, d * d / 2, delta * (jnp.abs(d) - delta / 2)))

    return f


def bce(x, t):
    return jnp.mean(-t * jax.nn.log_sigmoid(x) - (1 - t) * jax.nn.log_sigmoid(-x))


def smoothed(amount, classes=3):
    """Cross entropy with labels, indices or probabilities, that are spread in part over all classes."""

    def f(x, labels):
        t = labels if labels.ndim == x.ndim else jax.nn.one_hot(labels, classes, dtype=x.dtype)
        t = (1 - amount) * t + amount / classes * t.sum(-1, keepdims=True)
        return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(x), -1))

    return f


def kl_div(x, t):
    return jnp.mean(jnp.sum(jnp.where(t > 0, t * (jnp.log(jnp.where(t > 0, t, 1)) - x), 0), -1))


signs = lambda rng, shape: rng.choice([-1.0, 1.0], shape)
labels = integers(0, 3)

family(
    "losses",
    [
        loss("huber(x, t)", huber(1), F.huber_loss, "9", x=off([0], 0.3), t=between(-0.1, 0.1)),
        loss("huber(x, t, delta = 0.25)", huber(0.25), lambda x, t: F.huber_loss(x, t, delta=0.25), "12"),
        loss("hinge(x, t)", lambda x, t: jnp.mean(jnp.maximum(0, 1 - t * x)), t=signs),
        loss("bce_with_logits(x, t)", bce, F.binary_cross_entropy_with_logits, t=probabilities),
        loss("bce_with_logits(x, t)", bce, F.binary_cross_entropy_with_logits, "8", x=between(-40, 40), t=integers(0, 2)),
        with_derivatives(
            "(x: f64[4, 3], t: i32[4]) -> cross_entropy(x, t, label_smoothing = 0.1)",
            smoothed(0.1),
            lambda x, t: F.cross_entropy(x, t, label_smoothing=0.1),
            t=labels,
        ),
        loss("cross_entropy(x, t, label_smoothing = 0.25)", smoothed(0.25), t=probabilities),
        with_derivatives(
            "(x: f64[4, 3], t: i32[4]) -> nll(x, t)",
            lambda x, t: -jnp.mean(jnp.take_along_axis(x, t[..., None], -1)),
            F.nll_loss,
            t=labels,
        ),
        with_derivatives(
            "(x: f64[2, 2, 3], t: i64[2, 2]) -> nll(log_softmax(x), t)",
            lambda x, t: -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), t[..., None], -1)),
            t=labels,
        ),
        loss("kl_div(x, t)", kl_div, lambda x, t: F.kl_div(x, t, reduction="batchmean"), t=probabilities),
        loss("kl_div(log_softmax(x), softmax(t))", lambda x, t: kl_div(jax.nn.log_softmax(x), jax.nn.softmax(t)), shape="2, 2, 3"),
    ],
)


def adam(beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    def f(p, m, v, g, rate, t):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        direction = m / (1 - beta1**t) / (jnp.sqrt(v / (1 - beta2**t)) + eps)
        return (1 - rate * decay) * p - rate * direction, m, v

    return f


def torch_adam(optimizer, **options):
    """PyTorch's own step from the state that it would have before step number t."""

    def f(p, m, v, g, rate, t):
        p = torch.nn.Parameter(p.clone())
        step = optimizer([p], lr=float(rate), **options)
        step.state[p] = {"step": t - 1, "exp_avg": m.clone(), "exp_avg_sq": v.clone()}
        p.grad = g.clone()
        step.step()
        return p.detach(), step.state[p]["exp_avg"], step.state[p]["exp_avg_sq"]

    return f


def optimizer(call, f, g=None, smooth=True):
    head = ", ".join(f"{name}: f64[3]" for name in ("p", "m", "v", "g"))
    graph = f"({head}, rate: f64[], t: f64[]) -> {call}"
    case = with_derivatives(graph, f, g, v=positive, rate=between(0.01, 0.1), t=lambda r, s: r.integers(1, 9, s).astype(float))
    case.smooth = smooth
    return case


family(
    "optimizers",
    [
        optimizer("adam(p, m, v, g, rate, t)", adam()),
        optimizer("adam(p, m, v, g, rate, t)", adam(), torch_adam(torch.optim.Adam), smooth=False),
        optimizer("adam(p, m, v, g, rate, t, beta1 = 0.5, beta2 = 0.75, eps = 0.01)", adam(0.5, 0.75, 0.01)),
        optimizer("adamw(p, m, v, g, rate, t)", adam(decay=0.01)),
        optimizer("adamw(p, m, v, g, rate, t)", adam(decay=0.01), torch_adam(torch.optim.AdamW), smooth=False),
        optimizer("adamw(p, m, v, g, rate, t, decay = 0.25)", adam(decay=0.25)),
    ],
)
