//! Claiming, renewing, taking over and letting go of leases in a shared directory.

use super::clock::ProcessClock;
use super::names::{encoded, remove_all, unique, worker};
use crate::core::disk::{Access, Disk, DiskError, read_range};
use crate::core::fault::Fault;
use crate::core::lease::{BEAT, Claim, Clock, LEASE, Leases};
use crate::core::text::append;
use crate::core::thread::spawn;
use crate::core::wait::Wait;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// What is prepared or left over, and not touched for so long, is nobody's any more.
const LEFT_OVER: Duration = Duration::from_mins(10);

/// The leases of one worker in one directory.
#[derive(Debug)]
pub struct DirectoryLeases {
    disk: Arc<dyn Disk>,
    place: PathBuf,
    /// The worker and its life: `3f5a.91bc`.
    worker: String,
    life: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: BTreeMap<String, Tenure>,
    /// Leases of others, and since when they look as they do.
    watched: BTreeMap<String, Watched>,
    tenures: u64,
}

#[derive(Debug)]
struct Tenure {
    word: String,
    beats: u64,
    /// What was taken away from those who held it before and did not let go.
    cut_off: Vec<PathBuf>,
}

#[derive(Debug)]
struct Watched {
    seen: String,
    since: Duration,
    looked: Duration,
}

impl DirectoryLeases {
    /// For the worker whose own directory is `data`; a thread renews what is held as long as anybody has this.
    pub fn start(disk: &Arc<dyn Disk>, place: &Path, data: &Path) -> Result<Arc<Self>, Fault> {
        let leases = Arc::new(Self::new(disk, place, data, Arc::new(ProcessClock::default()))?);
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
    pub fn new(
        disk: &Arc<dyn Disk>,
        place: &Path,
        data: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        disk.create_dir_all(place)?;
        let worker = worker(disk.as_ref(), data)?;
        for path in disk.list(place)? {
            // Of those who died in between. Whoever lives and misses what it prepared prepares it again.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with("~new") || name.ends_with("~free") {
                remove_all(disk.as_ref(), &path);
            }
        }
        Ok(Self {
            disk: Arc::clone(disk),
            place: place.to_path_buf(),
            worker,
            life: unique(),
            clock,
            state: Mutex::default(),
        })
    }

    pub fn place(&self) -> &Path {
        &self.place
    }

    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Shows that this worker lives, in every lease that it holds, and forgets those that it lost.
    pub fn beat(&self) {
        let mut state = self.lock();
        let now = self.clock.now();
        state.watched.retain(|_, watched| now.saturating_sub(watched.looked) < LEFT_OVER);
        let names: Vec<String> = state.held.keys().cloned().collect();
        for name in names {
            let Some(tenure) = state.held.get_mut(&name) else { continue };
            tenure.beats += 1;
            let path = self.path(&name).join(&tenure.word).join("beat");
            let line = format!("{:020}\n", tenure.beats);
            let written = self
                .disk
                .open(&path, Access::Update)
                .and_then(|mut file| file.write_at(line.as_bytes(), 0));
            if written.is_err_and(|error| error.is_missing()) {
                tracing::warn!("another worker took over {name}: this one was silent too long");
                state.held.remove(&name);
            }
        }
    }

    /// Writes files within the tenure, durably and without a name for others.
    pub fn stage(&self, name: &str, files: &[(String, Vec<u8>)]) -> Result<(), Fault> {
        self.within(name, |tenure| {
            for (file, bytes) in files {
                let mut staged = self.disk.open(&tenure.join(file), Access::ReadWrite)?;
                staged.truncate(0)?;
                staged.write_at(bytes, 0)?;
                staged.sync()?;
            }
            Ok(())
        })
    }

    /// Gives staged files their names in `into`; durable when this returns. When the lease was lost, those that
    /// are not there yet never come there.
    pub fn publish(
        &self,
        name: &str,
        into: &Path,
        files: &[(String, Vec<u8>)],
    ) -> Result<(), Fault> {
        self.within(name, |tenure| {
            for (file, _) in files {
                // Invariant: the path has the tenure in it, so this fails once the lease was taken over.
                self.disk.rename(&tenure.join(file), &into.join(file))?;
            }
            self.disk.sync_dir(into)
        })
    }

