//! A small journal on a simulated disk, and frames that know their number.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::finding::Finding;
use crate::engine::journal::{Journal, JournalError, JournalOptions, JournalReader};
use crate::testing::disk::SimulatedDisk;

pub(super) fn directory() -> &'static Path {
    Path::new("/data/journal")
}

pub(super) fn segment(first: u64) -> PathBuf {
    directory().join(format!("{first:020}.journal"))
}

pub(super) fn options() -> JournalOptions {
    JournalOptions {
        segment_bytes: 2048,
        bytes_max: 16_384,
        allocation_bytes: 256,
        ..JournalOptions::default()
    }
}

pub(super) fn open(disk: &SimulatedDisk) -> Result<(Journal, Vec<Finding>), JournalError> {
    Journal::open(Arc::new(disk.clone()), directory(), options())
}

/// A journal without findings.
pub(super) fn sound(disk: &SimulatedDisk) -> Journal {
    let (journal, findings) = open(disk).unwrap();
    assert_eq!(findings, vec![]);
    journal
}

pub(super) fn read_all(reader: &mut JournalReader) -> Vec<(u64, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(frames) = reader.next(300).unwrap() {
        all.extend(frames.iter().map(|(sequence, payload)| (sequence, payload.to_vec())));
    }
    all
}

pub(super) fn numbered(range: std::ops::RangeInclusive<u64>) -> Vec<(u64, Vec<u8>)> {
    range.map(|number| (number, payload(number))).collect()
}

pub(super) fn payload(number: u64) -> Vec<u8> {
    format!("payload {number}").into_bytes()
}

/// Appends the payloads of these numbers in one call.
pub(super) fn append(
    journal: &mut Journal,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, JournalError> {
    let payloads: Vec<Vec<u8>> = range.map(payload).collect();
    let frames: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    journal.append(&frames).map(|range| range.last())
}
