//! Receives: a thread that owns the connection, puts what comes into the inbox, and acknowledges it when it is durable
//! there. A connection that was lost, or whose messages could not be kept, is made anew: the broker sends again what
//! was not acknowledged.

use super::session::Remembered;
use super::settings::{Settings, Version};
use super::version4::Version4;
use super::version5::Version5;
use super::wire::{Event, GOODBYE, Message, PATIENCE, Quality, Session, Wire};
use crate::clients::backoff::Backoff;
use crate::clients::race::{Either, either};
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::limits::COMMIT_BYTES;
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::source::{Inbox, NotTaken};
use crate::core::thread::{panic_message, spawn};
use crate::core::time::now;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Offers that wait for the journal at a time: one that it syncs, and one to be next. What comes meanwhile gathers.
const OFFERS: usize = 2;

/// Makes a record of a message, or says why there can be none.
pub type Make = Box<dyn FnMut(&Message, &mut Records) -> Result<(), Rejected> + Send>;

/// What is received, and as whom.
#[derive(Debug)]
pub struct Subscription {
    pub settings: Settings,
    pub topics: Vec<String>,
    pub quality: Quality,
    /// How long the broker keeps the session while this client is away.
    pub session: Duration,
}

/// A thread that receives; `stop` ends it and waits, dropping only ends it.
#[derive(Debug)]
pub struct Receiving {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.stop.is_set.store(true, SeqCst);
        self.stop.changed.notify_one();
    }
}

impl Receiving {
    pub fn start(
        subscription: Subscription,
        context: &Context,
        inbox: Inbox,
        make: Make,
    ) -> Result<Self, Fault> {
        let stop = Arc::new(Stop::default());
        let version = subscription.settings.version;
        let receiver = Receiver {
            subscription,
            context: context.clone(),
            inbox,
            make,
            stop: Arc::clone(&stop),
            is_subscribed: false,
        };
        let name = format!("{} mqtt", context.service);
        let thread = spawn(&name, move || match version {
            Version::Four => receiver.run::<Version4>(),
            Version::Five => receiver.run::<Version5>(),
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Takes nothing more, acknowledges what is durable, says goodbye.
    pub fn stop(mut self) {
        let thread = self.thread.take();
        drop(self);
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of MQTT panicked");
        }
    }
}

#[derive(Debug, Default)]
struct Stop {
    is_set: AtomicBool,
    changed: Notify,
}

struct Receiver {
    subscription: Subscription,
    context: Context,
    inbox: Inbox,
    make: Make,
    stop: Arc<Stop>,
    /// The connection of now has come so far.
    is_subscribed: bool,
}

impl Receiver {
    fn run<V: Wire>(mut self) {
        let seed = self.context.service.len() as u64 + 5;
        let mut backoff = Backoff::new(self.context.pauses, seed);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let service = &self.context.service;
                tracing::error!(%service, "MQTT cannot be received: {error}");
                return;
            }
        };
        while !self.stop.is_set.load(SeqCst) {
            let connection = AssertUnwindSafe(|| runtime.block_on(self.connection::<V>()));
            let reason = match catch_unwind(connection) {
                Ok(Ok(())) => return,
                Ok(Err(reason)) => reason,
                Err(panic) => format!("a bug: {}", panic_message(panic.as_ref())),
            };
            if std::mem::take(&mut self.is_subscribed) {
                backoff.reset();
            }
            let broker = self.subscription.settings.broker();
            let fault = Fault::retry(format!("the MQTT broker {broker}: {reason}"));
            let pause = backoff.pause(&fault);
            self.inbox.waits(&fault, pause);
            let rests = async { tokio::time::sleep(pause).await };
            runtime.block_on(either(self.stop.changed.notified(), rests));
        }
    }

    /// One connection, from its beginning to its end; the reason why it had to end.
    async fn connection<V: Wire>(&mut self) -> Result<(), String> {
        let session = Session::Kept(self.subscription.session);
        let opened = V::open(&self.subscription.settings, session);
        let (handle, mut line) = opened.map_err(|fault| fault.reason().to_owned())?;
        let connection = Connection::<V> {
            receiver: self,
            handle,
            flight: Arc::default(),
            group: Group::default(),
            subscribing: None,
            phase: Phase::Taking,
            deadline: Some(now() + PATIENCE),
        };
        connection.run(&mut line).await
    }

    fn file(&self) -> PathBuf {
        self.context.data.join("mqtt-session.json")
    }

