//! A whole stream once, from its first message to the one that is its last when it is opened, in bounded memory.

use super::address::Address;
use super::answer::STREAM_NOT_FOUND;
use super::connection::Connection;
use super::pull::{Came, Pulls};
use super::reading::Payload;
use super::stream::{is_name, nanoseconds};
use crate::core::fault::Fault;
use async_nats::{Message, Subscriber};
use futures_core::Stream as _;
use serde_json::{Value, json};
use std::fmt;
use std::pin::Pin;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// A server forgets the consumer of somebody who does not ask for so long.
const FORGOTTEN: Duration = Duration::from_mins(5);

/// Messages that one pull asks for.
const PULL: u64 = 1_000;

/// One read of a stream. Nothing comes that was not asked for, and nothing there is changed.
pub struct Whole {
    runtime: Runtime,
    connection: Connection,
    subscriber: Subscriber,
    stream: String,
    consumer: String,
    inbox: String,
    pulls: Pulls,
    last: u64,
    delivered: u64,
    has_ended: bool,
    keeps_all: bool,
}

impl fmt::Debug for Whole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Whole").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl Whole {
    /// Only messages of these subjects, if some are named.
    pub fn open(address: &Address, stream: &str, filter: Option<&str>) -> Result<Self, Fault> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        is_name(stream)?;
        let opened = runtime.block_on(async {
            let connection = Connection::open(address, "headwater audit").await?;
            let info = info(&connection, stream).await?;
            let made = consumer(&connection, stream, filter).await?;
            let inbox = connection.client().new_inbox();
            let subscriber = connection.client().subscribe(inbox.clone()).await;
            let subscriber = subscriber.map_err(|_| connection.lost())?;
            Ok::<_, Fault>((connection, info, made, inbox, subscriber))
        })?;
        let (connection, info, made, inbox, subscriber) = opened;
        Ok(Self {
            runtime,
            connection,
            subscriber,
            stream: stream.to_owned(),
            consumer: made["name"].as_str().unwrap_or_default().to_owned(),
            inbox,
            pulls: Pulls::new(PULL, None),
            last: info["state"]["last_seq"].as_u64().unwrap_or_default(),
            delivered: 0,
            has_ended: made["num_pending"] == 0,
            keeps_all: keeps_all(&info["config"]),
        })
    }

    /// Where it is, without a login.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.connection.shown(), self.stream)
    }

    /// Or may the stream have dropped its oldest messages?
    pub fn keeps_all(&self) -> bool {
        self.keeps_all
    }

    /// Some messages more; nothing at the end.
    pub fn next(&mut self, bytes: usize) -> Result<Option<Vec<Payload>>, Fault> {
        let Self { runtime, connection, subscriber, stream, consumer, inbox, .. } = self;
        let (stream, consumer) = (stream.as_str(), consumer.as_str());
        let (pulls, has_ended, delivered) =
            (&mut self.pulls, &mut self.has_ended, &mut self.delivered);
        let (last, mut messages, mut size) = (self.last, Vec::new(), 0);
        // Whoever asks may have been busy with what came before.
        pulls.listen();
        runtime.block_on(async {
            let mut is_idle = false;
            while !*has_ended && size < bytes {
                pull(connection, pulls, inbox, (stream, consumer)).await?;
                let message = next(connection, subscriber, pulls).await?;
                let interrupted = |what: &str| {
                    let shown = connection.shown();
                    Fault::stop(format!("{shown}: reading {stream} was interrupted: {what}"))
                };
                match pulls.look(&message) {
                    Came::Message(place) => {
                        *delivered += 1;
                        if place.delivery != *delivered {
                            return Err(interrupted("messages were lost on the way"));
                        }
                        size += message.length;
                        // A stream that is written to meanwhile has no end.
                        *has_ended = place.pending == 0 || place.sequence >= last;
                        let (sequence, tries) = (place.sequence, place.tries);
                        messages.push(Payload { bytes: message.payload, sequence, tries });
                        is_idle = false;
                    }
                    // What was there when it began may have been dropped since.
                    Came::PullEnded if is_idle => {
                        let ask = format!("CONSUMER.INFO.{stream}.{consumer}");
                        let info = connection.ask(&ask, &Value::Null).await;
                        let info = info.map_err(|trouble| connection.fault(stream, &trouble))?;
                        *has_ended = info["num_pending"] == 0;
                    }
                    Came::PullEnded => is_idle = true,
                    Came::TooLarge | Came::Beat => {}
                    Came::ConsumerGone => return Err(interrupted("the consumer was deleted")),
                    Came::Nobody => return Err(interrupted("nobody takes pulls")),
                    Came::Odd(words) => return Err(interrupted(&words)),
                }
            }
            if *has_ended && !consumer.is_empty() {
                let goodbye = format!("CONSUMER.DELETE.{stream}.{consumer}");
                drop(connection.ask(&goodbye, &Value::Null).await);
            }
            Ok(())
        })?;
        Ok((!messages.is_empty()).then_some(messages))
    }
}

async fn info(connection: &Connection, stream: &str) -> Result<Value, Fault> {
    let shown = connection.shown();
    let info = connection.ask(&format!("STREAM.INFO.{stream}"), &Value::Null).await;
    let info = info.map_err(|trouble| {
        if trouble.is(STREAM_NOT_FOUND) {
            return Fault::stop(format!("{shown}: there is no stream {stream}"));
        }
        connection.fault(&format!("the stream {stream}"), &trouble)
    })?;
    match info["config"]["retention"].as_str() {
        Some(retention @ ("workqueue" | "interest")) => Err(Fault::stop(format!(
            "{shown}: the stream {stream} has `retention: {retention}` and drops what was read; look where its \
             readers have put it"
        ))),
        _ => Ok(info),
    }
}

async fn consumer(
    connection: &Connection,
    stream: &str,
    filter: Option<&str>,
) -> Result<Value, Fault> {
    let mut config = json!({
        "deliver_policy": "all", "ack_policy": "none", "replay_policy": "instant",
        "mem_storage": true, "num_replicas": 1, "inactive_threshold": nanoseconds(FORGOTTEN),
    });
    if let Some(filter) = filter {
        config["filter_subject"] = filter.into();
    }
    let request = json!({ "stream_name": stream, "config": config });
    let made = connection.ask(&format!("CONSUMER.CREATE.{stream}"), &request).await;
    made.map_err(|trouble| connection.fault(&format!("reading the stream {stream}"), &trouble))
}

async fn pull(
    connection: &Connection,
    pulls: &mut Pulls,
    inbox: &str,
    (stream, consumer): (&str, &str),
) -> Result<(), Fault> {
    while let Some(request) = pulls.next() {
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        let sent =
            connection.client().publish_with_reply(subject, inbox.to_owned(), request.into());
        sent.await.map_err(|_| connection.lost())?;
    }
    Ok(())
}

async fn next(
    connection: &Connection,
    subscriber: &mut Subscriber,
    pulls: &Pulls,
) -> Result<Message, Fault> {
    let next = std::future::poll_fn(|context| Pin::new(&mut *subscriber).poll_next(context));
    match tokio::time::timeout_at(pulls.deadline().into(), next).await {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(connection.lost()),
        Err(_) => Err(Fault::stop(format!("{}: JetStream has fallen silent", connection.shown()))),
    }
}

fn keeps_all(config: &Value) -> bool {
    let is_unset = |name: &str| config[name].as_i64().is_none_or(|limit| limit <= 0);
    let has_room = ["max_msgs", "max_bytes", "max_msgs_per_subject"].into_iter().all(is_unset);
    is_unset("max_age") && (config["discard"] == "new" || has_room)
}
