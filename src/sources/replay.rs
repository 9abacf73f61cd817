//! `replay`: plays a recording, at its own pace or another, and may go on with what is recorded from then on.

use crate::clients::pieces;
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::disk::{Disk, DiskError};
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay as Again, SourceKind};
use crate::core::limits::{LINE_BYTES, SHOWN_BYTES};
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::source::{Read, Source};
use crate::core::time::{now, rfc3339, unix_ms};
use crate::core::wait::Wait;
use crate::formats::recording::{Owned, Pace, Speed, read_line};
use crate::formats::recording_rows::Columns;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "replay",
        summary: "Plays a recording, at its own pace or another.",
        details: "\
A recording is what `record:` of a flow wrote, with its parts, packed or not; or any NDJSON or CSV file whose \
records have a time in a field. Records come with the pauses that they had, so many times as fast, or without \
any. What stands in the fields `shift` is moved by as much as the recording lies back. The position is kept: \
after a restart it goes on where it was, with that record due at once. A file that still grows can be followed: \
then it goes on live.",
        options: &[
            Opt::required("path", Shape::Path, "The recording."),
            Opt::with_default(
                "speed",
                Shape::Speed,
                "original",
                "How fast: as it was, without any pause, or so many times as fast.",
            ),
            Opt::optional("longest_gap", Shape::Duration, "Longer pauses are made this long."),
            Opt::optional("shift", Shape::Names, "Fields with a time that is moved to now."),
            Opt::with_default(
                "time",
                Shape::Text,
                "time",
                "The field with the time, in other files.",
            ),
            Opt::with_default(
                "then",
                Shape::Choice(&["end", "follow"]),
                "end",
                "What comes behind the last record: the end, or what is recorded from then on.",
            ),
        ],
        main: Some("path"),
        example: "replay: { path: recordings/readings.ndjson, speed: 10 }",
    },
    replay: Again::Again,
    build,
};

/// How often a followed recording is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What is read of a file at once.
const PIECE: usize = 64 * 1024;

fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let speed = Speed::parse(options.text("speed")).map_err(Fault::stop)?;
    Ok(BuiltSource::Read(Box::new(Replay {
        disk: Arc::clone(&context.disk),
        path: options.path("path"),
        time_field: options.text("time").to_owned(),
        shift: options.names("shift").to_vec(),
        is_followed: options.text("then") == "follow",
        pace: Pace::new(speed, options.duration_if("longest_gap")),
        is_paced: speed != Speed::Max,
        batch_bytes: context.batch_bytes(),
        partition: "recording".into(),
        at: At::default(),
        played: 0,
        is_csv: is_csv(&options.path("path")),
        longest: if is_csv(&options.path("path")) { 3 * LINE_BYTES } else { LINE_BYTES },
        columns: None,
        start: None,
        open: None,
        half: 0,
        waiting: None,
    })))
}

/// By its name, also when it is packed.
fn is_csv(path: &Path) -> bool {
    let ending = |path: &Path| path.extension().and_then(|it| it.to_str()).map(str::to_owned);
    match ending(path).as_deref() {
        Some("gz" | "zst") => ending(&path.with_extension("")).as_deref() == Some("csv"),
        ending => ending == Some("csv"),
    }
}

/// A place in a recording: which file of it, by the number that it has as a part, and the byte in there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct At {
    file: u64,
    byte: u64,
}

struct Open {
    input: Box<dyn std::io::Read + Send>,
    pending: Vec<u8>,
    used: usize,
    has_ended: bool,
    /// It is a finished part: nothing will be added.
    is_part: bool,
}

/// A record that is not due yet.
struct Waiting {
    record: Vec<u8>,
    due: Duration,
    /// The place behind it.
    behind: At,
}

struct Replay {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    time_field: String,
    shift: Vec<String>,
    is_followed: bool,
    pace: Pace,
    is_paced: bool,
    batch_bytes: usize,
    partition: Partition,
    /// Behind the last line that was read.
    at: At,
    /// Lines that were delivered: what the position counts, because it only grows.
    played: u64,
    is_csv: bool,
    /// Bytes of a line; quotes make one of CSV longer than its record.
    longest: usize,
    /// The header of the file that is open.
    columns: Option<Columns>,
    /// When the first record was played.
    start: Option<Instant>,
    open: Option<Open>,
    /// Bytes of half a line at the end.
    half: usize,
    waiting: Option<Waiting>,
}

/// What the next line is.
enum Next {
    Line(Vec<u8>),
    TooLong,
    Nothing,
    End,
}

