//! A file of lines that several workers append to, one at a time, each under the lease of the file.
//!
//! Who was cut off in the middle of a write may still write, to the file that it has open. So the next holder
//! first replaces the file by a copy (`mend`): what comes late goes to a file that has no name any more.

use super::directory::DirectoryLeases;
use crate::core::disk::{Access, Disk, DiskError, DiskFile, parent_of, read_range};
use crate::core::fault::Fault;
use crate::core::lease::Leases;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a look at the file brought.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// These lines follow those that are known.
    More(Vec<Vec<u8>>),
    /// Another file stands in its place: these are all lines.
    All(Vec<Vec<u8>>),
}

/// The file as this worker knows it.
#[derive(Debug)]
pub struct SharedLog {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    inode: u64,
    bytes: u64,
    /// The last line, by which a new file under an old inode is told from the old one.
    last: Vec<u8>,
}

impl SharedLog {
    pub fn new(disk: &Arc<dyn Disk>, path: &Path) -> Self {
        Self { disk: Arc::clone(disk), path: path.to_path_buf(), known: None }
    }

    /// Reads the whole lines that came since the last look. Half a line is no line yet, and what stands behind
    /// a hole that a power cut left never is.
    pub fn look(&mut self) -> Result<News, DiskError> {
        let metadata = match self.disk.metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.is_missing() => {
                self.known = None;
                return Ok(News::All(Vec::new()));
            }
            Err(error) => return Err(error),
        };
        let known = self.known.as_ref().filter(|known| known.inode == metadata.inode);
        let from = known.map_or(0, |known| known.bytes);
        let file = match self.disk.open(&self.path, Access::Read) {
            Err(error) if error.is_missing() => {
                self.known = None;
                return Ok(News::All(Vec::new()));
            }
            file => file?,
        };
        if from > 0 && self.goes_on(file.as_ref(), from)? {
            let lines = self.read(file.as_ref(), from, metadata.inode)?;
            return Ok(News::More(lines));
        }
        self.known = None;
        Ok(News::All(self.read(file.as_ref(), 0, metadata.inode)?))
    }

    /// Does the last line that is known stand where it stood?
    fn goes_on(&self, file: &dyn DiskFile, from: u64) -> Result<bool, DiskError> {
        let Some(known) = &self.known else { return Ok(false) };
        let start = from.saturating_sub(known.last.len() as u64);
        Ok(read_range(file, start, known.last.len())? == known.last)
    }

    fn read(
        &mut self,
        file: &dyn DiskFile,
        from: u64,
        inode: u64,
    ) -> Result<Vec<Vec<u8>>, DiskError> {
        let length = usize::try_from(file.bytes()?.saturating_sub(from)).unwrap_or(usize::MAX);
        let mut bytes = read_range(file, from, length)?;
        bytes.truncate(memchr::memchr(0, &bytes).unwrap_or(bytes.len()));
        bytes.truncate(memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1));
        let lines: Vec<Vec<u8>> =
            bytes.split_inclusive(|it| *it == b'\n').map(<[u8]>::to_vec).collect();
        let before = self.known.take().map(|known| known.last);
        let last = lines.last().cloned().or(before).unwrap_or_default();
        self.known = Some(Known { inode, bytes: from + bytes.len() as u64, last });
        Ok(lines.into_iter().filter(|line| line != b"\n").collect())
    }

    /// Appends behind what is known, which must be all: after a look under the lease `name`. Durable when this
    /// returns; after a fault nobody knows, and the file must be mended.
    pub fn append(
        &mut self,
        leases: &DirectoryLeases,
        name: &str,
        lines: &[u8],
    ) -> Result<(), Fault> {
        let is_new = self.known.is_none();
        let mut file = self.disk.open(&self.path, Access::ReadWrite)?;
        // Invariant: opened before this look at the lease. Whoever takes it over later replaces this file.
        Self::must_hold(leases, name)?;
        let end = self.known.as_ref().map_or(0, |known| known.bytes);
        file.truncate(end)?;
        file.write_at(lines, end)?;
        file.sync()?;
        if is_new {
            self.disk.sync_dir(parent_of(&self.path))?;
        }
        // Invariant: written before this look. Whoever takes the lease over later copies what was written.
        Self::must_hold(leases, name)?;
        let inode = self.disk.metadata(&self.path)?.inode;
        let bytes = end + lines.len() as u64;
        self.known = Some(Known { inode, bytes, last: last_line(lines) });
        Ok(())
    }

    fn must_hold(leases: &DirectoryLeases, name: &str) -> Result<(), Fault> {
        if leases.is_held(name)? {
            return Ok(());
        }
        Err(Fault::retry(format!("another worker took over {name}")))
    }

    /// Puts another file in its place, under the lease `name`; durable when this returns.
    pub fn replace(
        &mut self,
        leases: &DirectoryLeases,
        name: &str,
        contents: Vec<u8>,
    ) -> Result<(), Fault> {
        let file = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let last = last_line(&contents);
        let bytes = contents.len() as u64;
        let files = [(file, contents)];
        leases.stage(name, &files)?;
        leases.publish(name, parent_of(&self.path), &files)?;
        let inode = self.disk.metadata(&self.path)?.inode;
        self.known = Some(Known { inode, bytes, last });
        Ok(())
    }

    /// Puts a copy of its whole lines in its place; answers them.
    pub fn mend(&mut self, leases: &DirectoryLeases, name: &str) -> Result<Vec<Vec<u8>>, Fault> {
        // The lease must be held before the file is read: what was cut off writes into the old one from now on.
        Self::must_hold(leases, name)?;
        self.known = None;
        let (News::All(lines) | News::More(lines)) = self.look()?;
        if self.known.is_some() {
            self.replace(leases, name, lines.concat())?;
        }
        Ok(lines)
    }
}

fn last_line(lines: &[u8]) -> Vec<u8> {
    lines.split_inclusive(|byte| *byte == b'\n').next_back().unwrap_or_default().to_vec()
}
