//! The `postgres` sink, whose connections end at the worst moments.

use super::reaches;
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::support::{Harness, eventually};

/// When the next batch of a group begins, the answer to the one before is there, and so is the end of its connection.
#[test]
fn a_connection_that_ends_between_two_batches_of_a_group_loses_neither() {
    let server = Postgres::start();
    let database = server.new_database();
    server.sql(&database, "CREATE TABLE readings (id bigint NOT NULL)");
    let proxy = Proxy::to(&format!("127.0.0.1:{}", server.port()));
    let records = 150_000;
    let harness = Harness::new(&format!(
        "stack: cuts
services:
  fill:
    source: {{ generate: {{ limit: {records}, record: {{ id: sequence }} }} }}
    sink: {{ postgres: {{ url: \"postgres://postgres@{}/{database}\", table: readings }} }}
",
        proxy.address()
    ));
    let process = harness.start();
    let count = || server.sql(&database, "SELECT count(*) FROM readings").parse().unwrap();
    for part in 0..8 {
        reaches(&process, part * records / 16, &count);
        proxy.catch(b"RELEASE\0");
        eventually("a batch is stored", || proxy.has_caught());
        process.signal("STOP");
        proxy.end_with_caught();
        process.signal("CONT");
    }
    reaches(&process, records, &count);
    let sql = "SELECT count(*), count(DISTINCT id), min(id), max(id) FROM readings";
    assert_eq!(server.sql(&database, sql), format!("{records}|{records}|1|{records}"));
}
