//! Letters on disk: numbers that stay, forms that come back, and files of an older headwater.

use super::{
    DeadLetters, Form, Letter, Next, Numbers, PARTITION, Place, Replays, Request, Shelf, What, ask,
    waiting,
};
use crate::core::disk::Disk;
use crate::core::position::{Checkpoint, Position};
use crate::core::record::{CsvShape, Encoding};
use crate::engine::flow::Outline;
use crate::engine::progress::Progress;
use crate::testing::disk::{Fault, SimulatedDisk};
use std::path::Path;
use std::sync::Arc;

const DIRECTORY: &str = "/data/flow";

fn letter(record: &[u8]) -> Letter {
    let (record, hex) = Letter::written(record);
    Letter {
        number: 0,
        time: "2026-01-01T00:00:00.000Z".to_owned(),
        reason: "no".to_owned(),
        at: Some(Place::Sink),
        kind: "http".to_owned(),
        form: Some(Form::Json),
        tries: 0,
        partition: "p".to_owned(),
        offset: 7,
        record,
        hex,
    }
}

fn store(disk: &SimulatedDisk, bytes_max: u64) -> DeadLetters {
    disk.create_dir_all(Path::new(DIRECTORY)).unwrap();
    DeadLetters::new(Arc::new(disk.of_process()), Path::new(DIRECTORY), bytes_max)
}

fn shelf(disk: &SimulatedDisk) -> Vec<Letter> {
    let mut letters = Vec::new();
    let shelf = Shelf::open(disk, Path::new(DIRECTORY)).unwrap();
    shelf.each(|letter| letters.push(letter)).unwrap();
    letters
}

fn replays(disk: &SimulatedDisk) -> Replays {
    Replays {
        disk: Arc::new(disk.of_process()),
        directory: DIRECTORY.into(),
        outline: Outline {
            source: "numbers".to_owned(),
            steps: Vec::new(),
            sink: "http".to_owned(),
            comes_again: true,
            letter_bytes: 1 << 20,
        },
        gathers: Vec::new(),
        batch_bytes: 1 << 20,
        current: None,
    }
}

fn numbers(disk: &SimulatedDisk) -> Vec<u64> {
    shelf(disk).iter().map(|letter| letter.number).collect()
}

#[test]
fn a_number_is_never_given_twice_whatever_goes() {
    let disk = SimulatedDisk::new(1);
    let mut letters = store(&disk, 1 << 20);
    letters.keep(vec![letter(b"1"), letter(b"2"), letter(b"3")]).unwrap();
    letters.remove(|number| number > 1).unwrap();
    assert_eq!(numbers(&disk), [1]);
    let mut letters = store(&disk, 1 << 20);
    letters.settle(3, |_| true).unwrap();
    letters.keep(vec![letter(b"4")]).unwrap();
    assert_eq!(numbers(&disk), [1, 4]);
    // Also when the checkpoint is gone, and everything that there was.
    letters.remove(|_| true).unwrap();
    let mut letters = store(&disk, 1 << 20);
    letters.settle(0, |_| true).unwrap();
    letters.keep(vec![letter(b"5")]).unwrap();
    assert_eq!(numbers(&disk), [5]);
}

#[test]
fn rotation_keeps_the_numbers_and_the_bound() {
    let disk = SimulatedDisk::new(1);
    let mut letters = store(&disk, 2000);
    for _ in 0..100 {
        letters.keep(vec![letter(b"{\"a\":1}")]).unwrap();
    }
    let there = numbers(&disk);
    assert_eq!(there.last(), Some(&100));
    assert!(there.windows(2).all(|pair| pair[1] == pair[0] + 1), "{there:?}");
    assert!(disk.used() <= 2200, "{} bytes", disk.used());
}

#[test]
fn what_a_crash_left_behind_the_checkpoint_goes_unless_it_stays() {
    let disk = SimulatedDisk::new(1);
    let mut letters = store(&disk, 1 << 20);
    letters.keep(vec![letter(b"1"), letter(b"2"), letter(b"3")]).unwrap();
    let mut letters = store(&disk, 1 << 20);
    letters.settle(1, |letter| letter.record == "3").unwrap();
    assert_eq!((numbers(&disk), letters.last()), (vec![1, 3], 3));
}

#[test]
fn a_letter_that_the_checkpoint_does_not_know_is_shown_to_nobody() {
    let disk = SimulatedDisk::new(1);
    let mut letters = store(&disk, 1 << 20);
    letters.keep(vec![letter(b"1"), letter(b"2"), letter(b"3")]).unwrap();
    assert_eq!(numbers(&disk), [1, 2, 3], "without a checkpoint");
    let shared: Arc<dyn Disk> = Arc::new(disk.of_process());
    let path = Path::new(DIRECTORY).join("checkpoint");
    let (mut progress, _) = Progress::open(&shared, &path, None).unwrap();
    for (known, shown) in [(Some(0), vec![]), (Some(2), vec![1, 2]), (None, vec![1, 2, 3])] {
        progress.checkpoint.letters = known;
        progress.save().unwrap();
        assert_eq!(numbers(&disk), shown);
    }
}

