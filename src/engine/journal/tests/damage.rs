//! Cut files, flipped bits, lost segments: good neighbours are always delivered, wrong payloads never.

use std::path::Path;

use super::setup::{append, directory, numbered, open, options, payload, read_all, segment, sound};
use crate::core::disk::Disk;
use crate::core::finding::Severity;
use crate::engine::journal::JournalError;
use crate::testing::disk::SimulatedDisk;

/// Frames 1 to 3 and 4 to 5, as format 1 wrote them, without the zeros at the end.
const VERSION_1: &[u8] = include_bytes!("../fixtures/version-1.journal");
const FRAMES_AT: usize = 1024;
const FRAME: usize = 20 + 9;

fn with_segment(contents: &[u8]) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    disk.put(&segment(1), contents);
    disk
}

/// Two full segments and a third one; the first sequence numbers of all.
fn three_segments() -> (SimulatedDisk, Vec<u64>) {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    let mut next = 1;
    while journal.bytes() < 2 * options().segment_bytes {
        append(&mut journal, next..=next + 2).unwrap();
        next += 3;
    }
    drop(journal);
    let names = disk.list(directory()).unwrap();
    let first = |path: &Path| path.file_stem()?.to_str()?.parse().ok();
    (disk.clone(), names.iter().filter_map(|path| first(path)).collect())
}

#[test]
fn reads_the_segment_that_format_1_wrote() {
    let mut journal = sound(&with_segment(VERSION_1));
    assert_eq!(read_all(&mut journal.reader(1)), numbered(1..=5));
    assert_eq!(append(&mut journal, 6..=6).unwrap(), 6);
}

#[test]
fn refuses_a_segment_from_a_newer_headwater() {
    let mut contents = VERSION_1.to_vec();
    for at in [0, 512] {
        contents[at + 8] = 2;
        let checksum = crc32c::crc32c(&contents[at..at + 60]);
        contents[at + 60..at + 64].copy_from_slice(&checksum.to_le_bytes());
    }
    let error = open(&with_segment(&contents)).unwrap_err();
    assert!(matches!(error, JournalError::Newer { version: 2, .. }), "{error}");
}

#[test]
fn a_last_segment_cut_at_any_byte_gives_every_frame_that_is_whole() {
    for length in FRAMES_AT..=VERSION_1.len() {
        let disk = with_segment(&VERSION_1[..length]);
        let (mut journal, findings) = open(&disk).unwrap();
        let whole = ((length - FRAMES_AT) / FRAME) as u64;
        assert_eq!(read_all(&mut journal.reader(1)), numbered(1..=whole), "{length}");
        let torn = !(length - FRAMES_AT).is_multiple_of(FRAME);
        assert_eq!(findings.len(), usize::from(torn), "{length}: {findings:?}");
        assert!(findings.iter().all(|finding| finding.severity == Severity::Notice));
        append(&mut journal, whole + 1..=whole + 2).unwrap();
        drop(journal);
        disk.power_cut();
        assert_eq!(read_all(&mut sound(&disk).reader(1)), numbered(1..=whole + 2), "{length}");
    }
}

#[test]
fn a_segment_cut_within_its_header_is_moved_aside_and_the_journal_goes_on() {
    for length in 0..FRAMES_AT {
        let disk = with_segment(&VERSION_1[..length]);
        let (mut journal, findings) = open(&disk).unwrap();
        assert_eq!(findings.len(), usize::from(length < 64), "{length}: {findings:?}");
        let next = journal.next_sequence();
        append(&mut journal, next..=next).unwrap();
        assert_eq!(read_all(&mut journal.reader(next)), numbered(next..=next));
    }
}

#[test]
fn every_flipped_bit_costs_at_most_the_frame_it_is_in() {
    for zeros in [0, 300] {
        let mut contents = VERSION_1.to_vec();
        contents.resize(VERSION_1.len() + zeros, 0);
        for bit in 0..contents.len() * 8 {
            let disk = with_segment(&contents);
            disk.bit_flip(&segment(1), bit as u64);
            let (mut journal, _) = open(&disk).unwrap();
            let hit = (bit / 8).checked_sub(FRAMES_AT).map(|at| (at / FRAME) as u64 + 1);
            let expected: Vec<_> =
                numbered(1..=5).into_iter().filter(|(number, _)| Some(*number) != hit).collect();
            assert_eq!(read_all(&mut journal.reader(1)), expected, "bit {bit}");
            let next = journal.next_sequence();
            append(&mut journal, next..=next).unwrap();
            let last = read_all(&mut journal.reader(1)).pop();
            assert_eq!(last, Some((next, payload(next))), "bit {bit}");
        }
    }
}

