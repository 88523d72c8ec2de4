//! The text form of indices, guards and maps, and its parser.
//!
//! ```text
//! index    := ['-'] term (('+' | '-') term)*
//! term     := integer ['*' factor] | factor
//! factor   := 'i' integer | '(' index [('floordiv' | 'mod') integer] ')'
//! guard    := 'true' | relation ('&&' relation)*
//! relation := integer '<=' index '<' integer | integer '|' index
//! ```

use super::{Atom, Guard, Index, IndexMap, MAX_ATOMS, MAX_DEPTH, Relation};
use std::fmt;
use std::str::FromStr;

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Var(variable) => write!(f, "i{variable}"),
            Atom::FloorDiv(index, divisor) => write!(f, "({} floordiv {divisor})", Inner(index)),
            Atom::Mod(index, divisor) => write!(f, "({} mod {divisor})", Inner(index)),
        }
    }
}

/// The dividend of a quotient or remainder: a sum stands in parentheses.
struct Inner<'a>(&'a Index);

impl fmt::Display for Inner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.terms().len() + usize::from(self.0.offset() != 0) {
            0 | 1 => write!(f, "{}", self.0),
            _ => write!(f, "({})", self.0),
        }
    }
}

impl fmt::Display for Index {
    /// The sum, variables as `i0`, `i1`, …: `4*i0 + (i1 floordiv 3) + 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (atom, coefficient)) in self.terms().iter().enumerate() {
            let sign = match (at, *coefficient < 0) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            };
            match coefficient.unsigned_abs() {
                1 => write!(f, "{sign}{atom}")?,
                magnitude => write!(f, "{sign}{magnitude}*{atom}")?,
            }
        }
        match (self.terms().is_empty(), self.offset()) {
            (true, offset) => write!(f, "{offset}"),
            (false, 0) => Ok(()),
            (false, offset) if offset < 0 => write!(f, " - {}", offset.unsigned_abs()),
            (false, offset) => write!(f, " + {offset}"),
        }
    }
}

impl fmt::Display for Relation {
    /// `0 <= i0 + 1 < 8`, or `2 | i0 + 1` for divisibility.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Relation::Within { index, low, high } => write!(f, "{low} <= {index} < {high}"),
            Relation::Divisible { index, divisor } => write!(f, "{divisor} | {index}"),
        }
    }
}

impl fmt::Display for Guard {
    /// Relations joined by `&&`; `true` if there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_always() {
            return f.write_str("true");
        }
        for (at, relation) in self.relations().iter().enumerate() {
            write!(f, "{}{relation}", if at == 0 { "" } else { " && " })?;
        }
        Ok(())
    }
}

impl fmt::Display for IndexMap {
    /// `[i1, i0 - 1] if 0 <= i0 - 1 < 4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, index) in self.indices.iter().enumerate() {
            write!(f, "{}{index}", if at == 0 { "" } else { ", " })?;
        }
        f.write_str("]")?;
        if !self.guard.is_always() {
            write!(f, " if {}", self.guard)?;
        }
        Ok(())
    }
}

/// Why a text is no index or guard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct IndexSyntaxError {
    /// Bytes between the start of the text and the fault.
    pub at: usize,
    /// What was expected there.
    pub message: &'static str,
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    atoms: usize,
}

