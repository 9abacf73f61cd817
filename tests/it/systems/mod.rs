//! The systems by their contract, with clients and producers that are not ours: curl and Python.

mod cached_users;
mod long_list;
mod numbers;
mod originals;
mod random_file;
mod shared_data;
mod simulator;
mod users;
mod view;

use crate::support::{Answer, Harness, Process};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Of a database that lets everybody in; it shall appear nowhere all the same.
const PASSWORD: &str = "secret-of-the-tests";

/// A little more than the second within which a client is told that a store is away, for machines that are loaded.
const SOON: Duration = Duration::from_millis(1500);

/// What the wires give a read and a write at the most.
const READ_DEADLINE: Duration = Duration::from_secs(7);
const WRITE_DEADLINE: Duration = Duration::from_secs(17);

/// An answer, and how long it took.
fn timed(ask: impl FnOnce() -> Answer) -> (Answer, Duration) {
    let start = Instant::now();
    (ask(), start.elapsed())
}

/// An answer holds nothing that is not for clients. Whoever runs the stack is told where the trouble is, and not the
/// password.
#[track_caller]
fn tells_no_secret(answer: &Answer, hosts: &[String]) {
    let text = format!("{}{}", answer.head, answer.body);
    assert!(!text.contains(PASSWORD), "{text}");
    if answer.body.contains("\"services\":") {
        return;
    }
    let traces = ["panicked", "src/", ".rs", "SELECT", "INSERT", "Traceback", "refused"];
    for secret in hosts.iter().map(String::as_str).chain(traces) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// A script beside this file, run by the Python of this machine.
fn python(script: &str, arguments: &[&str]) -> Process {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/it/systems", script].iter().collect();
    Process::start(Command::new("python3").args(["-u", "-B"]).arg(path).args(arguments))
}

/// What curl prints.
fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").arg("-sS").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The producer of a built-in stack, on a free port; `path` is what it answers.
fn producer(harness: &Harness) -> (Process, String) {
    let mut command = harness.up();
    command.args(["--only", "producer", "--port", "producer=0"]);
    let process = Process::start(&mut command);
    let address = process.address("producer");
    (process, address)
}

/// The consumer of a built-in stack.
fn consumer(harness: &Harness, producer: &str, interval: &str) -> Process {
    let mut command = harness.up();
    command.args(["--only", "consumer"]);
    command.env("PRODUCER_URL", producer).env("INTERVAL", interval);
    Process::start(&mut command)
}
