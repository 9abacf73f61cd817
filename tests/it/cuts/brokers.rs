//! `mqtt` at full speed over a network that breaks, source and sink: all arrives in order, what comes again aside.

use super::cut_as_it_goes;
use crate::mosquitto::{Mosquitto, TELLS_ALL};
use crate::proxy::Proxy;
use crate::support::{Harness, eventually, sequence};
use std::collections::BTreeSet;
use std::path::Path;

const RECORDS: u64 = 6_000;

fn publishing(url: &str) -> Harness {
    Harness::new(&format!(
        "stack: cuts
services:
  out:
    source: {{ generate: {{ limit: {RECORDS}, record: {{ n: sequence }} }} }}
    sink: {{ mqtt: {{ url: \"{url}\", topic: plant/x, qos: 2 }} }}
"
    ))
}

/// Each in the place where it stands first.
fn firsts(lines: &[String]) -> Vec<u64> {
    let mut seen = BTreeSet::new();
    sequence(lines, "n").into_iter().filter(|number| seen.insert(*number)).collect()
}

#[test]
fn what_is_received_keeps_its_order_and_stands_once_with_quality_2() {
    for (version, qos) in [("3.1.1", 1), ("5", 2)] {
        let broker = Mosquitto::with(TELLS_ALL);
        let proxy = Proxy::to(&broker.address());
        let harness = Harness::new(&format!(
            "stack: cuts
services:
  in:
    source: {{ mqtt: {{ url: \"mqtt://{}\", topics: plant/#, version: {version}, qos: {qos} }} }}
    sink: {{ append_file: out.ndjson }}
",
            proxy.address()
        ));
        let mut process = harness.start();
        let session = harness.path("headwater-data/cuts/in/mqtt-session.json");
        eventually("it has subscribed", || session.exists());
        let publisher = publishing(&broker.url());
        let _publishes = publisher.start();
        let out = harness.path("out.ndjson");
        let arrived = || firsts(&whole_lines(&out));
        cut_as_it_goes(&proxy, &process, RECORDS, &|| arrived().len() as u64);
        process.stop();
        let lines = whole_lines(&out);
        assert_eq!(firsts(&lines), (1..=RECORDS).collect::<Vec<_>>(), "{version}, QoS {qos}");
        let (again, excused) =
            (lines.len() - RECORDS as usize, broker.sent_after_receipt("headwater-cuts-in"));
        assert!(qos == 1 || again <= excused, "{again} stand twice, not {excused} at most");
    }
}

#[test]
fn what_is_published_keeps_its_order_and_loses_nothing() {
    let broker = Mosquitto::start();
    let reader = Harness::new(&format!(
        "stack: cuts
services:
  in:
    source: {{ mqtt: {{ url: \"{}\", topics: plant/# }} }}
    sink: {{ append_file: out.ndjson }}
",
        broker.url()
    ));
    let mut reads = reader.start();
    let session = reader.path("headwater-data/cuts/in/mqtt-session.json");
    eventually("it has subscribed", || session.exists());
    let proxy = Proxy::to(&broker.address());
    let publisher = publishing(&format!("mqtt://{}", proxy.address()));
    let process = publisher.start();
    let out = reader.path("out.ndjson");
    let arrived = || firsts(&whole_lines(&out));
    cut_as_it_goes(&proxy, &process, RECORDS, &|| arrived().len() as u64);
    reads.stop();
    assert_eq!(arrived(), (1..=RECORDS).collect::<Vec<_>>());
}

fn whole_lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}
