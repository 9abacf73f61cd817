//! Both ends of a stream while workers and servers are killed and the network between them is cut, at seeded moments:
//! every record once and in order.

use super::{is_whole_and_in_order, let_it_work};
use crate::nats_server::{Cluster, Nats, pause};
use crate::proxy::Proxy;
use crate::support::{Harness, PATIENCE, Process, count_lines, eventually};
use headwater::testing::random::Random;
use std::time::Duration;

/// Written and read by one process; the two flows know nothing of each other but the stream.
fn both(writes_to: &str, reads_from: &str, records: u64, more: &str) -> String {
    format!(
        "stack: streams\nseed: 7\nservices:\n  writes:\n    source:\n      \
         generate: {{ limit: {records}, every: 1ms, count: 20, \
         record: {{ id: sequence, name: person.name }} }}\n    sink:\n      \
         nats: {{ url: \"{writes_to}\", stream: S, subject: s.x, timeout: 2s{more} }}\n  \
         reads:\n    source:\n      nats: {{ url: \"{reads_from}\", stream: S }}\n    \
         sink:\n      append_file: out.ndjson\n"
    )
}

fn seed() -> u64 {
    let given = std::env::var("HEADWATER_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()))
}

/// How many mishaps; `HEADWATER_KILLS` asks for more.
fn mishaps(usual: u64) -> u64 {
    let given: Option<u64> =
        std::env::var("HEADWATER_KILLS").ok().and_then(|text| text.parse().ok());
    given.map_or(usual, |kills| usual.max(kills / 100))
}

#[track_caller]
fn finish(harness: &Harness, records: u64, seed: u64) {
    let process = harness.start();
    reaches_all(harness, &process, records, seed);
    drop(process);
    println!("HEADWATER_SEED={seed}");
    is_whole_and_in_order(harness, records);
}

#[track_caller]
fn reaches_all(harness: &Harness, process: &Process, records: u64, seed: u64) {
    let all = || count_lines(&harness.path("out.ndjson")) >= records;
    let deadline = std::time::Instant::now() + PATIENCE * 6;
    while !all() {
        assert!(
            std::time::Instant::now() < deadline,
            "{} of {records} records; HEADWATER_SEED={seed}\n{}",
            count_lines(&harness.path("out.ndjson")),
            process.err.text()
        );
        pause(Duration::from_millis(10));
    }
}

#[test]
fn killed_workers_lose_and_double_nothing() {
    let seed = seed();
    let mut random = Random::new(seed);
    let nats = Nats::start();
    let records = 60_000;
    let harness = Harness::new(&both(&nats.url(), &nats.url(), records, ""));
    assert_eq!(harness.guarantee("writes"), "exactly-once");
    assert_eq!(harness.guarantee("reads"), "exactly-once");
    for _ in 0..mishaps(20) {
        let mut process = harness.start();
        let before = count_lines(&harness.path("out.ndjson"));
        if random.chance(60) {
            eventually("it works", || {
                let now = count_lines(&harness.path("out.ndjson"));
                now > before || now >= records
            });
        }
        pause(Duration::from_millis(random.below(300)));
        process.kill();
    }
    finish(&harness, records, seed);
}

#[test]
fn repeats_are_cut_although_the_server_has_forgotten_them() {
    let seed = seed();
    let mut random = Random::new(seed);
    let nats = Nats::start();
    let records = 20_000;
    let harness =
        Harness::new(&both(&nats.url(), &nats.url(), records, ", duplicate_window: 100ms"));
    for _ in 0..mishaps(8) {
        let mut process = harness.start();
        let before = count_lines(&harness.path("out.ndjson"));
        eventually("it works", || {
            let now = count_lines(&harness.path("out.ndjson"));
            now > before || now >= records
        });
        pause(Duration::from_millis(random.below(100)));
        process.kill();
        // Longer than the window.
        pause(Duration::from_millis(200));
    }
    finish(&harness, records, seed);
}

#[test]
fn a_network_that_cuts_halves_and_holds_loses_and_doubles_nothing() {
    let seed = seed();
    let mut random = Random::new(seed);
    let nats = Nats::start();
    let (forth, back) = (Proxy::to(&nats.address()), Proxy::to(&nats.address()));
    let records = 100_000;
    let url = |proxy: &Proxy| format!("nats://{}", proxy.address());
    let harness = Harness::new(&both(&url(&forth), &url(&back), records, ""));
    let mut process = harness.start();
    for _ in 0..mishaps(25) {
        let proxy = if random.chance(50) { &forth } else { &back };
        let span = Duration::from_millis(random.below(400));
        match random.below(5) {
            0 => proxy.drop_connections(),
            1 => proxy.halve_next_answer(),
            2 => proxy.delay(Duration::from_millis(random.below(20))),
            3 => {
                proxy.hold();
                pause(span);
                proxy.release();
            }
            _ => {
                proxy.cut();
                pause(span);
                proxy.mend();
            }
        }
        let_it_work(&mut process, Duration::from_millis(random.below(300)));
        proxy.delay(Duration::ZERO);
    }
    process.kill();
    finish(&harness, records, seed);
}

/// At full speed, so that a connection that is lost has messages before it, on it and behind it.
#[test]
fn what_waits_for_a_connection_that_is_lost_keeps_its_order() {
    let nats = Nats::start();
    let forth = Proxy::to(&nats.address());
    let records = 150_000;
    let harness = Harness::new("");
    let services = both(&format!("nats://{}", forth.address()), &nats.url(), records, "");
    harness.write_stack(&services.replace("every: 1ms, count: 20, ", ""));
    let process = harness.start();
    for part in 1..=15 {
        eventually("more arrives", || {
            count_lines(&harness.path("out.ndjson")) >= part * records / 15
        });
        forth.drop_connections();
    }
    drop(process);
    is_whole_and_in_order(&harness, records);
}

#[test]
fn a_server_that_is_killed_and_frozen_loses_and_doubles_nothing() {
    let seed = seed();
    let mut random = Random::new(seed);
    let nats = Nats::start();
    let records = 60_000;
    let harness = Harness::new(&both(&nats.url(), &nats.url(), records, ""));
    let mut process = harness.start();
    for _ in 0..mishaps(6) {
        let span = Duration::from_millis(random.below(500));
        if random.chance(60) {
            nats.kill();
            pause(span);
            nats.resume();
        } else {
            nats.freeze();
            pause(span);
            nats.thaw();
        }
        let_it_work(&mut process, Duration::from_millis(random.below(500)));
    }
    process.kill();
    finish(&harness, records, seed);
}

#[test]
fn as_many_servers_of_a_cluster_hold_a_stack_as_it_says() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let harness = Harness::new("");
    let services = "services:\n  copy:\n    source: { generate: { limit: 100, record: { id: sequence } } }\n    \
                    sink: { append_file: out.ndjson }\n";
    harness.write_stack(&format!(
        "stack: s\nleases: \"{url}\"\nvia: {{ url: \"{url}\", replicas: 3 }}\n{services}"
    ));
    let mut process = harness.start();
    eventually("all is there", || count_lines(&harness.path("out.ndjson")) >= 100);
    process.stop();
    let replicas = |stream: &str| cluster.client().of_stream(stream, "/config/num_replicas");
    assert_eq!((replicas("s_copy"), replicas("KV_headwater-s")), (3.into(), 1.into()));
    // What is there and has too few is told with the way out, and not taken for enough.
    harness.write_stack(&format!("stack: s\nvia: {{ url: \"{url}\", replicas: 3 }}\n{services}"));
    let process = harness.start();
    process.says("nats stream edit KV_headwater-s --replicas 3");
}

