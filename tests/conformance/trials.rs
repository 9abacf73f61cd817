//! What each sink that never repeats is tried with, and a writer that keeps the engine's order around it:
//! write, commit, save the checkpoint.

use crate::support::{advance, json_batch, lines, sink_in, step};
use headwater::core::batch::{Batch, DatasetPart};
use headwater::core::disk::{Access, Disk, read_range};
use headwater::core::fault::Fault;
use headwater::core::position::Checkpoint;
use headwater::core::sink::Sink;
use headwater::core::source::Dataset;
use headwater::engine::{Recorder, Recording};
use headwater::formats::recording::read_line;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// One sink with its options, what it is given, and how its target is read.
#[derive(Clone)]
pub struct Trial {
    pub name: &'static str,
    /// The sink as below `sink:`; its target is `DIR`.
    pub text: String,
    pub batches: Vec<Batch>,
    /// What the target must hold of each batch.
    pub expected: Vec<Vec<String>>,
    pub read: fn(&dyn Disk, &Path) -> Vec<String>,
    /// Is what the sink gets recorded beside it?
    pub is_recorded: bool,
}

impl Trial {
    pub fn sink(&self, disk: &Arc<dyn Disk>, directory: &Path) -> Box<dyn Sink> {
        // A disk that fails here fails in what follows too.
        drop(disk.create_dir_all(&directory.join("headwater-data")));
        let text = self.text.replace("DIR", &directory.display().to_string());
        let sink = sink_in(&text, disk, directory);
        let path = directory.join("tape/tape.ndjson");
        let recording = Recording { path, keep: None, rotate_bytes: 200 };
        let recording = Some(&recording).filter(|_| self.is_recorded);
        Box::new(Recorder::new(sink, recording, disk))
    }

    pub fn holds(&self, disk: &Arc<dyn Disk>, directory: &Path, batches: usize, what: &str) {
        let expected: Vec<&String> = self.expected[..batches].iter().flatten().collect();
        let found = (self.read)(disk.as_ref(), directory);
        let found: Vec<&String> = found.iter().collect();
        assert_eq!(found, expected, "{}: {what}", self.text);
        if self.is_recorded {
            let lines = lines_of_parts(disk.as_ref(), &directory.join("tape"), "tape.ndjson");
            let record = |line: &String| {
                let read = read_line(line.as_bytes(), "time").unwrap();
                String::from_utf8(read.record.to_vec()).unwrap()
            };
            let recorded: Vec<String> = lines.iter().map(record).collect();
            let recorded: Vec<&String> = recorded.iter().collect();
            assert_eq!(recorded, expected, "the recording beside {}: {what}", self.text);
        }
    }
}

/// Everything that promises to repeat nothing, in the forms in which it is used.
pub fn trials(count: u64) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, text) in [
        ("append_file", "append_file: DIR/out.ndjson"),
        ("append_file", "append_file: { path: DIR/out.ndjson, rotate_size: 60 }"),
        ("append_file", "append_file: { path: DIR/out.ndjson, rotate_size: 90, compress: gzip }"),
        ("append_file", "append_file: { path: DIR/out.ndjson, rotate_size: 90, compress: zstd }"),
    ] {
        trials.push(of_records(name, text, count, appended));
    }
    for text in ["dataset: DIR", "dataset: { path: DIR, format: ndjson }"] {
        let mut trial = of_records("dataset", text, count, published);
        // One source may have several partitions, and a commit may cover batches of all of them.
        for (index, batch) in trial.batches.iter_mut().enumerate() {
            batch.partition = if index % 3 == 1 { "b".into() } else { "a".into() };
        }
        trials.push(trial);
    }
    trials.push(of_summaries(count));
    for at in [0, 1, 4, 5] {
        let mut recorded = trials[at].clone();
        recorded.is_recorded = true;
        trials.push(recorded);
    }
    trials
}

