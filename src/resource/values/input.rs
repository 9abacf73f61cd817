//! What was sent, as a fault shows it: short, whatever its size was.

use crate::formats::json::{Kind, RawText, Scanner};
use crate::resource::{Value, json};
use serde_json::Value as Shown;

/// Characters of what was sent that a fault shows.
const SHOWN: usize = 100;

/// JSON as it was sent: small things as they are, of large ones the beginning as a text.
pub(in crate::resource) fn of_json(raw: &str) -> Shown {
    let kind = Scanner::new(raw.as_bytes()).and_then(|mut scanner| scanner.kind());
    match kind {
        Ok(Kind::Text) => of_text(&RawText::of_value(raw).decode()),
        // A float would not show the digits that were sent.
        Ok(Kind::Number) if raw.parse::<i64>().is_err() && !raw.contains('.') => of_text(raw),
        _ if raw.len() > SHOWN => of_text(raw),
        _ => serde_json::from_str(raw).unwrap_or_else(|_| of_text(raw)),
    }
}

pub(in crate::resource) fn of_text(text: &str) -> Shown {
    Shown::String(beginning(text))
}

/// The value of a field, which was read without a fault.
pub(in crate::resource) fn of_value(value: &Value) -> Shown {
    if let Value::Text(text) = value {
        return of_text(text);
    }
    let mut out = Vec::new();
    json::append_value(&mut out, value);
    of_json(&String::from_utf8_lossy(&out))
}

/// Up to a hundred characters, and a sign that there were more.
pub(in crate::resource) fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
