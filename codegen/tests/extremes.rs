//! Functions of one number and their derivatives at huge, tiny and special arguments.
//!
//! `extremes/functions.json` holds what they are, by `extremes/generate.py` in 60 digits. Compiled code
//! must be as close as [`BOUNDS`] says: values in units in the last place, also where the result is
//! subnormal or overflows; derivatives besides in absolute terms, since some are made of the value
//! (1 − y², y(1 − y)), which cancels where they are small. A derivative is finite wherever the true
//! one is, and no derivative is NaN at a number where the function has one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use lgc_ir::dtype::DType;
use serde_json::Value;
use support::{Compiled, number, whole};

/// What is known of a function at an argument.
struct Point {
    argument: f64,
    value: f64,
    slope: f64,
}

struct Function {
    name: String,
    call: String,
    points: Vec<Point>,
}

fn functions() -> Vec<Function> {
    let functions: Value = serde_json::from_str(include_str!("extremes/functions.json")).unwrap();
    let point = |point: &Value| Point {
        argument: number(&point[0]),
        value: number(&point[1]),
        slope: number(&point[2]),
    };
    let function = |function: &Value| Function {
        name: function["name"].as_str().unwrap().to_owned(),
        call: function["call"].as_str().unwrap().to_owned(),
        points: function["points"]
            .as_array()
            .unwrap()
            .iter()
            .map(point)
            .collect(),
    };
    functions.as_array().unwrap().iter().map(function).collect()
}

/// The distance of neighbours of a number in a dtype.
fn ulp(dtype: DType, x: f64) -> f64 {
    let single = dtype == DType::F32;
    let (digits, least) = if single { (23, -126) } else { (52, -1022) };
    let exponent = if x == 0.0 {
        least
    } else {
        (x.abs().log2().floor() as i32).max(least)
    };
    2f64.powi(exponent - digits)
}

/// How far a number is off, in units in the last place; 0 where both are infinite alike, or NaN.
fn off(dtype: DType, actual: f64, wanted: f64) -> f64 {
    let largest = if dtype == DType::F32 {
        f64::from(f32::MAX)
    } else {
        f64::MAX
    };
    let clamped = if wanted.abs() > largest {
        f64::INFINITY.copysign(wanted)
    } else {
        wanted
    };
    if actual == clamped || (actual.is_nan() && clamped.is_nan()) {
        return 0.0;
    }
    let off = (actual - clamped).abs() / ulp(dtype, clamped.min(largest).max(-largest));
    if off.is_nan() { f64::INFINITY } else { off }
}

/// How far values and derivatives may be off, in units in the last place.
const ULPS: f64 = 4.0;

/// How much further values and derivatives may be off.
enum Allowance {
    /// By so many units in the last place of 1.
    OfOne(f64),
    /// By so many least normal numbers.
    Least(f64),
    /// By the condition number of the function, times [`ULPS`].
    Condition,
}

/// What may be off further, and why. Names of values end with a space, those of derivatives with `' `.
const ALLOWANCES: &[(&str, Allowance, &str)] = &[
    ("tanh' ", Allowance::OfOne(1.0), "1 − y²"),
    ("sigmoid' ", Allowance::OfOne(1.0), "y(1 − y)"),
    (
        "silu ",
        Allowance::Least(100.0),
        "the sigmoid is 0 where it is less than the least normal number",
    ),
    (
        "silu' ",
        Allowance::OfOne(64.0),
        "s + y(1 − s), where 1 − s cancels before it meets y",
    ),
    ("gelu ", Allowance::OfOne(2.0), "Φ(x) by 1 + erf"),
    ("gelu' ", Allowance::OfOne(2.0), "Φ(x) by 1 + erf"),
    (
        "gelu, tanh ",
        Allowance::Condition,
        "the sigmoid of a rounded cubic",
    ),
    ("gelu, tanh' ", Allowance::OfOne(64.0), "as that of silu"),
    (
        "safe_log ",
        Allowance::OfOne(1.0),
        "the logarithm of a number near 1",
    ),
    (
        "safe_log' ",
        Allowance::OfOne(1.0),
        "the sigmoid over a sum",
    ),
];

/// Functions whose formulas have no value at infinite arguments, though they have limits there: ∞ · 0 or
/// ∞ / ∞. JAX and PyTorch have none either.
const WITHOUT_LIMITS: &[&str] = &["silu", "gelu", "gelu, tanh", "softsign"];

struct Tally {
    wrong: Vec<String>,
    compared: usize,
}

