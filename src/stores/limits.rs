//! Every bound of the stores, with its reason.

use std::time::Duration;

/// Writes that may wait for a store; then callers are told that it is busy. At a thousand writes a second this is
/// already more than anybody waits for.
pub const WAITING_WRITES: usize = 16_384;

/// Reads that may wait for one kind of reader.
pub const WAITING_READS: usize = 16_384;

/// Bytes of a page that is read at once, on the thread of a server: other connections wait meanwhile.
pub const BYTES_NOW: usize = 32 * 1024;

/// How long a request may wait in a queue before it is told that the store is too slow.
pub const WAIT: Duration = Duration::from_secs(5);

/// Writes that share one commit, unless a single group is larger: bounds how long the first of them waits.
pub const COMMIT_WRITES: usize = 2_048;

/// Records looked up in one go.
pub const GETS_TOGETHER: usize = 256;

/// Changes that a store's log keeps; a follower that is further behind reads the whole resource anew.
pub const CHANGES_KEPT: u64 = 100_000;

/// Changes and records of one answer, whatever is asked for: bounds the memory of one answer.
pub const ANSWER_RECORDS: usize = 10_000;

/// How long an idempotency key is known.
pub const IDEMPOTENCY_LIFE: Duration = Duration::from_hours(24);

/// Idempotency keys that are known at once; beyond, the oldest are forgotten first. A key with a small record takes
/// some 200 bytes of disk.
pub const IDEMPOTENCY_KEPT: u64 = 1_000_000;

/// How long one list or count may run before it is broken off.
pub const SCAN_TIME: Duration = Duration::from_secs(10);
