//! What a summary says: plain data, the same bytes for the same input. No wall clock and no host name in it.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of this form; 1.
    pub summary_version: u32,
    pub source: SourceFacts,
    pub rows: u64,
    pub bad_rows: BadRows,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_check: Option<MetadataCheck>,
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SourceFacts {
    /// Name of the dataset, for example `data_7` (or the file name without its ending).
    pub name: String,
    /// File name, for example `data_7.csv`.
    pub file: String,
    pub bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// `utf-8`, or `utf-8 (N cells repaired)` is not used: see `Column::invalid_utf8`.
    pub encoding: String,
    /// `,` `;` tab or `|`; absent for NDJSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BadRows {
    pub count: u64,
    /// The first five.
    pub first: Vec<BadRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BadRow {
    /// Line in the file, from 1 (the header is line 1).
    pub line: u64,
    /// Byte offset of the row's start in the file.
    pub byte: u64,
    pub reason: String,
}

/// What the metadata file declared beside what was found; filled in by the caller, not by the summariser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetadataCheck {
    pub agrees: bool,
    /// One sentence a disagreement; empty when it agrees.
    pub disagreements: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// `integer`, `float`, `boolean`, `time`, `text` or `empty` (nothing but nulls).
    pub kind: Kind,
    /// How many non-null cells looked like each kind (the votes for `kind`).
    pub votes: Votes,
    /// Empty cells (CSV) or null/missing fields (JSON).
    pub nulls: u64,
    /// Cells whose bytes were not UTF-8; they are shown with U+FFFD.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub invalid_utf8: u64,
    pub distinct: Estimate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Numbers>,
    /// For numbers: 0.01 0.05 0.25 0.5 0.75 0.95 0.99 0.999; for other kinds empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<Quantile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// Most frequent values, most frequent first, ties by value; at most ten.
    pub top: Vec<TopValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextFacts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeFacts>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Integer,
    Float,
    Boolean,
    Time,
    Text,
    Empty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Votes {
    pub integer: u64,
    pub float: u64,
    pub boolean: u64,
    pub time: u64,
    pub text: u64,
}

/// A count that is exact (`error` 0) or known to a relative error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub value: u64,
    pub error: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    pub min: f64,
    pub max: f64,
    pub sum: f64,
    pub mean: f64,
    /// Sample standard deviation (n - 1); 0 for one value.
    pub std: f64,
    pub skewness: f64,
    pub zeros: u64,
    pub negatives: u64,
    /// Values outside 1.5 interquartile ranges.
    pub outliers: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    pub p: f64,
    pub value: f64,
    /// Largest relative error of `value`; 0 when exact.
    pub error: f64,
}

/// `counts[i]` values lie in `edges[i] <= v < edges[i + 1]`; the last bin is closed. Edges are round numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
    /// Largest relative error of where a bin's border really lies; 0 when the counts are exact.
    pub error: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopValue {
    pub value: String,
    /// At least `count - error` and at most `count` rows have it.
    pub count: u64,
    pub error: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextFacts {
    /// Lengths in characters.
    pub shortest: u64,
    pub longest: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeFacts {
    /// RFC 3339, UTC.
    pub first: String,
    pub last: String,
    pub span_seconds: f64,
    pub largest_gap_seconds: f64,
    /// Rows whose time lies before the row above.
    pub out_of_order: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
