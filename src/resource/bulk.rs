//! Many records in one body: NDJSON, a JSON array, or CSV. Each row is a record or has its faults; neighbours of a
//! faulty row are read like any other.
//!
//! In CSV the header names the fields. An empty cell is nothing given: the field's default, or null. Every other cell
//! must be written as a value of its field.

use crate::core::limits::LINE_BYTES;
use crate::core::record::CsvShape;
use crate::core::words::nearest;
use crate::formats::csv::{Header, Row, RowScanner, RowSplitter, Split, ragged};
use crate::formats::json::{Kind, Scanner};
use crate::resource::embedded::MAX_DEPTH;
use crate::resource::validate::{self, Given, Rules};
use crate::resource::values::input;
use crate::resource::{FaultKind, FieldFault, FieldKind, Record, Schema, Value, parse};
use std::fmt;
use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkForm {
    Ndjson,
    Array,
    Csv,
}

/// Rows of one body: an empty one takes more memory than it has bytes.
pub const MAX_ROWS: usize = 100_000;

/// Faults of one body that are told in full; of later faulty rows only the first is.
const MAX_TOLD: usize = 10_000;

/// A row that is no record.
#[derive(Debug, Clone, PartialEq)]
pub struct Faulty {
    /// Where it begins in the body, from 1.
    pub line: u64,
    pub faults: Vec<FieldFault>,
}

pub type BulkRow = Result<Record, Faulty>;

/// Why a body as a whole cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkFault {
    /// It is no JSON array, or its header is wrong.
    Unreadable(String),
    /// More than `MAX_ROWS`.
    TooManyRows,
}

impl fmt::Display for BulkFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => formatter.write_str(reason),
            Self::TooManyRows => write!(formatter, "a body has at most {MAX_ROWS} records"),
        }
    }
}

/// Reads all rows of a body, in order; blank lines are none.
pub fn rows(
    schema: &Schema,
    form: BulkForm,
    body: &[u8],
    rules: &Rules,
) -> Result<Vec<BulkRow>, BulkFault> {
    let mut rows = Rows { found: Vec::new(), told: 0 };
    match form {
        BulkForm::Ndjson => lines(schema, body, rules, &mut rows)?,
        BulkForm::Array => array(schema, body, rules, &mut rows)?,
        BulkForm::Csv => table(schema, body, rules, &mut rows)?,
    }
    Ok(rows.found)
}

struct Rows {
    found: Vec<BulkRow>,
    told: usize,
}

impl Rows {
    fn push(&mut self, line: u64, row: Result<Record, Vec<FieldFault>>) -> Result<(), BulkFault> {
        if self.found.len() >= MAX_ROWS {
            return Err(BulkFault::TooManyRows);
        }
        self.found.push(row.map_err(|mut faults| {
            faults.truncate(MAX_TOLD.saturating_sub(self.told).max(1));
            self.told += faults.len();
            Faulty { line, faults }
        }));
        Ok(())
    }
}

fn lines(schema: &Schema, body: &[u8], rules: &Rules, rows: &mut Rows) -> Result<(), BulkFault> {
    for (line, number) in body.split(|byte| *byte == b'\n').zip(1..) {
        if !line.iter().all(u8::is_ascii_whitespace) {
            rows.push(number, validate::record(schema, line, rules))?;
        }
    }
    Ok(())
}

fn array(schema: &Schema, body: &[u8], rules: &Rules, rows: &mut Rows) -> Result<(), BulkFault> {
    let scanner = Scanner::new(body).map_err(BulkFault::Unreadable)?;
    // The array itself is one level more.
    let mut scanner = scanner.with_max_depth(MAX_DEPTH + 1);
    if scanner.kind().map_err(BulkFault::Unreadable)? != Kind::Array {
        return Err(BulkFault::Unreadable("the body is no JSON array of records".to_owned()));
    }
    scanner.enter().map_err(BulkFault::Unreadable)?;
    let (mut line, mut counted) = (1, 0);
    let mut is_first = true;
    while scanner.next_item(is_first, b']').map_err(BulkFault::Unreadable)? {
        is_first = false;
        let start = scanner.position();
        scanner.skip().map_err(BulkFault::Unreadable)?;
        let between = body.get(counted..start).unwrap_or_default();
        line += memchr::memchr_iter(b'\n', between).count() as u64;
        counted = start;
        rows.push(line, validate::record(schema, scanner.slice(start).as_bytes(), rules))?;
    }
    scanner.end().map_err(BulkFault::Unreadable)
}

