//! Reads the frames of one segment in order and steps over damage. Recovery and readers share it, so both
//! always agree on what is whole.

use super::frame;
use super::segment::{FRAMES_AT, Header};
use crate::core::disk::{DiskError, DiskFile, read_range};

/// How far a cursor may read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// Frames from this sequence number on are not this segment's, whatever it holds.
    pub(super) sequence: u64,
    pub(super) offset: u64,
}

/// Bytes that should have been frames and are not.
#[derive(Debug)]
pub(super) struct Hole {
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
    /// The sequence numbers that are missing: from the first, up to but without the second.
    pub(super) first: u64,
    pub(super) end: u64,
    /// All that is missing belongs to the append that goes on after the hole: an interrupted write looks like this.
    pub(super) within_append: bool,
}

/// Whole frames in order, and the hole before them if there is one.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) bytes: Vec<u8>,
    pub(super) first: u64,
    pub(super) count: u64,
    /// Where the last append that begins in this run begins.
    pub(super) last_append: Option<u64>,
    pub(super) hole: Option<Hole>,
}

#[derive(Debug)]
pub(super) enum Step {
    Frames(Run),
    /// No whole frame follows; what is there instead, without the zeros at its end.
    End {
        junk: Vec<u8>,
    },
}

#[derive(Debug)]
pub(super) struct Cursor {
    file: Box<dyn DiskFile>,
    key: u32,
    offset: u64,
    next: u64,
}

impl Cursor {
    pub(super) fn new(file: Box<dyn DiskFile>, header: &Header) -> Self {
        Self { file, key: header.key(), offset: FRAMES_AT, next: header.first }
    }

    /// Where the next frame begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The sequence number of the next frame.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn into_file(self) -> Box<dyn DiskFile> {
        self.file
    }

    /// Reads the next frames, about `max_bytes` of them and at least one.
    pub(super) fn read(&mut self, limit: Limit, max_bytes: usize) -> Result<Step, DiskError> {
        let mut bytes = self.bytes(limit, max_bytes.max(frame::HEADER))?;
        let claimed = frame::claimed_bytes(&bytes).unwrap_or_default();
        if claimed > bytes.len() as u64 && claimed <= limit.offset.saturating_sub(self.offset) {
            bytes = self.bytes(limit, claimed as usize)?;
        }
        let stretch = frame::stretch(self.key, &bytes, self.next, limit.sequence);
        if stretch.count == 0 {
            return self.step_over_damage(limit, max_bytes);
        }
        bytes.truncate(stretch.bytes);
        let run = Run {
            bytes,
            first: self.next,
            count: stretch.count,
            last_append: stretch.last_append.map(|at| self.offset + at as u64),
            hole: None,
        };
        self.offset += stretch.bytes as u64;
        self.next += stretch.count;
        Ok(Step::Frames(run))
    }

    fn step_over_damage(&mut self, limit: Limit, max_bytes: usize) -> Result<Step, DiskError> {
        let mut rest = self.bytes(limit, usize::MAX)?;
        let Some((at, sequence)) = frame::find(self.key, &rest, self.next, limit.sequence) else {
            let used = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            rest.truncate(used);
            return Ok(Step::End { junk: rest });
        };
        let place =
            rest.get(at..).and_then(|rest| frame::decode(self.key, rest)).map(|it| it.place);
        let within_append = place.is_some_and(|place| u64::from(place) >= sequence - self.next);
        rest.truncate(at);
        let (offset, first) = (self.offset, self.next);
        self.offset += at as u64;
        self.next = sequence;
        let mut step = self.read(limit, max_bytes)?;
        if let Step::Frames(run) = &mut step {
            run.hole = Some(Hole { offset, bytes: rest, first, end: sequence, within_append });
        }
        Ok(step)
    }

    fn bytes(&self, limit: Limit, most: usize) -> Result<Vec<u8>, DiskError> {
        let left = usize::try_from(limit.offset.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        read_range(&*self.file, self.offset, left.min(most))
    }
}