#[test]
fn the_request_that_is_under_way_goes_on_whichever_waits_beside_it() {
    let disk = SimulatedDisk::new(1);
    store(&disk, 1 << 20).keep(vec![letter(b"1"), letter(b"2")]).unwrap();
    let directory = Path::new(DIRECTORY);
    let ids = [(); 2].map(|()| ask(&disk, directory, What::Replay, Numbers::of([1, 2])).unwrap());
    for id in ids {
        let mut checkpoint = Checkpoint::default();
        let note = format!("{{\"request\":\"{id}\",\"base\":0,\"upto\":1}}");
        checkpoint.advance(&PARTITION.into(), &Position { offset: 1, note });
        let Next::Batch(passed, _) = replays(&disk).next(&checkpoint).unwrap() else {
            panic!("nothing to replay");
        };
        let batch = passed.batch;
        assert_eq!((&*batch.records.bytes, batch.position.offset), (b"2\n".as_slice(), 2), "{id}");
    }
}

#[test]
fn a_request_whose_asker_died_is_durable_before_it_is_carried_out() {
    for seed in 0..20 {
        let disk = SimulatedDisk::new(seed);
        store(&disk, 1 << 20).keep(vec![letter(b"1")]).unwrap();
        // The last operation of asking is the sync of the directory.
        let before = disk.operations();
        ask(&disk, Path::new(DIRECTORY), What::Drop, Numbers::of([2])).unwrap();
        disk.plan(Fault::Operation(disk.operations() - before));
        ask(&disk, Path::new(DIRECTORY), What::Replay, Numbers::of([1])).unwrap_err();
        let seen = waiting(&disk, Path::new(DIRECTORY)).unwrap();
        assert_eq!(seen.len(), 2);
        replays(&disk).next(&Checkpoint::default()).unwrap();
        disk.power_cut();
        assert_eq!(waiting(&disk, Path::new(DIRECTORY)).unwrap(), seen, "seed {seed}");
    }
}

#[test]
fn a_letter_that_comes_back_in_a_power_cut_is_still_named_in_its_request() {
    for (seed, operation) in (0..20).flat_map(|seed| (1..20).map(move |nth| (seed, nth))) {
        let (disk, directory) = (SimulatedDisk::new(seed), Path::new(DIRECTORY));
        let mut letters = store(&disk, 1 << 20);
        letters.keep(vec![letter(b"1"), letter(b"2")]).unwrap();
        let id = ask(&disk, directory, What::Replay, Numbers::of([1, 2])).unwrap();
        let mut checkpoint = Checkpoint::default();
        let note = format!("{{\"request\":\"{id}\",\"base\":0,\"upto\":2}}");
        checkpoint.advance(&PARTITION.into(), &Position { offset: 2, note });
        disk.plan(Fault::Operation(operation));
        drop(letters.remove(|_| true));
        disk.clear_faults();
        replays(&disk).next(&checkpoint).unwrap();
        disk.power_cut();
        let request = Request::load(&disk, directory, &id).unwrap().unwrap().unwrap();
        for number in numbers(&disk) {
            assert!(request.letters.contains(number), "seed {seed}, operation {operation}");
        }
    }
}

#[test]
fn letters_of_an_older_headwater_get_numbers_and_are_replayed_when_they_are_json() {
    let disk = SimulatedDisk::new(1);
    let line = |record: &str| {
        format!(
            "{{\"time\":\"t\",\"reason\":\"r\",\"partition\":\"p\",\"offset\":1,\"record\":{record:?}}}\n"
        )
    };
    let mut letters = store(&disk, 1 << 20);
    disk.put(&Path::new(DIRECTORY).join("dead-letters.old.ndjson"), line("1").as_bytes());
    let current = line("{\"a\":1}") + &line("Dora");
    disk.put(&Path::new(DIRECTORY).join("dead-letters.ndjson"), current.as_bytes());
    assert_eq!(numbers(&disk), [1, 2, 3], "read before the flow was started");
    letters.settle(0, |_| true).unwrap();
    letters.keep(vec![letter(b"4")]).unwrap();
    assert_eq!(numbers(&disk), [1, 2, 3, 4]);
    let found = shelf(&disk);
    assert_eq!((found[1].at, found[1].replayed_as()), (None, Ok(Form::Json)));
    assert!(found[2].replayed_as().unwrap_err().contains("by hand"));
}

#[test]
fn a_record_comes_back_byte_by_byte_in_its_form() {
    let bytes = b"caf\xe9,\"a\nb\"";
    let line = serde_json::to_vec(&letter(bytes)).unwrap();
    assert_eq!(serde_json::from_slice::<Letter>(&line).unwrap().bytes(), bytes);
    let shape = CsvShape {
        delimiter: b';',
        columns: vec!["a".to_owned(), "b".to_owned()],
        header_bytes: 0,
        header_lines: 1,
    };
    let csv = Encoding::Csv(Arc::new(shape));
    assert_eq!(Form::of(&csv, b"1;2;3").encoding(), csv);
    assert_eq!(Form::of(&csv, b"{\"a\":1,\"b\":null}"), Form::Json);
    assert_eq!(Form::of(&Encoding::Text, b"{\"line\":\"x\"}"), Form::Json);
    assert_eq!(Form::of(&Encoding::Text, b"{\"a\":1}"), Form::Text);
}

#[test]
fn many_numbers_are_few_ranges() {
    let set = Numbers::of([5, 1, 2, 3, 9, 3]);
    assert_eq!(serde_json::to_string(&set).unwrap(), "[[1,3],[5,5],[9,9]]");
    assert_eq!(
        (set.count(), set.contains(4), set.contains(9), set.contains(10)),
        (5, false, true, false)
    );
}
