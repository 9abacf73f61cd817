//! A gate in front of real processes that are killed and replaced under load.

use crate::support::{Connection, Harness, PATIENCE, Process, eventually, free_port, get};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

const PRODUCER: &str = "  producer:
    listen: 0
    routes:
      /number: { generate: { number: integer 1..180 } }
";

/// A gate as one process, and replicas as others.
struct Lab {
    harness: Harness,
    ports: Vec<u16>,
}

impl Lab {
    fn new(replicas: usize) -> Self {
        let ports: Vec<u16> = (0..replicas).map(|_| free_port()).collect();
        let at: Vec<String> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
        let gate = format!(
            "  front:\n    listen: 0\n    gate: {{ to: producer, at: [{}], name_replica: true, every: 100ms, wait: 10s }}\n",
            at.join(", ")
        );
        let harness = Harness::new(&format!("stack: s\nservices:\n{gate}{PRODUCER}"));
        Self { harness, ports }
    }

    fn run(&self, service: &str, more: &[&str]) -> Process {
        let mut command = self.harness.command();
        command
            .args(["run", service, "--stack", "stack.yaml", "--admin", "127.0.0.1:0"])
            .args(more);
        Process::start(&mut command)
    }

    fn gate(&self) -> Process {
        self.run("front", &[])
    }

    fn replica(&self, at: usize) -> Process {
        let (port, data) = (format!("producer={}", self.ports[at]), format!("data-{at}"));
        let process = self.run("producer", &["--port", &port, "--data", &data]);
        process.address("producer");
        process
    }

    /// Waits until the gate gives requests to so many.
    fn until_ready(gate: &Process, count: usize) {
        eventually("the replicas are ready", || Self::ready(gate) == count);
    }

    fn ready(gate: &Process) -> usize {
        let admin = gate.address("admin");
        let status = get(&format!("{admin}gates")).unwrap().json();
        let replicas = status["gates"][0]["replicas"].as_array().unwrap().clone();
        replicas.iter().filter(|it| it["state"] == "ready").count()
    }
}

/// What clients of a gate have seen.
#[derive(Default)]
struct Seen {
    answered: AtomicU64,
    failed: AtomicU64,
    stop: AtomicBool,
}

impl Seen {
    /// Asks over and over on one connection; every trouble counts.
    fn ask(&self, address: &str) {
        let mut connection = Connection::open(address).unwrap();
        while !self.stop.load(Relaxed) {
            match connection.exchange("GET", "/number", "") {
                Ok(answer) if answer.status == 200 => {
                    assert!((1..=180).contains(&answer.json()["number"].as_u64().unwrap()));
                    self.answered.fetch_add(1, Relaxed);
                }
                other => {
                    eprintln!("{other:?}");
                    self.failed.fetch_add(1, Relaxed);
                    connection = Connection::open(address).unwrap();
                }
            }
        }
    }

    fn flows_on(&self) {
        let before = self.answered.load(Relaxed);
        eventually("the load goes on", || self.answered.load(Relaxed) > before + 200);
    }
}

/// Four clients, while `work` is done.
fn under_load(gate: &Process, work: impl FnOnce(&Seen)) -> Seen {
    let (seen, address) = (Seen::default(), gate.address("front"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| seen.ask(&address));
        }
        // A failure must end the clients too.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&seen)));
        seen.stop.store(true, Relaxed);
        if let Err(panic) = done {
            std::panic::resume_unwind(panic);
        }
    });
    seen
}

#[test]
fn no_request_fails_when_replicas_are_killed() {
    let lab = Lab::new(3);
    let mut replicas: Vec<Process> = (0..3).map(|at| lab.replica(at)).collect();
    let mut gate = lab.gate();
    Lab::until_ready(&gate, 3);
    let seen = under_load(&gate, |seen| {
        for round in 0..4 {
            let at = round % 3;
            seen.flows_on();
            replicas[at].kill();
            seen.flows_on();
            replicas[at] = lab.replica(at);
            Lab::until_ready(&gate, 3);
        }
    });
    assert_eq!(seen.failed.load(Relaxed), 0, "of {}", seen.answered.load(Relaxed));
    gate.stop();
}

#[test]
fn no_request_fails_in_a_rolling_restart() {
    let lab = Lab::new(3);
    let mut replicas: Vec<Process> = (0..3).map(|at| lab.replica(at)).collect();
    let mut gate = lab.gate();
    Lab::until_ready(&gate, 3);
    let seen = under_load(&gate, |seen| {
        for (at, replica) in replicas.iter_mut().enumerate() {
            seen.flows_on();
            replica.signal("TERM");
            let (status, _) = replica.wait(PATIENCE);
            assert!(status.success(), "{status}");
            *replica = lab.replica(at);
            Lab::until_ready(&gate, 3);
        }
        seen.flows_on();
    });
    assert_eq!(seen.failed.load(Relaxed), 0, "of {}", seen.answered.load(Relaxed));
    gate.stop();
}

#[test]
fn the_only_replica_is_waited_for_when_it_restarts() {
    let lab = Lab::new(1);
    let mut replica = lab.replica(0);
    let mut gate = lab.gate();
    Lab::until_ready(&gate, 1);
    let seen = under_load(&gate, |seen| {
        seen.flows_on();
        replica.kill();
        replica = lab.replica(0);
        seen.flows_on();
    });
    assert_eq!(seen.failed.load(Relaxed), 0, "of {}", seen.answered.load(Relaxed));
    gate.stop();
}

#[test]
fn a_server_is_scaled_behind_a_gate_in_one_process() {
    let stack = format!(
        "stack: s\nservices:\n  front: {{ listen: 0, gate: {{ to: producer, slow_start: 0s, name_replica: true }} }}\n{PRODUCER}"
    );
    let harness = Harness::new(&stack).argument("--scale").argument("producer=3");
    let mut process = harness.start();
    Lab::until_ready(&process, 3);
    let address = process.address("front");
    let mut connection = Connection::open(&address).unwrap();
    let mut shares = std::collections::BTreeMap::<String, u32>::new();
    for _ in 0..30 {
        let answer = connection.exchange("GET", "/number", "").unwrap();
        *shares.entry(answer.header("x-headwater-replica").unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(shares.values().copied().collect::<Vec<_>>(), [10, 10, 10], "{shares:?}");
    let metrics = get(&format!("{}metrics", process.address("admin"))).unwrap().body;
    for replica in shares.keys() {
        let line =
            format!("headwater_gate_requests_total{{gate=\"front\",replica=\"{replica}\"}} 10");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    // The map is up to a second behind.
    eventually("the page has a line for each", || {
        let page = get(&format!("{}node/front", process.address("admin"))).unwrap().body;
        shares.keys().all(|replica| page.contains(replica))
    });
    process.stop();
}
