//! Answers that come bit by bit.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use tokio::sync::oneshot;

use super::support::{Client, block_on, eventually, get, routes, start, stop};
use crate::server::{
    Answer, Problem, Reply, Request, RequestHead, Response, Route, Router, Slow, StreamSender,
    stream,
};

/// Hands the sending end of each stream to the test.
struct Streams(std::sync::mpsc::SyncSender<StreamSender>);

impl Slow for Streams {
    fn answer(&self, _: Request) -> Reply<'_> {
        let (sender, body) = stream(4);
        self.0.send(sender).unwrap();
        Box::pin(async { Ok(Response::events(body)) })
    }
}

fn streaming() -> (Router, std::sync::mpsc::Receiver<StreamSender>) {
    let (senders, made) = std::sync::mpsc::sync_channel(64);
    (routes().at("/events", Route::new().slow(Method::GET, Streams(senders))), made)
}

#[test]
fn sends_every_piece_at_once_and_keeps_the_connection_after_the_end() {
    let (router, made) = streaming();
    let server = start(router);
    let mut client = Client::new(&server);
    client.send(get("/events"));
    let sender = made.recv().unwrap();
    let head = client.until(b"\r\n\r\n");
    assert!(head.contains("text/event-stream") && head.contains("transfer-encoding: chunked"));
    for piece in ["data: 1\n\n", "data: 2\n\n"] {
        block_on(sender.send(piece)).unwrap();
        assert_eq!(client.chunk().as_deref(), Some(piece));
    }
    block_on(sender.finish()).unwrap();
    assert_eq!(client.chunk(), None);
    assert_eq!(client.ask(get("/")).body, "hello");
}

#[test]
fn shows_a_stream_that_broke_as_broken() {
    let (router, made) = streaming();
    let server = start(router);
    let mut client = Client::new(&server);
    client.send(get("/events"));
    let sender = made.recv().unwrap();
    client.until(b"\r\n\r\n");
    block_on(sender.send("half")).unwrap();
    drop(sender);
    assert_eq!(client.rest(), "4\r\nhalf\r\n");
}

#[test]
fn tells_the_maker_of_a_stream_that_its_client_has_gone() {
    let (router, made) = streaming();
    let server = start(router);
    let mut client = Client::new(&server);
    client.send(get("/events"));
    let sender = made.recv().unwrap();
    client.until(b"\r\n\r\n");
    drop(client);
    block_on(sender.ended());
    assert!(block_on(sender.send("x")).is_err());
}

#[test]
fn ends_streams_at_a_stop_with_all_that_was_sent() {
    let (router, made) = streaming();
    let server = start(router);
    let mut client = Client::new(&server);
    client.send(get("/events"));
    let sender = made.recv().unwrap();
    client.until(b"\r\n\r\n");
    assert_eq!(sender.try_send("last"), Ok(true));
    assert_eq!(stop(server, Duration::from_secs(20)).cut, 0);
    assert_eq!(client.rest(), "4\r\nlast\r\n0\r\n\r\n");
    assert!(sender.try_send("more").is_err());
}

#[test]
fn a_stop_waits_for_a_stream_that_has_an_end() {
    let (senders, made) = std::sync::mpsc::sync_channel(1);
    let handler = move |_: Request| {
        let (sender, body) = stream(4);
        senders.send(sender).unwrap();
        async { Ok::<_, Problem>(Response::stream("text/plain", body.to_its_end())) }
    };
    let server = start(routes().at("/list", Route::new().slow(Method::GET, handler)));
    let mut client = Client::new(&server);
    client.send(get("/list"));
    let sender = made.recv().unwrap();
    client.until(b"\r\n\r\n");
    let stopping = std::thread::spawn(move || stop(server, Duration::from_secs(20)).cut);
    block_on(sender.send("one")).unwrap();
    assert_eq!(client.chunk().as_deref(), Some("one"));
    block_on(sender.send("two")).unwrap();
    block_on(sender.finish()).unwrap();
    assert_eq!(client.rest(), "3\r\ntwo\r\n0\r\n\r\n");
    assert_eq!(stopping.join().unwrap(), 0);
}

#[test]
fn a_stream_does_not_keep_old_routes_alive() {
    let (router, made) = streaming();
    let held = Arc::new(());
    let (holds, seen) = (Arc::clone(&held), Arc::downgrade(&held));
    drop(held);
    let holder = move |_: &RequestHead<'_>, _: &mut Answer| assert!(Arc::strong_count(&holds) > 0);
    let server = start(router.at("/held", Route::new().quick(Method::GET, holder)));
    let mut client = Client::new(&server);
    client.send(get("/events"));
    let sender = made.recv().unwrap();
    client.until(b"\r\n\r\n");
    server.replace(routes());
    eventually("the old routes are gone", || seen.strong_count() == 0);
    block_on(sender.send("still here")).unwrap();
    assert_eq!(client.chunk().as_deref(), Some("still here"));
}

#[test]
fn streams_to_http_1_0_without_chunks() {
    let (router, made) = streaming();
    let server = start(router);
    let mut client = Client::new(&server);
    client.send("GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let sender = made.recv().unwrap();
    block_on(sender.send("data")).unwrap();
    block_on(sender.finish()).unwrap();
    let all = client.rest();
    assert!(all.ends_with("\r\n\r\ndata") && all.contains("connection: close"), "{all}");
}

#[test]
fn answers_head_of_a_stream_without_its_body() {
    let (router, made) = streaming();
    let server = start(router);
    let mut client = Client::new(&server);
    client.send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer_to(true).status, 200);
    block_on(made.recv().unwrap().ended());
    assert_eq!(client.ask(get("/")).body, "hello");
}

#[test]
fn a_waiting_handler_does_not_hold_up_others() {
    let (release, wait) = oneshot::channel::<()>();
    let wait = Mutex::new(Some(wait));
    let handler = move |_: Request| {
        let wait = wait.lock().unwrap().take();
        async move {
            wait.unwrap().await.unwrap();
            Ok::<_, Problem>(Response::text(200, "waited"))
        }
    };
    let server = start(routes().at("/wait", Route::new().slow(Method::GET, handler)));
    let mut waiting = Client::new(&server);
    waiting.send(get("/") + &get("/wait") + &get("/"));
    assert_eq!(waiting.answer().body, "hello");
    for _ in 0..4 {
        assert_eq!(Client::new(&server).ask(get("/")).body, "hello");
    }
    release.send(()).unwrap();
    assert_eq!(waiting.answer().body, "waited");
    assert_eq!(waiting.answer().body, "hello");
    drop(waiting);
    eventually("all are closed", || server.snapshot().connections_open == 0);
}