fn of_records(
    name: &'static str,
    text: &str,
    count: u64,
    read: fn(&dyn Disk, &Path) -> Vec<String>,
) -> Trial {
    let line = |n: u64| format!("{{\"n\":{n},\"text\":\"some, text\"}}");
    let expected: Vec<Vec<String>> =
        (0..count).map(|batch| (0..=batch % 3).map(|n| line(batch * 10 + n)).collect()).collect();
    let batches = expected.iter().zip(1..).map(|(lines, offset)| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        json_batch("a", offset, &lines)
    });
    Trial {
        name,
        text: text.to_owned(),
        batches: batches.collect(),
        expected,
        read,
        is_recorded: false,
    }
}

fn of_summaries(count: u64) -> Trial {
    let batches = (1..=count).map(|number| {
        let name = format!("data_{number}");
        let path = Path::new("/shared").join(format!("{name}.csv"));
        let dataset =
            Dataset { name: name.clone(), path, bytes: 10 + number, ..Dataset::default() };
        let mut batch =
            json_batch(&name, 1, &[&format!("{{\"value\":{number}}}"), "{\"value\":7}"]);
        batch.dataset = Some(DatasetPart { dataset: Arc::new(dataset), is_last: true });
        step("summarise").apply(batch).unwrap().unwrap()
    });
    Trial {
        name: "report",
        text: "report: { path: DIR, png: false }".to_owned(),
        batches: batches.collect(),
        expected: (1..=count).map(|number| vec![format!("data_{number}")]).collect(),
        read: reported,
        is_recorded: false,
    }
}

/// What a file holds; one that is not there holds nothing.
fn contents(disk: &dyn Disk, path: &Path) -> Vec<u8> {
    let file = match disk.open(path, Access::Read) {
        Err(error) if error.is_missing() => return Vec::new(),
        file => file.unwrap(),
    };
    read_range(file.as_ref(), 0, file.bytes().unwrap() as usize).unwrap()
}

/// The parts in their order, then the file.
fn appended(disk: &dyn Disk, directory: &Path) -> Vec<String> {
    lines_of_parts(disk, directory, "out.ndjson")
}

fn lines_of_parts(disk: &dyn Disk, directory: &Path, name: &str) -> Vec<String> {
    let paths = disk.list(directory).unwrap_or_default();
    let is_of_it = |path: &std::path::PathBuf| {
        let stem = name.split('.').next().unwrap();
        path.file_name().unwrap().to_str().unwrap().starts_with(stem)
    };
    let (current, mut parts): (Vec<_>, Vec<_>) =
        paths.into_iter().filter(is_of_it).partition(|path| path.ends_with(name));
    parts.retain(|path| path.extension().is_none_or(|ending| ending != "tmp"));
    parts.sort();
    let mut all = Vec::new();
    for path in parts.iter().chain(&current) {
        let bytes = contents(disk, path);
        let plain = match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => {
                let mut plain = Vec::new();
                let mut reader = flate2::read::GzDecoder::new(bytes.as_slice());
                std::io::Read::read_to_end(&mut reader, &mut plain).unwrap();
                plain
            }
            Some("zst") => zstd::stream::decode_all(bytes.as_slice()).unwrap(),
            _ => bytes,
        };
        assert!(plain.last().is_none_or(|byte| *byte == b'\n'), "{} is torn", path.display());
        all.extend(lines(&plain));
    }
    all
}

