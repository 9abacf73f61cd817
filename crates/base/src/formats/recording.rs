//! Recordings: lines with the time of a record and the record itself; and when each is due when they are played.
//!
//! `{"time":"2026-01-01T00:00:00.000Z","record":{...}}`; the last line of a batch also says where it ends in its
//! source: `"to":["partition",offset]`.

use serde_json::value::RawValue;
use std::time::Duration;

/// Where a batch ends in its source.
pub type Mark = (String, u64);

/// Appends one line.
pub fn write_line(time: &str, record: &[u8], mark: Option<(&str, u64)>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"time\":\"");
    out.extend_from_slice(time.as_bytes());
    out.extend_from_slice(b"\",\"record\":");
    out.extend_from_slice(record);
    if let Some((partition, offset)) = mark {
        out.extend_from_slice(b",\"to\":");
        out.extend_from_slice(serde_json::json!([partition, offset]).to_string().as_bytes());
    }
    out.extend_from_slice(b"}\n");
}

#[derive(serde::Deserialize)]
struct Line<'a> {
    time: &'a str,
    #[serde(borrow)]
    record: &'a RawValue,
    to: Option<Mark>,
}

/// A line that was read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    pub record: &'a [u8],
}

/// What a row of CSV says: a line that was put together anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    pub time_ms: i64,
    pub record: Vec<u8>,
}

/// A time of a recording, in milliseconds since 1970.
pub fn moment(text: &str) -> Result<i64, String> {
    let time: jiff::Timestamp =
        text.parse().map_err(|_| format!("`{text}` is no time like 2026-01-01T00:00:00Z"))?;
    Ok(time.as_millisecond())
}

/// What a line says; a line of any other file is a record whose time stands in its field `time`.
pub fn read_line<'a>(line: &'a [u8], time_field: &str) -> Result<Recorded<'a>, String> {
    if let Ok(Line { time, record, .. }) = serde_json::from_slice::<Line>(line) {
        return Ok(Recorded { time_ms: moment(time)?, record: record.get().as_bytes() });
    }
    let value: serde_json::Value =
        serde_json::from_slice(line).map_err(|error| format!("the line is not JSON: {error}"))?;
    let time = value.get(time_field).and_then(serde_json::Value::as_str);
    let time = time.ok_or_else(|| format!("the record has no time in `{time_field}`"))?;
    Ok(Recorded { time_ms: moment(time)?, record: line })
}

/// Where the batch ends that this line is the last one of.
pub fn mark_of(line: &[u8]) -> Option<Mark> {
    serde_json::from_slice::<Line>(line).ok()?.to
}

/// How fast a recording is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many times as fast as it was.
    Times(f64),
    /// Without any pause.
    Max,
}

impl Speed {
    /// `original`, `max`, or how many times as fast.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "original" => return Ok(Self::Times(1.0)),
            "max" => return Ok(Self::Max),
            _ => {}
        }
        let number = text.strip_prefix(['x', '×']).unwrap_or(text).trim().parse::<f64>();
        match number {
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => {
                Err(format!("`{text}` is no speed: write original, max, or how many times as fast"))
            }
        }
    }
}

/// When the records of a recording are due, counted from the first.
#[derive(Debug, Clone)]
pub struct Pace {
    speed: Speed,
    /// Longer pauses are made this long.
    longest_gap: Option<Duration>,
    last_ms: Option<i64>,
    /// In microseconds of the recording, with long gaps shortened.
    played: u128,
}

impl Pace {
    pub fn new(speed: Speed, longest_gap: Option<Duration>) -> Self {
        Self { speed, longest_gap, last_ms: None, played: 0 }
    }

    /// When the next record is due. A time that goes back is no pause.
    pub fn due(&mut self, time_ms: i64) -> Duration {
        let last = self.last_ms.unwrap_or(time_ms);
        let gap = u64::try_from(time_ms.saturating_sub(last)).unwrap_or(0);
        let gap = Duration::from_millis(gap);
        let gap = self.longest_gap.map_or(gap, |longest| gap.min(longest));
        self.last_ms = Some(last.max(time_ms));
        self.played += gap.as_micros();
        match self.speed {
            Speed::Max => Duration::ZERO,
            Speed::Times(times) => {
                let micros = self.played as f64 / times;
                Duration::try_from_secs_f64(micros / 1e6).unwrap_or(Duration::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let mut out = Vec::new();
        write_line("2026-01-01T00:00:00.250Z", b"{\"a\": 1.50}", None, &mut out);
        write_line("2026-01-01T00:00:01.000Z", b"7", Some(("in \"x\"", 9)), &mut out);
        let lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').collect();
        let first = read_line(lines[0], "time").unwrap();
        assert_eq!((first.time_ms, first.record), (1_767_225_600_250, b"{\"a\": 1.50}".as_slice()));
        assert_eq!((mark_of(lines[0]), mark_of(lines[1])), (None, Some(("in \"x\"".into(), 9))));
        assert_eq!(read_line(lines[1], "time").unwrap().record, b"7");
    }

    #[test]
    fn other_files_have_their_time_in_a_field() {
        let line = br#"{"at":"2026-01-01T01:00:00+01:00","v":1}"#;
        let read = read_line(line, "at").unwrap();
        assert_eq!((read.time_ms, read.record), (1_767_225_600_000, line.as_slice()));
        assert!(read_line(line, "time").unwrap_err().contains("no time in `time`"));
        assert!(read_line(b"{\"time\":\"noon\"}", "time").unwrap_err().contains("`noon`"));
        assert!(read_line(b"\xFF", "time").unwrap_err().contains("not JSON"));
    }

    #[test]
    fn records_are_due_as_they_came_faster_or_with_shorter_gaps() {
        let times = [1000, 1010, 61_010, 61_000, 61_030];
        let due = |speed, longest| {
            let mut pace = Pace::new(speed, longest);
            times.map(|time| pace.due(time).as_micros())
        };
        assert_eq!(due(Speed::Times(1.0), None), [0, 10_000, 60_010_000, 60_010_000, 60_030_000]);
        assert_eq!(due(Speed::Times(100.0), None), [0, 100, 600_100, 600_100, 600_300]);
        let second = Some(Duration::from_secs(1));
        assert_eq!(due(Speed::Times(1.0), second), [0, 10_000, 1_010_000, 1_010_000, 1_030_000]);
        assert_eq!(due(Speed::Max, None), [0; 5]);
    }

    #[test]
    fn speeds_are_words_and_numbers_above_zero() {
        assert_eq!(Speed::parse("original"), Ok(Speed::Times(1.0)));
        assert_eq!(Speed::parse("x10"), Ok(Speed::Times(10.0)));
        assert_eq!(Speed::parse(" 0.5"), Ok(Speed::Times(0.5)));
        for wrong in ["0", "-1", "fast", "", "inf", "NaN"] {
            assert!(Speed::parse(wrong).is_err(), "{wrong}");
        }
    }
}
