//! Entity tags: the hash of a record's content, and how they are written in headers.

use crate::resource::{Record, Schema, json};
use std::fmt;
use xxhash_rust::xxh3::xxh3_64;

/// The tag of a record's content: equal content, equal tag, on every store and in every version of Headwater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ETag(pub u64);

impl ETag {
    pub fn of(schema: &Schema, record: &Record) -> Self {
        let mut text = Vec::with_capacity(256);
        json::append_record(&mut text, schema, record);
        Self::of_json(&text)
    }

    /// For whoever has the record's whole JSON at hand.
    pub fn of_json(json: &[u8]) -> Self {
        Self(xxh3_64(json))
    }

    /// The tags of `If-None-Match`, where a weak tag stands for its strong one. Tags that are not ours match nothing
    /// and are left out. `None` when it is no list of tags; `*` is none either.
    pub fn parse_list(header: &str) -> Option<Vec<Self>> {
        let tags = tags(header)?;
        Some(tags.into_iter().filter_map(|(_, tag)| own(tag)).collect())
    }

    /// The tags of `If-Match`, where a weak tag matches nothing.
    pub fn parse_strong_list(header: &str) -> Option<Vec<Self>> {
        let tags = tags(header)?;
        let strong = tags.into_iter().filter(|(is_weak, _)| !is_weak);
        Some(strong.filter_map(|(_, tag)| own(tag)).collect())
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{:016x}\"", self.0)
    }
}

/// What stands between the quotes of each tag, and whether it is weak. A comma may stand inside a tag.
fn tags(header: &str) -> Option<Vec<(bool, &str)>> {
    let mut found = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return (!found.is_empty()).then_some(found);
        }
        let unmarked = rest.strip_prefix("W/");
        let (tag, after) = unmarked.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        found.push((unmarked.is_some(), tag));
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

fn own(tag: &str) -> Option<ETag> {
    let is_ours = tag.len() == 16 && tag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(tag, 16).ok().filter(|_| is_ours).map(ETag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_changes() {
        // Kept by clients over restarts and upgrades.
        assert_eq!(ETag::of_json(b"{\"id\":1}").to_string(), "\"eae780b141b62740\"");
    }

    #[test]
    fn lists_are_read_and_foreign_tags_match_nothing() {
        let one = ETag(1);
        assert_eq!(ETag::parse_list(&one.to_string()), Some(vec![one]));
        let list = "\"0000000000000001\" , W/\"00000000000000ff\",, \"other, tag\"";
        assert_eq!(ETag::parse_list(list), Some(vec![one, ETag(255)]));
        assert_eq!(ETag::parse_strong_list(list), Some(vec![one]));
        assert_eq!(ETag::parse_list("\"\""), Some(vec![]));
        for text in ["", "*", " , ", "abc", "\"abc", "\"a\" \"b\"", "w/\"a\"", "\"a\"b"] {
            assert_eq!(ETag::parse_list(text), None, "{text}");
        }
    }
}
