//! What a record is known by: a hash of all of it, and one of the field that tells it from the others.
//! Records of CSV and of an API are compared field by field, for their bytes are written by others.

use crate::formats::json::{Kind, Scanner};
use serde_json::{Map, Value};
use std::borrow::Cow;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Two records with the same key are the same record; if they are not alike, one is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub key: u64,
    pub whole: u64,
}

/// How records are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Byte for byte.
    Exact,
    /// By the values of these fields, in this order, whatever else there is.
    Fields(Vec<String>),
}

/// What marks are made by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub form: Form,
    /// The field that tells a record from the others; without it all of the record does.
    pub by: Option<String>,
}

impl Reading {
    /// The mark of a line of JSON.
    pub(super) fn mark(&self, line: &[u8]) -> Mark {
        match &self.form {
            Form::Exact => {
                let whole = xxh3_64(line);
                let key = self.by.as_ref().and_then(|name| value_of(line, name));
                Mark { key: key.map_or(whole, xxh3_64), whole }
            }
            Form::Fields(names) => self.mark_of_fields(line, names),
        }
    }

    fn mark_of_fields(&self, line: &[u8], names: &[String]) -> Mark {
        let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(line) else {
            let whole = xxh3_64(line);
            return Mark { key: whole, whole };
        };
        let mut hasher = Xxh3::new();
        for name in names {
            let Some(text) = fields.get(name).and_then(as_text) else { continue };
            hasher.update(name.as_bytes());
            hasher.update(&[0]);
            hasher.update(text.as_bytes());
            hasher.update(&[0]);
        }
        let whole = hasher.digest();
        let by = self.by.as_ref().and_then(|name| as_text(fields.get(name)?));
        Mark { key: by.map_or(whole, |text| xxh3_64(text.as_bytes())), whole }
    }
}

/// The value of a field as it is written, also of a record that breaks off behind it.
pub(super) fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let readable = match std::str::from_utf8(line) {
        Ok(_) => line,
        Err(error) => line.get(..error.valid_up_to())?,
    };
    let mut scanner = Scanner::new(readable).ok()?;
    if scanner.kind().ok()? != Kind::Object {
        return None;
    }
    scanner.enter().ok()?;
    let mut is_first = true;
    while scanner.next_item(is_first, b'}').ok()? {
        is_first = false;
        let is_it = scanner.key().ok()?.equals(name);
        let start = scanner.position();
        scanner.skip().ok()?;
        if is_it {
            // A number that breaks off is another number.
            let is_whole = matches!(line.get(scanner.position()), Some(b',' | b'}' | b' '));
            return line.get(start..scanner.position()).filter(|_| is_whole);
        }
    }
    None
}

/// A value as a cell of CSV has it. What is nothing there is nothing here, and 1.0 is 1.
fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => {
            let written = number(text).or_else(|| moment(text));
            Some(written.map_or(Cow::Borrowed(text), Cow::Owned))
        }
        Value::Array(_) | Value::Object(_) => Some(Cow::Owned(sorted(value).to_string())),
        other => {
            let text = other.to_string();
            Some(Cow::Owned(number(&text).unwrap_or(text)))
        }
    }
}

/// A number in its one form: a store may have read and written it again.
fn number(text: &str) -> Option<String> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return None;
    }
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    if let Some(whole) = number.as_i64() {
        return Some(whole.to_string());
    }
    let float = number.as_f64()?;
    let is_whole = float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0;
    Some(if is_whole { format!("{float:.0}") } else { float.to_string() })
}

/// A moment in its one form: a database writes it in its own.
fn moment(text: &str) -> Option<String> {
    let is_likely = text.len() >= "2026-01-01T00:00:00".len()
        && text.as_bytes().get(4) == Some(&b'-')
        && matches!(text.as_bytes().get(10), Some(b'T' | b' '));
    if !is_likely {
        return None;
    }
    let at = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        // A column without a time zone has kept the moment's UTC.
        let plain = text.parse::<jiff::civil::DateTime>().ok()?;
        plain.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    Some(at.to_string())
}

/// With the fields of every object by name: a database keeps them in an order of its own.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(fields.into_iter().collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(by: Option<&str>) -> Reading {
        Reading { form: Form::Exact, by: by.map(str::to_owned) }
    }

    #[test]
    fn a_record_that_breaks_off_keeps_the_key_that_stands_before() {
        let by_id = exact(Some("id"));
        let (whole, torn) =
            (by_id.mark(br#"{"id":7,"name":"Ann"}"#), by_id.mark(br#"{"id":7,"na"#));
        assert_eq!(whole.key, torn.key);
        assert_ne!(whole.whole, torn.whole);
        assert_ne!(by_id.mark(b"{\"id\":8}").key, whole.key);
        assert_ne!(by_id.mark(b"{\"id\":7").key, whole.key);
        let none = by_id.mark(b"nonsense \xFF");
        assert_eq!(none.key, none.whole);
    }

    #[test]
    fn fields_are_compared_as_csv_and_stores_write_them() {
        let names = ["id", "value", "note"].map(str::to_owned).to_vec();
        let reading = Reading { form: Form::Fields(names), by: Some("id".to_owned()) };
        let made = reading.mark(br#"{"id":1,"value":2.0,"note":null}"#);
        assert_eq!(made, reading.mark(br#"{"note":"","value":"2","id":"1","version":9}"#));
        assert_ne!(made.whole, reading.mark(br#"{"id":1,"value":2.5}"#).whole);
        let noted = |note: &str| reading.mark(format!("{{\"id\":1,\"note\":{note}}}").as_bytes());
        for (note, kept) in [
            ("\"2026-01-01T01:00:00.250Z\"", "\"2026-01-01T02:00:00.25+01:00\""),
            ("\"2026-01-01T01:00:00Z\"", "\"2026-01-01T01:00:00\""),
            (
                "{\"bb\":[{\"c\":1,\"a\":2}],\"a\":\"x\"}",
                "{\"a\": \"x\", \"bb\": [{\"a\": 2, \"c\": 1}]}",
            ),
        ] {
            assert_eq!(noted(note), noted(kept), "{note}");
            assert_ne!(noted(note), noted(&kept.replacen('2', "3", 1)), "{note}");
        }
        assert_ne!(made.whole, reading.mark(br#"{"id":1,"value":2,"note":"0"}"#).whole);
    }
}
