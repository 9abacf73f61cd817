//! Recordings as CSV: `recorded_at`, a column for each field of the file's first record, `other_fields` and `read_to`.
//!
//! A row stands on one line and gives its record back with every value as it was: a cell that is JSON is that value,
//! any other is a text, and an empty one is no field. So a text that looks like JSON is written as a JSON string, and
//! nested values as JSON. Fields without a column stand in `other_fields` as an object; what is no object, as itself.

use super::csv::RowScanner;
use super::json::{Kind, RawText, Scanner};
use super::recording::{Mark, Owned, moment};
use serde::de::IgnoredAny;
use std::borrow::Cow;

const TIME: &str = "recorded_at";
const OTHERS: &str = "other_fields";
const MARK: &str = "read_to";

/// The header of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Of the records alone.
    names: Vec<String>,
    /// Or is it another file of CSV with a time in one of its columns?
    is_recording: bool,
}

/// A field's name and its value as it is written.
type Field<'a> = (Cow<'a, str>, &'a str);

impl Columns {
    /// For a file that begins with this record.
    pub fn of(record: &[u8]) -> Self {
        let is_column = |name: &str| {
            !name.is_empty() && ![TIME, OTHERS, MARK].contains(&name) && !name.contains(is_control)
        };
        let names = fields(record).unwrap_or_default().into_iter();
        let names = names.map(|(name, _)| name.into_owned()).filter(|name| is_column(name));
        Self { names: names.collect(), is_recording: true }
    }

    /// Of a file that is there.
    pub fn read(header: &[u8]) -> Result<Self, String> {
        let mut names: Vec<String> = cells(header)
            .into_iter()
            .map(|cell| String::from_utf8(cell).map_err(|_| "the header is no UTF-8".to_owned()))
            .collect::<Result<_, _>>()?;
        let is_recording = names.len() >= 3
            && names.first().is_some_and(|name| name == TIME)
            && names.ends_with(&[OTHERS.to_owned(), MARK.to_owned()]);
        if is_recording {
            names.truncate(names.len() - 2);
            names.remove(0);
        }
        Ok(Self { names, is_recording })
    }

    pub fn write_header(&self, out: &mut Vec<u8>) {
        let first = std::iter::once(TIME).chain(self.names.iter().map(String::as_str));
        for name in first.chain([OTHERS]) {
            write_cell(name, out);
            out.push(b',');
        }
        out.extend_from_slice(MARK.as_bytes());
        out.push(b'\n');
    }

    pub fn write_row(
        &self,
        time: &str,
        record: &[u8],
        mark: Option<(&str, u64)>,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(time.as_bytes());
        out.push(b',');
        let found = fields(record);
        let of = |name: &String| found.iter().flatten().find(|(other, _)| other == name);
        for name in &self.names {
            if let Some((_, value)) = of(name) {
                write_cell(&cell_of(value), out);
            }
            out.push(b',');
        }
        match &found {
            None => write_cell(&String::from_utf8_lossy(record), out),
            Some(found) => {
                let is_other = |(name, _): &&Field| !self.names.iter().any(|column| column == name);
                let others: Vec<&Field> = found.iter().filter(is_other).collect();
                if !others.is_empty() || found.is_empty() {
                    write_cell(&object(others.into_iter()), out);
                }
            }
        }
        out.push(b',');
        if let Some((partition, offset)) = mark {
            write_cell(&serde_json::json!([partition, offset]).to_string(), out);
        }
        out.push(b'\n');
    }

    /// The record of a row; in other files its time stands in the column `time_field`.
    pub fn read_row(&self, row: &[u8], time_field: &str) -> Result<Owned, String> {
        let mut cells = cells(row).into_iter();
        let width = self.names.len() + if self.is_recording { 3 } else { 0 };
        if cells.len() != width {
            return Err(format!("the row has {} cells, its header {width}", cells.len()));
        }
        let text =
            |cell: Vec<u8>| String::from_utf8(cell).map_err(|_| "the row is no UTF-8".to_owned());
        let mut time = None;
        if self.is_recording {
            time = cells.next().map(text).transpose()?;
        }
        let mut found = Vec::with_capacity(self.names.len());
        for (name, cell) in self.names.iter().zip(&mut cells) {
            let cell = text(cell)?;
            if !self.is_recording && name == time_field {
                time = Some(cell.clone());
            }
            if !cell.is_empty() {
                found.push((name.as_str(), value_of(cell)));
            }
        }
        let others = if self.is_recording { cells.next().map(text).transpose()? } else { None };
        let others = others.unwrap_or_default();
        let time = time.ok_or_else(|| format!("no column is called `{time_field}`"))?;
        let record = if found.is_empty() && !others.is_empty() {
            others
        } else {
            let more = fields(others.as_bytes()).unwrap_or_default();
            let known = found.iter().map(|(name, value)| (Cow::Borrowed(*name), value.as_str()));
            let all: Vec<Field> = known.chain(more).collect();
            object(all.iter())
        };
        Ok(Owned { time_ms: moment(&time)?, record: record.into_bytes() })
    }
}

/// Where the batch ends that this row is the last one of.
pub fn mark_of_row(row: &[u8]) -> Option<Mark> {
    serde_json::from_slice(&cells(row).pop()?).ok()
}

fn cells(row: &[u8]) -> Vec<Vec<u8>> {
    let mut scanner = RowScanner::new(b',');
    let mut rows = scanner.rows(row);
    rows.next_row().map(|row| row.cells().map(<[u8]>::to_vec).collect()).unwrap_or_default()
}

