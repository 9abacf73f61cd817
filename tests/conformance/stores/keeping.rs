//! What is kept: every value, every key, over closing and opening.

use super::Place;
use super::paging::walk;
use super::samples::*;
use headwater::resource::*;
use std::sync::Arc;

pub fn every_value_comes_back(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let long = "ä€𝄞x".repeat(100_000);
    let mut values = vec![
        (NAME, Value::text("")),
        (NAME, Value::text(long.as_str())),
        (NAME, Value::text("'; DROP TABLE things; --\u{1}\u{7f}\r\n\t\"\\$1 ?1 %s")),
        (NAME, Value::text("\u{fffd}\u{feff}\u{10ffff}e\u{301} 👩‍👩‍👧")),
        (ACTIVE, Value::Boolean(false)),
        (OWNER, Value::Uuid(0)),
        (OWNER, Value::Uuid(u128::MAX)),
        (CODE, Value::text("")),
        (CODE, Value::text("NULL")),
    ];
    values.extend([i64::MIN, i64::MAX, 0, -1, 1 << 53].map(|number| (AGE, Value::Integer(number))));
    let floats =
        [f64::MIN, f64::MAX, f64::MIN_POSITIVE, 5e-324, 0.1, -0.5, 1e21, 9_007_199_254_740_993.0];
    values.extend(floats.map(|number| (SCORE, Value::Float(number))));
    // The first year that every store knows, the last microsecond that can be told, and around 1970.
    let times = [-62_135_596_800_000_000, -1, 0, 253_402_207_199_999_999];
    values.extend(times.map(|time| (BORN, Value::Time(time))));
    let texts =
        ["\"x\"", "[]", "false", "1e308", r#"{"z":1,"a":2,"ä":"\u00e9 é","n":[1.0,1,-0,1e5]}"#];
    values.extend(texts.map(|text| (DATA, Value::Json(text.into()))));
    if store.keeps_nul() {
        values.push((NAME, Value::text("a\0b")));
    }
    let begin = here(&*store);
    let records: Vec<Record> = values
        .into_iter()
        .zip(0..)
        .map(|((field, value), id)| thing(id, "n").with(field, value))
        .collect();
    for record in &records {
        let created = outcome(&*store, Action::Insert(record.clone()));
        assert_eq!(created, Outcome::Created(record.clone()));
    }
    let again = if place.is_shared() { place.open(&things()).unwrap() } else { Arc::clone(&store) };
    for record in &records {
        let key = record.key(&things()).unwrap();
        assert_eq!(find(&*again, key).record.as_ref(), Some(record));
    }
    assert_eq!(all(&*again), records);
    until(&store, || changes(&*store, begin).items.len() == records.len());
    let told = changes(&*store, begin).items;
    assert_eq!(told.into_iter().filter_map(|change| change.record).collect::<Vec<_>>(), records);
}

pub fn keys_of_every_kind(place: &dyn Place) {
    // A path name, a quote, upper and lower case, what looks like a number.
    let texts = ["a/b c", "Zoë", "zoë", "'\"`$", "1", "01", "", " "];
    let schema = Schema {
        name: "by_text".into(),
        ..schema(vec![required("name", FieldKind::Text), field("n", FieldKind::Integer)])
    };
    let store = place.open(&schema).unwrap();
    let mut records = Vec::new();
    for (text, number) in texts.into_iter().zip(0..) {
        records.push(Record::new(vec![Value::text(text), Value::Integer(number)]));
    }
    records.push(Record::new(vec![Value::text("k".repeat(1000)), Value::Null]));
    insert_all(&*store, &records);
    for record in &records {
        assert_eq!(find(&*store, record.key(&schema).unwrap()).record.as_ref(), Some(record));
    }
    assert_eq!(find(&*store, Key::Text("ZOË".into())).record, None);
    // Texts compare by their bytes.
    let mut sorted: Vec<Key> = records.iter().filter_map(|record| record.key(&schema)).collect();
    sorted.sort();
    let query = ListQuery { limit: 2, ..query(vec![], Order::Fields(vec![by(0)])) };
    let walked: Vec<Key> = walk(&*store, query).iter().filter_map(|it| it.key(&schema)).collect();
    assert_eq!(walked, sorted);

    let schema = Schema {
        name: "by_uuid".into(),
        ..super::samples::schema(vec![required("id", FieldKind::Uuid)])
    };
    let store = place.open(&schema).unwrap();
    let records = [0, 1, 0xABCD << 100, u128::MAX].map(|id| Record::new(vec![Value::Uuid(id)]));
    insert_all(&*store, &records);
    assert_eq!(list(&*store, vec![], Order::Fields(vec![])), records);
    let begin = here(&*store);
    assert_eq!(outcome(&*store, Action::Delete(Key::Uuid(u128::MAX))), Outcome::Deleted);
    until(&store, || !changes(&*store, begin).items.is_empty());
    assert_eq!(changes(&*store, begin).items[0].key, Key::Uuid(u128::MAX));
}

pub fn any_name_will_do(place: &dyn Place) {
    let names = ["select", "two words", "a\"b", "über", "rowid", "key", "a.b", "x'y", "oid", "end"];
    let mut fields = vec![required("group", FieldKind::Integer)];
    for name in names {
        fields.push(Field { is_unique: true, is_indexed: true, ..field(name, FieldKind::Text) });
    }
    let schema = Schema { name: "order by \"1\"; --".into(), ..schema(fields) };
    let store = place.open(&schema).unwrap();
    let mut values = vec![Value::Integer(1)];
    values.extend((0..names.len()).map(|number| Value::text(format!("v{number}"))));
    let record = Record::new(values);
    let begin = here(&*store);
    insert_all(&*store, std::slice::from_ref(&record));
    for place in 1..=names.len() {
        let sorted = Order::Fields(vec![by(place)]);
        let equal = Comparison::Equal(record.value(place).clone());
        let found = list(&*store, vec![condition(place, equal)], sorted);
        assert_eq!(found, std::slice::from_ref(&record));
        let other = record.with(0, Value::Integer(2));
        let taken = outcome(&*store, Action::Insert(other));
        assert!(matches!(taken, Outcome::Taken { .. }), "{taken:?}");
    }
    until(&store, || changes(&*store, begin).items.len() == 1);
    assert_eq!(changes(&*store, begin).items[0].record.as_ref(), Some(&record));
}

pub fn a_generated_key_is_new(place: &dyn Place) {
    let schema = Schema { key_is_generated: true, ..counters() };
    let store = place.open(&schema).unwrap();
    let fresh = |count: i64| Record::new(vec![Value::Null, Value::Integer(count)]);
    let created = |action: Action| match outcome(&*store, action) {
        Outcome::Created(record) => ids(&[record])[0],
        became => panic!("{became:?}"),
    };
    let first = created(Action::Insert(fresh(1)));
    let second = created(Action::Put(fresh(2)));
    assert!(second > first);
    assert_eq!(get(&*store, second), Some(counter(second, 2)));
    // The key of a record that is gone is not given to another one.
    outcome(&*store, Action::Delete(Key::Integer(second)));
    let third = created(Action::Insert(fresh(3)));
    assert!(third > second);
    // A key that is brought stands, and is not given out again.
    assert_eq!(created(Action::Insert(counter(third + 10, 4))), third + 10);
    let mut keys = vec![first, third, third + 10];
    let writes = (0..20).map(|count| Action::Insert(fresh(count)).into()).collect();
    for outcome in group(&*store, writes, Atomicity::All) {
        let Outcome::Created(record) = outcome else { panic!("{outcome:?}") };
        keys.extend(ids(&[record]));
    }
    assert_eq!(ids(&all(&*store)), keys, "in order of insertion");
    keys.dedup();
    assert_eq!(keys.len(), 23);
    assert!(keys.is_sorted() || !place.is_shared(), "{keys:?}");
    if place.is_shared() {
        let last = created(Action::Insert(fresh(1)));
        outcome(&*store, Action::Delete(Key::Integer(last)));
        drop(store);
        let store = place.open(&schema).unwrap();
        let Outcome::Created(record) = outcome(&*store, Action::Insert(fresh(0))) else { panic!() };
        assert!(ids(&[record])[0] > last, "nor after opening again");
    }
}

pub fn everything_is_there_after_opening_again(place: &dyn Place) {
    if !place.is_shared() {
        return;
    }
    let schema = counters();
    let store = place.open(&schema).unwrap();
    let begin = here(&*store);
    insert_all(&*store, &[counter(5, 1), counter(3, 1), counter(4, 1)]);
    outcome(&*store, Action::Delete(Key::Integer(3)));
    let put = || attempt(Action::Put(counter(5, 2)), "once", 1);
    let written = write(&*store, put());
    until(&store, || changes(&*store, begin).items.len() == 5);
    let told = changes(&*store, begin);
    let page = ListQuery { limit: 1, ..query(vec![], Order::Insertion) };
    let cursor = store.list(page.clone()).wait().unwrap().next;
    drop(store);

    let store = place.open(&schema).unwrap();
    assert_eq!(all(&*store), [counter(5, 2), counter(4, 1)]);
    let again = write(&*store, put());
    assert_eq!((again.is_replay, again.outcome), (true, written.outcome));
    let same = changes(&*store, begin);
    assert_eq!((same.items, same.has_gap), (told.items, false));
    let rest = store.list(ListQuery { after: cursor, ..page }).wait().unwrap();
    assert_eq!(rest.records, [counter(4, 1)]);
    let later = write(&*store, Action::Put(counter(6, 1)));
    assert!(later.version > written.version, "versions only grow");
    until(&store, || find(&*store, Key::Integer(6)).as_of >= later.version);
    assert_eq!(ids(&all(&*store)), [5, 4, 6]);
}

pub fn a_store_knows_who_it_is(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let other = Schema { name: "others".into(), ..counters() };
    let other = place.open(&other).unwrap();
    assert!(!store.identity().is_empty());
    assert_ne!(store.identity(), other.identity());
    assert_eq!(store.is_shared(), place.is_shared());
    if place.is_shared() {
        assert_eq!(place.open(&counters()).unwrap().identity(), store.identity());
    }
    let written = write(&*store, Action::Insert(counter(1, 1)));
    assert!(store.newest().wait().unwrap() >= written.version);
}
