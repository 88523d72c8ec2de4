//! The elementary functions against independent references, within their stated bounds, and
//! their special values. `examples/ulp.rs` is the exhaustive version of the sweeps here.

mod reference;

use lgc_codegen::math::{
    Function, Machine, NativeF32, NativeF64, Width, expand, pow, pow_ulp_bound, ulp_bound,
};
use reference::{Sampler, distance, exact, exact_distance, exact_power, wide};

fn single(function: Function, x: f32) -> f32 {
    expand(&mut NativeF32, function, x)
}

fn double(function: Function, x: f64) -> f64 {
    expand(&mut NativeF64, function, x)
}

fn assert_single(function: Function, x: f32) {
    let (result, bound) = (single(function, x), ulp_bound(function, Width::F32));
    let error = distance(result, wide(function, x));
    assert!(
        error <= bound,
        "{}({x:e}) = {result:e}: {error} ulp",
        function.name()
    );
}

fn assert_double(function: Function, x: f64) {
    let (result, bound) = (double(function, x), ulp_bound(function, Width::F64));
    let error = exact_distance(result, &exact(function, x));
    assert!(
        error <= bound,
        "{}({x:e}) = {result:e}: {error} ulp",
        function.name()
    );
}

/// Every 10,007th bit pattern of binary32 and 3,000 samples of binary64.
fn check(function: Function) {
    for bits in (0..=u32::MAX).step_by(10_007) {
        assert_single(function, f32::from_bits(bits));
    }
    let mut sampler = Sampler(function as u64);
    for _ in 0..3_000 {
        assert_double(function, sampler.argument(function));
    }
}

macro_rules! check_each {
    ($($name:ident: $function:ident,)*) => {
        $(#[test]
        fn $name() {
            check(Function::$function);
        })*

        #[test]
        fn every_function_is_checked() {
            assert_eq!([$(Function::$function),*], Function::ALL);
        }
    };
}

check_each! {
    exp_is_within_its_bound: Exp,
    expm1_is_within_its_bound: Expm1,
    log_is_within_its_bound: Log,
    log1p_is_within_its_bound: Log1p,
    sin_is_within_its_bound: Sin,
    cos_is_within_its_bound: Cos,
    sinh_is_within_its_bound: Sinh,
    cosh_is_within_its_bound: Cosh,
    tanh_is_within_its_bound: Tanh,
    erf_is_within_its_bound: Erf,
}

#[test]
fn pow_is_within_its_bound() {
    let mut sampler = Sampler(3);
    for _ in 0..200_000 {
        let (x, y) = sampler.power_arguments(110.0);
        let (x, y) = (x as f32, y as f32);
        let result = pow(&mut NativeF32, x, y);
        let error = distance(result, f64::from(x).powf(f64::from(y)));
        assert!(
            error <= pow_ulp_bound(Width::F32),
            "{x:e}^{y:e} = {result:e}: {error} ulp"
        );
    }
    for _ in 0..3_000 {
        let (x, y) = sampler.power_arguments(760.0);
        let result = pow(&mut NativeF64, x, y);
        let error = exact_distance(result, &exact_power(x, y));
        assert!(
            error <= pow_ulp_bound(Width::F64),
            "{x:e}^{y:e} = {result:e}: {error} ulp"
        );
    }
}

/// The floats next to multiples of π/2, and the arguments of each width that come closest to
/// one (Muller, Handbook of Floating-Point Arithmetic, table 10.1 and its binary32 analogue).
#[test]
fn sin_and_cos_survive_cancellation() {
    for function in [Function::Sin, Function::Cos] {
        assert_single(function, 16_367_173.0 * 2f32.powi(72));
        assert_double(function, 6_381_956_970_095_103.0 * 2f64.powi(797));
        for k in 1..20_000 {
            assert_single(
                function,
                (f64::from(k) * std::f64::consts::FRAC_PI_2) as f32,
            );
        }
        for k in 1..500 {
            assert_double(function, f64::from(k * k) * std::f64::consts::FRAC_PI_2);
        }
        for exponent in -1074..1024 {
            assert_double(
                function,
                2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2),
            );
        }
    }
}

