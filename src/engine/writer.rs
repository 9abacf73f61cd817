//! The writing thread of a flow: write durable, then save the checkpoint, then acknowledge.

use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::position::{Partition, Position};
use crate::core::record::Rejected;
use crate::core::sink::Sink;
use crate::core::source::Acknowledge;
use crate::core::wait::Wait;
use crate::engine::dead_letters::DeadLetters;
use crate::engine::meter::{FlowMeter, Side};
use crate::engine::progress::Progress;
use crate::engine::reader::Message;
use crate::engine::retry::{Backoff, Complaints, Refusals};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;

pub(super) struct Writer {
    pub name: String,
    pub sink: Box<dyn Sink>,
    pub progress: Progress,
    pub dead_letters: DeadLetters,
    pub acknowledger: Option<Box<dyn Acknowledge>>,
    pub meter: Arc<FlowMeter>,
    pub commit_bytes: usize,
    /// Ends the tries of a sink that does not work.
    pub abort: Wait,
    pub backoff: Backoff,
    /// Batches of the current group whose dead letters are kept already.
    pub buried: BTreeSet<(Partition, u64)>,
    pub complaints: Complaints,
    pub refusals: Refusals,
}

/// Why the writing ended without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Stopped,
}

impl Writer {
    pub(super) fn run(&mut self, queue: &Receiver<Message>) -> Result<End, Fault> {
        loop {
            let Ok(first) = queue.recv() else { return Ok(End::Stopped) };
            let (group, after) = Self::gather(first, queue, self.commit_bytes);
            if !group.is_empty() && !self.deliver(&group)? {
                return Ok(End::Stopped);
            }
            match after {
                None | Some(Message::Batch(_)) => {}
                Some(Message::SourceFault(reason)) => self.sink.source_failed(&reason),
                Some(Message::End) => return Ok(End::Source),
                Some(Message::Finish) => return Ok(End::Stopped),
                Some(Message::Stop(fault)) => return Err(fault),
            }
        }
    }

    /// Takes what has gathered in the queue, so that one commit serves it all. Answers the message that
    /// ended the gathering, if it was not a batch.
    fn gather(
        first: Message,
        queue: &Receiver<Message>,
        commit_bytes: usize,
    ) -> (Vec<Batch>, Option<Message>) {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(message) = next {
            let Message::Batch(batch) = message else { return (group, Some(message)) };
            bytes += batch.records.bytes.len();
            group.push(*batch);
            next = if bytes < commit_bytes { queue.try_recv().ok() } else { None };
        }
        (group, None)
    }

    /// Stores a group and everything that follows from it; `false` when told to give up. Data that is
    /// committed is not written again because the checkpoint could not be saved: that is tried alone.
    fn deliver(&mut self, group: &[Batch]) -> Result<bool, Fault> {
        let Some(stored) = self.insist(|writer| writer.store(group))? else {
            return Ok(false);
        };
        self.buried.clear();
        // Invariant: the data is durable at the sink, and only now may the checkpoint say so.
        for batch in group {
            self.progress.checkpoint.advance(&batch.partition, &batch.position);
            for partition in &batch.gone {
                self.progress.checkpoint.positions.remove(partition);
            }
        }
        self.progress.checkpoint.sink = stored.state;
        let save = |writer: &mut Self| {
            writer.progress.save().map_err(|error| Fault::retry(error.to_string()))
        };
        if self.insist(save)?.is_none() {
            return Ok(false);
        }
        self.acknowledge(group);
        self.count(group, stored.rejected, &stored.refused);
        Ok(true)
    }

    /// Does something until it works; `None` when told to give up.
    fn insist<T>(
        &mut self,
        work: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        loop {
            let fault = match work(self) {
                Ok(done) => {
                    self.backoff.reset();
                    self.meter.works(Side::Sink);
                    return Ok(Some(done));
                }
                Err(fault @ Fault::Stop { .. }) => return Err(fault),
                Err(fault) => fault,
            };
            let pause = self.backoff.pause(&fault);
            self.meter.sink_faults.fetch_add(1, Relaxed);
            self.meter.error(fault.reason());
            self.meter.waits(Side::Sink, fault.reason());
            self.complaints.tell(&self.name, &fault, pause);
            if self.abort.sleep(pause) {
                return Ok(None);
            }
        }
    }

