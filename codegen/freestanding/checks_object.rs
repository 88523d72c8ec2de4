//! The checks of tensors as an object: freestanding, and compiled by the build script.
#![no_std]

mod checks;
mod overlap;
