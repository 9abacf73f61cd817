//! A resource as source and sink, on a store in memory with failures in front of it.

use super::{ChangesSource, RecordsSink};
use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::position::{Checkpoint, Position};
use crate::core::record::{CsvShape, Encoding, Records};
use crate::core::resources::{Fill, Follow, From, OnConflict};
use crate::core::sink::Sink;
use crate::core::source::{Read, Source};
use crate::core::wait::Wait;
use crate::resource::{
    Action, Atomicity, ChangePosition, Changes, Condition, Fetched, Field, FieldKind, FieldLimits,
    Health, Key, ListQuery, Listener, Order, Page, Pending, Record, Schema, Store, StoreConfig,
    StoreError, StoreErrorKind, Value, Write, Written, json,
};
use crate::stores::{self, Opening};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// A store in memory behind a door that can fail.
#[derive(Debug)]
struct Doored {
    inner: Arc<dyn Store>,
    /// What comes of the next writes; `None` lets one through.
    writes: Mutex<Vec<Option<StoreErrorKind>>>,
    /// Texts that it cannot keep.
    refuses: &'static str,
    gap: Mutex<bool>,
    is_away: AtomicBool,
    identity: &'static str,
    asked: AtomicUsize,
}

impl Store for Doored {
    fn schema(&self) -> &Arc<Schema> {
        self.inner.schema()
    }
    fn get(&self, key: Key) -> Pending<Fetched> {
        self.inner.get(key)
    }
    fn write(&self, writes: Vec<Write>, atomicity: Atomicity) -> Pending<Vec<Written>> {
        let failure = self.writes.lock().unwrap().pop().flatten();
        let is_refused = writes.iter().any(|write| match &write.action {
            Action::Put(record) => *record.value(1) == Value::text(self.refuses),
            _ => false,
        });
        match failure.or(is_refused.then_some(StoreErrorKind::Refused)) {
            Some(kind) => Pending::ready(Err(StoreError::new(kind, "no"))),
            None => self.inner.write(writes, atomicity),
        }
    }
    fn list(&self, query: ListQuery) -> Pending<Page> {
        self.inner.list(query)
    }
    fn count(&self, conditions: Vec<Condition>) -> Pending<u64> {
        self.inner.count(conditions)
    }
    fn changes(&self, after: Option<ChangePosition>, limit: usize) -> Pending<Changes> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.is_away.load(Ordering::Relaxed) {
            return Pending::ready(Err(StoreError::new(StoreErrorKind::Unavailable, "away")));
        }
        let changes = self.inner.changes(after, limit).wait();
        let has_gap = std::mem::take(&mut *self.gap.lock().unwrap());
        Pending::ready(changes.map(|changes| {
            if has_gap { Changes { items: Vec::new(), has_gap, ..changes } } else { changes }
        }))
    }
    fn news(&self) -> watch::Receiver<u64> {
        self.inner.news()
    }
    fn listen(&self, listener: &Arc<dyn Listener>) {
        self.inner.listen(listener);
    }
    fn catch_up(&self) -> Pending<()> {
        self.inner.catch_up()
    }
    fn identity(&self) -> String {
        self.identity.to_owned()
    }
    fn health(&self) -> Health {
        self.inner.health()
    }
    fn keeps_nul(&self) -> bool {
        true
    }
}

fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        is_required: true,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

fn store() -> Doored {
    let mut age = field("age", FieldKind::Integer);
    age.is_required = false;
    age.is_unique = true;
    let fields = vec![field("id", FieldKind::Integer), field("name", FieldKind::Text), age];
    let schema = Schema { name: "users".into(), fields, key: 0, key_is_generated: false };
    let opening =
        Opening { directory: "nowhere".into(), watch_interval: Duration::from_millis(10) };
    Doored {
        inner: stores::open(Arc::new(schema), &StoreConfig::Memory, &opening).unwrap(),
        writes: Mutex::default(),
        refuses: "unkeepable",
        gap: Mutex::default(),
        is_away: AtomicBool::new(false),
        identity: "one",
        asked: AtomicUsize::new(0),
    }
}

fn put(store: &Doored, id: i64, name: &str) {
    let record = Record::new(vec![Value::Integer(id), Value::text(name), Value::Null]);
    write(store, Action::Put(record));
}

fn write(store: &Doored, action: Action) {
    store.inner.write(vec![action.into()], Atomicity::Each).wait().unwrap();
}

