//! What was done on purpose, one line each, in bounded space, for people and for the audit. The lines follow from
//! the numbers in them: what a crash took away is written again at the next start.

use crate::core::disk::{Access, Disk, DiskError, DiskFile, parent_of};
use crate::core::time::rfc3339_now;
use crate::formats::log::without_torn_tail;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a ledger; the older half goes when it is full.
pub const LEDGER_BYTES: u64 = 64 * 1024 * 1024;

/// How much is looked at in one piece.
const PIECE: usize = 64 * 1024;

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The index or number that it was done to; it only grows.
    pub number: u64,
    pub fault: &'static str,
    /// More, such as by how much.
    pub more: Option<(&'static str, u64)>,
}

/// One file of lines, and the one before it.
#[derive(Debug)]
pub struct Ledger {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// What the number of an entry is called.
    key: &'static str,
    /// The file with its length, once it was opened.
    open: Option<(Box<dyn DiskFile>, u64)>,
}

impl Ledger {
    pub fn new(disk: &Arc<dyn Disk>, path: PathBuf, key: &'static str) -> Self {
        Self { disk: Arc::clone(disk), path, key, open: None }
    }

    /// Forgets the entries from a number on, for what is done there is done again, and answers the highest
    /// number that is left.
    pub fn cut(&mut self, from: u64) -> Result<Option<u64>, DiskError> {
        self.open = None;
        if let Err(error) = self.disk.metadata(&self.path)
            && error.is_missing()
        {
            return Ok(None);
        }
        let (mut file, end) = self.opened()?;
        let (mut last, mut keep) = (None, 0);
        each_line(file.as_ref(), end, |line, end| {
            let number = number_in(line, self.key).filter(|number| *number < from);
            last = number.or(last);
            keep = if number.is_some() { end } else { keep };
            number.is_some()
        })?;
        file.truncate(keep)?;
        file.sync()?;
        self.open = Some((file, keep));
        if last.is_none() { self.last_of_older() } else { Ok(last) }
    }

    /// Writes entries down. They are durable with the next `sync`, or are written again after a crash.
    pub fn note(&mut self, entries: &[Entry]) -> Result<(), DiskError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for entry in entries {
            let mut fields = Map::new();
            fields.insert(self.key.to_owned(), entry.number.into());
            fields.insert("fault".to_owned(), entry.fault.into());
            if let Some((name, value)) = entry.more {
                fields.insert(name.to_owned(), value.into());
            }
            fields.insert("time".to_owned(), rfc3339_now().into());
            lines.extend_from_slice(Value::Object(fields).to_string().as_bytes());
            lines.push(b'\n');
        }
        let (mut file, mut end) = self.opened()?;
        if end > 0 && end + lines.len() as u64 > LEDGER_BYTES / 2 {
            file.sync()?;
            self.disk.rename(&self.path, &older(&self.path))?;
            (file, end) = self.opened()?;
        }
        // After a failure the file is not kept open, and what was written of these lines is cut off.
        if let Err(error) = file.write_at(&lines, end) {
            drop(file.truncate(end));
            return Err(error);
        }
        self.open = Some((file, end + lines.len() as u64));
        Ok(())
    }

    fn opened(&mut self) -> Result<(Box<dyn DiskFile>, u64), DiskError> {
        if let Some(open) = self.open.take() {
            return Ok(open);
        }
        self.disk.create_dir_all(parent_of(&self.path))?;
        let mut file = self.disk.open(&self.path, Access::ReadWrite)?;
        self.disk.sync_dir(parent_of(&self.path))?;
        let end = without_torn_tail(file.as_mut())?;
        Ok((file, end))
    }

    fn last_of_older(&self) -> Result<Option<u64>, DiskError> {
        Ok(read(self.disk.as_ref(), &older(&self.path), self.key)?
            .last()
            .map(|(number, _)| *number))
    }
}

/// All numbers of a ledger with what was done, oldest first; nothing when there is no such file.
pub fn read_all(disk: &dyn Disk, path: &Path, key: &str) -> Result<Vec<(u64, String)>, DiskError> {
    let mut all = read(disk, &older(path), key)?;
    all.extend(read(disk, path, key)?);
    Ok(all)
}

fn read(disk: &dyn Disk, path: &Path, key: &str) -> Result<Vec<(u64, String)>, DiskError> {
    let file = match disk.open(path, Access::Read) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        file => file?,
    };
    let mut all = Vec::new();
    each_line(file.as_ref(), file.bytes()?, |line, _| {
        let entry: Option<Value> = serde_json::from_slice(line).ok();
        let fault = entry.as_ref().and_then(|entry| entry.get("fault")?.as_str());
        if let (Some(number), Some(fault)) = (number_in(line, key), fault) {
            all.push((number, fault.to_owned()));
        }
        true
    })?;
    Ok(all)
}

fn older(path: &Path) -> PathBuf {
    path.with_extension("old.ndjson")
}

fn number_in(line: &[u8], key: &str) -> Option<u64> {
    serde_json::from_slice::<Value>(line).ok()?.get(key)?.as_u64()
}

/// Hands over whole lines with where each ends, until `each` says that it is enough.
fn each_line(
    file: &dyn DiskFile,
    end: u64,
    mut each: impl FnMut(&[u8], u64) -> bool,
) -> Result<(), DiskError> {
    let (mut pending, mut read, mut done) = (Vec::new(), 0, 0);
    while read < end {
        let start = pending.len();
        pending.resize(start + PIECE.min((end - read) as usize), 0);
        let found = file.read_at(&mut pending[start..], read)?;
        pending.truncate(start + found);
        if found == 0 {
            return Ok(());
        }
        read += found as u64;
        let mut used = 0;
        while let Some(line) = memchr::memchr(b'\n', &pending[used..]) {
            done += line as u64 + 1;
            if !each(&pending[used..used + line], done) {
                return Ok(());
            }
            used += line + 1;
        }
        pending.drain(..used);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::disk::RealDisk;

    fn entry(number: u64) -> Entry {
        Entry { number, fault: "late", more: Some(("by", 3)) }
    }

    fn numbers(path: &Path) -> Vec<u64> {
        read_all(&RealDisk, path, "index").unwrap().into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn what_stands_from_a_number_on_is_cut_with_a_torn_line_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults.ndjson");
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let mut ledger = Ledger::new(&disk, path.clone(), "index");
        assert_eq!(ledger.cut(0).unwrap(), None);
        ledger.note(&[entry(2), entry(5), entry(9)]).unwrap();
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"index\":11,");
        RealDisk.open(&path, Access::ReadWrite).unwrap().write_at(&text, 0).unwrap();
        let mut ledger = Ledger::new(&disk, path.clone(), "index");
        assert_eq!(ledger.cut(9).unwrap(), Some(5));
        ledger.note(&[entry(10)]).unwrap();
        assert_eq!(numbers(&path), [2, 5, 10]);
    }

    #[test]
    fn a_full_ledger_keeps_the_newer_half_and_finds_its_last_number_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults.ndjson");
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let mut ledger = Ledger::new(&disk, path.clone(), "index");
        ledger.note(&[entry(1)]).unwrap();
        let end = LEDGER_BYTES / 2;
        ledger.open.as_mut().unwrap().1 = end;
        ledger.note(&[entry(2)]).unwrap();
        assert_eq!(numbers(&path), [1, 2]);
        assert_eq!(Ledger::new(&disk, path.clone(), "index").cut(2).unwrap(), Some(1));
        assert_eq!(numbers(&path), [1]);
    }
}
