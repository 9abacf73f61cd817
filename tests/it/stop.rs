//! How it ends: in order, in time, at once when asked twice, and never with somebody else's data.

use crate::support::{
    Harness, PATIENCE, Peer, Reply, eventually, post, read, read_lines, sequence,
};
use std::net::TcpListener;
use std::time::Duration;

/// Draining may take eight seconds, and a little around it on a busy machine.
const IN_TIME: Duration = Duration::from_secs(15);

#[test]
fn sigterm_stores_what_was_read_and_ends_well() {
    let harness = Harness::new(
        "stack: s
services:
  flow:
    source: { generate: { every: 1ms, count: 10, record: { id: sequence } } }
    sink: { append_file: out.ndjson }
",
    );
    let output = harness.path("out.ndjson");
    for _ in 0..3 {
        let before = read(&output).len();
        let mut process = harness.start();
        eventually("it flows", || read(&output).len() > before);
        process.signal("TERM");
        let (status, took) = process.wait(IN_TIME);
        assert_eq!(status.code(), Some(0), "{}", process.err.text());
        assert!(took < Duration::from_secs(3), "an easy stop took {took:?}");
    }
    let ids = sequence(&read_lines(&output), "id");
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "a restart lost or doubled");
}

#[test]
fn a_producer_that_hangs_does_not_hold_up_the_end() {
    let peer = Peer::start(|_| Reply::Silence);
    let harness = Harness::new(&format!(
        "stack: s
services:
  flow:
    source: {{ http_poll: {{ url: \"{}\", every: 1s, timeout: 1h }} }}
    sink: {{ append_file: out.ndjson }}
",
        peer.address
    ));
    let mut process = harness.start();
    eventually("the poll hangs", || !peer.asked().is_empty());
    process.signal("TERM");
    let (status, took) = process.wait(IN_TIME);
    assert_eq!(status.code(), Some(0), "{}", process.err.text());
    assert!(took < Duration::from_secs(10), "took {took:?}");
}

#[test]
fn a_sink_that_is_down_holds_up_the_end_only_for_the_drain() {
    let peer = Peer::start(|_| Reply::status(503));
    let harness = Harness::new(&format!(
        "stack: s
services:
  take:
    source: {{ http_listen: {{ listen: 0 }} }}
    sink: {{ http: \"{}\" }}
",
        peer.address
    ));
    let mut process = harness.start();
    let address = process.address("take");
    assert_eq!(post(&address, "{\"id\":7}").unwrap().status, 200);
    eventually("the sink is tried", || !peer.asked().is_empty());
    process.signal("TERM");
    let (status, took) = process.wait(IN_TIME);
    assert_eq!(status.code(), Some(0), "{}", process.err.text());
    assert!(took < Duration::from_secs(12), "took {took:?}");
    drop(peer);
    // What was acknowledged waits in the journal, and is delivered once the other is there again.
    let place = harness_sink_address(&harness);
    let peer = Peer::at(&place, |_| Reply::status(204));
    let mut process = harness.start();
    eventually("the record is delivered", || peer.asked().iter().any(|it| it.body == "{\"id\":7}"));
    process.stop();
}

fn harness_sink_address(harness: &Harness) -> String {
    let text = String::from_utf8(read(&harness.stack_path())).unwrap();
    let (_, rest) = text.split_once("http://").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

#[test]
fn a_second_signal_ends_at_once() {
    let peer = Peer::start(|_| Reply::status(503));
    let harness = Harness::new(&format!(
        "stack: s
services:
  flow:
    source: {{ generate: {{ every: 10ms, record: {{ id: sequence }} }} }}
    sink: {{ http: \"{}\" }}
",
        peer.address
    ));
    let mut process = harness.start();
    eventually("the sink is tried", || !peer.asked().is_empty());
    process.signal("TERM");
    // The first signal has arrived once nothing more is read; then it drains for eight seconds.
    std::thread::sleep(Duration::from_millis(300));
    assert!(!process.has_ended(), "there was nothing to wait for");
    process.signal("TERM");
    let (status, took) = process.wait(IN_TIME);
    assert_eq!(status.code(), Some(130));
    assert!(took < Duration::from_secs(1), "took {took:?}");
}

#[test]
fn a_port_in_use_is_an_error_with_a_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let harness = Harness::new(&format!(
        "stack: s
services:
  web:
    listen: {port}
    routes:
      /: {{ generate: {{ n: sequence }} }}
"
    ));
    let mut process = harness.start();
    let (status, _) = process.wait(IN_TIME);
    let told = process.err.to_end(PATIENCE);
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains(&port.to_string()) && told.contains("--port web="), "{told}");
}

#[test]
fn a_flow_whose_port_is_taken_waits_for_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let harness = Harness::new(&format!(
        "stack: s
services:
  take:
    source: {{ http_listen: {{ listen: {port} }} }}
    sink: {{ append_file: out.ndjson }}
"
    ));
    let mut process = harness.start();
    process.says(&port.to_string());
    drop(taken);
    let address = format!("http://127.0.0.1:{port}/");
    eventually("the port is had", || post(&address, "{\"n\":1}").is_ok_and(|it| it.status == 200));
    process.stop();
}

#[test]
fn the_second_process_on_the_same_data_is_told_who_holds_it() {
    let harness = Harness::new(
        "stack: s
services:
  flow:
    source: { generate: { every: 10ms, record: { id: sequence } } }
    sink: { append_file: out.ndjson }
",
    );
    let output = harness.path("out.ndjson");
    let mut first = harness.start();
    eventually("it flows", || !read(&output).is_empty());
    let mut second = harness.start();
    let told = second.says("in use by");
    assert!(told.contains(&format!("process {}", first.id())), "{told}");
    assert!(told.contains("--data"), "{told}");
    second.signal("TERM");
    second.wait(IN_TIME);
    let before = read(&output).len();
    eventually("the first goes on", || read(&output).len() > before);
    first.stop();
    let ids = sequence(&read_lines(&output), "id");
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "the second one wrote too");
}
