//! `file` into `http`: what waits is sent although the process is killed again and again.

use crate::support::{Harness, Peer, Reply};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

/// Records that wait, and the time that the process is given to send them.
const RECORDS: u64 = 20_000;
const LIFE: Duration = Duration::from_millis(200);

/// Records of one batch: what a kill may let come again. A record is 16 bytes, a batch 4 KiB.
const BATCH: usize = 4096 / 16;

#[test]
fn a_flow_that_never_lives_for_long_sends_everything() {
    let peer = Peer::start(|_| Reply::json("{}"));
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
        std::thread::sleep(LIFE);
        if process.has_ended() {
            break;
        }
        process.kill();
        kills += 1;
        assert!(kills < 1_000, "after {kills} kills there is no end in sight");
    }
    let asked = peer.asked();
    let seen: BTreeSet<&str> = asked.iter().map(|asked| asked.body.as_str()).collect();
    assert_eq!(seen.len() as u64, RECORDS, "records are missing");
    let again = asked.len() - seen.len();
    assert!(again <= kills * BATCH, "{again} records came again after {kills} kills");
    assert!(kills > 3, "it ended after {kills} kills: that proves nothing");
}
