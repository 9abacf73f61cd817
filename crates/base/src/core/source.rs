//! The contract of sources: where records come from.

use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::lease::Share;
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Records, Rejected};
use crate::core::wait::Wait;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a source answers when the engine asks for more.
#[derive(Debug)]
pub enum Read {
    Batch(Box<Batch>),
    /// Nothing right now; the engine looks whether it shall stop and asks again.
    Idle,
    /// There will never be more.
    End,
}

/// Reads records. Runs on a thread of its own, so it may block, but never longer than `wait` allows.
pub trait Source: Send {
    /// Called once before the first read: go on behind these positions.
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault>;

    /// Asked once, before `resume`, when the sink can be shared by several workers: what is read must be
    /// taken first. A source without partitions has nothing to share.
    fn share(&mut self, _share: Arc<dyn Share>) {}

    /// Waits for the next batch. A failure loses nothing: the next call goes on at the same place.
    fn read(&mut self, wait: &Wait) -> Result<Read, Fault>;

    /// What shall be told that a position is durable: a broker acknowledges, the journal trims.
    /// Asked for once, before the first read; a source that can be read again needs none.
    fn acknowledger(&self) -> Option<Box<dyn Acknowledge>> {
        None
    }
}

/// Called after the checkpoint was saved, in order, on the writing thread.
pub trait Acknowledge: Send {
    fn acknowledge(&mut self, partition: &Partition, position: &Position) -> Result<(), Fault>;
}

/// A source whose records come by themselves and cannot be read again. The engine puts a journal in
/// front: what the intake offers is durable before the sender is answered.
pub trait Intake: Send {
    /// Starts taking records in; the returned guard stops that when it is dropped.
    fn start(&mut self, inbox: Inbox) -> Result<Box<dyn IntakeGuard>, Fault>;
}

/// Keeps an intake open.
pub trait IntakeGuard: Send {
    /// Stops taking in, and answers everybody who is still waiting.
    fn stop(self: Box<Self>);
    /// `http://127.0.0.1:8080/` and the like, for the person who started the stack.
    fn address(&self) -> Option<String> {
        None
    }
}

/// Where an intake puts its records. Cheap to clone, bounded.
pub type Inbox = Arc<dyn Offer>;

/// Makes records durable and tells when they are.
pub trait Offer: Send + Sync {
    /// Takes JSON lines; `done` is called from another thread once they are durable, or with the reason
    /// why they are not, in which case nothing of them is kept. Only of a disk that fails in the middle of a
    /// write nobody can know what it kept.
    fn offer(&self, records: Records, done: Done);

    /// Takes what can never be a record; it becomes dead letters.
    fn reject(&self, rejected: Vec<Rejected>, done: Done);

    /// Takes either of them with a note of the intake's own, one line: all of it is durable, or nothing is. An inbox
    /// that keeps no notes takes the rest.
    fn offer_noted(&self, _note: &str, offered: Offered, done: Done) {
        match offered {
            Offered::Records(records) => self.offer(records, done),
            Offered::Rejected(rejected) => self.reject(rejected, done),
        }
    }

    /// The newest note, as it was when the intake was started.
    fn note(&self) -> Result<Option<String>, Fault> {
        Ok(None)
    }

    /// Nothing can come for now, and why; it is tried again after the pause.
    fn waits(&self, fault: &Fault, pause: Duration);

    /// What was waited for is there again.
    fn works(&self);
}

/// What can be offered together with a note.
#[derive(Debug)]
pub enum Offered {
    Records(Records),
    Rejected(Vec<Rejected>),
}

/// What an intake does with the outcome: answer its caller.
pub type Done = Box<dyn FnOnce(Result<(), NotTaken>) + Send>;

/// Why records were not taken in; the sender should try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    pub reason: String,
}

/// A data file with the metadata file that commits it.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// `data_7`
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
    /// Computed while the file was verified against its metadata.
    pub sha256: Option<String>,
    /// The metadata file, as it was read.
    pub metadata: Option<serde_json::Value>,
}
