//! The files that a log was before it was renamed: `log.1`, `log-20260101`, `log.000001.ndjson`.

use crate::core::disk::{Disk, Metadata, parent_of};
use std::path::{Path, PathBuf};

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

/// What was put aside, the newest first.
pub fn aside(disk: &dyn Disk, path: &Path) -> impl Iterator<Item = PathBuf> {
    let found = in_order(disk, path).into_iter().rev();
    found.filter(|it| !it.added.is_empty()).map(|it| it.path)
}

fn look(disk: &dyn Disk, path: &Path, inode: u64) -> Option<u64> {
    let found = in_order(disk, path);
    let last = found.iter().position(|it| it.metadata.inode == inode);
    let mut next = found.iter().enumerate().filter(|(at, it)| {
        let is_later = last.map_or(it.added.is_empty(), |last| *at > last);
        is_later && it.metadata.inode != inode && it.metadata.bytes > 0
    });
    next.next().map(|(_, it)| it.metadata.inode)
}

struct Generation {
    metadata: Metadata,
    path: PathBuf,
    /// What its name has beside that of the file itself: `.1`.
    added: String,
}

impl Generation {
    fn numbers(&self) -> Vec<u64> {
        let words = self.added.split(|letter: char| !letter.is_ascii_digit());
        words.filter_map(|word| word.parse().ok()).collect()
    }

    /// `--` of `-2026-01`.
    fn form(&self) -> String {
        self.added.chars().filter(|letter| !letter.is_ascii_digit()).collect()
    }
}

/// All that is there, the oldest first; the one that has the name itself is the newest. The times of their last writes
/// tell which way the numbers of their names go. They are not the order itself where the names are one: a clock that
/// was set back gives a newer file an older time.
fn in_order(disk: &dyn Disk, path: &Path) -> Vec<Generation> {
    let mut found: Vec<Generation> = disk
        .list(parent_of(path))
        .unwrap_or_default()
        .into_iter()
        .filter_map(|other| Some((added(path, &other)?, other)))
        .filter_map(|(added, path)| {
            Some(Generation { metadata: disk.metadata(&path).ok()?, path, added })
        })
        .collect();
    found.sort_by_key(|it| (it.added.is_empty(), it.metadata.modified));
    let aside = found.iter().position(|it| it.added.is_empty()).unwrap_or(found.len());
    let form = found.first().map(Generation::form);
    if found[..aside].iter().any(|it| Some(it.form()) != form) {
        return found;
    }
    let is_padded = found[..aside].iter().any(|it| {
        it.added
            .split(|letter: char| !letter.is_ascii_digit())
            .any(|word| word.len() > 7 || word.len() > 1 && word.starts_with('0'))
    });
    found[..aside].sort_by_key(Generation::numbers);
    let up = backwards(&found);
    found[..aside].reverse();
    let down = backwards(&found);
    // `log.1` is newer than `log.2` where nothing says otherwise, and `log.000002` newer than `log.000001`.
    if up < down || up == down && is_padded {
        found[..aside].reverse();
    }
    found
}

/// How often the times go back.
fn backwards(found: &[Generation]) -> usize {
    found.windows(2).filter(|pair| pair[1].metadata.modified < pair[0].metadata.modified).count()
}

/// What `other` has beside the name of `path`, if that is nothing, or a number or a date at its end or before its
/// ending.
fn added(path: &Path, other: &Path) -> Option<String> {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let (Some(name), Some(found)) = (text(path.file_name()), text(other.file_name())) else {
        return None;
    };
    if name == found {
        return Some(String::new());
    }
    let at_end = found.strip_prefix(&name);
    let inside = || {
        let (stem, ending) = (text(path.file_stem())?, text(path.extension())?);
        found.strip_prefix(&stem)?.strip_suffix(&ending)?.strip_suffix('.').map(str::to_owned)
    };
    let added = at_end.map(str::to_owned).or_else(inside);
    added.filter(|added| {
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
        let is = |other: &str| added(Path::new("a/app.log"), Path::new(other)).is_some();
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

    /// The inodes of files with these times of their last writes, in minutes.
    fn written(directory: &Path, files: &[(&str, u64)]) -> Vec<u64> {
        let write = |(name, minutes): &(&str, u64)| {
            let path = directory.join(name);
            let mut file = File::options().create_new(true).write(true).open(&path).unwrap();
            file.write_all(name.as_bytes()).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_mins(*minutes)).unwrap();
            file.metadata().unwrap().ino()
        };
        files.iter().map(write).collect()
    }

    /// `files` are the oldest first, the last one has the name itself.
    #[track_caller]
    fn are_read_in_order(files: &[(&str, u64)]) {
        let directory = tempfile::tempdir().unwrap();
        let inodes = written(directory.path(), files);
        let current = directory.path().join("log");
        for pair in inodes.windows(2) {
            assert_eq!(after(&RealDisk, &current, pair[0]), Some(pair[1]), "{files:?}");
        }
        assert_eq!(after(&RealDisk, &current, inodes[inodes.len() - 1]), None, "{files:?}");
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_no_file_out() {
        are_read_in_order(&[("log.1", 600), ("log", 540)]);
        are_read_in_order(&[("log.2", 600), ("log.1", 541), ("log", 542)]);
        are_read_in_order(&[("log.3", 600), ("log.2", 610), ("log.1", 553), ("log", 554)]);
        are_read_in_order(&[("log.000001", 600), ("log.000002", 541), ("log", 542)]);
        are_read_in_order(&[("log-20260101", 600), ("log-20260102", 541), ("log", 542)]);
    }

    #[test]
    fn the_numbers_may_go_up_or_down() {
        are_read_in_order(&[("log.10", 1), ("log.9", 2), ("log.8", 3), ("log", 4)]);
        are_read_in_order(&[("log.8", 1), ("log.9", 2), ("log.10", 3), ("log", 4)]);
        are_read_in_order(&[("log.0", 1), ("log.1", 2), ("log", 3)]);
        are_read_in_order(&[("log.1", 2), ("log", 2)]);
        are_read_in_order(&[("log-20251231", 1), ("log.1", 2), ("log", 3)]);
    }
}
