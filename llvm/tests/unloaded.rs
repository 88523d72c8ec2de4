//! A call before anything is loaded is a message and an abort, no jump to nowhere.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use lgc_llvm::inkwell::context::Context;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

const CALLS: &str = "LGC_LLVM_TEST_CALLS";

#[test]
fn a_call_before_loading_says_what_was_called() {
    if std::env::var_os(CALLS).is_some() {
        drop(Context::create());
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "a_call_before_loading_says_what_was_called",
            "--exact",
            "--nocapture",
        ])
        .env(CALLS, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("LLVMContextCreate was called, but LLVM is not loaded"),
        "{said}"
    );
    assert_eq!(output.status.signal(), Some(6), "{said}");
}
