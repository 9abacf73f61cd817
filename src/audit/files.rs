//! Files of lines or rows: one that grows, with the parts that were put aside before it, packed or not.

use super::target::{Block, Defect, Target};
use crate::clients::pieces;
use crate::core::disk::{Access, Disk, DiskFile};
use crate::core::fault::Fault;
use crate::formats::assembler::{Assembler, Format};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One file after the other.
pub(super) struct Files {
    disk: Arc<dyn Disk>,
    /// What is to be read, the next one last.
    waiting: Vec<Waiting>,
    is_exact: bool,
    open: Option<Open>,
    defects: Vec<Defect>,
}

struct Waiting {
    path: PathBuf,
    /// Already open, because its name may be given to another file.
    file: Option<(Box<dyn DiskFile>, u64)>,
}

struct Open {
    piece: Arc<str>,
    input: Box<dyn Read + Send>,
    assembler: Assembler,
    has_ended: bool,
    ends_with_line: bool,
}

impl Files {
    /// A file, and its parts where it was written in turns. What is written while it is read is left out.
    pub(super) fn with_parts(disk: &Arc<dyn Disk>, path: &Path) -> Result<Self, Fault> {
        let mut waiting = Vec::new();
        let mut inode = None;
        match disk.open(path, Access::Read) {
            Ok(file) => {
                inode = Some(disk.metadata(path)?.inode);
                let bytes = file.bytes()?;
                waiting.push(Waiting { path: path.to_path_buf(), file: Some((file, bytes)) });
            }
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(Fault::stop(error.to_string())),
        }
        let mut parts = pieces::parts_of(disk.as_ref(), path).unwrap_or_default();
        // One that was put aside since it was opened.
        parts.retain(|(_, other)| !disk.metadata(other).is_ok_and(|it| Some(it.inode) == inode));
        waiting.extend(parts.into_iter().rev().map(|(_, path)| Waiting { path, file: None }));
        if waiting.is_empty() {
            let path = path.display();
            return Err(Fault::stop(format!("there is no file {path}, and no part of one")));
        }
        Ok(Self::of(disk, waiting))
    }

    /// These files, in this order.
    pub(super) fn these(disk: &Arc<dyn Disk>, paths: Vec<PathBuf>) -> Self {
        let waiting = paths.into_iter().rev().map(|path| Waiting { path, file: None });
        Self::of(disk, waiting.collect())
    }

    fn of(disk: &Arc<dyn Disk>, waiting: Vec<Waiting>) -> Self {
        let is_exact = waiting.iter().all(|it| format_of(&it.path) == Format::Ndjson);
        Self { disk: Arc::clone(disk), waiting, is_exact, open: None, defects: Vec::new() }
    }

    fn open_next(&mut self) -> Result<bool, Fault> {
        let Some(Waiting { path, file }) = self.waiting.pop() else { return Ok(false) };
        let wrong = |error: &dyn std::fmt::Display| {
            Fault::stop(format!("{} cannot be read: {error}", path.display()))
        };
        let opened = match file {
            Some(open) => open,
            None => pieces::open(self.disk.as_ref(), &path).map_err(|error| wrong(&error))?,
        };
        let input = pieces::unpacked(&path, opened, 0)?;
        let Some(input) = input else { return Ok(true) };
        self.open = Some(Open {
            piece: path.display().to_string().into(),
            input,
            assembler: Assembler::new(format_of(&path)),
            has_ended: false,
            ends_with_line: true,
        });
        Ok(true)
    }
}

impl Target for Files {
    fn next(&mut self) -> Result<Option<Block>, Fault> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            match open.next() {
                Ok(Some(block)) => return Ok(Some(block)),
                Ok(None) => {}
                // What can be read of it counts; the rest is missing.
                Err(what) => {
                    let place = open.piece.to_string();
                    self.defects.push(Defect { place, what, dataset: None, on_purpose: false });
                }
            }
            self.open = None;
        }
    }

    fn is_exact(&self) -> bool {
        self.is_exact
    }

    fn defects(&mut self) -> Vec<Defect> {
        std::mem::take(&mut self.defects)
    }
}

impl Open {
    /// The next block; a half line at the end of a file is not written to its end and no record yet.
    fn next(&mut self) -> Result<Option<Block>, String> {
        loop {
            // A row of CSV at the end needs no line feed.
            let is_last = self.has_ended && self.ends_with_line;
            if let Some(piece) = self.assembler.next(is_last)? {
                let (records, rejected) = (piece.records, piece.rejected);
                return Ok(Some(Block {
                    piece: Arc::clone(&self.piece),
                    records,
                    rejected,
                    skipped: 0,
                }));
            }
            if self.has_ended {
                return Ok(None);
            }
            let (input, mut last) = (&mut self.input, None);
            let read = self.assembler.fill(|room| {
                let read = input.read(room)?;
                last = read.checked_sub(1).and_then(|at| room.get(at).copied());
                Ok::<_, std::io::Error>(read)
            });
            match read.map_err(|error| error.to_string())? {
                0 => self.has_ended = true,
                _ => self.ends_with_line = last == Some(b'\n'),
            }
        }
    }
}

/// What a name says about its content, packed or not; what is no CSV is taken for lines of JSON.
fn format_of(path: &Path) -> Format {
    let is_packed = path.extension().is_some_and(|ending| ending == "gz" || ending == "zst");
    let plain = if is_packed { path.with_extension("") } else { path.to_path_buf() };
    match Format::of("auto", &plain) {
        Format::Csv => Format::Csv,
        Format::Lines | Format::Ndjson => Format::Ndjson,
    }
}
