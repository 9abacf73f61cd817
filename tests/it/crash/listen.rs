//! `http_listen` into a file and into another server: what was acknowledged is there.

use super::Kills;
use super::senders::{Known, Senders};
use crate::support::{Harness, Peer, Process, Reply, eventually, read_lines, sequence};
use headwater::testing::random::Random;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

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
fn send_through_kills(
    shape: &'static str,
    harness: &Harness,
    is_ahead: &(dyn Fn(usize) -> bool + Sync),
) -> (Known, Process) {
    let mut kills = Kills::of(shape);
    let senders = Senders::default();
    let process = std::thread::scope(|scope| {
        for client in 0..3 {
            let (random, senders) = (Random::new(kills.random.number()), &senders);
            scope.spawn(move || senders.send(client, is_ahead, random));
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
    for id in ids {
        *counts.entry(*id).or_default() += 1;
    }
    counts
}

#[test]
fn acknowledged_records_are_in_the_file_once_per_acknowledgement() {
    let harness = Harness::new(&stack("append_file: out.ndjson"));
    assert_eq!(harness.guarantee("take"), "exactly-once");
    let (known, mut process) =
        send_through_kills("http_listen -> append_file", &harness, &|_| false);
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
    let delivered = Arc::new(Mutex::new(BTreeMap::new()));
    let (seen, random) = (Arc::clone(&delivered), Mutex::new(Random::new(1)));
    let peer = Peer::start(move |asked| {
        if random.lock().unwrap().chance(3) {
            return Reply::status(500);
        }
        let id = sequence(std::slice::from_ref(&asked.body), "id")[0];
        *seen.lock().unwrap().entry(id).or_insert(0) += 1;
        Reply::status(204)
    });
    let harness = Harness::new(&stack(&format!("http: \"{}\"", peer.address)));
    assert_eq!(harness.guarantee("take"), "at-least-once");
    // A batch of this sink is delivered record by record, and begun anew after each kill: without a bound
    // the backlog would only grow.
    let is_ahead = |acknowledged| acknowledged > delivered.lock().unwrap().len() + 200;
    let (known, mut process) = send_through_kills("http_listen -> http", &harness, &is_ahead);
    eventually("everything acknowledged is delivered", || {
        let delivered = delivered.lock().unwrap();
        known.acknowledged.iter().all(|id| delivered.contains_key(id))
    });
    process.stop();
    let delivered = delivered.lock().unwrap();
    let invented: Vec<(&u64, &u64)> =
        delivered.iter().filter(|(id, _)| !known.sent.contains_key(id)).collect();
    assert!(invented.is_empty(), "nobody sent {invented:?}");
}
