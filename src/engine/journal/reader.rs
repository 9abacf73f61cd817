//! Reads what is durable, in order, from any thread. Damage is stepped over, kept aside and named.

use std::sync::Arc;
use std::time::Duration;

use super::cursor::{Cursor, Hole, Run, Step};
use super::error::JournalError;
use super::frame;
use super::quarantine;
use super::segment;
use super::shared::{Place, Shared};
use crate::core::disk::{Access, DiskError};
use crate::core::finding::Finding;

/// Frames in order, in one piece of memory.
#[derive(Debug)]
pub struct Frames {
    run: Run,
    expected: u64,
    findings: Vec<Finding>,
}

impl Frames {
    /// The sequence number of the first frame.
    pub fn first(&self) -> u64 {
        self.run.first
    }

    /// The sequence number of the last frame. There is no gap between the first and the last.
    pub fn last(&self) -> u64 {
        self.run.first + self.run.count - 1
    }

    pub fn count(&self) -> u64 {
        self.run.count
    }

    /// The sequence numbers that should have come before the first and are nowhere, as (first, last).
    pub fn missing(&self) -> Option<(u64, u64)> {
        (self.run.first > self.expected).then(|| (self.expected, self.run.first - 1))
    }

    /// Damage that was met on the way, each hole once in the life of the journal.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The payloads with their sequence numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut rest = self.run.bytes.as_slice();
        (self.run.first..=self.last()).map_while(move |sequence| {
            let bytes = frame::claimed_bytes(rest)? as usize;
            let (encoded, following) = rest.split_at_checked(bytes)?;
            rest = following;
            Some((sequence, encoded.get(frame::HEADER..)?))
        })
    }
}

/// One reader with a place of its own.
#[derive(Debug)]
pub struct JournalReader {
    shared: Arc<Shared>,
    /// The frame that is looked for next.
    next: u64,
    /// The frame after the last one that was handed out.
    expected: u64,
    open: Option<OpenSegment>,
    findings: Vec<Finding>,
    wakes_seen: u64,
}

#[derive(Debug)]
struct OpenSegment {
    id: u64,
    cursor: Cursor,
}

impl JournalReader {
    pub(super) fn new(shared: Arc<Shared>, from: u64) -> Self {
        // Beyond the end there is nothing to skip to: what is appended next must be read.
        let next = from.min(shared.durable()).max(1);
        let wakes_seen = *shared.wakes();
        Self { shared, next, expected: next, open: None, findings: Vec::new(), wakes_seen }
    }

    /// The next frames, about `max_bytes` of them and at least one; nothing when all that is durable was read.
    pub fn next(&mut self, max_bytes: usize) -> Result<Option<Frames>, JournalError> {
        while let Some(place) = self.shared.place(self.next) {
            let read = match self.read(&place, max_bytes) {
                // Trimmed between looking and opening: then there is another place to look at.
                Err(error) if error.is_missing() && self.moved(&place) => continue,
                read => read.map_err(JournalError::Disk)?,
            };
            if let Some(run) = read {
                self.next = run.first + run.count;
                let expected = std::mem::replace(&mut self.expected, self.next);
                let findings = std::mem::take(&mut self.findings);
                return Ok(Some(Frames { run, expected, findings }));
            }
        }
        Ok(None)
    }

    /// Waits for more to read. False when time is up or when somebody woke the readers, also if that was before
    /// the call.
    pub fn wait(&mut self, time_out: Duration) -> bool {
        self.shared.wait(self.next, &mut self.wakes_seen, time_out)
    }

    fn moved(&self, place: &Place) -> bool {
        self.shared.place(self.next).is_none_or(|now| now.segment.id != place.segment.id)
    }

    /// Reads at a place; nothing when the rest of the place is damaged, and then the reader stands behind it.
    fn read(&mut self, place: &Place, max_bytes: usize) -> Result<Option<Run>, DiskError> {
        let mut open = self.open_segment(place)?;
        let journal = &self.shared.directory;
        let first = place.segment.header.first;
        loop {
            let expected = open.cursor.next();
            match open.cursor.read(place.limit, max_bytes)? {
                Step::Frames(mut run) => {
                    let hole = run.hole.take();
                    let found = hole.and_then(|hole| {
                        quarantine::keep(&*self.shared.disk, journal, first, &hole)
                    });
                    self.findings.extend(found);
                    // A reader that starts within a segment passes over the frames before its start.
                    if run.first + run.count <= self.next {
                        continue;
                    }
                    skip_to(&mut run, self.next);
                    self.open = Some(open);
                    return Ok(Some(run));
                }
                Step::End { junk } => {
                    let (offset, end) = (open.cursor.offset(), place.limit.sequence);
                    let hole =
                        Hole { offset, bytes: junk, first: expected, end, within_append: false };
                    let found = quarantine::keep(&*self.shared.disk, journal, first, &hole);
                    self.findings.extend(found);
                    self.next = place.limit.sequence;
                    return Ok(None);
                }
            }
        }
    }

    fn open_segment(&mut self, place: &Place) -> Result<OpenSegment, DiskError> {
        if let Some(open) = self.open.take().filter(|open| open.id == place.segment.id) {
            return Ok(open);
        }
        let path = segment::path_of(&self.shared.directory, place.segment.header.first);
        let file = self.shared.disk.open(&path, Access::Read)?;
        Ok(OpenSegment { id: place.segment.id, cursor: Cursor::new(file, &place.segment.header) })
    }
}

fn skip_to(run: &mut Run, next: u64) {
    let mut skipped = 0;
    while run.first < next {
        let rest = run.bytes.get(skipped..).unwrap_or_default();
        skipped += frame::claimed_bytes(rest).unwrap_or_default() as usize;
        run.first += 1;
        run.count -= 1;
    }
    run.bytes.drain(..skipped.min(run.bytes.len()));
}
