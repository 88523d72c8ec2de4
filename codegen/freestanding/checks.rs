//! The checks of tensors that entries of a library make, as loops over the tensors that the library describes.
//!
//! `lgc_abi::checks` lists them, one by one and in order. Written out, they are code that grows with the number of
//! tensors: 950 bytes for each, and 65 KB of memory while an entry was compiled. So entries call these functions with
//! the rows of `lgc_info` that describe their tensors.
//!
//! The file is compiled on its own, as freestanding code of which an object is embedded in `lgc`, and
//! again as part of the tests, which hold it against that list. It never panics.

use crate::overlap::{Region, lgc_overlap};

/// `lgc_tensor`.
#[repr(C)]
pub(crate) struct Tensor {
    pub(crate) name: *const u8,
    pub(crate) dims: *const u64,
    pub(crate) bytes: u64,
    pub(crate) rank: u32,
    pub(crate) dtype: ElementType,
    pub(crate) direction: u32,
    pub(crate) exclusive: u32,
    pub(crate) doc: *const u8,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// `DLDataType`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ElementType {
    pub(crate) code: u8,
    pub(crate) bits: u8,
    pub(crate) lanes: u16,
}

/// `DLTensor`.
#[repr(C)]
pub(crate) struct DlTensor {
    pub(crate) data: *const u8,
    pub(crate) device_type: i32,
    pub(crate) device_id: i32,
    pub(crate) ndim: i32,
    pub(crate) dtype: ElementType,
    pub(crate) shape: *const u64,
    pub(crate) strides: *const u64,
    pub(crate) byte_offset: u64,
}

/// The tensors that a caller passes to the `_run` form, as the tables `in` and `out` hold them.
type Passed = *const *const DlTensor;

pub(crate) const NULL_ARGUMENT: i32 = 1;
pub(crate) const OVERLAP: i32 = 3;
pub(crate) const TENSOR_DEVICE: i32 = 6;
pub(crate) const TENSOR_DTYPE: i32 = 7;
pub(crate) const TENSOR_RANK: i32 = 8;
pub(crate) const TENSOR_SHAPE: i32 = 9;
pub(crate) const TENSOR_STRIDES: i32 = 10;
pub(crate) const TENSOR_MISALIGNED: i32 = 11;

/// kDLCPU.
const HOST: i32 = 1;

/// `LGC_IN`: the tensor is only read, and found in `in`.
const IN: u32 = 0;

/// The code of a status that a tensor is at fault for, by its position.
fn at(status: i32, position: usize) -> i32 {
    status | ((position as i32 + 1) << 8)
}

/// 0, or the code of the first pointer of an argument struct that its tensor cannot have.
///
/// # Safety
/// There are so many tensors, as libraries describe them, and pointers.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn lgc_check_arguments(
    tensors: *const Tensor,
    count: u64,
    args: *const u64,
) -> i32 {
    for position in 0..count as usize {
        // SAFETY: below the count.
        let (tensor, begin) = unsafe { (&*tensors.add(position), *args.add(position)) };
        if tensor.bytes > 0 && begin == 0 {
            return at(NULL_ARGUMENT, position);
        }
        if tensor.bytes > 0 && is_misaligned(begin, tensor) {
            return at(TENSOR_MISALIGNED, position);
        }
    }
    0
}

/// 0, or the code of the first tensor of the caller that is not as the library describes it.
///
/// # Safety
/// There are so many tensors, as libraries describe them; the tables have an element for each of those that are
/// only read and for each of the others, which is NULL or points to a tensor with as many extents, and strides if
/// any, as it has axes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn lgc_check_tensors(
    tensors: *const Tensor,
    count: u64,
    read: Passed,
    written: Passed,
) -> i32 {
    let mut tables = Tables { read, written };
    for position in 0..count as usize {
        // SAFETY: what the caller vouches for.
        let status = unsafe {
            let tensor = &*tensors.add(position);
            fault(tensor, tables.next(tensor))
        };
        if status != 0 {
            return at(status, position);
        }
    }
    0
}

