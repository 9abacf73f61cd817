//! What is too much of something that grows.

use crate::core::disk::{Disk, DiskError};
use crate::core::options::Keep;
use crate::core::time::{settled_unix_ms, unix_ms};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The files that are more than what is kept; `files` are in the order of age, the oldest first.
pub fn excess<'a>(disk: &dyn Disk, files: &'a [PathBuf], keep: Keep) -> &'a [PathBuf] {
    let count = match keep {
        Keep::Count(count) => {
            files.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX))
        }
        Keep::Bytes(limit) => {
            let mut total = 0;
            let too_much = files.iter().rev().position(|path| {
                total += disk.metadata(path).map_or(0, |metadata| metadata.bytes);
                total > limit
            });
            too_much.map_or(0, |kept| files.len() - kept)
        }
        Keep::Age(limit) => {
            // A clock that was ahead when this process started, and is put right, counts at once.
            let now = u64::try_from(settled_unix_ms().min(unix_ms())).unwrap_or(0);
            let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now);
            let is_old = |path: &&PathBuf| {
                let modified = disk.metadata(path).map(|metadata| metadata.modified);
                modified.is_ok_and(|time| now.duration_since(time).is_ok_and(|age| age > limit))
            };
            files.iter().take_while(is_old).count()
        }
    };
    files.get(..count).unwrap_or_default()
}

/// Removes what is too much.
pub fn prune(disk: &dyn Disk, files: &[PathBuf], keep: Keep) -> Result<(), DiskError> {
    excess(disk, files, keep).iter().try_for_each(|path| disk.remove(path))
}
