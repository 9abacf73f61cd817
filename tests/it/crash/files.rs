//! `file` into `append_file`: lines, CSV, and a file that grows and is rotated meanwhile.

use super::Kills;
use crate::support::{Harness, PATIENCE, count_lines, eventually, read, read_lines, sequence};
use headwater::testing::random::Random;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

fn stack(source: &str, sink: &str) -> String {
    format!(
        "stack: crash
services:
  flow:
    source: {{ file: {{ {source} }} }}
    sink: {{ append_file: {sink} }}
"
    )
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[test]
fn lines_of_a_file_arrive_as_they_are_and_once() {
    let harness = Harness::new(&stack("path: in.txt", "out.txt"));
    assert_eq!(harness.guarantee("flow"), "exactly-once");
    let (input, output) = (harness.path("in.txt"), harness.path("out.txt"));
    let more = |random: &mut Random| {
        let mut text = String::new();
        for _ in 0..20_000 {
            writeln!(text, "{} \u{e9}\"\\ {}", random.number(), random.below(9)).unwrap();
        }
        append(&input).write_all(text.as_bytes()).unwrap();
    };
    Kills::of("file(lines) -> append_file").run(&harness, more, |_| {}, || length(&output));
    assert!(harness.start().wait(PATIENCE).0.success());
    assert!(read(&output) == read(&input), "the copy differs from the file");
}

#[test]
fn rows_of_a_csv_arrive_once() {
    let harness = Harness::new(&stack("path: in.csv", "out.ndjson"));
    let (input, output) = (harness.path("in.csv"), harness.path("out.ndjson"));
    std::fs::write(&input, "id,name,note\n").unwrap();
    let mut next = 0;
    let more = |random: &mut Random| {
        let mut text = String::new();
        for _ in 0..10_000 {
            writeln!(text, "{next},\"a, \"\"quoted\"\"\nname\",{}", random.below(100)).unwrap();
            next += 1;
        }
        append(&input).write_all(text.as_bytes()).unwrap();
    };
    Kills::of("file(csv) -> append_file").run(&harness, more, |_| {}, || length(&output));
    assert!(harness.start().wait(PATIENCE).0.success());
    let lines = read_lines(&output);
    assert_eq!(sequence(&lines, "id"), (0..next).collect::<Vec<u64>>());
    assert!(lines.iter().all(|line| line.contains(r#""name":"a, \"quoted\"\nname""#)));
}

/// Appends lines to `log` and renames it to `log.N` now and then, also while nobody reads.
fn write_and_rotate(directory: &Path, stop: &AtomicBool, mut random: Random) -> u64 {
    let log = directory.join("log");
    let (mut next, mut rotations) = (0_u64, 0);
    let mut file = append(&log);
    while !stop.load(Relaxed) {
        for _ in 0..random.below(20) {
            // In two writes, so that the reader meets half lines.
            write!(file, "line ").unwrap();
            writeln!(file, "{next}").unwrap();
            next += 1;
        }
        // The reader begins with the file that has the name; what was renamed before is not its own.
        if random.chance(2) && length(&directory.join("out.txt")) > 0 {
            std::fs::rename(&log, directory.join(format!("log.{rotations}"))).unwrap();
            rotations += 1;
            // The old file stays open for a moment, as it does when a rotating program tells its writer.
            writeln!(file, "line {next}").unwrap();
            next += 1;
            file = append(&log);
            // Two files whose last writes fall into one tick of the clock cannot be put in order.
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(rotations > 0, "nothing was rotated");
    next
}

#[test]
fn a_followed_file_is_read_through_growth_and_rotation() {
    let harness = Harness::new(&stack("path: log, format: lines, follow: true", "out.txt"));
    let output = harness.path("out.txt");
    let mut kills = Kills::of("file(follow) -> append_file");
    let stop = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let random = Random::new(kills.random.number());
        let writer = scope.spawn(|| write_and_rotate(harness.directory(), &stop, random));
        kills.run(&harness, |_| {}, |_| {}, || length(&output));
        let mut process = harness.start();
        let before = length(&output);
        eventually("the flow goes on", || length(&output) > before);
        stop.store(true, Relaxed);
        let written = writer.join().unwrap();
        let count = || count_lines(&output);
        eventually("all lines arrive", || count() >= written);
        process.stop();
        written
    });
    let expected: Vec<String> = (0..written).map(|number| format!("line {number}")).collect();
    let found = read_lines(&output);
    let differs = expected.iter().zip(&found).position(|(a, b)| a != b);
    assert_eq!(differs.map(|at| (&expected[at], &found[at])), None);
    assert_eq!(found.len(), expected.len());
}
