//! Reading JSON text into a value.

use std::sync::Arc;

use super::data::{Entries, Value};
use super::numbers::number_from_text;
use crate::formats::json::{Kind, Scanner};

/// Reads one value with nothing after it.
pub(in crate::expr) fn read_line(line: &[u8]) -> Result<Value, String> {
    let mut scanner = Scanner::new(line)?;
    let value = read(&mut scanner)?;
    scanner.end()?;
    Ok(value)
}

/// The scanner's depth limit bounds the recursion.
fn read(scanner: &mut Scanner<'_>) -> Result<Value, String> {
    Ok(match scanner.kind()? {
        Kind::Null => {
            scanner.word("null")?;
            Value::Null
        }
        Kind::False => {
            scanner.word("false")?;
            Value::Bool(false)
        }
        Kind::True => {
            scanner.word("true")?;
            Value::Bool(true)
        }
        Kind::Number => Value::Number(number_from_text(scanner.number()?)),
        Kind::Text => Value::text(scanner.text()?.decode().into_owned()),
        Kind::Array => {
            scanner.enter()?;
            let mut items = Vec::new();
            while scanner.next_item(items.is_empty(), b']')? {
                items.push(read(scanner)?);
            }
            Value::array(items)
        }
        Kind::Object => {
            scanner.enter()?;
            let mut entries = Entries::default();
            while scanner.next_item(entries.is_empty(), b'}')? {
                let key = Arc::new(scanner.key()?.decode().into_owned());
                let value = read(scanner)?;
                entries.insert(key, value);
            }
            Value::object(entries)
        }
    })
}
