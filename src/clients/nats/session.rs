//! Reading while a connection lasts: pulls, order, acknowledgements. After any doubt about the order the session ends
//! and the next one begins behind the last message that was passed on.

use super::connection::Connection;
use super::consumer::{self, Acknowledging, Plan};
use super::pull::{Came, Place, Pulls};
use super::reading::{Block, Delivered, Durable, Outlet, Payload};
use super::seen::Seen;
use super::stream;
use crate::core::fault::Fault;
use crate::core::position::Position;
use crate::core::time::now;
use async_nats::{Message, Subject, Subscriber};
use futures_core::Stream as _;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// How long the last acknowledgements may take to leave.
const GOODBYE: Duration = Duration::from_secs(2);

/// Deliveries up to which a message goes on in one block with others.
const TOGETHER: u64 = 2;

/// What lasts from session to session.
pub(super) struct Worker {
    plan: Arc<Plan>,
    outlet: Outlet,
    durable: Arc<Durable>,
    /// In order: the last message that was passed on. Shared: the number of the last block.
    offset: Option<u64>,
    /// When the stream was made.
    created: String,
    block: Block,
    /// Where the acknowledgements of the block that gathers go.
    replies: Vec<Subject>,
    ledger: VecDeque<Entry>,
    seen: Seen,
    has_succeeded: bool,
}

/// A block that is not yet acknowledged.
struct Entry {
    offset: u64,
    replies: Vec<Subject>,
    since: Instant,
}

impl Worker {
    pub fn new(plan: Plan, from: Option<&Position>, outlet: Outlet, durable: Arc<Durable>) -> Self {
        Self {
            plan: Arc::new(plan),
            outlet,
            durable,
            offset: from.map(|position| position.offset),
            created: from.map(|position| position.note.clone()).unwrap_or_default(),
            block: Block::default(),
            replies: Vec::new(),
            ledger: VecDeque::new(),
            seen: Seen::default(),
            has_succeeded: false,
        }
    }

    /// Did anything come since the last time?
    pub fn take_success(&mut self) -> bool {
        std::mem::take(&mut self.has_succeeded)
    }

    /// What passes is not told to a thread that is busy with what it has: messages must be kept meanwhile.
    pub async fn tell(&mut self, fault: Fault) {
        if matches!(fault, Fault::Stop { .. }) {
            self.outlet.room().await;
        } else if !self.outlet.try_room() {
            return;
        }
        self.outlet.send(Delivered::Trouble(fault));
    }

    /// Reads until something is wrong. What is under way then is left in `last`, also when this is dropped.
    pub async fn live(
        &mut self,
        connection: &mut Option<Connection>,
        last: &mut Option<Session>,
    ) -> Fault {
        *last = None;
        if connection.is_none() {
            match Connection::open(&self.plan.address, &format!("headwater {}", self.plan.flow))
                .await
            {
                Ok(made) => *connection = Some(made),
                Err(fault) => return fault,
            }
        }
        let Some(connection) = connection else { return Fault::retry("no connection") };
        let mut status = match connection.up().await {
            Ok(status) => status,
            Err(fault) => return fault,
        };
        let read = async {
            match self.open(connection).await {
                Ok(session) => self.read(connection, last.insert(session)).await,
                Err(fault) => fault,
            }
        };
        tokio::select! {
            biased;
            // Also a connection that was found again: what was under way on the old one is gone.
            _ = status.changed() => connection.lost(),
            fault = read => fault,
        }
    }

    async fn open(&mut self, connection: &Connection) -> Result<Session, Fault> {
        let plan = Arc::clone(&self.plan);
        let claims = &plan.claims;
        let must_exist = !self.created.is_empty();
        let found = stream::ensure(connection, claims, must_exist).await?;
        self.compare(connection, &found)?;
        self.created.clone_from(&found.created);
        let after = self.offset.filter(|_| !plan.is_shared);
        let acknowledging = consumer::open(connection, &plan, &found, after).await?;
        if !plan.is_shared {
            // The consumer is a new one, and what the old one counted means nothing to it.
            self.ledger.clear();
            self.replies.clear();
        }
        let client = connection.client();
        let inbox = client.new_inbox();
        let lost = |error: &dyn std::fmt::Display| {
            Fault::retry(format!("{}: {error}", connection.shown()))
        };
        let subscriber = client.subscribe(inbox.clone()).await.map_err(|error| lost(&error))?;
        Ok(Session {
            subscriber,
            inbox: inbox.into(),
            pull: format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", claims.name, plan.consumer).into(),
            pulls: Pulls::new(plan.pull, plan.is_shared.then_some(plan.ack_wait)),
            acknowledging,
            deliveries: 0,
            waiting: VecDeque::new(),
        })
    }

