//! What stands before the handlers of a route, and how routes differ from their server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;

use super::support::{Client, echo, get, post_text, routes, say, start, start_with};
use crate::server::{
    Answer, Attempt, Gate, GateHeaders, Limits, Problem, ProblemBody, Reply, Request, RequestHead,
    Response, Route, Router, Slow, stream,
};

/// Lets in whoever says so, and leaves a mark on every answer.
struct Doorkeeper;

impl Gate for Doorkeeper {
    fn ask(
        &self,
        request: &RequestHead<'_>,
        allow: &str,
        headers: &mut GateHeaders<'_>,
    ) -> Result<(), Problem> {
        headers.add("x-gate", "asked").add("x-allow", allow);
        match request.header("x-word") {
            Some("please") => Ok(()),
            Some("panic") => panic!("a gate's secret"),
            _ => Err(Problem::new(401, "Say please.").with_header("www-authenticate", "Word")),
        }
    }
}

/// Counts how often it is asked for anything.
struct Counting(Arc<AtomicUsize>);

impl Slow for Counting {
    fn answer(&self, _: Request) -> Reply<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Response::text(200, "waited")) })
    }
}

impl Attempt for Counting {
    fn attempt(&self, _: &RequestHead<'_>, _: &mut Answer) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        false
    }
}

async fn fails(_: Request) -> Result<Response, Problem> {
    Err(Problem::new(409, "no"))
}

async fn streams(_: Request) -> Result<Response, Problem> {
    let (sender, body) = stream(1);
    sender.send("piece").await.map_err(|_| Problem::new(500, "ended"))?;
    Ok(Response::events(body))
}

fn gated(route: Route) -> Route {
    route.gate(Arc::new(Doorkeeper))
}

fn ask(client: &mut Client, method: &str, path: &str, more: &str) -> super::support::Seen {
    client.ask(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n"))
}

const PLEASE: &str = "X-Word: please\r\n";

#[test]
fn asks_the_gate_before_any_handler_and_keeps_the_connection() {
    let asked = Arc::new(AtomicUsize::new(0));
    let router = Router::new()
        .at("/attempt", gated(Route::new().attempt(Method::POST, Counting(Arc::clone(&asked)))))
        .at("/slow", gated(Route::new().slow(Method::POST, Counting(Arc::clone(&asked)))));
    let server = start(router);
    let mut client = Client::new(&server);
    for path in ["/attempt", "/slow"] {
        let body = "Content-Length: 3\r\n\r\nabc";
        let seen = client.ask(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{body}"));
        assert_eq!((seen.status, seen.header("www-authenticate")), (401, Some("Word")));
        assert!(seen.body.contains("Say please."), "{}", seen.body);
        // Also for methods that the route does not take.
        assert_eq!(ask(&mut client, "BREW", path, "").status, 401);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(ask(&mut client, "POST", "/attempt", PLEASE).body, "waited");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn puts_the_headers_of_the_gate_on_every_answer_of_its_route_and_on_no_other() {
    let router = routes()
        .at("/quick", gated(Route::new().quick(Method::GET, say("in"))))
        .at("/slow", gated(Route::new().slow(Method::POST, echo).slow(Method::GET, streams)))
        .at("/fails", gated(Route::new().slow(Method::GET, fails)));
    let server = start_with(Limits { body_bytes: 4, ..Limits::default() }, router);
    let long = format!("{PLEASE}Content-Length: 5\r\n");
    for (method, path, more, status) in [
        ("GET", "/quick", PLEASE, 200),
        ("PUT", "/quick", PLEASE, 405),
        ("OPTIONS", "/quick", PLEASE, 204),
        ("GET", "/quick", "", 401),
        ("GET", "/quick", "X-Word: panic\r\n", 500),
        ("POST", "/slow", PLEASE, 200),
        ("POST", "/slow", long.as_str(), 413),
        ("GET", "/fails", PLEASE, 409),
    ] {
        let mut client = Client::new(&server);
        let seen = ask(&mut client, method, path, more);
        assert_eq!((seen.status, seen.header("x-gate")), (status, Some("asked")), "{}", seen.head);
        assert!(!seen.body.contains("secret"));
        if path == "/quick" {
            assert_eq!(seen.header("x-allow"), Some("GET, HEAD, OPTIONS"));
        }
        if status != 413 {
            for path in ["/", "/nothing"] {
                assert_eq!(client.ask(get(path)).header("x-gate"), None);
            }
        }
    }
    let mut client = Client::new(&server);
    client.send(format!("GET /slow HTTP/1.1\r\nHost: a\r\n{PLEASE}\r\n"));
    assert!(client.until(b"\r\n\r\n").contains("x-gate: asked"));
}

#[test]
fn a_route_has_a_body_limit_of_its_own() {
    let router = routes()
        .at("/less", Route::new().slow(Method::POST, echo).body_bytes(2))
        .at("/more", Route::new().slow(Method::POST, echo).body_bytes(6));
    let server = start_with(Limits { body_bytes: 4, ..Limits::default() }, router);
    for (path, body, status) in [
        ("/less", "ab", 200),
        ("/less", "abc", 413),
        ("/echo", "abcd", 200),
        ("/echo", "abcde", 413),
        ("/more", "abcdef", 200),
        ("/more", "abcdefg", 413),
    ] {
        let request = post_text(body).replacen("/echo", path, 1);
        assert_eq!(Client::new(&server).ask(request).status, status, "{path} {body}");
    }
}

#[test]
fn a_route_has_a_form_of_problems_of_its_own() {
    let form = |problem: &Problem| ProblemBody {
        content_type: "text/plain",
        bytes: format!("own {}", problem.status).into_bytes(),
    };
    let route = Route::new().slow(Method::GET, fails).problem_form(form);
    let router =
        Router::new().at("/own", route).at("/fails", Route::new().slow(Method::GET, fails));
    let server = start(router);
    let mut client = Client::new(&server);
    assert_eq!(client.ask(get("/own")).body, "own 409");
    assert_eq!(ask(&mut client, "PUT", "/own", "").body, "own 405");
    for path in ["/fails", "/nothing"] {
        let seen = client.ask(get(path));
        assert_eq!(seen.header("content-type"), Some("application/problem+json"));
    }
}
