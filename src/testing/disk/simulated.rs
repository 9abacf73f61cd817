//! The simulated disk as tests see it, and as the code under test sees it (`Disk`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::faults::{Fault, input_output, missing, taken};
use super::file::SimulatedFile;
use super::state::{Inode, NameChange, State};
use crate::core::disk::{Access, Disk, DiskError, DiskFile, DiskLock, Metadata};

/// A seeded disk in memory. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    /// The life of the process that this view belongs to; nothing for the view of the test itself.
    life: Option<u64>,
}

impl SimulatedDisk {
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(seed))), life: None }
    }

    /// The disk as the process that lives now sees it. Once that process is killed or halted, each of its
    /// threads ends, unwinding, at its next operation: the dead do not write and hear of no errors.
    #[must_use]
    pub fn of_process(&self) -> Self {
        Self { state: Arc::clone(&self.state), life: Some(self.state().life) }
    }

    /// Does what only the living can do beside the disk, like telling somebody else: the thread of a dead process
    /// ends here as it does at an operation. Nobody dies meanwhile, and `act` must leave the disk alone.
    pub fn while_living<T>(&self, act: impl FnOnce() -> T) -> T {
        let _state = self.state_of_the_living();
        act()
    }

    /// Whether a planned `Fault::Halt` has come.
    pub fn is_halted(&self) -> bool {
        self.state().faults.is_halted()
    }

    /// The power goes: a seeded part of what was not synced is gone, sector by sector and name by name.
    /// Open files and locks are gone too, and planned faults with them.
    pub fn power_cut(&self) {
        self.state().power_cut();
    }

    /// The process dies: what it wrote stays in the page cache, still not synced.
    pub fn kill(&self) {
        self.state().kill();
    }

    /// The disk holds no more than this many bytes in all.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    pub fn plan(&self, fault: Fault) {
        self.state().faults.plan(fault);
    }

    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// How many operations were asked for so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The contents as a process sees them now; nothing when there is no such file.
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let inode = state.names.get(path)?;
        state.inodes.get(inode).map(|inode| inode.current.clone())
    }

    /// Every file that there is, sorted.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// Bytes that all files take together.
    pub fn used(&self) -> u64 {
        self.state().used()
    }

    /// Puts a file there, durably, as if it had always been there.
    pub fn put(&self, path: &Path, contents: &[u8]) {
        let mut state = self.state();
        state.last_inode += 1;
        let inode = state.last_inode;
        let contents = contents.to_vec();
        let file = Inode { durable: contents.clone(), current: contents, ..Inode::default() };
        state.inodes.insert(inode, file);
        state.names.insert(path.to_path_buf(), inode);
        state.durable_names.insert(path.to_path_buf(), inode);
    }

    /// Flips one bit for good, in the cache and on the platter; a bit beyond the end is ignored.
    pub fn bit_flip(&self, path: &Path, bit: u64) {
        let mut state = self.state();
        let Some(inode) = state.names.get(path).copied() else { return };
        let Some(inode) = state.inodes.get_mut(&inode) else { return };
        for contents in [&mut inode.current, &mut inode.durable] {
            if let Some(byte) = contents.get_mut((bit / 8) as usize) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, unless the process that asks is dead.
    pub(super) fn state_of_the_living(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        if self.life.is_some_and(|life| life != state.life || state.faults.halts_now()) {
            drop(state);
            std::panic::resume_unwind(Box::new("the process was killed"));
        }
        state
    }

    /// Every operation passes here: it is counted, and may be the one that fails.
    fn operation(
        &self,
        action: &'static str,
        path: &Path,
    ) -> Result<MutexGuard<'_, State>, DiskError> {
        let mut state = self.state_of_the_living();
        state.operations += 1;
        state.ticks += 1;
        if state.faults.halted() || state.faults.operation_fails() {
            return Err(DiskError::failed(action, path, input_output()));
        }
        Ok(state)
    }
}