    /// Writes and commits a group; after a fault the sink forgets what it wrote of it.
    fn store(&mut self, group: &[Batch]) -> Result<Stored, Fault> {
        let stored = self.write_and_commit(group);
        if stored.is_err() {
            // When even that fails, the next write meets the same trouble and says so.
            if let Err(fault) = self.sink.rollback() {
                tracing::debug!(service = %self.name, "rollback: {fault}");
            }
        }
        stored
    }

    fn write_and_commit(&mut self, group: &[Batch]) -> Result<Stored, Fault> {
        let mut rejected = Vec::with_capacity(group.len());
        for batch in group {
            rejected.push(self.meter.write_time.time(|| self.sink.write(batch))?);
        }
        // Before the commit: a sink that is ahead of the checkpoint lets the source go on behind it, and what
        // was rejected up to there would be forgotten.
        for (batch, rejected) in group.iter().zip(&rejected) {
            self.bury(batch, rejected)?;
        }
        let state = self.meter.commit_time.time(|| self.sink.commit())?;
        let rejected = rejected.iter().map(|rejected| rejected.len() as u64).sum();
        Ok(Stored { state, rejected, refused: self.sink.refused() })
    }

    fn bury(&mut self, batch: &Batch, rejected: &[Rejected]) -> Result<(), Fault> {
        let all: Vec<Rejected> = batch.rejected.iter().chain(rejected).cloned().collect();
        let Some(first) = all.first() else { return Ok(()) };
        let place = (Arc::clone(&batch.partition), batch.position.offset);
        if self.buried.contains(&place) {
            // Of a group that could not be committed and is written again.
            return Ok(());
        }
        self.dead_letters.keep(&all, &batch.partition, &batch.position)?;
        self.buried.insert(place);
        self.meter.rejected.fetch_add(all.len() as u64, Relaxed);
        tracing::warn!(
            service = %self.name,
            count = all.len(),
            place = %self.dead_letters.path().display(),
            "became dead letters, the first because {}", first.reason
        );
        Ok(())
    }

    /// The positions are saved, so a source that cannot be told now is told with the next one.
    fn acknowledge(&mut self, group: &[Batch]) {
        let Some(acknowledger) = &mut self.acknowledger else { return };
        let last: BTreeMap<&Partition, &Position> =
            group.iter().map(|batch| (&batch.partition, &batch.position)).collect();
        for (partition, position) in last {
            if let Err(fault) = acknowledger.acknowledge(partition, position) {
                tracing::warn!(service = %self.name, "not acknowledged yet: {fault}");
            }
        }
    }

    fn count(&mut self, group: &[Batch], rejected: u64, refused: &[String]) {
        let records: u64 = group.iter().map(|batch| batch.records.count).sum();
        let bytes: usize = group.iter().map(|batch| batch.records.bytes.len()).sum();
        let lost = rejected + refused.len() as u64;
        self.meter.stored_records.fetch_add(records.saturating_sub(lost), Relaxed);
        self.meter.refused.fetch_add(refused.len() as u64, Relaxed);
        self.refusals.tell(&self.name, refused);
        self.meter.stored_bytes.fetch_add(bytes as u64, Relaxed);
        self.meter.commits.fetch_add(1, Relaxed);
        self.meter.settled(records, None);
        self.meter.tap.show(group);
        if let Some(last) = group.last() {
            self.meter.last_records.look(&last.records);
        }
    }
}

/// What became of a group.
struct Stored {
    /// What the sink keeps beside the position.
    state: Option<serde_json::Value>,
    /// How many records the sink made dead letters.
    rejected: u64,
    /// Why the target refused records.
    refused: Vec<String>,
}
