//! The checks of tensors that libraries carry, compiled into this test, against the list of checks: tensors are drawn
//! that are wrong in one way or another, and both find the same one at fault.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

#[allow(
    clippy::missing_safety_doc,
    reason = "the header of a library says what callers may do"
)]
#[path = "../freestanding/checks.rs"]
mod checks;
#[allow(
    clippy::missing_safety_doc,
    reason = "the header of a library says what callers may do"
)]
#[path = "../freestanding/overlap.rs"]
mod overlap;

use checks::{DlTensor, ElementType, Tensor, lgc_check_arguments, lgc_check_tensors, lgc_gather};
use lgc_abi::checks::{Check, Positions, Slot, Table, of_arguments, of_tensors, slots};
use lgc_abi::{DType, Direction, DlDataType, EntryInfo, Leaf, Range, Status, TensorType, layout};
use proptest::prelude::*;
use std::mem::offset_of;
use std::ptr::null;

#[test]
fn layouts_and_statuses_are_those_of_the_abi() {
    macro_rules! same {
        ($here:ident = $there:ty: $($field:ident),+) => {
            assert_eq!(size_of::<$here>(), size_of::<$there>());
            $(assert_eq!(offset_of!($here, $field), offset_of!($there, $field));)+
        };
    }
    same!(Tensor = layout::RawTensor: name, dims, bytes, rank, dtype, direction, exclusive, doc, low, high);
    same!(DlTensor = layout::DlTensor: data, device_type, device_id, ndim, dtype, shape, strides, byte_offset);
    same!(ElementType = DlDataType: code, bits, lanes);
    for (code, status) in [
        (checks::NULL_ARGUMENT, Status::NullArgument),
        (checks::OVERLAP, Status::Overlap),
        (checks::TENSOR_DEVICE, Status::TensorDevice),
        (checks::TENSOR_DTYPE, Status::TensorDtype),
        (checks::TENSOR_RANK, Status::TensorRank),
        (checks::TENSOR_SHAPE, Status::TensorShape),
        (checks::TENSOR_STRIDES, Status::TensorStrides),
        (checks::TENSOR_MISALIGNED, Status::TensorMisaligned),
    ] {
        assert_eq!(code, status.code());
    }
}

/// A tensor that a caller passes, with its extents and strides.
#[derive(Clone, Debug)]
struct Passed {
    present: bool,
    device: (i32, i32),
    dtype: DlDataType,
    rank: i32,
    shape: Option<Vec<u64>>,
    strides: Option<Vec<u64>>,
    data: u64,
    offset: u64,
}

/// What an entry expects of a tensor, and how what is passed differs: at most one fault each, mostly none.
fn tensor() -> impl Strategy<Value = (Leaf, Passed)> {
    let dtype = prop::sample::select(vec![DType::F32, DType::F64, DType::Bool, DType::Bf16]);
    let direction = prop::sample::select(vec![Direction::In, Direction::InOut, Direction::Out]);
    let dims = prop::collection::vec(0u64..4, 0..4);
    let place = (0u64..64, 0u64..3);
    (dtype, direction, dims, place, 0u32..60, any::<bool>()).prop_map(
        |(dtype, direction, dims, (block, offset), fault, strided)| {
            let ty = TensorType::new(dtype, dims.clone()).unwrap();
            let leaf = Leaf {
                path: "x".to_owned(),
                tensor: ty,
                direction,
                doc: String::new(),
                range: Range::ALL,
            };
            (leaf, passed(dtype, dims, (block, offset), fault, strided))
        },
    )
}

fn passed(
    dtype: DType,
    dims: Vec<u64>,
    (block, offset): (u64, u64),
    fault: u32,
    strided: bool,
) -> Passed {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    let mut passed = Passed {
        present: true,
        device: (layout::DEVICE_CPU, 0),
        dtype: dtype.into(),
        rank: dims.len() as i32,
        shape: (strided || !dims.is_empty()).then_some(dims),
        strides: strided.then_some(strides),
        data: 4096 + block * 512,
        offset: offset * 8,
    };
    let last = |array: &mut Option<Vec<u64>>| {
        if let Some(place) = array.as_mut().and_then(|array| array.last_mut()) {
            *place = place.wrapping_sub(1);
        }
    };
    match fault {
        0 => passed.present = false,
        1 => passed.device.0 = 2,
        2 => passed.device.1 = 1,
        3 => passed.dtype.lanes = 2,
        4 => passed.dtype.bits += 8,
        5 => passed.dtype.code += 1,
        6 => passed.rank += 1,
        7 => passed.rank = -1,
        8 => last(&mut passed.shape),
        9 => passed.shape = None,
        10 => last(&mut passed.strides),
        11 => passed.strides = passed.strides.map(|strides| vec![3; strides.len()]),
        12 => passed.data = 0,
        13 => passed.offset += 1,
        14 => passed.offset += 4,
        _ => {}
    }
    passed
}

