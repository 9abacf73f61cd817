//! Records what a flow delivers, beside its sink: each record with the time at which it was read. The recording
//! is committed with the same group and kept in the same checkpoint, so that it has neither holes nor doubles.

use crate::clients::parts::{Compression, Parts};
use crate::core::batch::Batch;
use crate::core::disk::{Access, Disk, DiskFile, DiskLock, parent_of, read_range};
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::lease::Share;
use crate::core::limits::LINE_BYTES;
use crate::core::options::Keep;
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};
use crate::core::time::{rfc3339, unix_ms};
use crate::formats::recording_rows::{Columns, mark_of_row};
use crate::formats::{json_lines, recording};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a recording goes, and how much of it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    pub path: PathBuf,
    pub keep: Option<Keep>,
    /// Size at which a new file is begun.
    pub rotate_bytes: u64,
}

/// What is saved beside the position: the recording's own end, and what the sink wants to keep.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Saved {
    recording: Kept,
    /// The file that this is said of; older checkpoints do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sink: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Committed bytes of the current file.
    length: u64,
    /// Parts finished so far.
    parts: u64,
}

/// A sink with a recording of what it gets, or one that may have had a recording before.
pub struct Recorder {
    sink: Box<dyn Sink>,
    tape: Option<Tape>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let records = self.tape.is_some();
        formatter.debug_struct("Recorder").field("records", &records).finish_non_exhaustive()
    }
}

impl Recorder {
    pub fn new(sink: Box<dyn Sink>, recording: Option<&Recording>, disk: &Arc<dyn Disk>) -> Self {
        Self { sink, tape: recording.map(|recording| Tape::new(recording, disk)) }
    }
}

impl Sink for Recorder {
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        let saved = kept.sink.as_ref().and_then(|state| {
            state.get("recording")?;
            serde_json::from_value::<Saved>(state.clone()).ok()
        });
        let of_sink = match &saved {
            Some(saved) => saved.sink.clone(),
            None => kept.sink.clone(),
        };
        let inner = Checkpoint { sink: of_sink, ..kept.clone() };
        let mut recovered = self.sink.recover(&inner)?;
        if let Some(tape) = &mut self.tape {
            // The stack file may name another file since.
            let is_of = |saved: &Saved| saved.path.as_ref().is_none_or(|path| *path == tape.name());
            let known = saved.filter(is_of).map(|saved| saved.recording);
            let there = positions(kept, &recovered.ahead);
            recovered.begins |= known.is_none();
            tape.recover(known, &there, &mut recovered.findings)?;
        }
        Ok(recovered)
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let rejected = self.sink.write(batch)?;
        if let Some(tape) = &mut self.tape {
            tape.write(batch, &rejected)?;
        }
        Ok(rejected)
    }

    /// The recording first: if the sink turns out to be ahead of the checkpoint after a crash, so is the recording.
    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        let Some(tape) = &mut self.tape else { return self.sink.commit() };
        tape.sync()?;
        let sink = self.sink.commit()?;
        let saved = Saved { recording: tape.committed(), path: Some(tape.name()), sink };
        Ok(serde_json::to_value(saved).ok())
    }

    fn refused(&mut self) -> Vec<String> {
        self.sink.refused()
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        // Both, whatever becomes of one: what the other still holds would be written a second time.
        let tape = self.tape.as_mut().map_or(Ok(()), Tape::rollback);
        self.sink.rollback().and(tape)
    }

    /// A recording has one writer.
    fn shares(&self) -> bool {
        self.tape.is_none() && self.sink.shares()
    }

    fn share(&self) -> Option<Arc<dyn Share>> {
        self.sink.share()
    }

    fn source_failed(&mut self, reason: &str) {
        self.sink.source_failed(reason);
    }
}

/// Up to where the records of each partition are stored: what the checkpoint says, or the sink knows better.
fn positions(kept: &Checkpoint, ahead: &[(Partition, Position)]) -> BTreeMap<Partition, u64> {
    let known = kept.positions.iter().chain(ahead.iter().map(|(partition, at)| (partition, at)));
    known.map(|(partition, position)| (Arc::clone(partition), position.offset)).collect()
}

