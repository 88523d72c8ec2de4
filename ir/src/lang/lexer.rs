//! Text to tokens.
//!
//! The lexer reads any text: what has no meaning is reported and becomes an
//! [`TokenKind::Unknown`] token, so that the parser stays silent about it. Comments and blank lines
//! are set aside for the printer. Line ends are not tokens; each token knows whether it begins a
//! line. Brackets are paired in a second pass, which is what lets the parser skip exactly the part of
//! a statement that it could not read.

use super::ast::{FloatLiteral, Trivia, TriviaKind};
use super::token::{Token, TokenKind};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::span::{FileId, Span};
use std::borrow::Cow;

/// The tokens of a text, the last of which is [`TokenKind::End`], and what stands between them.
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    pub(super) trivia: Vec<Trivia>,
}

/// Longest name, in bytes: names reach headers, which C compilers have to read.
pub(in crate::lang) const MAX_NAME_BYTES: usize = 1024;

/// Longest number that is read, in bytes. No float needs more than 767 significant digits.
const MAX_NUMBER_BYTES: usize = 1024;

/// Reads a whole text, or as much of it as it takes to fill the sink with errors.
pub(super) fn lex(file: FileId, text: &str, sink: &mut Diagnostics) -> Lexed {
    let mut lexer = Lexer {
        file,
        text,
        at: 0,
        start: 0,
        line_ends: 0,
        sink,
        tokens: Vec::with_capacity(text.len() / 4 + 1),
        trivia: Vec::new(),
    };
    if text.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    while lexer.token() && !lexer.sink.is_full() {}
    lexer.end();
    Lexed {
        tokens: lexer.tokens,
        trivia: lexer.trivia,
    }
}

struct Lexer<'a> {
    file: FileId,
    text: &'a str,
    /// Offset of the next character.
    at: usize,
    /// Offset of the first character of the token that is being read.
    start: usize,
    /// Line ends since the last token or comment.
    line_ends: usize,
    sink: &'a mut Diagnostics,
    tokens: Vec<Token>,
    trivia: Vec<Trivia>,
}

/// Offsets fit: a [`crate::span::SourceMap`] holds no text of 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn is_name_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The symbol that begins with these two characters, and its length.
fn symbol_of(first: char, second: Option<char>) -> Option<(TokenKind, usize)> {
    let two = match (first, second.unwrap_or(' ')) {
        ('.', '.') => Some(TokenKind::DotDot),
        ('-', '>') => Some(TokenKind::Arrow),
        ('=', '=') => Some(TokenKind::EqualEqual),
        ('!', '=') => Some(TokenKind::BangEqual),
        ('<', '=') => Some(TokenKind::LessEqual),
        ('>', '=') => Some(TokenKind::GreaterEqual),
        ('*', '*') => Some(TokenKind::StarStar),
        ('|', '|') => Some(TokenKind::PipePipe),
        ('&', '&') => Some(TokenKind::AmpersandAmpersand),
        ('<', '<') => Some(TokenKind::LessLess),
        ('>', '>') => Some(TokenKind::GreaterGreater),
        _ => None,
    };
    let one = || match first {
        '(' => Some(TokenKind::OpenParen),
        ')' => Some(TokenKind::CloseParen),
        '[' => Some(TokenKind::OpenBracket),
        ']' => Some(TokenKind::CloseBracket),
        '{' => Some(TokenKind::OpenBrace),
        '}' => Some(TokenKind::CloseBrace),
        ',' => Some(TokenKind::Comma),
        ':' => Some(TokenKind::Colon),
        ';' => Some(TokenKind::Semicolon),
        '.' => Some(TokenKind::Dot),
        '\'' => Some(TokenKind::Prime),
        '=' => Some(TokenKind::Equal),
        '<' => Some(TokenKind::Less),
        '>' => Some(TokenKind::Greater),
        '+' => Some(TokenKind::Plus),
        '-' => Some(TokenKind::Minus),
        '*' => Some(TokenKind::Star),
        '/' => Some(TokenKind::Slash),
        '%' => Some(TokenKind::Percent),
        '@' => Some(TokenKind::At),
        '!' => Some(TokenKind::Bang),
        '|' => Some(TokenKind::Pipe),
        '^' => Some(TokenKind::Caret),
        '&' => Some(TokenKind::Ampersand),
        _ => None,
    };
    let two = two.map(|kind| (kind, 2));
    two.or_else(|| one().map(|kind| (kind, 1)))
}

