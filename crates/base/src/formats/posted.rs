//! The body of a POST as records: one object, an array of objects, or NDJSON.

use crate::core::record::{Encoding, Records};
use serde_json::Deserializer;
use serde_json::value::RawValue;

/// Does the content type say that every line is a record?
pub fn is_lines(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "application/x-ndjson" | "application/ndjson" | "application/jsonl")
}

/// Reads a body whole or not at all; the reason is for the sender.
pub fn records(body: &[u8], is_lines: bool) -> Result<Records, String> {
    let mut records = Records::empty(Encoding::Json);
    let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match start {
        None => {
            return Err("the body is empty; send a JSON object, an array of them, or NDJSON".into());
        }
        Some(b'[') if !is_lines => {
            let items: Vec<&RawValue> =
                serde_json::from_slice(body).map_err(|error| explain(&error))?;
            for item in items {
                push(item, &mut records)?;
            }
        }
        Some(_) => {
            for item in Deserializer::from_slice(body).into_iter::<&RawValue>() {
                push(item.map_err(|error| explain(&error))?, &mut records)?;
            }
        }
    }
    Ok(records)
}

fn push(item: &RawValue, records: &mut Records) -> Result<(), String> {
    let text = item.get();
    if !text.starts_with('{') {
        let place = records.count + 1;
        return Err(format!("record {place} is not a JSON object"));
    }
    if text.contains(['\n', '\r']) {
        // Line feeds between the parts are allowed in JSON, but a record is one line.
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| explain(&error))?;
        records.push_json(value.to_string().as_bytes());
    } else {
        records.push_json(text.as_bytes());
    }
    Ok(())
}

fn explain(error: &serde_json::Error) -> String {
    format!("the body is not JSON: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, is_lines: bool) -> Result<String, String> {
        records(body.as_bytes(), is_lines).map(|records| {
            assert_eq!(records.count as usize, records.bytes.split(|b| *b == b'\n').count() - 1);
            String::from_utf8(records.bytes).unwrap()
        })
    }

    #[test]
    fn one_many_and_lines() {
        assert_eq!(check("{\"a\": 1}", false).unwrap(), "{\"a\": 1}\n");
        assert_eq!(check("[{\"a\":1}, {\"a\":2}]", false).unwrap(), "{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(check("{\"a\":1}\n{\"a\":2}\n", true).unwrap(), "{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(check("{\n  \"a\": 1.50\n}\n", false).unwrap(), "{\"a\":1.5}\n");
    }

    #[test]
    fn what_is_no_record_is_refused_whole() {
        assert!(check("", false).unwrap_err().contains("empty"));
        assert!(check("{\"a\":1}{\"a\":", false).unwrap_err().contains("not JSON"));
        assert!(check("[{\"a\":1}, 2]", false).unwrap_err().contains("record 2 is not"));
        assert!(records(b"{\"a\":\"\xff\"}", false).is_err());
    }
}
