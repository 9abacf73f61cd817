//! What of a flow's messages a stream holds already: looked up before anything is sent again, so that repeats are cut
//! also when the server has forgotten their ids.

use super::connection::Connection;
use super::pull::Place;
use super::stream::{Found, nanoseconds};
use crate::core::fault::Fault;
use futures_core::Stream as _;
use serde_json::json;
use std::collections::HashSet;
use std::pin::Pin;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// Where nobody knows how far the flow had come, so many messages are looked at.
const LOOK_BACK: u64 = 100_000;

/// Headers of one pull; a server forgets the consumer when it is not asked for so long.
const PULL: u64 = 4_000;
const FORGOTTEN: Duration = Duration::from_secs(10);

/// The id under which a message is published.
pub(super) const ID: &str = "Nats-Msg-Id";

/// Hashes of ids, so that many cost little.
#[derive(Debug, Default)]
pub(super) struct There(HashSet<u64>);

impl There {
    pub fn holds(&self, id: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&xxh3_64(id.as_bytes()))
    }
}

/// Reads the ids that begin with `prefix` behind a sequence. In a stream that drops what is acknowledged nothing can be
/// looked up; there the duplicate window alone counts.
pub(super) async fn look(
    connection: &Connection,
    (stream, filter): (&str, &str),
    found: &Found,
    (after, prefix): (Option<u64>, &str),
) -> Result<There, Fault> {
    let mut there = There::default();
    let first = after.unwrap_or_else(|| found.last.saturating_sub(LOOK_BACK)) + 1;
    if found.retention != "limits" || first > found.last {
        return Ok(there);
    }
    let doing = format!("looking what {stream} has already");
    let config = json!({
        "deliver_policy": "by_start_sequence", "opt_start_seq": first, "ack_policy": "none",
        "headers_only": true, "filter_subject": filter, "replay_policy": "instant",
        "mem_storage": true, "num_replicas": 1, "inactive_threshold": nanoseconds(FORGOTTEN),
    });
    let request = json!({ "stream_name": stream, "config": config });
    let made = connection.ask(&format!("CONSUMER.CREATE.{stream}"), &request).await;
    let made = made.map_err(|trouble| connection.fault(&doing, &trouble))?;
    let mut left = made["num_pending"].as_u64().unwrap_or_default();
    let name = made["name"].as_str().unwrap_or_default().to_owned();
    let client = connection.client();
    let inbox = client.new_inbox();
    let Ok(mut subscriber) = client.subscribe(inbox.clone()).await else {
        return Err(connection.lost());
    };
    let mut owed = 0;
    while left > 0 {
        if owed == 0 {
            owed = left.min(PULL);
            let pull = json!({ "batch": owed, "expires": nanoseconds(FORGOTTEN) }).to_string();
            let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
            if client.publish_with_reply(subject, inbox.clone(), pull.into()).await.is_err() {
                return Err(connection.lost());
            }
        }
        let next = std::future::poll_fn(|context| Pin::new(&mut subscriber).poll_next(context));
        let Ok(Some(message)) = tokio::time::timeout(FORGOTTEN, next).await else {
            return Err(Fault::retry(format!(
                "{}: {doing}: no answer in time",
                connection.shown()
            )));
        };
        if message.status.is_some() || message.reply.as_deref().and_then(Place::of).is_none() {
            return Err(Fault::retry(format!(
                "{}: {doing}: it was interrupted",
                connection.shown()
            )));
        }
        owed -= 1;
        left -= 1;
        let id = message.headers.as_ref().and_then(|headers| headers.get(ID));
        if let Some(id) =
            id.map(async_nats::HeaderValue::as_str).filter(|id| id.starts_with(prefix))
        {
            there.0.insert(xxh3_64(id.as_bytes()));
        }
    }
    drop(
        connection.ask(&format!("CONSUMER.DELETE.{stream}.{name}"), &serde_json::Value::Null).await,
    );
    Ok(there)
}
