//! The contract of steps: what changes records on their way.

use crate::core::batch::Batch;
use crate::core::fault::Fault;

/// Changes batches. Pure: no clock, no disk, no network.
pub trait Step: Send {
    /// Turns a batch into one of the same or a later position. `None` holds it back: its records go out
    /// with a later batch, and until then the checkpoint does not move past them.
    fn apply(&mut self, batch: Batch) -> Result<Option<Batch>, Fault>;

    /// Whether it holds batches back to make something of them together: a record that comes much later, out of a
    /// dead letter, would become part of something else.
    fn gathers(&self) -> bool {
        false
    }

    /// The source has ended: what was held back goes out now.
    fn finish(&mut self) -> Result<Option<Batch>, Fault> {
        Ok(None)
    }
}
