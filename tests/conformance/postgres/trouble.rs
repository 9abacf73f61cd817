//! A server that is killed, stopped, frozen or not there yet.

use super::support::*;
use crate::postgres_server::Postgres;
use crate::stores::paging::walk;
use headwater::resource::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Nothing takes longer to be refused; a loaded machine gets some more.
const REFUSED_WITHIN: Duration = Duration::from_secs(3);

fn insert(store: &dyn Store, id: i64) -> Result<Outcome, StoreError> {
    let writes = vec![Action::Insert(counter(id, 1)).into()];
    let mut written = store.write(writes, Atomicity::Each).wait()?;
    Ok(written.remove(0).outcome)
}

fn is_away(error: &StoreError) -> bool {
    matches!(error.kind, StoreErrorKind::Unavailable | StoreErrorKind::TooSlow)
}

#[test]
fn a_killed_server_loses_nothing_that_was_acknowledged() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    let (next, is_over) = (AtomicI64::new(0), AtomicBool::new(false));
    let created = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    // Until it is known to be there; an attempt that failed may have been done.
                    loop {
                        let start = Instant::now();
                        match insert(&*store, id) {
                            Ok(Outcome::Created(_) | Outcome::Exists(_)) => break,
                            Ok(became) => panic!("{became:?}"),
                            Err(error) => {
                                assert!(is_away(&error), "{error:?}");
                                assert!(start.elapsed() < Duration::from_secs(8));
                            }
                        }
                    }
                    created.lock().unwrap().push(id);
                    drop(store.get(Key::Integer(id)).wait());
                }
            });
        }
        for _ in 0..3 {
            let enough = created.lock().unwrap().len() + 200;
            eventually(|| created.lock().unwrap().len() > enough);
            server.kill();
            let start = Instant::now();
            while store.get(Key::Integer(1)).wait().is_ok() {}
            assert!(start.elapsed() < REFUSED_WITHIN, "{:?}", start.elapsed());
            eventually(|| store.health() != Health::Ready);
            server.resume();
            eventually(|| store.health() == Health::Ready);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let mut expected = created.into_inner().unwrap();
    expected.sort_unstable();
    let query = ListQuery { limit: 500, ..query(vec![], Order::Fields(vec![])) };
    assert_eq!(ids(&walk(&*store, query)), expected);
    let twice = "SELECT count(*) FROM headwater_changes GROUP BY key HAVING count(*) > 1";
    assert_eq!(server.sql(&database, twice), "");
}

#[test]
fn after_a_restart_everything_works_again_by_itself() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    let (ear, _listener) = Ear::at(&store);
    for id in 0..3 {
        outcome(&*store, Action::Insert(counter(id, 1)));
        let begin = here(&*store);
        ear.forget();
        server.stop();
        eventually(|| store.health() != Health::Ready);
        let start = Instant::now();
        for _ in 0..100 {
            assert!(is_away(&store.get(Key::Integer(id)).wait().unwrap_err()));
            assert!(is_away(&insert(&*store, 50).unwrap_err()));
            assert!(is_away(&store.catch_up().wait().unwrap_err()));
            assert!(is_away(&store.count(vec![]).wait().unwrap_err()));
        }
        assert!(start.elapsed() < REFUSED_WITHIN, "refused at once: {:?}", start.elapsed());
        let synced = ear.synced();
        server.resume();
        eventually(|| store.health() == Health::Ready);
        assert_eq!(get(&*store, id), Some(counter(id, 1)));
        eventually(|| ear.has_lost_track() && ear.synced() > synced);
        let told = ear.told();
        let lost = told.iter().position(|told| *told == Told::LostTrack).unwrap();
        let after = told[lost..].iter().any(|told| matches!(told, Told::Synced(_)));
        assert!(after, "in step only after everything was given up: {told:?}");
        // Notifications come, too.
        server.sql(&database, &format!("INSERT INTO things VALUES ({}, 1)", 10 + id));
        eventually(|| ear.has(&Key::Integer(10 + id)));
        eventually(|| changes(&*store, begin).items.len() == 1);
    }
}

#[test]
fn a_frozen_server_is_given_up_in_time_and_found_again() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    insert_all(&*store, &[counter(1, 1)]);
    let (ear, _listener) = Ear::at(&store);
    for round in 0..2 {
        server.freeze();
        let start = Instant::now();
        let writing =
            store.write(vec![Action::Insert(counter(9 + round, 1)).into()], Atomicity::Each);
        let listing = store.list(query(vec![], Order::Insertion));
        let getting = store.get(Key::Integer(1));
        assert!(is_away(&getting.wait().unwrap_err()));
        assert!(start.elapsed() < REFUSED_WITHIN, "{:?}", start.elapsed());
        assert!(is_away(&listing.wait().unwrap_err()));
        assert!(start.elapsed() < REFUSED_WITHIN, "{:?}", start.elapsed());
        let now = Instant::now();
        for _ in 0..100 {
            assert!(is_away(&store.get(Key::Integer(1)).wait().unwrap_err()));
            assert!(is_away(&insert(&*store, 50).unwrap_err()));
        }
        assert!(now.elapsed() < REFUSED_WITHIN, "refused at once: {:?}", now.elapsed());
        assert!(is_away(&writing.wait().unwrap_err()));
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        let synced = ear.synced();
        ear.forget();
        assert_eq!(ear.synced(), None, "nobody is in step with a frozen server");
        server.thaw();
        eventually(|| store.health() == Health::Ready);
        assert_eq!(get(&*store, 1), Some(counter(1, 1)));
        eventually(|| ear.has_lost_track() && ear.synced() > synced);
        outcome(&*store, Action::Put(counter(1, 1)));
    }
}

