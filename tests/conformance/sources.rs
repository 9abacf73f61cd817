//! A source that says it can be read again gives the same bytes from every position it ever returned.

use crate::support::{advance, flow, read_all, source, write};
use headwater::catalog::Catalog;
use headwater::core::batch::Batch;
use headwater::core::kind::Replay;
use headwater::core::position::Checkpoint;
use headwater::engine::journal::{Journal, JournalOptions};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Sources with more than one batch to give, for every kind that can be read again.
fn arrangements(directory: &Path) -> Vec<(&'static str, String)> {
    let at = |name: &str| directory.join(name).display().to_string();
    let rows = |row: &dyn Fn(u32) -> String| (0..60_000).map(row).collect::<String>();
    let bad = |n: u32| if n.is_multiple_of(9_973) { "torn\n" } else { "" };
    let csv = format!("id,text\n{}", rows(&|n| format!("{n},\"a\nb {n}\"\n{}", bad(n))));
    let ndjson = rows(&|n| format!("{{\"n\":{n},\"text\":\"some text\"}}\n"));
    let plain = rows(&|n| format!("line {n}\r\n{}", "\n".repeat((n % 3) as usize)));
    write(&directory.join("rows.csv"), format!("\u{FEFF}{csv}"));
    write(&directory.join("semicolon.csv"), csv.replace(',', ";"));
    write(&directory.join("records.ndjson"), &ndjson);
    let recorded = rows(&|n| {
        let time = format!("2026-01-01T00:00:00.{:03}Z", n % 1000);
        format!("{{\"time\":\"{time}\",\"record\":{{\"n\":{n},\"text\":\"some text\"}}}}\n")
    });
    let middle = recorded[..recorded.len() / 2].rfind('\n').unwrap() + 1;
    let (first, second) = recorded.split_at(middle);
    write(&directory.join("tape.ndjson"), second);
    let packed = zstd::stream::encode_all(first.as_bytes(), 3).unwrap();
    write(&directory.join("tape.000001.ndjson.zst"), packed);
    write(&directory.join("plain.log"), format!("{plain}the end"));
    write(&directory.join("empty.csv"), "");
    for (number, text) in
        [(2, csv.as_str()), (10, "id,text\n1,x\n"), (11, "id,text\n"), (12, "id\n1\n")]
    {
        dataset(&directory.join("sets"), number, text.as_bytes());
    }
    vec![
        (
            "generate",
            "generate: { limit: 60000, record: { id: sequence, who: person.name, v: walk } }"
                .into(),
        ),
        (
            "generate",
            "generate: { every: 0.001ms, count: 7, limit: 50, record: { id: sequence } }".into(),
        ),
        ("file", format!("file: {}", at("rows.csv"))),
        ("file", format!("file: {}", at("semicolon.csv"))),
        ("file", format!("file: {}", at("records.ndjson"))),
        ("file", format!("file: {}", at("plain.log"))),
        ("file", format!("file: {}", at("empty.csv"))),
        ("file", format!("file: {{ path: {}, format: lines }}", at("rows.csv"))),
        ("datasets", format!("datasets: {{ path: {}, look: 1ms }}", at("sets"))),
        ("replay", format!("replay: {{ path: {}, speed: max }}", at("tape.ndjson"))),
        ("resource", "resource: things".into()),
    ]
}

/// A complete dataset, as the `dataset` sink leaves it.
pub fn dataset(directory: &Path, number: u32, data: &[u8]) {
    std::fs::create_dir_all(directory).unwrap();
    write(&directory.join(format!("data_{number}.csv")), data);
    let sha: Vec<String> = Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect();
    let metadata = serde_json::json!({ "bytes": data.len(), "sha256": sha.concat() });
    write(&directory.join(format!("metadata_{number}.json")), metadata.to_string());
}

