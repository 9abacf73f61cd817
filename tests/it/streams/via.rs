//! `via:` in a stack file: a flow in two halves with a real stream between them, and workers that divide it.

use crate::nats_server::Nats;
use crate::support::{Harness, Peer, Reply, count_lines, eventually, read_lines, sequence};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const RECORDS: u64 = 30_000;
/// Longer than anybody waits for the end of a test.
const PATIENCE: Duration = Duration::from_mins(5);

fn input(harness: &Harness) {
    let mut text = String::new();
    for id in 0..RECORDS {
        writeln!(text, "{{\"id\":{id}}}").unwrap();
    }
    std::fs::write(harness.path("in.ndjson"), text).unwrap();
}

#[test]
fn a_flow_goes_through_a_stream_and_loses_nothing_when_it_is_killed() {
    let server = Nats::start();
    let harness = Harness::new(&format!(
        "stack: s
via: {}
services:
  copy:
    source: {{ file: in.ndjson }}
    sink: {{ append_file: \"out-{{replica}}.ndjson\" }}
    scale: 3
",
        server.url()
    ));
    input(&harness);
    assert_eq!(harness.guarantee("copy-in"), "exactly-once");
    assert_eq!(harness.guarantee("copy-out"), "at-least-once");
    let files = || (1..=3).map(|number| harness.path(&format!("out-{number}.ndjson")));
    let stored = || files().map(|file| count_lines(&file)).sum::<u64>();
    for turn in 1..=3 {
        let mut process = harness.start();
        eventually("some of it is there", || stored() >= turn * RECORDS / 5);
        process.kill();
    }
    let mut process = harness.start();
    let all = || {
        let lines: Vec<String> = files().flat_map(|file| read_lines(&file)).collect();
        sequence(&lines, "id")
    };
    eventually("enough lines are there", || stored() >= RECORDS);
    eventually("all is there", || {
        all().into_iter().collect::<BTreeSet<u64>>().len() == RECORDS as usize
    });
    process.stop();
    let (lines, distinct) = (all().len(), all().into_iter().collect::<BTreeSet<u64>>());
    assert_eq!(distinct, (0..RECORDS).collect());
    eprintln!("{} of {RECORDS} came twice over three kills", lines as u64 - RECORDS);
    for file in files() {
        assert!(count_lines(&file) > 0, "{} has no share", file.display());
    }
}

/// How fast that is beside one worker says row 24 of the bench; here five are seen at work at once.
#[test]
fn five_workers_are_at_a_slow_target_side_by_side() {
    let server = Nats::start();
    let (at_work, together) = (Arc::new(Mutex::new(0_u32)), Arc::new(Condvar::new()));
    let slow = {
        let (at_work, together) = (Arc::clone(&at_work), Arc::clone(&together));
        Peer::start(move |_| {
            // Answers nobody until five wait here, or for so long that they never will.
            let mut count = at_work.lock().unwrap();
            *count += 1;
            together.notify_all();
            let waiting = together.wait_timeout_while(count, PATIENCE, |count| *count < 5);
            drop(waiting.unwrap());
            Reply::status(200)
        })
    };
    let harness = Harness::new(&format!(
        "stack: s
via: {}
services:
  send:
    source: {{ file: in.ndjson }}
    sink: {{ http: {{ url: \"{}\", timeout: 5m }} }}
    scale: 5
",
        server.url(),
        slow.address
    ));
    input(&harness);
    let process = harness.start();
    eventually("five requests wait at once", || *at_work.lock().unwrap() >= 5);
    drop(process);
}
