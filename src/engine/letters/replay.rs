//! The flow's side of requests: which letters come next, in which form, and from which step on.

use super::letter::{Form, Letter, Passed, Place};
use super::numbers::Numbers;
use super::request::{self, Request, What};
use super::shelf::Shelf;
use crate::core::batch::Batch;
use crate::core::disk::{Disk, DiskError};
use crate::core::position::{Checkpoint, Position};
use crate::core::record::Records;
use crate::engine::flow::Outline;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// The partition under which replays stand in the checkpoint. A source's partitions are files and names of its
/// own, so it has a name that nobody gives to one.
pub(in crate::engine) const PARTITION: &str = "headwater:dead-letters";

/// How far a request was carried out: the note of its position, so that it is saved in the same piece as what the
/// sink holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Done {
    request: String,
    /// The position before the first letter of the request.
    base: u64,
    /// Letters up to this number are done.
    upto: u64,
}

/// What is to be done next.
#[derive(Debug)]
pub(in crate::engine) enum Next {
    Nothing,
    /// A batch that enters at the step of this index.
    Batch(Box<Passed>, usize),
    /// The request is carried out up to its end, except that its letters up to this number are still there.
    Finish(Request, u64),
}

pub(in crate::engine) struct Replays {
    pub disk: Arc<dyn Disk>,
    pub directory: PathBuf,
    pub outline: Outline,
    /// Which steps gather records, so that a letter would come into the wrong result.
    pub gathers: Vec<bool>,
    pub batch_bytes: usize,
    pub current: Option<Current>,
}

/// The request that is being carried out.
#[derive(Debug)]
pub(in crate::engine) struct Current {
    request: Request,
    done: Done,
    /// Behind the last letter of the last batch.
    offset: u64,
    shelf: Shelf,
    /// The first letter of the next batch.
    first: Option<Letter>,
}

impl Replays {
    /// What comes next after what the checkpoint says is done.
    pub(in crate::engine) fn next(&mut self, checkpoint: &Checkpoint) -> Result<Next, DiskError> {
        let current = match self.current.take() {
            Some(current) => Some(current),
            None => self.begin(checkpoint)?,
        };
        let Some(mut current) = current else { return Ok(Next::Nothing) };
        let found = match current.request.what {
            What::Drop => None,
            What::Replay => self.batch(&mut current)?,
        };
        Ok(match found {
            Some((passed, first)) => {
                self.current = Some(current);
                Next::Batch(Box::new(passed), first)
            }
            None if current.request.what == What::Drop => Next::Finish(current.request, u64::MAX),
            None => Next::Finish(current.request, current.done.upto),
        })
    }

    /// The request that is under way, else the oldest that waits, made such that what is refused of it is in it no
    /// more.
    fn begin(&self, checkpoint: &Checkpoint) -> Result<Option<Current>, DiskError> {
        let disk = self.disk.as_ref();
        let waiting = request::waiting(disk, &self.directory)?;
        // Invariant: how far a request came is known of one only. Another one in between, whose id is smaller by the
        // clock or by chance, would make its letters be delivered twice.
        let is_under_way =
            |id: &&String| noted(checkpoint).is_some_and(|done| done.request == **id);
        let Some(id) = waiting.iter().find(is_under_way).or(waiting.first()).cloned() else {
            return Ok(None);
        };
        // Invariant: what is seen here is durable before something is done about it. Whoever left the request may
        // have died too early, and letters that a fault kept from going durably would come back when the request
        // does not name them any more.
        disk.sync_dir(&self.directory)?;
        request::sync(disk, &self.directory)?;
        let mut request = match Request::load(disk, &self.directory, &id)? {
            Some(Ok(request)) => request,
            Some(Err(reason)) => {
                tracing::warn!("{reason}; it is put aside");
                request::put_aside(disk, &self.directory, &id)?;
                return Ok(None);
            }
            None => return Ok(None),
        };
        let (offset, done) = done(checkpoint, &id);
        if request.what == What::Replay {
            self.accept(&mut request, done.upto)?;
        }
        let shelf = Shelf::whole(disk, &self.directory)?;
        Ok(Some(Current { request, done, offset, shelf, first: None }))
    }

    /// Takes out of a request what is not there or cannot be replayed, durably: what is in it when it is carried
    /// out goes away with it, also when the stack file was changed in between.
    fn accept(&self, request: &mut Request, upto: u64) -> Result<(), DiskError> {
        let (mut accepted, mut refused) = (Numbers::default(), Vec::new());
        Shelf::whole(self.disk.as_ref(), &self.directory)?.each(|letter| {
            if !request.letters.contains(letter.number) {
                return;
            }
            match self.entry(&letter) {
                Err(reason) if letter.number > upto => refused.push(reason),
                _ => accepted.push(letter.number),
            }
        })?;
        if accepted == request.letters {
            return Ok(());
        }
        let there = accepted.count() + refused.len() as u64;
        // What is done already may have gone away with its letters.
        request.missing +=
            if upto == 0 { request.letters.count().saturating_sub(there) } else { 0 };
        for reason in &refused {
            request.refuse(reason);
        }
        request.letters = accepted;
        request.save(self.disk.as_ref(), &self.directory)
    }

