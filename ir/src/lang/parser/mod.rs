//! Tokens to a syntax tree, by recursive descent.
//!
//! This module holds what all parts share: the cursor, lists in brackets, error messages and the
//! recovery from errors; `item`, `statement` and `expression` read the parts of the language.
//!
//! A function that cannot read what it should reports why and returns [`Reported`]. Whoever can go on
//! from there skips to a place where reading makes sense again: the next element of a list, the next
//! statement, the next item. Since brackets are paired beforehand, skipping ends where a bracket ends
//! and not at the first line end within it.
//!
//! Recursion follows brackets and nothing else, at most [`MAX_NESTING`] deep.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a parser acts on a few kinds of tokens and treats all others alike"
)]

mod block;
mod expression;
mod item;
mod rule;
mod statement;

use super::ast::{Ast, Ident};
use super::lexer;
use super::token::{Token, TokenKind};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::span::{FileId, Span};
use expression::Pending;

/// How deeply brackets may be nested.
pub const MAX_NESTING: usize = 256;

/// Reads a text as a file of the graph language. Every problem is reported to the sink; if it then
/// has errors, the tree is what could be read, good for editors but not for elaboration.
pub fn parse(file: FileId, text: &str, sink: &mut Diagnostics) -> Ast {
    let ast = Ast::new(file);
    parse_into(ast, file, text, sink)
}

/// As [`parse`], with the items added to those of a tree; its comments, and what it says of which file
/// it is, stay those of the tree that was first there.
pub(super) fn parse_into(mut ast: Ast, file: FileId, text: &str, sink: &mut Diagnostics) -> Ast {
    let first = std::mem::replace(&mut ast.file, file);
    let before = sink.len();
    let lexed = lexer::lex(file, text, sink);
    let mut parser = Parser {
        text,
        partners: lexer::pair_brackets(&lexed.tokens),
        tokens: lexed.tokens,
        at: 0,
        first: 0,
        open: Vec::new(),
        blocks: 0,
        pending: Vec::new(),
        ast,
        sink,
    };
    let docs = parser.doc_lines(TokenKind::FileDoc, "//!");
    parser.file();
    let mut ast = parser.ast;
    sink.sort_after(before);
    if file == first {
        ast.trivia = lexed.trivia;
        ast.docs = docs;
    }
    ast.file = first;
    ast
}

/// The error was reported; what remains is to find a place to go on.
struct Reported;

type Parsed<T> = Result<T, Reported>;

/// The elements of a list in brackets.
struct List<T> {
    elements: Vec<T>,
    /// From bracket to bracket.
    span: Span,
    /// Whether a comma follows the last element.
    trailing_comma: bool,
    /// Whether every element could be read.
    complete: bool,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// For each bracket the index of its partner.
    partners: Vec<Option<u32>>,
    /// Index of the next token.
    at: usize,
    /// Index of the first token of the item or statement that is being read.
    first: usize,
    /// Indices of the opening brackets around this place, up to the braces of the graph's body. Line
    /// ends mean something only where there are none.
    open: Vec<usize>,
    /// How many blocks of statements, and conditions of expressions, are around this place.
    blocks: usize,
    /// Operators that wait for their right operand.
    pending: Vec<Pending>,
    ast: Ast,
    sink: &'a mut Diagnostics,
}