fn array(values: &Option<Vec<u64>>) -> *const u64 {
    values.as_ref().map_or(null(), |values| values.as_ptr())
}

impl Passed {
    fn begin(&self) -> u64 {
        self.data + self.offset
    }

    fn raw(&self) -> DlTensor {
        let DlDataType { code, bits, lanes } = self.dtype;
        DlTensor {
            data: self.data as *const u8,
            device_type: self.device.0,
            device_id: self.device.1,
            ndim: self.rank,
            dtype: ElementType { code, bits, lanes },
            shape: array(&self.shape),
            strides: array(&self.strides),
            byte_offset: self.offset,
        }
    }

    /// Whether a condition on this tensor holds, as the list says it.
    fn satisfies(&self, check: &Check) -> bool {
        let aligned = |align: u64| self.begin().is_multiple_of(align);
        match check {
            Check::TensorPresent(_) => self.present,
            Check::TensorDevice(_) => self.device == (layout::DEVICE_CPU, 0),
            Check::TensorDtype(_, dtype) => self.dtype == *dtype,
            Check::TensorRank(_, rank) => self.rank == *rank as i32,
            Check::TensorShape(_, dims) => self.shape.as_ref() == Some(dims),
            Check::TensorStrides(_, strides) => self.strides.as_ref().is_none_or(|found| {
                let mut strides = strides.iter();
                strides.all(|stride| found[stride.axis] == stride.stride)
            }),
            Check::TensorData(_) => self.data != 0,
            Check::TensorAligned(_, align) | Check::LeafAligned { align, .. } => aligned(*align),
            Check::LeafPresent { .. } => self.begin() != 0,
            Check::Signature(_)
            | Check::ContextComplete(_)
            | Check::ArgumentsPresent
            | Check::TablePresent(_)
            | Check::Disjoint(_)
            | Check::WorkspacePresent
            | Check::WorkspaceAligned(_)
            | Check::CpuFeatures(_) => true,
        }
    }
}

fn row(leaf: &Leaf) -> Tensor {
    let DlDataType { code, bits, lanes } = leaf.tensor.dtype().into();
    Tensor {
        name: null(),
        dims: leaf.tensor.dims().as_ptr(),
        bytes: leaf.tensor.bytes(),
        rank: leaf.tensor.dims().len() as u32,
        dtype: ElementType { code, bits, lanes },
        direction: lgc_abi::info::direction_code(leaf.direction),
        exclusive: leaf.direction.is_written().into(),
        doc: null(),
        low: 0.0,
        high: 0.0,
    }
}

/// A call: what the entry describes, and what it is passed.
struct Call {
    entry: EntryInfo,
    passed: Vec<Passed>,
    slots: Vec<Slot>,
    workspace: u64,
}

impl Call {
    fn new(tensors: Vec<(Leaf, Passed)>, workspace: u64, workspace_bytes: u64) -> Self {
        let (leaves, passed): (Vec<_>, Vec<_>) = tensors.into_iter().unzip();
        Self {
            slots: slots(&leaves),
            entry: EntryInfo {
                name: "f".to_owned(),
                symbol: String::new(),
                run_symbol: String::new(),
                doc: String::new(),
                leaves,
                workspace_bytes,
            },
            passed,
            workspace,
        }
    }

    /// The code of the first check that fails, of those that each tensor has of its own.
    fn expected(&self, checks: &[Check]) -> i32 {
        let positions = Positions::new(&self.slots);
        let fails = |check: &&Check| {
            let leaf = check.leaf(&positions).filter(|_| check.is_of_tensor());
            leaf.is_some_and(|leaf| !self.passed[leaf].satisfies(check))
        };
        checks.iter().find(fails).map_or(0, |c| c.code(&positions))
    }

