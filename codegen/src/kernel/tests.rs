//! Kernels written by hand: their text, and what they compute.

mod building;
mod meaning;
mod samples;
mod text;
mod wrong;
