//! The checker of staleness over two processes of the real binary, which share a store and a Redis: whatever happens to
//! Redis, nobody is told anything older than `max_stale`, everybody sees what they wrote, and nobody sees an error or
//! waits for long.

mod site;

use crate::checker::{History, Plan, Promise, Site, Verdict, drive, judge};
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::redis_server::{Redis, pause};
use crate::support::{Harness, Process, eventually};
use crate::trouble::trouble;
use headwater::testing::random::{Random, seeds};
use site::{Memory, Place, Server};
use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

const MAX_STALE: Duration = Duration::from_millis(60);

/// Runs of one kind at the most; each takes seconds, however many seeds a long run has.
const RUNS: u64 = 100;

/// What a process gives a read and a write at the most (`GET_DEADLINE` and `WORK_DEADLINE` of the wires).
const READ_DEADLINE: Duration = Duration::from_secs(7);
const WRITE_DEADLINE: Duration = Duration::from_secs(17);

/// Redis is waited for 20 ms. Of a hundred requests 99 are answered within this, on a machine that is loaded too.
const SOON: Duration = Duration::from_secs(1);

const STACK: &str = r#"stack: shared
resources:
  things:
    key: name
    fields: { name: text 1..100, number: integer }
    store: "${STORE:-sqlite:things.db}"
    cache: { in: "${CACHE}", max_stale: 60ms, ttl: 400ms, negative_ttl: 100ms }
services:
  one:
    listen: 0
    routes: { /things/: { resource: things } }
  other:
    listen: 0
    routes: { /things/: { resource: things } }
"#;

/// The two processes, each with a service of the stack.
struct Pair {
    harness: Harness,
    processes: [Mutex<Process>; 2],
    servers: [Server; 2],
}

const SERVICES: [&str; 2] = ["one", "other"];

fn start(harness: &Harness, service: &str) -> Process {
    Process::start(harness.up().args(["--only", service]))
}

fn place(process: &Process, service: &str) -> Place {
    Place { address: process.address(service), admin: process.address("admin") }
}

impl Pair {
    /// Over an embedded store, unless there is the address of another one.
    fn start(store: &str, cache: &str, memory: Memory) -> Self {
        let harness = Harness::new(STACK).environment("STORE", store).environment("CACHE", cache);
        // Both at once, as they are after a machine was started.
        let processes = SERVICES.map(|service| start(&harness, service));
        let servers = [0, 1].map(|number| {
            let place = place(&processes[number], SERVICES[number]);
            Server::new(place, memory)
        });
        let pair = Self { harness, processes: processes.map(Mutex::new), servers };
        eventually("both use Redis", || pair.uses_redis());
        pair
    }

    /// `kill -9` of one of them, which is started again.
    fn kill(&self, number: usize) {
        let mut process = self.processes[number].lock().unwrap();
        process.kill();
        *process = start(&self.harness, SERVICES[number]);
        self.servers[number].moves_to(place(&process, SERVICES[number]));
    }

    fn stop(self) {
        for process in self.processes {
            process.into_inner().unwrap().stop();
        }
    }

    fn uses_redis(&self) -> bool {
        self.servers.iter().all(|server| server.figure("headwater_redis_up", "") == 1)
    }

    fn cache_reads(&self, from: &str) -> u64 {
        let from = format!("from=\"{from}\"");
        self.servers.iter().map(|it| it.figure("headwater_cache_reads_total", &from)).sum()
    }
}

fn plan(seed: u64) -> Plan {
    Plan {
        seed,
        sessions: 8,
        keys: 12,
        time: Duration::from_secs(6),
        writes_percent: 10,
        deletes_percent: 20,
        max_stale: MAX_STALE,
        stale_if_error: Duration::ZERO,
    }
}

