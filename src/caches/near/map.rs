//! The whole near cache: which shard a key belongs to, and what can be asked of it.

use super::entry::Verdict;
use super::flight::{Join, Lead};
use super::shard::{Counts, Shard};
use super::{Entry, Wanted};
use crate::caches::feed::Feed;
use crate::caches::limits;
use crate::caches::moment::Moment;
use crate::resource::{Key, Version};
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub struct Near {
    shards: Box<[Mutex<Shard>]>,
    /// Seeded anew in each process, so that nobody outside can choose keys of one shard.
    hasher: foldhash::fast::RandomState,
    feed: Arc<Feed>,
}

#[derive(Debug)]
pub enum Look {
    Hit(Entry),
    /// There is one that would do if the store said that it had told every change.
    Unsure,
    Nothing,
}

/// What came of wanting a key.
#[derive(Debug)]
pub enum Begun<'a> {
    Hit(Entry),
    Unsure,
    /// Somebody reads it already.
    Join(Join),
    /// The caller is to read it.
    Lead(Lead<'a>),
}

impl Near {
    pub fn new(entries: usize, feed: Arc<Feed>) -> Self {
        let wanted = (entries / limits::SHARD_ENTRIES).clamp(1, limits::SHARDS);
        let count = 1 << wanted.ilog2();
        let shard = || Mutex::new(Shard::new(entries / count, limits::TOMBSTONES / count));
        Self {
            shards: (0..count).map(|_| shard()).collect(),
            hasher: foldhash::fast::RandomState::default(),
            feed,
        }
    }

    /// What may answer at once.
    pub fn look(&self, key: &Key, wanted: &Wanted) -> Look {
        let hash = self.hash(key);
        let told = self.told(wanted);
        look_into(&mut self.shard(hash), hash, key, wanted, told)
    }

