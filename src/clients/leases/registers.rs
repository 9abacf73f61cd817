//! Leases and checkpoints on anything that replaces a value only for who knows which one stands there: a bucket of
//! JetStream, a table of PostgreSQL.
//!
//! A lease is a value with the holder's word and beat. Whoever has seen the same one for the whole time of a lease,
//! by its own clock, replaces it by its own. A checkpoint is a value beside it: who takes a lease over writes it
//! anew, and what the one before knew of its revision is of no use any more.

use super::clock::ProcessClock;
use super::names::{unique, worker};
use super::process::host_and_process;
use crate::core::disk::Disk;
use crate::core::fault::Fault;
use crate::core::lease::{BEAT, Claim, Clock, Election, LEASE, Leases};
use crate::core::thread::spawn;
use crate::core::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Whoever looks less often than this has not seen that nothing changed in between.
const LOOKS: Duration = Duration::from_millis(1500);

/// Others may be in the way once or twice; more often is no accident.
const TRIES: u32 = 8;

/// Values under names.
pub trait Registers: Send + Sync + Debug {
    fn read(&self, key: &str) -> Result<Option<Register>, Fault>;
    /// Puts a value in the place of the one of that revision, 0 where there is none; durable when this returns.
    /// Answers the new revision, or `None` when another value stands there. After a fault nobody knows.
    fn replace(&self, key: &str, revision: u64, value: &[u8]) -> Result<Option<u64>, Fault>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// Never comes twice under a name.
    pub revision: u64,
    pub value: Vec<u8>,
}

/// What the holders of a lease have saved last, for those who only look.
pub(super) fn saved(registers: &dyn Registers, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let found = registers.read(&checkpoint(name))?;
    Ok(found.map(|found| found.value).filter(|value| !value.is_empty()))
}

/// The leases of one worker.
#[derive(Debug)]
pub struct RegisterLeases {
    registers: Box<dyn Registers>,
    worker: String,
    life: String,
    holder: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: BTreeMap<String, Held>,
    watched: BTreeMap<String, Watched>,
    tenures: u64,
}

#[derive(Debug, Clone)]
struct Held {
    word: String,
    revision: u64,
    beats: u64,
    was_cut_off: bool,
    /// The revision of the checkpoint, once it was loaded.
    pen: Option<u64>,
}

#[derive(Debug)]
struct Watched {
    revision: u64,
    since: Duration,
    looked: Duration,
}

/// What stands under the name of a lease; nothing at all when it was let go of.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    worker: String,
    word: String,
    beat: u64,
    holder: String,
}

impl RegisterLeases {
    /// For the worker whose own directory is `data`, which it holds locked; a thread renews what is held as long as
    /// anybody has this.
    pub fn start(
        registers: Box<dyn Registers>,
        disk: &Arc<dyn Disk>,
        data: &Path,
    ) -> Result<Arc<Self>, Fault> {
        let worker = worker(disk.as_ref(), data)?;
        let leases = Arc::new(Self::new(registers, worker, Arc::new(ProcessClock::default())));
        let weak: Weak<Self> = Arc::downgrade(&leases);
        // It ends by itself soon after the last one let go of the leases.
        drop(spawn("leases", move || {
            let tick = Wait::new();
            loop {
                tick.sleep(BEAT);
                let Some(leases) = weak.upgrade() else { return };
                leases.beat();
            }
        })?);
        Ok(leases)
    }

    /// Without a thread: somebody else calls `beat`.
    pub fn new(registers: Box<dyn Registers>, worker: String, clock: Arc<dyn Clock>) -> Self {
        let (life, holder) = (unique(), host_and_process());
        Self { registers, worker, life, holder, clock, state: Mutex::default() }
    }

