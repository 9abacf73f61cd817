//! Paths, methods and problems.

use http::Method;

use super::support::{Client, get, routes, say, start};
use crate::server::{Answer, ProblemBody, RequestHead, Route, Router};

#[test]
fn answers_an_exact_path_and_a_segment() {
    let server = start(routes());
    let mut client = Client::new(&server);
    assert_eq!(client.ask(get("/")).body, "hello");
    assert_eq!(client.ask(get("/users/7?a=b")).body, "user 7");
    assert_eq!(client.ask(get("/users/a%2Fb")).body, "user a%2Fb");
}

#[test]
fn says_404_as_a_problem_for_what_is_not_there() {
    let server = start(routes());
    let mut client = Client::new(&server);
    for path in ["/nothing", "/users/", "/users", "/users/7/8", "//", "/USERS/7"] {
        let seen = client.ask(get(path));
        assert_eq!(seen.status, 404, "{path}");
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
        assert!(seen.body.contains(&format!("\"instance\":\"{path}\"")), "{}", seen.body);
        for member in ["\"type\":\"about:blank\"", "\"title\":\"Not Found\"", "\"status\":404"] {
            assert!(seen.body.contains(member), "{}", seen.body);
        }
    }
}

#[test]
fn says_405_with_the_methods_there_are() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let seen = client.ask("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((seen.status, seen.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    let seen = client.ask("BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((seen.status, seen.header("allow")), (405, Some("POST, OPTIONS")));
}

#[test]
fn answers_options_with_the_methods_there_are() {
    let server = start(routes());
    let mut client = Client::new(&server);
    let seen = client.ask("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((seen.status, seen.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    assert_eq!(seen.header("content-length"), None);
    let seen = client.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(seen.status, 204);
}

#[test]
fn answers_head_with_the_length_of_get_and_no_body() {
    let server = start(routes());
    let mut client = Client::new(&server);
    for (path, length) in [("/", "5"), ("/users/12", "7")] {
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer_to(true).header("content-length"), Some(length));
    }
    assert_eq!(client.ask(get("/")).body, "hello");
}

#[test]
fn takes_the_longest_prefix_and_deep_ones_with_all_below() {
    let router = Router::new()
        .below("/", Route::new().quick(Method::GET, say("root")))
        .below("/files/", Route::new().quick(Method::GET, say("files")))
        .at("/files/one", Route::new().quick(Method::GET, say("one")));
    let server = start(router);
    let mut client = Client::new(&server);
    for (path, body) in
        [("/a/b", "root"), ("/", "root"), ("/files/a/b", "files"), ("/files/one", "one")]
    {
        assert_eq!(client.ask(get(path)).body, body, "{path}");
    }
}

#[test]
fn writes_problems_in_the_form_a_router_asks_for() {
    let server = start(Router::new().problem_form(|problem| ProblemBody {
        content_type: "application/json",
        bytes: format!("{{\"detail\":\"{}\"}}", problem.title).into_bytes(),
    }));
    let seen = Client::new(&server).ask(get("/"));
    assert_eq!((seen.status, seen.body.as_str()), (404, "{\"detail\":\"Not Found\"}"));
}

#[test]
fn answers_a_panic_with_500_and_keeps_the_connection_and_its_neighbours() {
    let server = start(routes());
    let (mut client, mut neighbour) = (Client::new(&server), Client::new(&server));
    assert_eq!(neighbour.ask(get("/")).status, 200);
    for path in ["/panic", "/slow-panic", "/panic"] {
        let seen = client.ask(get(path));
        assert_eq!(seen.status, 500, "{path}");
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
        assert!(!seen.body.contains("secret") && !seen.body.contains("half"), "{}", seen.body);
    }
    assert_eq!(client.ask(get("/")).body, "hello");
    assert_eq!(neighbour.ask(get("/")).body, "hello");
    assert_eq!(server.snapshot().requests, [0, 3, 0, 0, 3]);
}

#[test]
fn lets_no_header_value_begin_a_line_of_its_own() {
    let router = Router::new().at(
        "/",
        Route::new().quick(Method::GET, |_: &RequestHead<'_>, out: &mut Answer| {
            out.status(307).header("location", "/x\r\nset-cookie: a=b");
        }),
    );
    let seen = Client::new(&start(router)).ask(get("/"));
    assert_eq!(seen.header("location"), Some("/x  set-cookie: a=b"));
    assert_eq!(seen.header("set-cookie"), None);
}

#[test]
fn judges_requests_as_uvicorn_does_where_a_router_asks_for_it() {
    let local = |request: &RequestHead<'_>, out: &mut Answer| {
        out.text().extend_from_slice(request.local().to_string().as_bytes());
    };
    let route = || Route::new().quick(Method::GET, local);
    let strict = start(Router::new().at("/", route()));
    let lenient = start(Router::new().at("/", route()).like_uvicorn());
    // (request, status of a strict router, status of one like uvicorn)
    for (request, strictly, leniently) in [
        ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 405, 400),
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n", 405, 400),
        ("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", 405, 405),
        ("GET /?a=é HTTP/1.1\r\nHost: a\r\n\r\n", 200, 400),
        ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n", 404, 400),
        ("GET / HTTP/1.1\r\n\r\n", 400, 200),
        ("GET / HTTP/1.0\r\n\r\n", 200, 200),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, 200),
    ] {
        for (server, status) in [(&strict, strictly), (&lenient, leniently)] {
            let seen = Client::new(server).ask(request);
            assert_eq!(seen.status, status, "{request}");
            let closes = status == 400 || request.contains("HTTP/1.0");
            assert_eq!(seen.header("connection"), closes.then_some("close"), "{request}");
            if status == 200 {
                assert_eq!(seen.body, server.address().to_string());
            }
        }
    }
}

#[test]
fn calls_a_blank_in_a_path_malformed_and_a_future_version_unknown() {
    let server = start(routes());
    for (line, status) in
        [("GET /a b HTTP/1.1", 400), ("GET /a  HTTP/1.1", 400), ("GET / HTTP/3.0", 505)]
    {
        let seen = Client::new(&server).ask(format!("{line}\r\nHost: a\r\n\r\n"));
        assert_eq!(seen.status, status, "{line}");
    }
}
