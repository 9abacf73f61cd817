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

use std::sync::atomic::{AtomicU16, Ordering::SeqCst};
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

/// A port that stays free until it is listened on: from below those that the system gives to whoever connects.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let number = u32::from(NEXT.fetch_add(1, SeqCst)) + std::process::id() * 97;
        let port = (15_000 + number % 15_000) as u16;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
