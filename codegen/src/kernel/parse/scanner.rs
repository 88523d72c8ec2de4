//! Tokens on demand, and the small productions that programs and kernels share.

use super::{ParseError, Parsed};
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index, IndexSyntaxError};
use lgc_ir::shape::{Shape, Type};

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '\'')
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner { text, at: 0 }
    }

    /// What follows, blanks and comments skipped.
    pub(super) fn rest(&mut self) -> &'a str {
        loop {
            let rest = &self.text[self.at..];
            let code = rest.trim_start();
            self.at += rest.len() - code.len();
            if !code.starts_with("//") {
                return code;
            }
            self.at += code.find('\n').unwrap_or(code.len());
        }
    }

    pub(super) fn fault<T>(&mut self, message: impl Into<String>) -> Parsed<T> {
        let at = self.position();
        self.fault_at(at, message)
    }

    /// A fault at an earlier [`Scanner::position`].
    pub(super) fn fault_at<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Err(ParseError {
            at,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
        })
    }

    /// Where what follows begins.
    pub(super) fn position(&mut self) -> usize {
        let _ = self.rest();
        self.at
    }

    pub(super) fn end(&mut self) -> Parsed<()> {
        match self.rest() {
            "" => Ok(()),
            _ => self.fault("expected the end"),
        }
    }

    /// The word here: letters, digits, `_`, `.` and `'`; empty if there is none.
    pub(super) fn peek_word(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        &rest[..length]
    }

    /// Consumes a keyword (a whole word) or a sign.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let is_word = token.starts_with(is_name_char) && !token.starts_with('.');
        let found = if is_word {
            self.peek_word() == token
        } else {
            self.rest().starts_with(token)
        };
        self.at += if found { token.len() } else { 0 };
        found
    }

    pub(super) fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.eat(token) {
            Ok(())
        } else {
            self.fault(format!("expected `{token}`"))
        }
    }

    pub(super) fn name(&mut self) -> Parsed<&'a str> {
        let word = self.peek_word();
        if word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            self.at += word.len();
            Ok(word)
        } else {
            self.fault("expected a name")
        }
    }

    /// Consumes that many bytes of [`Scanner::rest`].
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Consumes characters as long as they are accepted.
    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Parsed<T> {
        let start = self.at;
        let negative = self.eat("-");
        let digits = self.take_while(|c| c.is_ascii_digit());
        let sign = if negative { "-" } else { "" };
        match format!("{sign}{digits}").parse() {
            Ok(number) => Ok(number),
            Err(_) => {
                self.at = start;
                self.fault("expected an integer in range")
            }
        }
    }

    /// The number of `v3` or `i3`.
    fn numbered(&mut self, prefix: char, what: &str) -> Parsed<u32> {
        let word = self.peek_word();
        let number = word.strip_prefix(prefix);
        // The two dots of a range end the word of a variable.
        let digits = number.map(|n| n.split('.').next().unwrap_or(n));
        let is_number =
            |d: &&str| !d.is_empty() && d.len() < 10 && d.bytes().all(|b| b.is_ascii_digit());
        match digits.filter(is_number) {
            Some(digits) => {
                self.at += 1 + digits.len();
                digits.parse().or_else(|_| self.fault(what))
            }
            None => self.fault(what),
        }
    }

    pub(super) fn value_number(&mut self) -> Parsed<u32> {
        self.numbered('v', "expected a value such as `v0`")
    }

    pub(super) fn var_number(&mut self) -> Parsed<u32> {
        self.numbered('i', "expected an index variable such as `i0`")
    }

    /// Whether a value such as `v0` follows.
    pub(super) fn at_value(&mut self) -> bool {
        let digits = self.peek_word().strip_prefix('v');
        digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
    }

    /// Items separated by commas up to the closing sign, which is consumed.
    pub(super) fn list<T>(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(close) {
                return Ok(items);
            }
            if !self.eat(",") {
                return self.fault(format!("expected `,` or `{close}`"));
            }
        }
    }

    fn index_text<T>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<(T, usize), IndexSyntaxError>,
    ) -> Parsed<T> {
        match parse(self.rest()) {
            Ok((value, length)) => {
                self.at += length;
                Ok(value)
            }
            Err(error) => self.fault_at(self.at + error.at, error.message),
        }
    }

    pub(super) fn index(&mut self) -> Parsed<Index> {
        self.index_text(Index::parse_prefix)
    }

    pub(super) fn guard(&mut self) -> Parsed<Guard> {
        self.index_text(Guard::parse_prefix)
    }

    pub(super) fn dtype(&mut self) -> Parsed<DType> {
        let word = self.peek_word();
        match word.parse() {
            Ok(dtype) => {
                self.at += word.len();
                Ok(dtype)
            }
            Err(_) => self.fault("expected a dtype"),
        }
    }

    /// `f32[4, 8]`
    pub(super) fn tensor_type(&mut self) -> Parsed<Type> {
        let dtype = self.dtype()?;
        self.expect("[")?;
        let dims = self.list("]", Scanner::number::<u64>)?;
        let ty = Type::new(dtype, Shape::new(dims));
        if ty.is_bounded() {
            Ok(ty)
        } else {
            self.fault("the tensor is too large")
        }
    }
}
