//! The files that a log was before it was renamed: `log.1`, `log-20260101`, `log.000001.ndjson`.

use crate::core::disk::{Disk, parent_of};
use std::path::Path;

/// The inode of the file that was written next after this one: `path` itself, or one that stands between.
/// When that one is gone itself, nobody can tell, and it is `path`. Empty files do not count: their writer
/// has not come to them yet.
pub fn after(disk: &dyn Disk, path: &Path, inode: u64) -> Option<u64> {
    let mut first = look(disk, path, inode);
    loop {
        // A name that was listed may be another file's when it is looked at. A second listing, begun behind
        // that, has the file that was renamed; so two that agree are right.
        let second = look(disk, path, inode);
        if first == second {
            return second;
        }
        first = second;
    }
}

fn look(disk: &dyn Disk, path: &Path, inode: u64) -> Option<u64> {
    let mut found: Vec<_> = disk
        .list(parent_of(path))
        .unwrap_or_default()
        .into_iter()
        .filter(|other| is_generation(path, other))
        .filter_map(|other| Some((disk.metadata(&other).ok()?, other)))
        .collect();
    found.sort_by_key(|(metadata, _)| metadata.modified);
    let last = found.iter().find(|(metadata, _)| metadata.inode == inode);
    let next = found.iter().find(|(other, name)| {
        let is_later = match last {
            Some((last, _)) => other.modified > last.modified,
            None => name.file_name() == path.file_name(),
        };
        is_later && other.inode != inode && other.bytes > 0
    });
    next.map(|(other, _)| other.inode)
}

/// Is `other` the name of `path` with a number or a date at its end or before its ending?
fn is_generation(path: &Path, other: &Path) -> bool {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let (Some(name), Some(found)) = (text(path.file_name()), text(other.file_name())) else {
        return false;
    };
    if name == found {
        return true;
    }
    let at_end = found.strip_prefix(&name);
    let inside = || {
        let (stem, ending) = (text(path.file_stem())?, text(path.extension())?);
        found.strip_prefix(&stem)?.strip_suffix(&ending)?.strip_suffix('.').map(str::to_owned)
    };
    let added = at_end.map(str::to_owned).or_else(inside);
    added.is_some_and(|added| {
        added.starts_with(['.', '-', '_'])
            && added.contains(|letter: char| letter.is_ascii_digit())
            && added.chars().all(|letter| letter.is_ascii_digit() || ".-_:T".contains(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::disk::RealDisk;
    use std::fs::File;
    use std::io::Write as _;
    use std::os::unix::fs::MetadataExt as _;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn numbers_and_dates_are_generations_and_copies_are_not() {
        let is = |other: &str| is_generation(Path::new("a/app.log"), Path::new(other));
        for yes in
            ["a/app.log", "./app.log.1", "a/app.log-20260101", "a/app.000007.log", "app-1.log"]
        {
            assert!(is(yes), "{yes}");
        }
        for no in ["a/app.log.bak", "a/app.log.1.gz", "a/app.log.new", "a/other.log", "a/app.x.log"]
        {
            assert!(!is(no), "{no}");
        }
    }

    #[test]
    fn the_next_one_is_found_by_the_time_of_its_last_write() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, seconds: u64, text: &str| {
            let path = directory.path().join(name);
            let mut file = File::options().create_new(true).write(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
            file.metadata().unwrap().ino()
        };
        let oldest = write("log.2", 10, "a");
        let middle = write("log.1", 20, "b");
        let newest = write("log", 30, "c");
        let current = directory.path().join("log");
        write("log.3", 40, "");
        assert_eq!(after(&RealDisk, &current, oldest), Some(middle));
        assert_eq!(after(&RealDisk, &current, middle), Some(newest));
        assert_eq!(after(&RealDisk, &current, newest), None);
        assert_eq!(after(&RealDisk, &current, 0), Some(newest));
    }
}
