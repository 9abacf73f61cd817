//! Every default limit of the engine and its components, with its reason. The limits of HTTP servers are
//! in `server/limits.rs`.

use std::time::Duration;

/// Bytes that a source puts into one batch: large enough that a sync per batch is cheap, small enough
/// that a whole flow stays below 12 MiB. A sink that commits less at a time gets smaller ones.
pub const BATCH_BYTES: usize = 256 * 1024;

/// Batches that wait between the reading and the writing thread; then the source is slowed down.
pub const QUEUE_BATCHES: usize = 2;

/// Bytes that one commit may cover before it is made: bounds what is written again after a failed sync.
pub const COMMIT_BYTES: usize = 4 * 1024 * 1024;

/// The longest line that a source takes; a longer one becomes a dead letter.
pub const LINE_BYTES: usize = 1024 * 1024;

/// The largest HTTP answer that a poll reads: an endless one must not fill the memory.
pub const ANSWER_BYTES: u64 = 10 * 1024 * 1024;

/// First and longest pause between two tries.
pub const RETRY_FIRST: Duration = Duration::from_millis(100);
pub const RETRY_LONGEST: Duration = Duration::from_secs(30);

/// Workers of one flow that may run with one `--data`: more are a mistake.
pub const SEATS: usize = 64;

/// How long a stopping flow may take to write what it has read.
pub const DRAIN: Duration = Duration::from_secs(8);

/// Disk that a journal may take before senders are told to come back later.
pub const JOURNAL_BYTES: u64 = 1024 * 1024 * 1024;

/// One segment of a journal: more than the largest body together with a group that waited.
pub const JOURNAL_SEGMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Dead letters kept per flow; the oldest half goes when it is full.
pub const DEAD_LETTER_BYTES: u64 = 64 * 1024 * 1024;

/// How much of a record is shown in a message.
pub const SHOWN_BYTES: usize = 120;

/// Time that one jq expression may take for a record before the record is rejected.
pub const EXPRESSION_TIME: Duration = Duration::from_millis(250);

/// Values that one jq expression may make of a record.
pub const EXPRESSION_OUTPUTS: usize = 10_000;
