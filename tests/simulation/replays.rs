//! Dead letters that are replayed and dropped at any moment: each record is delivered once or is still a letter.

use crate::letters;
use crate::life::{Build, World, eventually, sink};
use crate::mishaps::{Around, Mishaps};
use crate::numbers::{Ledger, Numbers};
use crate::{for_every_seed, random};
use headwater::core::batch::Batch;
use headwater::core::context::Context;
use headwater::core::fault::Fault;
use headwater::core::kind::BuiltSource;
use headwater::core::options::{Options, Setting};
use headwater::core::position::Checkpoint;
use headwater::core::record::{Encoding, Records, Rejected};
use headwater::core::sink::{Recovered, Sink};
use headwater::core::step::Step;
use headwater::engine::flow::Parts;
use headwater::engine::letters::{Letter, Numbers as Chosen, Shelf, What, answers, ask, waiting};
use headwater::testing::disk::SimulatedDisk;
use headwater::testing::random::Random;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

const DATA: &str = "/data/flow";
const BAD_EVERY: u64 = 13;

/// At most as many requests as answers are kept.
const REQUESTS: usize = 6;

/// What the scenario knows beside the disk.
struct Scene {
    seed: u64,
    last: u64,
    is_dataset: bool,
    /// How many of a hundred records a step or the sink rejects.
    rejects: AtomicU64,
    runs: AtomicU64,
    ledger: Ledger,
    /// Records that somebody asked to drop.
    dropped: Mutex<BTreeSet<u64>>,
    /// Requests that were answered with yes.
    asked: Mutex<Vec<String>>,
}

/// Marks each record, so that one that comes through twice is known, and rejects some.
struct Mark(Arc<Scene>, Random);

impl Step for Mark {
    fn apply(&mut self, mut batch: Batch) -> Result<Option<Batch>, Fault> {
        let mut made = Records::empty(Encoding::Json);
        for line in batch.records.lines() {
            if line.starts_with(b"{\"marked\"") {
                self.0.ledger.violate("a record came through the step twice".to_owned());
            }
            if self.1.chance(self.0.rejects.load(Relaxed)) {
                let (record, reason) = (line.to_vec(), "the step is choosy".to_owned());
                batch.rejected.push(Rejected { record, reason });
            } else {
                made.push_json(&[b"{\"marked\":1,", line.get(1..).unwrap_or_default()].concat());
            }
        }
        batch.records = made;
        Ok(Some(batch))
    }
}

/// Rejects some records in front of the real sink, in one run always the same ones of a batch.
struct Choosy {
    scene: Arc<Scene>,
    run: u64,
    sink: Box<dyn Sink>,
}

impl Sink for Choosy {
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        self.sink.recover(kept)
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let place = batch.position.offset * 64 + batch.partition.len() as u64;
        let mut random = Random::new(self.scene.seed ^ (self.run << 40) ^ (place << 8));
        let (mut kept, mut rejected) = (Records::empty(Encoding::Json), Vec::new());
        for line in batch.records.lines() {
            if !line.starts_with(b"{\"marked\"") {
                self.scene.ledger.violate("a record came past the step".to_owned());
            }
            if random.chance(self.scene.rejects.load(Relaxed)) {
                let (record, reason) = (line.to_vec(), "the sink is choosy".to_owned());
                rejected.push(Rejected { record, reason });
            } else {
                kept.push_json(line);
            }
        }
        let batch = Batch { records: kept, ..batch.clone() };
        rejected.extend(self.sink.write(&batch)?);
        Ok(rejected)
    }

    fn commit(&mut self) -> Result<Option<Value>, Fault> {
        self.sink.commit()
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.sink.rollback()
    }
}

