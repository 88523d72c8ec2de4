//! What goes around kernels: the steps of a program, and the C interface of a library.
//!
//! The functions of kernels are given by number; here are those that call them, and those that callers see. The latter
//! run on any x86-64 processor, since they ask first whether the processor will do.
//!
//! | module | what it does |
//! |---|---|
//! | `steps` | the step tree |
//! | `dispatch` | who runs tasks |
//! | `unit` | functions and data that are compiled together |
//! | `entry` | the checks of the C interface, and the choice of a level |
//! | `freestanding` | threads, checks of tensors and the level of the processor, compiled beforehand |
//! | `debug` | the lines that kernels come from, in DWARF |
//! | `library` | libraries as object files |

pub(crate) mod debug;
pub(crate) mod dispatch;
pub(crate) mod entry;
pub(crate) mod freestanding;
pub(crate) mod library;
pub(crate) mod steps;
pub(crate) mod unit;

pub use debug::Sources;
pub use library::compile_library;
pub use steps::Tensor;
