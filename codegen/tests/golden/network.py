"""The part of the table that has what networks are made of: norms, losses, attention, optimisers."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from jax import lax
from torch.nn.attention import SDPBackend, sdpa_kernel

from cases import between, integers, off, positive
from table import family, with_derivatives

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


def norm(name, shape, f, g=None, attributes="", parameters="gamma, beta", **draw):
    size = shape.split(", ")[1]
    head = ", ".join(f"{parameter}: f64[{size}]" for parameter in parameters.split(", "))
    return with_derivatives(f"(x: f64[{shape}], {head}) -> {name}(x, {parameters}{attributes})", f, g, **draw)


def layer_norm(x, gamma, beta, eps=1e-5):
    axes = tuple(range(-gamma.ndim, 0))
    centred = x - x.mean(axes, keepdims=True)
    centred -= lax.stop_gradient(centred.mean(axes, keepdims=True))
    return centred * lax.rsqrt((centred**2).mean(axes, keepdims=True) + eps) * gamma + beta


def rms_norm(x, gamma, eps=1e-6):
    axes = tuple(range(-gamma.ndim, 0))
    return x * lax.rsqrt((x**2).mean(axes, keepdims=True) + eps) * gamma


def exactly(case):
    """Numbers far from zero, of which single precision has all digits: so must it have of what is made of them."""
    case.exact = True
    return case


family(
    "normalization",
    [
        exactly(norm("layer_norm", "3, 8", layer_norm, x=far)),
        exactly(norm("layer_norm", "2, 37", layer_norm, x=far)),
        with_derivatives(
            "(x: f64[2, 3, 4], gamma: f64[3, 4], beta: f64[3, 4]) -> layer_norm(x, gamma, beta, eps = 0.1)",
            lambda x, g, b: layer_norm(x, g, b, 0.1),
            x=far,
        ),
        exactly(norm("rms_norm", "3, 8", rms_norm, parameters="gamma", x=far)),
        with_derivatives(
            "(x: f64[3, 4], gamma: f64[4]) -> rms_norm(x, gamma)",
            rms_norm,
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


def masked_softmax(x, mask, axis=-1):
    """Zeros where all is blocked."""
    largest = jnp.max(jnp.where(mask, x, -jnp.inf), axis, keepdims=True)
    powers = jnp.where(mask, jnp.exp(jnp.where(mask, x - lax.stop_gradient(largest), 0)), 0)
    total = powers.sum(axis, keepdims=True)
    return powers / jnp.where(total == 0, 1, total)


def attention(causal=False, scale=None):
    def f(q, k, v, mask=None):
        sharing = q.shape[-3] // k.shape[-3] if q.ndim > 2 else 1
        if sharing > 1:
            k, v = jnp.repeat(k, sharing, -3), jnp.repeat(v, sharing, -3)
        scores = q @ jnp.swapaxes(k, -1, -2) * (scale or q.shape[-1] ** -0.5)
        allowed = jnp.ones(scores.shape, bool)
        if mask is not None and mask.dtype == bool:
            allowed = jnp.broadcast_to(mask, scores.shape)
        elif mask is not None:
            scores = scores + mask
        if causal:
            allowed = jnp.tril(allowed)
        return masked_softmax(scores, allowed) @ v

    return f


def torch_attention(causal=False, scale=None):
    def f(q, k, v, mask=None):
        shared = q.ndim > 2 and q.shape[-3] != k.shape[-3]
        # The other kernels have no second derivative.
        with sdpa_kernel(SDPBackend.MATH):
            return F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=scale, enable_gqa=shared)

    return f


def sdpa(q, k, v, mask="", shown="", theirs=True, draw=None, **attributes):
    head = f"q: f64[{q}], k: f64[{k}], v: f64[{v}]" + (f", mask: {mask}" if mask else "")
    call = "q, k, v" + (", mask" if mask else "") + shown
    graph = f"({head}) -> scaled_dot_product_attention({call})"
    f, g = attention(**attributes), torch_attention(**attributes) if theirs else None
    return with_derivatives(graph, f, g, **({"mask": draw} if draw else {}))


def rotary(base=10000.0, interleaved=False):
    def f(x, positions):
        half = x.shape[-1] // 2
        angles = positions[..., None] * base ** (-jnp.arange(half) / half)
        cos, sin = jnp.cos(angles), jnp.sin(angles)
        first, second = (x[..., ::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
        turned = first * cos - second * sin, first * sin + second * cos
        return jnp.stack(turned, -1).reshape(x.shape) if interleaved else jnp.concatenate(turned, -1)

    return f


some = lambda rng, shape: (rng.uniform(size=shape) < 0.6) | (np.arange(shape[-1]) == 0)
few = lambda rng, shape: rng.uniform(size=shape) < 0.3

family(
    "attention",
    [
        with_derivatives("(x: f64[3, 4], mask: bool[3, 4]) -> masked_softmax(x, mask)", masked_softmax, mask=some),
        # Rows where all is blocked.
        with_derivatives("(x: f64[6, 3], mask: bool[6, 3]) -> masked_softmax(x, mask)", masked_softmax, mask=few),
        with_derivatives(
            "(x: f64[2, 3, 2], mask: bool[3, 1]) -> masked_softmax(x, mask, axis = 1)",
            lambda x, mask: masked_softmax(x, mask, 1),
            lambda x, mask: torch.where(mask, x, -torch.inf).softmax(1),
            mask=lambda rng, shape: np.array([[True], [False], [True]]),
        ),
        sdpa("3, 2", "4, 2", "4, 3"),
        sdpa("2, 3, 4", "2, 3, 4", "2, 3, 2", shown=", causal = true", causal=True),
        sdpa("2, 3", "4, 3", "4, 2", shown=", causal = true, scale = 0.25", causal=True, scale=0.25),
        sdpa("1, 2, 3, 2", "1, 2, 4, 2", "1, 2, 4, 2", "bool[2, 1, 4]", draw=some),
        sdpa("2, 3, 2", "2, 4, 2", "2, 4, 1", "f64[3, 4]"),
        sdpa("4, 3, 2", "2, 3, 2", "2, 3, 2", shown=", causal = true", causal=True),
        sdpa("1, 6, 2, 2", "1, 2, 3, 2", "1, 2, 3, 2", "bool[6, 2, 3]", draw=some),
        # Rows that nothing is left to: zeros.
        sdpa("2, 4, 2", "2, 4, 2", "2, 4, 2", "bool[4, 4]", ", causal = true", False, few, causal=True),
        with_derivatives(
            "(x: f64[2, 3, 4], positions: i32[3]) -> rotary_embedding(x, positions)", rotary(), positions=integers(0, 50)
        ),
        with_derivatives(
            "(x: f64[2, 3, 6], positions: i32[2, 1]) -> rotary_embedding(x, positions, base = 100, interleaved = true)",
            rotary(100.0, True),
            positions=integers(0, 50),
        ),
        with_derivatives("(x: f64[3, 2], positions: f64[3]) -> rotary_embedding(x, positions)", rotary()),
        # A factor that is 0 takes its cotangent, and two of them leave none.
        with_derivatives(
            "(x: f64[3, 5]) -> reduce_prod(x, axes = [1])",
            lambda x: x.prod(1),
            lambda x: x.prod(1),
            x=lambda rng, shape: rng.integers(-2, 3, shape).astype(float),
        ),
        with_derivatives("(x: f64[2, 3, 2]) -> reduce_prod(x, axes = [0, 2], keepdims = true)", lambda x: x.prod((0, 2), keepdims=True)),
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
