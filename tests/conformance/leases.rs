//! The contract of leases and of the checkpoints beside them, for every place that keeps them: a directory, a bucket of
//! a real nats-server, a table of a real PostgreSQL. Time is a number that the tests move.

use crate::nats_server::Nats;
use crate::postgres_server::Postgres;
use crate::support::real_disk;
use headwater::clients::leases::{DirectoryElection, DirectoryLeases, RegisterLeases, Registers};
use headwater::clients::nats::{Address, Bucket};
use headwater::clients::postgres::{registers::RowRegisters, table::Line};
use headwater::core::lease::{BEAT, Claim, Clock, Election, LEASE};
use headwater::core::options::{Options, Setting};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Of one machine; the others' are elsewhere.
#[derive(Debug)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Relaxed))
    }

    fn sleep(&self, _: Duration) {}
}

struct Worker {
    election: Arc<dyn Election>,
    beat: Box<dyn Fn()>,
    clock: Arc<Hand>,
}

impl Worker {
    fn passes(&self, time: Duration) {
        self.clock.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Relaxed);
    }

    fn claims(&self) -> Claim {
        self.election.claim(NAME).unwrap()
    }

    fn saves(&self, text: &str) -> bool {
        self.election.save(NAME, text.as_bytes()).unwrap()
    }

    fn loads(&self) -> Option<String> {
        let kept = self.election.load(NAME).unwrap();
        kept.map(|kept| String::from_utf8(kept).unwrap())
    }

    /// Looks as often as a standby does until the lease is its own; answers how long that took by its clock.
    fn waits(&self) -> (Duration, bool) {
        let mut waited = Duration::ZERO;
        loop {
            if let Claim::Held { was_cut_off } = self.claims() {
                return (waited, was_cut_off);
            }
            assert!(waited < LEASE * 3, "nobody takes over");
            self.passes(BEAT);
            waited += BEAT;
        }
    }
}

const NAME: &str = "copy-in";
const HELD: Claim = Claim::Held { was_cut_off: false };

/// How a worker of this number and data directory reaches a place.
type Reach = Box<dyn Fn(u64, &Path) -> Worker>;

struct Place {
    name: &'static str,
    worker: Reach,
}

fn on_registers(registers: Box<dyn Registers>, number: u64, data: &Path) -> Worker {
    let clock = Arc::new(Hand(AtomicU64::new(number * 1_000_000_000)));
    // As the engine draws it: a name for each data directory.
    let leases = Arc::new(RegisterLeases::new(
        registers,
        data.display().to_string(),
        Arc::clone(&clock) as _,
    ));
    let beating = Arc::clone(&leases);
    Worker { election: leases, beat: Box::new(move || beating.beat()), clock }
}

fn with(url: &str) -> Options {
    let mut options = Options::default();
    options.set("url", Setting::Text(url.to_owned()));
    options.set("timeout", Setting::Duration(Duration::from_secs(30)));
    options
}

/// The servers live as long as the laws are looked at; each law has a place of its own.
fn places(servers: &(Nats, Postgres), law: &str) -> Vec<Place> {
    let shared = tempfile::tempdir().unwrap().keep();
    let in_directory = move |number: u64, data: &Path| {
        let clock = Arc::new(Hand(AtomicU64::new(number * 1_000_000_000)));
        let disk = real_disk();
        let leases = DirectoryLeases::new(&disk, &shared, data, Arc::clone(&clock) as _).unwrap();
        let leases = Arc::new(leases);
        let beating = Arc::clone(&leases);
        let election = Arc::new(DirectoryElection::new(&disk, leases));
        Worker { election, beat: Box::new(move || beating.beat()), clock }
    };
    let (nats, bucket) = (servers.0.url(), format!("laws-{law}"));
    let in_bucket = move |number: u64, data: &Path| {
        let bucket = Bucket::new(Address::of(&with(&nats)), &bucket, 1, "laws").unwrap();
        on_registers(Box::new(bucket), number, data)
    };
    let (postgres, stack) = (servers.1.url(database(&servers.1)), law.to_owned());
    let in_table = move |number: u64, data: &Path| {
        let rows = RowRegisters::new(Line::of(&with(&postgres)).unwrap(), &stack);
        on_registers(Box::new(rows), number, data)
    };
    vec![
        Place { name: "a directory", worker: Box::new(in_directory) },
        Place { name: "a bucket", worker: Box::new(in_bucket) },
        Place { name: "a table", worker: Box::new(in_table) },
    ]
}

fn database(postgres: &Postgres) -> &'static str {
    static DATABASE: OnceLock<String> = OnceLock::new();
    DATABASE.get_or_init(|| postgres.new_database())
}

/// Two workers at each place, with data directories of their own.
#[expect(clippy::print_stdout, reason = "a law that does not hold is told with its place")]
fn each(servers: &(Nats, Postgres), law: &str, holds: impl Fn(&Worker, &Worker)) {
    for place in places(servers, law) {
        println!("{law} in {}", place.name);
        let data = tempfile::tempdir().unwrap();
        let worker = |number| {
            let own = data.path().join(format!("worker-{number}"));
            std::fs::create_dir(&own).unwrap();
            (place.worker)(number, &own)
        };
        holds(&worker(1), &worker(2));
    }
}

