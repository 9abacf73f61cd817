//! Tables that were there before.

use super::support::*;
use crate::postgres_server::Postgres;
use headwater::resource::*;

/// The table of the original `cached-users`.
const USERS: &str =
    "CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR(100) UNIQUE, info TEXT NOT NULL)";

fn users() -> Schema {
    let fields = vec![required("name", FieldKind::Text), required("info", FieldKind::Text)];
    Schema { name: "users".into(), fields, key: 0, key_is_generated: false }
}

fn user(name: &str, info: &str) -> Record {
    Record::new(vec![Value::text(name), Value::text(info)])
}

fn names(records: &[Record]) -> Vec<String> {
    let name = |record: &Record| record.key(&users()).unwrap().to_string();
    records.iter().map(name).collect()
}

#[test]
fn the_originals_table_is_used_as_it_is() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, USERS);
    server.sql(
        &database,
        "INSERT INTO users (name, info) VALUES ('zoe', 'first'), ('Bob', 'second')",
    );
    let before = server.sql(
        &database,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0",
    );
    let store = opened(&server.url(&database), &users());
    assert_eq!(names(&all(&*store)), ["zoe", "Bob"]);
    assert_eq!(
        outcome(&*store, Action::Insert(user("alice", "x"))),
        Outcome::Created(user("alice", "x"))
    );
    outcome(&*store, Action::Put(user("zoe", "later")));
    let exists = Outcome::Exists(user("Bob", "second"));
    assert_eq!(outcome(&*store, Action::Insert(user("Bob", "other"))), exists);
    assert_eq!(names(&all(&*store)), ["zoe", "Bob", "alice"], "in the order of the primary key");
    let sorted = list(&*store, vec![], Order::Fields(vec![]));
    assert_eq!(names(&sorted), ["Bob", "alice", "zoe"], "by bytes, whatever the database does");
    let paged = ListQuery { limit: 1, ..query(vec![], Order::Fields(vec![down(0)])) };
    assert_eq!(names(&crate::stores::paging::walk(&*store, paged)), ["zoe", "alice", "Bob"]);
    // A row without a key is none of ours.
    server.sql(&database, "INSERT INTO users (info) VALUES ('nobody')");
    assert_eq!(store.count(vec![]).wait().unwrap(), 3);
    assert_eq!(all(&*store).len(), 3);
    let after = server.sql(
        &database,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0",
    );
    assert_eq!(before, after, "nothing was altered");
    drop(store);
    assert_eq!(all(&*opened(&server.url(&database), &users())).len(), 3);
}

#[test]
fn what_a_column_cannot_keep_is_refused_and_the_neighbours_are_not() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, USERS);
    server.sql(
        &database,
        "ALTER TABLE users ADD CHECK (info <> 'bad'); CREATE UNIQUE INDEX one_vip ON users (info) WHERE info LIKE 'vip%'",
    );
    let store = opened(&server.url(&database), &users());
    let long = "ü".repeat(101);
    let writes: Vec<_> = [
        user("a", "x"),
        user(&long, "x"),
        user("b", "bad"),
        user("c", "vip"),
        user("d", "vip"),
        user("e\0", "x"),
        user("f", "x"),
    ]
    .into_iter()
    .map(|record| store.write(vec![Action::Insert(record).into()], Atomicity::Each))
    .collect();
    let mut outcomes: Vec<Outcome> =
        writes.into_iter().map(|pending| pending.wait().unwrap().remove(0).outcome).collect();
    let refused: Vec<Outcome> = [5, 4, 2, 1].map(|place| outcomes.remove(place)).into();
    assert!(outcomes.iter().all(Outcome::is_success), "{outcomes:?}");
    let kinds: Vec<FaultKind> = refused
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Invalid(faults) => faults[0].kind.clone(),
            became => panic!("{became:?}"),
        })
        .collect();
    assert_eq!(kinds[0], FaultKind::Nul);
    assert!(matches!(kinds[1], FaultKind::Malformed(_)));
    assert!(matches!(kinds[2], FaultKind::Malformed(_)));
    assert_eq!(kinds[3], FaultKind::TooLong { maximum: 100 });
    let exact = "ü".repeat(100);
    assert!(outcome(&*store, Action::Insert(user(&exact, "x"))).is_success());
    assert_eq!(find(&*store, Key::Text("a\0".into())).record, None);
    let group = vec![Action::Put(user("g", "x")).into(), Action::Put(user("h", "bad")).into()];
    let became = super::support::group(&*store, group, Atomicity::All);
    assert!(matches!(&became[..], [Outcome::NotDone, Outcome::Invalid(_)]), "{became:?}");
    assert_eq!(names(&all(&*store)), ["a", "c", "f", &exact]);
    // A text with a NUL lies between others without being one.
    let than = |comparison: Comparison| {
        names(&list(&*store, vec![condition(0, comparison)], Order::Insertion))
    };
    assert_eq!(than(Comparison::Less(Value::text("c\0"))), ["a", "c"]);
    assert_eq!(than(Comparison::GreaterOrEqual(Value::text("c\0"))), ["f", &exact]);
    assert!(than(Comparison::Equal(Value::text("c\0"))).is_empty());
}

