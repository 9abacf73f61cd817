//! The `mqtt` sink: what is to be published waits for the broker, whatever happens to it, and is never dropped.

use super::all_are_there;
use crate::mosquitto::Mosquitto;
use crate::proxy::Proxy;
use crate::support::{Harness, Process, eventually, read_lines};
use headwater::testing::random::Random;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

fn stack(url: &str, more: &str) -> String {
    format!(
        "stack: edge
services:
  out:
    source: {{ file: {{ path: in.ndjson, follow: true }} }}
    sink: {{ mqtt: {{ url: \"{url}\", topic: \"plant/{{n}}\", timeout: 2s, {more} }} }}
"
    )
}

fn write(harness: &Harness, from: u64, to: u64) {
    let mut text = String::new();
    for number in from..to {
        writeln!(text, "{{\"n\":{number}}}").unwrap();
    }
    let path = harness.path("in.ndjson");
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// A subscriber whose session the broker keeps, begun before anything is published.
fn subscribe(broker: &Mosquitto) -> Process {
    let arguments = ["-c", "-i", "tests", "-q", "1", "-V", "5", "-x", "3600", "-t", "plant/#"];
    let process = Process::start(&mut broker.subscriber(&arguments));
    broker.until(|| broker.log().contains("Sending SUBACK to tests"));
    process
}

fn received(subscriber: &Process) -> Vec<String> {
    let lines = subscriber.out.all().into_iter().map(|(_, line)| line);
    lines.filter(|line| line.starts_with("{\"n\":")).collect()
}

#[track_caller]
fn all_arrive(subscriber: &Process, count: u64, what: &str) {
    let numbers = || super::numbers(&received(subscriber)).len() as u64;
    eventually(what, || numbers() == count);
    let again = all_are_there(&received(subscriber), count);
    eprintln!("{what}: {again} of {count} came again");
}

#[test]
fn nothing_is_dropped_while_there_is_no_broker_or_no_network() {
    for (version, qos) in [("5", 1), ("3.1.1", 2)] {
        let broker = Mosquitto::start();
        let subscriber = subscribe(&broker);
        let proxy = Proxy::to(&broker.address());
        let url = format!("mqtt://{}", proxy.address());
        let harness = Harness::new(&stack(&url, &format!("version: {version}, qos: {qos}")));
        assert_eq!(harness.guarantee("out"), "at-least-once");
        write(&harness, 0, 20_000);
        proxy.cut();
        let process = harness.start();
        process.says("the MQTT broker");
        proxy.mend();
        let mut random = Random::new(3);
        for mishap in [0, 1, 2, 0, 1] {
            std::thread::sleep(Duration::from_millis(random.below(120)));
            match mishap {
                0 => proxy.drop_connections(),
                1 => proxy.halve_next_answer(),
                _ => {
                    proxy.cut();
                    std::thread::sleep(Duration::from_millis(random.below(300)));
                    proxy.mend();
                }
            }
        }
        all_arrive(&subscriber, 20_000, "published over a broken network");
    }
}

#[test]
fn a_worker_that_is_killed_publishes_the_rest_later() {
    let broker = Mosquitto::start();
    let subscriber = subscribe(&broker);
    let harness = Harness::new(&stack(&broker.url(), ""));
    write(&harness, 0, 30_000);
    let mut random = Random::new(5);
    for _ in 0..8 {
        let mut process = harness.start();
        std::thread::sleep(Duration::from_millis(random.below(150)));
        process.kill();
    }
    let _process = harness.start();
    all_arrive(&subscriber, 30_000, "published by a worker that was killed");
}

#[test]
fn a_broker_that_takes_and_never_acknowledges_is_told_and_waited_for() {
    let broker = Mosquitto::start();
    let subscriber = subscribe(&broker);
    let harness = Harness::new(&stack(&broker.url(), ""));
    write(&harness, 0, 1);
    let process = harness.start();
    all_arrive(&subscriber, 1, "the first record");
    broker.freeze();
    write(&harness, 1, 100);
    process.says("no acknowledgement within 2 s");
    broker.thaw();
    all_arrive(&subscriber, 100, "published to a broker that was frozen");
}

#[test]
fn what_the_broker_can_never_take_becomes_a_dead_letter() {
    let broker = Mosquitto::with("allow_anonymous true\nmax_packet_size 2000\n");
    let subscriber = subscribe(&broker);
    let harness = Harness::new(&stack(&broker.url(), ""));
    let huge = "x".repeat(3000);
    let lines = format!(
        "{{\"n\":0}}\n{{\"n\":7,\"huge\":\"{huge}\"}}\n{{\"m\":1}}\n{{\"n\":\"a/#\"}}\n{{\"n\":1}}\n"
    );
    std::fs::write(harness.path("in.ndjson"), lines).unwrap();
    let _process = harness.start();
    all_arrive(&subscriber, 2, "the good records");
    let letters = harness.path("headwater-data/edge/out/dead-letters.ndjson");
    eventually("the bad ones", || letters.exists() && read_lines(&letters).len() == 3);
    let letters = read_lines(&letters).join("\n");
    for reason in ["takes 2000 bytes at most", "has no field `n`", "is no topic to publish to"] {
        assert!(letters.contains(reason), "{reason}: {letters}");
    }
}
