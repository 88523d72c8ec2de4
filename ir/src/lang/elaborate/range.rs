//! Whether numbers are values of the dtypes that they take: literals, and the bounds of declared ranges.

use super::body::Body;
use super::value::Val;
use super::{Elaborator, Reported, written};
use crate::constant::Constant;
use crate::diag::{Code, Diagnostic};
use crate::dtype::DType;
use crate::half::Half;
use crate::lang::ast;
use crate::module::Tree;
use crate::span::Span;

/// Numbers with more characters are not repeated in messages.
const LONG: usize = 32;

impl<'a> Elaborator<'a> {
    /// Where the elements of a parameter are declared to lie.
    pub(super) fn declared_range(
        &mut self,
        body: &mut Body<'a>,
        param: &ast::Param,
        tree: &Tree,
    ) -> Result<Option<(f64, f64)>, Reported> {
        let Some(range) = &param.range else {
            return Ok(None);
        };
        let mut bound = |id: ast::ExprId| {
            let span = self.ast.expr(id).span;
            let bad = |message: String| {
                Diagnostic::error(Code::BadRange, message)
                    .primary(span, "")
                    .help("bounds are numbers, `inf` among them, as in `in [0, inf]`")
            };
            let number = match self.expression(body, id)? {
                Val::Number(number) if number != Constant::Nan => number,
                Val::Number(_) => return Err(self.report(bad("nan is no bound of a range".into()))),
                Val::Name(name) => return Err(self.unknown_name(body, &name, span)),
                other => {
                    let message = format!("{} is no bound of a range", other.describe());
                    return Err(self.report(bad(message)));
                }
            };
            for (_, ty) in tree.leaves("") {
                if let Some(reason) = no_bound(&number, ty.dtype) {
                    return Err(self.report(bad(reason)));
                }
            }
            Ok(number.to_f64())
        };
        let (low, high) = (bound(range.low)?, bound(range.high)?);
        let dtypes = tree.leaves("").into_iter().map(|(_, ty)| ty.dtype);
        let some = |dtype| match dtype {
            // Some float lies between the bounds, rounded towards one another.
            DType::F16 => Half::F16.above(low) <= Half::F16.below(high),
            DType::Bf16 => Half::BF16.above(low) <= Half::BF16.below(high),
            DType::F32 => above(low) <= below(high),
            DType::Bool | DType::I32 | DType::I64 | DType::U32 | DType::F64 => true,
        };
        if low <= high
            && low < f64::INFINITY
            && high > f64::NEG_INFINITY
            && dtypes.into_iter().all(some)
        {
            return Ok(Some((low, high)));
        }
        let message = format!("there is no value of {tree} in this range");
        let help = if low <= high {
            "the bounds belong to the range, where they are values of the dtype"
        } else {
            "the lower bound comes first"
        };
        Err(self.report(
            Diagnostic::error(Code::BadRange, message)
                .primary(range.span, "")
                .help(help),
        ))
    }

    /// An error where a number is beyond the floats of a dtype, and a warning where it is so small
    /// that it is zero there: as a result of arithmetic that may be meant.
    pub(super) fn check_float(
        &mut self,
        number: &Constant,
        dtype: DType,
        span: Span,
    ) -> Result<(), Reported> {
        // Most numbers need no more than a glance.
        let glance = number.small_dyadic().map(f64::abs);
        let usual = if dtype == DType::F16 {
            1e-4..6e4
        } else {
            1e-30..1e30
        };
        let plain = glance.is_some_and(|size| size == 0.0 || usual.contains(&size));
        if plain || !dtype.is_float() || number.as_rational().is_none() || number.is_zero() {
            return Ok(());
        }
        let stored = number.to_float(dtype);
        let text = Some(written(number)).filter(|text| text.len() <= LONG);
        let text = text.unwrap_or_else(|| "this number".to_string());
        if stored.is_infinite() {
            let message = format!("{text} is beyond the numbers of {dtype}");
            return Err(self.report(
                Diagnostic::error(Code::BadNumber, message)
                    .primary(span, "")
                    .help(format!(
                        "the largest is {}; write `inf` for infinity",
                        largest(dtype)
                    )),
            ));
        }
        if stored == 0.0 {
            let message = format!("{text} is 0 in {dtype}, which has no number so small");
            self.report_new(Diagnostic::warning(Code::BadNumber, message).primary(span, ""));
        }
        Ok(())
    }
}

/// Why a number is no bound of a range of a dtype. Bounds are kept as f64.
fn no_bound(number: &Constant, dtype: DType) -> Option<String> {
    number.as_rational()?;
    let text = written(number);
    let integers = match dtype {
        DType::Bool => Some((0, 1)),
        DType::I32
        | DType::I64
        | DType::U32
        | DType::F16
        | DType::Bf16
        | DType::F32
        | DType::F64 => dtype.integer_range(),
    };
    if let Some((first, last)) = integers {
        let value = number
            .as_i64()
            .filter(|value| (first..=last).contains(value));
        return match value {
            None => Some(format!("{text} is no value of {dtype}")),
            Some(value) if value as f64 as i128 != i128::from(value) => Some(format!(
                "{text} is no bound: beyond 2^53, bounds are multiples of powers of 2"
            )),
            Some(_) => None,
        };
    }
    let beyond = number.to_float(dtype).is_infinite();
    beyond.then(|| format!("{text} is beyond the numbers of {dtype}"))
}

/// The largest float of a dtype, as text.
fn largest(dtype: DType) -> String {
    match dtype {
        DType::F16 | DType::Bf16 | DType::F32 => format!("{:?}", dtype.largest() as f32),
        DType::F64 | DType::Bool | DType::I32 | DType::I64 | DType::U32 => {
            format!("{:?}", f64::MAX)
        }
    }
}

/// The least f32 that is no less than a bound.
fn above(low: f64) -> f32 {
    let near = low as f32;
    if f64::from(near) < low {
        near.next_up()
    } else {
        near
    }
}

/// The greatest f32 that is no greater than a bound.
fn below(high: f64) -> f32 {
    let near = high as f32;
    if f64::from(near) > high {
        near.next_down()
    } else {
        near
    }
}
