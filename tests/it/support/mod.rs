//! What the tests share: the binary in a directory of its own, its output, clients and peers.

mod certificates;
mod files;
mod harness;
mod http;
mod lines;
mod namespace;
mod peer;
mod process;

pub use certificates::{make_certificates, server_certificate};
pub use files::{Parts, checksum, count_lines, read, read_lines, sequence};
pub use harness::Harness;
pub use http::{Answer, Connection, get, post};
pub use lines::Lines;
pub use namespace::Namespace;
pub use peer::{Asked, Peer, Reply};
pub use process::Process;

use std::time::{Duration, Instant};

/// The longest that anything may take before a test says that it does not happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` holds; fails with `what` when it never does.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Like `eventually`, for a condition that has something to give.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut found = None;
    eventually(what, || {
        found = look();
        found.is_some()
    });
    found.unwrap()
}
