//! Programs: buffers, kernels, and the tree of steps that launches them.

use super::{MemId, Region, SourceLine, SourceLines, Stmt, ValueId, ValueType, VarId, ids};
use lgc_ir::dtype::DType;
use lgc_ir::index::Index;
use lgc_ir::shape::{Shape, Type};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

ids! {
    /// A position in [`Program::buffers`].
    BufferId
    /// A position in [`Program::kernels`].
    KernelId
}

/// A name for people. All names are equal and hash alike, so that things which contain names
/// compare and hash by structure.
#[derive(Clone, Debug, Default)]
pub struct Name(pub String);

impl PartialEq for Name {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Name(name.to_string())
    }
}

impl From<String> for Name {
    fn from(name: String) -> Self {
        Name(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a kernel may do with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Read.
    In,
    /// Write; contents on entry are undefined. What was written may be read back.
    Out,
    /// Read and write.
    Inout,
    /// As `out`, and nobody reads the contents afterwards.
    Scratch,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 4] = [Mode::In, Mode::Out, Mode::Inout, Mode::Scratch];

    /// The name in kernels.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::In => "in",
            Mode::Out => "out",
            Mode::Inout => "inout",
            Mode::Scratch => "scratch",
        }
    }

    /// Whether a kernel may store to such a parameter.
    pub const fn is_written(self) -> bool {
        match self {
            Mode::In => false,
            Mode::Out | Mode::Inout | Mode::Scratch => true,
        }
    }
}

/// Where a local buffer lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Seen by every iteration of the parallel loops inside its scope.
    Shared,
    /// One for each task; never used across a parallel loop.
    Private,
}

impl Space {
    /// Every space.
    pub const ALL: [Space; 2] = [Space::Shared, Space::Private];

    /// The name in kernels, after `@`.
    pub const fn name(self) -> &'static str {
        match self {
            Space::Shared => "shared",
            Space::Private => "private",
        }
    }
}

/// Where memory of a kernel comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A parameter.
    Param(Mode),
    /// A local buffer.
    Local(Space),
}

/// Memory that a kernel can access: a parameter or a local buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    /// Its name.
    pub name: Name,
    /// Dtype and extents; dense, row-major.
    pub ty: Type,
    /// Where it comes from.
    pub place: Place,
}

/// One scheduling decision. It never changes results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Directive {
    /// Runs this many iterations of an innermost loop (of a fold: its lanes) as one vector.
    Vec(VarId, u32),
}

/// A function of buffers.
///
/// Kernels compare and hash by structure, names aside; compare their
/// [canonical](Kernel::canonical) forms to see through different numbering too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kernel {
    /// The name, unique in its program.
    pub name: Name,
    /// All memory: parameters first, then local buffers.
    pub memories: Vec<Memory>,
    /// The type of each value.
    pub values: Vec<ValueType>,
    /// The lines of sources that values come from; empty unless lines were asked for.
    pub lines: SourceLines,
    /// The number of index variables.
    pub vars: u32,
    /// The variable that stands for the lane in accesses of vectors and in ramps, if there are any.
    pub lane: Option<VarId>,
    /// What the kernel does.
    pub body: Region,
    /// How it is to be done.
    pub schedule: Vec<Directive>,
}

impl Kernel {
    /// The parameters, in order.
    pub fn params(&self) -> impl Iterator<Item = (MemId, &Memory, Mode)> {
        self.memories
            .iter()
            .enumerate()
            .filter_map(|(at, memory)| match memory.place {
                Place::Param(mode) => Some((MemId(at as u32), memory, mode)),
                Place::Local(_) => None,
            })
    }

    /// The type of a value of a verified kernel (a bool scalar for ids out of range).
    pub fn type_of(&self, value: ValueId) -> ValueType {
        self.values
            .get(value.index())
            .copied()
            .unwrap_or(ValueType::scalar(DType::Bool))
    }

    /// A new value, of a line if one is known.
    pub(crate) fn new_value(&mut self, ty: ValueType, line: Option<SourceLine>) -> ValueId {
        let value = ValueId(self.values.len() as u32);
        self.values.push(ty);
        self.lines.set(value, line);
        value
    }

