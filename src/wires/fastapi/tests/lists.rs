//! Long lists: streamed page by page, whole or seen to be broken.

use super::original;
use super::support::{Service, users};
use crate::resource::Value;
use crate::server::tests::support::get;

fn filled(count: i64, name: &str) -> Service {
    let service = original();
    for id in 1..=count {
        service.store.put([Value::Integer(id), Value::text(name), Value::Integer(id % 90)]);
    }
    service
}

fn expected(count: i64, name: &str) -> String {
    let entry = |id| format!(r#""{id}":{{"name":"{name}","age":{}}}"#, id % 90);
    format!("{{{}}}", (1..=count).map(entry).collect::<Vec<_>>().join(","))
}

#[test]
fn answers_a_page_whole_and_more_as_a_stream() {
    for (count, is_whole) in [(1, true), (1000, true), (1001, false), (2500, false)] {
        let service = filled(count, "Ada");
        let seen = service.ask("GET", "/users/");
        assert!(seen.body == expected(count, "Ada"), "{count} records");
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("content-length").is_some(), is_whole, "{count} records");
        assert_eq!(seen.header("transfer-encoding"), (!is_whole).then_some("chunked"));
        assert_eq!(service.store.largest_page(), usize::try_from(count).unwrap().min(1000));
    }
}

#[test]
fn streams_in_pieces_of_a_bounded_size() {
    let name = "x".repeat(1000);
    let service = filled(3000, &name);
    let mut client = service.client();
    client.send(get("/users/"));
    client.until(b"\r\n\r\n");
    let mut all = String::new();
    while let Some(piece) = client.chunk() {
        assert!(piece.len() < 50 * 1024, "{}", piece.len());
        all.push_str(&piece);
    }
    assert!(all == expected(3000, &name));
    assert_eq!(client.ask(get("/users/7")).status, 200);
}

#[test]
fn a_store_that_fails_on_the_way_breaks_the_answer() {
    let service = filled(5000, "Ada");
    service.store.fail_after_pages(3);
    let mut client = service.client();
    client.send(get("/users/"));
    let all = client.rest();
    assert!(all.starts_with("HTTP/1.1 200 OK\r\n") && all.contains("\"1000\":"), "{}", all.len());
    assert!(!all.ends_with("0\r\n\r\n"), "without its last chunk it is not whole");
}

#[test]
fn a_head_of_a_long_list_has_no_body() {
    let service = filled(1500, "Ada");
    let mut client = service.client();
    client.send("HEAD /users/ HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer_to(true).status, 200);
    assert_eq!(client.ask(get("/health")).body, r#"{"status":"healthy"}"#);
}

#[test]
fn names_entries_by_keys_of_every_kind() {
    use crate::resource::FieldKind;
    let key = uuid::Uuid::from_u128(1);
    for (kind, value, name, segment) in [
        (FieldKind::Text, Value::text("a\"b"), r#""a\"b""#.to_owned(), "a%22b".to_owned()),
        (FieldKind::Text, Value::text("/a/b"), r#""/a/b""#.to_owned(), "%2Fa%2fb".to_owned()),
        (FieldKind::Uuid, Value::Uuid(1), format!("\"{key}\""), key.simple().to_string()),
    ] {
        let mut schema = users();
        schema.fields[0].kind = kind;
        let store = super::MemoryStore::new(schema);
        let service = Service::new(store, super::Wire::Fastapi, &["/users/"]);
        service.store.put([value, Value::text("n"), Value::Integer(1)]);
        let record = r#"{"name":"n","age":1}"#;
        assert_eq!(service.ask("GET", "/users/").body, format!("{{{name}:{record}}}"));
        assert_eq!(service.ask("GET", &format!("/users/{segment}")).body, record);
    }
}

#[test]
fn follows_changes_where_a_client_takes_events() {
    let schema = users();
    let service = Service::over_memory(schema, None, super::Wire::Fastapi, &["/users/"]);
    let mut client = service.client();
    client.send(
        "GET /users/ HTTP/1.1\r\nHost: a\r\nAccept: text/html, Text/Event-Stream;q=0.9\r\n\r\n",
    );
    let head = client.until(b"\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("text/event-stream"), "{head}");
    service.ask("POST", "/users/?user_id=7&name=Ada&age=36");
    let event = client.until(b"Ada");
    assert!(event.contains("created"), "{event}");
}
