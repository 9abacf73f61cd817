//! Takes blocks of rows and hands each cell to its column; bad rows are counted, not guessed at.

use std::collections::HashMap;

use super::column::Column;
use super::json_lines;
use super::model::{BadRow, BadRows, SourceFacts, Summary};
use super::value::Origin;
use crate::formats::csv::{Header, RowScanner, ragged};

/// Version of the form of a summary.
const SUMMARY_VERSION: u32 = 1;

/// What a summary should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many bad rows are described; all are counted.
    pub bad_rows_described: usize,
    /// Different fields of JSON records; a row with yet another one is bad.
    pub most_columns: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { bad_rows_described: 5, most_columns: 1_000 }
    }
}

/// A summary in the making. Blocks hold whole rows; how the input is cut into them changes nothing.
#[derive(Debug)]
pub struct Summariser {
    options: Options,
    scanner: RowScanner,
    columns: Vec<Column>,
    /// Places of JSON fields in `columns`.
    fields: HashMap<String, usize>,
    rows: u64,
    bad_rows: BadRows,
}

impl Summariser {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            scanner: RowScanner::new(b','),
            columns: Vec::new(),
            fields: HashMap::new(),
            rows: 0,
            bad_rows: BadRows::default(),
        }
    }

    /// Names the columns; needed once before the first block of CSV.
    pub fn csv_header(&mut self, header: &Header) {
        let width = header.columns.len();
        self.columns = header.columns.iter().map(|name| Column::new(name.clone(), width)).collect();
        self.scanner = RowScanner::after(header);
    }

    /// Adds rows of CSV that follow those already added.
    pub fn push_csv(&mut self, block: &[u8]) {
        let Self { options, scanner, columns, rows, bad_rows, .. } = self;
        let mut block_rows = scanner.rows(block);
        while let Some(row) = block_rows.next_row() {
            if row.width() != columns.len() {
                let reason = ragged(row.width(), columns.len());
                describe(bad_rows, options, (row.line, row.byte), reason);
                continue;
            }
            *rows += 1;
            for (column, cell) in columns.iter_mut().zip(row.cells()) {
                if !cell.is_empty() {
                    column.add(cell, Origin::Csv);
                }
            }
        }
    }

    /// Adds JSON objects, one a line, that follow those already added. Nested values are text.
    pub fn push_json_lines(&mut self, block: &[u8]) {
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            let place = (self.scanner.line(), self.scanner.byte());
            self.scanner.skip(line.len() as u64, 1);
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            if let Err(reason) = self.push_json(text) {
                describe(&mut self.bad_rows, &self.options, place, reason);
            }
        }
    }

    fn push_json(&mut self, text: &[u8]) -> Result<(), String> {
        let fields = json_lines::fields(text)?;
        let mut places = Vec::with_capacity(fields.len());
        let known = self.columns.len();
        for (index, field) in fields.iter().enumerate() {
            let place = self.place(&field.name, index);
            if places.contains(&place) {
                self.forget_columns(known);
                return Err(format!("record has the field `{}` twice", field.name));
            }
            if place >= self.options.most_columns {
                self.forget_columns(known);
                return Err(format!(
                    "record has a new field after {} different ones",
                    self.options.most_columns
                ));
            }
            places.push(place);
        }
        self.rows += 1;
        for (place, field) in places.iter().zip(&fields) {
            if let Some(origin) = field.origin {
                self.columns[*place].add(field.value.as_bytes(), origin);
            }
        }
        Ok(())
    }

    /// Records mostly have their fields in one order, so that the map is rarely asked.
    fn place(&mut self, name: &str, likely: usize) -> usize {
        if self.columns.get(likely).is_some_and(|column| column.name() == name) {
            return likely;
        }
        if let Some(place) = self.fields.get(name) {
            return *place;
        }
        let place = self.columns.len();
        self.fields.insert(name.to_owned(), place);
        self.columns.push(Column::new(name.to_owned(), place + 1));
        place
    }

    /// Takes back the columns a bad record brought.
    fn forget_columns(&mut self, known: usize) {
        self.columns.truncate(known);
        self.fields.retain(|_, place| *place < known);
    }

    /// Counts a row that never became part of a block, at the place the next block would start.
    pub fn skip_bad_row(&mut self, bytes: u64, lines: u64, reason: String) {
        let place = (self.scanner.line(), self.scanner.byte());
        self.scanner.skip(bytes, lines);
        describe(&mut self.bad_rows, &self.options, place, reason);
    }

    /// The summary of everything added.
    pub fn finish(self, source: SourceFacts) -> Summary {
        let rows = self.rows;
        Summary {
            summary_version: SUMMARY_VERSION,
            source,
            rows,
            bad_rows: self.bad_rows,
            metadata_check: None,
            columns: self.columns.into_iter().map(|column| column.finish(rows)).collect(),
        }
    }
}

fn describe(bad: &mut BadRows, options: &Options, (line, byte): (u64, u64), reason: String) {
    bad.count += 1;
    if bad.first.len() < options.bad_rows_described {
        bad.first.push(BadRow { line, byte, reason });
    }
}

impl Summary {
    /// Indented JSON with a newline at its end; a number too large for a 64-bit float is `null`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}
