//! Whatever is sent: no answer is a failure of ours, every problem is well formed, and what is refused stores nothing.

use super::support::{Service, ask, notes, users};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use std::fmt::Write as _;

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"];

const SEGMENTS: &[&str] = &[
    "",
    "1",
    "2",
    "3",
    "-1",
    "007",
    "abc",
    "%FF",
    "%00",
    "%",
    "%2e%2e",
    "..",
    "1.0",
    "a%2Fb",
    "9223372036854775808",
    "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "1/2",
    "%C3%A9",
];

const QUERIES: &[&str] = &[
    "",
    "?",
    "?limit=2",
    "?limit=0",
    "?limit=999999",
    "?limit=-1",
    "?sort=-age,name",
    "?sort=-,",
    "?fields=name",
    "?fields=",
    "?count=exact",
    "?count=maybe",
    "?after=x",
    "?after=%00",
    "?age=gte.1",
    "?age=lt.x",
    "?name=like.*a*",
    "?name=in.(a,b)",
    "?name=not.is.null",
    "?age=in.()",
    "?atomic=false",
    "?atomic=",
    "?&&==&",
    "?name=%FF%00",
    "?extra=eq.{}",
    "?born=gt.2020",
    "?device=eq.x",
    "?score=lt.1e999",
    "?active=is.true",
    "?limit=1&limit=2",
    "?=1",
];

const HEADERS: &[&str] = &[
    "content-type: application/json",
    "content-type: application/x-ndjson",
    "content-type: text/csv",
    "content-type: application/merge-patch+json",
    "content-type: text/plain",
    "content-type: é",
    "content-encoding: gzip",
    "accept: application/x-ndjson",
    "accept: */*;q=0",
    "prefer: return=minimal",
    "prefer: resolution=merge-duplicates",
    "prefer: resolution=ignore-duplicates, return=minimal",
    "if-match: *",
    "if-match: \"0000000000000000\"",
    "if-match: nonsense",
    "if-none-match: *",
    "if-none-match: W/\"a\", \"b\"",
    "if-min-version: 1",
    "if-min-version: -1",
    "cache-control: no-cache",
    "idempotency-key: one",
    "idempotency-key: \"two\"",
    "idempotency-key: ",
    "last-event-id: 1",
];

const BODIES: &[&str] = &[
    "",
    "{}",
    "[]",
    "null",
    "7",
    "\"text\"",
    "{\"name\":\"Ann\",\"age\":30}",
    "{\"user_id\":1,\"name\":\"Bob\",\"email\":\"a@b\"}",
    "{\"user_id\":2,\"name\":\"Cid\",\"email\":\"a@b\",\"extra\":{\"a\":[1,{\"b\":null}]}}",
    "{\"name\":\"\\u0000\",\"extra\":\"\\ud800\"}",
    "{\"name\":\"Ann\",\"name\":\"Bob\"}",
    "{\"age\":1e400,\"score\":-0.0,\"born\":\"2026-02-30T00:00:00Z\"}",
    "{\"user_id\":99999999999999999999999,\"name\":\"n\"}",
    "{\"title\":\"t\",\"text\":\"x\"}",
    "{\"title\":\"a/b\",\"text\":null}",
    "[{\"name\":\"Ann\"},{\"name\":\"Bob\",\"user_id\":1}]",
    "{\"name\":\"Ann\"}\n{\"name\":\"Bob\"}\n\n",
    "user_id,name,age\n1,Ann,3\n,Bob,\n",
    "name\n\"Ann",
];

/// One of these, often with some bytes changed, or anything at all.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let known = || select(BODIES).prop_map(|body| body.as_bytes().to_vec());
    let changed =
        (known(), vec((any::<Index>(), any::<u8>()), 1..4)).prop_map(|(mut body, all)| {
            for (at, byte) in all {
                if !body.is_empty() {
                    let at = at.index(body.len());
                    body[at] = byte;
                }
            }
            body
        });
    let deep = (1..400_usize).prop_map(|depth| {
        format!("{{\"name\":\"n\",\"extra\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
            .into_bytes()
    });
    prop_oneof![4 => known(), 4 => changed, 1 => deep, 1 => vec(any::<u8>(), 0..300)]
}

/// The head of a request up to its body's length.
fn head() -> impl Strategy<Value = (&'static str, String, Vec<&'static str>)> {
    let segment =
        prop_oneof![4 => select(SEGMENTS).prop_map(str::to_owned), 1 => "[!-~&&[^ #?]]{1,12}"];
    let query =
        prop_oneof![4 => select(QUERIES).prop_map(str::to_owned), 1 => "\\?[!-~&&[^#]]{0,20}"];
    let base = select(&["/users/", "/notes/", "/users", "/"][..]);
    (select(METHODS), base, segment, query, vec(select(HEADERS), 0..4)).prop_map(
        |(method, base, segment, query, headers)| {
            (method, format!("{base}{segment}{query}"), headers)
        },
    )
}

fn stored(services: &[Service]) -> String {
    services.iter().map(Service::everything).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_anything_without_failing(requests in vec((head(), body()), 1..30)) {
        let services = [Service::of(users()), Service::of(notes())];
        let mut before = stored(&services);
        for ((method, path, headers), body) in requests {
            let service = &services[usize::from(path.starts_with("/notes"))];
            let mut client = service.client();
            let mut text = format!("{method} {path} HTTP/1.1\r\nhost: a\r\n");
            for header in &headers {
                write!(text, "{header}\r\n").unwrap();
            }
            write!(text, "content-length: {}\r\n\r\n", body.len()).unwrap();
            client.send(text);
            client.send(&body);
            let seen = client.answer_to(method == "HEAD");
            let what = format!("{method} {path} {headers:?} {:?}", String::from_utf8_lossy(&body));
            prop_assert!(seen.status < 500, "{what}: {} {}", seen.head, seen.body);
            let is_problem = seen.header("content-type") == Some("application/problem+json");
            prop_assert_eq!(is_problem, seen.status >= 400, "{}: {}", what, seen.head);
            if is_problem && method != "HEAD" {
                let problem: Value = serde_json::from_str(&seen.body).unwrap();
                prop_assert_eq!(&problem["status"], seen.status);
                for member in ["type", "title", "detail", "instance"] {
                    prop_assert!(problem[member].is_string(), "{what}: {}", seen.body);
                }
                for fault in problem["errors"].as_array().into_iter().flatten() {
                    prop_assert!(fault["loc"].is_array() && fault["msg"].is_string());
                }
            }
            let after = stored(&services);
            if seen.status >= 400 || ["GET", "HEAD", "OPTIONS"].contains(&method) {
                prop_assert_eq!(&before, &after, "{}", what);
            }
            before = after;
        }
        let ok = ask(&mut services[0].client(), "GET /users/", &[], "");
        prop_assert_eq!(ok.status, 200);
    }
}
