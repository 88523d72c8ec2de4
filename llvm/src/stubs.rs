//! The functions of LLVM's C API, as stubs which jump through a table.
//!
//! `inkwell` and `llvm-sys` refer to LLVM's functions by name. Here each of `functions.txt` is defined, hidden, so
//! that a linker needs no LLVM and a binary has no `NEEDED` entry for one. A function that LLVM lacks is not in the
//! list: code that calls it does not link. Until the table is filled, each entry is [`absent`], which says what was
//! called and aborts: no stub ever jumps to nowhere.

use std::ffi::{CStr, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

include!(concat!(env!("OUT_DIR"), "/stubs.rs"));

/// Where each stub jumps.
static TABLE: [AtomicPtr<c_void>; COUNT] =
    [const { AtomicPtr::new(absent as *const c_void as *mut c_void) }; COUNT];

/// Where stubs jump that have no function: hands the number of the stub, which is in `r11`, to [`report`].
///
/// `r11` belongs to nobody during a call, and the stack is as the call left it, so `report` is entered as if it had
/// been called with a number. It does not return.
#[unsafe(naked)]
extern "C" fn absent() {
    core::arch::naked_asm!("mov edi, r11d", "jmp {report}", report = sym report)
}

extern "C" fn report(number: u32) -> ! {
    let name = name(number as usize).unwrap_or("a function");
    eprintln!(
        "lgc: internal error: {name} was called, but LLVM is not loaded or has no such function"
    );
    std::process::abort()
}

fn name(at: usize) -> Option<&'static str> {
    NAMES.get(at)?.to_str().ok()
}

/// The names of all functions, in order.
pub(crate) fn names() -> &'static [&'static CStr] {
    &NAMES
}

/// Lets stubs jump to these functions, in the order of [`names`]; those that are null stay absent.
///
/// # Safety
///
/// Each pointer is null or that of the function of its name in the C API of LLVM 22, and stays it for as long as the
/// process lives.
pub(crate) unsafe fn fill(functions: &[*mut c_void]) {
    for (entry, function) in TABLE.iter().zip(functions) {
        if !function.is_null() {
            entry.store(*function, Ordering::Release);
        }
    }
}
