//! The clock that somebody sets jumps, an hour and a year, ahead and back, under a running stack: the kernel's own is
//! left alone, and the process is shown another one (Debian's `faketime`). Nothing is lost, done twice or thrown away,
//! nothing waits for a time that was never due, and the log stays short.

use crate::support::{
    Connection, Harness, PATIENCE, Process, count_lines, eventually, get, read, read_lines,
    sequence,
};
use std::collections::BTreeSet;
use std::path::PathBuf;

const HOUR: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOUR;

/// A stack whose processes are shown another time.
struct Jumping(Harness);

impl Jumping {
    fn new(stack: &str) -> Self {
        let harness = Harness::new(stack);
        let file = harness.path("clock").display().to_string();
        let harness = harness
            .environment("LD_PRELOAD", &library().display().to_string())
            .environment("FAKETIME_TIMESTAMP_FILE", &file)
            .environment("FAKETIME_NO_CACHE", "1")
            // What measures how much time passes is not set by anybody.
            .environment("DONT_FAKE_MONOTONIC", "1");
        let jumping = Self(harness);
        jumping.set(0);
        jumping
    }

    /// So many seconds beside the real time.
    fn set(&self, seconds: i64) {
        let beside = self.0.path("clock.new");
        std::fs::write(&beside, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(&beside, self.0.path("clock")).unwrap();
    }

    /// The same, and waits until the process sees it; answers its map then.
    fn jump(&self, admin: &str, seconds: i64) -> serde_json::Value {
        self.set(seconds);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let wanted = now.as_secs() as i64 + seconds;
        let mut map = serde_json::Value::Null;
        eventually("the process sees the other time", || {
            map = get(&format!("{admin}map.json")).unwrap().json();
            let at: jiff::Timestamp = map["at"].as_str().unwrap().parse().unwrap();
            (at.as_second() - wanted).abs() < HOUR / 2
        });
        map
    }
}

fn library() -> PathBuf {
    let places = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let mut found = places.map(|place| place.path().join("faketime/libfaketimeMT.so.1"));
    found.find(|path| path.exists()).expect("libfaketime is missing: install faketime")
}

/// Records from the senders, datasets, reports by three workers, a recording, all with parts that are kept for days.
const STACK: &str = "stack: s
seed: 7
services:
  take:
    source: { http_listen: { listen: 0 } }
    sink: { append_file: { path: out.ndjson, rotate_size: 4KiB, keep: 30d } }
    record: { path: tape.ndjson, rotate_size: 16KiB, keep: 30d }
  maker:
    source: { generate: { every: 20ms, count: 10, record: { id: sequence, at: time every 50ms } } }
    sink: { dataset: { path: sets, keep: 30d } }
  consumer:
    scale: 3
    source: { datasets: { path: sets, look: 100ms } }
    steps: [summarise]
    sink: { report: { path: results, png: false, keep: 30d } }
";

#[test]
fn nothing_is_lost_done_twice_or_thrown_away() {
    let jumping = Jumping::new(STACK);
    let harness = &jumping.0;
    let mut process = harness.start();
    let (admin, address) = (process.address("admin"), process.address("take"));
    let done = harness.path("results/processed.ndjson");
    let mut connection = Connection::open(&address).unwrap();
    let mut sent = 0;
    let mut send = |more: u64| {
        for _ in 0..more {
            sent += 1;
            let body = format!("{{\"id\":{sent},\"filler\":\"{}\"}}", "x".repeat(100));
            assert_eq!(connection.exchange("POST", "/", &body).unwrap().status, 200);
        }
        sent
    };
    for jump in [0, HOUR, -HOUR, 0, YEAR, 0, -YEAR, YEAR, -50 * YEAR, 0] {
        jumping.set(jump);
        send(100);
        let before = count_lines(&done);
        eventually("the workers go on", || count_lines(&done) > before + 6);
        let map = jumping.jump(&admin, jump);
        let waits = map["nodes"].as_array().unwrap().iter().find(|node| node["state"] == "failed");
        assert_eq!(waits, None, "{jump}");
        send(100);
    }
    let all = send(1);
    process.stop();
    let mut stored = Vec::new();
    for part in crate::support::Parts::of(harness.directory(), "out", "ndjson").paths {
        stored.extend(sequence(&read_lines(&part), "id"));
    }
    assert!(stored == (1..=all).collect::<Vec<u64>>(), "{} of {all} are there", stored.len());
    has_all_datasets_and_reports(harness);
    plays_again(harness, all);
    let told = process.err.to_end(PATIENCE);
    let told: Vec<&str> = told.lines().filter(|line| !line.contains("flowing")).collect();
    assert!(told.len() < 20, "{}", told.join("\n"));
}

fn has_all_datasets_and_reports(harness: &Harness) {
    let audit =
        harness.command().args(["audit", "maker", "--stack", "stack.yaml"]).output().unwrap();
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    let lines = read_lines(&harness.path("results/processed.ndjson"));
    let name = |line: &String| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["dataset"].as_str().unwrap().to_owned()
    };
    let done: BTreeSet<String> = lines.iter().map(name).collect();
    assert_eq!(done.len(), lines.len(), "done twice");
    for dataset in done {
        let report = dataset.replace("data_", "results/report_") + ".html";
        assert!(harness.path(&report).exists(), "{report} was thrown away");
    }
}

