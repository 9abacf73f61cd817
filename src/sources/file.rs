//! `file`: lines, NDJSON or CSV from a file, once or following it as it grows and is rotated.

use crate::clients::generations;
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::disk::{Access, Disk, DiskError, DiskFile, parent_of};
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::CsvShape;
use crate::core::source::{Read, Source};
use crate::core::text::hexadecimal;
use crate::core::wait::Wait;
use crate::formats::assembler::{Assembler, Format};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "file",
        summary: "Reads lines, NDJSON or CSV from a file, once or as it grows.",
        details: "\
The position is a byte of the file, kept with the file's identity. With `follow` the source waits at the \
end for more. A file that is renamed away is read to its end before the new one of that name, and so are \
those between (`log.1`, `log-20260101`); one that is cut and written anew is read from its start, after what \
is left to read of a copy that was made of it (`copytruncate`). Rows \
of a CSV that do not fit the header become dead letters, as does a line longer than 1 MiB. Only UTF-8 is \
read.",
        options: &[
            Opt::required("path", Shape::Path, "The file."),
            Opt::with_default(
                "format",
                Shape::Choice(Format::WORDS),
                "auto",
                "How it is written; auto goes by the ending.",
            ),
            Opt::with_default(
                "follow",
                Shape::Boolean,
                "false",
                "Whether to wait for more at the end.",
            ),
        ],
        main: Some("path"),
        example: "file: { path: input.csv }",
    },
    replay: Replay::Again,
    build,
};

/// How often the end of a followed file is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Bytes at the start of a file that, with its inode, say whether it is still the same one.
const PRINT_BYTES: usize = 64;

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let path = options.path("path");
    let format = Format::of(options.text("format"), &path);
    Ok(BuiltSource::Read(Box::new(File {
        disk: Arc::clone(&context.disk),
        service: context.service.clone(),
        partition: path.display().to_string().into(),
        path,
        format,
        is_followed: options.is_set("follow"),
        batch_bytes: context.batch_bytes(),
        at: At::default(),
        offset: 0,
        open: None,
    })))
}

struct File {
    disk: Arc<dyn Disk>,
    service: String,
    partition: Partition,
    path: PathBuf,
    format: Format,
    is_followed: bool,
    batch_bytes: usize,
    /// The place in the current file.
    at: At,
    /// Bytes over all files of this name: what the position counts, because it only grows.
    offset: u64,
    open: Option<Open>,
}

/// A place in a file, with what tells the file from another of the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct At {
    byte: u64,
    inode: u64,
    /// The first bytes, as far as they were read.
    print: String,
    /// The last bytes before the place, where they were a record's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delimiter: Option<u8>,
}

struct Open {
    file: Box<dyn DiskFile>,
    assembler: Assembler,
}

impl Source for File {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        if let Some(position) = from.position(&self.partition) {
            self.offset = position.offset;
            self.at = serde_json::from_str(&position.note).unwrap_or_default();
        }
        Ok(())
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        self.open()?;
        loop {
            if let Some(batch) = self.assemble(false)? {
                return Ok(Read::Batch(batch));
            }
            if self.fill()? > 0 {
                continue;
            }
            if !self.is_followed {
                let last = self.assemble(true)?;
                return Ok(last.map_or(Read::End, Read::Batch));
            }
            if let Some(read) = self.at_end(wait)? {
                return Ok(read);
            }
        }
    }
}

