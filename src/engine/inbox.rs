//! The journal in front of an intake: what is offered is durable before anyone is answered.
//!
//! All offers that wait while the disk syncs share the next sync, so durability costs one sync for many
//! senders.

use crate::core::context::Context;
use crate::core::disk::DiskError;
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::limits::{COMMIT_BYTES, JOURNAL_BYTES, JOURNAL_SEGMENT_BYTES};
use crate::core::record::{Records, Rejected};
use crate::core::source::{Done, Inbox, NotTaken, Offer, Offered};
use crate::core::thread::spawn;
use crate::engine::journal::{Journal, JournalError, JournalOptions, JournalReader};
use crate::engine::journal_source::JournalSource;
use crate::engine::meter::{FlowMeter, Side};
use crate::engine::notes;
use crate::engine::refusals;
use crate::engine::retry::Complaints;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Offers that may wait for the journal; then senders are told to come back later.
const OFFERS: usize = 4096;

/// A running journal with its writing thread.
pub(super) struct Intaken {
    inbox: Arc<Door>,
    thread: Option<JoinHandle<()>>,
}

/// The sending side; closed by taking the sender out.
struct Door {
    sender: Mutex<Option<SyncSender<(Frame, Done)>>>,
    /// Where the newest note stands; gone once it was asked for.
    tail: Mutex<Option<JournalReader>>,
    service: String,
    meter: Arc<FlowMeter>,
    complaints: Mutex<Complaints>,
}

/// The bytes of one offer.
type Frame = Vec<u8>;

impl Offer for Door {
    fn offer(&self, records: Records, done: Done) {
        self.send(records.bytes, done);
    }

    fn reject(&self, rejected: Vec<Rejected>, done: Done) {
        self.send(refusals::frame(&rejected), done);
    }

    fn offer_noted(&self, note: &str, offered: Offered, done: Done) {
        let frame = match offered {
            Offered::Records(records) => notes::frame(note, &records.bytes),
            Offered::Rejected(rejected) => notes::frame(note, &refusals::frame(&rejected)),
        };
        self.send(frame, done);
    }

    fn note(&self) -> Result<Option<String>, Fault> {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner).take();
        tail.map_or(Ok(None), notes::newest).map_err(fault)
    }

    fn waits(&self, fault: &Fault, pause: Duration) {
        self.meter.waits(Side::Intake, fault.reason());
        self.meter.error(fault.reason());
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        complaints.tell(&self.service, fault, pause);
    }

    fn works(&self) {
        self.meter.works(Side::Intake);
    }
}

impl Door {
    fn send(&self, frame: Frame, done: Done) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sender) = sender else { return done(Err(not_taken("the service is stopping"))) };
        match sender.try_send((frame, done)) {
            Ok(()) => {}
            Err(TrySendError::Full((_, done))) => {
                done(Err(not_taken("too much is waiting already")));
            }
            Err(TrySendError::Disconnected((_, done))) => {
                done(Err(not_taken("the service is stopping")));
            }
        }
    }
}

fn not_taken(reason: &str) -> NotTaken {
    NotTaken { reason: reason.to_owned() }
}

impl Intaken {
    /// Opens the service's journal and starts writing to it. `delivered`: what the checkpoint has.
    pub(super) fn open(
        context: &Context,
        meter: &Arc<FlowMeter>,
        delivered: u64,
    ) -> Result<(Self, JournalSource, Vec<Finding>), Fault> {
        let options = JournalOptions {
            bytes_max: JOURNAL_BYTES,
            segment_bytes: JOURNAL_SEGMENT_BYTES,
            delivered,
            ..JournalOptions::default()
        };
        let directory = context.data.join("journal");
        let (journal, findings) =
            Journal::open(Arc::clone(&context.disk), &directory, options).map_err(fault)?;
        let source = JournalSource::new(&journal, context, delivered);
        let (sender, receiver) = sync_channel(OFFERS);
        let name = context.service.clone();
        let inbox = Arc::new(Door {
            sender: Mutex::new(Some(sender)),
            tail: Mutex::new(Some(notes::tail(&journal))),
            service: name.clone(),
            meter: Arc::clone(meter),
            complaints: Mutex::default(),
        });
        let meter = Arc::clone(meter);
        let thread = spawn(&format!("{name} journal"), move || {
            write(journal, &receiver, &name, &meter);
        })?;
        Ok((Self { inbox, thread: Some(thread) }, source, findings))
    }

    pub(super) fn inbox(&self) -> Inbox {
        Arc::<Door>::clone(&self.inbox)
    }

    /// Answers everybody who waits and ends the thread.
    pub(super) fn stop(mut self) {
        self.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the journal's thread panicked");
        }
    }

    fn close(&self) {
        self.inbox.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// A run that panicked lets its journal go, whoever still holds the inbox: the next run needs it.
impl Drop for Intaken {
    fn drop(&mut self) {
        self.close();
    }
}

/// A full disk gets room; a journal of another version needs a person.
pub(super) fn fault(error: JournalError) -> Fault {
    match error {
        // The service's own lock keeps other processes out: what holds the journal is the run before this
        // one, which is just letting go.
        JournalError::Disk(error @ DiskError::Held { .. }) => Fault::retry(error.to_string()),
        JournalError::Disk(error) => error.into(),
        JournalError::Full { .. } => Fault::retry(error.to_string()),
        JournalError::TooLarge { .. } | JournalError::Newer { .. } => {
            Fault::stop(error.to_string())
        }
    }
}

fn write(mut journal: Journal, offers: &Receiver<(Frame, Done)>, name: &str, meter: &FlowMeter) {
    while let Ok(first) = offers.recv() {
        let mut bytes = first.0.len();
        let mut group = vec![first];
        while bytes < COMMIT_BYTES {
            let Ok(next) = offers.try_recv() else { break };
            bytes += next.0.len();
            group.push(next);
        }
        let frames: Vec<&[u8]> = group.iter().map(|(frame, _)| frame.as_slice()).collect();
        let outcome = journal.append(&frames).map(|_| ()).map_err(|error| {
            meter.waits(Side::Intake, &error.to_string());
            tracing::warn!(service = %name, "not taken in: {error}");
            NotTaken { reason: error.to_string() }
        });
        if outcome.is_ok() {
            meter.works(Side::Intake);
        }
        for (_, done) in group {
            done(outcome.clone());
        }
    }
}
