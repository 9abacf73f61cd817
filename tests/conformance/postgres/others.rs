//! Others who write to the same table.

use super::support::*;
use crate::postgres_server::Postgres;
use headwater::resource::*;

#[test]
fn what_psql_writes_is_told() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &things());
    let (ear, _listener) = Ear::at(&store);
    let begin = here(&*store);
    let heard = |id: i64| eventually(|| ear.has(&Key::Integer(id)));
    server.sql(
        &database,
        "INSERT INTO things (id, name, born, score, data, owner, active) VALUES \
         (1, 'é', '2023-11-14 22:13:20.000001+02', 0.1, ' { \"b\": [1.50] } ', \
          '00000000-0000-0000-0000-000000000007', true), \
         (2, '\"x\\y\"', '0001-01-01 00:00:00+00', 'NaN', NULL, NULL, NULL), \
         (3, 'c', 'infinity', '-infinity', NULL, NULL, NULL)",
    );
    heard(1);
    server.sql(&database, "UPDATE things SET age = 5 WHERE id IN (1, 2)");
    server.sql(&database, "UPDATE things SET id = 30 WHERE id = 3");
    heard(30);
    server.sql(&database, "DELETE FROM things WHERE id = 2");
    server.sql(&database, "COPY things (id, name) FROM PROGRAM 'printf \"50\\tcopied\\n\"'");
    heard(50);
    let first = thing(1, "é")
        .with(BORN, Value::Time(1_699_992_800_000_001))
        .with(SCORE, Value::Float(0.1))
        .with(DATA, Value::Json(r#"{"b":[1.50]}"#.into()))
        .with(OWNER, Value::Uuid(7))
        .with(ACTIVE, Value::Boolean(true));
    let second = thing(2, "\"x\\y\"").with(BORN, Value::Time(-62_135_596_800_000_000));
    let third = thing(3, "c");
    let aged = |record: &Record| record.with(AGE, Value::Integer(5));
    let moved = third.with(0, Value::Integer(30));
    let told: Vec<_> = {
        eventually(|| changes(&*store, begin).items.len() == 9);
        let items = changes(&*store, begin).items.into_iter();
        items.map(|change| (change.key, change.kind, change.record)).collect()
    };
    let key = Key::Integer;
    let expected = [
        (key(1), ChangeKind::Created, Some(first.clone())),
        (key(2), ChangeKind::Created, Some(second.clone())),
        (key(3), ChangeKind::Created, Some(third)),
        (key(1), ChangeKind::Updated, Some(aged(&first))),
        (key(2), ChangeKind::Updated, Some(aged(&second))),
        (key(3), ChangeKind::Deleted, None),
        (key(30), ChangeKind::Updated, Some(moved.clone())),
        (key(2), ChangeKind::Deleted, None),
        (key(50), ChangeKind::Created, Some(thing(50, "copied"))),
    ];
    assert_eq!(told, expected);
    // What is read is what was told.
    assert_eq!(get(&*store, 1), Some(aged(&first)));
    assert_eq!(get(&*store, 30), Some(moved));
    assert_eq!(ids(&all(&*store)), [1, 30, 50]);
}

#[test]
fn a_table_that_is_emptied_at_once_is_told() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    insert_all(&*store, &[counter(1, 1), counter(2, 1)]);
    let begin = here(&*store);
    let (ear, _listener) = Ear::at(&store);
    server.sql(&database, "TRUNCATE things");
    eventually(|| ear.has_lost_track());
    eventually(|| changes(&*store, begin).has_gap);
    let after = changes(&*store, begin).upto;
    insert_all(&*store, &[counter(3, 1)]);
    eventually(|| changes(&*store, after).items.len() == 1);
    assert!(!changes(&*store, after).has_gap);
}