    /// The positions of tensors that the workspace overlaps, and of those that are written and overlap others.
    fn overlapping(&self) -> (Vec<usize>, Vec<usize>) {
        let leaves = || self.entry.leaves.iter().zip(&self.passed).enumerate();
        let meets = |begin: u64, bytes: u64, other: u64, other_bytes: u64| {
            bytes > 0 && other_bytes > 0 && begin < other + other_bytes && other < begin + bytes
        };
        let (mut workspace, mut written) = (Vec::new(), Vec::new());
        for (position, (leaf, passed)) in leaves() {
            let (begin, bytes) = (passed.begin(), leaf.tensor.bytes());
            if meets(begin, bytes, self.workspace, self.entry.workspace_bytes) {
                workspace.push(position);
            }
            let mut others = leaves().filter(|&(other, _)| other != position);
            let is_met = others.any(|(_, (leaf, passed))| {
                meets(begin, bytes, passed.begin(), leaf.tensor.bytes())
            });
            if leaf.direction.is_written() && is_met {
                written.push(position);
            }
        }
        (workspace, written)
    }

    fn rows(&self) -> Vec<Tensor> {
        self.entry.leaves.iter().map(row).collect()
    }

    /// What the function for DLTensors finds: the first wrong tensor, or else an overlap; and the argument struct.
    fn of_tensors(&self) -> (i32, i32, Vec<u64>) {
        let raw: Vec<DlTensor> = self.passed.iter().map(Passed::raw).collect();
        let pointers = |table: Table| -> Vec<*const DlTensor> {
            let slots = self.slots.iter().enumerate();
            let slots = slots.filter(|(_, slot)| slot.table == table);
            let pointer = |at: usize| match self.passed[at].present {
                true => &raw[at] as *const DlTensor,
                false => null(),
            };
            slots.map(|(at, _)| pointer(at)).collect()
        };
        let [read, written] = [Table::In, Table::Out].map(pointers);
        let (rows, count) = (self.rows(), self.passed.len() as u64);
        let mut args = vec![0u64; 4 * self.passed.len()];
        let [read, written] = [&read, &written].map(|table| table.as_ptr());
        let bytes = self.entry.workspace_bytes;
        // SAFETY: rows, tables and tensors of the same number; what does not exist is not looked at, since a
        // tensor that is wrong ends the first function, and then the second is not called.
        unsafe {
            let wrong = lgc_check_tensors(rows.as_ptr(), count, read, written);
            if wrong != 0 {
                return (wrong, 0, args);
            }
            let place = args.as_mut_ptr();
            let gather = lgc_gather(
                rows.as_ptr(),
                count,
                read,
                written,
                self.workspace,
                bytes,
                place,
            );
            (0, gather, args)
        }
    }

    fn of_arguments(&self) -> i32 {
        let begins: Vec<u64> = self.passed.iter().map(Passed::begin).collect();
        let rows = self.rows();
        // SAFETY: as many addresses as rows.
        unsafe { lgc_check_arguments(rows.as_ptr(), rows.len() as u64, begins.as_ptr()) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn loops_find_what_the_list_says(
        tensors in prop::collection::vec(tensor(), 0..10),
        place in 0u64..64,
        workspace_bytes in prop::sample::select(vec![0u64, 64, 4096]),
    ) {
        let call = Call::new(tensors, 4096 + place * 512, workspace_bytes);
        prop_assert_eq!(call.of_arguments(), call.expected(&of_arguments(&call.entry, &[])));
        let (wrong, overlap, args) = call.of_tensors();
        prop_assert_eq!(wrong, call.expected(&of_tensors(&call.entry)));
        if wrong != 0 {
            return Ok(());
        }
        let (workspace, written) = call.overlapping();
        let at_fault = (overlap != 0).then(|| Status::leaf_of(overlap).unwrap());
        match (workspace.first(), at_fault) {
            (Some(&first), found) => prop_assert_eq!(found, Some(first)),
            (None, Some(found)) => prop_assert!(written.contains(&found), "{} of {:?}", found, written),
            (None, None) => prop_assert!(written.is_empty(), "{:?} overlap", written),
        }
        if overlap == 0 {
            let begins: Vec<u64> = call.passed.iter().map(Passed::begin).collect();
            prop_assert_eq!(&args[..begins.len()], begins.as_slice());
        }
    }
}
