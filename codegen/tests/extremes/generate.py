"""Writes `functions.json`: functions of one number and their derivatives at huge, tiny and special arguments, to
more digits than any float has, by mpmath. `python generate.py`, with mpmath 1.3.0.

The arguments are numbers of single precision. Results are the nearest doubles; what no double holds is infinite or
zero. Where a function is not defined it is NaN; at a pole, or where an infinite argument has a limit, that.
"""

import json
from pathlib import Path

import mpmath as mp
import numpy as np

mp.mp.dps = 60

MAGNITUDES = [0.0, 1e-45, 1e-40, 1.1754944e-38, 1e-30, 1e-20, 1e-10, 1e-5, 1e-3, 0.1, 0.5, 0.999, 1.0, 1.5, 2.0, 3.0]
MAGNITUDES += [4.5, 7.0, 9.0, 12.0, 17.0, 20.0, 40.0, 60.0, 87.0, 88.5, 89.0, 103.0, 104.5, 150.0, 1e3, 1e5, 1e10, 1e15]
MAGNITUDES += [1e19, 1e20, 1e30, 3.4028235e38, float("inf")]
ARGUMENTS = [float(np.float32(sign * x)) for x in MAGNITUDES for sign in (1, -1)] + [float("nan")]

NAN, INF = mp.nan, mp.inf
sigmoid = lambda x: 1 / (1 + mp.exp(-x))
normal_cdf = lambda x: mp.erfc(-x / mp.sqrt(2)) / 2
normal_density = lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
root = mp.sqrt(2 / mp.pi)
cubic = lambda x: 2 * root * (x + mp.mpf("0.044715") * x**3)
slope = lambda x: 2 * root * (1 + 3 * mp.mpf("0.044715") * x**2)
softplus = lambda x: mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


def positive(f, at_zero):
    """A function of positive numbers."""
    return lambda x: f(x) if x > 0 else (at_zero if x == 0 else NAN)


def sides(below, at, above):
    return lambda x: below(x) if x < 0 else above(x) if x > 0 else at


const = lambda value: lambda x: mp.mpf(value)
same = lambda x: x

# Name, call, function, derivative, their limits at ∞ and at −∞.
FUNCTIONS = [
    ("square", "square(x)", lambda x: x * x, lambda x: 2 * x, (INF, INF), (INF, -INF)),
    ("reciprocal", "reciprocal(x)", lambda x: 1 / x, lambda x: -1 / x**2, (0, 0), (0, 0)),
    ("sqrt", "sqrt(x)", positive(mp.sqrt, 0), positive(lambda x: 1 / (2 * mp.sqrt(x)), INF), (INF, 0), None),
    ("rsqrt", "rsqrt(x)", positive(lambda x: 1 / mp.sqrt(x), INF), positive(lambda x: -1 / (2 * x * mp.sqrt(x)), -INF), (0, 0), None),
    ("exp", "exp(x)", mp.exp, mp.exp, (INF, INF), (0, 0)),
    ("expm1", "expm1(x)", mp.expm1, mp.exp, (INF, INF), (-1, 0)),
    ("log", "log(x)", positive(mp.log, -INF), positive(lambda x: 1 / x, INF), (INF, 0), None),
    ("log1p", "log1p(x)", lambda x: mp.log1p(x) if x > -1 else (-INF if x == -1 else NAN), lambda x: 1 / (1 + x) if x > -1 else (INF if x == -1 else NAN), (INF, 0), None),
    ("sin", "sin(x)", mp.sin, mp.cos, None, None),
    ("cos", "cos(x)", mp.cos, lambda x: -mp.sin(x), None, None),
    ("sinh", "sinh(x)", mp.sinh, mp.cosh, (INF, INF), (-INF, INF)),
    ("cosh", "cosh(x)", mp.cosh, mp.sinh, (INF, INF), (INF, -INF)),
    ("tanh", "tanh(x)", mp.tanh, lambda x: mp.sech(x) ** 2, (1, 0), (-1, 0)),
    ("erf", "erf(x)", mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), (1, 0), (-1, 0)),
    ("sigmoid", "sigmoid(x)", sigmoid, lambda x: sigmoid(x) * sigmoid(-x), (1, 0), (0, 0)),
    ("softplus", "softplus(x)", softplus, sigmoid, (INF, 1), (0, 0)),
    ("silu", "silu(x)", lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), (INF, 1), (0, 0)),
    ("gelu", "gelu(x)", lambda x: x * normal_cdf(x), lambda x: normal_cdf(x) + x * normal_density(x), (INF, 1), (0, 0)),
    (
        "gelu, tanh",
        "gelu(x, approximate = tanh)",
        lambda x: x * sigmoid(cubic(x)),
        lambda x: sigmoid(cubic(x)) * (1 + x * sigmoid(-cubic(x)) * slope(x)),
        (INF, 1),
        (0, 0),
    ),
    ("softsign", "softsign(x)", lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, (1, 0), (-1, 0)),
    ("relu", "relu(x)", sides(const(0), 0, same), sides(const(0), 0, const(1)), (INF, 1), (0, 0)),
    ("leaky_relu", "leaky_relu(x, slope = 0.25)", sides(lambda x: x / 4, 0, same), sides(const("0.25"), "0.25", const(1)), (INF, 1), (-INF, 0.25)),
    ("elu", "elu(x)", sides(mp.expm1, 0, same), sides(mp.exp, 1, const(1)), (INF, 1), (-1, 0)),
    ("abs", "abs(x)", abs, sides(const(-1), 0, const(1)), (INF, 1), (INF, -1)),
    ("smooth_abs", "smooth_abs(x, eps = 0.25)", lambda x: mp.sqrt(x * x + mp.mpf("0.25")), lambda x: x / mp.sqrt(x * x + mp.mpf("0.25")), (INF, 1), (INF, -1)),
    ("safe_log", "safe_log(x, eps = 0.25)", lambda x: mp.log(softplus(x) + mp.mpf("0.25")), lambda x: sigmoid(x) / (softplus(x) + mp.mpf("0.25")), (INF, 0), (mp.log("0.25"), 0)),
    ("power 3", "power(x, exponent = 3)", lambda x: x**3, lambda x: 3 * x**2, (INF, INF), (-INF, INF)),
    ("clamp", "clamp(x, lo = -1, hi = 2)", lambda x: min(max(x, mp.mpf(-1)), mp.mpf(2)), lambda x: mp.mpf(int(-1 < x < 2)), (2, 0), (-1, 0)),
]


def at(f, x):
    try:
        return mp.mpf(f(x))
    except ZeroDivisionError:
        return None


def written(value):
    value = float(value)
    return value if np.isfinite(value) else str(value)


def rows():
    for name, call, f, derivative, above, below in FUNCTIONS:
        points = []
        for x in ARGUMENTS:
            limits = above if x > 0 else below
            if np.isnan(x):
                pair = (NAN, NAN)
            elif np.isinf(x):
                pair = limits or (NAN, NAN)
            else:
                pair = tuple(at(function, mp.mpf(x)) for function in (f, derivative))
            # A pole has the sign of the zero, or none.
            is_pole = None in pair or (x == 0 and not all(map(mp.isfinite, pair)))
            if not is_pole:
                points.append([written(number) for number in (x, *pair)])
        yield {"name": name, "call": call, "points": points}


if __name__ == "__main__":
    text = ",\n".join(json.dumps(row, allow_nan=False) for row in rows())
    Path(__file__).with_name("functions.json").write_text(f"[\n{text}\n]\n")
