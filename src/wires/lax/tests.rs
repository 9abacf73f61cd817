//! The rules of Pydantic as they were recorded from it: what is taken, and the words for what is not.

use super::values::*;
use crate::resource::{FaultKind, Field, FieldKind, FieldLimits, Pattern, Value};

fn field(kind: FieldKind) -> Field {
    Field {
        name: "x".to_owned(),
        kind,
        is_required: true,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

fn colours() -> FieldKind {
    FieldKind::Choice(["red", "green", "blue"].map(str::to_owned).to_vec())
}

/// Type, message and context as one text.
fn said(mismatch: &Mismatch) -> String {
    let context = mismatch.context.as_ref();
    let context = context.map_or_else(String::new, |(name, value)| format!(" {name}={value}"));
    format!("{}: {}{context}", mismatch.kind, mismatch.message)
}

#[test]
fn takes_texts_as_pydantic_does() {
    for (kind, text, value) in [
        (FieldKind::Integer, " 1_7.0 ", Value::Integer(17)),
        (FieldKind::Float, " 1.5 ", Value::Float(1.5)),
        (FieldKind::Float, "1_0", Value::Float(10.0)),
        (FieldKind::Float, ".5", Value::Float(0.5)),
        (FieldKind::Float, "5.", Value::Float(5.0)),
        (FieldKind::Float, "1e5", Value::Float(1e5)),
        (FieldKind::Boolean, "T", Value::Boolean(true)),
        (FieldKind::Boolean, "On", Value::Boolean(true)),
        (FieldKind::Boolean, "yEs", Value::Boolean(true)),
        (FieldKind::Boolean, "0", Value::Boolean(false)),
        (FieldKind::Boolean, "off", Value::Boolean(false)),
        (FieldKind::Text, "", Value::text("")),
        (FieldKind::Time, "2024-01-01", Value::Time(1_704_067_200_000_000)),
        (FieldKind::Time, "2024-01-01T00:00", Value::Time(1_704_067_200_000_000)),
        (FieldKind::Time, "2024-01-01 00:00:00.123456789", Value::Time(1_704_067_200_123_456)),
        (FieldKind::Time, "2024-01-01T01:00:00+01:00", Value::Time(1_704_067_200_000_000)),
        (FieldKind::Time, "1700000000", Value::Time(1_700_000_000_000_000)),
        (FieldKind::Time, "1700000000000", Value::Time(1_700_000_000_000_000)),
        (FieldKind::Time, "-1.5", Value::Time(-1_500_000)),
        (
            FieldKind::Uuid,
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            Value::Uuid(0xa0ee_bc99_9c0b_4ef8_bb6d_6bb9_bd38_0a11),
        ),
        (FieldKind::Json, "{\"a\": 1}", Value::Json("{\"a\":1}".into())),
        (colours(), "green", Value::text("green")),
    ] {
        assert_eq!(from_text(&field(kind), text), Ok(value), "{text}");
    }
}

#[test]
fn refuses_texts_in_pydantics_words() {
    for (kind, text, words) in [
        (
            FieldKind::Float,
            "abc",
            "float_parsing: Input should be a valid number, unable to parse string as a number",
        ),
        (
            FieldKind::Float,
            "",
            "float_parsing: Input should be a valid number, unable to parse string as a number",
        ),
        (
            FieldKind::Float,
            "1__0",
            "float_parsing: Input should be a valid number, unable to parse string as a number",
        ),
        (FieldKind::Float, "nan", "finite_number: Input should be a finite number"),
        (FieldKind::Float, "-1e400", "finite_number: Input should be a finite number"),
        (
            FieldKind::Boolean,
            "maybe",
            "bool_parsing: Input should be a valid boolean, unable to interpret input",
        ),
        (
            FieldKind::Boolean,
            " true",
            "bool_parsing: Input should be a valid boolean, unable to interpret input",
        ),
        (
            FieldKind::Time,
            "abc",
            "datetime_from_date_parsing: Input should be a valid datetime or date, input is too short error=\"input is too short\"",
        ),
        (
            FieldKind::Uuid,
            "xyz",
            "uuid_parsing: Input should be a valid UUID, invalid character: found `x` at 0 error=\"invalid character: found `x` at 0\"",
        ),
        (
            FieldKind::Uuid,
            "123",
            "uuid_parsing: Input should be a valid UUID, invalid length: found 3 error=\"invalid length: found 3\"",
        ),
        (
            colours(),
            "pink",
            "literal_error: Input should be 'red', 'green' or 'blue' expected=\"'red', 'green' or 'blue'\"",
        ),
        (
            FieldKind::Choice(vec!["red".to_owned()]),
            "x",
            "literal_error: Input should be 'red' expected=\"'red'\"",
        ),
    ] {
        assert_eq!(said(&from_text(&field(kind), text).unwrap_err()), words, "{text}");
    }
    for text in ["2024-13-01", "99999999999999999999", "2024-01-01T", "now", "1e12", "+-1"] {
        let mismatch = from_text(&field(FieldKind::Time), text).unwrap_err();
        assert_eq!(mismatch.kind, "datetime_from_date_parsing", "{text}");
    }
    let mismatch = from_text(&field(FieldKind::Json), "{").unwrap_err();
    assert_eq!((mismatch.kind, &mismatch.message[..14]), ("json_invalid", "Invalid JSON: "));
}

#[test]
fn takes_members_as_pydantic_does() {
    for (kind, raw, value) in [
        (FieldKind::Integer, "5", Value::Integer(5)),
        (FieldKind::Integer, "5.0", Value::Integer(5)),
        (FieldKind::Integer, "1e3", Value::Integer(1000)),
        (FieldKind::Integer, "\"5\"", Value::Integer(5)),
        (FieldKind::Integer, "true", Value::Integer(1)),
        (FieldKind::Float, "\"1.5\"", Value::Float(1.5)),
        (FieldKind::Float, "false", Value::Float(0.0)),
        (FieldKind::Float, "2", Value::Float(2.0)),
        (FieldKind::Boolean, "true", Value::Boolean(true)),
        (FieldKind::Boolean, "1", Value::Boolean(true)),
        (FieldKind::Boolean, "0.0", Value::Boolean(false)),
        (FieldKind::Boolean, "\"no\"", Value::Boolean(false)),
        (FieldKind::Text, "\"\\u00e9\"", Value::text("é")),
        (FieldKind::Time, "5", Value::Time(5_000_000)),
        (FieldKind::Json, "[1, \"a\"]", Value::Json("[1,\"a\"]".into())),
        (FieldKind::Json, "\"a\"", Value::Json("\"a\"".into())),
        (colours(), "\"red\"", Value::text("red")),
    ] {
        assert_eq!(from_json(&field(kind), raw), Ok(value), "{raw}");
    }
    let optional = Field { is_required: false, ..field(FieldKind::Json) };
    assert_eq!(from_json(&optional, "null"), Ok(Value::Null));
}

#[test]
fn refuses_members_in_pydantics_words() {
    for (kind, raw, words) in [
        (
            FieldKind::Integer,
            "5.5",
            "int_from_float: Input should be a valid integer, got a number with a fractional part",
        ),
        (FieldKind::Integer, "null", "int_type: Input should be a valid integer"),
        (FieldKind::Integer, "[1]", "int_type: Input should be a valid integer"),
        (FieldKind::Float, "null", "float_type: Input should be a valid number"),
        (FieldKind::Float, "1e999", "finite_number: Input should be a finite number"),
        (
            FieldKind::Boolean,
            "2",
            "bool_parsing: Input should be a valid boolean, unable to interpret input",
        ),
        (FieldKind::Boolean, "1.5", "bool_type: Input should be a valid boolean"),
        (FieldKind::Boolean, "[]", "bool_type: Input should be a valid boolean"),
        (FieldKind::Text, "5", "string_type: Input should be a valid string"),
        (FieldKind::Text, "true", "string_type: Input should be a valid string"),
        (
            FieldKind::Text,
            "\"\\ud800\"",
            "string_unicode: Input should be a valid string, unable to parse raw data as a unicode string",
        ),
        (FieldKind::Time, "true", "datetime_type: Input should be a valid datetime"),
        (FieldKind::Uuid, "5", "uuid_type: UUID input should be a string, bytes or UUID object"),
        (FieldKind::Json, "null", "json_type: JSON input should not be null"),
        (
            colours(),
            "5",
            "literal_error: Input should be 'red', 'green' or 'blue' expected=\"'red', 'green' or 'blue'\"",
        ),
    ] {
        assert_eq!(said(&from_json(&field(kind), raw).unwrap_err()), words, "{raw}");
    }
}

#[test]
fn tells_limits_in_pydantics_words() {
    for (fault, words) in [
        (
            FaultKind::TooSmall { minimum: -3.0 },
            "greater_than_equal: Input should be greater than or equal to -3 ge=-3",
        ),
        (
            FaultKind::TooLarge { maximum: 1.5 },
            "less_than_equal: Input should be less than or equal to 1.5 le=1.5",
        ),
        (
            FaultKind::TooShort { minimum: 1 },
            "string_too_short: String should have at least 1 character min_length=1",
        ),
        (
            FaultKind::TooLong { maximum: 3 },
            "string_too_long: String should have at most 3 characters max_length=3",
        ),
        (
            FaultKind::Pattern { pattern: Pattern::new("^[a-z]+$").unwrap().as_str().to_owned() },
            "string_pattern_mismatch: String should match pattern '^[a-z]+$' pattern=\"^[a-z]+$\"",
        ),
        (FaultKind::Nul, "value_error: Value error, a NUL character cannot be stored"),
        (FaultKind::Repeated, "value_error: Value error, a member stands there twice"),
        (FaultKind::KeyMismatch, "value_error: Value error, the value cannot be stored"),
    ] {
        assert_eq!(said(&Mismatch::of(&fault)), words);
    }
}
