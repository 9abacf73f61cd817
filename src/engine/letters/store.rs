//! The files of dead letters as the flow writes them: in bounded space, each letter with a number of its own.

use super::letter::Letter;
use super::lines::Lines;
use super::shelf;
use crate::core::disk::{
    Access, Disk, DiskError, DiskFile, parent_of, remove_if_there, unfinished,
};
use crate::formats::log::without_torn_tail;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is appended before it is synced: the end of a file is only looked through for the holes of one write.
const APPEND_BYTES: usize = 512 * 1024;

/// One file of lines, and the one before it.
#[derive(Debug)]
pub struct DeadLetters {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    old_path: PathBuf,
    file: Option<Box<dyn DiskFile>>,
    /// The durable length; unknown until the file was opened.
    bytes: Option<u64>,
    bytes_max: u64,
    /// The number of the next letter.
    next: u64,
}

/// What becomes of a line when its file is written anew.
enum Fate {
    Stays,
    Goes,
    Becomes(Vec<u8>),
}

impl DeadLetters {
    /// Half of `bytes_max` is the current file, half the one before.
    pub fn new(disk: Arc<dyn Disk>, directory: &Path, bytes_max: u64) -> Self {
        let (path, old_path) = (shelf::path(directory), shelf::old_path(directory));
        Self { disk, path, old_path, file: None, bytes: None, bytes_max, next: 1 }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the newest letter, also of one that is gone.
    pub fn last(&self) -> u64 {
        self.next - 1
    }

    /// At the start: a letter that was kept after the last checkpoint, whose number is above `settled`, goes
    /// unless `stays` says that its batch will not come again. Letters of an older headwater get their numbers.
    pub fn settle(
        &mut self,
        settled: u64,
        stays: impl Fn(&Letter) -> bool,
    ) -> Result<(), DiskError> {
        self.disk.sync_dir(parent_of(&self.path))?;
        if self.disk.metadata(&self.path).is_ok() {
            self.open()?;
        }
        let mut last = 0;
        for path in [self.old_path.clone(), self.path.clone()] {
            let before = last;
            let (mut highest, mut is_to_change) = (last, false);
            let fate = |line: &[u8], last: &mut u64| {
                if let Some(next) = next_in(line) {
                    *last = (*last).max(next.saturating_sub(1));
                    return Fate::Goes;
                }
                let number = number_in(line);
                *last = number.unwrap_or(*last + 1).max(*last);
                if number.is_some_and(|number| number <= settled) {
                    return Fate::Stays;
                }
                let Ok(mut letter) = serde_json::from_slice::<Letter>(line) else {
                    return Fate::Goes;
                };
                letter.number = *last;
                match number {
                    Some(_) if stays(&letter) => Fate::Stays,
                    Some(_) => Fate::Goes,
                    // What has no number was there before checkpoints spoke of letters.
                    None => Fate::Becomes(line_of(&letter)),
                }
            };
            if let Some(mut lines) = Lines::open(self.disk.as_ref(), &path)? {
                while let Some(line) = lines.next()? {
                    let changes = !matches!(fate(line, &mut highest), Fate::Stays);
                    is_to_change |= changes && next_in(line).is_none();
                }
            }
            last = highest;
            self.next = (last.max(settled) + 1).max(self.next);
            if is_to_change {
                let mut counted = before;
                self.rewrite(&path, |line| fate(line, &mut counted))?;
            }
        }
        Ok(())
    }

    /// Keeps letters, durably, before the checkpoint moves past them, and gives them their numbers.
    pub fn keep(&mut self, letters: Vec<Letter>) -> Result<(), DiskError> {
        let (mut lines, mut next) = (Vec::new(), self.next);
        for mut letter in letters {
            letter.number = next;
            next += 1;
            lines.extend_from_slice(&line_of(&letter));
        }
        let (mut file, mut end) = self.open()?;
        if end > 0 && end + lines.len() as u64 > self.bytes_max / 2 {
            (file, end) = self.start_over()?;
        }
        // After a failure the file is not kept open: nobody knows what of it is on the disk.
        for piece in lines.chunks(APPEND_BYTES) {
            file.write_at(piece, end)?;
            file.sync()?;
            end += piece.len() as u64;
        }
        self.bytes = Some(end);
        self.file = Some(file);
        self.next = next;
        Ok(())
    }

    /// Takes letters away, durably.
    pub fn remove(&mut self, goes: impl Fn(u64) -> bool) -> Result<(), DiskError> {
        for path in [self.old_path.clone(), self.path.clone()] {
            let Some(mut lines) = Lines::open(self.disk.as_ref(), &path)? else { continue };
            let mut is_there = false;
            while let Some(line) = lines.next()? {
                is_there |= number_in(line).is_some_and(&goes);
            }
            if is_there {
                self.rewrite(&path, |line| match number_in(line) {
                    Some(number) if goes(number) => Fate::Goes,
                    None if next_in(line).is_some() => Fate::Goes,
                    _ => Fate::Stays,
                })?;
            }
        }
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
        self.disk.rename(&self.path, &self.old_path)?;
        self.bytes = None;
        self.open()
    }

    /// Writes a file anew in one step that is durable when this returns. The current one begins with the number
    /// of the next letter, so that none is given twice when the newest is gone.
    fn rewrite(
        &mut self,
        path: &Path,
        mut fate: impl FnMut(&[u8]) -> Fate,
    ) -> Result<(), DiskError> {
        let Some(mut lines) = Lines::open(self.disk.as_ref(), path)? else { return Ok(()) };
        let unfinished = unfinished(path);
        remove_if_there(self.disk.as_ref(), &unfinished)?;
        let mut file = self.disk.open(&unfinished, Access::ReadWrite)?;
        let (mut piece, mut end) = (Vec::new(), 0);
        if path == self.path {
            piece = format!("{{\"next\":{}}}\n", self.next).into_bytes();
        }
        loop {
            let line = lines.next()?;
            let is_last = line.is_none();
            match line.map(|line| (line, fate(line))) {
                Some((line, Fate::Stays)) => {
                    piece.extend_from_slice(line);
                    piece.push(b'\n');
                }
                Some((_, Fate::Becomes(line))) => piece.extend_from_slice(&line),
                Some((_, Fate::Goes)) | None => {}
            }
            if is_last || piece.len() >= APPEND_BYTES {
                file.write_at(&piece, end)?;
                end += piece.len() as u64;
                piece.clear();
            }
            if is_last {
                break;
            }
        }
        file.sync()?;
        drop(file);
        if path == self.path {
            (self.file, self.bytes) = (None, None);
        }
        self.disk.rename(&unfinished, path)?;
        self.disk.sync_dir(parent_of(path))
    }
}

fn line_of(letter: &Letter) -> Vec<u8> {
    let mut line = serde_json::to_vec(letter).unwrap_or_default();
    line.push(b'\n');
    line
}

/// The number at the beginning of a line, without looking at the rest of it.
fn number_in(line: &[u8]) -> Option<u64> {
    digits(line.strip_prefix(b"{\"number\":")?)
}

/// The number of the next letter, in the line that says nothing else.
fn next_in(line: &[u8]) -> Option<u64> {
    digits(line.strip_prefix(b"{\"next\":")?)
}

fn digits(text: &[u8]) -> Option<u64> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()
}