#[test]
fn damage_in_the_middle_is_copied_aside_named_once_and_stepped_over() {
    let disk = with_segment(VERSION_1);
    let damaged = FRAMES_AT + 2 * FRAME;
    disk.bit_flip(&segment(1), (damaged + 25) as u64 * 8);
    let (journal, findings) = open(&disk).unwrap();
    assert_eq!(
        findings[0].to_string(),
        "/data/journal/00000000000000000001.journal: 29 bytes at byte 1082 are damaged, frame 3 is missing; \
         copied them to /data/journal/quarantine/00000000000000000001-at-1082.damaged and went on after them; \
         the disk has changed bytes by itself: look at its health"
    );
    let copy = directory().join("quarantine/00000000000000000001-at-1082.damaged");
    let kept = disk.contents(&copy).unwrap();
    assert_eq!(kept.len(), FRAME);
    let mut reader = journal.reader(1);
    assert_eq!(reader.next(10_000).unwrap().unwrap().last(), 2);
    let after = reader.next(10_000).unwrap().unwrap();
    assert_eq!((after.first(), after.last(), after.missing()), (4, 5, Some((3, 3))));
    drop((journal, reader));
    sound(&disk);
}

#[test]
fn damage_in_a_sealed_segment_is_found_by_the_reader() {
    for at_end in [false, true] {
        let (disk, firsts) = three_segments();
        let length = disk.contents(&segment(1)).unwrap().len();
        let byte = if at_end { length - 1 } else { FRAMES_AT + 22 };
        disk.bit_flip(&segment(1), byte as u64 * 8);
        let mut journal = sound(&disk);
        let lost = if at_end { firsts[1] - 1 } else { 1 };
        let all = journal.next_sequence() - 1;
        let mut reader = journal.reader(1);
        let (mut read, mut missing, mut findings) = (Vec::new(), Vec::new(), 0);
        while let Some(frames) = reader.next(100).unwrap() {
            missing.extend(frames.missing());
            findings += frames.findings().len();
            read.extend(frames.iter().map(|(number, payload)| (number, payload.to_vec())));
        }
        let expected: Vec<_> =
            numbered(1..=all).into_iter().filter(|(number, _)| *number != lost).collect();
        assert_eq!(read, expected);
        assert_eq!((missing, findings), (vec![(lost, lost)], 1));
        append(&mut journal, all + 1..=all + 1).unwrap();
        assert_eq!(read_all(&mut reader), numbered(all + 1..=all + 1));
    }
}

#[test]
fn names_the_frames_of_a_lost_segment() {
    let (disk, firsts) = three_segments();
    disk.remove(&segment(firsts[1])).unwrap();
    let (journal, findings) = open(&disk).unwrap();
    let missing = format!("frames {} to {} are missing", firsts[1], firsts[2] - 1);
    assert!(findings[0].to_string().contains(&missing), "{}", findings[0]);
    let read = read_all(&mut journal.reader(1));
    let last = journal.next_sequence() - 1;
    let expected: Vec<_> =
        numbered(1..=firsts[1] - 1).into_iter().chain(numbered(firsts[2]..=last)).collect();
    assert_eq!(read, expected);
}

#[test]
fn a_last_segment_without_a_readable_header_is_moved_aside_and_its_numbers_are_not_used_again() {
    let (disk, firsts) = three_segments();
    for copy in [0, 512] {
        disk.bit_flip(&segment(firsts[2]), (copy + 30) * 8);
    }
    let (mut journal, findings) = open(&disk).unwrap();
    assert!(findings[0].to_string().contains("moved it to /data/journal/quarantine/"));
    let next = journal.next_sequence();
    assert!(next > firsts[2] + 3);
    append(&mut journal, next..=next).unwrap();
    let frames = read_all(&mut journal.reader(1));
    assert_eq!(frames.len() as u64, firsts[2]);
    drop(journal);
    sound(&disk);
}

#[test]
fn believes_no_frame_that_a_payload_was_made_to_look_like() {
    // What a sender can know: how a journal of its own would write the frame.
    let own = SimulatedDisk::new(2);
    append(&mut sound(&own), 1..=2).unwrap();
    let forged = &own.contents(&segment(1)).unwrap()[FRAMES_AT + FRAME..][..FRAME];
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    journal.append(&[&[&b"...."[..], forged].concat(), b"after"]).unwrap();
    disk.bit_flip(&segment(1), (FRAMES_AT as u64 + 21) * 8);
    drop(journal);
    let (journal, _) = open(&disk).unwrap();
    assert_eq!(read_all(&mut journal.reader(1)), vec![(2, b"after".to_vec())]);
}
