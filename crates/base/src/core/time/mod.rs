//! Time: the only door to it, how it is written, and how long things took.

mod clock;
pub mod timed;

pub use clock::{now, rfc3339, rfc3339_now, settled_unix_ms, thread_time, unix_ms};
