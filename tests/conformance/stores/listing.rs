//! Lists: every comparison and sort on every kind of field, null among them.

use super::Place;
use super::samples::*;
use headwater::resource::*;

/// For each field of `things` three values in rising order.
fn rising() -> Vec<(usize, [Value; 3])> {
    let text = |text: &str| Value::text(text);
    vec![
        (NAME, [text("B"), text("a"), text("é")]),
        (AGE, [Value::Integer(i64::MIN), Value::Integer(-1), Value::Integer(i64::MAX)]),
        (SCORE, [Value::Float(f64::MIN), Value::Float(-0.5), Value::Float(1e-300)]),
        (BORN, [Value::Time(-1), Value::Time(0), Value::Time(1_700_000_000_000_000)]),
        (OWNER, [Value::Uuid(1), Value::Uuid(1 << 64), Value::Uuid(u128::MAX)]),
        // Choices sort as texts, not in the order of the schema.
        (COLOUR, [text("blue"), text("green"), text("red")]),
        (CODE, [text(""), text("x"), text("x ")]),
    ]
}

/// Records 1, 2, 3 hold the rising values of a field; 4 holds null, unless the field needs a value.
fn three(store: &dyn Store, field: usize, values: &[Value; 3]) -> Vec<i64> {
    for record in all(store) {
        outcome(store, Action::Delete(record.key(&things()).unwrap()));
    }
    let of = |(value, id)| thing(id, "n").with(field, Value::clone(value));
    let mut records: Vec<Record> = values.iter().zip(1..).map(of).collect();
    if field != NAME {
        records.push(thing(4, "n"));
    }
    insert_all(store, &records);
    ids(&records)
}

pub fn every_comparison_on_every_kind(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    for (field, values) in rising() {
        let present = three(&*store, field, &values);
        let found = |comparison: Comparison| {
            ids(&list(&*store, vec![condition(field, comparison)], Order::Insertion))
        };
        let others = |comparison: Comparison| {
            ids(&list(&*store, vec![not(condition(field, comparison))], Order::Insertion))
        };
        let [low, middle, high] = values.clone();
        assert_eq!(found(Comparison::Equal(middle.clone())), [2], "{field}");
        assert_eq!(others(Comparison::Equal(middle.clone())), [1, 3], "{field}");
        assert_eq!(found(Comparison::Less(middle.clone())), [1], "{field}");
        assert_eq!(others(Comparison::Less(middle.clone())), [2, 3], "{field}");
        assert_eq!(found(Comparison::LessOrEqual(middle.clone())), [1, 2], "{field}");
        assert_eq!(found(Comparison::Greater(middle.clone())), [3], "{field}");
        assert_eq!(found(Comparison::GreaterOrEqual(middle.clone())), [2, 3], "{field}");
        assert_eq!(found(Comparison::In(vec![high.clone(), low.clone()])), [1, 3], "{field}");
        assert_eq!(others(Comparison::In(vec![high, low])), [2], "{field}");
        assert!(found(Comparison::In(vec![])).is_empty());
        assert_eq!(others(Comparison::In(vec![])), [1, 2, 3]);
        let nulls: Vec<i64> = present.iter().copied().filter(|id| *id == 4).collect();
        assert_eq!(found(Comparison::IsNull), nulls, "{field}");
        assert_eq!(others(Comparison::IsNull), [1, 2, 3], "{field}");
    }
    outcome(&*store, Action::Put(thing(1, "n").with(ACTIVE, Value::Boolean(true))));
    outcome(&*store, Action::Put(thing(2, "n").with(ACTIVE, Value::Boolean(false))));
    for (value, id) in [(true, 1), (false, 2)] {
        let is = condition(ACTIVE, Comparison::Equal(Value::Boolean(value)));
        assert_eq!(ids(&list(&*store, vec![is], Order::Insertion)), [id]);
    }
}

pub fn null_fulfils_only_is_null(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    insert_all(&*store, &[thing(1, "n"), thing(2, "n").with(AGE, Value::Integer(5))]);
    let found = |condition: Condition| ids(&list(&*store, vec![condition], Order::Insertion));
    let null = || Value::Null;
    let with_null = [
        Comparison::Equal(null()),
        Comparison::Less(null()),
        Comparison::LessOrEqual(null()),
        Comparison::Greater(null()),
        Comparison::GreaterOrEqual(null()),
        Comparison::In(vec![null()]),
    ];
    for comparison in with_null {
        assert!(found(condition(AGE, comparison.clone())).is_empty(), "{comparison:?}");
    }
    let five_or_null = Comparison::In(vec![null(), Value::Integer(5)]);
    assert_eq!(found(condition(AGE, five_or_null)), [2]);
    assert_eq!(found(not(condition(AGE, Comparison::Equal(Value::Integer(4))))), [2]);
    assert_eq!(found(condition(AGE, Comparison::IsNull)), [1]);
    assert_eq!(found(not(condition(AGE, Comparison::IsNull))), [2]);
}

