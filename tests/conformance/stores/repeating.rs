//! Idempotency keys, and groups of writes.

use super::Place;
use super::samples::*;
use headwater::resource::*;

pub fn a_repeat_is_answered_and_not_done(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let actions = [
        ("insert", Action::Insert(counter(1, 1))),
        ("put", Action::Put(counter(1, 2))),
        ("replace", Action::Replace(counter(1, 3))),
        ("patch", Action::Patch(Key::Integer(1), vec![(1, Value::Integer(4))])),
        ("same", Action::Put(counter(1, 4))),
        ("delete", Action::Delete(Key::Integer(1))),
    ];
    let mut first = Vec::new();
    for (key, action) in actions.clone() {
        let written = write(&*store, attempt(action, key, 1));
        assert!(written.outcome.is_success() && !written.is_replay, "{key}: {written:?}");
        first.push(written);
    }
    outcome(&*store, Action::Insert(counter(1, 9)));
    let before = here(&*store);
    for ((key, action), first) in actions.into_iter().zip(first) {
        let again = write(&*store, attempt(action, key, 1));
        assert!(again.is_replay, "{key}");
        assert_eq!(again.outcome, first.outcome, "{key}");
        assert!(again.version >= first.version, "{key}");
    }
    assert_eq!(get(&*store, 1), Some(counter(1, 9)));
    assert_eq!(here(&*store), before, "a repeat changes nothing");
}

pub fn a_key_for_another_request_is_a_mismatch(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    outcome(&*store, attempt(Action::Insert(counter(1, 1)), "k", 1));
    let other = write(&*store, attempt(Action::Insert(counter(2, 1)), "k", 2));
    assert_eq!(other.outcome, Outcome::IdempotencyMismatch);
    assert!(!other.is_replay);
    assert_eq!(get(&*store, 2), None);
    let fine = attempt(Action::Insert(counter(2, 1)), "K", 2);
    assert!(outcome(&*store, fine).is_success(), "case matters");
}

pub fn a_failure_is_not_remembered(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let replace = || attempt(Action::Replace(counter(1, 2)), "k", 1);
    assert_eq!(outcome(&*store, replace()), Outcome::Missing);
    outcome(&*store, Action::Insert(counter(1, 1)));
    let written = write(&*store, replace());
    assert!(written.outcome.is_success() && !written.is_replay);
    // A repeat is known before its precondition is judged: the first attempt made it false.
    let created =
        |precondition| Write { precondition, ..attempt(Action::Put(counter(2, 2)), "once", 1) };
    assert!(outcome(&*store, created(Precondition::Absent)).is_success());
    let again = write(&*store, created(Precondition::Absent));
    assert_eq!((again.outcome, again.is_replay), (Outcome::Created(counter(2, 2)), true));
}

pub fn a_group_that_fails_forgets_its_keys(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let writes =
        |last: Action| vec![attempt(Action::Insert(counter(1, 1)), "a", 1), attempt(last, "b", 1)];
    let failed = group(&*store, writes(Action::Replace(counter(2, 2))), Atomicity::All);
    assert_eq!(failed, [Outcome::NotDone, Outcome::Missing]);
    let done = group(&*store, writes(Action::Insert(counter(2, 2))), Atomicity::All);
    assert_eq!(done, [Outcome::Created(counter(1, 1)), Outcome::Created(counter(2, 2))]);
    let writes = writes(Action::Insert(counter(2, 2)));
    let again = store.write(writes, Atomicity::All).wait().unwrap();
    assert!(again.iter().all(|written| written.is_replay));
    assert_eq!(all(&*store).len(), 2);
}

pub fn an_atomic_group_is_all_or_nothing(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let coded = |id: i64, code: &str| thing(id, "x").with(CODE, Value::text(code));
    insert_all(&*store, &[coded(1, "a"), coded(2, "b")]);
    let before = (all(&*store), here(&*store));
    let failing = [
        (Action::Insert(thing(1, "x")).into(), Outcome::Exists(coded(1, "a"))),
        (Action::Insert(coded(9, "a")).into(), Outcome::Taken { field: CODE }),
        (Action::Delete(Key::Integer(9)).into(), Outcome::Missing),
        (
            guarded(Action::Put(thing(1, "x")), Precondition::Absent),
            Outcome::PreconditionFailed(Some(coded(1, "a"))),
        ),
    ];
    for (write, expected) in failing {
        let writes = vec![
            Action::Insert(coded(3, "c")).into(),
            Action::Delete(Key::Integer(2)).into(),
            write,
            Action::Put(thing(4, "x")).into(),
        ];
        let outcomes = group(&*store, writes, Atomicity::All);
        let not = Outcome::NotDone;
        assert_eq!(outcomes, [not.clone(), not.clone(), expected, not]);
        assert_eq!((all(&*store), here(&*store)), before, "nothing of it is stored");
    }
    let writes = vec![Action::Insert(coded(3, "c")).into(), Action::Delete(Key::Integer(2)).into()];
    let outcomes = group(&*store, writes, Atomicity::All);
    assert_eq!(outcomes, [Outcome::Created(coded(3, "c")), Outcome::Deleted]);
    assert!(group(&*store, vec![], Atomicity::All).is_empty());
}

pub fn the_others_of_a_group_do_not_mind_a_failure(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let writes = vec![
        Action::Insert(counter(1, 1)).into(),
        Action::Insert(counter(1, 2)).into(),
        Action::Replace(counter(7, 7)).into(),
        Action::Insert(counter(2, 2)).into(),
    ];
    let outcomes = group(&*store, writes, Atomicity::Each);
    let created = |id, count| Outcome::Created(counter(id, count));
    let exists = Outcome::Exists(counter(1, 1));
    assert_eq!(outcomes, [created(1, 1), exists, Outcome::Missing, created(2, 2)]);
    assert_eq!(ids(&all(&*store)), [1, 2]);
}

pub fn a_group_sees_its_own_writes(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    for atomicity in [Atomicity::Each, Atomicity::All] {
        let writes = vec![
            Action::Insert(counter(1, 1)).into(),
            Action::Patch(Key::Integer(1), vec![(1, Value::Integer(5))]).into(),
            Action::Delete(Key::Integer(1)).into(),
            Action::Insert(counter(1, 9)).into(),
            Action::Delete(Key::Integer(1)).into(),
        ];
        let updated = Outcome::Updated { record: counter(1, 5), changed: true };
        let outcomes = group(&*store, writes, atomicity);
        let created = |count| Outcome::Created(counter(1, count));
        let deleted = Outcome::Deleted;
        assert_eq!(outcomes, [created(1), updated, deleted.clone(), created(9), deleted]);
        assert!(all(&*store).is_empty());
    }
}
