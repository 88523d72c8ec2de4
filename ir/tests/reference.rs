//! The committed references are the ones that the tables give.

#[test]
fn the_op_reference_is_up_to_date() {
    let committed = include_str!("../../docs/ops.md");
    let current = lgc_ir::reference::reference().unwrap();
    assert!(
        committed == current,
        "docs/ops.md is out of date; run `cargo run -p lgc-ir --example op-reference`"
    );
}

#[test]
fn the_diagnostic_reference_is_up_to_date() {
    let committed = include_str!("../../docs/diagnostics.md");
    assert!(
        committed == lgc_ir::diag::reference(),
        "docs/diagnostics.md is out of date; run `cargo run -p lgc-ir --example diagnostic-reference`"
    );
}

#[test]
fn the_reference_of_the_standard_library_is_up_to_date() {
    let committed = include_str!("../../docs/std.md");
    let current = lgc_ir::lang::standard::reference().unwrap();
    assert!(
        committed == current,
        "docs/std.md is out of date; run `cargo run -p lgc-ir --example standard-reference`"
    );
}

#[test]
fn what_the_proofs_speak_of_is_up_to_date() {
    let (rules, maps) = (
        include_str!("../../proofs/Rules.v"),
        include_str!("../../proofs/Maps.v"),
    );
    let table = include_str!("../../proofs/Table.v");
    let is_current = rules == lgc_ir::coq::rules().unwrap()
        && maps == lgc_ir::coq::maps()
        && table == lgc_ir::coq::table().unwrap();
    assert!(
        is_current,
        "proofs/Rules.v, Maps.v or Table.v is out of date; run `cargo run -p lgc-ir --example proof-rules`"
    );
}
