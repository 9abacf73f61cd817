//! What is read on the caller's own thread.

use super::*;
use crate::resource::{ListQuery, Order, SHORT_PAGE};

fn first_page() -> ListQuery {
    ListQuery { conditions: vec![], order: Order::Insertion, after: None, limit: SHORT_PAGE }
}

fn ids(store: &dyn Store) -> Option<Vec<Value>> {
    let page = store.list_now(&first_page())?;
    Some(page.records.iter().map(|record| record.value(0).clone()).collect())
}

#[test]
fn a_record_and_a_short_list_are_there_at_once() {
    let file = File::new();
    let memory = SqliteStore::in_memory(Arc::new(users()), INTERVAL).unwrap();
    for store in [file.open(&users()).unwrap(), memory] {
        for id in [3, 1, 2] {
            insert(&store, user(id, "a"));
        }
        // The thread of a store in memory may be at work on its own.
        until(&store, || store.get_now(&Key::Integer(1)).is_some());
        assert_eq!(store.get_now(&Key::Integer(1)).unwrap().record, Some(user(1, "a")));
        assert_eq!(store.get_now(&Key::Integer(7)).unwrap().record, None);
        assert_eq!(ids(&store).unwrap(), [3, 1, 2].map(Value::Integer));
    }
}

#[test]
fn what_would_take_long_is_left_to_the_threads() {
    let store = File::new().open(&users()).unwrap();
    insert(&store, user(1, &"x".repeat(40_000)));
    assert_eq!(ids(&store), None);
    let sorted = ListQuery { order: Order::Fields(vec![]), ..first_page() };
    let long = ListQuery { limit: SHORT_PAGE + 1, ..first_page() };
    assert!(store.list_now(&sorted).is_none() && store.list_now(&long).is_none());
}

#[test]
fn nobody_waits_for_a_lock_of_somebody_else() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "a"));
    let shell = file.shell();
    shell.execute_batch("BEGIN IMMEDIATE; INSERT INTO users (id, name) VALUES (2, 'b')").unwrap();
    assert_eq!(ids(&store).unwrap(), [Value::Integer(1)]);
    shell.execute_batch("COMMIT").unwrap();
    assert_eq!(ids(&store).unwrap().len(), 2);
}
