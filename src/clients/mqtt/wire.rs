//! What the two versions of the protocol have in common: messages that come and go, and every other packet as this
//! side understands it.

use std::time::Duration;

/// How long the broker may take for a connection or for a subscription.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long a goodbye may take.
pub const GOODBYE: Duration = Duration::from_secs(2);

/// Messages that the broker may send before any is acknowledged, where the version lets the client say so: many, so
/// that a sync of the journal serves many.
pub const UNACKNOWLEDGED: u16 = 16_384;

/// Why nobody knows what became of a message.
pub const LOST: &str = "the connection was lost before the acknowledgement";

/// What is said of a packet that answers nothing.
pub const UNASKED: &str = "it answers what nobody asked";

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

/// A message that came, as it lies in what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    pub topic: &'a str,
    pub payload: &'a [u8],
    pub quality: Quality,
    /// By which it is acknowledged; 0 with quality 0.
    pub id: u16,
    /// It was kept by the broker for those who come later.
    pub is_retained: bool,
    /// The broker may have sent it before.
    pub is_repeated: bool,
    /// User properties; version 5 only.
    pub properties: Vec<(String, String)>,
}

impl Message<'_> {
    /// What acknowledges it: PUBACK or PUBREC, which both versions write alike.
    #[inline]
    pub fn acknowledgement(&self) -> Option<[u8; 4]> {
        match self.quality {
            Quality::AtMostOnce => None,
            Quality::AtLeastOnce => Some(short(0x40, self.id)),
            Quality::ExactlyOnce => Some(short(0x50, self.id)),
        }
    }
}

/// A message that goes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub topic: String,
    pub payload: bytes::Bytes,
    pub quality: Quality,
    pub is_retained: bool,
}

/// What came.
#[derive(Debug)]
pub enum Incoming<'a> {
    Message(Message<'a>),
    Packet(Packet),
}

/// A packet that is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    Connected(Connected),
    /// It does not let us in, and why.
    Refused(String),
    /// For each filter why it was refused, if it was.
    Subscribed {
        id: u16,
        refusals: Vec<Option<String>>,
    },
    Unsubscribed {
        id: u16,
    },
    Answer {
        stage: Stage,
        id: u16,
        refusal: Option<Refusal>,
    },
    /// A message of quality 2 will not be sent again.
    Released {
        id: u16,
    },
    Pong,
    /// The broker ends the connection, and why.
    Goodbye(String),
}

/// What a broker takes, as it said when it let us in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// It still knows this client, its subscriptions and what came meanwhile.
    pub is_resumed: bool,
    /// The largest packet, where it says so.
    pub packet_max: Option<u32>,
    /// Messages under way to it, where it says so.
    pub under_way_max: Option<u16>,
    /// The best quality, where it is not all of them.
    pub quality_max: Option<u8>,
    pub keeps_retained: bool,
    /// In how many seconds it wants to hear something, where that is not what it was told.
    pub keep_alive: Option<u16>,
}

/// How far a message that was sent has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// PUBACK.
    Acknowledged,
    /// PUBREC.
    Received,
    /// PUBCOMP.
    Completed,
}

/// Why a broker did not take a message, and whether it ever will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub reason: String,
    pub is_final: bool,
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

/// Ends a message of quality 2: PUBCOMP.
pub fn completion(id: u16) -> [u8; 4] {
    short(0x70, id)
}

/// Lets go of a message of quality 2 that the broker has: PUBREL.
pub fn release(id: u16) -> [u8; 4] {
    short(0x62, id)
}

/// A packet of two bytes, the message's number; with version 5 it means success.
fn short(first: u8, id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [first, 2, high, low]
}