/// What to write for characters that look right, or mean the right thing elsewhere.
const LOOKALIKES: &[(char, &str)] = &[
    ('−', "-"),
    ('–', "-"),
    ('×', "*"),
    ('·', "*"),
    ('⋅', "*"),
    ('÷', "/"),
    ('≤', "<="),
    ('≥', ">="),
    ('≠', "!="),
    ('→', "->"),
    ('′', "'"),
    ('’', "'"),
    ('“', "\""),
    ('”', "\""),
    ('\u{a0}', " "),
    ('~', "!"),
    ('#', "//"),
];

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    /// Skips bytes. A predicate must accept either all or none of the bytes beyond ASCII, so that what
    /// is skipped are whole characters.
    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|&b| !accept(b)).unwrap_or(rest.len());
    }

    fn taken(&self) -> &str {
        self.text.get(self.start..self.at).unwrap_or("")
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, offset(start), offset(end))
    }

    fn report(&mut self, code: Code, message: String, label: &str, help: &str) {
        let span = self.span(self.start, self.at);
        let diagnostic = Diagnostic::error(code, message).primary(span, label);
        self.sink.push(diagnostic.help(help));
    }

    /// Reads white space and comments, then one token. False at the end of the text.
    fn token(&mut self) -> bool {
        self.spaces();
        self.start = self.at;
        let Some(first) = self.peek() else {
            return false;
        };
        if self.rest().starts_with("//") {
            self.comment();
            return true;
        }
        let kind = match first {
            '"' => self.string(),
            'a'..='z' | 'A'..='Z' | '_' => self.name(),
            '0'..='9' => self.number(),
            '/' if self.rest().starts_with("/*") => self.block_comment(),
            '.' if self.peek_second().is_some_and(|c| c.is_ascii_digit()) => self.bare_fraction(),
            _ => self.symbol(),
        };
        self.push(kind);
        true
    }

    fn push(&mut self, kind: TokenKind) {
        self.tokens.push(Token {
            kind,
            on_new_line: self.line_ends > 0 || self.tokens.is_empty(),
            start: offset(self.start),
            end: offset(self.at),
        });
        self.line_ends = 0;
    }

    fn end(&mut self) {
        self.at = self.text.len();
        self.start = self.at;
        self.line_ends += 1;
        self.push(TokenKind::End);
    }

    /// Skips white space, noting blank lines.
    fn spaces(&mut self) {
        let from = self.at;
        self.skip_while(is_space);
        let skipped = self.text.get(from..self.at).unwrap_or("");
        let line_ends = skipped.bytes().filter(|&b| b == b'\n').count();
        if line_ends > 1 {
            self.trivia.push(Trivia {
                start: offset(from),
                kind: TriviaKind::BlankLines,
            });
        }
        self.line_ends += line_ends;
    }

    /// A comment; or a doc comment if it has exactly three slashes and stands alone on its line, or `//!`
    /// and stands at the top of the file.
    fn comment(&mut self) {
        self.skip_while(|byte| byte != b'\n');
        let text = self.taken().trim_end().to_owned();
        // A comment ends its line, so what comes after one has a line end before it.
        let alone = self.line_ends > 0 || self.tokens.is_empty();
        if text.starts_with("///") && !text.starts_with("////") {
            if alone {
                return self.push(TokenKind::Doc);
            }
            self.report(
                Code::StrayDocComment,
                "a doc comment after something else on its line documents nothing".to_owned(),
                "it would belong to what follows",
                "put it on a line of its own above what it documents, or write `//`",
            );
        }
        if text.starts_with("//!") {
            let at_the_top = match self.tokens.last() {
                Some(token) => alone && token.kind == TokenKind::FileDoc,
                None => true,
            };
            if at_the_top {
                return self.push(TokenKind::FileDoc);
            }
            self.report(
                Code::StrayDocComment,
                "a file is documented at its top".to_owned(),
                "there is something above",
                "move it to the top; `///` documents what follows, and comments begin with `//`",
            );
        }
        self.trivia.push(Trivia {
            start: offset(self.start),
            kind: TriviaKind::Comment { text, alone },
        });
    }

    fn name(&mut self) -> TokenKind {
        self.skip_while(is_name_part);
        if self.taken().len() > MAX_NAME_BYTES {
            let message = format!(
                "a name of {} characters: `{}`",
                self.taken().len(),
                shown(self.taken())
            );
            let help = format!("names have at most {MAX_NAME_BYTES} characters");
            let begin = Span::new(self.file, self.start as u32, self.start as u32 + 1);
            let diagnostic = Diagnostic::error(Code::LongName, message);
            self.sink.push(diagnostic.primary(begin, "").help(help));
            return TokenKind::Unknown;
        }
        TokenKind::keyword(self.taken()).unwrap_or(TokenKind::Name)
    }

    fn symbol(&mut self) -> TokenKind {
        let first = self.peek().unwrap_or(' ');
        match symbol_of(first, self.peek_second()) {
            Some((kind, length)) => {
                self.at += length;
                kind
            }
            None => self.unknown(),
        }
    }

    /// `/* … */`: reported, and skipped as the comment that it is meant to be.
    fn block_comment(&mut self) -> TokenKind {
        let length = self.rest().find("*/").map_or(2, |end| end + 2);
        self.at += length;
        let message = "`/*` begins no comment".to_owned();
        let help = "comments begin with `//` and end with their line";
        self.report(Code::UnexpectedCharacter, message, "", help);
        TokenKind::Unknown
    }

    /// A run of characters that no token begins with is one error.
    fn unknown(&mut self) -> TokenKind {
        let first = self.peek().unwrap_or(' ');
        self.skip_while(|byte| !byte.is_ascii_graphic() && !is_space(byte));
        if self.at == self.start {
            self.at += first.len_utf8();
        }
        let message = format!("unexpected character `{}`", first.escape_debug());
        let help = match LOOKALIKES.iter().find(|(c, _)| *c == first) {
            Some((_, " ")) => "write an ordinary space".to_owned(),
            Some((_, meant)) => format!("write `{meant}`"),
            None if first.is_alphabetic() => {
                "names consist of the letters a to z and A to Z, digits and `_`".to_owned()
            }
            None => "remove it; outside of comments and strings, programs are ASCII".to_owned(),
        };
        self.report(Code::UnexpectedCharacter, message, "", &help);
        TokenKind::Unknown
    }

    /// `.5`: reported, and read on as the number that it means.
    fn bare_fraction(&mut self) -> TokenKind {
        self.at += 1;
        self.skip_while(is_name_part);
        let help = format!("write `0{}`", shown(self.taken()));
        let message = "a number begins with a digit".to_owned();
        self.report(Code::BadNumber, message, "", &help);
        TokenKind::Unknown
    }

    fn number(&mut self) -> TokenKind {
        if self.rest().starts_with("0x") {
            self.skip_while(is_name_part);
            return self.check_int();
        }
        self.digits();
        let mut is_float = false;
        if self.peek() == Some('.') && self.peek_second() != Some('.') {
            is_float = true;
            self.at += 1;
            self.digits();
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            is_float = true;
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
        }
        self.skip_while(is_name_part);
        if is_float {
            self.check_float()
        } else {
            self.check_int()
        }
    }

    fn digits(&mut self) {
        self.skip_while(is_digit);
    }

    fn check_int(&mut self) -> TokenKind {
        if self.taken().len() <= MAX_NUMBER_BYTES && parse_int(self.taken()).is_some() {
            return TokenKind::Int;
        }
        let hexadecimal = self.taken().strip_prefix("0x");
        let too_large = match hexadecimal {
            Some(digits) => {
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            None => self
                .taken()
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'_'),
        };
        if too_large {
            let message = format!("the integer {} is too large", shown(self.taken()));
            let help = "integers are less than 2^64; a larger number can be written as a float, as in `1e20`";
            self.report(Code::BadNumber, message, "", help);
        } else {
            let message = format!("`{}` is not a number", shown(self.taken()));
            let help = "a number takes its dtype from its context and has no suffix; to force a dtype, write `cast(1, dtype = f32)`";
            self.report(Code::BadNumber, message, "", help);
        }
        TokenKind::Unknown
    }

    fn check_float(&mut self) -> TokenKind {
        if self.taken().len() <= MAX_NUMBER_BYTES && parse_float(self.taken()).is_some() {
            return TokenKind::Float;
        }
        let without_underscores = joined(self.taken());
        let (message, help) = if self.taken().len() > MAX_NUMBER_BYTES {
            (
                format!("a number of {} characters", self.taken().len()),
                "17 significant digits tell all numbers of f64 apart".to_owned(),
            )
        } else if self.taken().ends_with('.') {
            (
                format!("`{}` has no digit after the point", self.taken()),
                format!("write `{}0`", self.taken()),
            )
        } else if without_underscores
            .parse::<f64>()
            .is_ok_and(f64::is_infinite)
        {
            (
                format!("the number {} is too large", self.taken()),
                "the largest f64 is about 1.8e308; infinity is written `inf`".to_owned(),
            )
        } else {
            (
                format!("`{}` is not a number", self.taken()),
                "numbers look like `1.5` or `1e-5`, without a suffix".to_owned(),
            )
        };
        self.report(Code::BadNumber, message, "", &help);
        TokenKind::Unknown
    }

    /// A string ends on the line where it begins.
    fn string(&mut self) -> TokenKind {
        self.at += 1;
        loop {
            self.skip_while(|byte| !matches!(byte, b'"' | b'\\' | b'\n'));
            match self.peek() {
                Some('"') => break,
                Some('\\') => {
                    self.at += 1;
                    self.at += self.peek().filter(|&c| c != '\n').map_or(0, char::len_utf8);
                }
                _ => {
                    let message = "a string is not closed on its line".to_owned();
                    let help = "end it with `\"`; a line end is written `\\n`";
                    self.report(Code::UnterminatedString, message, "", help);
                    return TokenKind::Unknown;
                }
            }
        }
        self.at += 1;
        match unescape(self.taken()) {
            Ok(_) => TokenKind::String,
            Err(bad) => {
                let message = format!("a string cannot hold {bad}");
                let help = "the escapes are `\\n`, `\\t`, `\\\"` and `\\\\`";
                self.report(Code::BadString, message, "", help);
                TokenKind::Unknown
            }
        }
    }
}

