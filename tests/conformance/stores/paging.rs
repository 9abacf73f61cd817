//! Keyset pages.

use super::Place;
use super::samples::*;
use headwater::resource::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Walks all pages and answers what they hold together.
pub fn walk(store: &dyn Store, mut query: ListQuery) -> Vec<Record> {
    let mut records = Vec::new();
    loop {
        let page = store.list(query.clone()).wait().unwrap();
        assert!(page.records.len() <= query.limit);
        assert!(page.next.is_none() || page.records.len() == query.limit, "a page is full");
        records.extend(page.records);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return records,
        }
    }
}

pub fn pages_cover_the_list_in_every_order(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let record = |id: i64| {
        let age = if id % 4 == 0 { Value::Null } else { Value::Integer(id % 3) };
        let score = if id % 5 == 0 { Value::Null } else { Value::Float(id as f64 / 2.0) };
        thing(id, "n").with(AGE, age).with(SCORE, score).with(BORN, Value::Time(id / 7))
    };
    // Not in the order of the keys.
    let records: Vec<Record> = (0..40).map(|number| record(number * 17 % 40)).collect();
    insert_all(&*store, &records);
    let orders = [
        Order::Insertion,
        Order::Fields(vec![]),
        Order::Fields(vec![down(0)]),
        Order::Fields(vec![by(AGE)]),
        Order::Fields(vec![down(AGE)]),
        Order::Fields(vec![by(AGE), down(SCORE)]),
        Order::Fields(vec![down(AGE), by(SCORE), down(0)]),
        Order::Fields(vec![by(BORN), by(AGE), by(SCORE)]),
    ];
    let some = vec![not(condition(SCORE, Comparison::Less(Value::Float(4.0))))];
    for order in orders {
        for conditions in [vec![], some.clone()] {
            let whole = list(&*store, conditions.clone(), order.clone());
            for limit in [1, 3, 8, 40, 41] {
                let query = ListQuery { limit, ..query(conditions.clone(), order.clone()) };
                assert_eq!(ids(&walk(&*store, query)), ids(&whole), "{order:?} by {limit}");
            }
        }
    }
    let exact = ListQuery { limit: 40, ..query(vec![], Order::Insertion) };
    assert!(store.list(exact).wait().unwrap().next.is_none(), "the last page is known as such");
}

pub fn what_stays_is_listed_exactly_once(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    // Even keys stay where they are; odd ones come and go.
    let stay: Vec<Record> = (0..60).map(|number| counter(number * 2, number % 5)).collect();
    insert_all(&*store, &stay);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                let id = number * 7 % 60 * 2 + 1;
                let action = match number % 3 {
                    0 => Action::Delete(Key::Integer(id)),
                    _ => Action::Put(counter(id, number % 11)),
                };
                outcome(&*store, action);
                number += 1;
            }
        });
        for round in 0..12 {
            let order = match round % 4 {
                0 => Order::Insertion,
                1 => Order::Fields(vec![]),
                2 => Order::Fields(vec![by(1)]),
                _ => Order::Fields(vec![down(1), down(0)]),
            };
            let query = ListQuery { limit: 7, ..query(vec![], order.clone()) };
            let mut seen = BTreeMap::new();
            for id in ids(&walk(&*store, query)) {
                *seen.entry(id).or_insert(0) += 1;
            }
            for id in ids(&stay) {
                assert_eq!(seen.get(&id), Some(&1), "{id} in {order:?}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

pub fn a_cursor_of_another_order_is_refused(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    insert_all(&*store, &[thing(1, "a"), thing(2, "b")]);
    let cursors = [
        Cursor(vec![]),
        Cursor(vec![Value::text("a"), Value::Integer(1), Value::Integer(1)]),
        Cursor(vec![Value::Float(1.0), Value::Integer(1)]),
        Cursor(vec![Value::text("a"), Value::text("1")]),
        Cursor(vec![Value::text("a"), Value::Null]),
    ];
    for cursor in cursors {
        let order = Order::Fields(vec![by(NAME)]);
        let query = ListQuery { after: Some(cursor.clone()), ..query(vec![], order) };
        let refused = store.list(query).wait().unwrap_err();
        assert_eq!(refused.kind, StoreErrorKind::Refused, "{cursor:?}");
    }
    let wrong = Cursor(vec![Value::text("a")]);
    let query = ListQuery { after: Some(wrong), ..query(vec![], Order::Insertion) };
    assert_eq!(store.list(query).wait().unwrap_err().kind, StoreErrorKind::Refused);
}
