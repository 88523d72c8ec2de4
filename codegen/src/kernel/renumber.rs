//! Ids in textual order: visiting them, and the canonical numbering.

use super::{
    Access, Condition, Directive, Kernel, MemId, Memory, Place, Region, SourceLines, Stmt,
    Subscript, ValueId, ValueType, VarId,
};
use lgc_ir::index::{Guard, Index};
use rustc_hash::FxHashMap;

/// Rewrites the ids of statements. Each is visited in the order in which the text form has it.
pub trait IdVisitor {
    /// Rewrites the definition or a use of a value.
    fn value(&mut self, value: &mut ValueId);
    /// Rewrites the definition or a use of an index variable outside index expressions.
    fn var(&mut self, var: &mut VarId);
    /// Rewrites a use of memory.
    fn memory(&mut self, memory: &mut MemId);
    /// Rewrites an index expression.
    fn index(&mut self, index: &mut Index);
    /// Rewrites a guard.
    fn guard(&mut self, guard: &mut Guard);
}

impl Region {
    /// Visits all ids of the region.
    pub fn visit_ids(&mut self, visitor: &mut dyn IdVisitor) {
        for stmt in &mut self.stmts {
            stmt.visit_ids(visitor);
        }
    }
}

impl Access {
    fn visit_ids(&mut self, visitor: &mut dyn IdVisitor) {
        visitor.memory(&mut self.memory);
        for subscript in &mut self.at {
            match subscript {
                Subscript::At(index) | Subscript::Span(index) => visitor.index(index),
                Subscript::Value(value) => visitor.value(value),
            }
        }
        visitor.guard(&mut self.guard);
        if let Some(mask) = &mut self.mask {
            visitor.value(mask);
        }
        if let Some(fault) = &mut self.fault {
            visitor.memory(&mut fault.status);
            visitor.index(&mut fault.position);
        }
    }
}

impl Stmt {
    /// Visits all ids of the statement and of the regions inside.
    pub fn visit_ids(&mut self, visitor: &mut dyn IdVisitor) {
        match self {
            Stmt::Par { var, body, .. } => {
                visitor.var(var);
                body.visit_ids(visitor);
            }
            Stmt::Tasks {
                var, frame, body, ..
            } => {
                visitor.var(var);
                frame.memories.iter_mut().for_each(|m| visitor.memory(m));
                frame.values.iter_mut().for_each(|v| visitor.value(v));
                frame.vars.iter_mut().for_each(|v| visitor.var(v));
                body.visit_ids(visitor);
            }
            Stmt::For { .. } => self.visit_for(visitor),
            Stmt::Fold(_) => self.visit_fold(visitor),
            Stmt::If { .. } => self.visit_if(visitor),
            Stmt::Let { memory, body } => {
                visitor.memory(memory);
                body.visit_ids(visitor);
            }
            Stmt::Compute { result, op } => {
                visitor.value(result);
                if let super::Op::Index(_, index) | super::Op::Ramp(_, _, index) = op {
                    visitor.index(index);
                }
                op.operands_mut()
                    .into_iter()
                    .for_each(|value| visitor.value(value));
            }
            Stmt::Load {
                result,
                access,
                otherwise,
            } => {
                visitor.value(result);
                access.visit_ids(visitor);
                if let Some(value) = otherwise {
                    visitor.value(value);
                }
            }
            Stmt::Store { access, value } => {
                access.visit_ids(visitor);
                visitor.value(value);
            }
        }
    }

    fn visit_for(&mut self, visitor: &mut dyn IdVisitor) {
        let Stmt::For {
            var,
            range,
            carried,
            body,
        } = self
        else {
            return;
        };
        for state in carried.iter_mut() {
            visitor.value(&mut state.result);
        }
        for state in carried.iter_mut() {
            visitor.value(&mut state.state);
            visitor.value(&mut state.init);
        }
        visitor.var(var);
        visitor.index(&mut range.low);
        visitor.index(&mut range.high);
        if let Some(until) = &mut range.until {
            visitor.value(until);
        }
        body.visit_ids(visitor);
        for state in carried.iter_mut() {
            visitor.value(&mut state.next);
        }
    }