impl Tally {
    /// Compares a number with what it should be. `what` ends with a space for a value, and with `' ` for
    /// a derivative.
    fn compare(&mut self, what: &str, dtype: DType, point: &Point, actual: f64, wanted: f64) {
        let least = if dtype == DType::F32 {
            f64::from(f32::MIN_POSITIVE)
        } else {
            f64::MIN_POSITIVE
        };
        let allowance = ALLOWANCES.iter().find(|(name, ..)| *name == what);
        let (allowed, ulps) = match allowance.map(|(_, allowance, _)| allowance) {
            Some(Allowance::OfOne(ulps)) => (ulps * ulp(dtype, 1.0), ULPS),
            Some(Allowance::Least(numbers)) => (numbers * least, ULPS),
            Some(Allowance::Condition) => {
                let condition = (point.argument * point.slope / point.value).abs();
                (least, ULPS * condition.max(1.0))
            }
            None => (least, ULPS),
        };
        let near = (actual - wanted).abs() <= allowed;
        self.compared += 1;
        if !near && off(dtype, actual, wanted) > ulps {
            self.wrong.push(format!(
                "{what}{dtype} at {:e} is {actual:e}, not {wanted:e}: {:.1} ulps off",
                point.argument,
                off(dtype, actual, wanted)
            ));
        }
    }
}

#[test]
fn functions_and_their_derivatives_are_accurate_everywhere() {
    let mut tally = Tally {
        wrong: Vec::new(),
        compared: 0,
    };
    for Function { name, call, points } in functions() {
        for dtype in [DType::F32, DType::F64] {
            let count = points.len();
            let graph = whole(&format!("(x: {dtype}[{count}]) -> {call}"), true);
            let arguments: Vec<f64> = points.iter().map(|point| point.argument).collect();
            let outputs =
                Compiled::new(&graph).run(&[arguments, vec![1.0; count], vec![0.0; count]]);
            for (at, point) in points.iter().enumerate() {
                if point.argument.is_infinite() && WITHOUT_LIMITS.contains(&name.as_str()) {
                    continue;
                }
                let (value, slope) = (outputs[0][at], outputs[1][at]);
                tally.compare(&format!("{name} "), dtype, point, value, point.value);
                // Where there is no value, the slope may be anything.
                if !point.value.is_nan() {
                    tally.compare(&format!("{name}' "), dtype, point, slope, point.slope);
                }
            }
        }
    }
    println!("{} numbers", tally.compared);
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
}

/// An example, its inputs, the tangents of these, and what a derivative is: of the first result, of the first
/// result along the tangents, or of the cotangent of an input along them.
struct Case {
    call: &'static str,
    inputs: &'static [&'static [f64]],
    tangents: &'static [&'static [f64]],
    output: usize,
    wanted: &'static [f64],
}

