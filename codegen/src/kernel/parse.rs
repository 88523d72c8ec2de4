//! The parser of the text form of programs and kernels.
//!
//! ```text
//! program  := 'program' name '{' 'workspace' n buffer* kernel* step* '}'
//! buffer   := 'buffer' name ':' type role
//! role     := ('input' | 'output' | 'inout' | 'workspace') n | 'constant' '0x' hex*
//! step     := 'launch' name '(' arg,* ')' | 'loop' var '<' n '{' step* '}'
//!           | 'if' arg '{' step* '}' ['else' '{' step* '}']
//!           | 'check' arg 'code' n | 'copy' arg '->' arg
//! arg      := name ['[' index,* ']']
//! kernel   := 'kernel' name '(' (name ':' type mode),* ')' '{' ['lane' var] ('schedule' directive)* stmt* '}'
//! stmt     := 'par' var '<' n 'grain' n body | loop
//!           | '(' value,* ')' '=' 'carry' '(' (value '=' value),* ')' loop
//!           | '(' value,* ')' '=' 'fold' var '<' n 'lanes' n 'chunk' n '(' (value '=' value),* ')'
//!                 body 'merge' '(' value,* ')' '(' value,* ')' body
//!           | ['(' value,* ')' '='] 'if' (guard | value) body ['else' body]
//!           | 'let' name ':' type '@' space body
//!           | 'tasks' var '<' n 'with' '(' name,* ';' value,* ';' var,* ')' body
//!           | value '=' op ':' vtype [line]
//!           | value '=' 'load' place conditions ['else' value] ':' vtype [line]
//!           | 'store' place '=' value conditions
//! line     := '@' [n ':'] n
//! loop     := 'for' var 'in' index '..' index ['step' n] ['below' n] ['until' value] body
//! body     := '{' stmt* ['yield' value,*] '}'
//! place    := name '[' (index [':'] | value),* ']'
//! conditions := ['if' guard] ['where' value] ['clip'] ['guard' name 'at' index]
//! vtype    := dtype | dtype '<' n '>' | dtype 'tile' '<' n ',' n '>'
//! ```
//! Values are `v0`, `v1`, …, index variables `i0`, `i1`, …; indices and guards have the text form of
//! [`lgc_ir::index`]. Comments run from `//` to the end of the line. What is parsed is renumbered
//! canonically; it is well-formed text, and for anything more the verifier has to be asked.

mod kernel;
mod operation;
mod program;
mod scanner;

use super::{Kernel, Program};
use scanner::Scanner;
use std::str::FromStr;

/// Why a text is no program or kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ParseError {
    /// The byte offset of the fault.
    pub at: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

type Parsed<T> = Result<T, ParseError>;

impl FromStr for Kernel {
    type Err = ParseError;
    fn from_str(text: &str) -> Parsed<Kernel> {
        let mut scanner = Scanner::new(text);
        let kernel = kernel::kernel(&mut scanner)?;
        scanner.end()?;
        Ok(kernel)
    }
}

impl FromStr for Program {
    type Err = ParseError;
    fn from_str(text: &str) -> Parsed<Program> {
        let mut scanner = Scanner::new(text);
        let program = program::program(&mut scanner)?;
        scanner.end()?;
        Ok(program)
    }
}
