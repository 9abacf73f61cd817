//! Schemas and records for the tests of this module.

mod bulk;
mod query;
mod validate;
mod values;

use crate::resource::{Field, FieldKind, FieldLimits, Pattern, Record, Schema, Value, parse};
use proptest::prelude::*;

pub fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        is_required: false,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

pub fn colours() -> FieldKind {
    FieldKind::Choice(vec!["red".into(), "green".into()])
}

/// A field of every kind, none with limits; the key is the integer.
pub fn every_kind() -> Schema {
    let fields = vec![
        field("id", FieldKind::Integer),
        field("weight", FieldKind::Float),
        field("name", FieldKind::Text),
        field("is_new", FieldKind::Boolean),
        field("made", FieldKind::Time),
        field("serial", FieldKind::Uuid),
        field("more \"ü\"", FieldKind::Json),
        field("colour", colours()),
    ];
    Schema { name: "things".into(), fields, key: 0, key_is_generated: false }
}

/// What the `users` of the originals could be.
pub fn users() -> Schema {
    let mut name = field("name", FieldKind::Text);
    name.is_required = true;
    name.limits = FieldLimits {
        min_length: Some(2),
        max_length: Some(5),
        pattern: Some(Pattern::new("[a-zé]*").unwrap()),
        ..FieldLimits::default()
    };
    let mut age = field("age", FieldKind::Integer);
    age.is_required = true;
    age.limits.minimum = Some(0.0);
    age.limits.maximum = Some(150.0);
    let mut colour = field("colour", colours());
    colour.default = Some(Value::text("red"));
    let fields = vec![
        field("id", FieldKind::Integer),
        name,
        age,
        colour,
        field("score", FieldKind::Float),
        field("more", FieldKind::Json),
    ];
    Schema { name: "users".into(), fields, key: 0, key_is_generated: false }
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    let tree = leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|members| { serde_json::Value::Object(members.into_iter().collect()) }),
        ]
    });
    tree.prop_map(|tree| tree.to_string()).prop_filter("null is no JSON", |text| text != "null")
}

/// A value that a field of this kind can hold.
pub fn value(kind: &FieldKind) -> BoxedStrategy<Value> {
    match kind {
        FieldKind::Integer => any::<i64>().prop_map(Value::Integer).boxed(),
        FieldKind::Float => any::<f64>()
            .prop_filter("finite", |float| float.is_finite())
            .prop_map(|float| Value::Float(float + 0.0))
            .boxed(),
        FieldKind::Text => any::<String>().prop_map(Value::text).boxed(),
        FieldKind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        FieldKind::Time => (parse::EARLIEST..=parse::LATEST).prop_map(Value::Time).boxed(),
        FieldKind::Uuid => any::<u128>().prop_map(Value::Uuid).boxed(),
        FieldKind::Json => json_text().prop_map(|text| Value::Json(text.into())).boxed(),
        FieldKind::Choice(choices) => {
            prop::sample::select(choices.clone()).prop_map(Value::text).boxed()
        }
    }
}

/// A record of [`every_kind`], with nulls in it.
pub fn record() -> impl Strategy<Value = Record> {
    let values: Vec<BoxedStrategy<Value>> = every_kind()
        .fields
        .iter()
        .enumerate()
        .map(|(place, field)| match place {
            0 => value(&field.kind),
            _ => prop_oneof![4 => value(&field.kind), 1 => Just(Value::Null)].boxed(),
        })
        .collect();
    values.prop_map(Record::new)
}
