//! The values jaq computes with: JSON, numbers as written, every value bounded in size and depth.
//! Each array and object knows the size and depth of all below it, so no operation can make
//! a value too large to copy, compare, print or drop; jaq's own value type has no such bound.

mod access;
mod arithmetic;
mod data;
mod numbers;
mod order;
mod read;
mod slices;
mod standard;
mod write;

pub(super) use access::cannot_index;
pub(super) use data::{Entries, Value};
pub(super) use numbers::number_from_text;
pub(super) use read::read_line;
