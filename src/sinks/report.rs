//! `report`: a summary as files that are worth looking at: JSON, charts, a page, an index.

use crate::charts::{self, Theme};
use crate::clients::retention;
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::disk::{Access, Disk, DiskFile, parent_of, unfinished, write_atomically};
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::kind::{About, Repeat, SinkKind};
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::{Keep, Opt, Options, Shape};
use crate::core::position::Checkpoint;
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};
use crate::core::time::rfc3339_now;
use crate::formats::json_lines;
use crate::formats::log::{whole_lines, without_torn_tail};
use crate::report::{IndexEntry, PageLink, ReportContext, index_html, report_html};
use crate::summary::Summary;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "report",
        summary: "Writes a summary as JSON, charts (SVG and PNG), an HTML page and a rolling index.",
        details: "\
Of the dataset `data_7` it makes `summary_7.json`, a `chart_7_COLUMN.svg` and `.png` per column, \
`report_7.html`, a line in `processed.ndjson`, and `index.html` over all. The line in the log is the commit: a \
dataset with the same checksum is never done twice. The pages need no network and no script.",
        options: &[
            Opt::required("path", Shape::Path, "The directory; it is made if it is missing."),
            Opt::with_default(
                "png",
                Shape::Boolean,
                "true",
                "Whether charts are written as PNG too.",
            ),
            Opt::optional(
                "keep",
                Shape::Keep,
                "How many results are kept, or how old or large they get.",
            ),
        ],
        main: Some("path"),
        example: "report: { path: shared-data/results, keep: 1000 }",
    },
    repeat: Repeat::Never,
    writes: |options| options.text_if("path").map(str::to_owned),
    commit_bytes: COMMIT_BYTES,
    build,
};

/// Lines of the log that the index shows.
const INDEX_ENTRIES: usize = 500;

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    Ok(Box::new(Report {
        disk: Arc::clone(&context.disk),
        directory: options.path("path"),
        with_png: options.is_set("png"),
        keep: options.keep_if("keep"),
        log: None,
        log_bytes: 0,
        done: Vec::new(),
        is_index_due: false,
    }))
}

struct Report {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    with_png: bool,
    keep: Option<Keep>,
    log: Option<Box<dyn DiskFile>>,
    log_bytes: u64,
    /// The log, oldest first.
    done: Vec<Processed>,
    /// Whether the log says something that the index does not show yet.
    is_index_due: bool,
}

/// A line of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Processed {
    dataset: String,
    file: String,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    entry: IndexEntry,
}

impl Sink for Report {
    fn recover(&mut self, _kept: &Checkpoint) -> Result<Recovered, Fault> {
        self.disk.create_dir_all(&self.directory)?;
        let mut findings = Vec::new();
        for path in self.disk.list(&self.directory)? {
            if path.extension().is_some_and(|ending| ending == "tmp") {
                self.disk.remove(&path)?;
                let finding = Finding::notice(&path, "it was never finished".to_owned());
                findings.push(finding.done("it was removed"));
            }
        }
        self.open_log()?;
        self.is_index_due = !self.done.is_empty();
        self.commit()?;
        Ok(Recovered { ahead: Vec::new(), findings })
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        if self.log.is_none() {
            self.reopen_log()?;
        }
        let (lines, mut rejected) = json_lines::of(&batch.records);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Summary>(line) {
                Ok(summary) => self.add(&summary)?,
                Err(error) => {
                    let reason = format!("the record is no summary: {error}");
                    rejected.push(Rejected { record: line.to_vec(), reason });
                }
            }
        }
        Ok(rejected)
    }

    /// The index is drawn once for all that came together. After a failure it is still due, though the log
    /// says that the datasets are done.
    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        if self.is_index_due {
            self.prune()?;
            self.write_index()?;
            self.is_index_due = false;
        }
        Ok(None)
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.log = None;
        Ok(())
    }
}

impl Report {
    fn log_path(&self) -> PathBuf {
        self.directory.join("processed.ndjson")
    }

    /// Reads the log and cuts off half a line that a crash left.
    fn open_log(&mut self) -> Result<(), Fault> {
        let path = self.log_path();
        let mut file = self.disk.open(&path, Access::ReadWrite)?;
        self.disk.sync_dir(parent_of(&path))?;
        self.log_bytes = without_torn_tail(file.as_mut())?;
        self.done = whole_lines(file.as_ref(), self.log_bytes)?
            .iter()
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        self.log = Some(file);
        Ok(())
    }

    /// Opens the log behind its last line that is known to be on disk. What a failed sync left behind it can
    /// be read, and yet be gone after a power cut.
    fn reopen_log(&mut self) -> Result<(), Fault> {
        let mut file = self.disk.open(&self.log_path(), Access::ReadWrite)?;
        if file.bytes()? < self.log_bytes {
            return self.open_log();
        }
        self.disk.sync_dir(parent_of(&self.log_path()))?;
        file.truncate(self.log_bytes)?;
        self.log = Some(file);
        Ok(())
    }

