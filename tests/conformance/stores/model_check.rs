//! Random lives: a store and the model do the same, and must answer the same.

use super::Place;
use super::model::Model;
use super::paging::walk;
use super::samples::*;
use headwater::resource::*;
use headwater::testing::random::{Random, seeds};
use std::sync::Arc;

pub fn a_store_does_what_the_model_does(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    for seed in seeds(12) {
        // Each life begins with an empty table and new idempotency keys.
        for record in all(&*store) {
            outcome(&*store, Action::Delete(record.key(&things()).unwrap()));
        }
        live(place, Arc::clone(&store), seed);
    }
}

fn live(place: &dyn Place, mut store: Arc<dyn Store>, seed: u64) {
    let mut random = Random::new(seed);
    let mut model = Model::default();
    let begin = here(&*store);
    for step in 0..120 {
        let what = format!("seed {seed}, step {step}");
        let (writes, atomicity) = random_group(&mut random, &model, seed);
        let expected = model.group(&writes, atomicity);
        let written = store.write(writes.clone(), atomicity).wait().unwrap();
        let became: Vec<_> =
            written.into_iter().map(|written| (written.outcome, written.is_replay)).collect();
        assert_eq!(became, expected, "{what}: {writes:#?}");
        check_now(&*store, &model, &what);
        if random.chance(30) {
            check_list(&mut random, &*store, &model, &what);
        }
        if place.is_shared() && random.chance(2) {
            store = place.open(&things()).unwrap();
        }
    }
    until(&store, || changes(&*store, begin).items.len() >= model.changes.len());
    let told = changes(&*store, begin).items.into_iter();
    let told: Vec<_> = told.map(|change| (change.key, change.kind, change.record)).collect();
    assert_eq!(told, model.changes, "seed {seed}");
}

/// What a store answers at once is what it answers: neither older nor otherwise.
fn check_now(store: &dyn Store, model: &Model, what: &str) {
    let expected = model.list(&[], &Order::Insertion);
    let first_page =
        ListQuery { conditions: vec![], order: Order::Insertion, after: None, limit: SHORT_PAGE };
    if let Some(page) = store.list_now(&first_page) {
        assert!(page.records.iter().eq(expected.iter().take(SHORT_PAGE)), "{what}");
        assert_eq!(page.next.is_some(), expected.len() > SHORT_PAGE, "{what}");
    }
    for record in &expected {
        let key = record.key(store.schema()).unwrap();
        let now = store.get_now(&key);
        assert!(now.is_none_or(|fetched| fetched.record.as_ref() == Some(record)), "{what}");
    }
}

fn check_list(random: &mut Random, store: &dyn Store, model: &Model, what: &str) {
    let conditions: Vec<Condition> =
        (0..random.below(3)).map(|_| random_condition(random)).collect();
    let order = if random.chance(30) {
        Order::Insertion
    } else {
        let mut sort = || Sort { field: field_of(random), is_descending: random.chance(50) };
        Order::Fields((0..2).map(|_| sort()).collect())
    };
    let limit = 1 + random.below(9) as usize;
    let expected = model.list(&conditions, &order);
    let what = format!("{what}: {conditions:?} {order:?} by {limit}");
    let query = ListQuery { conditions: conditions.clone(), order, after: None, limit };
    assert_eq!(walk(store, query), expected, "{what}");
    assert_eq!(store.count(conditions).wait().unwrap(), expected.len() as u64, "{what}");
}

/// Any field but the JSON one, which has no order.
fn field_of(random: &mut Random) -> usize {
    [0, NAME, AGE, SCORE, ACTIVE, BORN, OWNER, COLOUR, CODE][random.below(9) as usize]
}

/// Out of few values, so that many are equal; null where the field may be null.
fn value_of(random: &mut Random, field: usize) -> Value {
    if field > NAME && random.chance(25) {
        return Value::Null;
    }
    let number = random.below(5);
    match field {
        0 => Value::Integer(random.below(12) as i64),
        AGE => Value::Integer(number as i64 - 2),
        SCORE => Value::Float(number as f64 / 3.0 - 1.0),
        ACTIVE => Value::Boolean(number > 2),
        BORN => Value::Time((number as i64 - 2) * 1_000_001),
        OWNER => Value::Uuid(u128::from(number) << 90),
        DATA => Value::Json(format!("[{number}]").into()),
        COLOUR => Value::text(["red", "green", "blue"][number as usize % 3]),
        _ => Value::text(["", "a", "ab", "b*", "é"][number as usize]),
    }
}

fn random_record(random: &mut Random) -> Record {
    Record::new((0..10).map(|field| value_of(random, field)).collect::<Vec<_>>())
}

fn random_condition(random: &mut Random) -> Condition {
    let field = field_of(random);
    let mut value = || value_of(random, field);
    let value = value();
    let comparison = match random.below(8) {
        0 => Comparison::Equal(value),
        1 => Comparison::Less(value),
        2 => Comparison::LessOrEqual(value),
        3 => Comparison::Greater(value),
        4 => Comparison::GreaterOrEqual(value),
        5 => Comparison::In(vec![value, value_of(random, field)]),
        6 if [NAME, CODE].contains(&field) => {
            Comparison::Like(["*", "a*", "*b*", "", "é"][random.below(5) as usize].into())
        }
        _ => Comparison::IsNull,
    };
    // A comparison with null is a law of its own.
    let has_null = match &comparison {
        Comparison::Equal(value)
        | Comparison::Less(value)
        | Comparison::LessOrEqual(value)
        | Comparison::Greater(value)
        | Comparison::GreaterOrEqual(value) => value.is_null(),
        Comparison::In(values) => values.iter().any(Value::is_null),
        _ => false,
    };
    let comparison = if has_null { Comparison::IsNull } else { comparison };
    Condition { field, comparison, is_negated: random.chance(30) }
}

fn random_group(random: &mut Random, model: &Model, seed: u64) -> (Vec<Write>, Atomicity) {
    let count = if random.chance(60) { 1 } else { random.below(6) };
    let writes = (0..count).map(|_| random_write(random, model, seed)).collect();
    (writes, if random.chance(50) { Atomicity::All } else { Atomicity::Each })
}

fn random_write(random: &mut Random, model: &Model, seed: u64) -> Write {
    let record = random_record(random);
    let key = record.key(&things()).unwrap();
    let action = match random.below(7) {
        5 => Action::Ensure(record),
        0 => Action::Insert(record),
        1 => Action::Put(record),
        2 => Action::Replace(record),
        3 => Action::Delete(key),
        // What is there already.
        4 => model.records.first().map_or(Action::Delete(key), |first| Action::Put(first.clone())),
        _ => {
            let fields = [NAME, AGE, SCORE, CODE, COLOUR];
            let field = fields[random.below(5) as usize];
            Action::Patch(key, vec![(field, value_of(random, field)), (BORN, Value::Time(1))])
        }
    };
    let tag = model.records.last().map(|last| ETag::of(&things(), last));
    let precondition = match (random.below(10), tag) {
        (0, Some(tag)) => Precondition::Matches(vec![tag]),
        (1, Some(tag)) => Precondition::Differs(vec![tag]),
        (2, _) => Precondition::Exists,
        (3, _) => Precondition::Absent,
        _ => Precondition::None,
    };
    let idempotency = random.chance(25).then(|| Idempotency {
        key: format!("{seed}-{}", random.below(8)),
        fingerprint: [u8::from(random.chance(10)); 32],
    });
    Write { action, precondition, idempotency }
}
