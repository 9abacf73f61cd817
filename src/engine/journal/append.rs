//! The journal and its appender: one write, one sync, and only then an answer.

use std::path::Path;
use std::sync::Arc;

use super::error::JournalError;
use super::frame;
use super::reader::JournalReader;
use super::recovery::{self, Recovered};
use super::segment::{self, FRAMES_AT, Header, SEGMENT_BYTES_MAX, SEQUENCE_LIMIT};
use super::shared::{JournalTrimmer, JournalWaker, Segment, Shared};
use crate::core::disk::{Disk, DiskError, DiskFile};
use crate::core::finding::Finding;

/// The memory for encoding that is kept between appends.
const BUFFER_KEPT: usize = 1024 * 1024;
/// Findings that wait to be taken; a disk that fails all the time must not fill the memory.
const FINDINGS_KEPT: usize = 32;

/// The bounds of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalOptions {
    /// A segment holds no more, so an append can be no larger. At most 256 MiB.
    pub segment_bytes: u64,
    /// All segments together; at least two segments, or a journal could never go on to a new one.
    pub bytes_max: u64,
    /// A segment grows by this much, filled with zeros, so that most syncs write no metadata.
    pub allocation_bytes: u64,
    /// The flow's checkpoint: everything up to this sequence number is delivered. The journal never gives out a
    /// number at or below it, even when its files are gone.
    pub delivered: u64,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 8 * 1024 * 1024,
            bytes_max: 1024 * 1024 * 1024,
            allocation_bytes: 1024 * 1024,
            delivered: 0,
        }
    }
}

/// The sequence numbers that an append was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendedRange {
    pub first: u64,
    pub count: u64,
}

impl AppendedRange {
    /// The last sequence number; that before the first when nothing was appended.
    pub fn last(&self) -> u64 {
        self.first + self.count - 1
    }
}

/// The one appender of a journal.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    options: JournalOptions,
    /// The segment that is written. Absent when the last one is sealed and no new one could be made yet: what is
    /// sealed is never written again, because the name of the next segment may be on the disk already.
    active: Option<Active>,
    next: u64,
    segments_made: u64,
    buffer: Vec<u8>,
    findings: Vec<Finding>,
}

/// The segment that is written.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) file: Box<dyn DiskFile>,
    pub(super) key: u32,
    /// The durable frames end here.
    pub(super) used: u64,
    /// Zeros reach to here.
    pub(super) allocated: u64,
}

impl Active {
    fn commit(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_at(bytes, self.used)?;
        self.file.sync()?;
        self.used += bytes.len() as u64;
        Ok(())
    }

    /// Puts zeros under the next bytes. Their own sync finds a full disk before any frame is at stake.
    fn allocate(&mut self, to: u64) -> Result<(), DiskError> {
        if to <= self.allocated {
            return Ok(());
        }
        self.file.allocate(self.allocated, to)?;
        self.file.sync()?;
        self.allocated = to;
        Ok(())
    }
}

