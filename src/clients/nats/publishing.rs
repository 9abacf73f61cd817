//! Sending into a stream: many messages under way at a time, each with an id by which the stream knows a repeat, and
//! nothing counts before the stream has said of every one that it has it.

use super::address::Address;
use super::answer::read;
use super::background::{Background, Stop};
use super::connection::{Connection, Status};
use super::look::{ID, There, look};
use super::stream::{self, Claims, Found};
use crate::core::fault::Fault;
use async_nats::{HeaderMap, Message, Subject, Subscriber};
use bytes::Bytes;
use futures_core::Stream as _;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Messages that the stream has not acknowledged yet: enough to keep a server busy, little beside its own limits.
const IN_FLIGHT: u64 = 4_096;

/// Batches that wait for the thread.
const COMMANDS: usize = 2;

/// Every wait of the thread has an end of its own; this one only ends what a bug would make endless. Looking through
/// millions of messages takes its time.
const ANSWER: Duration = Duration::from_mins(10);

/// What a restart after a crash may take; a duplicate window that is shorter is told.
const RESTART: Duration = Duration::from_mins(1);

/// What a stream says when its last message is another than the one that a message was to stand behind.
const EXPECTED: &str = "Nats-Expected-Last-Sequence";
const OTHER_LAST: u64 = 10_071;

/// Where to publish.
#[derive(Debug, Clone)]
pub struct Target {
    /// `STACK/SERVICE`.
    pub flow: String,
    pub address: Address,
    pub claims: Claims,
    /// All subjects that this flow may use, with wildcards.
    pub filter: String,
    /// Begins every id of this flow.
    pub prefix: String,
    /// Without any acknowledgement for so long, something is wrong.
    pub timeout: Duration,
    /// Nobody else writes into the stream: it takes a message only behind the one that was known to be its last, and
    /// so none of a process that was paused while another went on.
    pub is_alone: bool,
}

impl Target {
    fn service(&self) -> &str {
        self.flow.rsplit('/').next().unwrap_or_default()
    }
}

/// One message.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub subject: String,
    pub id: String,
    pub payload: Bytes,
}

/// What may be sent.
#[derive(Debug, Clone)]
pub struct Limits {
    pub message_bytes: usize,
    pub subjects: Vec<String>,
}

type Answer<T> = SyncSender<Result<T, Fault>>;

enum Command {
    /// Begins anew: forgets what was under way, and looks what the stream has behind a sequence.
    Open(Option<u64>, Answer<Limits>),
    Publish(Vec<Outgoing>),
    Settle(Answer<u64>),
}

/// A stream that is written to; dropping it ends it.
#[derive(Debug)]
pub struct Publishing {
    commands: mpsc::Sender<Command>,
    _thread: Background,
}

impl Publishing {
    pub fn start(target: Target) -> Result<Self, Fault> {
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let name = format!("{} nats", target.service());
        let mut publisher = Publisher::new(target);
        let mut receiver = receiver;
        let thread = Background::in_turns(&name, async move |stop| {
            publisher.turn(&mut receiver, stop).await
        })?;
        Ok(Self { commands, _thread: thread })
    }

    /// Nobody answers any more.
    pub fn has_ended(&self) -> bool {
        self.commands.is_closed()
    }

    /// Connects, finds or makes the stream, and looks what it has behind a sequence.
    pub fn open(&self, after: Option<u64>) -> Result<Limits, Fault> {
        self.ask(|answer| Command::Open(after, answer))
    }

    /// Sends; what goes wrong is told by `settle`.
    pub fn publish(&self, messages: Vec<Outgoing>) -> Result<(), Fault> {
        self.commands.blocking_send(Command::Publish(messages)).map_err(|_| ended())
    }

    /// Waits until the stream has everything; answers the highest sequence that it gave.
    pub fn settle(&self) -> Result<u64, Fault> {
        self.ask(Command::Settle)
    }

    fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, Fault> {
        let (answer, answered) = sync_channel(1);
        self.commands.blocking_send(command(answer)).map_err(|_| ended())?;
        match answered.recv_timeout(ANSWER) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(Fault::retry("NATS takes too long")),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
        }
    }
}

fn ended() -> Fault {
    Fault::retry("the thread that writes to NATS has ended")
}

struct Publisher {
    target: Target,
    connection: Option<Connection>,
    /// Servers of the cluster that the last connection knew.
    neighbours: Vec<String>,
    open: Option<Open>,
    failed: Option<Fault>,
    /// The next message goes alone.
    probes: bool,
    /// Somebody else has written, or what seemed to be repeats was new: what is sent is awaited one by one until it is
    /// known where the stream ends.
    is_surprised: bool,
    /// It was said that the duplicate window is short.
    told: bool,
}

/// From one opening to the next.
struct Open {
    found: Found,
    there: There,
    answers: Subscriber,
    inbox: Subject,
    place: Place,
    status: watch::Receiver<Status>,
    sent: u64,
    answered: u64,
    last: u64,
}

