//! Several processes share one directory of results: each dataset is done by one of them, whoever is killed or
//! paused in between. The input can only be read, as on a shared volume.

use crate::support::{Harness, Namespace, Process, checksum, count_lines, eventually, read, until};
use headwater::testing::random::Random;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const STACK: &str = "stack: s
services:
  consumer:
    source: { datasets: { path: input, look: 200ms } }
    steps: [summarise]
    sink: { report: { path: results, png: false } }
";

/// Writes datasets of `rows` rows with the numbers of `range`.
fn fill(input: &Path, range: std::ops::Range<u64>, rows: u64) {
    std::fs::create_dir_all(input).unwrap();
    for number in range {
        let mut text = "id,value,word\n".to_owned();
        for row in 0..rows {
            writeln!(text, "{row},{},w{}", (row * 7919 + number) % 1000, row % 13).unwrap();
        }
        let sha256 = checksum(text.as_bytes());
        let metadata = format!("{{\"bytes\":{},\"sha256\":\"{sha256}\"}}", text.len());
        std::fs::write(input.join(format!("data_{number}.csv")), text).unwrap();
        std::fs::write(input.join(format!("metadata_{number}.json")), metadata).unwrap();
    }
}

/// The mounts of somebody who may only read the input.
fn reader(harness: &Harness) -> Namespace {
    let input = harness.path("input");
    let input = input.display();
    Namespace::with(&format!(
        "mount --bind '{input}' '{input}' && mount -o remount,bind,ro '{input}'"
    ))
}

/// One consumer, as a container runs it.
fn consumer(harness: &Harness, data: &str) -> Process {
    let mut command = harness.command();
    command.args(["run", "consumer", "--stack", "stack.yaml", "--admin", "127.0.0.1:0"]);
    Process::start(command.args(["--data", data]))
}

fn log(harness: &Harness) -> PathBuf {
    harness.path("results/processed.ndjson")
}

/// The datasets of the log in order.
fn logged(harness: &Harness) -> Vec<String> {
    let text = String::from_utf8(read(&log(harness))).unwrap();
    let name = |line: &str| {
        let value: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("torn: {line:?}: {error}"));
        value["dataset"].as_str().unwrap().to_owned()
    };
    text.lines().map(name).collect()
}

/// Every dataset of the ledger once, with its files, and none that is not in it.
fn check(harness: &Harness, ledger: std::ops::Range<u64>) {
    let mut done = logged(harness);
    done.sort();
    let mut all: Vec<String> = ledger.clone().map(|number| format!("data_{number}")).collect();
    all.sort();
    assert_eq!(done, all, "each once, none lost");
    let index = String::from_utf8(read(&harness.path("results/index.html"))).unwrap();
    for number in ledger {
        let report = format!("results/report_{number}.html");
        assert!(read(&harness.path(&report)).trim_ascii_end().ends_with(b"</html>"), "{report}");
        assert!(index.contains(&format!("report_{number}.html")), "the index has no {number}");
    }
}

/// The dataset that the worker of this directory is at, while it is.
fn held(harness: &Harness, data: &str) -> Option<String> {
    let word = read(&harness.path(&format!("{data}/s/consumer/worker")));
    let word = String::from_utf8(word).unwrap();
    let leases = std::fs::read_dir(harness.path("results/.leases")).ok()?;
    leases.flatten().find_map(|lease| {
        let name = lease.file_name().into_string().unwrap();
        let dataset = name.strip_prefix("dataset-").filter(|rest| !rest.contains('~'))?;
        let tenure = std::fs::read_dir(lease.path()).ok()?.flatten().next()?;
        let is_its = tenure.file_name().to_str()?.starts_with(&word);
        (is_its && !word.is_empty()).then(|| dataset.to_owned())
    })
}

#[test]
fn five_processes_do_each_dataset_once_through_kills_and_pauses() {
    let mut harness = Harness::new(STACK);
    fill(&harness.path("input"), 1..121, 300);
    let namespace = reader(&harness);
    harness.enter(&namespace);
    let data = |worker: usize| format!("data-{worker}");
    let mut workers: Vec<Process> = (0..5).map(|it| consumer(&harness, &data(it))).collect();
    let mut random = Random::new(u64::from(std::process::id()));
    for turn in 1..=10 {
        eventually("more is done", || count_lines(&log(&harness)) >= turn * 6);
        let worker = random.below(5) as usize;
        if random.chance(50) {
            workers[worker].kill();
            workers[worker] = consumer(&harness, &data(worker));
        } else {
            workers[worker].signal("STOP");
            std::thread::sleep(Duration::from_millis(random.below(4000)));
            workers[worker].signal("CONT");
        }
    }
    eventually("all are done", || count_lines(&log(&harness)) >= 120);
    workers.iter_mut().for_each(Process::stop);
    check(&harness, 1..121);
    // Nothing is done again, neither by them nor by one that was never there.
    let before = read(&log(&harness));
    let mut late = consumer(&harness, "data-late");
    late.says("runs s");
    fill(&harness.path("input"), 121..122, 10);
    eventually("the new one is done", || count_lines(&log(&harness)) >= 121);
    late.stop();
    assert!(read(&log(&harness)).starts_with(&before));
    check(&harness, 1..122);
    drop(namespace);
}

