//! `file` into `http`: what waits is sent although the process is killed again and again.

use crate::support::{Harness, Peer, Reply, until};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// Records that wait.
const RECORDS: u64 = 20_000;

/// Records of one batch: it has 4 KiB, a record 16 bytes and a line feed.
const BATCH: usize = 4096 / 17;

/// What a kill may let come again: batches that were taken together because the first one left room.
const GROUP: usize = 2 * BATCH;

/// Records after which a life ends: one group at least has its checkpoint then.
const LIFE: usize = 3 * BATCH;

#[test]
fn a_flow_that_never_lives_for_long_sends_everything() {
    let counted = Arc::new(AtomicUsize::new(0));
    let of_life = Arc::clone(&counted);
    let peer = Peer::start(move |_| {
        of_life.fetch_add(1, SeqCst);
        // Nobody lives longer, however late the kill comes.
        while of_life.load(SeqCst) > LIFE {
            std::thread::sleep(Duration::from_millis(1));
        }
        Reply::json("{}")
    });
    let harness = Harness::new(&format!(
        "stack: crash
services:
  flow:
    source: {{ file: waiting.ndjson }}
    sink: {{ http: \"{}\" }}
",
        peer.address
    ));
    let mut waiting = String::new();
    for id in 0..RECORDS {
        writeln!(waiting, "{{\"id\":{:>9}}}", id + 1_000_000).unwrap();
    }
    std::fs::write(harness.path("waiting.ndjson"), waiting).unwrap();
    let mut kills = 0;
    loop {
        let mut process = harness.start();
        let has_ended = until("a life comes to its end", || {
            let has_ended = process.has_ended();
            (has_ended || counted.load(SeqCst) > LIFE).then_some(has_ended)
        });
        if has_ended {
            break;
        }
        process.kill();
        counted.store(0, SeqCst);
        kills += 1;
        assert!(kills < 1_000, "after {kills} kills there is no end in sight");
    }
    let asked = peer.asked();
    let seen: BTreeSet<&str> = asked.iter().map(|asked| asked.body.as_str()).collect();
    assert_eq!(seen.len() as u64, RECORDS, "records are missing");
    let again = asked.len() - seen.len();
    assert!(again <= kills * GROUP, "{again} records came again after {kills} kills");
    assert!(kills > 3, "it ended after {kills} kills: that proves nothing");
}