fn follow(from: From) -> Follow {
    Follow { resource: "users".into(), from, batch_bytes: 1000 }
}

fn source(store: &Arc<Doored>, from: From) -> ChangesSource {
    ChangesSource::new(Arc::clone(store) as Arc<dyn Store>, &follow(from))
}

/// The batches that hold so many records; behind them there is nothing more.
fn batches(source: &mut ChangesSource, records: u64) -> Vec<Batch> {
    let wait = Wait::new();
    let mut found: Vec<Batch> = Vec::new();
    loop {
        let count: u64 = found.iter().map(|batch| batch.records.count).sum();
        assert!(count <= records, "{:?}", shown(&found));
        match source.read(&wait).unwrap() {
            Read::Batch(batch) => found.push(*batch),
            Read::Idle if count == records => return found,
            Read::Idle => {}
            Read::End => panic!("changes never end"),
        }
    }
}

/// Each record as `change key name`.
fn shown(batches: &[Batch]) -> Vec<String> {
    let lines = batches.iter().flat_map(|batch| batch.records.lines());
    let shown = lines.map(|line| {
        let line: serde_json::Value = serde_json::from_slice(line).unwrap();
        let name = line["record"]["name"].as_str().unwrap_or("-");
        format!("{} {} {name}", line["change"].as_str().unwrap(), line["key"])
    });
    shown.collect()
}

fn checkpoint(batch: &Batch) -> Checkpoint {
    let mut checkpoint = Checkpoint::default();
    checkpoint.advance(&batch.partition, &batch.position);
    checkpoint
}

#[test]
fn gives_what_is_there_and_then_every_change() {
    let store = Arc::new(store());
    put(&store, 2, "b");
    put(&store, 1, "a");
    let mut source = source(&store, From::Start);
    let first = batches(&mut source, 2);
    assert_eq!(shown(&first), ["present 1 a", "present 2 b"]);
    let text = String::from_utf8(first[1].records.bytes.clone()).unwrap();
    let line = "{\"change\":\"present\",\"key\":1,\"record\":{\"id\":1,\"name\":\"a\",\"age\":null},\"time\":null}";
    assert_eq!(text.lines().next(), Some(line));
    put(&store, 3, "c");
    put(&store, 1, "A");
    write(&store, Action::Delete(Key::Integer(2)));
    let then = batches(&mut source, 3);
    assert_eq!(shown(&then), ["created 3 c", "updated 1 A", "deleted 2 -"]);
    let text = String::from_utf8(then[0].records.bytes.clone()).unwrap();
    assert!(text.lines().all(|line| line.contains("\"time\":\"20")), "{text}");
}

#[test]
fn goes_on_behind_every_position() {
    let store = Arc::new(store());
    let mut first = source(&store, From::Now);
    let mut all = batches(&mut first, 0);
    for id in 0..40 {
        put(&store, id, "some name");
    }
    all.extend(batches(&mut first, 40));
    let mut whole = source(&store, From::Start);
    let whole = batches(&mut whole, 40);
    for batches_of in [all, whole] {
        assert!(batches_of.len() > 3, "the test needs several batches");
        for (index, batch) in batches_of.iter().enumerate() {
            let mut again = source(&store, From::Now);
            again.resume(&checkpoint(batch)).unwrap();
            let expected = shown(&batches_of[index + 1..]);
            let rest = batches(&mut again, expected.len() as u64);
            assert_eq!(shown(&rest), expected, "behind batch {index}");
            let offsets: Vec<u64> = rest.iter().map(|batch| batch.position.offset).collect();
            assert!(offsets.iter().all(|offset| *offset >= batch.position.offset));
        }
    }
}

#[test]
fn now_is_kept_before_the_first_change() {
    let store = Arc::new(store());
    put(&store, 1, "a");
    let begun = batches(&mut source(&store, From::Now), 0);
    assert_eq!((begun.len(), shown(&begun).len()), (1, 0));
    put(&store, 2, "b");
    let mut again = source(&store, From::Now);
    again.resume(&checkpoint(&begun[0])).unwrap();
    assert_eq!(shown(&batches(&mut again, 1)), ["created 2 b"]);
}

