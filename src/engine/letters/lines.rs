//! The whole lines of a file, one after another, in little memory.

use crate::core::disk::{Access, Disk, DiskError, DiskFile};
use std::path::Path;

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;

/// Lines of a file as it was when it was opened; a file that is renamed or replaced is still read.
#[derive(Debug)]
pub(super) struct Lines {
    file: Box<dyn DiskFile>,
    /// The next byte to read.
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    /// Where in the buffer the next line begins.
    start: usize,
}

impl Lines {
    /// `None` when there is no such file.
    pub(super) fn open(disk: &dyn Disk, path: &Path) -> Result<Option<Self>, DiskError> {
        let file = match disk.open(path, Access::Read) {
            Err(error) if error.is_missing() => return Ok(None),
            file => file?,
        };
        let end = file.bytes()?;
        Ok(Some(Self { file, at: 0, end, buffer: Vec::new(), start: 0 }))
    }

    /// The next line without its line feed; half a line at the end is none.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, DiskError> {
        let mut looked = self.start;
        loop {
            let rest = self.buffer.get(looked..).unwrap_or_default();
            if let Some(found) = memchr::memchr(b'\n', rest) {
                let line = self.start..looked + found;
                self.start = line.end + 1;
                return Ok(self.buffer.get(line));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            looked = self.buffer.len();
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    fn fill(&mut self) -> Result<usize, DiskError> {
        let wanted = PIECE.min(usize::try_from(self.end - self.at).unwrap_or(PIECE));
        let length = self.buffer.len();
        self.buffer.resize(length + wanted, 0);
        let room = self.buffer.get_mut(length..).unwrap_or_default();
        let read = self.file.read_at(room, self.at);
        self.buffer.truncate(length + read.as_ref().copied().unwrap_or(0));
        let read = read?;
        self.at += read as u64;
        Ok(read)
    }
}
