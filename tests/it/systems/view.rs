//! The dashboard of `users` against APIs that are not ours, and against ours.

use super::{curl, python};
use crate::support::{
    Connection, Harness, PATIENCE, Peer, Process, Reply, eventually, free_port, get,
};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A view of a list, and nothing else.
fn frontend(url: &str) -> Harness {
    Harness::new(&format!(
        "stack: users
services:
  frontend:
    listen: 0
    view:
      title: User Age Distribution
      from: {url}
      panels:
        - histogram: {{ field: age, bins: 10 }}
        - statistics: {{ field: age }}
"
    ))
}

fn page(address: &str) -> String {
    get(address).unwrap().body
}

fn data(address: &str) -> Value {
    get(&format!("{address}data.json")).unwrap().json()
}

#[track_caller]
fn shows(address: &str, parts: &[&str]) {
    eventually(&format!("a page with {parts:?}"), || {
        let page = page(address);
        parts.iter().all(|part| page.contains(part))
    });
}

fn api(port: &str, count: &str) -> (Process, String) {
    let process = python("users.py", &[port, count]);
    let port = process.out.find(PATIENCE, |line| line.parse::<u16>().ok()).unwrap();
    (process, port.to_string())
}

#[test]
fn follows_an_api_that_is_not_ours_through_its_end_and_its_restart() {
    let (mut first, port) = api("0", "3");
    let place = format!("http://127.0.0.1:{port}");
    let harness = frontend(&format!("{place}/users/"));
    let mut process = harness.start();
    let address = process.address("frontend");
    shows(&address, &["<h1>User Age Distribution</h1>", "Found 3 users", "every 2 s"]);
    let histogram = json!({
        "histogram": "age",
        "edges": [20.0, 20.2, 20.4, 20.6, 20.8, 21.0, 21.2, 21.4, 21.6, 21.8, 22.0],
        "counts": [1, 0, 0, 0, 0, 1, 0, 0, 0, 1],
    });
    let statistics =
        json!({ "statistics": "age", "count": 3, "mean": 21.0, "min": 20.0, "max": 22.0 });
    assert_eq!(data(&address)["panels"], json!([histogram, statistics]));
    curl(&["-X", "POST", &format!("{place}/users/?user_id=7&name=Ada&age=80")]);
    shows(&address, &["Found 4 users", "<dt>Oldest</dt><dd>80</dd>", "<dd>35.8</dd>"]);
    first.kill();
    let words = format!("Cannot connect to API. Make sure it's running on {place}");
    shows(&address, &["Found 4 users", &words, "Data as of"]);
    assert_eq!(data(&address)["live"], false);
    let (_second, _) = api(&port, "1");
    shows(&address, &["Found 1 users", "<dt>Youngest</dt><dd>20</dd>"]);
    assert!(!page(&address).contains("Cannot connect"));
    process.stop();
    assert!(process.err.text().contains("the API answers again"));
}

#[test]
fn says_what_is_wrong_with_the_answers_of_an_api() {
    let asked = AtomicUsize::new(0);
    let turn = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&turn);
    let peer = Peer::start(move |_| {
        asked.fetch_add(1, Relaxed);
        match now.load(Relaxed) {
            0 => Reply::status(500),
            1 => Reply::json("<p>not JSON</p>"),
            2 => Reply::json("{\"detail\":\"Not Found\"}"),
            3 => Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()),
            4 => Reply::json("{}"),
            _ => Reply::json("[{\"age\":18},{\"age\":\"none\"},{\"name\":\"<script>\"}]"),
        }
    });
    let harness = frontend(&peer.address);
    let process = harness.start();
    let address = process.address("frontend");
    for words in [
        "API Error: 500",
        "answer is no list of records",
        "there is no object in it",
        "answer is no list of records",
        "No records found",
        "Found 3 records",
    ] {
        shows(&address, &[words]);
        turn.fetch_add(1, Relaxed);
    }
    assert_eq!(data(&address)["panels"][1]["count"], 1);
}

/// An API with events whose connections end after a few of them. What it was asked is looked at in the end.
fn event_api(request: &str, go_on: &AtomicBool) -> Reply {
    let answer = |events: &str| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n";
        Reply::Raw(format!("{head}{events}").into_bytes())
    };
    let last = request.lines().find_map(|line| line.strip_prefix("last-event-id: "));
    if !request.contains("accept: text/event-stream") {
        let is_later = go_on.load(Relaxed);
        return Reply::json(if is_later { "{\"9\":{\"age\":77}}" } else { "{\"1\":{\"age\":20}}" });
    }
    match last {
        None => answer("event: ready\nid: 5\ndata: {}\n\n"),
        Some("5") => answer(
            "event: ready\nid: 5\ndata: {}\n\nevent: created\nid: 6\n\
             data: {\"key\":2,\"record\":{\"id\":2,\"age\":40}}\n\n",
        ),
        Some("6") => answer(
            ":\n\nevent: updated\nid: 7\ndata: {\"key\":\"2\",\"record\":{\"age\":30}}\n\n\
             event: deleted\nid: 8\ndata: {\"key\":1,\"record\":null}\n\nevent: created\nid: 9\n\
             data: {\"key\":3,\"record\":{\"age\":31}}\n\nevent: cut",
        ),
        Some("9") => {
            while !go_on.load(Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            answer("event: resync\nid: 20\ndata: {}\n\n")
        }
        _ => Reply::Silence,
    }
}