impl Parser<'_> {
    // The cursor.

    fn token_at(&self, index: usize) -> Token {
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.tokens.get(index).copied().unwrap_or(Token {
            kind: TokenKind::End,
            on_new_line: true,
            start: end,
            end,
        })
    }

    fn token(&self) -> Token {
        self.token_at(self.at)
    }

    fn kind(&self) -> TokenKind {
        self.token().kind
    }

    fn second_kind(&self) -> TokenKind {
        self.token_at(self.at + 1).kind
    }

    fn third_kind(&self) -> TokenKind {
        self.token_at(self.at + 2).kind
    }

    /// Whether an item begins here.
    fn at_item(&self) -> bool {
        self.kind().begins_item(self.second_kind())
    }

    /// Takes the next token. The end is never passed.
    fn bump(&mut self) -> Token {
        let token = self.token();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    fn eat(&mut self, kind: TokenKind) -> Option<Token> {
        (self.kind() == kind).then(|| self.bump())
    }

    /// Whether a line has ended here that nothing continues.
    fn at_line_end(&self) -> bool {
        self.open.is_empty() && self.token().on_new_line
    }

    fn span(&self, token: Token) -> Span {
        Span::new(self.ast.file, token.start, token.end)
    }

    fn here(&self) -> Span {
        self.span(self.token())
    }

    fn previous(&self) -> Span {
        self.at
            .checked_sub(1)
            .map_or(self.here(), |index| self.span(self.token_at(index)))
    }

    fn text(&self, token: Token) -> &str {
        let range = token.start as usize..token.end as usize;
        self.text.get(range).unwrap_or("")
    }

    fn partner(&self, index: usize) -> Option<usize> {
        let partner = self.partners.get(index).copied().flatten();
        partner.map(|partner| partner as usize)
    }

    // Messages.

    /// Reports that something else should stand here: `what` completes "expected …".
    fn expected(&mut self, what: &str, help: &str) -> Reported {
        let token = self.token();
        if token.kind == TokenKind::Unknown {
            return Reported; // The lexer has said what is wrong.
        }
        if token.kind.is_closing() && self.partner(self.at).is_none() {
            return self.unopened(token);
        }
        if let Some(&opening) = self.open.last()
            && self.partner(opening).is_none()
        {
            return self.unclosed(opening);
        }
        let within = self.at != self.first && token.kind != TokenKind::End;
        let (found, span) = if within && self.at_line_end() {
            ("the end of the line".to_owned(), self.previous().after())
        } else {
            (self.found(token), self.span(token))
        };
        let message = format!("expected {what}, found {found}");
        self.error(
            Code::UnexpectedToken,
            message,
            span,
            format!("expected {what}"),
            help,
        )
    }

    fn error(
        &mut self,
        code: Code,
        message: String,
        span: Span,
        label: impl Into<String>,
        help: &str,
    ) -> Reported {
        let diagnostic = Diagnostic::error(code, message).primary(span, label);
        self.sink.push(diagnostic.help(help));
        Reported
    }

    fn found(&self, token: Token) -> String {
        let variable = matches!(
            token.kind,
            TokenKind::Name | TokenKind::Int | TokenKind::Float
        );
        if variable {
            format!("`{}`", lexer::shown(self.text(token)))
        } else {
            token.kind.description().to_owned()
        }
    }

    /// Reports a bracket that is never closed, with the place where that shows.
    fn unclosed(&mut self, opening: usize) -> Reported {
        let opening = self.token_at(opening);
        let closing = opening.kind.closing().unwrap_or(opening.kind).description();
        let message = format!("{} is never closed", opening.kind.description());
        let end = if self.kind() == TokenKind::End {
            self.previous().after()
        } else {
            self.here()
        };
        let diagnostic = Diagnostic::error(Code::UnclosedBracket, message)
            .primary(self.span(opening), "opened here")
            .secondary(end, format!("expected {closing} before this"))
            .help(format!("add the missing {closing}"));
        self.sink.push(diagnostic);
        Reported
    }

    fn unopened(&mut self, token: Token) -> Reported {
        let message = format!("{} closes nothing", token.kind.description());
        let help = "remove it, or add the opening bracket that it belongs to";
        let span = self.span(token);
        self.error(Code::UnopenedBracket, message, span, "", help)
    }

    /// Reports something that the language will have but does not have yet.
    fn unsupported(&mut self, what: &str, span: Span, help: &str) -> Reported {
        let message = format!("{what} not supported in this version");
        self.error(Code::Unsupported, message, span, "", help)
    }

    /// Reports a reserved word where a name or an expression should stand.
    fn reserved(&mut self, what: &str) -> Reported {
        let token = self.token();
        let keyword = TokenKind::KEYWORDS
            .iter()
            .find(|(_, kind, _)| *kind == token.kind);
        let Some((word, _, meaning)) = keyword else {
            let help = match token.kind {
                TokenKind::Int | TokenKind::Float => "names begin with a letter or `_`".to_owned(),
                _ => format!("write {what} here"),
            };
            return self.expected(what, &help);
        };
        let span = self.span(token);
        if meaning.starts_with("reserved") {
            let help = format!("the word is {meaning}; choose another name if this is one");
            return self.unsupported(&format!("`{word}` is"), span, &help);
        }
        let message = format!("expected {what}, found the keyword `{word}`");
        let help = format!("`{word}` is {meaning}; choose another name if this is one");
        self.error(Code::UnexpectedToken, message, span, "", &help)
    }

    // Parts that stand in many places.

    /// A name; `what` completes "expected …".
    fn name(&mut self, what: &str) -> Parsed<Ident> {
        if self.kind() != TokenKind::Name {
            return Err(self.reserved(what));
        }
        let token = self.bump();
        Ok(Ident::new(self.text(token), self.span(token)))
    }

    /// The name of a field after a point.
    fn field_name(&mut self) -> Parsed<Ident> {
        let what = "the name of a field";
        if self.begins_next_statement() {
            return Err(self.expected(what, "a field is read as in `p.w`"));
        }
        self.name(what)
    }

    /// Whether the line ended and the next one is a statement of its own, not the part that is missing.
    fn begins_next_statement(&self) -> bool {
        if !self.at_line_end() || self.kind() != TokenKind::Name {
            return false;
        }
        let mut index = self.at + 1;
        loop {
            index = match self.token_at(index).kind {
                TokenKind::Dot => index + 2,
                TokenKind::OpenBracket => match self.partner(index) {
                    Some(partner) => partner + 1,
                    None => break,
                },
                _ => break,
            };
        }
        if self.token_at(index).kind == TokenKind::Prime {
            index += 1;
        }
        matches!(
            self.token_at(index).kind,
            TokenKind::Equal | TokenKind::Colon
        )
    }

    fn expect(&mut self, kind: TokenKind, help: &str) -> Parsed<Token> {
        match self.eat(kind) {
            Some(token) => Ok(token),
            None => Err(self.expected(kind.description(), help)),
        }
    }

    /// Elements between brackets, parted by commas. The next token is the opening bracket; `what` is
    /// what messages call an element. An element that cannot be read is left out.
    fn list<T>(
        &mut self,
        what: &str,
        mut element: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<List<T>> {
        let opening = self.at;
        let level = self.open.len();
        let start = self.here();
        if self.depth() >= MAX_NESTING {
            return Err(self.too_deep());
        }
        let closing = self.bump().kind.closing().unwrap_or(TokenKind::End);
        self.open.push(opening);
        let mut elements = Vec::new();
        let mut trailing_comma = false;
        let mut complete = true;
        while self.kind() != closing {
            match element(self) {
                Ok(element) => elements.push(element),
                Err(Reported) => {
                    complete = false;
                    self.skip_element(opening, level)?;
                }
            }
            trailing_comma = self.eat(TokenKind::Comma).is_some();
            if !trailing_comma && self.kind() != closing {
                let either = format!("`,` or {}", closing.description());
                let help = format!("part each {what} from the next by a comma");
                self.expected(&either, &help);
                self.skip_element(opening, level)?;
                self.eat(TokenKind::Comma);
            }
        }
        let end = self.bump();
        self.open.pop();
        Ok(List {
            elements,
            span: start.to(self.span(end)),
            trailing_comma,
            complete,
        })
    }

    fn too_deep(&mut self) -> Reported {
        let message = format!("brackets are nested more than {MAX_NESTING} deep");
        let help = "give parts of the expression names by statements of their own";
        let span = self.here();
        self.error(Code::TooDeeplyNested, message, span, "one too many", help)
    }

    // Recovery.

    /// Skips to the end of an element of the list that `opening` began, if that list has an end.
    fn skip_element(&mut self, opening: usize, level: usize) -> Parsed<()> {
        let end = self.partner(opening).ok_or(Reported)?;
        if self.sink.is_full() {
            return Err(Reported);
        }
        self.open.truncate(level + 1);
        while self.at < end && self.kind() != TokenKind::Comma {
            self.skip_balanced();
        }
        Ok(())
    }

    /// Skips one token, or all from an opening bracket to its partner.
    fn skip_balanced(&mut self) {
        match self.partner(self.at) {
            Some(partner) if partner > self.at => self.at = partner + 1,
            _ => {
                self.bump();
            }
        }
    }

    /// Skips from an error in a statement to where the next one may begin, at least one token.
    fn skip_statement(&mut self) {
        let outermost = self.open.first().and_then(|&index| self.partner(index));
        self.at = outermost.map_or(self.at, |partner| self.at.max(partner + 1));
        self.open.clear();
        self.pending.clear();
        if self.at == self.first {
            self.skip_balanced();
        }
        while !self.ends_statement() {
            self.skip_balanced();
        }
    }

    /// Whether a statement cannot go on here.
    fn ends_statement(&self) -> bool {
        let kind = self.kind();
        self.at_line_end()
            || kind == TokenKind::Semicolon
            || kind == TokenKind::CloseBrace
            || kind == TokenKind::End
            || self.at_item()
    }

    /// Skips to the next item, at least one token.
    fn skip_item(&mut self) {
        self.open.clear();
        self.pending.clear();
        if self.at <= self.first {
            self.bump();
        }
        while self.kind() != TokenKind::End && !self.at_item() {
            self.bump();
        }
    }
}
