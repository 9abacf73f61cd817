//! What every route answers, status and body.

use super::support::Service;
use super::{original, originals};

const NOT_FOUND: &str = r#"{"detail":"Not Found"}"#;
const NO_USER: &str = r#"{"detail":"User not found"}"#;

fn check(service: &Service, rows: &[(&str, &str, u16, &str)]) {
    for (method, target, status, body) in rows {
        let seen = service.ask(method, target);
        assert_eq!((seen.status, seen.body.as_str()), (*status, *body), "{method} {target}");
        assert_eq!(seen.header("content-type"), Some("application/json"), "{method} {target}");
        assert_eq!(seen.header("content-length"), Some(body.len().to_string().as_str()));
    }
}

#[test]
fn answers_the_life_of_a_record_as_recorded() {
    for service in originals() {
        check(
            &service,
            &[
                ("GET", "/health", 200, r#"{"status":"healthy"}"#),
                ("GET", "/users/", 200, "{}"),
                (
                    "POST",
                    "/users/?user_id=123&name=Alice&age=30",
                    200,
                    r#"{"message":"User created successfully"}"#,
                ),
                (
                    "POST",
                    "/users/?user_id=123&name=Bob&age=1",
                    200,
                    r#"{"error":"User already exists"}"#,
                ),
                ("GET", "/users/123", 200, r#"{"name":"Alice","age":30}"#),
                ("GET", "/users/999", 404, NO_USER),
                (
                    "POST",
                    "/users/?user_id=7&name=%C3%89lo%C3%AFse+P.&age=41",
                    200,
                    r#"{"message":"User created successfully"}"#,
                ),
                (
                    "GET",
                    "/users/",
                    200,
                    r#"{"123":{"name":"Alice","age":30},"7":{"name":"Éloïse P.","age":41}}"#,
                ),
                (
                    "GET",
                    "/users/?limit=1",
                    200,
                    r#"{"123":{"name":"Alice","age":30},"7":{"name":"Éloïse P.","age":41}}"#,
                ),
                (
                    "PUT",
                    "/users/123?name=Alice%20Johnson&age=31",
                    200,
                    r#"{"message":"User updated successfully"}"#,
                ),
                (
                    "GET",
                    "/users/",
                    200,
                    r#"{"123":{"name":"Alice Johnson","age":31},"7":{"name":"Éloïse P.","age":41}}"#,
                ),
                ("PUT", "/users/999?name=a&age=1", 404, NO_USER),
                ("DELETE", "/users/123", 200, r#"{"message":"User deleted successfully"}"#),
                ("DELETE", "/users/123", 404, NO_USER),
                (
                    "POST",
                    "/users/?user_id=123&name=Al&age=1",
                    200,
                    r#"{"message":"User created successfully"}"#,
                ),
                (
                    "GET",
                    "/users/",
                    200,
                    r#"{"7":{"name":"Éloïse P.","age":41},"123":{"name":"Al","age":1}}"#,
                ),
            ],
        );
    }
}

#[test]
fn says_not_found_for_what_is_no_route() {
    let service = original();
    for target in [
        "/",
        "/nope",
        "//users/",
        "/Users/",
        "/users/12%2F3",
        "/health;x",
        "/users//",
        "/users/1/2",
    ] {
        check(&service, &[("GET", target, 404, NOT_FOUND), ("DELETE", target, 404, NOT_FOUND)]);
    }
    check(
        &service,
        &[("PUT", "/users/12%2F3", 404, NOT_FOUND), ("POST", "/users/1/2", 404, NOT_FOUND)],
    );
}

#[test]
fn calls_what_is_no_http_invalid_and_closes() {
    let service = original();
    for request in [
        "BREW /users/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /us ers/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "get /users/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /users/\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET /users/é HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /users?a=é HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /users/ HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n",
        "POST /users/ HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    ] {
        let mut client = service.client();
        client.send(request);
        let all = client.rest();
        let (head, body) = all.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request}: {all}");
        assert_eq!(body, "Invalid HTTP request received.", "{request}");
        assert!(head.contains("\r\ncontent-type: text/plain; charset=utf-8\r\n"), "{head}");
        assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    }
}

#[test]
fn keeps_to_lower_case_names_and_adds_nothing_that_the_original_lacks() {
    let service = original();
    let seen = service.ask_with(
        "POST",
        "/users/?user_id=1&name=a&age=1",
        "Origin: http://x\r\nAccept-Encoding: gzip\r\nIf-None-Match: *\r\n",
        "",
    );
    assert_eq!(seen.status, 200);
    for line in seen.head.lines().skip(1).filter(|line| !line.is_empty()) {
        let (name, _) = line.split_once(": ").unwrap();
        let known = ["content-type", "content-length", "date", "headwater-version"];
        assert!(known.contains(&name), "{line}");
    }
}

#[test]
fn names_records_after_the_resource() {
    let mut schema = super::users();
    schema.name = "price_lists".to_owned();
    let store = super::MemoryStore::new(schema);
    let service = Service::new(store, super::Wire::Fastapi, &["/lists/"]);
    check(
        &service,
        &[
            ("GET", "/lists/1", 404, r#"{"detail":"Price list not found"}"#),
            (
                "POST",
                "/lists/?user_id=1&name=a&age=1",
                200,
                r#"{"message":"Price list created successfully"}"#,
            ),
            (
                "POST",
                "/lists/?user_id=1&name=a&age=1",
                200,
                r#"{"error":"Price list already exists"}"#,
            ),
        ],
    );
}

#[test]
fn serves_a_path_without_a_slash_and_one_that_is_only_a_slash() {
    let service =
        Service::new(super::MemoryStore::new(super::users()), super::Wire::Fastapi, &["/all"]);
    check(&service, &[("GET", "/all", 200, "{}"), ("GET", "/all/1", 404, NO_USER)]);
    assert_eq!(service.ask("GET", "/all/").header("location"), Some("http://h:1/all"));
    let service =
        Service::new(super::MemoryStore::new(super::users()), super::Wire::Fastapi, &["/"]);
    check(
        &service,
        &[
            ("GET", "/", 200, "{}"),
            ("GET", "/1", 404, NO_USER),
            ("GET", "/1/2", 404, NOT_FOUND),
            ("GET", "/health", 200, r#"{"status":"healthy"}"#),
        ],
    );
}
