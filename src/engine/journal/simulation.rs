//! Thousands of seeded lives of a journal on a disk that fails in every way it can: every acknowledged frame
//! that was not trimmed is read exactly once, in order, and nothing appears that was never appended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Journal, JournalError, JournalOptions, JournalReader};
use crate::core::disk::Disk;
use crate::core::finding::{Finding, Severity};
use crate::testing::disk::{Fault, SimulatedDisk};
use crate::testing::random::{Random, seeds};

#[test]
fn every_acknowledged_frame_is_read_once_and_in_order_after_any_crash() {
    for seed in seeds(4000) {
        World::new(seed).live();
    }
}

#[test]
fn a_flipped_bit_per_crash_costs_at_most_one_frame() {
    for seed in seeds(1500) {
        World { flips: true, ..World::new(seed) }.live();
    }
}

fn directory() -> &'static Path {
    Path::new("/data/journal")
}

struct World {
    seed: u64,
    random: Random,
    disk: SimulatedDisk,
    /// What must be read: acknowledged, or found at an open and so made durable.
    safe: BTreeMap<u64, Vec<u8>>,
    tried: BTreeSet<Vec<u8>>,
    delivered: u64,
    frames: u64,
    /// A bit of a segment flips at every crash.
    flips: bool,
    /// Bits that flipped since everything was read.
    flipped: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            random: Random::new(seed),
            disk: SimulatedDisk::new(seed ^ 0xD15C),
            safe: BTreeMap::new(),
            tried: BTreeSet::new(),
            delivered: 0,
            frames: 0,
            flips: false,
            flipped: 0,
        }
    }

    fn live(mut self) {
        for _ in 0..6 {
            if self.random.chance(30) {
                self.disk.plan(Fault::Operation(1 + self.random.below(25)));
            }
            if self.random.chance(15) {
                self.disk.plan(Fault::Sync(1 + self.random.below(2)));
            }
            if self.random.chance(10) {
                self.disk.plan(Fault::Halt(1 + self.random.below(25)));
            }
            match self.open() {
                Ok((journal, findings)) => {
                    self.no_damage(&findings);
                    self.one_process(journal);
                }
                Err(JournalError::Disk(_) | JournalError::Full { .. }) => {}
                Err(error) => panic!("seed {}: {error}", self.seed),
            }
            self.disk.set_capacity(None);
            if self.random.chance(60) {
                self.disk.power_cut();
            } else {
                self.disk.kill();
            }
            self.flip();
        }
        let (journal, findings) = self.open().unwrap();
        self.no_damage(&findings);
        self.read_all(&journal);
    }

    fn flip(&mut self) {
        if !self.flips {
            return;
        }
        let segments: Vec<PathBuf> = self
            .disk
            .list(directory())
            .unwrap_or_default()
            .into_iter()
            .filter(|it| it.extension().is_some())
            .collect();
        let chosen = self.random.below(segments.len() as u64) as usize;
        if let Some(path) = segments.get(chosen) {
            self.disk.bit_flip(path, 8 * 1024 + self.random.below(8 * 5 * 1024));
            self.flipped += 1;
        }
    }

    fn open(&self) -> Result<(Journal, Vec<Finding>), JournalError> {
        let options = JournalOptions {
            segment_bytes: 6 * 1024,
            bytes_max: 48 * 1024,
            allocation_bytes: 1024,
            delivered: self.delivered,
        };
        Journal::open(Arc::new(self.disk.clone()), directory(), options)
    }

    fn one_process(&mut self, mut journal: Journal) {
        self.disk.clear_faults();
        self.read_all(&journal);
        let mut reader = journal.reader(self.delivered + 1);
        let mut read_to = self.delivered;
        for _ in 0..self.random.below(30) {
            self.fault();
            match self.random.below(10) {
                0..=5 => self.append(&mut journal),
                6 | 7 => self.read(&mut reader, &mut read_to),
                _ => {
                    let upto = self.delivered + self.random.below(read_to - self.delivered + 1);
                    self.delivered = upto;
                    self.safe = self.safe.split_off(&(upto + 1));
                    drop(journal.trim(upto));
                }
            }
        }
        self.no_damage(&journal.take_findings());
    }

    fn append(&mut self, journal: &mut Journal) {
        let frames: Vec<Vec<u8>> = (0..=self.random.below(5)).map(|_| self.payload()).collect();
        let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        self.tried.extend(frames.iter().map(|frame| frame.to_vec()));
        let outcome = match journal.append(&frames) {
            Err(_) if self.random.chance(50) => journal.append(&frames),
            outcome => outcome,
        };
        match outcome {
            Ok(range) => {
                for (sequence, frame) in (range.first..).zip(&frames) {
                    let before = self.safe.insert(sequence, frame.to_vec());
                    assert!(before.is_none(), "seed {}: {sequence} twice", self.seed);
                }
                assert!(range.first > self.delivered, "seed {}", self.seed);
            }
            Err(JournalError::Disk(_) | JournalError::Full { .. }) => {}
            Err(error) => panic!("seed {}: {error}", self.seed),
        }
    }

    /// Frames that no other one equals, small and large.
    fn payload(&mut self) -> Vec<u8> {
        self.frames += 1;
        let bound = [1, 40, 300, 1200][self.random.below(4) as usize];
        let mut payload = self.frames.to_le_bytes().to_vec();
        payload.extend((0..self.random.below(bound)).map(|_| self.random.number() as u8));
        payload.truncate(900);
        payload
    }

    fn read(&mut self, reader: &mut JournalReader, read_to: &mut u64) {
        match reader.next(1 + self.random.below(3000) as usize) {
            Ok(Some(frames)) => {
                self.no_damage(frames.findings());
                for (sequence, payload) in frames.iter() {
                    assert!(sequence > *read_to, "seed {}: {sequence} again", self.seed);
                    let skipped = self.safe.range(*read_to + 1..sequence).next();
                    assert!(skipped.is_none(), "seed {}: {skipped:?} skipped", self.seed);
                    let safe = self.safe.get(&sequence).map(Vec::as_slice);
                    assert_eq!(safe, Some(payload), "seed {}: {sequence}", self.seed);
                    *read_to = sequence;
                }
            }
            Ok(None) => {
                let left = self.safe.range(*read_to + 1..).next();
                assert!(left.is_none(), "seed {}: {left:?} not read", self.seed);
            }
            Err(JournalError::Disk(_)) => {}
            Err(error) => panic!("seed {}: {error}", self.seed),
        }
    }

    fn read_all(&mut self, journal: &Journal) {
        let mut reader = journal.reader(self.delivered + 1);
        let mut found = BTreeMap::new();
        let max_bytes = 1 + self.random.below(5000) as usize;
        while let Some(frames) = reader.next(max_bytes).unwrap() {
            self.no_damage(frames.findings());
            for (sequence, payload) in frames.iter() {
                let last = found.keys().next_back().copied().unwrap_or(0);
                assert!(sequence > last, "seed {}: {sequence} after {last}", self.seed);
                found.insert(sequence, payload.to_vec());
            }
        }
        for (sequence, payload) in &found {
            let safe = self.safe.get(sequence).unwrap_or(payload);
            assert_eq!(payload, safe, "seed {}: {sequence} changed", self.seed);
        }
        let lost: Vec<&u64> = self.safe.keys().filter(|it| !found.contains_key(it)).collect();
        assert!(lost.len() <= self.flipped, "seed {}: {lost:?} lost", self.seed);
        self.flipped = 0;
        let distinct: BTreeSet<&Vec<u8>> = found.values().collect();
        assert_eq!(distinct.len(), found.len(), "seed {}: a frame came twice", self.seed);
        assert!(found.values().all(|it| self.tried.contains(it)), "seed {}: invented", self.seed);
        self.safe = found;
    }

    fn fault(&mut self) {
        match self.random.below(30) {
            0 | 1 => self.disk.plan(Fault::Operation(1 + self.random.below(15))),
            2 | 3 => self.disk.plan(Fault::Sync(1 + self.random.below(3))),
            4 => self.disk.set_capacity(Some(self.random.below(50_000))),
            5 | 6 => self.disk.set_capacity(None),
            7 => self.disk.plan(Fault::Halt(1 + self.random.below(12))),
            _ => {}
        }
    }

    /// Crashes and failing syncs are no damage: a false alarm is a fault, too.
    fn no_damage(&self, findings: &[Finding]) {
        let damage = findings.iter().find(|finding| finding.severity == Severity::Damage);
        assert!(self.flips || damage.is_none(), "seed {}: {}", self.seed, damage.unwrap());
    }
}