    fn add(&mut self, summary: &Summary) -> Result<(), Fault> {
        let source = &summary.source;
        let is_same = |done: &Processed| {
            done.dataset == source.name
                && done.bytes == source.bytes
                && done.sha256 == source.sha256
        };
        if self.done.iter().any(is_same) {
            return Ok(());
        }
        let number = number_of(&source.name);
        let report = format!("report_{number}.html");
        self.publish(&self.files(summary, &number, &report))?;
        let mut entry = IndexEntry::from_summary(summary, &report);
        entry.finished = Some(rfc3339_now());
        self.done.retain(|done| done.dataset != source.name);
        self.append(Processed {
            dataset: source.name.clone(),
            file: source.file.clone(),
            bytes: source.bytes,
            sha256: source.sha256.clone(),
            entry,
        })
    }

    /// Everything that is drawn of one summary.
    fn files(&self, summary: &Summary, number: &str, report: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = vec![(format!("summary_{number}.json"), summary.to_json())];
        for column in &summary.columns {
            let Some(chart) = charts::chart_for(summary, column) else { continue };
            let name = format!("chart_{number}_{}", charts::file_safe(&column.name));
            let scene = charts::layout(&chart, charts::Frame::default());
            let options =
                charts::SvgOptions { name: name.clone(), ..charts::SvgOptions::default() };
            files.push((format!("{name}.svg"), charts::svg(&scene, &options).into_bytes()));
            if self.with_png {
                match charts::png(&scene, 2.0, Theme::Light) {
                    Ok(png) => files.push((format!("{name}.png"), png)),
                    Err(error) => tracing::warn!("{name}.png: {error}"),
                }
            }
        }
        let previous = self.done.iter().rev().find(|done| done.dataset != summary.source.name);
        let context = ReportContext {
            index: Some("index.html".to_owned()),
            previous: previous.map(|done| PageLink::new(&done.dataset, &done.entry.report)),
            ..ReportContext::default()
        };
        files.push((report.to_owned(), report_html(summary, &context).into_bytes()));
        files
    }

    /// Writes all files beside their places, then gives all their names, then syncs the directory.
    fn publish(&self, files: &[(String, Vec<u8>)]) -> Result<(), Fault> {
        for (name, bytes) in files {
            let path = unfinished(&self.directory.join(name));
            let mut file = self.disk.open(&path, Access::ReadWrite)?;
            file.truncate(0)?;
            file.write_at(bytes, 0)?;
            file.sync()?;
        }
        for (name, _) in files {
            let path = self.directory.join(name);
            self.disk.rename(&unfinished(&path), &path)?;
        }
        Ok(self.disk.sync_dir(&self.directory)?)
    }

    fn append(&mut self, processed: Processed) -> Result<(), Fault> {
        let mut line = serde_json::to_vec(&processed).unwrap_or_default();
        line.push(b'\n');
        let Some(log) = &mut self.log else { return Err(Fault::retry("the log is not open")) };
        let written = log.write_at(&line, self.log_bytes).and_then(|()| log.sync());
        if let Err(error) = written {
            self.log = None;
            return Err(error.into());
        }
        self.log_bytes += line.len() as u64;
        self.done.push(processed);
        self.is_index_due = true;
        Ok(())
    }

    /// Removes the files of results that are too old, and shortens the log when most of it is old.
    fn prune(&mut self) -> Result<(), Fault> {
        let Some(keep) = self.keep else { return Ok(()) };
        let reports: Vec<PathBuf> =
            self.done.iter().map(|done| self.directory.join(&done.entry.report)).collect();
        let excess = retention::excess(self.disk.as_ref(), &reports, keep).len();
        if excess == 0 {
            return Ok(());
        }
        let old: Vec<String> =
            self.done.iter().take(excess).map(|done| number_of(&done.dataset)).collect();
        for path in self.disk.list(&self.directory)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if old.iter().any(|number| belongs_to(&name, number)) {
                self.disk.remove(&path)?;
            }
        }
        self.done.drain(..excess);
        self.shorten_log()
    }

    /// The log keeps the line of every result that is kept; it is written anew in one step.
    fn shorten_log(&mut self) -> Result<(), Fault> {
        let mut lines = Vec::new();
        for done in &self.done {
            lines.extend(serde_json::to_vec(done).unwrap_or_default());
            lines.push(b'\n');
        }
        self.log = None;
        write_atomically(self.disk.as_ref(), &self.log_path(), &lines)?;
        self.open_log()
    }

    fn write_index(&self) -> Result<(), Fault> {
        let shown = self.done.len().saturating_sub(INDEX_ENTRIES);
        let entries: Vec<IndexEntry> =
            self.done.iter().skip(shown).map(|done| done.entry.clone()).collect();
        let page = index_html(&entries);
        Ok(write_atomically(
            self.disk.as_ref(),
            &self.directory.join("index.html"),
            page.as_bytes(),
        )?)
    }
}

/// `data_7` is 7; any other name stands for itself.
fn number_of(dataset: &str) -> String {
    charts::file_safe(dataset.strip_prefix("data_").unwrap_or(dataset))
}

fn belongs_to(name: &str, number: &str) -> bool {
    name == format!("summary_{number}.json")
        || name == format!("report_{number}.html")
        || name.starts_with(&format!("chart_{number}_"))
}
