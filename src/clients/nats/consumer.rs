//! The durable consumer of a flow: made anew for a reader in order, which keeps its own position; shared and compared
//! for workers who divide a stream among them.

use super::address::Address;
use super::answer::CONSUMER_NOT_FOUND;
use super::connection::Connection;
use super::stream::{Claims, Found, nanoseconds, shown_setting};
use crate::core::fault::Fault;
use serde_json::{Value, json};
use std::time::Duration;

/// A reader in order does not wait for the server to send something again: after any doubt it makes its consumer
/// anew behind its own position.
const NEVER_AGAIN: Duration = Duration::from_hours(24);

/// A message that is not acknowledged comes again after one, two, four, eight and then always sixteen times `ack_wait`.
const DOUBLINGS: u32 = 5;

/// Who counts the tries is the reader, which makes a dead letter of what has had too many; a server would only stop
/// to deliver. No limit at all is refused by 2.9 beside growing pauses.
const ALWAYS: u64 = 1_000_000_000;

/// How a stream is read.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `STACK/SERVICE`.
    pub flow: String,
    pub address: Address,
    pub claims: Claims,
    /// Only these subjects of the stream.
    pub filter: Option<String>,
    pub consumer: String,
    /// Several workers divide the messages among them.
    pub is_shared: bool,
    pub start: Start,
    pub ack_wait: Duration,
    /// Messages that workers may hold together.
    pub in_flight: u64,
    /// Messages of one pull.
    pub pull: u64,
    /// Bytes of one block.
    pub block_bytes: usize,
}

impl Plan {
    pub(super) fn service(&self) -> &str {
        self.flow.rsplit('/').next().unwrap_or_default()
    }
}

/// Where a flow without a position begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    First,
    New,
}

/// How its messages are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acknowledging {
    /// The last one stands for all before it.
    Last,
    Each,
}

/// Opens the consumer; `after` is the last message that a reader in order has.
pub(super) async fn open(
    connection: &Connection,
    plan: &Plan,
    found: &Found,
    after: Option<u64>,
) -> Result<Acknowledging, Fault> {
    if plan.is_shared {
        share(connection, plan).await?;
        return Ok(Acknowledging::Each);
    }
    anew(connection, plan, found, after).await
}

async fn anew(
    connection: &Connection,
    plan: &Plan,
    found: &Found,
    after: Option<u64>,
) -> Result<Acknowledging, Fault> {
    let (stream, name) = (&plan.claims.name, &plan.consumer);
    let is_queue = found.retention == "workqueue";
    if found.retention == "interest" {
        return Err(Fault::stop(format!(
            "{}: the stream {stream} has `retention: interest`: what no consumer wants is gone, so it cannot be read \
             again from a position; say `shared: true`, or give the stream `retention: limits`",
            connection.shown()
        )));
    }
    let mark = format!("headwater: {} reads in order", plan.flow);
    if let Some(there) = info(connection, plan).await? {
        let description = there["config"]["description"].as_str().unwrap_or_default();
        if description != mark {
            return Err(Fault::stop(format!(
                "{}: the consumer {name} of the stream {stream} belongs to somebody else (\"{description}\"); \
                 give this flow another `consumer`, or delete that one, or say `shared: true` to read together",
                connection.shown()
            )));
        }
        let gone = connection.ask(&format!("CONSUMER.DELETE.{stream}.{name}"), &Value::Null).await;
        match gone {
            Err(trouble) if !trouble.is(CONSUMER_NOT_FOUND) => {
                return Err(connection.fault(&format!("the consumer {name}"), &trouble));
            }
            _ => {}
        }
    }
    let mut config = json!({
        "durable_name": name, "description": mark, "replay_policy": "instant",
        "ack_policy": if is_queue { "explicit" } else { "all" },
        "ack_wait": nanoseconds(NEVER_AGAIN), "max_ack_pending": -1, "max_deliver": -1,
    });
    match after {
        Some(after) if !is_queue => {
            config["deliver_policy"] = "by_start_sequence".into();
            config["opt_start_seq"] = (after + 1).into();
        }
        None if plan.start == Start::New && !is_queue => config["deliver_policy"] = "new".into(),
        // A queue gives everything that nobody has acknowledged; what this flow has already is left out here.
        _ => config["deliver_policy"] = "all".into(),
    }
    make(connection, plan, config).await?;
    Ok(if is_queue { Acknowledging::Each } else { Acknowledging::Last })
}

async fn share(connection: &Connection, plan: &Plan) -> Result<(), Fault> {
    let waits: Vec<u64> = (0..DOUBLINGS)
        .map(|times| nanoseconds(plan.ack_wait.saturating_mul(2u32.pow(times))))
        .collect();
    let mut wanted = json!({
        "ack_policy": "explicit", "ack_wait": nanoseconds(plan.ack_wait),
        "max_deliver": ALWAYS,
        "max_ack_pending": plan.in_flight, "filter_subject": plan.filter.clone().unwrap_or_default(),
    });
    if let Some(there) = info(connection, plan).await? {
        let there = &there["config"];
        let differs = wanted.as_object().into_iter().flatten().find(|(name, wanted)| {
            let found = &there[name.as_str()];
            let is_unset = found.is_null() && wanted.as_str() == Some("");
            !is_unset && found != *wanted
        });
        let Some((name, wanted)) = differs else { return Ok(()) };
        let consumer = &plan.consumer;
        return Err(Fault::stop(format!(
            "{}: the consumer {consumer} of the stream {} differs: `{}` is {} there, and this flow wants {}; \
             change one of them, or give this flow another `consumer`, nothing is changed from here",
            connection.shown(),
            plan.claims.name,
            option_of(name),
            shown_setting(name, &there[name.as_str()]),
            shown_setting(name, wanted)
        )));
    }
    wanted["durable_name"] = plan.consumer.clone().into();
    wanted["description"] = format!("headwater: workers of {} share it", plan.flow).into();
    wanted["replay_policy"] = "instant".into();
    wanted["backoff"] = waits.into();
    wanted["deliver_policy"] = if plan.start == Start::New { "new" } else { "all" }.into();
    make(connection, plan, wanted).await
}

async fn info(connection: &Connection, plan: &Plan) -> Result<Option<Value>, Fault> {
    let (stream, name) = (&plan.claims.name, &plan.consumer);
    match connection.ask(&format!("CONSUMER.INFO.{stream}.{name}"), &Value::Null).await {
        Ok(info) => Ok(Some(info)),
        Err(trouble) if trouble.is(CONSUMER_NOT_FOUND) => Ok(None),
        Err(trouble) => Err(connection.fault(&format!("the consumer {name}"), &trouble)),
    }
}

async fn make(connection: &Connection, plan: &Plan, mut config: Value) -> Result<(), Fault> {
    let (stream, name) = (&plan.claims.name, &plan.consumer);
    if let Some(filter) = &plan.filter {
        config["filter_subject"] = filter.clone().into();
    }
    let request = json!({ "stream_name": stream, "config": config });
    let made = connection.ask(&format!("CONSUMER.DURABLE.CREATE.{stream}.{name}"), &request).await;
    made.map(|_| ()).map_err(|trouble| {
        connection.fault(&format!("making the consumer {name} of {stream}"), &trouble)
    })
}

fn option_of(name: &str) -> &str {
    match name {
        "max_ack_pending" => "in_flight",
        "filter_subject" => "subject",
        other => other,
    }
}
