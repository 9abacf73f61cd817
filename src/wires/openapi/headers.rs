//! Every header that an answer of a resource can have, described once.

use serde_json::{Map, Value as Json, json};

/// The header, or one of its kinds where it is not the same everywhere.
struct Header {
    name: &'static str,
    schema: fn() -> Json,
    example: &'static str,
    description: &'static str,
    /// Every answer that has it described has it.
    is_certain: bool,
}

const fn sure(
    name: &'static str,
    schema: fn() -> Json,
    example: &'static str,
    description: &'static str,
) -> Header {
    Header { name, schema, example, description, is_certain: true }
}

const fn maybe(
    name: &'static str,
    schema: fn() -> Json,
    example: &'static str,
    description: &'static str,
) -> Header {
    Header { name, schema, example, description, is_certain: false }
}

fn text() -> Json {
    json!({ "type": "string" })
}

fn number() -> Json {
    json!({ "type": "integer", "minimum": 0 })
}

fn tag() -> Json {
    json!({ "type": "string", "pattern": "^\"[0-9a-f]{16}\"$" })
}

fn status() -> Json {
    let hit = "hit; ttl=[0-9]+; detail=(near|redis|stale)";
    let forwarded = "fwd=(miss|request); (stored|collapsed)";
    json!({ "type": "string", "pattern": format!("^headwater; ({hit}|{forwarded})$") })
}

const TAG: &str = "\"5f2a9c0d13b47e68\"";

const HEADERS: &[Header] = &[
    maybe("Accept", text, "application/json", "Types that this path reads."),
    maybe("Accept-Encoding", text, "identity", "Codings of bodies that this path reads."),
    maybe(
        "Accept-Patch",
        text,
        "application/merge-patch+json",
        "Types of patches that this path reads.",
    ),
    maybe("Accept-Post", text, "application/json", "Types that can be posted to this path."),
    maybe("Age", number, "2", "How many seconds ago the store said so; only of a copy."),
    sure("Allow", text, "GET, HEAD, OPTIONS", "The methods of this path."),
    sure(
        "Cache-Control",
        text,
        "no-cache",
        "Copies may be kept, and are asked about before they are used.",
    ),
    sure(
        "Cache-Status",
        status,
        "headwater; hit; ttl=4; detail=near",
        "Where the record is from (RFC 9211): `hit` with `near`, `redis` or `stale`, or `fwd` when the store was read.",
    ),
    sure("ETag", tag, TAG, "The tag of the record's content; for `If-Match` and `If-None-Match`."),
    sure(
        "Headwater-Version",
        number,
        "42",
        "A place in the order of commits: send it as `If-Min-Version` and the answer has seen it.",
    ),
    maybe(
        "Idempotency-Replayed",
        text,
        "true",
        "This is the answer to an earlier request with this key.",
    ),
    maybe(
        "Link",
        text,
        "</users/?limit=100&after=bzM>; rel=\"next\"",
        "The next page, if there is one.",
    ),
    sure("Location", text, "/users/1", "Where the record is found."),
    maybe("Preference-Applied", text, "return=minimal", "What of `Prefer` was followed."),
    sure("Retry-After", number, "1", "After so many seconds it is worth another try."),
    sure("Vary", text, "accept", "What of a request decides the form of the answer."),
    sure("WWW-Authenticate", text, "Bearer realm=\"headwater\"", "How to ask."),
];

/// The component of a header that some answers do not have.
pub(super) fn if_any(name: &str) -> String {
    format!("{name}IfAny")
}

/// All of them as components.
pub(super) fn all() -> Map<String, Json> {
    let mut all = Map::new();
    for header in HEADERS {
        let schema = (header.schema)();
        let example = match header.example.parse::<u64>() {
            Ok(number) if schema["type"] == "integer" => Json::from(number),
            _ => Json::from(header.example),
        };
        let description = header.description;
        let plain = json!({ "description": description, "schema": schema, "example": example });
        if header.is_certain {
            let mut certain = plain.clone();
            certain["required"] = true.into();
            all.insert(header.name.to_owned(), certain);
            all.insert(if_any(header.name), plain);
        } else {
            all.insert(header.name.to_owned(), plain);
        }
    }
    all
}
