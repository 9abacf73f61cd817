//! One dead letter: the record in the form that it had where it was rejected, and where that was.

use crate::core::batch::Batch;
use crate::core::record::{CsvShape, Encoding, Rejected};
use crate::core::text::hexadecimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A record that could not be delivered, as a line of the file. One that an older headwater kept has neither
/// number nor place nor form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Never given twice; the first field, so that it is found without looking at the rest.
    #[serde(default)]
    pub number: u64,
    pub time: String,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The kind of what rejected it: `http`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// How often it was replayed and rejected again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u64,
    pub partition: String,
    /// Of the batch that the record was in.
    pub offset: u64,
    pub record: String,
    /// The bytes, when they are no UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
}

/// Where a record was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Source,
    /// Counted from one.
    Step(usize),
    Sink,
}

/// How the record of a letter is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    Text,
    Json,
    Csv { columns: Vec<String>, delimiter: char },
}

/// A record that is about to become a letter.
#[derive(Debug, Clone)]
pub struct Outcast {
    pub at: Place,
    pub form: Option<Form>,
    pub rejected: Rejected,
}

/// A batch on its way, with what was rejected of it so far.
#[derive(Debug)]
pub struct Passed {
    pub batch: Batch,
    pub outcasts: Vec<Outcast>,
    /// How often its records were replayed; zero for those of the source.
    pub tries: u64,
}

impl Passed {
    /// As it comes from the source.
    pub fn new(mut batch: Batch) -> Self {
        let at = Place::Source;
        let rejected = std::mem::take(&mut batch.rejected).into_iter();
        let given_up = std::mem::take(&mut batch.given_up).into_iter();
        let rejected = rejected.map(|rejected| Outcast { at, form: None, rejected });
        let given_up = given_up.map(|rejected| {
            let form = Some(Form::of(&batch.records.encoding, &rejected.record));
            Outcast { at, form, rejected }
        });
        let outcasts = rejected.chain(given_up).collect();
        Self { batch, outcasts, tries: 0 }
    }
}

impl Form {
    /// Who looks into a block of text or CSV has lines of JSON before him, and rejects such a line or the bytes of
    /// the block; which of the two it is shows in its fields.
    pub fn of(encoding: &Encoding, record: &[u8]) -> Self {
        let has_fields = |is_field: &dyn Fn(&str) -> bool| {
            let value: Option<serde_json::Value> = serde_json::from_slice(record).ok();
            let fields = value.as_ref().and_then(serde_json::Value::as_object);
            fields.is_some_and(|it| !it.is_empty() && it.keys().all(|name| is_field(name)))
        };
        match encoding {
            Encoding::Json => Self::Json,
            Encoding::Text if has_fields(&|name| name == "line") => Self::Json,
            Encoding::Text => Self::Text,
            Encoding::Csv(shape)
                if has_fields(&|name| shape.columns.iter().any(|it| it == name)) =>
            {
                Self::Json
            }
            Encoding::Csv(shape) => {
                Self::Csv { columns: shape.columns.clone(), delimiter: char::from(shape.delimiter) }
            }
        }
    }

    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Text => Encoding::Text,
            Self::Json => Encoding::Json,
            Self::Csv { columns, delimiter } => Encoding::Csv(Arc::new(CsvShape {
                delimiter: u8::try_from(*delimiter).unwrap_or(b','),
                columns: columns.clone(),
                header_bytes: 0,
                header_lines: 1,
            })),
        }
    }
}

impl Letter {
    /// The text of a record, and its bytes where the text does not say all.
    pub fn written(record: &[u8]) -> (String, Option<String>) {
        match std::str::from_utf8(record) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (String::from_utf8_lossy(record).into_owned(), Some(hexadecimal(record))),
        }
    }

    /// The record as it was.
    pub fn bytes(&self) -> Vec<u8> {
        let digits = self.hex.as_deref().map(str::as_bytes).unwrap_or_default();
        let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
        match self.hex {
            Some(_) => {
                digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
            }
            None => self.record.clone().into_bytes(),
        }
    }

    /// Where it was rejected, in words.
    pub fn place(&self) -> String {
        match self.at {
            None => "unknown".to_owned(),
            Some(Place::Source) => format!("source {}", self.kind),
            Some(Place::Step(number)) => format!("step {number} {}", self.kind),
            Some(Place::Sink) => format!("sink {}", self.kind),
        }
    }

    /// In which form a replay gives it to the place where it was rejected; or why there can be none.
    pub fn replayed_as(&self) -> Result<Form, &'static str> {
        let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(&self.record).is_ok();
        match (self.at, &self.form) {
            (Some(Place::Source), None) => Err(
                "the source could not make a record of it: correct it where it comes from, then drop the letter",
            ),
            (Some(_), Some(form)) => Ok(form.clone()),
            _ if is_json() && !self.record.contains('\n') => Ok(Form::Json),
            _ => Err(
                "an older headwater kept it without its form, and it is no JSON: take it out of the file by hand, \
                 then drop the letter",
            ),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