    fn wanted(&self) -> Remembered {
        Remembered {
            broker: self.subscription.settings.broker(),
            client_id: self.subscription.settings.client_id.clone(),
            topics: self.subscription.topics.clone(),
            qos: self.subscription.quality as u8,
        }
    }

    fn tell_of_lost_session(&self) {
        let what = format!(
            "the MQTT broker {} has lost the session of `{}`",
            self.subscription.settings.broker(),
            self.subscription.settings.client_id
        );
        let finding = Finding::damage(&self.file(), what)
            .done("the topics were subscribed to again; what was published meanwhile is not known here")
            .remedy("let the broker keep its sessions on disk (mosquitto: `persistence true`), and longer");
        tracing::warn!(service = %self.context.service, "{finding}");
    }
}

/// Messages that are not offered yet.
struct Group<A> {
    records: Records,
    acknowledgements: Vec<A>,
    rejected: Vec<Rejected>,
    of_rejected: Vec<A>,
}

impl<A> Default for Group<A> {
    fn default() -> Self {
        Self {
            records: Records::empty(Encoding::Json),
            acknowledgements: Vec::new(),
            rejected: Vec::new(),
            of_rejected: Vec::new(),
        }
    }
}

impl<A> Group<A> {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.acknowledgements.is_empty() && self.rejected.is_empty()
    }
}

/// What is on its way into the journal.
#[derive(Debug)]
struct Flight<A> {
    offers: AtomicUsize,
    landed: Mutex<Landed<A>>,
    changed: Notify,
}

/// What became of offers, and nobody has seen to yet.
#[derive(Debug)]
struct Landed<A> {
    durable: Vec<A>,
    failure: Option<String>,
}

impl<A> Default for Flight<A> {
    fn default() -> Self {
        let landed = Mutex::new(Landed { durable: Vec::new(), failure: None });
        Self { offers: AtomicUsize::new(0), landed, changed: Notify::new() }
    }
}

impl<A> Flight<A> {
    fn landed(&self) -> MutexGuard<'_, Landed<A>> {
        self.landed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Taking,
    /// Nothing more is taken; what was taken is waited for.
    Settling,
    /// The goodbye is on its way.
    Leaving,
}

type Subscribing = Pin<Box<dyn Future<Output = Result<(), String>>>>;

struct Connection<'a, V: Wire> {
    receiver: &'a mut Receiver,
    handle: V::Handle,
    flight: Arc<Flight<V::Acknowledgement>>,
    group: Group<V::Acknowledgement>,
    subscribing: Option<Subscribing>,
    phase: Phase,
    /// When something must have happened that is waited for.
    deadline: Option<Instant>,
}

