//! Listeners that misbehave, and what is told of every value.

use super::*;
use crate::resource::{ChangePosition, Listener, Version};
use crate::testing::random::Random;
use std::sync::Mutex;
use std::time::Instant;

struct Panicking;

impl Listener for Panicking {
    fn changed(&self, _keys: &[(Key, Version)]) {
        panic!("a listener with a bug");
    }

    fn lost_track(&self) {}

    fn synced(&self, _at: Instant) {}
}

#[test]
fn a_listener_that_panics_does_not_end_the_store() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    let listener: Arc<dyn Listener> = Arc::new(Panicking);
    store.listen(&listener);
    let writes = vec![Action::Insert(user(1, "one")).into()];
    assert!(store.write(writes, Atomicity::Each).wait().is_err());
    let held = Arc::downgrade(&listener);
    drop(listener);
    // A thread of the store may be in the middle of its panic, with the listener in its hand.
    until(&store, || held.strong_count() == 0);
    assert!(insert(&store, user(2, "two")).is_success());
    assert!(get(&store, 1).is_some(), "it was done before it was told");
}

/// Owns the store that calls it.
#[derive(Default)]
struct Owner {
    store: Mutex<Option<Arc<SqliteStore>>>,
    told: Mutex<bool>,
}

impl Listener for Owner {
    fn changed(&self, _keys: &[(Key, Version)]) {
        *self.told.lock().unwrap() = true;
        // Dropping it waits for its threads, and another one of them may be at this lock.
        let store = self.store.lock().unwrap().take();
        drop(store);
    }

    fn lost_track(&self) {}

    fn synced(&self, _at: Instant) {}
}

#[test]
fn a_store_may_be_let_go_by_its_own_listener() {
    let file = File::new();
    let store = Arc::new(file.open(&users()).unwrap());
    let owner = Arc::new(Owner::default());
    *owner.store.lock().unwrap() = Some(Arc::clone(&store));
    let listener: Arc<dyn Listener> = Arc::<Owner>::clone(&owner);
    store.listen(&listener);
    let pending = store.write(vec![Action::Insert(user(1, "one")).into()], Atomicity::Each);
    drop(store);
    assert!(pending.wait().is_ok());
    assert!(*owner.told.lock().unwrap());
    // Whichever thread it was, the file is free again.
    assert!(get(&file.open(&users()).unwrap(), 1).is_some());
}

#[test]
fn every_float_is_told_as_it_is() {
    let numbers = schema(vec![field("id", FieldKind::Integer), field("number", FieldKind::Float)]);
    let store = SqliteStore::in_memory(Arc::new(numbers), INTERVAL).unwrap();
    let mut random = Random::new(7);
    let floats = std::iter::repeat_with(|| f64::from_bits(random.number()));
    let records: Vec<Record> = floats
        .filter(|float| float.is_finite())
        .take(5_000)
        .zip(0..)
        .map(|(float, id)| Record::new(vec![Value::Integer(id), Value::Float(float)]))
        .collect();
    let mut after = store.changes(None, 1).wait().unwrap().upto;
    for some in records.chunks(1_000) {
        let writes = some.iter().map(|record| Action::Insert(record.clone()).into()).collect();
        store.write(writes, Atomicity::All).wait().unwrap();
    }
    let mut told = Vec::new();
    while told.len() < records.len() {
        let changes = store.changes(Some(after), 700).wait().unwrap();
        after = changes.upto;
        told.extend(changes.items.into_iter().filter_map(|change| change.record));
    }
    assert_eq!(told, records);
}

#[test]
fn positions_of_other_stores_are_gaps() {
    let store = SqliteStore::in_memory(Arc::new(users()), INTERVAL).unwrap();
    insert(&store, user(1, "one"));
    let here = store.changes(None, 1).wait().unwrap().upto;
    let gap = |major, minor| {
        store.changes(Some(ChangePosition { major, minor }), 9).wait().unwrap().has_gap
    };
    assert!(gap(0, 0) && gap(here.major + 1, 0) && gap(here.major, 1) && gap(u64::MAX, 0));
    assert!(!gap(here.major, 0) && !gap(here.major - 1, 0));
}
