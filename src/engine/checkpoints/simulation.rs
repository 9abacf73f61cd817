//! Thousands of seeded lives of a checkpoint file on a disk that fails in every way it can.

use std::path::Path;
use std::sync::Arc;

use super::{CheckpointError, CheckpointFile};
use crate::testing::disk::{Fault, SimulatedDisk};
use crate::testing::random::{Random, seeds};

const PATH: &str = "/data/flow.checkpoint";

#[test]
fn after_any_crash_the_last_saved_payload_or_the_one_being_saved_is_found() {
    for seed in seeds(4000) {
        live(seed);
    }
}

fn live(seed: u64) {
    let mut random = Random::new(seed);
    let disk = SimulatedDisk::new(seed ^ 0xD15C);
    // What an open may find: the last payload that was acknowledged, and those tried after it.
    let mut possible: Vec<Option<Vec<u8>>> = vec![None];
    for life in 0..8 {
        if random.chance(30) {
            disk.plan(Fault::Operation(1 + random.below(12)));
        }
        if random.chance(20) {
            disk.plan(Fault::Sync(1 + random.below(2)));
        }
        if random.chance(10) {
            disk.plan(Fault::Halt(1 + random.below(9)));
        }
        let opened = CheckpointFile::open(Arc::new(disk.clone()), Path::new(PATH));
        let mut checkpoints = match opened {
            Ok((checkpoints, payload, findings)) => {
                let lengths: Vec<_> = possible.iter().map(|it| it.as_ref().map(Vec::len)).collect();
                assert!(
                    possible.contains(&payload),
                    "seed {seed}, life {life}: {:?} of {lengths:?}; {findings:?}",
                    payload.map(|it| it.len())
                );
                possible = vec![payload];
                checkpoints
            }
            Err(CheckpointError::Disk(_)) => {
                crash(&disk, &mut random);
                continue;
            }
            Err(error) => panic!("seed {seed}, life {life}: {error}"),
        };
        for _ in 0..random.below(12) {
            fault(&disk, &mut random);
            let payload = payload(&mut random);
            possible.push(Some(payload.clone()));
            if checkpoints.save(&payload).is_ok() {
                possible = vec![Some(payload)];
            }
        }
        disk.set_capacity(None);
        crash(&disk, &mut random);
    }
}

fn payload(random: &mut Random) -> Vec<u8> {
    let bound = [50, 500, 3000, 6000][random.below(4) as usize];
    (0..random.below(bound)).map(|_| random.number() as u8).collect()
}

fn fault(disk: &SimulatedDisk, random: &mut Random) {
    match random.below(20) {
        6 => disk.plan(Fault::Halt(1 + random.below(8))),
        0 | 1 => disk.plan(Fault::Operation(1 + random.below(6))),
        2 | 3 => disk.plan(Fault::Sync(1 + random.below(2))),
        4 => disk.set_capacity(Some(random.below(40_000))),
        5 => disk.set_capacity(None),
        _ => {}
    }
}

fn crash(disk: &SimulatedDisk, random: &mut Random) {
    if random.chance(60) { disk.power_cut() } else { disk.kill() }
}
