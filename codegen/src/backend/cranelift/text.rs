//! Intermediate and machine code as text, for people.

use crate::backend::cranelift::isa::Destination;
use crate::backend::cranelift::jit::tensors;
use crate::backend::{Backend, CompileError};
use crate::legalize::Legal;
use crate::shell::unit::{Compiled, Text, Unit};
use std::fmt::Write;

/// The Cranelift intermediate code of programs, before Cranelift optimises it: one function for each
/// distinct kernel, then one for the steps of each program. Equal programs give equal text.
///
/// # Errors
/// What the compiler refuses.
pub fn clif(programs: &[Legal]) -> Result<String, CompileError> {
    render(programs, |code| &code.clif)
}

/// The x86-64 machine code of the same functions, as Cranelift prints it.
///
/// # Errors
/// What the compiler refuses.
pub fn assembly(programs: &[Legal]) -> Result<String, CompileError> {
    render(programs, |code| &code.assembly)
}

fn render(programs: &[Legal], part: impl Fn(&Compiled) -> &String) -> Result<String, CompileError> {
    let order = |program: &Legal| {
        tensors(program.program())
            .into_iter()
            .map(|(tensor, _)| tensor)
    };
    let orders: Vec<_> = programs
        .iter()
        .map(|program| order(program).collect())
        .collect();
    let (unit, _) = Unit::new(
        "lgc",
        &programs.iter().collect::<Vec<_>>(),
        &orders,
        Backend::Cranelift,
    )?;
    let compiled = unit.compile(Destination::Object, Text::Both)?;
    let mut text = String::new();
    for (item, code) in unit.functions.iter().zip(&compiled) {
        let _ = write!(text, "; {}\n{}\n", item.name, part(code));
    }
    Ok(text)
}