impl Source for Replay {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        let Some(position) = from.position(&self.partition) else { return Ok(()) };
        self.played = position.offset;
        let place = position.note.split_once(':');
        let place = place.and_then(|(file, byte)| Some((file.parse().ok()?, byte.parse().ok()?)));
        let (file, byte) =
            place.ok_or_else(|| Fault::stop("the place in the recording cannot be read"))?;
        self.at = At { file, byte };
        Ok(())
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        let mut records = Records::empty(Encoding::Json);
        let mut rejected = Vec::new();
        let mut behind = None;
        let mut has_ended = false;
        while records.bytes.len() < self.batch_bytes {
            if self.waiting.is_none() {
                match self.prepare(&mut rejected)? {
                    Next::Line(_) | Next::TooLong => {}
                    Next::Nothing => break,
                    Next::End => {
                        has_ended = true;
                        break;
                    }
                }
            }
            let Some(next) = self.waiting.take_if(|next| is_due(self.start, next.due)) else {
                if self.waiting.is_some() {
                    break;
                }
                // A line that could not be read.
                behind = Some(self.at);
                continue;
            };
            records.push_json(&next.record);
            behind = Some(next.behind);
        }
        if let Some(behind) = behind {
            return Ok(Read::Batch(Box::new(self.batch(records, rejected, behind))));
        }
        if has_ended {
            if self.half > 0 {
                let (path, half) = (self.path.display(), self.half);
                tracing::warn!(
                    "{path} ends with {half} bytes that are no whole record; they are not played: is it being written, \
                     or was its writer killed?"
                );
            }
            return Ok(Read::End);
        }
        match (&self.waiting, self.start) {
            (Some(next), Some(start)) => wait.until(start + next.due),
            _ => wait.sleep(LOOK),
        };
        Ok(Read::Idle)
    }
}

fn is_due(start: Option<Instant>, due: Duration) -> bool {
    start.is_none_or(|start| start.elapsed() >= due)
}

impl Replay {
    fn batch(&mut self, records: Records, rejected: Vec<Rejected>, behind: At) -> Batch {
        self.played += records.count + rejected.len() as u64;
        let note = format!("{}:{}", behind.file, behind.byte);
        let position = Position { offset: self.played, note };
        let mut batch = Batch::new(&self.partition, position, records);
        batch.rejected = rejected;
        batch
    }

    /// Reads the next line and says when it is due.
    fn prepare(&mut self, rejected: &mut Vec<Rejected>) -> Result<Next, Fault> {
        let next = self.next_line()?;
        match &next {
            Next::Line(line) => match self.recorded(line) {
                Ok(recorded) => {
                    let due = self.pace.due(recorded.time_ms);
                    let start = *self.start.get_or_insert_with(now);
                    let due = if self.is_paced { due } else { Duration::ZERO };
                    let ahead = due.saturating_sub(start.elapsed());
                    let now_ms = unix_ms() + i64::try_from(ahead.as_millis()).unwrap_or(0);
                    let record = shifted(&recorded.record, &self.shift, now_ms - recorded.time_ms);
                    self.waiting = Some(Waiting { record, due, behind: self.at });
                }
                Err(reason) => {
                    let shown = line.get(..SHOWN_BYTES).unwrap_or(line);
                    rejected.push(Rejected { record: shown.to_vec(), reason });
                }
            },
            Next::TooLong => {
                let reason = format!("the line is longer than {} bytes", self.longest);
                rejected.push(Rejected { record: Vec::new(), reason });
            }
            Next::Nothing | Next::End => {}
        }
        Ok(next)
    }

    fn recorded(&self, line: &[u8]) -> Result<Owned, String> {
        if let Some(columns) = &self.columns {
            return columns.read_row(line, &self.time_field);
        }
        let read = read_line(line, &self.time_field)?;
        Ok(Owned { time_ms: read.time_ms, record: read.record.to_vec() })
    }

    fn next_line(&mut self) -> Result<Next, Fault> {
        let mut is_too_long = false;
        loop {
            if self.open.is_none() && !self.open_file()? {
                return Ok(if self.is_followed { Next::Nothing } else { Next::End });
            }
            let Some(open) = &mut self.open else { return Ok(Next::End) };
            let rest = open.pending.get(open.used..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest) {
                let line = rest.get(..end).unwrap_or_default().to_vec();
                open.used += end + 1;
                self.at.byte += end as u64 + 1;
                if is_too_long {
                    return Ok(Next::TooLong);
                }
                if line.is_empty() {
                    continue;
                }
                return Ok(Next::Line(line));
            }
            if rest.len() > self.longest {
                is_too_long = true;
                self.at.byte += rest.len() as u64;
                open.used = open.pending.len();
            }
            if open.fill()? {
                continue;
            }
            let rest = open.pending.get(open.used..).unwrap_or_default().to_vec();
            let is_part = open.is_part;
            self.open = None;
            if is_part {
                self.at = At { file: self.at.file + 1, byte: 0 };
                continue;
            }
            if self.is_put_aside()? {
                // Between the look at its end and this one more may have been written.
                continue;
            }
            return Ok(match (self.is_followed, is_too_long) {
                (true, _) => Next::Nothing,
                (false, true) => Next::TooLong,
                (false, false) => self.last_line(rest),
            });
        }
    }

