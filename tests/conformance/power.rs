//! The same sinks on a disk that forgets: the power goes between any two operations, operations fail, the disk
//! runs full.

use crate::trials::{Trial, Writer, trials};
use headwater::core::disk::Disk;
use headwater::core::position::Checkpoint;
use headwater::testing::disk::{Fault, SimulatedDisk};
use std::path::Path;
use std::sync::Arc;

const BATCHES: u64 = 5;

fn directory() -> &'static Path {
    Path::new("/data")
}

fn disk(seed: u64) -> (SimulatedDisk, Arc<dyn Disk>) {
    let disk = SimulatedDisk::new(seed);
    disk.create_dir_all(directory()).unwrap();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    (disk, shared)
}

/// How many operations a run without trouble needs.
fn operations(trial: &Trial) -> u64 {
    let (disk, shared) = disk(0);
    let before = disk.operations();
    let mut checkpoint = Checkpoint::default();
    let mut writer = Writer::open(trial, &shared, directory(), &mut checkpoint).unwrap();
    writer.run(&mut checkpoint).unwrap();
    trial.holds(&shared, directory(), BATCHES as usize, "no trouble");
    disk.operations() - before
}

/// Runs until done, starting anew after each fault, as a supervisor would.
fn finish(trial: &Trial, shared: &Arc<dyn Disk>, checkpoint: &mut Checkpoint) {
    for _ in 0..20 {
        let Ok(mut writer) = Writer::open(trial, shared, directory(), checkpoint) else { continue };
        if writer.run(checkpoint).is_ok() {
            return;
        }
    }
    panic!("{} does not come to an end", trial.text);
}

/// One run in which the process ends at an operation, by a power cut or a kill.
fn crash(trial: &Trial, seed: u64, at: u64, is_power: bool) {
    let (disk, shared) = disk(seed);
    let mut checkpoint = Checkpoint::default();
    // The first start has made its place before the trouble begins: a checkpoint exists.
    let mut writer = Writer::open(trial, &shared, directory(), &mut checkpoint).unwrap();
    writer.deliver(&trial.batches[..1], &mut checkpoint).unwrap();
    disk.plan(Fault::Halt(at));
    if writer.run(&mut checkpoint).is_err() {
        drop(writer);
    }
    if is_power {
        disk.power_cut();
    } else {
        disk.kill();
    }
    finish(trial, &shared, &mut checkpoint);
    let what = format!("seed {seed}, operation {at}, power {is_power}");
    trial.holds(&shared, directory(), BATCHES as usize, &what);
}

#[test]
fn a_power_cut_between_any_two_operations_loses_and_repeats_nothing() {
    for trial in trials(BATCHES) {
        let all = operations(&trial);
        for at in 1..=all {
            for seed in 0..6 {
                crash(&trial, seed * 1000 + at, at, true);
            }
        }
    }
}

#[test]
fn a_kill_between_any_two_operations_loses_and_repeats_nothing() {
    for trial in trials(BATCHES) {
        for at in 1..=operations(&trial) {
            crash(&trial, at, at, false);
        }
    }
}

/// A fault that the running flow lives through: it rolls back and writes the same again.
fn live_through(trial: &Trial, seed: u64, fault: Fault) {
    let (disk, shared) = disk(seed);
    let mut checkpoint = Checkpoint::default();
    let mut writer = Writer::open(trial, &shared, directory(), &mut checkpoint).unwrap();
    writer.deliver(&trial.batches[..1], &mut checkpoint).unwrap();
    disk.plan(fault);
    let mut tries = 0;
    while let Err(fault) = writer.run(&mut checkpoint) {
        // As the engine waits: a lease that the disk left standing runs out first.
        if let headwater::core::fault::Fault::Retry { after: Some(pause), .. } = &fault {
            headwater::core::wait::Wait::new().sleep(*pause);
        }
        tries += 1;
        assert!(tries < 20, "{} does not get over {fault:?}", trial.text);
    }
    disk.clear_faults();
    trial.holds(&shared, directory(), BATCHES as usize, &format!("{fault:?}"));
    // What was acknowledged must survive the next power cut.
    disk.power_cut();
    finish(trial, &shared, &mut checkpoint);
    trial.holds(&shared, directory(), BATCHES as usize, &format!("{fault:?}, then a power cut"));
}

#[test]
fn any_operation_that_fails_once_is_lived_through() {
    for trial in trials(BATCHES) {
        for at in 1..=operations(&trial) {
            live_through(&trial, at, Fault::Operation(at));
        }
    }
}

#[test]
fn any_sync_that_fails_once_is_lived_through() {
    for trial in trials(BATCHES) {
        for at in 1..=operations(&trial) / 3 {
            live_through(&trial, at, Fault::Sync(at));
        }
    }
}

#[test]
fn a_full_disk_stops_the_flow_and_room_lets_it_go_on() {
    for trial in trials(BATCHES) {
        for room in [10, 100, 300, 1000, 3000, 10_000] {
            let (disk, shared) = disk(room);
            let mut checkpoint = Checkpoint::default();
            let mut writer = Writer::open(&trial, &shared, directory(), &mut checkpoint).unwrap();
            disk.set_capacity(Some(room));
            for _ in 0..3 {
                if let Err(fault) = writer.run(&mut checkpoint) {
                    assert!(fault.reason().contains("goes on by itself"), "{fault}");
                }
            }
            disk.set_capacity(None);
            writer.run(&mut checkpoint).unwrap();
            trial.holds(&shared, directory(), BATCHES as usize, &format!("{room} bytes"));
        }
    }
}
