//! The reading thread of a flow: asks the source, applies the steps, fills the queue.

use crate::core::batch::Batch;
use crate::core::context::Pauses;
use crate::core::fault::Fault;
use crate::core::source::{Read, Source};
use crate::core::thread::panic_message;
use crate::core::wait::Wait;
use crate::engine::letters::Passed;
use crate::engine::meter::{FlowMeter, Side};
use crate::engine::retry::{Backoff, Complaints};
use crate::engine::steps::Steps;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::SyncSender;

/// What goes to the writing thread.
#[derive(Debug)]
pub(super) enum Message {
    Batch(Box<Passed>),
    /// The source could not be read; it is tried again.
    SourceFault(String),
    /// The source will never give more.
    End,
    /// Nobody reads any more.
    Finish,
    /// The source or a step cannot go on in this run.
    Stop(Fault),
}

pub(super) struct Reading {
    pub source: Box<dyn Source>,
    pub steps: Steps,
    pub wait: Wait,
    /// The writing thread is gone: nobody will take what is read.
    pub is_over: Arc<AtomicBool>,
    pub queue: SyncSender<Message>,
    pub meter: Arc<FlowMeter>,
    pub name: String,
    pub complaints: Complaints,
    pub pauses: Pauses,
}

impl Reading {
    pub(super) fn run(mut self) {
        // The writing thread must hear of a panic too, or it would wait for ever.
        let last = catch_unwind(AssertUnwindSafe(|| self.read_all())).unwrap_or_else(|panic| {
            let message = panic_message(panic.as_ref());
            Message::Stop(Fault::retry(format!(
                "a bug while reading: {message}; the flow starts again from its checkpoint"
            )))
        });
        // The writing thread may be gone already; then nobody needs to know.
        drop(self.queue.send(last));
    }

    /// Answers how it ended.
    fn read_all(&mut self) -> Message {
        let mut backoff = Backoff::new(self.pauses, self.name.len() as u64);
        while !self.wait.is_stopped() && !self.is_over.load(Relaxed) {
            let meter = Arc::clone(&self.meter);
            let read = meter.read_time.time(|| self.source.read(&self.wait));
            let passed_on = match read {
                Ok(Read::Batch(batch)) => {
                    backoff.reset();
                    self.meter.works(Side::Source);
                    self.pass_on(*batch)
                }
                Ok(Read::Idle) => {
                    self.meter.works(Side::Source);
                    Ok(true)
                }
                Ok(Read::End) => return self.finish(),
                Err(fault @ Fault::Stop { .. }) => Err(fault),
                Err(fault) => Ok(self.wait_out(&fault, &mut backoff)),
            };
            match passed_on {
                Ok(true) => {}
                Ok(false) => return Message::Finish,
                Err(fault) => return Message::Stop(fault),
            }
        }
        Message::Finish
    }

    /// Tells of a fault that may pass, and waits; answers whether anybody still listens.
    fn wait_out(&mut self, fault: &Fault, backoff: &mut Backoff) -> bool {
        let pause = backoff.pause(fault);
        self.meter.source_faults.fetch_add(1, Relaxed);
        self.meter.error(fault.reason());
        self.meter.waits(Side::Source, fault.reason());
        self.complaints.tell(&self.name, fault, pause);
        let told = self.queue.send(Message::SourceFault(fault.reason().to_owned())).is_ok();
        self.wait.sleep(pause);
        told
    }

    fn finish(&mut self) -> Message {
        for index in 0..self.steps.count() {
            let sent = match self.steps.finish(index) {
                Ok(Some(passed)) => self.apply_from(index + 1, passed),
                Ok(None) => Ok(true),
                Err(fault) => Err(fault),
            };
            match sent {
                Ok(true) => {}
                Ok(false) => return Message::Finish,
                Err(fault) => return Message::Stop(fault),
            }
        }
        Message::End
    }

    fn pass_on(&mut self, batch: Batch) -> Result<bool, Fault> {
        self.meter.took(batch.records.count, batch.records.bytes.len() as u64, batch.read_at);
        self.apply_from(0, Passed::new(batch))
    }

    /// Runs the steps from `first` on and queues what comes out; `false` when nobody listens any more. While it waits
    /// for room in the queue the steps are free for the writing thread.
    fn apply_from(&mut self, first: usize, passed: Passed) -> Result<bool, Fault> {
        let came_in = passed.batch.records.count;
        let Some(passed) = self.steps.apply_from(first, passed, &self.meter)? else {
            self.meter.settled(came_in, None);
            return Ok(true);
        };
        self.meter.became(came_in, passed.batch.records.count);
        Ok(self.queue.send(Message::Batch(Box::new(passed))).is_ok())
    }
}
