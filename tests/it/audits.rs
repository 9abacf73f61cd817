//! `audit` of a table and of a stream that real servers hold: what is right is clean, what was deleted, doubled or
//! altered by hand is named, and what cannot be read says why without a password.

use crate::nats_server::Nats;
use crate::postgres::Postgres;
use crate::support::{Harness, PATIENCE};
use serde_json::{Value, json};

fn making(records: u64, sink: &str) -> String {
    format!(
        "stack: audited
seed: 7
services:
  maker:
    source:
      generate: {{ limit: {records}, record: {{ id: sequence, name: person.name, \
         value: float 0..1 decimals 2, at: time every 1ms }} }}
    sink: {sink}
"
    )
}

const TABLE: &str = "CREATE TABLE readings (id bigint, name text, value numeric(4,2), at timestamptz, \
     stored timestamptz NOT NULL DEFAULT now())";

#[track_caller]
fn run(harness: &Harness) {
    let mut process = harness.start();
    assert!(process.wait(PATIENCE * 4).0.success(), "{}", process.err.text());
}

/// The exit code, and the answer for machines or the error.
fn audit(harness: &Harness, more: &[&str]) -> (i32, Value, String) {
    let mut command = harness.command();
    command.args(["audit", "maker", "--stack", "stack.yaml", "--json"]).args(more);
    let output = command.output().unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), answer, error)
}

#[track_caller]
fn clean(harness: &Harness, more: &[&str], records: u64) {
    let (code, answer, error) = audit(harness, more);
    assert_eq!(code, 0, "{answer:#} {error}");
    assert_eq!(answer["arrived"], records, "{answer:#}");
}

/// Missing, twice, out of order, damaged, foreign.
#[track_caller]
fn finds(harness: &Harness, more: &[&str], expected: [u64; 5]) -> Value {
    let (code, answer, error) = audit(harness, more);
    let names = ["missing", "twice", "out_of_order", "damaged", "foreign"];
    let found = names.map(|name| answer[name].as_u64().unwrap_or(u64::MAX));
    assert_eq!((code, found), (3, expected), "{answer:#} {error}");
    answer
}

/// The index and the place of the first example of a kind.
fn example(answer: &Value, wrong: &str) -> (Value, String) {
    let examples = answer["examples"].as_array().unwrap();
    let found = examples.iter().find(|example| example["wrong"] == wrong).unwrap();
    (found["index"].clone(), found["place"].as_str().unwrap_or_default().to_owned())
}

#[track_caller]
fn is_refused(harness: &Harness, more: &[&str], told: &str) {
    let (code, _, error) = audit(harness, more);
    assert_eq!(code, 1, "{more:?}: {error}");
    assert!(error.contains(told), "{more:?}: {error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn a_table_is_compared_with_what_was_made_field_by_field() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, TABLE);
    let url = server.url(&database);
    let sink = format!("{{ postgres: {{ url: \"{url}\", table: readings }} }}");
    let harness = Harness::new(&making(5_000, &sink));
    run(&harness);
    clean(&harness, &[], 5_000);
    let named = format!("{url}#public.readings");
    clean(&harness, &[&named], 5_000);
    server.sql(&database, "DELETE FROM readings WHERE id = 501");
    server.sql(&database, "INSERT INTO readings SELECT * FROM readings WHERE id = 1001");
    server.sql(&database, "UPDATE readings SET value = value + 1 WHERE id = 2001");
    server.sql(&database, "UPDATE readings SET at = at + interval '1 ms' WHERE id = 3001");
    server.sql(&database, "INSERT INTO readings (id, name) VALUES (-1, 'nobody')");
    let answer = finds(&harness, &[], [1, 1, 0, 2, 1]);
    assert_eq!(answer["missing_indexes"][0], json!({ "start": 500, "end": 501 }));
    assert_eq!(example(&answer, "twice").0, 1_000);
    assert_eq!(example(&answer, "damaged").0, 2_000);
}

#[test]
fn a_table_that_cannot_be_audited_says_why() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, TABLE);
    server.sql(&database, "CREATE TABLE other (id bigint, name text)");
    server.sql("postgres", "CREATE ROLE nobody LOGIN PASSWORD 's3cret'");
    let url = server.url(&database);
    let harness = Harness::new(&making(10, "{ append_file: out.ndjson }"));
    run(&harness);
    is_refused(&harness, &[&url], "which table?");
    is_refused(&harness, &[&format!("{url}#nowhere")], "there is no table `nowhere`");
    is_refused(&harness, &[&format!("{url}#other")], "has no column `at`");
    let login = url.replace("postgres@", "nobody:s3cret@");
    is_refused(&harness, &[&format!("{login}#readings")], "permission denied");
    let nowhere =
        url.replace(&format!("/{database}"), "/nowhere").replace("postgres@", "postgres:s3cret@");
    is_refused(&harness, &[&format!("{nowhere}#readings")], "database \"nowhere\" does not exist");
    is_refused(&harness, &["postgres://me:s3cret@127.0.0.1:1/x#readings"], "127.0.0.1:1/x");
    // One that the sink may leave out is not missed.
    server.sql(&database, "CREATE TABLE less (id bigint, value double precision)");
    let sink = format!("{{ postgres: {{ url: \"{url}\", table: less, unknown_fields: ignore }} }}");
    let harness = Harness::new(&making(100, &sink));
    run(&harness);
    clean(&harness, &[], 100);
}

