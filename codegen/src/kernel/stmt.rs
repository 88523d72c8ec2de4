//! Statements of kernels. What each means is said at the top of [`super`].

use super::{Form, MemId, Op, ValueId, VarId};
use lgc_ir::index::{Guard, Index};

/// Statements that run in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Region {
    /// The statements.
    pub stmts: Vec<Stmt>,
}

/// The points of a sequential loop: `low`, `low + |step|`, … below `high`; visited in decreasing
/// order when the step is negative.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForRange {
    /// The first point.
    pub low: Index,
    /// The end, exclusive.
    pub high: Index,
    /// The distance, not 0; its sign is the direction.
    pub step: i64,
    /// Points from this one on are left out; only of loops that go upwards.
    pub below: Option<i64>,
    /// Points from what this `i64` scalar is on are left out; only of loops that go upwards.
    pub until: Option<ValueId>,
}

/// An extent as a bound of indices. Loops and tensors that verify have less than 2⁶³ points; of what does not, more
/// points than there are indices are as many as there are.
pub(crate) fn end_of(extent: u64) -> i64 {
    i64::try_from(extent).unwrap_or(i64::MAX)
}

impl ForRange {
    /// The points `0..extent` in increasing order.
    pub fn upto(extent: u64) -> Self {
        ForRange::span(0, end_of(extent), 1)
    }

    /// The points of a range with constant ends.
    pub fn span(low: i64, high: i64, step: i64) -> Self {
        ForRange::new(Index::constant(low), Index::constant(high), step)
    }

    /// All points of a range.
    pub const fn new(low: Index, high: Index, step: i64) -> Self {
        ForRange {
            low,
            high,
            step,
            below: None,
            until: None,
        }
    }

    /// Both ends and the step, of a loop over known points in increasing order.
    pub fn known(&self) -> Option<(i64, i64, i64)> {
        let (low, high) = (self.low.as_constant()?, self.high.as_constant()?);
        let high = high.min(self.below.unwrap_or(i64::MAX));
        (self.step > 0 && self.until.is_none()).then_some((low, high, self.step))
    }
}

/// One value that a loop hands from iteration to iteration. All four have one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Carried {
    /// The value in the first iteration; from outside.
    pub init: ValueId,
    /// The value at the start of an iteration; defined by the loop, visible in its body.
    pub state: ValueId,
    /// The value for the next iteration; visible at the end of the body.
    pub next: ValueId,
    /// The value after the loop; defined by the loop.
    pub result: ValueId,
}

/// One component of the state of a fold. All seven have one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FoldState {
    /// What each lane starts from, a neutral element of the merge; from outside.
    pub init: ValueId,
    /// The value of the lane before an element; defined by the fold, visible in its body.
    pub state: ValueId,
    /// The value of the lane after the element; visible at the end of the body.
    pub next: ValueId,
    /// The earlier partial value of a merge; defined by the fold, visible in the merge region.
    pub left: ValueId,
    /// The later partial value of a merge; defined by the fold, visible in the merge region.
    pub right: ValueId,
    /// The merged value; visible at the end of the merge region.
    pub merged: ValueId,
    /// The value after the fold; defined by the fold.
    pub result: ValueId,
}

/// A fold over `0..extent` with a fixed order of evaluation (see [`super`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fold {
    /// The element.
    pub var: VarId,
    /// The number of elements.
    pub extent: u64,
    /// The number of interleaved partial results, a power of two.
    pub lanes: u32,
    /// The number of elements of each contiguous part but the last, at least 1; a multiple of the
    /// lanes where there are several parts.
    pub chunk: u64,
    /// The components of the state, at least one.
    pub states: Vec<FoldState>,
    /// Takes an element into the state of its lane.
    pub body: Region,
    /// Joins two partial states; computes only.
    pub merge: Region,
}

impl Fold {
    /// The number of contiguous parts, at least 1.
    pub fn chunks(&self) -> u64 {
        self.extent.div_ceil(self.chunk.max(1)).max(1)
    }

    /// The elements of a part; empty for parts past the end.
    pub fn elements_of(&self, number: u64) -> std::ops::Range<u64> {
        // What is too far is past the end in any case.
        let start = self.chunk.saturating_mul(number).min(self.extent);
        start..start.saturating_add(self.chunk).min(self.extent)
    }
}

