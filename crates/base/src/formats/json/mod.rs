//! Reading and writing JSON text without a tree: a strict scanner and string escaping.
//! It keeps every number as it is written, which serde's data model cannot.

mod scanner;
mod text;

#[cfg(test)]
mod tests;

pub use scanner::{Kind, RawText, Scanner};
pub use text::write_text;
