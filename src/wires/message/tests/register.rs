//! What the registering service answers.

use super::{JSON, MemoryStore, Service, Wire, original, register, users};
use crate::resource::{StoreErrorKind as Kind, Value};
use crate::wires::fastapi::tests::support::field;

const INCOMPLETE: &str = "{\"error\":\"Please provide name and info\"}\n";

fn registered(name: &str) -> (u16, String) {
    (201, format!("{{\"message\":\"User '{name}' registered successfully\"}}\n"))
}

#[test]
fn greets_and_answers_head_and_options() {
    let service = original();
    let greeting = "{\"message\":\"User Service is running..\"}\n";
    let seen = service.ask("GET", "/");
    assert_eq!((seen.status, seen.body.as_str()), (200, greeting));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let seen = service.ask("HEAD", "/");
    let length = greeting.len().to_string();
    assert_eq!((seen.status, seen.header("content-length")), (200, Some(length.as_str())));
    let seen = service.ask("OPTIONS", "/register");
    assert_eq!((seen.status, seen.header("allow")), (204, Some("POST, OPTIONS")));
}

#[test]
fn registers_once_and_says_so_every_time() {
    let service = original();
    assert_eq!(register(&service, r#"{"name":"alice","info":"likes tea"}"#), registered("alice"));
    assert_eq!(register(&service, r#"{"name":"alice","info":"other"}"#), registered("alice"));
    let body = "{\"cached\":false,\"info\":\"likes tea\",\"name\":\"alice\"}\n";
    assert_eq!(service.ask("GET", "/user/alice").body, body, "the first info stays");
    assert_eq!(
        register(&service, r#"{"name":"x","name":"bob","info":"a","more":[{}],"info":"b"}"#),
        registered("bob"),
        "the last of a repeated member counts, others are ignored"
    );
    let body = "{\"cached\":false,\"info\":\"b\",\"name\":\"bob\"}\n";
    assert_eq!(service.ask("GET", "/user/bob").body, body);
    assert_eq!(service.store.len(), 2);
}

#[test]
fn asks_for_what_is_missing_or_falsy() {
    let service = original();
    for body in [
        "{}",
        r#"{"name":"a"}"#,
        r#"{"info":"a"}"#,
        r#"{"Name":"a","Info":"b"}"#,
        r#"{"name":"","info":"a"}"#,
        r#"{"name":"a","info":""}"#,
        r#"{"name":null,"info":"a"}"#,
        r#"{"name":"a","info":0}"#,
        r#"{"name":"a","info":-0.0}"#,
        r#"{"name":"a","info":false}"#,
        r#"{"name":{},"info":"a"}"#,
        r#"{"name":"a","info":[ ]}"#,
        r#"{"name":[1],"info":{}}"#,
    ] {
        assert_eq!(register(&service, body), (400, INCOMPLETE.to_owned()), "{body}");
    }
    assert_eq!(service.store.len(), 0);
}

#[test]
fn stores_scalars_as_text() {
    let service = original();
    for (number, (info, stored)) in [
        ("42", "42"),
        ("1.5", "1.5"),
        ("true", "true"),
        ("-7", "-7"),
        ("1e3", "1000.0"),
        (
            "\"\\u00e9\\u2028\\u007f\\ud83d\\ude00\\\"\\n\"",
            "\\u00e9\\u2028\\u007f\\ud83d\\ude00\\\"\\n",
        ),
        ("\" \"", " "),
        ("\"é😀\"", "\\u00e9\\ud83d\\ude00"),
        ("[1,2]", "{1,2}"),
        ("[\"a b\",\"c\",null]", "{\\\"a b\\\",c,NULL}"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("n{number}");
        let body = format!("{{\"name\":\"{name}\",\"info\":{info}}}");
        assert_eq!(register(&service, &body), registered(&name), "{info}");
        let body = format!("{{\"cached\":false,\"info\":\"{stored}\",\"name\":\"{name}\"}}\n");
        assert_eq!(service.ask("GET", &format!("/user/{name}")).body, body, "{info}");
    }
    for (name, shown, path, stored) in [
        ("7", "7", "7", "7"),
        ("true", "True", "true", "true"),
        ("1e16", "1e+16", "10000000000000000", "10000000000000000"),
        ("\"é\"", "\\u00e9", "%C3%A9", "\\u00e9"),
        ("\"it's\"", "it's", "it's", "it's"),
    ] {
        let body = format!("{{\"name\":{name},\"info\":\"i\"}}");
        assert_eq!(register(&service, &body), registered(shown), "{name}");
        let body = format!("{{\"cached\":false,\"info\":\"i\",\"name\":\"{stored}\"}}\n");
        assert_eq!(service.ask("GET", &format!("/user/{path}")).body, body, "{name}");
    }
}

#[test]
fn names_the_field_where_the_original_failed() {
    let service = original();
    let long = "x".repeat(101);
    for (body, words) in [
        (
            format!("{{\"name\":\"{long}\",\"info\":\"a\"}}"),
            "name must have at most 100 characters",
        ),
        (r#"{"name":"a\u0000b","info":"a"}"#.to_owned(), "name must not contain a NUL character"),
        (r#"{"name":"a","info":"\u0000"}"#.to_owned(), "info must not contain a NUL character"),
        (r#"{"name":[1,2],"info":"a"}"#.to_owned(), "name must be a text, not a list"),
        (
            r#"{"name":"a","info":[1,"a"]}"#.to_owned(),
            "info must be a text; a list has to hold values of one kind",
        ),
        (r#"{"name":"a","info":{"b":1}}"#.to_owned(), "info must be a text, not an object"),
        (r#"{"name":"a","info":1e999}"#.to_owned(), "info is a number too large"),
        (
            format!("{{\"name\":\"{long}\",\"info\":{{\"b\":1}}}}"),
            "name must have at most 100 characters; info must be a text, not an object",
        ),
        (
            r#"{"name":"\ud800","info":"a"}"#.to_owned(),
            "name must be a text, and half of a surrogate pair is no character",
        ),
    ] {
        assert_eq!(
            register(&service, &body),
            (422, format!("{{\"error\":\"{words}\"}}\n")),
            "{body}"
        );
    }
    assert_eq!(
        register(&service, &format!("{{\"name\":\"{}\",\"info\":1}}", "é".repeat(100))).0,
        201
    );
    assert_eq!(service.store.len(), 1);
}

fn is_problem(service: &Service, headers: &str, body: &str, status: u16) {
    let seen = service.ask_with("POST", "/register", headers, body);
    assert_eq!(seen.status, status, "{headers}{body}");
    assert_eq!(seen.header("content-type"), Some("application/problem+json"), "{headers}{body}");
    assert!(seen.body.contains(&format!("\"status\":{status}")), "{}", seen.body);
}

#[test]
fn takes_json_by_its_content_type_only() {
    let service = original();
    let body = r#"{"name":"a","info":"b"}"#;
    for kind in ["application/json; charset=utf-8", "application/vnd.api+json", "APPLICATION/JSON"]
    {
        let seen =
            service.ask_with("POST", "/register", &format!("content-type: {kind}\r\n"), body);
        assert_eq!(seen.status, 201, "{kind}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "text/json", "json", ""] {
        is_problem(&service, &format!("Content-Type: {kind}\r\n"), body, 415);
    }
    is_problem(&service, "", body, 415);
    is_problem(&service, "", "", 415);
}

#[test]
fn answers_errors_of_the_framework_as_problems() {
    let service = original();
    let deep = "[".repeat(100_000);
    for body in
        ["", "{", "[1]", "null", "\"str\"", "{\"name\":NaN}", "{\"name\":'a'}", "{} x", &deep]
    {
        is_problem(&service, JSON, body, 400);
    }
    let seen = service.ask_with(
        "POST",
        "/register",
        &format!("{JSON}X: y\r\n"),
        "\u{feff}{\"name\":1,\"info\":2}",
    );
    assert_eq!(seen.status, 201, "a byte order mark is taken");
    for (method, target, status, allow) in [
        ("GET", "/register", 405, Some("POST, OPTIONS")),
        ("PUT", "/register", 405, Some("POST, OPTIONS")),
        ("DELETE", "/register", 405, Some("POST, OPTIONS")),
        ("POST", "/register/", 404, None),
        ("GET", "/nope", 404, None),
    ] {
        let seen = service.ask(method, target);
        assert_eq!((seen.status, seen.header("allow")), (status, allow), "{method} {target}");
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
    }
    let mut client = service.client();
    client.send(format!(
        "POST /register HTTP/1.1\r\nHost: a\r\n{JSON}Content-Length: 20000000\r\n\r\n"
    ));
    assert_eq!(client.answer().status, 413);
}

#[test]
fn says_503_while_the_database_is_away() {
    let service = original();
    for kind in [Kind::Unavailable, Kind::TooSlow, Kind::Busy] {
        service.store.set_trouble(Some(kind));
        let seen = service.ask_with("POST", "/register", JSON, r#"{"name":"a","info":"b"}"#);
        let body = "{\"error\":\"database unavailable\"}\n";
        assert_eq!((seen.status, seen.body.as_str()), (503, body), "{kind:?}");
        assert_eq!(seen.header("retry-after"), Some("1"));
    }
    service.store.set_trouble(Some(Kind::Broken));
    assert_eq!(
        register(&service, r#"{"name":"a","info":"b"}"#),
        (500, "{\"error\":\"database error\"}\n".to_owned())
    );
}

#[test]
fn takes_any_schema() {
    use crate::resource::FieldKind;
    let mut schema = users();
    schema.name = "price_lists".to_owned();
    let mut note = field("note", FieldKind::Text);
    note.is_required = false;
    let mut stars = field("stars", FieldKind::Integer);
    stars.default = Some(Value::Integer(3));
    let mut cached = field("cached", FieldKind::Text);
    cached.is_required = false;
    schema.fields.extend([field("price", FieldKind::Float), note, stars, cached]);
    let service =
        Service::new(MemoryStore::new(schema), Wire::Message, &["/lists", "/list/{name}"]);
    let greeting = "{\"message\":\"Price list Service is running..\"}\n";
    assert_eq!(service.ask("GET", "/").body, greeting);
    let post = |body: &str| {
        let seen = service.ask_with("POST", "/lists", JSON, body);
        (seen.status, seen.body)
    };
    let words = "{\"error\":\"Please provide name, info and price\"}\n";
    assert_eq!(post(r#"{"name":"a","info":"b"}"#), (400, words.to_owned()));
    let words =
        "{\"error\":\"price should be a valid number, unable to parse string as a number\"}\n";
    assert_eq!(post(r#"{"name":"a","info":"b","price":"x"}"#), (422, words.to_owned()));
    let words = "{\"message\":\"Price list 'a' registered successfully\"}\n";
    assert_eq!(post(r#"{"name":"a","info":"b","price":1,"note":null}"#), (201, words.to_owned()));
    let body = "{\"cached\":false,\"info\":\"b\",\"name\":\"a\",\"note\":null,\"price\":1.0,\"stars\":3}\n";
    assert_eq!(service.ask("GET", "/list/a").body, body);
    let words = "{\"error\":\"Price list b not found in database\"}\n";
    assert_eq!(service.ask("GET", "/list/b").body, words);
}

#[test]
fn names_the_key_that_the_store_made() {
    use crate::resource::FieldKind;
    let mut schema = users();
    schema.fields[0] = field("id", FieldKind::Integer);
    schema.key_is_generated = true;
    let service =
        Service::new(MemoryStore::new(schema), Wire::Message, &["/register", "/user/{id}"]);
    assert_eq!(register(&service, r#"{"info":"a"}"#), registered("1"));
    let body = "{\"cached\":false,\"id\":1,\"info\":\"a\"}\n";
    assert_eq!(service.ask("GET", "/user/1").body, body);
    let words = "{\"error\":\"User x not found in database\"}\n";
    assert_eq!(service.ask("GET", "/user/x").body, words);
}