#[test]
fn reads_everything_anew_behind_a_gap_and_in_another_store() {
    let there = Arc::new(store());
    put(&there, 1, "a");
    let mut following = source(&there, From::Now);
    let begun = batches(&mut following, 0);
    put(&there, 2, "b");
    *there.gap.lock().unwrap() = true;
    assert_eq!(shown(&batches(&mut following, 2)), ["present 1 a", "present 2 b"]);

    let other = Arc::new(Doored { identity: "two", ..store() });
    put(&other, 9, "z");
    for note in ["", begun[0].position.note.as_str()] {
        let mut again = source(&other, From::Now);
        let position = Position { offset: 7, note: note.to_owned() };
        let mut kept = Checkpoint::default();
        kept.advance(&"changes".into(), &position);
        again.resume(&kept).unwrap();
        let anew = batches(&mut again, 1);
        assert_eq!(shown(&anew), ["present 9 z"]);
        assert_eq!(anew.last().unwrap().position.offset, 8, "the count goes on");
    }
}

#[test]
fn asks_no_store_while_there_is_no_news() {
    let store = Arc::new(store());
    let mut source = source(&store, From::Start);
    // The second time the changes are looked at too.
    batches(&mut source, 0);
    batches(&mut source, 0);
    let asked = store.asked.load(Ordering::Relaxed);
    let stopped = Wait::new();
    stopped.stop();
    for _ in 0..100 {
        assert!(matches!(source.read(&stopped), Ok(Read::Idle)));
    }
    assert_eq!(store.asked.load(Ordering::Relaxed), asked);
    put(&store, 1, "a");
    let found = loop {
        if let Read::Batch(batch) = source.read(&Wait::new()).unwrap() {
            break batch;
        }
    };
    assert_eq!(shown(&[*found]), ["created 1 a"]);
}

#[test]
fn a_store_that_was_away_is_asked_again_without_news() {
    let store = Arc::new(store());
    let mut source = source(&store, From::Now);
    batches(&mut source, 0);
    batches(&mut source, 0);
    store.is_away.store(true, Ordering::Relaxed);
    put(&store, 1, "a");
    let wait = Wait::new();
    let fault = loop {
        match source.read(&wait) {
            Ok(Read::Idle) => {}
            other => break other.unwrap_err(),
        }
    };
    assert_eq!(fault, Fault::retry("resource `users`: away"));
    store.is_away.store(false, Ordering::Relaxed);
    assert_eq!(shown(&batches(&mut source, 1)), ["created 1 a"]);
}

fn sink(store: &Arc<Doored>, on_conflict: OnConflict) -> RecordsSink {
    let fill = Fill { resource: "users".into(), on_conflict };
    RecordsSink::new(Arc::clone(store) as Arc<dyn Store>, &fill)
}

fn batch(offset: u64, lines: &str) -> Batch {
    let records = Records::from_lines(Encoding::Json, lines.as_bytes().to_vec());
    Batch::new(&"a".into(), Position::at(offset), records)
}

/// All records of the store, as JSON.
fn kept(store: &Doored) -> Vec<String> {
    let query =
        ListQuery { conditions: vec![], order: Order::Fields(vec![]), after: None, limit: 1000 };
    let records = store.inner.list(query).wait().unwrap().records;
    let text = records.iter().map(|record| {
        let mut out = Vec::new();
        json::append_record(&mut out, store.schema(), record);
        String::from_utf8(out).unwrap()
    });
    text.collect()
}

#[test]
fn writes_what_is_valid_and_says_everything_about_the_rest() {
    let store = Arc::new(store());
    let mut sink = sink(&store, OnConflict::Replace);
    let lines = "{\"id\":1,\"name\":\"a\",\"age\":5}\n{\"id\":\"x\",\"nmae\":1}\nno json\n{\"id\":2,\"name\":\"b\",\"age\":5}\n\
                 {\"id\":3,\"name\":\"c\"}\n{\"id\":1,\"name\":\"A\",\"age\":6}\n";
    let rejected = sink.write(&batch(1, lines)).unwrap();
    let reasons: Vec<&str> = rejected.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "no record of `users`: `id` is not of the type integer; `name` is missing; `nmae` is no field; did \
             you mean `name`?",
            "no record of `users`: not JSON: expected a value at byte 1, found `n`",
            "another record of `users` has this value in the field `age`",
        ]
    );
    assert_eq!(rejected[1].record, b"no json");
    let expected =
        ["{\"id\":1,\"name\":\"A\",\"age\":6}", "{\"id\":3,\"name\":\"c\",\"age\":null}"];
    assert_eq!(kept(&store), expected);
}

