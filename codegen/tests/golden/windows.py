"""The part of the table that has windows: convolutions and pooling."""

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import torch.nn.functional as F
from jax import lax

from cases import Case, distinct
from table import family, with_derivatives


def each(amount, count):
    """A number for each axis, where one may stand for all."""
    return (amount,) * count if isinstance(amount, int) else tuple(amount)


def sides(padding, count):
    """What goes before and after each axis: one number, one for each axis, or all before and then all after."""
    if isinstance(padding, int) or len(padding) == count:
        return [(amount, amount) for amount in each(padding, count)]
    return list(zip(padding[:count], padding[count:]))


def windows(x, size, stride=1, padding=0, dilation=1, value=0.0):
    """The elements of windows over the last axes of x, in a first axis, in row-major order."""
    count = len(size)
    first = x.ndim - count
    x = jnp.pad(x, [(0, 0)] * first + sides(padding, count), constant_values=value)
    stride, dilation = each(stride, count), each(dilation, count)
    ends = [n - (k - 1) * d for n, k, d in zip(x.shape[first:], size, dilation)]
    parts = []
    for at in np.ndindex(*size):
        cuts = [slice(k * d, k * d + end, s) for k, d, end, s in zip(at, dilation, ends, stride)]
        parts.append(x[(slice(None),) * first + tuple(cuts)])
    return jnp.stack(parts)


def convolved(stride=1, padding=0, dilation=1, groups=1):
    def f(x, w):
        count = x.ndim - 2
        return lax.conv_general_dilated(
            x,
            w,
            each(stride, count),
            sides(padding, count),
            rhs_dilation=each(dilation, count),
            feature_group_count=groups,
        )

    return f


def torch_conv(stride=1, padding=0, dilation=1, groups=1):
    def f(x, w):
        count = x.ndim - 2
        amounts = [amount for pair in reversed(sides(padding, count)) for amount in pair]
        x = F.pad(x, amounts)
        return [F.conv1d, F.conv2d, F.conv3d][count - 1](x, w, None, stride, 0, dilation, groups)

    return f


def conv(x, w, **attributes):
    shown = "".join(f", {name} = {value}" for name, value in attributes.items())
    graph = f"(x: f64[{x}], w: f64[{w}]) -> conv(x, w{shown})"
    return Case(graph, convolved(**attributes), torch_conv(**attributes))


def conv_transpose(x, w, y, **attributes):
    """The transpose of the convolution from y to x; PyTorch's own, where padding is the same on both sides."""
    shown = "".join(f", {name} = {value}" for name, value in attributes.items())
    graph = f"(x: f64[{x}], w: f64[{w}]) -> conv_transpose(x, w{shown})"
    forward = {name: value for name, value in attributes.items() if name != "output_padding"}

    def f(x, w):
        zeros = jnp.zeros(y, x.dtype)
        return jax.linear_transpose(lambda y: convolved(**forward)(y, w), zeros)(x)[0]

    count = len(y) - 2
    padding = sides(attributes.get("padding", 0), count)

    def g(x, w):
        names = {**attributes, "padding": [low for low, _ in padding]}
        return [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][count - 1](x, w, **names)

    return Case(graph, f, g if all(low == high for low, high in padding) else None)


def pool(name, x, f, g=None, beta=None, **attributes):
    shown = "".join(f", {name} = {str(value).lower()}" for name, value in attributes.items())
    shown = f", beta = {beta}{shown}" if beta is not None else shown
    return Case(f"(x: f64[{x}]) -> {name}(x{shown})", f, g, {"x": distinct})


def max_pool(x, g=None, **attributes):
    return pool("max_pool", x, lambda x: windows(x, value=-jnp.inf, **attributes).max(0), g, **attributes)


def avg_pool(x, g=None, count_include_pad=False, **attributes):
    def f(x):
        total = windows(x, **attributes).sum(0)
        ones = windows(jnp.ones_like(x), **attributes)
        return total / (len(ones) if count_include_pad else ones.sum(0))

    return pool("avg_pool", x, f, g, count_include_pad=count_include_pad, **attributes)


def smooth_max_pool(x, beta, **attributes):
    f = lambda x: jsp.logsumexp(windows(beta * x, value=-jnp.inf, **attributes), 0) / beta
    return pool("smooth_max_pool", x, f, beta=beta, **attributes)


