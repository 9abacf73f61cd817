//! Patterns in conditions: `*` is any characters, everything else itself. SQLite's own GLOB has more special characters
//! and sees nothing behind a NUL.

use memchr::memmem;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

/// The name of the function in SQL: pattern, text.
pub(super) const FUNCTION: &str = "headwater_matches";

pub(super) fn install(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(FUNCTION, 2, flags, |context| {
        Ok(match (context.get_raw(0), context.get_raw(1)) {
            (ValueRef::Text(pattern), ValueRef::Text(text)) => Some(matches(pattern, text)),
            // Null is neither.
            _ => None,
        })
    })
}

/// Takes each piece where it first stands, so the time grows with the length of the text alone.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let first = pieces.next().unwrap_or_default();
    let Some(last) = pieces.next_back() else { return first == text };
    let rest = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
    let Some(mut rest) = rest else { return false };
    for piece in pieces {
        let Some(found) = memmem::find(rest, piece) else { return false };
        rest = rest.get(found + piece.len()..).unwrap_or_default();
    }
    true
}

/// What every matching text begins with, and the first text behind all of those: a range that an index can be of use
/// for. Texts compare by their bytes, which is by their characters.
pub(super) fn range(pattern: &str) -> Option<(&str, Option<String>)> {
    let prefix = pattern.split('*').next().filter(|prefix| !prefix.is_empty())?;
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some((prefix, Some(end)));
        }
    }
    Some((prefix, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything_and_nothing_else_is_special() {
        let yes = [("", ""), ("*", ""), ("a*", "a"), ("*a", "ba"), ("a*a", "aa"), ("*b*", "abc")];
        let more = [("a*b*c", "a-b-b-c"), ("?[a]", "?[a]"), ("a*", "a\0b"), ("*b", "a\0b")];
        for (pattern, text) in yes.into_iter().chain(more) {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        let no = [("", "a"), ("a", "ab"), ("a*a", "a"), ("*bb*b", "bb"), ("?", "a"), ("a", "a\0")];
        for (pattern, text) in no {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
    }

    #[test]
    fn the_range_holds_every_match() {
        assert_eq!(range("*a"), None);
        assert_eq!(range("ab*"), Some(("ab", Some("ac".into()))));
        assert_eq!(range("a\u{d7ff}*"), Some(("a\u{d7ff}", Some("a\u{e000}".into()))));
        assert_eq!(range("a\u{10ffff}*"), Some(("a\u{10ffff}", Some("b".into()))));
        assert_eq!(range("\u{10ffff}"), Some(("\u{10ffff}", None)));
    }
}
