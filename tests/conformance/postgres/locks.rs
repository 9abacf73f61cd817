//! Others who hold locks, and many who want the same.

use super::support::*;
use crate::postgres_server::Postgres;
use headwater::resource::*;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[test]
fn a_write_that_waits_for_a_stranger_holds_nobody_up() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    insert_all(&*store, &[counter(1, 0), counter(2, 0)]);
    let mut stranger = Session::open(&server, &database);
    stranger
        .run("BEGIN; UPDATE things SET count = 5 WHERE id = 1; INSERT INTO things VALUES (3, 5)");
    let write = |action: Action| store.write(vec![action.into()], Atomicity::Each);
    let waiting = [
        write(Action::Patch(Key::Integer(1), vec![(1, Value::Integer(7))])),
        write(Action::Insert(counter(3, 7))),
        write(Action::Delete(Key::Integer(1))),
    ];
    for id in 10..60 {
        let start = Instant::now();
        let became = write(Action::Put(counter(id, 1))).wait().unwrap();
        assert_eq!(became[0].outcome, Outcome::Created(counter(id, 1)));
        assert!(start.elapsed() < Duration::from_millis(2500), "{:?}", start.elapsed());
    }
    assert_eq!(get(&*store, 1), Some(counter(1, 0)), "readers wait for nobody");
    stranger.run("COMMIT");
    let [patched, inserted, deleted] =
        waiting.map(|pending| pending.wait().unwrap().remove(0).outcome);
    assert_eq!(inserted, Outcome::Exists(counter(3, 5)));
    let patched_first = Outcome::Updated { record: counter(1, 7), changed: true };
    assert!(patched == patched_first || patched == Outcome::Missing, "{patched:?}");
    assert_eq!(deleted, Outcome::Deleted);
}

#[test]
fn who_waits_too_long_is_told_so() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    insert_all(&*store, &[counter(1, 0)]);
    let mut stranger = Session::open(&server, &database);
    stranger.run("BEGIN; SELECT * FROM things WHERE id = 1 FOR UPDATE");
    let start = Instant::now();
    let group = vec![Action::Put(counter(9, 9)).into(), Action::Put(counter(1, 9)).into()];
    let error = store.write(group, Atomicity::All).wait().unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::TooSlow);
    assert!(start.elapsed() > Duration::from_secs(3) && start.elapsed() < Duration::from_secs(9));
    assert_eq!(store.health(), Health::Ready, "the server is not to blame");
    stranger.run("ROLLBACK");
    assert_eq!(get(&*store, 9), None, "nothing of the group is done");
    // A table that is locked as a whole is slow as well, and no reason to give the server up.
    stranger.run("BEGIN; LOCK TABLE things");
    let error = store.get(Key::Integer(1)).wait().unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::TooSlow);
    assert_eq!(store.health(), Health::Ready);
    stranger.run("ROLLBACK");
    assert_eq!(get(&*store, 1), Some(counter(1, 0)));
}

#[test]
fn of_two_processes_one_wins_every_unique_value() {
    let server = Postgres::start();
    let database = server.new_database();
    let stores = [0, 1].map(|_| opened(&server.url(&database), &things()));
    let winners = Mutex::new(BTreeMap::new());
    std::thread::scope(|threads| {
        for thread in 0..8_i64 {
            let (store, winners) = (&stores[thread as usize % 2], &winners);
            threads.spawn(move || {
                for number in 0..40 {
                    // Fought for by the key, by the unique field of new records, and by updates.
                    let code = Value::text(format!("c{number}"));
                    let action = match number % 3 {
                        0 => Action::Insert(thing(number, "x")),
                        1 => Action::Put(thing(number + thread * 1000, "x").with(CODE, code)),
                        _ => {
                            let own = thing(number + thread * 1000, "x");
                            outcome(&**store, Action::Insert(own.clone()));
                            Action::Replace(own.with(CODE, code))
                        }
                    };
                    match outcome(&**store, action) {
                        Outcome::Created(_) | Outcome::Updated { .. } => {
                            *winners.lock().unwrap().entry(number).or_insert(0) += 1;
                        }
                        Outcome::Exists(_) | Outcome::Taken { field: CODE } => {}
                        became => panic!("{became:?}"),
                    }
                }
            });
        }
    });
    let winners = winners.into_inner().unwrap();
    assert_eq!(winners.len(), 40);
    assert!(winners.values().all(|count| *count == 1), "{winners:?}");
}

#[test]
fn of_two_processes_one_does_what_an_idempotency_key_asks_for() {
    let server = Postgres::start();
    let database = server.new_database();
    let schema = Schema { key_is_generated: true, ..counters() };
    let stores = [0, 1].map(|_| opened(&server.url(&database), &schema));
    let fresh = |count: i64| Record::new(vec![Value::Null, Value::Integer(count)]);
    let made = Mutex::new(BTreeMap::<i64, Vec<(Outcome, bool)>>::new());
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let (store, made) = (&stores[thread % 2], &made);
            threads.spawn(move || {
                for number in 0..30 {
                    let once = attempt(Action::Insert(fresh(number)), &format!("k{number}"), 1);
                    let became = write(&**store, once);
                    let pair = (became.outcome, became.is_replay);
                    made.lock().unwrap().entry(number).or_default().push(pair);
                }
            });
        }
    });
    for (number, outcomes) in made.into_inner().unwrap() {
        assert!(outcomes.iter().all(|(outcome, _)| *outcome == outcomes[0].0), "{outcomes:?}");
        let first: Vec<_> = outcomes.iter().filter(|(_, is_replay)| !is_replay).collect();
        assert_eq!(first.len(), 1, "{number}: {outcomes:?}");
    }
    assert_eq!(stores[0].count(vec![]).wait().unwrap(), 30);
}

#[test]
fn groups_that_want_the_same_in_another_order_all_come_through() {
    let server = Postgres::start();
    let database = server.new_database();
    let stores = [0, 1].map(|_| opened(&server.url(&database), &things()));
    let all: Vec<Record> = (0..10).map(|id| thing(id, "x")).collect();
    insert_all(&*stores[0], &all);
    std::thread::scope(|threads| {
        for thread in 0..4_i64 {
            let store = &stores[thread as usize % 2];
            threads.spawn(move || {
                for round in 0..15_i64 {
                    let mut writes: Vec<Write> = (0..10)
                        .map(|id| {
                            (Key::Integer(id), vec![(AGE, Value::Integer(thread * 100 + round))])
                        })
                        .map(|(key, patch)| Action::Patch(key, patch).into())
                        .collect();
                    // New records with unique values, forwards and backwards.
                    let base = 1000 + round * 10;
                    writes.extend((0..5).map(|number| {
                        let code = Value::text(format!("r{round}-{number}"));
                        Action::Ensure(thing(base + number, "y").with(CODE, code)).into()
                    }));
                    if thread % 2 == 1 {
                        writes.reverse();
                    }
                    let became = store.write(writes, Atomicity::All).wait();
                    match became {
                        Ok(written) => assert!(written.iter().all(|it| it.outcome.is_success())),
                        Err(error) => assert_eq!(error.kind, StoreErrorKind::TooSlow),
                    }
                }
            });
        }
    });
    let page = list(&*stores[1], vec![], Order::Insertion);
    assert_eq!(page.len(), 10 + 15 * 5);
    let ages: Vec<&Value> = page[..10].iter().map(|record| record.value(AGE)).collect();
    assert!(ages.iter().all(|age| *age == ages[0]), "no group is torn: {ages:?}");
}
