//! What a single cell looks like: the votes for a column's kind are cast here.

use std::borrow::Cow;

use super::model::{Kind, Votes};
use super::time::Time;

/// Where a cell comes from: JSON says whether it is a string, CSV does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Csv,
    JsonString,
    JsonOther,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Integer(f64),
    Float(f64),
    Boolean,
    Time(Time),
    Text,
}

impl Value {
    /// Numbers are those of JSON, so that `007`, `+1` and `.5` stay text, as do `NaN` and `inf`.
    pub(super) fn of(cell: &[u8], origin: Origin) -> Self {
        let (Some(first), Some(last)) = (cell.first(), cell.last()) else { return Self::Text };
        match first {
            b'0'..=b'9' if cell.get(4) == Some(&b'-') && origin != Origin::JsonOther => {
                Time::parse(cell).map_or(Self::Text, Self::Time)
            }
            _ if origin == Origin::JsonString => Self::Text,
            b'-' | b'0'..=b'9' if last.is_ascii_digit() => number(cell).unwrap_or(Self::Text),
            b't' | b'T' | b'f' | b'F' if is_boolean(cell) => Self::Boolean,
            _ => Self::Text,
        }
    }

    pub(super) fn as_number(self) -> Option<f64> {
        match self {
            Self::Integer(number) | Self::Float(number) => Some(number),
            _ => None,
        }
    }
}

fn is_boolean(cell: &[u8]) -> bool {
    matches!(cell, b"true" | b"false" | b"True" | b"False" | b"TRUE" | b"FALSE")
}

/// Powers of ten that a 64-bit float holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

fn number(cell: &[u8]) -> Option<Value> {
    let (negative, unsigned) = match cell {
        [b'-', unsigned @ ..] => (true, unsigned),
        _ => (false, cell),
    };
    let (mut mantissa, whole) = digits(unsigned, 0);
    if whole == 0 || (whole > 1 && unsigned[0] == b'0') {
        return None;
    }
    let mut length = whole;
    let mut places = 0;
    if let [b'.', fraction @ ..] = &unsigned[whole..] {
        (mantissa, places) = digits(fraction, mantissa);
        if places == 0 {
            return None;
        }
        length += 1 + places;
    }
    let is_integer = length == whole && length == unsigned.len();
    // Up to 2^53 both parts are exact, and one division rounds as the standard parser does.
    let exact = length == unsigned.len() && whole + places <= 18 && mantissa <= 1 << 53;
    let number = if exact && is_integer {
        mantissa as f64
    } else if exact {
        mantissa as f64 / POWERS[places]
    } else {
        unusual_number(unsigned, length)?
    };
    let number = if negative { -number } else { number };
    Some(if is_integer { Value::Integer(number) } else { Value::Float(number) })
}

/// Goes on with `mantissa` through the leading digits, and tells how many there are.
fn digits(text: &[u8], mut mantissa: u64) -> (u64, usize) {
    for (length, byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (mantissa, length);
        }
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (mantissa, text.len())
}

/// A number with an exponent after its first `length` bytes, or with very many digits.
fn unusual_number(unsigned: &[u8], length: usize) -> Option<f64> {
    if let [b'e' | b'E', exponent @ ..] = &unsigned[length..] {
        let exponent = match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            _ => exponent,
        };
        if exponent.is_empty() || digits(exponent, 0).1 < exponent.len() {
            return None;
        }
    } else if length < unsigned.len() {
        return None;
    }
    let number: f64 = std::str::from_utf8(unsigned).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

/// Everything a cell says about itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) value: Value,
    pub(super) characters: u64,
    pub(super) invalid_utf8: bool,
}

impl Facts {
    pub(super) fn of(cell: &[u8], origin: Origin) -> Self {
        let value = Value::of(cell, origin);
        if value != Value::Text || cell.is_ascii() {
            return Self { value, characters: cell.len() as u64, invalid_utf8: false };
        }
        let text = String::from_utf8_lossy(cell);
        let invalid_utf8 = matches!(text, Cow::Owned(_));
        Self { value, characters: text.chars().count() as u64, invalid_utf8 }
    }
}

/// Percent of the cells that must look like a kind for the column to be of it.
const LEAST_SHARE: u64 = 99;

impl Votes {
    pub(super) fn add(&mut self, value: Value, times: u64) {
        let place = match value {
            Value::Integer(_) => &mut self.integer,
            Value::Float(_) => &mut self.float,
            Value::Boolean => &mut self.boolean,
            Value::Time(_) => &mut self.time,
            Value::Text => &mut self.text,
        };
        *place += times;
    }

    pub(super) fn total(&self) -> u64 {
        self.integer + self.float + self.boolean + self.time + self.text
    }

    /// The kind that at least 99 of 100 cells have, integers and floats taken together; else text.
    /// Numbers are integers only if none of them is a float.
    pub(super) fn kind(&self) -> Kind {
        let total = self.total();
        let decides = |votes: u64| votes * 100 >= total * LEAST_SHARE;
        match self {
            _ if total == 0 => Kind::Empty,
            _ if decides(self.integer + self.float) && self.float == 0 => Kind::Integer,
            _ if decides(self.integer + self.float) => Kind::Float,
            _ if decides(self.boolean) => Kind::Boolean,
            _ if decides(self.time) => Kind::Time,
            _ => Kind::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Value};

    fn of(cell: &str) -> Value {
        Value::of(cell.as_bytes(), Origin::Csv)
    }

    #[test]
    fn numbers_are_what_the_standard_parser_says() {
        for cell in [
            "0",
            "-0",
            "7",
            "-7",
            "123456789012345678",
            "9007199254740993",
            "0.1",
            "-12.50",
            "0.30000000000000004",
            "1e5",
            "1E-7",
            "1.5e+300",
            "123456789012345678901234567890",
            "3.14159265358979323846264338",
            "0.000000000000000000000000000001",
        ] {
            let expected: f64 = cell.parse().unwrap();
            assert_eq!(of(cell).as_number(), Some(expected), "{cell}");
        }
    }

    #[test]
    fn what_only_resembles_a_number_is_text() {
        for cell in [
            "007", "+1", ".5", "5.", "-", "1e", "1e+", "1e5x", "1.2.3", "--1", "1 ", " 1", "NaN",
            "inf", "Infinity", "1e999", "0x10", "1,5", "1_000", "-01", "12a4",
        ] {
            assert_eq!(of(cell), Value::Text, "{cell}");
        }
    }

    #[test]
    fn strings_of_json_are_never_numbers_but_may_be_times() {
        assert_eq!(Value::of(b"12", Origin::JsonString), Value::Text);
        assert_eq!(Value::of(b"true", Origin::JsonString), Value::Text);
        assert!(matches!(Value::of(b"2024-01-01", Origin::JsonString), Value::Time(_)));
    }
}
