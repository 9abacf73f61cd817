//! One line of the index: small enough to be kept in a log from which the index is rebuilt.

use serde::{Deserialize, Serialize};

use crate::summary::{Column, Kind, Summary};

use super::quality::{Quality, quality_of};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// Name of the dataset.
    pub name: String,
    /// File name of the report, relative to the index page.
    pub report: String,
    pub rows: u64,
    pub columns: u64,
    pub bad_rows: u64,
    pub bytes: u64,
    pub quality: Quality,
    /// When the dataset was done, as it shall be read; the index knows no clock of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highlight: Option<Highlight>,
}

/// The first column of numbers, by which datasets can be compared at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Highlight {
    pub column: String,
    pub mean: f64,
    /// Rows in each bin of its histogram.
    pub counts: Vec<u64>,
}

impl IndexEntry {
    /// The entry of a dataset whose report has the given file name.
    pub fn from_summary(summary: &Summary, report: &str) -> Self {
        Self {
            name: summary.source.name.clone(),
            report: report.to_owned(),
            rows: summary.rows,
            columns: summary.columns.len() as u64,
            bad_rows: summary.bad_rows.count,
            bytes: summary.source.bytes,
            quality: quality_of(summary),
            finished: None,
            highlight: highlight(summary),
        }
    }
}

/// The first column of numbers that says something: one that only counts the rows is the last choice. A
/// mean that is not finite is left out, because JSON could not give it back.
fn highlight(summary: &Summary) -> Option<Highlight> {
    let counts_rows =
        |column: &&Column| column.kind == Kind::Integer && column.distinct.value >= summary.rows;
    let telling = summary.columns.iter().filter(|column| !counts_rows(column));
    telling.chain(summary.columns.iter().filter(counts_rows)).find_map(|column| {
        let numbers = column.numbers.filter(|numbers| numbers.mean.is_finite())?;
        let histogram = column.histogram.as_ref()?;
        Some(Highlight {
            column: column.name.clone(),
            mean: numbers.mean,
            counts: histogram.counts.clone(),
        })
    })
}
