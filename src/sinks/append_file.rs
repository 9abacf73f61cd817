//! `append_file`: whole lines at the end of a file, never torn, never doubled.

use crate::clients::parts::{Compression, Parts};
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::disk::{Access, Disk, DiskFile, DiskLock, Identity, parent_of, read_range};
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::kind::{About, Repeat, SinkKind};
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::Checkpoint;
use crate::core::record::{Encoding, Rejected};
use crate::core::sink::{Recovered, Sink};
use crate::core::time::settled_unix_ms;
use crate::formats::json_lines;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "append_file",
        summary: "Appends each record as a line to a file.",
        details: "\
Text lines are written as they are, everything else as NDJSON. A commit is one `fdatasync`; the committed \
length is kept together with the source's position, and at the start the file is cut back to it, so that no \
line is torn, lost or doubled. Others may read the file while it grows; only this flow may write it. When \
somebody renames it (as logrotate does) or removes it, a new one of that name is begun.

With `rotate_size` or `rotate_every` a full file becomes a part, `name.000001.ending`, compressed if wanted, \
and the file starts anew. `keep` bounds the parts.",
        options: &[
            Opt::required("path", Shape::Path, "The file; its directory is made if it is missing."),
            Opt::optional("rotate_size", Shape::Size, "Size at which a new file is begun."),
            Opt::optional("rotate_every", Shape::Duration, "Age at which a new file is begun."),
            Opt::with_default(
                "compress",
                Shape::Choice(&["none", "gzip", "zstd"]),
                "none",
                "How finished parts are compressed.",
            ),
            Opt::optional("keep", Shape::Keep, "How much of the finished parts is kept."),
        ],
        main: Some("path"),
        example: "append_file: { path: data/numbers.ndjson }",
    },
    repeat: Repeat::Never,
    writes: |options| options.text_if("path").map(str::to_owned),
    commit_bytes: COMMIT_BYTES,
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    let path = options.path("path");
    let compression = Compression::of(options.text("compress"));
    let keep = options.keep_if("keep");
    Ok(Box::new(AppendFile {
        disk: Arc::clone(&context.disk),
        parts: Parts::new(Arc::clone(&context.disk), &path, compression, keep),
        path,
        rotate_bytes: options.whole_if("rotate_size"),
        rotate_age: options.duration_if("rotate_every"),
        kept: Kept::default(),
        written: 0,
        file: None,
        inode: None,
        claim: None,
        aside: Aside::Committed,
    }))
}

struct AppendFile {
    disk: Arc<dyn Disk>,
    parts: Parts,
    path: PathBuf,
    rotate_bytes: Option<u64>,
    rotate_age: Option<Duration>,
    kept: Kept,
    /// Length with what is written and not committed yet.
    written: u64,
    file: Option<Box<dyn DiskFile>>,
    /// The file that `kept` speaks of. People rename and remove files while they are written.
    inode: Option<u64>,
    /// As long as it is held, no other flow writes the file, in this process or another.
    claim: Option<Box<dyn DiskLock>>,
    /// A part that is put aside; it is compressed once a checkpoint has said so.
    aside: Aside,
}

/// Where the file is that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Under its name, or nothing is open.
    Here,
    /// Renamed by somebody else.
    Elsewhere,
    /// Removed by somebody else.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aside {
    Nothing,
    NotCommitted,
    Committed,
}

/// What is saved beside the position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Committed bytes of the current file.
    length: u64,
    /// Parts finished so far; while one is being put aside, the file under its name is that part.
    parts: u64,
    /// When the current file got its first line.
    begun_ms: i64,
}

