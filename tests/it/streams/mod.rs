//! Flows over NATS JetStream: what is published, read, refused and told.

mod hand_over;
mod large;
mod logins;
mod mishaps;
mod standby;
mod via;
mod workers;

use crate::nats_server::{Nats, pause};
use crate::support::{Harness, PATIENCE, Process, count_lines, eventually, read_lines, sequence};
use serde_json::json;
use std::time::Duration;

/// A generator into a stream.
fn writing(nats: &str, records: u64, more: &str) -> String {
    format!(
        "stack: streams\nseed: 7\nservices:\n  writes:\n    source:\n      \
         generate: {{ limit: {records}, record: {{ id: sequence, name: person.name }} }}\n    \
         sink:\n      nats: {{ url: \"{nats}\", stream: S, subject: s.x{more} }}\n"
    )
}

/// A stream into a file.
fn reading(nats: &str, more: &str) -> String {
    format!(
        "stack: streams\nservices:\n  reads:\n    source:\n      \
         nats: {{ url: \"{nats}\", stream: S{more} }}\n    sink:\n      append_file: out.ndjson\n"
    )
}

fn arrives(harness: &Harness, records: u64) {
    eventually("all records are in the file", || {
        count_lines(&harness.path("out.ndjson")) >= records
    });
}

#[track_caller]
fn is_whole_and_in_order(harness: &Harness, records: u64) {
    let ids = sequence(&read_lines(&harness.path("out.ndjson")), "id");
    assert_eq!(ids.len() as u64, records);
    let odd = ids.windows(2).find(|pair| pair[1] != pair[0] + 1);
    assert!(odd.is_none(), "gaps, repeats or another order: {odd:?}");
}

fn dead_letters(harness: &Harness, service: &str) -> Vec<String> {
    let data = harness.path("headwater-data");
    let place = data.join(format!("streams/{service}/dead-letters.ndjson"));
    // It may be written right now: what has no end yet is not there yet.
    let text = std::fs::read_to_string(&place).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(str::to_owned).collect()
}

/// Runs a flow that comes to its end.
#[track_caller]
fn run(harness: &Harness) {
    let mut process = harness.start();
    assert!(process.wait(PATIENCE * 4).0.success(), "{}", process.err.text());
}

#[test]
fn what_is_written_is_read_once_and_in_order_and_acknowledged_afterwards() {
    let nats = Nats::start();
    run(&Harness::new(&writing(&nats.url(), 5_000, "")));
    let reader = Harness::new(&reading(&nats.url(), ""));
    assert_eq!(reader.guarantee("reads"), "exactly-once");
    let mut process = reader.start();
    arrives(&reader, 5_000);
    let mut client = nats.client();
    eventually("the server knows that all is durable", || {
        client.of_consumer("S", "streams_reads", "/ack_floor/stream_seq") == 5_000
    });
    process.stop();
    // What comes while nobody reads is waiting at the next start.
    client.publish("s.x", b"{\"id\": 5000}");
    let again = reader.start();
    arrives(&reader, 5_001);
    drop(again);
    let first = sequence(&read_lines(&reader.path("out.ndjson")), "id")[0];
    let ids = sequence(&read_lines(&reader.path("out.ndjson")), "id");
    assert_eq!(ids.len(), 5_001);
    assert!(ids[..5_000].windows(2).all(|pair| pair[1] == pair[0] + 1) && first <= 1);
}

#[test]
fn what_is_no_record_becomes_a_dead_letter_and_the_rest_goes_on() {
    let nats = Nats::with("max_payload: 8MB");
    let mut client = nats.client();
    client.stream("S", &["s.>"], &json!({}));
    let large = format!("{{\"id\":1,\"text\":\"{}\"}}", "x".repeat(2_000_000));
    for payload in
        ["{\"id\":0,\"unknown\":[{}]}", "", "no json", "[1]", "{\"id\":", &large, "{\n\"id\": 1\n}"]
    {
        client.publish("s.x", payload.as_bytes());
    }
    let reader = Harness::new(&reading(&nats.url(), ""));
    let process = reader.start();
    arrives(&reader, 2);
    is_whole_and_in_order(&reader, 2);
    // A line can be seen before its group is committed, and so before the group's dead letters.
    eventually("all dead letters are there", || dead_letters(&reader, "reads").len() >= 5);
    let letters = dead_letters(&reader, "reads");
    assert_eq!(letters.len(), 5, "{letters:?}");
    for (letter, told) in letters.iter().zip([
        "is empty",
        "not a JSON object",
        "not a JSON object",
        "not JSON",
        "a record has at most",
    ]) {
        assert!(letter.contains(told), "{told}: {}", &letter[..letter.len().min(300)]);
    }
    drop(process);
}

