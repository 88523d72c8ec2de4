//! Kernels as functions: of the addresses of their parameters.
//!
//! A kernel is given that verifies and is legal. Its statements become blocks, its values registers, and its loops that
//! are worth it functions of their own, which run as tasks.
//!
//! | module | what it does |
//! |---|---|
//! | `index` | index expressions and guards |
//! | `lanes` | where the elements of values are |
//! | `ops` | operations on values |
//! | `access` | loads and stores |
//! | `kernel`, `fold`, `tiles` | statements |
//! | `parallel` | loops that run as tasks |
//! | `refusal` | what emitters refuse |

pub(crate) mod access;
pub(crate) mod fold;
pub(crate) mod index;
pub(crate) mod kernel;
pub(crate) mod lanes;
pub(crate) mod ops;
pub(crate) mod parallel;
pub(crate) mod refusal;
pub(crate) mod tiles;
