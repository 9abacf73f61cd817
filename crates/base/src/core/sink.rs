//! The contract of sinks: where records go.

use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::lease::Share;
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::Rejected;
use std::sync::Arc;

/// Stores records. Runs on the flow's writing thread.
pub trait Sink: Send {
    /// Called once before the first write with what the last checkpoint kept. Puts the target into
    /// exactly that state (a file is cut back to its committed length), or says how far the target is
    /// ahead of it. The findings are told to the user.
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault>;

    /// Writes a batch; it need not be durable yet. Answers which records can never be stored. After a
    /// fault the same batches are written again, following a call of `rollback`.
    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault>;

    /// Makes durable everything written since the last commit. The answer is saved beside the position
    /// and comes back in `recover`.
    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault>;

    /// Why records of what was just committed were refused by the target, in a way that the stack file
    /// expects: they are neither stored nor dead letters. Asked for after every commit.
    fn refused(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Forgets what was written since the last commit, as far as the target allows.
    fn rollback(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// Whether several workers may write to its target, because it has what `share` gives.
    fn shares(&self) -> bool {
        false
    }

    /// What its source shall ask before it reads a partition. Called after `recover`.
    fn share(&self) -> Option<Arc<dyn Share>> {
        None
    }

    /// The source could not be read; a sink that talks to people may say so.
    fn source_failed(&mut self, _reason: &str) {}
}

/// What a sink found when it was opened.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Positions that the target holds although the checkpoint did not know of them yet.
    pub ahead: Vec<(Partition, Position)>,
    pub findings: Vec<Finding>,
    /// What the checkpoint keeps is not of this target: what the sink keeps now must be saved before its first
    /// write, or what a crash leaves behind would be taken for somebody else's.
    pub begins: bool,
}
