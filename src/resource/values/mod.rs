//! How values are written, read, checked and changed: as JSON, as bare text, as what a client sent.

pub mod embedded;
pub(super) mod input;
pub mod json;
pub mod lax;
pub mod limits;
pub mod parse;
pub mod patch;
pub(super) mod read;
pub mod validate;
