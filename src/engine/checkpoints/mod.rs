//! Where a flow stands, kept in one file that is always whole: two slots of fixed size, written in turn.
//!
//! A save is one write and one `fdatasync` into the slot that does not hold the newest payload. The file
//! neither grows nor is renamed, so the sync writes no metadata, and a torn write can only hurt the slot
//! that nobody relies on yet. Only a payload that outgrows its slot makes a new file, in one atomic step.
//!
//! A flow that trims its journal should trim to the checkpoint *before* the newest: then even a bit that
//! flips in the newest slot loses nothing, because the older slot and the records after it are both there.

mod error;
mod file;
#[cfg(test)]
mod simulation;
mod slot;
#[cfg(test)]
mod tests;

pub use error::CheckpointError;
pub use file::{CheckpointFile, OpenedCheckpoint};
