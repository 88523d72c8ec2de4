//! Buffers and steps of a program (P01–P07).

use super::{Report, VerifyCode as Code};
use crate::kernel::{
    Arg, Buffer, BufferId, Kernel, MAX_NESTING, Mode, Program, Role, Step, VarId, end_of,
};
use lgc_ir::dtype::DType;
use lgc_ir::index::{Index, UNKNOWN};
use lgc_ir::shape::Type;
use rustc_hash::{FxHashMap, FxHashSet};

struct Checker<'p, 'r> {
    program: &'p Program,
    report: &'r mut Report,
    /// The ranges of variables; unknown outside their loop.
    bounds: Vec<(i64, i64)>,
    defined: FxHashSet<VarId>,
}

/// More loop variables than this are refused, so that tables of them stay small.
const MAX_VARS: u32 = 1 << 20;

pub(super) fn check(program: &Program, report: &mut Report) {
    buffers(program, report);
    let nested = nesting(&program.steps);
    let shallow = report.require(nested <= MAX_NESTING, Code::P07, || {
        format!("steps nest {nested} deep")
    });
    if shallow {
        let mut checker = Checker {
            program,
            report,
            bounds: Vec::new(),
            defined: FxHashSet::default(),
        };
        checker.steps(&program.steps);
    }
}

fn nesting(steps: &[Step]) -> usize {
    let mut deepest = 0;
    let mut open = vec![(steps, 0)];
    while let Some((steps, depth)) = open.pop() {
        deepest = deepest.max(depth);
        let inner = steps.iter().flat_map(Step::inner);
        open.extend(inner.map(|steps| (steps, depth + 1)));
    }
    deepest
}

fn buffers(program: &Program, report: &mut Report) {
    let mut numbers: FxHashMap<(u8, u32), &Buffer> = FxHashMap::default();
    for buffer in &program.buffers {
        report.require(buffer.ty.is_bounded(), Code::P04, || {
            format!("`{}` is too large", buffer.name)
        });
        let key = match &buffer.role {
            Role::Input(number) => (0, *number),
            Role::Output(number) => (1, *number),
            Role::Inout(number) => (2, *number),
            Role::Workspace(offset) => {
                let end = offset.checked_add(buffer.ty.bytes());
                let inside = end.is_some_and(|end| end <= program.workspace);
                report.require(inside && offset % 64 == 0, Code::P04, || {
                    format!("`{}` is not aligned or not in the workspace", buffer.name)
                });
                continue;
            }
            Role::Constant(bytes) => {
                let size = bytes.len() as u64;
                report.require(size == buffer.ty.bytes(), Code::P04, || {
                    format!("`{}: {}` has {size} bytes", buffer.name, buffer.ty)
                });
                continue;
            }
        };
        if let Some(other) = numbers.insert(key, buffer) {
            let message = format!("`{}` and `{}` have one number", other.name, buffer.name);
            report.error(Code::P04, message);
        }
    }
}

