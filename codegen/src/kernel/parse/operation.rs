//! Operations and constants.

use super::Parsed;
use super::kernel::KernelParser;
use crate::kernel::{Form, Op, ValueId, ValueType};
use dashu::rational::RBig;
use lgc_ir::constant::{Constant, parse_decimal};
use lgc_ir::index::Index;
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};

/// Longer digit strings are no constants of a kernel.
const MAX_DIGITS: usize = 4096;

impl KernelParser<'_, '_> {
    pub(super) fn operation(&mut self) -> Parsed<(Op, ValueType)> {
        let start = self.scanner.position();
        let name = self.scanner.peek_word();
        if self.scanner.eat("const") {
            let constant = self.constant()?;
            let ty = self.value_type()?;
            return Ok((Op::Const(ty.dtype, constant), ty));
        }
        if self.scanner.eat("index") {
            let index: Index = self.scanner.index()?;
            let ty = self.value_type()?;
            return Ok((Op::Index(ty.dtype, index), ty));
        }
        if self.scanner.eat("ramp") {
            let index: Index = self.scanner.index()?;
            let ty = self.value_type()?;
            return Ok((Op::Ramp(ty.dtype, ty.form.elements(), index), ty));
        }
        if self.scanner.eat("slice") {
            let x = self.value()?;
            self.scanner.expect("from")?;
            let from = self.scanner.number()?;
            let ty = self.value_type()?;
            return Ok((Op::Slice(ty.form, from, x), ty));
        }
        self.scanner.skip(name.len());
        let mut operands = vec![self.value()?];
        while self.scanner.eat(",") {
            operands.push(self.value()?);
        }
        let ty = self.value_type()?;
        match operation(name, &operands, ty) {
            Some(op) => Ok((op, ty)),
            None => self.scanner.fault_at(
                start,
                format!("no operation `{name}` takes {} operands", operands.len()),
            ),
        }
    }

    fn constant(&mut self) -> Parsed<Constant> {
        let negative = self.scanner.eat("-");
        let signed = |constant: Constant| match negative {
            true => constant.neg(),
            false => constant,
        };
        if self.scanner.eat("inf") {
            return Ok(signed(Constant::Infinity));
        }
        if self.scanner.eat("nan") {
            return Ok(Constant::Nan);
        }
        let factor = match self.rational_or_stored()? {
            Ok(stored) => return Ok(signed(stored)),
            Err(rational) => rational,
        };
        let mut radicand = RBig::ONE;
        let mut half_powers_of_pi = 0;
        while self.scanner.eat("*") {
            if self.scanner.eat("sqrt") {
                self.scanner.expect("(")?;
                radicand = self.rational()?;
                self.scanner.expect(")")?;
            } else {
                self.scanner.expect("pi")?;
                self.scanner.expect("^")?;
                self.scanner.expect("(")?;
                half_powers_of_pi = self.scanner.number()?;
                self.scanner.expect("/")?;
                self.scanner.expect("2")?;
                self.scanner.expect(")")?;
            }
        }
        if radicand <= RBig::ZERO || !(-64..=64).contains(&half_powers_of_pi) {
            return self.scanner.fault("no such constant is used by any rule");
        }
        Ok(signed(Constant::Real {
            factor,
            radicand,
            half_powers_of_pi,
        }))
    }

    /// `0.1f` as a stored float, or else a rational.
    fn rational_or_stored(&mut self) -> Parsed<Result<Constant, RBig>> {
        let text = self.scanner.rest();
        let length = text
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | '-')))
            .unwrap_or(text.len());
        if text[length..].starts_with('f')
            && length < MAX_DIGITS
            && let Ok(stored) = text[..length].parse::<f64>()
        {
            self.scanner.skip(length + 1);
            return Ok(Ok(Constant::from_f64(stored)));
        }
        self.rational().map(Err)
    }

    fn rational(&mut self) -> Parsed<RBig> {
        let numerator = self.natural()?;
        if !self.scanner.eat("/") {
            return Ok(numerator);
        }
        let denominator = self.natural()?;
        if denominator == RBig::ZERO {
            return self.scanner.fault("the denominator is zero");
        }
        Ok(numerator / denominator)
    }

    fn natural(&mut self) -> Parsed<RBig> {
        let digits = self.scanner.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() || digits.len() > MAX_DIGITS {
            return self.scanner.fault("expected a constant");
        }
        // Three hundred digits at a time: the decimal reader takes no more at once.
        let mut value = RBig::ZERO;
        for part in digits.as_bytes().chunks(300) {
            let text = std::str::from_utf8(part).unwrap_or("0");
            let scale = dashu::integer::IBig::from(10).pow(part.len());
            value = value * RBig::from(scale) + parse_decimal(text).unwrap_or(RBig::ZERO);
        }
        Ok(value)
    }
}

/// The operation of that name; target dtypes and forms are read off the type of the result.
fn operation(name: &str, operands: &[ValueId], ty: ValueType) -> Option<Op> {
    match *operands {
        [x] => unary(name, x, ty),
        [x, y] => binary(name, x, y),
        [x, y, z] => match name {
            "select" => Some(Op::Select(x, y, z)),
            "fma" => Some(Op::Fma(x, y, z)),
            "mma" => Some(Op::Mma(x, y, z)),
            _ => None,
        },
        _ => None,
    }
}

fn unary(name: &str, x: ValueId, ty: ValueType) -> Option<Op> {
    let tile = |axis| match ty.form {
        Form::Tile(..) => Some(ty.form.extent(axis)),
        Form::Scalar | Form::Vector(_) => None,
    };
    match name {
        "not" => Some(Op::Not(x)),
        "cast" => Some(Op::Cast(ty.dtype, x)),
        "bitcast" => Some(Op::Bitcast(ty.dtype, x)),
        "splat" => Some(Op::Splat(ty.form, x)),
        "rows" => Some(Op::Rows(tile(0)?, x)),
        "columns" => Some(Op::Columns(tile(1)?, x)),
        _ => Some(Op::Unary(Unary::from_name(name)?, x)),
    }
}

fn binary(name: &str, x: ValueId, y: ValueId) -> Option<Op> {
    if let Some(connective) = name.strip_prefix("logic.") {
        return Some(Op::Connect(Connective::from_name(connective)?, x, y));
    }
    let function = Binary::from_name(name).map(|function| Op::Binary(function, x, y));
    let relation = || Comparison::from_name(name).map(|relation| Op::Compare(relation, x, y));
    function.or_else(relation)
}
