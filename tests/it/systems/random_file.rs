//! `random-file`: a number per GET, and a file that has them all.

use super::{consumer, curl, producer, python};
use crate::support::{
    Harness, PATIENCE, count_lines, eventually, free_port, get, read, read_lines, sequence,
};

#[test]
fn the_producer_answers_text_or_json_between_1_and_100() {
    let harness = Harness::built_in("random-file");
    let (mut process, address) = producer(&harness);
    let text = curl(&["-i", &address]);
    assert!(text.contains("200 OK") && text.to_lowercase().contains("content-type: text/plain"));
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    assert!((1..=100).contains(&body.trim().parse::<u64>().unwrap()), "{body}");
    let json = curl(&["-i", "-H", "Accept: application/json", &address]);
    assert!(json.to_lowercase().contains("content-type: application/json"), "{json}");
    let (_, body) = json.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert!((1..=100).contains(&body["number"].as_u64().unwrap()), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 1);

    let mut poller = python("poller.py", &[&address, "0", "50"]);
    assert!(poller.wait(PATIENCE).0.success());
    let lines = poller.out.to_end(PATIENCE);
    let numbers: Vec<u64> = lines
        .lines()
        .map(|line| line.strip_prefix("200 text/plain ").unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers.len(), 50);
    assert!(numbers.iter().all(|number| (1..=100).contains(number)));
    assert!(numbers.iter().any(|number| *number != numbers[0]), "always the same number");
    process.stop();
}

#[test]
fn the_consumer_stores_the_numbers_of_a_text_producer() {
    survives_an_outage_and_a_restart("text");
}

#[test]
fn the_consumer_stores_the_numbers_of_a_json_producer() {
    survives_an_outage_and_a_restart("json");
}

fn survives_an_outage_and_a_restart(form: &str) {
    let mut producer = python("producer.py", &["0", "/", form, "1"]);
    let port = producer.out.find(PATIENCE, |line| Some(line.to_owned())).unwrap();
    let url = format!("http://127.0.0.1:{port}/");
    let harness = Harness::built_in("random-file");
    let file = harness.path("data/numbers.ndjson");
    let lines = || count_lines(&file);
    let mut process = consumer(&harness, &url, "0.02");
    eventually("numbers are stored", || lines() > 5);

    producer.kill();
    process.says("connection refused");
    let before = lines();
    let _producer = python("producer.py", &[&port, "/", form, "1000"]);
    eventually("it goes on after the outage", || lines() > before + 5);

    process.stop();
    let before = lines();
    let mut process = consumer(&harness, &url, "0.02s");
    eventually("it goes on after a restart", || lines() > before + 5);
    process.kill();
    let mut process = consumer(&harness, &url, "20ms");
    let before = lines();
    eventually("it goes on after a crash", || lines() > before + 5);
    process.stop();

    let stored = read_lines(&file);
    let numbers = sequence(&stored, "number");
    assert!(numbers.windows(2).all(|pair| pair[1] > pair[0]), "{form}: stored twice");
    for line in stored {
        assert!(line.starts_with("{\"number\":") && line.contains("\"time\":\"20"), "{line}");
    }
}

#[test]
fn the_whole_stack_runs_in_one_process() {
    let harness = Harness::built_in("random-file").environment("INTERVAL", "0.05");
    // The consumer asks the port of the stack file, so the port is chosen for both beforehand.
    let port = free_port();
    let harness = harness
        .environment("PRODUCER_URL", &format!("http://127.0.0.1:{port}/"))
        .argument("--port")
        .argument(&format!("producer={port}"));
    let mut process = harness.start();
    let file = harness.path("data/numbers.ndjson");
    eventually("numbers are stored", || read(&file).len() > 100);
    let admin = process.address("admin");
    let health = get(&format!("{admin}health")).unwrap();
    assert_eq!(health.json()["status"], "ok");
    process.stop();
    let numbers = sequence(&read_lines(&file), "number");
    assert!(numbers.iter().all(|number| (1..=100).contains(number)));
}
