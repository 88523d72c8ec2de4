//! What the two forms of an entry verify before they compute, in order, as data.
//!
//! [`of_arguments`] lists the checks of the form that takes the argument struct, [`of_tensors`] those of the
//! form that takes DLTensors.
//! Generated code makes them one after the other and returns the [`Status`] of the first that
//! fails. After its own checks, the latter gathers `data + byte_offset` of every tensor into an argument
//! struct and calls the former, which makes its checks in turn.
//! Checks of index values belong to the computation, and precede every store to an `inout`.
//!
//! The code that makes these checks must itself run on any CPU of the target's architecture,
//! since [`Check::CpuFeatures`] is among them.

use crate::layout::RawCtx;
use crate::{Direction, DlDataType, EntryInfo, Leaf, Status, WORKSPACE_ALIGN};

/// One condition that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The caller passes this signature.
    Signature(u64),
    /// `ctx` is NULL, or its `struct_size` is at least this.
    ContextComplete(u64),
    /// `args` is not NULL.
    ArgumentsPresent,
    /// `in` or `out` is not NULL.
    TablePresent(Table),
    /// The pointer to a DLTensor is not NULL.
    TensorPresent(Slot),
    /// `device.device_type` is kDLCPU (1), and `device.device_id` 0.
    TensorDevice(Slot),
    /// `dtype` has this code, these bits and lanes.
    TensorDtype(Slot, DlDataType),
    /// `ndim` is this number of axes.
    TensorRank(Slot, u32),
    /// `shape` is not NULL and holds these extents.
    TensorShape(Slot, Vec<u64>),
    /// `strides` is NULL or holds the listed strides, in elements. What does not matter is not
    /// listed: axes of extent 1, and every axis of a tensor without elements.
    TensorStrides(Slot, Vec<AxisStride>),
    /// `data` is not NULL.
    TensorData(Slot),
    /// `data + byte_offset` is a multiple of this number of bytes, a power of two.
    TensorAligned(Slot, u64),
    /// No two of these regions overlap of which one at least is exclusive. A region begins at
    /// `data + byte_offset` or at the workspace.
    Disjoint(Vec<Region>),
    /// The pointer of a leaf in the argument struct is not NULL.
    LeafPresent {
        /// Position in [`EntryInfo::leaves`], which is the index of the pointer.
        leaf: usize,
    },
    /// The pointer of a leaf in the argument struct is a multiple of this number of bytes, a power of two.
    LeafAligned {
        /// Position in [`EntryInfo::leaves`].
        leaf: usize,
        /// The bytes of an element.
        align: u64,
    },
    /// `workspace` is not NULL.
    WorkspacePresent,
    /// `workspace` is a multiple of this number of bytes, a power of two.
    WorkspaceAligned(u64),
    /// The CPU has every one of these extensions, and the operating system keeps their registers.
    CpuFeatures(Vec<String>),
}

/// One of the two arrays that the DLTensor form takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// `in`: the tensors that are only read.
    In,
    /// `out`: the tensors that are written, `inout` ones among them.
    Out,
}

/// Where the DLTensor form finds a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The array.
    pub table: Table,
    /// Index in the array.
    pub index: usize,
}

/// The stride that an axis of a dense, row-major tensor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisStride {
    /// The axis, 0 outermost.
    pub axis: usize,
    /// Elements from one index to the next.
    pub stride: u64,
}

/// Memory that a call uses; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where it begins.
    pub origin: Origin,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether it is written, so that nothing may overlap it.
    pub exclusive: bool,
}

/// What a [`Region`] belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A DLTensor.
    Tensor(Slot),
    /// The workspace.
    Workspace,
}

impl Check {
    /// What the entry returns if the condition does not hold.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::ArgumentsPresent
            | Self::TablePresent(_)
            | Self::TensorPresent(_)
            | Self::TensorData(_)
            | Self::LeafPresent { .. }
            | Self::WorkspacePresent => Status::NullArgument,
            Self::TensorDevice(_) => Status::TensorDevice,
            Self::TensorDtype(..) => Status::TensorDtype,
            Self::TensorRank(..) => Status::TensorRank,
            Self::TensorShape(..) => Status::TensorShape,
            Self::TensorStrides(..) => Status::TensorStrides,
            Self::TensorAligned(..) | Self::LeafAligned { .. } => Status::TensorMisaligned,
            Self::Signature(_) => Status::Signature,
            Self::ContextComplete(_) => Status::Context,
            Self::Disjoint(_) => Status::Overlap,
            Self::WorkspaceAligned(_) => Status::MisalignedWorkspace,
            Self::CpuFeatures(_) => Status::UnsupportedCpu,
        }
    }
}

