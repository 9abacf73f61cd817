//! `dataset`: each batch becomes a data file and the metadata file that commits it.

use crate::clients::ledger::{Entry, Ledger};
use crate::clients::retention;
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::disk::{Access, Disk, DiskLock, remove_if_there, unfinished, write_atomically};
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::kind::{About, Repeat, SinkKind};
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::{Keep, Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Rejected};
use crate::core::sink::{Recovered, Sink};
use crate::core::text::hexadecimal;
use crate::core::time::rfc3339_now;
use crate::formats::half_written::{Half, HalfWritten};
use crate::formats::{json_lines, table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "dataset",
        summary: "Writes each batch as `data_N.csv` with a `metadata_N.json` that commits it.",
        details: "\
Each file is written under another name, synced, renamed, and its directory synced; the metadata comes last, \
with the number of rows, the columns, the checksum and the position in the source. A reader that waits for the \
metadata never sees half a dataset. Numbers go on after a restart and are never used twice. What a `generate` \
source makes at a time (`count`) is one dataset. With `faults` some numbers are given to half-written datasets, \
which a reader has to pass over; what stands in them comes whole under the next number, and each is noted in \
`half-written.ndjson` in the service's directory.",
        options: &[
            Opt::required("path", Shape::Path, "The directory; it is made if it is missing."),
            Opt::with_default(
                "format",
                Shape::Choice(&["csv", "ndjson"]),
                "csv",
                "How the rows are written.",
            ),
            Opt::optional(
                "keep",
                Shape::Keep,
                "How many datasets are kept, or how old or large they get.",
            ),
            Opt::optional(
                "faults",
                Shape::Shares(HalfWritten::NAMES),
                "Shares of the numbers that are half-written on purpose.",
            ),
        ],
        main: Some("path"),
        example: "dataset: { path: shared-data, keep: 1000 }",
    },
    repeat: Repeat::Never,
    writes: |options| options.text_if("path").map(str::to_owned),
    commit_bytes: COMMIT_BYTES,
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    Ok(Box::new(DatasetSink {
        disk: Arc::clone(&context.disk),
        directory: options.path("path"),
        flow: format!("{}/{}", context.stack, context.service),
        claim: None,
        ending: if options.text("format") == "csv" { "csv" } else { "ndjson" },
        keep: options.keep_if("keep"),
        faults: options.shares_if("faults").map(|shares| {
            let path = context.data.join("half-written.ndjson");
            let half_written = HalfWritten::of(shares, context.seed.seed, &context.service);
            (half_written, Ledger::new(&context.disk, path, "dataset"))
        }),
        number: 0,
        pending: Vec::new(),
        published: Vec::new(),
    }))
}

struct DatasetSink {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    /// What tells its datasets from those of others.
    flow: String,
    /// As long as it is held, no other flow gives out numbers in the directory.
    claim: Option<Box<dyn DiskLock>>,
    ending: &'static str,
    keep: Option<Keep>,
    /// Which numbers are half-written on purpose, and where that is noted.
    faults: Option<(HalfWritten, Ledger)>,
    /// The highest number in use.
    number: u64,
    /// What the next commit publishes.
    pending: Vec<(table::Table, Place)>,
    /// The batches that a commit published before it failed, so that a repeated one is known again.
    published: Vec<Place>,
}

/// Where in the source a batch ends.
type Place = (Partition, Position);

/// The part of a metadata file that this sink reads again.
#[derive(Debug, Serialize, Deserialize)]
struct Commit {
    partition: String,
    /// Whose position it is: others call their partitions the same. Older datasets do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flow: Option<String>,
    #[serde(flatten)]
    position: Position,
}

impl Sink for DatasetSink {
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        self.disk.create_dir_all(&self.directory)?;
        self.claim = None;
        self.claim = Some(self.disk.claim(&self.directory)?);
        // What is seen here counts as published, so it must not vanish.
        self.disk.sync_dir(&self.directory)?;
        // The stack file may name another directory since; what is there belongs to others then.
        let here = self.directory.display().to_string();
        let is_here = |state: &&Value| state.get("path").is_none_or(|path| *path == *here);
        let known = kept.sink.as_ref().filter(is_here);
        let remembered = known.and_then(|state| state.get("number")?.as_u64());
        let mut findings = Vec::new();
        let (mut committed, mut highest_data) = (Vec::new(), 0);
        for path in self.disk.list(&self.directory)? {
            if path.extension().is_some_and(|ending| ending == "tmp") {
                remove_if_there(self.disk.as_ref(), &path)?;
                let finding = Finding::notice(&path, "it was never finished".to_owned());
                findings.push(finding.done("it was removed"));
            }
            committed.extend(number_of(&path, "metadata_"));
            highest_data = highest_data.max(number_of(&path, "data_").unwrap_or(0));
        }
        // At the very first start what is there belongs to others, also data without metadata.
        let highest = committed.iter().copied().max().unwrap_or(0);
        self.number = remembered.unwrap_or(highest_data).max(highest);
        if let Some((_, ledger)) = &mut self.faults {
            ledger.cut(self.number + 1)?;
        }
        committed.retain(|number| *number > remembered.unwrap_or(0));
        let ahead = self.ahead(&committed, kept)?;
        Ok(Recovered { ahead, findings, begins: remembered.is_none() })
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        if batch.records.is_empty() {
            return Ok(Vec::new());
        }
        let here = (Arc::clone(&batch.partition), batch.position.clone());
        let (lines, mut rejected) = json_lines::of(&batch.records);
        let table = match (self.ending, &batch.records.encoding) {
            ("csv", Encoding::Json | Encoding::Text | Encoding::Csv(_)) => table::csv(&lines),
            _ => table::ndjson(&lines),
        };
        rejected.extend(table.rejected.iter().cloned());
        if table.rows > 0 && !self.published.contains(&here) {
            self.pending.push((table, here));
        }
        Ok(rejected)
    }

    fn commit(&mut self) -> Result<Option<Value>, Fault> {
        for (table, here) in std::mem::take(&mut self.pending) {
            self.publish(&table, &here)?;
            self.published.push(here);
        }
        self.prune()?;
        self.published.clear();
        Ok(Some(json!({ "number": self.number, "path": self.directory.display().to_string() })))
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.pending.clear();
        Ok(())
    }
}