#[test]
fn five_processes_share_one_data_directory() {
    let harness = Harness::new(STACK);
    fill(&harness.path("input"), 1..61, 300);
    let mut workers: Vec<Process> = (0..5).map(|_| consumer(&harness, "data")).collect();
    eventually("all are done", || count_lines(&log(&harness)) >= 60);
    workers.iter_mut().for_each(Process::stop);
    check(&harness, 1..61);
    let seats = std::fs::read_dir(harness.path("data/s/consumer")).unwrap().flatten();
    let others = seats.filter(|it| it.file_name().to_str().unwrap().starts_with("worker-")).count();
    assert_eq!(others, 4);
}

#[test]
fn a_second_process_that_would_write_the_same_place_is_told_and_writes_nothing() {
    for (sink, made) in [("append_file: out", "out"), ("dataset: out", "out/metadata_2.json")] {
        let maker = "generate: { every: 50ms, record: { id: sequence } }";
        let harness = Harness::new(&format!(
            "stack: s\nservices:\n  f: {{ source: {{ {maker} }}, sink: {{ {sink} }} }}\n"
        ));
        let start = |data: &str| {
            let mut command = harness.command();
            command.args(["run", "f", "--stack", "stack.yaml", "--admin", "127.0.0.1:0"]);
            Process::start(command.args(["--data", data]))
        };
        let mut first = start("a");
        eventually("the first one writes", || harness.path(made).exists());
        let mut second = start("b");
        second.says("another process writes out, and only one may");
        assert_eq!(second.wait(Duration::from_mins(1)).0.code(), Some(1));
        first.kill();
        let mut second = start("b");
        eventually("the place is free", || harness.path("b/s/f/checkpoint").exists());
        second.stop();
    }
}

#[test]
fn a_dataset_that_is_damaged_becomes_one_dead_letter() {
    let harness = Harness::new(&STACK.replace("200ms", "200ms, patience: 1s"));
    fill(&harness.path("input"), 1..11, 100);
    std::fs::write(harness.path("input/data_5.csv"), "id\n1\n").unwrap();
    let mut workers: Vec<Process> =
        (0..3).map(|it| consumer(&harness, &format!("data-{it}"))).collect();
    let letters = || {
        let of =
            |it| count_lines(&harness.path(&format!("data-{it}/s/consumer/dead-letters.ndjson")));
        (0..3).map(of).sum::<u64>()
    };
    eventually("it is given up", || letters() > 0);
    fill(&harness.path("input"), 11..31, 100);
    eventually("the rest is done", || count_lines(&log(&harness)) >= 29);
    workers.iter_mut().for_each(Process::stop);
    let done: BTreeSet<String> = logged(&harness).into_iter().collect();
    assert_eq!((done.len(), done.contains("data_5"), letters()), (29, false, 1));
}

/// What the taker-over published, by inode: whoever publishes again makes new files.
fn inodes(harness: &Harness) -> Vec<(PathBuf, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(harness.path("results")).unwrap().flatten();
    let mut all: Vec<(PathBuf, u64)> = entries
        .filter(|entry| !entry.file_name().to_str().unwrap().starts_with('.'))
        .map(|entry| (entry.path(), entry.metadata().unwrap().ino()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_worker_that_was_paused_past_its_lease_publishes_nothing() {
    let harness = Harness::new(STACK);
    fill(&harness.path("input"), 1..2, 200_000);
    let mut paused = consumer(&harness, "data-a");
    let dataset = until("it is at work", || held(&harness, "data-a"));
    paused.signal("STOP");
    assert_eq!(count_lines(&log(&harness)), 0, "it was done too soon");
    let stopped = Instant::now();
    let mut other = consumer(&harness, "data-b");
    eventually("the other one has it", || held(&harness, "data-b").is_some());
    let taken = stopped.elapsed();
    eventually("the other one is done", || count_lines(&log(&harness)) == 1);
    eventually("the index is drawn", || harness.path("results/index.html").exists());
    eventually("all leases are free", || held(&harness, "data-b").is_none());
    eprintln!("{dataset}: taken over {taken:.1?} after the pause began");
    assert!(taken < Duration::from_secs(5), "{taken:?}");
    let before = inodes(&harness);
    paused.signal("CONT");
    // It has found out, and goes on with what is new.
    fill(&harness.path("input"), 2..3, 10);
    other.stop();
    eventually("it goes on", || count_lines(&log(&harness)) == 2);
    paused.stop();
    check(&harness, 1..3);
    let after = inodes(&harness);
    let same = |(path, inode): &&(PathBuf, u64)| {
        let is_common = ["index.html"].iter().any(|name| path.ends_with(name));
        !is_common && !after.contains(&(path.clone(), *inode))
    };
    assert_eq!(before.iter().find(same), None, "it was published again");
}

#[test]
fn the_work_of_a_dead_worker_is_taken_over_within_five_seconds() {
    let harness = Harness::new(STACK);
    fill(&harness.path("input"), 1..2, 200_000);
    let mut dying = consumer(&harness, "data-a");
    until("it is at work", || held(&harness, "data-a"));
    let mut other = consumer(&harness, "data-b");
    other.says("runs s");
    dying.kill();
    let killed = Instant::now();
    assert_eq!(count_lines(&log(&harness)), 0, "it was done too soon");
    eventually("the other one has it", || held(&harness, "data-b").is_some());
    let taken = killed.elapsed();
    eprintln!("taken over {taken:.1?} after the death");
    assert!(taken < Duration::from_secs(5), "{taken:?}");
    eventually("it is done", || count_lines(&log(&harness)) == 1);
    other.stop();
    check(&harness, 1..2);
}
