//! Lists: every record once, whole lists in pieces, and what a stop does to them.

use super::support::{Service, memory, notes, users};
use crate::resource::{Access, Action, Atomicity, Record, Store, Value};
use crate::server::tests::support::{Client, Seen};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::sync::Arc;

/// A store with so many notes, which are heavy enough to fill every buffer on their way.
fn many(count: usize) -> Arc<dyn Store> {
    let store = memory(notes());
    let text = "x".repeat(500);
    let note = |n: usize| {
        let values = [Value::text(format!("note-{n:06}")), Value::text(text.as_str())];
        Action::Insert(Record::new(values)).into()
    };
    let all: Vec<usize> = (0..count).collect();
    for some in all.chunks(1000) {
        let writes = some.iter().map(|n| note(*n)).collect();
        store.write(writes, Atomicity::All).wait().unwrap();
    }
    store
}

fn json(seen: &Seen) -> Json {
    serde_json::from_str(&seen.body).expect(&seen.body)
}

#[test]
fn following_next_and_link_finds_every_record_once() {
    let service = Service::of(users());
    let mut rows = String::new();
    for n in 0..25 {
        writeln!(rows, "{{\"user_id\":{},\"name\":\"n{n}\",\"age\":{}}}", n * 7 % 25, n % 4)
            .unwrap();
    }
    service.ask("POST /users/", &["content-type: application/x-ndjson"], &rows);
    for start in
        ["/users/?limit=4&fields=user_id", "/users?sort=-age&limit=7&fields=user_id&age=gte.0"]
    {
        let (mut path, mut seen, mut pages) = (start.to_owned(), Vec::new(), 0);
        loop {
            let page = service.get(&path);
            let body = json(&page);
            seen.extend(body["items"].as_array().unwrap().iter().map(|it| it["user_id"].clone()));
            pages += 1;
            let Some(next) = body["next"].as_str() else {
                assert_eq!(page.header("link"), None);
                break;
            };
            let link = page.header("link").unwrap();
            path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
            assert!(path.contains(next) && link.ends_with("; rel=\"next\""), "{link}");
            // A record that is there already is not listed again, and nothing is left out by a change.
            service.ask(&format!("PATCH /users/{}", seen[0]), &[], "{\"name\":\"new\"}");
        }
        assert!(pages > 3);
        seen.sort_by_key(Json::as_i64);
        assert_eq!(seen, (0..25).map(Json::from).collect::<Vec<_>>());
    }
}

#[test]
fn streams_a_whole_list_as_lines() {
    let service = Service::new(many(3500), None, Access::default());
    let body = service.everything();
    assert_eq!(body.lines().count(), 3500);
    for (n, line) in body.lines().enumerate() {
        assert!(line.starts_with(&format!("{{\"title\":\"note-{n:06}\",")), "{line}");
    }
    let some =
        service.ask("GET /notes/?limit=5&fields=title", &["accept: application/x-ndjson"], "");
    assert_eq!(some.body.lines().last(), Some("{\"title\":\"note-000004\"}"));
    assert_eq!(some.body.lines().count(), 5);
    let filtered = "GET /notes/?title=gte.note-003400&fields=title";
    let some = service.ask(filtered, &["accept: application/x-ndjson"], "");
    assert_eq!(some.body.lines().count(), 100);
}

/// Reads the first chunk of a list and leaves the rest on its way.
fn begin_to_read(service: &Service) -> Client {
    let mut client = service.client();
    client.send("GET /notes/ HTTP/1.1\r\nhost: a\r\naccept: application/x-ndjson\r\n\r\n");
    assert!(client.until(b"\r\n\r\n").contains(" 200 "));
    assert!(client.chunk().is_some());
    client
}

#[test]
fn a_stop_lets_a_list_come_to_its_end() {
    let service = Service::new(many(20_000), None, Access::default());
    let mut client = begin_to_read(&service);
    let Service { server, .. } = service;
    let stopping = std::thread::spawn(move || {
        server.stop_and_wait(crate::server::tests::support::PATIENCE);
    });
    let mut rest = 0;
    while let Some(chunk) = client.chunk() {
        rest += chunk.lines().count();
    }
    // The first piece had a page of 1000.
    assert_eq!(rest, 19_000);
    stopping.join().unwrap();
}

#[test]
fn a_list_that_nobody_reads_any_more_ends() {
    let service = Service::new(many(20_000), None, Access::default());
    let client = begin_to_read(&service);
    let held = Arc::strong_count(&service.served);
    drop(client);
    // The task that reads the list holds the resource's handlers.
    crate::server::tests::support::eventually("the list is given up", || {
        Arc::strong_count(&service.served) <= held
            && service.server.snapshot().connections_open == 0
    });
}