#[test]
fn a_flow_that_names_one_server_of_a_cluster_goes_on_with_the_others() {
    let cluster = Cluster::start();
    let records = 15_000;
    let services = both(&cluster.nodes[0].url(), &cluster.url(), records, ", replicas: 3");
    let harness = Harness::new(&services);
    let process = harness.start();
    let arrived = || count_lines(&harness.path("out.ndjson"));
    eventually("something is there", || arrived() > 0);
    cluster.nodes[0].kill();
    // A stream that has lost its leader takes its time to find another one.
    reaches_all(&harness, &process, records, 0);
    drop(process);
    is_whole_and_in_order(&harness, records);
}

#[test]
fn a_cluster_whose_nodes_are_killed_loses_and_doubles_nothing() {
    let seed = seed();
    let mut random = Random::new(seed);
    let cluster = Cluster::start();
    let records = 40_000;
    let harness = Harness::new(&both(&cluster.url(), &cluster.url(), records, ", replicas: 3"));
    let mut process = harness.start();
    eventually("something is there", || count_lines(&harness.path("out.ndjson")) > 0);
    assert_eq!(cluster.client().of_stream("S", "/config/num_replicas"), 3);
    for _ in 0..mishaps(4) {
        let node = &cluster.nodes[random.below(3) as usize];
        node.kill();
        let_it_work(&mut process, Duration::from_millis(500 + random.below(1_500)));
        node.resume();
        let_it_work(&mut process, Duration::from_millis(random.below(1_000)));
    }
    process.kill();
    finish(&harness, records, seed);
}
