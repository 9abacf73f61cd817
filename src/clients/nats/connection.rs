//! One connection: made with an end to the waiting, watched for being lost, and asked in JetStream's JSON.

use super::address::Address;
use super::answer::{Trouble, read};
use crate::clients::roots::is_plain_text;
use crate::core::fault::Fault;
use async_nats::{Client, ConnectErrorKind, Event, RequestErrorKind, ServerAddr};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::watch;

/// How long connecting may take with encryption and login, and a question to JetStream.
const CONNECT: Duration = Duration::from_secs(5);
const QUESTION: Duration = Duration::from_secs(5);

/// A server that is gone without a word is noticed after two of these.
const PING: Duration = Duration::from_secs(5);

/// How long a server may take to be found again before that is told once more.
const RECONNECT: Duration = Duration::from_secs(5);

/// Between two tries to connect again.
const AGAIN_FIRST: Duration = Duration::from_millis(50);
const AGAIN_LONGEST: Duration = Duration::from_secs(2);

/// Messages that wait for the thread to look at them: more than may ever be under way, because what does not fit is
/// thrown away by the client.
pub(super) const WAITING_MESSAGES: usize = 16 * 1024;

/// Cheap to clone; ends with the runtime it was made on.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    status: watch::Receiver<Status>,
    shown: Arc<str>,
}

/// What was heard of the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// Each new one means that what was under way may be gone.
    pub connects: u64,
    pub is_up: bool,
    /// What the server complained of.
    pub complaint: Option<String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").field("servers", &self.shown).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects; afterwards the client connects again by itself, for ever.
    pub async fn open(address: &Address, name: &str) -> Result<Self, Fault> {
        let again = |tries: usize| {
            let doubled = 2u32.saturating_pow(u32::try_from(tries).unwrap_or(u32::MAX).min(16));
            AGAIN_FIRST.saturating_mul(doubled).min(AGAIN_LONGEST)
        };
        Self::make(address, address.servers()?, name, again).await
    }

    /// Connects for as long as it lasts, to the address or to another server that was heard of. The client would send
    /// what still waits when the connection is lost over the next one, behind a gap of all that was under way; so it
    /// never makes another one, and waits for the end of its runtime.
    pub async fn once(address: &Address, heard_of: &[String], name: &str) -> Result<Self, Fault> {
        let mut servers = address.servers()?;
        servers.extend(heard_of.iter().filter_map(|server| server.parse().ok()));
        Self::make(address, servers, name, |_| Duration::MAX).await
    }

    /// `again` says how long the client waits before it connects again.
    async fn make(
        address: &Address,
        servers: Vec<ServerAddr>,
        name: &str,
        again: impl Fn(usize) -> Duration + Send + Sync + 'static,
    ) -> Result<Self, Fault> {
        let (status, heard) = watch::channel(Status::default());
        let status = Arc::new(status);
        let is_made = Arc::new(AtomicBool::new(false));
        let is_again = Arc::clone(&is_made);
        let options = address
            .options()?
            .name(name)
            .connection_timeout(CONNECT)
            .request_timeout(Some(QUESTION))
            .ping_interval(PING)
            .subscription_capacity(WAITING_MESSAGES)
            .max_reconnects(None)
            .reconnect_delay_callback(move |tries| {
                if is_again.load(SeqCst) { again(tries) } else { Duration::ZERO }
            })
            .event_callback(move |event| {
                let status = Arc::clone(&status);
                async move { note(&status, &event) }
            });
        let shown: Arc<str> = address.shown().into();
        // The client bounds each server by itself; the name's look-up it does not.
        let tries = u32::try_from(servers.len() + 1).unwrap_or(u32::MAX);
        let patience = CONNECT.saturating_mul(tries);
        let connecting = options.connect(servers);
        let Ok(connected) = tokio::time::timeout(patience, connecting).await else {
            return Err(Fault::retry(format!(
                "{shown}: no connection within {} s",
                patience.as_secs()
            )));
        };
        let client = connected.map_err(|error| refused(&shown, &error))?;
        is_made.store(true, SeqCst);
        Ok(Self { client, status: heard, shown })
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Servers of the same cluster, as far as the one at the other end knows them.
    pub fn neighbours(&self) -> Vec<String> {
        self.client.server_info().connect_urls
    }

    /// The servers, without a login.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Waits a little until the connection is there; what is answered changes when it is lost, and when it is made
    /// again.
    pub(super) async fn up(&self) -> Result<watch::Receiver<Status>, Fault> {
        let mut status = self.status.clone();
        let is_up = {
            let up = tokio::time::timeout(RECONNECT, status.wait_for(|status| status.is_up)).await;
            matches!(up, Ok(Ok(_)))
        };
        if !is_up {
            return Err(self.lost());
        }
        status.mark_unchanged();
        Ok(status)
    }

    /// Is it down just now?
    pub(super) fn is_lost(&self) -> bool {
        !self.status.borrow().is_up
    }

    /// Why nothing comes, as far as it is known.
    pub(super) fn lost(&self) -> Fault {
        let complaint = self.complaint();
        Fault::retry(format!(
            "{}: the connection is lost{complaint}; it is made again by itself",
            self.shown
        ))
    }

    /// What the server has said to this connection, in brackets: it answers a question that is not allowed with
    /// nothing else.
    pub(super) fn complaint(&self) -> String {
        let status = self.status.borrow();
        status.complaint.as_ref().map_or_else(String::new, |said| format!(" ({said})"))
    }

    /// Asks JetStream's API, `STREAM.INFO.X` for example.
    pub async fn ask(&self, what: &str, with: &Value) -> Result<Value, Trouble> {
        let body = if with.is_null() { Vec::new() } else { with.to_string().into_bytes() };
        match self.client.request(format!("$JS.API.{what}"), body.into()).await {
            Ok(answer) => read(&answer.payload),
            Err(error) => Err(match error.kind() {
                RequestErrorKind::NoResponders => Trouble::Nobody,
                RequestErrorKind::TimedOut => Trouble::Late,
                _ => Trouble::Lost(error.to_string()),
            }),
        }
    }

    /// Trouble as a fault that says with whom.
    pub(super) fn fault(&self, doing: &str, trouble: &Trouble) -> Fault {
        let complaint = if *trouble == Trouble::Late { self.complaint() } else { String::new() };
        trouble.fault(&format!("{}: {doing}{complaint}", self.shown))
    }
}

