//! The systems by their contract, with clients and producers that are not ours: curl and Python.

mod cached_users;
mod numbers;
mod originals;
mod random_file;
mod shared_data;
mod simulator;
mod view;

use crate::support::{Harness, Process};
use std::path::PathBuf;
use std::process::Command;

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
