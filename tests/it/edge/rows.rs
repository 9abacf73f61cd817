//! PostgreSQL as source and sink: every row once, whoever is killed.

use crate::crash::Kills;
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::support::{Harness, count_lines, eventually, read_lines, sequence};
use headwater::testing::random::Random;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

fn filling(url: &str, more: &str) -> String {
    format!(
        "stack: edge
services:
  fill:
    source: {{ file: {{ path: in.ndjson, follow: true }} }}
    sink: {{ postgres: {{ url: \"{url}\", table: readings, {more} }} }}
"
    )
}

fn following(url: &str, more: &str) -> String {
    format!(
        "stack: edge
services:
  follow:
    source: {{ postgres: {{ url: \"{url}\", table: readings, key: id, {more} }} }}
    sink: {{ append_file: out.ndjson }}
"
    )
}

fn append(harness: &Harness, from: u64, count: u64) {
    let mut text = String::new();
    for id in from..from + count {
        writeln!(text, "{{\"id\":{id},\"value\":{}.25}}", id % 100).unwrap();
    }
    let path = harness.path("in.ndjson");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Without a key, so that a row that is stored twice is seen twice.
const PLAIN: &str = "CREATE TABLE readings (id bigint NOT NULL, value numeric(10,2), \
    made timestamptz NOT NULL DEFAULT now())";

fn count(server: &Postgres, database: &str) -> u64 {
    server.sql(database, "SELECT count(*) FROM readings").parse().unwrap()
}

#[track_caller]
fn each_row_stands_once(server: &Postgres, database: &str, rows: u64) {
    let sql = "SELECT id || ' ' || value FROM readings ORDER BY id";
    let found: Vec<String> = server.sql(database, sql).lines().map(str::to_owned).collect();
    let expected = (0..rows).map(|id| format!("{id} {}.25", id % 100));
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(*found, expected);
    }
    assert_eq!(found.len() as u64, rows);
}

#[test]
fn every_record_is_one_row_although_the_worker_is_killed() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, PLAIN);
    let harness = Harness::new(&filling(&server.url(&database), ""));
    assert_eq!(harness.guarantee("fill"), "exactly-once");
    let mut rows = 0;
    let more = |_: &mut Random| {
        append(&harness, rows, 3000);
        rows += 3000;
    };
    Kills::of("file -> postgres").run(&harness, more, |_| {}, || count(&server, &database));
    let mut process = harness.start();
    eventually("every row", || count(&server, &database) >= rows);
    process.stop();
    each_row_stands_once(&server, &database, rows);
}

#[test]
fn every_record_is_one_row_although_the_server_is_killed_and_the_network_breaks() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, PLAIN);
    let proxy = Proxy::to(&format!("127.0.0.1:{}", server.port()));
    let url = format!("postgres://postgres@{}/{database}", proxy.address());
    let harness = Harness::new(&filling(&url, "timeout: 5s"));
    let mut process = harness.start();
    let mut random = Random::new(17);
    let mut rows = 0;
    for mishap in [0, 1, 2, 3, 0, 1, 2, 0, 3, 1, 2, 0] {
        append(&harness, rows, 2000);
        rows += 2000;
        std::thread::sleep(Duration::from_millis(random.below(200)));
        match mishap {
            0 => proxy.halve_next_answer(),
            1 => proxy.drop_connections(),
            2 => {
                proxy.hold();
                std::thread::sleep(Duration::from_millis(random.below(150)));
                proxy.drop_connections();
                proxy.release();
            }
            _ => {
                server.kill();
                server.resume();
            }
        }
    }
    eventually("every row", || count(&server, &database) >= rows);
    process.stop();
    each_row_stands_once(&server, &database, rows);
}

#[test]
fn rows_that_can_never_be_stored_become_dead_letters_and_the_rest_is_stored() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(
        &database,
        "CREATE TABLE readings (id bigint PRIMARY KEY, value numeric CHECK (value >= 0), \
         name varchar(5), made timestamptz NOT NULL DEFAULT now())",
    );
    server.sql(&database, "INSERT INTO readings VALUES (3, 0, 'there')");
    let harness = Harness::new(&filling(&server.url(&database), ""));
    let lines = [
        "{\"id\":1,\"value\":1}",
        "{\"id\":\"one\",\"value\":1}",
        "{\"id\":2,\"value\":-1}",
        "{\"id\":3,\"value\":3}",
        "{\"id\":4,\"value\":4,\"name\":\"too long\"}",
        "{\"id\":5,\"colour\":\"red\"}",
        "{\"value\":6}",
        "{\"id\":7,\"value\":7,\"name\":\"seven\"}",
        "{\"id\":8",
        "{\"id\":9,\"value\":9.5}",
    ];
    std::fs::write(harness.path("in.ndjson"), lines.join("\n") + "\n").unwrap();
    let _process = harness.start();
    eventually("the good ones", || count(&server, &database) == 4);
    let sql = "SELECT id, value, name FROM readings ORDER BY id";
    assert_eq!(server.sql(&database, sql), "1|1|\n3|0|there\n7|7|seven\n9|9.5|");
    let path = harness.path("headwater-data/edge/fill/dead-letters.ndjson");
    eventually("the bad ones", || path.exists() && read_lines(&path).len() == 7);
    let letters = read_lines(&path).join("\n");
    for reason in [
        "invalid input syntax for type bigint",
        "violates check constraint",
        "duplicate key value",
        "value too long for type character varying(5)",
        "has no column `colour`",
        "violates not-null constraint",
        "the record is no JSON object",
    ] {
        assert!(letters.contains(reason), "{reason}: {letters}");
    }
}

#[test]
fn a_column_that_is_added_or_widened_is_found_without_a_restart() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, "CREATE TABLE readings (id bigint, name int)");
    let harness = Harness::new(&filling(&server.url(&database), ""));
    let input = harness.path("in.ndjson");
    let letters = harness.path("headwater-data/edge/fill/dead-letters.ndjson");
    let give = |line: &str| {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&input).unwrap();
        writeln!(file, "{line}").unwrap();
    };
    give("{\"id\":1,\"value\":1}");
    let _process = harness.start();
    eventually("there is no such column", || letters.exists() && read_lines(&letters).len() == 1);
    server.sql(&database, "ALTER TABLE readings ADD value numeric");
    give("{\"id\":2,\"value\":2}");
    eventually("there is one now", || count(&server, &database) == 1);
    give("{\"id\":3,\"name\":\"three\"}");
    eventually("it holds no text", || read_lines(&letters).len() == 2);
    server.sql(&database, "ALTER TABLE readings ALTER name TYPE text");
    give("{\"id\":4,\"name\":\"four\"}");
    eventually("it holds text now", || count(&server, &database) == 2);
    let sql = "SELECT id, value, name FROM readings ORDER BY id";
    assert_eq!(server.sql(&database, sql), "2|2|\n4||four");
    assert_eq!(read_lines(&letters).len(), 2);
}

