//! Folds of the rows of a group.
//!
//! [`rows`] says what happens in which phase of a row, [`phases`] emits the folds of each, and [`columns`] those that go
//! across memory, by blocks of rows.

pub(super) mod columns;
pub(super) mod phases;
pub(super) mod rows;
