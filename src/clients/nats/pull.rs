//! Pulling: how much is asked for, what came of it, and where a message stands.

use crate::core::time::now;
use async_nats::Message;
use serde_json::json;
use std::time::{Duration, Instant};

/// Bytes that one pull may bring, and pulls under way: what may lie in memory before anybody has looked at it.
const PULL_BYTES: u64 = 256 * 1024;
const PULLS: u64 = 2;

/// How long the server keeps a pull that it cannot fill, and what it may take until that is heard of.
const EXPIRES_LATEST: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(3);

/// Where a message stands, out of the subject that its acknowledgement goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub sequence: u64,
    /// Counts deliveries of the consumer, without gaps.
    pub delivery: u64,
    pub tries: u64,
    /// Messages behind it that the consumer has not delivered.
    pub pending: u64,
}

impl Place {
    /// `$JS.ACK.STREAM.CONSUMER.TRIES.SEQUENCE.DELIVERY.TIME.PENDING`, and newer servers put a domain and an account
    /// before the stream.
    pub fn of(reply: &str) -> Option<Self> {
        let tokens: Vec<&str> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
        let skipped = match tokens.len() {
            7 => 2,
            9.. => 4,
            _ => return None,
        };
        let number = |at: usize| tokens.get(skipped + at)?.parse().ok();
        let (tries, sequence, delivery) = (number(0)?, number(1)?, number(2)?);
        Some(Self { tries, sequence, delivery, pending: number(4)? })
    }
}

/// What a message of the subscription is.
#[derive(Debug)]
pub(super) enum Came {
    Message(Place),
    /// A pull has ended, with or without what it asked for.
    PullEnded,
    /// The next message is larger than what a pull may bring.
    TooLarge,
    Beat,
    ConsumerGone,
    /// Nobody takes pulls: no JetStream, no leader, no consumer.
    Nobody,
    Odd(String),
}

/// What is asked for and has not come.
#[derive(Debug)]
pub(super) struct Pulls {
    size: u64,
    owed: u64,
    /// The next message does not fit a pull with a bound of bytes.
    is_large: bool,
    heard: Instant,
    expires: Duration,
}

impl Pulls {
    /// `ack_wait` is that of workers who share a consumer. A server that gives a message of a dead worker to a pull of
    /// the same dead one notices too late: it takes the message for a new one, and its next delivery says again that
    /// it is the first. A worker speaks of what it holds every third of `ack_wait`, so that the messages of one that
    /// dies come back a third later at the earliest: its pulls must be gone by then.
    pub fn new(size: u64, ack_wait: Option<Duration>) -> Self {
        let expires = ack_wait.map_or(EXPIRES_LATEST, |it| EXPIRES_LATEST.min(it / 4));
        Self { size, owed: 0, is_large: false, heard: now(), expires }
    }

    /// The next pull to send, if there is room for one.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        if self.is_large {
            if self.owed > 0 {
                return None;
            }
            self.is_large = false;
            self.owed = 1;
            return Some(request(1, None, self.expires));
        }
        if self.owed > self.size * (PULLS - 1) {
            return None;
        }
        self.owed += self.size;
        Some(request(self.size, Some(PULL_BYTES), self.expires))
    }

    /// From now on it is waited for again.
    pub fn listen(&mut self) {
        self.heard = now();
    }

    /// By when something must have been heard.
    pub fn deadline(&self) -> Instant {
        self.heard + self.expires + SILENCE
    }

    pub fn look(&mut self, message: &Message) -> Came {
        self.heard = now();
        let Some(status) = message.status else {
            let place = message.reply.as_ref().and_then(|reply| Place::of(reply));
            let Some(place) = place else {
                return Came::Odd("a message that nobody can acknowledge".to_owned());
            };
            self.owed = self.owed.saturating_sub(1);
            return Came::Message(place);
        };
        let words = message.description.as_deref().unwrap_or_default();
        let lower = words.to_ascii_lowercase();
        match status.as_u16() {
            100 => Came::Beat,
            404 | 408 => self.ended(message),
            409 if lower.contains("maxbytes") => {
                // Only when a pull brought nothing at all is the message larger than any pull.
                let left = pending(message);
                if left.is_some_and(|left| left < self.size) {
                    return self.ended(message);
                }
                self.is_large = true;
                self.ended(message);
                Came::TooLarge
            }
            409 if lower.contains("deleted") => Came::ConsumerGone,
            409 => {
                self.ended(message);
                if lower.contains("exceeded") {
                    Came::Odd(words.to_owned())
                } else {
                    Came::PullEnded
                }
            }
            503 => Came::Nobody,
            other => Came::Odd(format!("status {other} {words}")),
        }
    }

    fn ended(&mut self, message: &Message) -> Came {
        // A server that does not say how much was left has at least ended one pull; too few owed only means that one
        // more is sent.
        let left = pending(message).unwrap_or(self.size);
        self.owed = self.owed.saturating_sub(left);
        Came::PullEnded
    }
}

fn pending(message: &Message) -> Option<u64> {
    message.headers.as_ref()?.get("Nats-Pending-Messages")?.as_str().parse().ok()
}

fn request(messages: u64, bytes: Option<u64>, expires: Duration) -> Vec<u8> {
    let expires = u64::try_from(expires.as_nanos()).unwrap_or(u64::MAX);
    let mut body = json!({ "batch": messages, "expires": expires });
    if let Some(bytes) = bytes {
        body["max_bytes"] = bytes.into();
    }
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_of_the_place() {
        let place = Place { tries: 2, sequence: 17, delivery: 9, pending: 4 };
        assert_eq!(Place::of("$JS.ACK.S.C.2.17.9.1700000000.4"), Some(place));
        assert_eq!(Place::of("$JS.ACK._.h4sh.S.C.2.17.9.1700000000.4.x"), Some(place));
        assert_eq!(Place::of("$JS.ACK.S.C.2.x.9.1700000000.4"), None);
        assert_eq!(Place::of("_INBOX.x"), None);
    }

    #[test]
    fn no_more_is_asked_for_than_fits() {
        let mut pulls = Pulls::new(10, None);
        assert!(pulls.next().is_some() && pulls.next().is_some());
        assert!(pulls.next().is_none(), "20 are owed");
    }

    #[test]
    fn the_pulls_of_a_dead_worker_are_gone_before_its_messages_come_back() {
        let expires = |ack_wait: Option<Duration>| {
            let request = Pulls::new(10, ack_wait).next().unwrap();
            let body: serde_json::Value = serde_json::from_slice(&request).unwrap();
            Duration::from_nanos(body["expires"].as_u64().unwrap())
        };
        assert_eq!(expires(None), Duration::from_secs(5));
        for ack_wait in [Duration::from_millis(100), Duration::from_secs(4)] {
            assert!(expires(Some(ack_wait)) < ack_wait / 3, "{ack_wait:?}");
        }
        assert_eq!(expires(Some(Duration::from_mins(5))), Duration::from_secs(5));
    }
}
