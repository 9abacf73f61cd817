//! Conditions of a request: what must hold of the record (`If-Match`, `If-None-Match`), and the name under which a
//! repeat is answered and not done again (`Idempotency-Key`).

use crate::resource::{ETag, Idempotency, Precondition};
use crate::server::{Problem, Request};
use http::HeaderMap;
use sha2::{Digest, Sha256};

/// The longest idempotency key: room for several UUIDs, and stores keep an index of them.
const KEY_LENGTH: usize = 255;

pub fn precondition(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let matches = joined(headers, "if-match")?;
    let none_matches = joined(headers, "if-none-match")?;
    match (matches.as_deref().map(str::trim), none_matches.as_deref().map(str::trim)) {
        (None, None) => Ok(Precondition::None),
        (Some("*"), None) => Ok(Precondition::Exists),
        (None, Some("*")) => Ok(Precondition::Absent),
        (Some(tags), None) => ETag::parse_strong_list(tags)
            .map(Precondition::Matches)
            .ok_or_else(|| not_tags("If-Match")),
        (None, Some(tags)) => ETag::parse_list(tags)
            .map(Precondition::Differs)
            .ok_or_else(|| not_tags("If-None-Match")),
        (Some(_), Some(_)) => Err(Problem::new(
            400,
            "`If-Match` and `If-None-Match` contradict each other; send one.",
        )),
    }
}

/// Whether a read is of no use to the client: it has this content already.
pub fn is_known(if_none_match: &str, tag: ETag) -> bool {
    let tags = if_none_match.trim();
    tags == "*" || ETag::parse_list(tags).is_some_and(|tags| tags.contains(&tag))
}

fn not_tags(name: &str) -> Problem {
    Problem::new(
        400,
        format!(
            "`{name}` is neither `*` nor a list of tags; send the `ETag` of an answer with its quotes."
        ),
    )
}

/// All headers of a name as one list. A condition that cannot be read must not be taken for none.
pub fn joined(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Problem> {
    let mut all: Option<String> = None;
    for value in headers.get_all(name) {
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|_| Problem::new(400, format!("The header `{name}` is not UTF-8.")))?;
        match &mut all {
            Some(all) => {
                all.push_str(", ");
                all.push_str(text);
            }
            None => all = Some(text.to_owned()),
        }
    }
    Ok(all)
}

/// The same key for another method, path or body is a mistake that the store finds by the fingerprint.
pub fn idempotency(request: &Request, body: &[u8]) -> Result<Option<Idempotency>, Problem> {
    let Some(sent) = joined(&request.headers, "idempotency-key")? else { return Ok(None) };
    let sent = sent.trim();
    let unquoted = sent.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let key = unquoted.unwrap_or(sent);
    let is_fit = (1..=KEY_LENGTH).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && !key.contains('"');
    if !is_fit {
        return Err(Problem::new(
            400,
            format!(
                "`Idempotency-Key` is not 1 to {KEY_LENGTH} printable ASCII characters; send a UUID."
            ),
        ));
    }
    let mut digest = Sha256::new();
    let path = request.path.trim_end_matches('/');
    for part in [request.method.as_str(), path, request.query.as_deref().unwrap_or_default()] {
        digest.update(part.as_bytes());
        // Cannot stand in any of them.
        digest.update([0]);
    }
    digest.update(body);
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint: digest.finalize().into() }))
}

/// The name of one write of many that were sent together. The mark cannot stand in a header, so that no client's key
/// is the same by accident.
pub fn of_row(whole: &Idempotency, row: usize) -> Idempotency {
    Idempotency { key: format!("{}\u{1f}{row}", whole.key), fingerprint: whole.fingerprint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (HeaderName::from_static(name), value)
        };
        let mut map = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn reads_conditions() {
        let one = "\"0000000000000001\"";
        let two = "W/\"0000000000000002\"";
        for (pairs, expected) in [
            (vec![], Some(Precondition::None)),
            (vec![("if-match", " * ")], Some(Precondition::Exists)),
            (vec![("if-none-match", "*")], Some(Precondition::Absent)),
            (vec![("if-match", one)], Some(Precondition::Matches(vec![ETag(1)]))),
            // A weak tag never matches strongly, and one that is not ours matches nothing.
            (vec![("if-match", two)], Some(Precondition::Matches(vec![]))),
            (vec![("if-match", "\"foreign\"")], Some(Precondition::Matches(vec![]))),
            (
                vec![("if-none-match", one), ("if-none-match", two)],
                Some(Precondition::Differs(vec![ETag(1), ETag(2)])),
            ),
            (vec![("if-match", "")], None),
            (vec![("if-match", "0000000000000001")], None),
            (vec![("if-match", one), ("if-none-match", "*")], None),
        ] {
            assert_eq!(precondition(&headers(&pairs)).ok(), expected, "{pairs:?}");
        }
        let mut unreadable = HeaderMap::new();
        unreadable.append("if-match", HeaderValue::from_bytes(b"\"\xff\"").unwrap());
        assert_eq!(precondition(&unreadable).unwrap_err().status, 400);
    }

    fn request(key: &str, path: &str) -> Request {
        Request {
            method: http::Method::POST,
            path: path.to_owned(),
            query: None,
            segment: String::new(),
            headers: headers(&[("idempotency-key", key)]),
            peer: "127.0.0.1:1".parse().unwrap(),
            body: crate::server::Body::empty(),
        }
    }

    #[test]
    fn reads_idempotency_keys_and_tells_requests_apart() {
        let of = |key: &str, path: &str, body: &str| {
            idempotency(&request(key, path), body.as_bytes()).map(|found| found.unwrap())
        };
        let first = of("\"a b\"", "/users/", "x").unwrap();
        assert_eq!(first, of("a b", "/users", "x").unwrap());
        assert_eq!(first.key, "a b");
        assert_ne!(first.fingerprint, of("a b", "/users", "y").unwrap().fingerprint);
        assert_ne!(first.fingerprint, of("a b", "/users/7", "x").unwrap().fingerprint);
        assert_ne!(of_row(&first, 1).key, of_row(&first, 2).key);
        for wrong in ["", "\"\"", "é", "a\"b", "\"a", &"k".repeat(256)] {
            assert_eq!(of(wrong, "/", "").unwrap_err().status, 400, "{wrong}");
        }
        assert!(of(&"k".repeat(255), "/", "").is_ok());
    }
}
