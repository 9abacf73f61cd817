//! What the appender, the readers and the trimmer of one journal share: which segments there are, and up to
//! which sequence number everything is durable.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cursor::Limit;
use super::error::JournalError;
use super::segment::{self, Header};
use crate::core::disk::{Disk, DiskError, DiskLock, remove_if_there};
use crate::core::time::now;

/// One call removes no more segments than this; the next call goes on.
const SEGMENTS_PER_TRIM: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// Tells a segment from one that took its name.
    pub(super) id: u64,
    pub(super) header: Header,
    /// Up to here it is known to hold durable frames.
    pub(super) end: u64,
}

/// A place to read next.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) segment: Segment,
    pub(super) limit: Limit,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) directory: PathBuf,
    segments: Mutex<VecDeque<Segment>>,
    /// Everything below this sequence number is durable.
    durable: AtomicU64,
    wakes: Mutex<u64>,
    changed: Condvar,
    trimming: Mutex<()>,
    /// Held as long as anyone uses the journal, so that no second one is opened on the same directory.
    _lock: Box<dyn DiskLock>,
}

impl Shared {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        directory: PathBuf,
        lock: Box<dyn DiskLock>,
        segments: VecDeque<Segment>,
        durable: u64,
    ) -> Self {
        Self {
            disk,
            directory,
            segments: Mutex::new(segments),
            durable: AtomicU64::new(durable),
            wakes: Mutex::new(0),
            changed: Condvar::new(),
            trimming: Mutex::new(()),
            _lock: lock,
        }
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Tells everyone that the last segment is durable up to `end`, and everything below `durable` with it.
    pub(super) fn publish(&self, end: u64, durable: u64) {
        if let Some(last) = self.segments().back_mut() {
            last.end = end;
        }
        self.durable.store(durable, Ordering::Release);
        // Taking the lock once lets no reader fall asleep between its look at the number and its wait.
        drop(self.wakes());
        self.changed.notify_all();
    }

    /// Adds a segment. One of the same name held no durable frame and is gone.
    pub(super) fn add(&self, segment: Segment) {
        let mut segments = self.segments();
        if segments.back().is_some_and(|last| last.header.first == segment.header.first) {
            segments.pop_back();
        }
        segments.push_back(segment);
    }

    /// What a new segment with this first sequence number says comes before it.
    pub(super) fn previous_of(&self, first: u64) -> u64 {
        let segments = self.segments();
        match segments.back() {
            Some(last) if last.header.first == first => last.header.previous,
            Some(last) => last.header.first,
            None => 0,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.segments().iter().map(|segment| segment.end).sum()
    }

    /// The segment that holds the frame `next`, or else the first one after it, and how far it may be read.
    pub(super) fn place(&self, next: u64) -> Option<Place> {
        // Before the list: what is durable by then is in the list, too.
        let durable = self.durable();
        let segments = self.segments();
        let after = segments.partition_point(|segment| segment.header.first <= next);
        let index = after.saturating_sub(1);
        let segment = segments.get(index)?.clone();
        let following =
            segments.get(index + 1).map_or(u64::MAX, |following| following.header.first);
        let limit = Limit { sequence: following.min(durable), offset: segment.end };
        (next.max(segment.header.first) < limit.sequence).then_some(Place { segment, limit })
    }

    /// Removes whole segments of which no frame above `upto` is left, the oldest first. The directory is synced
    /// after each, so that a power cut can never bring back an older one and not a newer one.
    pub(super) fn trim(&self, upto: u64) -> Result<usize, DiskError> {
        let _one_at_a_time = self.trimming.lock().unwrap_or_else(PoisonError::into_inner);
        for removed in 0..SEGMENTS_PER_TRIM {
            let Some(oldest) = self.take_oldest(upto) else { return Ok(removed) };
            let path = segment::path_of(&self.directory, oldest.header.first);
            let gone = remove_if_there(&*self.disk, &path)
                .and_then(|()| self.disk.sync_dir(&self.directory));
            if let Err(error) = gone {
                self.segments().push_front(oldest);
                return Err(error);
            }
        }
        Ok(SEGMENTS_PER_TRIM)
    }

    /// The first frame of the last two segments: the newest may hold none yet.
    pub(super) fn tail(&self) -> u64 {
        let segments = self.segments();
        let tail = segments.len().saturating_sub(2);
        segments.get(tail).map_or(1, |segment| segment.header.first)
    }

    /// The newest segment that holds a frame is never taken: its name keeps the count of the sequence numbers, and
    /// its frames the newest note.
    fn take_oldest(&self, upto: u64) -> Option<Segment> {
        let mut segments = self.segments();
        let following = segments.get(1)?;
        let holds_none = following.header.first >= self.durable();
        if holds_none || following.header.first > upto.saturating_add(1) {
            return None;
        }
        segments.pop_front()
    }

    pub(super) fn wake(&self) {
        *self.wakes() += 1;
        self.changed.notify_all();
    }

    /// How often the readers were woken; a reader that has seen fewer does not wait.
    pub(super) fn wakes(&self) -> MutexGuard<'_, u64> {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until frame `next` is durable, or somebody wakes the readers, or time is up.
    pub(super) fn wait(&self, next: u64, seen: &mut u64, time_out: Duration) -> bool {
        let until = now() + time_out;
        let mut wakes = self.wakes();
        loop {
            if self.durable() > next {
                return true;
            }
            let left = until.saturating_duration_since(now());
            if left.is_zero() || *wakes != *seen {
                *seen = *wakes;
                return false;
            }
            let waited = self.changed.wait_timeout(wakes, left);
            wakes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn segments(&self) -> MutexGuard<'_, VecDeque<Segment>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets any thread free what was delivered.
#[derive(Debug, Clone)]
pub struct JournalTrimmer {
    pub(super) shared: Arc<Shared>,
}

impl JournalTrimmer {
    /// Removes the segments that hold no frame above `upto`, and says how many. A bounded number per call.
    pub fn trim(&self, upto: u64) -> Result<usize, JournalError> {
        self.shared.trim(upto).map_err(JournalError::Disk)
    }
}

/// Lets any thread end the waiting of all readers, for example to stop.
#[derive(Debug, Clone)]
pub struct JournalWaker {
    pub(super) shared: Arc<Shared>,
}

impl JournalWaker {
    pub fn wake(&self) {
        self.shared.wake();
    }
}