/// The beginning of a text that may be very long.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// A number without the underscores that part its digits.
fn joined(text: &str) -> Cow<'_, str> {
    if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// Value of a decimal or hexadecimal integer, and whether it is hexadecimal.
pub(super) fn parse_int(text: &str) -> Option<(u64, bool)> {
    let digits = joined(text);
    match digits.strip_prefix("0x") {
        Some(hexadecimal) => Some((u64::from_str_radix(hexadecimal, 16).ok()?, true)),
        None => Some((digits.parse().ok()?, false)),
    }
}

/// A float as it is written, but for underscores between digits.
pub(super) fn parse_float(text: &str) -> Option<FloatLiteral> {
    FloatLiteral::new(joined(text))
}

/// What a quoted string stands for, or what in it cannot be in a string.
pub(super) fn unescape(quoted: &str) -> Result<String, String> {
    let inner = quoted.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let mut result = String::new();
    let mut chars = inner.unwrap_or(quoted).chars();
    while let Some(c) = chars.next() {
        let meant = match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(c @ ('"' | '\\')) => c,
                Some(c) => return Err(format!("the escape `\\{}`", c.escape_debug())),
                None => return Err("a lone backslash".to_owned()),
            },
            c if c.is_control() => {
                return Err(format!("the control character `{}`", c.escape_debug()));
            }
            c => c,
        };
        result.push(meant);
    }
    Ok(result)
}

