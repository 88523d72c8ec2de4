"""The part of the table that has what runs along axes: prefixes, loops, random numbers, transforms."""

import jax
import jax.numpy as jnp
import torch
from jax import lax
from jax.extend.random import threefry_2x32

from cases import between, distinct, integers, normal
from table import family, i32, whole, with_derivatives


def recurrence(a, b):
    """Along the first axis."""
    step = lambda h, x: (x[0] * h + x[1],) * 2
    return lax.scan(step, jnp.zeros_like(b[0]), (a, b))[1]


def shifted(x, fill):
    """Each element one place later along the last axis."""
    return jnp.concatenate([jnp.full_like(x[..., :1], fill), x[..., :-1]], -1)


def with_zero(r, s):
    """A zero in each line, so that no quotient is a derivative."""
    x = normal(r, s)
    x[..., 2] = 0
    return x


family(
    "prefix",
    [
        with_derivatives("(x: f64[3, 7]) -> cumsum(x)", lambda x: jnp.cumsum(x, -1), lambda x: x.cumsum(-1)),
        with_derivatives(
            "(x: f64[6, 2]) -> cumsum(x, axis = 0, reverse = true, exclusive = true)",
            lambda x: jnp.cumsum(x[::-1], 0)[::-1] - x,
        ),
        whole("(x: i32[3, 7]) -> cumsum(x)", lambda x: i32(jnp.cumsum(x, -1))),
        with_derivatives("(x: f64[2, 6]) -> cumprod(x)", lambda x: jnp.cumprod(x, -1), lambda x: x.cumprod(-1)),
        with_derivatives("(x: f64[2, 6]) -> cumprod(x)", None, lambda x: x.cumprod(-1), x=with_zero),
        with_derivatives(
            "(x: f64[2, 6]) -> cumprod(x, exclusive = true)", lambda x: jnp.cumprod(shifted(x, 1.0), -1)
        ),
        with_derivatives(
            "(x: f64[2, 9]) -> cummax(x)",
            lambda x: lax.cummax(x, 1),
            lambda x: x.cummax(-1).values,
            x=distinct,
        ),
        with_derivatives(
            "(x: f64[9, 2]) -> cummin(x, axis = 0, reverse = true)",
            lambda x: lax.cummin(x, 0, reverse=True),
            x=distinct,
        ),
        with_derivatives(
            "(x: f64[2, 9]) -> cumlogsumexp(x)",
            # The second derivatives of PyTorch's `logcumsumexp` are NaN.
            lambda x: lax.cumlogsumexp(x, 1),
        ),
        with_derivatives("(a: f64[7, 2], b: f64[7, 2]) -> linear_recurrence(a, b, axis = 0)", recurrence),
        with_derivatives(
            "(a: f64[7, 2], b: f64[7, 2]) -> linear_recurrence(a, b, axis = 0, reverse = true)",
            lambda a, b: recurrence(a[::-1], b[::-1])[::-1],
        ),
    ],
)

family(
    "regions",
    [
        with_derivatives(
            "(h: f64[3], xs: f64[5, 3]) -> scan(mul)(h, xs)",
            lambda h, xs: lax.scan(lambda h, x: (h * x, None), h, xs)[0],
        ),
        with_derivatives(
            "(h: f64[3], xs: f64[5, 3]) -> scan(checkpoint(div), reverse = true)(h, 2 + xs * xs)",
            lambda h, xs: lax.scan(lambda h, x: (h / (2 + x * x), None), h, xs, reverse=True)[0],
        ),
        with_derivatives(
            "(h: f64[3], w: f64[3]) -> scan(mul, over = [], length = 4)(h, w)",
            lambda h, w: lax.scan(lambda h, _: (h * w, None), h, None, length=4)[0],
        ),
        with_derivatives(
            "(h: f64[2], xs: f64[3, 4, 2]) -> scan(scan(mul))(h, xs)",
            lambda h, xs: lax.scan(
                lambda h, row: (lax.scan(lambda h, x: (h * x, None), h, row)[0], None), h, xs
            )[0],
        ),
        with_derivatives(
            "(xs: f64[4, 3]) -> scan(tanh, carry = [], over = x)(xs)",
            lambda xs: lax.map(jnp.tanh, xs),
        ),
        with_derivatives(
            "(x: f64[], y: f64[]) -> cond(mul, sub)(x < y, x, y)",
            lambda x, y: lax.cond(x < y, lambda x, y: x * y, lambda x, y: x - y, x, y),
        ),
    ],
)


def key_of(words, stream):
    """JAX's key for a stream of a key that is given by its two words."""
    return jax.random.fold_in(jax.random.wrap_key_data(words, impl="threefry2x32"), stream)


def threefry(key, x0, x1):
    words = threefry_2x32(key, jnp.concatenate([x0, x1]))
    return words[: x0.size], words[x0.size :]


def dropped(x, key):
    mask = jax.random.bernoulli(key_of(key, 4), jnp.float32(0.25), x.shape)
    return jnp.where(mask, x / 0.25, 0)


words = lambda r, s: r.integers(0, 2**32, s)
f32 = jnp.float32

