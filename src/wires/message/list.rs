//! What becomes of a JSON list that is to be stored as text: the original's driver writes an array of the database,
//! and the database its text, `{1,2}`. Lists that such an array cannot be made of are refused.

use super::scalar;
use serde_json::value::RawValue;

/// Arrays of PostgreSQL have at most this many dimensions.
const DIMENSIONS: usize = 6;

const UNEQUAL: &str = "must be a text; a list has to hold values of one kind";
const TOO_DEEP: &str = "is a list too deep";

/// All that the elements of an array share.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Boolean,
    /// Lists of this many elements, of this kind.
    Lists(usize, Box<Kind>),
}

/// Reads a well-formed JSON list that is not empty; in words why it cannot be text.
pub(super) fn read(raw: &str) -> Result<String, &'static str> {
    let mut out = String::new();
    append(raw, 1, &mut out)?;
    Ok(out)
}

fn append(raw: &str, depth: usize, out: &mut String) -> Result<(usize, Kind), &'static str> {
    if depth > DIMENSIONS {
        return Err(TOO_DEEP);
    }
    let elements: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| UNEQUAL)?;
    let mut kind = None;
    out.push('{');
    for (position, element) in elements.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        let found = one(element.get(), depth, out)?;
        match (&kind, found) {
            (_, None) => {}
            (None, found) => kind = found,
            (Some(known), Some(found)) if *known == found => {}
            _ => return Err(UNEQUAL),
        }
    }
    out.push('}');
    // Of nothing but nulls the database cannot tell what they are.
    Ok((elements.len(), kind.ok_or(UNEQUAL)?))
}

/// Appends an element; its kind, which null has not.
fn one(raw: &str, depth: usize, out: &mut String) -> Result<Option<Kind>, &'static str> {
    Ok(Some(match raw.as_bytes() {
        b"null" => {
            out.push_str("NULL");
            return Ok(None);
        }
        b"true" | b"false" => {
            out.push_str(&raw[..1]);
            Kind::Boolean
        }
        [b'[', ..] => {
            let (length, kind) = append(raw, depth + 1, out)?;
            Kind::Lists(length, Box::new(kind))
        }
        [b'"', ..] => {
            append_quoted(&scalar::read(raw)?.text, out);
            Kind::Text
        }
        _ => {
            let text = scalar::read(raw)?.text;
            // The database knows no negative zero.
            let is_zero = text.parse() == Ok(0.0);
            out.push_str(if is_zero { text.trim_start_matches('-') } else { &text });
            Kind::Number
        }
    }))
}

/// With quotes where the database's own output has them.
fn append_quoted(text: &str, out: &mut String) {
    let is_special = |c: char| "\"\\{},".contains(c) || c.is_ascii_whitespace() || c == '\u{b}';
    if !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(is_special) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_arrays_as_the_database_does() {
        for (raw, text) in [
            ("[1,2]", "{1,2}"),
            ("[ 1.50 , -7, 1e3 ]", "{1.5,-7,1000.0}"),
            ("[-0.0, -0]", "{0.0,0}"),
            ("[true, false]", "{t,f}"),
            ("[1, null]", "{1,NULL}"),
            (
                r#"["a", "b c", "", "null", "d,e", "\"\\", "{é}"]"#,
                r#"{a,"b c","","null","d,e","\"\\","{é}"}"#,
            ),
            ("[[1,2],[3,4]]", "{{1,2},{3,4}}"),
            ("[[[[[[1]]]]]]", "{{{{{{1}}}}}}"),
        ] {
            assert_eq!(read(raw).as_deref(), Ok(text), "{raw}");
        }
    }

    #[test]
    fn refuses_what_no_array_can_hold() {
        for raw in [
            r#"[1,"a"]"#,
            "[true,1]",
            "[[1],[2,3]]",
            "[1,[2]]",
            "[{}]",
            "[null]",
            "[[]]",
            "[1e999]",
            "[[[[[[[1]]]]]]]",
        ] {
            assert!(read(raw).is_err(), "{raw}");
        }
    }
}
