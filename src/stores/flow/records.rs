//! A sink that writes records into a resource, each by its key.

use super::fault;
use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::position::Checkpoint;
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::resources::{Fill, OnConflict};
use crate::core::sink::{Recovered, Sink};
use crate::formats::json_lines;
use crate::resource::bulk::CsvRows;
use crate::resource::validate::{self, Rules};
use crate::resource::{
    Action, Atomicity, FieldFault, Outcome, Record, Store, StoreError, StoreErrorKind, Write,
    Written,
};
use std::sync::Arc;

/// Writes that are given to the store at a time: they share a commit, and what waits for it is bounded.
const GROUP: usize = 1000;

/// Fills one resource.
#[derive(Debug)]
pub struct RecordsSink {
    store: Arc<dyn Store>,
    fill: Fill,
    done: Done,
}

/// How many rows of which batch the store has, so that a repeated write does not send them again.
#[derive(Debug, Default)]
struct Done {
    batch: (String, u64),
    rows: usize,
    rejected: Vec<Rejected>,
}

/// A record as it came, and what it is.
struct Row<'a> {
    raw: &'a [u8],
    record: Result<Record, String>,
}

impl RecordsSink {
    pub fn new(store: Arc<dyn Store>, fill: &Fill) -> Self {
        Self { store, fill: fill.clone(), done: Done::default() }
    }

    fn name(&self) -> &str {
        &self.store.schema().name
    }

    /// The rows of a batch. Cells of CSV are read as what their fields want.
    fn rows<'a>(&self, records: &'a Records, lines: &'a [u8]) -> Vec<Row<'a>> {
        let rules = Rules { keeps_nul: self.store.keeps_nul(), ..Rules::default() };
        let schema = self.store.schema();
        if let Encoding::Csv(shape) = &records.encoding {
            let rows = CsvRows::new(schema, shape, &rules).read(&records.bytes);
            return rows
                .into_iter()
                .map(|(raw, record)| Row {
                    raw: records.bytes.get(raw).unwrap_or_default(),
                    record: record.map_err(|faults| self.reason(&faults)),
                })
                .collect();
        }
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|raw| {
                let record = validate::record(schema, raw, &rules);
                Row { raw, record: record.map_err(|faults| self.reason(&faults)) }
            })
            .collect()
    }

    fn reason(&self, faults: &[FieldFault]) -> String {
        let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
        format!("no record of `{}`: {}", self.name(), words.join("; "))
    }

    fn action(&self, record: Record) -> Write {
        Write::from(match self.fill.on_conflict {
            OnConflict::Replace => Action::Put(record),
            OnConflict::Ignore => Action::Ensure(record),
            OnConflict::Reject => Action::Insert(record),
        })
    }

    /// Writes a group, and answers why each of its rows that was refused was.
    fn write_group(&self, group: &[&Record]) -> Result<Vec<Option<String>>, Fault> {
        match self.send(group) {
            Ok(written) => {
                let outcomes = written.iter().map(|one| &one.outcome);
                Ok(group
                    .iter()
                    .zip(outcomes)
                    .map(|(record, it)| self.refusal(record, it))
                    .collect())
            }
            Err(error) if error.kind != StoreErrorKind::Refused => Err(fault(self.name(), &error)),
            Err(error) if group.len() == 1 => {
                Ok(vec![Some(format!("`{}` cannot keep it: {error}", self.name()))])
            }
            // One of them is something that this store cannot keep: which one shows when each is tried alone.
            Err(_) => {
                let alone = group.iter().map(|record| self.write_group(&[record]));
                Ok(alone.collect::<Result<Vec<_>, Fault>>()?.into_iter().flatten().collect())
            }
        }
    }

    fn send(&self, group: &[&Record]) -> Result<Vec<Written>, StoreError> {
        let writes = group.iter().map(|record| self.action((*record).clone())).collect();
        self.store.write(writes, Atomicity::Each).wait()
    }

    fn refusal(&self, record: &Record, outcome: &Outcome) -> Option<String> {
        let name = self.name();
        match outcome {
            outcome if outcome.is_success() => None,
            // Written before a crash, or simply the same.
            Outcome::Exists(there) if there == record => None,
            Outcome::Exists(_) => Some(format!("another record with this key is in `{name}`")),
            Outcome::Taken { field } => {
                let field = self.store.schema().fields.get(*field);
                let field = field.map_or("", |field| field.name.as_str());
                Some(format!("another record of `{name}` has this value in the field `{field}`"))
            }
            Outcome::Invalid(faults) => Some(self.reason(faults)),
            other => Some(format!("`{name}` did not take it: {other:?}")),
        }
    }
}

impl Sink for RecordsSink {
    fn recover(&mut self, _kept: &Checkpoint) -> Result<Recovered, Fault> {
        Ok(Recovered::default())
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let key = (batch.partition.to_string(), batch.position.offset);
        if self.done.batch != key {
            self.done = Done { batch: key, ..Done::default() };
        }
        let lines = match &batch.records.encoding {
            Encoding::Csv(_) => std::borrow::Cow::default(),
            _ => json_lines::of(&batch.records).0,
        };
        let rows = self.rows(&batch.records, &lines);
        for group in rows.get(self.done.rows..).unwrap_or_default().chunks(GROUP) {
            let records: Vec<&Record> =
                group.iter().filter_map(|row| row.record.as_ref().ok()).collect();
            let mut refusals = match records.as_slice() {
                [] => Vec::new(),
                records => self.write_group(records)?,
            }
            .into_iter();
            for row in group {
                let reason = match &row.record {
                    Ok(_) => refusals.next().flatten(),
                    Err(reason) => Some(reason.clone()),
                };
                if let Some(reason) = reason {
                    self.done.rejected.push(Rejected { record: row.raw.to_vec(), reason });
                }
            }
            self.done.rows += group.len();
        }
        Ok(self.done.rejected.clone())
    }

    /// A store answers only when what it wrote is durable.
    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        self.done = Done::default();
        Ok(None)
    }
}
