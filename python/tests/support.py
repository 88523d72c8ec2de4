"""What the tests share: graphs, and arrays for them."""

import importlib.util
import unittest
import warnings
from pathlib import Path

import numpy

import lgc

REPOSITORY = Path(__file__).resolve().parents[2]
DIGITS = REPOSITORY / "examples" / "digits"

# Every kind of parameter: a dtype each, a struct with an array, in place and not.
KINDS = """//! Parameters of every kind.

struct Layer { w: f32[2, 3], b: f32[3] }
struct Net { layers: Layer[2], scale: f32[] }

/// Adds to everything.
entry step(
    /// What is added.
    x: f32[3],
    labels: i32[2] in [0, 2],
    rate: f32[],
    inout p: Net,
) -> (l: f32[], picked: f32[2], next: Net) {
    l = sum(x)
    picked = gather(x, labels)
    next = p + rate
    p' = p + rate
}

entry dtypes(
    b: bool[2],
    i: i32[2],
    j: i64[2],
    u: u32[2],
    h: f16[2],
    g: bf16[2],
    f: f32[2],
    d: f64[2],
) -> (
    nb: bool[2],
    ni: i32[2],
    nj: i64[2],
    nu: u32[2],
    nh: f16[2],
    ng: bf16[2],
    nf: f32[2],
    nd: f64[2],
) {
    nb = !b
    ni = i + 1
    nj = j + 1
    nu = u + 1
    nh = h + 1
    ng = g + 1
    nf = f + 1
    nd = d + 1
}

entry times(x: f32[4, 2], lambda: f32[]) -> (out: f32[4, 2]) { out = x * lambda }

/// A parameter and a result that are called as the keyword is.
entry renamed(x: f32[], inout out: f32[]) -> (a: f32[], b: f32[]) {
    a = x
    b = x
    out' = x
}

entry empty(x: f32[0, 3]) -> (y: f32[0, 3], s: f32[]) {
    y = x + 1
    s = sum(x)
}
"""


def quick(source, **options):
    """A library, by the back end that is quick."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return lgc.compile(source, backend="cranelift", **options)


def floats(*shape):
    """Floats from 0 on."""
    return numpy.arange(numpy.prod(shape, dtype=int), dtype=numpy.float32).reshape(shape)


def needs(name):
    """Skips a test where a module is not installed."""
    return unittest.skipIf(importlib.util.find_spec(name) is None, f"{name} is not installed")
