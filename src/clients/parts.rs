//! Finished parts of a file that is written in turns: their names, compression and retention.

use crate::clients::retention;
use crate::core::disk::{Access, Disk, DiskError, parent_of, write_atomically};
use crate::core::fault::Fault;
use crate::core::options::Keep;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    pub fn of(word: &str) -> Self {
        match word {
            "gzip" => Self::Gzip,
            "zstd" => Self::Zstd,
            _ => Self::None,
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// The parts of one file.
#[derive(Debug)]
pub struct Parts {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    compression: Compression,
    keep: Option<Keep>,
}

impl Parts {
    pub fn new(
        disk: Arc<dyn Disk>,
        path: &Path,
        compression: Compression,
        keep: Option<Keep>,
    ) -> Self {
        Self { disk, path: path.to_path_buf(), compression, keep }
    }

    /// Renames the file to its part; the caller syncs the directory. The checkpoint does not know of it yet:
    /// see `undo_interrupted`.
    pub fn put_aside(&self, number: u64) -> Result<(), DiskError> {
        self.disk.rename(&self.path, &self.raw(number))
    }

    /// A crash came between putting a part aside and the checkpoint that says so: the file gets its
    /// name back. What a newer file of that name holds was never committed.
    pub fn undo_interrupted(&self, finished: u64) -> Result<(), DiskError> {
        let raw = self.raw(finished + 1);
        if let Err(error) = self.disk.metadata(&raw) {
            return if error.is_missing() { Ok(()) } else { Err(error) };
        }
        self.disk.rename(&raw, &self.path)?;
        self.disk.sync_dir(parent_of(&self.path))
    }

    /// Compresses what is finished and removes what is too old.
    pub fn finish(&self, finished: u64) -> Result<(), Fault> {
        let parts = self.list()?;
        if self.compression != Compression::None {
            for (number, path) in &parts {
                let is_raw = *path == self.raw(*number);
                if is_raw && *number <= finished {
                    self.compress(path)?;
                }
            }
        }
        if let Some(keep) = self.keep {
            let finished: Vec<PathBuf> = self.list()?.into_iter().map(|(_, path)| path).collect();
            retention::prune(self.disk.as_ref(), &finished, keep)?;
        }
        Ok(())
    }

    /// The highest number in use.
    pub fn highest(&self) -> Result<u64, DiskError> {
        Ok(self.list()?.last().map_or(0, |(number, _)| *number))
    }

    fn compress(&self, path: &Path) -> Result<(), Fault> {
        let mut target = path.as_os_str().to_owned();
        target.push(self.compression.ending());
        let file = self.disk.open(path, Access::Read)?;
        let mut bytes = Vec::new();
        let mut input = Reading { file: file.as_ref(), at: 0 };
        match self.compression {
            Compression::None => return Ok(()),
            Compression::Gzip => {
                let level = flate2::Compression::default();
                let mut encoder = flate2::write::GzEncoder::new(&mut bytes, level);
                std::io::copy(&mut input, &mut encoder)?;
                encoder.finish()?.flush()?;
            }
            Compression::Zstd => zstd::stream::copy_encode(&mut input, &mut bytes, 3)?,
        }
        write_atomically(self.disk.as_ref(), Path::new(&target), &bytes)?;
        self.disk.remove(path)?;
        Ok(self.disk.sync_dir(parent_of(path))?)
    }

    /// `data/numbers.000007.ndjson`
    fn raw(&self, number: u64) -> PathBuf {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let name = match self.path.extension() {
            Some(ending) => format!("{stem}.{number:06}.{}", ending.to_string_lossy()),
            None => format!("{stem}.{number:06}"),
        };
        self.path.with_file_name(name)
    }

    /// The parts with their numbers, in order.
    fn list(&self) -> Result<Vec<(u64, PathBuf)>, DiskError> {
        let stem = format!("{}.", self.path.file_stem().unwrap_or_default().to_string_lossy());
        let mut parts: Vec<(u64, PathBuf)> = self
            .disk
            .list(parent_of(&self.path))?
            .into_iter()
            .filter_map(|path| {
                let name = path.file_name()?.to_string_lossy().into_owned();
                let number: u64 = name.strip_prefix(&stem)?.split('.').next()?.parse().ok()?;
                let raw = self.raw(number);
                // A listing may spell the directory in another way: `./numbers.ndjson`.
                let path = self.path.with_file_name(name);
                let is_ours = [raw.clone(), with(&raw, ".gz"), with(&raw, ".zst")].contains(&path);
                is_ours.then_some((number, path))
            })
            .collect();
        parts.sort();
        Ok(parts)
    }
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A file of the disk as a stream.
struct Reading<'a> {
    file: &'a dyn crate::core::disk::DiskFile,
    at: u64,
}

impl std::io::Read for Reading<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.at).map_err(std::io::Error::other)?;
        self.at += read as u64;
        Ok(read)
    }
}
