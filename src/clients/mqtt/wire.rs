//! What the two versions of the protocol have in common, for those who receive and send.

use super::settings::Settings;
use crate::core::fault::Fault;
use bytes::Bytes;
use std::future::Future;
use std::time::Duration;

/// How long the broker may take for a connection or for a subscription.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long a goodbye may take.
pub const GOODBYE: Duration = Duration::from_secs(2);

/// The largest message that the protocol knows: what is too large for a record is told from what it is, and a
/// connection that breaks at it again and again would take nothing else either.
pub const PACKET_BYTES: u32 = 268_435_460;

/// Messages that the broker may send before any is acknowledged, where the version lets the client say so: many, so
/// that a sync of the journal serves many.
pub const UNACKNOWLEDGED: u16 = 16_384;

/// Requests to the client of the crate that it takes at a time; by itself it takes one.
pub const REQUESTS: usize = 1000;

/// Packets that the client of the crate takes from the connection before it looks what it is asked for: its most.
pub const READS: usize = 128;

/// Why nobody knows what became of a message.
pub const LOST: &str = "the connection was lost before the acknowledgement";

/// Quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    AtMostOnce,
    AtLeastOnce,
    ExactlyOnce,
}

impl Quality {
    pub fn of(number: u64) -> Self {
        match number {
            0 => Self::AtMostOnce,
            1 => Self::AtLeastOnce,
            _ => Self::ExactlyOnce,
        }
    }
}

/// A message that came.
#[derive(Debug, Clone)]
pub struct Message {
    pub topic: Bytes,
    pub payload: Bytes,
    /// It was kept by the broker for those who come later.
    pub is_retained: bool,
    /// User properties; version 5 only.
    pub properties: Vec<(String, String)>,
}

/// A message that goes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub topic: String,
    pub payload: Bytes,
    pub quality: Quality,
    pub is_retained: bool,
}

/// What the other end did.
#[derive(Debug)]
pub enum Event<A> {
    Connected {
        /// The broker still knows this client, its subscriptions and what came meanwhile.
        is_resumed: bool,
        /// The largest packet that it takes, where it says so.
        packet_max: Option<u32>,
    },
    /// With what acknowledges it; a message of quality 0 needs none.
    Message(Message, Option<A>),
    Other,
}

/// What became of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Acknowledged,
    /// The broker will never take it, and why.
    Refused(String),
    /// It is not known whether the broker has it.
    Unknown(String),
}

/// Who shall hold the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// The broker keeps it while this client is away, so long where the version can say it.
    Kept(Duration),
    /// Nothing outlives the connection.
    Fresh,
}

/// A version of the protocol. One connection is one pair of a handle, which may be used from any thread, and a line,
/// which is driven by one; after an error both are of no use any more, and nothing that was meant for this connection
/// can reach the next one.
pub trait Wire: 'static {
    type Handle: Clone + Send + Sync + 'static;
    type Line: Send;
    type Acknowledgement: Send + 'static;

    fn open(settings: &Settings, session: Session) -> Result<(Self::Handle, Self::Line), Fault>;

    /// Waits for what happens next; the first call connects. Not to be dropped half-way.
    fn next(
        line: &mut Self::Line,
    ) -> impl Future<Output = Result<Event<Self::Acknowledgement>, String>>;

    /// Ends with the reason when one of the filters was refused.
    fn subscribe(
        handle: &Self::Handle,
        filters: &[String],
        quality: Quality,
    ) -> impl Future<Output = Result<(), String>> + 'static;

    fn unsubscribe(handle: &Self::Handle, filter: &str);

    fn acknowledge(handle: &Self::Handle, acknowledgement: Self::Acknowledgement);

    /// Ends when the broker has acknowledged the message, or will not.
    fn send(
        handle: &Self::Handle,
        message: Outgoing,
    ) -> impl Future<Output = Sent> + Send + 'static;

    /// Says goodbye, behind everything that was asked for before.
    fn leave(handle: &Self::Handle);
}