/// Writes the argument struct of tensors that were checked, with what finds overlaps behind it; 0, or the code of a
/// tensor that overlaps the workspace, before anything is written, or of one that is written and overlaps
/// another.
///
/// # Safety
/// As for [`lgc_check_tensors`], which found nothing. `args` points to 8 and then 24 bytes for each tensor, aligned to
/// 8 bytes, which nobody else uses; the workspace may hold them.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn lgc_gather(
    tensors: *const Tensor,
    count: u64,
    read: Passed,
    written: Passed,
    workspace: u64,
    workspace_bytes: u64,
    args: *mut u64,
) -> i32 {
    let count = count as usize;
    let mut tables = Tables { read, written };
    let limit = workspace.wrapping_add(workspace_bytes);
    for position in 0..count {
        // SAFETY: what the caller vouches for.
        let (begin, end) = unsafe {
            let tensor = &*tensors.add(position);
            extent(tensor, tables.next(tensor))
        };
        let is_apart = end <= workspace || limit <= begin;
        if begin < end && workspace < limit && !is_apart {
            return at(OVERLAP, position);
        }
    }
    let mut tables = Tables { read, written };
    // SAFETY: the regions lie behind the arguments.
    let regions = unsafe { args.add(count) }.cast::<Region>();
    let mut used = 0;
    for position in 0..count {
        // SAFETY: below the count, and there are no more regions than tensors.
        unsafe {
            let tensor = &*tensors.add(position);
            let (begin, end) = extent(tensor, tables.next(tensor));
            *args.add(position) = begin;
            if begin < end {
                *regions.add(used) = Region {
                    begin,
                    end,
                    code: at(OVERLAP, position),
                    exclusive: tensor.exclusive as i32,
                };
                used += 1;
            }
        }
    }
    // SAFETY: so many were written.
    unsafe { lgc_overlap(regions, used as u64) }
}

/// The next tensor of each table.
struct Tables {
    read: Passed,
    written: Passed,
}

impl Tables {
    /// The tensor that the caller passes for the next one that the library describes; may be NULL.
    ///
    /// # Safety
    /// The table has one more.
    unsafe fn next(&mut self, tensor: &Tensor) -> *const DlTensor {
        let table = match tensor.direction {
            IN => &mut self.read,
            _ => &mut self.written,
        };
        // SAFETY: what the caller vouches for.
        unsafe {
            let passed = **table;
            *table = table.add(1);
            passed
        }
    }
}

/// Where the elements of a tensor begin and end.
///
/// # Safety
/// The pointer is to a tensor.
unsafe fn extent(tensor: &Tensor, passed: *const DlTensor) -> (u64, u64) {
    // SAFETY: what the caller vouches for.
    let passed = unsafe { &*passed };
    let begin = (passed.data as u64).wrapping_add(passed.byte_offset);
    (begin, begin.wrapping_add(tensor.bytes))
}

/// 0, or what is wrong about a tensor.
///
/// # Safety
/// As for [`lgc_check_tensors`].
unsafe fn fault(tensor: &Tensor, passed: *const DlTensor) -> i32 {
    if passed.is_null() {
        return NULL_ARGUMENT;
    }
    // SAFETY: what the caller vouches for.
    let passed = unsafe { &*passed };
    if passed.device_type != HOST || passed.device_id != 0 {
        return TENSOR_DEVICE;
    }
    let (found, expected) = (passed.dtype, tensor.dtype);
    if found.code != expected.code || found.bits != expected.bits || found.lanes != expected.lanes {
        return TENSOR_DTYPE;
    }
    if passed.ndim != tensor.rank as i32 {
        return TENSOR_RANK;
    }
    // SAFETY: there are as many extents as axes.
    if tensor.rank > 0 && (passed.shape.is_null() || unsafe { !has_shape(tensor, passed) }) {
        return TENSOR_SHAPE;
    }
    if tensor.bytes == 0 {
        return 0;
    }
    // SAFETY: there are as many strides as axes.
    if !passed.strides.is_null() && unsafe { !is_dense(tensor, passed.strides) } {
        return TENSOR_STRIDES;
    }
    if passed.data.is_null() {
        return NULL_ARGUMENT;
    }
    let begin = (passed.data as u64).wrapping_add(passed.byte_offset);
    if is_misaligned(begin, tensor) {
        return TENSOR_MISALIGNED;
    }
    0
}

/// # Safety
/// The tensor passed has as many extents as axes.
unsafe fn has_shape(tensor: &Tensor, passed: &DlTensor) -> bool {
    for axis in 0..tensor.rank as usize {
        // SAFETY: below the rank.
        if unsafe { *passed.shape.add(axis) != *tensor.dims.add(axis) } {
            return false;
        }
    }
    true
}

/// Whether these are the strides of a dense, row-major tensor, along axes where they matter.
///
/// # Safety
/// There are as many strides as axes.
unsafe fn is_dense(tensor: &Tensor, strides: *const u64) -> bool {
    let mut stride = 1;
    for axis in (0..tensor.rank as usize).rev() {
        // SAFETY: below the rank.
        let (extent, found) = unsafe { (*tensor.dims.add(axis), *strides.add(axis)) };
        if extent != 1 && found != stride {
            return false;
        }
        stride = stride.wrapping_mul(extent);
    }
    true
}

/// Whether an address is no multiple of the bytes of an element, which are a power of two.
fn is_misaligned(begin: u64, tensor: &Tensor) -> bool {
    let size = u64::from(tensor.dtype.bits) / 8 * u64::from(tensor.dtype.lanes);
    begin & size.wrapping_sub(1) != 0
}
