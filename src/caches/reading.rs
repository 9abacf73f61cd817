//! How a record is found: near, else one reading for all who want it, from Redis or from the store.

use super::envelope::{Content, Envelope};
use super::layers::Layers;
use super::limits;
use super::moment::{Moment, nanoseconds};
use super::near::{Begun, Entry, Lead, Look, Wanted};
use super::redis::{Item, Redis};
use super::{Freshness, Origin, Read};
use crate::core::time;
use crate::resource::{Health, Key, StoreError, StoreErrorKind, json};
use std::sync::Arc;
use std::time::Duration;

/// What Redis had.
enum Shared {
    Nothing,
    /// Something that nobody of us wrote.
    Poison,
    /// A copy that may lack a write, or outlived its time.
    Old(Entry),
    Usable(Entry),
}

impl Layers {
    pub fn near(self: &Arc<Self>, key: &Key, freshness: Freshness) -> Option<Read> {
        if freshness.is_bypass {
            return None;
        }
        let wanted = self.wanted(freshness);
        match self.near.look(key, &wanted) {
            Look::Hit(entry) => Some(self.hit(key, entry, wanted.asked)),
            Look::Unsure | Look::Nothing => None,
        }
    }

    pub async fn get(
        self: &Arc<Self>,
        key: &Key,
        freshness: Freshness,
    ) -> Result<Read, StoreError> {
        if freshness.is_bypass {
            let lead = self.near.lead(key);
            return self.read_store(lead, key, false).await;
        }
        let mut wanted = self.wanted(freshness);
        let mut joins = 0;
        loop {
            let lead = match self.near.begin(key, &wanted) {
                Begun::Hit(entry) => return Ok(self.hit(key, entry, wanted.asked)),
                Begun::Unsure => {
                    match self.confirm_unless_away(key, &wanted).await {
                        Ok(confirmed) => wanted.confirmed = confirmed,
                        Err(error) => return self.stand_in(key, None, &wanted, error),
                    }
                    continue;
                }
                Begun::Join(_) if joins >= limits::JOINS => self.near.lead(key),
                Begun::Join(join) => {
                    joins += 1;
                    match join.answer().await {
                        Some(Ok(entry)) if wanted.is_met_by(&entry) => {
                            self.counts.collapsed.add_one();
                            return Ok(self.read(entry, Origin::Collapsed));
                        }
                        Some(Err(error)) => return self.stand_in(key, None, &wanted, error),
                        // What was read is too old for this reader, or whoever read it has gone.
                        Some(Ok(_)) | None => continue,
                    }
                }
                Begun::Lead(lead) => lead,
            };
            return self.lead(lead, key, &wanted).await;
        }
    }

    /// Reads for all who wait.
    async fn lead(
        &self,
        mut lead: Lead<'_>,
        key: &Key,
        wanted: &Wanted,
    ) -> Result<Read, StoreError> {
        let mut old = None;
        let mut is_poisoned = false;
        if let Some((redis, names)) = self.shared() {
            match self.read_redis(redis, names.name(key), lead.epoch(), wanted).await {
                Shared::Usable(entry) => match lead.admit(&entry) {
                    Ok(()) => {
                        self.counts.redis_hits.add_one();
                        self.counts.hits.add(self.clock.now().since(wanted.asked));
                        return Ok(self.read(entry, Origin::Redis));
                    }
                    Err(given_back) => {
                        self.counts.outdated.add_one();
                        lead = given_back;
                    }
                },
                Shared::Old(entry) => old = Some(entry),
                Shared::Poison => {
                    self.counts.poisoned.add_one();
                    is_poisoned = true;
                }
                Shared::Nothing => {}
            }
        }
        match self.read_store(lead, key, is_poisoned).await {
            Ok(read) => Ok(read),
            Err(error) => self.stand_in(key, old, wanted, error),
        }
    }

