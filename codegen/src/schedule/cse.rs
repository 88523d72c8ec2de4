//! What is equal, computed once.

use crate::kernel::{
    Access, Form, IdVisitor, Kernel, MemId, Mode, Op, Place, Region, Stmt, ValueId, VarId,
};
use lgc_ir::index::{Guard, Index};
use rustc_hash::FxHashMap;

/// What a statement computes, if it is computed alike wherever it stands.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Computation {
    Op(Op),
    Load(Access, Form, Option<ValueId>),
}

/// Values that stand for others.
#[derive(Default)]
struct Replaced(FxHashMap<ValueId, ValueId>);

impl IdVisitor for Replaced {
    fn value(&mut self, value: &mut ValueId) {
        if let Some(&other) = self.0.get(value) {
            *value = other;
        }
    }
    fn var(&mut self, _: &mut VarId) {}
    fn memory(&mut self, _: &mut MemId) {}
    fn index(&mut self, _: &mut Index) {}
    fn guard(&mut self, _: &mut Guard) {}
}

/// Removes computations that a statement before, in the same region or around it, does already.
pub(super) fn merge_equal_values(kernel: &mut Kernel) {
    let mut body = std::mem::take(&mut kernel.body);
    let mut replaced = Replaced::default();
    let mut scopes = vec![FxHashMap::default()];
    merge_equal(&mut body, kernel, &mut scopes, &mut replaced);
    body.visit_ids(&mut replaced);
    kernel.body = body;
}

type Scope = FxHashMap<Computation, ValueId>;

fn merge_equal(
    region: &mut Region,
    kernel: &Kernel,
    scopes: &mut Vec<Scope>,
    replaced: &mut Replaced,
) {
    region.stmts.retain_mut(|stmt| {
        if let Some((computation, result)) = computation(stmt, kernel, replaced) {
            let known = scopes.iter().find_map(|scope| scope.get(&computation));
            if let Some(&known) = known {
                replaced.0.insert(result, known);
                return false;
            }
            if let Some(scope) = scopes.last_mut() {
                scope.insert(computation, result);
            }
        }
        for inner in stmt.regions_mut() {
            scopes.push(Scope::default());
            merge_equal(inner, kernel, scopes, replaced);
            scopes.pop();
        }
        true
    });
}

/// What a statement computes, with replaced operands.
fn computation(
    stmt: &mut Stmt,
    kernel: &Kernel,
    replaced: &mut Replaced,
) -> Option<(Computation, ValueId)> {
    match stmt {
        Stmt::Compute { result, op } => {
            for operand in op.operands_mut() {
                replaced.value(operand);
            }
            Some((Computation::Op(op.clone()), *result))
        }
        Stmt::Load { .. } => {
            stmt.visit_ids(replaced);
            let Stmt::Load {
                result,
                access,
                otherwise,
            } = stmt
            else {
                return None;
            };
            let memory = kernel.memories.get(access.memory.index())?;
            let read_only = memory.place == Place::Param(Mode::In) && access.fault.is_none();
            let form = kernel.type_of(*result).form;
            let load = Computation::Load(access.clone(), form, *otherwise);
            read_only.then_some((load, *result))
        }
        Stmt::Par { .. }
        | Stmt::Tasks { .. }
        | Stmt::For { .. }
        | Stmt::Fold(_)
        | Stmt::If { .. }
        | Stmt::Let { .. }
        | Stmt::Store { .. } => None,
    }
}
