//! An open file of the simulated disk.

use std::io;
use std::path::PathBuf;
use std::sync::MutexGuard;

use super::faults::{input_output, missing, stale, storage_full};
use super::simulated::SimulatedDisk;
use super::state::{Change, State};
use crate::core::disk::{DiskError, DiskFile, Identity};

#[derive(Debug)]
pub(super) struct SimulatedFile {
    pub(super) disk: SimulatedDisk,
    pub(super) path: PathBuf,
    pub(super) inode: u64,
    pub(super) life: u64,
}

impl SimulatedFile {
    fn failed(&self, action: &'static str, error: io::Error) -> DiskError {
        DiskError::failed(action, &self.path, error)
    }

    fn operation(&self, action: &'static str) -> Result<(MutexGuard<'_, State>, bool), DiskError> {
        let mut state = self.disk.state_of_the_living();
        if state.life != self.life {
            return Err(self.failed(action, stale()));
        }
        state.operations += 1;
        state.ticks += 1;
        if state.faults.halted() {
            return Err(self.failed(action, input_output()));
        }
        let fails = state.faults.operation_fails();
        Ok((state, fails))
    }

    fn change(&self, state: &mut State, change: Change) -> Result<(), DiskError> {
        let ticks = state.ticks;
        let inode = state.inodes.get_mut(&self.inode);
        let inode = inode.ok_or_else(|| self.failed("write to", missing()))?;
        inode.changed_at = ticks;
        inode.change(change);
        Ok(())
    }

    /// How much of a write that ends at `end` finds room.
    fn room(&self, state: &State, end: u64) -> u64 {
        let length = state.inodes.get(&self.inode).map_or(0, |inode| inode.current.len() as u64);
        let grows = end.saturating_sub(length);
        let free =
            state.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(state.used()));
        end - grows.saturating_sub(free)
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        let (state, fails) = self.operation("read")?;
        if fails {
            return Err(self.failed("read", input_output()));
        }
        let inode = state.inodes.get(&self.inode).ok_or_else(|| self.failed("read", missing()))?;
        let rest = inode.current.get(offset as usize..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
        let (mut state, fails) = self.operation("write to")?;
        let end = offset + bytes.len() as u64;
        let mut kept = self.room(&state, end).saturating_sub(offset) as usize;
        let full = kept < bytes.len();
        if fails {
            kept = (state.random.below(bytes.len() as u64 + 1) as usize).min(kept);
        }
        let bytes = bytes[..kept].to_vec();
        self.change(&mut state, Change::Write { offset, bytes })?;
        match (fails, full) {
            (true, _) => Err(self.failed("write to", input_output())),
            (false, true) => Err(self.failed("write to", storage_full())),
            (false, false) => Ok(()),
        }
    }

    fn truncate(&mut self, bytes: u64) -> Result<(), DiskError> {
        let (mut state, fails) = self.operation("cut")?;
        if fails {
            return Err(self.failed("cut", input_output()));
        }
        self.change(&mut state, Change::Truncate { bytes })
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        let (mut state, fails) = self.operation("sync")?;
        let drops = state.faults.sync_fails();
        let State { inodes, random, .. } = &mut *state;
        let inode = inodes.get_mut(&self.inode).ok_or_else(|| self.failed("sync", missing()))?;
        if fails || drops {
            inode.drop_dirty(random);
            return Err(self.failed("sync", input_output()));
        }
        inode.sync();
        Ok(())
    }

    fn bytes(&self) -> Result<u64, DiskError> {
        let (state, fails) = self.operation("look at")?;
        if fails {
            return Err(self.failed("look at", input_output()));
        }
        let inode = state.inodes.get(&self.inode);
        Ok(inode.ok_or_else(|| self.failed("look at", missing()))?.current.len() as u64)
    }

    fn identity(&self) -> Result<Identity, DiskError> {
        let (state, fails) = self.operation("look at")?;
        if fails {
            return Err(self.failed("look at", input_output()));
        }
        let names = state.names.values().filter(|inode| **inode == self.inode).count() as u64;
        Ok(Identity { inode: self.inode, names })
    }

    fn allocate(&mut self, from: u64, to: u64) -> Result<(), DiskError> {
        self.write_at(&vec![0; to.saturating_sub(from) as usize], from)
    }
}