#[test]
fn leases_and_checkpoints_hold_their_contract_wherever_they_are_kept() {
    let servers = (Nats::start(), Postgres::start());
    each(&servers, "one-holds-it", one_holds_it);
    each(&servers, "who-shows-that-it-lives-keeps-it", who_shows_that_it_lives_keeps_it);
    each(&servers, "who-is-silent-loses-it", who_is_silent_loses_it);
    each(&servers, "who-lets-go-is-followed-at-once", who_lets_go_is_followed_at_once);
    each(&servers, "what-was-saved-is-handed-over", what_was_saved_is_handed_over);
    each(&servers, "names-are-apart", names_are_apart);
    for place in places(&servers, "a-new-life") {
        println!("a-new-life in {}", place.name);
        a_new_life_need_not_wait_for_the_last(&place);
    }
}

fn one_holds_it(one: &Worker, other: &Worker) {
    assert_eq!(one.claims(), HELD);
    assert_eq!(one.claims(), HELD, "a lease that is held stays so");
    assert_eq!(other.claims(), Claim::Elsewhere);
    assert!(one.election.is_held(NAME).unwrap() && !other.election.is_held(NAME).unwrap());
    let holder = other.election.holder(NAME).unwrap();
    assert!(holder.ends_with(&format!("/{}", std::process::id())), "{holder}");
}

fn who_shows_that_it_lives_keeps_it(one: &Worker, other: &Worker) {
    one.claims();
    for _ in 0..20 {
        (one.beat)();
        assert_eq!(other.claims(), Claim::Elsewhere);
        other.passes(BEAT);
    }
    assert!(one.election.is_held(NAME).unwrap());
}

fn who_is_silent_loses_it(one: &Worker, other: &Worker) {
    one.claims();
    assert_eq!(one.loads(), None);
    assert!(one.saves("1"));
    // Its own clock does not matter, nor how far it is from the other's.
    let (waited, was_cut_off) = other.waits();
    assert_eq!(waited, LEASE, "neither sooner nor later");
    assert!(was_cut_off);
    assert!(!one.election.is_held(NAME).unwrap());
    (one.beat)();
    assert_eq!(one.claims(), Claim::Elsewhere);
    assert!(other.election.is_held(NAME).unwrap());
}

fn who_lets_go_is_followed_at_once(one: &Worker, other: &Worker) {
    one.claims();
    (one.beat)();
    assert_eq!(other.claims(), Claim::Elsewhere);
    one.election.release(NAME);
    assert!(!one.election.is_held(NAME).unwrap());
    assert_eq!(other.election.holder(NAME), None);
    assert_eq!(other.claims(), HELD);
    // Nothing happens when it is held no more.
    one.election.release(NAME);
    assert!(other.election.is_held(NAME).unwrap());
}

fn what_was_saved_is_handed_over(one: &Worker, other: &Worker) {
    assert!(!one.saves("too early"), "nobody saves without the lease");
    one.claims();
    assert_eq!(one.loads(), None);
    for text in ["1", "2", &"x".repeat(100_000), "3"] {
        assert!(one.saves(text));
        (one.beat)();
    }
    other.waits();
    // It was paused, knows of nothing, and saves: it may before the next one has looked, and then that one finds it.
    let is_in_time = one.saves("4");
    assert_eq!(other.loads().as_deref(), Some(if is_in_time { "4" } else { "3" }));
    assert!(!one.saves("5"));
    assert!(other.saves("6"));
    assert!(!one.saves("7"));
    other.election.release(NAME);
    one.claims();
    assert_eq!(one.loads().as_deref(), Some("6"));
    assert!(one.saves("8") && !other.saves("9"));
    assert_eq!(one.loads().as_deref(), Some("8"));
}

fn names_are_apart(one: &Worker, other: &Worker) {
    one.claims();
    one.loads();
    assert!(one.saves("1"));
    assert_eq!(other.election.claim("other").unwrap(), HELD);
    assert_eq!(other.election.load("other").unwrap(), None);
    other.election.release(NAME);
    one.election.release("other");
    assert!(one.election.is_held(NAME).unwrap() && other.election.is_held("other").unwrap());
}

fn a_new_life_need_not_wait_for_the_last(place: &Place) {
    let data = tempfile::tempdir().unwrap();
    let before = (place.worker)(1, data.path());
    before.claims();
    before.loads();
    assert!(before.saves("1"));
    // As after `kill -9`: nothing is let go of.
    let after = (place.worker)(1, data.path());
    assert!(
        matches!(after.claims(), Claim::Held { .. }),
        "its directory is locked, so it is alone"
    );
    assert_eq!(after.loads().as_deref(), Some("1"));
    assert!(!before.saves("2") && after.saves("3"));
}
