//! The fast way for simple expressions: it works on the bytes of the record without a tree.
//! `plan` recognises such expressions and runs them, `fields` finds their fields in one pass.

mod condition;
mod fields;
mod literal;
mod output;
mod plan;

pub(super) use fields::{Fields, Found};
pub(super) use plan::Plan;
