//! Values out of texts and JSON, and what is wrong with them in Pydantic's words.

use crate::resource::lax::{self, LaxFault};
use crate::resource::{FaultKind, Field, FieldKind, Value, embedded, parse};
use serde_json::{Value as Json, json};
use std::borrow::Cow;

/// Up to this many seconds a number is a time in seconds, beyond it is in milliseconds.
const LATEST_SECONDS: f64 = 2e10;

/// What is wrong with a value, in Pydantic's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    pub kind: &'static str,
    pub message: Cow<'static, str>,
    /// What the message was made of, for programs.
    pub context: Option<(&'static str, Box<Json>)>,
}

/// Reads what stands in a query or a path.
pub fn from_text(field: &Field, text: &str) -> Result<Value, Mismatch> {
    match &field.kind {
        FieldKind::Integer => lax::integer(text).map(Value::Integer).map_err(|fault| match fault {
            LaxFault::NotInteger => Mismatch::new(
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            ),
            LaxFault::TooBig => too_big(),
        }),
        FieldKind::Float => float(text).map(Value::Float),
        FieldKind::Text => Ok(Value::text(text)),
        FieldKind::Boolean => boolean(text).map(Value::Boolean),
        FieldKind::Time => time(text).map(Value::Time),
        FieldKind::Uuid => match uuid::Uuid::parse_str(text) {
            Ok(uuid) => Ok(Value::Uuid(uuid.as_u128())),
            Err(error) => {
                Err(Mismatch::because("uuid_parsing", "Input should be a valid UUID", &error))
            }
        },
        FieldKind::Json => embedded::compact(text).map(Value::Json).map_err(|fault| match fault {
            FaultKind::Malformed(reason) => {
                let mut mismatch = Mismatch::because("json_invalid", "Invalid JSON", &reason);
                mismatch.message = format!("Invalid JSON: {reason}").into();
                mismatch
            }
            fault => Mismatch::of(&fault),
        }),
        FieldKind::Choice(choices) if choices.iter().any(|choice| choice == text) => {
            Ok(Value::text(text))
        }
        FieldKind::Choice(choices) => Err(none_of(choices)),
    }
}

/// Reads a member of a JSON body, which is well-formed JSON.
pub fn from_json(field: &Field, raw: &str) -> Result<Value, Mismatch> {
    let first = raw.bytes().next().unwrap_or_default();
    match (&field.kind, first) {
        (FieldKind::Json, _) if first != b'n' => from_text(field, raw),
        (_, b'n') if !field.is_required => Ok(Value::Null),
        (_, b'"') => match serde_json::from_str::<String>(raw) {
            Ok(text) => from_text(field, &text),
            Err(_) => Err(Mismatch::new(
                "string_unicode",
                "Input should be a valid string, unable to parse raw data as a unicode string",
            )),
        },
        (FieldKind::Boolean, b't' | b'f') => Ok(Value::Boolean(first == b't')),
        (FieldKind::Integer, b't' | b'f') => Ok(Value::Integer(i64::from(first == b't'))),
        (FieldKind::Float, b't' | b'f') => Ok(Value::Float(f64::from(u8::from(first == b't')))),
        (kind, b'-' | b'0'..=b'9') => from_number(kind, raw),
        (kind, _) => Err(wrong_type(kind)),
    }
}

fn from_number(kind: &FieldKind, raw: &str) -> Result<Value, Mismatch> {
    match kind {
        FieldKind::Integer => {
            parse::integer(raw).map(Value::Integer).map_err(|fault| match fault {
                FaultKind::OutOfRange => too_big(),
                _ => Mismatch::new(
                    "int_from_float",
                    "Input should be a valid integer, got a number with a fractional part",
                ),
            })
        }
        FieldKind::Float => parse::float(raw).map(Value::Float).map_err(|_| not_finite()),
        FieldKind::Boolean => match parse::integer(raw) {
            Ok(0) => Ok(Value::Boolean(false)),
            Ok(1) => Ok(Value::Boolean(true)),
            Ok(_) => Err(no_boolean()),
            Err(_) => Err(wrong_type(kind)),
        },
        FieldKind::Time => time(raw).map(Value::Time),
        _ => Err(wrong_type(kind)),
    }
}

/// What Rust takes for a float and Python does too, blanks around it and single underscores within it.
fn float(text: &str) -> Result<f64, Mismatch> {
    let text = text.trim();
    let has_odd_underscore = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    let number = text.parse::<f64>().ok().or_else(|| {
        let digits = text.replace('_', "");
        digits.parse().ok().filter(|_| !has_odd_underscore)
    });
    match number {
        // Minus zero is zero, because not every store can tell them apart.
        Some(number) if number.is_finite() => Ok(number + 0.0),
        Some(_) => Err(not_finite()),
        None => Err(Mismatch::new(
            "float_parsing",
            "Input should be a valid number, unable to parse string as a number",
        )),
    }
}

fn boolean(text: &str) -> Result<bool, Mismatch> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(&["1", "on", "t", "true", "y", "yes"]) {
        return Ok(true);
    }
    if is_one_of(&["0", "off", "f", "false", "n", "no"]) {
        return Ok(false);
    }
    Err(no_boolean())
}

