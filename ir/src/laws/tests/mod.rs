//! Tests of the laws, and the table of all ops.
