//! The command as a user meets it: the real binary, its output, its exit codes.
//!
//! Expected outputs are files. `HEADWATER_BLESS=1 cargo test --test cli` writes them anew; read the
//! difference before it is committed.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic and write")]

mod audit;
mod autoscale;
mod command;
mod dead_letters;
mod diagnostics;
mod doctor;
mod generate;
mod generated_docs;
mod map;
mod render;
mod replay;
mod schema;
mod support;
mod token;
mod up;
