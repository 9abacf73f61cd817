//! Dead letters that are replayed while the process is killed again and again: each record arrives once.

use crate::support::{Harness, PATIENCE, read_lines, sequence};
use serde_json::Value;
use std::time::Duration;

const RECORDS: u64 = 16_000;

/// Half of the records cannot go through the step at first.
const BROKEN: &str = "if .id % 2 == 0 then error(\"not yet\") else {id, a} end";
const MENDED: &str = "\"{id, a}\"";

fn stack(step: &str) -> String {
    format!(
        "stack: crash
seed: 7
services:
  flow:
    source:
      generate: {{ limit: {RECORDS}, record: {{ id: sequence, a: uuid, b: uuid, c: uuid, d: uuid }} }}
    steps:
      - map: {step}
    sink:
      append_file: {{ path: out.ndjson }}
"
    )
}

fn letters(harness: &Harness, arguments: &[&str]) -> Value {
    let mut command = harness.command();
    command.arg("dead-letters").args(arguments).args(["--json", "--stack", "stack.yaml"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn replayed_letters_are_neither_lost_nor_doubled() {
    let harness = Harness::new(&stack(&format!("'{BROKEN}'")));
    assert!(harness.start().wait(PATIENCE).0.success());
    let kept = &letters(&harness, &["list"])[0];
    assert_eq!(kept["letters"], RECORDS / 2);
    harness.write_stack(&stack(MENDED));
    // Nothing runs: the request lies there until the next start.
    let asked = letters(&harness, &["replay", "flow", "--all"]);
    assert_eq!((asked["letters"].as_u64(), &asked["answer"]), (Some(RECORDS / 2), &Value::Null));

    let (mut kills, mut amid) = (0_u32, 0);
    loop {
        let before = read_lines(&harness.path("out.ndjson")).len() as u64;
        let mut process = harness.start();
        // Longer from life to life: a machine that is busy comes to its end too.
        std::thread::sleep(Duration::from_millis(u64::from(60 + kills * 37 % 300 + kills * 15)));
        if process.has_ended() {
            break;
        }
        process.kill();
        kills += 1;
        let after = read_lines(&harness.path("out.ndjson")).len() as u64;
        amid += u32::from(after > before && after < RECORDS);
        assert!(kills < 300, "after {kills} kills there is no end in sight");
    }
    let mut ids = sequence(&read_lines(&harness.path("out.ndjson")), "id");
    ids.sort_unstable();
    assert_eq!(ids.len() as u64, RECORDS, "after {kills} kills");
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "one came twice, another never");
    let kept = &letters(&harness, &["list"])[0];
    assert_eq!((&kept["letters"], &kept["requests"]), (&0.into(), &0.into()));
    assert_eq!(kept["answers"][0]["settled"], RECORDS / 2);
    assert!(amid > 0, "no kill of {kills} came in the middle: that proves nothing");
}