/// Derivatives that are finite, though something infinite or a zero cotangent is on the way to them. Outputs are
/// the result, the cotangents, and the tangents of these in the same order.
const FINITE: &[Case] = &[
    // ∂²/∂w∂x w·ln x = 1/x, also where w is 0, which makes the cotangent of the logarithm 0.
    Case {
        call: "(w: f64[2], x: f64[2]) -> w * log(x)",
        inputs: &[&[0.0, 3.0], &[2.0, 2.0]],
        tangents: &[&[1.0, 1.0], &[0.0, 0.0]],
        output: 5,
        wanted: &[0.5, 0.5],
    },
    Case {
        call: "(w: f64[2], x: f64[2]) -> w / x",
        inputs: &[&[0.0, 3.0], &[2.0, 2.0]],
        tangents: &[&[1.0, 1.0], &[0.0, 0.0]],
        output: 5,
        wanted: &[-0.25, -0.25],
    },
    Case {
        call: "(w: f64[2], x: f64[2]) -> w * exp(x)",
        inputs: &[&[0.0, 3.0], &[0.0, 0.0]],
        tangents: &[&[1.0, 1.0], &[0.0, 0.0]],
        output: 5,
        wanted: &[1.0, 1.0],
    },
    // A branch that overflows and is not taken.
    Case {
        call: "(x: f64[3]) -> select(x > 20, x, log(1 + exp(x)))",
        inputs: &[&[1000.0, 0.0, -1000.0]],
        tangents: &[&[1.0, 1.0, 1.0]],
        output: 1,
        wanted: &[1.0, 0.5, 0.0],
    },
    Case {
        call: "(x: f64[2]) -> select(x > 0, 0, cosh(x) + sinh(x) + expm1(x) + 2 ** x)",
        inputs: &[&[1000.0, 5000.0]],
        tangents: &[&[1.0, 1.0]],
        output: 1,
        wanted: &[0.0, 0.0],
    },
    // Second derivatives far out, and of a singular branch that is not taken.
    Case {
        call: "(x: f64[2]) -> silu(x) + softplus(x) + elu(x) + safe_log(x + 2000)",
        inputs: &[&[-1000.0, -1500.0]],
        tangents: &[&[1.0, 1.0]],
        output: 3,
        // −1/(x + ε)² of the logarithm.
        wanted: &[
            -1.0 / (1000.000001 * 1000.000001),
            -1.0 / (500.000001 * 500.000001),
        ],
    },
    Case {
        call: "(x: f64[3]) -> select(x > 0, rsqrt(x) + reciprocal(x) + log(x) + sqrt(x), x)",
        inputs: &[&[0.0, -1.0, -4.0]],
        tangents: &[&[1.0, 1.0, 1.0]],
        output: 3,
        wanted: &[0.0, 0.0, 0.0],
    },
    Case {
        call: "(x: f64[1], y: f64[1]) -> x ** y",
        inputs: &[&[0.0], &[0.0]],
        tangents: &[&[0.0], &[0.0]],
        output: 1,
        wanted: &[0.0],
    },
    // Values too: sums of exponentials with infinite exponents.
    Case {
        call: "(x: f64[5]) -> cumlogsumexp(x)",
        inputs: &[&[f64::NEG_INFINITY, 0.0, 0.0, f64::INFINITY, 1.0]],
        tangents: &[&[0.0; 5]],
        output: 0,
        wanted: &[
            f64::NEG_INFINITY,
            0.0,
            std::f64::consts::LN_2,
            f64::INFINITY,
            f64::INFINITY,
        ],
    },
    // Their derivatives: elements that equal an infinite maximum share the cotangent, to second order and
    // in forward mode as well.
    Case {
        call: "(x: f64[2]) -> logsumexp(x)",
        inputs: &[&[2.0, f64::INFINITY]],
        tangents: &[&[3.0, 5.0]],
        output: 0,
        wanted: &[f64::INFINITY],
    },
    Case {
        call: "(x: f64[2]) -> logsumexp(x)",
        inputs: &[&[2.0, f64::INFINITY]],
        tangents: &[&[3.0, 5.0]],
        output: 1,
        wanted: &[0.0, 1.0],
    },
    Case {
        call: "(x: f64[2]) -> logsumexp(x)",
        inputs: &[&[2.0, f64::INFINITY]],
        tangents: &[&[3.0, 5.0]],
        output: 2,
        wanted: &[5.0],
    },
    Case {
        call: "(x: f64[2]) -> logsumexp(x)",
        inputs: &[&[2.0, f64::INFINITY]],
        tangents: &[&[3.0, 5.0]],
        output: 3,
        wanted: &[0.0, 0.0],
    },
    Case {
        call: "(x: f32[2, 3]) -> logsumexp(x)",
        inputs: &[&[
            f64::INFINITY,
            2.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            2.0,
            f64::NEG_INFINITY,
        ]],
        tangents: &[&[0.0; 6]],
        output: 1,
        wanted: &[0.5, 0.0, 0.5, 0.0, 1.0, 0.0],
    },
    Case {
        call: "(x: f64[2]) -> logsumexp(x)",
        inputs: &[&[f64::NEG_INFINITY, f64::NEG_INFINITY]],
        tangents: &[&[1.0, 3.0]],
        output: 1,
        wanted: &[0.5, 0.5],
    },
    Case {
        call: "(x: f64[2]) -> logsumexp(x)",
        inputs: &[&[f64::NEG_INFINITY, f64::NEG_INFINITY]],
        tangents: &[&[1.0, 3.0]],
        output: 3,
        wanted: &[-0.5, 0.5],
    },
    Case {
        call: "(x: f64[5]) -> cumlogsumexp(x)",
        inputs: &[&[f64::NEG_INFINITY, 0.0, 0.0, f64::INFINITY, 1.0]],
        tangents: &[&[0.0; 5]],
        output: 1,
        wanted: &[1.0, 1.5, 0.5, 2.0, 0.0],
    },
    Case {
        call: "(x: f64[3]) -> cumlogsumexp(x, reverse = true)",
        inputs: &[&[0.0, f64::INFINITY, f64::NEG_INFINITY]],
        tangents: &[&[1.0, 2.0, 4.0]],
        output: 2,
        wanted: &[2.0, 2.0, 4.0],
    },
    Case {
        call: "(x: f64[1, 1, 3]) -> smooth_max_pool(x, beta = 2, size = 2)",
        inputs: &[&[2.0, f64::INFINITY, 3.0]],
        tangents: &[&[0.0; 3]],
        output: 1,
        wanted: &[0.0, 2.0, 0.0],
    },
    Case {
        call: "(logs: f64[1, 2], p: f64[1, 2]) -> kl_div(logs, p)",
        inputs: &[&[f64::NEG_INFINITY, 0.0], &[0.0, 1.0]],
        tangents: &[&[0.0, 0.0], &[0.0, 0.0]],
        output: 2,
        wanted: &[0.0, 1.0],
    },
];

#[test]
fn derivatives_are_finite_where_the_true_ones_are() {
    for case in FINITE {
        let code = Compiled::new(&whole(case.call, true));
        let (inputs, tangents) = (case.inputs, case.tangents);
        let results = code.inputs.len() - inputs.len() - tangents.len();
        assert_eq!(results, 1, "{}", case.call);
        let ones = vec![1.0; code.inputs[inputs.len()].elements() as usize];
        let mut all: Vec<Vec<f64>> = inputs.iter().map(|x| x.to_vec()).collect();
        all.push(ones);
        all.extend(tangents.iter().map(|x| x.to_vec()));
        let outputs = code.run(&all);
        for (actual, wanted) in outputs[case.output].iter().zip(case.wanted) {
            let off = (actual - wanted).abs();
            assert!(
                actual == wanted || off <= 1e-12 * wanted.abs().max(1e-300),
                "{} gives {actual}, not {wanted}",
                case.call
            );
        }
    }
}
