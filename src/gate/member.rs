//! One replica in the roster: where it is, how it is, what it has done.

use crate::gate::health::{Health, Record, Trouble};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) address: SocketAddr,
    pub(crate) record: Record,
    pub(crate) in_flight: u32,
    /// It is no longer among the addresses: it finishes what it has and gets nothing more.
    pub(crate) is_leaving: bool,
    pub(crate) counts: Counts,
}

/// What happened at a replica since it was found.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    pub requests: u64,
    /// Requests that it did not answer.
    pub failures: u64,
    pub answered: u64,
    /// Until the answer began.
    pub time: Duration,
}

/// How a replica stands, for those who look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Ready,
    Starting,
    Leaving,
    Suspended,
    Down,
}

impl Standing {
    pub const ALL: [Self; 5] =
        [Self::Ready, Self::Starting, Self::Leaving, Self::Suspended, Self::Down];

    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Leaving => "leaving",
            Self::Suspended => "suspended",
            Self::Down => "down",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct MemberStatus {
    pub address: SocketAddr,
    pub standing: Standing,
    pub in_flight: u32,
    pub counts: Counts,
}

impl Member {
    pub(crate) fn new(id: u64, address: SocketAddr) -> Self {
        let (record, counts) = (Record::new(), Counts::default());
        Self { id, address, record, in_flight: 0, is_leaving: false, counts }
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.record.health, Health::Ready(_)) && !self.is_leaving
    }

    /// When nothing better is there: it may answer, and nobody said that nothing listens.
    pub(crate) fn is_last_resort(&self, now: Instant) -> bool {
        match self.record.health {
            Health::Suspended(until) => until <= now && !self.is_leaving,
            Health::Down(trouble) => trouble == Trouble::Silent && !self.is_leaving,
            Health::New | Health::Ready(_) => false,
        }
    }

    pub(crate) fn status(&self) -> MemberStatus {
        let standing = match self.record.health {
            _ if self.is_leaving => Standing::Leaving,
            Health::New => Standing::Starting,
            Health::Ready(_) => Standing::Ready,
            Health::Down(_) => Standing::Down,
            Health::Suspended(_) => Standing::Suspended,
        };
        let (address, in_flight) = (self.address, self.in_flight);
        MemberStatus { address, standing, in_flight, counts: self.counts }
    }
}
