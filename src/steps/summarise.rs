//! `summarise`: what each column of a dataset, or of all that a source gives, holds.

use crate::core::batch::{Batch, DatasetPart};
use crate::core::fault::Fault;
use crate::core::kind::{About, StepKind};
use crate::core::options::Options;
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::source::Dataset;
use crate::core::step::Step;
use crate::formats::csv::Header;
use crate::formats::json_lines;
use crate::summary::{MetadataCheck, SourceFacts, Summariser, Summary};
use std::sync::Arc;

pub(super) static KIND: StepKind = StepKind {
    about: About {
        name: "summarise",
        summary: "Turns the rows of a dataset into one record that says what each column holds.",
        details: "\
Type, nulls, distinct values, smallest, largest, mean, deviation, quantiles, histogram and top values of every \
column, in one pass and bounded memory. Numbers are exact while a column is small and say their error when it is \
not; the same rows give the same bytes. Without datasets, all rows up to the source's end make one summary.",
        options: &[],
        main: None,
        example: "summarise",
    },
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(_options: &Options) -> Result<Box<dyn Step>, Fault> {
    Ok(Box::new(Summarise { current: None, last: None }))
}

struct Summarise {
    current: Option<Current>,
    /// The newest batch, whose position the summary at the source's end will have.
    last: Option<Batch>,
}

/// A summary in the making.
struct Current {
    summariser: Summariser,
    bytes: u64,
    delimiter: Option<u8>,
    rejected: Vec<Rejected>,
}

impl Step for Summarise {
    fn apply(&mut self, mut batch: Batch) -> Result<Option<Batch>, Fault> {
        if batch.dataset.is_none() && batch.records.is_empty() && self.current.is_none() {
            // A dataset that was given up: nothing to add up, and the dead letter must not wait.
            return Ok(Some(batch));
        }
        let current = self.current.get_or_insert_with(|| Current::new(&batch.records.encoding));
        current.add(&batch.records);
        current.rejected.append(&mut batch.rejected);
        let part = batch.dataset.clone();
        batch.records = Records::empty(Encoding::Json);
        match part {
            Some(DatasetPart { dataset, is_last: true }) => {
                let summary = self.current.take().map(|current| current.finish(&dataset));
                Ok(summary.map(|(summary, rejected)| with_summary(batch, &summary, rejected)))
            }
            Some(_) => Ok(None),
            None => {
                self.last = Some(batch);
                Ok(None)
            }
        }
    }

    fn gathers(&self) -> bool {
        true
    }

    fn finish(&mut self) -> Result<Option<Batch>, Fault> {
        let (Some(current), Some(mut batch)) = (self.current.take(), self.last.take()) else {
            return Ok(None);
        };
        let path = std::path::Path::new(&*batch.partition).to_path_buf();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let dataset = Dataset { name: stem, path, ..Dataset::default() };
        let (summary, rejected) = current.finish(&dataset);
        batch.dataset = Some(DatasetPart { dataset: Arc::new(dataset), is_last: true });
        Ok(Some(with_summary(batch, &summary, rejected)))
    }
}

fn with_summary(mut batch: Batch, summary: &Summary, rejected: Vec<Rejected>) -> Batch {
    batch.rejected = rejected;
    batch.records.push_json(&serde_json::to_vec(summary).unwrap_or_default());
    batch
}

impl Current {
    fn new(encoding: &Encoding) -> Self {
        let mut summariser = Summariser::new(crate::summary::Options::default());
        let mut delimiter = None;
        if let Encoding::Csv(shape) = encoding {
            delimiter = Some(shape.delimiter);
            summariser.csv_header(&Header {
                columns: shape.columns.clone(),
                delimiter: shape.delimiter,
                bytes: shape.header_bytes,
                lines: shape.header_lines,
            });
        }
        Self { summariser, bytes: 0, delimiter, rejected: Vec::new() }
    }

    fn add(&mut self, records: &Records) {
        self.bytes += records.bytes.len() as u64;
        if let Encoding::Csv(_) = records.encoding {
            self.summariser.push_csv(&records.bytes);
        } else {
            let (lines, mut rejected) = json_lines::of(records);
            self.summariser.push_json_lines(&lines);
            self.rejected.append(&mut rejected);
        }
    }

    fn finish(self, dataset: &Dataset) -> (Summary, Vec<Rejected>) {
        let file = dataset.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let delimiter = self.delimiter.map(|byte| match byte {
            b'\t' => "tab".to_owned(),
            byte => char::from(byte).to_string(),
        });
        let mut summary = self.summariser.finish(SourceFacts {
            name: dataset.name.clone(),
            file,
            bytes: if dataset.bytes > 0 { dataset.bytes } else { self.bytes },
            sha256: dataset.sha256.clone(),
            encoding: "utf-8".to_owned(),
            delimiter,
        });
        summary.metadata_check =
            dataset.metadata.as_ref().map(|metadata| check(metadata, &summary));
        (summary, self.rejected)
    }
}

/// What the metadata says beside what was found; the checksum was verified before the rows were read.
fn check(metadata: &serde_json::Value, summary: &Summary) -> MetadataCheck {
    let mut disagreements = Vec::new();
    let found_rows = summary.rows + summary.bad_rows.count;
    let rows = metadata.get("rows").and_then(serde_json::Value::as_u64);
    if let Some(rows) = rows.filter(|rows| *rows != found_rows) {
        disagreements.push(format!("the metadata says {rows} rows, the file has {found_rows}"));
    }
    let found: Vec<&str> = summary.columns.iter().map(|column| column.name.as_str()).collect();
    let declared = metadata.get("columns").and_then(serde_json::Value::as_array);
    if let Some(declared) = declared {
        let declared: Vec<&str> = declared.iter().filter_map(serde_json::Value::as_str).collect();
        if !declared.is_empty() && declared != found {
            disagreements.push(format!(
                "the metadata names the columns {}, the file has {}",
                declared.join(", "),
                found.join(", ")
            ));
        }
    }
    MetadataCheck { agrees: disagreements.is_empty(), disagreements }
}
