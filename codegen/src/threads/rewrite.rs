//! Rewriting kernels: fresh ids, copies of regions under other names, and what is known of index variables.

use crate::kernel::{
    Carried, Condition, Fold, IdVisitor, Join, Kernel, MemId, Memory, Op, Place, Region,
    SourceLine, Space, Stmt, ValueId, ValueType, VarId, loop_points,
};
use lgc_ir::index::{Guard, Index, UNKNOWN};
use lgc_ir::shape::{Shape, Type};
use rustc_hash::FxHashMap;

/// The tables of a kernel that is being rewritten.
pub(super) struct Draft {
    /// The kernel; its body is given by whoever rewrites it.
    pub(super) kernel: Kernel,
    /// The line of what is being rewritten.
    line: Option<SourceLine>,
}

impl Draft {
    /// A draft with the tables of a kernel, and its body.
    pub(super) fn of(kernel: &Kernel) -> (Self, Region) {
        let mut kernel = kernel.clone();
        let body = std::mem::take(&mut kernel.body);
        (Draft { kernel, line: None }, body)
    }

    /// The kernel with that body, without what does not occur in it any more.
    pub(super) fn finish(mut self, body: Region) -> Kernel {
        self.kernel.body = body;
        self.kernel.canonical()
    }

    /// Lets new values be of the line of a statement, if it has one.
    pub(super) fn at(&mut self, stmt: &Stmt) {
        self.at_line(self.kernel.line_of(stmt));
    }

    /// Lets new values be of a line, if there is one.
    pub(super) fn at_line(&mut self, line: Option<SourceLine>) {
        self.line = line.or(self.line);
    }

    /// A new value.
    pub(super) fn value(&mut self, ty: ValueType) -> ValueId {
        self.kernel.new_value(ty, self.line)
    }

    /// A new value of the type and line of another.
    pub(super) fn like(&mut self, value: ValueId) -> ValueId {
        let line = self.kernel.lines.of(value).or(self.line);
        self.kernel.new_value(self.type_of(value), line)
    }

    /// The type of a value.
    pub(super) fn type_of(&self, value: ValueId) -> ValueType {
        self.kernel.type_of(value)
    }

    /// A new index variable.
    pub(super) fn var(&mut self) -> VarId {
        self.kernel.vars += 1;
        VarId(self.kernel.vars - 1)
    }

    /// The variable that stands for the lane.
    pub(super) fn lane(&mut self) -> VarId {
        if let Some(lane) = self.kernel.lane {
            return lane;
        }
        let lane = self.var();
        self.kernel.lane = Some(lane);
        lane
    }

    /// A new local buffer: that many places for values of a type.
    pub(super) fn buffer(
        &mut self,
        name: &str,
        (places, ty): (u64, ValueType),
        space: Space,
    ) -> MemId {
        let axes = (0..ty.form.rank()).map(|axis| u64::from(ty.form.extent(axis)));
        let shape = Shape::new(std::iter::once(places).chain(axes));
        self.kernel.memories.push(Memory {
            name: name.into(),
            ty: Type::new(ty.dtype, shape),
            place: Place::Local(space),
        });
        MemId(self.kernel.memories.len() as u32 - 1)
    }

    /// Appends an operation; its result.
    pub(super) fn compute(&mut self, stmts: &mut Vec<Stmt>, ty: ValueType, op: Op) -> ValueId {
        let result = self.value(ty);
        stmts.push(Stmt::Compute { result, op });
        result
    }

    /// A copy of a region in which all that it defines is new. `renames` says what else has another name there, and
    /// afterwards what is new.
    pub(super) fn copy(&mut self, region: &Region, renames: &mut Renames) -> Region {
        let mut copy = region.clone();
        self.renew(&mut copy, renames);
        copy.visit_ids(renames);
        copy
    }

