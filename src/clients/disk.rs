//! The real disk. The only file that opens, writes, renames or removes anything through `std::fs`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::core::disk::{
    Access, Disk, DiskError, DiskFile, DiskLock, Identity, Metadata, Unclaimed, parent_of,
};

/// Zeros are written in pieces of so many bytes: large enough to cost little, small enough for a Pi.
const ZEROS: usize = 64 * 1024;

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path, access: Access) -> Result<Box<dyn DiskFile>, DiskError> {
        let mut options = OpenOptions::new();
        options.read(true);
        match access {
            Access::Read => &mut options,
            Access::ReadWrite => options.write(true).create(true).truncate(false),
            Access::Update => options.write(true),
        };
        let file = options.open(path).map_err(|error| DiskError::failed("open", path, error))?;
        Ok(Box::new(RealFile { file, path: path.to_path_buf() }))
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        let ancestors = || path.ancestors().filter(|ancestor| !ancestor.as_os_str().is_empty());
        let (there, missing): (Vec<_>, Vec<_>) = ancestors().partition(|it| it.is_dir());
        fs::create_dir_all(path).map_err(|error| DiskError::failed("create", path, error))?;
        for created in missing.iter().rev() {
            self.sync_dir(parent_of(created))?;
        }
        // A process that was killed here may have made the others and not synced them. Some may be beyond
        // our rights, and those we cannot have made.
        for existing in there {
            drop(self.sync_dir(parent_of(existing)));
        }
        Ok(())
    }

    fn list(&self, directory: &Path) -> Result<Vec<PathBuf>, DiskError> {
        let failed = |error| DiskError::failed("list", directory, error);
        let entries = fs::read_dir(directory).map_err(failed)?;
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        paths.sort();
        Ok(paths)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        let renamed = fs::rename(from, to);
        renamed.map_err(|error| DiskError::failed("rename", from, error))
    }

    fn create_directory(&self, path: &Path) -> Result<(), DiskError> {
        fs::create_dir(path).map_err(|error| DiskError::failed("create", path, error))
    }

    fn rename_directory(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.rename(from, to)
    }

    fn remove_directory(&self, path: &Path) -> Result<(), DiskError> {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        let removed = fs::remove_dir(path);
        removed.map_err(|error| DiskError::failed("remove", path, error))
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        let removed = fs::remove_file(path);
        removed.map_err(|error| DiskError::failed("remove", path, error))
    }

    fn sync_dir(&self, directory: &Path) -> Result<(), DiskError> {
        File::open(directory)
            .and_then(|file| file.sync_all())
            .map_err(|error| DiskError::failed("sync the directory", directory, error))
    }

    fn metadata(&self, path: &Path) -> Result<Metadata, DiskError> {
        let failed = |error| DiskError::failed("look at", path, error);
        let metadata = fs::metadata(path).map_err(failed)?;
        Ok(Metadata {
            bytes: metadata.len(),
            modified: metadata.modified().map_err(failed)?,
            inode: metadata.ino(),
            is_directory: metadata.is_dir(),
        })
    }

    fn free_bytes(&self, path: &Path) -> Result<u64, DiskError> {
        let answer = rustix::fs::statvfs(path)
            .map_err(|error| DiskError::failed("ask for free space at", path, error.into()))?;
        Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn DiskLock>, DiskError> {
        let failed = |error| DiskError::failed("lock", path, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DiskError::Held {
                    path: path.to_path_buf(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The number is only for the message to the next one; a full disk must not prevent the lock.
        let process = format!("{}\n", std::process::id());
        drop(file.set_len(0).and_then(|()| file.write_all_at(process.as_bytes(), 0)));
        Ok(Box::new(RealLock { _file: file }))
    }

    fn claim(&self, path: &Path) -> Result<Box<dyn DiskLock>, DiskError> {
        let failed = |error| DiskError::failed("claim", path, error);
        let kind = fs::metadata(path).map_err(failed)?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            // All may write to a terminal or to /dev/null.
            return Ok(Box::new(Unclaimed));
        }
        let file = File::open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(RealLock { _file: file })),
            Err(TryLockError::WouldBlock) => Err(DiskError::Claimed { path: path.to_path_buf() }),
            Err(TryLockError::Error(_)) => Ok(Box::new(Unclaimed)),
        }
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The lock goes when the file is closed, also when the process dies.
#[derive(Debug)]
struct RealLock {
    _file: File,
}

impl DiskLock for RealLock {}

#[derive(Debug)]
struct RealFile {
    file: File,
    path: PathBuf,
}

impl RealFile {
    fn failed(&self, action: &'static str, error: io::Error) -> DiskError {
        DiskError::failed(action, &self.path, error)
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed("read", error)),
            }
        }
        Ok(filled)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
        self.file.write_all_at(bytes, offset).map_err(|error| self.failed("write to", error))
    }

    fn truncate(&mut self, bytes: u64) -> Result<(), DiskError> {
        self.file.set_len(bytes).map_err(|error| self.failed("cut", error))
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        self.file.sync_data().map_err(|error| self.failed("sync", error))
    }

    fn bytes(&self) -> Result<u64, DiskError> {
        let metadata = self.file.metadata().map_err(|error| self.failed("look at", error))?;
        Ok(metadata.len())
    }

    fn identity(&self) -> Result<Identity, DiskError> {
        let metadata = self.file.metadata().map_err(|error| self.failed("look at", error))?;
        Ok(Identity { inode: metadata.ino(), names: metadata.nlink() })
    }

    fn allocate(&mut self, from: u64, to: u64) -> Result<(), DiskError> {
        let zeros = vec![0; ZEROS];
        let mut offset = from;
        while offset < to {
            let piece = usize::try_from(to - offset).map_or(ZEROS, |left| left.min(ZEROS));
            self.write_at(zeros.get(..piece).unwrap_or(&zeros), offset)?;
            offset += piece as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::RealDisk;
    use crate::core::disk::{Access, Disk, DiskError, parent_of, write_atomically};

    #[test]
    fn writes_reads_cuts_and_fills_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/file");
        RealDisk.create_dir_all(parent_of(&path)).unwrap();
        RealDisk.create_dir_all(parent_of(&path)).unwrap();
        let mut file = RealDisk.open(&path, Access::ReadWrite).unwrap();
        file.write_at(b"headwater", 2).unwrap();
        file.truncate(6).unwrap();
        file.allocate(6, 100_000).unwrap();
        file.sync().unwrap();
        let mut buffer = [1; 10];
        assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 10);
        assert_eq!(&buffer, b"\0\0head\0\0\0\0");
        assert_eq!(file.read_at(&mut buffer, 99_995).unwrap(), 5);
        assert_eq!(file.bytes().unwrap(), 100_000);
        assert_eq!(RealDisk.metadata(&path).unwrap().bytes, 100_000);
        assert!(RealDisk.free_bytes(&path).unwrap() > 0);
        assert!(RealDisk.open(&path, Access::Read).unwrap().write_at(b"x", 0).is_err());
    }

    #[test]
    fn replaces_a_file_atomically_and_lists_renames_and_removes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write_atomically(&RealDisk, &path, b"old").unwrap();
        let before = RealDisk.metadata(&path).unwrap();
        write_atomically(&RealDisk, &path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_ne!(RealDisk.metadata(&path).unwrap().inode, before.inode);
        let other = directory.path().join("other");
        RealDisk.rename(&path, &other).unwrap();
        assert_eq!(RealDisk.list(directory.path()).unwrap(), std::slice::from_ref(&other));
        RealDisk.remove(&other).unwrap();
        assert!(RealDisk.remove(&other).unwrap_err().is_missing());
    }

    #[test]
    fn a_directory_takes_only_an_empty_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for (name, file) in [("one", "one/a"), ("other", "other/b")] {
            RealDisk.create_dir_all(&path(name)).unwrap();
            RealDisk.open(&path(file), Access::ReadWrite).unwrap();
        }
        assert!(RealDisk.rename_directory(&path("one"), &path("other")).unwrap_err().is_taken());
        assert!(RealDisk.remove_directory(&path("other")).unwrap_err().is_taken());
        RealDisk.remove(&path("other/b")).unwrap();
        RealDisk.rename_directory(&path("one"), &path("other")).unwrap();
        assert!(RealDisk.open(&path("other/a"), Access::Update).is_ok());
        assert!(RealDisk.open(&path("one/a"), Access::Update).unwrap_err().is_missing());
        RealDisk.remove(&path("other/a")).unwrap();
        RealDisk.remove_directory(&path("other")).unwrap();
    }

    #[test]
    fn errors_name_the_path() {
        let error = RealDisk.open(Path::new("/nowhere/file"), Access::Read).unwrap_err();
        assert!(error.is_missing());
        assert_eq!(
            error.to_string(),
            "cannot open /nowhere/file: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn a_lock_is_held_once_and_names_its_holder() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = RealDisk.lock(&path).unwrap();
        let error = RealDisk.lock(&path).unwrap_err();
        let own = std::process::id();
        assert!(matches!(error, DiskError::Held { holder: Some(pid), .. } if pid == own));
        assert!(error.to_string().contains(&format!("in use by process {own}")), "{error}");
        drop(held);
        RealDisk.lock(&path).unwrap();
    }

    #[test]
    fn what_is_there_is_claimed_once_under_all_its_names() {
        let directory = tempfile::tempdir().unwrap();
        let (path, other) = (directory.path().join("a"), directory.path().join("b"));
        RealDisk.open(&path, Access::ReadWrite).unwrap();
        for path in [&path, &directory.path().to_path_buf()] {
            let held = RealDisk.claim(path).unwrap();
            assert!(matches!(RealDisk.claim(path), Err(DiskError::Claimed { .. })));
            drop(held);
        }
        let held = RealDisk.claim(&path).unwrap();
        RealDisk.rename(&path, &other).unwrap();
        assert!(RealDisk.claim(&other).is_err());
        assert!(RealDisk.claim(&path).unwrap_err().is_missing());
        drop(held);
        RealDisk.claim(&other).unwrap();
        let all = [RealDisk.claim(Path::new("/dev/null")), RealDisk.claim(Path::new("/dev/null"))];
        assert!(all.iter().all(Result::is_ok), "everybody may write there");
    }
}
