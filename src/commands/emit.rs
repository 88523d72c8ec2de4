//! `lgc emit`: any stage of a compilation as text.

use crate::adjoint::adjoint;
use crate::args::{Emit, EmitStage};
use crate::driver::{Session, choose};
use crate::stage::Stage;
use crate::{Failure, dot, output};
use lgc_codegen::kernel::Program;
use lgc_codegen::lower::Lowering;
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::lang::ast::{Ast, ExprKind};
use lgc_ir::lang::print_module;
use lgc_ir::module::Module;

/// Prints the stage that was asked for.
pub(crate) fn run(arguments: &Emit, session: &mut Session) -> Result<(), Failure> {
    let origin = &arguments.source.file;
    let (ast, mut module) = session.load(origin, &arguments.source.dims.defines)?;
    if let Some(name) = &arguments.entry {
        let index = choose(module.entries.iter().map(|entry| &entry.name), Some(name))?;
        module.entries = vec![module.entries.swap_remove(index)];
    }
    let text = match arguments.stage {
        EmitStage::Graph => print_graphs(&module, session),
        EmitStage::Dot => session.time(Stage::Print, || dot::module(&module)),
        EmitStage::Adjoint if takes_derivatives(&ast) => print_graphs(&module, session),
        EmitStage::Adjoint => print_graphs(&adjoints(&module)?, session),
        EmitStage::Opt => print_graphs(&session.simplify(module)?, session),
        EmitStage::Kernels => {
            let module = session.simplify(module)?;
            let lowerings = session.lower(&module)?;
            session.time(Stage::Print, || {
                let programs: Vec<String> = lowerings.iter().map(Lowering::to_string).collect();
                programs.join("\n")
            })
        }
        EmitStage::Clif => {
            let programs = programs(module, session)?;
            session.clif(&programs)?
        }
        EmitStage::Asm => {
            let programs = programs(module, session)?;
            session.assembly(&programs)?
        }
    };
    output::print(&text)
}

fn print_graphs(module: &Module, session: &mut Session) -> String {
    session.time(Stage::Print, || print_module(module))
}

/// The kernels of each entry.
fn programs(module: Module, session: &mut Session) -> Result<Vec<Program>, Failure> {
    let module = session.simplify(module)?;
    let lowerings = session.lower(&module)?.into_iter();
    Ok(lowerings.map(|lowering| lowering.program).collect())
}

/// Whether the program asks for a derivative itself.
fn takes_derivatives(ast: &Ast) -> bool {
    ast.exprs().any(|(_, expr)| match &expr.kind {
        ExprKind::Name(name) => ["grad", "value_and_grad", "vjp", "jvp"].contains(&name.as_str()),
        ExprKind::Literal(_)
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Field { .. }
        | ExprKind::Next { .. }
        | ExprKind::Index { .. }
        | ExprKind::Slice { .. }
        | ExprKind::If { .. }
        | ExprKind::Call { .. }
        | ExprKind::Tuple(_)
        | ExprKind::List(_) => false,
    })
}

fn adjoints(module: &Module) -> Result<Module, Failure> {
    let entries = module.entries.iter().map(|entry| {
        adjoint(entry).map_err(|error| {
            let message = format!("`{}` has no adjoint: {error}", entry.name);
            Failure::new(
                Diagnostic::error(Code::NotDifferentiable, message).primary(entry.span, ""),
            )
        })
    });
    let entries = entries.collect::<Result<_, _>>()?;
    let rules = module.rules.clone();
    Ok(Module { entries, rules })
}
