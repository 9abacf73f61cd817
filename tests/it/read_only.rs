//! A database on a file system that takes no writes: told with the remedy, and nothing is changed or lost.

use crate::support::{Connection, Harness, Namespace, PATIENCE, Process, get};

const STACK: &str = "stack: s
resources:
  users:
    fields: { name: text }
    store: sqlite:files/users.db
services:
  api:
    listen: 0
    routes: { /users/: { resource: users } }
";

#[test]
fn a_database_that_cannot_be_written_is_told_with_the_remedy() {
    is_told(Process::stop);
}

/// SQLite gives another error where its log lies beside the file.
#[test]
fn a_database_that_was_left_in_a_hurry_and_cannot_be_written_is_told_with_the_remedy() {
    is_told(Process::kill);
}

fn is_told(end: impl Fn(&mut Process)) {
    let mut harness = Harness::new(STACK);
    let mut process = harness.start();
    let address = process.address("api");
    let json = "content-type: application/json\r\n";
    let post = |address: &str, body: &str| {
        Connection::open(address).unwrap().exchange_with("POST", "/users/", json, body).unwrap()
    };
    assert_eq!(post(&address, "{\"name\":\"a\"}").status, 201);
    end(&mut process);
    let place = harness.path("files");
    let files = place.display();
    let script = format!("mount --bind '{files}' '{files}' && mount -o remount,bind,ro '{files}'");
    let namespace = Namespace::with(&script);
    harness.enter(&namespace);
    let mut process = harness.start();
    let (status, _) = process.wait(PATIENCE);
    let told = process.err.to_end(PATIENCE);
    assert!(!status.success(), "{told}");
    for words in ["users.db", "read and write in "] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    drop(namespace);
    let harness = harness.outside();
    let mut process = harness.start();
    let address = process.address("api");
    let list = get(&address).unwrap().json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    process.stop();
}
