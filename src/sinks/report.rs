//! `report`: a summary as files that are worth looking at: JSON, charts, a page, an index.

use crate::charts::{self, Theme};
use crate::clients::results::{Log, Processed, Results};
use crate::clients::retention;
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::disk::{Disk, remove_if_there};
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::kind::{About, Repeat, SinkKind};
use crate::core::lease::{Content, Share};
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::{Keep, Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition};
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};
use crate::core::time::rfc3339_now;
use crate::formats::json_lines;
use crate::report::{IndexEntry, PageLink, ReportContext, index_html, report_html};
use crate::summary::Summary;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "report",
        summary: "Writes a summary as JSON, charts (SVG and PNG), an HTML page and a rolling index.",
        details: "\
Of the dataset `data_7` it makes `summary_7.json`, a `chart_7_COLUMN.svg` and `.png` per column, \
`report_7.html`, a line in `processed.ndjson`, and `index.html` over all. The line in the log is the commit: a \
dataset with the same checksum is never done twice. The pages need no network and no script.

Any number of workers, in one process or on several machines, may share the directory: each dataset is done by one \
of them, and what a worker leaves undone when it dies, another one does within 5 s. The leases are in `.leases`.",
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
        data: context.data.clone(),
        directory: options.path("path"),
        with_png: options.is_set("png"),
        keep: options.keep_if("keep"),
        results: None,
        is_index_due: false,
    }))
}

type DoneLog = Log<IndexEntry>;

struct Report {
    disk: Arc<dyn Disk>,
    /// The flow's own directory.
    data: PathBuf,
    directory: PathBuf,
    with_png: bool,
    keep: Option<Keep>,
    /// The log and the leases, once they are open.
    results: Option<Arc<Results<IndexEntry>>>,
    /// Whether the log says something that the index does not show yet.
    is_index_due: bool,
}

impl Sink for Report {
    fn recover(&mut self, _kept: &Checkpoint) -> Result<Recovered, Fault> {
        self.disk.create_dir_all(&self.directory)?;
        let results = Arc::new(Results::open(&self.disk, &self.directory, &self.data)?);
        self.results = Some(Arc::clone(&results));
        let mut findings = Vec::new();
        results.alone(|results, log| {
            for path in self.disk.list(&self.directory)? {
                if path.extension().is_some_and(|ending| ending == "tmp") {
                    self.disk.remove(&path)?;
                    let finding = Finding::notice(&path, "it was never finished".to_owned());
                    findings.push(finding.done("it was removed"));
                }
            }
            if log.done().is_empty() { Ok(()) } else { self.tidy(results, log) }
        })?;
        Ok(Recovered { findings, ..Recovered::default() })
    }

    fn shares(&self) -> bool {
        true
    }

    fn share(&self) -> Option<Arc<dyn Share>> {
        self.results.clone().map(|results| results as Arc<dyn Share>)
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
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
            self.results()?.alone(|results, log| self.tidy(results, log))?;
            self.is_index_due = false;
        }
        Ok(None)
    }
}

impl Report {
    fn results(&self) -> Result<Arc<Results<IndexEntry>>, Fault> {
        self.results.clone().ok_or_else(|| Fault::retry("the log is not open"))
    }

    fn add(&mut self, summary: &Summary) -> Result<(), Fault> {
        let results = self.results()?;
        let source = &summary.source;
        let name: Partition = source.name.as_str().into();
        let content = Content { bytes: source.bytes, sha256: source.sha256.clone() };
        let number = number_of(&source.name);
        let report = format!("report_{number}.html");
        // Before: what a fault left in the log is not new to the next try, and the index must show it all the same.
        self.is_index_due = true;
        results.store(&name, &content, || {
            let files = self.files(summary, &number, &report);
            let mut entry = IndexEntry::from_summary(summary, &report);
            entry.finished = Some(rfc3339_now());
            let processed = Processed {
                dataset: source.name.clone(),
                file: source.file.clone(),
                bytes: source.bytes,
                sha256: source.sha256.clone(),
                entry,
            };
            (files, processed)
        })?;
        Ok(())
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
        let context = ReportContext {
            index: Some("index.html".to_owned()),
            previous: self.previous(&summary.source.name),
            ..ReportContext::default()
        };
        files.push((report.to_owned(), report_html(summary, &context).into_bytes()));
        files
    }

    fn previous(&self, dataset: &str) -> Option<PageLink> {
        self.results.as_ref()?.known(|log| {
            let previous = log.done().iter().rev().find(|done| done.dataset != dataset);
            previous.map(|done| PageLink::new(&done.dataset, &done.entry.report))
        })
    }

    /// Removes what is too old, and draws the index.
    fn tidy(&self, results: &Results<IndexEntry>, log: &mut DoneLog) -> Result<(), Fault> {
        self.prune(results, log)?;
        let done = log.done();
        let shown = done.len().saturating_sub(INDEX_ENTRIES);
        let entries: Vec<IndexEntry> =
            done.iter().skip(shown).map(|done| done.entry.clone()).collect();
        results.publish_alone("index.html", index_html(&entries).into_bytes())
    }

    /// Removes the files of results that are too old, and their lines from the log.
    fn prune(&self, results: &Results<IndexEntry>, log: &mut DoneLog) -> Result<(), Fault> {
        let Some(keep) = self.keep else { return Ok(()) };
        let reports: Vec<PathBuf> =
            log.done().iter().map(|done| self.directory.join(&done.entry.report)).collect();
        let excess = retention::excess(self.disk.as_ref(), &reports, keep).len();
        if excess == 0 {
            return Ok(());
        }
        let old: Vec<String> =
            log.done().iter().take(excess).map(|done| number_of(&done.dataset)).collect();
        for path in self.disk.list(&self.directory)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if old.iter().any(|number| belongs_to(&name, number)) {
                remove_if_there(self.disk.as_ref(), &path)?;
            }
        }
        results.prune(log, excess)
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
