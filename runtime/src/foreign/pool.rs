//! Pools of threads that libraries make.

use lgc_abi::layout::RawCtx;
use std::any::Any;
use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::Arc;

pub(super) type CreateFunction = unsafe extern "C" fn(u32) -> *mut c_void;
pub(super) type DestroyFunction = unsafe extern "C" fn(*mut c_void);

/// Threads that share the work of calls; of entries of any library. They end when the last clone is
/// dropped. A pool serves one call at a time: a call that finds it busy runs on its own thread.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    pool: NonNull<c_void>,
    destroy: DestroyFunction,
    _owner: Arc<dyn Any + Send + Sync>,
}

// SAFETY: the ABI lets any thread use a pool, and several at once; it is ended once, when nobody has it.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Pool {
    /// Takes a pool that was just made; `None` if there is none.
    ///
    /// # Safety
    /// The pool is alive and nobody else's; `destroy` ends it; while `owner` lives, their code is there.
    pub(super) unsafe fn new(
        pool: *mut c_void,
        destroy: DestroyFunction,
        owner: Arc<dyn Any + Send + Sync>,
    ) -> Option<Self> {
        let pool = NonNull::new(pool)?;
        let handle = Handle {
            pool,
            destroy,
            _owner: owner,
        };
        Some(Self(Arc::new(handle)))
    }

    /// The context of a call on this pool.
    pub(super) fn context(&self) -> RawCtx {
        RawCtx {
            struct_size: size_of::<RawCtx>() as u64,
            pool: self.0.pool.as_ptr(),
            parallel_for: None,
            data: ptr::null_mut(),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: calls borrow a clone of the pool, so that none is under way; the code is there.
        unsafe { (self.destroy)(self.pool.as_ptr()) }
    }
}