impl Scene {
    fn new(seed: u64, disk: &SimulatedDisk) -> Self {
        Self {
            seed,
            last: 40 + seed % 160,
            is_dataset: seed.is_multiple_of(3),
            rejects: AtomicU64::new(20),
            runs: AtomicU64::new(0),
            ledger: Ledger::new(disk),
            dropped: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    fn parts(scene: &Arc<Self>, context: &Context, mishaps: &Mishaps) -> Result<Parts, Fault> {
        let run = scene.runs.fetch_add(1, Relaxed);
        let mut options = Options::default();
        let real = if scene.is_dataset {
            options.set("path", Setting::Text("/out".to_owned()));
            options.set("format", Setting::Text("ndjson".to_owned()));
            sink("dataset", &options, context)?
        } else {
            options.set("path", Setting::Text("/out/data_1.ndjson".to_owned()));
            options.set("compress", Setting::Text("none".to_owned()));
            sink("append_file", &options, context)?
        };
        let source = Numbers {
            next: 0,
            last: scene.last,
            random: random(scene.seed, 7 + run),
            mishaps: mishaps.clone(),
            ledger: scene.ledger.of_process(),
            bad_every: BAD_EVERY,
        };
        let choosy = Choosy { scene: Arc::clone(scene), run, sink: real };
        Ok(Parts {
            source: BuiltSource::Read(Box::new(source)),
            steps: vec![Box::new(Mark(Arc::clone(scene), random(scene.seed, 500 + run)))],
            sink: Box::new(Around { sink: Box::new(choosy), mishaps: mishaps.clone() }),
        })
    }

    /// Asks for something to be done with some of the letters that are there.
    fn ask(&self, disk: &SimulatedDisk, random: &mut Random) {
        let disk = disk.of_process();
        let Ok(letters) = shelf(&disk) else { return };
        let share = 20 + random.below(100);
        let chosen: Vec<&Letter> = letters.iter().filter(|_| random.chance(share)).collect();
        let what = if random.chance(20) { What::Drop } else { What::Replay };
        if what == What::Drop {
            self.dropped.lock().unwrap().extend(chosen.iter().filter_map(|it| index(it)));
        }
        let numbers = Chosen::of(chosen.iter().map(|letter| letter.number));
        if let Ok(id) = ask(&disk, Path::new(DATA), what, numbers) {
            self.asked.lock().unwrap().push(id);
        }
    }

    /// Of each record, how often it was delivered and how often it is a letter.
    fn count(&self, disk: &SimulatedDisk) -> Result<BTreeMap<u64, (u64, u64)>, String> {
        let mut counts: BTreeMap<u64, (u64, u64)> = (0..self.last).map(|it| (it, (0, 0))).collect();
        for path in disk.paths().iter().filter(|path| path.starts_with("/out")) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some(number) = name.strip_prefix("data_").and_then(|it| it.strip_suffix(".ndjson"))
            else {
                continue;
            };
            let metadata = format!("/out/metadata_{number}.json");
            if self.is_dataset && disk.contents(Path::new(&metadata)).is_none() {
                continue;
            }
            for line in disk.contents(path).unwrap_or_default().split(|byte| *byte == b'\n') {
                if let Some(index) = of_line(line) {
                    counts.entry(index).or_default().0 += 1;
                }
            }
        }
        // Also what is shown to nobody.
        for letter in letters::letters(disk)? {
            let index = index(&letter);
            if letter.reason == "it makes no sense" {
                continue;
            }
            let index = index.ok_or_else(|| format!("a strange letter: {letter:?}"))?;
            counts.entry(index).or_default().1 += 1;
        }
        Ok(counts)
    }

    fn check(&self, disk: &SimulatedDisk, may_be_gone: bool) -> Result<(), String> {
        self.ledger.verdict()?;
        let dropped = self.dropped.lock().unwrap();
        for (index, (delivered, letters)) in self.count(disk)? {
            let is_gone = delivered + letters == 0 && (dropped.contains(&index) || may_be_gone);
            if delivered + letters != 1 && !is_gone {
                return Err(format!(
                    "record {index} is delivered {delivered} times and {letters} letters"
                ));
            }
        }
        Ok(())
    }
}

fn shelf(disk: &SimulatedDisk) -> Result<Vec<Letter>, headwater::core::disk::DiskError> {
    let mut letters = Vec::new();
    Shelf::open(disk, Path::new(DATA))?.each(|letter| letters.push(letter))?;
    Ok(letters)
}

fn index(letter: &Letter) -> Option<u64> {
    of_line(letter.record.as_bytes())
}

fn of_line(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Value>(line).ok()?.get("i")?.as_u64()
}

/// Lives through kills with requests at any moment, then delivers everything; answers how many were replayed.
fn live(seed: u64, letter_bytes: Option<u64>) -> Result<u64, String> {
    let mut world = World::new(seed);
    let scene = Arc::new(Scene::new(seed, &world.disk));
    world.attends = seed % 2 == 1;
    world.letter_bytes = letter_bytes.unwrap_or(world.letter_bytes);
    let disk = world.disk.clone();
    let built = Arc::clone(&scene);
    let build: Arc<Build> = Arc::new(move |context: &Context, mishaps: &Mishaps| {
        Scene::parts(&built, context, mishaps)
    });
    let mut moments = random(seed, 300);
    world.live(&build, |_, _| {
        let many = scene.asked.lock().unwrap().len();
        if many < REQUESTS && moments.chance(25) {
            // Who asks dies with the process that is halted meanwhile.
            drop(catch_unwind(AssertUnwindSafe(|| scene.ask(&disk, &mut moments))));
        }
        false
    })?;
    let replayed = settle(&world, 99, &build)?;
    scene.check(&disk, letter_bytes.is_some())?;
    let directory = Path::new(DATA);
    let done = answers(&disk, directory).map_err(|error| error.to_string())?;
    for id in scene.asked.lock().unwrap().iter() {
        if !done.iter().any(|answer| answer.id == *id) {
            return Err(format!("the request {id} was answered with yes and is forgotten"));
        }
    }
    // Everything is taken now: what is asked for arrives, and only what the source rejected stays.
    scene.rejects.store(0, Relaxed);
    let letters = shelf(&disk).map_err(|error| error.to_string())?;
    let all = Chosen::of(letters.iter().map(|letter| letter.number));
    ask(&disk, directory, What::Replay, all).map_err(|error| error.to_string())?;
    let replayed = replayed + settle(&world, 100, &build)?;
    scene.check(&disk, letter_bytes.is_some())?;
    match letters::letters(&disk)?.iter().find(|letter| letter.reason != "it makes no sense") {
        Some(letter) => Err(format!("it was replayed and is still there: {letter:?}")),
        None => Ok(replayed),
    }
}

/// A life without faults up to the end of everything that is asked for; answers how many letters it replayed.
fn settle(world: &World, life: u64, build: &Arc<Build>) -> Result<u64, String> {
    world.disk.kill();
    world.disk.clear_faults();
    world.disk.set_capacity(None);
    let disk = world.disk.of_process();
    let flow = world.start(life, build);
    eventually("everything is carried out", || {
        flow.has_ended() && waiting(&disk, Path::new(DATA)).is_ok_and(|it| it.is_empty())
    })?;
    let replayed = flow.meter.replayed.load(Relaxed);
    flow.stop();
    flow.join();
    Ok(replayed)
}

#[test]
fn a_replayed_letter_is_delivered_once_or_is_a_letter_again() {
    let was_replayed = AtomicBool::new(false);
    for_every_seed(400, |seed| {
        was_replayed.fetch_or(live(seed, None)? > 0, Relaxed);
        Ok(())
    });
    assert!(was_replayed.into_inner(), "no letter was ever replayed");
}

#[test]
fn letters_that_must_make_room_are_never_delivered_twice() {
    for_every_seed(400, |seed| live(seed, Some(2000 + seed % 5 * 2000)).map(drop));
}