#[test]
fn a_list_goes_on_where_it_was_when_the_server_restarted() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    let records: Vec<Record> = (0..300).map(|id| counter(id, id % 3)).collect();
    insert_all(&*store, &records);
    for order in [Order::Insertion, Order::Fields(vec![down(1)])] {
        let mut seen = BTreeMap::new();
        let mut page = ListQuery { limit: 50, ..query(vec![], order) };
        let mut failures = 0;
        loop {
            match store.list(page.clone()).wait() {
                Ok(found) => {
                    for id in ids(&found.records) {
                        *seen.entry(id).or_insert(0) += 1;
                    }
                    let Some(next) = found.next else { break };
                    page.after = Some(next);
                    if seen.len() == 100 || seen.len() == 200 {
                        server.kill();
                        server.resume();
                    }
                }
                Err(error) => {
                    assert!(is_away(&error), "{error:?}");
                    failures += 1;
                    eventually(|| store.health() == Health::Ready);
                }
            }
        }
        assert!(failures < 10);
        assert_eq!(seen.len(), 300);
        assert!(seen.values().all(|times| *times == 1));
    }
}

#[test]
fn a_store_opens_while_its_server_is_away() {
    let server = Postgres::start();
    let database = server.new_database();
    let url = server.url(&database);
    server.stop();
    let start = Instant::now();
    let store = try_open(&url, &counters()).unwrap();
    assert!(start.elapsed() < REFUSED_WITHIN);
    let Health::Down(why) = store.health() else { panic!("it is not there") };
    assert!(!why.contains("127.0.0.1"), "{why}");
    assert!(is_away(&store.get(Key::Integer(1)).wait().unwrap_err()));
    assert_eq!(store.identity(), "", "nobody knows yet");
    server.resume();
    eventually(|| store.health() == Health::Ready);
    assert_eq!(insert(&*store, 1), Ok(Outcome::Created(counter(1, 1))));
    // Every process knows the store by the same name, and no other store has it.
    let again = opened(&url, &counters());
    assert!(!store.identity().is_empty());
    assert_eq!(store.identity(), again.identity());
    let other = opened(&server.url(&server.new_database()), &counters());
    assert_ne!(store.identity(), other.identity());
}

#[test]
fn a_connection_that_is_ended_is_made_anew_without_anybody_noticing() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    insert_all(&*store, &[counter(1, 1)]);
    let (ear, _listener) = Ear::at(&store);
    let (is_over, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for _ in 0..5 {
                // Not the one that watches: that one is how the server is known to be there.
                let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid() \
                    AND application_name = 'headwater' AND query NOT LIKE '%pg_current_snapshot()::text%' \
                    AND query NOT LIKE 'LISTEN%' AND state = 'idle'";
                // One that is ended while it is being made is noticed, and may be: so each of the workers, who take
                // turns, has made its own by now.
                let before = rounds.load(Ordering::Relaxed);
                eventually(|| rounds.load(Ordering::Relaxed) > before + 4);
                server.sql(&database, others);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        while !is_over.load(Ordering::Relaxed) {
            assert_eq!(get(&*store, 1), Some(counter(1, 1)));
            assert_eq!(
                store.count(vec![condition(0, Comparison::Less(Value::Integer(50)))]).wait(),
                Ok(1)
            );
            rounds.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!(insert(&*store, 100), Ok(Outcome::Created(counter(100, 1))));
    assert!(!ear.has_lost_track());
    assert_eq!(store.health(), Health::Ready);
}

#[test]
fn a_store_that_is_dropped_does_what_waits_and_goes() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    let waiting: Vec<_> = (0..200)
        .map(|id| store.write(vec![Action::Insert(counter(id, 1)).into()], Atomicity::Each))
        .collect();
    drop(store);
    for pending in waiting {
        assert!(matches!(pending.wait().unwrap()[0].outcome, Outcome::Created(_)));
    }
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'headwater'";
    eventually(|| server.sql(&database, connected) == "0");
    // Also from one of its own threads, when a listener is the last one to hold it.
    let store = opened(&server.url(&database), &counters());
    let last = Arc::new(Last(Mutex::default()));
    let listener: Arc<dyn Listener> = Arc::<Last>::clone(&last);
    store.listen(&listener);
    let pending = store.write(vec![Action::Put(counter(1, 7)).into()], Atomicity::Each);
    *last.0.lock().unwrap() = Some(store);
    assert!(pending.wait().is_ok());
    eventually(|| server.sql(&database, connected) == "0");
}

/// Lets go of its store when it is told of a change.
struct Last(Mutex<Option<Arc<dyn Store>>>);
impl Listener for Last {
    fn changed(&self, _: &[(Key, Version)]) {
        // Dropping it waits for its threads, and another one of them may be at this lock.
        let store = self.0.lock().unwrap().take();
        drop(store);
    }
    fn lost_track(&self) {}
    fn synced(&self, _: Instant) {}
}