#[test]
fn text_and_bytes_can_be_records() {
    let nats = Nats::start();
    nats.client().stream("S", &["s.>"], &json!({}));
    nats.client().publish("s.a", b"\xff");
    nats.client().publish("s.b", b"text");
    for (more, lines) in [
        (", format: bytes", vec!["{\"base64\":\"/w==\"}", "{\"base64\":\"dGV4dA==\"}"]),
        (", format: text, subject: s.b", vec!["{\"text\":\"text\"}"]),
    ] {
        let reader = Harness::new(&reading(&nats.url(), more));
        let process = reader.start();
        arrives(&reader, lines.len() as u64);
        assert_eq!(read_lines(&reader.path("out.ndjson")), lines);
        drop(process);
    }
}

#[test]
fn a_stream_is_made_as_stated_and_never_changed() {
    let nats = Nats::start();
    let stated = ", subjects: [\"s.>\"], storage: memory, max_age: 1h, max_bytes: 10MB, duplicate_window: 30s";
    run(&Harness::new(&writing(&nats.url(), 10, stated)));
    let mut client = nats.client();
    let config = client.of_stream("S", "/config");
    assert_eq!(config["storage"], "memory");
    assert_eq!(config["max_age"], 3_600_000_000_000u64);
    assert_eq!(config["max_bytes"], 10_000_000);
    assert_eq!(config["discard"], "new");
    let other = Harness::new(&writing(&nats.url(), 10, ", max_age: 2h"));
    let mut process = other.start();
    process.says("`max_age` is 3600 s there, and the stack file says 7200 s");
    process.kill();
    assert_eq!(client.of_stream("S", "/config"), config);
}

#[test]
fn a_consumer_of_somebody_else_is_left_alone() {
    let nats = Nats::start();
    let mut client = nats.client();
    client.stream("S", &["s.>"], &json!({}));
    let config = json!({ "stream_name": "S", "config": { "durable_name": "theirs", "ack_policy": "explicit" } });
    client.api("CONSUMER.DURABLE.CREATE.S.theirs", &config);
    let created = client.of_consumer("S", "theirs", "/created");
    let alone = Harness::new(&reading(&nats.url(), ", consumer: theirs"));
    alone.start().says("belongs to somebody else");
    let shared = Harness::new(&reading(&nats.url(), ", consumer: theirs, shared: true"));
    shared.start().says("differs: `ack_wait` is 30 s there, and this flow wants 4 s");
    assert_eq!(client.of_consumer("S", "theirs", "/created"), created);
}

#[test]
fn a_stream_that_is_gone_or_another_one_is_told_and_not_read_wrongly() {
    let nats = Nats::start();
    let mut client = nats.client();
    client.stream("S", &["s.>"], &json!({}));
    for id in 0..20 {
        client.publish("s.x", format!("{{\"id\":{id}}}").as_bytes());
    }
    let reader = Harness::new(&reading(&nats.url(), ""));
    let process = reader.start();
    arrives(&reader, 20);
    client.api("STREAM.DELETE.S", &json!(null));
    process.says("the stream S was there and is gone");
    client.stream("S", &["s.>"], &json!({}));
    client.publish("s.x", b"{\"id\":999}");
    process.says("the stream S is another one");
    is_whole_and_in_order(&reader, 20);
}

