//! Damaged bytes are copied aside before they are stepped over, so that nothing is ever thrown away unseen.

use std::path::{Path, PathBuf};

use super::cursor::Hole;
use super::segment;
use crate::core::disk::{Disk, DiskError, write_atomically};
use crate::core::finding::Finding;

/// What the quarantine of one journal may hold; beyond this the damaged bytes stay only in their segment.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

const LOOK_AT_DISK: &str = "the disk has changed bytes by itself: look at its health";

pub(super) fn directory(journal: &Path) -> PathBuf {
    journal.join("quarantine")
}

/// Copies a hole aside. Says what was found, once: a hole that is already in the quarantine is old news.
pub(super) fn keep(disk: &dyn Disk, journal: &Path, segment: u64, hole: &Hole) -> Option<Finding> {
    let copy = directory(journal).join(format!("{segment:020}-at-{}.damaged", hole.offset));
    if disk.metadata(&copy).is_ok() {
        return None;
    }
    let path = segment::path_of(journal, segment);
    let (bytes, offset, missing) = (hole.bytes.len(), hole.offset, missing(hole.first, hole.end));
    let what = format!("{bytes} bytes at byte {offset} are damaged, {missing}");
    let done = match copy_aside(disk, journal, &copy, &hole.bytes) {
        Ok(()) => format!("copied them to {} and went on after them", copy.display()),
        Err(error) => format!("went on after them; {error}"),
    };
    Some(if hole.within_append {
        Finding::notice(&path, what).done(done).remedy(
            "after a power cut this is how an append looks that nobody was told is safe: nothing to do; \
             without one, look at the health of the disk",
        )
    } else {
        Finding::damage(&path, what).done(done).remedy(LOOK_AT_DISK)
    })
}

/// Moves a segment aside whose header is beyond reading.
pub(super) fn keep_segment(
    disk: &dyn Disk,
    journal: &Path,
    first: u64,
) -> Result<Finding, DiskError> {
    let path = segment::path_of(journal, first);
    let aside = segment::path_of(&directory(journal), first);
    disk.create_dir_all(&directory(journal))?;
    disk.rename(&path, &aside)?;
    disk.sync_dir(&directory(journal))?;
    disk.sync_dir(journal)?;
    let what = format!(
        "the header of the segment is damaged twice, its frames from {first} on cannot be verified"
    );
    Ok(Finding::damage(&path, what)
        .done(format!("moved it to {}", aside.display()))
        .remedy(LOOK_AT_DISK))
}

/// Whether this segment was moved aside before.
pub(super) fn holds_segment(disk: &dyn Disk, journal: &Path, first: u64) -> bool {
    disk.metadata(&segment::path_of(&directory(journal), first)).is_ok()
}

pub(super) fn missing(first: u64, end: u64) -> String {
    match end.saturating_sub(first) {
        0 => "no frame is missing".to_owned(),
        1 => format!("frame {first} is missing"),
        _ => format!("frames {first} to {} are missing", end - 1),
    }
}

fn copy_aside(disk: &dyn Disk, journal: &Path, copy: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let quarantine = directory(journal);
    disk.create_dir_all(&quarantine)?;
    let mut used = bytes.len() as u64;
    for kept in disk.list(&quarantine)? {
        used += disk.metadata(&kept)?.bytes;
    }
    if used > BYTES_MAX {
        let full = std::io::Error::new(
            std::io::ErrorKind::QuotaExceeded,
            "it holds its bound of 64 MiB; look at it, then empty it",
        );
        return Err(DiskError::failed("copy them to", &quarantine, full));
    }
    write_atomically(disk, copy, bytes)
}
