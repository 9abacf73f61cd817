//! Records that can never be delivered, kept with the reason, in bounded space.

use crate::core::disk::{Access, Disk, DiskError, DiskFile, parent_of};
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
    /// The durable length; unknown until the file was opened.
    bytes: Option<u64>,
    bytes_max: u64,
}

impl DeadLetters {
    /// Half of `bytes_max` is the current file, half the one before.
    pub fn new(disk: Arc<dyn Disk>, directory: &Path, bytes_max: u64) -> Self {
        let path = directory.join("dead-letters.ndjson");
        Self { disk, path, file: None, bytes: None, bytes_max }
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
        let (mut file, mut end) = self.open()?;
        if end > 0 && end + lines.len() as u64 > self.bytes_max / 2 {
            (file, end) = self.start_over()?;
        }
        // After a failure the file is not kept open: nobody knows what of it is on the disk.
        file.write_at(&lines, end)?;
        file.sync()?;
        self.bytes = Some(end + lines.len() as u64);
        self.file = Some(file);
        Ok(())
    }

    /// The file and where its durable lines end. What a failed try wrote behind them is cut off, or its letters
    /// would be kept twice.
    fn open(&mut self) -> Result<(Box<dyn DiskFile>, u64), DiskError> {
        if let (Some(file), Some(bytes)) = (self.file.take(), self.bytes) {
            return Ok((file, bytes));
        }
        let mut file = self.disk.open(&self.path, Access::ReadWrite)?;
        self.disk.sync_dir(parent_of(&self.path))?;
        let bytes = match self.bytes {
            Some(bytes) if file.bytes()? >= bytes => bytes,
            _ => without_torn_tail(file.as_mut())?,
        };
        file.truncate(bytes)?;
        self.bytes = Some(bytes);
        Ok((file, bytes))
    }

    fn start_over(&mut self) -> Result<(Box<dyn DiskFile>, u64), DiskError> {
        self.disk.rename(&self.path, &self.path.with_extension("old.ndjson"))?;
        self.bytes = None;
        self.open()
    }
}