#[test]
fn columns_of_other_widths_are_used() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(
        &database,
        "CREATE TABLE things (id int PRIMARY KEY, name varchar NOT NULL, age smallint, score numeric, \
         active bool, born timestamptz(3), owner uuid, data jsonb, colour text, code varchar(5) UNIQUE, \
         extra int NOT NULL DEFAULT 7, total int GENERATED ALWAYS AS (age * 2) STORED)",
    );
    let store = opened(&server.url(&database), &things());
    let record = thing(1, "n")
        .with(AGE, Value::Integer(300))
        .with(SCORE, Value::Float(0.5))
        .with(BORN, Value::Time(1_700_000_000_123_456))
        .with(DATA, Value::Json(r#"{"b":1,"a":[1,2]}"#.into()))
        .with(CODE, Value::text("c"));
    // What is stored is what is told.
    let kept = record
        .with(BORN, Value::Time(1_700_000_000_123_000))
        .with(DATA, Value::Json(r#"{"a":[1,2],"b":1}"#.into()));
    let begin = here(&*store);
    assert_eq!(outcome(&*store, Action::Insert(record)), Outcome::Created(kept.clone()));
    assert_eq!(get(&*store, 1), Some(kept.clone()));
    eventually(|| changes(&*store, begin).items.len() == 1);
    assert_eq!(changes(&*store, begin).items[0].record, Some(kept.clone()));
    let fits = [
        condition(SCORE, Comparison::Equal(Value::Float(0.5))),
        condition(AGE, Comparison::GreaterOrEqual(Value::Integer(300))),
        condition(CODE, Comparison::Less(Value::text("d"))),
    ];
    assert_eq!(
        list(&*store, fits.into(), Order::Fields(vec![by(SCORE)])),
        std::slice::from_ref(&kept)
    );
    for (field, value) in [(AGE, Value::Integer(40_000)), (CODE, Value::text("toolong"))] {
        let patch = Action::Patch(Key::Integer(1), vec![(field, value)]);
        assert!(matches!(outcome(&*store, patch), Outcome::Invalid(_)));
    }
    let beyond = Action::Insert(thing(i64::MAX, "n"));
    assert!(matches!(outcome(&*store, beyond), Outcome::Invalid(_)));
    assert_eq!(find(&*store, Key::Integer(i64::MAX)).record, None);
    assert_eq!(all(&*store), [kept]);
}

#[test]
fn a_table_that_does_not_fit_is_refused_with_every_reason() {
    let server = Postgres::start();
    for (table, told) in [
        ("name text, info text NOT NULL", &["no unique index", "CREATE UNIQUE INDEX"][..]),
        ("name text UNIQUE", &["no column `info`"]),
        ("name text UNIQUE, info int NOT NULL", &["`info` is int4", "text or varchar"]),
        ("name text UNIQUE, info text, age int NOT NULL", &["`age`", "DEFAULT"]),
        ("name text UNIQUE DEFERRABLE, info text", &["NOT DEFERRABLE"]),
        ("name bytea, other text", &["`name` is bytea", "no column `info`"]),
    ] {
        let database = server.new_database();
        server.sql(&database, &format!("CREATE TABLE users ({table})"));
        let fault = try_open(&server.url(&database), &users()).err();
        let reason = fault.unwrap_or_else(|| panic!("{table} is taken")).to_string();
        assert!(told.iter().all(|part| reason.contains(part)), "{reason}");
        assert_eq!(server.sql(&database, "SELECT to_regclass('headwater_changes') IS NULL"), "t");
    }
    let database = server.new_database();
    server.sql(&database, "CREATE VIEW users AS SELECT 'a'::text AS name, 'b'::text AS info");
    let fault = try_open(&server.url(&database), &users()).err().unwrap();
    assert!(fault.to_string().contains("view"), "{fault}");
}

#[test]
fn a_table_with_rows_from_elsewhere_gives_new_keys() {
    let server = Postgres::start();
    let database = server.new_database();
    let schema = Schema { key_is_generated: true, ..counters() };
    server.sql(&database, "CREATE TABLE things (id serial PRIMARY KEY, count int NOT NULL)");
    server.sql(&database, "INSERT INTO things SELECT n, 0 FROM generate_series(1, 50) n");
    let store = opened(&server.url(&database), &schema);
    let fresh = Record::new(vec![Value::Null, Value::Integer(1)]);
    assert_eq!(outcome(&*store, Action::Insert(fresh)), Outcome::Created(counter(51, 1)));
}

#[test]
fn without_the_right_to_make_triggers_the_store_tells_its_own_writes() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, "CREATE TABLE things (id bigint PRIMARY KEY, count bigint NOT NULL)");
    server.sql(
        &database,
        "CREATE ROLE limited LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON things TO limited",
    );
    let url = server.url(&database).replace("postgres@", "limited@");
    let fault = try_open(&url, &counters()).err().unwrap().to_string();
    assert!(fault.contains("GRANT CREATE ON SCHEMA"), "{fault}");
    server.sql(&database, "GRANT CREATE ON SCHEMA public TO limited");
    let stores = [0, 1].map(|_| opened(&url, &counters()));
    let (ear, _listener) = Ear::at(&stores[1]);
    let begin = here(&*stores[1]);
    for action in [
        Action::Insert(counter(1, 1)),
        Action::Put(counter(2, 1)),
        Action::Patch(Key::Integer(1), vec![(1, Value::Integer(2))]),
        Action::Delete(Key::Integer(2)),
    ] {
        assert!(outcome(&*stores[0], action).is_success());
    }
    eventually(|| ear.has(&Key::Integer(1)) && ear.has(&Key::Integer(2)));
    eventually(|| changes(&*stores[1], begin).items.len() == 4);
    let records: Vec<_> =
        changes(&*stores[1], begin).items.into_iter().map(|change| change.record).collect();
    let expected = [Some(counter(1, 1)), Some(counter(2, 1)), Some(counter(1, 2)), None];
    assert_eq!(records, expected);
}
