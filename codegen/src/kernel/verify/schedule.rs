//! Directives of a kernel (K12).

use super::{Report, VerifyCode as Code};
use crate::kernel::{Directive, Kernel, Stmt, VarId};
use rustc_hash::FxHashMap;

pub(super) fn check(kernel: &Kernel, report: &mut Report) {
    let mut loops: FxHashMap<VarId, &Stmt> = FxHashMap::default();
    kernel.body.visit(&mut |stmt| {
        if let Some(var) = stmt.var() {
            loops.insert(var, stmt);
        }
    });
    for directive in &kernel.schedule {
        if let Err(message) = directive_fits(&loops, directive) {
            report.error(Code::K12, message);
        }
    }
}

type Loops<'k> = FxHashMap<VarId, &'k Stmt>;

fn directive_fits(loops: &Loops<'_>, directive: &Directive) -> Result<(), String> {
    let Directive::Vec(var, lanes) = directive;
    innermost(loops, *var)?;
    match lanes.is_power_of_two() {
        true => Ok(()),
        false => Err(format!("{lanes} is no vector length")),
    }
}

fn find<'k>(loops: &Loops<'k>, var: VarId) -> Result<&'k Stmt, String> {
    loops
        .get(&var)
        .copied()
        .ok_or_else(|| format!("no loop has the variable i{}", var.0))
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