/// Results at the edge of overflow and in the subnormal range.
#[test]
fn range_ends_are_rounded_correctly() {
    let edges: [(Function, &[f64]); 4] = [
        (
            Function::Exp,
            &[
                709.782712893384,
                709.7827128933841,
                -745.1332191019411,
                -745.2,
                -708.4,
            ],
        ),
        (
            Function::Expm1,
            &[
                709.782712893384,
                709.7827128933841,
                -1e-310,
                5e-324,
                -36.7,
                -700.0,
            ],
        ),
        (
            Function::Sinh,
            &[710.4758600739439, 710.475860073944, -710.4, 5e-324, -1e-310],
        ),
        (
            Function::Cosh,
            &[710.4758600739439, 710.475860073944, -710.4, 1e-300],
        ),
    ];
    for (function, arguments) in edges {
        arguments.iter().for_each(|&x| assert_double(function, x));
    }
    for x in [5e-324, 1e-310, f64::MIN_POSITIVE, f64::MAX] {
        assert_double(Function::Log, x);
        assert_double(Function::Log1p, x);
        assert_double(Function::Erf, x.min(6.0));
        assert_double(Function::Tanh, x.min(30.0));
    }
}

/// Equal, and of the same sign if zero; any two NaN are equal.
fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a == b && a.is_sign_negative() == b.is_sign_negative())
}

#[test]
fn special_values_are_those_of_c() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    // function, then its values at +0, −0, +∞, −∞, and just outside the domain or far out
    let table = [
        (Function::Exp, 1.0, 1.0, INF, 0.0, (-1e30, 0.0)),
        (Function::Expm1, 0.0, -0.0, INF, -1.0, (-1e30, -1.0)),
        (Function::Log, -INF, -INF, INF, NAN, (-1e-30, NAN)),
        (Function::Log1p, 0.0, -0.0, INF, NAN, (-1.0, -INF)),
        (Function::Sin, 0.0, -0.0, NAN, NAN, (1e-30, 1e-30)),
        (Function::Cos, 1.0, 1.0, NAN, NAN, (1e-30, 1.0)),
        (Function::Sinh, 0.0, -0.0, INF, -INF, (-1e30, -INF)),
        (Function::Cosh, 1.0, 1.0, INF, INF, (-1e30, INF)),
        (Function::Tanh, 0.0, -0.0, 1.0, -1.0, (-1e30, -1.0)),
        (Function::Erf, 0.0, -0.0, 1.0, -1.0, (-1e30, -1.0)),
    ];
    assert_eq!(table.map(|row| row.0), Function::ALL);
    for (function, zero, minus_zero, infinity, minus_infinity, (x, y)) in table {
        let expected = [
            (0.0, zero),
            (-0.0, minus_zero),
            (INF, infinity),
            (-INF, minus_infinity),
            (x, y),
            (NAN, NAN),
        ];
        for (x, y) in expected {
            let (narrow, broad) = (single(function, x as f32), double(function, x));
            assert!(
                same(broad, y),
                "{}({x}) = {broad}, not {y}",
                function.name()
            );
            assert!(
                same(narrow.into(), f64::from(y as f32)),
                "{}f({x}) = {narrow}, not {y}",
                function.name()
            );
        }
    }
    assert!(double(Function::Log1p, -1.5).is_nan() && single(Function::Log1p, -1.5).is_nan());
    assert!(same(double(Function::Log, 1.0), 0.0) && same(single(Function::Log, 1.0).into(), 0.0));
}

/// Annex F.10.4.4 of C: Rust's `powf` is the system's `pow`, checked here by the standard's
/// own list, and the two are compared on all pairs of telling values.
#[test]
fn pow_follows_the_standard() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let listed = [
        (0.0, -3.0, INF),
        (-0.0, -3.0, -INF),
        (-0.0, -2.0, INF),
        (-0.0, -0.5, INF),
        (0.0, -INF, INF),
        (-0.0, 3.0, -0.0),
        (0.0, 3.0, 0.0),
        (-0.0, 2.0, 0.0),
        (-0.0, 0.5, 0.0),
        (-1.0, INF, 1.0),
        (-1.0, -INF, 1.0),
        (1.0, NAN, 1.0),
        (NAN, 0.0, 1.0),
        (NAN, -0.0, 1.0),
        (-2.0, 0.5, NAN),
        (-1.0, NAN, NAN),
        (NAN, 1.0, NAN),
        (2.0, NAN, NAN),
        (0.5, -INF, INF),
        (2.0, -INF, 0.0),
        (0.5, INF, 0.0),
        (-2.0, INF, INF),
        (-INF, -3.0, -0.0),
        (-INF, -2.5, 0.0),
        (-INF, 3.0, -INF),
        (-INF, 2.5, INF),
        (INF, -1e-300, 0.0),
        (INF, 1e-300, INF),
        (-2.0, 3.0, -8.0),
        (-2.0, -2.0, 0.25),
    ];
    for (x, y, expected) in listed {
        let result = pow(&mut NativeF64, x, y);
        assert!(same(result, expected), "{x}^{y} = {result}, not {expected}");
    }
    let values = [
        0.0,
        0.5,
        1.0,
        1.5,
        2.0,
        3.0,
        1e-30,
        8_388_607.0,
        8_388_608.0,
        16_777_215.0,
        16_777_216.0,
        1e20,
        1e30,
        INF,
        NAN,
    ];
    for x in values.iter().flat_map(|&x| [x, -x]) {
        for y in values.iter().flat_map(|&y| [y, -y]) {
            let (narrow, broad) = (
                pow(&mut NativeF32, x as f32, y as f32),
                pow(&mut NativeF64, x, y),
            );
            let error = distance(narrow, f64::from(x as f32).powf(f64::from(y as f32)));
            assert!(
                error <= pow_ulp_bound(Width::F32),
                "{x}^{y} = {narrow}: {error} ulp"
            );
            let expected = x.powf(y);
            let close =
                same(broad, expected) || (broad / expected - 1.0).abs() < 4.0 * f64::EPSILON;
            assert!(close, "{x}^{y} = {broad}, not {expected}");
        }
    }
}

