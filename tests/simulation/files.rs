//! A source that can be read again into `append_file`: exactly once, whatever happens.

use crate::life::{Build, World, eventually, sink};
use crate::mishaps::{Around, Mishaps, Shaky};
use crate::numbers::{Ledger, Numbers, line};
use crate::{for_every_seed, random};
use headwater::catalog::Catalog;
use headwater::core::context::Context;
use headwater::core::disk::Disk as _;
use headwater::core::kind::BuiltSource;
use headwater::core::options::{Options, Setting};
use headwater::engine::State;
use headwater::engine::flow::Parts;
use headwater::testing::disk::SimulatedDisk;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const OUT: &str = "/out/numbers.ndjson";
const INPUT: &str = "/in/numbers.ndjson";

#[test]
fn records_reach_a_file_exactly_once() {
    for_every_seed(800, |seed| {
        let mut random = random(seed, 2);
        let (last, options) = (40 + random.below(400), options(&mut random));
        let mut world = World::new(seed);
        let ledger = Ledger::new(&world.disk);
        let seen = ledger.clone();
        let build: Arc<Build> = Arc::new(move |context: &Context, mishaps: &Mishaps| {
            let source = Numbers {
                next: 0,
                last,
                random: crate::random(seed, 3),
                mishaps: mishaps.clone(),
                ledger: seen.of_process(),
                bad_every: 0,
            };
            parts(BuiltSource::Read(Box::new(source)), &options, context, mishaps)
        });
        world.live(&build, |_, _| false)?;
        ledger.verdict()?;
        compare(&world.disk, last)
    });
}

#[test]
fn the_lines_of_a_file_reach_another_exactly_once() {
    for_every_seed(300, |seed| {
        let mut random = random(seed, 4);
        let (last, options) = (100 + random.below(400), options(&mut random));
        let mut world = World::new(seed);
        let input: String = (0..last).map(|index| line(index) + "\n").collect();
        world.disk.create_dir_all(Path::new("/in")).expect("a directory can be made");
        world.disk.put(Path::new(INPUT), input.as_bytes());
        let build: Arc<Build> = Arc::new(move |context: &Context, mishaps: &Mishaps| {
            let mut from = Options::default();
            from.set("path", Setting::Text(INPUT.to_owned()));
            from.set("format", Setting::Text("auto".to_owned()));
            from.set("follow", Setting::Boolean(false));
            let kinds = Catalog::all().sources;
            let file = kinds.iter().find(|kind| kind.about.name == "file").expect("it is listed");
            parts((file.build)(&from, context)?, &options, context, mishaps)
        });
        world.live(&build, |_, _| false)?;
        compare(&world.disk, last)
    });
}

#[test]
fn a_full_disk_makes_the_flow_wait_and_go_on_by_itself() {
    for_every_seed(50, |seed| {
        let last = 200;
        let world = World::new(seed);
        let ledger = Ledger::new(&world.disk);
        let mut to = Options::default();
        to.set("path", Setting::Text(OUT.to_owned()));
        to.set("compress", Setting::Text("none".to_owned()));
        let build: Arc<Build> = Arc::new(move |context: &Context, _: &Mishaps| {
            let source = Numbers {
                next: 0,
                last,
                random: random(seed, 8),
                mishaps: Mishaps::none(),
                ledger: ledger.of_process(),
                bad_every: 0,
            };
            parts(BuiltSource::Read(Box::new(source)), &to, context, &Mishaps::none())
        });
        world.disk.set_capacity(Some(random(seed, 9).below(12_000)));
        let flow = world.start(1, &build);
        let waits = || match flow.meter.state() {
            State::Waiting(reason) => reason.contains("when there is room"),
            _ => false,
        };
        eventually("the flow waits for room", waits)?;
        world.disk.set_capacity(None);
        eventually("the flow comes to its end", || flow.has_ended())?;
        compare(&world.disk, last)
    });
}

fn parts(
    source: BuiltSource,
    options: &Options,
    context: &Context,
    mishaps: &Mishaps,
) -> Result<Parts, headwater::core::fault::Fault> {
    let sink = sink("append_file", options, context)?;
    let sink = Box::new(Around { sink, mishaps: mishaps.clone() });
    Ok(Parts { source, steps: vec![Box::new(Shaky(mishaps.clone()))], sink })
}

/// One file, or rotation with each compression.
fn options(random: &mut headwater::testing::random::Random) -> Options {
    let mut options = Options::default();
    options.set("path", Setting::Text(OUT.to_owned()));
    let compression = ["none", "none", "gzip", "zstd"][random.below(4) as usize];
    options.set("compress", Setting::Text(compression.to_owned()));
    if random.chance(60) {
        options.set("rotate_size", Setting::Whole(500 + random.below(20_000)));
    }
    options
}

/// The parts in their order, then the file; a part that stands there twice, raw and compressed, counts once.
fn contents(disk: &SimulatedDisk) -> Vec<u8> {
    let mut parts: Vec<PathBuf> = disk.paths();
    parts.retain(|path| path.starts_with("/out") && path.as_path() != Path::new(OUT));
    parts.retain(|path| path.extension().is_none_or(|ending| ending != "tmp"));
    let raw = |path: &Path| path.to_string_lossy().replace(".gz", "").replace(".zst", "");
    parts.sort();
    parts.dedup_by_key(|path| raw(path));
    parts.push(PathBuf::from(OUT));
    let mut all = Vec::new();
    for path in parts {
        let bytes = disk.contents(&path).unwrap_or_default();
        let mut plain = Vec::new();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => flate2::read::GzDecoder::new(bytes.as_slice())
                .read_to_end(&mut plain)
                .map(drop)
                .expect("a part is whole"),
            Some("zst") => plain = zstd::decode_all(bytes.as_slice()).expect("a part is whole"),
            _ => plain = bytes,
        }
        all.extend(plain);
    }
    all
}

/// Record by record; the first difference is told.
fn compare(disk: &SimulatedDisk, last: u64) -> Result<(), String> {
    let found = contents(disk);
    let mut lines = found.split(|byte| *byte == b'\n');
    for index in 0..last {
        let expected = line(index);
        let found = lines.next().unwrap_or_default();
        if found != expected.as_bytes() {
            let found = String::from_utf8_lossy(found.get(..60).unwrap_or(found)).into_owned();
            let files = disk.paths();
            return Err(format!("record {index} of {last} is `{found}`; {files:?}"));
        }
    }
    match lines.next() {
        Some(b"") if lines.next().is_none() => Ok(()),
        _ => Err(format!("more than {last} records, or no line feed at the end")),
    }
}
