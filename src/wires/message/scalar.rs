//! What becomes of a JSON value that is to be stored as text: PostgreSQL's text of what Python's driver sent it.

use crate::formats::json::RawText;
use crate::wires::python::append_float;

/// A value that can be stored as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    /// What is stored.
    pub text: String,
    /// What Python writes into a message, where that is something else.
    pub shown: Option<String>,
}

/// What Python takes for false: nothing, zero, and whatever is empty.
pub(super) fn is_falsy(raw: &str) -> bool {
    let inside = |open, close| raw.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    match raw.as_bytes() {
        b"null" | b"false" | b"\"\"" => true,
        [b'-' | b'0'..=b'9', ..] => raw.parse() == Ok(0.0),
        [b'[', ..] => inside('[', ']').is_some_and(|inside| inside.trim().is_empty()),
        [b'{', ..] => inside('{', '}').is_some_and(|inside| inside.trim().is_empty()),
        _ => false,
    }
}

/// Reads well-formed JSON that is not falsy; in words why it cannot be text.
pub(super) fn read(raw: &str) -> Result<Scalar, &'static str> {
    let plain = |text: &str| Scalar { text: text.to_owned(), shown: None };
    match raw.as_bytes() {
        [b'"', ..] => match RawText::of_value(raw).decode_exactly() {
            Some(text) => Ok(plain(&text)),
            None => Err("must be a text, and half of a surrogate pair is no character"),
        },
        [b't', ..] => Ok(Scalar { text: "true".to_owned(), shown: Some("True".to_owned()) }),
        [b'[', ..] => Err("must be a text, not a list"),
        [b'{', ..] => Err("must be a text, not an object"),
        _ if raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => Ok(plain(raw)),
        _ => match raw.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(float(number)),
            _ => Err("is a number too large"),
        },
    }
}

/// The database has no exponents where Python has some.
fn float(number: f64) -> Scalar {
    let mut shown = Vec::new();
    append_float(&mut shown, number);
    let shown = String::from_utf8(shown).unwrap_or_default();
    if shown.contains('e') {
        Scalar { text: number.to_string(), shown: Some(shown) }
    } else {
        Scalar { text: shown, shown: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_python_takes_for_false() {
        for raw in [
            "null", "false", "\"\"", "0", "-0", "0.0", "-0.0e5", "1e-999", "[]", "[ ]", "{}",
            "{ \n }",
        ] {
            assert!(is_falsy(raw), "{raw}");
        }
        for raw in ["true", "\" \"", "\"0\"", "1", "-1", "0.1", "1e999", "[0]", "{\"\":0}"] {
            assert!(!is_falsy(raw), "{raw}");
        }
    }

    #[test]
    fn stores_scalars_as_the_database_writes_them() {
        for (raw, text, shown) in [
            ("\"a\"", "a", "a"),
            ("\"\\u00e9\\n\"", "é\n", "é\n"),
            ("true", "true", "True"),
            ("42", "42", "42"),
            ("-7", "-7", "-7"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("1.5", "1.5", "1.5"),
            ("1.50", "1.5", "1.5"),
            ("1.0", "1.0", "1.0"),
            ("1e3", "1000.0", "1000.0"),
            ("1e16", "10000000000000000", "1e+16"),
            ("1.5e-7", "0.00000015", "1.5e-07"),
        ] {
            let scalar = read(raw).unwrap();
            assert_eq!(
                (scalar.text.as_str(), scalar.shown.as_deref().unwrap_or(text)),
                (text, shown),
                "{raw}"
            );
        }
        for raw in ["[1,2]", "{\"a\":1}", "1e999", "\"\\ud800\""] {
            assert!(read(raw).is_err(), "{raw}");
        }
    }
}
