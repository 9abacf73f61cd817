//! `headwater move` is killed again and again while the source is written to, and gone on with each time: in the end
//! the target holds what the source holds, no record less and none more.

use super::Kills;
use crate::postgres::Postgres;
use crate::support::{Harness, PATIENCE, Process};
use headwater::catalog::Catalog;
use headwater::resource::{
    Action, Atomicity, Key, ListQuery, Order, Outcome, Record, Sort, Store, StoreConfig, Value,
    Write,
};
use headwater::stack::{Environment, load, parse_store};
use headwater::stores::{self, Opening};
use headwater::testing::random::Random;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

const STACK: &str = "stack: crash
resources:
  people:
    key: id
    fields: { id: integer, mail: { type: text, unique: true }, note: text }
    store: sqlite:source.db
services:
  api:
    listen: 0
    routes: { /people/: { resource: people } }
";

/// At the start; the first half of them is never touched.
const RECORDS: i64 = 8_000;

fn open(harness: &Harness, config: &StoreConfig) -> Arc<dyn Store> {
    let environment = Environment::Given(Vec::new());
    let (stack, _) = load("stack.yaml", STACK, &Catalog::all(), &environment).unwrap();
    let schema = Arc::clone(&stack.resource("people").unwrap().schema);
    let directory = harness.path("headwater-data/crash");
    let opening = Opening { directory, watch_interval: Duration::from_millis(100) };
    stores::open(schema, config, &opening).unwrap()
}

fn record(id: i64, mail: i64, note: u64) -> Record {
    let mail = Value::text(format!("{mail}@example.org"));
    Record::new(vec![Value::Integer(id), mail, Value::text(format!("note {note}"))])
}

fn write(store: &dyn Store, actions: Vec<Action>) {
    let writes = actions.into_iter().map(Write::from).collect();
    let written = store.write(writes, Atomicity::Each).wait().unwrap();
    let is_fine = |outcome: &Outcome| outcome.is_success() || *outcome == Outcome::Missing;
    assert!(written.iter().all(|it| is_fine(&it.outcome)), "{written:?}");
}

/// Somebody who uses the source meanwhile.
struct Writer {
    source: Arc<dyn Store>,
    random: Random,
    next: i64,
}

impl Writer {
    fn burst(&mut self) {
        for _ in 0..self.random.below(12) {
            let actions = self.some();
            write(&*self.source, actions);
        }
    }

    /// Mail addresses go in pairs, `id` and `id ^ 1`, so that they can be given to one another.
    fn some(&mut self) -> Vec<Action> {
        let number = self.random.number();
        let touched = (RECORDS / 2 + self.random.below(RECORDS as u64 / 2) as i64) & !1;
        match self.random.below(4) {
            0 => {
                self.next += 2;
                (0..2)
                    .map(|more| Action::Insert(record(self.next + more, self.next + more, number)))
                    .collect()
            }
            1 => vec![
                Action::Delete(Key::Integer(touched)),
                Action::Delete(Key::Integer(touched + 1)),
            ],
            2 => vec![
                Action::Delete(Key::Integer(touched + 1)),
                Action::Put(record(touched, touched + 1, number)),
                Action::Put(record(touched + 1, touched, number)),
            ],
            _ => vec![
                Action::Delete(Key::Integer(touched)),
                Action::Put(record(touched + 1, touched + 1, number)),
                Action::Put(record(touched, touched, number)),
            ],
        }
    }
}

fn all(store: &dyn Store, order: &Order) -> Vec<Record> {
    let (mut records, mut after) = (Vec::new(), None);
    loop {
        let query = ListQuery { conditions: Vec::new(), order: order.clone(), after, limit: 1000 };
        let page = store.list(query).wait().unwrap();
        records.extend(page.records);
        after = page.next;
        if after.is_none() {
            return records;
        }
    }
}

fn untouched(store: &dyn Store) -> Vec<i64> {
    let ids = all(store, &Order::Insertion).into_iter().map(|record| match record.value(0) {
        Value::Integer(id) => *id,
        other => panic!("{other:?} is no id"),
    });
    ids.filter(|id| *id < RECORDS / 2).collect()
}

fn survives(shape: &'static str, to: &str) {
    let harness = Harness::new(STACK);
    let mut kills = Kills::of(shape);
    let source = open(&harness, &StoreConfig::Sqlite("source.db".into()));
    let records = (0..RECORDS).map(|id| Action::Insert(record(id, id, 0))).collect();
    write(&*source, records);
    let random = Random::new(kills.random.number());
    let mut writer = Writer { source: Arc::clone(&source), random, next: RECORDS };
    let go_on = || {
        let mut command = harness.command();
        command.args(["move", "people", "stack.yaml", "--resume", "--to", to]);
        Process::start(&mut command)
    };
    // Nothing is waited for but the moment of the kill.
    let looks = Cell::new(0);
    let progress = || looks.replace(looks.get() + 1);
    kills.run_by(|_| go_on(), |_| writer.burst(), progress);
    let mut last = go_on();
    let (status, _) = last.wait(PATIENCE);
    assert!(status.success(), "{}", last.err.to_end(PATIENCE));
    let said = last.out.to_end(PATIENCE);
    let target = open(&harness, &parse_store(to).unwrap());
    let by_key = Order::Fields(vec![Sort { field: 0, is_descending: false }]);
    let (moved, wanted) = (all(&*target, &by_key), all(&*source, &by_key));
    let differs = wanted.iter().zip(&moved).find(|(wanted, moved)| wanted != moved);
    assert_eq!(differs, None, "{said}");
    assert_eq!(moved.len(), wanted.len(), "{said}");
    assert!(said.starts_with(&format!("{} records", wanted.len())), "{said}");
    assert_eq!(untouched(&*target), (0..RECORDS / 2).collect::<Vec<_>>());
}

#[test]
fn a_move_to_another_file_is_gone_on_with_after_every_kill() {
    survives("move to sqlite", "sqlite:target.db");
}

#[test]
fn a_move_to_postgresql_is_gone_on_with_after_every_kill() {
    let server = Postgres::start();
    survives("move to postgresql", &server.url(&server.new_database()));
}
