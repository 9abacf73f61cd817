//! Request bodies on their way to slow handlers.

use http::Method;

use super::support::{Client, echo, get, post, post_text, routes, start, start_with};
use crate::server::{BodyReading, Limits, Problem, Reply, Request, Response, Route, Router, Slow};

fn small_limit() -> Limits {
    Limits { body_bytes: 10, ..Limits::default() }
}

#[test]
fn refuses_a_body_above_the_limit_however_it_is_framed() {
    let server = start_with(small_limit(), routes());
    for request in [
        post_text("12345678901"),
        post("Content-Length: 4000000000\r\n", ""),
        post("Transfer-Encoding: chunked\r\n", "b\r\n12345678901\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n", "6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n"),
        post("Content-Length: 11\r\nExpect: 100-continue\r\n", ""),
    ] {
        let mut client = Client::new(&server);
        let seen = client.ask(&request);
        assert_eq!((seen.status, seen.header("connection")), (413, Some("close")), "{request:?}");
        assert!(seen.body.contains("\"instance\":\"/echo\""));
    }
    assert_eq!(Client::new(&server).ask(post_text("1234567890")).body, "1234567890");
}

#[test]
fn gives_the_refusal_even_to_a_client_that_sends_on() {
    let server = start_with(small_limit(), routes());
    let mut client = Client::new(&server);
    assert_eq!(client.ask(post("Content-Length: 900000\r\n", "")).status, 413);
    // A connection that was closed instead of read on would break under these writes.
    for _ in 0..9 {
        client.send("x".repeat(100_000));
    }
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.rest(), "");
}

#[test]
fn says_408_for_a_body_that_does_not_come() {
    let limits = Limits { body_time: std::time::Duration::from_millis(50), ..Limits::default() };
    let server = start_with(limits, routes());
    let mut client = Client::new(&server);
    let seen = client.ask(post("Content-Length: 5\r\n", "ab"));
    assert_eq!((seen.status, seen.header("connection")), (408, Some("close")));
}

#[test]
fn takes_a_large_body_whole() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let body = "0123456789".repeat(200_000);
    let mut sending = client.stream.try_clone().unwrap();
    let request = post_text(&body) + &get("/");
    let sender = std::thread::spawn(move || {
        std::io::Write::write_all(&mut sending, request.as_bytes()).unwrap();
    });
    assert!(client.answer().body == body);
    assert_eq!(client.answer().body, "hello");
    sender.join().unwrap();
}

#[test]
fn invites_a_client_that_waits_with_its_body() {
    let server = start(routes());
    let mut client = Client::new(&server);
    for _ in 0..2 {
        client.send(post("Content-Length: 4\r\nExpect: 100-Continue\r\n", ""));
        assert_eq!(client.until(b"\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(client.ask("body").body, "body");
    }
}

#[test]
fn answers_at_once_where_an_expected_body_is_not_wanted() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let head =
        "POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    let seen = client.ask(head);
    assert_eq!((seen.status, seen.header("connection")), (404, Some("close")));
}

/// Counts what comes without keeping it.
struct Counts;

impl Slow for Counts {
    fn answer(&self, mut request: Request) -> Reply<'_> {
        Box::pin(async move {
            let mut count = 0;
            while let Some(piece) = request.body.next().await {
                count += piece?.len();
            }
            Ok(Response::text(200, count.to_string()))
        })
    }

    fn body_reading(&self) -> BodyReading {
        BodyReading::Streamed { at_most: 5_000_000 }
    }
}

/// Answers without looking at the body.
struct Ignores;

impl Slow for Ignores {
    fn answer(&self, _: Request) -> Reply<'_> {
        Box::pin(async { Err(Problem::new(422, "Not today.")) })
    }

    fn body_reading(&self) -> BodyReading {
        BodyReading::Streamed { at_most: 5_000_000 }
    }
}

fn streaming_routes() -> Router {
    routes()
        .at("/count", Route::new().slow(Method::POST, Counts))
        .at("/ignore", Route::new().slow(Method::POST, Ignores))
}

fn to(path: &str, headers: &str, body: &str) -> String {
    post(headers, body).replacen("/echo", path, 1)
}

#[test]
fn streams_a_body_to_its_handler_beyond_the_limit_of_collected_ones() {
    let server = start_with(small_limit(), streaming_routes());
    let mut client = Client::new(&server);
    let body = "x".repeat(3_000_000);
    let mut sending = client.stream.try_clone().unwrap();
    let request = to("/count", "Content-Length: 3000000\r\n", &body) + &get("/");
    let sender = std::thread::spawn(move || {
        std::io::Write::write_all(&mut sending, request.as_bytes()).unwrap();
    });
    assert_eq!(client.answer().body, "3000000");
    assert_eq!(client.answer().body, "hello");
    sender.join().unwrap();
}

#[test]
fn tells_a_streaming_handler_what_is_wrong_with_its_body() {
    let limits = Limits { body_time: std::time::Duration::from_millis(50), ..Limits::default() };
    let server = start_with(limits, streaming_routes());
    for (headers, body, status) in [
        ("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n", 200),
        ("Transfer-Encoding: chunked\r\n", "3\r\nabcX", 400),
        ("Content-Length: 5000001\r\n", "", 413),
        ("Content-Length: 5\r\n", "ab", 408),
    ] {
        let seen = Client::new(&server).ask(to("/count", headers, body));
        assert_eq!(seen.status, status, "{headers:?} {body:?}");
    }
}

#[test]
fn closes_after_a_handler_that_left_its_body_unread() {
    let server = start(streaming_routes());
    let mut client = Client::new(&server);
    let seen = client.ask(to("/ignore", "Content-Length: 9\r\n", "abc"));
    assert_eq!((seen.status, seen.header("connection")), (422, Some("close")));
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.rest(), "");
}

#[test]
fn gives_a_slow_handler_all_of_the_head() {
    async fn describe(request: Request) -> Result<Response, Problem> {
        let header = request.header("x-one").unwrap_or("none");
        let query = request.query.as_deref().unwrap_or("none");
        let text =
            format!("{} {} {query} {} {header}", request.method, request.path, request.segment);
        Ok(Response::text(201, text).with_header("location", "/x"))
    }
    let server = start(
        Router::new()
            .segment("/a/", Route::new().slow(Method::PUT, describe))
            .at("/echo", Route::new().slow(Method::GET, echo)),
    );
    let mut client = Client::new(&server);
    let seen = client.ask("PUT /a/b%20c?d=e HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n\r\n");
    assert_eq!(seen.body, "PUT /a/b%20c d=e b%20c 1");
    assert_eq!((seen.status, seen.header("location")), (201, Some("/x")));
    assert_eq!(client.ask(get("/echo")).header("content-length"), Some("0"));
}
