//! Where a batch ends in its source, and how far a flow has come.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An ordered stream inside a source: a file, a dataset, the journal.
pub type Partition = Arc<str>;

/// A place in a partition. `offset` only grows; `note` is what the source needs beside it to find the
/// place again (an `ETag`, a file's identity).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub offset: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Position {
    pub fn at(offset: u64) -> Self {
        Self { offset, note: String::new() }
    }
}

/// The position up to which everything is durable at the sink, for every partition, and what the sink
/// must know to find its own end again. Saved as one piece, so the two can never disagree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub positions: BTreeMap<Partition, Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sink: Option<serde_json::Value>,
    /// The number of the newest dead letter when this was saved: what a crash leaves behind it belongs to batches
    /// that come again. Nothing in a checkpoint that knows of no numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letters: Option<u64>,
}

impl Checkpoint {
    /// Moves a partition forward.
    ///
    /// # Panics
    /// When the position goes back: saving it would make the source repeat what is already stored.
    pub fn advance(&mut self, partition: &Partition, position: &Position) {
        if let Some(known) = self.positions.get(partition) {
            assert!(
                position.offset >= known.offset,
                "position of {partition} goes back from {} to {}",
                known.offset,
                position.offset
            );
        }
        self.positions.insert(Arc::clone(partition), position.clone());
    }

    pub fn position(&self, partition: &str) -> Option<&Position> {
        self.positions.get(partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "goes back")]
    fn rejects_a_position_that_goes_back() {
        let mut checkpoint = Checkpoint::default();
        checkpoint.advance(&"a".into(), &Position::at(5));
        checkpoint.advance(&"a".into(), &Position::at(4));
    }

    #[test]
    fn survives_its_json_form() {
        let mut checkpoint = Checkpoint::default();
        let position = Position { offset: 7, note: "etag".into() };
        checkpoint.advance(&"a".into(), &position);
        checkpoint.sink = Some(serde_json::json!({ "length": 12 }));
        let text = serde_json::to_string(&checkpoint).unwrap();
        assert_eq!(serde_json::from_str::<Checkpoint>(&text).unwrap(), checkpoint);
    }
}
