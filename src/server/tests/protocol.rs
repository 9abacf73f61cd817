//! HTTP/1.1 and HTTP/1.0 as spoken on one connection.

use super::support::{Client, eventually, get, post_text, routes, start};

const NO_HOST_NEEDED: &str = "GET / HTTP/1.0\r\n\r\n";

#[test]
fn keeps_the_connection_and_says_when() {
    let server = start(routes());
    let mut client = Client::new(&server);
    for _ in 0..3 {
        let seen = client.ask(get("/"));
        assert_eq!((seen.status, seen.header("connection")), (200, None));
        assert_eq!(seen.header("content-type"), Some("text/plain; charset=utf-8"));
        assert!(httpdate::parse_http_date(seen.header("date").unwrap()).is_ok());
    }
    assert_eq!(server.snapshot().connections_accepted, 1);
}

#[test]
fn closes_where_the_client_asks_for_it() {
    let server = start(routes());
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", "close"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", "close"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", "close"),
        (NO_HOST_NEEDED, "close"),
        ("GET /nothing HTTP/1.0\r\n\r\n", "close"),
    ] {
        let mut client = Client::new(&server);
        let seen = client.ask(request);
        assert_eq!(seen.header("connection"), Some(expected), "{request:?}");
        assert_eq!(client.rest(), "", "{request:?}");
    }
}

#[test]
fn keeps_http_1_0_alive_where_asked_for() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let seen = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(seen.header("connection"), Some("keep-alive"));
    assert_eq!(client.ask(NO_HOST_NEEDED).body, "hello");
    assert_eq!(client.rest(), "");
}

#[test]
fn takes_targets_in_absolute_form() {
    let server = start(routes());
    let mut client = Client::new(&server);
    for (target, body) in [
        ("http://other:80/users/7?x=http://y", "user 7"),
        ("HTTP://other", "hello"),
        ("http://other?x", "hello"),
        ("/?x", "hello"),
    ] {
        assert_eq!(client.ask(get(target)).body, body, "{target}");
    }
}

#[test]
fn refuses_heads_that_make_no_sense() {
    let server = start(routes());
    for (request, status) in [
        ("GET users HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET /\r\n\r\n", 400),
        ("GET \u{1} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n", 417),
        ("\u{16}\u{3}\u{1}\u{2}", 400),
    ] {
        let mut client = Client::new(&server);
        let seen = client.ask(request);
        assert_eq!(seen.status, status, "{request:?}");
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
        assert_eq!(seen.header("connection"), Some("close"));
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.rest(), "", "{request:?}");
    }
}

/// Four requests of all kinds and the statuses and bodies of their answers.
fn script() -> (String, [(u16, &'static str); 5]) {
    let chunked = super::support::post(
        "Transfer-Encoding: chunked\r\n",
        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n",
    );
    let text =
        ["\r\n", &get("/"), &post_text("body"), &chunked, &get("/users/1"), &get("/")].concat();
    (text, [(200, "hello"), (200, "body"), (200, "abcde"), (200, "user 1"), (200, "hello")])
}

#[test]
fn answers_pipelined_requests_in_order() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let (text, answers) = script();
    client.send(text);
    for (status, body) in answers {
        let seen = client.answer();
        assert_eq!((seen.status, seen.body.as_str()), (status, body));
    }
}

#[test]
fn does_not_care_where_the_network_splits_requests() {
    let server = start(routes());
    let (text, answers) = script();
    for at in 1..text.len() {
        let mut client = Client::new(&server);
        let before = server.snapshot().bytes_in;
        client.send(&text[..at]);
        eventually("the first part is read", || server.snapshot().bytes_in == before + at as u64);
        client.send(&text[at..]);
        for (status, body) in answers {
            let seen = client.answer();
            assert_eq!((seen.status, seen.body.as_str()), (status, body), "split at {at}");
        }
    }
}

#[test]
fn takes_requests_byte_by_byte() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let (text, answers) = script();
    for (before, byte) in text.as_bytes().iter().enumerate() {
        client.send([*byte]);
        eventually("the byte is read", || server.snapshot().bytes_in == before as u64 + 1);
    }
    for (_, body) in answers {
        assert_eq!(client.answer().body, body);
    }
}

#[test]
fn answers_a_flood_of_pipelined_requests_without_loss() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let flood = get("/").repeat(5000);
    let mut sending = client.stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        std::io::Write::write_all(&mut sending, flood.as_bytes()).unwrap();
    });
    for _ in 0..5000 {
        assert_eq!(client.answer().body, "hello");
    }
    sender.join().unwrap();
    let seen = server.snapshot();
    assert_eq!((seen.requests_total(), seen.latency.iter().sum::<u64>()), (5000, 5000));
    assert!(seen.bytes_in == 5000 * get("/").len() as u64 && seen.bytes_out > 5000 * 50);
}

#[test]
fn answers_a_client_that_has_closed_its_half() {
    let server = start(routes());
    let mut client = Client::new(&server);
    client.send(get("/") + &post_text("last"));
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.answer().body, "hello");
    assert_eq!(client.answer().body, "last");
    assert_eq!(client.rest(), "");
}
