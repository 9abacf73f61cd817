//! Live changes: what a follower sees, also after it was away, and that no stream is left behind.

use super::scripted::{Scripted, Trouble};
use super::support::{Service, memory, request, users};
use crate::resource::{Access, StoreError, StoreErrorKind};
use crate::server::tests::support::{Client, PATIENCE, eventually, start};
use crate::server::{Request, Route, Router};
use crate::wires::events::{Pace, Places, stream_at};
use http::Method;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// As patient as a test.
const PACE: Pace = Pace {
    heartbeat: Duration::from_millis(40),
    gather: Duration::from_millis(1),
    retry: Duration::from_millis(5),
};

/// A follower of `/users/` that has read the head of its answer.
fn follow(service: &Service, headers: &[&str]) -> Client {
    let mut client = service.client();
    let headers = [&["accept: text/event-stream"], headers].concat();
    client.send(request("GET /users/", &headers, ""));
    let head = client.until(b"\r\n\r\n");
    assert!(head.contains(" 200 ") && head.contains("content-type: text/event-stream"), "{head}");
    assert!(head.contains("cache-control: no-store") && head.contains("vary: accept"), "{head}");
    client
}

/// One event of a stream: its name, its id and its data. Comments are passed over, but not for ever.
fn event(client: &mut Client) -> (String, String, Value) {
    let begun = std::time::Instant::now();
    loop {
        assert!(begun.elapsed() < PATIENCE, "only comments come");
        let text = client.until(b"\n\n");
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
        };
        if text.contains("event: ") {
            let data = serde_json::from_str(&field("data: ")).unwrap();
            return (field("event: "), field("id: "), data);
        }
    }
}

fn named(client: &mut Client) -> (String, String) {
    let (name, id, _) = event(client);
    (name, id)
}

#[test]
fn tells_every_change_in_order_with_its_position() {
    let service = Service::of(users());
    service.post("{\"name\":\"before\"}");
    let mut client = follow(&service, &[]);
    let (name, id, data) = event(&mut client);
    assert_eq!((name.as_str(), data), ("ready", serde_json::json!({ "position": id })));
    let created = service.post("{\"name\":\"Ann\",\"age\":30}");
    service.ask("PATCH /users/2", &[], "{\"age\":31}");
    service.ask("DELETE /users/2", &[], "");
    let (name, first, data) = event(&mut client);
    assert_eq!(name, "created");
    let record: Value = serde_json::from_str(&created.body).unwrap();
    assert_eq!((&data["key"], &data["record"]), (&2.into(), &record));
    assert!(data["time"].as_str().unwrap().ends_with('Z'));
    let (name, second, data) = event(&mut client);
    assert_eq!((name.as_str(), &data["record"]["age"]), ("updated", &31.into()));
    let (name, third, data) = event(&mut client);
    assert_eq!(
        (name.as_str(), &data["key"], &data["record"]),
        ("deleted", &2.into(), &Value::Null)
    );
    assert!(first < second && second < third);
}

#[test]
fn goes_on_from_the_last_event_that_was_seen() {
    let service = Service::of(users());
    let mut client = follow(&service, &[]);
    let (_, begin) = named(&mut client);
    for n in 0..200 {
        service.post(&format!("{{\"user_id\":{n},\"name\":\"n\"}}"));
    }
    let mut seen = begin.clone();
    for n in 0..100 {
        let (name, id, data) = event(&mut client);
        assert_eq!((name.as_str(), &data["key"]), ("created", &n.into()));
        seen = id;
    }
    drop(client);
    let mut client = follow(&service, &[&format!("last-event-id: {seen}")]);
    assert_eq!(named(&mut client), ("ready".to_owned(), seen));
    for n in 100..200 {
        assert_eq!(event(&mut client).2["key"], Value::from(n));
    }
    let mut client = follow(&service, &[&format!("last-event-id: {begin}")]);
    assert_eq!(named(&mut client).0, "ready");
    assert_eq!(event(&mut client).2["key"], Value::from(0));
}

#[test]
fn says_resync_when_it_cannot_go_on_from_there() {
    let store = Scripted::over(memory(users()));
    let service = Service::new(Arc::clone(&store) as _, None, Access::default());
    service.post("{\"name\":\"before\"}");
    for unknown in ["nonsense", "99999", "-", "1-", "18446744073709551616"] {
        let mut client = follow(&service, &[&format!("last-event-id: {unknown}")]);
        let (name, id) = named(&mut client);
        assert_eq!(name, "resync", "{unknown}");
        service.post("{\"name\":\"after\"}");
        let (name, next) = named(&mut client);
        assert!(name == "created" && next != id);
    }
    store.trouble(Trouble::HasGap);
    let mut client = follow(&service, &["last-event-id: 1"]);
    assert_eq!(named(&mut client).0, "resync");
}

#[test]
fn a_gap_while_following_is_told_once_and_the_stream_goes_on() {
    let store = Scripted::over(memory(users()));
    let service = Service::new(Arc::clone(&store) as _, None, Access::default());
    let mut client = follow(&service, &[]);
    assert_eq!(named(&mut client).0, "ready");
    store.trouble(Trouble::HasGap);
    service.post("{\"name\":\"missed\"}");
    if named(&mut client).0 == "created" {
        // A look that had begun before the gap was there has found it.
        service.post("{\"name\":\"missed\"}");
        assert_eq!(named(&mut client).0, "resync");
    }
    service.post("{\"name\":\"seen\"}");
    let (name, _, data) = event(&mut client);
    assert_eq!((name.as_str(), &data["record"]["name"]), ("created", &"seen".into()));
}

/// A server whose streams are quick, over a store that can be troubled.
fn quick(places: &'static Places) -> (Arc<Scripted>, Service) {
    paced(PACE, places)
}

