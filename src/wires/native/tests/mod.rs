//! Tests of the native wire as a client sees it, over a real socket with a store in memory.

#![expect(clippy::disallowed_methods, reason = "the clients of a test have clocks of their own")]

mod bad_bytes;
mod bulk;
mod events;
mod fuzz;
mod golden_files;
mod lists;
mod scripted;
mod support;
mod trouble;