    /// The line of what a statement itself computes, loads or stores, if that is known.
    pub(crate) fn line_of(&self, stmt: &Stmt) -> Option<SourceLine> {
        match stmt {
            Stmt::Compute { result, .. } | Stmt::Load { result, .. } => self.lines.of(*result),
            Stmt::Store { value, .. } => self.lines.of(*value),
            Stmt::Par { .. }
            | Stmt::Tasks { .. }
            | Stmt::For { .. }
            | Stmt::Fold(_)
            | Stmt::If { .. }
            | Stmt::Let { .. } => None,
        }
    }
}

/// What a buffer of a program is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The n-th input of the entry, only read.
    Input(u32),
    /// The n-th output of the entry, only written before it is read.
    Output(u32),
    /// The n-th buffer of the entry that is updated in place.
    Inout(u32),
    /// Bytes of the workspace from an offset on (64-byte aligned).
    Workspace(u64),
    /// Constant data, in the byte order of the target (little-endian), row-major.
    Constant(Arc<[u8]>),
}

/// A buffer of a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Buffer {
    /// The name, unique in its program.
    pub name: Name,
    /// Dtype and extents; dense, row-major.
    pub ty: Type,
    /// What it is.
    pub role: Role,
}

/// A buffer, or the part of one at given coordinates of its first axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arg {
    /// The buffer.
    pub buffer: BufferId,
    /// Coordinates of the first axes, over the variables of the loops around the step.
    pub at: Vec<Index>,
}

impl Arg {
    /// A whole buffer.
    pub fn whole(buffer: BufferId) -> Self {
        Arg {
            buffer,
            at: Vec::new(),
        }
    }
}

impl From<BufferId> for Arg {
    fn from(buffer: BufferId) -> Self {
        Arg::whole(buffer)
    }
}

/// What a program does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Runs a kernel on one argument for each parameter. What is written overlaps no other argument.
    Launch {
        /// The kernel.
        kernel: KernelId,
        /// The arguments.
        args: Vec<Arg>,
    },
    /// Repeats steps for the points `0..count` of an index variable, in order.
    Loop {
        /// The variable; a namespace of the program, apart from those of kernels.
        var: VarId,
        /// The number of iterations.
        count: u64,
        /// What is repeated.
        body: Vec<Step>,
    },
    /// Chooses by a bool scalar.
    If {
        /// The scalar.
        condition: Arg,
        /// What is done if it is true.
        then: Vec<Step>,
        /// What is done if it is false.
        otherwise: Vec<Step>,
    },
    /// Ends the program with a status if an `i64` scalar holds a fault (is not `i64::MAX`).
    Check {
        /// The scalar.
        status: Arg,
        /// The status that the entry returns, not 0.
        code: i32,
    },
    /// Copies a buffer to another of the same type that it does not overlap.
    Copy {
        /// The source.
        from: Arg,
        /// The destination.
        to: Arg,
    },
}

impl Step {
    /// The lists of steps inside, in order.
    pub fn inner(&self) -> impl Iterator<Item = &[Step]> {
        let (first, second) = match self {
            Step::Loop { body, .. } => (Some(body.as_slice()), None),
            Step::If {
                then, otherwise, ..
            } => (Some(then.as_slice()), Some(otherwise.as_slice())),
            Step::Launch { .. } | Step::Check { .. } | Step::Copy { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    /// The name of the entry.
    pub name: Name,
    /// The size of the workspace in bytes.
    pub workspace: u64,
    /// The buffers.
    pub buffers: Vec<Buffer>,
    /// The kernels.
    pub kernels: Vec<Kernel>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl Program {
    /// The type of what an argument denotes; `None` if the buffer does not exist or has fewer axes
    /// than coordinates are given.
    pub fn arg_type(&self, arg: &Arg) -> Option<Type> {
        let ty = &self.buffers.get(arg.buffer.index())?.ty;
        let rest = ty.shape.dims().get(arg.at.len()..)?;
        Some(ty.with_shape(Shape::new(rest.iter().map(|dim| dim.0))))
    }
}
