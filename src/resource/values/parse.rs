//! Values written as plain text: in a query, in a CSV cell, inside a JSON string. Only the type is looked at here, the
//! limits of a field are looked at in `validate`.

use crate::resource::{FaultKind, FieldKind, Value, embedded};
use jiff::Timestamp;

/// The times that RFC 3339 can write and `jiff` can hold: from the year 0 to the end of 9999-12-30.
pub const EARLIEST: i64 = -62_167_219_200_000_000;
pub const LATEST: i64 = 253_402_207_199_999_999;

/// Reads a value that stands there as bare text. There is no text for null.
pub fn value(kind: &FieldKind, text: &str) -> Result<Value, FaultKind> {
    let wrong = FaultKind::WrongType { expected: kind.name() };
    match kind {
        FieldKind::Integer | FieldKind::Float if !is_number(text) => Err(wrong),
        FieldKind::Integer => integer(text).map(Value::Integer),
        FieldKind::Float => float(text).map(Value::Float),
        FieldKind::Text => Ok(Value::text(text)),
        FieldKind::Boolean => text.parse().map(Value::Boolean).map_err(|_| wrong),
        FieldKind::Time => time(text).map(Value::Time).ok_or(wrong),
        FieldKind::Uuid => uuid(text).map(Value::Uuid).ok_or(wrong),
        FieldKind::Json => embedded::compact(text).map(Value::Json),
        FieldKind::Choice(choices) if choices.iter().any(|choice| choice == text) => {
            Ok(Value::text(text))
        }
        FieldKind::Choice(choices) => Err(FaultKind::Choice { choices: choices.clone() }),
    }
}

/// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`, as JSON has it.
fn is_number(text: &str) -> bool {
    let scanner = crate::formats::json::Scanner::new(text.as_bytes());
    let starts = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    starts && scanner.is_ok_and(|mut scanner| scanner.number().is_ok_and(|all| all == text))
}

/// The whole number that a JSON number is: `14`, `14.0` and `1.4e1` are the same.
pub fn integer(number: &str) -> Result<i64, FaultKind> {
    if let Ok(integer) = number.parse() {
        return Ok(integer);
    }
    let (sign, unsigned) = match number.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, number),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    // An exponent that does not fit is as far away as one that does can be.
    let exponent = exponent.parse::<i64>().unwrap_or(match exponent.as_bytes() {
        [b'-', ..] => i64::MIN,
        _ => i64::MAX,
    });
    let exponent = exponent.clamp(i64::MIN / 2, i64::MAX / 2);
    // How many of the significant digits stand before the point.
    let before = exponent - fraction.len() as i64 + significant.len() as i64;
    let significant = significant.trim_end_matches('0');
    if before < significant.len() as i64 {
        return Err(FaultKind::WrongType { expected: FieldKind::Integer.name() });
    }
    if before > 19 {
        return Err(FaultKind::OutOfRange);
    }
    let zeros = "0".repeat(before as usize - significant.len());
    let value = format!("{significant}{zeros}").parse::<i128>();
    let value = value.ok().and_then(|value| i64::try_from(sign * value).ok());
    value.ok_or(FaultKind::OutOfRange)
}

/// The nearest float; minus zero is zero, because not every store can tell them apart.
pub fn float(number: &str) -> Result<f64, FaultKind> {
    match number.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(float + 0.0),
        _ => Err(FaultKind::OutOfRange),
    }
}

/// Microseconds since 1970 of an RFC 3339 time with its offset; what is finer than a microsecond is cut off.
pub fn time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let has = |place: usize, marks: &[u8]| bytes.get(place).is_some_and(|b| marks.contains(b));
    let is_rfc_3339 = has(4, b"-")
        && has(7, b"-")
        && has(10, b"Tt ")
        && has(13, b":")
        && has(16, b":")
        && bytes.get(19..).is_some_and(has_fraction_and_offset);
    if !is_rfc_3339 {
        return None;
    }
    let time = text.parse::<Timestamp>().ok()?.as_microsecond();
    (EARLIEST..=LATEST).contains(&time).then_some(time)
}

/// `(\.\d+)?(Z|z|[+-]\d\d:\d\d)`: what `jiff` takes beyond RFC 3339 has another shape.
fn has_fraction_and_offset(rest: &[u8]) -> bool {
    let offset = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
        offset => offset,
    };
    match offset {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', hours @ .., b':', _, _] => hours.len() == 2,
        _ => false,
    }
}

/// The hyphenated form, in whatever case.
pub fn uuid(text: &str) -> Option<u128> {
    let is_hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    uuid::Uuid::try_parse(text).ok().filter(|_| is_hyphenated).map(|uuid| uuid.as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_whole_numbers_however_they_are_written() {
        for (text, number) in [
            ("14", 14),
            ("14.0", 14),
            ("-14.000", -14),
            ("1.4e1", 14),
            ("1400E-2", 14),
            ("0.0e99999999999999999999", 0),
            ("-0", 0),
            ("9223372036854775807.0", i64::MAX),
            ("-9223372036854775808.0", i64::MIN),
            ("9007199254740993.0", 9_007_199_254_740_993),
        ] {
            assert_eq!(integer(text), Ok(number), "{text}");
        }
        let wrong = FaultKind::WrongType { expected: "integer" };
        for text in ["14.5", "1e-1", "1e-99999999999999999999", "0.1", "123.000001"] {
            assert_eq!(integer(text), Err(wrong.clone()), "{text}");
        }
        for text in ["9223372036854775808", "-9223372036854775809.0", "1e19", "1e999999999999999"] {
            assert_eq!(integer(text), Err(FaultKind::OutOfRange), "{text}");
        }
    }

    #[test]
    fn takes_the_times_of_rfc_3339_only() {
        assert_eq!(time("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(time("1970-01-01t01:00:00.0000015+01:00"), Some(1));
        assert_eq!(time("1969-12-31 23:59:59.5z"), Some(-500_000));
        assert_eq!(time("0000-01-01T00:00:00Z"), Some(EARLIEST));
        assert_eq!(time("9999-12-30T21:59:59.999999Z"), Some(LATEST));
        for text in [
            "",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "20240101T000000Z",
            "2024-01-01T00:00Z",
            "2024-02-30T00:00:00Z",
            "2024-01-01T25:00:00Z",
            "2024-01-01T00:00:00+01",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Z[UTC]",
            "-00001-01-01T00:00:00Z",
            "1704067200",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn bare_texts_are_strict_too() {
        let wrong = |kind: &FieldKind, text: &str| assert!(value(kind, text).is_err(), "{text}");
        for text in ["", " 1", "1 ", "+1", "01", "1_0", "0x1", "1e", "inf", "NaN"] {
            wrong(&FieldKind::Integer, text);
            wrong(&FieldKind::Float, text);
        }
        wrong(&FieldKind::Boolean, "True");
        wrong(&FieldKind::Float, "1e400");
        wrong(&FieldKind::Uuid, "67e5504410b1426f9247bb680e5fe0c8");
        wrong(&FieldKind::Choice(vec!["a".into()]), "b");
        assert_eq!(value(&FieldKind::Float, "-0.0"), Ok(Value::Float(0.0)));
        assert_eq!(value(&FieldKind::Json, "[1, 2]"), Ok(Value::Json("[1,2]".into())));
    }
}
