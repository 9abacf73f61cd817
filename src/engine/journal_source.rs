//! The journal read as a source: it can be read again from any position.

use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Records};
use crate::core::source::{Acknowledge, Read, Source};
use crate::core::wait::Wait;
use crate::engine::inbox::fault;
use crate::engine::journal::{Frames, Journal, JournalReader, JournalTrimmer};
use crate::engine::notes;
use crate::engine::refusals;
use std::time::Duration;

/// How long a read waits for the journal before it looks whether it shall stop.
const PATIENCE: Duration = Duration::from_millis(500);

/// The partition under which a journal's position stands in the checkpoint.
pub(super) const PARTITION: &str = "journal";

pub(super) struct JournalSource {
    partition: Partition,
    service: String,
    batch_bytes: usize,
    reader: JournalReader,
    trimmer: JournalTrimmer,
}

impl JournalSource {
    /// Goes on behind what is delivered.
    pub(super) fn new(journal: &Journal, context: &Context, delivered: u64) -> Self {
        Self {
            partition: PARTITION.into(),
            service: context.service.clone(),
            batch_bytes: context.batch_bytes(),
            reader: journal.reader(delivered + 1),
            trimmer: journal.trimmer(),
        }
    }

    fn tell(&self, frames: &Frames) {
        if let Some((first, last)) = frames.missing() {
            let service = &self.service;
            tracing::error!(%service, "the frames {first} to {last} of the journal are nowhere");
        }
        for finding in frames.findings() {
            let finding: &Finding = finding;
            tracing::warn!(service = %self.service, "{finding}");
        }
    }
}

impl Source for JournalSource {
    /// The reader was opened at the position of the same checkpoint.
    fn resume(&mut self, _from: &Checkpoint) -> Result<(), Fault> {
        Ok(())
    }

    fn read(&mut self, _wait: &Wait) -> Result<Read, Fault> {
        let Some(frames) = self.reader.next(self.batch_bytes).map_err(fault)? else {
            self.reader.wait(PATIENCE);
            return Ok(Read::Idle);
        };
        self.tell(&frames);
        let (mut bytes, mut rejected) = (Vec::new(), Vec::new());
        for (_, frame) in frames.iter() {
            let (_, held) = notes::split(frame);
            match refusals::read(held) {
                None => bytes.extend_from_slice(held),
                Some(refused) => rejected.extend(refused),
            }
        }
        let records = Records::from_lines(Encoding::Json, bytes);
        let mut batch = Batch::new(&self.partition, Position::at(frames.last()), records);
        batch.rejected = rejected;
        Ok(Read::Batch(Box::new(batch)))
    }

    fn acknowledger(&self) -> Option<Box<dyn Acknowledge>> {
        Some(Box::new(Trim { trimmer: self.trimmer.clone(), previous: 0 }))
    }
}

/// Frees what is delivered, one checkpoint late: should the newest checkpoint be damaged on the disk, the
/// one before it still finds everything.
struct Trim {
    trimmer: JournalTrimmer,
    previous: u64,
}

impl Acknowledge for Trim {
    fn acknowledge(&mut self, _: &Partition, position: &Position) -> Result<(), Fault> {
        let delivered = std::mem::replace(&mut self.previous, position.offset);
        self.trimmer.trim(delivered).map(|_| ()).map_err(fault)
    }
}
