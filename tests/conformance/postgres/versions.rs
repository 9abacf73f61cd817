//! Transactions that overlap: what a version promises, and that nobody waits for a stranger.

use super::support::*;
use crate::postgres_server::Postgres;
use headwater::resource::*;

#[test]
fn a_read_never_claims_a_write_that_it_did_not_see() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    insert_all(&*store, &[counter(1, 0), counter(2, 0)]);
    let mut first = Session::open(&server, &database);
    let mut second = Session::open(&server, &database);
    // The first begins before the second and ends behind it.
    let early: u64 = first
        .run("BEGIN; UPDATE things SET count = 1 WHERE id = 1; SELECT pg_current_xact_id()")
        .parse()
        .unwrap();
    let late: u64 = second
        .run("BEGIN; UPDATE things SET count = 1 WHERE id = 2; SELECT pg_current_xact_id()")
        .parse()
        .unwrap();
    assert!(early < late);
    second.run("COMMIT");
    let of_late = find(&*store, Key::Integer(2));
    let of_early = find(&*store, Key::Integer(1));
    assert_eq!(of_late.record, Some(counter(2, 1)), "what is committed is seen");
    assert_eq!(of_early.record, Some(counter(1, 0)), "what is not is not");
    // As of `late` it would claim the early one, too.
    assert!(of_late.as_of < Version(early) && of_early.as_of < Version(early));
    assert!(store.newest().wait().unwrap() >= Version(late));
    first.run("COMMIT");
    let of_early = find(&*store, Key::Integer(1));
    assert_eq!(of_early.record, Some(counter(1, 1)));
    assert!(of_early.as_of >= Version(late));
}

#[test]
fn a_long_transaction_of_others_holds_no_listener_up_and_no_follower_misses_it() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    let (ear, _listener) = Ear::at(&store);
    let begin = here(&*store);
    let mut long = Session::open(&server, &database);
    long.run("BEGIN; INSERT INTO things VALUES (100, 1)");
    for id in 0..5 {
        outcome(&*store, Action::Insert(counter(id, 1)));
        server.sql(&database, &format!("INSERT INTO things VALUES ({}, 1)", 10 + id));
        store.catch_up().wait().unwrap();
        assert!(ear.has(&Key::Integer(id)) && ear.has(&Key::Integer(10 + id)));
    }
    assert!(!ear.has(&Key::Integer(100)));
    // Followers wait, because what is not committed yet comes before.
    assert!(changes(&*store, begin).items.is_empty());
    let mut news = store.news();
    news.mark_unchanged();
    long.run("COMMIT");
    eventually(|| changes(&*store, begin).items.len() == 11);
    eventually(|| news.has_changed().unwrap());
    let told = changes(&*store, begin);
    assert!(!told.has_gap && told.items.is_sorted_by(|one, next| one.position < next.position));
    assert_eq!(told.items[0].key, Key::Integer(100), "the oldest transaction comes first");
    store.catch_up().wait().unwrap();
    assert!(ear.has(&Key::Integer(100)));
    assert!(!ear.told()[1..].contains(&Told::LostTrack));
}

#[test]
fn followers_hear_when_a_stranger_ends() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    let begin = here(&*store);
    let mut stranger = Session::open(&server, "postgres");
    stranger.run("BEGIN; SELECT pg_current_xact_id()");
    outcome(&*store, Action::Insert(counter(1, 1)));
    store.catch_up().wait().unwrap();
    assert!(changes(&*store, begin).items.is_empty());
    let mut news = store.news();
    news.mark_unchanged();
    stranger.run("ROLLBACK");
    // Nothing is written any more, and still whoever follows is woken.
    eventually(|| news.has_changed().unwrap());
    eventually(|| changes(&*store, begin).items.len() == 1);
}
