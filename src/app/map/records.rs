//! Records and dead letters as they may be shown: short, with their secrets masked.

use crate::core::disk::{Access, Disk, read_range};
use crate::engine::Seen;
use crate::engine::letters as kept;
use crate::formats::csv::RowScanner;
use crate::map::node::{Answer, Letter, Letters, Record};
use crate::map::shown;
use serde_json::{Map, Value};
use std::path::Path;

/// Dead letters that a page shows, and how much of their file is read for it.
const LETTERS: usize = 20;
const TAIL: u64 = 256 * 1024;

/// `secrets`: fields that the stack file marks so.
pub(in crate::app) fn record(seen: &Seen, secrets: &[String]) -> Record {
    let text = match &seen.shape {
        Some(shape) => as_object(&seen.bytes, shape.delimiter, &shape.columns),
        None => String::from_utf8_lossy(&seen.bytes).into_owned(),
    };
    let mut text = shown(&text, secrets);
    if seen.is_cut {
        text.push('…');
    }
    Record { at: seen.at, text }
}

/// A CSV row with its columns, so that those with secrets can be masked.
fn as_object(line: &[u8], delimiter: u8, columns: &[String]) -> String {
    let mut block = line.to_vec();
    block.push(b'\n');
    let mut scanner = RowScanner::new(delimiter);
    let mut rows = scanner.rows(&block);
    let Some(row) = rows.next_row() else { return String::new() };
    let cells = row.cells().map(|cell| Value::from(String::from_utf8_lossy(cell).into_owned()));
    let fields: Map<String, Value> = columns.iter().cloned().zip(cells).collect();
    Value::Object(fields).to_string()
}

/// The newest first; of a file that is gone or cannot be read, none.
pub(super) fn letters(
    disk: &dyn Disk,
    (stack, flow): (&Path, &str),
    secrets: &[String],
) -> Letters {
    let directory = &stack.join(flow);
    let tail = |name: &str| -> Option<(Vec<u8>, bool)> {
        let file = disk.open(&directory.join(name), Access::Read).ok()?;
        let bytes = file.bytes().ok()?;
        let start = bytes.saturating_sub(TAIL);
        Some((read_range(file.as_ref(), start, TAIL as usize).ok()?, start > 0))
    };
    let mut found = Letters { flow: flow.to_owned(), ..Letters::default() };
    for name in ["dead-letters.old.ndjson", "dead-letters.ndjson"] {
        let Some((bytes, is_cut)) = tail(name) else { continue };
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        lines.retain(|line| line.ends_with(b"\n"));
        let skip = usize::from(is_cut).min(lines.len());
        let letters: Vec<Letter> =
            lines.into_iter().skip(skip).filter_map(|line| letter(line, secrets)).collect();
        found.kept += letters.len() as u64;
        found.shown.splice(0..0, letters.into_iter().rev());
    }
    found.shown.truncate(LETTERS);
    found.waiting = kept::waiting(disk, directory).map_or(0, |waiting| waiting.len());
    let answers = kept::answers(disk, directory).unwrap_or_default().into_iter().rev();
    found.answers = answers.map(|it| Answer { text: it.to_string(), time: it.done }).collect();
    found
}

fn letter(line: &[u8], secrets: &[String]) -> Option<Letter> {
    let letter: kept::Letter = serde_json::from_slice(line).ok()?;
    // One of an older headwater gets its number when the flow starts.
    let is_numbered = letter.number > 0;
    Some(Letter {
        number: letter.number,
        place: letter.place(),
        tries: letter.tries,
        refusal: letter.replayed_as().err().or((!is_numbered).then_some("start the flow first")),
        text: shown(&letter.record, secrets),
        time: letter.time,
        reason: letter.reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::CsvShape;
    use crate::testing::disk::SimulatedDisk;
    use std::sync::Arc;

    #[test]
    fn a_csv_row_gets_its_columns_so_that_a_secret_one_is_masked() {
        let shape = CsvShape {
            delimiter: b',',
            columns: vec!["id".to_owned(), "token".to_owned()],
            header_bytes: 9,
            header_lines: 1,
        };
        let seen = Seen {
            at: 1,
            bytes: b"7,\"a,b\"".to_vec(),
            is_cut: false,
            shape: Some(Arc::new(shape)),
        };
        assert_eq!(record(&seen, &[]).text, r#"{"id":"7","token":"•••"}"#);
    }

    #[test]
    fn dead_letters_come_with_the_newest_first_and_a_torn_one_is_none() {
        let disk = SimulatedDisk::new(1);
        let line = |at: u32| {
            let record = format!(r#"{{\"n\":{at}}}"#);
            let names = r#""at":"sink","form":"json","partition":"p","offset":1"#;
            format!(
                "{{\"number\":{at},\"time\":\"t{at}\",\"reason\":\"r{at}\",{names},\"record\":\"{record}\"}}\n"
            )
        };
        let directory = Path::new("data/s/f");
        disk.create_dir_all(directory).unwrap();
        let write = |name: &str, text: String| {
            let mut file = disk.open(&directory.join(name), Access::ReadWrite).unwrap();
            file.write_at(text.as_bytes(), 0).unwrap();
        };
        write("dead-letters.old.ndjson", line(1));
        write("dead-letters.ndjson", format!("{}{}{{\"time\":", line(2), line(3)));
        let letters = letters(&disk, (Path::new("data/s"), "f"), &[]);
        let times: Vec<&str> = letters.shown.iter().map(|it| it.time.as_str()).collect();
        assert_eq!((times, letters.kept), (vec!["t3", "t2", "t1"], 3));
        assert_eq!(letters.shown[0].text, "{\"n\":3}");
    }
}