fn failed(action: &'static str, path: &Path, error: io::Error) -> DiskError {
    DiskError::failed(action, path, error)
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &Path, access: Access) -> Result<Box<dyn DiskFile>, DiskError> {
        let mut state = self.operation("open", path)?;
        let inode = match (state.names.get(path).copied(), access) {
            (Some(inode), _) => inode,
            (None, Access::Read | Access::Update) => return Err(failed("open", path, missing())),
            (None, Access::ReadWrite) if state.is_beneath_a_gone_directory(path) => {
                return Err(failed("open", path, missing()));
            }
            (None, Access::ReadWrite) => {
                state.last_inode += 1;
                let inode = state.last_inode;
                state.inodes.insert(inode, Inode::default());
                state.change_names(NameChange::Create { path: path.to_path_buf(), inode });
                inode
            }
        };
        let life = state.life;
        drop(state);
        let path = path.to_path_buf();
        Ok(Box::new(SimulatedFile { disk: self.clone(), path, inode, life }))
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        let mut state = self.operation("create", path)?;
        for directory in path.ancestors() {
            state.gone_directories.remove(directory);
            state.directories.insert(directory.to_path_buf());
        }
        Ok(())
    }

    fn list(&self, directory: &Path) -> Result<Vec<PathBuf>, DiskError> {
        let state = self.operation("list", directory)?;
        if !state.directories.contains(directory) {
            return Err(failed("list", directory, missing()));
        }
        let all = state.names.keys().chain(&state.directories);
        let mut paths: Vec<PathBuf> =
            all.filter(|path| path.parent() == Some(directory)).cloned().collect();
        paths.sort();
        Ok(paths)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let mut state = self.operation("rename", from)?;
        let inode =
            state.names.get(from).copied().ok_or_else(|| failed("rename", from, missing()))?;
        if state.is_beneath_a_gone_directory(to) {
            return Err(failed("rename", from, missing()));
        }
        let (from, to) = (from.to_path_buf(), to.to_path_buf());
        state.change_names(NameChange::Rename { from, to, inode });
        Ok(())
    }

    fn create_directory(&self, path: &Path) -> Result<(), DiskError> {
        let mut state = self.operation("create", path)?;
        if state.is_beneath_a_gone_directory(path) {
            return Err(failed("create", path, missing()));
        }
        if !state.directories.insert(path.to_path_buf()) {
            return Err(failed("create", path, taken()));
        }
        state.gone_directories.remove(path);
        Ok(())
    }

    fn rename_directory(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let mut state = self.operation("rename", from)?;
        if !state.directories.contains(from) {
            return Err(failed("rename", from, missing()));
        }
        if state.has_something_in(to) {
            return Err(failed("rename", from, taken()));
        }
        state.rename_directory(from, to);
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> Result<(), DiskError> {
        let mut state = self.operation("remove", path)?;
        if !state.directories.contains(path) {
            return Err(failed("remove", path, missing()));
        }
        if state.has_something_in(path) {
            return Err(failed("remove", path, taken()));
        }
        state.directories.remove(path);
        state.gone_directories.insert(path.to_path_buf());
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        let mut state = self.operation("remove", path)?;
        if !state.names.contains_key(path) {
            return Err(failed("remove", path, missing()));
        }
        state.change_names(NameChange::Remove { path: path.to_path_buf() });
        Ok(())
    }

    fn sync_dir(&self, directory: &Path) -> Result<(), DiskError> {
        self.operation("sync the directory", directory)?.sync_names(directory);
        Ok(())
    }

    fn metadata(&self, path: &Path) -> Result<Metadata, DiskError> {
        let state = self.operation("look at", path)?;
        let is_directory = state.directories.contains(path);
        let inode = state.names.get(path).copied().unwrap_or_default();
        let file = state.inodes.get(&inode);
        if file.is_none() && !is_directory {
            return Err(failed("look at", path, missing()));
        }
        Ok(Metadata {
            bytes: file.map_or(0, |file| file.current.len() as u64),
            modified: SystemTime::UNIX_EPOCH
                + Duration::from_secs(file.map_or(0, |file| file.changed_at)),
            inode,
            is_directory,
        })
    }

    fn free_bytes(&self, path: &Path) -> Result<u64, DiskError> {
        let state = self.operation("ask for free space at", path)?;
        Ok(state.capacity.map_or(1 << 40, |capacity| capacity.saturating_sub(state.used())))
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn DiskLock>, DiskError> {
        let mut state = self.operation("lock", path)?;
        if !state.locks.insert(path.to_path_buf()) {
            let holder = Some(std::process::id());
            return Err(DiskError::Held { path: path.to_path_buf(), holder });
        }
        let life = state.life;
        drop(state);
        Ok(Box::new(SimulatedLock { disk: self.clone(), path: path.to_path_buf(), life }))
    }
}

#[derive(Debug)]
struct SimulatedLock {
    disk: SimulatedDisk,
    path: PathBuf,
    life: u64,
}

impl DiskLock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.life == self.life {
            state.locks.remove(&self.path);
        }
    }
}
