//! Ops that work element by element: pointwise functions, relations, selection, conversion.

use super::{Data, InterpretError, Machine, NOT_MASKS, NOT_NUMBERS, Outcome, Tensor};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::expr::{ExprId, Rule};
use crate::scalar::{Comparison, Connective, Int, Logic, Scalar, Truth};
use std::rc::Rc;

impl<S: Scalar> Machine<'_, S> {
    pub(super) fn cast(&self, x: &Tensor<S>, to: DType) -> Outcome<S> {
        let truth_to_int = |truth: &Truth| match truth {
            Ok(truth) => Int::new(to, i64::from(*truth)),
            Err(reason) => Int::unknown(to, *reason),
        };
        let constant = |value| S::constant(self.world, to, &Constant::integer(value));
        Ok(match (&x.data, to) {
            (Data::Number(v), DType::F16 | DType::Bf16 | DType::F32 | DType::F64) => {
                Data::Number(v.iter().map(|x| x.cast_float(to)).collect())
            }
            (Data::Number(v), DType::I32 | DType::I64 | DType::U32) => {
                Data::Int(v.iter().map(|x| x.to_int(to)).collect())
            }
            (Data::Number(v), DType::Bool) => Data::Mask(
                v.iter()
                    .map(|x| x.compare(Comparison::Ne, &x.int(0)))
                    .collect(),
            ),
            (Data::Int(v), DType::F16 | DType::Bf16 | DType::F32 | DType::F64) => {
                Data::Number(v.iter().map(|x| S::from_int(self.world, to, x)).collect())
            }
            (Data::Int(v), DType::I32 | DType::I64 | DType::U32) => {
                Data::Int(v.iter().map(|x| x.cast(to)).collect())
            }
            (Data::Int(v), DType::Bool) => {
                let nonzero = |x: &Int| S::Mask::known(x.value.map(|value| value != 0));
                Data::Mask(v.iter().map(nonzero).collect())
            }
            (Data::Mask(v), DType::F16 | DType::Bf16 | DType::F32 | DType::F64) => {
                let (one, zero) = (constant(1), constant(0));
                Data::Number(v.iter().map(|m| S::select(m, &one, &zero)).collect())
            }
            (Data::Mask(v), DType::I32 | DType::I64 | DType::U32) => {
                Data::Int(v.iter().map(|m| truth_to_int(&m.decide())).collect())
            }
            (Data::Mask(v), DType::Bool) => Data::Mask(v.clone()),
        })
    }
}

pub(super) fn masks<S: Scalar>(x: &Tensor<S>) -> Result<&[S::Mask], InterpretError> {
    match &x.data {
        Data::Mask(elements) => Ok(elements),
        Data::Number(_) | Data::Int(_) => Err(NOT_MASKS),
    }
}

pub(super) fn pointwise<S: Scalar>(rule: &Rule, x: &[Rc<Tensor<S>>]) -> Outcome<S> {
    let (root, order) = (rule.value(), rule.reachable(&[rule.value()]));
    match &x[0].data {
        Data::Number(_) => {
            let columns: Vec<&[S]> = x.iter().map(|tensor| tensor.as_numbers()).collect();
            Ok(Data::Number(rows(rule, &order, root, &columns)))
        }
        Data::Int(_) => {
            let columns: Vec<&[Int]> = x.iter().map(|tensor| tensor.as_ints()).collect();
            Ok(Data::Int(rows(rule, &order, root, &columns)))
        }
        Data::Mask(_) => Err(NOT_NUMBERS),
    }
}

fn rows<T: Scalar>(rule: &Rule, order: &[ExprId], root: ExprId, columns: &[&[T]]) -> Vec<T> {
    let count = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    let row = |at: usize| {
        let inputs: Vec<T> = columns.iter().map(|column| column[at].clone()).collect();
        rule.evaluate_in(order, root, &inputs)
    };
    (0..count).map(row).collect()
}

pub(super) fn compare<S: Scalar>(
    comparison: Comparison,
    x: &Tensor<S>,
    y: &Tensor<S>,
) -> Outcome<S> {
    let known = |truth: Truth| S::Mask::known(truth);
    Ok(Data::Mask(match (&x.data, &y.data) {
        (Data::Number(x), Data::Number(y)) => x
            .iter()
            .zip(y)
            .map(|(x, y)| x.compare(comparison, y))
            .collect(),
        (Data::Int(x), Data::Int(y)) => x
            .iter()
            .zip(y)
            .map(|(x, y)| known(x.compare(comparison, y)))
            .collect(),
        (Data::Mask(x), Data::Mask(y)) => {
            let holds = |x: &S::Mask, y: &S::Mask| Ok(comparison.holds(&x.decide()?, &y.decide()?));
            x.iter().zip(y).map(|(x, y)| known(holds(x, y))).collect()
        }
        (_, _) => return Err(InterpretError::Unverified("operands of different dtypes")),
    }))
}

pub(super) fn connect<S: Scalar>(
    connective: Connective,
    x: &Tensor<S>,
    y: &Tensor<S>,
) -> Outcome<S> {
    let pairs = masks(x)?.iter().zip(masks(y)?);
    Ok(Data::Mask(
        pairs.map(|(x, y)| x.connect(connective, y)).collect(),
    ))
}

pub(super) fn select<S: Scalar>(mask: &Tensor<S>, x: &Tensor<S>, y: &Tensor<S>) -> Outcome<S> {
    let mask = masks(mask)?;
    Ok(match (&x.data, &y.data) {
        (Data::Number(x), Data::Number(y)) => Data::Number(
            mask.iter()
                .zip(x.iter().zip(y))
                .map(|(m, (x, y))| S::select(m, x, y))
                .collect(),
        ),
        (Data::Int(x), Data::Int(y)) => Data::Int(
            mask.iter()
                .zip(x.iter().zip(y))
                .map(|(m, (x, y))| Int::select(&m.decide(), x, y))
                .collect(),
        ),
        (Data::Mask(x), Data::Mask(y)) => Data::Mask(
            mask.iter()
                .zip(x.iter().zip(y))
                .map(|(m, (x, y))| {
                    let yes = m.connect(Connective::And, x);
                    yes.connect(Connective::Or, &m.not().connect(Connective::And, y))
                })
                .collect(),
        ),
        (_, _) => return Err(InterpretError::Unverified("operands of different dtypes")),
    })
}
