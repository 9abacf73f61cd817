//! Messages larger than any record, in bounded memory.

use super::{Harness, arrives, dead_letters, eventually, reading};
use crate::nats_server::Nats;
use serde_json::json;

/// The most that a server takes, with some room for what goes around a payload.
const LARGE: usize = 63 << 20;
const MESSAGES: u64 = 4;

/// Beyond the process at rest, however many there are: what the client reads a message into, and another one that
/// comes before that is free again. Mostly it is one.
const MEMORY: u64 = 200 << 20;

#[test]
fn a_message_of_64_megabytes_is_a_dead_letter_and_memory_is_bounded() {
    let nats = Nats::with("max_payload: 67108864");
    let mut client = nats.client();
    // On disk the server itself takes none above 32 MB.
    client.stream("S", &["s.>"], &json!({ "storage": "memory" }));
    client.publish("s.x", b"{\"id\":0}");
    let reader = Harness::new(&reading(&nats.url(), ""));
    let process = reader.start();
    arrives(&reader, 1);
    let at_rest = process.memory("VmRSS");
    let large = format!("{{\"id\":1,\"text\":\"{}\"}}", "x".repeat(LARGE));
    for number in 1..=MESSAGES {
        client.publish("s.x", large.as_bytes());
        client.publish("s.x", format!("{{\"id\":{number}}}").as_bytes());
    }
    arrives(&reader, 1 + MESSAGES);
    super::is_whole_and_in_order(&reader, 1 + MESSAGES);
    eventually("each has become a dead letter", || {
        dead_letters(&reader, "reads").len() as u64 == MESSAGES
    });
    for letter in dead_letters(&reader, "reads") {
        assert!(letter.contains("a record has at most"), "{}", &letter[..200]);
        assert!(letter.len() < 4 << 20, "a letter of {} bytes", letter.len());
    }
    let most = process.memory("VmHWM");
    eprintln!("at rest {at_rest}, at most {most} bytes");
    assert!(most < at_rest + MEMORY, "{most} bytes at most, {at_rest} at rest");
}