impl File {
    /// Opens the file at the remembered place, or the one that it was renamed to.
    fn open(&mut self) -> Result<(), Fault> {
        if self.open.is_some() {
            return Ok(());
        }
        let file = loop {
            let path = self.find()?;
            let before = self.disk.metadata(&path).map_err(|error| self.is_missing(error))?.inode;
            let file =
                self.disk.open(&path, Access::Read).map_err(|error| self.is_missing(error))?;
            let after = self.disk.metadata(&path).map(|metadata| metadata.inode);
            // A file that was renamed in between is another one than the inode says.
            if after.is_ok_and(|after| after == before)
                && (self.at.inode == 0 || self.at.inode == before)
            {
                self.at.inode = before;
                break file;
            }
        };
        let shape = self.at.delimiter.map(|delimiter| {
            let columns = self.at.columns.clone();
            Arc::new(CsvShape { delimiter, columns, header_bytes: 0, header_lines: 1 })
        });
        let assembler = if self.at.byte == 0 {
            Assembler::new(self.format)
        } else {
            Assembler::behind_header(self.format, shape)
        };
        let assembler = assembler.in_pieces_of(self.batch_bytes);
        self.open = Some(Open { file, assembler });
        Ok(())
    }

    fn is_missing(&self, error: DiskError) -> Fault {
        if error.is_missing() && !self.is_followed {
            Fault::retry(format!("{error}; it is waited for: create it, or correct `path`"))
        } else {
            Fault::from(error)
        }
    }

    /// Where the file of the checkpoint is now; forgets the place when it is gone. A disk that gives no answer
    /// says nothing about which file it is.
    fn find(&mut self) -> Result<PathBuf, Fault> {
        if self.at == At::default() || self.is_same(&self.path)? {
            return Ok(self.path.clone());
        }
        for path in self.disk.list(parent_of(&self.path))? {
            if self.is_same(&path)? {
                return Ok(path);
            }
        }
        if let Some((path, inode)) = self.copy() {
            self.at.inode = inode;
            return Ok(path);
        }
        tracing::warn!(
            service = %self.service,
            "{} is another file than the one read before; it is read from its start",
            self.path.display()
        );
        self.at = At::default();
        Ok(self.path.clone())
    }

    fn is_same(&self, path: &Path) -> Result<bool, Fault> {
        let metadata = match self.disk.metadata(path) {
            Err(error) if error.is_missing() => return Ok(false),
            metadata => metadata?,
        };
        if metadata.inode != self.at.inode || metadata.bytes < self.at.byte {
            return Ok(false);
        }
        let file = self.disk.open(path, Access::Read)?;
        Ok(print(file.as_ref(), self.at.byte)? == self.at.print)
    }

    fn fill(&mut self) -> Result<usize, Fault> {
        let Some(open) = &mut self.open else { return Ok(0) };
        let from = self.at.byte + open.assembler.pending();
        let file = &open.file;
        let read = open.assembler.fill(|room| file.read_at(room, from)).map_err(Fault::from);
        let checked = read.and_then(|read| Ok((read, read > 0 && self.is_cut()?)));
        match checked {
            Ok((read, false)) => Ok(read),
            Ok((_, true)) => {
                self.go_on_behind_cut();
                Ok(0)
            }
            Err(fault) => {
                self.close();
                Err(fault)
            }
        }
    }

    /// Looked at behind each read, and at the end: a file that was cut, and has grown beyond the place since, begins
    /// otherwise. What was read of it then belongs to another place.
    fn is_cut(&self) -> Result<bool, Fault> {
        let Some(open) = self.open.as_ref().filter(|_| self.is_followed) else { return Ok(false) };
        let is_shorter = open.file.bytes()? < self.at.byte + open.assembler.pending();
        Ok(is_shorter || !self.is_as_read(open.file.as_ref())?)
    }

    /// Has the file what was read of it, at its start and before the place?
    fn is_as_read(&self, file: &dyn DiskFile) -> Result<bool, Fault> {
        let mut tail = [0; PRINT_BYTES];
        let tail = tail.get_mut(..self.at.tail.len() / 2).unwrap_or_default();
        let found = file.read_at(tail, self.at.byte.saturating_sub(tail.len() as u64))?;
        let has_tail = tail.get(..found).map(hexadecimal).as_deref() == Some(self.at.tail.as_str());
        Ok(has_tail && print(file, self.at.byte)? == self.at.print)
    }

    /// What was not read yet stands in the copy that was made before the cut, if one was; then, or else, the file is
    /// read from its start.
    fn go_on_behind_cut(&mut self) {
        self.open = None;
        match self.copy() {
            Some((_, inode)) => self.at.inode = inode,
            None => self.at = At::default(),
        }
    }

