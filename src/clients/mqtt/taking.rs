//! One connection of who receives: messages gather, go to the journal together, and are acknowledged together once
//! they are durable there.

use super::line::Line;
use super::receiving::Receiver;
use super::session::Remembered;
use super::wire::{
    Connected, GOODBYE, Incoming, Message, PATIENCE, Packet, Quality, UNASKED, completion,
};
use crate::clients::race::{Either, either};
use crate::core::limits::COMMIT_BYTES;
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::source::{NotTaken, Offered};
use crate::core::time::now;
use std::future::pending;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// Offers that wait for the journal at a time: one that it syncs, and one to be next. What comes meanwhile gathers.
const OFFERS: usize = 2;

/// By which the broker's answers to the only two requests of a connection are told apart.
const SUBSCRIPTION: u16 = 1;
const FAREWELL: u16 = 2;

/// Messages that are not offered yet, and the packets that will acknowledge them, one behind the other.
struct Group {
    records: Records,
    acknowledgements: Vec<u8>,
    rejected: Vec<Rejected>,
    rejected_bytes: usize,
    of_rejected: Vec<u8>,
    /// Some of it has quality 2.
    is_exact: bool,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            records: Records::empty(Encoding::Json),
            acknowledgements: Vec::new(),
            rejected: Vec::new(),
            rejected_bytes: 0,
            of_rejected: Vec::new(),
            is_exact: false,
        }
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.acknowledgements.is_empty() && self.rejected.is_empty()
    }

    fn is_stuffed(&self) -> bool {
        self.records.bytes.len() + self.rejected_bytes >= COMMIT_BYTES
    }
}

/// What is on its way into the journal.
#[derive(Debug, Default)]
struct Flight {
    offers: AtomicUsize,
    landed: Mutex<Landed>,
    changed: Notify,
}

/// What became of offers, and nobody has seen to yet.
#[derive(Debug, Default)]
struct Landed {
    /// The acknowledgements of what is durable.
    durable: Vec<u8>,
    failure: Option<String>,
}

impl Flight {
    fn landed(&self) -> MutexGuard<'_, Landed> {
        self.landed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Taking<'a> {
    receiver: &'a mut Receiver,
    /// As the broker and this side know each other.
    session: Remembered,
    flight: Arc<Flight>,
    group: Group,
    /// Nothing more is taken; what was taken is waited for.
    is_settling: bool,
    /// When something must have happened that is waited for.
    deadline: Option<Instant>,
}

impl<'a> Taking<'a> {
    pub fn new(receiver: &'a mut Receiver) -> Self {
        let session = receiver.wanted();
        Self {
            receiver,
            session,
            flight: Arc::default(),
            group: Group::default(),
            is_settling: false,
            deadline: Some(now() + PATIENCE),
        }
    }

    /// To the end of the connection, or until all is settled when it was asked to stop.
    pub async fn run(mut self, line: Line, connected: &Connected) -> Result<(), String> {
        let ended = self.drive(line, connected).await;
        // What is durable counts, although nobody can be told over this connection any more.
        let landing = async {
            while self.flight.offers.load(SeqCst) > 0 {
                self.flight.changed.notified().await;
            }
        };
        drop(tokio::time::timeout(PATIENCE, landing).await);
        self.receiver.received.follow(&self.flight.landed().durable);
        ended
    }

    async fn drive(&mut self, mut line: Line, connected: &Connected) -> Result<(), String> {
        self.begin(&mut line, connected)?;
        loop {
            self.take_all(&mut line)?;
            self.go_on(&mut line)?;
            if self.is_settling && self.flight.offers.load(SeqCst) == 0 {
                // The last ones may have landed since.
                self.acknowledge(&mut line)?;
                line.leave(GOODBYE).await;
                return Ok(());
            }
            // When the journal is slower than the broker, nothing is read until it has caught up.
            match either(self.woken(), line.turn(!self.group.is_stuffed())).await {
                Either::First(woken) => woken?,
                Either::Second(turned) => turned?,
            }
        }
    }