impl Publisher {
    fn new(target: Target) -> Self {
        Self {
            target,
            connection: None,
            neighbours: Vec::new(),
            open: None,
            failed: None,
            probes: false,
            is_surprised: false,
            told: false,
        }
    }

    /// Does what it is told for as long as one connection lasts.
    async fn turn(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
        mut stop: Stop,
    ) -> ControlFlow<()> {
        loop {
            let command = tokio::select! {
                () = stop.wanted() => return ControlFlow::Break(()),
                command = commands.recv() => command,
            };
            let Some(command) = command else { return ControlFlow::Break(()) };
            tokio::select! {
                () = stop.wanted() => return ControlFlow::Break(()),
                () = self.handle(command) => {}
            }
            if self.connection.take_if(|it| it.is_lost()).is_some() {
                return ControlFlow::Continue(());
            }
        }
    }

    async fn handle(&mut self, command: Command) {
        // Whoever asked may have given up.
        match command {
            Command::Open(after, answer) => drop(answer.try_send(self.open(after).await)),
            Command::Publish(messages) => {
                if self.failed.is_none() {
                    self.failed = self.publish(messages).await.err();
                }
            }
            Command::Settle(answer) => drop(answer.try_send(self.settle().await)),
        }
    }

    async fn open(&mut self, after: Option<u64>) -> Result<Limits, Fault> {
        let before = self.open.take();
        self.is_surprised = before.is_some_and(|it| it.place.manner == Manner::Surprised);
        self.probes |= self.failed.take().is_some();
        if self.connection.is_none() {
            let name = format!("headwater {}", self.target.flow);
            let made = Connection::once(&self.target.address, &self.neighbours, &name).await?;
            self.neighbours = made.neighbours();
            self.connection = Some(made);
        }
        let Some(connection) = &self.connection.clone() else { return Err(ended()) };
        let status = connection.up().await?;
        let mut lost = status.clone();
        tokio::select! {
            biased;
            _ = lost.changed() => Err(connection.lost()),
            limits = self.open_on(connection, status, after) => limits,
        }
    }

    async fn open_on(
        &mut self,
        connection: &Connection,
        status: watch::Receiver<Status>,
        after: Option<u64>,
    ) -> Result<Limits, Fault> {
        let target = &self.target.clone();
        let stream = &target.claims.name;
        let found =
            stream::ensure(connection, &target.claims, after.is_some_and(|after| after > 0))
                .await?;
        if after.is_some_and(|after| after > found.last) {
            tracing::warn!(
                service = target.service(),
                "the stream {stream} ends at {}, and this flow has written up to {}: it was made anew or restored",
                found.last,
                after.unwrap_or_default()
            );
        }
        self.tell_of_window(&found);
        let there =
            look(connection, (stream, &target.filter), &found, (after, &target.prefix)).await?;
        let client = connection.client();
        let inbox: Subject = client.new_inbox().into();
        let Ok(answers) = client.subscribe(inbox.clone()).await else {
            return Err(connection.lost());
        };
        let message_bytes = client.max_payload();
        let largest = found.max_message.and_then(|limit| usize::try_from(limit).ok());
        let limits = Limits {
            message_bytes: largest.map_or(message_bytes, |largest| largest.min(message_bytes)),
            subjects: found.subjects.clone(),
        };
        // A stream that was made anew counts from its own beginning.
        let last = after.unwrap_or_default().min(found.last);
        let place = self.place(&found, after);
        let open = Open { found, there, answers, inbox, place, status, sent: 0, answered: 0, last };
        self.open = Some(open);
        Ok(limits)
    }

    /// What was stored behind the last checkpoint is this flow's, whoever ran it, and it is sent again first.
    fn place(&self, found: &Found, after: Option<u64>) -> Place {
        let manner = match after {
            // What can be looked through was, and no repeat is sent.
            _ if found.retention == "limits" => Manner::New,
            Some(after) if !self.is_surprised => Manner::Repeats(found.last.saturating_sub(after)),
            _ if found.last == 0 => Manner::New,
            _ => Manner::Unknown,
        };
        Place { last: found.last, manner }
    }

    /// Once; where the stream can be looked through, nothing depends on its window.
    fn tell_of_window(&mut self, found: &Found) {
        let window = found.duplicate_window;
        if window >= RESTART
            || found.retention == "limits"
            || std::mem::replace(&mut self.told, true)
        {
            return;
        }
        tracing::warn!(
            service = self.target.service(),
            "the stream {} recognises a repeat for {} s only and drops what is read: after a crash that lasts longer \
             the last batch may stand twice; `duplicate_window: 2m` is a good one",
            self.target.claims.name,
            window.as_secs_f32()
        );
    }