/// The same, as it stands in the checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Saved {
    #[serde(flatten)]
    kept: Kept,
    /// The file that this is said of; older checkpoints do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl Sink for AppendFile {
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        let mut findings = Vec::new();
        let saved = kept.sink.clone().and_then(|state| serde_json::from_value(state).ok());
        let known = self.of_this_file(saved, &mut findings);
        self.disk.create_dir_all(parent_of(&self.path))?;
        self.kept = known.unwrap_or_default();
        if known.is_some() {
            self.parts.undo_interrupted(self.kept.parts)?;
        }
        let found = self.open()?;
        self.inode = Some(self.file()?.identity()?.inode);
        match known {
            // A file that was there before this flow is kept, whole lines and all.
            None => self.adopt(found, &mut findings)?,
            Some(_) => self.cut_back(found, &mut findings)?,
        }
        self.written = self.kept.length;
        Ok(Recovered { findings, begins: known.is_none(), ..Recovered::default() })
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let records = &batch.records;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let (lines, rejected) = match records.encoding {
            Encoding::Text => (std::borrow::Cow::Borrowed(records.bytes.as_slice()), Vec::new()),
            _ => json_lines::of(records),
        };
        if self.aside == Aside::Committed {
            // This is the first write behind a saved checkpoint, or behind the start.
            self.parts.finish(self.kept.parts)?;
            self.aside = Aside::Nothing;
        }
        self.rotate_if_due()?;
        self.file()?;
        // What is not written yet goes into the file that has the name now.
        if self.written == self.kept.length && self.place()? != Place::Here {
            self.go_on_in_another()?;
        }
        let written = self.written;
        if self.kept.begun_ms == 0 {
            self.kept.begun_ms = settled_unix_ms();
        }
        self.file()?.write_at(&lines, written)?;
        self.written += lines.len() as u64;
        Ok(rejected)
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        if self.written > self.kept.length {
            let synced = self.file()?.sync();
            if let Err(error) = synced {
                // Nobody knows what of it is on disk, and a second sync would prove nothing.
                self.file = None;
                return Err(error.into());
            }
        }
        let place = if self.written > self.kept.length { self.place()? } else { Place::Here };
        if place == Place::Gone {
            self.go_on_in_another()?;
            return Err(Fault::retry(format!(
                "{} was removed while it was written; what was not committed yet is written again",
                self.path.display()
            )));
        }
        self.kept.length = self.written;
        if place == Place::Elsewhere {
            // It is whole and durable there, under its other name.
            self.go_on_in_another()?;
        }
        if self.aside == Aside::NotCommitted {
            self.aside = Aside::Committed;
        }
        let path = Some(self.path.display().to_string());
        Ok(serde_json::to_value(Saved { kept: self.kept, path }).ok())
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.written = self.kept.length;
        self.file = None;
        self.file().map(drop)
    }
}

impl AppendFile {
    /// What was saved, unless it is said of another file: the stack file may name a new one since, and what stands
    /// in that is nobody's to cut.
    fn of_this_file(&self, saved: Option<Saved>, findings: &mut Vec<Finding>) -> Option<Kept> {
        let Saved { kept, path } = saved?;
        let Some(before) = path.filter(|path| *path != self.path.display().to_string()) else {
            return Some(kept);
        };
        let before = PathBuf::from(before);
        let found = self.disk.metadata(&before).map_or(0, |metadata| metadata.bytes);
        if found > kept.length {
            let what = format!("{} bytes stand behind the last commit", found - kept.length);
            let done =
                format!("they stay, and what is in them comes to {} too", self.path.display());
            let finding = Finding::notice(&before, what).done(done);
            findings.push(
                finding.remedy(format!(
                    "cut it to {} bytes, unless another flow writes it",
                    kept.length
                )),
            );
        }
        None
    }

    /// The directory is synced each time: one that failed to be is not known to hold the file's name.
    fn open(&mut self) -> Result<u64, Fault> {
        // A part that was put aside is safe under its new name before its old name is given away.
        self.disk.sync_dir(parent_of(&self.path))?;
        let file = self.disk.open(&self.path, Access::ReadWrite)?;
        self.disk.sync_dir(parent_of(&self.path))?;
        // Let go of first: it may be of a file that has another name by now.
        self.claim = None;
        self.claim = Some(self.disk.claim(&self.path)?);
        let found = file.bytes()?;
        self.file = Some(file);
        Ok(found)
    }

    fn file(&mut self) -> Result<&mut Box<dyn DiskFile>, Fault> {
        if self.file.is_none() {
            let reopened = self.reopen();
            if reopened.is_err() {
                self.file = None;
            }
            reopened?;
        }
        self.file.as_mut().ok_or_else(|| Fault::retry("the file is not open"))
    }

    fn place(&mut self) -> Result<Place, Fault> {
        let Some(file) = &self.file else { return Ok(Place::Here) };
        let Identity { inode, names } = file.identity()?;
        match self.disk.metadata(&self.path) {
            Ok(there) if there.inode == inode => Ok(Place::Here),
            Err(error) if !error.is_missing() => Err(error.into()),
            _ if names == 0 => Ok(Place::Gone),
            _ => Ok(Place::Elsewhere),
        }
    }