    /// What stands behind the last line feed is a record where it can be one: nobody will finish it.
    fn last_line(&mut self, rest: Vec<u8>) -> Next {
        if rest.is_empty() || self.recorded(&rest).is_err() {
            self.half = rest.len();
            return Next::End;
        }
        self.at.byte += rest.len() as u64;
        Next::Line(rest)
    }

    /// Opens the file of the place, at its byte; answers whether there is one.
    fn open_file(&mut self) -> Result<bool, Fault> {
        let parts = match pieces::parts_of(self.disk.as_ref(), &self.path) {
            Err(error) if error.is_missing() => return self.missing(&error).map(|()| false),
            parts => parts?,
        };
        let first = parts.first().map(|(number, _)| *number);
        let current = parts.last().map_or(1, |(number, _)| number + 1);
        if self.at == At::default() {
            self.at.file = first.unwrap_or(current);
        }
        // Parts that are kept no longer are passed over.
        let found = parts.iter().find(|(number, _)| *number >= self.at.file);
        let (number, path, is_part) = match found {
            Some((number, path)) => (*number, path.clone(), true),
            None => (current, self.path.clone(), false),
        };
        if number != self.at.file {
            self.at = At { file: number, byte: 0 };
        }
        let opened = match pieces::open(self.disk.as_ref(), &path) {
            Err(error) if error.is_missing() && !is_part => {
                return self.missing(&error).map(|()| false);
            }
            opened => opened?,
        };
        if self.is_csv {
            let Some((columns, bytes)) = self.header(&path)? else { return Ok(false) };
            self.columns = Some(columns);
            self.at.byte = self.at.byte.max(bytes);
        }
        let Some(input) = pieces::unpacked(&path, opened, self.at.byte)? else {
            return if self.is_followed {
                Ok(false)
            } else {
                let path = path.display();
                Err(Fault::stop(format!("{path} is shorter than when it was played last")))
            };
        };
        let (pending, used, has_ended) = (Vec::new(), 0, false);
        self.open = Some(Open { input, pending, used, has_ended, is_part });
        Ok(true)
    }

    /// The header of a file of CSV and how long it is; nothing while it is not written to its end.
    fn header(&self, path: &Path) -> Result<Option<(Columns, u64)>, Fault> {
        let opened = pieces::open(self.disk.as_ref(), path)?;
        let Some(input) = pieces::unpacked(path, opened, 0)? else { return Ok(None) };
        let (mut line, most) = (Vec::new(), self.longest as u64);
        BufReader::new(input.take(most)).read_until(b'\n', &mut line)?;
        let Some(header) = line.strip_suffix(b"\n") else { return Ok(None) };
        let columns = Columns::read(header.strip_suffix(b"\r").unwrap_or(header));
        let columns = columns.map_err(|what| Fault::stop(format!("{}: {what}", path.display())))?;
        Ok(Some((columns, line.len() as u64)))
    }

    fn missing(&self, error: &DiskError) -> Result<(), Fault> {
        if self.is_followed {
            return Ok(());
        }
        Err(Fault::retry(format!("{error}; it is waited for: create it, or correct `path`")))
    }

    /// Has the file that was the last one become a part since?
    fn is_put_aside(&self) -> Result<bool, Fault> {
        let parts = pieces::parts_of(self.disk.as_ref(), &self.path)?;
        Ok(parts.iter().any(|(number, _)| *number == self.at.file))
    }
}

impl Open {
    /// Reads on; answers whether there was anything.
    fn fill(&mut self) -> Result<bool, Fault> {
        if self.has_ended {
            return Ok(false);
        }
        self.pending.drain(..self.used);
        self.used = 0;
        let start = self.pending.len();
        self.pending.resize(start + PIECE, 0);
        let read = self.input.read(self.pending.get_mut(start..).unwrap_or_default());
        self.pending.truncate(start + read.as_ref().map_or(0, |read| *read));
        self.has_ended = read? == 0;
        Ok(!self.has_ended)
    }
}

/// The record with the times of these fields moved.
fn shifted(record: &[u8], fields: &[String], by_ms: i64) -> Vec<u8> {
    if fields.is_empty() {
        return record.to_vec();
    }
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(record) else {
        return record.to_vec();
    };
    for field in fields {
        let Some(there) = value.get_mut(field) else { continue };
        let moved = match &*there {
            serde_json::Value::String(text) => {
                let time = text.parse::<jiff::Timestamp>().ok();
                time.map(|time| rfc3339(time.as_millisecond().saturating_add(by_ms)).into())
            }
            serde_json::Value::Number(number) => {
                // Seconds since 1970 have ten digits for a long time yet, milliseconds thirteen.
                let number = number.as_i64();
                number.map(|it| {
                    if it < 100_000_000_000 { it + by_ms / 1000 } else { it + by_ms }.into()
                })
            }
            _ => None,
        };
        if let Some(moved) = moved {
            *there = moved;
        }
    }
    value.to_string().into_bytes()
}