    /// Shows that this worker lives, in every lease that it holds, and forgets those that it lost.
    pub fn beat(&self) {
        let held = self.lock().held.clone();
        for (name, held) in held {
            match self.renew(&name, held) {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(
                        "another process took over {name}: this one was silent too long"
                    );
                }
                // Whoever needs the lease asks for it and says so.
                Err(fault) => tracing::debug!("{name} is not renewed: {fault}"),
            }
        }
    }

    /// Answers whether it is still held, by this or by somebody who let go of it meanwhile.
    fn renew(&self, name: &str, mut held: Held) -> Result<bool, Fault> {
        held.beats += 1;
        let value = self.entry(&held.word, held.beats);
        for _ in 0..TRIES {
            let renewed = self.registers.replace(&lease(name), held.revision, &value)?;
            if let Some(revision) = renewed {
                self.change(name, &held.word, |kept| {
                    kept.revision = kept.revision.max(revision);
                    kept.beats = held.beats;
                });
                return Ok(true);
            }
            // Another's, or our own of which the answer was lost.
            match self.own(name, &held.word)? {
                Some(revision) => held.revision = revision,
                None => return Ok(!self.forget(name, &held.word)),
            }
        }
        Ok(true)
    }

    /// The revision of the lease while it bears this word.
    fn own(&self, name: &str, word: &str) -> Result<Option<u64>, Fault> {
        let seen = self.registers.read(&lease(name))?;
        let is_own = |seen: &Register| read(seen).is_some_and(|entry| entry.word == word);
        Ok(seen.filter(is_own).map(|seen| seen.revision))
    }

    /// Answers whether it was among those that are held.
    fn forget(&self, name: &str, word: &str) -> bool {
        let mut state = self.lock();
        let is_it = state.held.get(name).is_some_and(|held| held.word == word);
        is_it && state.held.remove(name).is_some()
    }

    fn change(&self, name: &str, word: &str, change: impl FnOnce(&mut Held)) {
        if let Some(held) = self.lock().held.get_mut(name).filter(|held| held.word == word) {
            change(held);
        }
    }

    fn held(&self, name: &str) -> Option<Held> {
        self.lock().held.get(name).cloned()
    }

    fn entry(&self, word: &str, beat: u64) -> Vec<u8> {
        let (worker, holder) = (self.worker.clone(), self.holder.clone());
        let entry = Entry { worker, word: word.to_owned(), beat, holder };
        // Texts and a number always have a JSON form.
        serde_json::to_vec(&entry).unwrap_or_default()
    }

    /// Has the holder been silent for the time of a lease? Only what was looked at all the time counts.
    fn is_over(&self, name: &str, revision: u64) -> bool {
        let now = self.clock.now();
        let mut state = self.lock();
        if let Some(watched) = state.watched.get_mut(name)
            && watched.revision == revision
            && now.saturating_sub(watched.looked) <= LOOKS
        {
            watched.looked = now;
            return now.saturating_sub(watched.since) >= LEASE;
        }
        let watched = Watched { revision, since: now, looked: now };
        state.watched.insert(name.to_owned(), watched);
        false
    }

    fn acquire(&self, name: &str, revision: u64, was_cut_off: bool) -> Result<Claim, Fault> {
        let word = {
            let mut state = self.lock();
            state.tenures += 1;
            format!("{}-{}", self.life, state.tenures)
        };
        let value = self.entry(&word, 0);
        let Some(revision) = self.registers.replace(&lease(name), revision, &value)? else {
            return Ok(Claim::Elsewhere);
        };
        let mut state = self.lock();
        state.watched.remove(name);
        let held = Held { word, revision, beats: 0, was_cut_off, pen: None };
        state.held.insert(name.to_owned(), held);
        Ok(Claim::Held { was_cut_off })
    }

    /// Writes the checkpoint while the lease is held; `value` is asked what to write in the place of what stands there.
    /// Answers what stood there, or nothing when the lease is lost.
    fn write(
        &self,
        name: &str,
        word: &str,
        value: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        for _ in 0..TRIES {
            let seen = self.registers.read(&checkpoint(name))?;
            let seen = seen.unwrap_or(Register { revision: 0, value: Vec::new() });
            // Invariant: looked at the lease after the checkpoint was read. Whoever takes the lease over later writes
            // the checkpoint later than that, and then this revision is no longer the one that stands there.
            if self.own(name, word)?.is_none() {
                self.forget(name, word);
                return Ok(None);
            }
            let written = value(&seen.value);
            let pen = self.registers.replace(&checkpoint(name), seen.revision, &written)?;
            if pen.is_some() {
                self.change(name, word, |held| held.pen = pen);
                return Ok(Some(seen.value));
            }
        }
        Err(Fault::retry(format!("the checkpoint of {name} changes all the time")))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases for RegisterLeases {
    fn claim(&self, name: &str) -> Result<Claim, Fault> {
        if let Some(held) = self.held(name) {
            if self.own(name, &held.word)?.is_some() {
                return Ok(Claim::Held { was_cut_off: held.was_cut_off });
            }
            self.forget(name, &held.word);
        }
        let Some(seen) = self.registers.read(&lease(name))? else {
            return self.acquire(name, 0, false);
        };
        let Some(entry) = read(&seen) else {
            return self.acquire(name, seen.revision, false);
        };
        // An earlier life of this worker is over: its directory, which is locked, is ours.
        let is_own = entry.worker == self.worker;
        if !is_own && !self.is_over(name, seen.revision) {
            return Ok(Claim::Elsewhere);
        }
        if !is_own {
            tracing::info!("takes over {name} from {}, which was silent too long", entry.holder);
        }
        self.acquire(name, seen.revision, true)
    }

    fn is_held(&self, name: &str) -> Result<bool, Fault> {
        let Some(held) = self.held(name) else { return Ok(false) };
        Ok(self.own(name, &held.word)?.is_some())
    }

    fn release(&self, name: &str) {
        let Some(held) = self.lock().held.remove(name) else { return };
        let mut revision = held.revision;
        for _ in 0..TRIES {
            match self.registers.replace(&lease(name), revision, b"") {
                Ok(None) => {}
                // What cannot be told now is found out by those who wait.
                Ok(Some(_)) | Err(_) => return,
            }
            // A beat was under way.
            match self.own(name, &held.word) {
                Ok(Some(newer)) => revision = newer,
                Ok(None) | Err(_) => return,
            }
        }
    }
}

impl Election for RegisterLeases {
    fn holder(&self, name: &str) -> Option<String> {
        let seen = self.registers.read(&lease(name)).ok()??;
        read(&seen).map(|entry| entry.holder)
    }

    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let lost = || Fault::retry_after(format!("another process took over {name}"), BEAT);
        let held = self.held(name).ok_or_else(lost)?;
        let found = self.write(name, &held.word, <[u8]>::to_vec)?.ok_or_else(lost)?;
        Ok(Some(found).filter(|found| !found.is_empty()))
    }

    fn save(&self, name: &str, payload: &[u8]) -> Result<bool, Fault> {
        let Some(held) = self.held(name) else { return Ok(false) };
        if let Some(pen) = held.pen {
            let saved = self.registers.replace(&checkpoint(name), pen, payload)?;
            if saved.is_some() {
                self.change(name, &held.word, |held| held.pen = saved);
                return Ok(true);
            }
        }
        // Somebody has written there, or the answer to our own writing was lost.
        Ok(self.write(name, &held.word, |_| payload.to_vec())?.is_some())
    }
}

impl Drop for RegisterLeases {
    fn drop(&mut self) {
        let held: Vec<String> = self.lock().held.keys().cloned().collect();
        for name in &held {
            self.release(name);
        }
    }
}

/// Nothing where nobody is. What cannot be understood is somebody's all the same.
fn read(register: &Register) -> Option<Entry> {
    if register.value.is_empty() {
        return None;
    }
    Some(serde_json::from_slice(&register.value).unwrap_or_else(|_| Entry {
        worker: String::new(),
        word: String::new(),
        beat: 0,
        holder: "an unknown process".to_owned(),
    }))
}

fn lease(name: &str) -> String {
    format!("{name}.lease")
}

fn checkpoint(name: &str) -> String {
    format!("{name}.checkpoint")
}