impl Check {
    /// Whether each tensor has one of its own. Those follow one another in the list, and hold or fail by what
    /// the library describes of its tensors; compiled code makes them in a loop.
    #[must_use]
    pub fn is_of_tensor(&self) -> bool {
        match self {
            Self::TensorPresent(_)
            | Self::TensorDevice(_)
            | Self::TensorDtype(..)
            | Self::TensorRank(..)
            | Self::TensorShape(..)
            | Self::TensorStrides(..)
            | Self::TensorData(_)
            | Self::TensorAligned(..)
            | Self::LeafPresent { .. }
            | Self::LeafAligned { .. } => true,
            Self::Signature(_)
            | Self::ContextComplete(_)
            | Self::ArgumentsPresent
            | Self::TablePresent(_)
            | Self::Disjoint(_)
            | Self::WorkspacePresent
            | Self::WorkspaceAligned(_)
            | Self::CpuFeatures(_) => false,
        }
    }

    /// The tensor that is at fault if the condition does not hold, by its position among the leaves of
    /// which these are the positions. Of tensors that overlap, it is found only when the check is made.
    #[must_use]
    pub fn leaf(&self, positions: &Positions) -> Option<usize> {
        let position = |slot: &Slot| positions.of(*slot);
        match self {
            Self::LeafPresent { leaf } | Self::LeafAligned { leaf, .. } => Some(*leaf),
            Self::TensorPresent(slot)
            | Self::TensorDevice(slot)
            | Self::TensorDtype(slot, _)
            | Self::TensorRank(slot, _)
            | Self::TensorShape(slot, _)
            | Self::TensorStrides(slot, _)
            | Self::TensorData(slot)
            | Self::TensorAligned(slot, _) => position(slot),
            Self::Signature(_)
            | Self::ContextComplete(_)
            | Self::ArgumentsPresent
            | Self::TablePresent(_)
            | Self::Disjoint(_)
            | Self::WorkspacePresent
            | Self::WorkspaceAligned(_)
            | Self::CpuFeatures(_) => None,
        }
    }

    /// The number that the entry returns if the condition does not hold.
    #[must_use]
    pub fn code(&self, positions: &Positions) -> i32 {
        match self.leaf(positions) {
            Some(leaf) => self.status().code_at(leaf),
            None => self.status().code(),
        }
    }
}

/// The positions of slots among the leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    read: Vec<usize>,
    written: Vec<usize>,
}

impl Positions {
    /// The positions of slots in that order.
    #[must_use]
    pub fn new(slots: &[Slot]) -> Self {
        let mut positions = Self::default();
        for (position, slot) in slots.iter().enumerate() {
            match slot.table {
                Table::In => positions.read.push(position),
                Table::Out => positions.written.push(position),
            }
        }
        positions
    }

    /// The position of a slot.
    #[must_use]
    pub fn of(&self, slot: Slot) -> Option<usize> {
        let table = match slot.table {
            Table::In => &self.read,
            Table::Out => &self.written,
        };
        table.get(slot.index).copied()
    }
}

/// Where the DLTensor form finds each leaf, in the order of the leaves.
#[must_use]
pub fn slots(leaves: &[Leaf]) -> Vec<Slot> {
    let mut used = [0, 0];
    leaves
        .iter()
        .map(|leaf| {
            let (table, count) = match leaf.direction {
                Direction::In => (Table::In, &mut used[0]),
                Direction::InOut | Direction::Out => (Table::Out, &mut used[1]),
            };
            let index = *count;
            *count += 1;
            Slot { table, index }
        })
        .collect()
}

/// The checks of the form that takes the argument struct.
#[must_use]
pub fn of_arguments(entry: &EntryInfo, features: &[String]) -> Vec<Check> {
    let mut checks = vec![Check::Signature(entry.signature()), Check::ArgumentsPresent];
    for (number, leaf) in entry.leaves.iter().enumerate() {
        let align = leaf.tensor.dtype().size();
        if leaf.tensor.elements() > 0 {
            checks.push(Check::LeafPresent { leaf: number });
        }
        if leaf.tensor.elements() > 0 && align > 1 {
            let leaf = number;
            checks.push(Check::LeafAligned { leaf, align });
        }
    }
    checks.extend(of_workspace(entry));
    checks.push(Check::ContextComplete(size_of::<RawCtx>() as u64));
    if !features.is_empty() {
        checks.push(Check::CpuFeatures(features.to_vec()));
    }
    checks
}

