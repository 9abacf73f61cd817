//! One part of the near cache, whole under one lock.

use super::flight::Flight;
use super::sieve::Sieve;
use super::tombstones::Tombstones;
use super::{Entry, Plain};
use crate::resource::{Key, Version};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The last one reaches beyond all ages.
pub const STALENESS_BUCKETS: usize = 33;

#[derive(Debug)]
pub struct Shard {
    /// Where the entry of a hash is. Two keys of one hash displace each other; the key itself is always compared.
    places: HashMap<u64, u32, Plain>,
    kept: Sieve<Kept>,
    flights: HashMap<u64, Arc<Flight>, Plain>,
    tombstones: Tombstones,
    pub counts: Counts,
}

#[derive(Debug)]
struct Kept {
    hash: u64,
    key: Key,
    entry: Entry,
}

/// What happened here since the start.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    pub hits: u64,
    pub negative_hits: u64,
    pub invalidations: u64,
    pub evictions: u64,
    pub refused_fills: u64,
    /// The most that each hit may have lagged behind the store, by powers of four microseconds: below 1, 4, 16, …
    pub staleness: [u64; STALENESS_BUCKETS],
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            hits: 0,
            negative_hits: 0,
            invalidations: 0,
            evictions: 0,
            refused_fills: 0,
            staleness: [0; STALENESS_BUCKETS],
        }
    }
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.negative_hits += other.negative_hits;
        self.invalidations += other.invalidations;
        self.evictions += other.evictions;
        self.refused_fills += other.refused_fills;
        for (sum, count) in self.staleness.iter_mut().zip(other.staleness) {
            *sum += count;
        }
    }

    pub fn note_hit(&mut self, is_negative: bool, lag: Duration) {
        self.hits += 1;
        self.negative_hits += u64::from(is_negative);
        let microseconds = lag.as_nanos() as u64 / 1000;
        let bucket = (64 - microseconds.leading_zeros()).div_ceil(2);
        if let Some(count) = self.staleness.get_mut(bucket as usize) {
            *count += 1;
        }
    }
}

impl Shard {
    pub fn new(capacity: usize, tombstones: usize) -> Self {
        Self {
            places: HashMap::default(),
            kept: Sieve::new(capacity),
            flights: HashMap::default(),
            tombstones: Tombstones::new(tombstones),
            counts: Counts::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// The entry of a key, marked as in use.
    pub fn ask(&mut self, hash: u64, key: &Key) -> Option<&Entry> {
        let place = *self.places.get(&hash)?;
        let kept = self.kept.ask(place)?;
        (kept.key == *key).then_some(&kept.entry)
    }

    pub fn has(&self, hash: u64) -> bool {
        self.places.contains_key(&hash) || self.flights.contains_key(&hash)
    }

    pub fn flight(&self, hash: u64) -> Option<&Arc<Flight>> {
        self.flights.get(&hash)
    }

    pub fn attach(&mut self, hash: u64, flight: &Arc<Flight>) {
        self.flights.insert(hash, Arc::clone(flight));
    }

    /// Answers whether it was the one that newcomers join.
    pub fn detach(&mut self, hash: u64, flight: &Arc<Flight>) -> bool {
        let is_attached = self.flights.get(&hash).is_some_and(|held| Arc::ptr_eq(held, flight));
        if is_attached {
            self.flights.remove(&hash);
        }
        is_attached
    }

    /// The least version that a copy of this key must be as of, unless its reading began after the last change was
    /// told.
    pub fn least(&self, hash: u64) -> Version {
        self.tombstones.least(hash)
    }

    /// An older copy never replaces a newer one.
    pub fn keep(&mut self, hash: u64, key: &Key, entry: &Entry) {
        if let Some(kept) = self.places.get(&hash).and_then(|place| self.kept.ask(*place)) {
            let order = |entry: &Entry| (entry.epoch, entry.as_of, entry.read_at);
            if kept.key != *key {
                self.forget(hash);
            } else if order(&kept.entry) <= order(entry) {
                kept.entry = entry.clone();
                return;
            } else {
                return;
            }
        }
        let kept = Kept { hash, key: key.clone(), entry: entry.clone() };
        let (place, evicted) = self.kept.insert(kept);
        if let Some(evicted) = evicted {
            self.places.remove(&evicted.hash);
            self.counts.evictions += 1;
        }
        self.places.insert(hash, place);
    }

    /// A write of this version is known; whatever does not know it goes, and nobody joins a reading from before.
    pub fn overwrite(&mut self, hash: u64, version: Version) {
        self.tombstones.set(hash, version);
        self.flights.remove(&hash);
        let kept = self.places.get(&hash).and_then(|place| self.kept.peek(*place));
        if kept.is_some_and(|kept| kept.entry.as_of < version) {
            self.forget(hash);
            self.counts.invalidations += 1;
        }
    }

    /// Something happened to the key, nobody knows which version.
    pub fn drop_copy(&mut self, hash: u64) {
        if let Some(flight) = self.flights.remove(&hash) {
            flight.make_void();
        }
        if self.forget(hash) {
            self.counts.invalidations += 1;
        }
    }

    pub fn clear(&mut self) {
        for (_, flight) in self.flights.drain() {
            flight.make_void();
        }
        let hashes: Vec<u64> = self.places.keys().copied().collect();
        for hash in hashes {
            self.forget(hash);
        }
    }

    fn forget(&mut self, hash: u64) -> bool {
        self.places.remove(&hash).is_some_and(|place| self.kept.remove(place).is_some())
    }
}