#[test]
fn follows_events_and_reads_the_list_only_when_it_must() {
    let go_on = Arc::new(AtomicBool::new(false));
    let held = Arc::clone(&go_on);
    let peer = Peer::start(move |asked| event_api(&asked.head.to_lowercase(), &held));
    let harness = frontend(&format!("{}users", peer.address));
    let process = harness.start();
    let address = process.address("frontend");
    let figures = || data(&address)["panels"][1].clone();
    let expected =
        json!({ "statistics": "age", "count": 2, "mean": 30.5, "min": 30.0, "max": 31.0 });
    eventually("all changes are applied", || figures() == expected);
    assert!(page(&address).contains("Live: a change shows at once."));
    go_on.store(true, Relaxed);
    eventually("the list is read anew", || figures()["max"] == 77.0 && figures()["count"] == 1);
    let lists =
        peer.asked().iter().filter(|asked| !asked.head.contains("text/event-stream")).count();
    assert_eq!(lists, 2, "{:#?}", peer.asked());
}

#[test]
fn reads_a_list_page_after_page() {
    let peer = Peer::start(|asked| {
        let page = |items: &str, next: &str| {
            Reply::json(format!("{{\"items\":[{items}],\"next\":{next}}}"))
        };
        let path = asked.head.split_whitespace().nth(1).unwrap_or_default();
        match path {
            "/users?sort=age" => page("{\"age\":1}", "\"a=\""),
            "/users?sort=age&limit=1000&after=a%3D" => page("{\"age\":2}", "\"/more\""),
            "/more" => page("{\"age\":3}", "null"),
            _ => Reply::status(404),
        }
    });
    let harness = frontend(&format!("{{ url: \"{}users?sort=age\" }}", peer.address));
    let process = harness.start();
    let address = process.address("frontend");
    eventually("three pages", || data(&address)["panels"][1]["count"] == 3);
    assert!(page(&address).contains("Found 3 users"));
}

#[test]
fn the_page_takes_nothing_from_elsewhere_and_allows_nothing_inline() {
    let peer = Peer::start(|_| Reply::json("{\"1\":{\"age\":20},\"2\":{\"age\":30}}"));
    let harness = frontend(&peer.address);
    let process = harness.start();
    let address = process.address("frontend");
    shows(&address, &["Found 2 records"]);
    let answer = get(&address).unwrap();
    assert!(answer.body.len() < 40_000, "{} bytes", answer.body.len());
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!answer.body.contains("style=") && !answer.body.contains("onload"));
    for (path, kind) in [
        ("worker.js", "text/javascript; charset=utf-8"),
        ("live.js", "text/javascript; charset=utf-8"),
        ("data.json", "application/json"),
        ("embed/histogram-age", "text/html; charset=utf-8"),
    ] {
        let answer = get(&format!("{address}{path}")).unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        assert_eq!(answer.header("content-security-policy"), Some(policy), "{path}");
        assert!(!answer.body.contains("https://"), "{path}");
    }
    for (path, kind, begins) in [
        ("panels/1.svg", "image/svg+xml", "<svg "),
        ("panels/histogram-age.svg?theme=dark&w=300", "image/svg+xml", "<svg "),
        ("panels/histogram-age.csv", "text/csv; charset=utf-8", "From,To below,Records\r\n20,21,1"),
        ("panels/histogram-age.json", "application/json", "{\"histogram\":\"age\""),
        ("panels/statistics-age.csv", "text/csv; charset=utf-8", "Figure,Age\r\ncount,2"),
        ("badge.svg", "image/svg+xml", "<svg "),
    ] {
        let answer = get(&format!("{address}{path}")).unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        assert!(answer.body.starts_with(begins), "{path}: {}", answer.body);
        assert!(answer.header("content-security-policy").unwrap().contains("sandbox"), "{path}");
    }
    let png =
        curl(&["-o", "/dev/null", "-w", "%{content_type}", &format!("{address}panels/1.png")]);
    assert_eq!(png, "image/png");
    for path in [
        "panels/2.svg",
        "panels/0.svg",
        "panels/9999999999999999999999.svg",
        "panels/1",
        "panels/1.gif",
        "embed/pie",
    ] {
        assert_eq!(get(&format!("{address}{path}")).unwrap().status, 404, "{path}");
    }
}

/// The events of an open page.
struct Page(BufReader<TcpStream>);

impl Page {
    fn open(address: &str) -> Self {
        let host = address.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET /live?topics=view HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
        Self(BufReader::new(stream))
    }

    /// The parts of the next event with changes, by their ids.
    fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the events end");
            let data = line.strip_prefix("data: ").unwrap_or_default();
            if let Ok(mut topics @ Value::Object(_)) = serde_json::from_str::<Value>(data) {
                return topics["view"].take();
            }
        }
    }
}