#[test]
fn a_conflict_changes_nothing_or_updates_what_the_record_names() {
    let server = Postgres::start();
    for (conflict, expected) in [("nothing", "1|10|old\n2|2|"), ("update", "1|12|old\n2|2|")] {
        let database = server.new_database();
        server.sql(&database, "CREATE TABLE readings (id int PRIMARY KEY, value int, name text)");
        server.sql(&database, "INSERT INTO readings VALUES (1, 10, 'old')");
        let more = format!("on_conflict: {conflict}");
        let harness = Harness::new(&filling(&server.url(&database), &more));
        let lines = "{\"id\":1,\"value\":11}\n{\"id\":2,\"value\":2}\n{\"id\":1,\"value\":12}\n";
        std::fs::write(harness.path("in.ndjson"), lines).unwrap();
        let mut process = harness.start();
        let sql = "SELECT id, value, name FROM readings ORDER BY id";
        eventually(conflict, || server.sql(&database, sql) == expected);
        process.stop();
    }
}

/// Transactions side by side that take keys, hold them for a while, end in another order, or are rolled back.
fn write_side_by_side(server: &Postgres, database: &str, seed: u64) -> std::thread::JoinHandle<()> {
    let mut random = Random::new(seed);
    let mut script = String::new();
    for round in 0..60 {
        let rows = 1 + random.below(20);
        let pause = random.below(30) as f64 / 1000.0;
        let end = if random.below(5) == 0 { "ROLLBACK" } else { "COMMIT" };
        writeln!(
            script,
            "BEGIN; INSERT INTO readings (value) SELECT {round} FROM generate_series(1, {rows}); \
             SELECT pg_sleep({pause}); INSERT INTO readings (value) VALUES ({seed}); {end};"
        )
        .unwrap();
    }
    let mut psql: Command = server.psql(database);
    std::thread::spawn(move || {
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    })
}

const KEYED: &str =
    "CREATE TABLE readings (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value int)";

