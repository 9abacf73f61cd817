//! MQTT and PostgreSQL at the ends of flows, with real servers, their own clients, kills and a broken network.

mod mqtt_in;
mod mqtt_once;
mod mqtt_out;
mod mqtt_tls;
mod rows;

use crate::support::{Harness, Process, eventually};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};

/// `mosquitto_pub -l`: a message for each line, numbered, until told to stop.
#[derive(Debug)]
struct Publisher {
    child: Child,
    next: u64,
}

impl Publisher {
    fn start(broker: &crate::mosquitto::Mosquitto, topic: &str, qos: u8) -> Self {
        let qos = qos.to_string();
        let mut command = broker.publisher(&["-l", "-q", &qos, "-V", "5", "-t", topic]);
        let child = command.stdin(Stdio::piped()).spawn().expect("mosquitto_pub is installed");
        Self { child, next: 0 }
    }

    fn publish(&mut self, count: u64) {
        let pipe = self.child.stdin.as_mut().unwrap();
        for _ in 0..count {
            writeln!(pipe, "{{\"n\":{}}}", self.next).unwrap();
            self.next += 1;
        }
        pipe.flush().unwrap();
    }

    /// Answers how many it published once the broker has acknowledged them.
    fn end(mut self) -> u64 {
        drop(self.child.stdin.take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "mosquitto_pub: {status}");
        self.next
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until the flow's client has subscribed, at its first start.
#[track_caller]
fn is_subscribed(harness: &Harness, process: &Process, service: &str) {
    let file = harness.path(&format!("headwater-data/edge/{service}/mqtt-session.json"));
    eventually(&format!("a subscription\n{}", process.err.text()), || file.exists());
}

/// The whole lines of a file that is being written.
fn arrived(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

/// How often each number stands in a file of records.
fn numbers(lines: &[String]) -> BTreeMap<u64, u64> {
    let mut numbers = BTreeMap::new();
    for line in lines {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        *numbers.entry(record["n"].as_u64().unwrap()).or_default() += 1;
    }
    numbers
}

/// All from 0 on are there; answers how many stand more than once.
#[track_caller]
fn all_are_there(lines: &[String], count: u64) -> usize {
    let numbers = numbers(lines);
    let missing: Vec<u64> = (0..count).filter(|number| !numbers.contains_key(number)).collect();
    assert!(missing.is_empty(), "{} of {count} are missing: {missing:?}", missing.len());
    assert_eq!(numbers.len() as u64, count, "more came than was sent");
    lines.len() - numbers.len()
}
