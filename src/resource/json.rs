//! A stand-in until the values come.

use crate::resource::{Record, Schema, Value};

pub fn append_record(out: &mut Vec<u8>, schema: &Schema, record: &Record) {
    let mut object = serde_json::Map::new();
    for (field, value) in schema.fields.iter().zip(record.values()) {
        let value = match value {
            Value::Integer(number) => serde_json::Value::from(*number),
            Value::Text(text) => serde_json::Value::from(&**text),
            _ => serde_json::Value::Null,
        };
        object.insert(field.name.clone(), value);
    }
    out.extend_from_slice(serde_json::Value::Object(object).to_string().as_bytes());
}

pub fn record_from(schema: &Schema, json: &[u8]) -> Option<Record> {
    let value: serde_json::Value = serde_json::from_slice(json).ok()?;
    let object = value.as_object()?;
    let value = |name: &str| match object.get(name) {
        Some(serde_json::Value::String(text)) => Value::text(text.as_str()),
        Some(serde_json::Value::Number(number)) => {
            number.as_i64().map_or(Value::Null, Value::Integer)
        }
        _ => Value::Null,
    };
    Some(Record::new(schema.fields.iter().map(|field| value(&field.name)).collect::<Vec<_>>()))
}
