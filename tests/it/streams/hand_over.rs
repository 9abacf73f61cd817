//! A recording is played and then a stream is read, by one flow: killed at seeded moments, in the hand-over too, every
//! record comes once and in order.

use super::{Harness, arrives, count_lines, eventually, is_whole_and_in_order};
use crate::nats_server::{Nats, pause};
use headwater::testing::random::Random;
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;

const RECORDED: u64 = 2_000;
const STREAMED: u64 = 2_000;

#[test]
fn a_recording_goes_on_live_with_a_stream_although_it_is_killed() {
    let given = std::env::var("HEADWATER_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| u64::from(std::process::id()));
    let mut random = Random::new(seed);
    let nats = Nats::start();
    let mut client = nats.client();
    client.stream("S", &["s.>"], &json!({}));
    let harness = Harness::new(&format!(
        "stack: streams\nservices:\n  plays:\n    source: {{ replay: {{ path: tape.ndjson }} }}\n    \
         then: {{ nats: {{ url: \"{}\", stream: S }} }}\n    sink: {{ append_file: out.ndjson }}\n",
        nats.url()
    ));
    assert_eq!(harness.guarantee("plays"), "exactly-once");
    // A millisecond for each.
    let mut tape = String::new();
    for id in 0..RECORDED {
        let time = format!("2026-01-01T00:00:{:02}.{:03}Z", id / 1000, id % 1000);
        writeln!(tape, "{{\"time\":\"{time}\",\"record\":{{\"id\":{id}}}}}").unwrap();
    }
    std::fs::write(harness.path("tape.ndjson"), tape).unwrap();
    for id in RECORDED..RECORDED + STREAMED {
        client.publish("s.x", format!("{{\"id\":{id}}}").as_bytes());
    }
    for kill in 0.. {
        let mut process = harness.start();
        let before = count_lines(&harness.path("out.ndjson"));
        if before > RECORDED || kill > 40 {
            break;
        }
        eventually("it goes on", || count_lines(&harness.path("out.ndjson")) > before);
        // Mostly while it plays; near its end, sooner and sooner, in the hand-over.
        let left = RECORDED.saturating_sub(count_lines(&harness.path("out.ndjson")));
        pause(Duration::from_millis(random.below(left.clamp(20, 400))));
        process.kill();
    }
    println!("HEADWATER_SEED={seed}");
    let mut process = harness.start();
    arrives(&harness, RECORDED + STREAMED);
    client.publish("s.x", format!("{{\"id\":{}}}", RECORDED + STREAMED).as_bytes());
    arrives(&harness, RECORDED + STREAMED + 1);
    eventually("the stream is acknowledged", || {
        client.of_consumer("S", "streams_plays", "/ack_floor/stream_seq") == STREAMED + 1
    });
    process.stop();
    is_whole_and_in_order(&harness, RECORDED + STREAMED + 1);
}