impl Checker<'_, '_> {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Launch { kernel, args } => match self.program.kernels.get(kernel.index()) {
                Some(kernel) => self.launch(kernel, args),
                None => self.report.error(Code::P01, "a kernel does not exist"),
            },
            Step::Loop { var, count, body } => {
                let fresh = var.0 < MAX_VARS && self.defined.insert(*var);
                self.report.require(fresh, Code::P01, || {
                    format!("the loop variable i{} is taken", var.0)
                });
                if !fresh {
                    return;
                }
                if self.bounds.len() <= var.index() {
                    self.bounds.resize(var.index() + 1, UNKNOWN);
                }
                // In a loop that never runs, arguments are checked as if it ran once.
                self.bounds[var.index()] = (0, end_of(*count).max(1));
                self.steps(body);
                self.bounds[var.index()] = UNKNOWN;
            }
            Step::If {
                condition,
                then,
                otherwise,
            } => {
                self.scalar(condition, DType::Bool, "a condition");
                self.steps(then);
                self.steps(otherwise);
            }
            Step::Check { status, code } => {
                self.scalar(status, DType::I64, "a status");
                self.report
                    .require(*code != 0, Code::P05, || "a check with code 0".into());
            }
            Step::Copy { from, to } => self.copy(from, to),
        }
    }

    /// The type of an argument that exists.
    fn arg(&mut self, arg: &Arg) -> Option<Type> {
        let Some(ty) = self.program.arg_type(arg) else {
            self.report.error(Code::P01, "an argument does not exist");
            return None;
        };
        let buffer = &self.program.buffers[arg.buffer.index()];
        for (index, extent) in arg.at.iter().zip(buffer.ty.shape.extents()) {
            let small = index.is_small();
            let (low, high) = match small {
                true => index.range(&self.bounds),
                false => UNKNOWN,
            };
            let inside = low >= 0 && u64::try_from(high).is_ok_and(|high| high <= extent);
            self.report.require(small && inside, Code::P01, || {
                format!(
                    "the index {index} of `{}` is not below {extent}",
                    buffer.name
                )
            });
        }
        Some(ty)
    }

    fn scalar(&mut self, arg: &Arg, dtype: DType, what: &str) {
        if let Some(ty) = self.arg(arg) {
            self.report
                .require(ty == Type::scalar(dtype), Code::P05, || {
                    format!("{what} has type {ty}, not {dtype}[]")
                });
        }
    }

    fn writable(&mut self, arg: &Arg) {
        let Some(buffer) = self.program.buffers.get(arg.buffer.index()) else {
            return;
        };
        let writable = match buffer.role {
            Role::Input(_) | Role::Constant(_) => false,
            Role::Output(_) | Role::Inout(_) | Role::Workspace(_) => true,
        };
        self.report.require(writable, Code::P03, || {
            format!("`{}` may not be written", buffer.name)
        });
    }

    fn launch(&mut self, kernel: &Kernel, args: &[Arg]) {
        let modes: Vec<Mode> = kernel.params().map(|(_, _, mode)| mode).collect();
        let counted = self
            .report
            .require(modes.len() == args.len(), Code::P02, || {
                format!(
                    "{} arguments for the {} parameters of `{}`",
                    args.len(),
                    modes.len(),
                    kernel.name
                )
            });
        if !counted {
            return;
        }
        for (arg, (_, memory, mode)) in args.iter().zip(kernel.params()) {
            if let Some(ty) = self.arg(arg) {
                self.report.require(ty == memory.ty, Code::P02, || {
                    format!(
                        "{ty} for `{}: {}` of `{}`",
                        memory.name, memory.ty, kernel.name
                    )
                });
            }
            if mode.is_written() {
                self.writable(arg);
            }
        }
        for (at, arg) in args.iter().enumerate() {
            for (other, other_mode) in args[..at].iter().zip(&modes) {
                if modes[at].is_written() || other_mode.is_written() {
                    self.apart(arg, other);
                }
            }
        }
    }

    fn copy(&mut self, from: &Arg, to: &Arg) {
        if let (Some(source), Some(target)) = (self.arg(from), self.arg(to)) {
            self.report.require(source == target, Code::P06, || {
                format!("a copy from {source} to {target}")
            });
        }
        self.writable(to);
        self.apart(from, to);
    }

    /// Requires that two arguments do not overlap.
    fn apart(&mut self, a: &Arg, b: &Arg) {
        let overlap = match (self.bytes(a), self.bytes(b)) {
            (Some((space, left)), Some((other, right))) => {
                space == other
                    && left.start < right.end
                    && right.start < left.end
                    && !(a.buffer == b.buffer && self.differ(a, b))
            }
            (_, _) => false,
        };
        self.report.require(!overlap, Code::P03, || {
            let name = |arg: &Arg| &self.program.buffers[arg.buffer.index()].name;
            format!(
                "`{}` and `{}` overlap, and one is written",
                name(a),
                name(b)
            )
        });
    }

    /// Whether two parts of one buffer differ in some coordinate.
    fn differ(&self, a: &Arg, b: &Arg) -> bool {
        let differ = |(left, right): (&Index, &Index)| never_zero(left, right, &self.bounds);
        a.at.iter().zip(&b.at).any(differ)
    }

    /// The space an argument lies in (`None` for the workspace) and its bytes there, over all
    /// iterations of the loops around.
    #[allow(clippy::type_complexity, reason = "a pair that is taken apart at once")]
    fn bytes(&self, arg: &Arg) -> Option<(Option<BufferId>, std::ops::Range<u64>)> {
        let buffer = self.program.buffers.get(arg.buffer.index())?;
        let part = self.program.arg_type(arg)?.bytes();
        let strides = buffer.ty.shape.strides();
        let size = buffer.ty.dtype.size();
        let mut first = 0u64;
        let mut last = 0u64;
        for (index, stride) in arg.at.iter().zip(strides) {
            let (low, high) = index.range(&self.bounds);
            // Coordinates outside are reported by themselves; here they count as the nearest inside, and what is
            // beyond all memory as its end.
            let scale = |at: i64| {
                u64::try_from(at)
                    .unwrap_or(0)
                    .saturating_mul(stride)
                    .saturating_mul(size)
            };
            first = first.saturating_add(scale(low));
            last = last.saturating_add(scale(high.saturating_sub(1)));
        }
        let (space, base) = match buffer.role {
            Role::Workspace(offset) => (None, offset),
            Role::Input(_) | Role::Output(_) | Role::Inout(_) | Role::Constant(_) => {
                (Some(arg.buffer), 0)
            }
        };
        let start = base.saturating_add(first);
        let end = base.saturating_add(last).saturating_add(part);
        Some((space, start..end))
    }
}

/// Whether two indices never have the same value: their difference is bounded away from zero, or
/// they are residues of one modulus whose arguments differ by no multiple of it.
fn never_zero(a: &Index, b: &Index, bounds: &[(i64, i64)]) -> bool {
    let (low, high) = a.sub(b).range(bounds);
    if low > 0 || high <= 0 {
        return true;
    }
    match (as_residue(a), as_residue(b)) {
        (Some((left, n)), Some((right, m))) if n == m => left
            .sub(right)
            .modulo_within(n, bounds)
            .as_constant()
            .is_some_and(|remainder| remainder != 0),
        (_, _) => false,
    }
}

/// The dividend and divisor of an index that is one remainder.
fn as_residue(index: &Index) -> Option<(&Index, i64)> {
    match (index.terms(), index.offset()) {
        ([(lgc_ir::index::Atom::Mod(inner, divisor), 1)], 0) => Some((inner, *divisor)),
        (_, _) => None,
    }
}
