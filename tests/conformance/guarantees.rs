//! The matrix of `headwater kinds --guarantees` is true: every source with every sink that a test can run and
//! read is broken off at every batch, and what stands at the end is what the matrix says, neither less nor more.

use crate::support::{advance, context, flow, lines, real_disk};
use headwater::catalog::Catalog;
use headwater::core::kind::BuiltSource;
use headwater::core::position::Checkpoint;
use headwater::core::source::{Read, Source};
use headwater::core::wait::Wait;
use headwater::formats::json_lines;
use headwater::stack::guarantee::{Guarantee, between};
use headwater::stack::model::Flow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Kinds whose pairs cannot run here, with what tries them instead.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "http_listen",
        "its journal is tried in tests/simulation and its kills in tests/it/crash/listen.rs",
    ),
    ("http_poll", "nothing can be read again: tests/it/crash/poll.rs"),
    ("stdin", "it belongs to the process: tests/it"),
    ("drop", "it keeps nothing"),
    ("mqtt", "it needs a broker: tests/it/streams"),
    ("nats", "it needs a broker: tests/it/streams"),
    ("postgres", "it needs a server: tests/conformance/postgres"),
    ("print", "standard output belongs to the process: tests/it"),
    ("report", "it takes summaries: tests/conformance/trials.rs"),
    ("resource", "its store is tried in tests/it/crash/resources.rs"),
];

/// A sink with options, and how what it stored is read again.
struct Place {
    name: &'static str,
    text: String,
    stored: Box<dyn Fn() -> Vec<String>>,
}

/// Everything that a test can give to a sink to write to, below a directory.
fn places(directory: &Path) -> Vec<Place> {
    let file = directory.join("out.ndjson");
    let sets = directory.join("sets");
    let server = Server::start();
    vec![
        Place {
            name: "append_file",
            text: format!("append_file: {}", file.display()),
            stored: Box::new(move || as_json(lines(&std::fs::read(&file).unwrap_or_default()))),
        },
        Place {
            name: "dataset",
            text: format!("dataset: {{ path: {}, format: ndjson }}", sets.display()),
            stored: Box::new(move || published(&sets)),
        },
        Place {
            name: "http",
            text: format!("http: \"{}\"", server.url),
            stored: Box::new(move || server.seen.lock().unwrap().clone()),
        },
    ]
}

/// Lines of text as the records that they are.
fn as_json(lines: Vec<String>) -> Vec<String> {
    let record = |line: String| {
        if line.starts_with('{') { line } else { serde_json::json!({ "line": line }).to_string() }
    };
    lines.into_iter().map(record).collect()
}

/// The rows of all datasets with metadata, in their order.
fn published(directory: &Path) -> Vec<String> {
    let mut number = 0;
    let mut all = Vec::new();
    loop {
        number += 1;
        if !directory.join(format!("metadata_{number}.json")).exists() {
            return all;
        }
        let data = std::fs::read(directory.join(format!("data_{number}.ndjson"))).unwrap();
        all.extend(lines(&data));
    }
}

/// Takes every record and remembers it.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&seen);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, seen) = (stream.unwrap(), Arc::clone(&remembered));
                std::thread::spawn(move || take(&stream, &seen));
            }
        });
        Self { url, seen }
    }
}

fn take(stream: &std::net::TcpStream, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            seen.lock().unwrap().push(String::from_utf8(body).unwrap());
            let mut stream = stream;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
        line.clear();
    }
}

/// The sources of the other tests, made small: what is tried here is breaking off, at every batch.
fn small_sources(directory: &Path) -> Vec<(&'static str, String)> {
    let write = |name: &str, text: String| {
        std::fs::write(directory.join(name), text).unwrap();
        directory.join(name).display().to_string()
    };
    let rows = |row: &dyn Fn(u32) -> String| (0..24_u32).map(row).collect::<String>();
    let ndjson =
        write("in.ndjson", rows(&|n| format!("{{\"n\":{n},\"text\":\"{}\"}}\n", "x".repeat(300))));
    let tape =
        rows(&|n| format!("{{\"time\":\"2026-01-01T00:00:00Z\",\"record\":{{\"n\":{n}}}}}\n"));
    let tape = write("tape.ndjson", tape);
    let csv = rows(&|n| format!("{n},text {n}\n"));
    for number in 1..4 {
        crate::sources::dataset(
            &directory.join("in"),
            number,
            format!("id,text\n{csv}").as_bytes(),
        );
    }
    vec![
        (
            "generate",
            "generate: { every: 0.001ms, count: 3, limit: 18, record: { id: sequence } }".into(),
        ),
        (
            "generate",
            "generate: { every: 0.001ms, count: 3, limit: 18, record: { id: sequence }, \
             faults: { late: 20%, drop: 20% } }"
                .into(),
        ),
        ("file", format!("file: {ndjson}")),
        ("replay", format!("replay: {{ path: {tape}, speed: max }}")),
        (
            "datasets",
            format!("datasets: {{ path: {}, look: 1ms }}", directory.join("in").display()),
        ),
    ]
}

/// When a life of the flow ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// Behind the write of so many batches, before their commit.
    Written(usize),
    /// Behind the commit of so many batches, before the checkpoint is saved.
    Committed(usize),
    Never,
}

