//! Writing values: compact JSON for outputs, and short text for messages.

use std::fmt;

use jaq_json::Num;

use super::data::Value;
use crate::formats::json::write_text;

/// Enough of a value for a message.
const SHORT: usize = 60;

impl Value {
    pub(in crate::expr) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend(b"null"),
            Self::Bool(true) => out.extend(b"true"),
            Self::Bool(false) => out.extend(b"false"),
            Self::Number(number) => write_number(number, out),
            Self::Text(text) => write_text(text, out),
            Self::Array(array) => {
                out.push(b'[');
                for (index, item) in array.items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(object) => {
                out.push(b'{');
                for (index, (key, value)) in object.entries.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_text(key, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }

    pub(in crate::expr) fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// JSON has no NaN and no infinities; jq writes null and the largest numbers for them.
fn write_number(number: &Num, out: &mut Vec<u8>) {
    match number {
        Num::Float(float) if float.is_nan() => out.extend(b"null"),
        Num::Float(float) if float.is_infinite() => {
            let sign: &[u8] = if *float < 0.0 { b"-" } else { b"" };
            out.extend(sign);
            out.extend(b"1.7976931348623157e308");
        }
        _ => out.extend(number.to_string().into_bytes()),
    }
}

/// The type and the beginning of the value, for messages.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind().name();
        match self {
            Self::Null => formatter.write_str(kind),
            Self::Bool(_) | Self::Number(_) => write!(formatter, "{kind} {}", self.to_json()),
            Self::Text(text) => {
                let short: String = text.chars().take(SHORT).collect();
                let dots = if short.len() < text.len() { "…" } else { "" };
                write!(formatter, "{kind} {short:?}{dots}")
            }
            Self::Array(array) => write!(formatter, "{kind} of {} items", array.items.len()),
            Self::Object(object) => write!(formatter, "{kind} of {} members", object.entries.len()),
        }
    }
}
