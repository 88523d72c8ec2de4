//! Kernels written by hand: their text, and what they compute.

mod meaning;
mod samples;
mod text;
mod wrong;
