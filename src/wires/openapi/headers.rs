//! Every header that an answer of a resource can have, described once.

use serde_json::{Map, Value as Json, json};

struct Header {
    name: &'static str,
    /// `integer` or `string`.
    kind: &'static str,
    /// What all values match, if that says more than the kind.
    pattern: Option<&'static str>,
    example: &'static str,
    description: &'static str,
}

const fn text(name: &'static str, example: &'static str, description: &'static str) -> Header {
    Header { name, kind: "string", pattern: None, example, description }
}

const fn number(name: &'static str, example: &'static str, description: &'static str) -> Header {
    Header { name, kind: "integer", pattern: None, example, description }
}

const HEADERS: &[Header] = &[
    text("Accept", "application/json", "Types that this path reads."),
    text("Accept-Encoding", "identity", "Codings of bodies that this path reads."),
    text("Accept-Patch", "application/merge-patch+json", "Types of patches that this path reads."),
    text("Accept-Post", "application/json", "Types that can be posted to this path."),
    number("Age", "2", "How many seconds ago the store said so; only of a copy."),
    text("Allow", "GET, HEAD, OPTIONS", "The methods of this path."),
    text(
        "Cache-Status",
        "headwater; hit; ttl=4; detail=near",
        "Where the record is from (RFC 9211): `hit` with `near`, `redis` or `stale`, or `fwd` when the store was read.",
    ),
    Header {
        name: "ETag",
        kind: "string",
        pattern: Some("^\"[0-9a-f]{16}\"$"),
        example: "\"5f2a9c0d13b47e68\"",
        description: "The tag of the record's content; for `If-Match` and `If-None-Match`.",
    },
    number(
        "Headwater-Version",
        "42",
        "A place in the order of commits: send it as `If-Min-Version` and the answer has seen it.",
    ),
    text("Idempotency-Replayed", "true", "This is the answer to an earlier request with this key."),
    text("Link", "<?limit=100&after=bzM>; rel=\"next\"", "The next page, if there is one."),
    text("Location", "/users/1", "Where the record is found."),
    text("Preference-Applied", "return=minimal", "What of `Prefer` was followed."),
    number("Retry-After", "1", "After so many seconds it is worth another try."),
    text("WWW-Authenticate", "Bearer realm=\"headwater\"", "How to ask."),
];

/// All of them as components.
pub(super) fn all() -> Map<String, Json> {
    let mut all = Map::new();
    for header in HEADERS {
        let mut schema = json!({ "type": header.kind });
        if header.kind == "integer" {
            schema["minimum"] = 0.into();
        }
        if let Some(pattern) = header.pattern {
            schema["pattern"] = pattern.into();
        }
        let example = match header.example.parse::<u64>() {
            Ok(number) if header.kind == "integer" => Json::from(number),
            _ => Json::from(header.example),
        };
        let value =
            json!({ "description": header.description, "schema": schema, "example": example });
        all.insert(header.name.to_owned(), value);
    }
    all
}
