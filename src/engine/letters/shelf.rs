//! The letters of a flow as anybody may read them, while the flow writes.

use super::letter::Letter;
use super::lines::Lines;
use crate::core::disk::{Disk, DiskError};
use crate::engine::progress::last_letter_at;
use std::path::{Path, PathBuf};

pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("dead-letters.ndjson")
}

pub(super) fn old_path(directory: &Path) -> PathBuf {
    directory.join("dead-letters.old.ndjson")
}

/// The letters in the order of their numbers.
#[derive(Debug)]
pub struct Shelf {
    old: Option<Lines>,
    current: Option<Lines>,
    last: u64,
    /// Letters behind this number are left out.
    certain: u64,
}

impl Shelf {
    /// The letters that are certain, because the checkpoint knows them. A batch under way has letters too; a crash
    /// may take those back and give their numbers to others, and who asked to drop them would drop other records.
    pub fn open(disk: &dyn Disk, directory: &Path) -> Result<Self, DiskError> {
        let checkpoint = directory.join("checkpoint");
        loop {
            // Invariant: how far they are certain is known before they are looked at, or a letter that was taken
            // back meanwhile would be shown under the number of a certain one.
            let certain = last_letter_at(disk, &checkpoint)?;
            let shelf = Self::whole(disk, directory)?;
            match certain {
                Some(certain) => return Ok(Self { certain, ..shelf }),
                // An older headwater's, or of a flow whose checkpoint was moved away: no batch is under way.
                None if last_letter_at(disk, &checkpoint)?.is_none() => return Ok(shelf),
                None => {}
            }
        }
    }

    /// All letters, for the flow itself. The newer file is opened first: should it become the old one in between,
    /// its letters come twice and are known by their numbers, and none is missed.
    pub(super) fn whole(disk: &dyn Disk, directory: &Path) -> Result<Self, DiskError> {
        let current = Lines::open(disk, &path(directory))?;
        let old = Lines::open(disk, &old_path(directory))?;
        Ok(Self { old, current, last: 0, certain: u64::MAX })
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
            if letter.number > self.last && letter.number <= self.certain {
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
