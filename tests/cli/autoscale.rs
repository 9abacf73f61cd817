//! `autoscale`: against an engine and an admin listener that are made of sockets.

use crate::support::{Ran, Running, address_in, command, run};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

type Answers = dyn FnMut(&str, &str, &Value) -> (u16, Value) + Send;

/// Answers one request: method, path, body.
fn answer(stream: &mut (impl Read + Write), answers: &Mutex<Box<Answers>>) -> Option<()> {
    let mut reader = BufReader::new(&mut *stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let (status, said) = (answers.lock().unwrap())(method, path, &body);
    let text = match said {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    let head = format!("HTTP/1.0 {status} X\r\nContent-Length: {}\r\n\r\n", text.len());
    stream.write_all(format!("{head}{text}").as_bytes()).ok()
}

fn engine(socket: &Path, answers: Box<Answers>) {
    let (listener, answers) = (UnixListener::bind(socket).unwrap(), Mutex::new(answers));
    let serve = move || {
        for mut stream in listener.incoming().flatten() {
            answer(&mut stream, &answers);
        }
    };
    std::thread::Builder::new().spawn(serve).unwrap();
}

/// An admin listener whose `/metrics` say what the test wants; answers its address.
fn metrics(text: Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let said = move |_: &str, path: &str, _: &Value| match path {
        "/metrics" => (200, Value::String(text.lock().unwrap().clone())),
        _ => (404, Value::Null),
    };
    let answers: Mutex<Box<Answers>> = Mutex::new(Box::new(said));
    let serve = move || {
        for mut stream in listener.incoming().flatten() {
            answer(&mut stream, &answers);
        }
    };
    std::thread::Builder::new().spawn(serve).unwrap();
    address
}

fn lag(seconds: u32) -> String {
    format!(
        "headwater_records_stored_total{{flow=\"data-consumer\"}} 7\n\
         headwater_oldest_unacknowledged_seconds{{flow=\"data-consumer\"}} {seconds}\n"
    )
}

const MANAGER: &str = r#"{"Swarm":{"LocalNodeState":"active","ControlAvailable":true}}"#;
const WORKER: &str = r#"{"Swarm":{"LocalNodeState":"active","ControlAvailable":false}}"#;
const ALONE: &str = r#"{"Swarm":{"LocalNodeState":"inactive"}}"#;

fn info(text: &str) -> (u16, Value) {
    (200, serde_json::from_str(text).unwrap())
}

/// A Swarm with one service. Every second change comes at the same moment as somebody else's.
struct Swarm {
    version: u64,
    replicas: u64,
    tries: u32,
    /// Each change that was taken: the replicas.
    changes: Arc<Mutex<Vec<u64>>>,
}

impl Swarm {
    fn service(&self) -> Value {
        json!({
            "ID": "s1", "Version": { "Index": self.version },
            "Spec": {
                "Name": "shared-data_data-consumer", "Labels": { "kept": "as it is" },
                "Mode": { "Replicated": { "Replicas": self.replicas } },
            },
        })
    }

    fn say(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let place = path.split('?').next().unwrap();
        match (method, place) {
            ("GET", "/info") => info(MANAGER),
            ("GET", "/services") => (200, json!([self.service()])),
            ("GET", "/services/s1") => (200, self.service()),
            ("GET", "/tasks") => {
                let one = json!({ "DesiredState": "running", "Status": { "State": "running" } });
                (200, Value::Array((0..self.replicas).map(|_| one.clone()).collect()))
            }
            ("POST", "/services/s1/update") => {
                self.tries += 1;
                if self.tries.is_multiple_of(2) {
                    return (500, json!({ "message": "rpc error: update out of sequence" }));
                }
                assert!(path.ends_with(&format!("?version={}", self.version)), "{path}");
                let mut wanted = self.service()["Spec"].clone();
                let replicas = body["Mode"]["Replicated"]["Replicas"].as_u64().unwrap();
                wanted["Mode"]["Replicated"]["Replicas"] = replicas.into();
                assert_eq!(*body, wanted, "nothing else is changed");
                self.replicas = replicas;
                self.version += 1;
                self.changes.lock().unwrap().push(replicas);
                (200, json!({}))
            }
            _ => (404, json!({ "message": format!("what is {method} {path}?") })),
        }
    }
}

const QUICK: &[&str] =
    &["--up-after", "200ms", "--down-after", "300ms", "--every", "100ms", "--max", "5"];

fn start(directory: &Path, from: &str, more: &[&str]) -> Running {
    let mut all = vec!["autoscale", "shared-data", "--service", "data-consumer"];
    all.extend(["--target", "lag=5s", "--engine", "engine.sock", "--admin", "127.0.0.1:0"]);
    all.extend(["--from", from]);
    all.extend(QUICK);
    all.extend(more);
    Running::start(directory, &all)
}

fn swarm(directory: &Path) -> Arc<Mutex<Vec<u64>>> {
    let changes = Arc::new(Mutex::new(Vec::new()));
    let mut swarm = Swarm { version: 7, replicas: 1, tries: 0, changes: Arc::clone(&changes) };
    let answers = move |method: &str, path: &str, body: &Value| swarm.say(method, path, body);
    engine(&directory.join("engine.sock"), Box::new(answers));
    changes
}

#[test]
fn a_service_of_a_swarm_grows_with_its_lag_and_shrinks_without() {
    let directory = tempfile::tempdir().unwrap();
    let changes = swarm(directory.path());
    let said = Arc::new(Mutex::new(lag(60)));
    let from = metrics(Arc::clone(&said));
    let mut scaler = start(directory.path(), &from, &[]);
    let greeting =
        scaler.wait_for("keeps shared-data_data-consumer at lag 5s with 1 to 5 replicas");
    let map = address_in(&greeting);
    scaler.wait_for("1 -> 2 replicas: lag 1m 0s, target 5s; 2 needed for ");
    scaler.wait_for("somebody changed the service at the same moment; it is tried again");
    scaler.wait_for("2 -> 4 replicas: lag 1m 0s, target 5s; 4 needed for ");
    scaler.wait_for("4 -> 5 replicas: ");
    let held = scaler.wait_for("5 replicas stay: lag 1m 0s, target 5s; 10 wanted, 5 is --max");
    assert!(held.contains("service=data-consumer"), "{held}");
    // The map is up to a second behind.
    let url = format!("http://{map}/");
    let shows =
        |_| run(directory.path(), &["top", &url]).out.contains(" of data-consumer (1 to 5): ");
    assert!((0..1000).any(shows), "the map shows the last decision");
    *said.lock().unwrap() = lag(0);
    scaler.wait_for("5 -> 4 replicas: lag 0ms, target 5s; 4 would have done for ");
    scaler.wait_for("2 -> 1 replica: ");
    scaler.wait_for("1 replica stays: ");
    assert_eq!(scaler.stop(), 0);
    assert_eq!(*changes.lock().unwrap(), [2, 4, 5, 4, 3, 2, 1]);
}

#[test]
fn a_dry_run_says_it_and_does_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let changes = swarm(directory.path());
    let from = metrics(Arc::new(Mutex::new(lag(60))));
    let mut scaler = start(directory.path(), &from, &["--dry-run"]);
    scaler.wait_for("would be 1 -> 2 replicas: lag 1m 0s");
    scaler.wait_for("would be 1 -> 2 replicas: lag 1m 0s");
    drop(scaler);
    assert!(changes.lock().unwrap().is_empty());
}

#[test]
fn what_is_not_known_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let changes = swarm(directory.path());
    let said =
        Arc::new(Mutex::new("headwater_records_stored_total{flow=\"other\"} 1\n".to_owned()));
    let from = metrics(Arc::clone(&said));
    let mut scaler = start(directory.path(), &from, &["--min", "2"]);
    // A bound is known without any measure.
    scaler.wait_for("1 -> 2 replicas: bounds are 2 to 5");
    let told = scaler.wait_for("2 replicas stay: lag is not known: ");
    let wanted = format!("http://{from}/metrics has no data-consumer: another process runs it");
    assert!(told.contains(&wanted) && told.contains("WARN"), "{told}");
    *said.lock().unwrap() = lag(1);
    scaler.wait_for("2 replicas stay: lag 1s, target 5s");
    drop(scaler);
    assert_eq!(*changes.lock().unwrap(), [2]);
}

