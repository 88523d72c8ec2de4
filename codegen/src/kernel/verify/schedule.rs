//! Directives of a kernel (K12).

use super::{Report, VerifyCode as Code};
use crate::kernel::{Directive, Kernel, MemId, Mode, Place, Stmt, VarId};
use rustc_hash::FxHashMap;

pub(super) fn check(kernel: &Kernel, report: &mut Report) {
    let mut loops: FxHashMap<VarId, &Stmt> = FxHashMap::default();
    kernel.body.visit(&mut |stmt| {
        if let Some(var) = stmt.var() {
            loops.insert(var, stmt);
        }
    });
    for directive in &kernel.schedule {
        if let Err(message) = directive_fits(kernel, &loops, directive) {
            report.error(Code::K12, message);
        }
    }
}

type Loops<'k> = FxHashMap<VarId, &'k Stmt>;

fn directive_fits(kernel: &Kernel, loops: &Loops<'_>, directive: &Directive) -> Result<(), String> {
    match directive {
        Directive::Split(var, factor) | Directive::Pipeline(var, factor) => {
            find(loops, *var)?;
            positive(*factor)
        }
        Directive::Vec(var, lanes) => {
            innermost(loops, *var)?;
            match lanes.is_power_of_two() {
                true => Ok(()),
                false => Err(format!("{lanes} is no vector length")),
            }
        }
        Directive::Unroll(var, factor) => {
            innermost(loops, *var)?;
            positive(*factor)
        }
        Directive::Order(vars) => perfect_nest(loops, vars),
        Directive::Bind(var, _) => find(loops, *var).map(|_| ()),
        Directive::Pack(memory, var) => {
            find(loops, *var)?;
            read_only(kernel, *memory)
        }
    }
}

fn find<'k>(loops: &Loops<'k>, var: VarId) -> Result<&'k Stmt, String> {
    loops
        .get(&var)
        .copied()
        .ok_or_else(|| format!("no loop has the variable i{}", var.0))
}

fn positive(factor: u32) -> Result<(), String> {
    match factor {
        0 => Err("a factor of 0".to_string()),
        _ => Ok(()),
    }
}

fn innermost(loops: &Loops<'_>, var: VarId) -> Result<(), String> {
    let body = find(loops, var)?;
    let mut has_loop = false;
    for region in body.regions() {
        region.visit(&mut |stmt| has_loop |= stmt.var().is_some());
    }
    match has_loop {
        true => Err(format!("the loop of i{} is not innermost", var.0)),
        false => Ok(()),
    }
}

fn read_only(kernel: &Kernel, memory: MemId) -> Result<(), String> {
    match kernel.memories.get(memory.index()) {
        Some(memory) if memory.place == Place::Param(Mode::In) => Ok(()),
        Some(memory) => Err(format!("`{}` is no `in` parameter", memory.name)),
        None => Err("memory is in no table".to_string()),
    }
}

/// Whether the variables are those of parallel loops that stand directly inside one another.
fn perfect_nest(loops: &Loops<'_>, vars: &[VarId]) -> Result<(), String> {
    let fault = || Err("`order` names no perfect nest of parallel loops".to_string());
    for &var in vars {
        find(loops, var)?;
    }
    let inner = |stmt: &Stmt| match stmt {
        Stmt::Par { body, .. } => match body.stmts.as_slice() {
            [only @ Stmt::Par { var, .. }] if vars.contains(var) => Some(only.clone()),
            _ => None,
        },
        Stmt::For { .. }
        | Stmt::Fold(_)
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Compute { .. }
        | Stmt::Load { .. }
        | Stmt::Store { .. } => None,
    };
    let depth_from = |var: &VarId| {
        let first = loops.get(var).map(|stmt| (*stmt).clone());
        std::iter::successors(first, inner).count()
    };
    let is_par = |var: &VarId| matches!(loops.get(var), Some(Stmt::Par { .. }));
    let deepest = vars.iter().filter(|var| is_par(var)).map(depth_from).max();
    match deepest == Some(vars.len()) && vars.iter().all(is_par) {
        true => Ok(()),
        false => fault(),
    }
}
