//! The contracts of source and sink, for a stream on a real nats-server.

use crate::nats_server::{Nats, pause};
use crate::support::{advance, json_batch, real_disk, sink, source};
use headwater::core::batch::Batch;
use headwater::core::position::Checkpoint;
use headwater::core::sink::Sink;
use headwater::core::source::{Read, Source};
use headwater::core::wait::Wait;
use serde_json::json;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

fn line(number: u64) -> String {
    format!("{{\"n\":{number},\"text\":\"{}\"}}", "some text ".repeat(20))
}

fn batch(partition: &str, from: u64, to: u64) -> Batch {
    let lines: Vec<String> = (from..to).map(line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    json_batch(partition, to, &lines)
}

fn sink_text(nats: &Nats, more: &str) -> String {
    format!("nats: {{ url: \"{}\", stream: S, subject: s.x{more} }}", nats.url())
}

/// Opens a sink on a checkpoint, as the engine does.
fn open(nats: &Nats, more: &str, checkpoint: &mut Checkpoint) -> Box<dyn Sink> {
    let mut sink = sink(&sink_text(nats, more), &real_disk());
    sink.recover(checkpoint).unwrap();
    if checkpoint.sink.is_none() {
        checkpoint.sink = sink.commit().unwrap();
    }
    sink
}

fn deliver(sink: &mut dyn Sink, batch: &Batch, checkpoint: &mut Checkpoint) {
    assert!(sink.write(batch).unwrap().is_empty());
    let state = sink.commit().unwrap();
    advance(checkpoint, batch);
    checkpoint.sink = state;
}

/// What comes until so many records are there.
fn read(source: &mut dyn Source, from: &Checkpoint, records: u64) -> Vec<Batch> {
    source.resume(from).unwrap();
    let (mut batches, mut count) = (Vec::new(), 0);
    let deadline = Instant::now() + PATIENCE;
    while count < records {
        assert!(Instant::now() < deadline, "{count} of {records} came");
        if let Read::Batch(batch) = source.read(&Wait::new()).unwrap() {
            count += batch.records.count;
            batches.push(*batch);
        }
    }
    batches
}

fn bytes(batches: &[Batch]) -> Vec<u8> {
    batches.iter().flat_map(|batch| batch.records.bytes.clone()).collect()
}

#[test]
fn the_same_bytes_follow_every_position_of_a_stream() {
    let nats = Nats::start();
    let mut checkpoint = Checkpoint::default();
    let mut sink = open(&nats, "", &mut checkpoint);
    let records = 6_000;
    deliver(sink.as_mut(), &batch("a", 0, records), &mut checkpoint);
    drop(sink);
    for more in ["", ", subject: \"s.*\"", ", batch: 7"] {
        let text = format!("nats: {{ url: \"{}\", stream: S{more} }}", nats.url());
        let whole = read(source(&text).as_mut(), &Checkpoint::default(), records);
        let expected: Vec<u8> = (0..records).flat_map(|n| (line(n) + "\n").into_bytes()).collect();
        assert!(bytes(&whole) == expected, "{text}: other bytes than were written");
        assert!(whole.len() >= 3, "{text}: {} batches", whole.len());
        let (mut checkpoint, mut left) = (Checkpoint::default(), records);
        // Every batch of a stream of thousands would take long and say no more.
        let step = whole.len().div_ceil(12);
        for (index, batch) in whole.iter().enumerate() {
            advance(&mut checkpoint, batch);
            left -= batch.records.count;
            if index % step == 0 {
                let rest = read(source(&text).as_mut(), &checkpoint, left);
                assert!(bytes(&rest) == bytes(&whole[index + 1..]), "{text} behind batch {index}");
            }
        }
    }
}

#[test]
fn what_is_not_acknowledged_stays_and_what_is_goes_out_of_a_queue() {
    let nats = Nats::start();
    let mut client = nats.client();
    client.stream("S", &["s.>"], &json!({ "retention": "workqueue" }));
    for number in 0..10 {
        client.publish("s.x", line(number).as_bytes());
    }
    let text = format!("nats: {{ url: \"{}\", stream: S }}", nats.url());
    let mut first = source(&text);
    let batches = read(first.as_mut(), &Checkpoint::default(), 10);
    drop(first);
    assert_eq!(client.of_stream("S", "/state/messages"), 10, "nothing was acknowledged");
    let mut checkpoint = Checkpoint::default();
    advance(&mut checkpoint, &batches[0]);
    // All of it comes again, and what the checkpoint has is dropped and acknowledged.
    let mut second = source(&text);
    let left = 10 - batches[0].records.count;
    let rest = read(second.as_mut(), &checkpoint, left);
    assert!(bytes(&rest) == bytes(&batches[1..]));
    let mut acknowledger = second.acknowledger().unwrap();
    for batch in &rest {
        acknowledger.acknowledge(&batch.partition, &batch.position).unwrap();
    }
    let deadline = Instant::now() + PATIENCE;
    while client.of_stream("S", "/state/messages") != 0 {
        assert!(Instant::now() < deadline, "not acknowledged");
    }
}

/// Windows in which the server recognises repeats by itself, and in which it has forgotten them.
const WINDOWS: [&str; 2] = ["", ", duplicate_window: 100ms"];

#[test]
fn what_was_sent_and_not_committed_comes_again_once_however_it_is_cut() {
    for window in WINDOWS {
        let nats = Nats::start();
        let mut checkpoint = Checkpoint::default();
        let mut first = open(&nats, window, &mut checkpoint);
        deliver(first.as_mut(), &batch("a", 0, 10), &mut checkpoint);
        first.write(&batch("a", 10, 20)).unwrap();
        first.write(&batch("b", 0, 5)).unwrap();
        first.write(&batch("a", 20, 25)).unwrap();
        // The stream has them, and the checkpoint does not know.
        first.commit().unwrap();
        drop(first);
        pause(Duration::from_millis(300));
        let mut second = open(&nats, window, &mut checkpoint);
        for (partition, from, to) in [("b", 0, 3), ("a", 10, 13), ("b", 3, 8), ("a", 13, 30)] {
            deliver(second.as_mut(), &batch(partition, from, to), &mut checkpoint);
            if to == 13 {
                // A crash in between again.
                second = open(&nats, window, &mut checkpoint);
            }
        }
        let mut stored = nats.client().payloads("S");
        stored.sort();
        let mut expected: Vec<String> = (0..30).chain(0..8).map(line).collect();
        expected.sort();
        assert_eq!(stored.len(), expected.len(), "with the window {window:?}");
        assert!(stored == expected, "with the window {window:?}");
    }
}

#[test]
fn a_rollback_forgets_and_the_same_batch_is_stored_once() {
    for window in WINDOWS {
        let nats = Nats::start();
        let mut checkpoint = Checkpoint::default();
        let mut sink = open(&nats, window, &mut checkpoint);
        deliver(sink.as_mut(), &batch("a", 0, 10), &mut checkpoint);
        for _ in 0..3 {
            sink.write(&batch("a", 10, 20)).unwrap();
            sink.rollback().unwrap();
            pause(Duration::from_millis(150));
        }
        deliver(sink.as_mut(), &batch("a", 10, 20), &mut checkpoint);
        let expected: Vec<String> = (0..20).map(line).collect();
        assert_eq!(nats.client().payloads("S"), expected, "with the window {window:?}");
    }
}

#[test]
fn other_records_at_the_same_place_are_no_repeats() {
    let nats = Nats::start();
    let mut checkpoint = Checkpoint::default();
    let mut first = open(&nats, "", &mut checkpoint);
    first.write(&batch("a", 0, 10)).unwrap();
    first.commit().unwrap();
    drop(first);
    // A source that cannot be read again gives something else after a crash.
    let mut second = open(&nats, "", &mut checkpoint);
    second.write(&batch("a", 100, 110)).unwrap();
    second.commit().unwrap();
    assert_eq!(nats.client().payloads("S").len(), 20);
}
