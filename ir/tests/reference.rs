//! The committed op reference is the one that the op table gives.

#[test]
fn the_op_reference_is_up_to_date() {
    let committed = include_str!("../../docs/ops.md");
    let current = lgc_ir::reference::reference().unwrap();
    assert!(
        committed == current,
        "docs/ops.md is out of date; run `cargo run -p lgc-ir --example op-reference`"
    );
}
