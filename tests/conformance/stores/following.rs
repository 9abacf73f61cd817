//! The log of changes, and the listeners.

use super::Place;
use super::samples::*;
use headwater::core::time::now;
use headwater::resource::*;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// What a listener was told.
#[derive(Default)]
pub struct Heard {
    pub keys: Mutex<Vec<(Key, Version)>>,
    synced: Mutex<Option<Instant>>,
}

impl Heard {
    pub fn at(store: &Arc<dyn Store>) -> (Arc<Self>, Arc<dyn Listener>) {
        let heard = Arc::new(Self::default());
        let listener: Arc<dyn Listener> = Arc::<Self>::clone(&heard);
        store.listen(&listener);
        (heard, listener)
    }

    /// Which keys were told since the last time, each once, in order of their first telling.
    fn take(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for (key, _) in self.keys.lock().unwrap().drain(..) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

impl Listener for Heard {
    fn changed(&self, keys: &[(Key, Version)]) {
        self.keys.lock().unwrap().extend_from_slice(keys);
    }

    fn lost_track(&self) {}

    fn synced(&self, at: Instant) {
        *self.synced.lock().unwrap() = Some(at);
    }
}

pub fn changes_are_told_in_order(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let begin = here(&*store);
    let full = thing(1, "é")
        .with(SCORE, Value::Float(0.1))
        .with(ACTIVE, Value::Boolean(false))
        .with(BORN, Value::Time(1_700_000_000_000_001))
        .with(OWNER, Value::Uuid(u128::MAX))
        .with(DATA, Value::Json(r#"{"b":[1.50,"x"],"a":{}}"#.into()));
    let aged = full.with(AGE, Value::Integer(i64::MAX));
    let written = [
        write(&*store, Action::Insert(full.clone())),
        write(&*store, Action::Patch(Key::Integer(1), vec![(AGE, Value::Integer(i64::MAX))])),
        write(&*store, Action::Insert(thing(2, "two"))),
        write(&*store, Action::Delete(Key::Integer(1))),
    ];
    // These change nothing.
    write(&*store, Action::Put(thing(2, "two")));
    write(&*store, Action::Insert(thing(2, "other")));
    write(&*store, Action::Delete(Key::Integer(1)));
    let failing = vec![Action::Insert(thing(3, "x")).into(), Action::Replace(thing(9, "x")).into()];
    group(&*store, failing, Atomicity::All);

    let expected = [
        (1, ChangeKind::Created, Some(full)),
        (1, ChangeKind::Updated, Some(aged)),
        (2, ChangeKind::Created, Some(thing(2, "two"))),
        (1, ChangeKind::Deleted, None),
    ];
    until(&store, || changes(&*store, begin).items.len() >= expected.len());
    let told = changes(&*store, begin);
    assert!(!told.has_gap);
    assert_eq!(told.items.len(), expected.len());
    let mut last = begin;
    for ((change, (id, kind, record)), written) in told.items.iter().zip(expected).zip(written) {
        assert_eq!((&change.key, change.kind), (&Key::Integer(id), kind));
        assert_eq!(change.record, record);
        assert!(change.position > last && change.version <= written.version);
        assert!((headwater::core::time::unix_ms() - change.unix_ms).abs() < 60_000);
        last = change.position;
    }
    assert!(told.upto >= last);
    assert!(changes(&*store, told.upto).items.is_empty());

    // In pieces it is the same.
    let mut pieces = Vec::new();
    let mut after = begin;
    while pieces.len() < told.items.len() {
        let piece = store.changes(Some(after), 3).wait().unwrap();
        assert!(!piece.items.is_empty() && piece.items.len() <= 3 && !piece.has_gap);
        after = piece.upto;
        pieces.extend(piece.items);
    }
    assert_eq!(pieces, told.items);
}

pub fn following_begins_with_what_comes(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    insert_all(&*store, &[counter(1, 1), counter(2, 1)]);
    let mut news = store.news();
    news.mark_unchanged();
    let begin = here(&*store);
    outcome(&*store, Action::Insert(counter(3, 1)));
    assert!(news.has_changed().unwrap(), "a follower is woken");
    until(&store, || !changes(&*store, begin).items.is_empty());
    let told = changes(&*store, begin);
    let keys: Vec<Key> = told.items.into_iter().map(|change| change.key).collect();
    assert_eq!(keys, [Key::Integer(3)]);
}

pub fn a_gap_is_told(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let begin = here(&*store);
    let beyond = ChangePosition { major: u64::MAX >> 1, minor: 0 };
    assert!(changes(&*store, beyond).has_gap, "a position of another store");
    // More than a log keeps.
    let records: Vec<Record> = (0..104_000).map(|id| counter(id, 0)).collect();
    for some in records.chunks(2_000) {
        insert_all(&*store, some);
    }
    until(&store, || changes(&*store, begin).has_gap);
    let end = here(&*store);
    outcome(&*store, Action::Put(counter(1, 1)));
    until(&store, || !changes(&*store, end).items.is_empty());
    let told = changes(&*store, end);
    assert!(!told.has_gap);
    assert_eq!(told.items.len(), 1);
}

pub fn a_listener_hears_before_the_answer(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let (heard, listener) = Heard::at(&store);
    let one = || vec![Key::Integer(1)];
    let written = write(&*store, Action::Insert(counter(1, 1)));
    let told = heard.keys.lock().unwrap().clone();
    assert!(told.iter().any(|(key, version)| *key == one()[0] && *version <= written.version));
    assert_eq!(heard.take(), one());
    outcome(&*store, Action::Put(counter(1, 2)));
    assert_eq!(heard.take(), one());
    outcome(&*store, Action::Delete(Key::Integer(1)));
    assert_eq!(heard.take(), one());
    insert_all(&*store, &[counter(1, 1), counter(2, 1)]);
    assert_eq!(heard.take(), [Key::Integer(1), Key::Integer(2)]);
    drop((heard, listener));
    let (other, _listener) = Heard::at(&store);
    outcome(&*store, Action::Put(counter(1, 2)));
    // What was written before may be told once more.
    assert!(other.take().contains(&one()[0]), "who is gone is no reason to stop");
}

pub fn a_listener_is_told_when_in_step(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let (heard, _listener) = Heard::at(&store);
    let begin = now();
    until(&store, || heard.synced.lock().unwrap().is_some_and(|synced| synced >= begin));
    assert!(heard.synced.lock().unwrap().is_some_and(|synced| synced <= now()));
    assert_eq!(store.health(), Health::Ready);
}

pub fn writes_of_another_store_are_told(place: &dyn Place) {
    if !place.is_shared() {
        return;
    }
    let store = place.open(&counters()).unwrap();
    let other = place.open(&counters()).unwrap();
    let (heard, _listener) = Heard::at(&store);
    let mut news = store.news();
    news.mark_unchanged();
    let begin = here(&*store);
    for (id, count) in [(1, 1), (2, 1), (1, 2)] {
        let action = Action::Put(counter(id, count));
        let written = write(&*other, action);
        assert!(written.outcome.is_success());
        assert_eq!(get(&*store, id), Some(counter(id, count)), "there is but one truth");
    }
    store.catch_up().wait().unwrap();
    let told = heard.take();
    assert!(told.contains(&Key::Integer(1)) && told.contains(&Key::Integer(2)), "{told:?}");
    assert!(news.has_changed().unwrap());
    until(&store, || changes(&*store, begin).items.len() == 3);
    // Without being asked, too.
    outcome(&*other, Action::Delete(Key::Integer(2)));
    let synced = now();
    while heard.synced.lock().unwrap().is_none_or(|told| told < synced) {
        std::thread::yield_now();
    }
    assert!(heard.take().contains(&Key::Integer(2)));
}
