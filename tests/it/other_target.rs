//! The stack file names another target while records are under way: nothing that stands there already is cut off,
//! and what was acknowledged is in one of the targets, once.

use crate::support::{Harness, PATIENCE, eventually, free_port, post, read, read_lines, sequence};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Lines that somebody else has written.
fn of_others(path: &Path) -> String {
    let mut text = String::new();
    for number in 0..2000 {
        writeln!(text, "{{\"other\":{number}}}").unwrap();
    }
    std::fs::write(path, &text).unwrap();
    text
}

#[test]
fn a_file_that_a_flow_is_given_later_keeps_what_is_in_it() {
    let port = free_port();
    let stack = |path: &str| {
        format!(
            "stack: s
services:
  take:
    source: {{ http_listen: {{ listen: {port} }} }}
    sink: {{ append_file: {path} }}
"
        )
    };
    let harness = Harness::new(&stack("a.ndjson"));
    let others = of_others(&harness.path("b.ndjson"));
    let mut process = harness.start();
    let address = process.address("take");
    let (stop, next, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::default());
    std::thread::scope(|scope| {
        let stopping = Stopping(&stop);
        for _ in 0..3 {
            scope.spawn(|| send(&address, &stop, &next, &acknowledged));
        }
        for turn in 0..6 {
            let path = if turn % 2 == 0 { "b.ndjson" } else { "a.ndjson" };
            let before = read(&harness.path(path)).len();
            harness.write_stack(&stack(path));
            process.signal("HUP");
            eventually("the other file grows", || read(&harness.path(path)).len() > before + 2000);
            if turn == 3 {
                // What a crash leaves behind the first writes into another file is no one else's.
                process.kill();
                process = harness.start();
                process.address("take");
            }
        }
        drop(stopping);
    });
    process.stop();
    assert!(
        read(&harness.path("b.ndjson")).starts_with(others.as_bytes()),
        "lines of others are gone"
    );
    let mut stored = sequence(&read_lines(&harness.path("a.ndjson")), "id");
    let of_both = read_lines(&harness.path("b.ndjson"));
    stored.extend(sequence(&of_both[2000..], "id"));
    let different: BTreeSet<u64> = stored.iter().copied().collect();
    let acknowledged: BTreeSet<u64> = acknowledged.into_inner().unwrap();
    let lost: Vec<&u64> = acknowledged.difference(&different).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    // One that was under way in the moment of the kill was sent again by a sender who got no answer.
    assert!(stored.len() <= different.len() + 3, "stored twice");
}

#[test]
fn a_file_that_is_renamed_or_removed_while_it_is_written_is_begun_anew() {
    let harness = Harness::new(
        "stack: s
services:
  take:
    source: { http_listen: { listen: 0 } }
    sink: { append_file: out/a.ndjson }
",
    );
    let mut process = harness.start();
    let address = process.address("take");
    let (stop, next, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::default());
    let path = harness.path("out/a.ndjson");
    let is_growing = || eventually("the file grows", || read(&path).len() > 2000);
    // What stands in a removed file may be gone, but nothing that was sent afterwards.
    let (mut renamed, mut removed) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let stopping = Stopping(&stop);
        for _ in 0..3 {
            scope.spawn(|| send(&address, &stop, &next, &acknowledged));
        }
        for turn in 0..12 {
            is_growing();
            let other = harness.path(&format!("other-{turn}"));
            match turn % 4 {
                0 | 2 => {
                    std::fs::rename(&path, &other).unwrap();
                    renamed.push(other);
                }
                1 => {
                    std::fs::rename(harness.path("out"), &other).unwrap();
                    renamed.push(other.join("a.ndjson"));
                }
                _ => {
                    let file = std::fs::File::open(&path).unwrap();
                    std::fs::remove_file(&path).unwrap();
                    removed.push((file, next.load(Relaxed)));
                }
            }
        }
        is_growing();
        drop(stopping);
    });
    process.stop();
    renamed.push(path);
    let lines: Vec<String> = renamed.iter().flat_map(|path| read_lines(path)).collect();
    let stored = sequence(&lines, "id");
    let different: BTreeSet<u64> = stored.iter().copied().collect();
    assert_eq!(stored.len(), different.len(), "stored twice");
    let of_removed: BTreeSet<u64> =
        removed.iter().flat_map(|(file, begun)| lines_of(file, *begun)).collect();
    let acknowledged = acknowledged.into_inner().unwrap();
    let lost = acknowledged.iter().filter(|id| !different.contains(id) && !of_removed.contains(id));
    let lost: Vec<&u64> = lost.collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(process.err.to_end(PATIENCE).contains("renamed or removed by someone else"));
}