def sheared(x):
    o, k = np.arange(6)[:, None], np.arange(2)[None, :]
    place = o - 2 * k - 1
    inside = (place % 2 == 0) & (0 <= place // 2) & (place // 2 < 3)
    return jnp.where(inside, x[:, np.clip(place // 2, 0, 2), k], 0)


family(
    "windows",
    [
        with_derivatives(
            "(x: f64[1, 5, 6]) -> window(x, axes = [1, 2], size = [2, 3], stride = [1, 2], padding = [0, 1, 1, 0], value = 0.5)",
            lambda x: jnp.moveaxis(
                windows(x, (2, 3), (1, 2), (0, 1, 1, 0), 1, 0.5).reshape(2, 3, 1, 5, 3), (0, 1), (3, 4)
            ),
        ),
        with_derivatives(
            "(x: f64[2, 3, 2]) -> shear(x, axes = [1], along = [2], extent = [6], stride = [1], dilation = [-2], low = [1], base = [2])",
            sheared,
        ),
        conv("2, 2, 5", "2, 2, 3"),
        conv("1, 2, 9", "2, 2, 2", stride=3, padding=[1, 2], dilation=2),
        conv("1, 2, 4, 5", "3, 2, 3, 3", padding=1),
        conv("1, 2, 4, 4", "2, 2, 2, 3", stride=[1, 2], padding=[0, 1, 2, 0]),
        conv("1, 1, 6, 5", "2, 1, 3, 2", stride=2, dilation=[2, 1]),
        conv("1, 4, 3, 3", "4, 2, 3, 2", padding=1, groups=2),
        conv("1, 3, 5, 4", "3, 1, 3, 3", stride=2, padding=1, groups=3),
        conv("1, 2, 5, 5", "2, 2, 2, 2", stride=3),
        conv("1, 3, 2, 3", "4, 3, 1, 1"),
        conv("1, 1, 3, 3, 2", "2, 1, 2, 2, 2", padding=[1, 0, 0, 0, 0, 1]),
        conv_transpose("1, 2, 4", "2, 2, 3", (1, 2, 6)),
        conv_transpose("1, 2, 2, 3", "2, 2, 3, 2", (1, 2, 4, 5), stride=2, padding=[1, 1], output_padding=[1, 1]),
        conv_transpose("1, 4, 3, 3", "4, 1, 2, 2", (1, 2, 4, 3), padding=[0, 1], dilation=[1, 2], groups=2),
        conv_transpose("1, 1, 4", "1, 2, 3", (1, 2, 6), stride=2, padding=[1, 2]),
        conv_transpose("1, 2, 2, 1, 2", "2, 1, 2, 1, 2", (1, 1, 4, 1, 4), stride=2),
        max_pool("1, 2, 9", lambda x: F.max_pool1d(x, 3, 2), size=[3], stride=2),
        max_pool("1, 1, 5, 6", lambda x: F.max_pool2d(x, (2, 3), (2, 1), (1, 1)), size=[2, 3], stride=[2, 1], padding=1),
        max_pool("1, 1, 5, 6", size=[3, 2], stride=[2, 1], padding=[1, 0, 2, 1], dilation=[1, 2]),
        max_pool("1, 1, 4, 3, 4", lambda x: F.max_pool3d(x, 2, 2), size=[2, 2, 2], stride=2),
        avg_pool("1, 2, 9", lambda x: F.avg_pool1d(x, 3, 2), size=[3], stride=2),
        avg_pool("1, 1, 4, 5", lambda x: F.avg_pool2d(x, (3, 2), 2, 1, count_include_pad=False), size=[3, 2], stride=2, padding=1),
        avg_pool("1, 1, 4, 5", lambda x: F.avg_pool2d(x, 3, 2, 1), count_include_pad=True, size=[3, 3], stride=2, padding=1),
        avg_pool("1, 1, 4, 4", size=[2, 2], stride=[1, 3], padding=[1, 0, 0, 1], dilation=2),
        smooth_max_pool("1, 2, 7", 2.0, size=[3], stride=2),
        smooth_max_pool("1, 1, 4, 5", 0.5, size=[2, 2], padding=[1, 0, 0, 1]),
        smooth_max_pool("1, 1, 5, 4", -1.5, size=[3, 2], stride=2, padding=1, dilation=[1, 2]),
    ],
)