/// How many users a page says that there are.
fn found(page: &str) -> u64 {
    let number = page.split("Found ").nth(1).and_then(|rest| rest.split(' ').next());
    number.map_or(0, |number| number.replace(',', "").parse().unwrap())
}

/// The built-in stack on free ports, with a simulator that is quick.
fn users() -> (Harness, Process, String, String) {
    let free = free_port();
    let api = format!("http://127.0.0.1:{free}");
    let harness = Harness::built_in("users")
        .environment("API_URL", &format!("{api}/users/"))
        .environment("API_BASE_URL", &api)
        .environment("SIMULATION_INTERVAL", "0.02")
        .argument("--port")
        .argument(&format!("api={free}"))
        .argument("--port")
        .argument("frontend=0");
    let process = harness.start();
    let address = process.address("frontend");
    (harness, process, address, api)
}

#[test]
fn the_whole_stack_shows_what_its_simulator_creates() {
    let (_harness, mut process, address, api) = users();
    let opened = Instant::now();
    let mut page = Page::open(&address);
    // A browser that never reads must slow nobody.
    let _stuck: Vec<Page> = (0..3).map(|_| Page::open(&address)).collect();
    let mut told = 0;
    let mut next = |page: &mut Page| {
        told += 1;
        page.next()
    };
    eventually("users on the page", || {
        found(next(&mut page)["found"].as_str().unwrap_or("")) >= 20
    });
    (0..12).for_each(|_| drop(next(&mut page)));
    // However late this test is: one and one more at once, and then each after its pause.
    let least = Duration::from_millis(250) * (told - 2);
    assert!(opened.elapsed() >= least, "{told} in {:?}: more than four a second", opened.elapsed());
    // What the API has is what the page shows, and a change is there soon.
    let mut connection = Connection::open(&api).unwrap();
    let created = Instant::now();
    let path = "/users/?user_id=20000&name=Methuselah&age=969";
    assert_eq!(connection.exchange("POST", path, "").unwrap().status, 200);
    while !page.next().to_string().contains("<dt>Oldest</dt><dd>969</dd>") {}
    assert!(created.elapsed() < Duration::from_secs(2), "{:?}", created.elapsed());
    process.stop();
}

#[test]
fn shows_what_a_flow_delivers_without_any_api() {
    let harness = Harness::new(
        "stack: test
services:
  frontend:
    listen: 0
    view: { from: { flow: readings } }
  numbers:
    listen: 0
    view:
      from: { flow: readings }
      panels: [histogram: value, line: { show: count }, number: { field: value, show: largest }]
  readings:
    source:
      generate: { every: 5ms, record: { id: sequence, value: integer 1..9 } }
    sink: { append_file: { path: out.ndjson } }
",
    );
    let process = harness.start();
    let address = process.address("frontend");
    shows(
        &address,
        &["the flow delivered", "From the flow readings", "<th class=\"n\" scope=\"col\">id"],
    );
    let numbers = process.address("numbers");
    let parts = ["value of ", "Number of records over time: ", "<dd>9</dd>"];
    shows(&numbers, &parts);
    eventually("a hundred records", || found(&page(&numbers)) >= 100);
    let line = || get(&format!("{numbers}panels/line.csv?from=2020-01-01T00:00:00Z")).unwrap().body;
    eventually("two points", || line().lines().count() > 2);
    let line = line();
    assert!(line.starts_with("Time,Number of records\r\n20"), "{line}");
    assert_eq!(get(&format!("{numbers}panels/line.csv?to=0")).unwrap().body.lines().count(), 1);
}

#[test]
fn shows_the_datasets_of_a_results_directory() {
    let harness = Harness::new(
        "stack: test
services:
  producer:
    source:
      generate: { every: 50ms, count: 20, record: { id: sequence, value: normal mean 5 sd 1 } }
    sink: { dataset: { path: data, keep: 5 } }
  consumer:
    source: { datasets: { path: data } }
    steps: [summarise]
    sink: { report: { path: results } }
  frontend:
    listen: 0
    view: { title: Results, from: { results: results } }
  nowhere:
    listen: 0
    view: { from: { results: not-there } }
",
    );
    let process = harness.start();
    let address = process.address("frontend");
    shows(&address, &["Found ", " datasets", "Rows by place", "<td>ok</td>", "data_"]);
    shows(&process.address("nowhere"), &["There are no results in not-there yet."]);
    let csv = get(&format!("{address}panels/table.csv")).unwrap().body;
    assert!(csv.starts_with("name,rows,bad_rows,quality,mean\r\ndata_"), "{csv}");
}

#[test]
fn what_was_created_is_shown_again_after_a_kill() {
    let (harness, mut process, address, _) = users();
    eventually("ten users", || found(&page(&address)) >= 10);
    assert!(page(&address).contains("Live: a change shows at once."));
    let before = found(&page(&address));
    process.kill();
    let mut process = harness.start();
    let address = process.address("frontend");
    eventually("them and more", || found(&page(&address)) > before);
    process.stop();
}