fn of_workspace(entry: &EntryInfo) -> Vec<Check> {
    match entry.workspace_bytes {
        0 => Vec::new(),
        _ => vec![
            Check::WorkspacePresent,
            Check::WorkspaceAligned(WORKSPACE_ALIGN),
        ],
    }
}

/// The checks that the form which takes DLTensors makes before it calls the other form.
#[must_use]
pub fn of_tensors(entry: &EntryInfo) -> Vec<Check> {
    let slots = slots(&entry.leaves);
    let mut checks = vec![Check::Signature(entry.signature())];
    let tables = [Table::In, Table::Out].into_iter();
    let tables = tables.filter(|&table| slots.iter().any(|slot| slot.table == table));
    checks.extend(tables.map(Check::TablePresent));
    for (leaf, &slot) in entry.leaves.iter().zip(&slots) {
        checks.extend(of_tensor(leaf, slot));
    }
    if tables_in_workspace(entry.leaves.len()) > 0 {
        checks.extend(of_workspace(entry));
    }
    let regions = regions(entry, &slots);
    if regions.iter().any(|region| region.exclusive) && regions.len() > 1 {
        checks.push(Check::Disjoint(regions));
    }
    checks
}

/// The form that takes DLTensors lays out the argument struct, and a [`Region`] for each tensor, on the stack if
/// there are no more tensors than this: 128 KiB. A call promises to use no more than 256 KiB.
const MOST_ON_STACK: usize = 4096;

/// Bytes of a row of the table of regions: begin, end, what is returned, whether it is exclusive.
const REGION_ROW: u64 = 24;

/// The bytes at the end of the workspace where the form that takes DLTensors lays out its tables; 0 if it
/// does so on the stack.
#[must_use]
pub fn tables_in_workspace(tensors: usize) -> u64 {
    match tensors {
        0..=MOST_ON_STACK => 0,
        tensors => table_bytes(tensors),
    }
}

/// The bytes of these tables: of pointers, then of regions.
#[must_use]
pub fn table_bytes(tensors: usize) -> u64 {
    let tensors = tensors as u64;
    tensors * (8 + REGION_ROW)
}

/// The workspace of an entry with so many tensors, whose program needs `program` bytes.
#[must_use]
pub fn workspace_bytes(program: u64, tensors: usize) -> u64 {
    match tables_in_workspace(tensors) {
        0 => program,
        tables => program
            .next_multiple_of(WORKSPACE_ALIGN)
            .saturating_add(tables),
    }
}

fn of_tensor(leaf: &Leaf, slot: Slot) -> Vec<Check> {
    let (tensor, dims) = (&leaf.tensor, leaf.tensor.dims());
    let mut checks = vec![
        Check::TensorPresent(slot),
        Check::TensorDevice(slot),
        Check::TensorDtype(slot, tensor.dtype().into()),
        Check::TensorRank(slot, dims.len() as u32),
    ];
    if !dims.is_empty() {
        checks.push(Check::TensorShape(slot, dims.to_vec()));
    }
    if tensor.elements() > 0 {
        let strides = dense_strides(dims);
        if !strides.is_empty() {
            checks.push(Check::TensorStrides(slot, strides));
        }
        checks.push(Check::TensorData(slot));
        if tensor.dtype().size() > 1 {
            checks.push(Check::TensorAligned(slot, tensor.dtype().size()));
        }
    }
    checks
}

/// Strides of a dense, row-major tensor that has elements, along the axes where they matter.
fn dense_strides(dims: &[u64]) -> Vec<AxisStride> {
    let mut strides = Vec::new();
    let mut stride = 1;
    for (axis, &dim) in dims.iter().enumerate().rev() {
        if dim != 1 {
            strides.push(AxisStride { axis, stride });
        }
        stride *= dim;
    }
    strides.reverse();
    strides
}