family(
    "random",
    [
        whole("(key: u32[2], x0: u32[5], x1: u32[5]) -> threefry2x32(key, x0, x1)", threefry, key=words, x0=words, x1=words),
        whole(
            "(key: u32[2]) -> rng_fold_in(key, 7)",
            lambda key: jax.random.key_data(key_of(key, 7)),
            key=words,
        ),
        whole(
            "(seed: i64[]) -> rng_bits(seed, stream = 1, shape = [2, 9])",
            lambda seed: jax.random.bits(jax.random.fold_in(jax.random.key(seed), 1), (2, 9), jnp.uint32),
            seed=integers(0, 2**50),
        ),
        whole(
            "(key: u32[2]) -> rng_uniform(key, stream = 2, shape = [17])",
            lambda key: jax.random.uniform(key_of(key, 2), (17,), f32),
            key=words,
        ),
        whole(
            "(key: u32[2], p: f32[3, 6]) -> rng_bernoulli(key, p, stream = 3)",
            lambda key, p: jax.random.bernoulli(key_of(key, 3), p),
            key=words,
            p=between(0, 1),
        ),
        whole(
            "(key: u32[2], x: f32[9, 4]) -> rng_categorical(key, x, stream = 5)",
            lambda key, x: i32(jax.random.categorical(key_of(key, 5), x)),
            key=words,
        ),
        with_derivatives(
            "(x: f64[5, 4], key: u32[2]) -> dropout(x, key, stream = 4, keep = 0.25)", dropped, key=words
        ),
        with_derivatives(
            "(x: f64[3, 4], mask: bool[3, 4]) -> fixed_mask_scale(x, mask, keep = 0.75)",
            lambda x, mask: jnp.where(mask, x / 0.75, 0),
        ),
    ],
)


def parts(z):
    return jnp.stack([z.real, z.imag], -1)


def number(x):
    return x[..., 0] + 1j * x[..., 1]


def mixed_modes(x, w):
    modes = w.shape[2]
    bins = jnp.einsum("bim,iom->bom", jnp.fft.rfft(x)[..., :modes], number(w))
    return jnp.fft.irfft(bins, x.shape[-1])


def mixed_corners(x, p, q):
    _, _, m, n = x.shape
    rows, columns = p.shape[2:4]
    bins = jnp.fft.rfft2(x)
    mixed = lambda kept, w: jnp.einsum("bikl,iokl->bokl", kept, number(w))
    whole = jnp.zeros((x.shape[0], p.shape[1], m, n // 2 + 1), bins.dtype)
    whole = whole.at[:, :, :rows, :columns].add(mixed(bins[:, :, :rows, :columns], p))
    whole = whole.at[:, :, m - rows :, :columns].add(mixed(bins[:, :, m - rows :, :columns], q))
    return jnp.fft.irfft2(whole, (m, n))


family(
    "spectral",
    [
        with_derivatives(
            "(x: f64[3, 2], y: f64[3, 2]) -> complex_mul(x, y)",
            lambda x, y: parts(number(x) * number(y)),
            lambda x, y: torch.view_as_real(torch.view_as_complex(x) * torch.view_as_complex(y)),
        ),
        # One step, several steps, Bluestein's algorithm.
        *(
            with_derivatives(
                f"(x: f64[{n}, 2]) -> fft(x)",
                lambda x: parts(jnp.fft.fft(number(x))),
                lambda x: torch.view_as_real(torch.fft.fft(torch.view_as_complex(x))),
            )
            for n in (1, 6, 24, 37)
        ),
        with_derivatives(
            "(x: f64[20, 3, 2]) -> ifft(x, axis = 0)",
            lambda x: parts(jnp.fft.ifft(number(x), axis=0)),
            lambda x: torch.view_as_real(torch.fft.ifft(torch.view_as_complex(x), dim=0)),
        ),
        *(
            with_derivatives(
                f"(x: f64[2, {n}]) -> rfft(x)",
                lambda x: parts(jnp.fft.rfft(x)),
                lambda x: torch.view_as_real(torch.fft.rfft(x)),
            )
            for n in (1, 2, 7, 12, 34, 74)
        ),
        # The imaginary parts of the ends are not read: their cotangents are 0.
        *(
            with_derivatives(
                f"(x: f64[{n // 2 + 1}, 2, 2]) -> irfft(x, n = {n}, axis = 0)",
                lambda x, n=n: jnp.fft.irfft(number(x), n, axis=0),
                lambda x, n=n: torch.fft.irfft(torch.view_as_complex(x), n, dim=0),
            )
            for n in (1, 2, 7, 12, 34)
        ),
        with_derivatives(
            "(x: f64[2, 3, 10], weights: f64[3, 2, 4, 2]) -> spectral_conv1d(x, weights)",
            mixed_modes,
        ),
        with_derivatives(
            "(x: f64[1, 2, 6, 8], positive: f64[2, 3, 2, 3, 2], negative: f64[2, 3, 2, 3, 2])"
            " -> spectral_conv2d(x, positive, negative)",
            mixed_corners,
        ),
    ],
)
