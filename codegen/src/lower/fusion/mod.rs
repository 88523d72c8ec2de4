//! Which nodes share a kernel, and which values go through memory.
//!
//! From the model of a graph, [`fuse`] puts nodes into groups ([`group`]) and states the rules that each obeys;
//! [`scattered`] is the rule for views of scatters. [`storage`] decides what is stored and what readers compute again.
//! [`plan`] holds these decisions: what comes after reads them, and takes none back.

pub(super) mod fuse;
pub(super) mod group;
pub(super) mod plan;
mod scattered;
pub(super) mod storage;