/// RFC 3339, without an offset or seconds too (then it is UTC), a date, or a number since 1970.
fn time(text: &str) -> Result<i64, Mismatch> {
    let numeric = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.' | b'+'));
    if let Some(number) = text.parse::<f64>().ok().filter(|_| numeric) {
        let seconds = if number.abs() > LATEST_SECONDS { number / 1e3 } else { number };
        let microseconds = (seconds * 1e6).round() as i64;
        if (parse::EARLIEST..=parse::LATEST).contains(&microseconds) {
            return Ok(microseconds);
        }
    }
    let ends = ["", "Z", ":00Z", "T00:00:00Z"];
    ends.iter().find_map(|end| parse::time(&format!("{text}{end}"))).ok_or_else(|| {
        let reason = if text.len() < 10 { "input is too short" } else { "it is not in ISO 8601" };
        let message = "Input should be a valid datetime or date";
        Mismatch::because("datetime_from_date_parsing", message, &reason)
    })
}

fn too_big() -> Mismatch {
    let message = "Unable to parse input string as an integer, exceeded maximum size";
    Mismatch::new("int_parsing_size", message)
}

fn not_finite() -> Mismatch {
    Mismatch::new("finite_number", "Input should be a finite number")
}

fn no_boolean() -> Mismatch {
    Mismatch::new("bool_parsing", "Input should be a valid boolean, unable to interpret input")
}

fn wrong_type(kind: &FieldKind) -> Mismatch {
    let (kind, message) = match kind {
        FieldKind::Integer => ("int_type", "Input should be a valid integer"),
        FieldKind::Float => ("float_type", "Input should be a valid number"),
        FieldKind::Text => ("string_type", "Input should be a valid string"),
        FieldKind::Boolean => ("bool_type", "Input should be a valid boolean"),
        FieldKind::Time => ("datetime_type", "Input should be a valid datetime"),
        FieldKind::Uuid => ("uuid_type", "UUID input should be a string, bytes or UUID object"),
        FieldKind::Json => ("json_type", "JSON input should not be null"),
        FieldKind::Choice(choices) => return none_of(choices),
    };
    Mismatch::new(kind, message)
}

/// `'red', 'green' or 'blue'`.
fn none_of(choices: &[String]) -> Mismatch {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    let expected = match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    };
    Mismatch {
        kind: "literal_error",
        message: format!("Input should be {expected}").into(),
        context: Some(("expected", Box::new(expected.into()))),
    }
}

impl Mismatch {
    fn new(kind: &'static str, message: &'static str) -> Self {
        Self { kind, message: message.into(), context: None }
    }

    /// With a reason that stands in the message and in the context.
    fn because(kind: &'static str, message: &str, reason: &dyn std::fmt::Display) -> Self {
        let reason = reason.to_string();
        let message = format!("{message}, {reason}").into();
        Self { kind, message, context: Some(("error", Box::new(reason.into()))) }
    }

    pub fn missing() -> Self {
        Self::new("missing", "Field required")
    }

    fn refused(reason: &str) -> Self {
        let message = format!("Value error, {reason}").into();
        Self { kind: "value_error", message, context: None }
    }

    /// What the limits of a field say.
    pub fn of(fault: &FaultKind) -> Self {
        let (kind, message, context) = match fault {
            FaultKind::TooSmall { minimum } => (
                "greater_than_equal",
                format!("Input should be greater than or equal to {minimum}"),
                Some(("ge", number(*minimum))),
            ),
            FaultKind::TooLarge { maximum } => (
                "less_than_equal",
                format!("Input should be less than or equal to {maximum}"),
                Some(("le", number(*maximum))),
            ),
            FaultKind::TooShort { minimum } => (
                "string_too_short",
                format!("String should have at least {}", characters(*minimum)),
                Some(("min_length", json!(minimum))),
            ),
            FaultKind::TooLong { maximum } => (
                "string_too_long",
                format!("String should have at most {}", characters(*maximum)),
                Some(("max_length", json!(maximum))),
            ),
            FaultKind::Pattern { pattern } => (
                "string_pattern_mismatch",
                format!("String should match pattern '{pattern}'"),
                Some(("pattern", json!(pattern))),
            ),
            FaultKind::Choice { choices } => return none_of(choices),
            FaultKind::Missing => return Self::missing(),
            FaultKind::OutOfRange => return too_big(),
            FaultKind::Nul => return Self::refused("a NUL character cannot be stored"),
            FaultKind::Repeated => return Self::refused("a member stands there twice"),
            FaultKind::Malformed(reason) => return Self::refused(reason),
            _ => return Self::refused("the value cannot be stored"),
        };
        let context = context.map(|(name, value)| (name, Box::new(value)));
        Self { kind, message: message.into(), context }
    }
}

fn characters(count: u64) -> String {
    format!("{count} character{}", if count == 1 { "" } else { "s" })
}

/// A whole number without a fraction, as the limits of integers are.
fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}