fn plays_again(harness: &Harness, all: u64) {
    let mut command = harness.command();
    command.args(["replay", "tape.ndjson", "--speed", "max", "--admin", "127.0.0.1:0"]);
    let played = command.args(["--to", "append_file: again.ndjson"]).output().unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let again = sequence(&read_lines(&harness.path("again.ndjson")), "id");
    assert!(again == (1..=all).collect::<Vec<u64>>(), "{} of {all} are recorded", again.len());
}

#[test]
fn an_alert_does_not_fire_before_its_time() {
    let jumping = Jumping::new(
        "stack: s
services:
  flow:
    source: { generate: { every: 5ms, record: { id: sequence } } }
    sink: drop
    alert: [rate > 0 for 1h]
",
    );
    let mut process = jumping.0.start();
    let admin = process.address("admin");
    let state = |map: &serde_json::Value| map["alerts"][0]["state"].as_str().unwrap().to_owned();
    eventually("it counts", || {
        state(&get(&format!("{admin}map.json")).unwrap().json()) == "pending"
    });
    for jump in [2 * HOUR, 0, YEAR, -YEAR, 0] {
        assert_eq!(state(&jumping.jump(&admin, jump)), "pending", "{jump}");
    }
    process.stop();
    assert!(!process.err.to_end(PATIENCE).contains("alert"));
}

#[test]
fn what_was_done_once_is_not_done_again() {
    let jumping = Jumping::new(
        "stack: s
resources:
  orders:
    fields: { what: text }
    store: sqlite:orders.db
services:
  api:
    listen: 0
    routes: { /orders/: { resource: orders } }
",
    );
    let mut process = jumping.0.start();
    let api = process.address("api");
    let headers = "content-type: application/json\r\nidempotency-key: one\r\n";
    let order = || {
        let mut connection = Connection::open(&api).unwrap();
        let answer = connection.exchange_with("POST", "/orders/", headers, r#"{"what":"tea"}"#);
        let answer = answer.unwrap();
        (answer.status, answer.header("location").unwrap().to_owned())
    };
    let first = order();
    assert_eq!(first.0, 201);
    for jump in [YEAR, 0, -YEAR, HOUR, 0] {
        jumping.set(jump);
        assert_eq!(order(), first, "{jump}");
    }
    process.stop();
}

#[test]
fn a_file_that_was_begun_in_the_future_is_put_aside_all_the_same() {
    let jumping = Jumping::new(
        "stack: s
services:
  flow:
    source: { generate: { every: 5ms, record: { id: sequence } } }
    sink: { append_file: { path: out.ndjson, rotate_every: 50ms } }
",
    );
    let part = |number: u32| jumping.0.path(&format!("out.{number:06}.ndjson"));
    jumping.set(YEAR);
    let mut process: Process = jumping.0.start();
    eventually("it flows", || part(2).exists());
    process.kill();
    jumping.set(0);
    let mut process = jumping.0.start();
    eventually("it goes on", || (3..9).all(|number| part(number).exists()));
    process.stop();
    assert!(!read(&part(1)).is_empty());
}
