//! What the sinks promise: nothing twice, nothing torn, and only the records that cannot be stored are refused.

use crate::support::{json_batch, real_disk, sink_in, write};
use crate::trials::{Trial, Writer, trials};
use headwater::catalog::Catalog;
use headwater::core::batch::Batch;
use headwater::core::disk::Disk;
use headwater::core::finding::Severity;
use headwater::core::kind::Repeat;
use headwater::core::position::{Checkpoint, Position};
use headwater::core::record::{CsvShape, Encoding, Records};
use headwater::core::sink::Sink;
use std::path::Path;
use std::sync::Arc;

#[test]
fn every_sink_that_never_repeats_is_tried() {
    let all = trials(1);
    // Each with a server of its own.
    let elsewhere = ["nats", "postgres"];
    for kind in Catalog::all().sinks.iter().filter(|kind| kind.repeat == Repeat::Never) {
        let is_tried = all.iter().any(|trial| trial.name == kind.about.name);
        assert!(is_tried || elsewhere.contains(&kind.about.name), "{}", kind.about.name);
    }
}

/// Runs a scenario for every trial, on a real disk.
fn for_each(scenario: impl Fn(&Trial, &Arc<dyn Disk>, &Path)) {
    for trial in trials(6) {
        let directory = tempfile::tempdir().unwrap();
        scenario(&trial, &real_disk(), directory.path());
    }
}

#[test]
fn what_is_written_and_not_committed_comes_again_once() {
    for_each(|trial, disk, directory| {
        let mut checkpoint = Checkpoint::default();
        let mut first = Writer::open(trial, disk, directory, &mut checkpoint).unwrap();
        first.deliver(&trial.batches[..2], &mut checkpoint).unwrap();
        for batch in &trial.batches[2..5] {
            first.sink.write(batch).unwrap();
        }
        drop(first);
        let mut second = Writer::open(trial, disk, directory, &mut checkpoint).unwrap();
        second.run(&mut checkpoint).unwrap();
        trial.holds(disk, directory, 6, "written, not committed, recovered");
    });
}

#[test]
fn what_is_committed_and_not_in_the_checkpoint_stands_once() {
    for_each(|trial, disk, directory| {
        let mut checkpoint = Checkpoint::default();
        let mut first = Writer::open(trial, disk, directory, &mut checkpoint).unwrap();
        first.deliver(&trial.batches[..2], &mut checkpoint).unwrap();
        let mut lost = checkpoint.clone();
        first.deliver(&trial.batches[2..5], &mut lost).unwrap();
        drop(first);
        let mut second = Writer::open(trial, disk, directory, &mut checkpoint).unwrap();
        second.run(&mut checkpoint).unwrap();
        trial.holds(disk, directory, 6, "committed, not in the checkpoint");
    });
}

#[test]
fn a_first_commit_that_no_checkpoint_knows_stands_once() {
    for trial in trials(3).iter().filter(|trial| trial.name != "append_file") {
        let directory = tempfile::tempdir().unwrap();
        let disk = real_disk();
        let mut lost = Checkpoint::default();
        Writer::open(trial, &disk, directory.path(), &mut lost).unwrap().run(&mut lost).unwrap();
        let mut checkpoint = Checkpoint::default();
        let mut again = Writer::open(trial, &disk, directory.path(), &mut checkpoint).unwrap();
        again.run(&mut checkpoint).unwrap();
        trial.holds(&disk, directory.path(), 3, "the checkpoint is gone");
    }
}

#[test]
fn a_rollback_in_the_middle_forgets_or_knows_again() {
    for_each(|trial, disk, directory| {
        let mut checkpoint = Checkpoint::default();
        let mut writer = Writer::open(trial, disk, directory, &mut checkpoint).unwrap();
        writer.deliver(&trial.batches[..1], &mut checkpoint).unwrap();
        for _ in 0..2 {
            for batch in &trial.batches[1..4] {
                writer.sink.write(batch).unwrap();
            }
            writer.sink.rollback().unwrap();
        }
        writer.run(&mut checkpoint).unwrap();
        trial.holds(disk, directory, 6, "rolled back twice");
    });
}

#[test]
fn recovering_twice_changes_nothing() {
    for_each(|trial, disk, directory| {
        let mut checkpoint = Checkpoint::default();
        Writer::open(trial, disk, directory, &mut checkpoint)
            .unwrap()
            .run(&mut checkpoint)
            .unwrap();
        for _ in 0..2 {
            let writer = Writer::open(trial, disk, directory, &mut checkpoint).unwrap();
            assert!(writer.left(&checkpoint).is_empty());
        }
        trial.holds(disk, directory, 6, "recovered again and again");
    });
}

