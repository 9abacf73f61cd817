//! `numbers`: `/number` as JSON, and two lines of output that are known by heart.

use super::{consumer, curl, producer, python};
use crate::support::{Harness, PATIENCE, Peer, Reply, eventually};
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[test]
fn the_producer_answers_json_between_1_and_180() {
    let harness = Harness::built_in("numbers");
    let (mut process, address) = producer(&harness);
    assert!(address.ends_with("/number"));
    let answer = curl(&["-i", &address]);
    assert!(answer.contains("200 OK") && answer.contains("application/json"), "{answer}");
    let mut poller = python("poller.py", &[&address, "0", "60"]);
    assert!(poller.wait(PATIENCE).0.success());
    let lines = poller.out.to_end(PATIENCE);
    let numbers: Vec<u64> = lines
        .lines()
        .map(|line| line.strip_prefix("200 application/json ").unwrap().parse().unwrap())
        .collect();
    assert!(numbers.iter().all(|number| (1..=180).contains(number)));
    assert!(numbers.iter().any(|number| *number > 100), "never above 100 in 60 draws");
    process.stop();
}

#[test]
fn the_consumer_prints_each_line_at_once_every_three_seconds() {
    let replies = Mutex::new(vec![
        Reply::json("{\"number\":9}"),
        Reply::status(500),
        Reply::json("{\"number\": 7}"),
    ]);
    let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
    let times = std::sync::Arc::clone(&asked);
    let peer = Peer::start(move |_| {
        times.lock().unwrap().push(Instant::now());
        replies.lock().unwrap().pop().unwrap_or_else(|| Reply::json("{\"number\":180}"))
    });
    let harness = Harness::built_in("numbers");
    let mut process = consumer(&harness, &format!("{}number", peer.address), "");
    eventually("three lines", || process.out.all().len() >= 3);
    process.stop();
    let lines = process.out.all();
    assert_eq!(lines[0].1, "Received number: 7");
    assert!(lines[1].1.starts_with("Error fetching the number: "), "{}", lines[1].1);
    assert!(lines[1].1.contains("500"), "{}", lines[1].1);
    assert_eq!(lines[2].1, "Received number: 9");
    let asked = asked.lock().unwrap();
    for (index, (printed, line)) in lines.iter().take(3).enumerate() {
        let late = printed.duration_since(asked[index]);
        assert!(late < Duration::from_millis(800), "`{line}` came {late:?} after its answer");
    }
    for pair in asked.windows(2) {
        let pace = pair[1].duration_since(pair[0]);
        let is_right = pace > Duration::from_millis(2500) && pace < Duration::from_millis(4500);
        assert!(is_right, "{pace:?} between two requests");
    }
}

#[test]
fn every_kind_of_failure_is_one_line_and_never_the_end() {
    let script = Mutex::new(vec![
        Reply::Raw(b"garbage\r\n\r\n".to_vec()),
        Reply::Raw(Vec::new()),
        Reply::Answer(302, "location: /elsewhere\r\n".to_owned(), String::new()),
        Reply::Endless,
        Reply::status(404),
    ]);
    let peer = Peer::start(move |_| {
        script.lock().unwrap().pop().unwrap_or_else(|| Reply::json("{\"number\":1}"))
    });
    // The stack of the system with another pace, so that five failures do not take a quarter of a minute.
    let harness = Harness::new(&format!(
        "stack: numbers
services:
  consumer:
    source:
      http_poll: {{ url: \"{}number\", every: 50ms }}
    sink:
      print:
        template: \"Received number: {{number}}\"
        error: \"Error fetching the number: {{error}}\"
",
        peer.address
    ));
    let mut process = harness.start();
    let is_good = |line: &str| (line == "Received number: 1").then_some(());
    process.out.find(PATIENCE, is_good).expect("it never goes on");
    let failures: Vec<String> = process.out.all().into_iter().map(|(_, line)| line).collect();
    let failed = failures.iter().filter(|line| line.starts_with("Error fetching the number: "));
    assert!(failed.count() >= 4, "{failures:#?}");
    process.stop();
}
