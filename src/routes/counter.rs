//! Indices that are never given out twice, also after a crash, without a sync for each.
//!
//! The file says up to where indices are reserved. A clean stop writes the next index; after a crash the
//! counter goes on behind the reservation: indices are skipped, never repeated.

use crate::core::disk::Disk;
use crate::engine::checkpoints::CheckpointFile;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// The first reservation; one that is used up fast is followed by a larger one.
const FIRST_BLOCK: u64 = 1_000;
const LARGEST_BLOCK: u64 = 1 << 22;

#[derive(Debug)]
pub struct Counter {
    next: AtomicU64,
    reserved: AtomicU64,
    keeper: Mutex<Keeper>,
}

#[derive(Debug)]
struct Keeper {
    file: CheckpointFile,
    block: u64,
}

impl Counter {
    /// Goes on where the last one of this file stopped.
    pub fn open(disk: &Arc<dyn Disk>, path: &Path) -> Result<Self, String> {
        let (file, payload, findings) =
            CheckpointFile::open(Arc::clone(disk), path).map_err(|error| error.to_string())?;
        for finding in findings {
            tracing::warn!("{finding}");
        }
        let kept =
            payload.and_then(|bytes| serde_json::from_slice::<u64>(&bytes).ok()).unwrap_or(0);
        Ok(Self {
            next: AtomicU64::new(kept),
            reserved: AtomicU64::new(kept),
            keeper: Mutex::new(Keeper { file, block: FIRST_BLOCK }),
        })
    }

    /// The next index; the reason when none can be reserved, for example on a full disk.
    pub fn next(&self) -> Result<u64, String> {
        let index = self.next.fetch_add(1, Relaxed);
        if index < self.reserved.load(Relaxed) {
            return Ok(index);
        }
        self.reserve(index)?;
        Ok(index)
    }

    #[cold]
    fn reserve(&self, index: u64) -> Result<(), String> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if index < self.reserved.load(Relaxed) {
            return Ok(());
        }
        let upto = index + keeper.block;
        save(&mut keeper.file, upto)?;
        keeper.block = (keeper.block * 4).min(LARGEST_BLOCK);
        self.reserved.store(upto, Relaxed);
        Ok(())
    }

    /// A clean stop: the next start goes on without a gap. Nobody asks for an index any more.
    pub fn close(&self) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.next.load(Relaxed);
        if next < self.reserved.load(Relaxed)
            && let Err(reason) = save(&mut keeper.file, next)
        {
            tracing::warn!("{reason}; the next start skips a few numbers");
        }
    }
}

fn save(file: &mut CheckpointFile, value: u64) -> Result<(), String> {
    file.save(value.to_string().as_bytes()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::disk::RealDisk;

    fn open(path: &Path) -> Counter {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        Counter::open(&disk, path).unwrap()
    }

    #[test]
    fn a_clean_stop_leaves_no_gap_and_a_crash_repeats_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("next");
        let first = open(&path);
        let given: Vec<u64> = (0..5).map(|_| first.next().unwrap()).collect();
        assert_eq!(given, [0, 1, 2, 3, 4]);
        first.close();
        let second = open(&path);
        assert_eq!(second.next().unwrap(), 5);
        drop(second);
        assert!(open(&path).next().unwrap() > 5);
    }
}
