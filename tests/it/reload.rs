//! A changed stack file, by SIGHUP and by `--watch`: what did not change is not touched.

use crate::support::{
    Connection, Harness, PATIENCE, Process, eventually, free_port, get, post, read, read_lines,
    sequence,
};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

fn stack(top: u32, more: &str) -> String {
    format!(
        "stack: s
services:
  steady:
    listen: 0
    routes:
      /n: {{ generate: {{ n: sequence }} }}
  ticks:
    source: {{ generate: {{ every: 5ms, record: {{ id: sequence }} }} }}
    sink: {{ append_file: ticks.ndjson }}
  changing:
    source: {{ generate: {{ every: 5ms, record: {{ id: sequence, top: integer {top}..{top} }} }} }}
    sink: {{ append_file: changing.ndjson }}
{more}"
    )
}

fn text(harness: &Harness, name: &str) -> String {
    String::from_utf8(read(&harness.path(name))).unwrap()
}

#[track_caller]
fn assert_no_gap(harness: &Harness, name: &str) {
    let ids = sequence(&read_lines(&harness.path(name)), "id");
    let gap = ids.windows(2).find(|pair| pair[1] != pair[0] + 1);
    assert_eq!(gap, None, "{name}");
}

/// The changed service is another one, and the others go on over the same connection.
fn changes_only_what_changed(harness: &Harness, reload: impl Fn(&Process)) {
    let mut process = harness.start();
    let address = process.address("steady");
    let mut connection = Connection::open(&address).unwrap();
    let mut ask = || connection.exchange("GET", "/n", "").unwrap().json()["n"].as_u64().unwrap();
    let first = ask();
    eventually("the first stack runs", || text(harness, "changing.ndjson").contains("\"top\":1}"));
    harness.write_stack(&stack(2, ""));
    reload(&process);
    let told = process.says("the changed stack file is applied");
    assert!(told.contains("changing changed"), "{told}");
    assert!(!told.contains("steady") && !told.contains("ticks"), "{told}");
    eventually("the second stack runs", || text(harness, "changing.ndjson").contains("\"top\":2}"));
    assert_eq!(ask(), first + 1, "the route was started anew, or its connection was cut");
    let before = text(harness, "ticks.ndjson").len();
    eventually("the other flow goes on", || text(harness, "ticks.ndjson").len() > before);
    process.stop();
    assert_no_gap(harness, "ticks.ndjson");
    assert_no_gap(harness, "changing.ndjson");
}

#[test]
fn sighup_replaces_only_what_changed() {
    let harness = Harness::new(&stack(1, ""));
    changes_only_what_changed(&harness, |process| process.signal("HUP"));
}

#[test]
fn watching_replaces_only_what_changed() {
    let harness = Harness::new(&stack(1, "")).argument("--watch");
    changes_only_what_changed(&harness, |_| {});
}

#[test]
fn a_bad_file_touches_nothing_and_says_where() {
    let harness = Harness::new(&stack(1, ""));
    let mut process = harness.start();
    let address = process.address("steady");
    let mut connection = Connection::open(&address).unwrap();
    let mut ask = || connection.exchange("GET", "/n", "").unwrap().json()["n"].as_u64().unwrap();
    let first = ask();
    harness.write_stack(&stack(1, "    intervall: 3\n").replace("every: 5ms", "evry: 5ms"));
    process.signal("HUP");
    process.says("not applied");
    let told = process.err.text();
    assert!(told.contains("evry") && told.contains("every"), "{told}");
    assert!(told.contains("stack.yaml:"), "{told}");
    assert_eq!(ask(), first + 1);
    let before = text(&harness, "changing.ndjson").len();
    eventually("all goes on", || text(&harness, "changing.ndjson").len() > before);
    // The next good one is applied.
    harness.write_stack(&stack(3, ""));
    process.signal("HUP");
    eventually("it is applied", || text(&harness, "changing.ndjson").contains("\"top\":3}"));
    process.stop();
    assert_no_gap(&harness, "changing.ndjson");
}

#[test]
fn a_service_comes_and_goes() {
    let more = "  late:\n    listen: 0\n    routes:\n      /late: { generate: { n: sequence } }\n";
    let harness = Harness::new(&stack(1, ""));
    let mut process = harness.start();
    let admin = process.address("admin");
    let services = || get(&format!("{admin}health")).unwrap().json()["services"].clone();
    harness.write_stack(&stack(1, more));
    process.signal("HUP");
    eventually("the service comes", || services().get("late").is_some());
    harness.write_stack(&stack(1, ""));
    process.signal("HUP");
    eventually("the service goes", || services().get("late").is_none());
    assert_eq!(services()["steady"]["state"], "running");
    process.stop();
    assert_no_gap(&harness, "ticks.ndjson");
}

/// Posts one record after the other until told to stop; a record that is not acknowledged is sent again.
fn send(address: &str, stop: &AtomicBool, next: &AtomicU64, acknowledged: &Mutex<BTreeSet<u64>>) {
    while !stop.load(Relaxed) {
        let id = next.fetch_add(1, Relaxed);
        while !post(address, &format!("{{\"id\":{id}}}")).is_ok_and(|answer| answer.status == 200) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        acknowledged.lock().unwrap().insert(id);
    }
}

#[test]
fn nothing_is_lost_when_a_listener_changes_under_load() {
    // A port of its own that stays the same over changes, from the system's hands.
    let port = free_port();
    let stack = |mark: u32| {
        format!(
            "stack: s
services:
  take:
    source: {{ http_listen: {{ listen: {port} }} }}
    steps:
      - map: '. + {{ mark: {mark} }}'
    sink: {{ append_file: out.ndjson }}
"
        )
    };
    let harness = Harness::new(&stack(0));
    let mut process = harness.start();
    let address = process.address("take");
    let (stop, next, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::default());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| send(&address, &stop, &next, &acknowledged));
        }
        for mark in 1..=4 {
            harness.write_stack(&stack(mark));
            process.signal("HUP");
            let mark = format!("\"mark\":{mark}}}");
            eventually("the change is applied", || text(&harness, "out.ndjson").contains(&mark));
            let before = next.load(Relaxed);
            eventually("the load goes on", || next.load(Relaxed) > before + 20);
        }
        stop.store(true, Relaxed);
    });
    process.stop();
    let stored: Vec<u64> = sequence(&read_lines(&harness.path("out.ndjson")), "id");
    let different: BTreeSet<u64> = stored.iter().copied().collect();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > 50, "only {} records", acknowledged.len());
    let lost: Vec<&u64> = acknowledged.difference(&different).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(process.err.to_end(PATIENCE).contains("applied"));
}
