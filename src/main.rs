//! The `lgc` program.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the command line comes with its commands")
)]
mod demo;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the command line comes with its commands")
)]
mod random;

fn main() {}
