//! A look at what flows: now and then the last record of a group is copied, and nothing ever waits for it.

use crate::core::record::{CsvShape, Encoding, Records};
use crate::core::time::unix_ms;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// How many records are kept, how much of each, and how often one is taken.
const KEPT: usize = 20;
const BYTES: usize = 2048;
const EVERY_MS: i64 = 200;

/// The last records of a flow.
#[derive(Debug, Default)]
pub struct LastRecords {
    taken_at: AtomicI64,
    seen: Mutex<VecDeque<Seen>>,
}

/// One record as it flowed by, or its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Milliseconds since 1970.
    pub at: i64,
    pub bytes: Vec<u8>,
    pub is_cut: bool,
    /// Of a CSV row: its columns.
    pub shape: Option<Arc<CsvShape>>,
}

impl LastRecords {
    /// Called with what was just delivered.
    pub(super) fn look(&self, records: &Records) {
        let at = unix_ms();
        let last = self.taken_at.load(Relaxed);
        // A clock that was set back must not end this for hours.
        if records.is_empty() || (0..EVERY_MS).contains(&at.saturating_sub(last)) {
            return;
        }
        self.taken_at.store(at, Relaxed);
        let whole = records.bytes.strip_suffix(b"\n").unwrap_or(&records.bytes);
        let start = memchr::memrchr(b'\n', whole).map_or(0, |at| at + 1);
        let line = whole.get(start..).unwrap_or_default();
        let kept = line.get(..BYTES).unwrap_or(line);
        let shape = match &records.encoding {
            Encoding::Csv(shape) => Some(Arc::clone(shape)),
            Encoding::Text | Encoding::Json => None,
        };
        let seen = Seen { at, bytes: kept.to_vec(), is_cut: kept.len() < line.len(), shape };
        // Somebody who reads them holds the lock for a moment: then this record is not shown.
        if let Ok(mut all) = self.seen.try_lock() {
            all.push_back(seen);
            let surplus = all.len().saturating_sub(KEPT);
            all.drain(..surplus);
        }
    }

    /// The oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_of_a_group_is_kept_and_a_long_one_is_cut() {
        let last = LastRecords::default();
        last.look(&Records::from_lines(Encoding::Json, b"{\"n\":1}\n{\"n\":2}\n".to_vec()));
        last.taken_at.store(0, Relaxed);
        last.look(&Records::from_lines(Encoding::Text, vec![b'x'; 9999]));
        let seen = last.seen();
        assert_eq!(seen[0].bytes, b"{\"n\":2}");
        assert_eq!((seen[1].bytes.len(), seen[1].is_cut), (BYTES, true));
    }

    #[test]
    fn a_flood_is_looked_at_now_and_then_and_little_is_kept() {
        let last = LastRecords::default();
        let records = Records::from_lines(Encoding::Text, b"a\n".to_vec());
        (0..1000).for_each(|_| last.look(&records));
        assert!(last.seen().len() < 1000);
        for _ in 0..100 {
            last.taken_at.store(0, Relaxed);
            last.look(&records);
        }
        assert_eq!(last.seen().len(), KEPT);
    }
}
