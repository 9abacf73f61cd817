//! A flow: one thread reads, one writes, and this file starts, watches and stops them.
//!
//! ```text
//!  reading thread                        writing thread
//!  source.read -> steps.apply -> queue -> sink.write ... sink.commit -> checkpoint saved -> acknowledge
//! ```
//!
//! The order on the right is law. A kill between any two of its steps repeats work and never loses it: the checkpoint
//! says less than what is stored, never more, and a sink that is told it at the next start cuts itself back to it.
//! The queue is bounded; a slow sink slows the source down. While the sink syncs, batches gather and share a commit.

use crate::core::context::Context;
use crate::core::disk::{DiskError, DiskLock};
use crate::core::fault::Fault;
use crate::core::finding::{Finding, Severity};
use crate::core::kind::BuiltSource;
use crate::core::limits::{DRAIN, QUEUE_BATCHES, SEATS};
use crate::core::position::Checkpoint;
use crate::core::sink::Sink;
use crate::core::source::{Acknowledge, IntakeGuard, Source};
use crate::core::step::Step;
use crate::core::thread::{panic_message, spawn};
use crate::core::wait::Wait;
use crate::engine::checkpoints::CheckpointError;
use crate::engine::inbox::Intaken;
use crate::engine::journal_source;
use crate::engine::letters::{self, DeadLetters, Place, Replays};
use crate::engine::meter::{FlowMeter, State};
use crate::engine::progress::{Kept, Progress, ProgressError};
use crate::engine::reader::{self, Message};
use crate::engine::retry::{Backoff, Complaints, Losses};
use crate::engine::standby::{Elect, stand_by};
use crate::engine::steps::Steps;
use crate::engine::writer::{End, Writer};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The components of a flow, made anew at every start.
pub struct Parts {
    pub source: BuiltSource,
    pub steps: Vec<Box<dyn Step>>,
    pub sink: Box<dyn Sink>,
}

/// Makes the components of a flow.
pub type Build = Box<dyn Fn(&Context) -> Result<Parts, Fault> + Send>;

/// What a flow's dead letters say of where they were rejected.
#[derive(Debug, Clone)]
pub struct Outline {
    /// The kinds.
    pub source: String,
    pub steps: Vec<String>,
    pub sink: String,
    /// Whether the source gives again what no checkpoint has.
    pub comes_again: bool,
    /// Bytes that the letters may take.
    pub letter_bytes: u64,
}

/// What it takes to run a flow.
pub struct Flow {
    pub context: Context,
    pub outline: Outline,
    pub build: Build,
    /// Called once the flow has ended or stopped, whatever the reason.
    pub on_end: Arc<dyn Fn() + Send + Sync>,
    /// Of a flow that one process alone may run, and others stand by for.
    pub elect: Option<Elect>,
}

/// A flow that runs. Dropping it does not stop it; `stop` does.
pub struct RunningFlow {
    pub name: String,
    pub meter: Arc<FlowMeter>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the flow's threads and its owner share.
#[derive(Default)]
struct Shared {
    /// Ends reading.
    reading: Wait,
    /// Ends the tries of a sink that does not work.
    writing: Wait,
    /// The way to tell the writing thread that no more comes, should the source hang.
    queue: Mutex<Option<SyncSender<Message>>>,
    addresses: Mutex<Vec<String>>,
    has_ended: AtomicBool,
}

impl Outline {
    /// The kind of what stands there.
    pub(super) fn kind(&self, place: Place) -> &str {
        match place {
            Place::Source => &self.source,
            Place::Step(number) => {
                self.steps.get(number.saturating_sub(1)).map_or("", String::as_str)
            }
            Place::Sink => &self.sink,
        }
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps = self.steps.len();
        formatter.debug_struct("Parts").field("steps", &steps).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Flow").field("context", &self.context).finish_non_exhaustive()
    }
}

impl Flow {
    pub fn start(self) -> std::io::Result<RunningFlow> {
        let name = self.context.service.clone();
        let meter = Arc::new(FlowMeter::default());
        let shared = Arc::new(Shared::default());
        let runner = Runner { flow: self, meter: Arc::clone(&meter), shared: Arc::clone(&shared) };
        let thread = spawn(&name, move || {
            runner.run();
            // Whoever is told of the end must find that it has come, and this thread still runs then.
            runner.shared.has_ended.store(true, Release);
            (runner.flow.on_end)();
            runner.attend();
        })?;
        Ok(RunningFlow { name, meter, shared, thread: Some(thread) })
    }
}

impl RunningFlow {
    /// Where its source listens, if it does.
    pub fn addresses(&self) -> Vec<String> {
        lock(&self.shared.addresses).clone()
    }