fn note(status: &watch::Sender<Status>, event: &Event) {
    status.send_if_modified(|status| match event {
        Event::Connected => {
            *status = Status { connects: status.connects + 1, is_up: true, complaint: None };
            true
        }
        Event::Disconnected | Event::Closed => std::mem::replace(&mut status.is_up, false),
        Event::ServerError(said) => {
            status.complaint = Some(said.to_string());
            false
        }
        Event::ClientError(said) => {
            status.complaint = Some(said.to_string());
            false
        }
        _ => false,
    });
}

/// All of it is tried again: a server comes back, a user is added, a file is replaced.
fn refused(shown: &str, error: &async_nats::ConnectError) -> Fault {
    let source = std::error::Error::source(error).map(|why| format!(": {why}")).unwrap_or_default();
    let no_encryption =
        || format!("{shown}: no encryption{source}; look at `ca`, `certificate` and `key`");
    // Of a certificate that is not good the client says that it is an error of the connection.
    let is_certificate = source.contains("certificate");
    Fault::retry(match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => format!(
            "{shown} refuses the login: look at `user`, `password`, `token`, `credentials` and `nkey`"
        ),
        ConnectErrorKind::Tls if !is_plain_text(&source) => no_encryption(),
        _ if is_certificate => no_encryption(),
        _ if is_plain_text(&source) => {
            format!(
                "{shown} speaks no TLS: write nats:// instead of tls://, or give the server a certificate"
            )
        }
        ConnectErrorKind::TimedOut => {
            format!("{shown} does not answer within {} s", CONNECT.as_secs())
        }
        _ => format!("{shown} cannot be reached{source}"),
    })
}