    async fn read_store(
        &self,
        lead: Lead<'_>,
        key: &Key,
        is_poisoned: bool,
    ) -> Result<Read, StoreError> {
        match self.load(lead.epoch(), key).await {
            Ok(entry) => {
                lead.answer(&entry);
                self.share(key, &entry, is_poisoned);
                Ok(self.read(entry, Origin::Store))
            }
            Err(error) => {
                lead.fail(&error);
                Err(error)
            }
        }
    }

    async fn load(&self, epoch: u64, key: &Key) -> Result<Entry, StoreError> {
        let permit = self.admission.enter().await?;
        let read_at = self.clock.now();
        let result = self.store.get(key.clone()).await;
        drop(permit);
        let fetched = result.inspect_err(|_| self.counts.store_errors.add_one())?;
        let now = self.clock.now();
        let load = now.since(read_at);
        self.counts.store_reads.add_one();
        self.counts.note_load(load);
        let life = self.jittered(self.life(fetched.record.is_some()), now);
        Ok(Entry {
            record: fetched.record,
            as_of: fetched.as_of,
            read_at,
            known_at: read_at,
            expires: now.after(life),
            load,
            epoch,
        })
    }

    /// Keeps a copy in Redis; nobody waits for it.
    fn share(&self, key: &Key, entry: &Entry, is_forced: bool) {
        let Some((redis, names)) = self.shared() else { return };
        let now = self.clock.now();
        let mut bytes = Vec::new();
        let content = match &entry.record {
            Some(record) => {
                json::append_record(&mut bytes, self.store.schema(), record);
                Content::Record(&bytes)
            }
            None => Content::Absent,
        };
        let age = now.since(entry.read_at).as_millis() as i64;
        let unix_ms = time::unix_ms().saturating_sub(age);
        let name = names.name(key);
        let envelope = Envelope { content, version: entry.as_of, unix_ms }.write(&name);
        let life = self.jittered(self.life(entry.record.is_some()), now);
        redis.put(Item { name, envelope, life, is_forced });
    }

    /// What Redis holds of a key, and whether the feed reaches far enough to judge it.
    async fn read_redis(&self, redis: &Redis, name: String, epoch: u64, wanted: &Wanted) -> Shared {
        let Some(bytes) = redis.get(name.clone()).await else { return Shared::Nothing };
        let Some(envelope) = Envelope::read(&name, &bytes) else { return Shared::Poison };
        let record = match envelope.content {
            Content::Overwritten => return Shared::Nothing,
            Content::Absent => None,
            Content::Record(json) => match json::record_from(self.store.schema(), json) {
                Some(record) => Some(record),
                None => return Shared::Poison,
            },
        };
        let now = self.clock.now();
        // Another machine's clock: good enough for when a life ends, never for whether it is true.
        let age = time::unix_ms().saturating_sub(envelope.unix_ms);
        let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
        let life = self.jittered(self.life(record.is_some()), now).saturating_sub(age);
        let mut entry = Entry {
            record,
            as_of: envelope.version,
            read_at: now.before(age),
            known_at: self.feed.known(now).max(wanted.confirmed),
            expires: now.after(life),
            load: self.counts.load(),
            epoch,
        };
        if life.is_zero() || entry.as_of < wanted.at_least {
            return Shared::Old(entry);
        }
        if !wanted.is_met_by(&entry) {
            match self.confirm().await {
                Ok(confirmed) => entry.known_at = confirmed,
                Err(_) => return Shared::Old(entry),
            }
        }
        Shared::Usable(entry)
    }

    /// A store that is known to be away would only make its readers wait for the same answer.
    async fn confirm_unless_away(&self, key: &Key, wanted: &Wanted) -> Result<Moment, StoreError> {
        if let Health::Down(reason) = self.store.health()
            && self.standing_in(key, None, wanted).is_some()
        {
            return Err(StoreError::new(StoreErrorKind::Unavailable, reason));
        }
        self.confirm().await
    }

