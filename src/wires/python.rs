//! JSON as Python's `json.dumps(…, separators=(",", ":"))` writes it, which the clients of the compatible wires know.

use crate::formats::json::write_text;
use crate::resource::{Value, json};
use std::io::Write as _;

/// What `ensure_ascii` is in Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escapes {
    /// Only what JSON demands.
    Needed,
    /// Everything that is not printable ASCII, as `\uXXXX`.
    Ascii,
}

/// A text in quotes.
pub fn append_text(out: &mut Vec<u8>, text: &str, escapes: Escapes) {
    if escapes == Escapes::Needed {
        write_text(text, out);
        return;
    }
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
        // The first byte of a character is the first that is not plain.
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let mut characters = special.chars();
        if let Some(character) = characters.next() {
            append_escape(out, character);
        }
        rest = characters.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

/// A value as a member of a record.
pub fn append_value(out: &mut Vec<u8>, value: &Value, escapes: Escapes) {
    match value {
        Value::Text(text) => append_text(out, text, escapes),
        Value::Float(number) if number.is_finite() => append_float(out, *number),
        // Outside of its texts JSON is ASCII.
        Value::Json(text) if escapes == Escapes::Ascii => {
            for character in text.chars() {
                match character {
                    ' '..='~' => out.push(character as u8),
                    _ => append_escape(out, character),
                }
            }
        }
        other => json::append_value(out, other),
    }
}

fn append_escape(out: &mut Vec<u8>, character: char) {
    let short = match character {
        '"' => b'"',
        '\\' => b'\\',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                append(out, format_args!("\\u{unit:04x}"));
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// `repr` of a float: the fewest digits that mean it, with an exponent below 1e-4 and from 1e16 on.
pub fn append_float(out: &mut Vec<u8>, number: f64) {
    let mut scientific = Vec::with_capacity(32);
    append(&mut scientific, format_args!("{number:e}"));
    let at = scientific.iter().position(|byte| *byte == b'e').unwrap_or(scientific.len());
    let (digits, exponent) = scientific.split_at(at);
    let exponent: i32 = std::str::from_utf8(exponent.get(1..).unwrap_or_default())
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let before = out.len();
        append(out, format_args!("{number}"));
        if !out[before..].contains(&b'.') {
            out.extend_from_slice(b".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(digits);
        append(out, format_args!("e{sign}{:02}", exponent.unsigned_abs()));
    }
}

/// Writing into memory cannot fail.
pub fn append(out: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    drop(out.write_fmt(arguments));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, escapes: Escapes) -> String {
        let mut out = Vec::new();
        append_text(&mut out, text, escapes);
        String::from_utf8(out).unwrap()
    }

    fn float(number: f64) -> String {
        let mut out = Vec::new();
        append_float(&mut out, number);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_what_python_escapes() {
        let input = "a\"\\/\u{8}\u{c}\n\r\t\0\u{1f}\u{7f}é€😀\u{2028}";
        let needed = r#""a\"\\/\b\f\n\r\t\u0000\u001f"#.to_owned() + "\u{7f}é€😀\u{2028}\"";
        assert_eq!(text(input, Escapes::Needed), needed);
        let ascii =
            r#""a\"\\/\b\f\n\r\t\u0000\u001f\u007f\u00e9\u20ac\ud83d\ude00\u2028""#.to_owned();
        assert_eq!(text(input, Escapes::Ascii), ascii);
        assert_eq!(text("", Escapes::Ascii), "\"\"");
        assert_eq!(text("plain", Escapes::Ascii), "\"plain\"");
    }

    #[test]
    fn writes_values_of_every_kind() {
        let all = [
            Value::Null,
            Value::Boolean(true),
            Value::Integer(i64::MIN),
            Value::Float(1e16),
            Value::text("é"),
            Value::Time(0),
            Value::Uuid(1),
            Value::Json(r#"{"é":["\u0000",1.50]}"#.into()),
        ];
        for (escapes, expected) in [
            (
                Escapes::Needed,
                r#"null,true,-9223372036854775808,1e+16,"é",TIME,UUID,{"é":["\u0000",1.50]}"#,
            ),
            (
                Escapes::Ascii,
                r#"null,true,-9223372036854775808,1e+16,"\u00e9",TIME,UUID,{"\u00e9":["\u0000",1.50]}"#,
            ),
        ] {
            let written = all.iter().map(|value| {
                let mut out = Vec::new();
                append_value(&mut out, value, escapes);
                String::from_utf8(out).unwrap()
            });
            let written = written.collect::<Vec<_>>().join(",");
            let uuid = "\"00000000-0000-0000-0000-000000000001\"";
            let expected =
                expected.replace("TIME", "\"1970-01-01T00:00:00Z\"").replace("UUID", uuid);
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn writes_floats_as_repr_does() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1.5, "1.5"),
            (-2.5e-3, "-0.0025"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.234e-7, "1.234e-07"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.2345e17, "1.2345e+17"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            assert_eq!(float(number), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn writes_json_that_means_the_same(
            input in proptest::prelude::any::<String>(),
            number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
        ) {
            for escapes in [Escapes::Needed, Escapes::Ascii] {
                let written = text(&input, escapes);
                assert_eq!(serde_json::from_str::<String>(&written).unwrap(), input);
                assert!(escapes == Escapes::Needed || written.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            }
            assert_eq!(float(number).parse(), Ok(number));
        }
    }
}
