//! Every bound of a server, with its reason. Nothing else in this module carries a number that limits a client.

use std::time::Duration;

/// Most header lines a request may carry whatever `Limits` says; it sizes an array on the stack.
pub(crate) const MAX_HEADER_COUNT: usize = 128;
/// First size of a connection's read buffer: a usual request fits, thousands of idle connections stay cheap.
pub(crate) const READ_BUFFER: usize = 4 * 1024;
/// A streamed body is handed on in pieces of at most this size.
pub(crate) const BODY_PIECE: usize = 64 * 1024;
/// Answers of pipelined requests are flushed when this much has gathered, so a flood cannot grow memory.
pub(crate) const WRITE_BATCH: usize = 64 * 1024;
/// Buffers that grew beyond this are given back after the answer.
pub(crate) const KEPT_BUFFER: usize = 32 * 1024;
/// An unread body up to this size is read and thrown away to save the connection; a larger one closes it.
pub(crate) const DISCARD_LIMIT: u64 = 64 * 1024;
/// How long and how much is read after a refusal, so that the refusal is not lost to a connection reset.
pub(crate) const LINGER_TIME: Duration = Duration::from_secs(2);
pub(crate) const LINGER_BYTES: usize = 1024 * 1024;
/// How many refused connections may linger at a time; those beyond are dropped without an answer.
pub(crate) const LINGERING_REFUSALS: usize = 64;
/// Beyond its first `body_time` a body must have come at this rate; without it a drip of bytes could last for years.
pub(crate) const BODY_BYTES_PER_SECOND: u64 = 1024;
/// After the hard stop, how long is waited for handlers that block their thread.
pub(crate) const HARD_STOP_TIME: Duration = Duration::from_secs(1);
/// Pieces of a streamed request body that may wait for the handler.
pub(crate) const BODY_QUEUE: usize = 2;
/// Connections the kernel may hold until they are accepted.
pub(crate) const BACKLOG: i32 = 1024;
/// Pause after a failed accept (mostly: out of file descriptors), so that the error cannot spin.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What `Retry-After` says when all connections are taken.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;

/// What one server grants its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Request line and headers together: room for large cookies; 431 (or 414) beyond.
    pub header_bytes: usize,
    /// Header lines: far above what browsers send; 431 beyond, never more than 128.
    pub header_count: usize,
    /// From the first byte of a request to the end of its headers: ends slowloris; 408 beyond.
    pub header_time: Duration,
    /// A request body: bounds memory for each connection; 413 beyond.
    pub body_bytes: u64,
    /// The longest a body may pause; after as long it must also keep a least rate; 408 beyond.
    pub body_time: Duration,
    /// A connection without a request: longer than usual polling, so that pollers keep theirs.
    pub idle_time: Duration,
    /// Open connections of this server: bounds memory and file descriptors; 503 beyond.
    pub connections: usize,
    /// The longest a client may take none of the answer's bytes: ends slow readers.
    pub write_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 16 * 1024,
            header_count: 100,
            header_time: Duration::from_secs(10),
            body_bytes: 10 * 1024 * 1024,
            body_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(75),
            connections: 4096,
            write_time: Duration::from_secs(30),
        }
    }
}