impl Journal {
    /// Opens the journal in a directory, puts in order what a crash left, and says what it found.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        mut options: JournalOptions,
    ) -> Result<(Self, Vec<Finding>), JournalError> {
        options.segment_bytes = options.segment_bytes.min(SEGMENT_BYTES_MAX);
        options.delivered = options.delivered.min(SEQUENCE_LIMIT);
        disk.create_dir_all(directory).map_err(JournalError::Disk)?;
        let lock = disk.lock(&directory.join("lock")).map_err(JournalError::Disk)?;
        let recovered = recovery::recover(&*disk, directory, options.delivered)?;
        let Recovered { segments, next, active, findings } = recovered;
        let segments_made = segments.len() as u64;
        let shared = Shared::new(disk, directory.to_path_buf(), lock, segments, next);
        let mut journal = Self {
            shared: Arc::new(shared),
            options,
            active,
            next,
            segments_made,
            buffer: Vec::new(),
            findings: Vec::new(),
        };
        if journal.active.is_none() {
            // The name of the new segment also keeps the numbers that were skipped.
            let made = journal.make_segment(0);
            journal.active = Some(made.map_err(|error| journal.error(error))?);
        }
        Ok((journal, findings))
    }

    /// Appends all frames or none. When this returns without an error they are durable, and only then may anyone
    /// be told so. After an error the same frames may be appended again.
    pub fn append(&mut self, frames: &[&[u8]]) -> Result<AppendedRange, JournalError> {
        let bytes = frames.iter().map(|frame| (frame::HEADER + frame.len()) as u64).sum();
        let limit = self.options.segment_bytes.saturating_sub(FRAMES_AT);
        if bytes > limit {
            let path = self.shared.directory.clone();
            return Err(JournalError::TooLarge { path, bytes, limit });
        }
        let range = AppendedRange { first: self.next, count: frames.len() as u64 };
        if frames.is_empty() {
            return Ok(range);
        }
        self.check_bound(bytes)?;
        let written = match self.write(frames, bytes) {
            // The failed segment is sealed; the frames have a second chance in a new one.
            Err(error) if !error.is_full() => self.write(frames, bytes),
            written => written,
        };
        written.map_err(|error| self.error(error))?;
        Ok(range)
    }

    /// A reader that begins with frame `from`; where that frame is gone or lost, with the next one there is.
    pub fn reader(&self, from: u64) -> JournalReader {
        JournalReader::new(Arc::clone(&self.shared), from)
    }

    /// From this frame on the newest segment that holds any, and the one before it, can be read.
    pub fn tail(&self) -> u64 {
        self.shared.tail()
    }

    /// Removes the segments that hold no frame above `upto`, and says how many. A bounded number per call.
    pub fn trim(&self, upto: u64) -> Result<usize, JournalError> {
        self.shared.trim(upto).map_err(JournalError::Disk)
    }

    pub fn trimmer(&self) -> JournalTrimmer {
        JournalTrimmer { shared: Arc::clone(&self.shared) }
    }

    pub fn waker(&self) -> JournalWaker {
        JournalWaker { shared: Arc::clone(&self.shared) }
    }

    /// The sequence number that the next frame will get; everything below it is durable.
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// What the segments hold, for the map and for knowing how near the bound is.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes()
    }

    /// What was found while appending: segments that were given up after an error.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    fn check_bound(&self, bytes: u64) -> Result<(), JournalError> {
        let bytes_max = self.options.bytes_max.max(2 * self.options.segment_bytes);
        if self.shared.bytes() + FRAMES_AT + bytes <= bytes_max {
            return Ok(());
        }
        Err(JournalError::Full { path: self.shared.directory.clone(), bytes_max: Some(bytes_max) })
    }

    fn write(&mut self, frames: &[&[u8]], bytes: u64) -> Result<(), DiskError> {
        let mut active = self.segment_with_room(bytes)?;
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT);
        for (place, payload) in frames.iter().enumerate() {
            let sequence = self.next + place as u64;
            frame::encode(active.key, sequence, place as u32, payload, &mut self.buffer);
        }
        assert_eq!(self.buffer.len() as u64, bytes, "the room was made for exactly these bytes");
        if let Err(error) = active.commit(&self.buffer) {
            self.give_up(active, &error);
            return Err(error);
        }
        self.next += frames.len() as u64;
        self.shared.publish(active.used, self.next);
        self.active = Some(active);
        Ok(())
    }

    /// The active segment if the bytes fit into it, with zeros where they will go, or else a new one.
    fn segment_with_room(&mut self, bytes: u64) -> Result<Active, DiskError> {
        let Some(mut active) = self.active.take() else { return self.make_segment(bytes) };
        let end = active.used + bytes;
        if end > self.options.segment_bytes {
            // Gives back the zeros at the end. Readers know where the frames end, so a failure costs only room.
            drop(active.file.truncate(active.used));
            return self.make_segment(bytes);
        }
        match active.allocate(self.allocation_for(end)) {
            Ok(()) => Ok(active),
            Err(error) if error.is_full() => {
                // Only zeros were at stake, beyond the durable frames: the segment is as good as before.
                self.active = Some(active);
                Err(error)
            }
            Err(error) => {
                self.give_up(active, &error);
                Err(error)
            }
        }
    }

    fn allocation_for(&self, end: u64) -> u64 {
        let step = self.options.allocation_bytes.max(1);
        end.next_multiple_of(step).min(self.options.segment_bytes).max(end)
    }

    fn make_segment(&mut self, bytes: u64) -> Result<Active, DiskError> {
        let header = Header::new(self.next, self.shared.previous_of(self.next));
        let allocated = self.allocation_for(FRAMES_AT + bytes);
        let file = segment::create(&*self.shared.disk, &self.shared.directory, &header, allocated)?;
        self.segments_made += 1;
        self.shared.add(Segment { id: self.segments_made, header, end: FRAMES_AT });
        Ok(Active { file, key: header.key(), used: FRAMES_AT, allocated })
    }

    /// Seals a segment after an error. A second sync that succeeds would prove nothing, so nothing is written to
    /// it any more; what it holds beyond its durable end is superseded by the name of the next segment.
    fn give_up(&mut self, mut active: Active, error: &DiskError) {
        drop(active.file.truncate(active.used));
        if self.findings.len() < FINDINGS_KEPT {
            let what = format!("a segment was given up at its durable end: {error}");
            let finding =
                Finding::notice(error.path(), what).done("appending goes on in a new segment");
            self.findings
                .push(finding.remedy("look at the health of the disk if this comes again"));
        }
    }

    fn error(&self, error: DiskError) -> JournalError {
        JournalError::of_disk(error, &self.shared.directory)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.wake();
    }
}
