//! Input that no text file holds: broken encodings, depth, cut and glued requests, sizes. Each gets a 4xx as a problem
//! and stores nothing.

use super::support::{Service, memory, notes, request, users};
use crate::resource::Access;
use crate::server::tests::support::{Client, Seen};

const JSON: &[&str] = &["content-type: application/json"];

fn is_problem(seen: &Seen, status: u16) {
    assert_eq!(seen.status, status, "{} {}", seen.head, seen.body);
    assert_eq!(seen.header("content-type"), Some("application/problem+json"));
    let problem: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(problem["status"], status);
}

/// A body that is no text.
fn post_bytes(client: &mut Client, line: &str, body: &[u8]) -> Seen {
    client.send(format!("{line} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", body.len()));
    client.send(body);
    client.answer()
}

#[test]
fn what_is_not_utf_8_is_refused_wherever_it_stands() {
    let service = Service::of(users());
    let mut client = service.client();
    for body in
        [&b"{\"name\":\"\xff\xfe\"}"[..], b"\xff", b"{\"\xc3\":1}", b"[{\"name\":\"\xff\"}]"]
    {
        is_problem(&post_bytes(&mut client, "POST /users/", body), 400);
    }
    is_problem(&post_bytes(&mut client, "PUT /users/1", b"{\"name\":\"\xed\xa0\x80\"}"), 400);
    is_problem(&post_bytes(&mut client, "PATCH /users/1", b"{\"name\":\"\xff\"}"), 400);
    is_problem(&service.get("/users/?name=%FF%FE&sort=%FF"), 422);
    for header in ["if-match: \u{fe}", "idempotency-key: \u{fe}"] {
        let seen = service.ask("DELETE /users/1", &[header], "");
        is_problem(&seen, 400);
    }
    assert_eq!(service.everything(), "");
}

#[test]
fn depth_has_an_end_and_costs_nothing() {
    let service = Service::of(users());
    for depth in [200, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let body = format!("{{\"name\":\"n\",\"extra\":{deep}}}");
            let seen = service.ask("POST /users/", JSON, &body);
            assert!([400, 422].contains(&seen.status), "{depth}: {}", seen.body);
            is_problem(&seen, seen.status);
            let seen = service.ask("POST /users/", JSON, &deep);
            assert!([400, 422].contains(&seen.status), "{}", seen.body);
        }
    }
    assert_eq!(service.everything(), "");
}

#[test]
fn a_nul_character_is_kept_whole_or_refused() {
    for service in [Service::of(users()), Service::of(notes())] {
        let keeps = service.served.resource.store().keeps_nul();
        let path = service.served.path.clone();
        let body = if path == "/users/" {
            "{\"name\":\"a\\u0000b\"}"
        } else {
            "{\"title\":\"a\\u0000b\"}"
        };
        let seen = service.post(body);
        if keeps {
            assert_eq!(seen.status, 201, "{}", seen.body);
            let found = service.get(seen.header("location").unwrap());
            assert_eq!((found.status, &found.body), (200, &seen.body));
            assert!(found.body.contains("a\\u0000b"));
        } else {
            is_problem(&seen, 422);
            assert_eq!(service.everything(), "");
        }
    }
}

#[test]
fn a_body_that_is_cut_short_stores_nothing() {
    let service = Service::of(users());
    for (headers, body) in [
        ("content-length: 40\r\n", "{\"name\":\"Ann\"}"),
        ("transfer-encoding: chunked\r\n", "e\r\n{\"name\":\"Ann\"}\r\n"),
        ("transfer-encoding: chunked\r\n", "e\r\n{\"name\""),
    ] {
        let mut client = service.client();
        client.send(format!("POST /users/ HTTP/1.1\r\nhost: a\r\n{headers}\r\n{body}"));
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        let rest = client.rest();
        assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 4"), "{rest}");
    }
    let mut client = service.client();
    client.send("POST /users/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}");
    is_problem(&client.answer(), 400);
    assert_eq!(service.everything(), "");
}

#[test]
fn garbage_behind_a_request_is_refused_and_what_was_whole_is_done() {
    let service = Service::of(users());
    let mut client = service.client();
    let good = request("POST /users/", JSON, "{\"name\":\"Ann\"}");
    client.send(format!("{good}\x01\x02garbage\r\n\r\n{good}"));
    assert_eq!(client.answer().status, 201);
    is_problem(&client.answer(), 400);
    assert_eq!(client.rest(), "");
    assert_eq!(service.everything().lines().count(), 1);
}

#[test]
fn what_is_too_large_is_refused_with_its_own_status() {
    let access = Access { body_bytes: Some(1000), ..Access::default() };
    let service = Service::new(memory(users()), None, access);
    let long = "x".repeat(20_000);
    is_problem(&service.get(&format!("/users/{long}")), 414);
    is_problem(&service.ask("GET /users/", &[&format!("x-long: {long}")], ""), 431);
    let body = format!("{{\"name\":\"{}\"}}", "n".repeat(1000));
    is_problem(&service.ask("POST /users/", JSON, &body), 413);
    is_problem(&service.ask("PUT /users/1", JSON, &body), 413);
    is_problem(&service.ask("PATCH /users/1", JSON, &body), 413);
    let mut client = service.client();
    client.send("POST /users/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    for _ in 0..3 {
        client.send(format!("1f4\r\n{}\r\n", "x".repeat(500)));
    }
    is_problem(&client.answer(), 413);
    assert_eq!(service.everything(), "");
}
