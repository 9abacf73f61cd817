//! What the reading service answers.

use super::{original, register};
use crate::resource::{StoreErrorKind as Kind, Value};

#[test]
fn answers_what_is_there_and_what_is_not() {
    let service = original();
    for name in ["alice", "al ice", "a+b", "A", "\u{e9}", "100%"] {
        service.store.put([Value::text(name), Value::text("likes tea")]);
    }
    for (segment, name) in [
        ("alice", "alice"),
        ("%61lice", "alice"),
        ("al%20ice", "al ice"),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("%C3%A9", "\\u00e9"),
        ("100%", "100%"),
        ("alice?cached=no", "alice"),
    ] {
        let seen = service.ask("GET", &format!("/user/{segment}"));
        let body = format!("{{\"cached\":false,\"info\":\"likes tea\",\"name\":\"{name}\"}}\n");
        assert_eq!((seen.status, seen.body), (200, body), "{segment}");
        assert_eq!(seen.head.matches("content-type: application/json\r\n").count(), 1);
    }
    for (segment, name) in [
        ("nobody", "nobody"),
        ("ALICE", "ALICE"),
        ("al+ice", "al+ice"),
        ("%FF", "\\ufffd"),
        ("%22%5C", "\\\"\\\\"),
        ("alice%20", "alice "),
    ] {
        let seen = service.ask("GET", &format!("/user/{segment}"));
        let body = format!("{{\"error\":\"User {name} not found in database\"}}\n");
        assert_eq!((seen.status, seen.body), (404, body), "{segment}");
        assert_eq!(seen.head.matches("content-type: application/json\r\n").count(), 1);
    }
}

#[test]
fn answers_head_and_options_and_refuses_other_methods() {
    let service = original();
    register(&service, r#"{"name":"alice","info":"likes tea"}"#);
    let seen = service.ask("HEAD", "/user/alice");
    assert_eq!((seen.status, seen.header("content-length")), (200, Some("51")));
    let seen = service.ask("OPTIONS", "/user/alice");
    assert_eq!((seen.status, seen.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    for method in ["POST", "DELETE", "PUT"] {
        let seen = service.ask(method, "/user/alice");
        assert_eq!((seen.status, seen.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
    }
}

#[test]
fn is_not_found_where_there_is_no_route() {
    let service = original();
    service.store.put([Value::text("a/b"), Value::text("never read")]);
    for target in
        ["/user/a/b", "/user/a%2Fb", "/user/a%2fb", "/user/", "/user", "/user/alice/", "/health"]
    {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            let seen = service.ask(method, target);
            assert_eq!(seen.status, 404, "{method} {target}");
            assert_eq!(seen.header("content-type"), Some("application/problem+json"), "{target}");
        }
    }
}

#[test]
fn takes_leading_slashes_as_one() {
    let service = original();
    register(&service, r#"{"name":"alice","info":"likes tea"}"#);
    let body = "{\"cached\":false,\"info\":\"likes tea\",\"name\":\"alice\"}\n";
    for target in ["//user/alice", "///user/alice"] {
        let seen = service.ask("GET", target);
        assert_eq!((seen.status, seen.body.as_str()), (200, body), "{target}");
    }
    assert_eq!(service.ask("GET", "//register").status, 405);
    assert_eq!(service.ask("GET", "/user//alice").status, 404);
}

#[test]
fn says_what_is_wrong_with_a_nul() {
    let service = original();
    let seen = service.ask("GET", "/user/%00");
    let body = "{\"error\":\"name must not contain a NUL character\"}\n";
    assert_eq!((seen.status, seen.body.as_str()), (422, body));
}

#[test]
fn says_503_while_the_database_is_away() {
    let service = original();
    service.store.set_trouble(Some(Kind::Unavailable));
    let seen = service.ask("GET", "/user/alice");
    let body = "{\"error\":\"database unavailable\"}\n";
    assert_eq!((seen.status, seen.body.as_str()), (503, body));
    assert_eq!(seen.header("retry-after"), Some("1"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
}
