//! The general way: jaq, fenced in.
//! `refuse` turns away what cannot be bounded, `bound` makes every loop count its steps,
//! `prelude` says which functions exist, `engine` compiles and runs.

mod bound;
mod engine;
mod functions;
mod mathematics;
mod patterns;
mod prelude;
mod refuse;
mod source;

pub(super) use engine::Engine;
pub(super) use source::{Syntax, parse, short};