    /// Gives all that a region defines new names, without changing it.
    fn renew(&mut self, region: &mut Region, renames: &mut Renames) {
        for stmt in &mut region.stmts {
            for value in defined_values(stmt) {
                let new = self.like(value);
                renames.values.insert(value, new);
            }
            if let Some(var) = stmt.var() {
                let new = self.var();
                renames.vars.insert(var.0, new.to_index());
            }
            if let Stmt::Let { memory, .. } = stmt
                && let Some(declared) = self.kernel.memories.get(memory.index()).cloned()
            {
                self.kernel.memories.push(declared);
                let new = MemId(self.kernel.memories.len() as u32 - 1);
                renames.memories.insert(*memory, new);
            }
            for inner in stmt.regions_mut() {
                self.renew(inner, renames);
            }
        }
    }
}

/// The ranges of index variables, as far as loops say.
#[derive(Clone, Default)]
pub(super) struct Bounds(Vec<(i64, i64)>);

impl Bounds {
    /// The range of each variable of a kernel.
    pub(super) fn of(kernel: &Kernel) -> Self {
        let mut bounds = Bounds(vec![UNKNOWN; kernel.vars as usize]);
        kernel.body.visit(&mut |stmt| bounds.note(stmt));
        bounds
    }

    /// Notes the range of the variable that a statement defines; those of the loops around are known.
    pub(super) fn note(&mut self, stmt: &Stmt) {
        let (var, range) = match stmt {
            Stmt::Par { var, extent, .. } => (*var, upto(*extent)),
            Stmt::Tasks { var, count, .. } => (*var, upto(*count)),
            Stmt::Fold(fold) => (fold.var, upto(fold.extent)),
            Stmt::For { var, range, .. } => {
                (*var, loop_points(*var, range, &self.0, &Guard::always()).0)
            }
            Stmt::If { .. }
            | Stmt::Let { .. }
            | Stmt::Compute { .. }
            | Stmt::Load { .. }
            | Stmt::Store { .. } => return,
        };
        self.set(var, range);
    }

    /// Sets the range of a variable.
    pub(super) fn set(&mut self, var: VarId, range: (i64, i64)) {
        if self.0.len() <= var.index() {
            self.0.resize(var.index() + 1, UNKNOWN);
        }
        self.0[var.index()] = range;
    }

    /// All ranges, by variable.
    pub(super) fn all(&self) -> &[(i64, i64)] {
        &self.0
    }
}

/// What is known of index variables at a statement.
pub(super) struct Scope {
    bounds: Bounds,
    assumed: Guard,
}

impl Scope {
    /// What is known where a kernel begins.
    pub(super) fn of(kernel: &Kernel) -> Self {
        Scope {
            bounds: Bounds(vec![UNKNOWN; kernel.vars as usize]),
            assumed: Guard::always(),
        }
    }

    /// The ranges of variables.
    pub(super) fn bounds(&mut self) -> &mut Bounds {
        &mut self.bounds
    }

    /// Notes the range of the variable that a statement defines. What holds in each of its regions, in order.
    pub(super) fn enter(&mut self, stmt: &Stmt) -> [Guard; 2] {
        let mut first = self.assumed.clone();
        match stmt {
            Stmt::For { var, range, .. } => {
                let (points, guard) = loop_points(*var, range, &self.bounds.0, &self.assumed);
                self.bounds.set(*var, points);
                first = first.and(&guard);
            }
            Stmt::If {
                condition: Condition::Guard(guard),
                ..
            } => first = first.and(guard),
            Stmt::Par { .. }
            | Stmt::Tasks { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. }
            | Stmt::Compute { .. }
            | Stmt::Load { .. }
            | Stmt::Store { .. } => self.bounds.note(stmt),
        }
        [first, self.assumed.clone()]
    }

    /// Lets something hold from now on; what held before.
    pub(super) fn assume(&mut self, guard: Guard) -> Guard {
        std::mem::replace(&mut self.assumed, guard)
    }

    /// Whether an index is below an end wherever a guard holds here.
    pub(super) fn is_below(&self, index: &Index, end: i64, guard: &Guard) -> bool {
        let guard = self.assumed.and(guard);
        index.stays_within((None, Some(end)), &self.bounds.0, &guard)
    }

    /// Whether a guard holds nowhere here, as far as can be told.
    pub(super) fn is_never(&self, guard: &Guard) -> bool {
        self.assumed.and(guard).holds_nowhere(&self.bounds.0)
    }
}