    /// The old file is let go of only when the new one is open: else that could get the old one's inode.
    fn go_on_in_another(&mut self) -> Result<(), Fault> {
        tracing::warn!(
            "{} was renamed or removed by someone else; writing goes on in a new file of that name",
            self.path.display()
        );
        self.reopen().inspect_err(|_| self.file = None)
    }

    /// Opens the file in the state of the last commit, whatever a fault has left: lines that are not
    /// committed, or a part that was put aside and not counted. Writing on without looking would leave a
    /// hole of zeros where the committed lines were.
    fn reopen(&mut self) -> Result<(), Fault> {
        self.parts.undo_interrupted(self.kept.parts)?;
        self.disk.create_dir_all(parent_of(&self.path))?;
        let found = self.open()?;
        let mut findings = Vec::new();
        let inode = self.file()?.identity()?.inode;
        if self.inode.is_some_and(|before| before != inode) {
            // Another file has the name now, and nothing of it is ours to cut.
            self.kept = Kept { length: found, begun_ms: 0, ..self.kept };
            self.end_last_line()?;
        } else {
            self.cut_back(found, &mut findings)?;
        }
        self.inode = Some(inode);
        self.written = self.kept.length;
        for finding in findings {
            tracing::warn!("{finding}");
        }
        Ok(())
    }

    /// The first start: goes on behind what is there; a half line at its end gets its line feed.
    fn adopt(&mut self, found: u64, findings: &mut Vec<Finding>) -> Result<(), Fault> {
        self.kept = Kept { length: found, parts: self.parts.highest()?, begun_ms: 0 };
        if found == 0 {
            return Ok(());
        }
        if self.end_last_line()? {
            let what = "it did not end with a line feed".to_owned();
            findings.push(Finding::notice(&self.path, what).done("one was added"));
        }
        Ok(())
    }

    /// Gives half a line at the end its line feed, so that the next one stands alone.
    fn end_last_line(&mut self) -> Result<bool, Fault> {
        let end = self.kept.length;
        let file = self.file()?;
        if end == 0 || read_range(file.as_ref(), end - 1, 1)? == b"\n" {
            return Ok(false);
        }
        file.write_at(b"\n", end)?;
        file.sync()?;
        self.kept.length += 1;
        Ok(true)
    }

    /// Puts the file into the state that the checkpoint speaks of.
    fn cut_back(&mut self, found: u64, findings: &mut Vec<Finding>) -> Result<(), Fault> {
        let committed = self.kept.length;
        if found > committed {
            let what = format!("{} bytes stand behind the last commit", found - committed);
            let done = "they were cut off: they are not acknowledged and come again";
            self.file()?.truncate(committed)?;
            self.file()?.sync()?;
            findings.push(Finding::notice(&self.path, what).done(done));
        } else if found < committed {
            let what =
                format!("it was shortened from {committed} to {found} bytes by someone else");
            let finding = Finding::damage(&self.path, what).done("writing goes on at its end");
            findings.push(finding.remedy("restore what is missing from a backup"));
            self.kept.length = found;
            self.end_last_line()?;
        }
        Ok(())
    }

    /// Puts a full or old file aside. Only between commits: a part never ends in the middle of one.
    fn rotate_if_due(&mut self) -> Result<(), Fault> {
        let is_full = self.rotate_bytes.is_some_and(|limit| self.written >= limit);
        let now = settled_unix_ms();
        if self.kept.begun_ms > now {
            // By a clock that was ahead then: without this its file would grow until that time comes.
            self.kept.begun_ms = now;
        }
        let age = (now - self.kept.begun_ms).unsigned_abs().into();
        let is_old = self.rotate_age.is_some_and(|limit| limit.as_millis() <= age);
        let is_between = self.written == self.kept.length;
        if self.written == 0 || self.kept.begun_ms == 0 || !is_between || !(is_full || is_old) {
            return Ok(());
        }
        self.file = None;
        self.parts.put_aside(self.kept.parts + 1)?;
        self.kept = Kept { length: 0, parts: self.kept.parts + 1, begun_ms: 0 };
        self.written = 0;
        self.aside = Aside::NotCommitted;
        Ok(())
    }
}
