//! The level of the processor as an object: freestanding, and compiled by the build script.
#![no_std]

mod cpu;
