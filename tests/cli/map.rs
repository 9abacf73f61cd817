//! The live map of the real binary: who gets which form of it, what it says, and `top`.

use crate::support::{Running, address_in, anywhere};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

const STACK: &str = "\
stack: seen
services:
  api:
    listen: 0
    routes:
      /number: { generate: { n: sequence } }
  maker:
    source:
      generate: { every: 20ms, record: { n: sequence, token: uuid } }
    sink:
      append_file: out.ndjson
    alert: rate > 1
  idle:
    source: { http_listen: 127.0.0.1:0 }
    sink: drop
";

fn start(directory: &Path, arguments: &[&str]) -> (Running, String) {
    std::fs::write(directory.join("headwater.yaml"), STACK).unwrap();
    let all = [&["up", "--admin", "127.0.0.1:0"][..], arguments].concat();
    let mut running = Running::start(directory, &all);
    let line = running.wait_for("admin ");
    let admin = address_in(&line);
    running.wait_for("maker ");
    (running, admin)
}

/// Head and body of an answer.
fn get(admin: &str, path: &str, accept: &str) -> (String, String) {
    let mut stream = TcpStream::connect(admin).unwrap();
    let accept = if accept.is_empty() { String::new() } else { format!("accept: {accept}\r\n") };
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {admin}\r\n{accept}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

fn map(admin: &str) -> Value {
    serde_json::from_str(&get(admin, "/map.json", "").1).unwrap()
}

fn node<'a>(map: &'a Value, id: &str) -> &'a Value {
    map["nodes"].as_array().unwrap().iter().find(|node| node["id"] == id).unwrap()
}

/// Asks again until the map says it; it is looked at once a second.
fn eventually(what: &str, admin: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let map = map(admin);
        if is_so(&map) {
            return map;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {map:#}");
    }
}

#[test]
fn browsers_get_a_page_and_curl_gets_text_and_programs_get_json() {
    let directory = tempfile::tempdir().unwrap();
    let (running, admin) = start(directory.path(), &[]);
    let (head, page) = get(&admin, "/", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert!(head.starts_with("http/1.1 200") && head.contains("text/html"), "{head}");
    assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    assert!(head.contains("style-src 'sha256-") && !head.contains("unsafe"), "{head}");
    assert!(page.contains("<svg class=\"map\"") && page.contains("href=\"node/maker\""), "{page}");
    let outside = page.split(['"', '\'', '(']).filter(|word| {
        word.starts_with("//") || word.starts_with("http") && !word.starts_with("http://127.0.0.1")
    });
    assert_eq!(outside.collect::<Vec<_>>(), [""; 0], "nothing comes from elsewhere");
    let (head, text) = get(&admin, "/", "*/*");
    assert!(head.contains("text/plain"), "{head}");
    assert!(text.starts_with("headwater ") && text.contains("stack seen"), "{text}");
    let (head, json) = get(&admin, "/", "application/json");
    assert!(head.contains("application/json"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["version"], 1);
    assert!(get(&admin, "/node/nobody", "").0.starts_with("http/1.1 404"));
    assert_eq!(running.stop(), 0);
}

#[test]
fn what_flows_is_on_the_map_and_its_secrets_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let (running, admin) = start(directory.path(), &[]);
    let map = eventually("records flow", &admin, |map| {
        node(map, "maker")["totals"]["given"].as_u64() > Some(50)
            && node(map, "maker")["now"]["given_per_second"].as_f64() > Some(1.0)
    });
    assert_eq!(node(&map, "maker")["condition"], "running");
    assert_eq!(map["verdict"]["text"], "Nothing holds it up.");
    let edge = &map["edges"][0];
    assert_eq!((&edge["from"], &edge["to"]), (&"maker".into(), &"file:out.ndjson".into()));
    assert!(edge["per_second"].as_f64() > Some(1.0), "{edge}");
    eventually("the alert fires", &admin, |map| map["alerts"][0]["state"] == "firing");
    let metrics = get(&admin, "/metrics", "").1;
    let firing = "headwater_alert_firing{service=\"maker\",when=\"rate > 1\"} 1";
    assert!(metrics.contains(firing), "{metrics}");
    let (_, page) = get(&admin, "/node/maker", "text/html");
    assert!(page.contains("&quot;token&quot;:&quot;•••&quot;"), "{page}");
    assert!(page.contains("append_file") && page.contains("As a table"), "{page}");
    let (_, day) = get(&admin, "/node/maker?span=day", "text/html");
    assert!(day.contains("24 hours"), "{day}");
    assert_eq!(running.stop(), 0);
}

#[test]
fn two_processes_that_know_of_each_other_are_one_map() {
    let directory = tempfile::tempdir().unwrap();
    let (other, peer) = start(directory.path(), &["--only", "maker"]);
    std::fs::write(directory.path().join("headwater.yaml"), STACK).unwrap();
    let arguments = ["run", "api", "--admin", "127.0.0.1:0", "--peers", &peer];
    let mut running = Running::start(directory.path(), &arguments);
    let line = running.wait_for("admin ");
    let admin = address_in(&line);
    let map =
        eventually("the peer is heard", &admin, |map| node(map, "maker")["condition"] == "running");
    assert_eq!(node(&map, "api")["condition"], "running");
    assert_eq!(node(&map, "idle")["condition"], "elsewhere");
    assert_eq!(map["peers"][0]["answered"], true);
    let own: Value = serde_json::from_str(&get(&admin, "/map.json?own", "").1).unwrap();
    assert_eq!(node(&own, "maker")["condition"], "elsewhere", "peers are not told of peers");
    assert_eq!(other.stop(), 0);
    eventually("the silence is told", &admin, |map| map["peers"][0]["answered"] == false);
    assert_eq!(running.stop(), 0);
}

#[test]
fn top_says_the_map_once_where_there_is_no_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let (running, admin) = start(directory.path(), &[]);
    let top = anywhere(&["top", &admin]);
    assert_eq!((top.code, top.err.as_str()), (0, ""), "{}", top.out);
    assert!(top.out.contains("stack seen") && top.out.contains("maker "), "{}", top.out);
    let json: Value = serde_json::from_str(&anywhere(&["top", "--json", &admin]).out).unwrap();
    assert_eq!(json["stack"], "seen");
    assert_eq!(running.stop(), 0);
    let gone = anywhere(&["top", &admin]);
    assert_eq!((gone.code, gone.out.as_str()), (1, ""));
    assert!(gone.err.contains("is `headwater up` running there?"), "{}", gone.err);
}
