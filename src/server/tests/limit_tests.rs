//! Every bound, with limits small enough to reach.

use std::time::{Duration, Instant};

use http::Method;

use super::support::{Client, eventually, get, routes, start_with};
use crate::server::{Answer, Limits, RequestHead, Route, Router};

const SHORT: Duration = Duration::from_millis(50);

#[test]
fn refuses_heads_that_are_too_large() {
    let limits = Limits { header_bytes: 1000, header_count: 5, ..Limits::default() };
    let server = start_with(limits, routes());
    let many = "X: y\r\n".repeat(5);
    for (request, status) in [
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(2000)), 414),
        (format!("GET /{}", "x".repeat(1000)), 414),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(2000)), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431),
    ] {
        let seen = Client::new(&server).ask(&request);
        assert_eq!((seen.status, seen.header("connection")), (status, Some("close")), "{request}");
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
    }
    let just_fits = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(4));
    assert_eq!(Client::new(&server).ask(just_fits).status, 200);
}

#[test]
fn a_head_of_exactly_the_limit_passes_and_one_more_byte_does_not() {
    let limits = Limits { header_bytes: 1000, ..Limits::default() };
    let server = start_with(limits, routes());
    let padded = |size: usize| {
        let fixed = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(size - fixed))
    };
    assert_eq!(Client::new(&server).ask(padded(1000)).status, 200);
    assert_eq!(Client::new(&server).ask(padded(1001)).status, 431);
}

#[test]
fn an_empty_line_that_came_in_two_pieces_costs_the_request_behind_it_no_time() {
    let limits = Limits { header_time: Duration::from_secs(1), ..Limits::default() };
    let server = start_with(limits.clone(), routes());
    let mut client = Client::new(&server);
    let mut sent = 0;
    let mut send = |client: &mut Client, piece: &str| {
        sent += piece.len() as u64;
        client.send(piece);
        eventually("it is read", || server.snapshot().bytes_in == sent);
    };
    send(&mut client, "\r");
    send(&mut client, "\n");
    let ended = Instant::now();
    eventually("a head would be late", || ended.elapsed() > limits.header_time);
    send(&mut client, "GET / HTTP/1.1\r\n");
    client.send("Host: a\r\n\r\n");
    assert_eq!(client.answer().status, 200);
}

#[test]
fn ends_slowloris_while_others_are_served() {
    let limits = Limits { header_time: SHORT, ..Limits::default() };
    let server = start_with(limits, routes());
    let mut slow: Vec<Client> = (0..50).map(|_| Client::new(&server)).collect();
    for client in &mut slow {
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX-");
    }
    let mut honest = Client::new(&server);
    for _ in 0..100 {
        assert_eq!(honest.ask(get("/")).body, "hello");
    }
    for client in &mut slow {
        assert_eq!(client.answer().status, 408);
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.rest(), "");
    }
    assert_eq!(honest.ask(get("/")).body, "hello");
}

#[test]
fn a_drip_of_header_bytes_does_not_extend_the_time() {
    let limits = Limits { header_time: SHORT, ..Limits::default() };
    let server = start_with(limits, routes());
    let mut client = Client::new(&server);
    client.send("GET / HTTP/1.1\r\n");
    client.stream.set_nonblocking(true).unwrap();
    // Writes as fast as it may until an answer is there to be read.
    eventually("an answer to a drip", || {
        drop(std::io::Write::write(&mut &client.stream, b"X"));
        client.stream.peek(&mut [0]).is_ok()
    });
    client.stream.set_nonblocking(false).unwrap();
    assert!(matches!(client.answer().status, 408 | 431));
}

#[test]
fn closes_a_connection_that_stays_idle() {
    let limits = Limits { idle_time: SHORT, ..Limits::default() };
    let server = start_with(limits, routes());
    let (mut fresh, mut used) = (Client::new(&server), Client::new(&server));
    assert_eq!(used.ask(get("/")).status, 200);
    assert_eq!(used.rest(), "");
    assert_eq!(fresh.rest(), "");
}

#[test]
fn refuses_connections_beyond_the_limit_and_takes_them_again() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let server = start_with(limits, routes());
    let (mut first, mut second) = (Client::new(&server), Client::new(&server));
    assert_eq!(first.ask(get("/")).status, 200);
    assert_eq!(second.ask(get("/")).status, 200);
    let mut third = Client::new(&server);
    let seen = third.ask(get("/"));
    assert_eq!((seen.status, seen.header("retry-after")), (503, Some("1")));
    assert_eq!(seen.header("connection"), Some("close"));
    drop(third);
    assert_eq!(first.ask(get("/")).status, 200);
    drop(second);
    eventually("a free place", || server.snapshot().connections_open == 1);
    assert_eq!(Client::new(&server).ask(get("/")).status, 200);
    assert_eq!(server.snapshot().connections_refused, 1);
}

#[test]
fn cuts_a_client_that_does_not_read_its_answer() {
    fn large(_: &RequestHead<'_>, out: &mut Answer) {
        out.text().resize(30_000_000, b'x');
    }
    let limits = Limits { write_time: SHORT, ..Limits::default() };
    let server = start_with(limits, Router::new().at("/", Route::new().quick(Method::GET, large)));
    let mut client = Client::new(&server);
    client.send(get("/"));
    eventually("the connection is taken", || server.snapshot().connections_accepted == 1);
    eventually("the connection is cut", || server.snapshot().connections_open == 0);
    assert!(client.rest().len() < 30_000_000);
}
