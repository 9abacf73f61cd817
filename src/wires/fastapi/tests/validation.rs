//! 422: every fault at once, and which texts are integers.

use super::support::{MemoryStore, Service};
use super::{original, originals};
use crate::resource::Wire;

const PARSING: &str = "Input should be a valid integer, unable to parse string as an integer";
const SIZE: &str = "Unable to parse input string as an integer, exceeded maximum size";

fn missing(name: &str) -> String {
    format!(r#"{{"type":"missing","loc":["query","{name}"],"msg":"Field required","input":null}}"#)
}

fn parsing(place: &str, name: &str, input: &str) -> String {
    format!(
        r#"{{"type":"int_parsing","loc":["{place}","{name}"],"msg":"{PARSING}","input":"{input}"}}"#
    )
}

fn size(place: &str, name: &str, input: &str) -> String {
    format!(
        r#"{{"type":"int_parsing_size","loc":["{place}","{name}"],"msg":"{SIZE}","input":"{input}"}}"#
    )
}

fn check(service: &Service, method: &str, target: &str, entries: &[String]) {
    let seen = service.ask(method, target);
    let body = format!("{{\"detail\":[{}]}}", entries.join(","));
    assert_eq!((seen.status, &seen.body), (422, &body), "{method} {target}");
    assert_eq!(seen.header("content-type"), Some("application/json"));
}

#[test]
fn tells_all_faults_in_the_order_of_declaration() {
    let service = original();
    let all = [missing("user_id"), missing("name"), missing("age")];
    check(&service, "POST", "/users/", &all);
    check(&service, "POST", "/users/?USER_ID=1&Name=a&AGE=1", &all);
    check(&service, "POST", "/users/?user_id=1&name=a", &[missing("age")]);
    check(
        &service,
        "POST",
        "/users/?age=xyz&user_id=abc",
        &[parsing("query", "user_id", "abc"), missing("name"), parsing("query", "age", "xyz")],
    );
    check(
        &service,
        "POST",
        "/users/?user_id=26;name=semi;age=3",
        &[parsing("query", "user_id", "26;name=semi;age=3"), missing("name"), missing("age")],
    );
    check(
        &service,
        "PUT",
        "/users/abc?age=x",
        &[parsing("path", "user_id", "abc"), missing("name"), parsing("query", "age", "x")],
    );
    check(&service, "PUT", "/users/999?name=a&age=x", &[parsing("query", "age", "x")]);
    check(&service, "PUT", "/users/999", &[missing("name"), missing("age")]);
    check(&service, "GET", "/users/abc", &[parsing("path", "user_id", "abc")]);
    check(&service, "DELETE", "/users/1.5", &[parsing("path", "user_id", "1.5")]);
    check(&service, "GET", "/users/%", &[parsing("path", "user_id", "%")]);
    check(
        &service,
        "GET",
        "/users/a%22%5C%00%0A%7F%C3%A9%FF",
        &[parsing("path", "user_id", "a\\\"\\\\\\u0000\\n\u{7f}é\u{fffd}")],
    );
    assert_eq!(service.store.len(), 0);
}

#[test]
fn refuses_what_64_bits_cannot_hold() {
    let service = original();
    let long = "9".repeat(4301);
    for input in [long.as_str(), "9223372036854775808", "-9223372036854775809"] {
        check(
            &service,
            "POST",
            &format!("/users/?user_id={input}&name=a&age=1"),
            &[size("query", "user_id", input)],
        );
        check(&service, "GET", &format!("/users/{input}"), &[size("path", "user_id", input)]);
    }
}

#[test]
fn reads_integers_by_the_recorded_grammar() {
    for service in originals() {
        for (text, value) in [
            ("-5", -5),
            ("%2B18", 18),
            ("+18", 18),
            ("0019", 19),
            ("1_7", 17),
            ("14.0", 14),
            ("14.00", 14),
            ("1.000", 1),
            ("30.0", 30),
            ("%2013%20", 13),
            ("1%0A", 1),
            ("-0", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            service.ask("DELETE", "/users/1");
            let seen = service.ask("POST", &format!("/users/?user_id=1&name=a&age={text}"));
            assert_eq!(seen.status, 200, "{text}");
            let body = format!("{{\"name\":\"a\",\"age\":{value}}}");
            assert_eq!(service.ask("GET", "/users/1").body, body, "{text}");
        }
        for text in [
            "",
            "%20",
            "%20%20%09",
            "abc",
            "true",
            "null",
            "1.5",
            "1e2",
            "1.",
            ".0",
            "0x10",
            "1__7",
            "_1",
            "%2B",
            "-",
            "%D9%A1%D9%A2",
        ] {
            let target = format!("/users/?user_id=2&name=a&age={text}");
            let seen = service.ask("POST", &target);
            assert!(
                seen.body.starts_with(r#"{"detail":[{"type":"int_parsing","loc":["query","age"]"#)
            );
            assert_eq!(seen.status, 422, "{text}");
        }
        for (text, status) in [
            ("00123", 200),
            ("%20123", 200),
            ("123.0", 200),
            ("1_23", 200),
            ("+123", 200),
            ("1.5", 422),
        ] {
            service.ask("POST", "/users/?user_id=123&name=a&age=1");
            assert_eq!(service.ask("GET", &format!("/users/{text}")).status, status, "{text}");
        }
    }
}

#[test]
fn decodes_the_query_as_recorded() {
    for service in originals() {
        for (number, (text, stored)) in [
            ("", ""),
            ("a+b%2Bc", "a b+c"),
            ("first&name=last", "last"),
            ("%22q%22", "\\\"q\\\""),
            ("a%00b", "a\\u0000b"),
            ("%FF%FE", "\u{fffd}\u{fffd}"),
            ("%C3%89lo%C3%AFse", "Éloïse"),
            ("100%&zz=%zz", "100%"),
            ("=", "="),
            ("%F0%9F%98%80%7F%09", "😀\u{7f}\\t"),
            ("a&extra=1", "a"),
            ("<b>'/\\", "<b>'/\\\\"),
        ]
        .into_iter()
        .enumerate()
        {
            let seen = service.ask("POST", &format!("/users/?user_id={number}&age=-1&name={text}"));
            assert_eq!(seen.body, r#"{"message":"User created successfully"}"#, "{text}");
            let body = format!("{{\"name\":\"{stored}\",\"age\":-1}}");
            assert_eq!(service.ask("GET", &format!("/users/{number}")).body, body, "{text}");
        }
    }
}

#[test]
fn refuses_a_nul_where_the_store_cannot_keep_it() {
    let mut store = MemoryStore::new(super::users());
    store.keeps_nul = false;
    let service = Service::new(store, Wire::Fastapi, &["/users/"]);
    let entry = r#"{"type":"value_error","loc":["query","name"],"msg":"Value error, a NUL character cannot be stored","input":"a\u0000b"}"#;
    check(
        &service,
        "POST",
        "/users/?user_id=1&name=a%00b&age=x",
        &[entry.to_owned(), parsing("query", "age", "x")],
    );
}