/// The rows of every dataset that has its metadata, which must be true.
fn published(disk: &dyn Disk, directory: &Path) -> Vec<String> {
    let mut numbered: Vec<(u64, Value)> = Vec::new();
    for path in disk.list(directory).unwrap() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(number) = name.strip_prefix("metadata_") else { continue };
        let Some(number) = number.strip_suffix(".json") else { continue };
        let metadata = serde_json::from_slice(&contents(disk, &path)).unwrap();
        numbered.push((number.parse().unwrap(), metadata));
    }
    numbered.sort_by_key(|(number, _)| *number);
    let mut all = Vec::new();
    for (_, metadata) in numbered {
        let file = metadata["file"].as_str().unwrap();
        let bytes = contents(disk, &directory.join(file));
        assert_eq!(metadata["bytes"].as_u64().unwrap(), bytes.len() as u64, "{file}");
        let rows =
            if metadata["file"].as_str().is_some_and(|file| file.rsplit('.').next() == Some("csv"))
            {
                rows_of_csv(&bytes)
            } else {
                lines(&bytes)
            };
        assert_eq!(metadata["rows"].as_u64().unwrap(), rows.len() as u64, "{file}");
        all.extend(rows);
    }
    all
}

fn rows_of_csv(bytes: &[u8]) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(bytes);
    assert_eq!(reader.headers().unwrap(), vec!["n", "text"]);
    let row = |row: csv::StringRecord| format!("{{\"n\":{},\"text\":\"{}\"}}", &row[0], &row[1]);
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// The datasets of the log, whose files must all be there.
fn reported(disk: &dyn Disk, directory: &Path) -> Vec<String> {
    let log = lines(&contents(disk, &directory.join("processed.ndjson")));
    let names = log.iter().map(|line| {
        let done: Value = serde_json::from_str(line).unwrap();
        let name = done["dataset"].as_str().unwrap().to_owned();
        let number = name.strip_prefix("data_").unwrap();
        let summary = contents(disk, &directory.join(format!("summary_{number}.json")));
        let summary: Value = serde_json::from_slice(&summary).unwrap();
        assert_eq!(summary["source"]["name"], name.as_str());
        let page = contents(disk, &directory.join(format!("report_{number}.html")));
        assert!(page.ends_with(b"</html>") || page.ends_with(b"</html>\n"), "{name}");
        name
    });
    names.collect()
}

/// A flow's writing side. What survives a crash is the disk and the checkpoint.
pub struct Writer<'a> {
    trial: &'a Trial,
    pub sink: Box<dyn Sink>,
}

impl<'a> Writer<'a> {
    /// Starts on what is there, as the engine does.
    pub fn open(
        trial: &'a Trial,
        disk: &Arc<dyn Disk>,
        directory: &Path,
        checkpoint: &mut Checkpoint,
    ) -> Result<Self, Fault> {
        let mut sink = trial.sink(disk, directory);
        let recovered = sink.recover(checkpoint)?;
        for (partition, position) in &recovered.ahead {
            checkpoint.advance(partition, position);
        }
        if checkpoint.sink.is_none() {
            checkpoint.sink = sink.commit()?;
        }
        Ok(Self { trial, sink })
    }

    /// The batches that the source gives again behind a checkpoint.
    pub fn left(&self, checkpoint: &Checkpoint) -> Vec<Batch> {
        let is_left = |batch: &&Batch| {
            let known = checkpoint.position(&batch.partition);
            known.is_none_or(|known| known.offset < batch.position.offset)
        };
        self.trial.batches.iter().filter(is_left).cloned().collect()
    }

    /// Delivers what is left in groups of two; each fault ends it, after the sink was asked to roll back.
    pub fn run(&mut self, checkpoint: &mut Checkpoint) -> Result<(), Fault> {
        for group in self.left(checkpoint).chunks(2) {
            self.deliver(group, checkpoint)?;
        }
        Ok(())
    }

    pub fn deliver(&mut self, group: &[Batch], checkpoint: &mut Checkpoint) -> Result<(), Fault> {
        let stored = self.store(group);
        if stored.is_err() {
            drop(self.sink.rollback());
        }
        let state = stored?;
        for batch in group {
            advance(checkpoint, batch);
        }
        checkpoint.sink = state;
        Ok(())
    }

    fn store(&mut self, group: &[Batch]) -> Result<Option<Value>, Fault> {
        for batch in group {
            let rejected = self.sink.write(batch)?;
            assert!(rejected.is_empty(), "{rejected:?}");
        }
        self.sink.commit()
    }
}
