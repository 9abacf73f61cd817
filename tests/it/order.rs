//! The order of system calls: nothing is acknowledged before it is durable. Seen from outside, by strace.

use crate::support::{Harness, PATIENCE, Process, count_lines, eventually, post, read};
use std::path::Path;
use std::process::Command;

/// Runs a stack under strace; the calls are written to `calls` in the harness's directory.
fn traced(harness: &Harness) -> Process {
    let up = harness.up();
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "64", "-o", "calls", "-e"]);
    command.arg(
        "trace=write,pwrite64,writev,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2",
    );
    command.arg(up.get_program()).args(up.get_args()).current_dir(harness.directory());
    Process::start(&mut command)
}

/// A finished call: what was done, and to which file or socket.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    name: String,
    target: String,
    text: String,
}

/// The calls in the order in which they returned: only what has returned has happened.
fn calls(path: &Path) -> Vec<Call> {
    let text = String::from_utf8_lossy(&read(path)).into_owned();
    let mut begun: Vec<(String, String)> = Vec::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim_start();
        if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            begun.push((thread.to_owned(), start.to_owned()));
        } else if rest.starts_with("<... ") {
            let at = begun.iter().position(|(other, _)| other == thread);
            let start = at.map(|at| begun.remove(at).1).unwrap_or_default();
            calls.extend(call(&start));
        } else {
            calls.extend(call(rest));
        }
    }
    calls
}

/// `pwrite64(9</tmp/x/out.ndjson>, "text"...`
fn call(text: &str) -> Option<Call> {
    let (name, arguments) = text.split_once('(')?;
    let target = arguments.split_once('<').map_or(arguments, |(_, rest)| rest);
    let target = target.split_once('>').map_or(target, |(target, _)| target);
    Some(Call { name: name.to_owned(), target: target.to_owned(), text: text.to_owned() })
}

/// The place of the first call from `from` on that `wanted` holds for.
#[track_caller]
fn next(calls: &[Call], from: usize, what: &str, wanted: impl Fn(&Call) -> bool) -> usize {
    let found = calls.iter().skip(from).position(wanted);
    found.map_or_else(|| panic!("no {what} after call {from} in {calls:#?}"), |at| from + at)
}

fn is_write(call: &Call, target: &str) -> bool {
    call.name.contains("write") && call.target.contains(target)
}

fn is_sync(call: &Call, target: &str) -> bool {
    matches!(call.name.as_str(), "fsync" | "fdatasync") && call.target.contains(target)
}

#[test]
fn a_post_is_answered_after_the_journal_is_synced() {
    let harness = Harness::new(
        "stack: s
services:
  take:
    source: { http_listen: { listen: 0 } }
    sink: { append_file: out.ndjson }
",
    );
    let mut process = traced(&harness);
    let address = process.address("take");
    for number in 0..20 {
        let answer = post(&address, &format!("{{\"mark\":{number}}}")).unwrap();
        assert_eq!(answer.status, 200);
    }
    let lines = || count_lines(&harness.path("out.ndjson"));
    eventually("all is stored", || lines() == 20);
    process.signal("INT");
    end(&mut process, &harness);
    let calls = calls(&harness.path("calls"));
    for number in 0..20 {
        let mark = format!("mark\\\":{number}}}");
        let journal = |call: &Call| is_write(call, "/journal/") && call.text.contains(&mark);
        // A frame begins with its header, so the text of a long write may not show; one record shows.
        let written = next(&calls, 0, "write to the journal", journal);
        let synced = next(&calls, written, "sync of the journal", |it| is_sync(it, "/journal/"));
        let answered = next(&calls, written, "answer", |it| {
            it.text.contains("HTTP/1.1 200") && !it.target.contains('/')
        });
        assert!(synced < answered, "record {number} was answered before it was durable");
    }
}

/// The traced process ends; strace then ends too.
#[track_caller]
fn end(process: &mut Process, harness: &Harness) {
    // strace hands no signal on; the process that it runs is its only child.
    let id = process.id().to_string();
    let child = Command::new("pgrep").args(["-P", &id]).output().unwrap().stdout;
    let child = String::from_utf8(child).unwrap().trim().to_owned();
    if !child.is_empty() {
        drop(Command::new("kill").args(["-TERM", &child]).status());
    }
    process.wait(PATIENCE);
    assert!(!read(&harness.path("calls")).is_empty());
}

#[test]
fn a_checkpoint_is_saved_after_its_data_is_synced() {
    let harness = Harness::new(
        "stack: s
services:
  flow:
    source: { generate: { every: 20ms, limit: 25, record: { id: sequence } } }
    sink: { append_file: out.ndjson }
",
    );
    let mut process = traced(&harness);
    process.wait(PATIENCE);
    let calls = calls(&harness.path("calls"));
    let mut at = 0;
    let mut commits = 0;
    while calls.iter().skip(at).any(|call| is_write(call, "/out.ndjson")) {
        let data = next(&calls, at, "write of data", |it| is_write(it, "/out.ndjson"));
        let synced = next(&calls, data, "sync of data", |it| is_sync(it, "/out.ndjson"));
        let early = calls[data..synced].iter().find(|it| is_write(it, "/checkpoint"));
        assert_eq!(early, None, "the checkpoint went ahead of its data");
        let saved = next(&calls, synced, "checkpoint", |it| is_write(it, "/checkpoint"));
        let durable = next(&calls, saved, "sync of it", |it| is_sync(it, "/checkpoint"));
        let early = calls[synced..durable].iter().find(|it| is_write(it, "/out.ndjson"));
        assert_eq!(early, None, "more data was written before the checkpoint was durable");
        at = durable;
        commits += 1;
    }
    assert!(commits >= 5, "only {commits} commits");
}

#[test]
fn a_dataset_is_published_data_first_and_metadata_last() {
    let harness = Harness::new(
        "stack: s
services:
  flow:
    source: { generate: { every: 20ms, count: 5, limit: 15, record: { id: sequence } } }
    sink: { dataset: shared }
",
    );
    let mut process = traced(&harness);
    process.wait(PATIENCE);
    let calls = calls(&harness.path("calls"));
    for number in 1..=3 {
        let (data, metadata) = (format!("data_{number}.csv"), format!("metadata_{number}.json"));
        let renames = |it: &Call, name: &str| {
            it.name.starts_with("rename") && it.text.contains(&format!("{name}.tmp"))
        };
        let synced = next(&calls, 0, "sync of data", |it| is_sync(it, &data));
        let named = next(&calls, synced, "name of data", |it| renames(it, &data));
        let listed = next(&calls, named, "sync of the directory", |it| is_sync(it, "/shared"));
        let meta = next(&calls, listed, "sync of metadata", |it| is_sync(it, &metadata));
        let named = next(&calls, meta, "name of metadata", |it| renames(it, &metadata));
        let listed = next(&calls, named, "sync of the directory", |it| is_sync(it, "/shared"));
        next(&calls, listed, "checkpoint", |it| is_write(it, "/checkpoint"));
        let first = calls.iter().position(|it| renames(it, &metadata)).unwrap();
        assert!(first > synced, "metadata came before its data");
    }
}