#[test]
fn more_than_anybody_can_be_told_is_told_as_everything() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    let (ear, _listener) = Ear::at(&store);
    server.sql(&database, "INSERT INTO things SELECT n, 1 FROM generate_series(1, 30000) n");
    eventually(|| ear.has_lost_track());
    ear.forget();
    server.sql(&database, "UPDATE things SET count = 2 WHERE id = 7");
    eventually(|| ear.has(&Key::Integer(7)));
    assert!(!ear.has_lost_track());
    // The table has grown far beyond what it was when the statements were prepared.
    assert_eq!(get(&*store, 29_999), Some(counter(29_999, 1)));
}

#[test]
fn others_may_write_without_any_right_to_our_tables() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    let (ear, _listener) = Ear::at(&store);
    server.sql(
        &database,
        "CREATE ROLE guest; GRANT SELECT, INSERT, UPDATE ON things TO guest; CREATE SCHEMA other; \
         GRANT USAGE ON SCHEMA other TO guest",
    );
    let write = "SET ROLE guest; SET search_path = other; \
        INSERT INTO public.things VALUES (1, 1); UPDATE public.things SET count = 2";
    server.sql(&database, write);
    eventually(|| ear.has(&Key::Integer(1)));
    assert_eq!(get(&*store, 1), Some(counter(1, 2)));
}

#[test]
fn a_table_that_goes_away_is_an_error_until_it_is_back() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    insert_all(&*store, &[counter(1, 1)]);
    server.sql(&database, "ALTER TABLE things RENAME COLUMN count TO amount");
    let error = store.get(Key::Integer(1)).wait().unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    let names_it = |health: Health| match health {
        Health::Ready => false,
        Health::Down(reason) => reason.contains("`count`") && reason.contains("rename it back"),
    };
    eventually(|| names_it(store.health()));
    let error = store.get(Key::Integer(1)).wait().unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    server.sql(&database, "ALTER TABLE things RENAME COLUMN amount TO count");
    let is_back = || {
        let found = store.get(Key::Integer(1)).wait();
        found.is_ok_and(|found| found.record == Some(counter(1, 1)))
    };
    eventually(is_back);
    eventually(|| store.health() == Health::Ready);
    // Another type of the same column is noticed, too.
    server.sql(&database, "ALTER TABLE things ALTER COLUMN count TYPE text");
    eventually(|| store.get(Key::Integer(1)).wait().is_err());
    server.sql(&database, "ALTER TABLE things ALTER COLUMN count TYPE int USING count::int");
    eventually(is_back);
}

#[test]
fn a_database_that_takes_no_writes_says_so() {
    let server = Postgres::start();
    let database = server.new_database();
    drop(opened(&server.url(&database), &counters()));
    server.sql(
        &database,
        &format!("ALTER DATABASE {database} SET default_transaction_read_only = on"),
    );
    let store = try_open(&server.url(&database), &counters());
    // It cannot be prepared, which is told without an end of the process where it may change by itself.
    if let Ok(store) = store {
        let error = store.write(vec![Action::Put(counter(1, 1)).into()], Atomicity::Each).wait();
        assert_eq!(error.unwrap_err().kind, StoreErrorKind::ReadOnly);
    }
}

#[test]
fn idempotency_keys_beyond_what_is_kept_are_forgotten_the_oldest_first() {
    let server = Postgres::start();
    let database = server.new_database();
    let store = opened(&server.url(&database), &counters());
    server.sql(
        &database,
        "INSERT INTO headwater_attempts (resource, key, fingerprint, kind, at) \
         SELECT 'things', 'key ' || n, '', 'deleted', now() - interval '1 hour' + n * interval '1 ms' \
         FROM generate_series(1, 1000500) n",
    );
    // So many changes call for a look at what is kept.
    insert_all(&*store, &(0..3000).map(|id| counter(id, 0)).collect::<Vec<_>>());
    let left = || {
        server.sql(&database, "SELECT count(*), min(substr(key, 5)::int) FROM headwater_attempts")
    };
    eventually(|| left() == "1000000|501");
}