    /// Does something in the directory of the tenure; that it is missing says that the lease is lost.
    fn within(
        &self,
        name: &str,
        work: impl FnOnce(&Path) -> Result<(), DiskError>,
    ) -> Result<(), Fault> {
        let Some(tenure) = self.tenure(name) else { return Err(lost(name)) };
        match work(&tenure) {
            Err(error) if error.is_missing() && !self.is_held(name)? => Err(lost(name)),
            other => Ok(other?),
        }
    }

    /// What was half done by those who were cut off is mended.
    pub fn mended(&self, name: &str) {
        let mut state = self.lock();
        let Some(tenure) = state.held.get_mut(name) else { return };
        for left in std::mem::take(&mut tenure.cut_off) {
            remove_all(self.disk.as_ref(), &left);
        }
    }

    /// Lets go as somebody does who was cut off: the next holder is told so.
    pub fn abandon(&self, name: &str) {
        let mut state = self.lock();
        let Some(tenure) = state.held.remove(name) else { return };
        let left = self.left(&tenure.word, name);
        drop(self.disk.rename_directory(&self.path(name).join(&tenure.word), &left));
        drop(self.disk.remove_directory(&self.path(name)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.join(encoded(name))
    }

    fn left(&self, word: &str, name: &str) -> PathBuf {
        self.place.join(format!("{word}~{}~taken", encoded(name)))
    }

    /// The directory of the tenure, as far as this worker knows.
    fn tenure(&self, name: &str) -> Option<PathBuf> {
        let state = self.lock();
        state.held.get(name).map(|tenure| self.path(name).join(&tenure.word))
    }

    fn has(&self, name: &str, word: &str) -> Result<bool, DiskError> {
        match self.disk.metadata(&self.path(name).join(word).join("beat")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How a lease looks; `None` where nobody is. It is only compared, so a torn beat does no harm.
    fn look(&self, path: &Path) -> Result<Option<String>, DiskError> {
        let entries = match self.disk.list(path) {
            Err(error) if error.is_missing() => return Ok(None),
            entries => entries?,
        };
        let mut seen = String::new();
        for entry in &entries {
            let word = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let beat = self
                .disk
                .open(&entry.join("beat"), Access::Read)
                .and_then(|file| read_range(file.as_ref(), 0, 64));
            let beat = String::from_utf8_lossy(&beat.unwrap_or_default()).into_owned();
            append(&mut seen, format_args!("{word} {beat}"));
        }
        Ok((!entries.is_empty()).then_some(seen))
    }

    /// Another life of this worker is over: its directory, which is locked, is ours.
    fn is_of_an_earlier_life(&self, seen: &str) -> bool {
        seen.starts_with(&format!("{}.", self.worker))
            && !seen.starts_with(&format!("{}.{}", self.worker, self.life))
    }

    fn is_over(&self, state: &mut State, name: &str, seen: &str) -> bool {
        if self.is_of_an_earlier_life(seen) {
            return true;
        }
        let now = self.clock.now();
        match state.watched.get_mut(name) {
            Some(watched) if watched.seen == seen => {
                watched.looked = now;
                now.saturating_sub(watched.since) >= LEASE
            }
            _ => {
                let watched = Watched { seen: seen.to_owned(), since: now, looked: now };
                state.watched.insert(name.to_owned(), watched);
                false
            }
        }
    }

    /// Renames away what was seen; answers whether it was that. Of several who try one has it.
    fn take_away(&self, state: &mut State, name: &str, seen: &str) -> Result<bool, DiskError> {
        let path = self.path(name);
        if self.look(&path)?.as_deref() != Some(seen) {
            return Ok(false);
        }
        let left = self.left(&self.word(state), name);
        match self.disk.rename_directory(&path, &left) {
            Err(error) if error.is_missing() => return Ok(false),
            renamed => renamed?,
        }
        if self.look(&left)?.as_deref() == Some(seen) {
            return Ok(true);
        }
        // Between the look and the rename it became another's, or its holder woke. Back with it; when somebody
        // else is there by now, its holder finds that it is lost.
        drop(self.disk.rename_directory(&left, &path));
        Ok(false)
    }

    fn word(&self, state: &mut State) -> String {
        state.tenures += 1;
        format!("{}.{}-{}", self.worker, self.life, state.tenures)
    }

    fn acquire(&self, state: &mut State, name: &str) -> Result<Claim, DiskError> {
        let word = self.word(state);
        let prepared = self.place.join(format!("{word}~new"));
        let renamed = self
            .prepare(&prepared, &word)
            .and_then(|()| self.disk.rename_directory(&prepared, &self.path(name)));
        match renamed {
            Ok(()) => {}
            Err(error) => {
                remove_all(self.disk.as_ref(), &prepared);
                return if error.is_taken() { Ok(Claim::Elsewhere) } else { Err(error) };
            }
        }
        state.watched.remove(name);
        let tenure = Tenure { word, beats: 0, cut_off: Vec::new() };
        let tenure = state.held.entry(name.to_owned()).or_insert(tenure);
        // After the rename: whoever was cut off before is seen here.
        let mark = format!("~{}~taken", encoded(name));
        let is_left = |path: &PathBuf| {
            path.file_name().is_some_and(|file| file.to_string_lossy().ends_with(&mark))
        };
        match self.disk.list(&self.place) {
            Ok(all) => tenure.cut_off = all.into_iter().filter(is_left).collect(),
            Err(error) => {
                // Without knowing that, nobody may rely on the lease; it runs out.
                state.held.remove(name);
                return Err(error);
            }
        }
        Ok(Claim::Held { was_cut_off: !tenure.cut_off.is_empty() })
    }

    fn prepare(&self, prepared: &Path, word: &str) -> Result<(), DiskError> {
        self.disk.create_directory(prepared)?;
        let tenure = prepared.join(word);
        self.disk.create_directory(&tenure)?;
        let mut file = self.disk.open(&tenure.join("beat"), Access::ReadWrite)?;
        file.write_at(format!("{:020}\n", 0).as_bytes(), 0)
    }
}

impl Leases for DirectoryLeases {
    fn claim(&self, name: &str) -> Result<Claim, Fault> {
        let mut state = self.lock();
        if let Some(tenure) = state.held.get(name) {
            if self.has(name, &tenure.word)? {
                return Ok(Claim::Held { was_cut_off: !tenure.cut_off.is_empty() });
            }
            state.held.remove(name);
        }
        if let Some(seen) = self.look(&self.path(name))? {
            if !self.is_over(&mut state, name, &seen) || !self.take_away(&mut state, name, &seen)? {
                return Ok(Claim::Elsewhere);
            }
            if !self.is_of_an_earlier_life(&seen) {
                tracing::info!("takes over {name} from a worker that was silent too long");
            }
        }
        Ok(self.acquire(&mut state, name)?)
    }

    fn is_held(&self, name: &str) -> Result<bool, Fault> {
        let state = self.lock();
        let Some(tenure) = state.held.get(name) else { return Ok(false) };
        Ok(self.has(name, &tenure.word)?)
    }

    fn release(&self, name: &str) {
        let mut state = self.lock();
        let Some(tenure) = state.held.remove(name) else { return };
        let free = self.place.join(format!("{}~free", tenure.word));
        // Away in one step; then the place is empty, and anybody may have it.
        if self.disk.rename_directory(&self.path(name).join(&tenure.word), &free).is_ok() {
            drop(self.disk.remove_directory(&self.path(name)));
            remove_all(self.disk.as_ref(), &free);
        }
    }
}

impl Drop for DirectoryLeases {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let held: Vec<String> = self.lock().held.keys().cloned().collect();
        for name in &held {
            self.release(name);
        }
    }
}

fn lost(name: &str) -> Fault {
    Fault::retry_after(
        format!("another worker took over {name}, because this one was silent too long"),
        BEAT,
    )
}