#[test]
fn no_row_is_passed_over_although_keys_are_committed_out_of_order_and_the_worker_is_killed() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, KEYED);
    let harness = Harness::new(&following(&server.url(&database), "every: 5ms"));
    assert_eq!(harness.guarantee("follow"), "exactly-once");
    let writers: Vec<_> =
        (1..=5).map(|seed| write_side_by_side(&server, &database, seed)).collect();
    let mut random = Random::new(23);
    let mut process = harness.start();
    while writers.iter().any(|writer| !writer.is_finished()) {
        std::thread::sleep(Duration::from_millis(100 + random.below(400)));
        process.kill();
        process = harness.start();
    }
    for writer in writers {
        writer.join().unwrap();
    }
    let rows = count(&server, &database);
    let out = harness.path("out.ndjson");
    eventually("every row", || count_lines(&out) >= rows);
    process.stop();
    let ids: Vec<u64> = server
        .sql(&database, "SELECT id FROM readings ORDER BY id")
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    assert_eq!(sequence(&read_lines(&out), "id"), ids);
    let last = ids.last().unwrap();
    assert!(*last > rows, "no key was rolled back: {last} keys, {rows} rows");
}

#[test]
fn a_smaller_key_that_is_committed_later_is_waited_for() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, KEYED);
    let harness = Harness::new(&following(&server.url(&database), "every: 5ms"));
    let mut slow =
        server.psql(&database).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut pipe = slow.stdin.take().unwrap();
    writeln!(pipe, "BEGIN; INSERT INTO readings (value) VALUES (1);").unwrap();
    eventually("the slow one has its key", || {
        let sql = "SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock' \
            AND relation = 'readings'::regclass";
        server.sql(&database, sql) == "1"
    });
    server.sql(&database, "INSERT INTO readings (value) VALUES (2)");
    let mut process = harness.start();
    process.says("rows wait for 1 transaction(s)");
    let out = harness.path("out.ndjson");
    assert_eq!(count_lines(&out), 0, "the second row must wait for the first");
    writeln!(pipe, "COMMIT;").unwrap();
    drop(pipe);
    assert!(slow.wait().unwrap().success());
    eventually("both rows", || count_lines(&out) == 2);
    process.stop();
    assert_eq!(read_lines(&out), ["{\"id\":1,\"value\":1}", "{\"id\":2,\"value\":2}"]);
}

#[test]
fn a_notification_wakes_the_source_long_before_its_time() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, KEYED);
    let more = "every: 1h, notify: readings, from: now";
    server.sql(&database, "INSERT INTO readings (value) VALUES (1)");
    let harness = Harness::new(&following(&server.url(&database), more));
    let mut process = harness.start();
    let out = harness.path("out.ndjson");
    eventually("the new row", || {
        server.sql(&database, "INSERT INTO readings (value) VALUES (2); NOTIFY readings");
        count_lines(&out) > 0
    });
    process.stop();
    assert!(read_lines(&out).iter().all(|line| line.contains("\"value\":2")), "from: now");
}

#[test]
fn keys_that_are_given_out_again_are_told() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, "CREATE TABLE readings (id bigserial PRIMARY KEY, value int)");
    server.sql(&database, "INSERT INTO readings (value) VALUES (1), (2)");
    let harness = Harness::new(&following(&server.url(&database), "every: 100ms"));
    let process = harness.start();
    eventually("both are read", || count_lines(&harness.path("out.ndjson")) == 2);
    server.sql(&database, "TRUNCATE readings RESTART IDENTITY");
    server.sql(&database, "INSERT INTO readings (value) VALUES (3)");
    process.says("the newest key is 1, and this flow has read up to 2");
    server.sql(&database, "INSERT INTO readings (value) VALUES (4), (5)");
    eventually("a larger one is read", || count_lines(&harness.path("out.ndjson")) == 3);
}

#[test]
fn a_key_that_does_not_tell_rows_apart_and_a_table_that_is_missing_are_told() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, "CREATE TABLE readings (id bigint, value int)");
    let harness = Harness::new(&following(&server.url(&database), ""));
    let process = harness.start();
    process.says("must be NOT NULL and have a unique index of its own");
    let database = server.new_database();
    let harness = Harness::new(&filling(&server.url(&database), ""));
    append(&harness, 0, 1);
    let process = harness.start();
    process.says("there is no table `readings`: create it");
    server.sql(&database, PLAIN);
    eventually("the row", || count(&server, &database) == 1);
}
