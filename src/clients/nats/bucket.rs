//! A bucket of keys and values: a stream with one message a subject, replaced by whoever knows its sequence.

use super::address::Address;
use super::answer::{STREAM_NOT_FOUND, Trouble, read};
use super::background::{Background, Stop};
use super::connection::Connection;
use crate::clients::leases::{Register, Registers};
use crate::core::fault::Fault;
use async_nats::{HeaderMap, RequestErrorKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

/// How long a question may take: a lease that cannot be renewed meanwhile is not lost yet.
const QUESTION: Duration = Duration::from_secs(2);

const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";
const NO_MESSAGE: u64 = 10_037;
const OTHER_SEQUENCE: u64 = 10_071;

/// Its connection is made at the first question and again when it was lost. Dropping it ends it.
#[derive(Debug)]
pub struct Bucket {
    address: Address,
    client: String,
    stream: String,
    prefix: String,
    /// Servers of a cluster that hold it, when it is made here.
    replicas: u64,
    handle: Handle,
    connection: Mutex<Option<Connection>>,
    _thread: Background,
}

impl Bucket {
    /// `client` is what the server calls this connection.
    pub fn new(address: Address, bucket: &str, replicas: u64, client: &str) -> Result<Self, Fault> {
        let (tell, told) = sync_channel(1);
        let work = move |mut stop: Stop| async move {
            drop(tell.try_send(Handle::current()));
            stop.wanted().await;
        };
        let thread = Background::start("leases nats", work)?;
        let handle = told.recv().map_err(|_| Fault::retry("the thread for NATS has ended"))?;
        Ok(Self {
            address,
            client: client.to_owned(),
            stream: format!("KV_{bucket}"),
            prefix: format!("$KV.{bucket}."),
            replicas,
            handle,
            connection: Mutex::default(),
            _thread: thread,
        })
    }

    /// Asks with an end to the waiting, from a thread that is none of the runtime's.
    fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, Fault> {
        self.handle.block_on(async {
            let connection = self.connect().await?;
            let trouble = match tokio::time::timeout(QUESTION, question(&connection)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(trouble)) => trouble,
                Err(_) => Trouble::Late,
            };
            if trouble.is(STREAM_NOT_FOUND) || trouble == Trouble::Nobody {
                // It is looked for, and made, at the next question.
                *self.connection.lock().await = None;
                return Err(Fault::retry(format!(
                    "{}: the bucket {} does not answer: was it deleted, or has it no leader?",
                    connection.shown(),
                    self.stream
                )));
            }
            Err(connection.fault(&format!("the bucket {}", self.stream), &trouble))
        })
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = kept.as_ref() {
            return Ok(connection.clone());
        }
        let connection = Connection::open(&self.address, &self.client).await?;
        self.ensure(&connection).await?;
        Ok(kept.insert(connection).clone())
    }

    /// Finds the bucket, or makes it.
    async fn ensure(&self, connection: &Connection) -> Result<(), Fault> {
        let stream = &self.stream;
        let doing = format!("the bucket {stream}");
        let asked = connection.ask(&format!("STREAM.INFO.{stream}"), &Value::Null).await;
        let trouble = match asked {
            Ok(found) => return self.enough(connection, &found),
            Err(trouble) => trouble,
        };
        if !trouble.is(STREAM_NOT_FOUND) {
            return Err(connection.fault(&doing, &trouble));
        }
        // As other clients make a bucket, so that their tools show it.
        let wanted = json!({
            "name": stream, "subjects": [format!("{}>", self.prefix)], "retention": "limits",
            "storage": "file", "num_replicas": self.replicas, "max_msgs_per_subject": 1, "discard": "new",
            "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_msg_size": -1,
            "allow_rollup_hdrs": true, "deny_delete": true,
        });
        let made = connection.ask(&format!("STREAM.CREATE.{stream}"), &wanted).await;
        made.map(drop).map_err(|trouble| connection.fault(&format!("making {doing}"), &trouble))
    }

    /// One that is there may have more replicas than were asked for, and not fewer: its leases would go with a server.
    fn enough(&self, connection: &Connection, found: &Value) -> Result<(), Fault> {
        let there = found["config"]["num_replicas"].as_u64().unwrap_or(1);
        if there >= self.replicas {
            return Ok(());
        }
        let (stream, wanted) = (&self.stream, self.replicas);
        Err(Fault::retry(format!(
            "{}: the bucket {stream} has `replicas: {there}`, the stack says {wanted}: \
             `nats stream edit {stream} --replicas {wanted}`, or say {there} in the stack file",
            connection.shown()
        )))
    }
}

impl Registers for Bucket {
    fn read(&self, key: &str) -> Result<Option<Register>, Fault> {
        let what = format!("STREAM.MSG.GET.{}", self.stream);
        let wanted = json!({ "last_by_subj": format!("{}{key}", self.prefix) });
        self.ask(async |connection| match connection.ask(&what, &wanted).await {
            Ok(answer) => register(&answer["message"]).map(Some),
            Err(trouble) if trouble.is(NO_MESSAGE) => Ok(None),
            Err(trouble) => Err(trouble),
        })
    }

    fn replace(&self, key: &str, revision: u64, value: &[u8]) -> Result<Option<u64>, Fault> {
        let subject = format!("{}{key}", self.prefix);
        let payload = bytes::Bytes::copy_from_slice(value);
        self.ask(async |connection| {
            let mut headers = HeaderMap::new();
            headers.insert(EXPECTED, revision.to_string());
            let client = connection.client();
            let asked = client.request_with_headers(subject, headers, payload).await;
            let answer = asked.map_err(|error| match error.kind() {
                RequestErrorKind::NoResponders => Trouble::Nobody,
                RequestErrorKind::TimedOut => Trouble::Late,
                _ => Trouble::Lost(error.to_string()),
            })?;
            match read(&answer.payload) {
                Ok(stored) => Ok(stored["seq"].as_u64()),
                Err(trouble) if trouble.is(OTHER_SEQUENCE) => Ok(None),
                Err(trouble) => Err(trouble),
            }
        })
    }
}

fn register(message: &Value) -> Result<Register, Trouble> {
    let odd = || Trouble::Lost("a message that cannot be understood".to_owned());
    let revision = message["seq"].as_u64().ok_or_else(odd)?;
    // A message without bytes has no `data` at all.
    let value = STANDARD.decode(message["data"].as_str().unwrap_or_default());
    Ok(Register { revision, value: value.map_err(|_| odd())? })
}