    /// A file that was put aside and has what was read.
    fn copy(&self) -> Option<(PathBuf, u64)> {
        let is_known = self.is_followed && !self.at.tail.is_empty();
        let disk = self.disk.as_ref();
        let reaches = |path: PathBuf| {
            let metadata = disk.metadata(&path).ok().filter(|it| it.bytes >= self.at.byte)?;
            let file = disk.open(&path, Access::Read).ok()?;
            self.is_as_read(file.as_ref()).ok()?.then_some((path, metadata.inode))
        };
        generations::aside(disk, &self.path).filter(|_| is_known).find_map(reaches)
    }

    /// After a failure: the next try goes on at the remembered place, in the file opened anew, for the volume
    /// may have come back as another.
    fn close(&mut self) {
        self.open = None;
    }

    fn assemble(&mut self, is_end: bool) -> Result<Option<Box<Batch>>, Fault> {
        let Some(open) = &mut self.open else { return Ok(None) };
        let path = self.path.display();
        let wrong = |reason| Fault::stop(format!("{path}: {reason}"));
        let Some(piece) = open.assembler.next(is_end).map_err(wrong)? else { return Ok(None) };
        let byte = self.at.byte + piece.consumed;
        if self.at.print.len() < PRINT_BYTES * 2 {
            // Before the place moves: after a failure the records of this piece are read again.
            match print(open.file.as_ref(), byte) {
                Ok(print) => self.at.print = print,
                Err(fault) => {
                    self.close();
                    return Err(fault);
                }
            }
        }
        self.at.byte = byte;
        let read = piece.records.bytes.as_slice();
        let tail = read.last_chunk::<PRINT_BYTES>().map_or(read, |last| last.as_slice());
        self.at.tail = if self.is_followed { hexadecimal(tail) } else { String::new() };
        self.offset += piece.consumed;
        if let Some(shape) = open.assembler.shape() {
            self.at.delimiter = Some(shape.delimiter);
            self.at.columns.clone_from(&shape.columns);
        }
        let note = serde_json::to_string(&self.at).unwrap_or_default();
        let position = Position { offset: self.offset, note };
        let mut batch = Batch::new(&self.partition, position, piece.records);
        batch.rejected = piece.rejected;
        Ok(Some(Box::new(batch)))
    }

    /// Nothing more in the open file: looks whether another took its name, or it was cut; else waits.
    fn at_end(&mut self, wait: &Wait) -> Result<Option<Read>, Fault> {
        if self.open.is_none() {
            return Ok(Some(Read::Idle));
        }
        let named = self.disk.metadata(&self.path);
        if self.is_cut()? {
            self.go_on_behind_cut();
            return Ok(None);
        }
        let is_renamed = named.is_ok_and(|named| named.inode != self.at.inode);
        // While nothing is written to another file, its writer may still be with this one.
        let next = if is_renamed {
            generations::after(self.disk.as_ref(), &self.path, self.at.inode)
        } else {
            None
        };
        if next.is_some() && self.fill()? > 0 {
            // Written between the end that was met and the look at the name.
            return Ok(None);
        }
        if next.is_some() {
            // What stood behind the last line feed is a record too: nobody will finish it.
            let last = self.assemble(true)?;
            self.open = None;
            self.at = At { inode: next.unwrap_or(0), ..At::default() };
            return Ok(last.map(Read::Batch));
        }
        wait.sleep(LOOK);
        Ok(Some(Read::Idle))
    }
}

/// The first bytes of what was read, in hexadecimal.
fn print(file: &dyn DiskFile, read: u64) -> Result<String, Fault> {
    let mut start = [0; PRINT_BYTES];
    let wanted = PRINT_BYTES.min(usize::try_from(read).unwrap_or(PRINT_BYTES));
    let found = file.read_at(&mut start[..wanted], 0)?;
    Ok(hexadecimal(&start[..found]))
}
