//! Records that make no sense: each becomes a dead letter, and its neighbours arrive.

use crate::for_every_seed;
use crate::life::{Build, World, sink};
use crate::mishaps::Mishaps;
use crate::numbers::{Ledger, Numbers};
use headwater::core::context::Context;
use headwater::core::kind::BuiltSource;
use headwater::core::options::{Options, Setting};
use headwater::engine::flow::Parts;
use headwater::testing::disk::SimulatedDisk;
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
        compare(&world.disk, last, world.lives())
    });
}

/// One letter for each bad record. A crash between the letter and the checkpoint writes it once more, so there
/// are at most as many as lives.
fn compare(disk: &SimulatedDisk, last: u64, lives: u64) -> Result<(), String> {
    let file = disk.contents(Path::new("/data/flow/dead-letters.ndjson")).unwrap_or_default();
    let mut counts = vec![0; last as usize];
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        let letter: serde_json::Value = serde_json::from_slice(line).map_err(|error| {
            format!("a torn letter: {error}: {}", String::from_utf8_lossy(line))
        })?;
        let record = letter["record"].as_str().unwrap_or_default();
        let index = record.strip_prefix("bad ").and_then(|index| index.parse::<usize>().ok());
        counts[index.ok_or_else(|| format!("a strange letter: {letter}"))?] += 1;
    }
    for (index, count) in counts.into_iter().enumerate() {
        let is_bad = (index as u64).is_multiple_of(BAD_EVERY);
        if is_bad != (1..=lives).contains(&count) {
            return Err(format!("record {index} has {count} letters after {lives} lives"));
        }
    }
    Ok(())
}
