//! A flow that must run once, started in several processes: one runs it, the others stand by and go on from the
//! checkpoint that is kept for all.

use crate::nats_server::{Nats, pause};
use crate::postgres::Postgres;
use crate::support::{Harness, PATIENCE, Process, eventually, get, post, sequence};
use headwater::testing::random::Random;
use std::time::{Duration, Instant};

/// What a stack promises: work changes hands within this time.
const HAND_OVER: Duration = Duration::from_secs(5);

fn seed() -> u64 {
    let given = std::env::var("HEADWATER_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()))
}

/// The first half of a flow fills a stream that nobody empties, so that all of it can be compared.
struct Site {
    nats: Nats,
    harness: Harness,
    records: u64,
    service: &'static str,
    stream: &'static str,
}

impl Site {
    /// `more` stands at stack level.
    fn new(records: u64, more: &str) -> Self {
        let nats = Nats::start();
        // No `seed:`, so that each process draws another one: what is generated must be the same all the same.
        let harness = Harness::new(&format!(
            "stack: s\nvia: {}\n{more}services:\n  copy:\n    source:\n      generate: {{ limit: {records}, \
             every: 5ms, count: 20, record: {{ id: sequence, name: person.name }} }}\n    \
             sink: {{ append_file: out.ndjson }}\n",
            nats.url()
        ));
        Self { nats, harness, records, service: "copy-in", stream: "s_copy" }
    }

    /// A flow that is whole and ends in a stream which others may write too.
    fn whole(records: u64) -> Self {
        let nats = Nats::start();
        let url = nats.url();
        let harness = Harness::new(&format!(
            "stack: s\nleases: {url}\nservices:\n  fill:\n    source:\n      generate: {{ limit: {records}, \
             every: 5ms, count: 20, record: {{ id: sequence, name: person.name }} }}\n    \
             sink: {{ nats: {{ url: \"{url}\", stream: S, subject: s.x }} }}\n"
        ));
        Self { nats, harness, records, service: "fill", stream: "S" }
    }

    /// One process, as a container runs it: with a data directory of its own.
    fn process(&self, data: &str) -> Process {
        let mut command = self.harness.command();
        command.args(["run", self.service, "--stack", "stack.yaml", "--admin", "127.0.0.1:0"]);
        Process::start(command.args(["--data", data]))
    }

    fn stored(&self) -> u64 {
        self.nats.client().of_stream(self.stream, "/state/last_seq").as_u64().unwrap_or_default()
    }

    fn is_there(&self) -> bool {
        let info = format!("$JS.API.STREAM.INFO.{}", self.stream);
        let asked = self.nats.client().try_request(&info, b"");
        asked.is_some_and(|answer| !String::from_utf8_lossy(&answer).contains("\"error\""))
    }

    fn begins(&self) {
        eventually("something is in the stream", || self.is_there() && self.stored() > 0);
    }

    /// Waits for more than there is now; answers how long that took.
    fn goes_on(&self) -> Duration {
        let (begun, before) = (Instant::now(), self.stored());
        eventually("it goes on", || self.stored() > before);
        begun.elapsed()
    }

    #[track_caller]
    fn is_whole_and_in_order(&self) {
        let ids = sequence(&self.nats.client().payloads(self.stream), "id");
        assert_eq!(ids.len() as u64, self.records);
        assert!(
            ids.windows(2).all(|pair| pair[1] == pair[0] + 1),
            "gaps, repeats or another order"
        );
    }
}

/// Both must come to their ends: the one that runs the flow, and then the one that finds nothing left.
#[track_caller]
fn end(processes: &mut [Process]) {
    for process in processes {
        let (status, _) = process.wait(PATIENCE * 4);
        assert!(status.success(), "{}", process.err.to_end(PATIENCE));
    }
}

#[test]
fn one_runs_and_the_next_goes_on_when_it_is_killed() {
    let seed = seed();
    println!("HEADWATER_SEED={seed}");
    let mut random = Random::new(seed);
    let site = Site::new(30_000, "");
    assert_eq!(site.harness.guarantee("copy-in"), "exactly-once");
    let mut runs = site.process("data-0");
    site.begins();
    for turn in 1..=3 {
        let waits = site.process(&format!("data-{turn}"));
        let told = waits.says("stands by: held by ");
        assert!(told.contains(&format!("/{}", runs.id())), "{told}");
        let ready = get(&format!("{}ready", waits.address("admin"))).unwrap();
        assert_eq!(ready.status, 200, "{}", ready.body);
        assert!(ready.body.contains("stands by"), "{}", ready.body);
        pause(Duration::from_millis(random.below(200)));
        let killed = Instant::now();
        runs.kill();
        waits.says("takes over and goes on");
        site.goes_on();
        let took = killed.elapsed();
        println!("went on {} ms after the kill", took.as_millis());
        assert!(took < HAND_OVER, "{took:?}");
        runs = waits;
    }
    end(&mut [runs]);
    site.is_whole_and_in_order();
}

/// The first of two is killed; the other goes on.
fn hands_over(site: &Site) {
    let mut one = site.process("data-1");
    site.begins();
    let other = site.process("data-2");
    other.says("stands by: held by ");
    let killed = Instant::now();
    one.kill();
    other.says("takes over and goes on");
    site.goes_on();
    println!("went on {} ms after the kill", killed.elapsed().as_millis());
    assert!(killed.elapsed() < HAND_OVER, "{:?}", killed.elapsed());
    end(&mut [other]);
    site.is_whole_and_in_order();
}

#[test]
fn a_whole_flow_stands_by_where_the_file_says_where() {
    let site = Site::whole(10_000);
    hands_over(&site);
    // Each drew a seed of its own, and knows a part of the way; what is kept for both tells all of it.
    for data in ["data-1", "data-2"] {
        let mut command = site.harness.command();
        command.args(["audit", "fill", "--stack", "stack.yaml", "--data", data]);
        let told = command.output().unwrap();
        let text = String::from_utf8_lossy(&told.stdout);
        assert!(told.status.success() && text.contains("arrived        10,000"), "{data}: {text}");
    }
}

#[test]
fn leases_can_be_kept_in_a_database() {
    let postgres = Postgres::start();
    let database = postgres.new_database();
    let site = Site::new(10_000, &format!("leases: {}\n", postgres.url(&database)));
    hands_over(&site);
    let kept = postgres.sql(&database, "SELECT name FROM headwater_leases ORDER BY name");
    assert_eq!(
        kept.split_whitespace().collect::<Vec<_>>(),
        ["s/copy-in.checkpoint", "s/copy-in.lease"]
    );
}

#[test]
fn leases_can_be_kept_in_a_shared_directory() {
    let site = Site::new(10_000, "leases: shared/leases\n");
    hands_over(&site);
    assert!(site.harness.path("shared/leases/s/copy-in~checkpoint").exists());
}

#[test]
fn processes_with_one_data_directory_stand_by_too() {
    let site = Site::new(10_000, "");
    let mut one = site.process("data");
    site.begins();
    let other = site.process("data");
    other.says("stands by: held by ");
    one.kill();
    other.says("takes over and goes on");
    end(&mut [other]);
    site.is_whole_and_in_order();
}

/// Both take in: none waits for the other, and what is equal to the letter is not one record.
#[test]
fn intakes_run_everywhere() {
    let nats = Nats::start();
    let harness = Harness::new(&format!(
        "stack: s\nvia: {}\nservices:\n  take:\n    source: {{ http_listen: {{ listen: 0 }} }}\n    \
         sink: {{ append_file: out.ndjson }}\n",
        nats.url()
    ));
    let start = |data: &str| {
        let mut command = harness.command();
        command.args(["run", "take-in", "--stack", "stack.yaml", "--admin", "127.0.0.1:0"]);
        Process::start(command.args(["--data", data]))
    };
    let (one, other) = (start("data-1"), start("data-2"));
    for process in [&one, &other] {
        let answer = post(&process.address("take-in"), "{\"v\":1}").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    eventually("both are in the stream", || {
        let asked = nats.client().try_request("$JS.API.STREAM.INFO.s_take", b"");
        let answer = asked.and_then(|answer| serde_json::from_slice(&answer).ok());
        answer.is_some_and(|answer: serde_json::Value| answer["state"]["messages"] == 2)
    });
}

#[test]
fn who_was_paused_past_its_lease_writes_nothing_any_more() {
    let seed = seed();
    println!("HEADWATER_SEED={seed}");
    let mut random = Random::new(seed);
    let site = Site::new(30_000, "");
    let mut one = site.process("data-1");
    site.begins();
    let mut other = site.process("data-2");
    for _ in 0..3 {
        other.says("stands by");
        pause(Duration::from_millis(random.below(200)));
        one.signal("STOP");
        other.says("takes over and goes on");
        site.goes_on();
        one.signal("CONT");
        one.says("another process");
        one.says("stands by");
        // From now on what is said again is another turn's.
        one.kill();
        let again = site.process("data-1");
        (one, other) = (other, again);
    }
    end(&mut [one, other]);
    site.is_whole_and_in_order();
}

#[test]
fn a_server_that_is_away_is_waited_for_by_both() {
    let site = Site::new(10_000, "");
    let one = site.process("data-1");
    site.begins();
    let other = site.process("data-2");
    other.says("stands by");
    site.nats.kill();
    pause(Duration::from_secs(10));
    site.nats.resume();
    println!("went on {} ms after the server", site.goes_on().as_millis());
    end(&mut [one, other]);
    site.is_whole_and_in_order();
}

#[test]
fn an_orderly_stop_hands_over_at_once() {
    let site = Site::new(10_000, "");
    let mut one = site.process("data-1");
    site.begins();
    let other = site.process("data-2");
    other.says("stands by");
    one.stop();
    let stopped = Instant::now();
    other.says("takes over and goes on");
    site.goes_on();
    println!("went on {} ms after the stop", stopped.elapsed().as_millis());
    assert!(stopped.elapsed() < Duration::from_millis(2500), "{:?}", stopped.elapsed());
    end(&mut [other]);
    site.is_whole_and_in_order();
}
