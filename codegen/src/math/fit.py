#!/usr/bin/env python3
"""Derive every constant of `tables.rs`.

    python3 -m venv venv && venv/bin/pip install mpmath
    venv/bin/python fit.py > tables.rs && rustfmt --edition 2024 tables.rs

Each polynomial is a near-minimax fit in 60-digit arithmetic: Lawson's iteration
(weighted least squares whose weights grow where the error is large) on Chebyshev
nodes. Coefficients are rounded to the target precision from the lowest order up,
and the rest is fitted again after each rounding, so that the rounding of a low
coefficient is made up for by the higher ones. The error printed beside a table is
that of the rounded coefficients, in exact arithmetic, on a grid 16 times as dense.
"""

from mpmath import cos, erfc, exp, factorial, frexp, ldexp, log, lu_solve, matrix, mp, mpf, nint, pi, sqrt

mp.prec = 240


def rounded(value, bits):
    """The float of `bits` significant bits nearest to `value`."""
    if value == 0:
        return mpf(0)
    mantissa, exponent = frexp(value)
    return ldexp(nint(ldexp(mantissa, bits)), exponent - bits)


def nodes(low, high, count):
    return [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * k + 1) / (2 * count)) for k in range(count)]


def evaluate(coefficients, x):
    total = mpf(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def lawson(points, target, weight, first, count, rounds=40):
    """Coefficients of x**first .. x**(first+count-1) with small max |weight * error|."""
    attention = [mpf(1) / len(points)] * len(points)
    best, best_error = None, None
    for _ in range(rounds):
        scale = [a * w * w for a, w in zip(attention, weight)]
        moments = [mpf(0)] * (2 * count - 1)
        right = [mpf(0)] * count
        for x, y, s in zip(points, target, scale):
            power = s * x ** (2 * first)
            for k in range(2 * count - 1):
                moments[k] += power
                power *= x
            power = s * y * x**first
            for k in range(count):
                right[k] += power
                power *= x
        normal = matrix(count, count)
        for i in range(count):
            for j in range(count):
                normal[i, j] = moments[i + j]
        solution = list(lu_solve(normal, matrix(right)))
        errors = [abs(w * (y - x**first * evaluate(solution, x))) for x, y, w in zip(points, target, weight)]
        worst = max(errors)
        if best is None or worst < best_error:
            best, best_error = solution, worst
        attention = [a * e for a, e in zip(attention, errors)]
        total = sum(attention)
        if total == 0:
            break
        attention = [a / total for a in attention]
    return best


def fit(function, weight, low, high, count, bits, exact=()):
    """`count` rounded coefficients of the polynomial near `function` on [low, high], and its error."""
    points = nodes(low, high, 12 * count)
    target = [function(x) for x in points]
    weights = [weight(x) for x in points]
    fixed = list(exact)
    while len(fixed) < count:
        rest = [y - evaluate(fixed, x) for x, y in zip(points, target)]
        free = lawson(points, rest, weights, len(fixed), count - len(fixed))
        fixed.append(rounded(free[0], bits))
    dense = nodes(low, high, 192 * count)
    error = max(abs(weight(x) * (function(x) - evaluate(fixed, x))) for x in dense)
    return fixed, error


def exponential_tail(r):
    """(e**r - 1 - r) / r**2."""
    if abs(r) < mpf(2) ** -30:
        return mpf(1) / 2 + r / 6 + r * r / 24
    return (exp(r) - 1 - r) / (r * r)


def atanh_tail(order):
    """R(z) with atanh(s) = s + s**3/3 + ... + s**order * R(s**2)."""

    def tail(z):
        return sum(z**k / (order + 2 * k) for k in range(60))

    return tail


def sine_tail(z):
    return sum((-1) ** (k + 1) * z**k / factorial(2 * k + 3) for k in range(40))


def cosine_tail(z):
    return sum((-1) ** k * z**k / factorial(2 * k + 4) for k in range(40))


def erf_tail(z):
    """(erf(x) - x) / x with z = x**2."""
    return 2 / sqrt(pi) * sum((-1) ** k * z**k / (factorial(k) * (2 * k + 1)) for k in range(80)) - 1


class Format:
    def __init__(self, name, bits, exponent_bits, sizes):
        self.name, self.bits, self.sizes = name, bits, sizes
        self.bias = 2 ** (exponent_bits - 1) - 1
        self.top = self.bias + 1


F32 = Format("F32", 24, 8, dict(exp=5, log=3, pow=3, sin=3, cos=3, erf=7, erfc=8, erf_limit=4, erf_split="0.9375"))
F64 = Format("F64", 53, 11, dict(exp=10, log=7, pow=8, sin=6, cos=6, erf=13, erfc=19, erf_limit=6, erf_split="0.9375"))


def split(value, first_bits, bits):
    """`value` as high + low, the high part short enough for exact products."""
    high = rounded(value, first_bits)
    return high, rounded(value - high, bits)


def circle_digits(fmt):
    """Signed digits of 1/(2 pi) in base 2**bits, and the schedule of window shifts."""
    bits, shifts = fmt.bits, {24: [2, 1, 1], 53: [9, 5, 2, 1, 1]}[fmt.bits]
    span = fmt.top - bits  # exponent of the last place of the largest float
    for shift in shifts:
        span = max(bits * shift - 1, span - bits * shift)
    assert span < bits, "the schedule must bring every exponent below one digit"
    mp.prec = 2400
    digits, rest = [], 1 / (2 * pi)
    for _ in range(5 + sum(shifts)):
        rest = ldexp(rest, bits)
        digit = nint(rest)
        assert abs(digit) <= ldexp(1, bits)
        digits.append(digit)
        rest -= digit
    mp.prec = 240
    return digits, shifts


def number(value):
    """The shortest decimal that is read back as `value`, which is a binary64 number."""
    assert mpf(float(value)) == value, value
    return repr(float(value))


def emit(fmt):
    s, bits = fmt.sizes, fmt.bits
    reach = log(2) / 2 * (1 + mpf(2) ** -8)
    z_log = (sqrt(2) - 1) ** 4 * (1 + mpf(2) ** -10)
    quarter = (pi / 4 * (1 + mpf(2) ** -10)) ** 2
    cut, limit = mpf(s["erf_split"]), mpf(s["erf_limit"])
    arrays = [
        (
            "exponential",
            "q with e^r ≈ 1 + r + r²·q(r), |r| ≤ ln 2 / 2; error relative to e^r − 1",
            fit(exponential_tail, lambda r: r if abs(r) < 1e-9 else r * r / (exp(r) - 1), -reach, reach, s["exp"], bits),
        ),
        (
            "logarithm",
            "p with ln((1+s)/(1−s)) ≈ 2s + s·z·p(z), z = s² ≤ (√2−1)⁴; error relative to the logarithm",
            fit(lambda z: 2 * atanh_tail(3)(z), lambda z: z / 2, mpf(0), z_log, s["log"], bits),
        ),
        (
            "logarithm_tail",
            "p with atanh(s) ≈ s + s³/3 + s⁵·p(z), z = s² ≤ (√2−1)⁴; error relative to atanh(s)",
            fit(atanh_tail(5), lambda z: z * z, mpf(0), z_log, s["pow"], bits),
        ),
        (
            "sine",
            "p with sin r ≈ r + r·z·p(z), z = r² ≤ (π/4)²; error relative to sin r",
            fit(sine_tail, lambda z: z, mpf(0), quarter, s["sin"], bits),
        ),
        (
            "cosine",
            "p with cos r ≈ 1 − z/2 + z²·p(z), z = r² ≤ (π/4)²; absolute error",
            fit(cosine_tail, lambda z: z * z, mpf(0), quarter, s["cos"], bits),
        ),
        (
            "error_function",
            "p with erf x ≈ x + x·p(z), z = x² ≤ erf_split²; error relative to erf x",
            fit(erf_tail, lambda z: 1 / (1 + erf_tail(z)), mpf(0), cut * cut * (1 + mpf(2) ** -10), s["erf"], bits),
        ),
        (
            "log_erfc",
            "p with ln erfc(x) ≈ p(x), erf_split ≤ x ≤ erf_limit; absolute error of erfc",
            fit(lambda x: log(erfc(x)), erfc, cut, limit, s["erfc"], bits),
        ),
    ]
    short = bits - (8 if bits == 24 else 11)
    ln2 = split(log(2), short, bits)
    third = split(mpf(1) / 3, bits, bits)
    turn = split(2 * pi, bits, bits)
    digits, shifts = circle_digits(fmt)
    print(f"/// Constants for binary{32 if bits == 24 else 64}.")
    print(f"pub(super) static {fmt.name}: Tables = Tables {{")
    print(f"log2_e: {number(rounded(1 / log(2), bits))},")
    print(f"ln_2: [{number(ln2[0])}, {number(ln2[1])}],")
    print(f"third: [{number(third[0])}, {number(third[1])}],")
    print(f"turn: [{number(turn[0])}, {number(turn[1])}],")
    print(f"erf_split: {number(cut)},")
    print(f"erf_limit: {number(limit)},")
    print(f"turn_digits: &[{', '.join(number(d) for d in digits)}],")
    print(f"turn_shifts: &{shifts},")
    for name, meaning, (coefficients, error) in arrays:
        print(f"// {meaning}: 2^{float(log(error, 2)):.1f}.")
        print(f"{name}: &[{', '.join(number(c) for c in coefficients)}],")
    print("};")


HEADER = '''//! The constants of the elementary functions, for both widths.
//!
//! Generated by `fit.py`, which says how: do not edit. Every number is exactly a float of
//! its width (the binary32 ones are written as the binary64 number of the same value).
#![allow(clippy::approx_constant, reason = "rounded or split constants of a stated precision are meant")]
#![allow(clippy::unreadable_literal, reason = "generated")]

use super::Tables;
'''

if __name__ == "__main__":
    print(HEADER)
    emit(F32)
    print()
    emit(F64)