/// What stands in a file that has no name any more, of records that were sent before it was removed.
fn lines_of(mut file: &std::fs::File, begun: u64) -> Vec<u64> {
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    sequence(&lines, "id").into_iter().filter(|id| *id < begun).collect()
}

/// Ends the senders, also when the test fails: its threads are waited for.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Posts one record after the other until told to stop; a record that is not acknowledged is sent again.
fn send(address: &str, stop: &AtomicBool, next: &AtomicU64, acknowledged: &Mutex<BTreeSet<u64>>) {
    while !stop.load(Relaxed) {
        let id = next.fetch_add(1, Relaxed);
        while !post(address, &format!("{{\"id\":{id}}}")).is_ok_and(|answer| answer.status == 200) {
            if stop.load(Relaxed) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        acknowledged.lock().unwrap().insert(id);
    }
}

fn maker(name: &str, sink: &str) -> String {
    format!(
        "stack: s
seed: 7
services:
  {name}:
    source: {{ generate: {{ every: 1ms, count: 10, limit: 200, record: {{ id: sequence }} }} }}
    sink: {{ {sink} }}
"
    )
}

fn runs_to_its_end(harness: &Harness) {
    let mut process = harness.start();
    let (status, _) = process.wait(PATIENCE);
    assert!(status.success(), "{}", process.err.to_end(PATIENCE));
}

/// The lines of all datasets, without their headers.
fn rows(directory: &Path) -> usize {
    let files = std::fs::read_dir(directory).unwrap().flatten();
    let data = files.filter(|it| it.file_name().to_str().unwrap().starts_with("data_"));
    data.map(|it| read_lines(&it.path()).len() - 1).sum()
}

#[test]
fn datasets_of_another_flow_are_not_taken_for_what_is_delivered() {
    let harness = Harness::new(&maker("first", "dataset: out"));
    runs_to_its_end(&harness);
    harness.write_stack(&maker("second", "dataset: out"));
    runs_to_its_end(&harness);
    assert_eq!(rows(&harness.path("out")), 400);
    // Nor when the flow has been elsewhere before.
    harness.write_stack(&maker("third", "dataset: elsewhere").replace("limit: 200", "limit: 50"));
    runs_to_its_end(&harness);
    harness.write_stack(&maker("third", "dataset: out"));
    runs_to_its_end(&harness);
    assert_eq!(rows(&harness.path("elsewhere")) + rows(&harness.path("out")), 600);
}

#[test]
fn a_recording_that_is_there_already_keeps_what_is_in_it() {
    let recorded = |name: &str, tape: &str| {
        maker(name, "append_file: out.ndjson") + &format!("    record: {{ path: {tape} }}\n")
    };
    let harness = Harness::new(&recorded("first", "tape.ndjson"));
    runs_to_its_end(&harness);
    let first = read(&harness.path("tape.ndjson"));
    harness.write_stack(&recorded("second", "other.ndjson").replace("limit: 200", "limit: 50"));
    runs_to_its_end(&harness);
    harness.write_stack(&recorded("second", "tape.ndjson"));
    runs_to_its_end(&harness);
    let both = read(&harness.path("tape.ndjson"));
    assert!(both.starts_with(&first), "what was recorded before is gone");
    assert_eq!(read_lines(&harness.path("tape.ndjson")).len(), 350);
}

#[test]
fn a_recording_is_not_begun_over_something_else() {
    let stack = maker("flow", "append_file: out.ndjson") + "    record: { path: others.ndjson }\n";
    let harness = Harness::new(&stack);
    let others = of_others(&harness.path("others.ndjson"));
    let mut process = harness.start();
    process.says("is no recording");
    process.kill();
    assert!(read(&harness.path("others.ndjson")) == others.as_bytes());
}
