//! A log that is copied and cut (`copytruncate`) under a flow that follows it, at full speed: what stood in it when it
//! was copied arrives once and in order, from the log or from its copy.

use crate::support::{Harness, count_lines, eventually, read_lines};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

fn stack(sink: &str) -> String {
    format!(
        "stack: s
services:
  flow:
    source: {{ file: {{ path: log, format: lines, follow: true }} }}
    sink: {{ append_file: {sink} }}
"
    )
}

/// `logrotate` with `copytruncate`: the names are shifted, the log is copied, then cut.
fn copy_and_cut(directory: &Path, turn: u32) {
    for number in (1..=turn).rev() {
        let from = directory.join(format!("log.{number}"));
        if from.exists() {
            std::fs::rename(&from, directory.join(format!("log.{}", number + 1))).unwrap();
        }
    }
    let log = directory.join("log");
    std::fs::copy(&log, directory.join("log.1")).unwrap();
    OpenOptions::new().write(true).open(&log).unwrap().set_len(0).unwrap();
}

fn write(file: &mut File, next: &mut u64, lines: u64) {
    let mut text = String::new();
    for _ in 0..lines {
        writeln!(text, "{next} {}", "x".repeat(90)).unwrap();
        *next += 1;
    }
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_log_that_is_cut_and_grows_at_full_speed_is_read_whole() {
    let harness = Harness::new(&stack("out.txt"));
    let mut log = OpenOptions::new().create(true).append(true).open(harness.path("log")).unwrap();
    let mut process = harness.start();
    let output = harness.path("out.txt");
    let mut next = 0;
    write(&mut log, &mut next, 10);
    eventually("it flows", || count_lines(&output) == next);
    for turn in 0..12 {
        // So much that the flow is behind when the log is cut, and so much behind the cut that it is longer than
        // before when it is looked at again.
        write(&mut log, &mut next, 30_000);
        copy_and_cut(harness.directory(), turn);
        write(&mut log, &mut next, 30_500);
        if turn % 3 == 2 {
            process.kill();
            process = harness.start();
        }
        eventually("all arrive", || count_lines(&output) >= next);
    }
    process.stop();
    let found: Vec<u64> = read_lines(&output)
        .iter()
        .map(|line| line.split_once(' ').unwrap().0.parse().unwrap())
        .collect();
    let differs = found.iter().zip(0..).position(|(found, expected)| *found != expected);
    assert_eq!(differs, None, "lost, twice or in another order");
    assert_eq!(found.len() as u64, next);
}
