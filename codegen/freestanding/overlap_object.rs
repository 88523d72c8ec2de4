//! The search for overlaps as an object: freestanding, and compiled by the build script.
#![no_std]

mod overlap;