/// What a branch depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Relations of index variables.
    Guard(Guard),
    /// A truth value, a bool scalar.
    Mask(ValueId),
}

/// A value that both branches of an `if` yield. All three have one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Join {
    /// The value where the condition holds; visible at the end of that branch.
    pub then: ValueId,
    /// The value elsewhere; visible at the end of the other branch.
    pub otherwise: ValueId,
    /// The value after the branch; defined by the `if`.
    pub result: ValueId,
}

/// Where an access is along one axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subscript {
    /// At an index.
    At(Index),
    /// From an index on, for as many elements as the form of the value has.
    Span(Index),
    /// At a run-time integer scalar, or one for each lane, clamped into the axis.
    Value(ValueId),
}

/// Records that a run-time subscript was out of range.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// An `i64[]` that holds the smallest position of a fault so far, `i64::MAX` if there is none.
    pub status: MemId,
    /// The position of this access.
    pub position: Index,
}

/// One or more elements of memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The memory.
    pub memory: MemId,
    /// One subscript for each axis.
    pub at: Vec<Subscript>,
    /// Where the access happens, over index variables.
    pub guard: Guard,
    /// Whether the access happens, a bool scalar; or in which lanes, a bool vector.
    pub mask: Option<ValueId>,
    /// Whether elements of spans beyond the end of the axis are left out.
    pub clip: bool,
    /// What to do about run-time subscripts out of range, besides clamping them.
    pub fault: Option<Fault>,
}

impl Access {
    /// The access to the element at these indices.
    pub fn element(memory: MemId, at: impl IntoIterator<Item = Index>) -> Self {
        Access::new(memory, at.into_iter().map(Subscript::At).collect())
    }

    /// The access at these subscripts.
    pub fn new(memory: MemId, at: Vec<Subscript>) -> Self {
        Access {
            memory,
            at,
            guard: Guard::always(),
            mask: None,
            clip: false,
            fault: None,
        }
    }

    /// The access, only where `guard` holds as well.
    #[must_use]
    pub fn when(mut self, guard: &Guard) -> Self {
        self.guard = self.guard.and(guard);
        self
    }

    /// The access, only where the truth value `mask` holds.
    #[must_use]
    pub fn masked(self, mask: ValueId) -> Self {
        Access {
            mask: Some(mask),
            ..self
        }
    }

    /// The access without elements beyond the end of an axis.
    #[must_use]
    pub fn clipped(self) -> Self {
        Access { clip: true, ..self }
    }

    /// The access, with run-time subscripts out of range reported at `position`.
    #[must_use]
    pub fn guarded(self, status: MemId, position: Index) -> Self {
        let fault = Some(Fault { status, position });
        Access { fault, ..self }
    }

    /// Whether the elements of a value of this form are where each lane says, rather than along spans.
    pub fn goes_by_lanes(&self, form: Form) -> bool {
        let is_span = |subscript: &Subscript| matches!(subscript, Subscript::Span(_));
        matches!(form, Form::Vector(_)) && !self.at.iter().any(is_span)
    }

    /// Whether the access happens everywhere.
    pub fn is_unconditional(&self) -> bool {
        self.guard.is_always() && self.mask.is_none() && !self.clip
    }

    /// The values that the access depends on.
    pub fn operands(&self) -> impl Iterator<Item = ValueId> + '_ {
        let subscripts = self.at.iter().filter_map(|subscript| match subscript {
            Subscript::Value(value) => Some(*value),
            Subscript::At(_) | Subscript::Span(_) => None,
        });
        subscripts.chain(self.mask)
    }
}