    fn visit_fold(&mut self, visitor: &mut dyn IdVisitor) {
        let Stmt::Fold(fold) = self else {
            return;
        };
        for state in &mut fold.states {
            visitor.value(&mut state.result);
        }
        visitor.var(&mut fold.var);
        for state in &mut fold.states {
            visitor.value(&mut state.state);
            visitor.value(&mut state.init);
        }
        fold.body.visit_ids(visitor);
        for state in &mut fold.states {
            visitor.value(&mut state.next);
        }
        for state in &mut fold.states {
            visitor.value(&mut state.left);
        }
        for state in &mut fold.states {
            visitor.value(&mut state.right);
        }
        fold.merge.visit_ids(visitor);
        for state in &mut fold.states {
            visitor.value(&mut state.merged);
        }
    }

    fn visit_if(&mut self, visitor: &mut dyn IdVisitor) {
        let Stmt::If {
            condition,
            then,
            otherwise,
            joins,
        } = self
        else {
            return;
        };
        for join in joins.iter_mut() {
            visitor.value(&mut join.result);
        }
        match condition {
            Condition::Guard(guard) => visitor.guard(guard),
            Condition::Mask(mask) => visitor.value(mask),
        }
        then.visit_ids(visitor);
        for join in joins.iter_mut() {
            visitor.value(&mut join.then);
        }
        otherwise.visit_ids(visitor);
        for join in joins.iter_mut() {
            visitor.value(&mut join.otherwise);
        }
    }
}

/// Numbers ids in the order in which they are first seen.
#[derive(Default)]
struct FirstSeen {
    values: FxHashMap<ValueId, ValueId>,
    vars: FxHashMap<u32, u32>,
    memories: FxHashMap<MemId, MemId>,
}

impl FirstSeen {
    fn number(&mut self, var: u32) -> u32 {
        let next = self.vars.len() as u32;
        *self.vars.entry(var).or_insert(next)
    }
}

impl IdVisitor for FirstSeen {
    fn value(&mut self, value: &mut ValueId) {
        let next = ValueId(self.values.len() as u32);
        *value = *self.values.entry(*value).or_insert(next);
    }
    fn var(&mut self, var: &mut VarId) {
        *var = VarId(self.number(var.0));
    }
    fn memory(&mut self, memory: &mut MemId) {
        let next = MemId(self.memories.len() as u32);
        *memory = *self.memories.entry(*memory).or_insert(next);
    }
    fn index(&mut self, index: &mut Index) {
        *index = index.replace(&mut |var| Some(Index::var(self.number(var))));
    }
    fn guard(&mut self, guard: &mut Guard) {
        *guard = guard.map(|index| index.replace(&mut |var| Some(Index::var(self.number(var)))));
    }
}

fn renumber_directive(directive: &mut Directive, seen: &mut FirstSeen) {
    let Directive::Vec(var, _) = directive;
    seen.var(var);
}

/// The table of a renumbered kind: entries that are never seen are dropped.
fn permuted<T: Clone>(table: &[T], places: impl Iterator<Item = (usize, usize)>) -> Vec<T> {
    let mut order: Vec<(usize, usize)> = places.collect();
    order.sort_unstable_by_key(|&(_, new)| new);
    order
        .into_iter()
        .filter_map(|(old, _)| table.get(old).cloned())
        .collect()
}

impl Kernel {
    /// The kernel with values, variables and local buffers numbered in the order in which its text
    /// form has them; what never occurs is dropped (parameters are all kept, in order).
    #[must_use]
    pub fn canonical(&self) -> Kernel {
        let mut seen = FirstSeen::default();
        for (at, memory) in self.memories.iter().enumerate() {
            if matches!(memory.place, Place::Param(_)) {
                seen.memory(&mut MemId(at as u32));
            }
        }
        let mut kernel = self.clone();
        kernel.lines = SourceLines::default();
        if let Some(lane) = &mut kernel.lane {
            seen.var(lane);
        }
        kernel.body.visit_ids(&mut seen);
        for directive in &mut kernel.schedule {
            renumber_directive(directive, &mut seen);
        }
        kernel.vars = seen.vars.len() as u32;
        let values = seen.values.iter();
        kernel.values = permuted::<ValueType>(
            &self.values,
            values.map(|(old, new)| (old.index(), new.index())),
        );
        if !self.lines.is_empty() {
            self.body.visit(&mut |stmt| {
                if let Stmt::Compute { result, .. } | Stmt::Load { result, .. } = stmt
                    && let Some(&new) = seen.values.get(result)
                {
                    kernel.lines.set(new, self.lines.of(*result));
                }
            });
        }
        let memories = seen.memories.iter();
        kernel.memories = permuted::<Memory>(
            &self.memories,
            memories.map(|(old, new)| (old.index(), new.index())),
        );
        kernel
    }
}
