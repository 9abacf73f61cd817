//! Files: what is in force on them, and those that cannot be used.

use super::*;
use crate::resource::Health;
use crate::stores::sqlite::connection::{Location, is_durable};
use std::os::unix::fs::FileExt as _;

#[track_caller]
fn refused(result: Result<SqliteStore, Fault>, words: &[&str]) {
    let fault = result.err().unwrap();
    for word in words {
        assert!(fault.reason().contains(word), "`{word}` is not in: {fault}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests damage files")]
fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn every_connection_syncs_each_commit() {
    let file = File::new();
    let _store = file.open(&users()).unwrap();
    let connection = Location::File(file.path()).connect().unwrap();
    assert!(is_durable(&connection).unwrap());
    connection.pragma_update(None, "synchronous", "normal").unwrap();
    assert!(!is_durable(&connection).unwrap());
    let cache: i64 = connection.pragma_query_value(None, "cache_size", |row| row.get(0)).unwrap();
    assert_eq!(cache, -2048, "the memory of a connection has a bound");
}

#[test]
fn many_that_start_on_a_new_file_all_come_up() {
    for _ in 0..5 {
        let file = File::new();
        let stores: Vec<SqliteStore> = std::thread::scope(|threads| {
            let opening: Vec<_> =
                (0..6).map(|_| threads.spawn(|| file.open(&users()).unwrap())).collect();
            opening.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (id, store) in (0..).zip(&stores) {
            assert!(insert(store, user(id, "n")).is_success());
        }
        assert_eq!(stores[0].count(vec![]).wait().unwrap(), 6);
        let identity = stores[0].identity();
        assert!(stores.iter().all(|store| store.identity() == identity));
    }
}

#[test]
fn resources_share_a_file() {
    let file = File::new();
    let users_store = file.open(&users()).unwrap();
    let orders = Schema { name: "orders".into(), ..users() };
    let orders_store = file.open(&orders).unwrap();
    std::thread::scope(|threads| {
        for store in [&users_store, &orders_store] {
            threads.spawn(move || {
                for id in 0..50 {
                    assert!(insert(store, user(id, "n")).is_success());
                }
            });
        }
    });
    assert_eq!(users_store.count(vec![]).wait().unwrap(), 50);
    assert_eq!(orders_store.count(vec![]).wait().unwrap(), 50);
}

#[test]
fn a_new_directory_is_made_and_a_path_that_cannot_be_is_a_fault() {
    let file = File::new();
    let path = file.0.path().join("a/b/users.db");
    assert!(insert(&open(&users(), &path).unwrap(), user(1, "n")).is_success());
    put(&file.0.path().join("file"), b"x");
    assert!(open(&users(), &file.0.path().join("file/users.db")).is_err());
    let directory = file.0.path().join("a");
    refused(open(&users(), &directory), &["unable to open", "directory"]);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let file = File::new();
    let text = b"this is a letter and not a database at all; ".repeat(50);
    put(&file.path(), &text);
    refused(file.open(&users()), &["users.db", "not a database", "another file"]);
    assert_eq!(std::fs::read(file.path()).unwrap(), text);
}

#[test]
fn a_damaged_file_is_an_error_and_not_an_empty_one() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    for id in 0..2_000 {
        store.write(vec![Action::Insert(user(id, "some name")).into()], Atomicity::Each);
    }
    assert_eq!(store.catch_up().wait(), Ok(()));
    drop(store);
    let raw = std::fs::OpenOptions::new().write(true).open(file.path()).unwrap();
    let pages = raw.metadata().unwrap().len() / 4096;
    assert!(pages > 20);
    for page in 8..pages {
        raw.write_all_at(&[0xA5; 4096], page * 4096).unwrap();
    }
    refused(file.open(&users()), &["users.db", "malformed", "keep a copy"]);
}

#[test]
fn a_file_that_is_removed_takes_no_writes() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "one"));
    let aside = file.0.path().join("aside");
    #[expect(clippy::disallowed_methods, reason = "as somebody does by mistake")]
    let rename = |from: &Path, to: &Path| std::fs::rename(from, to).unwrap();
    rename(&file.path(), &aside);
    assert!(store.catch_up().wait().is_err());
    let writes = vec![Action::Insert(user(2, "two")).into()];
    let error = store.write(writes, Atomicity::Each).wait().unwrap_err();
    assert!(error.detail.contains("removed"), "{error}");
    assert!(matches!(store.health(), Health::Down(_)));
    rename(&aside, &file.path());
    assert_eq!(store.catch_up().wait(), Ok(()));
    assert!(insert(&store, user(2, "two")).is_success());
    until(&store, || store.health() == Health::Ready);
}

#[test]
fn closing_does_what_waits() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    let waiting: Vec<_> = (0..500)
        .map(|id| store.write(vec![Action::Insert(user(id, "n")).into()], Atomicity::Each))
        .collect();
    drop(store);
    assert!(waiting.into_iter().all(|pending| pending.wait().is_ok()));
    assert_eq!(file.open(&users()).unwrap().count(vec![]).wait().unwrap(), 500);
}