/// What tasks use from outside: all of it is handed to their function.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct TaskFrame {
    /// Parameters and shared buffers.
    pub memories: Vec<MemId>,
    /// Values.
    pub values: Vec<ValueId>,
    /// Variables of the loops around.
    pub vars: Vec<VarId>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stmt {
    /// Independent iterations `0..extent`.
    Par {
        /// The iteration.
        var: VarId,
        /// The number of iterations.
        extent: u64,
        /// The least number of iterations that is worth a task, at least 1.
        grain: u64,
        /// What an iteration does.
        body: Region,
    },
    /// Independent tasks `0..count`, each a call of a function of its number and of a frame.
    Tasks {
        /// The number of the task.
        var: VarId,
        /// How many there are.
        count: u64,
        /// What they use from outside.
        frame: TaskFrame,
        /// What a task does.
        body: Region,
    },
    /// Iterations in order, with carried values.
    For {
        /// The point.
        var: VarId,
        /// The points.
        range: ForRange,
        /// What is handed from iteration to iteration; often nothing.
        carried: Vec<Carried>,
        /// What an iteration does.
        body: Region,
    },
    /// A fold. Boxed: it is much larger than the others.
    Fold(Box<Fold>),
    /// A branch.
    If {
        /// What it depends on.
        condition: Condition,
        /// What runs where the condition holds.
        then: Region,
        /// What runs elsewhere.
        otherwise: Region,
        /// The values that the branches yield; often none.
        joins: Vec<Join>,
    },
    /// A local buffer and its scope.
    Let {
        /// The buffer.
        memory: MemId,
        /// Where it can be used.
        body: Region,
    },
    /// Defines a value by an operation.
    Compute {
        /// The value.
        result: ValueId,
        /// The operation.
        op: Op,
    },
    /// Defines a value by a load.
    Load {
        /// The value. Its form says how many elements are read.
        result: ValueId,
        /// What is read.
        access: Access,
        /// The value of elements that are not read, a scalar, or a vector beside lanes; zero (or false) when absent.
        otherwise: Option<ValueId>,
    },
    /// Writes a value. Its form says how many elements are written.
    Store {
        /// What is written to.
        access: Access,
        /// The value.
        value: ValueId,
    },
}

impl Stmt {
    /// The regions inside, in order.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        let (first, second) = match self {
            Stmt::Par { body, .. }
            | Stmt::Tasks { body, .. }
            | Stmt::For { body, .. }
            | Stmt::Let { body, .. } => (Some(body), None),
            Stmt::Fold(fold) => (Some(&fold.body), Some(&fold.merge)),
            Stmt::If {
                then, otherwise, ..
            } => (Some(then), Some(otherwise)),
            Stmt::Compute { .. } | Stmt::Load { .. } | Stmt::Store { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The regions inside, in order, to be rewritten.
    pub fn regions_mut(&mut self) -> impl Iterator<Item = &mut Region> {
        let (first, second) = match self {
            Stmt::Par { body, .. }
            | Stmt::Tasks { body, .. }
            | Stmt::For { body, .. }
            | Stmt::Let { body, .. } => (Some(body), None),
            Stmt::Fold(fold) => (Some(&mut fold.body), Some(&mut fold.merge)),
            Stmt::If {
                then, otherwise, ..
            } => (Some(then), Some(otherwise)),
            Stmt::Compute { .. } | Stmt::Load { .. } | Stmt::Store { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The access of a load or store.
    pub fn access(&self) -> Option<&Access> {
        match self {
            Stmt::Load { access, .. } | Stmt::Store { access, .. } => Some(access),
            Stmt::Par { .. }
            | Stmt::Tasks { .. }
            | Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. }
            | Stmt::Compute { .. } => None,
        }
    }

    /// The index variable that the statement defines.
    pub fn var(&self) -> Option<VarId> {
        match self {
            Stmt::Par { var, .. } | Stmt::Tasks { var, .. } | Stmt::For { var, .. } => Some(*var),
            Stmt::Fold(fold) => Some(fold.var),
            Stmt::If { .. }
            | Stmt::Let { .. }
            | Stmt::Compute { .. }
            | Stmt::Load { .. }
            | Stmt::Store { .. } => None,
        }
    }
}

impl Region {
    /// Calls `visit` with every statement, outer ones before those inside, in textual order.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Stmt)) {
        for stmt in &self.stmts {
            visit(stmt);
            for region in stmt.regions() {
                region.visit(visit);
            }
        }
    }

    /// How deep statements nest; 0 for a region without loops, branches or buffers.
    ///
    /// Goes over an explicit stack, so that it can be asked of anything.
    pub fn nesting(&self) -> usize {
        let mut deepest = 0;
        let mut open: Vec<(&Region, usize)> = vec![(self, 0)];
        while let Some((region, depth)) = open.pop() {
            deepest = deepest.max(depth);
            let inner = region.stmts.iter().flat_map(Stmt::regions);
            open.extend(inner.map(|region| (region, depth + 1)));
        }
        deepest
    }

    /// The number of statements, those inside included.
    pub fn size(&self) -> usize {
        let mut count = 0;
        self.visit(&mut |_| count += 1);
        count
    }
}
