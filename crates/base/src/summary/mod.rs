//! Summaries of whole files in one pass and bounded memory: what each column holds.
//! Equal input gives equal bytes, however it is cut into blocks; drawing it is done elsewhere.

mod column;
mod dictionary;
mod distinct;
mod distribution;
mod hash;
mod heavy;
mod histogram;
mod json_lines;
mod model;
mod moments;
mod number_stream;
mod sketch;
mod stream;
mod summariser;
#[cfg(test)]
mod tests;
mod time;
mod value;

pub use model::*;
pub use summariser::{Options, Summariser};
