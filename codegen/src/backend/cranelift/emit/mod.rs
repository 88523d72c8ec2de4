//! Thread programs as functions: of the addresses of their parameters.
//!
//! A thread program that verifies is given ([`crate::threads`]), legal for what instructions have. Its statements become
//! blocks, its values registers, and its tasks functions of their own. The functions compute the bits that the kernel
//! interpreter does, and touch no memory but what they are given and their stack. What a kernel has that thread
//! programs have not is refused: folds and parallel loops, spans, tiles.
//!
//! | module | what it does |
//! |---|---|
//! | `index` | index expressions and guards |
//! | `lanes` | where the elements of values are |
//! | `ops` | operations on values |
//! | `access` | loads and stores |
//! | `kernel` | statements |
//! | `tasks` | tasks and their frames |

pub(crate) mod access;
pub(crate) mod index;
pub(crate) mod kernel;
pub(crate) mod lanes;
pub(crate) mod ops;
pub(crate) mod tasks;
