//! Tests of the laws: the table of all ops, and wrong rules that the laws must catch.

mod alarms;
mod asked;
mod conditions;
mod cotangents;
mod dense;
mod graphs;
mod known;
mod margins;
mod stated;
mod table;
mod whole;
mod wrong;