#[test]
fn a_key_that_is_there_replaces_is_ignored_or_is_rejected() {
    for (on_conflict, rejected, name) in [
        (OnConflict::Replace, 0, "new"),
        (OnConflict::Ignore, 0, "old"),
        (OnConflict::Reject, 1, "old"),
    ] {
        let store = Arc::new(store());
        put(&store, 1, "old");
        let mut sink = sink(&store, on_conflict);
        let lines = "{\"id\":1,\"name\":\"new\"}\n{\"id\":2,\"name\":\"b\"}\n";
        for offset in 1..3 {
            // The second time is that of a crash: what was written is there already, and is no conflict.
            let found = sink.write(&batch(offset, lines)).unwrap();
            sink.commit().unwrap();
            assert_eq!(found.len(), rejected, "{on_conflict:?}");
        }
        assert!(kept(&store)[0].contains(name), "{on_conflict:?}");
        assert_eq!(kept(&store).len(), 2);
    }
}

#[test]
fn cells_of_csv_are_read_as_their_fields_want() {
    let store = Arc::new(store());
    let shape = |columns: [&str; 2]| CsvShape {
        delimiter: b';',
        columns: columns.map(str::to_owned).to_vec(),
        header_bytes: 8,
        header_lines: 1,
    };
    let rows = |columns, rows: &str| {
        let encoding = Encoding::Csv(Arc::new(shape(columns)));
        let records = Records { encoding, bytes: rows.into(), count: 3 };
        Batch::new(&"a".into(), Position::at(1), records)
    };
    let mut filling = sink(&store, OnConflict::Replace);
    let rejected = filling.write(&rows(["id", "name"], "1;007\n2\nx;\"y\nz\"\n")).unwrap();
    let records: Vec<&[u8]> = rejected.iter().map(|it| it.record.as_slice()).collect();
    assert_eq!(records, [b"2".as_slice(), b"x;\"y\nz\""]);
    assert_eq!(kept(&store), ["{\"id\":1,\"name\":\"007\",\"age\":null}"]);
    let mut other = sink(&store, OnConflict::Replace);
    let rejected = other.write(&rows(["id", "nmae"], "1;007\n2;b\n")).unwrap();
    assert_eq!(rejected.len(), 2);
    assert!(rejected[0].reason.contains("did you mean `name`?"), "{}", rejected[0].reason);
}

#[test]
fn a_store_that_is_away_is_tried_again_behind_what_it_has() {
    let store = Arc::new(store());
    let mut sink = sink(&store, OnConflict::Reject);
    let lines: Vec<String> =
        (0..2500).map(|id| format!("{{\"id\":{id},\"name\":\"n\"}}\n")).collect();
    let bad = format!("{{}}\n{}", lines.concat());
    *store.writes.lock().unwrap() = vec![Some(StoreErrorKind::Unavailable), None];
    let fault = sink.write(&batch(1, &bad)).unwrap_err();
    assert!(matches!(fault, Fault::Retry { .. }), "{fault}");
    assert_eq!(kept(&store).len(), 999, "the first group is there");
    sink.rollback().unwrap();
    let rejected = sink.write(&batch(1, &bad)).unwrap();
    assert_eq!(rejected.len(), 1, "what was rejected before is told again: {rejected:?}");
    assert_eq!(store.inner.count(vec![]).wait().unwrap(), 2500);
    for (kind, is_retry) in [
        (StoreErrorKind::TooSlow, true),
        (StoreErrorKind::Busy, true),
        (StoreErrorKind::DiskFull, true),
        (StoreErrorKind::Broken, false),
    ] {
        *store.writes.lock().unwrap() = vec![Some(kind)];
        let fault = sink.write(&batch(9, "{\"id\":1,\"name\":\"n\"}\n")).unwrap_err();
        assert_eq!(matches!(fault, Fault::Retry { .. }), is_retry, "{kind:?}");
    }
}

#[test]
fn what_a_store_cannot_keep_is_rejected_alone() {
    let store = Arc::new(store());
    let mut sink = sink(&store, OnConflict::Replace);
    let lines = "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":\"unkeepable\"}\n{\"id\":3,\"name\":\"c\"}\n";
    let rejected = sink.write(&batch(1, lines)).unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].record, b"{\"id\":2,\"name\":\"unkeepable\"}");
    assert_eq!(kept(&store).len(), 2);
}
