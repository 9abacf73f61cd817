//! Entries for fuzzers: any bytes at all become the files of a journal or a checkpoint. Whatever they are,
//! opening and reading gives an answer, never a panic, and a journal that opens also works.

use std::path::Path;
use std::sync::Arc;

use crate::engine::checkpoints::CheckpointFile;
use crate::engine::journal::{Journal, JournalOptions};
use crate::testing::disk::SimulatedDisk;

/// Makes segments of the bytes: two bytes of length, one byte for the step of the sequence number, then contents.
pub fn fuzz_journal(bytes: &[u8]) {
    let disk = SimulatedDisk::new(0);
    let mut rest = bytes;
    let mut first = 1;
    while let Some(([low, high, step], following)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(following.len());
        let (contents, following) = following.split_at(length);
        disk.put(Path::new(&format!("/journal/{first:020}.journal")), contents);
        first += u64::from(*step) + 1;
        rest = following;
    }
    let options = JournalOptions {
        segment_bytes: 4096,
        bytes_max: u64::MAX,
        allocation_bytes: 512,
        delivered: 0,
    };
    let open = || Journal::open(Arc::new(disk.clone()), Path::new("/journal"), options);
    let Ok((mut journal, _)) = open() else { return };
    let Ok(appended) = journal.append(&[b"after", b"all"]) else { panic!("cannot append") };
    let last = read_to_the_end(&journal);
    assert_eq!(last, Some((appended.last(), b"all".to_vec())));
    drop(journal);
    disk.power_cut();
    let Ok((journal, _)) = open() else { panic!("cannot open again") };
    assert_eq!(read_to_the_end(&journal), last);
}

/// The last frame; every frame comes after the one before.
fn read_to_the_end(journal: &Journal) -> Option<(u64, Vec<u8>)> {
    let mut reader = journal.reader(1);
    let mut last = None;
    let mut before = 0;
    while let Ok(Some(frames)) = reader.next(1000) {
        for (sequence, payload) in frames.iter() {
            assert!(sequence > before, "a frame came again");
            before = sequence;
            last = Some((sequence, payload.to_vec()));
        }
    }
    last
}

/// Takes the bytes for a checkpoint file; one that opens can be saved and opened again.
pub fn fuzz_checkpoint(bytes: &[u8]) {
    let disk = SimulatedDisk::new(0);
    let path = Path::new("/flow.checkpoint");
    disk.put(path, bytes);
    let open = || CheckpointFile::open(Arc::new(disk.clone()), path);
    let Ok((mut checkpoints, ..)) = open() else { return };
    assert!(checkpoints.save(b"after all").is_ok(), "cannot save");
    drop(checkpoints);
    disk.power_cut();
    let payload = open().ok().and_then(|(_, payload, _)| payload);
    assert_eq!(payload.as_deref(), Some(&b"after all"[..]));
}

#[cfg(test)]
mod tests {
    use super::{fuzz_checkpoint, fuzz_journal};
    use crate::testing::random::Random;

    const SEGMENT: &[u8] = include_bytes!("../engine/journal/fixtures/version-1.journal");
    const CHECKPOINT: &[u8] = include_bytes!("../engine/checkpoints/fixtures/version-1.checkpoint");

    /// A few bytes changed, cut, doubled or made up.
    fn mutated(sound: &[u8], random: &mut Random) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        for _ in 0..random.below(6) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.extend_from_within(at..),
                2 => drop(bytes.splice(at..at, [0; 20])),
                _ if at < bytes.len() => bytes[at] = random.number() as u8,
                _ => {}
            }
        }
        bytes
    }

    fn with_length(contents: &[u8], step: u8) -> Vec<u8> {
        let length = (contents.len() as u16).to_le_bytes();
        [&length[..], &[step], contents].concat()
    }

    #[test]
    fn any_journal_gives_an_answer() {
        let mut random = Random::new(1);
        fuzz_journal(&[]);
        for round in 0..3000_u64 {
            let mut bytes = with_length(&mutated(SEGMENT, &mut random), round as u8 % 7);
            bytes.extend(with_length(&mutated(SEGMENT, &mut random), 1));
            fuzz_journal(&bytes);
            let noise: Vec<u8> = (0..random.below(200)).map(|_| random.number() as u8).collect();
            fuzz_journal(&noise);
        }
    }

    #[test]
    fn any_checkpoint_gives_an_answer() {
        let mut random = Random::new(2);
        fuzz_checkpoint(&[]);
        for _ in 0..2000 {
            fuzz_checkpoint(&mutated(CHECKPOINT, &mut random));
            let noise: Vec<u8> = (0..random.below(200)).map(|_| random.number() as u8).collect();
            fuzz_checkpoint(&noise);
        }
    }
}
