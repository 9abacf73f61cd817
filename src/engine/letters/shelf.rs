//! The letters of a flow as anybody may read them, while the flow writes.

use super::letter::Letter;
use super::lines::Lines;
use crate::core::disk::{Access, Disk, DiskError};
use std::path::{Path, PathBuf};

pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("dead-letters.ndjson")
}

pub(super) fn old_path(directory: &Path) -> PathBuf {
    directory.join("dead-letters.old.ndjson")
}

/// Makes durable what can be seen of the letters. A letter that is named in a request must not vanish in a power
/// cut, because its number would go to another one.
pub(super) fn sync(disk: &dyn Disk, directory: &Path) -> Result<(), DiskError> {
    for path in [path(directory), old_path(directory)] {
        match disk.open(&path, Access::Update) {
            Err(error) if error.is_missing() => {}
            file => file?.sync()?,
        }
    }
    disk.sync_dir(directory)
}

/// The letters in the order of their numbers.
#[derive(Debug)]
pub struct Shelf {
    old: Option<Lines>,
    current: Option<Lines>,
    last: u64,
}

impl Shelf {
    /// The newer file is opened first: should it become the old one in between, its letters come twice and are
    /// known by their numbers, and none is missed.
    pub fn open(disk: &dyn Disk, directory: &Path) -> Result<Self, DiskError> {
        let current = Lines::open(disk, &path(directory))?;
        let old = Lines::open(disk, &old_path(directory))?;
        Ok(Self { old, current, last: 0 })
    }

    /// The next letter; lines that are none are passed over.
    pub fn next_letter(&mut self) -> Result<Option<Letter>, DiskError> {
        loop {
            let lines = match (&mut self.old, &mut self.current) {
                (Some(old), _) => old,
                (None, Some(current)) => current,
                (None, None) => return Ok(None),
            };
            let Some(line) = lines.next()? else {
                if self.old.take().is_none() {
                    self.current = None;
                }
                continue;
            };
            let Ok(mut letter) = serde_json::from_slice::<Letter>(line) else { continue };
            if letter.number == 0 {
                letter.number = self.last + 1;
            }
            if letter.number > self.last {
                self.last = letter.number;
                return Ok(Some(letter));
            }
        }
    }

    /// Looks at every letter.
    pub fn each(mut self, mut look: impl FnMut(Letter)) -> Result<(), DiskError> {
        while let Some(letter) = self.next_letter()? {
            look(letter);
        }
        Ok(())
    }
}