fn table(schema: &Schema, body: &[u8], rules: &Rules, rows: &mut Rows) -> Result<(), BulkFault> {
    let header =
        Header::read(body, Some(b',')).map_err(|error| BulkFault::Unreadable(error.to_string()))?;
    let table = Table::of(schema, &header.columns, rules).map_err(BulkFault::Unreadable)?;
    let mut rest = body.get(header.bytes as usize..).unwrap_or_default();
    let mut splitter = RowSplitter::new(header.delimiter, LINE_BYTES);
    let mut scanner = RowScanner::after(&header);
    while !rest.is_empty() {
        let split = match splitter.feed(rest) {
            Split::More => splitter.finish(rest),
            split => split,
        };
        match split {
            Split::More => break,
            Split::Rows(bytes) => {
                let (block, behind) = rest.split_at(bytes);
                rest = behind;
                let mut block = scanner.rows(block);
                while let Some(row) = block.next_row() {
                    rows.push(row.line, table.record(&row))?;
                }
            }
            Split::Bad { bytes, fault, .. } => {
                let (bad, behind) = rest.split_at(bytes);
                rest = behind;
                rows.push(scanner.line(), Err(vec![malformed(fault.to_string(), bad)]))?;
                let lines = memchr::memchr_iter(b'\n', bad).count();
                scanner.skip(bytes as u64, lines as u64);
            }
        }
    }
    Ok(())
}

/// Rows of a CSV file whose header is known: what a flow reads of a file.
#[derive(Debug)]
pub struct CsvRows<'a> {
    delimiter: u8,
    table: Result<Table<'a>, String>,
}

/// A row's place in its block, and what it is.
pub type PlacedRow = (Range<usize>, Result<Record, Vec<FieldFault>>);

impl<'a> CsvRows<'a> {
    pub fn new(schema: &'a Schema, shape: &CsvShape, rules: &'a Rules) -> Self {
        Self { delimiter: shape.delimiter, table: Table::of(schema, &shape.columns, rules) }
    }

    /// The rows of a block of whole rows.
    pub fn read(&self, block: &[u8]) -> Vec<PlacedRow> {
        let mut scanner = RowScanner::new(self.delimiter);
        let mut rows = scanner.rows(block);
        let mut found = Vec::new();
        while let Some(row) = rows.next_row() {
            let record = match &self.table {
                Ok(table) => table.record(&row),
                Err(reason) => Err(vec![malformed(reason.clone(), b"")]),
            };
            found.push((row.raw.clone(), record));
        }
        found
    }
}

/// What a CSV header says.
#[derive(Debug)]
struct Table<'a> {
    schema: &'a Schema,
    rules: &'a Rules,
    /// The field of each column; none for one that is passed over.
    fields: Vec<Option<usize>>,
}

impl<'a> Table<'a> {
    /// Fails with everything that is wrong with the names.
    fn of(schema: &'a Schema, columns: &[String], rules: &'a Rules) -> Result<Self, String> {
        let fields: Vec<Option<usize>> = columns.iter().map(|name| schema.position(name)).collect();
        let unknown: Vec<String> = columns
            .iter()
            .zip(&fields)
            .filter(|(_, field)| field.is_none() && !rules.ignores_unknown)
            .take(validate::MAX_FAULTS)
            .map(|(name, _)| unknown(schema, name))
            .collect();
        if unknown.is_empty() {
            Ok(Self { schema, rules, fields })
        } else {
            Err(unknown.join("; "))
        }
    }

    fn record(&self, row: &Row<'_>) -> Result<Record, Vec<FieldFault>> {
        if row.width() != self.fields.len() {
            return Err(vec![malformed(ragged(row.width(), self.fields.len()), b"")]);
        }
        let mut given = vec![Given::Nothing; self.schema.fields.len()];
        let mut faults = Vec::new();
        for (field, cell) in self.fields.iter().zip(row.cells()) {
            let Some(position) = field.filter(|_| !cell.is_empty()) else { continue };
            let field = &self.schema.fields[position];
            given[position] = match value(&field.kind, cell) {
                Ok(value) => Given::Value(value),
                Err(kind) => {
                    let input = Some(input::of_text(&String::from_utf8_lossy(cell)));
                    faults.push(FieldFault { field: field.name.clone(), kind, input });
                    Given::Broken
                }
            };
        }
        match validate::complete(self.schema, given, self.rules) {
            Ok(record) => Ok(record),
            Err(more) => {
                faults.extend(more);
                Err(validate::sorted(self.schema, faults))
            }
        }
    }
}

fn value(kind: &FieldKind, cell: &[u8]) -> Result<Value, FaultKind> {
    match std::str::from_utf8(cell) {
        Ok(text) => parse::value(kind, text),
        Err(_) => Err(FaultKind::Malformed("is not UTF-8".to_owned())),
    }
}

fn unknown(schema: &Schema, name: &str) -> String {
    let names = schema.fields.iter().map(|field| field.name.as_str());
    let shown = input::beginning(name);
    match nearest(&shown, names) {
        Some(near) => format!("the column `{shown}` is no field; did you mean `{near}`?"),
        None => format!("the column `{shown}` is no field"),
    }
}

/// A fault of the row as a whole.
fn malformed(reason: String, raw: &[u8]) -> FieldFault {
    let shown = raw.get(..raw.len().min(400)).unwrap_or_default();
    let input = (!raw.is_empty()).then(|| input::of_text(&String::from_utf8_lossy(shown)));
    FieldFault { field: String::new(), kind: FaultKind::Malformed(reason), input }
}
