//! Calls of entries. That the tensors fit is checked here, beside the code that relies on it.

use crate::{AlignedBuffer, CallError, HostTensor, TensorError};
use lgc_abi::checks::{Table, slots};
use lgc_abi::layout::{DEVICE_CPU, DlTensor, RawCtx};
use lgc_abi::{DlDataType, EntryInfo, Leaf, Status};
use std::any::Any;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

pub(super) type CallFunction =
    unsafe extern "C" fn(*const *mut c_void, *mut c_void, *const RawCtx) -> i32;
pub(super) type RunFunction = unsafe extern "C" fn(
    *const *const DlTensor,
    *const *mut DlTensor,
    *mut c_void,
    *const RawCtx,
) -> i32;

/// A function of a compiled library, with what keeps its code in memory.
#[derive(Clone)]
pub struct Entry {
    info: EntryInfo,
    call: CallFunction,
    run: Option<RunFunction>,
    _owner: Arc<dyn Any + Send + Sync>,
}

/// A tensor as a call borrows it.
pub(crate) enum Argument<'a> {
    /// For an `in` leaf.
    Read(&'a HostTensor),
    /// For any leaf.
    Write(&'a mut HostTensor),
}

/// Memory for an argument struct, so that repeated calls need not allocate it.
#[derive(Debug, Default)]
pub(crate) struct Pointers(Vec<*mut c_void>);

// SAFETY: the pointers are used only within a call, which first replaces them all.
unsafe impl Send for Pointers {}
// SAFETY: without `&mut` there is no access to them.
unsafe impl Sync for Pointers {}

impl Pointers {
    /// Points at the tensors of a call, if they are what the leaves demand.
    fn fill<'a>(
        &mut self,
        info: &EntryInfo,
        arguments: impl Iterator<Item = Argument<'a>>,
    ) -> Result<(), CallError> {
        self.0.clear();
        let mut leaves = info.leaves.iter();
        for argument in arguments {
            let leaf = leaves.next();
            self.0.push(pointer(leaf, argument, info)?);
        }
        match leaves.next() {
            None => Ok(()),
            Some(_) => Err(miscounted(info, self.0.len())),
        }
    }
}

fn miscounted(info: &EntryInfo, found: usize) -> CallError {
    CallError::Count {
        entry: info.name.clone(),
        kind: "argument",
        expected: info.leaves.len(),
        found,
    }
}

fn pointer(
    leaf: Option<&Leaf>,
    argument: Argument<'_>,
    info: &EntryInfo,
) -> Result<*mut c_void, CallError> {
    let leaf = leaf.ok_or_else(|| miscounted(info, info.leaves.len() + 1))?;
    match argument {
        Argument::Read(tensor) if !leaf.direction.is_written() => {
            check_leaf(leaf, tensor)?;
            Ok(tensor.bytes().as_ptr().cast_mut().cast())
        }
        Argument::Read(_) => Err(CallError::ReadOnly {
            path: leaf.path.clone(),
        }),
        Argument::Write(tensor) => {
            check_leaf(leaf, tensor)?;
            Ok(tensor.bytes_mut().as_mut_ptr().cast())
        }
    }
}

/// Whether a tensor is what a leaf demands.
pub(crate) fn check_leaf(leaf: &Leaf, tensor: &HostTensor) -> Result<(), CallError> {
    if tensor.tensor_type() == &leaf.tensor {
        return Ok(());
    }
    Err(CallError::Mismatch {
        path: leaf.path.clone(),
        expected: leaf.tensor.clone(),
        found: tensor.tensor_type().clone(),
    })
}

impl Entry {
    pub(super) fn new(
        info: EntryInfo,
        call: CallFunction,
        run: Option<RunFunction>,
        owner: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        Self {
            info,
            call,
            run,
            _owner: owner,
        }
    }

    /// An entry whose code is in memory already, as a just-in-time compiler leaves it. `address`
    /// is the form that takes the argument struct; `owner` keeps the code there.
    ///
    /// # Safety
    /// While `owner` lives, there is a function at `address` that keeps the ABI's contract for an
    /// entry of this description.
    #[must_use]
    pub unsafe fn from_address(
        info: EntryInfo,
        address: *const u8,
        owner: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        // SAFETY: data and function pointers have one representation on every target of lgc, and
        // the caller vouches for what is there.
        let call = unsafe { std::mem::transmute::<*const u8, CallFunction>(address) };
        Self::new(info, call, None, owner)
    }