impl<V: Wire> Connection<'_, V> {
    async fn run(mut self, line: &mut V::Line) -> Result<(), String> {
        loop {
            // Driven to its end, however often something else wakes us: it may hold an acknowledgement half sent.
            let mut next = pin!(V::next(line));
            let event = loop {
                self.go_on()?;
                let is_stuffed = self.group.records.bytes.len() >= COMMIT_BYTES;
                if is_stuffed {
                    // The journal is slower than the broker: nothing is read until it has caught up.
                    self.woken().await?;
                    continue;
                }
                match either(next.as_mut(), self.woken()).await {
                    Either::First(event) => break event,
                    Either::Second(woken) => woken?,
                }
            };
            match event {
                Ok(event) => self.handle(event)?,
                Err(_) if self.phase == Phase::Leaving => return Ok(()),
                Err(reason) => return Err(reason),
            }
        }
    }

    /// Does what can be done now without waiting.
    fn go_on(&mut self) -> Result<(), String> {
        self.acknowledge()?;
        if self.phase == Phase::Taking && self.receiver.stop.is_set.load(SeqCst) {
            self.phase = Phase::Settling;
            self.deadline = Some(now() + GOODBYE);
        }
        if self.flight.offers.load(SeqCst) < OFFERS && !self.group.is_empty() {
            self.offer();
        }
        if self.phase == Phase::Settling && self.flight.offers.load(SeqCst) == 0 {
            // The last ones may have landed since.
            self.acknowledge()?;
            self.phase = Phase::Leaving;
            V::leave(&self.handle);
        }
        Ok(())
    }

    /// Acknowledges what is durable, all of it from this thread: who syncs the journal shall not wake the broker for
    /// each message.
    fn acknowledge(&self) -> Result<(), String> {
        let (durable, failure) = {
            let mut landed = self.flight.landed();
            (std::mem::take(&mut landed.durable), landed.failure.take())
        };
        for acknowledgement in durable {
            V::acknowledge(&self.handle, acknowledgement);
        }
        match failure {
            Some(reason) => Err(format!("its messages are left there for now: {reason}")),
            None => Ok(()),
        }
    }

    /// Waits for anything but the broker.
    async fn woken(&mut self) -> Result<(), String> {
        let subscribing = async {
            match &mut self.subscribing {
                Some(subscribing) => subscribing.await,
                None => pending().await,
            }
        };
        let deadline = self.deadline;
        let too_late = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => pending().await,
            }
        };
        let told = either(self.flight.changed.notified(), self.receiver.stop.changed.notified());
        match either(told, either(subscribing, too_late)).await {
            Either::First(_) => Ok(()),
            Either::Second(Either::First(subscribed)) => {
                self.subscribing = None;
                subscribed?;
                self.subscribed()
            }
            Either::Second(Either::Second(())) => Err("no answer in time".into()),
        }
    }

    fn handle(&mut self, event: Event<V::Acknowledgement>) -> Result<(), String> {
        match event {
            Event::Connected { is_resumed, .. } => self.connected(is_resumed),
            Event::Message(message, acknowledgement) if self.phase == Phase::Taking => {
                self.take(&message, acknowledgement);
                Ok(())
            }
            // Not acknowledged, it comes again.
            Event::Message(..) | Event::Other => Ok(()),
        }
    }

    fn connected(&mut self, is_resumed: bool) -> Result<(), String> {
        let wanted = self.receiver.wanted();
        let disk = &self.receiver.context.disk;
        let known = Remembered::load(disk.as_ref(), &self.receiver.file());
        let known = known.filter(|known| known.is_of(&wanted));
        if known.is_some() && !is_resumed {
            self.receiver.tell_of_lost_session();
        }
        if is_resumed && known.as_ref() == Some(&wanted) {
            return self.subscribed();
        }
        for old in known.iter().flat_map(|known| &known.topics) {
            if is_resumed && !wanted.topics.contains(old) {
                V::unsubscribe(&self.handle, old);
            }
        }
        let quality = self.receiver.subscription.quality;
        let subscribing = V::subscribe(&self.handle, &wanted.topics, quality);
        self.subscribing = Some(Box::pin(subscribing));
        Ok(())
    }

    fn subscribed(&mut self) -> Result<(), String> {
        let disk = Arc::clone(&self.receiver.context.disk);
        let saved = self.receiver.wanted().save(disk.as_ref(), &self.receiver.file());
        saved.map_err(|error| error.to_string())?;
        self.receiver.is_subscribed = true;
        self.receiver.inbox.works();
        if self.phase == Phase::Taking {
            self.deadline = None;
        }
        Ok(())
    }

    fn take(&mut self, message: &Message, acknowledgement: Option<V::Acknowledgement>) {
        let group = &mut self.group;
        match (self.receiver.make)(message, &mut group.records) {
            Ok(()) => group.acknowledgements.extend(acknowledgement),
            Err(rejected) => {
                group.rejected.push(rejected);
                group.of_rejected.extend(acknowledgement);
            }
        }
    }

    /// Gives what has gathered to the journal.
    fn offer(&mut self) {
        let group = std::mem::take(&mut self.group);
        let inbox = Arc::clone(&self.receiver.inbox);
        if !group.rejected.is_empty() {
            let done = self.settle(group.of_rejected);
            inbox.reject(group.rejected, done);
        }
        if group.records.is_empty() {
            // An empty list of records is a message too.
            for acknowledgement in group.acknowledgements {
                V::acknowledge(&self.handle, acknowledgement);
            }
        } else {
            let done = self.settle(group.acknowledgements);
            inbox.offer(group.records, done);
        }
    }

    /// What is done once the journal has them, or has not.
    fn settle(
        &self,
        acknowledgements: Vec<V::Acknowledgement>,
    ) -> Box<dyn FnOnce(Result<(), NotTaken>) + Send> {
        let flight = Arc::clone(&self.flight);
        flight.offers.fetch_add(1, SeqCst);
        Box::new(move |outcome| {
            match outcome {
                Ok(()) => flight.landed().durable.extend(acknowledgements),
                Err(NotTaken { reason }) => flight.landed().failure = Some(reason),
            }
            // Behind the landing: whoever sees no offer under way sees what became of all.
            flight.offers.fetch_sub(1, SeqCst);
            flight.changed.notify_one();
        })
    }
}
