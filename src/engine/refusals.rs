//! Records that an intake cannot make sense of, as they wait in the journal for the dead letters.
//!
//! A frame of them begins with a byte with which no JSON begins; what follows is a JSON line for each.

use crate::core::record::Rejected;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

const MARK: u8 = b'!';

#[derive(Serialize, Deserialize)]
struct Line {
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// What is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

pub(super) fn frame(all: &[Rejected]) -> Vec<u8> {
    let mut frame = vec![MARK];
    for one in all {
        let record = std::str::from_utf8(&one.record).ok().map(str::to_owned);
        let base64 = record.is_none().then(|| STANDARD.encode(&one.record));
        let line = Line { reason: one.reason.clone(), record, base64 };
        // Writing texts into memory cannot fail.
        drop(serde_json::to_writer(&mut frame, &line));
        frame.push(b'\n');
    }
    frame
}

/// `None` for a frame of records.
pub(super) fn read(frame: &[u8]) -> Option<Vec<Rejected>> {
    let lines = frame.strip_prefix(&[MARK])?;
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Some(lines.map(rejected).collect())
}

fn rejected(line: &[u8]) -> Rejected {
    let Ok(read) = serde_json::from_slice::<Line>(line) else {
        return Rejected { record: line.to_vec(), reason: "the journal's note is damaged".into() };
    };
    let bytes = read.base64.and_then(|text| STANDARD.decode(text).ok());
    let record = bytes.or(read.record.map(String::into_bytes)).unwrap_or_default();
    Rejected { record, reason: read.reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_bytes_come_back_and_records_are_none() {
        let one = |record: &[u8]| Rejected { record: record.to_vec(), reason: "no JSON".into() };
        let all = vec![one(b"{\"a\n"), one(b"\xff\0"), one(b"")];
        assert_eq!(read(&frame(&all)).unwrap(), all);
        assert_eq!(read(b"{\"a\":1}\n"), None);
    }
}
