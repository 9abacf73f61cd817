//! Other processes on the same file: what they evict, how long they hold it, what they leave behind.

use super::*;
use crate::core::wait::Wait;
use crate::resource::{Change, ChangeKind, Cursor, ListQuery, Order, Sort};
use crate::stores::limits;
use crate::stores::sqlite::error::fault;

fn unique_names() -> Schema {
    let mut name = field("name", FieldKind::Text);
    name.is_unique = true;
    schema(vec![field("id", FieldKind::Integer), name])
}

/// Kind and key of what a statement of the shell did, in the order of the keys.
fn done(store: &dyn Store, shell: &Connection, sql: &str) -> Vec<(i64, ChangeKind)> {
    let begin = store.changes(None, 1).wait().unwrap().upto;
    shell.execute_batch(sql).unwrap();
    let of = |change: Change| match change.key {
        Key::Integer(id) => (id, change.kind),
        other => panic!("{other:?}"),
    };
    let items = store.changes(Some(begin), 1000).wait().unwrap().items;
    let mut found: Vec<(i64, ChangeKind)> = items.into_iter().map(of).collect();
    found.sort_by_key(|(id, _)| *id);
    found
}

#[test]
fn what_a_shell_evicts_is_noted() {
    use ChangeKind::{Created, Deleted, Updated};
    let file = File::new();
    let store = file.open(&unique_names()).unwrap();
    for (id, name) in [(1, "a"), (2, "b"), (3, "c")] {
        insert(&store, user(id, name));
    }
    let shell = file.shell();
    for (sql, expected) in [
        (
            "INSERT OR REPLACE INTO users (id, name) VALUES (4, 'a')",
            &[(1, Deleted), (4, Created)][..],
        ),
        ("UPDATE OR REPLACE users SET name = 'b' WHERE id = 4", &[(2, Deleted), (4, Updated)]),
        ("INSERT OR IGNORE INTO users (id, name) VALUES (5, 'b')", &[]),
        (
            "INSERT INTO users (id, name) VALUES (6, 'b') ON CONFLICT (name) DO UPDATE SET name = 'd'",
            &[(4, Updated)],
        ),
        ("INSERT INTO users (id, name) VALUES (7, 'e')", &[(7, Created)]),
        ("UPDATE users SET name = 'f' WHERE id = 7", &[(7, Updated)]),
        // What an ignored write might have evicted goes another way, and once.
        (
            "INSERT OR IGNORE INTO users (id, name) VALUES (8, 'f'); DELETE FROM users WHERE id = 7;
             INSERT INTO users (id, name) VALUES (8, 'f')",
            &[(7, Deleted), (8, Created)],
        ),
        (
            "INSERT OR IGNORE INTO users (id, name) VALUES (9, 'f'); UPDATE users SET id = 7 WHERE id = 8;
             INSERT INTO users (id, name) VALUES (9, 'g')",
            &[(7, Created), (8, Deleted), (9, Created)],
        ),
        (
            "PRAGMA recursive_triggers = on; INSERT OR REPLACE INTO users (id, name) VALUES (10, 'g');
             PRAGMA recursive_triggers = off",
            &[(9, Deleted), (10, Created)],
        ),
    ] {
        assert_eq!(done(&store, &shell, sql), expected, "{sql}");
    }
    assert_eq!(insert(&store, user(1, "c")), Outcome::Taken { field: 1 });
    // The triggers go with the unique field.
    drop(store);
    let store = file.open(&users()).unwrap();
    let sql = "INSERT INTO users (id, name) VALUES (11, 'f')";
    assert_eq!(done(&store, &shell, sql), [(11, Created)]);
}

#[test]
fn a_neighbour_that_holds_the_file_for_more_than_a_second_is_waited_for() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    let shell = file.shell();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let pending = store.write(vec![Action::Insert(user(1, "one")).into()], Atomicity::Each);
    Wait::new().sleep(Duration::from_millis(1_300));
    shell.execute_batch("COMMIT").unwrap();
    assert!(pending.wait().unwrap()[0].outcome.is_success());
}

#[test]
fn a_log_that_only_a_shell_fills_is_shortened() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "one"));
    let begin = store.changes(None, 1).wait().unwrap().upto;
    let shell = file.shell();
    shell
        .execute_batch(&format!(
            "WITH RECURSIVE many(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM many WHERE n < {})
             INSERT INTO users (id, name) SELECT n, 'n' FROM many",
            limits::CHANGES_KEPT + 12_000
        ))
        .unwrap();
    let kept = || -> i64 {
        let sql = "SELECT max(position) - min(position) FROM headwater_changes_users";
        shell.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    // In more than one go.
    until(&store, || kept() < limits::CHANGES_KEPT as i64);
    assert_eq!(kept(), limits::CHANGES_KEPT as i64 - 1);
    assert!(store.changes(Some(begin), 1).wait().unwrap().has_gap);
}

#[test]
fn what_a_disk_fails_in_while_opening_is_tried_again() {
    let of = |code| {
        fault("users.db", &rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
    };
    for code in [
        rusqlite::ffi::SQLITE_IOERR,
        rusqlite::ffi::SQLITE_IOERR_READ,
        rusqlite::ffi::SQLITE_FULL,
        rusqlite::ffi::SQLITE_BUSY,
        rusqlite::ffi::SQLITE_PROTOCOL,
    ] {
        assert!(matches!(of(code), Fault::Retry { .. }), "{code}: {:?}", of(code));
    }
    for code in [
        rusqlite::ffi::SQLITE_CANTOPEN,
        rusqlite::ffi::SQLITE_READONLY,
        rusqlite::ffi::SQLITE_CORRUPT,
        rusqlite::ffi::SQLITE_NOTADB,
    ] {
        assert!(matches!(of(code), Fault::Stop { .. }), "{code}: {:?}", of(code));
    }
}

#[test]
fn pages_by_a_json_field_go_on() {
    let file = File::new();
    let store = file
        .open(&schema(vec![field("id", FieldKind::Integer), field("data", FieldKind::Json)]))
        .unwrap();
    for id in 1..=7 {
        let data = if id == 3 { Value::Null } else { Value::Json(format!("[{}]", id % 3).into()) };
        insert(&store, Record::new(vec![Value::Integer(id), data]));
    }
    for is_descending in [false, true] {
        let order = Order::Fields(vec![Sort { field: 1, is_descending }]);
        let page = |after: Option<Cursor>, limit| {
            let query = ListQuery { conditions: vec![], order: order.clone(), after, limit };
            store.list(query).wait().unwrap()
        };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = page(after, 2);
            found.extend(page.records);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, page(None, 100).records);
        assert_eq!(found.len(), 7);
    }
}
