//! `http_poll` into a file, and the routes of a server: nothing twice.

use super::Kills;
use crate::support::{
    Connection, Harness, Peer, Process, Reply, eventually, read, read_lines, sequence,
};
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

#[test]
fn a_polled_answer_is_never_stored_twice() {
    let asked = AtomicU64::new(0);
    // The value changes with every third request; in between its tag is still the right one.
    let peer = Peer::start(move |request| {
        let value = asked.fetch_add(1, Relaxed) / 3;
        let tag = format!("\"v{value}\"");
        if request.head.to_ascii_lowercase().contains(&format!("if-none-match: {tag}")) {
            return Reply::Answer(304, format!("etag: {tag}\r\n"), String::new());
        }
        let headers = format!("etag: {tag}\r\ncontent-type: application/json\r\n");
        Reply::Answer(200, headers, format!("{{\"value\":{value}}}"))
    });
    let harness = Harness::new(&format!(
        "stack: crash
services:
  flow:
    source: {{ http_poll: {{ url: \"{}\", every: 2ms, stamp: time }} }}
    sink: {{ append_file: out.ndjson }}
",
        peer.address
    ));
    let output = harness.path("out.ndjson");
    let stored = || read(&output).len() as u64;
    Kills::of("http_poll -> append_file").run(&harness, |_| {}, |_| {}, stored);
    let mut process = harness.start();
    let before = stored();
    eventually("the poll goes on", || stored() > before);
    process.stop();
    let values = sequence(&read_lines(&output), "value");
    let back = values.windows(2).find(|pair| pair[1] <= pair[0]);
    assert_eq!(back, None, "an answer is stored twice");
    assert!(values.len() > 10, "only {} answers", values.len());
}

#[test]
fn a_route_never_gives_the_same_index_twice() {
    let harness = Harness::new(
        "stack: crash
services:
  web:
    listen: 0
    routes:
      /next: { generate: { id: sequence } }
",
    );
    let mut kills = Kills::of("routes");
    let given = Mutex::new(Vec::new());
    let (address, stop) = (Mutex::new(String::new()), AtomicBool::new(false));
    let ask = || {
        let mut connection = None;
        while !stop.load(Relaxed) {
            let place = address.lock().unwrap().clone();
            let open = connection.take().or_else(|| Connection::open(&place).ok());
            let answered = open.and_then(|mut open| {
                let answer = open.exchange("GET", "/next", "").ok()?;
                Some((open, answer))
            });
            let Some((open, answer)) = answered else {
                std::thread::sleep(std::time::Duration::from_millis(1));
                continue;
            };
            connection = Some(open);
            given.lock().unwrap().push(answer.json()["id"].as_u64().unwrap());
        }
    };
    let count = || given.lock().unwrap().len() as u64;
    std::thread::scope(|scope| {
        scope.spawn(ask);
        scope.spawn(ask);
        let arrive = |process: &Process| {
            if let Some(place) = process.address_if("web") {
                *address.lock().unwrap() = place;
            }
        };
        kills.run(&harness, |_| {}, arrive, count);
        // A clean stop in between leaves no gap, and must not repeat either.
        for _ in 0..2 {
            let mut process = harness.start();
            arrive(&process);
            let before = count();
            eventually("the route answers", || count() > before + 50);
            process.stop();
        }
        stop.store(true, Relaxed);
    });
    let given = given.into_inner().unwrap();
    let different: HashSet<&u64> = given.iter().collect();
    assert_eq!(different.len(), given.len(), "an index was given out twice");
    assert!(given.len() > 200, "only {} answers", given.len());
}