#[test]
fn an_empty_batch_writes_nothing() {
    for_each(|trial, disk, directory| {
        let mut checkpoint = Checkpoint::default();
        let mut writer = Writer::open(trial, disk, directory, &mut checkpoint).unwrap();
        let empty = Batch::new(&"a".into(), Position::at(9), Records::empty(Encoding::Json));
        assert!(writer.sink.write(&empty).unwrap().is_empty());
        writer.sink.commit().unwrap();
        trial.holds(disk, directory, 0, "nothing was given");
    });
}

#[test]
fn a_torn_tail_is_cut_and_a_shortened_file_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let disk = real_disk();
    let trial = &trials(4)[0];
    let path = directory.path().join("out.ndjson");
    let mut checkpoint = Checkpoint::default();
    let mut writer = Writer::open(trial, &disk, directory.path(), &mut checkpoint).unwrap();
    writer.deliver(&trial.batches[..2], &mut checkpoint).unwrap();
    drop(writer);

    let whole = std::fs::read(&path).unwrap();
    write(&path, [&whole[..], b"{\"n\":10,\"te"].concat());
    let findings = trial.sink(&disk, directory.path()).recover(&checkpoint).unwrap().findings;
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    assert_eq!((findings.len(), findings[0].severity), (1, Severity::Notice));

    write(&path, &whole[..whole.len() - 5]);
    let mut sink = trial.sink(&disk, directory.path());
    let findings = sink.recover(&checkpoint).unwrap().findings;
    assert_eq!((findings.len(), findings[0].severity), (1, Severity::Damage));
    assert!(findings[0].to_string().contains("was shortened from"), "{}", findings[0]);
    assert!(findings[0].to_string().contains("backup"), "{}", findings[0]);
    sink.write(&trial.batches[2]).unwrap();
    sink.commit().unwrap();
    let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
    let new: Vec<&str> = text.lines().filter(|line| line.starts_with("{\"n\":2")).collect();
    assert_eq!(new, trial.expected[2], "new lines stand on lines of their own");
}

#[test]
fn a_file_that_is_removed_renamed_or_replaced_takes_nothing_along_that_is_not_committed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, other) = (directory.path().join("out.ndjson"), directory.path().join("other"));
    let disk = real_disk();
    let text = format!("append_file: {}", path.display());
    let mut sink = sink_in(&text, &disk, directory.path());
    sink.recover(&Checkpoint::default()).unwrap();
    let batch = |n: u64| json_batch("a", n, &[&format!("{{\"n\":{n}}}")]);
    let store = |sink: &mut Box<dyn Sink>, n: u64, mishap: &dyn Fn()| {
        sink.write(&batch(n)).unwrap();
        mishap();
        sink.commit().map(drop)
    };
    store(&mut sink, 1, &|| {}).unwrap();
    let fault = store(&mut sink, 2, &|| std::fs::remove_file(&path).unwrap()).unwrap_err();
    assert!(fault.to_string().contains("was removed while it was written"), "{fault}");
    sink.rollback().unwrap();
    store(&mut sink, 2, &|| {}).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"n\":2}\n");
    // Renamed, it keeps what is committed, and another one in its place keeps what it has.
    let replace = || {
        std::fs::rename(&path, &other).unwrap();
        write(&path, "of somebody else");
    };
    store(&mut sink, 3, &replace).unwrap();
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "{\"n\":2}\n{\"n\":3}\n");
    store(&mut sink, 4, &|| {}).unwrap();
    sink.write(&batch(5)).unwrap();
    sink.rollback().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "of somebody else\n{\"n\":4}\n");
}

#[test]
fn half_a_line_in_the_log_of_reports_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    let disk = real_disk();
    let all = trials(4);
    let trial = all.iter().find(|trial| trial.name == "report").unwrap();
    let mut checkpoint = Checkpoint::default();
    let mut writer = Writer::open(trial, &disk, directory.path(), &mut checkpoint).unwrap();
    writer.deliver(&trial.batches[..2], &mut checkpoint).unwrap();
    let log = directory.path().join("processed.ndjson");
    let whole = std::fs::read(&log).unwrap();
    write(&log, [&whole[..], b"{\"dataset\":\"da"].concat());
    write(&directory.path().join("summary_9.json.tmp"), "half");
    let mut writer = Writer::open(trial, &disk, directory.path(), &mut checkpoint).unwrap();
    assert!(!directory.path().join("summary_9.json.tmp").exists());
    writer.run(&mut checkpoint).unwrap();
    trial.holds(&disk, directory.path(), 4, "half a line");
}

