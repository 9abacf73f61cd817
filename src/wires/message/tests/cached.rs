//! What `cached` and the headers beside it say, over the product's own store and cache.

use super::{JSON, register, users};
use crate::resource::{CacheConfig, Wire};
use crate::wires::fastapi::tests::support::Service;

fn over_memory(cache: Option<&CacheConfig>) -> Service {
    Service::over_memory(users(), cache, Wire::Message, &["/register", "/user/{name}"])
}

fn body(is_cached: bool, info: &str) -> String {
    format!("{{\"cached\":{is_cached},\"info\":\"{info}\",\"name\":\"alice\"}}\n")
}

#[test]
fn says_cached_when_this_request_did_not_read_the_store() {
    let service = over_memory(Some(&CacheConfig::default()));
    let version = service.ask_with("POST", "/register", JSON, r#"{"name":"alice","info":"tea"}"#);
    let version = version.header("headwater-version").unwrap().to_owned();
    let first = service.ask("GET", "/user/alice");
    assert_eq!((first.status, first.body.as_str()), (200, body(false, "tea").as_str()));
    assert_eq!(first.header("cache-status"), Some("headwater; fwd=miss; stored"));
    assert_eq!(first.header("age"), None);
    for headers in ["", "Cache-Control: max-age=0\r\n", &format!("If-Min-Version: {version}\r\n")] {
        let again = service.ask_with("GET", "/user/%61lice", headers, "");
        assert_eq!(
            (again.status, again.body.as_str()),
            (200, body(true, "tea").as_str()),
            "{headers}"
        );
        let again = service.ask_with("GET", "/user/alice", headers, "");
        assert_eq!(
            (again.status, again.body.as_str()),
            (200, body(true, "tea").as_str()),
            "{headers}"
        );
        let status = again.header("cache-status").unwrap();
        assert!(status.starts_with("headwater; hit; ttl=") && status.ends_with("; detail=near"));
        assert_eq!(again.header("age"), Some("0"));
    }
    let head = service.ask("HEAD", "/user/alice");
    let length = body(true, "tea").len().to_string();
    assert_eq!((head.status, head.header("content-length")), (200, Some(length.as_str())));
}

#[test]
fn reads_the_store_for_a_version_that_the_cache_has_not_seen() {
    let service = over_memory(Some(&CacheConfig::default()));
    register(&service, r#"{"name":"alice","info":"tea"}"#);
    service.ask("GET", "/user/alice");
    let version = service.ask_with("POST", "/register", JSON, r#"{"name":"bob","info":"b"}"#);
    let headers = format!("If-Min-Version: {}\r\n", version.header("headwater-version").unwrap());
    let seen = service.ask_with("GET", "/user/alice", &headers, "");
    assert_eq!(seen.body, body(false, "tea"));
}

#[test]
fn says_not_cached_without_a_cache() {
    let service = over_memory(None);
    assert_eq!(register(&service, r#"{"name":"alice","info":"tea"}"#).0, 201);
    assert_eq!(register(&service, r#"{"name":"alice","info":"other"}"#).0, 201);
    for _ in 0..2 {
        let seen = service.ask("GET", "/user/alice");
        assert_eq!(seen.body, body(false, "tea"));
        assert_eq!(seen.header("cache-status"), None);
    }
}

#[test]
fn a_name_that_was_not_there_is_found_once_it_is_registered() {
    let service = over_memory(Some(&CacheConfig::default()));
    for _ in 0..3 {
        let seen = service.ask("GET", "/user/alice");
        let words = "{\"error\":\"User alice not found in database\"}\n";
        assert_eq!((seen.status, seen.body.as_str()), (404, words));
    }
    register(&service, r#"{"name":"alice","info":"tea"}"#);
    assert_eq!(service.ask("GET", "/user/alice").body, body(false, "tea"));
    assert_eq!(service.ask("GET", "/user/alice").body, body(true, "tea"));
}