#[test]
fn a_full_stream_is_waited_for() {
    let nats = Nats::start();
    // Before the writer sends anything again, it looks through the stream by a consumer.
    let mut looking = nats.client();
    looking.listen("$JS.EVENT.ADVISORY.CONSUMER.CREATED.S.>");
    let writer = Harness::new(&writing(&nats.url(), 3_000, ", max_messages: 1000"));
    let mut process = writer.start();
    process.says("maximum messages exceeded");
    assert!(!process.has_ended());
    looking.hear();
    // What was under way when the stream filled up could go into any place of it later: this waits behind it.
    let mut client = nats.client();
    let refused = client.try_request("s.x", b"{}").unwrap();
    assert!(String::from_utf8_lossy(&refused).contains("maximum messages exceeded"));
    let mut config = client.of_stream("S", "/config");
    config["max_msgs"] = json!(-1);
    // The stack file must say what the stream is before the flow looks at it again.
    writer.write_stack(&writing(&nats.url(), 3_000, ""));
    process.kill();
    client.api("STREAM.UPDATE.S", &config);
    run(&writer);
    let stored: Vec<String> = client.payloads("S");
    let ids = sequence(&stored, "id");
    assert_eq!(ids.len(), 3_000);
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

#[test]
fn records_that_no_message_can_carry_become_dead_letters() {
    let nats = Nats::with("max_payload: 4096");
    nats.client().stream("S", &["s.*"], &json!({}));
    let harness = Harness::new(&format!(
        "stack: streams\nservices:\n  writes:\n    source: {{ file: in.ndjson }}\n    \
         sink:\n      nats: {{ url: \"{}\", stream: S, subject: \"s.{{to}}\" }}\n",
        nats.url()
    ));
    let large = format!("{{\"to\":\"a\",\"text\":\"{}\"}}", "x".repeat(5_000));
    let lines = [
        "{\"to\":\"a\"}",
        &large,
        "{\"to\":\"a.b\"}",
        "{\"to\":\"\"}",
        "{\"to\":\">\"}",
        "{}",
        "{\"to\":\"b\"}",
    ];
    std::fs::write(harness.path("in.ndjson"), lines.join("\n") + "\n").unwrap();
    run(&harness);
    assert_eq!(nats.client().payloads("S"), ["{\"to\":\"a\"}", "{\"to\":\"b\"}"]);
    assert_eq!(dead_letters(&harness, "writes").len(), 5);
}

#[test]
fn a_wrong_login_is_told_without_its_words_and_a_right_file_is_found() {
    let secured = Nats::secured("authorization { user: me, password: right-word }");
    let more = ", user: me, password_file: word";
    let harness = Harness::new(&writing(&secured.url(), 10, more));
    std::fs::write(harness.path("word"), "wrong-word\n").unwrap();
    let mut process = harness.start();
    process.says("refuses the login");
    std::fs::write(harness.path("word"), "right-word\n").unwrap();
    assert!(process.wait(PATIENCE * 2).0.success());
    let told = process.err.to_end(PATIENCE);
    assert!(!told.contains("-word"), "{told}");
}

#[test]
fn a_server_that_acknowledges_nothing_is_told_and_nothing_is_lost_or_doubled() {
    let nats = Nats::start();
    nats.client().stream("S", &["s.>"], &json!({}));
    let text = writing(&nats.url(), 50_000, ", timeout: 1s");
    let harness =
        Harness::new(&text.replace("limit: 50000,", "limit: 50000, every: 1ms, count: 50,"));
    let mut process = harness.start();
    let mut client = nats.client();
    eventually("something is there", || client.of_stream("S", "/state/messages") != 0);
    nats.freeze();
    let told = process.says("has acknowledged nothing for 1 s");
    assert!(told.contains("stream S"), "{told}");
    nats.thaw();
    assert!(process.wait(PATIENCE * 4).0.success(), "{}", process.err.text());
    let ids = sequence(&client.payloads("S"), "id");
    assert_eq!(ids.len(), 50_000);
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

/// Gives a process its time without hanging on it.
fn let_it_work(process: &mut Process, span: Duration) {
    pause(span);
    assert!(!process.has_ended(), "{}", process.err.text());
}