type Parsed<T> = Result<T, IndexSyntaxError>;

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Cursor {
            text,
            at: 0,
            atoms: 0,
        }
    }

    fn rest(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or("");
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        self.at += blank;
        &rest[blank..]
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn fault<T>(&self, message: &'static str) -> Parsed<T> {
        Err(IndexSyntaxError {
            at: self.at,
            message,
        })
    }

    fn expect(&mut self, token: &str, message: &'static str) -> Parsed<()> {
        if self.eat(token) {
            Ok(())
        } else {
            self.fault(message)
        }
    }

    /// The digits here as an integer with the sign that was read before them.
    fn digits(&mut self, negative: bool) -> Parsed<i64> {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let value = rest[..length].parse::<i128>().ok();
        let value = value.map(|value| if negative { -value } else { value });
        match value.and_then(|value| i64::try_from(value).ok()) {
            Some(value) => {
                self.at += length;
                Ok(value)
            }
            None if length == 0 => self.fault("expected an integer"),
            None => self.fault("the integer does not fit 64 bits"),
        }
    }

    fn integer(&mut self) -> Parsed<i64> {
        let negative = self.eat("-");
        self.digits(negative)
    }

    fn index(&mut self, depth: u32) -> Parsed<Index> {
        let negative = self.eat("-");
        let mut sum = self.term(negative, depth)?;
        loop {
            let negative = if self.eat("+") {
                false
            } else if self.eat("-") {
                true
            } else {
                return Ok(sum);
            };
            sum = sum.add(&self.term(negative, depth)?);
        }
    }

    fn term(&mut self, negative: bool, depth: u32) -> Parsed<Index> {
        if !self.rest().starts_with(|c: char| c.is_ascii_digit()) {
            let factor = self.factor(depth)?;
            return Ok(if negative { factor.scale(-1) } else { factor });
        }
        let coefficient = self.digits(negative)?;
        if self.eat("*") {
            Ok(self.factor(depth)?.scale(coefficient))
        } else {
            Ok(Index::constant(coefficient))
        }
    }

    fn factor(&mut self, depth: u32) -> Parsed<Index> {
        self.atoms += 1;
        if self.atoms > MAX_ATOMS {
            return self.fault("the index has too many terms");
        }
        if self.eat("i") {
            let number = self.digits(false)?;
            return match u32::try_from(number) {
                Ok(variable) => Ok(Index::var(variable)),
                Err(_) => self.fault("the number of the variable is too large"),
            };
        }
        self.expect("(", "expected a variable such as `i0`, an integer or `(`")?;
        // A nested sum takes two pairs of parentheses.
        if depth >= 2 * MAX_DEPTH {
            return self.fault("the index is nested too deeply");
        }
        let inner = self.index(depth + 1)?;
        let result = if self.eat("floordiv") {
            inner.floor_div(self.positive()?)
        } else if self.eat("mod") {
            inner.modulo(self.positive()?)
        } else {
            inner
        };
        self.expect(")", "expected `floordiv`, `mod` or `)`")?;
        Ok(result)
    }

    fn positive(&mut self) -> Parsed<i64> {
        match self.digits(false)? {
            0 => self.fault("the divisor must be positive"),
            divisor => Ok(divisor),
        }
    }

    fn guard(&mut self) -> Parsed<Guard> {
        if self.eat("true") {
            return Ok(Guard::always());
        }
        let mut guard = self.relation()?;
        let mut count = 1;
        while self.eat("&&") {
            guard = guard.and(&self.relation()?);
            count += 1;
            if count > MAX_ATOMS {
                return self.fault("the guard has too many relations");
            }
        }
        Ok(guard)
    }

    fn relation(&mut self) -> Parsed<Guard> {
        self.atoms = 0;
        let low = self.integer()?;
        if self.eat("|") {
            if low <= 0 {
                return self.fault("the divisor must be positive");
            }
            return Ok(Guard::divisible(self.index(0)?, low));
        }
        self.expect("<=", "expected `<=` or `|`")?;
        let index = self.index(0)?;
        self.expect("<", "expected `<`")?;
        Ok(Guard::within(index, low, self.integer()?))
    }
}

fn whole<T>(text: &str, parse: impl FnOnce(&mut Cursor<'_>) -> Parsed<T>) -> Parsed<T> {
    let mut cursor = Cursor::new(text);
    let value = parse(&mut cursor)?;
    if cursor.rest().is_empty() {
        Ok(value)
    } else {
        cursor.fault("expected the end")
    }
}

impl Index {
    /// Parses the index at the start of `text`; also gives the number of bytes that it takes.
    pub fn parse_prefix(text: &str) -> Result<(Index, usize), IndexSyntaxError> {
        let mut cursor = Cursor::new(text);
        let index = cursor.index(0)?;
        Ok((index, cursor.at))
    }
}

impl Guard {
    /// Parses the guard at the start of `text`; also gives the number of bytes that it takes.
    pub fn parse_prefix(text: &str) -> Result<(Guard, usize), IndexSyntaxError> {
        let mut cursor = Cursor::new(text);
        let guard = cursor.guard()?;
        Ok((guard, cursor.at))
    }
}

impl FromStr for Index {
    type Err = IndexSyntaxError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        whole(text, |cursor| cursor.index(0))
    }
}

impl FromStr for Guard {
    type Err = IndexSyntaxError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        whole(text, |cursor| cursor.guard())
    }
}
