//! The durable buffer in front of a source that cannot be read again.
//!
//! A directory of segments named by their first sequence number. `append` writes all frames of a call at once,
//! syncs once, and only then returns: who is answered after that is never disappointed. Readers in other threads
//! see only what is durable. A segment whose write or sync failed is never written again; the next append goes to
//! a new one, whose first sequence number supersedes whatever the failed one may hold from there on.
//! What is damaged is copied aside and named, and the frames around it are delivered.

mod append;
mod cursor;
mod error;
mod frame;
mod quarantine;
mod reader;
mod recovery;
mod segment;
mod shared;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use append::{AppendedRange, Journal, JournalOptions};
pub use error::JournalError;
pub use reader::{Frames, JournalReader};
pub use shared::{JournalTrimmer, JournalWaker};
