//! `http_listen` into a file and into another server: what was acknowledged is there.

use super::Kills;
use super::senders::{Known, Senders};
use crate::support::{Harness, Peer, Process, Reply, eventually, read_lines, sequence};
use headwater::testing::random::Random;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

fn stack(sink: &str) -> String {
    format!(
        "stack: crash
services:
  take:
    source: {{ http_listen: {{ listen: 0 }} }}
    sink: {{ {sink} }}
"
    )
}

/// Clients send while the process is killed again and again; then they finish with one that stays.
/// `pause`: between two lots of a client, for a sink that is slow.
fn send_through_kills(shape: &'static str, harness: &Harness, pause: Duration) -> (Known, Process) {
    let mut kills = Kills::of(shape);
    let senders = Senders::default();
    let process = std::thread::scope(|scope| {
        for client in 0..3 {
            let (random, senders) = (Random::new(kills.random.number()), &senders);
            scope.spawn(move || senders.send(client, pause, random));
        }
        let arrive = |process: &Process| {
            if let Some(address) = process.address_if("take") {
                senders.move_to(address);
            }
        };
        kills.run(harness, |_| {}, arrive, || senders.acknowledged() as u64);
        let process = harness.start();
        arrive(&process);
        senders.finish();
        process
    });
    let known = senders.known();
    assert!(known.acknowledged.len() > 100, "hardly anything was sent");
    (known, process)
}

fn counts(ids: &[u64]) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    ids.iter().for_each(|id| *counts.entry(*id).or_default() += 1);
    counts
}

#[test]
fn acknowledged_records_are_in_the_file_once_per_acknowledgement() {
    let harness = Harness::new(&stack("append_file: out.ndjson"));
    assert_eq!(harness.guarantee("take"), "exactly-once");
    let (known, mut process) =
        send_through_kills("http_listen -> append_file", &harness, Duration::ZERO);
    let output = harness.path("out.ndjson");
    let stored = || counts(&sequence(&read_lines_so_far(&output), "id"));
    eventually("everything acknowledged is stored", || {
        let stored = stored();
        known.acknowledged.iter().all(|id| stored.contains_key(id))
    });
    process.stop();
    read_lines(&output);
    for (id, count) in stored() {
        let sent = known.sent.get(&id).copied().unwrap_or(0);
        assert!(count <= sent, "record {id} was sent {sent} times and is there {count} times");
    }
}

/// A file that still grows may end in the middle of a line.
fn read_lines_so_far(path: &std::path::Path) -> Vec<String> {
    let text = String::from_utf8(crate::support::read(path)).unwrap();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    text[..whole].lines().map(str::to_owned).collect()
}

#[test]
fn acknowledged_records_reach_the_next_server_at_least_once() {
    let taken = std::sync::Arc::new(Mutex::new(Vec::new()));
    let (seen, random) = (std::sync::Arc::clone(&taken), Mutex::new(Random::new(1)));
    let peer = Peer::start(move |asked| {
        if random.lock().unwrap().chance(3) {
            return Reply::status(500);
        }
        seen.lock().unwrap().push(asked.body.clone());
        Reply::status(204)
    });
    let harness = Harness::new(&stack(&format!("http: \"{}\"", peer.address)));
    assert_eq!(harness.guarantee("take"), "at-least-once");
    let pause = Duration::from_millis(20);
    let (known, mut process) = send_through_kills("http_listen -> http", &harness, pause);
    let delivered = || counts(&sequence(&taken.lock().unwrap(), "id"));
    eventually("everything acknowledged is delivered", || {
        let delivered = delivered();
        known.acknowledged.iter().all(|id| delivered.contains_key(id))
    });
    process.stop();
    let invented = delivered().keys().find(|id| !known.sent.contains_key(id)).copied();
    assert_eq!(invented, None);
}