    /// Waits until its parts are open or something says no, at most `patience`.
    pub fn wait_until_open(&self, patience: Duration) {
        let deadline = crate::core::time::now() + patience;
        let tick = Wait::new();
        while self.meter.state() == State::Starting && crate::core::time::now() < deadline {
            tick.sleep(Duration::from_millis(1));
        }
    }

    pub fn has_ended(&self) -> bool {
        self.shared.has_ended.load(Acquire)
    }

    /// Asks the flow to stop reading; `join` waits for it.
    pub fn stop(&self) {
        self.shared.reading.stop();
    }

    /// Waits until what was read is stored, at most `DRAIN`; what is not stored by then is not
    /// acknowledged either, and comes again at the next start.
    pub fn join(mut self) {
        let Some(thread) = self.thread.take() else { return };
        let deadline = crate::core::time::now() + DRAIN;
        let patience = crate::core::time::now() + Duration::from_secs(1);
        let tick = Wait::new();
        while !thread.is_finished() && crate::core::time::now() < deadline {
            if crate::core::time::now() > patience {
                // A source that hangs in a read gives nothing more; the queue is closed over its head.
                self.close_queue();
            }
            tick.sleep(Duration::from_millis(5));
        }
        self.shared.writing.stop();
        self.close_queue();
        let patience = crate::core::time::now() + Duration::from_secs(1);
        while !thread.is_finished() && crate::core::time::now() < patience {
            tick.sleep(Duration::from_millis(5));
        }
    }

    fn close_queue(&self) {
        if let Some(queue) = lock(&self.shared.queue).take() {
            // A full queue has something to wake the writer with already.
            drop(queue.try_send(Message::Finish));
        }
    }
}

impl std::fmt::Debug for RunningFlow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RunningFlow").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Requests for dead letters are looked for after so many of the shortest pauses: twice a second.
const LOOK_PAUSES: u32 = 5;

struct Runner {
    flow: Flow,
    meter: Arc<FlowMeter>,
    shared: Arc<Shared>,
}

/// Everything that one run holds open.
struct Opened {
    writer: Writer,
    source: Box<dyn Source>,
    intake: Option<(Box<dyn IntakeGuard>, Intaken)>,
    _lock: Box<dyn DiskLock>,
}

/// The place of one worker, with the parts that were made for it.
struct Seat {
    context: Context,
    lock: Box<dyn DiskLock>,
    parts: Parts,
    kept: Option<Kept>,
}

impl Runner {
    /// Runs until the source ends, the owner stops it, or a person is needed; a panic or a failed start
    /// begins anew from the checkpoint.
    fn run(&self) {
        let name = &self.flow.context.service;
        let mut backoff = Backoff::new(self.flow.context.pauses, name.len() as u64 + 1);
        let mut complaints = Complaints::default();
        while !self.shared.reading.is_stopped() {
            let fault = match catch_unwind(AssertUnwindSafe(|| self.run_once())) {
                Ok(Ok(state)) => {
                    self.meter.set_state(state);
                    return;
                }
                Ok(Err(fault)) => fault,
                Err(panic) => Fault::retry(format!(
                    "a bug: {}; the flow starts again from its checkpoint",
                    panic_message(panic.as_ref())
                )),
            };
            self.meter.error(fault.reason());
            if let Fault::Stop { reason } = &fault {
                tracing::error!(service = %name, "stopped: {reason}");
                self.meter.set_state(State::Failed(reason.clone()));
                return;
            }
            let pause = backoff.pause(&fault);
            complaints.tell(name, &fault, pause);
            self.meter.set_state(State::Waiting(fault.reason().to_owned()));
            self.shared.reading.sleep(pause);
        }
        self.meter.set_state(State::Stopped);
    }