/// The file of a recording.
struct Tape {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    parts: Parts,
    rotate_bytes: u64,
    kept: Kept,
    /// Length with what is not committed yet.
    written: u64,
    file: Option<Box<dyn DiskFile>>,
    /// As long as it is held, nobody else records into the file.
    claim: Option<Box<dyn DiskLock>>,
    /// A part was put aside; it is looked after once a checkpoint knows of it.
    has_new_part: bool,
    is_csv: bool,
    /// The header of the current file, once it is known.
    columns: Option<Arc<Columns>>,
}

/// A header is no longer than this.
const HEADER_BYTES: usize = 2 * LINE_BYTES;

impl Tape {
    fn new(recording: &Recording, disk: &Arc<dyn Disk>) -> Self {
        let path = recording.path.clone();
        let parts = Parts::new(Arc::clone(disk), &path, Compression::Zstd, recording.keep);
        let is_csv = path.extension().is_some_and(|ending| ending == "csv");
        Self {
            disk: Arc::clone(disk),
            path,
            is_csv,
            claim: None,
            columns: None,
            parts,
            rotate_bytes: recording.rotate_bytes,
            kept: Kept::default(),
            written: 0,
            file: None,
            has_new_part: true,
        }
    }

    /// Puts the recording into the state of the checkpoint, or of the sink where that is ahead of it: what stands
    /// behind the committed length belongs as far as `there` reaches.
    fn recover(
        &mut self,
        known: Option<Kept>,
        there: &BTreeMap<Partition, u64>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Fault> {
        self.disk.create_dir_all(parent_of(&self.path))?;
        // A recording of an earlier life of the flow goes on, and so does one of another flow.
        let belongs = |mark: &recording::Mark| {
            known.is_none() || there.get(mark.0.as_str()).is_some_and(|offset| mark.1 <= *offset)
        };
        let (highest, mut found) = (self.parts.highest()?, self.open()?);
        let begun = self.whole_lines(0, found, belongs)?;
        self.kept = match known {
            None if begun == 0 && found > 0 => {
                let why = "holds something else, which would be cut off";
                return Err(Fault::stop(format!(
                    "{} is no recording: it {why}; name another file, or move it away",
                    self.path.display()
                )));
            }
            None => Kept { length: begun, parts: highest },
            // The group that the sink holds already is in a file that was begun with it.
            Some(kept) if highest > kept.parts && begun > 0 => {
                Kept { length: begun, parts: highest }
            }
            Some(kept) => {
                if highest > kept.parts {
                    self.file = None;
                    self.parts.undo_interrupted(kept.parts)?;
                    found = self.open()?;
                }
                let length = if kept.length > found {
                    let what =
                        format!("it was cut from {} to {found} bytes by someone else", kept.length);
                    let finding = Finding::damage(&self.path, what);
                    findings.push(finding.done("recording goes on at the end of its last line"));
                    self.whole_lines(0, found, |_| true)?
                } else {
                    self.whole_lines(kept.length, found, belongs)?
                };
                Kept { length, ..kept }
            }
        };
        self.cut()
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Where the last line ends, from `from` on, that belongs: of each batch its last line says where it ends.
    fn whole_lines(
        &self,
        from: u64,
        found: u64,
        belongs: impl Fn(&recording::Mark) -> bool,
    ) -> Result<u64, Fault> {
        let Some(file) = &self.file else { return Ok(from) };
        let (mut end, mut at, mut pending) = (from, from, Vec::new());
        while at < found {
            let piece = read_range(file.as_ref(), at, 1 << 16)?;
            if piece.is_empty() {
                break;
            }
            at += piece.len() as u64;
            pending.extend_from_slice(&piece);
            let mut used = 0;
            while let Some(line) = memchr::memchr(b'\n', pending.get(used..).unwrap_or_default()) {
                let text = pending.get(used..used + line).unwrap_or_default();
                used += line + 1;
                if self.mark_of(text).is_some_and(|mark| belongs(&mark)) {
                    end = at - (pending.len() - used) as u64;
                }
            }
            pending.drain(..used);
        }
        Ok(end)
    }

    fn mark_of(&self, line: &[u8]) -> Option<recording::Mark> {
        if self.is_csv { mark_of_row(line) } else { recording::mark_of(line) }
    }

    /// The header of the current file; a new one gets that of its first record.
    fn columns(&mut self, first: &[u8], out: &mut Vec<u8>) -> Result<Arc<Columns>, Fault> {
        if let Some(known) = &self.columns {
            return Ok(Arc::clone(known));
        }
        let columns = if self.written == 0 {
            let columns = Columns::of(first);
            columns.write_header(out);
            columns
        } else {
            let begin = read_range(self.file()?.as_ref(), 0, HEADER_BYTES)?;
            let header = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
            Columns::read(header).map_err(|what| {
                Fault::stop(format!("{} is no recording: {what}", self.path.display()))
            })?
        };
        Ok(Arc::clone(self.columns.insert(Arc::new(columns))))
    }

    fn write(&mut self, batch: &Batch, rejected: &[Rejected]) -> Result<(), Fault> {
        if self.written == self.kept.length {
            self.between_commits()?;
        }
        let time =
            rfc3339(unix_ms() - i64::try_from(batch.read_at.elapsed().as_millis()).unwrap_or(0));
        let (lines, _) = json_lines::of(&batch.records);
        let mut refused: Vec<&[u8]> = rejected.iter().map(|it| it.record.as_slice()).collect();
        let records = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let mut delivered = records
            .filter(|record| match refused.iter().position(|it| it == record) {
                Some(at) => {
                    refused.swap_remove(at);
                    false
                }
                None => true,
            })
            .peekable();
        let mut out = Vec::with_capacity(lines.len() * 3 / 2);
        let columns = match delivered.peek() {
            Some(first) if self.is_csv => Some(self.columns(first, &mut out)?),
            _ => None,
        };
        while let Some(record) = delivered.next() {
            let is_last = delivered.peek().is_none();
            let mark = is_last.then_some((&*batch.partition, batch.position.offset));
            match &columns {
                Some(columns) => columns.write_row(&time, record, mark, &mut out),
                None => recording::write_line(&time, record, mark, &mut out),
            }
        }
        self.file()?;
        let written = self.written;
        self.file()?.write_at(&out, written)?;
        self.written += out.len() as u64;
        Ok(())
    }

    /// A full file is put aside; what an earlier checkpoint knows to be put aside is packed, and pruned.
    fn between_commits(&mut self) -> Result<(), Fault> {
        if std::mem::take(&mut self.has_new_part) {
            self.parts.finish(self.kept.parts)?;
        }
        if self.written < self.rotate_bytes {
            return Ok(());
        }
        (self.file, self.columns) = (None, None);
        self.parts.put_aside(self.kept.parts + 1)?;
        self.kept = Kept { length: 0, parts: self.kept.parts + 1 };
        self.written = 0;
        self.has_new_part = true;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Fault> {
        if self.written > self.kept.length
            && let Err(error) = self.file()?.sync()
        {
            self.file = None;
            return Err(error.into());
        }
        Ok(())
    }

    /// The sink has committed too.
    fn committed(&mut self) -> Kept {
        self.kept.length = self.written;
        self.kept
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.written = self.kept.length;
        self.file = None;
        self.file().map(drop)
    }

    /// Cuts off what is not committed.
    fn cut(&mut self) -> Result<(), Fault> {
        let length = self.kept.length;
        self.written = length;
        let Some(file) = &mut self.file else { return Ok(()) };
        if file.bytes()? > length {
            file.truncate(length)?;
            file.sync()?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<u64, Fault> {
        self.disk.sync_dir(parent_of(&self.path))?;
        let file = self.disk.open(&self.path, Access::ReadWrite)?;
        self.disk.sync_dir(parent_of(&self.path))?;
        // Let go of first: it may be of a file that has another name by now.
        self.claim = None;
        self.claim = Some(self.disk.claim(&self.path)?);
        let found = file.bytes()?;
        self.file = Some(file);
        self.columns = None;
        Ok(found)
    }

    fn file(&mut self) -> Result<&mut Box<dyn DiskFile>, Fault> {
        if self.file.is_none() {
            // Whatever a fault has left behind the last commit goes first, also when the rollback met one too.
            let opened = self.open().and_then(|_| self.cut());
            if opened.is_err() {
                self.file = None;
            }
            opened?;
        }
        self.file.as_mut().ok_or_else(|| Fault::retry("the recording is not open"))
    }
}
