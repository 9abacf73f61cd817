//! Single writes: every action with every outcome.

use super::Place;
use super::samples::*;
use headwater::resource::*;

pub fn a_record_is_found_as_it_was_written(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let record = thing(1, "one")
        .with(AGE, Value::Integer(41))
        .with(SCORE, Value::Float(0.1))
        .with(ACTIVE, Value::Boolean(true))
        .with(BORN, Value::Time(1_700_000_000_123_456))
        .with(OWNER, Value::Uuid(7))
        .with(DATA, Value::Json(r#"{"b":[1,null],"a":"é"}"#.into()))
        .with(COLOUR, Value::text("red"))
        .with(CODE, Value::text("c-1"));
    assert_eq!(outcome(&*store, Action::Insert(record.clone())), Outcome::Created(record.clone()));
    assert_eq!(get(&*store, 1), Some(record));
    assert_eq!(get(&*store, 2), None);
}

pub fn inserting_tells_what_is_there(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let first = thing(1, "first");
    assert_eq!(outcome(&*store, Action::Insert(first.clone())), Outcome::Created(first.clone()));
    let second = Action::Insert(thing(1, "second"));
    assert_eq!(outcome(&*store, second), Outcome::Exists(first.clone()));
    assert_eq!(get(&*store, 1), Some(first));
}

pub fn putting_creates_or_replaces(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let first = thing(1, "first").with(AGE, Value::Integer(1));
    let second = thing(1, "second");
    assert_eq!(outcome(&*store, Action::Put(first.clone())), Outcome::Created(first));
    let updated = Outcome::Updated { record: second.clone(), changed: true };
    assert_eq!(outcome(&*store, Action::Put(second.clone())), updated);
    let same = Outcome::Updated { record: second.clone(), changed: false };
    assert_eq!(outcome(&*store, Action::Put(second.clone())), same);
    assert_eq!(get(&*store, 1), Some(second));
}

pub fn ensuring_keeps_what_is_there(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let first = thing(1, "first").with(CODE, Value::text("c"));
    assert_eq!(outcome(&*store, Action::Ensure(first.clone())), Outcome::Created(first.clone()));
    let kept = Outcome::Updated { record: first.clone(), changed: false };
    assert_eq!(outcome(&*store, Action::Ensure(thing(1, "second"))), kept);
    let taken = Action::Ensure(thing(2, "x").with(CODE, Value::text("c")));
    assert_eq!(outcome(&*store, taken), Outcome::Taken { field: CODE });
    assert_eq!(all(&*store), [first]);
}

pub fn replacing_needs_a_record(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    assert_eq!(outcome(&*store, Action::Replace(thing(1, "first"))), Outcome::Missing);
    outcome(&*store, Action::Insert(thing(1, "first").with(AGE, Value::Integer(1))));
    let second = thing(1, "second");
    let updated = Outcome::Updated { record: second.clone(), changed: true };
    assert_eq!(outcome(&*store, Action::Replace(second.clone())), updated);
    assert_eq!(get(&*store, 1), Some(second));
}

pub fn patching_sets_some_fields(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let patch = |changes: Vec<(usize, Value)>| Action::Patch(Key::Integer(1), changes);
    let age = |age| vec![(AGE, Value::Integer(age))];
    assert_eq!(outcome(&*store, patch(age(1))), Outcome::Missing);
    let first = thing(1, "first").with(DATA, Value::Json(r#"{"a":1,"b":{"c":2}}"#.into()));
    outcome(&*store, Action::Insert(first.clone()));
    let aged = first.with(AGE, Value::Integer(5));
    let updated = Outcome::Updated { record: aged.clone(), changed: true };
    assert_eq!(outcome(&*store, patch(age(5))), updated);
    let same = Outcome::Updated { record: aged.clone(), changed: false };
    assert_eq!(outcome(&*store, patch(age(5))), same);
    assert_eq!(outcome(&*store, patch(vec![])), same);
    let merged = aged.with(DATA, Value::Json(r#"{"b":{"c":2,"d":3}}"#.into()));
    let merge = vec![(DATA, Value::Json(r#"{"a":null,"b":{"d":3}}"#.into()))];
    let updated = Outcome::Updated { record: merged.clone(), changed: true };
    assert_eq!(outcome(&*store, patch(merge)), updated);
    // Merging grows what single requests could not bring; there is a bound.
    let large = format!("{{\"e\":\"{}\"}}", "x".repeat(1024 * 1024));
    let invalid = outcome(&*store, patch(vec![(DATA, Value::Json(large.into()))]));
    assert!(matches!(invalid, Outcome::Invalid(faults) if faults[0].field == "data"));
    assert_eq!(get(&*store, 1), Some(merged));
}

pub fn deleting_needs_a_record(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let delete = || Action::Delete(Key::Integer(1));
    assert_eq!(outcome(&*store, delete()), Outcome::Missing);
    outcome(&*store, Action::Insert(thing(1, "first")));
    assert_eq!(outcome(&*store, delete()), Outcome::Deleted);
    assert_eq!(outcome(&*store, delete()), Outcome::Missing);
    assert_eq!(get(&*store, 1), None);
}

pub fn preconditions_are_judged_before_anything_else(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let schema = things();
    let there = thing(1, "there");
    outcome(&*store, Action::Insert(there.clone()));
    let tag = ETag::of(&schema, &there);
    let other = ETag(!tag.0);
    let actions = |id: i64| {
        [
            Action::Insert(thing(id, "new")),
            Action::Put(thing(id, "new")),
            Action::Replace(thing(id, "new")),
            Action::Patch(Key::Integer(id), vec![(AGE, Value::Integer(1))]),
            Action::Delete(Key::Integer(id)),
        ]
    };
    let fails = |id: i64, precondition: Precondition, found: Option<&Record>| {
        for action in actions(id) {
            let write = guarded(action, precondition.clone());
            let expected = Outcome::PreconditionFailed(found.cloned());
            assert_eq!(outcome(&*store, write.clone()), expected, "{write:?}");
        }
    };
    fails(1, Precondition::Matches(vec![other]), Some(&there));
    fails(1, Precondition::Matches(vec![]), Some(&there));
    fails(1, Precondition::Absent, Some(&there));
    fails(1, Precondition::Differs(vec![other, tag]), Some(&there));
    fails(2, Precondition::Matches(vec![tag]), None);
    fails(2, Precondition::Exists, None);
    assert_eq!(all(&*store), std::slice::from_ref(&there));

    let holds = |write: Write| {
        let became = outcome(&*store, write);
        assert!(became.is_success(), "{became:?}");
    };
    let second = thing(1, "second");
    holds(guarded(Action::Put(second.clone()), Precondition::Matches(vec![other, tag])));
    let tag = ETag::of(&schema, &second);
    holds(guarded(Action::Put(thing(1, "third")), Precondition::Exists));
    holds(guarded(Action::Replace(thing(1, "fourth")), Precondition::Differs(vec![tag])));
    holds(guarded(Action::Put(thing(2, "two")), Precondition::Absent));
    holds(guarded(Action::Insert(thing(3, "three")), Precondition::Differs(vec![tag])));
    let exists = outcome(&*store, guarded(Action::Insert(thing(2, "x")), Precondition::Exists));
    assert_eq!(exists, Outcome::Exists(thing(2, "two")));
    let missing = guarded(Action::Delete(Key::Integer(9)), Precondition::Absent);
    assert_eq!(outcome(&*store, missing), Outcome::Missing);
}

pub fn a_unique_value_has_one_owner(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let coded = |id: i64, code: &str| thing(id, "x").with(CODE, Value::text(code));
    let taken = Outcome::Taken { field: CODE };
    insert_all(&*store, &[coded(1, "a"), coded(2, "b"), thing(3, "x"), thing(4, "x")]);
    assert_eq!(outcome(&*store, Action::Insert(coded(5, "a"))), taken);
    assert_eq!(outcome(&*store, Action::Put(coded(5, "a"))), taken);
    assert_eq!(outcome(&*store, Action::Put(coded(2, "a"))), taken);
    assert_eq!(outcome(&*store, Action::Replace(coded(3, "b"))), taken);
    let patch = Action::Patch(Key::Integer(3), vec![(CODE, Value::text("b"))]);
    assert_eq!(outcome(&*store, patch), taken);
    // The key counts before the unique fields.
    assert_eq!(outcome(&*store, Action::Insert(coded(2, "a"))), Outcome::Exists(coded(2, "b")));
    // Its owner may keep it, and let it go.
    assert!(outcome(&*store, Action::Put(coded(1, "a").with(AGE, Value::Integer(1)))).is_success());
    assert!(outcome(&*store, Action::Put(coded(1, "c"))).is_success());
    assert!(outcome(&*store, Action::Put(coded(2, "a"))).is_success());
    assert!(outcome(&*store, Action::Delete(Key::Integer(2))).is_success());
    assert!(outcome(&*store, Action::Insert(coded(5, "a"))).is_success());
}
