//! Records that make no sense: each becomes a dead letter, and its neighbours arrive.

use crate::for_every_seed;
use crate::life::{Build, World, sink};
use crate::mishaps::Mishaps;
use crate::numbers::{Ledger, Numbers};
use headwater::core::context::Context;
use headwater::core::kind::BuiltSource;
use headwater::core::options::{Options, Setting};
use headwater::engine::flow::Parts;
use headwater::engine::letters::Letter;
use headwater::testing::disk::SimulatedDisk;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const BAD_EVERY: u64 = 7;

#[test]
fn a_bad_record_becomes_a_dead_letter() {
    for_every_seed(600, |seed| {
        let last = 40 + seed % 200;
        let ledger = Arc::new(Ledger::default());
        let mut world = World::new(seed);
        let seen = Arc::clone(&ledger);
        let build: Arc<Build> = Arc::new(move |context: &Context, _: &Mishaps| {
            let mut options = Options::default();
            options.set("path", Setting::Text("/out/numbers.ndjson".to_owned()));
            options.set("compress", Setting::Text("none".to_owned()));
            let source = Numbers {
                next: 0,
                last,
                random: crate::random(seed, 7),
                mishaps: Mishaps::none(),
                ledger: Arc::clone(&seen),
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
fn letters(disk: &SimulatedDisk) -> Result<Vec<Letter>, String> {
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
