//! Records that make no sense: each becomes a dead letter, and its neighbours arrive.

use crate::for_every_seed;
use crate::life::{Build, World, eventually, sink};
use crate::mishaps::Mishaps;
use crate::numbers::{Ledger, Numbers};
use headwater::core::batch::Batch;
use headwater::core::context::Context;
use headwater::core::disk::Disk;
use headwater::core::fault::Fault;
use headwater::core::kind::BuiltSource;
use headwater::core::options::{Options, Setting};
use headwater::core::position::{Checkpoint, Position};
use headwater::core::record::Rejected;
use headwater::core::sink::{Recovered, Sink};
use headwater::engine::checkpoints::CheckpointFile;
use headwater::engine::flow::Parts;
use headwater::engine::letters::{DeadLetters, Letter, Shelf};
use headwater::testing::disk::SimulatedDisk;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const BAD_EVERY: u64 = 7;

#[test]
fn a_bad_record_becomes_a_dead_letter() {
    for_every_seed(600, |seed| {
        let last = 40 + seed % 200;
        let mut world = World::new(seed);
        let ledger = Ledger::new(&world.disk);
        let seen = ledger.clone();
        let build: Arc<Build> = Arc::new(move |context: &Context, _: &Mishaps| {
            let mut options = Options::default();
            options.set("path", Setting::Text("/out/numbers.ndjson".to_owned()));
            options.set("compress", Setting::Text("none".to_owned()));
            let source = Numbers {
                next: 0,
                last,
                random: crate::random(seed, 7),
                mishaps: Mishaps::none(),
                ledger: seen.of_process(),
                bad_every: BAD_EVERY,
            };
            let sink = sink("append_file", &options, context)?;
            Ok(Parts { source: BuiltSource::Read(Box::new(source)), steps: Vec::new(), sink })
        });
        world.live(&build, |_, _| false)?;
        ledger.verdict()?;
        let good = world.disk.contents(Path::new("/out/numbers.ndjson")).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', &good).count();
        if lines as u64 != last {
            return Err(format!("{lines} good records of {last}"));
        }
        compare(&world.disk, last)
    });
}

/// Such a batch does not come again, so nothing else would make the checkpoint know its letters.
#[test]
fn a_letter_of_a_batch_that_the_sink_has_already_is_shown_from_the_start() {
    let world = World::new(1);
    let (process, directory) = (world.disk.of_process(), Path::new("/data/flow"));
    process.create_dir_all(directory).unwrap();
    let letter = json!({
        "time": "2026-01-01T00:00:00.000Z", "reason": "no", "partition": "numbers", "offset": 40, "record": "{}"
    });
    let letter: Letter = serde_json::from_value(letter).unwrap();
    let shared: Arc<dyn Disk> = Arc::new(process.clone());
    DeadLetters::new(Arc::clone(&shared), directory, 1 << 20).keep(vec![letter]).unwrap();
    let checkpoint = json!({ "version": 1, "positions": {}, "sink": {}, "letters": 0 });
    let (mut file, ..) = CheckpointFile::open(shared, &directory.join("checkpoint")).unwrap();
    file.save(checkpoint.to_string().as_bytes()).unwrap();
    let shown = || {
        let mut shown = Vec::new();
        let shelf = Shelf::open(&world.disk, directory).unwrap();
        shelf.each(|letter| shown.push(letter.number)).unwrap();
        shown
    };
    assert!(shown().is_empty(), "before the start");
    let ledger = Ledger::new(&world.disk);
    let build: Arc<Build> = Arc::new(move |_: &Context, _: &Mishaps| {
        let ledger = ledger.of_process();
        let (random, mishaps) = (crate::random(1, 7), Mishaps::none());
        let source = Numbers { next: 0, last: 40, random, mishaps, ledger, bad_every: 0 };
        let source = BuiltSource::Read(Box::new(source));
        Ok(Parts { source, steps: Vec::new(), sink: Box::new(Ahead) })
    });
    let flow = world.start(1, &build);
    eventually("the flow ends", || flow.has_ended()).unwrap();
    assert_eq!(shown(), [1]);
}

/// A sink that holds everything already.
struct Ahead;

impl Sink for Ahead {
    fn recover(&mut self, _: &Checkpoint) -> Result<Recovered, Fault> {
        let ahead = vec![("numbers".into(), Position::at(40))];
        Ok(Recovered { ahead, ..Recovered::default() })
    }

    fn write(&mut self, _: &Batch) -> Result<Vec<Rejected>, Fault> {
        Ok(Vec::new())
    }

    fn commit(&mut self) -> Result<Option<Value>, Fault> {
        Ok(Some(json!({})))
    }
}

/// One letter for each bad record: what a crash leaves behind the checkpoint comes again, and is no second one.
fn compare(disk: &SimulatedDisk, last: u64) -> Result<(), String> {
    let mut counts = vec![0; last as usize];
    let mut numbers = BTreeSet::new();
    for letter in letters(disk)? {
        let index = letter.record.strip_prefix("bad ").and_then(|it| it.parse::<usize>().ok());
        counts[index.ok_or_else(|| format!("a strange letter: {letter:?}"))?] += 1;
        if letter.number == 0 || !numbers.insert(letter.number) {
            return Err(format!("the number of {letter:?} is not its own"));
        }
    }
    for (index, count) in counts.into_iter().enumerate() {
        let is_bad = (index as u64).is_multiple_of(BAD_EVERY);
        if u64::from(is_bad) != count {
            return Err(format!("record {index} has {count} letters"));
        }
    }
    Ok(())
}

/// What the files hold; every line must be whole.
pub fn letters(disk: &SimulatedDisk) -> Result<Vec<Letter>, String> {
    let mut found = Vec::new();
    for name in ["dead-letters.old.ndjson", "dead-letters.ndjson"] {
        let file = disk.contents(&Path::new("/data/flow").join(name)).unwrap_or_default();
        for line in file.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b"{\"next\":") {
                continue;
            }
            found.push(serde_json::from_slice(line).map_err(|error| {
                format!("a torn letter: {error}: {}", String::from_utf8_lossy(line))
            })?);
        }
    }
    Ok(found)
}