impl DatasetSink {
    /// Up to where each partition stands in these datasets, where that is further than the checkpoint says.
    fn ahead(&self, numbers: &[u64], kept: &Checkpoint) -> Result<Vec<Place>, Fault> {
        let mut ahead: BTreeMap<Partition, Position> = BTreeMap::new();
        for number in numbers {
            let Some(commit) = self.commit_of(*number)? else { continue };
            if commit.flow.is_some_and(|flow| flow != self.flow) {
                continue;
            }
            let partition: Partition = commit.partition.as_str().into();
            let known = ahead.get(&partition).or_else(|| kept.position(&partition));
            if known.is_none_or(|known| known.offset < commit.position.offset) {
                ahead.insert(partition, commit.position);
            }
        }
        Ok(ahead.into_iter().collect())
    }

    /// Data first, metadata last: the metadata is the commit. A publication that failed halfway was told to
    /// nobody: its number is taken again and its files are written over.
    fn publish(&mut self, table: &table::Table, here: &(Partition, Position)) -> Result<(), Fault> {
        self.spoil(table)?;
        let number = self.number + 1;
        let file = format!("data_{number}.{}", self.ending);
        write_atomically(self.disk.as_ref(), &self.directory.join(&file), &table.bytes)?;
        let metadata = json!({
            "version": 1,
            "dataset": format!("data_{number}"),
            "file": file,
            "rows": table.rows,
            "columns": table.columns,
            "bytes": table.bytes.len(),
            "sha256": hexadecimal(&Sha256::digest(&table.bytes)),
            "created": rfc3339_now(),
            "source": Commit {
                partition: here.0.to_string(),
                flow: Some(self.flow.clone()),
                position: here.1.clone(),
            },
        });
        let mut text = serde_json::to_vec_pretty(&metadata).unwrap_or_default();
        text.push(b'\n');
        write_atomically(self.disk.as_ref(), &self.metadata_path(number), &text)?;
        self.number = number;
        Ok(())
    }

    /// Gives the next numbers to half-written datasets where that is wanted. Their metadata names no place in the
    /// source, so that they are never taken for a commit.
    fn spoil(&mut self, table: &table::Table) -> Result<(), Fault> {
        let number = self.number + 1;
        let half = self.faults.as_ref().and_then(|(faults, _)| faults.at(number));
        let (Some(half), Some((_, ledger))) = (half, &mut self.faults) else { return Ok(()) };
        ledger.note(&[Entry { number, fault: half.name(), more: None }])?;
        let file = format!("data_{number}.{}", self.ending);
        let cut = if half == Half::Torn { table.bytes.len() / 2 } else { table.bytes.len() };
        let data = table.bytes.get(..cut).unwrap_or_default();
        write_atomically(self.disk.as_ref(), &self.directory.join(&file), data)?;
        if half != Half::NoMetadata {
            let of = if half == Half::Checksum { b"another".as_slice() } else { &table.bytes };
            let metadata = json!({
                "version": 1,
                "dataset": format!("data_{number}"),
                "file": file,
                "rows": table.rows,
                "columns": table.columns,
                "bytes": table.bytes.len(),
                "sha256": hexadecimal(&Sha256::digest(of)),
                "created": rfc3339_now(),
            });
            let text = format!("{metadata:#}\n");
            write_atomically(self.disk.as_ref(), &self.metadata_path(number), text.as_bytes())?;
        }
        self.number = number;
        self.spoil(table)
    }

    fn metadata_path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("metadata_{number}.json"))
    }

    /// Where in the source the dataset of this number ends; nothing when its metadata says nothing of it.
    fn commit_of(&self, number: u64) -> Result<Option<Commit>, Fault> {
        let file = match self.disk.open(&self.metadata_path(number), Access::Read) {
            Err(error) if error.is_missing() => return Ok(None),
            file => file?,
        };
        let length = usize::try_from(file.bytes()?).unwrap_or(usize::MAX);
        let bytes = crate::core::disk::read_range(file.as_ref(), 0, length)?;
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(value.get("source").and_then(|source| Commit::deserialize(source).ok()))
    }

    /// Metadata goes first, so that no reader finds a dataset whose data is gone.
    fn prune(&self) -> Result<(), Fault> {
        let Some(keep) = self.keep else { return Ok(()) };
        let mut numbered: Vec<(u64, PathBuf)> = self
            .disk
            .list(&self.directory)?
            .into_iter()
            .filter_map(|path| Some((number_of(&path, "data_")?, path)))
            .collect();
        numbered.sort();
        let files: Vec<PathBuf> = numbered.iter().map(|(_, path)| path.clone()).collect();
        for path in retention::excess(self.disk.as_ref(), &files, keep) {
            if let Some(number) = number_of(path, "data_") {
                remove_if_there(self.disk.as_ref(), &self.metadata_path(number))?;
            }
            remove_if_there(self.disk.as_ref(), path)?;
            remove_if_there(self.disk.as_ref(), &unfinished(path))?;
        }
        Ok(())
    }
}

/// `data_7.csv` with the prefix `data_` is 7.
fn number_of(path: &Path, prefix: &str) -> Option<u64> {
    path.file_stem()?.to_str()?.strip_prefix(prefix)?.parse().ok()
}
