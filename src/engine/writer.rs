//! The writing thread of a flow: write durable, then save the checkpoint, then acknowledge.

use crate::core::fault::Fault;
use crate::core::position::{Partition, Position};
use crate::core::sink::Sink;
use crate::core::source::Acknowledge;
use crate::core::time::{now, rfc3339_now};
use crate::core::wait::Wait;
use crate::engine::letters::{self, DeadLetters, Form, Letter, Outcast, Passed, Place, Replays};
use crate::engine::meter::{FlowMeter, Side};
use crate::engine::progress::{Progress, ProgressError};
use crate::engine::reader::Message;
use crate::engine::retry::{Backoff, Complaints, Gathered, Losses};
use crate::engine::steps::Steps;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

pub(super) struct Writer {
    pub name: String,
    pub sink: Box<dyn Sink>,
    pub progress: Progress,
    pub dead_letters: DeadLetters,
    pub replays: Replays,
    pub steps: Steps,
    /// How often requests for dead letters are looked for, and when next.
    pub look: Duration,
    pub next_look: Instant,
    pub acknowledger: Option<Box<dyn Acknowledge>>,
    pub meter: Arc<FlowMeter>,
    pub commit_bytes: usize,
    /// Ends the tries of a sink that does not work.
    pub abort: Wait,
    pub backoff: Backoff,
    /// Batches of the current group whose dead letters are kept already.
    pub buried: BTreeSet<(Partition, u64)>,
    pub complaints: Complaints,
    pub losses: Losses,
}

/// Why the writing ended without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Stopped,
}

impl Writer {
    pub(super) fn run(&mut self, queue: &Receiver<Message>) -> Result<End, Fault> {
        let end = self.work(queue);
        self.tell(Gathered::rest);
        end
    }

    fn work(&mut self, queue: &Receiver<Message>) -> Result<End, Fault> {
        loop {
            if let Some(first) = self.receive(queue)
                && let Some(end) = self.take(first, queue)?
            {
                return Ok(end);
            }
            if now() >= self.next_look && !self.replay()?.goes_on() {
                return Ok(End::Stopped);
            }
            self.tell(Gathered::due);
        }
    }

