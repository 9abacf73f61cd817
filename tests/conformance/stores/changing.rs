//! A store that is opened with another schema than before.

use super::Place;
use super::samples::*;
use headwater::resource::*;

pub fn a_schema_that_fits_is_carried_out(place: &dyn Place) {
    if !place.is_shared() {
        return;
    }
    let limited = FieldLimits { maximum: Some(10.0), ..FieldLimits::default() };
    let mut old = counters();
    old.fields[1] = Field { limits: limited, ..field("count", FieldKind::Integer) };
    let store = place.open(&old).unwrap();
    let begin = here(&*store);
    insert_all(&*store, &[counter(1, 1), counter(2, 2)]);
    let page = ListQuery { limit: 1, ..query(vec![], Order::Insertion) };
    let cursor = store.list(page.clone()).wait().unwrap().next;
    until(&store, || changes(&*store, begin).items.len() == 2);
    drop(store);

    // A new field, a wider limit, an index, and another order of the fields.
    let note = Field { is_unique: true, ..field("note", FieldKind::Text) };
    let tags = field("tags", FieldKind::Json);
    let count = Field { is_indexed: true, ..field("count", FieldKind::Integer) };
    let mut new = schema(vec![note, required("id", FieldKind::Integer), count, tags]);
    new.key = 1;
    let record = |note: Value, id: i64, count: i64| {
        Record::new(vec![note, Value::Integer(id), Value::Integer(count), Value::Null])
    };
    let store = place.open(&new).unwrap();
    let [one, two] = [record(Value::Null, 1, 1), record(Value::Null, 2, 2)];
    assert_eq!(all(&*store), [one.clone(), two.clone()]);
    let rest = store.list(ListQuery { after: cursor, ..page }).wait().unwrap();
    assert_eq!(rest.records, std::slice::from_ref(&two));
    let told = changes(&*store, begin);
    assert!(!told.has_gap);
    let records: Vec<_> = told.items.into_iter().filter_map(|change| change.record).collect();
    assert_eq!(records, [one, two], "what was told is told in the new shape");
    let third = record(Value::text("x"), 3, 300);
    let begin = here(&*store);
    insert_all(&*store, std::slice::from_ref(&third));
    until(&store, || changes(&*store, begin).items.len() == 1);
    assert_eq!(changes(&*store, begin).items[0].record, Some(third));
    let taken = outcome(&*store, Action::Insert(record(Value::text("x"), 4, 4)));
    assert_eq!(taken, Outcome::Taken { field: 0 });
    drop(store);
    assert_eq!(place.open(&new).unwrap().count(vec![]).wait().unwrap(), 3);
}

pub fn a_schema_that_does_not_fit_is_refused(place: &dyn Place) {
    if !place.is_shared() {
        return;
    }
    let old = schema(vec![
        required("id", FieldKind::Integer),
        field("count", FieldKind::Integer),
        field("note", FieldKind::Text),
    ]);
    let store = place.open(&old).unwrap();
    let of = |id: i64| Record::new(vec![Value::Integer(id), Value::Integer(7), Value::Null]);
    insert_all(&*store, &[of(1), of(2)]);
    drop(store);
    let other_kind = |kind: FieldKind| {
        let mut new = old.clone();
        new.fields[1].kind = kind;
        new
    };
    let mut unique = old.clone();
    unique.fields[1].is_unique = true;
    let mut keyed = old.clone();
    keyed.key = 1;
    for (new, word) in [
        (other_kind(FieldKind::Text), "count"),
        (other_kind(FieldKind::Boolean), "count"),
        (unique, "count"),
        (keyed, "count"),
    ] {
        let fault = place.open(&new).err().unwrap_or_else(|| panic!("{new:?} is taken"));
        assert!(fault.reason().contains(word), "{fault}");
    }
    // Nothing was touched.
    let store = place.open(&old).unwrap();
    assert_eq!(all(&*store), [of(1), of(2)]);
}
