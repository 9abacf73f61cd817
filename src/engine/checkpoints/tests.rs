//! What a checkpoint file promises, one behaviour at a time.

use std::path::Path;
use std::sync::Arc;

use super::{CheckpointError, CheckpointFile, OpenedCheckpoint};
use crate::testing::disk::{Fault, SimulatedDisk};

/// Two saves, "first" and "second", as format 1 wrote them.
const VERSION_1: &[u8] = include_bytes!("fixtures/version-1.checkpoint");

fn path() -> &'static Path {
    Path::new("/data/flow.checkpoint")
}

fn open(disk: &SimulatedDisk) -> Result<OpenedCheckpoint, CheckpointError> {
    CheckpointFile::open(Arc::new(disk.clone()), path())
}

fn with_contents(contents: &[u8]) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    disk.put(path(), contents);
    disk
}

fn saved(payloads: &[&[u8]]) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    let (mut checkpoints, ..) = open(&disk).unwrap();
    for payload in payloads {
        checkpoints.save(payload).unwrap();
    }
    disk
}

#[test]
fn starts_with_nothing_and_finds_what_was_saved_last() {
    let disk = SimulatedDisk::new(1);
    let (_, payload, findings) = open(&disk).unwrap();
    assert_eq!((payload, findings), (None, vec![]));
    let disk = saved(&[b"one", b"two", b"three"]);
    let (_, payload, findings) = open(&disk).unwrap();
    assert_eq!((payload.unwrap(), findings), (b"three".to_vec(), vec![]));
}

#[test]
fn reads_the_file_that_format_1_wrote() {
    let (_, payload, findings) = open(&with_contents(VERSION_1)).unwrap();
    assert_eq!((payload.unwrap(), findings), (b"second".to_vec(), vec![]));
    let written = saved(&[b"first", b"second"]).contents(path()).unwrap();
    assert!(
        written == VERSION_1,
        "the format has changed: it needs a new version and a new fixture"
    );
}

#[test]
fn grows_for_a_larger_payload_and_keeps_its_size_for_a_smaller_one() {
    let large = vec![7; 10_000];
    let disk = saved(&[b"small", &large]);
    assert_eq!(disk.contents(path()).unwrap().len(), 2 * 16_384);
    let (mut checkpoints, payload, _) = open(&disk).unwrap();
    assert_eq!(payload.unwrap(), large);
    checkpoints.save(b"small again").unwrap();
    assert_eq!(disk.contents(path()).unwrap().len(), 2 * 16_384);
    assert_eq!(open(&disk).unwrap().1.unwrap(), b"small again");
}

#[test]
fn a_save_in_place_is_one_write_and_one_sync() {
    let disk = saved(&[b"one"]);
    let (mut checkpoints, ..) = open(&disk).unwrap();
    let before = disk.operations();
    checkpoints.save(b"two").unwrap();
    assert_eq!(disk.operations() - before, 2);
}

#[test]
fn every_flipped_bit_leaves_a_payload_that_was_saved_or_an_error() {
    let length = VERSION_1.len() as u64 * 8;
    let mut older = 0;
    for bit in 0..length {
        let disk = with_contents(VERSION_1);
        disk.bit_flip(path(), bit);
        let (_, payload, findings) = open(&disk).unwrap();
        let payload = payload.unwrap();
        assert!(payload == b"second" || payload == b"first", "bit {bit}");
        if payload == b"first" {
            older += 1;
            assert_eq!(findings.len(), 1, "bit {bit}");
        }
    }
    assert_eq!(older, 8 * (28 + 6), "only a flip in the newest slot goes back by one");
}

#[test]
fn says_what_is_wrong_with_a_slot_and_what_to_do() {
    let disk = saved(&[b"one", b"two"]);
    disk.bit_flip(path(), 8 * 4096 + 8 * 30);
    let (_, payload, findings) = open(&disk).unwrap();
    assert_eq!(payload.unwrap(), b"one");
    assert_eq!(
        findings[0].to_string(),
        "/data/flow.checkpoint: the copy of the checkpoint at byte 4096 is damaged; went on from the \
         other copy, which is whole; the disk has changed bytes by itself: look at its health; up to \
         one batch may be delivered again"
    );
}

#[test]
fn never_starts_from_zero_when_both_slots_are_damaged_or_the_file_is_cut() {
    let disk = saved(&[b"one"]);
    disk.bit_flip(path(), 0);
    disk.bit_flip(path(), 8 * 4096);
    assert!(matches!(open(&disk), Err(CheckpointError::Damaged { .. })));
    for length in [0, 1, 20] {
        let error = open(&with_contents(&VERSION_1[..length])).unwrap_err();
        assert!(error.to_string().contains("bring the file back from a backup"), "{error}");
    }
}

#[test]
fn a_file_cut_anywhere_gives_a_saved_payload_or_an_error() {
    for length in 0..VERSION_1.len() {
        if let Ok((_, payload, _)) = open(&with_contents(&VERSION_1[..length])) {
            assert!([&b"first"[..], b"second"].contains(&&*payload.unwrap()), "{length}");
        }
    }
}

#[test]
fn refuses_a_file_from_a_newer_headwater() {
    let mut slot = VERSION_1[..28 + 5].to_vec();
    slot[8] = 2;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&slot[..24]), &slot[28..]);
    slot[24..28].copy_from_slice(&checksum.to_le_bytes());
    let mut contents = VERSION_1.to_vec();
    contents[..slot.len()].copy_from_slice(&slot);
    let error = open(&with_contents(&contents)).unwrap_err();
    assert!(error.to_string().contains("was written by a newer headwater"), "{error}");
}

#[test]
fn saves_into_a_new_file_after_a_failed_sync() {
    let disk = saved(&[b"one"]);
    let (mut checkpoints, ..) = open(&disk).unwrap();
    disk.plan(Fault::Sync(1));
    assert!(checkpoints.save(b"two").is_err());
    checkpoints.save(b"three").unwrap();
    disk.power_cut();
    assert_eq!(open(&disk).unwrap().1.unwrap(), b"three");
}

#[test]
fn a_full_disk_is_told_apart_and_passes() {
    let disk = SimulatedDisk::new(1);
    let (mut checkpoints, ..) = open(&disk).unwrap();
    disk.set_capacity(Some(100));
    assert!(checkpoints.save(b"one").unwrap_err().is_full());
    disk.set_capacity(None);
    checkpoints.save(b"two").unwrap();
    assert_eq!(open(&disk).unwrap().1.unwrap(), b"two");
}

#[test]
fn the_format_is_still_that_of_the_fixture() {
    let contents = saved(&[b"first", b"second"]).contents(path()).unwrap();
    assert_eq!(contents, include_bytes!("fixtures/version-1.checkpoint"));
}