    /// The next message; none when it is time to look for dead letters to deliver again.
    fn receive(&self, queue: &Receiver<Message>) -> Option<Message> {
        let patience = self.next_look.saturating_duration_since(now());
        if patience.is_zero() {
            return match queue.try_recv() {
                Ok(message) => Some(message),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => Some(Message::Finish),
            };
        }
        match queue.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Message::Finish),
        }
    }

    /// Answers how the flow ends, if it does.
    fn take(&mut self, first: Message, queue: &Receiver<Message>) -> Result<Option<End>, Fault> {
        let (group, after) = Self::gather(first, queue, self.commit_bytes);
        if !group.is_empty() && !self.deliver(&group)? {
            return Ok(Some(End::Stopped));
        }
        match after {
            None | Some(Message::Batch(_)) => {}
            Some(Message::SourceFault(reason)) => self.sink.source_failed(&reason),
            Some(Message::End) if !self.replay_all()? => return Ok(Some(End::Stopped)),
            Some(Message::End) => return Ok(Some(End::Source)),
            Some(Message::Finish) => return Ok(Some(End::Stopped)),
            Some(Message::Stop(fault)) => return Err(fault),
        }
        Ok(None)
    }

    /// Takes what has gathered in the queue, so that one commit serves it all. Answers the message that
    /// ended the gathering, if it was not a batch.
    fn gather(
        first: Message,
        queue: &Receiver<Message>,
        commit_bytes: usize,
    ) -> (Vec<Passed>, Option<Message>) {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(message) = next {
            let Message::Batch(passed) = message else { return (group, Some(message)) };
            bytes += passed.batch.records.bytes.len();
            group.push(*passed);
            next = if bytes < commit_bytes { queue.try_recv().ok() } else { None };
        }
        (group, None)
    }

    /// Stores a group and everything that follows from it; `false` when told to give up. Data that is
    /// committed is not written again because the checkpoint could not be saved: that is tried alone.
    pub(super) fn deliver(&mut self, group: &[Passed]) -> Result<bool, Fault> {
        let Some(stored) = self.insist(|writer| writer.store(group))? else {
            return Ok(false);
        };
        self.buried.clear();
        // Invariant: the data is durable at the sink, and only now may the checkpoint say so.
        for Passed { batch, .. } in group {
            self.progress.checkpoint.advance(&batch.partition, &batch.position);
            for partition in &batch.gone {
                self.progress.checkpoint.positions.remove(partition);
            }
        }
        self.progress.checkpoint.sink = stored.state;
        self.progress.checkpoint.letters = Some(self.dead_letters.last());
        let save = |writer: &mut Self| {
            writer.progress.save().map_err(|error| match error {
                ProgressError::Elsewhere(fault) => fault,
                error => Fault::retry(error.to_string()),
            })
        };
        if self.insist(save)?.is_none() {
            return Ok(false);
        }
        self.acknowledge(group);
        self.count(group, stored.rejected, &stored.refused);
        Ok(true)
    }

    /// Does something until it works; `None` when told to give up.
    pub(super) fn insist<T>(
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
            if self.progress.is_lost() {
                // What is not stored yet is the other process's to store.
                return Err(fault);
            }
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
    fn store(&mut self, group: &[Passed]) -> Result<Stored, Fault> {
        self.progress.may_write()?;
        let stored = self.write_and_commit(group);
        if stored.is_err() {
            // When even that fails, the next write meets the same trouble and says so.
            if let Err(fault) = self.sink.rollback() {
                tracing::debug!(service = %self.name, "rollback: {fault}");
            }
        }
        stored
    }

    fn write_and_commit(&mut self, group: &[Passed]) -> Result<Stored, Fault> {
        let mut rejected = Vec::with_capacity(group.len());
        for passed in group {
            rejected.push(self.meter.write_time.time(|| self.sink.write(&passed.batch))?);
        }
        // Before the commit: a sink that is ahead of the checkpoint lets the source go on behind it, and what
        // was rejected up to there would be forgotten.
        for (passed, rejected) in group.iter().zip(&rejected) {
            let form = |record: &[u8]| Some(Form::of(&passed.batch.records.encoding, record));
            let by_sink = rejected.iter().map(|rejected| Outcast {
                at: Place::Sink,
                form: form(&rejected.record),
                rejected: rejected.clone(),
            });
            let outcasts = passed.outcasts.iter().cloned().chain(by_sink).collect();
            self.bury(passed, outcasts)?;
        }
        let state = self.meter.commit_time.time(|| self.sink.commit())?;
        let rejected = rejected.iter().map(|rejected| rejected.len() as u64).sum();
        Ok(Stored { state, rejected, refused: self.sink.refused() })
    }

    fn bury(&mut self, passed: &Passed, outcasts: Vec<Outcast>) -> Result<(), Fault> {
        let Some(last) = outcasts.last() else { return Ok(()) };
        let reason = last.rejected.reason.clone();
        let batch = &passed.batch;
        let place = (Arc::clone(&batch.partition), batch.position.offset);
        if self.buried.contains(&place) {
            // Of a group that could not be committed and is written again.
            return Ok(());
        }
        let count = outcasts.len();
        let letters = outcasts.into_iter().map(|outcast| self.letter(passed, outcast)).collect();
        self.dead_letters.keep(letters)?;
        self.buried.insert(place);
        self.meter.rejected.fetch_add(count as u64, Relaxed);
        self.losses.buried.add(count, &reason);
        self.tell(Gathered::due);
        Ok(())
    }

    /// Tells of what happens to records, now and then.
    fn tell(&mut self, due: fn(&mut Gathered) -> Option<(usize, String)>) {
        let service = &self.name;
        if let Some((count, last)) = due(&mut self.losses.buried) {
            let place = self.dead_letters.path();
            let place = place.display();
            tracing::warn!(%service, count, %place, "became dead letters, the last because {last}");
        }
        if let Some((count, last)) = due(&mut self.losses.refused) {
            tracing::info!(%service, count, "refused by the target, the last one {last}");
        }
    }

    fn letter(&self, passed: &Passed, outcast: Outcast) -> Letter {
        let (record, hex) = Letter::written(&outcast.rejected.record);
        Letter {
            number: 0,
            time: rfc3339_now(),
            reason: outcast.rejected.reason,
            at: Some(outcast.at),
            kind: self.replays.outline.kind(outcast.at).to_owned(),
            form: outcast.form,
            tries: passed.tries,
            partition: passed.batch.partition.to_string(),
            offset: passed.batch.position.offset,
            record,
            hex,
        }
    }

    /// The positions are saved, so a source that cannot be told now is told with the next one.
    fn acknowledge(&mut self, group: &[Passed]) {
        let Some(acknowledger) = &mut self.acknowledger else { return };
        let last: BTreeMap<&Partition, &Position> =
            group.iter().map(|it| (&it.batch.partition, &it.batch.position)).collect();
        // Of replays the source knows nothing.
        let last = last.into_iter().filter(|(partition, _)| &***partition != letters::PARTITION);
        for (partition, position) in last {
            if let Err(fault) = acknowledger.acknowledge(partition, position) {
                tracing::warn!(service = %self.name, "not acknowledged yet: {fault}");
            }
        }
    }

    fn count(&mut self, group: &[Passed], rejected: u64, refused: &[String]) {
        let records: u64 = group.iter().map(|it| it.batch.records.count).sum();
        let bytes: usize = group.iter().map(|it| it.batch.records.bytes.len()).sum();
        let lost = rejected + refused.len() as u64;
        self.meter.stored_records.fetch_add(records.saturating_sub(lost), Relaxed);
        self.meter.refused.fetch_add(refused.len() as u64, Relaxed);
        if let Some(last) = refused.last() {
            self.losses.refused.add(refused.len(), last);
        }
        self.meter.stored_bytes.fetch_add(bytes as u64, Relaxed);
        self.meter.commits.fetch_add(1, Relaxed);
        self.meter.settled(records, None);
        self.meter.tap.show(group);
        if let Some(last) = group.last() {
            self.meter.last_records.look(&last.batch.records);
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
