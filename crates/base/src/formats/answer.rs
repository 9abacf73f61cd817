//! The answer of an HTTP server as records: JSON, a bare number, or text.

use crate::core::limits::SHOWN_BYTES;
use serde_json::{Map, Value};

/// An object, field by field.
pub type Object = Map<String, Value>;

#[derive(Debug)]
pub struct Decoded {
    pub objects: Vec<Object>,
}

/// The fields that an answer must have.
#[derive(Debug, Default, Clone)]
pub struct Expected {
    fields: Vec<(String, Type)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Integer,
    Float,
    Boolean,
    Text,
}

impl Expected {
    /// Reads `number: integer` and the like.
    pub fn parse(fields: &[(String, String)]) -> Result<Self, String> {
        let parse = |(name, kind): &(String, String)| {
            let kind = match kind.trim() {
                "integer" => Type::Integer,
                "float" => Type::Float,
                "boolean" => Type::Boolean,
                "text" => Type::Text,
                other => {
                    return Err(format!(
                        "`{other}` is no type for `{name}`: write integer, float, boolean or text"
                    ));
                }
            };
            Ok((name.clone(), kind))
        };
        Ok(Self { fields: fields.iter().map(parse).collect::<Result<_, _>>()? })
    }

    fn check(&self, object: &Object) -> Result<(), String> {
        for (name, kind) in &self.fields {
            let value =
                object.get(name).ok_or_else(|| format!("the answer has no field `{name}`"))?;
            let fits = match kind {
                Type::Integer => value.is_i64() || value.is_u64(),
                Type::Float => value.is_number(),
                Type::Boolean => value.is_boolean(),
                Type::Text => value.is_string(),
            };
            if !fits {
                let (shown, kind) = (shorten(value.to_string().as_bytes()), format!("{kind:?}"));
                return Err(format!("`{name}` is {shown}, not {}", kind.to_lowercase()));
            }
        }
        Ok(())
    }
}

/// Reads an answer; the reason why it cannot be read is for a person.
pub fn decode(body: &[u8], expected: &Expected) -> Result<Decoded, String> {
    let text = std::str::from_utf8(body)
        .map_err(|_| format!("the answer is not UTF-8: {}", shorten(body)))?
        .trim();
    let objects = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => vec![object],
        Ok(Value::Array(items)) => {
            items.into_iter().map(|item| object(item, expected)).collect::<Result<_, _>>()?
        }
        Ok(other) => vec![object(other, expected)?],
        Err(_) if text.is_empty() => return Err("the answer is empty".to_owned()),
        Err(_) => vec![object(Value::String(text.to_owned()), expected)?],
    };
    for object in &objects {
        expected.check(object)?;
    }
    Ok(Decoded { objects })
}

/// A bare value becomes the only field that is expected, or one with a name after its type.
fn object(value: Value, expected: &Expected) -> Result<Object, String> {
    let name = match (&value, expected.fields.as_slice()) {
        (Value::Object(_), _) => "",
        (_, [(name, _)]) => name,
        (Value::Number(_), []) => "number",
        (Value::String(_), []) => "text",
        (_, []) => "value",
        _ => {
            return Err(format!(
                "an object is expected, not {}",
                shorten(value.to_string().as_bytes())
            ));
        }
    };
    Ok(match value {
        Value::Object(object) => object,
        value => [(name.to_owned(), value)].into_iter().collect(),
    })
}

/// The beginning of something long, for a message.
pub fn shorten(bytes: &[u8]) -> String {
    let shown = String::from_utf8_lossy(bytes.get(..SHOWN_BYTES).unwrap_or(bytes));
    let dots = if bytes.len() > SHOWN_BYTES { "..." } else { "" };
    // Quotes stay as they are, or JSON could not be read any more.
    let escape =
        |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    let escaped: String = shown.chars().map(escape).collect();
    format!("`{escaped}{dots}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, fields: &[(&str, &str)]) -> Result<String, String> {
        let fields: Vec<(String, String)> =
            fields.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
        let decoded = decode(body.as_bytes(), &Expected::parse(&fields).unwrap())?;
        Ok(decoded.objects.iter().map(|object| Value::Object(object.clone()).to_string()).collect())
    }

    #[test]
    fn text_and_json_give_the_same_record() {
        assert_eq!(check("42\n", &[]).unwrap(), "{\"number\":42}");
        assert_eq!(check("{\"number\": 42}", &[]).unwrap(), "{\"number\":42}");
        assert_eq!(check("17", &[("n", "integer")]).unwrap(), "{\"n\":17}");
        assert_eq!(check("[1,2]", &[]).unwrap(), "{\"number\":1}{\"number\":2}");
        assert_eq!(check("hello", &[]).unwrap(), "{\"text\":\"hello\"}");
    }

    #[test]
    fn garbage_is_named() {
        let expected = &[("number", "integer")];
        assert_eq!(check("<html>", expected).unwrap_err(), "`number` is `\"<html>\"`, not integer");
        assert_eq!(check("{\"n\":1}", expected).unwrap_err(), "the answer has no field `number`");
        assert_eq!(check("", expected).unwrap_err(), "the answer is empty");
    }
}
