//! Start, reload and stop.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use http::Method;
use tokio::sync::oneshot;

use super::support::{Client, PATIENCE, eventually, get, post_text, routes, say, start, stop};
use crate::server::{
    Limits, Problem, Request, Response, Route, Router, Server, ServerConfig, ServerPool,
};

#[test]
fn names_the_address_and_the_remedy_when_the_port_is_taken() {
    let server = start(routes());
    let (address, limits) = (server.address(), Limits::default());
    let config = ServerConfig { name: "api".into(), address, limits };
    let error = Server::start(config, routes()).unwrap_err().to_string();
    assert!(error.contains(&address.to_string()) && error.contains("--port api=N"), "{error}");
}

#[test]
fn all_servers_share_one_pool() {
    let (first, second) = (start(routes()), start(routes()));
    assert_ne!(first.address(), second.address());
    assert_eq!(Client::new(&first).ask(get("/")).body, "hello");
    assert_eq!(Client::new(&second).ask(get("/")).body, "hello");
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(ServerPool::shared().unwrap().workers(), cores);
}

#[test]
fn replaces_routes_without_a_failed_request() {
    let old = || Router::new().at("/", Route::new().quick(Method::GET, say("old")));
    let new = || Router::new().at("/", Route::new().quick(Method::GET, say("new")));
    let server = start(old());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (seen_new, news) = mpsc::sync_channel(64);
        for _ in 0..3 {
            let (server, done, seen_new) = (&server, &done, seen_new.clone());
            scope.spawn(move || {
                let mut client = Client::new(server);
                // Each asks at least once, or its connection might not be accepted before the count.
                loop {
                    let seen = client.ask(get("/"));
                    assert_eq!(seen.status, 200);
                    if seen.body == "new" {
                        seen_new.send(()).unwrap_or_default();
                    }
                    if done.load(Ordering::Acquire) {
                        break;
                    }
                }
            });
        }
        for _ in 0..50 {
            server.replace(old());
            server.replace(new());
            news.recv_timeout(PATIENCE).unwrap();
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(server.snapshot().connections_accepted, 3);
    assert_eq!(Client::new(&server).ask(get("/")).body, "new");
}

#[test]
fn lets_go_of_old_routes_even_on_idle_connections() {
    let held = Arc::new(());
    let handler = {
        let held = Arc::clone(&held);
        move |_: &crate::server::RequestHead<'_>, out: &mut crate::server::Answer| {
            assert!(Arc::strong_count(&held) > 0);
            out.text().push(b'x');
        }
    };
    let router = Router::new().at("/", Route::new().quick(Method::GET, handler));
    let address = "127.0.0.1:0".parse().unwrap();
    let config = ServerConfig { name: "test".into(), address, limits: Limits::default() };
    let server = Server::start_on(&ServerPool::start(1).unwrap(), config, router).unwrap();
    // The only worker answers the second client after the first one's connection has gone to sleep.
    let (mut client, mut second) = (Client::new(&server), Client::new(&server));
    assert_eq!(client.ask(get("/")).body, "x");
    assert_eq!(second.ask(get("/")).body, "x");
    server.replace(routes());
    eventually("the old handler is dropped", || Arc::strong_count(&held) == 1);
    assert_eq!(client.ask(get("/")).body, "hello");
}

/// A route that says when it is entered and answers when it is let go.
fn gated() -> (Router, mpsc::Receiver<()>, oneshot::Sender<()>) {
    let (entered, entries) = mpsc::sync_channel(64);
    let (release, wait) = oneshot::channel::<()>();
    let wait = Mutex::new(Some(wait));
    let handler = move |request: Request| {
        let wait = wait.lock().unwrap().take();
        entered.send(()).unwrap();
        async move {
            wait.unwrap().await.unwrap_or_default();
            Ok::<_, Problem>(Response::text(200, request.body.collect().await?))
        }
    };
    (routes().at("/echo", Route::new().slow(Method::POST, handler)), entries, release)
}

#[test]
fn finishes_a_request_in_flight_and_closes_idle_connections_at_once() {
    let (router, entries, release) = gated();
    let server = start(router);
    let address = server.address();
    let (mut busy, mut idle) = (Client::new(&server), Client::new(&server));
    assert_eq!(idle.ask(get("/")).status, 200);
    busy.send(post_text("safe"));
    entries.recv_timeout(PATIENCE).unwrap();
    let stopping = std::thread::spawn(move || stop(server, PATIENCE));
    assert_eq!(idle.rest(), "");
    eventually("nobody listens", || TcpStream::connect(address).is_err());
    release.send(()).unwrap();
    let seen = busy.answer();
    assert_eq!((seen.body.as_str(), seen.header("connection")), ("safe", Some("close")));
    assert_eq!(busy.rest(), "");
    assert_eq!(stopping.join().unwrap().cut, 0);
}

#[test]
fn cuts_what_is_left_at_the_deadline() {
    let (router, entries, release) = gated();
    let server = start(router);
    let mut client = Client::new(&server);
    client.send(post_text("never"));
    entries.recv_timeout(PATIENCE).unwrap();
    assert_eq!(stop(server, Duration::from_millis(50)).cut, 1);
    assert_eq!(client.rest(), "");
    assert!(release.send(()).is_err(), "the handler is gone");
}

#[test]
fn gives_its_port_back() {
    let server = start(routes());
    let address = server.address();
    assert_eq!(Client::new(&server).ask(get("/")).status, 200);
    stop(server, PATIENCE);
    let config = ServerConfig { name: "again".into(), address, limits: Limits::default() };
    let again = Server::start(config, routes()).unwrap();
    assert_eq!(Client::new(&again).ask(get("/")).status, 200);
}

#[test]
fn ends_when_it_is_dropped() {
    let server = start(routes());
    let mut client = Client::new(&server);
    assert_eq!(client.ask(get("/")).status, 200);
    drop(server);
    assert_eq!(client.rest(), "");
}
