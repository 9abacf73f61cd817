//! Keys in paths: read strictly, because two spellings that mean different records must not become the same one.

use crate::resource::{FieldKind, Key, Schema};

/// The key that a path segment names; `None` when it cannot be one of this resource.
pub fn key(schema: &Schema, segment: &str) -> Option<Key> {
    let kind = &schema.key_field().kind;
    // Also the way without allocation for numbers.
    if !segment.contains('%') {
        return of_kind(segment, kind);
    }
    of_kind(&decoded(segment)?, kind)
}

fn of_kind(text: &str, kind: &FieldKind) -> Option<Key> {
    let key = Key::parse(text, kind)?;
    // One number has one spelling, or one record would have several addresses.
    let is_canonical = match key {
        Key::Integer(_) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            (digits.starts_with(|c: char| c.is_ascii_digit()) && !digits.starts_with('0'))
                || text == "0"
        }
        Key::Text(_) => !text.is_empty(),
        Key::Uuid(_) => true,
    };
    is_canonical.then_some(key)
}

/// `None` for percent signs that begin nothing, and for what is not UTF-8.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let digits = behind.get(..2)?;
            bytes.push(hex(digits[0])? << 4 | hex(digits[1])?);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Appends a text as a segment of a path: everything but letters, digits and `-._~` as percent signs.
pub fn append_segment(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(
                    char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_only_the_one_spelling_of_a_number() {
        for (text, expected) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("-7", Some(-7)),
            ("%37", Some(7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("+7", None),
            ("07", None),
            ("-0", None),
            ("-07", None),
            ("", None),
            ("-", None),
            ("7 ", None),
            ("1e3", None),
            ("1.0", None),
            ("٧", None),
        ] {
            assert_eq!(of(text, &FieldKind::Integer), expected.map(Key::Integer), "{text}");
        }
    }

    fn of(segment: &str, kind: &FieldKind) -> Option<Key> {
        let text = if segment.contains('%') { decoded(segment)? } else { segment.to_owned() };
        of_kind(&text, kind)
    }

    #[test]
    fn decodes_texts_strictly() {
        for (segment, expected) in [
            ("ann", Some("ann")),
            ("al%20ice+", Some("al ice+")),
            ("a%2Fb", Some("a/b")),
            ("%C3%a9", Some("é")),
            ("%FF", None),
            ("%", None),
            ("%4", None),
            ("%4g", None),
            ("%+4", None),
            ("", None),
        ] {
            let expected = expected.map(|text| Key::Text(text.into()));
            assert_eq!(of(segment, &FieldKind::Text), expected, "{segment}");
        }
        let uuid = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
        assert!(of(uuid, &FieldKind::Uuid).is_some() && of("6F96", &FieldKind::Uuid).is_none());
    }

    proptest! {
        #[test]
        fn finds_every_text_again(text in ".{1,40}") {
            let mut segment = String::new();
            append_segment(&mut segment, &text);
            prop_assert!(segment.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'));
            prop_assert_eq!(of(&segment, &FieldKind::Text), Some(Key::Text(text.as_str().into())));
        }
    }
}
