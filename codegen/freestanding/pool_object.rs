//! The pool of threads as an object: freestanding, and compiled by the build script.
#![no_std]

mod pool;
