//! Datasets through `summarise` into `report`: each is reported once, and what the log says is there.

use crate::for_every_seed;
use crate::life::{Build, World, sink};
use crate::mishaps::{Around, Mishaps};
use crate::numbers::line;
use headwater::catalog::Catalog;
use headwater::core::batch::{Batch, DatasetPart};
use headwater::core::context::Context;
use headwater::core::fault::Fault;
use headwater::core::kind::BuiltSource;
use headwater::core::options::{Options, Setting};
use headwater::core::position::{Checkpoint, Partition, Position};
use headwater::core::record::{Encoding, Records};
use headwater::core::source::{Dataset, Read, Source};
use headwater::core::wait::Wait;
use headwater::engine::flow::Parts;
use headwater::testing::disk::SimulatedDisk;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

const DATASETS: u64 = 4;
/// Batches of one dataset; the summary goes out with the last one.
const BATCHES: u64 = 2;
const ROWS: u64 = 6;

/// Gives the rows of one dataset after another.
struct Datasets {
    /// How many batches of each dataset are read.
    read: [u64; DATASETS as usize],
    mishaps: Mishaps,
}

impl Source for Datasets {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        for (number, read) in self.read.iter_mut().enumerate() {
            *read = from.position(&name(number)).map_or(0, |position| position.offset);
        }
        Ok(())
    }

    fn read(&mut self, _wait: &Wait) -> Result<Read, Fault> {
        self.mishaps.perhaps()?;
        let Some(number) = self.read.iter().position(|read| *read < BATCHES) else {
            return Ok(Read::End);
        };
        let done = self.read[number];
        self.read[number] += 1;
        let mut records = Records::empty(Encoding::Json);
        for row in done * ROWS..(done + 1) * ROWS {
            records.push_json(line(row).as_bytes());
        }
        let dataset = Dataset {
            name: name(number),
            path: format!("/in/{}.ndjson", name(number)).into(),
            bytes: 100,
            sha256: Some(number.to_string()),
            metadata: None,
        };
        let partition: Partition = name(number).into();
        let mut batch = Batch::new(&partition, Position::at(done + 1), records);
        let is_last = done + 1 == BATCHES;
        batch.dataset = Some(DatasetPart { dataset: Arc::new(dataset), is_last });
        Ok(Read::Batch(Box::new(batch)))
    }
}

fn name(number: usize) -> String {
    format!("data_{}", number + 1)
}

#[test]
fn every_dataset_is_reported_once() {
    for_every_seed(200, |seed| {
        let mut world = World::new(seed);
        let build: Arc<Build> = Arc::new(|context: &Context, mishaps: &Mishaps| {
            let mut options = Options::default();
            options.set("path", Setting::Text("/out".to_owned()));
            options.set("png", Setting::Boolean(false));
            let steps = Catalog::all().steps;
            let summarise = steps.iter().find(|kind| kind.about.name == "summarise");
            let summarise = summarise.expect("the step is listed");
            let sink = sink("report", &options, context)?;
            Ok(Parts {
                source: BuiltSource::Read(Box::new(Datasets {
                    read: [0; DATASETS as usize],
                    mishaps: mishaps.clone(),
                })),
                steps: vec![(summarise.build)(&Options::default())?],
                sink: Box::new(Around { sink, mishaps: mishaps.clone() }),
            })
        });
        world.live(&build, |_, _| false)?;
        compare(&world.disk)
    });
}

fn compare(disk: &SimulatedDisk) -> Result<(), String> {
    let read = |name: &str| {
        let contents = disk.contents(Path::new("/out").join(name).as_path());
        contents.ok_or_else(|| format!("{name} is missing; {:?}", disk.paths()))
    };
    let mut reported: Vec<String> = Vec::new();
    for line in read("processed.ndjson")?.split_inclusive(|byte| *byte == b'\n') {
        let line: Value =
            serde_json::from_slice(line).map_err(|error| format!("a torn line: {error}"))?;
        reported.push(line["dataset"].as_str().unwrap_or_default().to_owned());
    }
    reported.sort();
    let all: Vec<String> = (0..DATASETS as usize).map(name).collect();
    if reported != all {
        return Err(format!("reported are {reported:?}"));
    }
    let index = String::from_utf8_lossy(&read("index.html")?).into_owned();
    for number in 1..=DATASETS {
        let summary: Value = serde_json::from_slice(&read(&format!("summary_{number}.json"))?)
            .map_err(|error| format!("summary {number}: {error}"))?;
        let report = format!("report_{number}.html");
        let is_whole = read(&report)?.trim_ascii_end().ends_with(b"</html>");
        if summary["rows"] != BATCHES * ROWS || !is_whole || !index.contains(&report) {
            return Err(format!("dataset {number} is not reported in whole"));
        }
    }
    let rest = disk.paths().into_iter().find(|path| path.extension().is_some_and(|it| it == "tmp"));
    rest.map_or(Ok(()), |path| Err(format!("{} was left behind", path.display())))
}
