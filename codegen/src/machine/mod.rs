//! Thread programs as functions: of the addresses of their parameters.
//!
//! A thread program is given ([`crate::threads`]). Its statements become blocks, its values registers, and its tasks
//! functions of their own. What it has that thread programs have not is refused.
//!
//! | module | what it does |
//! |---|---|
//! | `index` | index expressions and guards |
//! | `lanes` | where the elements of values are |
//! | `ops` | operations on values |
//! | `access` | loads and stores |
//! | `kernel` | statements |
//! | `tasks` | tasks and their frames |
//! | `refusal` | what emitters refuse |

pub(crate) mod access;
pub(crate) mod index;
pub(crate) mod kernel;
pub(crate) mod lanes;
pub(crate) mod ops;
pub(crate) mod refusal;
pub(crate) mod tasks;