    fn run_once(&self) -> Result<State, Fault> {
        let name = self.flow.context.service.clone();
        let Some(mut opened) = self.open()? else { return Ok(State::Stopped) };
        let (sender, receiver) = sync_channel(QUEUE_BATCHES);
        *lock(&self.shared.queue) = Some(sender.clone());
        let over = Over(Arc::default());
        let reading = reader::Reading {
            source: opened.source,
            steps: opened.writer.steps.clone(),
            wait: self.shared.reading.clone(),
            is_over: Arc::clone(&over.0),
            queue: sender,
            meter: Arc::clone(&self.meter),
            name: name.clone(),
            complaints: Complaints::default(),
            pauses: self.flow.context.pauses,
        };
        self.meter.set_running();
        // Nobody joins it: a source that hangs must not keep the flow from stopping.
        drop(spawn(&format!("{name} reads"), move || reading.run())?);
        let end = opened.writer.run(&receiver);
        drop(receiver);
        *lock(&self.shared.queue) = None;
        if let Some((guard, intaken)) = opened.intake.take() {
            guard.stop();
            intaken.stop();
        }
        match end? {
            End::Source => Ok(State::Ended),
            End::Stopped => Ok(State::Stopped),
        }
    }

    /// Nothing when it was stopped before it was its turn.
    fn open(&self) -> Result<Option<Opened>, Fault> {
        let Some(Seat { context, lock, parts, kept }) = self.seat()? else { return Ok(None) };
        let (writer, source) = self.open_writer(&context, parts, kept.as_ref())?;
        let (mut source, acknowledger, intake) = self.open_source(source, &writer.progress)?;
        if let Some(share) = writer.sink.share() {
            source.share(share);
        }
        let mut own = writer.progress.checkpoint.clone();
        own.positions.remove(letters::PARTITION);
        source.resume(&own)?;
        let acknowledger = acknowledger.or_else(|| source.acknowledger());
        Ok(Some(Opened { writer: Writer { acknowledger, ..writer }, source, intake, _lock: lock }))
    }

    /// Everything but the source.
    fn open_writer(
        &self,
        context: &Context,
        parts: Parts,
        kept: Option<&Kept>,
    ) -> Result<(Writer, BuiltSource), Fault> {
        let Parts { source, steps, mut sink } = parts;
        let (mut progress, findings) =
            Progress::open(&context.disk, &context.data.join("checkpoint"), kept).map_err(fault)?;
        self.tell(&findings);
        let recovered = sink.recover(&progress.checkpoint)?;
        self.tell(&recovered.findings);
        for (partition, position) in &recovered.ahead {
            progress.checkpoint.advance(partition, position);
        }
        let known = progress.checkpoint.letters.filter(|_| !recovered.begins);
        let dead_letters = self.open_letters(context, &mut progress.checkpoint)?;
        if progress.checkpoint.sink.is_none() || progress.checkpoint.letters != known {
            // Before the first write: what a crash leaves behind this state is not somebody else's. And letters of
            // batches that the sink has already are shown to nobody before the checkpoint knows them.
            progress.checkpoint.sink = sink.commit()?;
            progress.save().map_err(fault)?;
        }
        let steps = Steps::new(steps);
        let writer = Writer {
            name: context.service.clone(),
            sink,
            progress,
            dead_letters,
            replays: self.replays(context, &steps),
            steps,
            look: context.pauses.first * LOOK_PAUSES,
            next_look: crate::core::time::now(),
            acknowledger: None,
            meter: Arc::clone(&self.meter),
            commit_bytes: context.commit_bytes,
            abort: self.shared.writing.clone(),
            complaints: Complaints::default(),
            losses: Losses::default(),
            buried: BTreeSet::new(),
            backoff: Backoff::new(context.pauses, context.service.len() as u64),
        };
        Ok((writer, source))
    }

    /// Letters that a crash left behind the checkpoint come again with their batches, unless the sink is ahead of it.
    fn open_letters(
        &self,
        context: &Context,
        checkpoint: &mut Checkpoint,
    ) -> Result<DeadLetters, Fault> {
        let outline = &self.flow.outline;
        let disk = Arc::clone(&context.disk);
        let mut dead_letters = DeadLetters::new(disk, &context.data, outline.letter_bytes);
        // Of a checkpoint that is new, or knows of no numbers, every letter is older.
        let settled = checkpoint.letters;
        dead_letters.settle(settled.unwrap_or(0), |letter| {
            let comes_again = outline.comes_again || letter.partition == letters::PARTITION;
            let position = checkpoint.position(&letter.partition);
            let is_stored = position.is_some_and(|position| position.offset >= letter.offset);
            settled.is_none() || !comes_again || is_stored
        })?;
        checkpoint.letters = Some(dead_letters.last());
        Ok(dead_letters)
    }