/// A string with its quotes, which [`unescape`] reads back.
pub(super) fn escape(text: &str) -> String {
    let mut result = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '"' | '\\' => result.extend(['\\', c]),
            c => result.push(c),
        }
    }
    result.push('"');
    result
}

/// For each bracket the index of its partner, if it has one; `None` for other tokens.
///
/// A closing bracket belongs to the innermost open one of its kind, and what is open within is left
/// without a partner. Braces are stronger than other brackets: `)` reaches no `(` beyond a `{`. A word
/// that begins an item leaves everything open without a partner, as items do not nest.
pub(super) fn pair_brackets(tokens: &[Token]) -> Vec<Option<u32>> {
    let mut partners = vec![None; tokens.len()];
    let mut open = OpenBrackets::default();
    let nexts = tokens.iter().skip(1).map(|token| token.kind);
    let nexts = nexts.chain(std::iter::once(TokenKind::End));
    for ((token, next), index) in tokens.iter().zip(nexts).zip(0u32..) {
        if token.kind.closing().is_some() {
            open.push(token.kind, index);
        } else if token.kind.begins_item(next) {
            open = OpenBrackets::default();
        } else if token.kind.is_closing() {
            link(&mut partners, index, open.close(token.kind));
        }
    }
    partners
}

/// The brackets open at a place. Finding the innermost of a kind takes constant time, amortised, so
/// that no sequence of brackets takes more than linear time to pair.
#[derive(Default)]
struct OpenBrackets {
    /// Token indices, outermost first.
    all: Vec<u32>,
    /// Positions in `all` by kind, with what was put there. If something else is there now, the entry
    /// is stale.
    parens: Vec<(usize, u32)>,
    brackets: Vec<(usize, u32)>,
    braces: Vec<(usize, u32)>,
}

