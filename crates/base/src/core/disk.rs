//! The only door to the disk: what the journal, checkpoints, file sinks and dataset writers need, and no more.
//! The real disk is `clients::disk`; tests use `testing::disk`, which forgets what was not synced.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading only; the file must exist.
    Read,
    /// Reading and writing; the file is created, empty, when it is missing.
    ReadWrite,
    /// Reading and writing; the file must exist.
    Update,
}

/// What the disk says about a file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    pub bytes: u64,
    pub modified: SystemTime,
    /// The inode: the same file under another name keeps it, a new file under the same name does not.
    pub inode: u64,
    pub is_directory: bool,
}

/// Which file is open, whatever it is called by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub inode: u64,
    /// None once it was removed: what is written into it is gone when it is closed.
    pub names: u64,
}

/// A disk. Whatever changes a directory is durable only after `sync_dir` of that directory.
pub trait Disk: Send + Sync + Debug {
    fn open(&self, path: &Path, access: Access) -> Result<Box<dyn DiskFile>, DiskError>;
    /// Creates a directory and its parents, durably: the parents are synced too.
    fn create_dir_all(&self, path: &Path) -> Result<(), DiskError>;
    /// The paths in a directory, sorted.
    fn list(&self, directory: &Path) -> Result<Vec<PathBuf>, DiskError>;
    /// Renames a file, replacing the target in one step.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError>;
    /// Creates one directory in one that is there, not durably; fails with `is_taken` when it is there already.
    fn create_directory(&self, path: &Path) -> Result<(), DiskError>;
    /// Renames a directory with all that is in it, in one step. Fails with `is_taken` when the target is there,
    /// unless it is an empty directory.
    fn rename_directory(&self, from: &Path, to: &Path) -> Result<(), DiskError>;
    /// Removes an empty directory; fails with `is_taken` when something is in it.
    fn remove_directory(&self, path: &Path) -> Result<(), DiskError>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> Result<(), DiskError>;
    fn sync_dir(&self, directory: &Path) -> Result<(), DiskError>;
    fn metadata(&self, path: &Path) -> Result<Metadata, DiskError>;
    /// Bytes that an ordinary user can still write to the file system of `path`.
    fn free_bytes(&self, path: &Path) -> Result<u64, DiskError>;
    /// Locks `path` (a file made for it) against every other holder, in this process or another.
    fn lock(&self, path: &Path) -> Result<Box<dyn DiskLock>, DiskError>;
    /// Takes a file or directory that is there as the only writer; fails with `Claimed` when somebody else has. It
    /// keeps nobody from reading, and leaves nothing behind. What is there cannot be claimed where only one process
    /// comes, nor on a file system without locks: then nothing is held.
    fn claim(&self, _path: &Path) -> Result<Box<dyn DiskLock>, DiskError> {
        Ok(Box::new(Unclaimed))
    }
}

/// An open file. Nothing written is durable before `sync` has returned without an error; after an
/// error of `sync` nobody can know, and a second `sync` that succeeds proves nothing.
pub trait DiskFile: Send + Debug {
    /// Reads up to `buffer.len()` bytes; fewer only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, DiskError>;
    /// Writes all bytes at `offset`, growing the file when needed. After an error any part may be written.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<(), DiskError>;
    /// Cuts or, with zeros, extends the file.
    fn truncate(&mut self, bytes: u64) -> Result<(), DiskError>;
    /// Makes contents and length durable (`fdatasync`).
    fn sync(&mut self) -> Result<(), DiskError>;
    fn bytes(&self) -> Result<u64, DiskError>;
    fn identity(&self) -> Result<Identity, DiskError>;
    /// Fills `from..to` with zeros that have real blocks behind them, so that a later write there
    /// changes no metadata and its `sync` is as cheap as can be.
    fn allocate(&mut self, from: u64, to: u64) -> Result<(), DiskError>;
}

/// A held lock; dropping it lets it go.
pub trait DiskLock: Send + Sync + Debug {}

/// Stands for a lock that nobody can hold.
#[derive(Debug)]
pub struct Unclaimed;

impl DiskLock for Unclaimed {}

/// What went wrong, and with which path.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error("cannot {action} {}: {source}", path.display())]
    Failed { action: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "{} is in use by {}; stop it first, or give this one its own --data directory",
        path.display(),
        holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Held { path: PathBuf, holder: Option<u32> },
    #[error(
        "another process writes {}, and only one may; stop it, or give this one a place of its own: another path in \
         the stack file, such as one with `${{WORKER}}` in it, or another working directory",
        path.display()
    )]
    Claimed { path: PathBuf },
}

impl DiskError {
    pub fn failed(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Failed { action, path: path.to_path_buf(), source }
    }

    /// The disk or the quota is full: passes by itself when there is room.
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Failed { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Failed { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// A directory that should be empty or missing is neither.
    pub fn is_taken(&self) -> bool {
        use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty};
        matches!(self, Self::Failed { source, .. } if matches!(source.kind(), AlreadyExists | DirectoryNotEmpty))
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Failed { path, .. } | Self::Held { path, .. } | Self::Claimed { path } => path,
        }
    }
}

/// The directory that holds `path`; `.` when the path names none.
pub fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The name under which a file is written before it takes its place.
pub fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}

/// Replaces `path` in one step that is durable when this returns: whoever reads finds the old bytes or the new.
pub fn write_atomically(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let unfinished = unfinished(path);
    remove_if_there(disk, &unfinished)?;
    if let Err(error) = write_whole(disk, &unfinished, bytes) {
        // The half-written file is worth nothing; when even removing fails, the next call removes it.
        drop(disk.remove(&unfinished));
        return Err(error);
    }
    disk.rename(&unfinished, path)?;
    disk.sync_dir(parent_of(path))
}

/// Removes a file that may be missing.
pub fn remove_if_there(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    match disk.remove(path) {
        Err(error) if !error.is_missing() => Err(error),
        _ => Ok(()),
    }
}

/// Reads `bytes` at `offset`; shorter only when the file ends before.
pub fn read_range(file: &dyn DiskFile, offset: u64, bytes: usize) -> Result<Vec<u8>, DiskError> {
    let mut buffer = vec![0; bytes];
    let read = file.read_at(&mut buffer, offset)?;
    buffer.truncate(read);
    Ok(buffer)
}

fn write_whole(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let mut file = disk.open(path, Access::ReadWrite)?;
    file.write_at(bytes, 0)?;
    file.sync()
}
