//! A store that is away, and two who want the same key.

use super::{original, originals};
use crate::resource::StoreErrorKind as Kind;

#[test]
fn says_503_while_the_store_is_away_and_nothing_of_why() {
    let service = original();
    service.store.set_trouble(Some(Kind::Unavailable));
    for (method, target) in [
        ("GET", "/users/"),
        ("GET", "/users/1"),
        ("POST", "/users/?user_id=1&name=a&age=1"),
        ("PUT", "/users/1?name=a&age=1"),
        ("DELETE", "/users/1"),
    ] {
        let seen = service.ask(method, target);
        let body = r#"{"detail":"The store cannot be reached right now; try again."}"#;
        assert_eq!((seen.status, seen.body.as_str()), (503, body), "{method} {target}");
        assert_eq!(seen.header("retry-after"), Some("1"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
    assert_eq!(service.ask("GET", "/users/x").status, 422, "validation comes first");
    assert_eq!(service.ask("GET", "/health").status, 200);
    service.store.set_trouble(None);
    assert_eq!(service.ask("GET", "/users/").body, "{}");
}

#[test]
fn tells_each_kind_of_trouble_in_public_words() {
    let service = original();
    for (kind, status) in [
        (Kind::TooSlow, 503),
        (Kind::Busy, 503),
        (Kind::Locked, 503),
        (Kind::DiskFull, 503),
        (Kind::ReadOnly, 503),
        (Kind::Refused, 422),
        (Kind::Broken, 500),
    ] {
        service.store.set_trouble(Some(kind));
        let seen = service.ask("POST", "/users/?user_id=1&name=a&age=1");
        assert_eq!(seen.status, status, "{kind:?}");
        assert!(seen.body.starts_with("{\"detail\":\""), "{}", seen.body);
        assert!(!seen.body.contains("secret") && !seen.body.contains("Idempotency"));
    }
}

#[test]
fn of_two_who_create_one_key_one_succeeds() {
    let [_, service, _] = originals();
    for id in 0..50 {
        let target = format!("/users/?user_id={id}&name=a&age=1");
        let answers: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| service.ask("POST", &target).body)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let created = answers.iter().filter(|body| body.contains("created")).count();
        let refused = answers.iter().filter(|body| body.contains("already exists")).count();
        assert_eq!((created, refused), (1, 3), "{answers:?}");
    }
}
