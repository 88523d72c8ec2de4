//! `lgc emit`: any stage of a compilation as text.
//!
//! On standard output a text stands by itself. In a file, graphs load their large constants from a file
//! of tensors beside it.

use crate::adjoint::adjoint_of;
use crate::args::{BackendName, Emit, EmitStage};
use crate::driver::{Inputs, Session, Use, choose};
use crate::stage::Stage;
use crate::{Failure, Origin, dot, origin, output};
use lgc_codegen::kernel::Program;
use lgc_codegen::lower::Lowering;
use lgc_codegen::output::{Access, OutputSet};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::lang::ast::{Ast, ExprKind};
use lgc_ir::lang::{Detached, print_module, print_module_beside};
use lgc_ir::module::Module;
use lgc_ir::weights;
use std::path::Path;

/// The suffix of files of tensors.
const TENSORS: &str = "safetensors";

/// A stage as text.
#[derive(Default)]
struct Text {
    text: String,
    /// The constants that the text loads.
    constants: Option<Detached>,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self {
            text,
            constants: None,
        }
    }
}

/// Prints the stage that was asked for.
pub(crate) fn run(arguments: &Emit, session: &mut Session) -> Result<(), Failure> {
    let origin = &arguments.source.file;
    let mut code = arguments.code.clone();
    if arguments.stage == EmitStage::Llvm {
        code.backend.get_or_insert(BackendName::Llvm);
    }
    session.make_code(&code, Use::Text)?;
    session.keep_lines(arguments.lines.line_tables);
    let (ast, mut module) = session.load(origin, &arguments.source.dims.defines)?;
    if let Some(name) = &arguments.entry {
        let index = choose(module.entries.iter().map(|entry| &entry.name), Some(name))?;
        module.entries = vec![module.entries.swap_remove(index)];
    }
    let beside = arguments.output.as_deref().map(beside).transpose()?;
    let beside = beside.as_deref();
    let text: Text = match arguments.stage {
        EmitStage::Graph => print_graphs(&module, beside, session),
        EmitStage::Dot => session.time(Stage::Print, || dot::module(&module)).into(),
        EmitStage::Adjoint if takes_derivatives(&ast) => print_graphs(&module, beside, session),
        EmitStage::Adjoint => print_graphs(&adjoints(&module)?, beside, session),
        EmitStage::Opt => print_graphs(&session.simplify(module)?, beside, session),
        EmitStage::Kernels => {
            let module = session.simplify(module)?;
            let lowerings = session.lower(&module)?;
            session.time(Stage::Print, || {
                let programs: Vec<String> = lowerings.iter().map(Lowering::to_string).collect();
                programs.join("\n").into()
            })
        }
        EmitStage::Legal => {
            let programs = programs(module, session)?;
            let legal = session.legalise(&programs)?;
            session.time(Stage::Print, || {
                let programs = legal.iter().map(|legal| legal.program().to_string());
                programs.collect::<Vec<String>>().join("\n").into()
            })
        }
        EmitStage::Threads => {
            let programs = programs(module, session)?;
            let threads = session.threads(&programs)?;
            session.time(Stage::Print, || {
                let programs = threads.iter().map(|threads| threads.program().to_string());
                programs.collect::<Vec<String>>().join("\n").into()
            })
        }
        EmitStage::Llvm => {
            let programs = programs(module, session)?;
            session.llvm(&programs)?.into()
        }
        EmitStage::Clif => {
            let programs = programs(module, session)?;
            session.clif(&programs)?.into()
        }
        EmitStage::Asm => {
            let programs = programs(module, session)?;
            session.assembly(&programs)?.into()
        }
    };
    match &arguments.output {
        None => output::print(&text.text),
        Some(path) => {
            let inputs = session.inputs(&ast);
            session.time(Stage::Write, || write(path, &text, &inputs))
        }
    }
}

/// The name of the file of tensors beside a file, as a graph there names it.
fn beside(path: &Path) -> Result<String, Failure> {
    let tensors = path.with_extension(TENSORS);
    let name = tensors.file_name().and_then(|name| name.to_str());
    let name = name.filter(|name| !name.contains(char::is_control));
    name.map(str::to_owned).ok_or_else(|| {
        let message = format!(
            "cannot write `{}`: a graph could not name the file beside it",
            path.display()
        );
        let help = "choose a file name of readable characters";
        Failure::new(Diagnostic::error(Code::UnwritableFile, message).help(help))
    })
}

/// Writes a text, and the constants that it loads beside it: both or none.
fn write(path: &Path, text: &Text, inputs: &Inputs) -> Result<(), Failure> {
    let mut set = OutputSet::default();
    inputs.keep(path)?;
    let constants = text.constants.as_ref().map(Detached::tensors);
    if let Some(constants) = constants.filter(|constants| constants.len() > 0) {
        let tensors = path.with_extension(TENSORS);
        inputs.keep(&tensors)?;
        keep_others(path, &tensors)?;
        let bytes = weights::encode(constants).map_err(|reason| {
            let message = format!("cannot write `{}`: {reason}", tensors.display());
            Failure::message(Code::UnwritableFile, message)
        })?;
        set.stage(&tensors, &bytes, Access::Keep)?;
    }
    set.stage(path, text.text.as_bytes(), Access::Keep)?;
    Ok(set.commit()?)
}

/// Sees to it that a file of tensors that is there already is that of the graph which is written anew.
fn keep_others(path: &Path, tensors: &Path) -> Result<(), Failure> {
    if !tensors.exists() {
        return Ok(());
    }
    // The printer may break the line anywhere between words, and in names there may be spaces as well.
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let named = bare(&format!("load(\"{}\",", beside(path)?));
    let is_regular = origin::regular(path).is_ok();
    let old = is_regular.then(|| Origin::File(path.to_owned()).read());
    if old.is_some_and(|old| old.is_ok_and(|old| bare(&old).contains(&named))) {
        return Ok(());
    }
    let message = format!(
        "cannot write `{}`: it is there already, and is not that of `{}`",
        tensors.display(),
        path.display()
    );
    let help = "give the output another name with `-o`, or move the file";
    Err(Failure::new(
        Diagnostic::error(Code::UnwritableFile, message).help(help),
    ))
}

/// Graphs as text, with large constants in the file `beside` if there is one.
fn print_graphs(module: &Module, beside: Option<&str>, session: &mut Session) -> Text {
    session.time(Stage::Print, || match beside {
        None => print_module(module).into(),
        Some(name) => {
            let (text, constants) = print_module_beside(module, name);
            Text {
                text,
                constants: Some(constants),
            }
        }
    })
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
    let entries = module.entries.iter().map(adjoint_of);
    let entries = entries.collect::<Result<_, _>>()?;
    Ok(Module {
        entries,
        ..module.clone()
    })
}
