//! `generate` into `append_file`: plain, with steps, and rotated into compressed parts.

use super::Kills;
use crate::support::{Harness, PATIENCE, Parts, read, read_lines, sequence};

/// A stack with one flow from a generator. The seed makes its records the same in every run.
fn stack(source: &str, steps: &str, sink: &str) -> String {
    format!(
        "stack: crash
seed: 7
services:
  flow:
    source:
      generate: {{ {source} record: {{ id: sequence, value: integer 1..1000000, name: person.name }} }}
{steps}    sink:
      append_file: {{ path: out.ndjson{sink} }}
"
    )
}

const PACED: &str = "every: 1ms, count: 20,";

/// Kills the flow, lets it come to an end, and answers what an undisturbed run writes.
fn kill_and_finish(shape: &'static str, steps: &str, sink: &str, harness: &Harness) -> Vec<u8> {
    assert_eq!(harness.guarantee("flow"), "exactly-once");
    let mut kills = Kills::of(shape);
    let parts = || Parts::of(harness.directory(), "out", "ndjson");
    kills.run(harness, |_| {}, |_| {}, || parts().length());
    // The end is put behind everything that may be stored by now.
    let limit = 2_000 + parts().bytes().len() as u64 / 20;
    harness.write_stack(&stack(&format!("limit: {limit},"), steps, sink));
    let mut process = harness.start();
    assert!(process.wait(PATIENCE).0.success(), "{}", process.err.text());
    audited(harness, limit);
    undisturbed(limit, steps)
}

/// The audit says the same in its own way, and finds a record that is taken away behind its back.
fn audited(harness: &Harness, made: u64) {
    let audit = || {
        let mut command = harness.command();
        let output = command.args(["audit", "flow", "--stack", "stack.yaml", "--json"]).output();
        let output = output.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), answer)
    };
    let (code, answer) = audit();
    assert_eq!((code, answer["made"].as_u64()), (0, Some(made)), "{answer:#}");
    let path = harness.path("out.ndjson");
    let whole = read(&path);
    if let Some(end) = whole.iter().position(|byte| *byte == b'\n') {
        std::fs::write(&path, &whole[end + 1..]).unwrap();
        let (code, answer) = audit();
        assert_eq!((code, answer["missing"].as_u64()), (3, Some(1)), "{answer:#}");
        std::fs::write(&path, &whole).unwrap();
    }
}

fn undisturbed(limit: u64, steps: &str) -> Vec<u8> {
    let harness = Harness::new(&stack(&format!("limit: {limit},"), steps, ""));
    assert!(harness.start().wait(PATIENCE).0.success());
    read(&harness.path("out.ndjson"))
}

#[test]
fn generated_records_are_neither_lost_nor_doubled() {
    let harness = Harness::new(&stack(PACED, "", ""));
    let expected = kill_and_finish("generate -> append_file", "", "", &harness);
    let lines = read_lines(&harness.path("out.ndjson"));
    let ids = sequence(&lines, "id");
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "the sequence has gaps");
    assert!(read(&harness.path("out.ndjson")) == expected, "other bytes than without kills");
}

#[test]
fn generated_records_come_through_steps_once() {
    let steps = "    steps:\n      - filter: .value % 3 != 0\n      - map: '{ id: .id, double: (.value * 2) }'\n";
    let harness = Harness::new(&stack(PACED, steps, ""));
    let expected = kill_and_finish("generate -> filter -> map", steps, "", &harness);
    assert!(read(&harness.path("out.ndjson")) == expected, "other bytes than without kills");
    assert!(!expected.is_empty());
}

#[test]
fn rotation_into_gzip_parts_neither_loses_nor_splits() {
    rotated("generate -> append_file gzip", ", rotate_size: 20KiB, compress: gzip", "gz");
}

#[test]
fn rotation_into_zstd_parts_neither_loses_nor_splits() {
    rotated("generate -> append_file zstd", ", rotate_size: 20KiB, compress: zstd", "zst");
}

fn rotated(shape: &'static str, sink: &str, ending: &str) {
    let harness = Harness::new(&stack(PACED, "", sink));
    let expected = kill_and_finish(shape, "", sink, &harness);
    let parts = Parts::of(harness.directory(), "out", "ndjson");
    let packed = parts.paths.iter().filter(|path| path.extension().unwrap() == ending).count();
    assert!(packed >= 2, "only {packed} finished parts: {:?}", parts.paths);
    assert!(parts.bytes() == expected, "the parts together are not what was generated");
    for path in &parts.paths {
        let one = Parts { paths: vec![path.clone()] }.bytes();
        assert!(one.is_empty() || one.ends_with(b"\n"), "{} splits a record", path.display());
    }
}
