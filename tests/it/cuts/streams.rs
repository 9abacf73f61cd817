//! A stream that is read in order over a network that breaks.

use super::cut_as_it_goes;
use crate::nats_server::Nats;
use crate::proxy::Proxy;
use crate::support::{Harness, PATIENCE, count_lines, read_lines, sequence};

fn fill(nats: &Nats, records: u64) {
    let harness = Harness::new(&format!(
        "stack: filling
services:
  writes:
    source: {{ generate: {{ limit: {records}, record: {{ id: sequence, name: person.name }} }} }}
    sink: {{ nats: {{ url: \"{}\", stream: S, subject: s.x }} }}
",
        nats.url()
    ));
    assert!(harness.start().wait(PATIENCE * 4).0.success());
}

#[test]
fn a_stream_is_read_once_and_in_order_at_full_speed() {
    let nats = Nats::start();
    let records = 100_000;
    fill(&nats, records);
    let proxy = Proxy::to(&nats.address());
    let harness = Harness::new(&format!(
        "stack: s
services:
  reads:
    source: {{ nats: {{ url: \"nats://{}\", stream: S }} }}
    sink: {{ append_file: out.ndjson }}
",
        proxy.address()
    ));
    let process = harness.start();
    let out = harness.path("out.ndjson");
    cut_as_it_goes(&proxy, &process, records, &|| count_lines(&out));
    drop(process);
    let ids = sequence(&read_lines(&out), "id");
    assert_eq!(ids, (1..=records).collect::<Vec<_>>());
}