/// Runs sessions against two processes while Redis has trouble, and judges all that they saw.
fn check(store: &str, memory: Memory, plan: &Plan) {
    let redis = Redis::start();
    let proxy = Proxy::to(&redis.address());
    let pair = Pair::start(store, &format!("redis://{}", proxy.address()), memory);
    let sites: Vec<&dyn Site> = pair.servers.iter().map(|server| server as &dyn Site).collect();
    let mut mishaps = 0;
    let history = drive(&sites, plan, |ended| {
        mishaps = trouble((&redis, &proxy), || pair.uses_redis(), plan.seed, ended);
    });
    assert!(mishaps > 3, "hardly anything happened to Redis");
    let verdict = judged(&pair, &history, plan, memory);
    assert!(verdict.stale_reads > 0, "what is never stale says nothing about a bound");
    let from = ["near", "redis", "store"].map(|from| pair.cache_reads(from));
    assert!(from.iter().all(|reads| *reads > 0), "read near, in Redis and in the store: {from:?}");
    assert_eq!(pair.cache_reads("stale"), 0, "the store was there");
    pair.stop();
}

/// Nothing was wrong with any answer.
#[track_caller]
fn judged(pair: &Pair, history: &History, plan: &Plan, memory: Memory) -> Verdict {
    let what = format!("HEADWATER_SEED={}", plan.seed);
    let faults: Vec<String> = pair.servers.iter().flat_map(Server::faults).collect();
    assert!(faults.is_empty(), "{what}: {} faults\n{}", faults.len(), faults[..1].join("\n"));
    let (reads, writes) = (history.reads(), history.writes());
    assert!(reads > 1000 && writes > 50, "{what}: enough happened");
    nobody_waits(history, &what);
    let verdict = judge(history, Promise { is_monotonic: memory == Memory::OfAll });
    holds(&verdict, &what);
    let Verdict { stale_reads, stalest, .. } = &verdict;
    eprintln!("{what}: {reads} reads, {writes} writes, {stale_reads} stale by {stalest:?} at most");
    verdict
}

#[track_caller]
fn holds(verdict: &Verdict, what: &str) {
    let violations = verdict.violations.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(verdict.violations.is_empty(), "{what}: {}\n{violations}", verdict.violations.len());
}

#[track_caller]
fn nobody_waits(history: &History, what: &str) {
    let took = |is_read: bool| {
        let events = history.events.iter().filter(move |event| event.is_read() == is_read);
        let mut took: Vec<Duration> = events.map(|event| event.end - event.start).collect();
        took.sort_unstable();
        took
    };
    for (took, deadline) in [(took(true), READ_DEADLINE), (took(false), WRITE_DEADLINE)] {
        let most = took[took.len() * 99 / 100];
        let longest = took.last().unwrap();
        assert!(*longest <= deadline && most <= SOON, "{what}: {most:?}, {longest:?}");
    }
}

#[test]
fn two_processes_on_one_file_keep_their_promise_whatever_happens_to_redis() {
    for seed in seeds(1).take(RUNS as usize) {
        check("", Memory::OfWrites, &plan(seed));
    }
}

#[test]
fn two_processes_on_postgres_keep_their_promise_whatever_happens_to_redis() {
    let postgres = Postgres::start();
    for seed in seeds(1).take(RUNS as usize) {
        check(&postgres.url(&postgres.new_database()), Memory::OfWrites, &plan(seed));
    }
}

#[test]
fn a_session_that_brings_the_versions_it_saw_never_goes_back() {
    for seed in seeds(1).take(RUNS as usize) {
        check("", Memory::OfAll, &Plan { time: Duration::from_secs(4), ..plan(seed) });
    }
}

#[test]
fn a_process_that_is_killed_and_started_again_believes_no_old_copy() {
    for seed in seeds(1).take(RUNS as usize) {
        let redis = Redis::start();
        let mut pair = Pair::start("", &redis.url(), Memory::OfAll);
        pair.servers.iter_mut().for_each(|server| server.may_break = true);
        let sites: Vec<&dyn Site> = pair.servers.iter().map(|server| server as &dyn Site).collect();
        let mut random = Random::new(seed);
        let mut kills = 0;
        let history = drive(&sites, &plan(seed), |ended| {
            while !ended.load(SeqCst) {
                pause(Duration::from_millis(100 + random.below(700)));
                pair.kill(random.below(2) as usize);
                kills += 1;
            }
        });
        assert!(kills > 2, "hardly anything was killed");
        judged(&pair, &history, &plan(seed), Memory::OfAll);
        pair.stop();
    }
}