pub fn patterns_match_whole_texts(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let names = ["abc", "ABC", "a*c", "a?c", "a%c", "a_c", "a[b]c", "a\\c", "", "añb\nc", "]^-"];
    let records: Vec<Record> = names.iter().zip(1..).map(|(name, id)| thing(id, name)).collect();
    insert_all(&*store, &records);
    let found = |pattern: &str| -> Vec<&str> {
        let like = condition(NAME, Comparison::Like(pattern.into()));
        let ids = ids(&list(&*store, vec![like], Order::Insertion));
        ids.iter().map(|id| names[*id as usize - 1]).collect()
    };
    assert_eq!(found("abc"), ["abc"]);
    assert_eq!(found("A*"), ["ABC"]);
    assert_eq!(found("*b*c"), ["abc", "a[b]c", "añb\nc"]);
    assert_eq!(found("a?c"), ["a?c"]);
    assert_eq!(found("a_c"), ["a_c"]);
    assert_eq!(found("a%c"), ["a%c"]);
    assert_eq!(found("a[b]c"), ["a[b]c"]);
    assert_eq!(found("a\\c"), ["a\\c"]);
    assert_eq!(found("a\\*"), ["a\\c"]);
    assert_eq!(found("]^-"), ["]^-"]);
    assert_eq!(found("a[*"), ["a[b]c"]);
    assert_eq!(found(""), [""]);
    assert_eq!(found("*").len(), names.len());
    assert_eq!(found("**").len(), names.len());
    let not_a = not(condition(NAME, Comparison::Like("a*".into())));
    assert_eq!(ids(&list(&*store, vec![not_a], Order::Insertion)), [2, 9, 11]);
}

pub fn every_kind_sorts_in_both_directions(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    for (field, values) in rising() {
        let present = three(&*store, field, &values);
        let sorted = |sorts: Vec<Sort>| ids(&list(&*store, vec![], Order::Fields(sorts)));
        let nulls: Vec<i64> = present.iter().copied().filter(|id| *id == 4).collect();
        assert_eq!(sorted(vec![by(field)]), [&nulls[..], &[1, 2, 3]].concat(), "{field}");
        assert_eq!(sorted(vec![down(field)]), [&nulls[..], &[3, 2, 1]].concat(), "{field}");
    }
    for id in 1..=4 {
        let active = if id == 4 { Value::Null } else { Value::Boolean(id == 2) };
        outcome(&*store, Action::Put(thing(id, "n").with(ACTIVE, active)));
    }
    let sorted = |sorts: Vec<Sort>| ids(&list(&*store, vec![], Order::Fields(sorts)));
    // Among equals the key decides, rising in both directions.
    assert_eq!(sorted(vec![by(ACTIVE)]), [4, 1, 3, 2]);
    assert_eq!(sorted(vec![down(ACTIVE)]), [4, 2, 1, 3]);
    assert_eq!(sorted(vec![by(ACTIVE), down(0)]), [4, 3, 1, 2]);
    assert_eq!(sorted(vec![down(0), by(ACTIVE)]), [4, 3, 2, 1]);
    assert_eq!(sorted(vec![]), [1, 2, 3, 4]);
}

pub fn an_update_keeps_its_place_and_a_new_record_is_last(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    insert_all(&*store, &[counter(5, 0), counter(1, 0), counter(3, 0), counter(9, 0)]);
    outcome(&*store, Action::Put(counter(1, 1)));
    outcome(&*store, Action::Patch(Key::Integer(5), vec![(1, Value::Integer(1))]));
    assert_eq!(ids(&all(&*store)), [5, 1, 3, 9]);
    for id in [9, 1] {
        outcome(&*store, Action::Delete(Key::Integer(id)));
        outcome(&*store, Action::Insert(counter(id, 2)));
    }
    assert_eq!(ids(&all(&*store)), [5, 3, 9, 1]);
}

pub fn counting_agrees_with_listing(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let count = |conditions| store.count(conditions).wait().unwrap();
    assert_eq!(count(vec![]), 0);
    let records: Vec<Record> = (0..50).map(|id| counter(id, id % 7)).collect();
    insert_all(&*store, &records);
    assert_eq!(count(vec![]), 50);
    let conditions = vec![
        condition(1, Comparison::Equal(Value::Integer(3))),
        condition(0, Comparison::Less(Value::Integer(30))),
    ];
    assert_eq!(count(conditions.clone()), 4);
    assert_eq!(ids(&list(&*store, conditions, Order::Insertion)), [3, 10, 17, 24]);
    // A server that others use counts on between two answers, so the page lies between two reads of a record.
    let before = find(&*store, Key::Integer(1)).as_of;
    let page = store.list(query(vec![], Order::Insertion)).wait().unwrap();
    let after = find(&*store, Key::Integer(1)).as_of;
    assert!((before..=after).contains(&page.as_of), "{before:?} {:?} {after:?}", page.as_of);
}
