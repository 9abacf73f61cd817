//! Records read together, with the place in the source up to which they reach.

use crate::core::position::{Partition, Position};
use crate::core::record::{Records, Rejected};
use crate::core::source::Dataset;
use std::sync::Arc;
use std::time::Instant;

/// The unit that the engine moves, checkpoints and acknowledges.
#[derive(Debug, Clone)]
pub struct Batch {
    pub partition: Partition,
    /// Once this batch is durable, the source goes on behind this place.
    pub position: Position,
    pub records: Records,
    /// Records that a source or a step could not make sense of; they become dead letters.
    pub rejected: Vec<Rejected>,
    /// Whole records, in the encoding of the others, that the source gives up; they become dead letters that can be
    /// replayed.
    pub given_up: Vec<Rejected>,
    /// The dataset that these rows belong to, and whether they are its last ones.
    pub dataset: Option<DatasetPart>,
    /// Partitions that exist no more and need no position.
    pub gone: Vec<Partition>,
    /// When the oldest record was read: the age of what is not yet acknowledged.
    pub read_at: Instant,
}

/// Which dataset a batch belongs to.
#[derive(Debug, Clone)]
pub struct DatasetPart {
    pub dataset: Arc<Dataset>,
    pub is_last: bool,
}

impl Batch {
    pub fn new(partition: &Partition, position: Position, records: Records) -> Self {
        Self {
            partition: Arc::clone(partition),
            position,
            records,
            rejected: Vec::new(),
            given_up: Vec::new(),
            dataset: None,
            gone: Vec::new(),
            read_at: crate::core::time::now(),
        }
    }
}
