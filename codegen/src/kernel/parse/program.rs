//! Programs: buffers, kernels and steps.

use super::Parsed;
use super::kernel::kernel;
use super::scanner::Scanner;
use crate::kernel::{Arg, Buffer, BufferId, KernelId, MAX_NESTING, Program, Role, Step, VarId};
use rustc_hash::FxHashMap;

struct Names {
    buffers: FxHashMap<String, BufferId>,
    kernels: FxHashMap<String, KernelId>,
}

pub(super) fn program(scanner: &mut Scanner<'_>) -> Parsed<Program> {
    scanner.expect("program")?;
    let name = scanner.name()?.into();
    scanner.expect("{")?;
    scanner.expect("workspace")?;
    let mut program = Program {
        name,
        workspace: scanner.number()?,
        buffers: Vec::new(),
        kernels: Vec::new(),
        steps: Vec::new(),
    };
    let mut names = Names {
        buffers: FxHashMap::default(),
        kernels: FxHashMap::default(),
    };
    while scanner.eat("buffer") {
        let buffer = buffer(scanner)?;
        let id = BufferId(program.buffers.len() as u32);
        if names.buffers.insert(buffer.name.0.clone(), id).is_some() {
            return scanner.fault(format!("a second buffer `{}`", buffer.name));
        }
        program.buffers.push(buffer);
    }
    while scanner.peek_word() == "kernel" {
        let kernel = kernel(scanner)?;
        let id = KernelId(program.kernels.len() as u32);
        if names.kernels.insert(kernel.name.0.clone(), id).is_some() {
            return scanner.fault(format!("a second kernel `{}`", kernel.name));
        }
        program.kernels.push(kernel);
    }
    program.steps = steps(scanner, &names, 0)?;
    Ok(program)
}

fn buffer(scanner: &mut Scanner<'_>) -> Parsed<Buffer> {
    let name = scanner.name()?.into();
    scanner.expect(":")?;
    let ty = scanner.tensor_type()?;
    let role = if scanner.eat("input") {
        Role::Input(scanner.number()?)
    } else if scanner.eat("output") {
        Role::Output(scanner.number()?)
    } else if scanner.eat("inout") {
        Role::Inout(scanner.number()?)
    } else if scanner.eat("workspace") {
        Role::Workspace(scanner.number()?)
    } else if scanner.eat("constant") {
        Role::Constant(bytes(scanner)?.into())
    } else {
        return scanner.fault("expected `input`, `output`, `inout`, `workspace` or `constant`");
    };
    Ok(Buffer { name, ty, role })
}

fn bytes(scanner: &mut Scanner<'_>) -> Parsed<Vec<u8>> {
    let word = scanner.take_while(|c| c.is_ascii_alphanumeric());
    let pair = |pair: &[u8]| {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match pair {
            [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
            _ => None,
        }
    };
    let digits = word.strip_prefix("0x").map(str::as_bytes);
    match digits.and_then(|digits| digits.chunks(2).map(pair).collect()) {
        Some(bytes) => Ok(bytes),
        None => scanner.fault("expected bytes such as `0x00ff`"),
    }
}

fn arg(scanner: &mut Scanner<'_>, names: &Names) -> Parsed<Arg> {
    let at = scanner.position();
    let name = scanner.name()?;
    let Some(&buffer) = names.buffers.get(name) else {
        return scanner.fault_at(at, format!("no buffer is called `{name}`"));
    };
    let at = match scanner.eat("[") {
        true => scanner.list("]", Scanner::index)?,
        false => Vec::new(),
    };
    Ok(Arg { buffer, at })
}

/// Steps up to a closing brace, which is consumed.
fn steps(scanner: &mut Scanner<'_>, names: &Names, depth: usize) -> Parsed<Vec<Step>> {
    if depth > MAX_NESTING {
        return scanner.fault("steps are nested too deeply");
    }
    let mut steps = Vec::new();
    while !scanner.eat("}") {
        steps.push(step(scanner, names, depth)?);
    }
    Ok(steps)
}

fn step(scanner: &mut Scanner<'_>, names: &Names, depth: usize) -> Parsed<Step> {
    if scanner.eat("launch") {
        let at = scanner.position();
        let name = scanner.name()?;
        let Some(&kernel) = names.kernels.get(name) else {
            return scanner.fault_at(at, format!("no kernel is called `{name}`"));
        };
        scanner.expect("(")?;
        let args = scanner.list(")", |scanner| arg(scanner, names))?;
        return Ok(Step::Launch { kernel, args });
    }
    if scanner.eat("loop") {
        let var = VarId(scanner.var_number()?);
        scanner.expect("<")?;
        let count = scanner.number()?;
        scanner.expect("{")?;
        let body = steps(scanner, names, depth + 1)?;
        return Ok(Step::Loop { var, count, body });
    }
    if scanner.eat("if") {
        let condition = arg(scanner, names)?;
        scanner.expect("{")?;
        let then = steps(scanner, names, depth + 1)?;
        let otherwise = match scanner.eat("else") {
            true => {
                scanner.expect("{")?;
                steps(scanner, names, depth + 1)?
            }
            false => Vec::new(),
        };
        return Ok(Step::If {
            condition,
            then,
            otherwise,
        });
    }
    if scanner.eat("check") {
        let status = arg(scanner, names)?;
        scanner.expect("code")?;
        let code = scanner.number()?;
        return Ok(Step::Check { status, code });
    }
    if scanner.eat("copy") {
        let from = arg(scanner, names)?;
        scanner.expect("->")?;
        let to = arg(scanner, names)?;
        return Ok(Step::Copy { from, to });
    }
    scanner.fault("expected `launch`, `loop`, `if`, `check`, `copy` or `}`")
}
