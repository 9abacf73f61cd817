//! Requests that two servers could read in two ways.

use super::support::{Client, get, post, routes, start};

const SMUGGLED: &str = "GET /users/666 HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn refuses_framing_that_contradicts_itself_and_reads_no_further() {
    let server = start(routes());
    for (headers, status) in [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400),
        ("Content-Length: 4\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 4\r\nContent-Length: 4\r\n", 400),
        ("Content-Length: 4, 4\r\n", 400),
        ("Content-Length: +4\r\n", 400),
        ("Content-Length: -4\r\n", 400),
        ("Content-Length: 0x4\r\n", 400),
        ("Content-Length: \r\n", 400),
        ("Content-Length: 4 4\r\n", 400),
        ("Content-Length: 99999999999999999999\r\n", 400),
        ("Content-Length : 4\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n", 501),
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: xchunked\r\n", 501),
        ("Transfer-Encoding: \"chunked\"\r\n", 501),
        ("Transfer-Encoding:\r\n chunked\r\n", 400),
        ("Transfer-Encoding: chunked\nContent-Length: 4\r\n", 400),
    ] {
        let mut client = Client::new(&server);
        let seen = client.ask(post(headers, &format!("0\r\n\r\n{SMUGGLED}")));
        assert_eq!(seen.status, status, "{headers:?}");
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.rest(), "", "{headers:?}");
    }
}

#[test]
fn refuses_a_target_with_a_fragment() {
    // Some drop it, to others it is a part of the path.
    let server = start(routes());
    for target in ["/#", "/users/7#x", "/?a#b", "http://a/#b"] {
        assert_eq!(Client::new(&server).ask(get(target)).status, 400, "{target}");
    }
}

#[test]
fn refuses_transfer_encoding_in_http_1_0() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let seen = client.ask("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(seen.status, 400);
}

#[test]
fn refuses_malformed_chunks() {
    let server = start(routes());
    for body in [
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "\r\nabc",
        "-1\r\n",
        "+3\r\nabc\r\n",
        "0x3\r\nabc\r\n",
        "fffffffffffffffff\r\n",
        "3;a\nb\r\nabc\r\n",
        "0\r\nT: x\n\r\n",
        "0\r\n\n",
        ";\r\n",
    ] {
        let mut client = Client::new(&server);
        let seen = client.ask(post("Transfer-Encoding: chunked\r\n", &format!("{body}{SMUGGLED}")));
        assert_eq!(seen.status, 400, "{body:?}");
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.rest(), "", "{body:?}");
    }
}

#[test]
fn never_takes_a_body_that_nobody_read_for_a_request() {
    let server = start(routes());
    let length = SMUGGLED.len();
    for request in [
        format!("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{SMUGGLED}"),
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{SMUGGLED}"),
        format!("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{SMUGGLED}"),
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"
        ),
    ] {
        let mut client = Client::new(&server);
        client.send(request + &get("/users/2"));
        client.answer();
        assert_eq!(client.answer().body, "user 2");
    }
}

#[test]
fn closes_on_a_body_that_is_too_large_to_read_over() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let seen = client.ask("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
    assert_eq!((seen.status, seen.header("connection")), (200, Some("close")));
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.rest(), "");
}
