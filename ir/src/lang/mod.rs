//! The graph language: text to syntax tree and back.
//!
//! [`parse`] turns a text into an [`ast::Ast`] and reports what is wrong with it; [`print()`] turns a
//! tree into its one canonical text, comments included, which is what `lgc fmt` writes. Parsing the
//! canonical text gives the same tree again, and printing that gives the same text.
//!
//! [`import`] adds the files that a text uses, [`load()`] the tensors that it names.
//!
//! [`elaborate()`] gives a tree its meaning, a [`Module`](crate::module::Module) of expanded graphs, and
//! [`print_module`] writes a module down as a text that elaborates to the same one.
//!
//! The rest is about form only. Names, types and the expansion into a graph are the business of
//! elaboration. The reader accepts any text whatever without panicking, in time linear in its
//! length, and without recursion deeper than [`parser::MAX_NESTING`] brackets.
//!
//! # Grammar
//! ```text
//! file      := item*
//! item      := "use" STRING END | doc* (struct | graph | dim)
//! struct    := "struct" NAME dims? "{" (doc* NAME ":" type),* "}"
//! graph     := ("graph" | "entry") NAME dims? "(" param,* ")" ("->" "(" result,* ")")?
//!              "{" statement* "}" rule?
//! rule      := "vjp" "(" NAME,* ")" "->" "(" NAME,* ")" "{" statement* "}"
//! dim       := "dim" NAME "=" expr END
//! dims      := "[" NAME,* "]"
//! param     := doc* "inout"? NAME ":" type
//! result    := doc* NAME ":" type
//! type      := NAME ("[" expr,* "]")?
//! statement := (target | "(" target,* ")") "=" expr END
//! target    := "_" | NAME ("." NAME)* "'"? (":" type)?
//! expr      := prefix* postfix (infix prefix* postfix)*
//! postfix   := primary ("(" arg,* ")" | "[" expr,* "]" | "." NAME | "'")*
//! arg       := (NAME "=")? expr
//! primary   := NAME | INT | FLOAT | STRING | "true" | "false"
//!            | "(" expr ")" | "(" expr "," expr,* ")" | "[" expr,* "]"
//! ```
//! `x,*` is a list with commas between and perhaps after its elements. `END` is a line end, `;`, or
//! the end of the enclosing block. A line end means nothing inside parentheses and brackets and after
//! an operator, `=` or comma, so that a long expression continues where it cannot have ended.
//!
//! Operators, loosest first; all associate to the left but `**`, which associates to the right, and
//! comparisons, which do not associate:
//! ```text
//! ||    &&    == != < <= > >=    |    ^    &    << >>    + -    * / % @    prefix - !    **
//! ```
//! So `-x ** 2` is `-(x ** 2)` and `2 ** -x` needs no parentheses, as in Python; `^` is exclusive or.

pub mod ast;
pub mod elaborate;
mod example;
mod import;
mod layout;
mod lexer;
mod load;
pub mod parser;
mod print;
mod print_module;
pub mod standard;
#[cfg(test)]
mod tests;
pub mod token;

pub use elaborate::{BUILTINS, Builtin, Meaning, Observations, Options, elaborate, observe};
pub use example::example;
pub use import::{Read, import};
pub use load::{ReadTensors, Unreadable, load};
pub use parser::parse;
pub use print::{print, print_expr};
pub use print_module::{Detached, print_entry, print_module, print_module_beside};