/// One life of a flow, in the engine's order: write, commit, save the checkpoint. Answers whether it came to the end.
fn live(flow: &Flow, directory: &Path, checkpoint: &mut Checkpoint, until: Break) -> bool {
    let mut context = context(&real_disk(), directory);
    context.commit_bytes = flow.sink.kind.commit_bytes.min(1024);
    // As the engine does.
    std::fs::create_dir_all(&context.data).unwrap();
    let built = (flow.source.kind.build)(&flow.source.options, &context).unwrap();
    let BuiltSource::Read(mut source) = built else { panic!("it reads") };
    let mut sink = (flow.sink.kind.build)(&flow.sink.options, &context).unwrap();
    for (partition, position) in &sink.recover(checkpoint).unwrap().ahead {
        checkpoint.advance(partition, position);
    }
    if checkpoint.sink.is_none() {
        checkpoint.sink = sink.commit().unwrap();
    }
    source.resume(checkpoint).unwrap();
    let (mut batches, mut idle) = (0, 0);
    while idle < 20 {
        let batch = match read(source.as_mut()) {
            Read::Batch(batch) => *batch,
            Read::Idle => {
                idle += 1;
                continue;
            }
            Read::End => break,
        };
        (idle, batches) = (0, batches + 1);
        assert!(sink.write(&batch).unwrap().is_empty());
        if until == Break::Written(batches) {
            return false;
        }
        let state = sink.commit().unwrap();
        if until == Break::Committed(batches) {
            return false;
        }
        advance(checkpoint, &batch);
        checkpoint.sink = state;
    }
    true
}

fn read(source: &mut dyn Source) -> Read {
    source.read(&Wait::new()).unwrap()
}

/// What the source gives without any disturbance.
fn given(flow: &Flow, directory: &Path) -> Vec<String> {
    let context = context(&real_disk(), directory);
    let built = (flow.source.kind.build)(&flow.source.options, &context).unwrap();
    let BuiltSource::Read(mut source) = built else { panic!("it reads") };
    let batches = crate::support::read_all(source.as_mut(), &Checkpoint::default()).unwrap();
    batches.iter().flat_map(|batch| lines(&json_lines::of(&batch.records).0)).collect()
}

fn counted(lines: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line.as_str()).or_default() += 1;
    }
    counts
}

#[test]
fn every_pair_that_can_run_here_does_what_the_matrix_says() {
    let inputs = tempfile::tempdir().unwrap();
    let mut repeats: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (source, source_text) in small_sources(inputs.path()) {
        for at in 0..places(inputs.path()).len() {
            for moment in 1..=6 {
                for until in [Break::Written(moment), Break::Committed(moment)] {
                    let directory = tempfile::tempdir().unwrap();
                    let place = places(directory.path()).swap_remove(at);
                    let flow = flow(&source_text, None, &place.text).unwrap();
                    let claim = between(flow.source.kind, flow.sink.kind).guarantee;
                    let mut checkpoint = Checkpoint::default();
                    live(&flow, directory.path(), &mut checkpoint, until);
                    assert!(live(&flow, directory.path(), &mut checkpoint, Break::Never));
                    let (given, stored) = (given(&flow, inputs.path()), (place.stored)());
                    let what = format!("{source_text} -> {}, {until:?}", place.text);
                    let (wanted, found) = (counted(&given), counted(&stored));
                    match claim {
                        Guarantee::ExactlyOnce => assert!(given == stored, "{what}"),
                        Guarantee::AtLeastOnce => assert!(
                            wanted.iter().all(|(line, count)| found.get(line) >= Some(count)),
                            "{what} has lost something"
                        ),
                        Guarantee::AtMostOnce => assert!(
                            found.iter().all(|(line, count)| wanted.get(line) >= Some(count)),
                            "{what} has doubled something"
                        ),
                    }
                    *repeats.entry((source, place.name)).or_default() +=
                        stored.len().saturating_sub(given.len());
                }
            }
        }
    }
    // A claim that is too weak would be wrong as well: where repeats are possible, they are seen here.
    for ((source, sink), count) in repeats {
        let catalog = Catalog::all();
        let source = catalog.sources.iter().find(|kind| kind.about.name == source).unwrap();
        let sink = catalog.sinks.iter().find(|kind| kind.about.name == sink).unwrap();
        let may_repeat = between(source, sink).guarantee == Guarantee::AtLeastOnce;
        assert_eq!(count > 0, may_repeat, "{} -> {}", source.about.name, sink.about.name);
    }
}

#[test]
fn a_new_kind_is_tried_here_or_says_where_it_is_tried() {
    let directory = tempfile::tempdir().unwrap();
    let mut tried: BTreeSet<&str> = ELSEWHERE.iter().map(|(name, _)| *name).collect();
    tried.extend(small_sources(directory.path()).iter().map(|(name, _)| *name));
    tried.extend(places(directory.path()).iter().map(|place| place.name));
    let catalog = Catalog::all();
    let sources = catalog.sources.iter().map(|kind| kind.about.name);
    let sinks = catalog.sinks.iter().map(|kind| kind.about.name);
    for name in sources.chain(sinks) {
        assert!(tried.contains(name), "give {name} a place in tests/conformance/guarantees.rs");
    }
}
