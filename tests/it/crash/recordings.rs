//! `record:` beside a sink, as NDJSON and as CSV: what is played afterwards is what was delivered.

use super::Kills;
use crate::support::{Harness, PATIENCE, count_lines, read};

/// Texts that look like something else, so that a cell must say what it is.
fn stack(source: &str, tape: &str) -> String {
    format!(
        "stack: crash
seed: 7
services:
  flow:
    source:
      generate: {{ {source} record: {{ id: sequence, name: person.name, code: 'pattern [0-9]{{3}}', \
         text: text.sentence, share: float 0..1 decimals 3 }} }}
    steps:
      - map: '. + {{ \"quoted, \\\"and\\\" nested\": [.id, {{ n: .name }}], odd: (if .id % 2 == 0 then .code else null end) }}'
    sink:
      append_file: out.ndjson
    record: {{ path: {tape}, rotate_size: 20KiB }}
"
    )
}

fn recorded(shape: &'static str, tape: &str) {
    let harness = Harness::new(&stack("every: 1ms, count: 20,", tape));
    assert_eq!(harness.guarantee("flow"), "exactly-once");
    let out = harness.path("out.ndjson");
    let length = || std::fs::metadata(&out).map_or(0, |metadata| metadata.len());
    Kills::of(shape).run(&harness, |_| {}, |_| {}, length);
    let limit = 1_000 + if out.exists() { count_lines(&out) } else { 0 };
    harness.write_stack(&stack(&format!("limit: {limit},"), tape));
    let mut process = harness.start();
    assert!(process.wait(PATIENCE).0.success(), "{}", process.err.text());
    let mut command = harness.command();
    command.args(["replay", tape, "--speed", "max", "--admin", "127.0.0.1:0"]);
    let played = command.args(["--to", "append_file: again.ndjson"]).output().unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let (delivered, again) = (read(&out), read(&harness.path("again.ndjson")));
    assert_eq!(count_lines(&out), limit);
    assert!(delivered == again, "what is played is not what was delivered");
    let parts = std::fs::read_dir(harness.path("tapes")).unwrap().count();
    assert!(parts > 2, "only {parts} files");
}

#[test]
fn a_recording_as_ndjson_has_neither_holes_nor_doubles() {
    recorded("record as NDJSON", "tapes/tape.ndjson");
}

#[test]
fn a_recording_as_csv_has_neither_holes_nor_doubles() {
    recorded("record as CSV", "tapes/tape.csv");
}
