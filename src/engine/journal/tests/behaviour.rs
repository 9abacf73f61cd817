//! Appending, reading, trimming, running full, failing: what a user of the journal relies on.

use std::sync::Arc;

use super::setup::{append, directory, numbered, open, options, read_all, segment, sound};
use crate::core::disk::{Disk, DiskError};
use crate::engine::journal::{Journal, JournalError, JournalOptions};
use crate::testing::disk::{Fault, SimulatedDisk};

#[test]
fn reads_back_in_order_what_was_appended_also_after_a_restart() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    assert_eq!(append(&mut journal, 1..=3).unwrap(), 3);
    assert_eq!(append(&mut journal, 4..=4).unwrap(), 4);
    assert_eq!(read_all(&mut journal.reader(1)), numbered(1..=4));
    drop(journal);
    disk.power_cut();
    let mut journal = sound(&disk);
    assert_eq!(
        append(&mut journal, 5..=200).unwrap_err().to_string().matches("over the limit").count(),
        1
    );
    assert_eq!(append(&mut journal, 5..=6).unwrap(), 6);
    assert_eq!(read_all(&mut journal.reader(3)), numbered(3..=6));
}

#[test]
fn an_append_is_one_write_and_one_sync() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    append(&mut journal, 1..=1).unwrap();
    let before = disk.operations();
    append(&mut journal, 2..=4).unwrap();
    assert_eq!(disk.operations() - before, 2);
}

#[test]
fn takes_empty_payloads_and_an_append_of_nothing() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    assert_eq!(journal.append(&[]).unwrap().count, 0);
    assert_eq!(journal.append(&[b"", b""]).unwrap().last(), 2);
    assert_eq!(read_all(&mut journal.reader(0)), vec![(1, vec![]), (2, vec![])]);
}

#[test]
fn goes_on_in_new_segments_and_removes_the_delivered_ones() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    for first in (1..200).step_by(10) {
        append(&mut journal, first..=first + 9).unwrap();
    }
    let segments = disk.list(directory()).unwrap().len();
    assert!(segments > 3, "{segments}");
    let trimmer = journal.trimmer();
    assert_eq!(trimmer.trim(10).unwrap(), 0, "the first segment still holds frame 11");
    assert_eq!(trimmer.trim(200).unwrap(), segments - 1);
    let last = read_all(&mut journal.reader(1));
    assert_eq!(last.last(), numbered(200..=200).last());
    drop((journal, trimmer));
    disk.power_cut();
    let mut journal = sound(&disk);
    assert_eq!(append(&mut journal, 201..=201).unwrap(), 201);
}

#[test]
fn a_reader_says_which_frames_are_gone_before_the_first() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    for first in (1..200).step_by(10) {
        append(&mut journal, first..=first + 9).unwrap();
    }
    journal.trim(100).unwrap();
    let frames = journal.reader(1).next(1).unwrap().unwrap();
    assert_eq!(frames.missing(), Some((1, frames.first() - 1)));
    assert_eq!((frames.count(), frames.last()), (1, frames.first()));
}

#[test]
fn is_full_at_its_bound_and_takes_frames_again_after_trimming() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    let mut next = 1;
    let error = loop {
        match append(&mut journal, next..=next + 9) {
            Ok(last) => next = last + 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::Full { bytes_max: Some(16_384), .. }), "{error}");
    assert!(journal.bytes() <= 16_384);
    journal.trim(next - 1).unwrap();
    append(&mut journal, next..=next + 9).unwrap();
}

#[test]
fn a_full_disk_is_a_state_that_passes_by_itself() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    append(&mut journal, 1..=3).unwrap();
    disk.set_capacity(Some(1400));
    let mut next = 4;
    let error = loop {
        match append(&mut journal, next..=next) {
            Ok(_) => next += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::Full { bytes_max: None, .. }), "{error}");
    disk.set_capacity(None);
    append(&mut journal, next..=next).unwrap();
    assert_eq!(read_all(&mut journal.reader(1)), numbered(1..=next));
    assert_eq!(journal.take_findings(), vec![]);
}

#[test]
fn never_writes_a_segment_again_whose_sync_failed() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    append(&mut journal, 1..=3).unwrap();
    let mut reader = journal.reader(1);
    assert_eq!(read_all(&mut reader), numbered(1..=3));
    disk.plan(Fault::Sync(1));
    append(&mut journal, 4..=6).unwrap();
    assert!(disk.contents(&segment(4)).is_some());
    assert_eq!(read_all(&mut reader), numbered(4..=6));
    assert!(journal.take_findings()[0].to_string().contains("given up at its durable end"));
    drop((journal, reader));
    disk.power_cut();
    assert_eq!(read_all(&mut sound(&disk).reader(1)), numbered(1..=6));
}

#[test]
fn replaces_a_failed_segment_that_holds_no_durable_frame() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    let mut reader = journal.reader(1);
    disk.plan(Fault::Sync(2));
    append(&mut journal, 1..=2).unwrap();
    assert_eq!(read_all(&mut reader), numbered(1..=2));
    drop((journal, reader));
    assert_eq!(read_all(&mut sound(&disk).reader(1)), numbered(1..=2));
}

#[test]
fn is_open_once_at_a_time() {
    let disk = SimulatedDisk::new(1);
    let journal = sound(&disk);
    let error = open(&disk).unwrap_err();
    assert!(matches!(error, JournalError::Disk(DiskError::Held { .. })), "{error}");
    drop(journal);
    sound(&disk);
}

#[test]
fn never_gives_out_a_number_again_that_the_checkpoint_knows_as_delivered() {
    let disk = SimulatedDisk::new(1);
    let after_loss = JournalOptions { delivered: 500, ..options() };
    let reopen = |disk: &SimulatedDisk| {
        Journal::open(Arc::new(disk.clone()), directory(), after_loss).unwrap()
    };
    let (journal, findings) = reopen(&disk);
    assert_eq!(journal.next_sequence(), 501);
    assert!(findings[0].to_string().contains("frames up to 500 are delivered"), "{}", findings[0]);
    drop(journal);
    let (mut journal, findings) = reopen(&disk);
    assert_eq!(findings, vec![]);
    assert_eq!(append(&mut journal, 501..=501).unwrap(), 501);
    assert_eq!(read_all(&mut journal.reader(501)), numbered(501..=501));
}
