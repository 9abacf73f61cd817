//! What a client sees while the store is in trouble, who may come in, and what a cache says of itself.

use super::scripted::{Scripted, Trouble};
use super::support::{Service, memory, users};
use crate::resource::{Access, CacheConfig, Secret, StoreError, StoreErrorKind};
use std::time::Duration;

fn service(store: &std::sync::Arc<Scripted>, access: Access) -> Service {
    let store = std::sync::Arc::clone(store);
    Service::new(store, None, access)
}

#[test]
fn a_store_that_is_down_is_a_503_that_names_nothing() {
    let store = Scripted::over(memory(users()));
    let service = service(&store, Access::default());
    service.post("{\"name\":\"Ann\"}");
    let error = StoreError::new(StoreErrorKind::Unavailable, "postgres://me:secret@db.internal/x");
    store.trouble(Trouble::Fails(error));
    for (line, headers, body) in [
        ("GET /users/1", &[][..], ""),
        ("GET /users/", &[], ""),
        ("GET /users/?count=exact", &[], ""),
        ("GET /users/", &["accept: application/x-ndjson"], ""),
        ("GET /users/", &["accept: text/event-stream"], ""),
        ("POST /users/", &[], "{\"name\":\"Bob\"}"),
        ("POST /users/", &[], "[{\"name\":\"Bob\"}]"),
        ("POST /users/?atomic=false", &[], "[{\"name\":\"Bob\"}]"),
        ("PUT /users/1", &[], "{\"name\":\"Bob\"}"),
        ("PATCH /users/1", &[], "{\"name\":\"Bob\"}"),
        ("DELETE /users/1", &[], ""),
    ] {
        let seen = service.ask(line, headers, body);
        assert_eq!((seen.status, seen.header("retry-after")), (503, Some("1")), "{line}");
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
        assert!(!seen.body.contains("secret") && !seen.body.contains("internal"), "{}", seen.body);
        assert!(seen.body.contains("urn:headwater:problem:store"), "{}", seen.body);
    }
    store.trouble(Trouble::None);
    assert_eq!(service.get("/users/1").status, 200);
}

#[test]
fn a_list_that_breaks_in_the_middle_is_seen_to_be_broken() {
    let store = Scripted::over(memory(users()));
    let service = service(&store, Access::default());
    let rows = "{\"name\":\"some text that fills\"}\n".repeat(2500);
    service.ask("POST /users/", &["content-type: application/x-ndjson"], &rows);
    store.trouble(Trouble::FailsAfter(1));
    let mut client = service.client();
    client.send("GET /users/ HTTP/1.1\r\nhost: a\r\naccept: application/x-ndjson\r\n\r\n");
    assert!(client.until(b"\r\n\r\n").contains(" 200 "));
    let rest = client.rest();
    assert_eq!(rest.matches("user_id").count(), 1000);
    assert!(!rest.ends_with("0\r\n\r\n"));
}

#[test]
fn a_read_in_vain_does_not_hold_up_the_others() {
    let store = Scripted::over(memory(users()));
    let service = service(&store, Access::default());
    service.post("{\"name\":\"Ann\"}");
    store.trouble(Trouble::Hangs);
    let mut stuck = service.client();
    stuck.send("GET /users/1 HTTP/1.1\r\nhost: a\r\n\r\n");
    store.eventually_asked();
    store.trouble(Trouble::None);
    assert_eq!(service.get("/users/1").status, 200);
    // As after a deadline: nobody will answer any more.
    store.give_up();
    let seen = stuck.answer();
    assert_eq!((seen.status, seen.header("retry-after")), (503, Some("1")));
}

#[test]
fn tokens_origins_and_limits_hold_on_every_path() {
    let access = Access {
        read: Some(Secret("reads".into())),
        write: Some(Secret("writes".into())),
        origins: vec!["http://page".into()],
        body_bytes: Some(40),
    };
    let service = Service::new(memory(users()), None, access);
    for (line, token, status) in [
        ("GET /users/", "", 401),
        ("GET /users", "reads", 200),
        ("GET /users/1", "wrong", 401),
        ("GET /users/1", "reads", 404),
        ("POST /users", "reads", 403),
        ("DELETE /users/1", "", 401),
        ("DELETE /users/1", "writes", 404),
        ("BREW /users/1", "reads", 403),
        ("BREW /users/1", "writes", 405),
    ] {
        let token = format!("authorization: Bearer {token}");
        let seen = service.ask(line, &[&token, "origin: http://page"], "");
        assert_eq!(seen.status, status, "{line} {token}: {}", seen.body);
        assert_eq!(seen.header("access-control-allow-origin"), Some("http://page"));
        assert!(seen.head.contains("vary: origin\r\n"));
    }
    let long = format!("{{\"name\":\"{}\"}}", "n".repeat(40));
    let seen = service.ask("POST /users/", &["authorization: Bearer writes"], &long);
    assert_eq!(seen.status, 413);
    assert_eq!(service.ask("GET /users/", &["authorization: Bearer reads"], "").status, 200);
}

#[test]
fn says_whether_a_read_came_from_the_cache() {
    let config = CacheConfig { max_stale: Duration::from_mins(1), ..CacheConfig::default() };
    let service = Service::new(memory(users()), Some(&config), Access::default());
    let created = service.post("{\"name\":\"Ann\"}");
    let status = |headers: &[&str]| {
        let seen = service.ask("GET /users/1", headers, "");
        assert_eq!(seen.header("etag"), created.header("etag"));
        assert_eq!((seen.status, &seen.body), (200, &created.body));
        let status = seen.header("cache-status").unwrap().to_owned();
        assert_eq!(seen.header("age").is_some(), status.contains("hit"), "{}", seen.head);
        status
    };
    assert_eq!(status(&[]), "headwater; fwd=miss; stored");
    let hit = status(&[]);
    assert!(hit.starts_with("headwater; hit; ttl=") && hit.ends_with("; detail=near"), "{hit}");
    assert_eq!(status(&["cache-control: no-cache"]), "headwater; fwd=request; stored");
    let known = format!("if-none-match: {}", created.header("etag").unwrap());
    let seen = service.ask("GET /users/1", &[&known], "");
    assert_eq!((seen.status, seen.body.as_str()), (304, ""));
    assert!(seen.header("cache-status").unwrap().contains("; hit;"));
    // A write is seen by the next read, and by whoever asks for its version.
    let changed = service.ask("PATCH /users/1", &[], "{\"age\":31}");
    let version = format!("if-min-version: {}", changed.header("headwater-version").unwrap());
    assert!(service.get("/users/1").body.contains("\"age\":31"));
    assert!(service.ask("GET /users/1", &[&version], "").body.contains("\"age\":31"));
    let missing = service.get("/users/9");
    assert_eq!((missing.status, missing.header("age")), (404, None));
    assert!(missing.header("cache-status").is_some());
}
