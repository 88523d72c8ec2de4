//! Calls of entries. That the tensors fit is checked here, beside the code that relies on it.

use super::pool::Pool;
use crate::{AlignedBuffer, CallError, HostTensor, TensorError};
use lgc_abi::checks::{Table, slots};
use lgc_abi::layout::{DEVICE_CPU, DlTensor, RawCtx};
use lgc_abi::{DlDataType, EntryInfo, Leaf, Status};
use std::any::Any;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

pub(super) type CallFunction =
    unsafe extern "C" fn(*const *mut c_void, *mut c_void, *const RawCtx, u64) -> i32;
pub(super) type RunFunction = unsafe extern "C" fn(
    *const *const DlTensor,
    *const *mut DlTensor,
    *mut c_void,
    *const RawCtx,
    u64,
) -> i32;

/// A function of a compiled library, with what keeps its code in memory.
#[derive(Clone)]
pub struct Entry {
    info: EntryInfo,
    signature: u64,
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
            signature: info.signature(),
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
        (pointers, workspace): (&mut Pointers, &mut AlignedBuffer),
        pool: Option<&Pool>,
    ) -> Result<(), CallError> {
        let context = pool.map(Pool::context);
        let context = context.as_ref().map_or(ptr::null(), ptr::from_ref);
        pointers.fill(&self.info, arguments)?;
        let memory = self.memory(workspace)?;
        // SAFETY: the argument struct is an array of pointers, one for each leaf, each to a
        // tensor of the leaf's type that is borrowed for the length of this call, exclusively if
        // it is written. The workspace is aligned and large enough. The context is NULL or whole, and
        // its pool is alive.
        let code = unsafe { (self.call)(pointers.0.as_ptr(), memory, context, self.signature) };
        self.outcome(code)
    }

    /// Calls the form that takes DLTensors.
    pub(crate) fn invoke_tensors<'a>(
        &self,
        arguments: impl Iterator<Item = Argument<'a>>,
        (pointers, workspace): (&mut Pointers, &mut AlignedBuffer),
        pool: Option<&Pool>,
    ) -> Result<(), CallError> {
        let context = pool.map(Pool::context);
        let context = context.as_ref().map_or(ptr::null(), ptr::from_ref);
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
        // the arguments borrow; the workspace is aligned and large enough; the context is NULL or
        // whole, and its pool is alive.
        let code = unsafe {
            run(
                read.as_ptr(),
                written.as_ptr(),
                memory,
                context,
                self.signature,
            )
        };
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
            Some(status) => {
                let leaf = Status::leaf_of(code).and_then(|leaf| self.info.leaves.get(leaf));
                Err(CallError::Failed {
                    entry: entry(),
                    path: leaf.map(|leaf| leaf.path.clone()),
                    status,
                })
            }
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

#[cfg(test)]
mod tests {
    //! Code in memory, as a just-in-time compiler leaves it, here by the Rust compiler.

    use super::*;
    use lgc_abi::{DType, Direction, TensorType};

    /// `y = 2x` of two floats; the workspace must be aligned; 77 if x begins with 0.
    unsafe extern "C" fn double(
        args: *const *mut c_void,
        workspace: *mut c_void,
        _ctx: *const RawCtx,
        _signature: u64,
    ) -> i32 {
        // SAFETY: the ABI: two pointers, to two floats each.
        let (x, y) = unsafe {
            let x = std::slice::from_raw_parts((*args).cast::<f32>(), 2);
            (
                x,
                std::slice::from_raw_parts_mut((*args.add(1)).cast::<f32>(), 2),
            )
        };
        if !(workspace as usize).is_multiple_of(64) {
            return Status::MisalignedWorkspace.code();
        }
        if x[0] == 0.0 {
            return 77;
        }
        y.copy_from_slice(&[2.0 * x[0], 2.0 * x[1]]);
        Status::Ok.code()
    }

    fn entry(owner: Arc<dyn Any + Send + Sync>) -> Entry {
        let leaf = |path: &str, direction| Leaf {
            path: path.to_owned(),
            tensor: TensorType::new(DType::F32, vec![2]).unwrap(),
            direction,
            doc: String::new(),
            range: lgc_abi::Range::ALL,
        };
        let info = EntryInfo {
            name: "double".to_owned(),
            symbol: "m_double_v3".to_owned(),
            run_symbol: "m_double_run_v3".to_owned(),
            doc: String::new(),
            leaves: vec![leaf("x", Direction::In), leaf("y", Direction::Out)],
            workspace_bytes: 100,
        };
        // SAFETY: `double` is always there, and is an entry of this description.
        unsafe { Entry::from_address(info, double as *const u8, owner) }
    }

    #[test]
    fn code_in_memory_is_called_and_kept() {
        let owner = Arc::new(());
        let double = entry(owner.clone());
        let mut session = double.session().unwrap();
        drop(double);
        assert_eq!(Arc::strong_count(&owner), 2, "the session keeps the code");
        session
            .elements_mut::<f32>("x")
            .unwrap()
            .copy_from_slice(&[1.0, 3.0]);
        session.run().unwrap();
        assert_eq!(session.elements::<f32>("y").unwrap(), [2.0, 6.0]);
        let error = session.run_tensors().unwrap_err();
        assert_eq!(error, CallError::NoTensorForm("double".to_owned()));
        drop(session);
        assert_eq!(Arc::strong_count(&owner), 1);
    }

    #[test]
    fn numbers_that_are_no_status_are_reported() {
        let zero = HostTensor::from_slice(&[2], &[0f32; 2]).unwrap();
        let error = entry(Arc::new(())).call(&[&zero], &mut []).unwrap_err();
        assert_eq!(
            error.to_string(),
            "entry `double` returned 77, which is no known status"
        );
    }

    #[test]
    fn arguments_must_match_the_leaves_one_by_one() {
        let entry = entry(Arc::new(()));
        let mut tensor = HostTensor::from_slice(&[2], &[1f32; 2]).unwrap();
        let other = tensor.clone();
        let call = |arguments: Vec<Argument<'_>>| {
            let mut workspace = entry.workspace().unwrap();
            entry
                .invoke(
                    arguments.into_iter(),
                    (&mut Pointers::default(), &mut workspace),
                    None,
                )
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            call(vec![Argument::Read(&other), Argument::Write(&mut tensor)]),
            Ok(())
        );
        assert_eq!(tensor.elements::<f32>(), Some(&[2.0, 2.0][..]));
        let refused = [
            call(vec![]),
            call(vec![Argument::Read(&other), Argument::Read(&other)]),
            call(vec![
                Argument::Read(&other),
                Argument::Write(&mut tensor),
                Argument::Read(&other),
            ]),
        ];
        let messages = refused.map(Result::unwrap_err);
        assert_eq!(
            messages,
            [
                "entry `double` takes 2 argument tensors, not 0",
                "`y` is written, but its tensor may only be read",
                "entry `double` takes 2 argument tensors, not 3",
            ]
        );
        let mut small = AlignedBuffer::zeroed(99).unwrap();
        let arguments = [Argument::Read(&other), Argument::Write(&mut tensor)];
        let error = entry.invoke(
            arguments.into_iter(),
            (&mut Pointers::default(), &mut small),
            None,
        );
        assert!(matches!(error, Err(CallError::Memory(_))));
    }
}
