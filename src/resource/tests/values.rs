//! What is written can be read again, by us and by everybody else.

use super::{every_kind, record};
use crate::resource::{ETag, FieldKind, Record, Schema, Value, json};
use proptest::prelude::*;

fn written(value: &Value) -> String {
    let mut out = Vec::new();
    json::append_value(&mut out, value);
    String::from_utf8(out).unwrap()
}

#[test]
fn values_look_as_documented() {
    for (value, text) in [
        (Value::Null, "null"),
        (Value::Boolean(true), "true"),
        (Value::Integer(i64::MIN), "-9223372036854775808"),
        (Value::Float(0.1), "0.1"),
        (Value::Float(14.0), "14.0"),
        (Value::Float(1e300), "1e+300"),
        (Value::Float(f64::NAN), "null"),
        (Value::text("Éloïse \"\\\n\u{0}\u{8}\u{7f}/"), "\"Éloïse \\\"\\\\\\n\\u0000\\b\u{7f}/\""),
        (Value::Time(0), "\"1970-01-01T00:00:00Z\""),
        (Value::Time(1_700_000_000_007_000), "\"2023-11-14T22:13:20.007Z\""),
        (Value::Time(-1), "\"1969-12-31T23:59:59.999999Z\""),
        (Value::Time(i64::MAX), "\"9999-12-30T21:59:59.999999Z\""),
        (Value::Uuid(1), "\"00000000-0000-0000-0000-000000000001\""),
        (Value::Json("{\"a\":[1]}".into()), "{\"a\":[1]}"),
    ] {
        assert_eq!(written(&value), text);
    }
}

#[test]
fn a_record_of_an_older_schema_gets_nulls_and_loses_what_is_gone() {
    let schema = every_kind();
    let record = json::record_from(&schema, b"{\"old\":[{}],\"name\":\"a\",\"id\":7}").unwrap();
    assert_eq!(record.value(0), &Value::Integer(7));
    assert_eq!(record.value(2), &Value::text("a"));
    assert!(record.value(1).is_null() && record.values().len() == schema.fields.len());
    for text in ["", "[]", "7", "{\"id\":\"7\"}", "{\"id\":7", "{\"id\":7}}", "{\"id\":7}\u{0}"] {
        assert_eq!(json::record_from(&schema, text.as_bytes()), None, "{text}");
    }
}

#[test]
fn some_fields_come_in_the_order_they_were_asked_for() {
    let schema = every_kind();
    let record = json::record_from(&schema, b"{\"id\":7,\"name\":\"a\"}").unwrap();
    let mut out = Vec::new();
    json::append_fields(&mut out, &schema, &record, &[2, 0, 99]);
    assert_eq!(out, b"{\"name\":\"a\",\"id\":7}");
}

fn text_of(schema: &Schema, record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    json::append_record(&mut out, schema, record);
    out
}

proptest! {
    #[test]
    fn records_survive_their_json(record in record()) {
        let schema = every_kind();
        let text = text_of(&schema, &record);
        prop_assert_eq!(json::record_from(&schema, &text), Some(record.clone()));
        let tree: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let names = tree.as_object().unwrap().keys();
        prop_assert!(names.eq(schema.fields.iter().map(|field| &field.name)));
        prop_assert_eq!(ETag::of(&schema, &record), ETag::of_json(&text));
    }

    #[test]
    fn reading_never_panics(bytes in any::<Vec<u8>>()) {
        drop(json::record_from(&every_kind(), &bytes));
    }

    #[test]
    fn schemas_survive_their_stored_form(default in super::value(&FieldKind::Json)) {
        for mut schema in [every_kind(), super::users()] {
            schema.fields[2].default = Some(Value::text("x"));
            schema.fields[5].is_unique = true;
            schema.fields[4].is_indexed = true;
            if let Some(field) = schema.fields.get_mut(6) {
                field.default = Some(default.clone());
            }
            // The text of users' integer is no default of it.
            schema.fields.iter_mut().filter(|field| field.name == "age").for_each(|field| {
                field.default = Some(Value::Integer(3));
            });
            prop_assert_eq!(&Schema::from_json(&schema.to_json()).unwrap(), &schema);
        }
    }
}

#[test]
fn a_stored_schema_of_version_1_is_read_and_a_newer_one_refused() {
    let text = r#"{"version":1,"name":"users","key":"id","key_is_generated":true,"fields":[
        {"name":"id","type":"integer","is_required":false,"is_unique":false,"is_indexed":false},
        {"name":"name","type":"text","is_required":true,"is_unique":true,"is_indexed":false,
         "default":"x","max_length":9,"pattern":"[a-z]*"}]}"#;
    let schema = Schema::from_json(text).unwrap();
    assert_eq!(schema.fields[1].limits.max_length, Some(9));
    assert!(schema.fields[1].is_unique && schema.key_is_generated);
    let newer = Schema::from_json(&text.replace("\"version\":1", "\"version\":2")).unwrap_err();
    assert!(newer.contains("newer"), "{newer}");
    assert!(Schema::from_json(&text.replace("\"text\"", "\"blob\"")).is_err());
    assert!(Schema::from_json("{}").is_err());
}
