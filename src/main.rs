//! The `lgc` program.
fn main() {}