/// Whether a loop carries tiles that its body, which is straight-line, accumulates.
pub(super) fn accumulates(carried: &[Carried], body: &Region) -> bool {
    let is_product = |stmt: &Stmt| {
        matches!(
            stmt,
            Stmt::Compute {
                op: Op::Mma(..),
                ..
            }
        )
    };
    let mut stmts = body.stmts.iter();
    !carried.is_empty()
        && stmts.all(|stmt| stmt.regions().next().is_none())
        && body.stmts.iter().any(is_product)
}

/// An extent as indices count.
pub(super) fn extent_of(memory: &Memory, axis: usize) -> i64 {
    i64::try_from(memory.ty.shape.extent(axis)).unwrap_or(i64::MAX)
}

/// No loop of a verified kernel has more than 2^63 iterations: a range that ends there is as good as unknown.
fn upto(extent: u64) -> (i64, i64) {
    (0, i64::try_from(extent).unwrap_or(i64::MAX))
}

/// Every value that a statement defines itself, visible in it or after it.
pub(super) fn defined_values(stmt: &Stmt) -> Vec<ValueId> {
    match stmt {
        Stmt::Compute { result, .. } | Stmt::Load { result, .. } => vec![*result],
        Stmt::For { carried, .. } => {
            let both = |c: &Carried| [c.state, c.result];
            carried.iter().flat_map(both).collect()
        }
        Stmt::Fold(fold) => {
            let states = fold.states.iter();
            states
                .flat_map(|s| [s.state, s.left, s.right, s.result])
                .collect()
        }
        Stmt::If { joins, .. } => joins.iter().map(|join: &Join| join.result).collect(),
        Stmt::Par { .. } | Stmt::Tasks { .. } | Stmt::Let { .. } | Stmt::Store { .. } => Vec::new(),
    }
}

/// Other names for ids. Ids without one keep theirs.
#[derive(Clone, Default)]
pub(super) struct Renames {
    /// Values.
    pub(super) values: FxHashMap<ValueId, ValueId>,
    /// What index variables are.
    pub(super) vars: FxHashMap<u32, Index>,
    /// Memory.
    pub(super) memories: FxHashMap<MemId, MemId>,
}

impl Renames {
    /// What a value is called, through all renames.
    pub(super) fn of(&self, value: ValueId) -> ValueId {
        let mut name = value;
        while let Some(&next) = self.values.get(&name).filter(|&&next| next != name) {
            name = next;
        }
        name
    }

    /// Lets values be called as others.
    pub(super) fn rename(
        &mut self,
        from: impl IntoIterator<Item = ValueId>,
        to: impl IntoIterator<Item = ValueId>,
    ) {
        self.values.extend(from.into_iter().zip(to));
    }

    /// An index in the new variables.
    pub(super) fn index(&self, index: &Index) -> Index {
        index.replace(&mut |var| self.vars.get(&var).cloned())
    }
}

impl IdVisitor for Renames {
    fn value(&mut self, value: &mut ValueId) {
        *value = self.of(*value);
    }
    fn var(&mut self, var: &mut VarId) {
        let new = self.vars.get(&var.0).and_then(Index::as_var);
        *var = new.map_or(*var, VarId);
    }
    fn memory(&mut self, memory: &mut MemId) {
        *memory = self.memories.get(memory).copied().unwrap_or(*memory);
    }
    fn index(&mut self, index: &mut Index) {
        *index = Renames::index(self, index);
    }
    fn guard(&mut self, guard: &mut Guard) {
        *guard = guard.map(|index| Renames::index(self, index));
    }
}

/// Whether a region only computes, loads and stores scalars.
pub(super) fn is_flat(kernel: &Kernel, region: &Region) -> bool {
    let is_scalar = |value: &ValueId| kernel.type_of(*value).form.rank() == 0;
    region.stmts.iter().all(|stmt| match stmt {
        Stmt::Compute { result, .. } | Stmt::Load { result, .. } => is_scalar(result),
        Stmt::Store { value, .. } => is_scalar(value),
        Stmt::Par { .. }
        | Stmt::Tasks { .. }
        | Stmt::For { .. }
        | Stmt::Fold(_)
        | Stmt::If { .. }
        | Stmt::Let { .. } => false,
    })
}

