//! Readers in other threads, waiting and waking.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::setup::{append, numbered, open, read_all, sound};
use crate::clients::disk::RealDisk;
use crate::engine::journal::{Journal, JournalOptions};
use crate::testing::disk::SimulatedDisk;

const LONG: Duration = Duration::from_mins(1);

#[test]
fn a_reader_sees_every_frame_while_others_are_appended_and_trimmed() {
    let disk = SimulatedDisk::new(1);
    let mut journal = sound(&disk);
    let mut reader = journal.reader(1);
    let trimmer = journal.trimmer();
    let reading = thread::spawn(move || {
        let mut all = Vec::new();
        while all.len() < 2000 {
            reader.wait(LONG);
            while let Some(frames) = reader.next(500).unwrap() {
                assert_eq!(frames.missing(), None);
                all.extend(frames.iter().map(|(number, payload)| (number, payload.to_vec())));
                trimmer.trim(frames.last()).unwrap();
            }
        }
        all
    });
    let mut next = 1;
    while next <= 2000 {
        // The bound makes the appender wait for the reader; a failure here is backpressure.
        if append(&mut journal, next..=next + 9).is_ok() {
            next += 10;
        } else {
            thread::yield_now();
        }
    }
    assert!(reading.join().unwrap() == numbered(1..=2000));
}

#[test]
fn works_on_the_real_disk_with_a_reader_beside_the_appender() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/journal");
    let options =
        JournalOptions { segment_bytes: 64 * 1024, bytes_max: 1 << 20, ..Default::default() };
    let (mut journal, findings) = Journal::open(Arc::new(RealDisk), &path, options).unwrap();
    assert_eq!(findings, vec![]);
    let mut reader = journal.reader(1);
    let reading = thread::spawn(move || {
        let mut read = Vec::new();
        while read.len() < 5000 && reader.wait(LONG) {
            read.extend(read_all(&mut reader));
        }
        read
    });
    for first in (1..=5000).step_by(100) {
        append(&mut journal, first..=first + 99).unwrap();
    }
    assert!(reading.join().unwrap() == numbered(1..=5000));
    drop(journal);
    let (journal, findings) = Journal::open(Arc::new(RealDisk), &path, options).unwrap();
    assert_eq!(findings, vec![]);
    assert!(read_all(&mut journal.reader(1)) == numbered(1..=5000));
}

#[test]
fn a_waiting_reader_can_be_woken_also_before_it_waits() {
    let disk = SimulatedDisk::new(1);
    let (journal, _) = open(&disk).unwrap();
    let mut reader = journal.reader(1);
    journal.waker().wake();
    assert!(!reader.wait(LONG));
    let waiting = thread::spawn(move || reader.wait(LONG));
    journal.waker().wake();
    assert!(!waiting.join().unwrap());
    assert!(!journal.reader(1).wait(Duration::ZERO));
}