/// The bytes of every partition with what was rejected, and whether its dataset came to its end.
fn contents(batches: &[Batch]) -> BTreeMap<String, (Vec<u8>, u32)> {
    let mut all: BTreeMap<String, (Vec<u8>, u32)> = BTreeMap::new();
    for batch in batches {
        let of = all.entry(batch.partition.to_string()).or_default();
        of.0.extend(&batch.records.bytes);
        for rejected in &batch.rejected {
            of.0.extend(&rejected.record);
            of.0.extend(rejected.reason.as_bytes());
        }
        of.1 += batch.dataset.as_ref().map_or(0, |part| u32::from(part.is_last));
    }
    all.retain(|_, (bytes, ends)| !bytes.is_empty() || *ends > 0);
    all
}

#[test]
fn every_source_that_can_be_read_again_is_tried() {
    let directory = tempfile::tempdir().unwrap();
    let mut tried: Vec<&str> =
        arrangements(directory.path()).iter().map(|(name, _)| *name).collect();
    // Each with a server of its own.
    tried.extend(["nats", "postgres"]);
    for kind in Catalog::all().sources.iter().filter(|kind| kind.replay == Replay::Again) {
        assert!(tried.contains(&kind.about.name), "no arrangement for {}", kind.about.name);
    }
}

#[test]
fn the_same_bytes_follow_every_position() {
    let directory = tempfile::tempdir().unwrap();
    for (_, text) in arrangements(directory.path()) {
        let whole = read_all(source(&text).as_mut(), &Checkpoint::default()).unwrap();
        let is_small = text.contains("empty.csv");
        assert!(is_small || whole.len() >= 3, "{text} gives {} batches", whole.len());
        let mut checkpoint = Checkpoint::default();
        for (index, batch) in whole.iter().enumerate() {
            advance(&mut checkpoint, batch);
            let rest = read_all(source(&text).as_mut(), &checkpoint).unwrap();
            let expected = contents(&whole[index + 1..]);
            assert!(contents(&rest) == expected, "{text} differs behind batch {index}");
        }
    }
}

#[test]
fn the_counts_of_records_are_right() {
    let directory = tempfile::tempdir().unwrap();
    for (_, text) in arrangements(directory.path()) {
        let batches = read_all(source(&text).as_mut(), &Checkpoint::default()).unwrap();
        for batch in &batches {
            let ends_well = batch.records.bytes.last().is_none_or(|byte| *byte == b'\n');
            assert!(ends_well, "{text}: a batch does not end with a line feed");
        }
        let records: u64 = batches.iter().map(|batch| batch.records.count).sum();
        let least = match text.split(':').next().unwrap() {
            "generate" => None,
            "resource" => Some(4_000),
            _ => Some(60_000),
        };
        if let Some(least) = least.filter(|_| !text.contains("empty")) {
            assert!(records >= least, "{text} gives {records} records");
        }
    }
}

#[test]
fn a_followed_file_goes_on_behind_any_position_while_it_grows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("grows.log");
    let text = format!("file: {{ path: {}, follow: true }}", path.display());
    write(&path, "one\ntwo\nthr");
    let mut checkpoint = Checkpoint::default();
    let first = read_all(source(&text).as_mut(), &checkpoint).unwrap();
    assert_eq!(contents(&first).values().next().unwrap().0, b"one\ntwo\n");
    for batch in &first {
        advance(&mut checkpoint, batch);
    }
    write(&path, "one\ntwo\nthree\nfour\n");
    let more = read_all(source(&text).as_mut(), &checkpoint).unwrap();
    assert_eq!(contents(&more).values().next().unwrap().0, b"three\nfour\n");
    for batch in &more {
        advance(&mut checkpoint, batch);
    }
    std::fs::rename(&path, directory.path().join("grows.log.1")).unwrap();
    write(&path, "five\n");
    let rotated = read_all(source(&text).as_mut(), &checkpoint).unwrap();
    assert_eq!(contents(&rotated).values().next().unwrap().0, b"five\n");
}