    /// Is it still the stream that the position is of?
    fn compare(&self, connection: &Connection, found: &stream::Found) -> Result<(), Fault> {
        let (shown, name) = (connection.shown(), &self.plan.claims.name);
        let Some(position) = self.offset.filter(|_| !self.plan.is_shared) else { return Ok(()) };
        if !self.created.is_empty() && self.created != found.created {
            return Err(Fault::stop(format!(
                "{shown}: the stream {name} is another one: it was made at {}, and this flow has read {position} \
                 messages of the one made at {}; what it holds is not read with that \
                 position: restore the old stream, or move this flow's checkpoint away to read the new one from its \
                 beginning",
                found.created, self.created
            )));
        }
        if position > found.last {
            return Err(Fault::stop(format!(
                "{shown}: the stream {name} ends at {}, and this flow has read up to {position}: was it restored \
                 from an older copy? Move this flow's checkpoint away to read it from its beginning",
                found.last
            )));
        }
        // Of one subject nobody knows what the others had.
        if found.first > position + 1 && self.plan.filter.is_none() {
            tracing::warn!(
                service = self.plan.service(),
                "the stream {name} has dropped its messages {} to {} before they were read: look at its limits",
                position + 1,
                found.first - 1
            );
        }
        Ok(())
    }

    async fn read(&mut self, connection: &Connection, session: &mut Session) -> Fault {
        let progress_every = self.plan.ack_wait / 3;
        let mut progress = tokio::time::interval(progress_every.max(Duration::from_millis(10)));
        progress.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let durable = Arc::clone(&self.durable);
        loop {
            if let Err(fault) = session.top_up(connection).await {
                return fault;
            }
            while !self.is_full()
                && let Some(message) = session.waiting.pop_front()
            {
                if let Err(fault) = self.take_all(connection, session, message).await {
                    return fault;
                }
            }
            let is_full = self.is_full();
            let deadline = session.pulls.deadline();
            tokio::select! {
                biased;
                () = durable.moved.notified() => self.acknowledge(connection, session).await,
                _ = progress.tick(), if self.plan.is_shared => self.keep(connection, session, progress_every).await,
                came = next(&mut session.subscriber), if !is_full || self.plan.is_shared => {
                    let Some(message) = came else { return connection.lost() };
                    if is_full {
                        session.waiting.push_back(message);
                    } else if let Err(fault) = self.take_all(connection, session, message).await {
                        return fault;
                    }
                }
                () = self.outlet.room(), if !self.block.messages.is_empty() => self.pass_on(session),
                () = tokio::time::sleep_until(deadline.into()), if !is_full => {
                    return Fault::retry(format!("{}: JetStream has fallen silent", connection.shown()));
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        self.block.bytes >= self.plan.block_bytes
    }

    /// Takes a message and those behind it that are there already.
    async fn take_all(
        &mut self,
        connection: &Connection,
        session: &mut Session,
        first: Message,
    ) -> Result<(), Fault> {
        let mut next = Some(first);
        while let Some(message) = next {
            match session.pulls.look(&message) {
                Came::Message(place) => self.take(connection, session, message, place).await?,
                Came::PullEnded | Came::TooLarge | Came::Beat => {}
                Came::ConsumerGone => return Err(self.gone(connection)),
                Came::Nobody => {
                    return Err(Fault::retry(format!(
                        "{}: nobody takes pulls from {}: was the stream or the consumer deleted, or has it no leader?",
                        connection.shown(),
                        self.plan.claims.name
                    )));
                }
                Came::Odd(words) => {
                    return Err(Fault::retry(format!("{}: {words}", connection.shown())));
                }
            }
            next = if self.is_full() { None } else { ready(&mut session.subscriber) };
        }
        Ok(())
    }

    fn gone(&self, connection: &Connection) -> Fault {
        let (shown, plan) = (connection.shown(), &self.plan);
        let remedy = if plan.is_shared {
            "it is made again"
        } else {
            "does somebody else read in order under this name? Give it another `consumer`, or say `shared: true`"
        };
        Fault::retry(format!(
            "{shown}: the consumer {} of {} was deleted; {remedy}",
            plan.consumer, plan.claims.name
        ))
    }

    async fn take(
        &mut self,
        connection: &Connection,
        session: &mut Session,
        message: Message,
        place: Place,
    ) -> Result<(), Fault> {
        let Some(reply) = message.reply.clone() else { return Ok(()) };
        self.has_succeeded = true;
        let is_new = if self.plan.is_shared {
            self.is_new_to_worker(connection, &reply, place).await
        } else {
            session.deliveries += 1;
            if place.delivery != session.deliveries {
                return Err(Fault::retry(format!(
                    "{}: deliveries {} to {} were lost on the way; they are asked for again",
                    connection.shown(),
                    session.deliveries,
                    place.delivery
                )));
            }
            self.is_new_in_order(connection, &reply, place).await
        };
        if !is_new {
            return Ok(());
        }
        if session.acknowledging == Acknowledging::Last {
            self.replies.clear();
        }
        self.replies.push(reply);
        self.block.bytes += message.length;
        if self.plan.is_shared && place.tries > TOGETHER {
            // It may be what ends the workers; what comes behind it shall not be tried with it again and again.
            self.block.bytes = self.plan.block_bytes.max(self.block.bytes);
        }
        let (sequence, tries) = (place.sequence, place.tries);
        self.block.messages.push(Payload { bytes: message.payload, sequence, tries });
        if !self.plan.is_shared {
            self.offset = Some(sequence);
        }
        Ok(())
    }

    /// What is durable is acknowledged again; what is under way will be.
    async fn is_new_in_order(
        &mut self,
        connection: &Connection,
        reply: &Subject,
        place: Place,
    ) -> bool {
        if self.offset.is_none_or(|passed_on| place.sequence > passed_on) {
            return true;
        }
        if place.sequence <= self.durable.up_to.load(SeqCst) {
            answer(connection, reply, ACK).await;
        } else {
            let replies = vec![reply.clone()];
            self.ledger.push_back(Entry { offset: place.sequence, replies, since: now() });
        }
        false
    }

    async fn is_new_to_worker(
        &mut self,
        connection: &Connection,
        reply: &Subject,
        place: Place,
    ) -> bool {
        let gathers = self.offset.unwrap_or_default() + 1;
        let Some(block) = self.seen.block_of(place.sequence) else {
            self.seen.remember(place.sequence, gathers);
            return true;
        };
        if block <= self.durable.up_to.load(SeqCst) {
            answer(connection, reply, ACK).await;
        }
        false
    }

    /// Into room that was taken.
    fn pass_on(&mut self, session: &Session) {
        let offset = if self.plan.is_shared {
            self.offset.unwrap_or_default() + 1
        } else {
            self.block.messages.last().map_or(0, |last| last.sequence)
        };
        self.offset = Some(self.offset.unwrap_or_default().max(offset));
        let mut block = std::mem::take(&mut self.block);
        block.position = Some(Position { offset, note: self.created.clone() });
        let mut replies = std::mem::take(&mut self.replies);
        if session.acknowledging == Acknowledging::Last {
            replies.drain(..replies.len().saturating_sub(1));
        }
        self.ledger.push_back(Entry { offset, replies, since: now() });
        self.outlet.send(Delivered::Block(block));
    }

    /// Acknowledges what is durable.
    async fn acknowledge(&mut self, connection: &Connection, session: &Session) {
        let up_to = self.durable.up_to.load(SeqCst);
        let mut last = None;
        while self.ledger.front().is_some_and(|entry| entry.offset <= up_to) {
            let Some(entry) = self.ledger.pop_front() else { break };
            if session.acknowledging == Acknowledging::Last {
                last = entry.replies.into_iter().next_back();
                continue;
            }
            for reply in &entry.replies {
                answer(connection, reply, ACK).await;
            }
        }
        if let Some(reply) = last {
            answer(connection, &reply, ACK).await;
        }
    }

    /// Says of what takes longer that it is still worked on.
    async fn keep(&mut self, connection: &Connection, session: &Session, young: Duration) {
        let before = now().checked_sub(young);
        for entry in
            self.ledger.iter().filter(|entry| before.is_some_and(|before| entry.since < before))
        {
            for reply in &entry.replies {
                answer(connection, reply, IN_PROGRESS).await;
            }
        }
        let waiting = session.waiting.iter().filter_map(|message| message.reply.as_ref());
        for reply in self.replies.iter().chain(waiting) {
            answer(connection, reply, IN_PROGRESS).await;
        }
    }

    /// The last acknowledgements; what is not durable, or was never looked at, goes to another worker at once.
    pub async fn say_goodbye(mut self, connection: &Connection, last: Option<Session>) {
        let up_to = self.durable.up_to.load(SeqCst);
        let said = async {
            let mut unfinished = std::mem::take(&mut self.replies);
            for entry in std::mem::take(&mut self.ledger) {
                if entry.offset > up_to {
                    unfinished.extend(entry.replies);
                    continue;
                }
                for reply in &entry.replies {
                    answer(connection, reply, ACK).await;
                }
            }
            if let Some(session) = last.filter(|_| self.plan.is_shared) {
                unfinished.extend(session.never_looked_at().await);
            }
            for reply in unfinished.iter().filter(|_| self.plan.is_shared) {
                answer(connection, reply, AGAIN).await;
            }
            heard(connection).await;
        };
        drop(tokio::time::timeout(GOODBYE, said).await);
    }
}

/// What is said of a message.
const ACK: &[u8] = b"+ACK";
const AGAIN: &[u8] = b"-NAK";
const IN_PROGRESS: &[u8] = b"+WPI";

/// What does not arrive is said again when the message comes again.
async fn answer(connection: &Connection, reply: &Subject, words: &'static [u8]) {
    drop(connection.client().publish(reply.clone(), words.into()).await);
}

/// Waits until the server has read all that was said.
async fn heard(connection: &Connection) {
    let client = connection.client();
    let Ok(mut nothing) = client.subscribe(client.new_inbox()).await else { return };
    if nothing.drain().await.is_ok() {
        while next(&mut nothing).await.is_some() {}
    }
}

/// What ends with a session.
pub(super) struct Session {
    subscriber: Subscriber,
    inbox: Subject,
    pull: Subject,
    pulls: Pulls,
    acknowledging: Acknowledging,
    /// Of this consumer, counted from one.
    deliveries: u64,
    /// Shared: what was pulled and has no room in the block yet. It is told of like what is worked on, or the server
    /// would give it to another worker and count a try that nobody made.
    waiting: VecDeque<Message>,
}

impl Session {
    async fn top_up(&mut self, connection: &Connection) -> Result<(), Fault> {
        while let Some(request) = self.pulls.next() {
            let client = connection.client();
            let (pull, inbox) = (self.pull.clone(), self.inbox.clone());
            if client.publish_with_reply(pull, inbox, request.into()).await.is_err() {
                return Err(connection.lost());
            }
        }
        Ok(())
    }
}

impl Session {
    /// What was pulled and has not been looked at. The subscription ends first, and all that is on its way is waited
    /// for: the server would give what is given back to a pull of the one who goes, and to nobody else for `ack_wait`.
    async fn never_looked_at(mut self) -> Vec<Subject> {
        let mut messages = Vec::from(self.waiting);
        if self.subscriber.drain().await.is_ok() {
            while let Some(message) = next(&mut self.subscriber).await {
                messages.push(message);
            }
        }
        let is_message = |reply: &Subject| Place::of(reply).is_some();
        messages.into_iter().filter_map(|message| message.reply).filter(is_message).collect()
    }
}

async fn next(subscriber: &mut Subscriber) -> Option<Message> {
    std::future::poll_fn(|context| Pin::new(&mut *subscriber).poll_next(context)).await
}

/// A message that is there already.
fn ready(subscriber: &mut Subscriber) -> Option<Message> {
    match Pin::new(subscriber).poll_next(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(message) => message,
        Poll::Pending => None,
    }
}