    /// The entry's description.
    #[must_use]
    pub fn info(&self) -> &EntryInfo {
        &self.info
    }

    /// Calls the form that takes the argument struct.
    pub(crate) fn invoke<'a>(
        &self,
        arguments: impl Iterator<Item = Argument<'a>>,
        pointers: &mut Pointers,
        workspace: &mut AlignedBuffer,
    ) -> Result<(), CallError> {
        pointers.fill(&self.info, arguments)?;
        let memory = self.memory(workspace)?;
        // SAFETY: the argument struct is an array of pointers, one for each leaf, each to a
        // tensor of the leaf's type that is borrowed for the length of this call, exclusively if
        // it is written. The workspace is aligned and large enough.
        let code = unsafe { (self.call)(pointers.0.as_ptr(), memory, ptr::null()) };
        self.outcome(code)
    }

    /// Calls the form that takes DLTensors.
    pub(crate) fn invoke_tensors<'a>(
        &self,
        arguments: impl Iterator<Item = Argument<'a>>,
        pointers: &mut Pointers,
        workspace: &mut AlignedBuffer,
    ) -> Result<(), CallError> {
        let missing = || CallError::NoTensorForm(self.info.name.clone());
        let run = self.run.ok_or_else(missing)?;
        pointers.fill(&self.info, arguments)?;
        let memory = self.memory(workspace)?;
        let leaves = &self.info.leaves;
        let mut shapes: Vec<Vec<i64>> = leaves.iter().map(shape_of).collect();
        let mut tensors: Vec<DlTensor> = leaves
            .iter()
            .zip(pointers.0.iter().zip(&mut shapes))
            .map(|(leaf, (&data, shape))| dl_tensor(leaf, data, shape))
            .collect();
        let (read, written) = tables(leaves, &mut tensors);
        // SAFETY: `tensors` and `shapes` outlive the call, and describe what `fill` checked and
        // the arguments borrow; the workspace is aligned and large enough.
        let code = unsafe { run(read.as_ptr(), written.as_ptr(), memory, ptr::null()) };
        self.outcome(code)
    }

    /// A workspace for calls of this entry.
    pub(crate) fn workspace(&self) -> Result<AlignedBuffer, CallError> {
        let bytes = self.info.workspace_bytes;
        let memory = AlignedBuffer::zeroed(bytes).ok_or(TensorError::OutOfMemory(bytes))?;
        Ok(memory)
    }

    /// The address of a workspace, if it is large enough.
    fn memory(&self, workspace: &mut AlignedBuffer) -> Result<*mut c_void, CallError> {
        let (needed, bytes) = (self.info.workspace_bytes, workspace.bytes_mut());
        if (bytes.len() as u64) < needed {
            return Err(TensorError::OutOfMemory(needed).into());
        }
        Ok(bytes.as_mut_ptr().cast())
    }

    fn outcome(&self, code: i32) -> Result<(), CallError> {
        let entry = || self.info.name.clone();
        match Status::from_code(code) {
            Some(Status::Ok) => Ok(()),
            Some(status) => Err(CallError::Failed {
                entry: entry(),
                status,
            }),
            None => Err(CallError::UnknownStatus {
                entry: entry(),
                code,
            }),
        }
    }
}

fn shape_of(leaf: &Leaf) -> Vec<i64> {
    // An extent fits, since the size in bytes of a `TensorType` does.
    leaf.tensor.dims().iter().map(|&dim| dim as i64).collect()
}

fn dl_tensor(leaf: &Leaf, data: *mut c_void, shape: &mut [i64]) -> DlTensor {
    DlTensor {
        data,
        device_type: DEVICE_CPU,
        device_id: 0,
        ndim: shape.len() as i32,
        dtype: DlDataType::from(leaf.tensor.dtype()),
        shape: shape.as_mut_ptr(),
        strides: ptr::null_mut(),
        byte_offset: 0,
    }
}

/// The arrays `in` and `out` of the form that takes DLTensors.
fn tables(leaves: &[Leaf], tensors: &mut [DlTensor]) -> (Vec<*const DlTensor>, Vec<*mut DlTensor>) {
    let (mut read, mut written) = (Vec::new(), Vec::new());
    for (slot, tensor) in slots(leaves).into_iter().zip(tensors) {
        match slot.table {
            Table::In => read.push(ptr::from_ref(tensor)),
            Table::Out => written.push(ptr::from_mut(tensor)),
        }
    }
    (read, written)
}
