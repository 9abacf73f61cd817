//! The members of a JSON object, each as it was sent: a compatible wire judges scalars by rules of its own.

use crate::formats::json::{Kind, Scanner};
use crate::resource::Schema;

/// Those members of a body that are fields of a schema. Others are passed over; of a repeated one the last counts.
#[derive(Debug, Clone)]
pub struct Members<'b> {
    values: Vec<Option<&'b str>>,
}

/// Why a body has no members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no JSON: why not, and behind how many bytes.
    Malformed { reason: String, offset: usize },
    /// It is JSON, but no object.
    NotAnObject,
}

impl<'b> Members<'b> {
    pub fn read(schema: &Schema, body: &'b [u8]) -> Result<Self, Unreadable> {
        // Python's `json.loads` takes a byte order mark before UTF-8.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let malformed = |reason, offset| Unreadable::Malformed { reason, offset };
        let mut scanner = Scanner::new(body).map_err(|reason| malformed(reason, 0))?;
        let read = read_fields(schema, &mut scanner);
        let read = read.and_then(|members| scanner.end().map(|()| members));
        read.map_err(|reason| malformed(reason, scanner.position()))?.ok_or(Unreadable::NotAnObject)
    }

    /// The value of a field as JSON text.
    pub fn get(&self, field: usize) -> Option<&'b str> {
        self.values.get(field).copied().flatten()
    }
}

fn read_fields<'b>(
    schema: &Schema,
    scanner: &mut Scanner<'b>,
) -> Result<Option<Members<'b>>, String> {
    if scanner.kind()? != Kind::Object {
        return scanner.skip().map(|()| None);
    }
    scanner.enter()?;
    let mut values = vec![None; schema.fields.len()];
    let mut is_first = true;
    while scanner.next_item(is_first, b'}')? {
        is_first = false;
        let name = scanner.key()?.decode();
        let start = scanner.position();
        scanner.skip()?;
        if let Some(place) = schema.position(&name).and_then(|field| values.get_mut(field)) {
            *place = Some(scanner.slice(start));
        }
    }
    Ok(Some(Members { values }))
}

/// Whether a content type means JSON: `application/json`, or one that ends in `+json`, whatever its parameters are.
pub fn is_json(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    let suffix = subtype.rsplit_once('+').map_or(subtype, |(_, suffix)| suffix);
    kind.eq_ignore_ascii_case("application") && suffix.eq_ignore_ascii_case("json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wires::fastapi::tests::support::users;

    fn read(body: &[u8]) -> Result<[Option<String>; 3], Unreadable> {
        let schema = users();
        let members = Members::read(&schema, body)?;
        Ok([0, 1, 2].map(|field| members.get(field).map(str::to_owned)))
    }

    #[test]
    fn gives_members_as_they_were_sent_and_the_last_of_a_repeated_one() {
        let body = br#" {"age": 1e3, "x": {"age": [1]}, "name":"\u00e9", "n\u0061me" : "b"}
        "#;
        let expected = [None, Some("\"b\"".to_owned()), Some("1e3".to_owned())];
        assert_eq!(read(body).unwrap(), expected);
        assert_eq!(read(b"\xef\xbb\xbf{}").unwrap(), [None, None, None]);
    }

    #[test]
    fn tells_what_is_no_json_from_what_is_no_object() {
        for body in ["[1]", "null", "\"str\"", "1", " true "] {
            assert_eq!(read(body.as_bytes()), Err(Unreadable::NotAnObject), "{body}");
        }
        let deep = "[".repeat(100_000);
        let deep_member = format!("{{\"x\":{deep}");
        for (body, offset) in [
            (&b""[..], Some(0)),
            (b"{", None),
            (b"[1", None),
            (b"{} x", Some(3)),
            (b"{\"a\":1,\n\n  x}", None),
            (b"{\"name\":\"\xff\"}", None),
            (b"{\"name\":NaN}", None),
            (deep.as_bytes(), None),
            (deep_member.as_bytes(), None),
        ] {
            match read(body) {
                Err(Unreadable::Malformed { offset: found, .. }) => {
                    assert!(offset.is_none_or(|offset| offset == found), "{found}");
                    assert!(found <= body.len());
                }
                other => panic!("{:?}: {other:?}", String::from_utf8_lossy(body)),
            }
        }
    }

    #[test]
    fn knows_json_by_its_content_type() {
        for (content_type, expected) in [
            (None, false),
            (Some(""), false),
            (Some("application/json"), true),
            (Some("Application/JSON ; charset=utf-8"), true),
            (Some("application/vnd.api+json"), true),
            (Some("application/json5"), false),
            (Some("text/json"), false),
            (Some("text/plain"), false),
            (Some("application/x-www-form-urlencoded"), false),
        ] {
            assert_eq!(is_json(content_type), expected, "{content_type:?}");
        }
    }
}