    /// Looks, and if that gives nothing, makes the caller wait for a reading or begin one, in one step.
    pub fn begin(&self, key: &Key, wanted: &Wanted) -> Begun<'_> {
        let hash = self.hash(key);
        let told = self.told(wanted);
        let mut shard = self.shard(hash);
        match look_into(&mut shard, hash, key, wanted, told) {
            Look::Hit(entry) => return Begun::Hit(entry),
            Look::Unsure => return Begun::Unsure,
            Look::Nothing => {}
        }
        if let Some(flight) = shard.flight(hash)
            && flight.epoch == told.epoch
            && flight.key == *key
        {
            return Begun::Join(Join::to(flight));
        }
        let lead = Lead::new(self, hash, key.clone(), told.epoch);
        shard.attach(hash, &lead.flight);
        drop(shard);
        Begun::Lead(lead)
    }

    /// A reading of the caller's own, which newcomers join from now on.
    pub fn lead(&self, key: &Key) -> Lead<'_> {
        let (hash, epoch) = (self.hash(key), self.feed.epoch());
        let lead = Lead::new(self, hash, key.clone(), epoch);
        self.shard(hash).attach(hash, &lead.flight);
        lead
    }

    /// A reading of the caller's own, unless somebody reads already.
    pub fn lead_alone(&self, key: &Key) -> Option<Lead<'_>> {
        let (hash, epoch) = (self.hash(key), self.feed.epoch());
        let mut shard = self.shard(hash);
        if shard.flight(hash).is_some() {
            return None;
        }
        let lead = Lead::new(self, hash, key.clone(), epoch);
        shard.attach(hash, &lead.flight);
        drop(shard);
        Some(lead)
    }

    /// There is a copy, or one is just made.
    pub fn has(&self, key: &Key) -> bool {
        let hash = self.hash(key);
        self.shard(hash).has(hash)
    }

    /// Whatever there is, however old.
    pub fn any(&self, key: &Key) -> Option<Entry> {
        let hash = self.hash(key);
        self.shard(hash).ask(hash, key).cloned()
    }

    /// Keeps what the store said. It has seen every change that was told before its reading began. If one was told
    /// since then (the reading is not attached any more), its version says whether this one has seen it.
    pub(super) fn settle(&self, lead: &Lead<'_>, entry: &Entry) {
        let mut shard = self.shard(lead.hash);
        let is_attached = shard.detach(lead.hash, &lead.flight);
        let has_seen_all = is_attached || entry.as_of >= shard.least(lead.hash);
        let is_void = lead.flight.is_void() || lead.flight.epoch != self.feed.epoch();
        if has_seen_all && !is_void {
            shard.keep(lead.hash, &lead.flight.key, entry);
        } else {
            shard.counts.refused_fills += 1;
        }
    }

    /// Whether a copy from elsewhere has seen every change that may have happened to its key; keeps it if so.
    pub(super) fn admit(&self, lead: &Lead<'_>, entry: &Entry) -> bool {
        let mut shard = self.shard(lead.hash);
        let has_seen_all = entry.as_of >= shard.least(lead.hash)
            && self.feed.admits(lead.flight.epoch, entry.as_of);
        if !has_seen_all {
            return false;
        }
        shard.detach(lead.hash, &lead.flight);
        if !lead.flight.is_void() {
            shard.keep(lead.hash, &lead.flight.key, entry);
        }
        true
    }

    pub(super) fn detach(&self, lead: &Lead<'_>) {
        self.shard(lead.hash).detach(lead.hash, &lead.flight);
    }

    /// These keys were written, with these versions.
    pub fn overwrite(&self, keys: &[(Key, Version)]) {
        for (key, version) in keys {
            let hash = self.hash(key);
            self.shard(hash).overwrite(hash, *version);
        }
    }

    /// Something happened to this key.
    pub fn drop_copy(&self, key: &Key) {
        let hash = self.hash(key);
        self.shard(hash).drop_copy(hash);
    }

    /// Somebody has seen how this key is as of a version: like a write, but a copy that agrees stays.
    pub fn reveal(&self, key: &Key, version: Version, agrees: impl FnOnce(&Entry) -> bool) {
        let hash = self.hash(key);
        let mut shard = self.shard(hash);
        let agreeing = shard.ask(hash, key).filter(|entry| agrees(entry)).cloned();
        shard.overwrite(hash, version);
        if let Some(entry) = agreeing {
            shard.keep(hash, key, &entry);
        }
    }

    pub fn clear(&self) {
        for shard in &self.shards {
            lock(shard).clear();
        }
    }

    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for shard in &self.shards {
            sum.add(&lock(shard).counts);
        }
        sum
    }

    /// A number that follows no pattern, from one that does.
    pub fn scatter(&self, number: u64) -> u64 {
        self.hasher.hash_one(number)
    }

    fn told(&self, wanted: &Wanted) -> Told {
        Told {
            known: self.feed.known(wanted.asked).max(wanted.confirmed),
            epoch: self.feed.epoch(),
        }
    }

    fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key)
    }

    /// By bits from the middle: the maps inside use those of both ends.
    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        lock(&self.shards[(hash >> 32) as usize & (self.shards.len() - 1)])
    }
}

/// The feed's state, taken before the lock of a shard.
#[derive(Debug, Clone, Copy)]
struct Told {
    known: Moment,
    epoch: u64,
}

fn look_into(shard: &mut Shard, hash: u64, key: &Key, wanted: &Wanted, told: Told) -> Look {
    let Some(entry) = shard.ask(hash, key) else { return Look::Nothing };
    match entry.judge(wanted, told.known, told.epoch) {
        Verdict::Fresh => {
            let entry = entry.clone();
            let known = told.known.max(entry.known_at);
            let lag = wanted.asked.since(known);
            shard.counts.note_hit(entry.record.is_none(), lag);
            Look::Hit(entry)
        }
        Verdict::Unsure => Look::Unsure,
        Verdict::Useless => Look::Nothing,
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