    async fn publish(&mut self, messages: Vec<Outgoing>) -> Result<(), Fault> {
        let (Some(connection), Some(open)) = (&self.connection, &mut self.open) else {
            return Err(ended());
        };
        for message in messages {
            if open.there.holds(&message.id) {
                continue;
            }
            while open.sent - open.answered >= IN_FLIGHT {
                open.hear(connection, &self.target).await?;
            }
            let mut headers = HeaderMap::new();
            headers.insert(ID, message.id.as_str());
            if self.target.is_alone {
                headers.insert(EXPECTED, open.place.last.to_string());
            }
            let client = connection.client();
            let inbox = open.inbox.clone();
            let Outgoing { subject, payload, .. } = message;
            let sent = client.publish_with_reply_and_headers(subject, inbox, headers, payload);
            tokio::select! {
                biased;
                _ = open.status.changed() => return Err(connection.lost()),
                sent = sent => sent.map_err(|error| {
                    Fault::retry(format!("{}: {error}", connection.shown()))
                })?,
            }
            open.sent += 1;
            let waits = open.place.passed();
            // What was refused a moment ago may be refused again: one message finds that out, and what comes
            // behind it keeps its order.
            if std::mem::take(&mut self.probes) || (waits && self.target.is_alone) {
                open.hear_all(connection, &self.target).await?;
            }
        }
        Ok(())
    }

    async fn settle(&mut self) -> Result<u64, Fault> {
        if let Some(fault) = self.failed.clone() {
            return Err(fault);
        }
        let (Some(connection), Some(open)) = (&self.connection, &mut self.open) else {
            return Err(ended());
        };
        if let Err(fault) = open.hear_all(connection, &self.target).await {
            self.failed = Some(fault.clone());
            return Err(fault);
        }
        Ok(open.last)
    }
}

/// Where the stream ends as far as this flow knows, so that nobody can have written behind it unnoticed.
#[derive(Debug)]
struct Place {
    last: u64,
    manner: Manner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// So many messages are there already: the stream says so of each and does not grow.
    Repeats(u64),
    /// Perhaps the next one is there already.
    Unknown,
    /// Whatever is sent is new.
    New,
    /// The stream ends elsewhere.
    Surprised,
}

impl Place {
    /// One more message is sent; answers whether its answer says how to go on.
    fn passed(&mut self) -> bool {
        match self.manner {
            Manner::Repeats(0) | Manner::New => {
                self.manner = Manner::New;
                self.last += 1;
            }
            Manner::Repeats(left) => self.manner = Manner::Repeats(left - 1),
            Manner::Unknown | Manner::Surprised => return true,
        }
        false
    }
}

impl Open {
    async fn hear_all(&mut self, connection: &Connection, target: &Target) -> Result<(), Fault> {
        while self.answered < self.sent {
            self.hear(connection, target).await?;
        }
        Ok(())
    }

    /// Waits for one acknowledgement.
    async fn hear(&mut self, connection: &Connection, target: &Target) -> Result<(), Fault> {
        let answers = &mut self.answers;
        let next = std::future::poll_fn(|context| Pin::new(&mut *answers).poll_next(context));
        let message = tokio::select! {
            biased;
            message = next => message,
            // What was under way is lost or not, nobody knows: it is sent again.
            _ = self.status.changed() => return Err(connection.lost()),
            () = tokio::time::sleep(target.timeout) => {
                return Err(Fault::retry(format!(
                    "{}: the stream {} has acknowledged nothing for {} s, {} messages wait; they are sent again{}",
                    connection.shown(),
                    target.claims.name,
                    target.timeout.as_secs_f32(),
                    self.sent - self.answered,
                    connection.complaint()
                )));
            }
        };
        let Some(message) = message else { return Err(connection.lost()) };
        self.last = self.last.max(self.sequence(&message, connection, target)?);
        self.answered += 1;
        Ok(())
    }

    fn sequence(
        &mut self,
        message: &Message,
        connection: &Connection,
        target: &Target,
    ) -> Result<u64, Fault> {
        let (shown, stream) = (connection.shown(), &target.claims.name);
        if message.status.is_some() {
            return Err(Fault::retry(format!(
                "{shown}: no stream takes what was sent to {}: was {stream} deleted, or has it no leader?",
                target.filter
            )));
        }
        let answer = read(&message.payload).map_err(|trouble| {
            if trouble.is(OTHER_LAST) {
                self.place.manner = Manner::Surprised;
                return Fault::retry(format!(
                    "{shown}: somebody else has written into the stream {stream}, which this flow writes alone; \
                     it looks where the stream ends"
                ));
            }
            let limits = &self.found.limits;
            let limits = if limits.is_empty() { String::new() } else { format!(" ({limits})") };
            let fault =
                trouble.fault(&format!("{shown}: the stream {stream}{limits} takes no more"));
            // It has room again when somebody has read, or raised a limit.
            Fault::retry(format!("{}; it goes on by itself when that has passed", fault.reason()))
        })?;
        if answer["stream"].as_str() != Some(stream) {
            return Err(Fault::stop(format!(
                "{shown}: the subjects {} go into the stream {}, and not into {stream}",
                target.filter,
                answer["stream"].as_str().unwrap_or("of nobody")
            )));
        }
        let sequence = answer["seq"]
            .as_u64()
            .ok_or_else(|| Fault::retry(format!("{shown}: an acknowledgement without a number")))?;
        if self.place.manner == Manner::Unknown && answer["duplicate"].as_bool() != Some(true) {
            self.place = Place { last: sequence, manner: Manner::New };
        }
        Ok(sequence)
    }
}
