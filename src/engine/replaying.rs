//! Delivering dead letters again: the writing thread does it between two groups of the source, in the same order of
//! write, letters, commit, checkpoint.

use crate::core::disk::DiskError;
use crate::core::fault::Fault;
use crate::core::time::now;
use crate::engine::letters::{Next, Passed, Request};
use crate::engine::writer::Writer;
use std::sync::atomic::Ordering::Relaxed;

/// What came of a look for requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replayed {
    Nothing,
    /// There may be more.
    Some,
    /// The flow was told to give up.
    Stopped,
}

impl Replayed {
    pub(super) fn goes_on(self) -> bool {
        self != Self::Stopped
    }
}

impl Writer {
    /// Delivers everything that is asked for; `false` when told to give up.
    pub(super) fn replay_all(&mut self) -> Result<bool, Fault> {
        loop {
            match self.replay()? {
                Replayed::Some => {}
                Replayed::Nothing => return Ok(true),
                Replayed::Stopped => return Ok(false),
            }
        }
    }

    /// Delivers the next batch of letters that somebody asked for. A disk that says no here does not keep the
    /// records of the source from their way: it is asked again at the next look.
    pub(super) fn replay(&mut self) -> Result<Replayed, Fault> {
        let next = self.replays.next(&self.progress.checkpoint);
        let done = match next {
            Ok(Next::Nothing) => Ok(Replayed::Nothing),
            Ok(Next::Batch(passed, first)) => return self.replay_batch(*passed, first),
            Ok(Next::Finish(request, upto)) => self.finish(&request, upto),
            Err(error) => Err(error),
        };
        let replayed = done.unwrap_or_else(|error| {
            self.replays.current = None;
            let reason = format!("dead letters are not delivered again yet: {error}");
            self.meter.error(&reason);
            tracing::debug!(service = %self.name, "{reason}");
            Replayed::Nothing
        });
        if replayed == Replayed::Nothing {
            self.next_look = now() + self.look;
        }
        Ok(replayed)
    }

    fn replay_batch(&mut self, passed: Passed, first: usize) -> Result<Replayed, Fault> {
        let (count, bytes) = (passed.batch.records.count, passed.batch.records.bytes.len() as u64);
        self.meter.took(count, bytes, passed.batch.read_at);
        let Some(passed) = self.steps.apply_from(first, passed, &self.meter)? else {
            return Err(Fault::stop("a bug: a step holds back records and does not say so"));
        };
        self.meter.became(count, passed.batch.records.count);
        if !self.deliver(&[passed])? {
            return Ok(Replayed::Stopped);
        }
        self.meter.replayed.fetch_add(count, Relaxed);
        Ok(Replayed::Some)
    }

    /// The checkpoint says that they are done, so the letters go, then the request. A crash in between does the
    /// rest once more.
    fn finish(&mut self, request: &Request, upto: u64) -> Result<Replayed, DiskError> {
        let goes = |number| number <= upto && request.letters.contains(number);
        self.dead_letters.remove(goes)?;
        self.replays.finish(request, &self.progress.checkpoint)?;
        tracing::info!(
            service = %self.name,
            request = %request.id,
            letters = request.letters.count(),
            "carried out what was asked to be done with dead letters"
        );
        Ok(Replayed::Some)
    }
}