    /// Does what can be done now without waiting.
    fn go_on(&mut self, line: &mut Line) -> Result<(), String> {
        // Before what has landed is looked at: when none is under way, all of it was seen.
        let under_way = self.flight.offers.load(SeqCst);
        self.acknowledge(line)?;
        if !self.is_settling && self.receiver.stop.is_set() {
            self.is_settling = true;
            self.deadline = Some(now() + GOODBYE);
        }
        // What a note says must be true of all that is durable before it, so there is one at a time.
        let most = if self.is_exact() { 1 } else { OFFERS };
        if under_way < most && !self.group.is_empty() {
            self.offer(line);
        }
        Ok(())
    }

    /// Acknowledges what is durable, all of it from this thread: who syncs the journal shall not wake the broker for
    /// each message.
    fn acknowledge(&mut self, line: &mut Line) -> Result<(), String> {
        let mut landed = self.flight.landed();
        self.receiver.received.follow(&landed.durable);
        line.output.extend_from_slice(&landed.durable);
        landed.durable.clear();
        match landed.failure.take() {
            Some(reason) => Err(format!("its messages are left there for now: {reason}")),
            None => Ok(()),
        }
    }

    /// Waits for anything but the broker.
    async fn woken(&self) -> Result<(), String> {
        let too_late = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => pending().await,
            }
        };
        let told = either(self.flight.changed.notified(), self.receiver.stop.changed.notified());
        match either(told, too_late).await {
            Either::First(_) => Ok(()),
            Either::Second(()) => Err("no answer in time".into()),
        }
    }

    /// Subscribes, unless the broker has kept what it was asked for.
    fn begin(&mut self, line: &mut Line, connected: &Connected) -> Result<(), String> {
        let disk = &self.receiver.context.disk;
        let known = Remembered::load(disk.as_ref(), &self.receiver.file());
        let known = known.filter(|known| known.is_of(&self.session));
        if known.is_some() && !connected.is_resumed {
            self.receiver.tell_of_lost_session();
            // Killed before it is subscribed to again, the next life must not take the new session for the old one.
            let nothing = Remembered { topics: Vec::new(), ..self.session.clone() };
            let saved = nothing.save(disk.as_ref(), &self.receiver.file());
            saved.map_err(|error| error.to_string())?;
        }
        let kept = known.as_ref().filter(|_| connected.is_resumed);
        if let Some(kept) = kept.filter(|kept| !kept.session.is_empty()) {
            self.session.session.clone_from(&kept.session);
        }
        self.receiver.received.be_of(&self.session.session);
        let wanted = &self.session;
        if kept.is_some_and(|kept| kept.topics == wanted.topics && kept.qos == wanted.qos) {
            return self.subscribed();
        }
        let old = known.filter(|_| connected.is_resumed).map(|known| known.topics);
        let mut old = old.unwrap_or_default();
        old.retain(|topic| !wanted.topics.contains(topic));
        if !old.is_empty() {
            line.unsubscribe(FAREWELL, &old)?;
        }
        line.subscribe(SUBSCRIPTION, &wanted.topics, self.receiver.subscription.quality)
    }

    fn subscribed(&mut self) -> Result<(), String> {
        let disk = Arc::clone(&self.receiver.context.disk);
        let saved = self.session.save(disk.as_ref(), &self.receiver.file());
        saved.map_err(|error| error.to_string())?;
        self.receiver.is_subscribed = true;
        self.receiver.inbox.works();
        if !self.is_settling {
            self.deadline = None;
        }
        Ok(())
    }

    /// Takes what has been read, to its end.
    fn take_all(&mut self, line: &mut Line) -> Result<(), String> {
        while let Some(incoming) = line.next()? {
            match incoming {
                // Not acknowledged, it comes again.
                Incoming::Message(_) if self.is_settling => {}
                Incoming::Message(message) => self.take(&message),
                Incoming::Packet(packet) => self.handle(packet, line)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn take(&mut self, message: &Message<'_>) {
        let group = &mut self.group;
        let acknowledgement = message.acknowledgement();
        if message.quality == Quality::ExactlyOnce {
            group.is_exact = true;
            if message.is_repeated && self.receiver.received.holds(message.id) {
                return group.acknowledgements.extend(acknowledgement.iter().flatten());
            }
        }
        match (self.receiver.make)(message, &mut group.records) {
            Ok(()) => group.acknowledgements.extend(acknowledgement.iter().flatten()),
            Err(rejected) => {
                group.rejected_bytes += rejected.record.len();
                group.rejected.push(rejected);
                group.of_rejected.extend(acknowledgement.iter().flatten());
            }
        }
    }

    fn handle(&mut self, packet: Packet, line: &mut Line) -> Result<(), String> {
        match packet {
            Packet::Subscribed { id: SUBSCRIPTION, refusals } if !self.receiver.is_subscribed => {
                let topics = &self.receiver.subscription.topics;
                if refusals.len() != topics.len() {
                    return Err("it answers another subscription than ours".into());
                }
                for (topic, refusal) in topics.iter().zip(refusals) {
                    if let Some(reason) = refusal {
                        return Err(format!("it refuses the subscription to `{topic}`: {reason}"));
                    }
                }
                self.subscribed()
            }
            // Its number is free for another message once that is durable.
            Packet::Released { id } if self.receiver.received.holds(id) => {
                self.group.acknowledgements.extend_from_slice(&completion(id));
                Ok(())
            }
            Packet::Released { id } => {
                line.output.extend_from_slice(&completion(id));
                Ok(())
            }
            Packet::Unsubscribed { id: FAREWELL } | Packet::Pong => Ok(()),
            other => Err(format!("{UNASKED}: {other:?}")),
        }
    }

    fn is_exact(&self) -> bool {
        let wanted = self.receiver.subscription.quality;
        let received = &self.receiver.received;
        wanted == Quality::ExactlyOnce || self.group.is_exact || !received.is_empty()
    }

    /// Gives what has gathered to the journal.
    fn offer(&mut self, line: &mut Line) {
        let is_exact = self.is_exact();
        if !self.group.rejected.is_empty() {
            let rejected = std::mem::take(&mut self.group.rejected);
            let acknowledgements = std::mem::take(&mut self.group.of_rejected);
            self.group.rejected_bytes = 0;
            self.give(Offered::Rejected(rejected), acknowledgements);
            if is_exact {
                return;
            }
        }
        let group = std::mem::take(&mut self.group);
        let is_known = !is_exact || {
            let mut after = self.receiver.received.clone();
            after.follow(&group.acknowledgements);
            after == self.receiver.received
        };
        if group.records.is_empty() && is_known {
            // An empty list of records is a message too.
            line.output.extend_from_slice(&group.acknowledgements);
        } else {
            self.give(Offered::Records(group.records), group.acknowledgements);
        }
    }

    /// With a note, as long as there is anything to be said in it.
    fn give(&self, offered: Offered, acknowledgements: Vec<u8>) {
        let inbox = &self.receiver.inbox;
        let mut after = self.receiver.received.clone();
        after.follow(&acknowledgements);
        let is_noted = !after.is_empty() || !self.receiver.received.is_empty();
        let done = self.settle(acknowledgements);
        match offered {
            offered if is_noted => inbox.offer_noted(&after.note(), offered, done),
            Offered::Records(records) => inbox.offer(records, done),
            Offered::Rejected(rejected) => inbox.reject(rejected, done),
        }
    }

    /// What is done once the journal has them, or has not.
    fn settle(&self, acknowledgements: Vec<u8>) -> Box<dyn FnOnce(Result<(), NotTaken>) + Send> {
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