#[test]
fn data_without_metadata_is_no_dataset_and_its_number_is_taken_again() {
    let directory = tempfile::tempdir().unwrap();
    let disk = real_disk();
    let all = trials(4);
    let trial = all.iter().find(|trial| trial.name == "dataset").unwrap();
    let mut checkpoint = Checkpoint::default();
    let mut writer = Writer::open(trial, &disk, directory.path(), &mut checkpoint).unwrap();
    writer.deliver(&trial.batches[..2], &mut checkpoint).unwrap();
    write(&directory.path().join("data_3.csv"), "n,text\n99,half");
    write(&directory.path().join("metadata_3.json.tmp"), "{");
    drop(writer);
    let mut writer = Writer::open(trial, &disk, directory.path(), &mut checkpoint).unwrap();
    writer.run(&mut checkpoint).unwrap();
    trial.holds(&disk, directory.path(), 4, "data without metadata");
}

/// The reasons with which a sink refuses records of a batch.
fn refused(text: &str, batch: &Batch, directory: &Path) -> Vec<(String, String)> {
    std::fs::create_dir_all(directory.join("headwater-data")).unwrap();
    let text = text.replace("DIR", &directory.display().to_string());
    let mut sink = sink_in(&text, &real_disk(), directory);
    sink.recover(&Checkpoint::default()).unwrap();
    let rejected = sink.write(batch).unwrap();
    sink.commit().unwrap();
    let shown = |record: &[u8]| String::from_utf8_lossy(record).into_owned();
    rejected.into_iter().map(|it| (shown(&it.record), it.reason)).collect()
}

fn ragged() -> Batch {
    let shape = CsvShape {
        delimiter: b',',
        columns: vec!["a".into(), "b".into()],
        header_bytes: 4,
        header_lines: 1,
    };
    let rows = b"1,x\n2\n3,y\n4,z,more\n".to_vec();
    let records = Records::from_lines(Encoding::Csv(Arc::new(shape)), rows);
    Batch::new(&"rows.csv".into(), Position::at(1), records)
}

#[test]
fn rows_that_do_not_fit_are_refused_alone_by_every_sink_that_writes_records() {
    for text in [
        "append_file: DIR/out.ndjson",
        "dataset: DIR",
        "dataset: { path: DIR, format: ndjson }",
        "print: {}",
        "print: \"{a}\"",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let refused = refused(text, &ragged(), directory.path());
        let records: Vec<&str> = refused.iter().map(|(record, _)| record.as_str()).collect();
        assert_eq!(records, ["2", "4,z,more"], "{text}");
        assert!(refused.iter().all(|(_, reason)| !reason.is_empty()), "{refused:?}");
    }
    let directory = tempfile::tempdir().unwrap();
    refused("append_file: DIR/out.ndjson", &ragged(), directory.path());
    let written = std::fs::read_to_string(directory.path().join("out.ndjson")).unwrap();
    assert_eq!(written, "{\"a\":1,\"b\":\"x\"}\n{\"a\":3,\"b\":\"y\"}\n");
}

#[test]
fn a_dataset_refuses_what_is_no_row_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let batch = json_batch("a", 1, &["{\"n\":1}", "[1]", "{\"m\":2}", "{\"n\":3}", "{"]);
    let refused = refused("dataset: DIR", &batch, directory.path());
    let records: Vec<&str> = refused.iter().map(|(record, _)| record.as_str()).collect();
    assert_eq!(records, ["[1]", "{\"m\":2}", "{"]);
    assert!(refused[1].1.contains("the field `m` is no column"), "{refused:?}");
    let written = std::fs::read_to_string(directory.path().join("data_1.csv")).unwrap();
    assert_eq!(written, "n\n1\n3\n");
}

#[test]
fn a_report_refuses_what_is_no_summary() {
    let directory = tempfile::tempdir().unwrap();
    let batch = json_batch("a", 1, &["{\"n\":1}"]);
    let refused = refused("report: DIR", &batch, directory.path());
    assert!(refused[0].1.contains("the record is no summary"), "{refused:?}");
}

#[test]
fn print_refuses_what_a_template_cannot_fill() {
    let directory = tempfile::tempdir().unwrap();
    let batch = json_batch("a", 1, &["{\"n\":1}", "{\"m\":2}", "no json", "{\"n\":3}"]);
    let refused = refused("print: \"{n}\"", &batch, directory.path());
    assert!(refused.iter().any(|(record, _)| record == "no json"), "{refused:?}");
    assert!(!refused.iter().any(|(record, _)| record.starts_with("{\"n\"")), "{refused:?}");
}

#[test]
fn drop_takes_everything() {
    let directory = tempfile::tempdir().unwrap();
    assert!(refused("drop: {}", &ragged(), directory.path()).is_empty());
}