/// The fields of an object; nothing of what is none, or of one with two fields of a name.
fn fields(record: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut scanner = Scanner::new(record).ok()?;
    if scanner.kind().ok()? != Kind::Object {
        return None;
    }
    scanner.enter().ok()?;
    let mut found: Vec<Field> = Vec::new();
    while scanner.next_item(found.is_empty(), b'}').ok()? {
        let name = scanner.key().ok()?.decode_exactly()?;
        scanner.kind().ok()?;
        let start = scanner.position();
        scanner.skip().ok()?;
        if found.iter().any(|(other, _)| *other == name) {
            return None;
        }
        found.push((name, scanner.slice(start)));
    }
    Some(found)
}

fn object<'a>(fields: impl Iterator<Item = &'a Field<'a>>) -> String {
    let field = |(name, value): &Field| format!("{}:{value}", serde_json::json!(name));
    format!("{{{}}}", fields.map(field).collect::<Vec<_>>().join(","))
}

/// A value as a cell has it.
fn cell_of(value: &str) -> Cow<'_, str> {
    if !value.starts_with('"') {
        return value.into();
    }
    match RawText::of_value(value).decode_exactly() {
        Some(text) if !text.is_empty() && !text.contains(is_control) && !is_json(&text) => text,
        _ => value.into(),
    }
}

/// The value that a cell stands for.
fn value_of(cell: String) -> String {
    if is_json(&cell) { cell } else { serde_json::Value::String(cell).to_string() }
}

fn is_json(text: &str) -> bool {
    let first = text.trim_start().as_bytes().first();
    first.is_some_and(|byte| b"{[\"-0123456789tfn".contains(byte))
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Line feeds above all: a row is one line.
fn is_control(letter: char) -> bool {
    letter.is_control()
}

fn write_cell(text: &str, out: &mut Vec<u8>) {
    if !text.contains(['"', ',', '\n', '\r']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-01-01T00:00:00.250Z";

    fn written(records: &[&str]) -> Vec<String> {
        let columns = Columns::of(records[0].as_bytes());
        let mut out = Vec::new();
        columns.write_header(&mut out);
        for record in records {
            columns.write_row(AT, record.as_bytes(), Some(("in \"x\"", 9)), &mut out);
        }
        let out = String::from_utf8(out).unwrap();
        out.strip_suffix('\n').unwrap().split('\n').map(str::to_owned).collect()
    }

    #[test]
    fn a_row_is_what_one_expects_of_csv() {
        let lines = written(&[
            r#"{"id":1,"name":"Ann, \"the\" first","tags":["a",{"b":1.50}],"ok":true,"no":null}"#,
            r#"{"name":"5","id":"x\ny","more":7}"#,
            "[1]",
        ]);
        let mark = r#""[""in \""x\"""",9]""#;
        assert_eq!(lines[0], "recorded_at,id,name,tags,ok,no,other_fields,read_to");
        assert_eq!(
            lines[1],
            format!(r#"{AT},1,"Ann, ""the"" first","[""a"",{{""b"":1.50}}]",true,null,,{mark}"#)
        );
        let second = format!(r#"{AT},"""x\ny""","""5""",,,,"{{""more"":7}}",{mark}"#);
        assert_eq!(lines[2], second);
        assert_eq!(lines[3], format!("{AT},,,,,,[1],{mark}"));
        assert_eq!(mark_of_row(lines[1].as_bytes()), Some(("in \"x\"".to_owned(), 9)));
        assert_eq!(mark_of_row(lines[0].as_bytes()), None);
        assert_eq!(mark_of_row(b"2026-01-01T00:00:00Z,1,,"), None);
    }

    #[test]
    fn every_record_comes_back_with_its_values() {
        let records = [
            r#"{"id":1,"name":"Ann","recorded_at":"x","":0,"a\nb":1}"#,
            r#"{"id":"1","name":""}"#,
            r#"{"id":"null","name":" 5"}"#,
            r#"{"id":null,"name":"\u0000\r\n"}"#,
            r#"{"id":-1.50e3,"name":"{\"a\":1}"}"#,
            r#"{"id":{"a": [1, 2]},"name":"\ud800","é,":"\"quoted\""}"#,
            r#"{"id":1,"id":2}"#,
            r#"{"other":[]}"#,
            "{}",
            "7",
            "\"text, \\\"x\\\"\"",
            "[{\"id\":1}]",
        ];
        let lines = written(&records);
        let columns = Columns::read(lines[0].as_bytes()).unwrap();
        assert_eq!(columns, Columns::of(records[0].as_bytes()));
        for (record, line) in records.iter().zip(&lines[1..]) {
            let read = columns.read_row(line.as_bytes(), "time").unwrap();
            assert_eq!(read.time_ms, 1_767_225_600_250);
            assert_eq!(String::from_utf8(read.record).unwrap(), *record, "{line}");
        }
    }

    #[test]
    fn other_files_have_their_time_in_a_column() {
        let columns = Columns::read(b"at,v,note").unwrap();
        let read = columns.read_row(b"2026-01-01T00:00:00Z,5,\"a,b\"", "at").unwrap();
        assert_eq!(read.time_ms, 1_767_225_600_000);
        let record = br#"{"at":"2026-01-01T00:00:00Z","v":5,"note":"a,b"}"#;
        assert_eq!(read.record, record);
        let error = |row: &[u8], field| columns.read_row(row, field).unwrap_err();
        assert!(error(b"2026-01-01T00:00:00Z,5,", "time").contains("no column is called `time`"));
        assert!(error(b"noon,5,", "at").contains("`noon`"));
        assert!(error(b"5,6", "at").contains("has 2 cells, its header 3"));
        assert!(error(b"\xFF,5,", "at").contains("UTF-8"));
    }
}
