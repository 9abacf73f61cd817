//! `via:` in a stack file: a flow in two halves with a real stream between them, and workers that divide it.

use crate::nats_server::Nats;
use crate::support::{Harness, Peer, Reply, count_lines, eventually, read_lines, sequence};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const RECORDS: u64 = 30_000;

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

/// Records a second that workers bring to a server that takes 20 ms for each.
fn rate(workers: u32) -> f64 {
    let server = Nats::start();
    let slow = Peer::start(|_| {
        std::thread::sleep(Duration::from_millis(20));
        Reply::status(200)
    });
    let harness = Harness::new(&format!(
        "stack: s
via: {}
services:
  send:
    source: {{ file: in.ndjson }}
    sink: {{ http: \"{}\" }}
    scale: {workers}
",
        server.url(),
        slow.address
    ));
    input(&harness);
    let process = harness.start();
    let came = || slow.asked().len();
    eventually("all workers are at it", || came() > 20 * workers as usize);
    let (begun, before) = (Instant::now(), came());
    eventually("it went on for a while", || begun.elapsed() > Duration::from_secs(4));
    let rate = (came() - before) as f64 / begun.elapsed().as_secs_f64();
    drop(process);
    rate
}

#[test]
fn five_workers_do_the_work_of_five_at_a_slow_target() {
    let (one, five) = (rate(1), rate(5));
    eprintln!("one worker {one:.1}/s, five {five:.1}/s: {:.2} of linear", five / one / 5.0);
    assert!(five / one >= 0.9 * 5.0, "{one} {five}");
}