/// Ends at once, with what it said.
fn refused(directory: &Path, arguments: &[&str]) -> Ran {
    let mut all = vec!["autoscale", "--engine", "engine.sock", "--admin", "127.0.0.1:0"];
    all.extend(arguments);
    let output = command(directory, &all).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn what_cannot_be_scaled_is_told_with_the_remedy() {
    let consumer = ["numbers", "--service", "consumer", "--target"];
    let of = |target| [&consumer[..], &[target]].concat();
    let nowhere = tempfile::tempdir().unwrap();
    for (arguments, code, wanted) in [
        (of("lag=5s"), 1, "there is no Docker engine at engine.sock"),
        (of("latency=1s"), 2, "consumer is a flow, and answers nobody; measure its lag or rate"),
        (of("memory=5"), 2, "`memory` is nothing that is measured; write lag=10s, rate=50"),
        (
            [&of("lag=5s")[..], &["--min", "9", "--max", "3"]].concat(),
            2,
            "--min 9 is more than --max 3",
        ),
        (
            vec!["numbers", "--service", "cnsumer", "--target", "lag=5s"],
            2,
            "the stack numbers has no service `cnsumer`: did you mean `consumer`?",
        ),
        (
            vec!["numbers", "--service", "producer", "--target", "lag=5s"],
            2,
            "producer is no flow, and has no lag; measure its rate or latency",
        ),
    ] {
        let ran = refused(nowhere.path(), &arguments);
        assert_eq!(ran.code, code, "{}", ran.err);
        assert!(ran.err.contains(wanted), "{wanted}: {}", ran.err);
    }
    let global =
        json!([{ "ID": "s", "Spec": { "Name": "numbers_consumer", "Mode": { "Global": {} } } }]);
    let other = json!([{ "ID": "s", "Spec": { "Name": "a_b", "Mode": { "Replicated": {} } } }]);
    for (swarm, services, wanted) in [
        (
            WORKER,
            json!([]),
            "this node is a worker of its Swarm, and only managers know of `consumer`",
        ),
        (MANAGER, global, "the service numbers_consumer is global: each node has one"),
        (
            MANAGER,
            other,
            "neither a Swarm nor Compose runs `consumer` here; there is a_b; `--service`",
        ),
        (ALONE, json!([]), "there is no service at all; start it first: docker stack deploy"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let answers = move |_: &str, path: &str, _: &Value| match path {
            "/info" => info(swarm),
            "/services" => (200, services.clone()),
            _ => (200, json!([])),
        };
        engine(&directory.path().join("engine.sock"), Box::new(answers));
        let ran = refused(directory.path(), &of("lag=5s"));
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains(wanted), "{wanted}: {}", ran.err);
    }
}

/// Containers of Compose.
#[derive(Default)]
struct Compose {
    /// Number and state.
    containers: Vec<(u64, &'static str)>,
    host_port: &'static str,
    done: Arc<Mutex<Vec<String>>>,
}

impl Compose {
    fn id(number: u64) -> String {
        format!("{number}").repeat(12)
    }

    fn labels(number: u64) -> Value {
        json!({
            "com.docker.compose.project": "shared-data", "com.docker.compose.service": "data-consumer",
            "com.docker.compose.container-number": number.to_string(), "com.docker.compose.oneoff": "False",
        })
    }

    fn say(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let place = path.split('?').next().unwrap();
        let named = |what: &str| {
            let id = place.strip_prefix("/containers/")?.strip_suffix(what)?;
            self.containers.iter().position(|(number, _)| Self::id(*number) == id)
        };
        let mut done = self.done.lock().unwrap();
        match method {
            "GET" if place == "/info" => info(ALONE),
            "GET" if place == "/containers/json" => {
                let of = |(number, state): &(u64, &str)| json!({ "Id": Self::id(*number), "State": state, "Status": "Up", "Labels": Self::labels(*number) });
                (200, self.containers.iter().map(of).collect())
            }
            "GET" if named("/json").is_some() => {
                let number = self.containers[named("/json").unwrap()].0;
                let ports = json!({ "80/tcp": [{ "HostIp": "", "HostPort": self.host_port }] });
                let id = Self::id(number);
                let container = json!({
                    "Id": id, "Name": format!("/shared-data_data-consumer_{number}"), "Image": "sha256:abc",
                    "Config": { "Hostname": &id[..12], "Image": "headwater", "Labels": Self::labels(number) },
                    "HostConfig": { "Binds": ["shared:/shared:ro"], "PortBindings": ports },
                    "NetworkSettings": { "Networks": {
                        "a": { "Aliases": ["data-consumer", &id[..12]] }, "b": { "Aliases": null },
                    } },
                });
                (200, container)
            }
            "POST" if place == "/containers/create" => {
                let label = &body["Labels"]["com.docker.compose.container-number"];
                let number = label.as_str().unwrap().parse().unwrap();
                assert!(
                    path.ends_with(&format!("?name=shared-data_data-consumer_{number}")),
                    "{path}"
                );
                let endpoints = json!({ "a": { "Aliases": ["data-consumer"] } });
                assert_eq!(body["NetworkingConfig"]["EndpointsConfig"], endpoints);
                assert_eq!(
                    (&body["Image"], &body["Hostname"]),
                    (&"sha256:abc".into(), &Value::Null)
                );
                assert_eq!(body["HostConfig"]["Binds"], json!(["shared:/shared:ro"]));
                self.containers.push((number, "created"));
                (201, json!({ "Id": Self::id(number) }))
            }
            "POST" if place == "/networks/b/connect" => (200, Value::Null),
            "POST" if named("/start").is_some() => {
                let at = named("/start").unwrap();
                self.containers[at].1 = "running";
                done.push(format!("start {}", self.containers[at].0));
                (204, Value::Null)
            }
            "POST" if named("/stop").is_some() => {
                let at = named("/stop").unwrap();
                self.containers[at].1 = "exited";
                (204, Value::Null)
            }
            "DELETE" if named("").is_some() => {
                let (number, state) = self.containers.remove(named("").unwrap());
                done.push(format!("remove {number}, {state}"));
                (204, Value::Null)
            }
            _ => (404, json!({ "message": format!("what is {method} {path}?") })),
        }
    }
}

#[test]
fn containers_of_compose_are_made_like_the_first_and_the_last_goes_first() {
    let directory = tempfile::tempdir().unwrap();
    let done = Arc::default();
    // The third was stopped by somebody; it comes before any new one.
    let containers = vec![(1, "running"), (3, "exited")];
    let mut compose = Compose { containers, host_port: "", done: Arc::clone(&done) };
    let answers = move |method: &str, path: &str, body: &Value| compose.say(method, path, body);
    engine(&directory.path().join("engine.sock"), Box::new(answers));
    let said = Arc::new(Mutex::new(lag(60)));
    let from = metrics(Arc::clone(&said));
    let mut scaler = start(directory.path(), &from, &[]);
    scaler.wait_for("keeps shared-data_data-consumer at lag 5s");
    scaler.wait_for("1 -> 2 replicas: ");
    scaler.wait_for("2 -> 4 replicas: ");
    scaler.wait_for("4 -> 5 replicas: ");
    scaler.wait_for("10 wanted, 5 is --max");
    *said.lock().unwrap() = lag(0);
    scaler.wait_for("5 -> 4 replicas: ");
    scaler.wait_for("2 -> 1 replica: ");
    drop(scaler);
    let wanted = [
        "start 3",
        "start 2",
        "start 4",
        "start 5",
        "remove 5, exited",
        "remove 4, exited",
        "remove 3, exited",
        "remove 2, exited",
    ];
    assert_eq!(*done.lock().unwrap(), wanted);
}

#[test]
fn a_port_of_the_host_that_can_be_had_once_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut compose =
        Compose { containers: vec![(1, "running")], host_port: "5000", done: Arc::default() };
    let answers = move |method: &str, path: &str, body: &Value| compose.say(method, path, body);
    engine(&directory.path().join("engine.sock"), Box::new(answers));
    let arguments = ["shared-data", "--service", "data-consumer", "--target", "lag=5s"];
    let ran = refused(directory.path(), &arguments);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let wanted =
        "publishes the host's port 5000, which can be had once; publish the port of a gate";
    assert!(ran.err.contains(wanted), "{}", ran.err);
}
