//! Clients that post numbered records through every crash, and remember what became of each.

use crate::support::Connection;
use headwater::testing::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// What the clients know, all together.
#[derive(Debug, Default)]
pub struct Known {
    /// Records whose sender got a 2xx.
    pub acknowledged: BTreeSet<u64>,
    /// How often a record was sent.
    pub sent: BTreeMap<u64, u64>,
}

#[derive(Debug, Default)]
pub struct Senders {
    /// Where the service listens now.
    address: Mutex<String>,
    stop: AtomicBool,
    known: Mutex<Known>,
}

impl Senders {
    pub fn move_to(&self, address: String) {
        *self.address.lock().unwrap() = address;
    }

    /// Lets every client end once what it is sending is acknowledged.
    pub fn finish(&self) {
        self.stop.store(true, Relaxed);
    }

    pub fn acknowledged(&self) -> usize {
        self.known.lock().unwrap().acknowledged.len()
    }

    pub fn known(self) -> Known {
        self.known.into_inner().unwrap()
    }

    /// One client: sends one to five records at a time, each lot until it is acknowledged. It waits while
    /// `is_ahead`, so that a slow sink can follow.
    pub fn send(&self, client: u64, is_ahead: &(dyn Fn(usize) -> bool + Sync), mut random: Random) {
        let mut next = client * 1_000_000;
        let mut connection = None;
        while !self.stop.load(Relaxed) {
            if is_ahead(self.acknowledged()) {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            let lot: Vec<u64> = (next..=next + random.below(5)).collect();
            next += lot.len() as u64;
            let lines: Vec<String> = lot.iter().map(|id| format!("{{\"id\":{id}}}")).collect();
            let lines = lines.join("\n");
            while !self.try_to_send(&lot, &lines, &mut connection) {
                connection = None;
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }

    fn try_to_send(&self, lot: &[u64], body: &str, kept: &mut Option<Connection>) -> bool {
        let address = self.address.lock().unwrap().clone();
        if kept.is_none() {
            *kept = Connection::open(&address).ok();
        }
        let Some(connection) = kept else { return false };
        {
            let mut known = self.known.lock().unwrap();
            for id in lot {
                *known.sent.entry(*id).or_default() += 1;
            }
        }
        let answer = connection.exchange("POST", "/", body);
        let is_taken = match &answer {
            Ok(answer) => {
                assert!(answer.status == 200 || answer.status == 503, "{answer:?}");
                answer.status == 200
            }
            Err(_) => false,
        };
        if is_taken {
            self.known.lock().unwrap().acknowledged.extend(lot);
        }
        is_taken
    }
}
