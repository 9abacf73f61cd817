//! `record:` and `replay`: what a flow delivered is played again, from the file and into any sink.

use crate::support::{Running, run};
use headwater::core::wait::Wait;
use std::path::Path;
use std::time::{Duration, Instant};

const STACK: &str = "stack: taped
seed: 7
services:
  maker:
    source:
      generate: { every: 1ms, count: 20, limit: 2000, record: { id: sequence, name: person.name } }
    steps:
      - filter: .id % 3 != 0
    sink:
      append_file: out.ndjson
    record: { path: tapes/tape.ndjson, rotate_size: 20kB }
";

fn recorded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stack.yaml"), STACK).unwrap();
    let ran = run(folder.path(), &["up", "stack.yaml", "--admin", "127.0.0.1:0"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    folder
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn what_was_delivered_is_played_again_through_all_parts() {
    let folder = recorded();
    let out = read(folder.path(), "out.ndjson");
    assert_eq!(out.lines().count(), 1334);
    let parts = std::fs::read_dir(folder.path().join("tapes")).unwrap().count();
    assert!(parts >= 3, "{parts} files");
    let play = |more: &[&str]| {
        let first = ["replay", "tapes/tape.ndjson", "--speed", "max", "--admin", "127.0.0.1:0"];
        run(folder.path(), &[&first[..], more].concat())
    };
    let ran = play(&["--to", "append_file: again.ndjson"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(read(folder.path(), "again.ndjson"), out);
    let ran = play(&[]);
    assert_eq!((ran.code, ran.out), (0, out.clone()));
    // It has come to its end; there is nothing to go on with.
    let ran = play(&["--resume"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    let ran = run(folder.path(), &["replay", "nowhere.ndjson"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is no recording nowhere.ndjson"), "{}", ran.err);
    let ran = run(folder.path(), &["replay", "tapes/tape.ndjson", "--speed", "fast"]);
    assert_eq!(ran.code, 78);
    assert!(ran.err.contains("`fast` is no speed"), "{}", ran.err);
}

#[test]
fn csv_is_recorded_for_a_spreadsheet_and_played_with_every_value() {
    let folder = tempfile::tempdir().unwrap();
    let stack = STACK.replace("tape.ndjson", "tape.csv").replace("20kB", "1MB");
    std::fs::write(folder.path().join("stack.yaml"), stack).unwrap();
    let ran = run(folder.path(), &["up", "stack.yaml", "--admin", "127.0.0.1:0"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let tape = read(folder.path(), "tapes/tape.csv");
    let mut reader = csv::Reader::from_reader(tape.as_bytes());
    let header: Vec<&str> = reader.headers().unwrap().iter().collect();
    assert_eq!(header, ["recorded_at", "id", "name", "other_fields", "read_to"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let out = read(folder.path(), "out.ndjson");
    assert_eq!((rows.len(), out.lines().count()), (1334, 1334));
    for (row, line) in rows.iter().zip(out.lines()) {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (row[1].to_owned(), &row[2]),
            (record["id"].to_string(), record["name"].as_str().unwrap())
        );
    }
    let play = |more: &[&str]| {
        let first = ["replay", "--speed", "max", "--admin", "127.0.0.1:0"];
        run(folder.path(), &[&first[..], more].concat())
    };
    let ran = play(&["tapes/tape.csv"]);
    assert_eq!((ran.code, ran.out), (0, out));
    // Any other file of CSV will do; a row that is none is a dead letter.
    let other =
        "at,v,note\r\n2026-01-01T00:00:00Z,5,\"a,b\"\r\nnoon,6,\r\n2026-01-01T00:00:01Z,7,\r\n";
    std::fs::write(folder.path().join("other.csv"), other).unwrap();
    let ran = play(&["other.csv", "--time", "at"]);
    let lines = "{\"at\":\"2026-01-01T00:00:00Z\",\"v\":5,\"note\":\"a,b\"}\n{\"at\":\"2026-01-01T00:00:01Z\",\"v\":7}\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, lines), "{}", ran.err);
}

#[test]
fn a_replay_that_is_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let line = |n: u32| {
        let time = format!("2026-01-01T00:00:{:02}.{:03}Z", n / 200, n % 200 * 5);
        format!("{{\"time\":\"{time}\",\"record\":{{\"n\":{n}}}}}\n")
    };
    let tape: String = (0..400).map(line).collect();
    std::fs::write(folder.path().join("tape.ndjson"), tape).unwrap();
    let to = ["replay", "tape.ndjson", "--to", "append_file: out.ndjson", "--admin", "127.0.0.1:0"];
    let mut killed = Running::start(folder.path(), &to);
    killed.wait_for("headwater");
    let length = || std::fs::metadata(folder.path().join("out.ndjson")).map_or(0, |it| it.len());
    let deadline = Instant::now() + Duration::from_secs(20);
    while length() < 500 && Instant::now() < deadline {
        Wait::new().sleep(Duration::from_millis(2));
    }
    drop(killed);
    let left = length();
    assert!(left >= 500, "killed at {left} bytes");
    let ran = run(folder.path(), &[&to[..], &["--resume", "--speed"], &["max"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected: Vec<String> = (0..400).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    assert_eq!(read(folder.path(), "out.ndjson"), expected.concat());
}
