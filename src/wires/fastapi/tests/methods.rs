//! Methods that a path does not take, and those that are answered beyond what the original does.

use super::original;
use crate::resource::{Access, Secret, Wire};

#[test]
fn says_405_with_what_is_allowed_indeed() {
    let service = original();
    for (method, target, allow) in [
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("PUT", "/users/", "GET, POST, HEAD, OPTIONS"),
        ("DELETE", "/users/", "GET, POST, HEAD, OPTIONS"),
        ("PROPFIND", "/users/", "GET, POST, HEAD, OPTIONS"),
        ("PATCH", "/users/1", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("POST", "/users/1", "GET, PUT, DELETE, HEAD, OPTIONS"),
    ] {
        let seen = service.ask(method, target);
        let body = r#"{"detail":"Method Not Allowed"}"#;
        assert_eq!((seen.status, seen.body.as_str()), (405, body), "{method} {target}");
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("allow"), Some(allow), "{method} {target}");
    }
}

#[test]
fn answers_head_and_options() {
    let service = original();
    service.ask("POST", "/users/?user_id=1&name=a&age=1");
    for (target, status, length) in [
        ("/health", 200, "20"),
        ("/users/", 200, "26"),
        ("/users/1", 200, "20"),
        ("/users/2", 404, "27"),
        ("/nope", 404, "22"),
    ] {
        let seen = service.ask("HEAD", target);
        assert_eq!(
            (seen.status, seen.header("content-length")),
            (status, Some(length)),
            "{target}"
        );
        assert_eq!(seen.body, "");
    }
    for (target, allow) in [
        ("/health", "GET, HEAD, OPTIONS"),
        ("/users/", "GET, POST, HEAD, OPTIONS"),
        ("/users/1", "GET, PUT, DELETE, HEAD, OPTIONS"),
    ] {
        let seen = service.ask("OPTIONS", target);
        assert_eq!((seen.status, seen.header("allow")), (204, Some(allow)), "{target}");
    }
}

#[test]
fn asks_for_tokens_and_answers_origins_in_its_own_form() {
    let access = Access {
        write: Some(Secret("words".to_owned())),
        origins: vec!["*".to_owned()],
        body_bytes: Some(8),
        ..Access::default()
    };
    let store = super::MemoryStore::new(super::users());
    let service = super::Service::with_access(store, Wire::Fastapi, &["/users/"], &access);
    let target = "/users/?user_id=1&name=a&age=1";
    let seen = service.ask_with("POST", target, "Origin: http://x\r\n", "");
    assert_eq!(seen.status, 401);
    assert!(seen.body.starts_with("{\"detail\":\"") && !seen.body.contains("\"type\""), "{seen:?}");
    assert_eq!(seen.header("access-control-allow-origin"), Some("*"));
    let token = "Authorization: Bearer words\r\n";
    assert_eq!(service.ask_with("POST", target, token, "").status, 200);
    let seen = service.ask_with("POST", target, token, "123456789");
    let body = r#"{"detail":"The body is larger than this route takes."}"#;
    assert_eq!((seen.status, seen.body.as_str()), (413, body));
    assert_eq!(service.ask("GET", "/users/1").status, 200);
}