    fn replays(&self, context: &Context, steps: &Steps) -> Replays {
        Replays {
            disk: Arc::clone(&context.disk),
            directory: context.data.clone(),
            outline: self.flow.outline.clone(),
            gathers: steps.gathers(),
            batch_bytes: context.batch_bytes(),
            current: None,
        }
    }

    /// The source has ended, and dead letters may still be asked for: only the sink is opened for them.
    fn attend(&self) {
        let context = &self.flow.context;
        let mut complaints = Complaints::default();
        let look = context.pauses.first * LOOK_PAUSES;
        // Its owner has the other one.
        let is_owned = || Arc::strong_count(&self.shared) > 1;
        while self.meter.state() == State::Ended && !self.shared.reading.sleep(look) && is_owned() {
            if letters::waiting(context.disk.as_ref(), &context.data).is_ok_and(|it| it.is_empty())
            {
                continue;
            }
            let replayed = catch_unwind(AssertUnwindSafe(|| {
                let Some(seat) = self.seat()? else { return Ok(false) };
                let Seat { context, lock: _lock, parts, kept } = seat;
                let (mut writer, _) = self.open_writer(&context, parts, kept.as_ref())?;
                writer.replay_all()
            }));
            if let Ok(Err(fault)) = replayed {
                self.meter.error(fault.reason());
                complaints.tell(&context.service, &fault, look);
            }
        }
    }

    /// Finds the directory that is this worker's: the service's own, or, where several workers may run with one
    /// `--data`, the first below it that no other process has.
    fn seat(&self) -> Result<Option<Seat>, Fault> {
        let mut context = self.flow.context.clone();
        let own = context.data.clone();
        for number in 2..=SEATS {
            context.disk.create_dir_all(&context.data)?;
            let locked = context.disk.lock(&context.data.join("lock"));
            let is_held = matches!(locked, Err(DiskError::Held { .. }));
            match &self.flow.elect {
                Some(_) if is_held => {}
                Some(elect) => {
                    let (lock, reading) = (locked?, &self.shared.reading);
                    let elected = stand_by(context, elect, &self.meter, reading)?;
                    let Some((context, kept)) = elected else { return Ok(None) };
                    let parts = (self.flow.build)(&context)?;
                    return Ok(Some(Seat { context, lock, parts, kept: Some(kept) }));
                }
                None => {
                    let parts = (self.flow.build)(&context)?;
                    if !is_held || !parts.sink.shares() {
                        return Ok(Some(Seat { lock: locked?, context, parts, kept: None }));
                    }
                }
            }
            context.data = own.join(format!("worker-{number}"));
        }
        Err(Fault::stop(format!("{SEATS} workers have their files in {} already", own.display())))
    }

    /// Puts the journal in front of a source that comes by itself.
    #[expect(clippy::type_complexity, reason = "the three belong together only here")]
    fn open_source(
        &self,
        source: BuiltSource,
        progress: &Progress,
    ) -> Result<
        (Box<dyn Source>, Option<Box<dyn Acknowledge>>, Option<(Box<dyn IntakeGuard>, Intaken)>),
        Fault,
    > {
        let mut intake = match source {
            BuiltSource::Read(source) => return Ok((source, None, None)),
            BuiltSource::Intake(intake) => intake,
        };
        let position = progress.checkpoint.position(journal_source::PARTITION);
        let delivered = position.map_or(0, |position| position.offset);
        let (intaken, source, findings) =
            Intaken::open(&self.flow.context, &self.meter, delivered)?;
        self.tell(&findings);
        let acknowledger = source.acknowledger();
        let guard = intake.start(intaken.inbox())?;
        let addresses = guard.address().into_iter().collect();
        *lock(&self.shared.addresses) = addresses;
        Ok((Box::new(source), acknowledger, Some((guard, intaken))))
    }

    fn tell(&self, findings: &[Finding]) {
        let service = &self.flow.context.service;
        for finding in findings {
            match finding.severity {
                Severity::Notice => tracing::info!(service = %service, "{finding}"),
                Severity::Damage => tracing::warn!(service = %service, "{finding}"),
            }
        }
    }
}

/// Ends the reading thread of a run when the run ends, also by a panic.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A checkpoint that cannot be read needs a person; a disk that says no may say yes later.
fn fault(error: ProgressError) -> Fault {
    match error {
        ProgressError::Disk(error) | ProgressError::File(CheckpointError::Disk(error)) => {
            error.into()
        }
        ProgressError::Elsewhere(fault) => fault,
        other => Fault::stop(other.to_string()),
    }
}