#[test]
fn the_journal_behind_an_intake_gives_the_same_frames_from_any_position() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions { segment_bytes: 64 * 1024, ..JournalOptions::default() };
    let disk = crate::support::real_disk();
    let (mut journal, _) = Journal::open(Arc::clone(&disk), directory.path(), options).unwrap();
    let frames: Vec<Vec<u8>> =
        (0..400).map(|n| format!("{{\"n\":{n}}}\n").repeat(n % 50 + 1).into()).collect();
    for group in frames.chunks(7) {
        let group: Vec<&[u8]> = group.iter().map(Vec::as_slice).collect();
        journal.append(&group).unwrap();
    }
    drop(journal);
    let (journal, findings) = Journal::open(disk, directory.path(), options).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    for from in (1..=400).step_by(37) {
        let mut reader = journal.reader(from);
        let mut read = Vec::new();
        while let Some(batch) = reader.next(10_000).unwrap() {
            read.extend(batch.iter().map(|(_, frame)| frame.to_vec()));
        }
        assert!(read == frames[from as usize - 1..], "from {from}");
    }
}

#[test]
fn two_sources_of_one_seed_agree_and_of_another_service_differ() {
    let text = "generate: { limit: 100, record: { id: uuid } }";
    let one = read_all(source(text).as_mut(), &Checkpoint::default()).unwrap();
    let two = read_all(source(text).as_mut(), &Checkpoint::default()).unwrap();
    assert_eq!(contents(&one), contents(&two));
    let flow = flow(text, None, "drop: {}").unwrap();
    let mut context = crate::support::context(&crate::support::real_disk(), Path::new("/nowhere"));
    context.service = "other".into();
    let built = (flow.source.kind.build)(&flow.source.options, &context).unwrap();
    let headwater::core::kind::BuiltSource::Read(mut other) = built else { panic!("it reads") };
    let other = read_all(other.as_mut(), &Checkpoint::default()).unwrap();
    assert_ne!(contents(&one), contents(&other));
}

#[test]
fn a_generator_with_faults_and_its_ledger_go_on_behind_any_position() {
    let folder = tempfile::tempdir().unwrap();
    let text = "generate: { limit: 40000, record: { id: sequence, who: person.name }, \
                faults: { late: 2%, repeat: 1%, drop: 1%, corrupt: 0.01 } }";
    let flow = flow(text, None, "drop: {}").unwrap();
    let context = crate::support::context(&crate::support::real_disk(), folder.path());
    let source = || match (flow.source.kind.build)(&flow.source.options, &context).unwrap() {
        headwater::core::kind::BuiltSource::Read(source) => source,
        headwater::core::kind::BuiltSource::Intake(_) => panic!("it reads"),
    };
    // The time of an entry is when it was written.
    let ledger = || {
        let text = std::fs::read_to_string(context.data.join("faults.ndjson")).unwrap();
        let lines = text.lines().map(|line| line.split(",\"time\"").next().unwrap().to_owned());
        lines.collect::<Vec<_>>()
    };
    let whole = read_all(source().as_mut(), &Checkpoint::default()).unwrap();
    let noted = ledger();
    assert!(noted.len() > 1_000 && whole.len() > 3, "{} in {}", noted.len(), whole.len());
    let mut checkpoint = Checkpoint::default();
    for (index, batch) in whole.iter().enumerate() {
        advance(&mut checkpoint, batch);
        let rest = read_all(source().as_mut(), &checkpoint).unwrap();
        assert!(contents(&rest) == contents(&whole[index + 1..]), "differs behind batch {index}");
        assert!(ledger() == noted, "another ledger behind batch {index}");
    }
    // A power cut may take all of it.
    write(&context.data.join("faults.ndjson"), &noted.join("\n")[..5_000]);
    read_all(source().as_mut(), &checkpoint).unwrap();
    assert!(ledger() == noted, "another ledger after a power cut");
}

