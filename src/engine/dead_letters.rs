//! Records that can never be delivered, kept with the reason, in bounded space.

use crate::core::disk::{Access, Disk, DiskError, DiskFile};
use crate::core::position::{Partition, Position};
use crate::core::record::Rejected;
use crate::core::time::rfc3339_now;
use crate::formats::log::without_torn_tail;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One file of lines, and the one before it.
#[derive(Debug)]
pub struct DeadLetters {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Option<Box<dyn DiskFile>>,
    bytes: u64,
    bytes_max: u64,
    /// Whether `bytes` says how much of the file is known to be on disk.
    is_measured: bool,
}

impl DeadLetters {
    /// Half of `bytes_max` is the current file, half the one before.
    pub fn new(disk: Arc<dyn Disk>, directory: &Path, bytes_max: u64) -> Self {
        let path = directory.join("dead-letters.ndjson");
        Self { disk, path, file: None, bytes: 0, bytes_max, is_measured: false }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the records, durably, before the checkpoint moves past them.
    pub fn keep(
        &mut self,
        rejected: &[Rejected],
        partition: &Partition,
        position: &Position,
    ) -> Result<(), DiskError> {
        let mut lines = Vec::new();
        for letter in rejected {
            let line = json!({
                "time": rfc3339_now(),
                "reason": letter.reason,
                "partition": &**partition,
                "offset": position.offset,
                "record": String::from_utf8_lossy(&letter.record),
            });
            lines.extend_from_slice(line.to_string().as_bytes());
            lines.push(b'\n');
        }
        self.open()?;
        if self.bytes > 0 && self.bytes + lines.len() as u64 > self.bytes_max / 2 {
            self.start_over()?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.write_at(&lines, self.bytes).and_then(|()| file.sync());
        match written {
            Ok(()) => self.bytes += lines.len() as u64,
            // After a failed sync nobody knows what is on disk: open anew and write again.
            Err(_) => self.file = None,
        }
        written
    }

    fn open(&mut self) -> Result<(), DiskError> {
        if self.file.is_none() {
            let mut file = self.disk.open(&self.path, Access::ReadWrite)?;
            self.disk.sync_dir(crate::core::disk::parent_of(&self.path))?;
            if self.is_measured && file.bytes()? >= self.bytes {
                // What stands behind was never synced, and comes again.
                file.truncate(self.bytes)?;
            } else {
                self.bytes = without_torn_tail(file.as_mut())?;
                self.is_measured = true;
            }
            self.file = Some(file);
        }
        Ok(())
    }

    fn start_over(&mut self) -> Result<(), DiskError> {
        self.file = None;
        self.is_measured = false;
        self.disk.rename(&self.path, &self.path.with_extension("old.ndjson"))?;
        self.open()
    }
}
