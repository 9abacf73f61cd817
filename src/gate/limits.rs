//! Every bound of a gate that is no option of the stack file, with its reason.

use std::time::Duration;

/// A connect to a replica, and one health check: a replica whose cable is pulled is found out within two seconds, and
/// what was under way there has some of them left to be answered elsewhere.
pub(crate) const CONNECT_TIME: Duration = Duration::from_millis(600);
/// Names are resolved this often: what DNS says changes when replicas come and go, and nobody tells.
pub(crate) const RESOLVE_EVERY: Duration = Duration::from_secs(1);
/// The shortest pause between two looks for replicas, or two checks of one, that failures ask for.
pub(crate) const HURRY: Duration = Duration::from_millis(50);
/// Replicas of one gate: checks and choices look at all of them.
pub(crate) const REPLICAS: usize = 256;
/// Idle connections kept to one replica on each worker thread.
pub(crate) const IDLE_CONNECTIONS: usize = 64;
/// How long one is kept: uvicorn, node and others close theirs after 5 s, and a request that meets the close may not
/// be one that can be repeated.
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(4);
/// A dead peer of a silent stream is found out by the kernel after this much silence, probed every second.
pub(crate) const KEEPALIVE_TIME: Duration = Duration::from_secs(5);
pub(crate) const KEEPALIVE_EVERY: Duration = Duration::from_secs(1);
/// The head of a replica's answer may not be larger than this; also the size of a connection's buffer.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;
/// A body up to this size is read before a replica is asked and kept for another try. A larger one is passed on as it
/// comes and goes to one replica only.
pub(crate) const KEPT_BODY: u64 = 64 * 1024;
/// An answer of known length up to this size is awaited whole, so that half of one can be asked for again.
pub(crate) const KEPT_ANSWER: u64 = 64 * 1024;
/// Pieces of an answer that may wait for the client; each is at most what one read of the socket gave.
pub(crate) const ANSWER_QUEUE: usize = 2;
/// Tries of one request, those that sent nothing included.
pub(crate) const TRIES: usize = 8;
/// Requests may be repeated as long as repeats are at most this share of all, in percent …
pub(crate) const RETRY_PERCENT: i64 = 20;
/// … beyond this reserve: what was on its way to a replica that was killed comes at once.
pub(crate) const RETRY_RESERVE: i64 = 1000;
/// The first and the longest time that a replica is left alone which took requests and did not answer them.
pub(crate) const SUSPENDED_FIRST: Duration = Duration::from_secs(1);
pub(crate) const SUSPENDED_LONGEST: Duration = Duration::from_secs(30);
/// Requests in a row that a replica leaves unanswered before it is suspended.
pub(crate) const SILENCES: u32 = 2;
/// A new replica begins with this share of a full one's load, in thousandths.
pub(crate) const SLOW_START_SHARE: u64 = 100;
/// What `Retry-After` says when there is no replica, or no room.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;