#[test]
fn a_recording_that_is_followed_goes_on_live_through_its_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tape.ndjson");
    let text = format!("replay: {{ path: {}, speed: max, then: follow }}", path.display());
    let line = |n: u32| format!("{{\"time\":\"2026-01-01T00:00:0{n}Z\",\"record\":{n}}}\n");
    write(&path, line(1) + &line(2) + "{\"time\":\"2026");
    let mut source = source(&text);
    let mut more = |from: &Checkpoint| {
        let batches = read_all(source.as_mut(), from).unwrap();
        let bytes: Vec<u8> = batches.iter().flat_map(|batch| batch.records.bytes.clone()).collect();
        (String::from_utf8(bytes).unwrap(), batches)
    };
    let mut checkpoint = Checkpoint::default();
    let (first, batches) = more(&checkpoint);
    assert_eq!(first, "1\n2\n");
    for batch in &batches {
        advance(&mut checkpoint, batch);
    }
    // What was half a line is finished; then the file is put aside and packed, and another one begun.
    let whole = line(1) + &line(2) + &line(3);
    let packed = zstd::stream::encode_all(whole.as_bytes(), 3).unwrap();
    write(&directory.path().join("tape.000001.ndjson.zst"), packed);
    write(&path, line(4));
    let (second, batches) = more(&checkpoint);
    assert_eq!(second, "3\n4\n");
    for batch in &batches {
        advance(&mut checkpoint, batch);
    }
    write(&path, line(4) + "rubbish\n" + &line(5));
    let (third, batches) = more(&checkpoint);
    assert_eq!(third, "5\n");
    assert_eq!(batches.iter().map(|batch| batch.rejected.len()).sum::<usize>(), 1);
}

#[test]
fn the_last_record_of_a_recording_needs_no_line_feed() {
    let directory = tempfile::tempdir().unwrap();
    let json = "{\"time\":\"2026-01-01T00:00:00Z\",\"n\":1}";
    let csv = "time,n\n2026-01-01T00:00:00Z,1";
    let half = format!("{json}\n{}", &json[..20]);
    let files = [("a.ndjson", json), ("a.csv", csv), ("half.ndjson", half.as_str())];
    for (name, text) in files {
        let path = directory.path().join(name);
        write(&path, text);
        let mut source = source(&format!("replay: {{ path: {}, speed: max }}", path.display()));
        let batches = read_all(source.as_mut(), &Checkpoint::default()).unwrap();
        let counts: u64 = batches.iter().map(|batch| batch.records.count).sum();
        let rejected: usize = batches.iter().map(|batch| batch.rejected.len()).sum();
        assert_eq!((counts, rejected), (1, 0), "{name}");
        // Nothing of it comes again.
        let mut checkpoint = Checkpoint::default();
        for batch in &batches {
            advance(&mut checkpoint, batch);
        }
        assert!(read_all(source.as_mut(), &checkpoint).unwrap().is_empty(), "{name}");
    }
}

#[test]
fn a_recording_is_played_at_its_pace() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tape.ndjson");
    let text = format!("replay: {{ path: {}, speed: 2, shift: [at] }}", path.display());
    let lines: Vec<String> = (0..10_u32)
        .map(|n| {
            let at = format!("2026-01-01T00:00:00.{:03}Z", n * 20);
            format!("{{\"time\":\"{at}\",\"record\":{{\"at\":\"{at}\"}}}}\n")
        })
        .collect();
    write(&path, lines.concat());
    let mut source = source(&text);
    source.resume(&Checkpoint::default()).unwrap();
    let (wait, start) = (headwater::core::wait::Wait::new(), std::time::Instant::now());
    let mut came = Vec::new();
    loop {
        match source.read(&wait).unwrap() {
            headwater::core::source::Read::Batch(batch) => {
                came.extend((0..batch.records.count).map(|_| start.elapsed().as_millis()));
                let text = String::from_utf8(batch.records.bytes.clone()).unwrap();
                assert!(!text.contains("2026-01-01T00:00:00"), "not shifted: {text}");
            }
            headwater::core::source::Read::Idle => {}
            headwater::core::source::Read::End => break,
        }
    }
    assert_eq!(came.len(), 10);
    // Never too soon; how late depends on the machine.
    for (index, at) in came.iter().enumerate() {
        assert!(*at + 1 >= index as u128 * 10, "{came:?}");
    }
}