fn regions(entry: &EntryInfo, slots: &[Slot]) -> Vec<Region> {
    let tensors = entry.leaves.iter().zip(slots).map(|(leaf, &slot)| Region {
        origin: Origin::Tensor(slot),
        bytes: leaf.tensor.bytes(),
        exclusive: leaf.direction.is_written(),
    });
    let workspace = Region {
        origin: Origin::Workspace,
        bytes: entry.workspace_bytes,
        exclusive: true,
    };
    tensors
        .chain([workspace])
        .filter(|region| region.bytes > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;
    use crate::describe::examples::{digits, entry, param, tensor};

    #[test]
    fn checks_come_in_a_fixed_order() {
        let library = digits();
        let entry = EntryInfo::new("digits", &library.entries[0]);
        let arguments = of_arguments(&entry, &library.features);
        let listed: Vec<_> = arguments.iter().map(|c| format!("{c:?}")).collect();
        assert!(listed[0].starts_with("Signature("));
        assert_eq!(
            listed[1..4],
            [
                "ArgumentsPresent",
                "LeafPresent { leaf: 0 }",
                "LeafAligned { leaf: 0, align: 4 }"
            ]
        );
        assert_eq!(
            listed[18..],
            [
                "WorkspacePresent",
                "WorkspaceAligned(64)",
                "ContextComplete(32)",
                "CpuFeatures([\"avx2\", \"fma\"])"
            ]
        );
        let tensors = of_tensors(&entry);
        assert_eq!(tensors[0], Check::Signature(entry.signature()));
        assert_eq!(tensors[1], Check::TablePresent(Table::In));
        let last = tensors.last().map(Check::status);
        assert_eq!(last, Some(Status::Overlap));
    }

    #[test]
    fn slots_separate_what_is_read_from_what_is_written() {
        let slots = slots(&digits().entries[0].leaves());
        let listed: Vec<_> = slots.iter().map(|slot| (slot.table, slot.index)).collect();
        let (read, written) = (Table::In, Table::Out);
        assert_eq!(
            listed,
            [
                (read, 0),
                (read, 1),
                (read, 2),
                (written, 0),
                (written, 1),
                (written, 2),
                (written, 3),
                (written, 4)
            ]
        );
    }

    #[test]
    fn irrelevant_strides_and_empty_tensors_are_not_checked() {
        let result = |dims: &[u64]| {
            let y = param("y", Direction::Out, tensor(DType::F32, dims));
            of_tensors(&EntryInfo::new("m", &entry("f", vec![y])))
        };
        let slot = Slot {
            table: Table::Out,
            index: 0,
        };
        let strides = result(&[4, 1, 3])
            .into_iter()
            .find_map(|check| matches!(check, Check::TensorStrides(..)).then_some(check));
        let expected = vec![
            AxisStride { axis: 0, stride: 3 },
            AxisStride { axis: 2, stride: 1 },
        ];
        assert_eq!(strides, Some(Check::TensorStrides(slot, expected)));
        let float = DlDataType::from(DType::F32);
        assert_eq!(
            result(&[4, 0])[1..],
            [
                Check::TablePresent(Table::Out),
                Check::TensorPresent(slot),
                Check::TensorDevice(slot),
                Check::TensorDtype(slot, float),
                Check::TensorRank(slot, 2),
                Check::TensorShape(slot, vec![4, 0]),
            ]
        );
    }

    #[test]
    fn tables_of_many_tensors_lie_in_the_workspace() {
        assert_eq!(workspace_bytes(100, MOST_ON_STACK), 100);
        let tensors = MOST_ON_STACK + 1;
        let bytes = workspace_bytes(100, tensors);
        assert_eq!(bytes, 128 + table_bytes(tensors));
        assert_eq!(bytes - tables_in_workspace(tensors), 128);
    }

    #[test]
    fn signatures_depend_on_all_that_memory_depends_on() {
        let library = digits();
        let entry = EntryInfo::new("digits", &library.entries[0]);
        let other = EntryInfo::new("other", &library.entries[0]);
        assert_eq!(
            entry.signature(),
            other.signature(),
            "the library does not matter"
        );
        let changed = |change: &dyn Fn(&mut EntryInfo)| {
            let mut entry = entry.clone();
            change(&mut entry);
            entry.signature()
        };
        let changes: [&dyn Fn(&mut EntryInfo); 7] = [
            &|_| {},
            &|entry| entry.name.push('2'),
            &|entry| entry.workspace_bytes += 64,
            &|entry| entry.leaves.swap(3, 5),
            &|entry| entry.leaves[0].path.push('2'),
            &|entry| entry.leaves[2].direction = Direction::InOut,
            &|entry| entry.leaves[2].tensor = entry.leaves[0].tensor.clone(),
        ];
        let signatures: std::collections::BTreeSet<u64> =
            changes.iter().map(|change| changed(change)).collect();
        assert_eq!(signatures.len(), changes.len());
        let mut documented = entry.clone();
        documented.doc = "other words".to_owned();
        assert_eq!(documented.signature(), entry.signature());
    }

    #[test]
    fn every_status_of_a_precondition_has_a_check() {
        let library = digits();
        let entry = EntryInfo::new("digits", &library.entries[0]);
        let mut checks = of_arguments(&entry, &library.features);
        checks.extend(of_tensors(&entry));
        for &status in Status::ALL {
            let expected = !matches!(status, Status::Ok | Status::IndexOutOfRange);
            let found = checks.iter().any(|check| check.status() == status);
            assert_eq!(found, expected, "{status}");
        }
    }
}
