//! How good a dataset is, as a verdict with its reasons in words.

use serde::{Deserialize, Serialize};

use crate::charts::number;
use crate::summary::{Kind, Summary};

/// From this share of bad rows on a dataset has failed.
const FAILING_SHARE: f64 = 0.05;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "good",
            Self::Warn => "needs a look",
            Self::Fail => "failed",
        }
    }

    /// A sign beside the words, so that colour is never the only hint.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Ok => "✓",
            Self::Warn => "!",
            Self::Fail => "✗",
        }
    }

    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// A verdict and one sentence for each thing that speaks against the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    pub verdict: Verdict,
    pub reasons: Vec<String>,
}

/// Judges a dataset by its metadata check, its bad rows, its empty columns and its encoding.
pub fn quality_of(summary: &Summary) -> Quality {
    let mut fails = Vec::new();
    let mut warnings = Vec::new();
    if summary.metadata_check.as_ref().is_some_and(|check| !check.agrees) {
        fails.push("The file is not what its metadata declares.".to_owned());
    }
    let bad = summary.bad_rows.count;
    if bad > 0 {
        let reason = format!("{} could not be read.", counted(bad, "row"));
        let grave = bad as f64 >= FAILING_SHARE * summary.rows.max(1) as f64;
        if grave { fails.push(reason) } else { warnings.push(reason) }
    }
    if summary.rows == 0 {
        warnings.push("There are no rows.".to_owned());
    }
    for column in summary.columns.iter().filter(|_| summary.rows > 0) {
        if column.kind == Kind::Empty {
            warnings.push(format!("Column “{}” is empty in every row.", column.name));
        }
        if column.invalid_utf8 > 0 {
            let cells = counted(column.invalid_utf8, "cell");
            warnings.push(format!("Column “{}” has {cells} that are not UTF-8.", column.name));
        }
    }
    let verdict = match (fails.is_empty(), warnings.is_empty()) {
        (false, _) => Verdict::Fail,
        (true, false) => Verdict::Warn,
        (true, true) => Verdict::Ok,
    };
    fails.extend(warnings);
    Quality { verdict, reasons: fails }
}

/// `1 row`, `2 rows`.
pub(super) fn counted(count: u64, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", number::count(count))
}