    /// The step at which a letter enters, and its form there; or why it cannot.
    fn entry(&self, letter: &Letter) -> Result<(usize, Form), String> {
        let form = letter.replayed_as()?;
        let steps = &self.outline.steps;
        let first = match letter.at {
            None | Some(Place::Source) => 0,
            Some(Place::Sink) => steps.len(),
            Some(Place::Step(number)) => match steps.get(number.saturating_sub(1)) {
                Some(kind) if *kind == letter.kind => number.saturating_sub(1),
                found => {
                    return Err(format!(
                        "it was rejected at step {number}, `{}`, and {}: put the step back where it was, or take \
                         the record out of the file by hand and drop the letter",
                        letter.kind,
                        found.map_or_else(
                            || "there is no such step any more".to_owned(),
                            |kind| format!("this step is `{kind}` now")
                        )
                    ));
                }
            },
        };
        let gathering = self.gathers.iter().skip(first).position(|gathers| *gathers);
        match gathering {
            Some(at) => Err(format!(
                "step {} gathers records, and those that it belongs to are through: correct the record where it \
                 comes from and drop the letter",
                first + at + 1
            )),
            None => Ok((first, form)),
        }
    }

    /// Letters that go together: rejected at the same place, in the same form, as often.
    fn batch(&self, current: &mut Current) -> Result<Option<(Passed, usize)>, DiskError> {
        let Some(first) = current.next_letter()? else { return Ok(None) };
        let Ok((entry, form)) = self.entry(&first) else { return Ok(None) };
        let tries = first.tries + 1;
        let like = (first.at, first.kind.clone(), first.form.clone(), first.tries);
        let mut records = Records::empty(form.encoding());
        let mut letter = Some(first);
        while let Some(this) = letter.take() {
            let is_alike = like == (this.at, this.kind.clone(), this.form.clone(), this.tries);
            let bytes = this.bytes();
            let is_full = records.count > 0 && records.bytes.len() + bytes.len() > self.batch_bytes;
            if !is_alike || is_full {
                current.first = Some(this);
                break;
            }
            records.bytes.extend_from_slice(bytes.strip_suffix(b"\n").unwrap_or(&bytes));
            records.bytes.push(b'\n');
            records.count += 1;
            current.done.upto = this.number;
            letter = current.next_letter()?;
        }
        current.offset += records.count;
        let note = serde_json::to_string(&current.done).unwrap_or_default();
        let batch =
            Batch::new(&PARTITION.into(), Position { offset: current.offset, note }, records);
        Ok(Some((Passed { batch, outcasts: Vec::new(), tries }, entry)))
    }

    /// Notes what became of a request whose letters are gone, and takes it away.
    pub(in crate::engine) fn finish(
        &self,
        request: &Request,
        checkpoint: &Checkpoint,
    ) -> Result<(), DiskError> {
        let (offset, done) = done(checkpoint, &request.id);
        let mut again = 0;
        Shelf::whole(self.disk.as_ref(), &self.directory)?.each(|letter| {
            again += u64::from(letter.partition == PARTITION && letter.offset > done.base);
        })?;
        let settled = match request.what {
            What::Drop => (request.letters.count(), 0),
            What::Replay => ((offset - done.base).saturating_sub(again), again),
        };
        request.answer(self.disk.as_ref(), &self.directory, settled)
    }
}

impl Current {
    fn next_letter(&mut self) -> Result<Option<Letter>, DiskError> {
        if let Some(letter) = self.first.take() {
            return Ok(Some(letter));
        }
        while let Some(letter) = self.shelf.next_letter()? {
            let is_asked = self.request.letters.contains(letter.number);
            if letter.number > self.done.upto && is_asked {
                return Ok(Some(letter));
            }
        }
        Ok(None)
    }
}

/// The request that replays were of last, and how far it came.
fn noted(checkpoint: &Checkpoint) -> Option<Done> {
    serde_json::from_str(&checkpoint.position(PARTITION)?.note).ok()
}

/// The position of replays, and how far this request came.
fn done(checkpoint: &Checkpoint, id: &str) -> (u64, Done) {
    let offset = checkpoint.position(PARTITION).map_or(0, |position| position.offset);
    let known = noted(checkpoint).filter(|done| done.request == id);
    (offset, known.unwrap_or(Done { request: id.to_owned(), base: offset, upto: 0 }))
}
