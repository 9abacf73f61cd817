//! Several workers that divide a stream: nothing is missing, also when one of them dies or hangs.

use super::{Harness, count_lines, dead_letters, eventually, reading, run, writing};
use crate::nats_server::{Nats, pause};
use crate::support::{Process, read_lines, sequence};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const SHARED: &str = ", shared: true, consumer: workers, ack_wait: 2s";

fn ids(workers: &[Harness]) -> Vec<u64> {
    let lines = workers.iter().filter(|worker| worker.path("out.ndjson").exists());
    lines.flat_map(|worker| sequence(&read_lines(&worker.path("out.ndjson")), "id")).collect()
}

fn stored(workers: &[Harness]) -> u64 {
    workers.iter().map(|worker| count_lines(&worker.path("out.ndjson"))).sum()
}

#[test]
fn workers_divide_a_stream_among_them() {
    let nats = Nats::start();
    run(&Harness::new(&writing(&nats.url(), 30_000, "")));
    let workers: Vec<Harness> = (0..3)
        .map(|_| Harness::new(&reading(&nats.url(), &format!("{SHARED}, batch: 100"))))
        .collect();
    assert_eq!(workers[0].guarantee("reads"), "at-least-once");
    let mut processes: Vec<Process> = workers.iter().map(Harness::start).collect();
    eventually("all is stored", || stored(&workers) >= 30_000);
    for process in &mut processes {
        process.stop();
    }
    let ids = ids(&workers);
    assert_eq!(ids.len(), 30_000, "nobody died, so nothing comes twice");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 30_000);
    let shares: Vec<u64> =
        workers.iter().map(|worker| count_lines(&worker.path("out.ndjson"))).collect();
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
}

#[test]
fn what_a_dead_worker_held_goes_to_another_one_within_seconds() {
    let nats = Nats::start();
    let workers: Vec<Harness> =
        (0..2).map(|_| Harness::new(&reading(&nats.url(), SHARED))).collect();
    let text = writing(&nats.url(), 20_000, "")
        .replace("limit: 20000,", "limit: 20000, every: 1ms, count: 10,");
    let writer = Harness::new(&text);
    let mut writes = writer.start();
    eventually("the stream is there", || {
        nats.client()
            .try_request("$JS.API.STREAM.INFO.S", b"")
            .is_some_and(|answer| String::from_utf8_lossy(&answer).contains("\"config\""))
    });
    let mut processes: Vec<Process> = workers.iter().map(Harness::start).collect();
    eventually("both work", || {
        workers.iter().all(|worker| count_lines(&worker.path("out.ndjson")) > 100)
    });
    processes[0].kill();
    let dead = Instant::now();
    assert!(writes.wait(Duration::from_mins(2)).0.success());
    eventually("all is stored", || ids(&workers).iter().collect::<BTreeSet<_>>().len() >= 20_000);
    println!("all was stored {:?} after the death", dead.elapsed());
}

#[test]
fn slow_work_is_not_given_to_another_worker() {
    let nats = Nats::start();
    run(&Harness::new(&writing(&nats.url(), 200, "")));
    let text = reading(&nats.url(), ", shared: true, consumer: workers, ack_wait: 2s")
        .replace("append_file: out.ndjson", "http: \"http://127.0.0.1:9/\"");
    let slow = Harness::new(&text);
    let process = slow.start();
    // The greeting names the address too.
    process.says("retry_in");
    let other =
        Harness::new(&reading(&nats.url(), ", shared: true, consumer: workers, ack_wait: 2s"));
    let idle = other.start();
    // Several times as long as the server would wait without a word.
    let mut client = nats.client();
    let start = Instant::now();
    eventually("time has passed", || start.elapsed() > Duration::from_secs(7));
    assert_eq!(client.of_consumer("S", "workers", "/num_redelivered"), 0);
    assert_eq!(count_lines(&other.path("out.ndjson")), 0);
    drop(process);
    eventually("what the dead one held is stored", || {
        count_lines(&other.path("out.ndjson")) == 200
    });
    drop(idle);
}

#[test]
fn a_worker_that_is_stopped_gives_back_at_once_what_it_holds() {
    let nats = Nats::start();
    run(&Harness::new(&writing(&nats.url(), 5_000, "")));
    // Much longer than this test may take.
    let more = ", shared: true, consumer: workers, ack_wait: 5m, batch: 500";
    let text = reading(&nats.url(), more)
        .replace("append_file: out.ndjson", "http: \"http://127.0.0.1:9/\"");
    let stuck = Harness::new(&text);
    let mut process = stuck.start();
    process.says("retry_in");
    let mut client = nats.client();
    eventually("it has pulled more than it can hold", || {
        client.of_consumer("S", "workers", "/num_ack_pending").as_u64() >= Some(1_000)
    });
    let other = [Harness::new(&reading(&nats.url(), more))];
    let works = other[0].start();
    eventually("the other one has what was left", || {
        client.of_consumer("S", "workers", "/num_pending") == 0
    });
    process.stop();
    eventually("the other one has all", || stored(&other) >= 5_000);
    drop(works);
    let ids = ids(&other);
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (5_000, 5_000));
}

#[test]
fn a_message_that_nobody_acknowledges_becomes_a_dead_letter() {
    let nats = Nats::start();
    run(&Harness::new(&writing(&nats.url(), 1, "")));
    let more = ", shared: true, consumer: workers, ack_wait: 1s, tries: 1";
    let text = reading(&nats.url(), more)
        .replace("append_file: out.ndjson", "http: \"http://127.0.0.1:9/\"");
    let slow = Harness::new(&text);
    let mut process = slow.start();
    // The greeting names the address too.
    process.says("retry_in");
    process.kill();
    // Nobody is there when the time of the message is up: what the dead one asked for must not hide that try.
    pause(Duration::from_millis(1200));
    let other = Harness::new(&reading(&nats.url(), more));
    let process = other.start();
    eventually("it is a dead letter", || dead_letters(&other, "reads").len() == 1);
    let letter = dead_letters(&other, "reads").remove(0);
    assert!(letter.contains("times and never acknowledged"), "{letter}");
    let mut client = nats.client();
    eventually("it is acknowledged", || {
        client.of_consumer("S", "workers", "/num_ack_pending") == 0
    });
    // The stream may have it no more, and it is a whole record.
    let mut command = other.command();
    let asked = command
        .args(["dead-letters", "replay", "reads", "--all", "--stack", "stack.yaml"])
        .output()
        .unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    eventually("it is delivered", || stored(std::slice::from_ref(&other)) == 1);
    drop(process);
}
