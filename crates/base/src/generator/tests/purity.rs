//! A record depends on seed, origin, stream and index only, however it is asked for.

use std::io;
use std::sync::Arc;

use super::super::{Format, Generator, Schema, generate_parallel};
use super::{ORIGIN, everything, fields, generator_of, json, ndjson, single, text, value};

#[test]
fn records_asked_for_backwards_equal_records_asked_for_in_order() {
    let generator = generator_of(&everything(), 1);
    let forwards: Vec<String> = (0..500).map(|index| json(&generator, index)).collect();
    let mut backwards: Vec<String> =
        (0..500).rev().map(|index| json(&generator_of(&everything(), 1), index)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
}

#[test]
fn chunks_of_any_size_join_to_the_same_bytes() {
    let generator = generator_of(&everything(), 1);
    let whole = ndjson(&generator, 0..1000);
    for size in [1, 7, 64, 333] {
        let chunks = (0..1000_u64).step_by(size as usize);
        let joined: Vec<u8> =
            chunks.flat_map(|start| ndjson(&generator, start..(start + size).min(1000))).collect();
        assert_eq!(joined, whole, "chunks of {size}");
    }
}

#[test]
fn any_number_of_workers_writes_the_same_bytes() {
    let lines = [("id", "uuid"), ("at", "walk step 2"), ("name", "person.name null 0.1")];
    let generator = generator_of(&fields(&lines), 1);
    for format in [Format::Ndjson, Format::Csv, Format::Text] {
        let made: Vec<Vec<u8>> =
            [1, 2, 3, 8, 64].map(|workers| parallel(&generator, 5..20_011, format, workers)).into();
        assert!(made.iter().all(|bytes| *bytes == made[0]), "{format:?}");
        assert_eq!(made[0].split(|byte| *byte == b'\n').count(), 20_007);
    }
}

fn parallel(generator: &Generator, range: std::ops::Range<u64>, f: Format, w: usize) -> Vec<u8> {
    let mut out = Vec::new();
    generate_parallel(generator, range, f, w, &mut out).expect("memory takes everything");
    out
}

#[test]
fn an_empty_range_writes_nothing() {
    assert!(parallel(&single("uuid"), 9..9, Format::Ndjson, 4).is_empty());
}

/// Fails after some bytes, as a full disk does.
struct FullDisk {
    room: usize,
}

impl io::Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.room {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.room -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_failing_sink_ends_all_workers_with_its_error() {
    for workers in [1, 2, 8] {
        let mut sink = FullDisk { room: 300_000 };
        let result =
            generate_parallel(&single("uuid"), 0..10_000_000, Format::Ndjson, workers, &mut sink);
        assert_eq!(result.expect_err("the disk is full").kind(), io::ErrorKind::StorageFull);
    }
}

#[test]
fn a_field_keeps_its_values_when_others_come_and_go() {
    let alone = single("integer 1..1000000");
    let among = fields(&[("other", "uuid"), ("value", "integer 1..1000000"), ("more", "boolean")]);
    let among = generator_of(&among, 7);
    for index in 0..100 {
        let expected = format!("\"value\":{}", value(&alone, index));
        assert!(json(&among, index).contains(&expected));
    }
}

#[test]
fn seed_stream_and_field_name_each_change_the_values() {
    let make = |seed, stream: &str, name: &str| {
        let schema = Schema::parse(&[(name.to_owned(), text("uuid"))]).expect("parses");
        value(&Generator::new(Arc::new(schema), seed, stream, ORIGIN), 0)
    };
    let all = [make(1, "a", "x"), make(2, "a", "x"), make(1, "b", "x"), make(1, "a", "y")];
    for (place, one) in all.iter().enumerate() {
        assert!(!all[..place].contains(one));
    }
}

#[test]
fn walks_agree_however_they_are_entered() {
    let generator = single("walk step 1 decimals 6");
    let sequential: Vec<String> = (0..5000).map(|index| value(&generator, index)).collect();
    for index in (0..5000).rev().step_by(37).chain([4096, 1, 4095, 4097, 0]) {
        // A thread of its own has an empty memory.
        let fresh = std::thread::scope(|scope| {
            scope.spawn(|| value(&generator, index)).join().expect("does not panic")
        });
        assert_eq!(fresh, sequential[index as usize], "at {index}");
    }
}

#[test]
fn every_type_takes_the_last_index_there_is() {
    let generator = generator_of(&everything(), 1);
    for index in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1, i64::MAX as u64] {
        assert!(json(&generator, index).ends_with('}'));
    }
}

#[test]
fn a_generator_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync + Clone>(_: &T) {}
    shareable(&single("uuid"));
}
