//! The payload of a message as records: JSON, text or bytes, with fields added from around it.

use crate::core::record::Records;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What a payload is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    Json,
    Text,
    Base64,
}

/// Adds the records of a payload, all of them or none; the reason is for the dead letter.
pub fn add(
    payload: &[u8],
    format: Payload,
    fields: &[(String, Value)],
    records: &mut Records,
) -> Result<(), String> {
    match format {
        Payload::Json => add_json(payload, fields, records),
        Payload::Text => {
            let text = std::str::from_utf8(payload)
                .map_err(|error| format!("the payload is no UTF-8 text: {error}"))?;
            add_object("text", text.into(), fields, records);
            Ok(())
        }
        Payload::Base64 => {
            add_object("base64", STANDARD.encode(payload).into(), fields, records);
            Ok(())
        }
    }
}

fn add_json(
    payload: &[u8],
    fields: &[(String, Value)],
    records: &mut Records,
) -> Result<(), String> {
    if payload.is_empty() {
        return Err("the payload is empty".into());
    }
    let wrong = |error: serde_json::Error| format!("the payload is not JSON: {error}");
    let value: &RawValue = serde_json::from_slice(payload).map_err(wrong)?;
    let text = value.get();
    if fields.is_empty() && text.starts_with('{') && is_one_line(text) {
        records.push_json(text.as_bytes());
        return Ok(());
    }
    match serde_json::from_str(text).map_err(wrong)? {
        Value::Array(items) => items.into_iter().for_each(|item| add_value(item, fields, records)),
        value => add_value(value, fields, records),
    }
    Ok(())
}

fn is_one_line(text: &str) -> bool {
    memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_none()
}

fn add_value(value: Value, fields: &[(String, Value)], records: &mut Records) {
    match value {
        Value::Object(mut object) => {
            object.extend(fields.iter().cloned());
            records.push_json(Value::Object(object).to_string().as_bytes());
        }
        other => add_object("value", other, fields, records),
    }
}

fn add_object(name: &str, value: Value, fields: &[(String, Value)], records: &mut Records) {
    let mut object = Map::new();
    object.insert(name.to_owned(), value);
    object.extend(fields.iter().cloned());
    records.push_json(Value::Object(object).to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::Encoding;

    fn check(
        payload: &[u8],
        format: Payload,
        fields: &[(String, Value)],
    ) -> Result<String, String> {
        let mut records = Records::empty(Encoding::Json);
        add(payload, format, fields, &mut records)?;
        assert_eq!(records.count as usize, records.lines().count());
        Ok(String::from_utf8(records.bytes).unwrap())
    }

    #[test]
    fn objects_lists_and_bare_values() {
        let json = |payload: &str| check(payload.as_bytes(), Payload::Json, &[]);
        assert_eq!(json(" {\"a\": 1.50} ").unwrap(), "{\"a\": 1.50}\n");
        assert_eq!(json("{\n\"a\": 1}").unwrap(), "{\"a\":1}\n");
        assert_eq!(json("[{\"a\":1}, 2]").unwrap(), "{\"a\":1}\n{\"value\":2}\n");
        assert_eq!(json("21.5").unwrap(), "{\"value\":21.5}\n");
        assert_eq!(json("[]").unwrap(), "");
    }

    #[test]
    fn fields_are_added_and_replace_what_has_their_name() {
        let fields = [("topic".to_owned(), Value::from("a/b"))];
        let added = check(b"{\"topic\":1,\"b\":2}", Payload::Json, &fields).unwrap();
        assert_eq!(added, "{\"topic\":\"a/b\",\"b\":2}\n");
        let text = check("ä\n\"".as_bytes(), Payload::Text, &fields).unwrap();
        assert_eq!(text, "{\"text\":\"ä\\n\\\"\",\"topic\":\"a/b\"}\n");
        assert_eq!(check(b"\0\xff", Payload::Base64, &[]).unwrap(), "{\"base64\":\"AP8=\"}\n");
    }

    #[test]
    fn what_is_no_record_is_told() {
        assert!(check(b"", Payload::Json, &[]).unwrap_err().contains("empty"));
        assert!(check(b"{\"a\":", Payload::Json, &[]).unwrap_err().contains("not JSON"));
        assert!(check(b"\xff", Payload::Json, &[]).unwrap_err().contains("not JSON"));
        assert!(check(b"\xff", Payload::Text, &[]).unwrap_err().contains("UTF-8"));
    }
}