impl OpenBrackets {
    fn push(&mut self, opening: TokenKind, index: u32) {
        let position = self.all.len();
        let stack = if opening == TokenKind::OpenParen {
            &mut self.parens
        } else if opening == TokenKind::OpenBracket {
            &mut self.brackets
        } else {
            &mut self.braces
        };
        stack.push((position, index));
        self.all.push(index);
    }

    /// Closes the innermost bracket that `closing` belongs to, and all within it.
    fn close(&mut self, closing: TokenKind) -> Option<u32> {
        let all = &self.all;
        let live = |stack: &mut Vec<(usize, u32)>| {
            while stack
                .pop_if(|(at, index)| all.get(*at) != Some(index))
                .is_some()
            {}
            stack.last().map(|(at, _)| *at)
        };
        let brace = live(&mut self.braces);
        let position = if closing == TokenKind::CloseBrace {
            brace?
        } else if closing == TokenKind::CloseParen {
            live(&mut self.parens)?
        } else {
            live(&mut self.brackets)?
        };
        if closing != TokenKind::CloseBrace && brace.is_some_and(|brace| brace > position) {
            return None;
        }
        let index = self.all.get(position).copied();
        self.all.truncate(position);
        index
    }
}

fn link(partners: &mut [Option<u32>], closing: u32, opening: Option<u32>) {
    let Some(opening) = opening else { return };
    for (at, partner) in [(closing, opening), (opening, closing)] {
        if let Some(entry) = partners.get_mut(at as usize) {
            *entry = Some(partner);
        }
    }
}
