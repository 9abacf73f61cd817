//! A source that can be read again into `dataset`: every record in exactly one dataset, whatever happens.

use crate::life::{Build, World, sink};
use crate::mishaps::{Around, Mishaps, Shaky};
use crate::numbers::{Ledger, Numbers, line};
use crate::{for_every_seed, random};
use headwater::core::context::Context;
use headwater::core::kind::BuiltSource;
use headwater::core::options::{Options, Setting};
use headwater::engine::flow::Parts;
use headwater::testing::disk::SimulatedDisk;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

#[test]
fn records_reach_datasets_exactly_once() {
    for_every_seed(800, |seed| {
        let mut random = random(seed, 5);
        let last = 40 + random.below(300);
        let format = if random.chance(50) { "csv" } else { "ndjson" };
        let mut world = World::new(seed);
        let ledger = Ledger::new(&world.disk);
        let seen = ledger.clone();
        let build: Arc<Build> = Arc::new(move |context: &Context, mishaps: &Mishaps| {
            let mut options = Options::default();
            options.set("path", Setting::Text("/out".to_owned()));
            options.set("format", Setting::Text(format.to_owned()));
            let source = Numbers {
                next: 0,
                last,
                random: crate::random(seed, 6),
                mishaps: mishaps.clone(),
                ledger: seen.of_process(),
                bad_every: 0,
            };
            let sink = sink("dataset", &options, context)?;
            Ok(Parts {
                source: BuiltSource::Read(Box::new(source)),
                steps: vec![Box::new(Shaky(mishaps.clone()))],
                sink: Box::new(Around { sink, mishaps: mishaps.clone() }),
            })
        });
        world.live(&build, |_, _| false)?;
        ledger.verdict()?;
        compare(&world.disk, format, last)
    });
}

/// The datasets in their order hold the records in theirs; each agrees with its metadata.
fn compare(disk: &SimulatedDisk, format: &str, last: u64) -> Result<(), String> {
    let mut next = 0;
    for number in 1.. {
        let Some(metadata) = disk.contents(Path::new(&format!("/out/metadata_{number}.json")))
        else {
            break;
        };
        let metadata: Value = serde_json::from_slice(&metadata)
            .map_err(|error| format!("metadata {number}: {error}"))?;
        let path = format!("/out/data_{number}.{format}");
        let data = disk.contents(Path::new(&path)).ok_or_else(|| format!("{path} is missing"))?;
        if metadata["bytes"] != data.len() {
            return Err(format!(
                "{path} has {} bytes, its metadata says {}",
                data.len(),
                metadata["bytes"]
            ));
        }
        let text = String::from_utf8_lossy(&data);
        let rows = text.lines().skip(usize::from(format == "csv"));
        for row in rows {
            let expected = match format {
                "csv" => csv_row(next),
                _ => line(next),
            };
            if row != expected {
                let row: String = row.chars().take(60).collect();
                return Err(format!("record {next} of {last} in {path} is `{row}`"));
            }
            next += 1;
        }
    }
    if next == last { Ok(()) } else { Err(format!("{next} records of {last}; {:?}", disk.paths())) }
}

fn csv_row(index: u64) -> String {
    let record: Value = serde_json::from_str(&line(index)).expect("a line is JSON");
    format!("{index},{}", record["filler"].as_str().unwrap_or_default())
}