fn paced(pace: Pace, places: &'static Places) -> (Arc<Scripted>, Service) {
    let store = Scripted::over(memory(users()));
    let service = Service::new(Arc::clone(&store) as _, None, Access::default());
    let resource = Arc::clone(&service.served.resource);
    let follow = move |request: Request| {
        let resource = Arc::clone(&resource);
        async move { stream_at(pace, places, &resource, request.header("last-event-id")).await }
    };
    let server = start(Router::new().at("/users/", Route::new().slow(Method::GET, follow)));
    (store, Service { server, served: Arc::clone(&service.served) })
}

fn follow_quick(service: &Service) -> Client {
    let mut client = service.client();
    client.send(request("GET /users/", &[], ""));
    assert!(client.until(b"\r\n\r\n").contains(" 200 "));
    assert_eq!(named(&mut client).0, "ready");
    client
}

fn write(service: &Service, name: &str) {
    let mut values = vec![crate::resource::Value::Null; 10];
    values[1] = crate::resource::Value::text(name);
    let record = crate::resource::Record::new(values);
    let action = crate::resource::Action::Insert(record);
    let store = service.served.resource.store();
    store.write(vec![action.into()], crate::resource::Atomicity::All).wait().unwrap();
}

#[test]
fn a_change_that_comes_alone_is_told_at_once() {
    static PLACES: Places = Places::new(1);
    let never = Duration::from_hours(1);
    let (_, service) = paced(Pace { gather: never, heartbeat: never, ..PACE }, &PLACES);
    let mut client = follow_quick(&service);
    write(&service, "alone");
    assert_eq!(named(&mut client).0, "created");
}

#[test]
fn says_in_a_silence_that_it_is_alive() {
    static PLACES: Places = Places::new(1);
    let (_, service) = quick(&PLACES);
    let mut client = follow_quick(&service);
    for _ in 0..3 {
        assert!(client.until(b"\n\n").ends_with(":\n\n"));
    }
}

#[test]
fn follows_on_when_the_store_is_back() {
    static PLACES: Places = Places::new(1);
    let (store, service) = quick(&PLACES);
    let mut client = follow_quick(&service);
    let write = |name: &str| write(&service, name);
    write("first");
    assert_eq!(event(&mut client).2["record"]["name"], "first");
    store.trouble(Trouble::Fails(StoreError::new(StoreErrorKind::Unavailable, "gone")));
    store.eventually_asked();
    store.trouble(Trouble::None);
    write("second");
    assert_eq!(event(&mut client).2["record"]["name"], "second");
}

#[test]
fn streams_beyond_the_limit_are_refused_and_places_are_given_back() {
    static PLACES: Places = Places::new(2);
    let (_, service) = quick(&PLACES);
    let first = follow_quick(&service);
    let _second = follow_quick(&service);
    // However often somebody is refused, no place becomes free by it.
    for _ in 0..3 {
        let seen = service.get("/users/");
        assert_eq!((seen.status, seen.header("retry-after")), (503, Some("5")), "{}", seen.body);
        assert!(seen.body.contains("All 2 streams"), "{}", seen.body);
        assert_eq!(PLACES.taken(), 2);
    }
    drop(first);
    eventually("the place is free", || PLACES.taken() == 1);
    follow_quick(&service);
}

#[test]
fn every_stream_ends_with_its_client_its_server_and_its_resource() {
    static PLACES: Places = Places::new(8);
    let (_, service) = quick(&PLACES);
    let clients: Vec<Client> = (0..3).map(|_| follow_quick(&service)).collect();
    assert_eq!(PLACES.taken(), 3);
    drop(clients);
    eventually("no stream is left of clients that went", || PLACES.taken() == 0);
    // A client that reads nothing, while changes come.
    let _deaf = follow_quick(&service);
    // HEAD makes a stream that nobody reads.
    service.ask("HEAD /users/", &[], "");
    eventually("no stream is left of HEAD", || PLACES.taken() == 1);
    let mut client = follow_quick(&service);
    let Service { server, served } = service;
    // Other routes on the same server: the streams are all that knows the resource, and do not hold it.
    server.replace(Router::new());
    let resource = Arc::downgrade(&served.resource);
    drop(served);
    eventually("the resource is closed", || resource.strong_count() == 0);
    // The stream has an end, so that its client comes back.
    client.until(b"\r\n0\r\n\r\n");
    eventually("no stream is left of a closed resource", || PLACES.taken() == 0);
}

#[test]
fn a_stop_ends_streams_at_once_and_in_order() {
    static PLACES: Places = Places::new(8);
    let (_, service) = quick(&PLACES);
    let mut client = follow_quick(&service);
    let Service { server, served } = service;
    server.stop_and_wait(PATIENCE);
    assert!(client.rest().ends_with("0\r\n\r\n"));
    eventually("no stream is left", || PLACES.taken() == 0);
    drop(served);
}

#[test]
fn a_client_that_reads_nothing_slows_nobody_and_misses_nothing() {
    let service = Service::of(users());
    let mut deaf = follow(&service, &[]);
    let mut client = follow(&service, &[]);
    named(&mut client);
    // Far more than the buffers between a stream and its client hold.
    let extra = "x".repeat(100_000);
    for n in 0..200 {
        let body = format!("{{\"user_id\":{n},\"name\":\"n\",\"extra\":\"{extra}\"}}");
        assert_eq!(service.post(&body).status, 201);
        assert_eq!(event(&mut client).2["key"], Value::from(n));
    }
    named(&mut deaf);
    for n in 0..200 {
        assert_eq!(event(&mut deaf).2["key"], Value::from(n));
    }
}
