//! The admin listener of the real binary behind a token: who comes in, and what is said to the others.

use crate::support::{Ran, Running, address_in, command, run};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

const TOKEN: &str = "a-token-of-this-test";
const BEARER: &str = "authorization: Bearer a-token-of-this-test\r\n";
const STACK: &str = "\
stack: closed
services:
  maker:
    source: { generate: { every: 20ms, record: { n: sequence } } }
    sink: { append_file: out.ndjson }
  api:
    listen: 0
    routes: { /number: { generate: { n: sequence } } }
";
/// `up --only maker`, with the token in a file.
const UP: [&str; 7] =
    ["up", "--only", "maker", "--admin", "127.0.0.1:0", "--admin-token-file", "token"];

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("headwater.yaml"), STACK).unwrap();
    std::fs::write(directory.path().join("token"), format!("{TOKEN}\n")).unwrap();
    directory
}

fn start(directory: &Path, arguments: &[&str]) -> (Running, String) {
    let mut running = Running::start(directory, arguments);
    let admin = address_in(&running.wait_for("admin "));
    (running, admin)
}

/// Status, head and body of the answer.
fn ask(admin: &str, request: &str, headers: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(admin).unwrap();
    let length = body.len();
    let request = format!(
        "{request} HTTP/1.1\r\nhost: {admin}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn status(admin: &str, request: &str, headers: &str) -> u16 {
    ask(admin, request, headers, "").0
}

/// The map of this process and its peers, once it says so.
fn eventually(admin: &str, is_so: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    loop {
        let map = serde_json::from_str(&ask(admin, "GET /map.json", BEARER, "").2).unwrap();
        if is_so(&map) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{map:#}");
    }
}

fn with_token(directory: &Path, arguments: &[&str], token: &str) -> Ran {
    let output =
        command(directory, arguments).env("HEADWATER_ADMIN_TOKEN", token).output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn all_but_what_probes_ask_is_behind_the_token() {
    let directory = directory();
    let (mut running, admin) = start(directory.path(), &UP);
    for path in ["/", "/map.json", "/map.json?own", "/metrics", "/gates", "/node/maker"] {
        let request = format!("GET {path}");
        let (status_without, head, body) = ask(&admin, &request, "", "");
        assert_eq!(status_without, 401, "{path}");
        assert!(head.contains("www-authenticate: bearer"), "{path}: {head}");
        assert!(!body.contains("closed") && !body.contains("ndjson"), "{path}: {body}");
        assert_eq!(status(&admin, &request, "authorization: Bearer another\r\n"), 401, "{path}");
        assert_eq!(status(&admin, &request, BEARER), 200, "{path}");
    }
    assert_eq!(status(&admin, "GET /live?topics=map", ""), 401);
    assert_eq!(ask(&admin, "POST /replay/maker", "", "letter=all").0, 401);
    // With the token it is asked what to do, and finds no letters.
    assert_eq!(ask(&admin, "POST /replay/maker", BEARER, "letter=all").0, 404);
    for path in ["GET /health", "GET /live.js"] {
        assert_eq!(status(&admin, path, ""), 200, "{path}");
    }
    // It may be starting still, and is asked no token either way.
    assert!([200, 503].contains(&status(&admin, "GET /ready", "")));
    running.signal("-TERM");
    assert_eq!(running.wait(), 0);
    assert!(!running.told.contains(TOKEN), "{}", running.told);
}

#[test]
fn a_browser_is_asked_once_and_another_site_can_do_nothing() {
    let directory = directory();
    let (running, admin) = start(directory.path(), &UP);
    let (_, head, form) = ask(&admin, "GET /", "accept: text/html\r\n", "");
    assert!(head.contains("text/html") && form.contains("action=\"/enter\""), "{head}\n{form}");
    let field = format!("token={TOKEN}");
    assert_eq!(ask(&admin, "POST /enter", "", "token=a-token-of-another").0, 401);
    assert_eq!(ask(&admin, "POST /enter", "origin: https://evil.example\r\n", &field).0, 403);
    let own = format!("origin: http://{admin}\r\n");
    let (entered, head, _) = ask(&admin, "POST /enter", &own, &field);
    assert_eq!(entered, 303, "{head}");
    let cookie = head.split("set-cookie: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(cookie.starts_with("headwater_admin=") && !cookie.contains(TOKEN), "{cookie}");
    assert!(cookie.ends_with("httponly; samesite=strict"), "{cookie}");
    let cookie = format!("cookie: {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(status(&admin, "GET /node/maker", &cookie), 200);
    let evil = format!("{cookie}sec-fetch-site: cross-site\r\n");
    assert_eq!(ask(&admin, "POST /replay/maker", &evil, "letter=all").0, 403);
    assert_eq!(running.stop(), 0);
}

#[test]
fn peers_and_the_commands_show_the_token() {
    let directory = directory();
    let (other, peer) = start(directory.path(), &UP);
    let run_api = ["run", "api", "--admin", "127.0.0.1:0", "--peers", &peer];
    let (running, admin) =
        start(directory.path(), &[&run_api[..], &["--admin-token-file", "token"]].concat());
    eventually(&admin, |map| map["peers"][0]["answered"] == true);
    assert_eq!(running.stop(), 0);
    let (stranger, admin) = start(directory.path(), &run_api);
    eventually(&admin, |map| {
        let reason = map["peers"][0]["reason"].as_str();
        reason.is_some_and(|reason| reason.starts_with("it wants a token: "))
    });
    assert_eq!(stranger.stop(), 0);

    let top = with_token(directory.path(), &["top", &peer], TOKEN);
    assert!(top.code == 0 && top.out.contains("stack closed"), "{top:?}");
    let metrics = format!("http://{peer}/metrics");
    assert_eq!(with_token(directory.path(), &["health", &metrics], TOKEN).code, 0);
    let health = run(directory.path(), &["health", "--admin", &peer]);
    assert_eq!(health.code, 0, "{health:?}");
    for command in [["top", &peer], ["health", &metrics]] {
        let without = run(directory.path(), &command);
        let remedy = "answers 401: it wants a token: name the file with --admin-token-file, or set HEADWATER_ADMIN_TOKEN";
        assert!(without.code == 1 && without.err.contains(remedy), "{without:?}");
        let wrong = with_token(directory.path(), &command, "0123456789abcdef");
        assert!(wrong.code == 1 && wrong.err.contains("another token"), "{wrong:?}");
    }
    assert_eq!(other.stop(), 0);
}

#[test]
fn a_token_that_is_none_starts_nothing() {
    let directory = directory();
    std::fs::write(directory.path().join("token"), "\n").unwrap();
    let empty = run(directory.path(), &UP);
    assert_eq!((empty.code, empty.out.as_str()), (1, ""));
    assert!(empty.err.contains("the token file token is empty"), "{}", empty.err);
    let short = with_token(directory.path(), &["up", "--admin", "127.0.0.1:0"], "short");
    assert!(short.code == 1 && short.err.contains("16 are the fewest"), "{short:?}");
    assert!(!directory.path().join("out.ndjson").exists());
}