/// An index over a factor, where its terms and its offset are multiples.
pub(super) fn quotient(index: &Index, factor: i64) -> Option<Index> {
    let offset = exact(index.offset(), factor)?;
    let mut sum = Index::constant(offset);
    for (atom, coefficient) in index.terms() {
        sum = sum.add(&Index::atom(atom.clone(), exact(*coefficient, factor)?));
    }
    Some(sum)
}

fn exact(dividend: i64, divisor: i64) -> Option<i64> {
    (dividend.checked_rem(divisor)? == 0).then(|| dividend / divisor)
}

/// Lets the variable of a loop with step 1 count by `factor`, if it occurs in multiples of that only: addresses then
/// move with the variable itself.
pub(super) fn rescale(stmt: &mut Stmt, factor: i64) {
    let Stmt::For {
        var, range, body, ..
    } = stmt
    else {
        return;
    };
    let mut check = Multiples {
        var: var.0,
        factor,
        change: false,
        holds: range.step == 1 && range.until.is_none(),
    };
    body.visit_ids(&mut check);
    if !check.holds {
        return;
    }
    check.change = true;
    body.visit_ids(&mut check);
    range.low = range.low.scale(factor);
    range.high = range.high.scale(factor);
    range.below = range.below.map(|below| below.saturating_mul(factor));
    range.step = factor;
}

/// Looks whether a variable occurs in multiples only, and puts them in units of the factor.
struct Multiples {
    var: u32,
    factor: i64,
    change: bool,
    holds: bool,
}

impl IdVisitor for Multiples {
    fn value(&mut self, _: &mut ValueId) {}
    fn var(&mut self, _: &mut VarId) {}
    fn memory(&mut self, _: &mut MemId) {}
    fn index(&mut self, index: &mut Index) {
        let step = index.coefficient(self.var);
        let point = Index::var(self.var);
        let rest = index.sub(&point.scale(step));
        match exact(step, self.factor) {
            Some(units) if self.change => *index = rest.add(&point.scale(units)),
            Some(_) => self.holds &= !rest.mentions(self.var),
            None => self.holds = false,
        }
    }
    fn guard(&mut self, guard: &mut Guard) {
        *guard = guard.map(|index| {
            let mut index = index.clone();
            self.index(&mut index);
            index
        });
    }
}

/// Whether a statement records faults, which its iterations share.
pub(super) fn has_faults(stmt: &Stmt) -> bool {
    let mut found = false;
    let mut look = |stmt: &Stmt| {
        found |= stmt.access().is_some_and(|access| access.fault.is_some());
    };
    for region in stmt.regions() {
        region.visit(&mut look);
    }
    found
}

/// How often the innermost statements of a region run.
pub(super) fn turns(region: &Region) -> u64 {
    let inside = |stmt: &Stmt| {
        let extent = match stmt {
            Stmt::Par { extent, .. } | Stmt::Tasks { count: extent, .. } => *extent,
            Stmt::Fold(fold) => fold.extent,
            Stmt::For { range, .. } => match (range.low.as_constant(), range.high.as_constant()) {
                (Some(low), Some(high)) => {
                    let length = high.saturating_sub(low).max(0).unsigned_abs();
                    length / range.step.unsigned_abs().max(1)
                }
                (_, _) => 1,
            },
            Stmt::If { .. } | Stmt::Let { .. } => 1,
            Stmt::Compute { .. } | Stmt::Load { .. } | Stmt::Store { .. } => return 0,
        };
        let deepest = stmt.regions().map(turns).max();
        deepest.unwrap_or(1).saturating_mul(extent)
    };
    let all = region.stmts.iter().map(inside);
    all.fold(0, u64::saturating_add).max(1)
}

/// The type of the states of a fold, by component.
pub(super) fn state_types(draft: &Draft, fold: &Fold) -> Vec<ValueType> {
    let states = fold.states.iter();
    states.map(|state| draft.type_of(state.state)).collect()
}