#[test]
fn a_stream_is_compared_byte_by_byte_and_in_its_order() {
    let nats = Nats::start();
    let sink =
        format!("{{ nats: {{ url: \"{}\", stream: S, subject: \"s.{{id}}\" }} }}", nats.url());
    let harness = Harness::new(&making(5_000, &sink));
    run(&harness);
    clean(&harness, &[], 5_000);
    let named = format!("{}/S", nats.url());
    clean(&harness, &[&named], 5_000);
    let mut client = nats.client();
    let payloads = client.payloads("S");
    client.api("STREAM.MSG.DELETE.S", &json!({ "seq": 501 }));
    client.api("STREAM.MSG.DELETE.S", &json!({ "seq": 2001 }));
    client.publish("s.1001", payloads[1_000].as_bytes());
    client.publish("s.2001", payloads[2_000].replace("\"value\":", "\"value\":1").as_bytes());
    // Of the last message only the place in front of it is left.
    client.publish("s.x", b"");
    let answer = finds(&harness, &[], [1, 1, 1, 1, 1]);
    assert_eq!(answer["missing_indexes"][0], json!({ "start": 500, "end": 501 }));
    assert_eq!(example(&answer, "twice"), (1_000.into(), format!("{named}:5001")));
    assert_eq!(example(&answer, "damaged"), (2_000.into(), format!("{named}:5002")));
    // Nothing is left behind on the server.
    assert_eq!(client.of_stream("S", "/state/consumer_count"), 0);
}

#[test]
fn a_stream_that_cannot_be_audited_says_why() {
    let nats = Nats::start();
    let harness = Harness::new(&making(10, "{ append_file: out.ndjson }"));
    run(&harness);
    is_refused(&harness, &["nats://127.0.0.1:1"], "which stream?");
    is_refused(&harness, &["nats://me:s3cret@127.0.0.1:1/S"], "127.0.0.1:1");
    is_refused(&harness, &[&format!("{}/S", nats.url())], "there is no stream S");
    is_refused(&harness, &[&format!("{}/S.>", nats.url())], "cannot be the name of a stream");
    nats.client().stream("W", &["w"], &json!({ "retention": "workqueue" }));
    is_refused(&harness, &[&format!("{}/W", nats.url())], "drops what was read");
    let secured = Nats::secured("authorization { user: me, password: right }");
    let wrong = secured.url().replace("nats://", "nats://me:s3cret@");
    is_refused(&harness, &[&format!("{wrong}/S")], "refuses the login");
    // What a limit has dropped is not missing.
    nats.client().stream("S", &["s"], &json!({ "max_msgs": 4, "discard": "old" }));
    let lines = std::fs::read_to_string(harness.path("out.ndjson")).unwrap();
    for line in lines.lines() {
        nats.client().publish("s", line.as_bytes());
    }
    let (code, answer, error) = audit(&harness, &[&format!("{}/S", nats.url())]);
    assert_eq!((code, &answer["no_longer_kept"]), (0, &6.into()), "{answer:#} {error}");
}
