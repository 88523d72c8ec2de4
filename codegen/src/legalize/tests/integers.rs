//! Functions of integers: the same results for every pair of extreme operands, and operands that are defined.

use super::super::legalize;
use crate::kernel::{
    Access, Cells, Form, Kernel, KernelBuilder, MemId, Memory, Mode, Op, Stmt, Subscript, ValueId,
    interpret_kernel, verify_kernel,
};
use crate::target::Operations;
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, integer_binary};
use lgc_ir::shape::{Shape, Type};

const INTEGERS: [DType; 3] = [DType::I32, DType::I64, DType::U32];

const FUNCTIONS: [Binary; 6] = [
    Binary::Div,
    Binary::Rem,
    Binary::Shl,
    Binary::Shr,
    Binary::Max,
    Binary::Min,
];

const FORMS: [Form; 3] = [Form::Scalar, Form::Vector(3), Form::Tile(2, 3)];

/// The integers of a dtype around which functions change what they do.
fn extremes(dtype: DType) -> Vec<i64> {
    let near = |middle: i64| (-2..=2).map(move |step| middle.wrapping_add(step));
    let ends = [i64::from(i32::MIN), i64::from(u32::MAX), i64::MIN, 1 << 40];
    let all = [0, 7, 32, 64].into_iter().chain(ends).flat_map(near);
    let mut all: Vec<i64> = all.map(|value| dtype.wrap(value)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Pairs of operands, filled to whole forms.
type Pairs = Vec<(i64, i64)>;

fn filled(mut pairs: Pairs) -> Pairs {
    while !pairs.len().is_multiple_of(6) {
        pairs.push((1, 1));
    }
    pairs
}

/// Every pair of extremes.
fn all_pairs(dtype: DType) -> Pairs {
    let extremes = extremes(dtype);
    let pair = |&x: &i64| extremes.iter().map(move |&y| (x, y));
    filled(extremes.iter().flat_map(pair).collect())
}

/// What happens to elements of two vectors of pairs.
fn kernel(
    dtype: DType,
    pairs: &Pairs,
    form: Form,
    body: impl Fn(&KernelBuilder, [ValueId; 2]) -> ValueId,
) -> Kernel {
    let k = KernelBuilder::new("pairs");
    let count = pairs.len() as u64;
    let dims = match form {
        Form::Scalar => vec![count],
        Form::Vector(columns) => vec![count / u64::from(columns), u64::from(columns)],
        Form::Tile(rows, columns) => {
            let (rows, columns) = (u64::from(rows), u64::from(columns));
            vec![count / rows / columns, rows, columns]
        }
    };
    let param = |name, mode| k.param(name, Type::new(dtype, Shape::new(dims.clone())), mode);
    let (x, y) = (param("x", Mode::In), param("y", Mode::In));
    let z = param("z", Mode::Out);
    k.par(dims[0], 1, |point| {
        let at = |memory| {
            let spans = (1..dims.len()).map(|_| Subscript::Span(Index::constant(0)));
            let at = std::iter::once(Subscript::At(point.clone())).chain(spans);
            Access::new(memory, at.collect())
        };
        let operands = [x, y].map(|memory| k.load_form(at(memory), form, None));
        let value = body(&k, operands);
        k.store(at(z), value);
    });
    let kernel = k.finish().unwrap();
    verify_kernel(&kernel).unwrap();
    kernel
}

/// What a kernel makes of the pairs, with results for as many memories as it has.
fn run(dtype: DType, pairs: &Pairs, kernel: &Kernel) -> Vec<Vec<i64>> {
    let mut all: Vec<Cells<f64>> = vec![
        Cells::integers(dtype, pairs.iter().map(|pair| pair.0)),
        Cells::integers(dtype, pairs.iter().map(|pair| pair.1)),
    ];
    let results = kernel.memories.len() - all.len();
    let zeros = || Cells::integers(dtype, pairs.iter().map(|_| 0));
    all.extend((0..results).map(|_| zeros()));
    interpret_kernel(&(), kernel, &mut all).unwrap();
    let results = all[2..].iter().map(|cells| cells.as_integers().unwrap());
    results.collect()
}

fn expected(dtype: DType, pairs: &Pairs, function: Binary, other: Option<i64>) -> Vec<i64> {
    let value = |&(x, y): &(i64, i64)| {
        integer_binary(dtype, function, x, other.map_or(y, |y| dtype.wrap(y))).unwrap()
    };
    pairs.iter().map(value).collect()
}

/// The second operands of divisions and shifts in a kernel.
fn second_operands(kernel: &Kernel) -> Vec<(Binary, ValueId)> {
    use Binary::{Div, Rem, Shl, Shr};
    let mut found = Vec::new();
    kernel.body.visit(&mut |stmt| {
        if let Stmt::Compute { op, .. } = stmt
            && let Op::Binary(function @ (Div | Rem | Shl | Shr), _, y) = op
        {
            found.push((*function, *y));
        }
    });
    found
}

/// The kernel with a second result: a value that the first one is computed from.
fn with_result(mut kernel: Kernel, value: ValueId) -> Kernel {
    let result = kernel.memories[2].clone();
    kernel.memories.push(Memory {
        name: "seen".into(),
        ..result
    });
    let [Stmt::Par { body, .. }] = kernel.body.stmts.as_mut_slice() else {
        panic!("a loop");
    };
    let store = body.stmts.last().cloned();
    let Some(Stmt::Store { access, .. }) = store else {
        panic!("a store");
    };
    let access = Access {
        memory: MemId(3),
        ..access
    };
    body.stmts.push(Stmt::Store { access, value });
    verify_kernel(&kernel).unwrap();
    kernel
}

#[test]
fn results_are_the_same_and_operands_are_defined() {
    for dtype in INTEGERS {
        let pairs = all_pairs(dtype);
        for function in FUNCTIONS {
            for form in FORMS {
                let what = format!("{} of {form:?} of {dtype}", function.name());
                let given = kernel(dtype, &pairs, form, |k, [x, y]| k.binary(function, x, y));
                let legal = legalize(&given, &Operations::COMMON);
                verify_kernel(&legal).unwrap();
                let result = vec![expected(dtype, &pairs, function, None)];
                assert_eq!(run(dtype, &pairs, &given), result, "{what}");
                assert_eq!(run(dtype, &pairs, &legal), result, "{what}, legal");
                for (function, operand) in second_operands(&legal) {
                    let seen = run(dtype, &pairs, &with_result(legal.clone(), operand)).pop();
                    check_defined(dtype, function, &seen.unwrap(), &what);
                }
            }
        }
    }
}

fn is_division(function: Binary) -> bool {
    matches!(function, Binary::Div | Binary::Rem)
}

fn is_shift(function: Binary) -> bool {
    matches!(function, Binary::Shl | Binary::Shr)
}

/// Whether processors that have no more than others have a function for a second operand.
fn is_defined(dtype: DType, function: Binary, operand: i64) -> bool {
    if is_division(function) {
        operand != 0 && operand != -1
    } else if is_shift(function) {
        (0..i64::from(dtype.bits())).contains(&operand)
    } else {
        dtype != DType::I64
    }
}

fn check_defined(dtype: DType, function: Binary, seen: &[i64], what: &str) {
    for &value in seen {
        assert!(is_defined(dtype, function, value), "{what}: {value}");
    }
}

#[test]
fn known_operands_are_guarded_only_where_they_are_not_defined() {
    for dtype in INTEGERS {
        let pairs = filled(extremes(dtype).into_iter().map(|x| (x, x)).collect());
        for function in FUNCTIONS {
            for known in extremes(dtype) {
                for form in [Form::Scalar, Form::Vector(3)] {
                    let what = format!("{} by {known} of {form:?} of {dtype}", function.name());
                    let given = kernel(dtype, &pairs, form, |k, [x, _]| {
                        let known = k.int(dtype, known);
                        let known = match form {
                            Form::Scalar => known,
                            Form::Vector(_) | Form::Tile(..) => k.splat(form, known),
                        };
                        k.binary(function, x, known)
                    });
                    let legal = legalize(&given, &Operations::COMMON);
                    verify_kernel(&legal).unwrap();
                    let result = vec![expected(dtype, &pairs, function, Some(known))];
                    assert_eq!(run(dtype, &pairs, &legal), result, "{what}");
                    let is_defined = is_defined(dtype, function, known);
                    assert_eq!(legal == given, is_defined, "{what}");
                    for (function, operand) in second_operands(&legal) {
                        let seen = run(dtype, &pairs, &with_result(legal.clone(), operand)).pop();
                        check_defined(dtype, function, &seen.unwrap(), &what);
                    }
                }
            }
        }
    }
}

#[test]
fn what_a_processor_has_stays_as_it_is() {
    let all = Operations {
        division: true,
        shifts: true,
        extrema_of_i64: true,
    };
    for dtype in INTEGERS {
        for function in FUNCTIONS {
            let given = kernel(dtype, &all_pairs(dtype), Form::Scalar, |k, [x, y]| {
                k.binary(function, x, y)
            });
            assert_eq!(legalize(&given, &all), given);
            let lacks = Operations {
                division: !is_division(function),
                shifts: !is_shift(function),
                extrema_of_i64: is_division(function) || is_shift(function),
            };
            let is_common = lacks.division && lacks.shifts && dtype != DType::I64;
            assert_eq!(legalize(&given, &lacks) == given, is_common);
        }
    }
}