    /// Makes the store tell every change that was committed until now.
    async fn confirm(&self) -> Result<Moment, StoreError> {
        let before = self.clock.now();
        self.store.catch_up().await?;
        self.counts.confirmations.add_one();
        Ok(before)
    }

    /// The store cannot answer: a copy that is not too old does, or the error.
    fn stand_in(
        &self,
        key: &Key,
        other: Option<Entry>,
        wanted: &Wanted,
        error: StoreError,
    ) -> Result<Read, StoreError> {
        let is_away = matches!(
            error.kind,
            StoreErrorKind::Unavailable
                | StoreErrorKind::TooSlow
                | StoreErrorKind::Busy
                | StoreErrorKind::Locked
        );
        match self.standing_in(key, other, wanted).filter(|_| is_away) {
            Some(entry) => {
                self.counts.stale.add_one();
                Ok(self.read(entry, Origin::Stale))
            }
            None => Err(error),
        }
    }

    /// Never one that is known to lack the reader's own write, nor the old news that there is no record.
    fn standing_in(&self, key: &Key, other: Option<Entry>, wanted: &Wanted) -> Option<Entry> {
        let oldest = wanted.asked.before(self.config.stale_if_error);
        let will_do = |entry: &Entry| {
            entry.record.is_some() && entry.as_of >= wanted.at_least && entry.read_at >= oldest
        };
        let near = self.near.any(key).filter(will_do);
        let other = other.filter(will_do);
        [near, other].into_iter().flatten().max_by_key(|entry| entry.as_of)
    }

    fn wanted(&self, freshness: Freshness) -> Wanted {
        // What another process has just created must be found at once, however short a time it was known that it
        // was not there.
        let negative_bound =
            if self.feed.is_shared() { Duration::ZERO } else { self.config.max_stale };
        Wanted {
            asked: self.clock.now(),
            bound: self.config.max_stale,
            negative_bound,
            at_least: freshness.at_least,
            confirmed: Moment::NEVER,
        }
    }

    fn life(&self, is_there: bool) -> Duration {
        if is_there { self.config.ttl } else { self.config.negative_ttl }
    }

    fn read(&self, entry: Entry, origin: Origin) -> Read {
        let now = self.clock.now();
        Read {
            record: entry.record,
            as_of: entry.as_of,
            origin,
            age: now.since(entry.read_at),
            ttl: Some(entry.expires.since(now)),
        }
    }

    fn hit(self: &Arc<Self>, key: &Key, entry: Entry, now: Moment) -> Read {
        let left = entry.expires.since(now);
        if left < entry.load.saturating_mul(limits::EARLY) && self.is_early(&entry, left, now) {
            self.refresh(key.clone());
        }
        let age = now.since(entry.read_at);
        if self.counts.wants_time(now.0) {
            self.counts.hits.add(self.clock.now().since(now));
        }
        Read {
            record: entry.record,
            as_of: entry.as_of,
            origin: Origin::Near,
            age,
            ttl: Some(left),
        }
    }

    /// `XFetch`: the nearer its end and the longer its reading takes, the likelier one of the readers renews an entry
    /// before all of them miss it at once.
    fn is_early(&self, entry: &Entry, left: Duration, now: Moment) -> bool {
        let chance = (self.near.scatter(now.0) | 1) as f64 / u64::MAX as f64;
        nanoseconds(left) as f64 <= nanoseconds(entry.load) as f64 * -chance.ln()
    }

    /// Reads anew behind the back of a reader that has its answer, if it is in a runtime and nobody reads already.
    fn refresh(self: &Arc<Self>, key: Key) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let layers = Arc::clone(self);
        runtime.spawn(async move {
            let Some(lead) = layers.near.lead_alone(&key) else { return };
            layers.counts.early_refreshes.add_one();
            // An error is told to those who wait by then; the entry lives on to its end.
            drop(layers.read_store(lead, &key, false).await);
        });
    }
}
