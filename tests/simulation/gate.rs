//! A disk that lets one worker at a time do one operation, in seeded order, and pauses and kills some in between.

use headwater::core::disk::{Access, Disk, DiskError, DiskFile, DiskLock, Identity, Metadata};
use headwater::testing::disk::SimulatedDisk;
use headwater::testing::random::Random;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Says whose turn it is.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    random: Random,
    /// Milliseconds that have passed in the world.
    now: u64,
    turn: Option<usize>,
    workers: Vec<Worker>,
    /// Pauses and kills that are still to come.
    pauses: u64,
    kills: u64,
    story: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Worker {
    is_in: bool,
    has_left: bool,
    was_killed: bool,
    paused_until: u64,
}

/// What becomes of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Goes,
    Dies,
}

impl Gate {
    pub fn new(mut random: Random, workers: usize) -> Self {
        let (pauses, kills) = (random.below(8), random.below(5));
        let workers = vec![Worker::default(); workers];
        let story = Vec::new();
        let state = State { random, now: 0, turn: None, workers, pauses, kills, story };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// What happened, for a failure.
    pub fn story(&self) -> String {
        self.lock().story.join("\n")
    }

    pub fn now(&self) -> u64 {
        self.lock().now
    }

    /// The first one starts when all have come.
    pub fn enter(&self, worker: usize) {
        let mut state = self.lock();
        state.workers[worker].is_in = true;
        if state.workers.iter().all(|worker| worker.is_in) {
            state.choose();
            self.changed.notify_all();
        }
        drop(self.wait(state, worker));
    }

    pub fn leave(&self, worker: usize) {
        let mut state = self.lock();
        state.workers[worker].has_left = true;
        state.choose();
        self.changed.notify_all();
    }

    pub fn was_killed(&self, worker: usize) -> bool {
        std::mem::take(&mut self.lock().workers[worker].was_killed)
    }

    pub fn sleep(&self, worker: usize, milliseconds: u64) {
        let mut state = self.lock();
        state.workers[worker].paused_until = state.now + milliseconds;
        state.choose();
        self.changed.notify_all();
        drop(self.wait(state, worker));
    }

    /// Before every operation: others may come first, and it may be long before this one goes on.
    fn pass(&self, worker: usize, action: &str, path: &Path) -> Fate {
        let mut state = self.lock();
        state.now += state.random.below(12);
        if state.pauses > 0 && state.random.chance(2) {
            state.pauses -= 1;
            let pause = 500 + state.random.below(9000);
            state.workers[worker].paused_until = state.now + pause;
            state.tell(worker, &format!("is paused {pause} ms before it would"), action, path);
        }
        state.choose();
        self.changed.notify_all();
        let mut state = self.wait(state, worker);
        if state.kills > 0 && state.random.chance(1) {
            state.kills -= 1;
            state.workers[worker].was_killed = true;
            state.tell(worker, "is killed before it would", action, path);
            return Fate::Dies;
        }
        state.tell(worker, "does", action, path);
        Fate::Goes
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, worker: usize) -> MutexGuard<'a, State> {
        self.changed
            .wait_while(state, |state| state.turn != Some(worker))
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Somebody who is not paused; when all are, time passes.
    fn choose(&mut self) {
        let here: Vec<usize> =
            (0..self.workers.len()).filter(|worker| !self.workers[*worker].has_left).collect();
        let Some(earliest) = here.iter().map(|worker| self.workers[*worker].paused_until).min()
        else {
            self.turn = None;
            return;
        };
        self.now = self.now.max(earliest);
        let now = self.now;
        let awake: Vec<usize> =
            here.into_iter().filter(|worker| self.workers[*worker].paused_until <= now).collect();
        let place = self.random.below(awake.len() as u64) as usize;
        self.turn = awake.get(place).copied();
    }

    fn tell(&mut self, worker: usize, what: &str, action: &str, path: &Path) {
        let told = format!("{:6} ms: {worker} {what} {action} {}", self.now, path.display());
        self.story.push(told);
    }
}

/// The disk as one worker sees it.
#[derive(Debug, Clone)]
pub struct GatedDisk {
    pub disk: SimulatedDisk,
    pub gate: Arc<Gate>,
    pub worker: usize,
}

impl GatedDisk {
    fn pass(&self, action: &str, path: &Path) {
        if self.gate.pass(self.worker, action, path) == Fate::Dies {
            resume_unwind(Box::new("killed"));
        }
    }
}

impl Disk for GatedDisk {
    fn open(&self, path: &Path, access: Access) -> Result<Box<dyn DiskFile>, DiskError> {
        self.pass("open", path);
        let file = self.disk.open(path, access)?;
        Ok(Box::new(GatedFile { file, disk: self.clone(), path: path.to_path_buf() }))
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        self.pass("create", path);
        self.disk.create_dir_all(path)
    }

    fn create_directory(&self, path: &Path) -> Result<(), DiskError> {
        self.pass("create", path);
        self.disk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> Result<Vec<PathBuf>, DiskError> {
        self.pass("list", directory);
        self.disk.list(directory)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.pass("rename", from);
        self.disk.rename(from, to)
    }

    fn rename_directory(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.pass("rename", from);
        self.disk.rename_directory(from, to)
    }

    fn remove_directory(&self, path: &Path) -> Result<(), DiskError> {
        self.pass("remove", path);
        self.disk.remove_directory(path)
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        self.pass("remove", path);
        self.disk.remove(path)
    }

    fn sync_dir(&self, directory: &Path) -> Result<(), DiskError> {
        self.pass("sync", directory);
        self.disk.sync_dir(directory)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata, DiskError> {
        self.pass("look at", path);
        self.disk.metadata(path)
    }

    fn free_bytes(&self, path: &Path) -> Result<u64, DiskError> {
        self.disk.free_bytes(path)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn DiskLock>, DiskError> {
        self.disk.lock(path)
    }
}

#[derive(Debug)]
struct GatedFile {
    file: Box<dyn DiskFile>,
    disk: GatedDisk,
    path: PathBuf,
}

impl DiskFile for GatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        self.disk.pass("read", &self.path);
        self.file.read_at(buffer, offset)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
        if self.disk.gate.pass(self.disk.worker, "write", &self.path) == Fate::Dies {
            // In the middle of the write.
            drop(self.file.write_at(&bytes[..bytes.len() / 2], offset));
            resume_unwind(Box::new("killed"));
        }
        self.file.write_at(bytes, offset)
    }

    fn truncate(&mut self, bytes: u64) -> Result<(), DiskError> {
        self.disk.pass("cut", &self.path);
        self.file.truncate(bytes)
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        self.disk.pass("sync", &self.path);
        self.file.sync()
    }

    fn bytes(&self) -> Result<u64, DiskError> {
        self.disk.pass("measure", &self.path);
        self.file.bytes()
    }

    fn identity(&self) -> Result<Identity, DiskError> {
        self.disk.pass("look", &self.path);
        self.file.identity()
    }

    fn allocate(&mut self, from: u64, to: u64) -> Result<(), DiskError> {
        self.file.allocate(from, to)
    }
}
