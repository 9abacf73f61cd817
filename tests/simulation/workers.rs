//! Several workers on one disk, one operation at a time, in seeded order: paused, killed, with clocks that run
//! at different speeds. Each dataset is stored by one of them, and what is there is of the one who logged it.

use crate::gate::{Gate, GatedDisk};
use crate::{for_every_seed, random};
use headwater::clients::leases::DirectoryLeases;
use headwater::clients::results::{Processed, Results};
use headwater::core::disk::Disk;
use headwater::core::fault::Fault;
use headwater::core::lease::{BEAT, Clock, Content, Share};
use headwater::core::position::Partition;
use headwater::testing::disk::SimulatedDisk;
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const WORKERS: usize = 3;
const DATASETS: usize = 5;

#[test]
fn each_dataset_is_stored_by_one_worker() {
    for_every_seed(400, |seed| {
        let disk = SimulatedDisk::new(seed);
        disk.create_dir_all(Path::new("/out")).map_err(|error| error.to_string())?;
        let gate = Arc::new(Gate::new(random(seed, 1), WORKERS));
        std::thread::scope(|threads| {
            for worker in 0..WORKERS {
                let (gate, disk) = (Arc::clone(&gate), disk.clone());
                threads.spawn(move || live(seed, worker, &gate, &disk));
            }
        });
        compare(&disk).map_err(|wrong| format!("{wrong}\n{}", gate.story()))
    });
}

/// One life of a worker after another, until one finds that all is done.
fn live(seed: u64, worker: usize, gate: &Arc<Gate>, disk: &SimulatedDisk) {
    gate.enter(worker);
    let mut random = random(seed, 10 + worker as u64);
    for life in 0.. {
        let gated: Arc<dyn Disk> =
            Arc::new(GatedDisk { disk: disk.clone(), gate: Arc::clone(gate), worker });
        // The same machine starts again, or another one takes its place.
        let place = if random.chance(50) { 0 } else { life };
        let clock = Pace { gate: Arc::clone(gate), worker, percent: 60 + random.below(100) };
        let name = format!("{worker}.{life}");
        let data = PathBuf::from(format!("/data/{worker}/{place}"));
        let lived = catch_unwind(AssertUnwindSafe(|| work(&gated, &data, clock, &name)));
        match lived {
            Ok(Ok(())) => break,
            Ok(Err(_)) => {}
            Err(panic) if gate.was_killed(worker) => drop(panic),
            Err(panic) => {
                gate.leave(worker);
                resume_unwind(panic);
            }
        }
    }
    gate.leave(worker);
}

fn work(disk: &Arc<dyn Disk>, data: &Path, clock: Pace, author: &str) -> Result<(), Fault> {
    disk.create_dir_all(data)?;
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let place = Path::new("/out/.leases");
    let leases = Arc::new(DirectoryLeases::new(disk, place, data, Arc::clone(&clock))?);
    let results = Results::<String>::with(disk, Path::new("/out"), Arc::clone(&leases))?;
    loop {
        let mut left = 0;
        for number in 0..DATASETS {
            leases.beat();
            let name: Partition = format!("data_{number}").into();
            let content = Content { bytes: number as u64, sha256: None };
            if results.is_done(&name, &content)? {
                continue;
            }
            left += 1;
            if !results.take(&name)? {
                continue;
            }
            leases.beat();
            while results.store(&name, &content, || made(&name, &content, author)).is_err() {
                clock.sleep(BEAT);
                leases.beat();
            }
            results.settle(&name, None)?;
        }
        if left == 0 {
            return Ok(());
        }
        clock.sleep(BEAT);
    }
}

/// Two files and a line, all with the name of their author.
fn made(
    name: &str,
    content: &Content,
    author: &str,
) -> (Vec<(String, Vec<u8>)>, Processed<String>) {
    let files = ["chart", "report"]
        .map(|kind| (format!("{kind}_{name}"), author.as_bytes().to_vec()))
        .to_vec();
    let (dataset, file) = (name.to_owned(), name.to_owned());
    let entry = author.to_owned();
    (files, Processed { dataset, file, bytes: content.bytes, sha256: None, entry })
}

fn compare(disk: &SimulatedDisk) -> Result<(), String> {
    let contents = |name: &str| disk.contents(&Path::new("/out").join(name)).unwrap_or_default();
    let mut authors: BTreeMap<String, String> = BTreeMap::new();
    let log = contents("processed.ndjson");
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        let shown = String::from_utf8_lossy(line).into_owned();
        let line: Value =
            serde_json::from_slice(line).map_err(|error| format!("torn: {shown:?}: {error}"))?;
        let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
        if authors.insert(text("dataset"), text("entry")).is_some() {
            return Err(format!("twice: {shown}"));
        }
    }
    if authors.len() != DATASETS {
        return Err(format!("the log has {authors:?}"));
    }
    for (dataset, author) in authors {
        for kind in ["chart", "report"] {
            let name = format!("{kind}_{dataset}");
            let by = String::from_utf8_lossy(&contents(&name)).into_owned();
            if by != author {
                return Err(format!("{name} is by {by:?}, the log says {author}"));
            }
        }
    }
    Ok(())
}

/// A clock that runs too fast or too slow.
#[derive(Debug)]
struct Pace {
    gate: Arc<Gate>,
    worker: usize,
    percent: u64,
}

impl Clock for Pace {
    fn now(&self) -> Duration {
        Duration::from_millis(self.gate.now() * self.percent / 100)
    }

    fn sleep(&self, duration: Duration) {
        let real = duration.as_millis() as u64 * 100 / self.percent;
        self.gate.sleep(self.worker, real);
    }
}
