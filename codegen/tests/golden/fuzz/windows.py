"""Makers of convolutions and of pooling."""

import windows

from .drawing import each, maker, pick, truth


def windowed(rng, count, extents):
    """Sizes, strides, padding and dilation of windows that fit, and are not between the elements."""
    size = [int(rng.integers(1, 4)) for _ in range(count)]
    dilation = [min(int(rng.integers(1, 3)), n) for n in extents]
    padding = [int(rng.integers(0, k)) for k in size * 2]
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation)]
    size = [
        k if n + low + high >= r else 1
        for k, n, r, low, high in zip(size, extents, reach, padding[:count], padding[count:])
    ]
    padding = [min(p, k - 1) for p, k in zip(padding, size * 2)]
    stride = [int(rng.integers(1, 4)) for _ in range(count)]
    return size, {"stride": stride, "padding": padding, "dilation": dilation}


def places(rng):
    """The number of spatial axes and their extents."""
    count = pick(rng, [1, 1, 2, 2, 3])
    return count, [int(rng.integers(1, {1: 8, 2: 5, 3: 4}[count])) for _ in range(count)]


def joined(extents):
    return ", ".join(map(str, extents))


@maker
def convolution(rng):
    count, extents = places(rng)
    groups = int(rng.integers(1, 3))
    size, attributes = windowed(rng, count, extents)
    inner, outer = int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    x, w = [int(rng.integers(1, 3)), groups * inner, *extents], [outer, inner, *size]
    return windows.conv(joined(x), joined(w), **attributes, groups=groups)


@maker
def transposed_convolution(rng):
    """The transpose of the convolution of what it yields."""
    count = pick(rng, [1, 1, 2])
    groups, batch = (int(n) for n in rng.integers(1, 3, 2))
    inner, outer = groups * int(rng.integers(1, 3)), int(rng.integers(1, 3))
    extents, size, stride, dilation = ([int(n) for n in rng.integers(1, 4, count)] for _ in range(4))
    padding = [int(rng.integers(0, k)) for k in size * 2]
    extra = [int(rng.integers(0, s)) for s in stride]
    result = [
        (p - 1) * s + (k - 1) * d + 1 + more - low - high
        for p, s, k, d, more, low, high in zip(extents, stride, size, dilation, extra, padding, padding[count:])
    ]
    if min(result) < 1:
        return transposed_convolution(rng)
    x, w, y = [batch, inner, *extents], [inner, outer, *size], (batch, groups * outer, *result)
    attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "output_padding": extra}
    case = windows.conv_transpose(joined(x), joined(w), y, **attributes)
    case.torch = None
    return case


@each("max", "avg", "avg", "smooth")
def pooling(rng, kind):
    count, extents = places(rng)
    size, attributes = windowed(rng, count, extents)
    x = joined([int(rng.integers(1, 3)), int(rng.integers(1, 3)), *extents])
    if kind == "max":
        return windows.max_pool(x, size=size, **attributes)
    if kind == "avg":
        return windows.avg_pool(x, size=size, count_include_pad=truth(rng), **attributes)
    return windows.smooth_max_pool(x, pick(rng, [-1.5, 0.5, 1.0, 4.0]), size=size, **attributes)