/// A machine that builds code instead of running it: values are numbers of instructions.
struct Builder {
    width: Width,
    instructions: u32,
}

impl Builder {
    fn instruction(&mut self) -> u32 {
        self.instructions += 1;
        self.instructions
    }
}

macro_rules! one_instruction_each {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $name(&mut self, $($argument: $type),*) -> u32 {
            let _ = ($($argument),*);
            self.instruction()
        })*
    };
}

impl Machine for Builder {
    type Float = u32;
    type Int = u32;
    type Mask = u32;

    fn width(&self) -> Width {
        self.width
    }

    fn float(&mut self, value: f64) -> u32 {
        let exact = self.width == Width::F64 || value.is_nan() || f64::from(value as f32) == value;
        assert!(exact, "{value} is not a binary32 number");
        0
    }

    fn int(&mut self, value: i64) -> u32 {
        assert!(
            self.width == Width::F64 || i32::try_from(value).is_ok(),
            "{value} has more than 32 bits"
        );
        0
    }

    fn shift_left(&mut self, _: u32, count: u32) -> u32 {
        assert!(count < self.width.bits());
        self.instruction()
    }

    fn shift_right(&mut self, _: u32, count: u32) -> u32 {
        assert!(count < self.width.bits());
        self.instruction()
    }

    fn as_int(&mut self, a: u32) -> u32 {
        a
    }

    fn as_float(&mut self, a: u32) -> u32 {
        a
    }

    one_instruction_each! {
        add(a: u32, b: u32);
        sub(a: u32, b: u32);
        mul(a: u32, b: u32);
        div(a: u32, b: u32);
        fma(a: u32, b: u32, c: u32);
        round(a: u32);
        less(a: u32, b: u32);
        equal(a: u32, b: u32);
        both(a: u32, b: u32);
        either(a: u32, b: u32);
        not(a: u32);
        select(mask: u32, yes: u32, no: u32);
        int_add(a: u32, b: u32);
        int_sub(a: u32, b: u32);
        int_and(a: u32, b: u32);
        int_or(a: u32, b: u32);
        int_xor(a: u32, b: u32);
    }
}

/// The size of each expansion is part of its price: it may change, but not unnoticed. Every
/// constant must be a number of the width.
#[test]
fn expansions_have_the_sizes_written_down() {
    let count = |width, write: &dyn Fn(&mut Builder) -> u32| {
        let mut builder = Builder {
            width,
            instructions: 0,
        };
        write(&mut builder);
        builder.instructions
    };
    let sizes =
        |write: &dyn Fn(&mut Builder) -> u32| (count(Width::F32, write), count(Width::F64, write));
    let mut table: Vec<_> = Function::ALL
        .iter()
        .map(|&function| {
            (
                function.name(),
                sizes(&move |builder| expand(builder, function, 0)),
            )
        })
        .collect();
    table.push(("pow", sizes(&|builder| pow(builder, 0, 0))));
    let expected = [
        ("exp", (21, 26)),
        ("expm1", (23, 28)),
        ("log", (31, 35)),
        ("log1p", (39, 43)),
        ("sin", (168, 203)),
        ("cos", (167, 202)),
        ("sinh", (28, 33)),
        ("cosh", (20, 25)),
        ("tanh", (23, 28)),
        ("erf", (37, 59)),
        ("pow", (131, 141)),
    ];
    assert_eq!(table, expected);
}
