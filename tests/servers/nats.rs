//! Real NATS servers of the tests' own with JetStream: one, or a cluster of three on loopback; on free ports, in
//! directories of their own, ended when they are dropped.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A loaded machine needs long for a start; waiting ends as soon as the server is there.
const PATIENCE: Duration = Duration::from_mins(2);

/// One server.
#[derive(Debug)]
pub struct Nats {
    folder: TempDir,
    port: u16,
    configuration: String,
    process: Mutex<Option<Child>>,
}

impl Nats {
    pub fn start() -> Self {
        Self::with("")
    }

    /// With more lines for its configuration.
    pub fn with(lines: &str) -> Self {
        let server = Self::prepare(free_port(), lines);
        server.resume();
        server
    }

    /// With a login that this file does not know.
    pub fn secured(lines: &str) -> Self {
        let server = Self::prepare(free_port(), lines);
        server.launch();
        server.until(|| TcpStream::connect(server.address()).is_ok());
        server
    }

    fn prepare(port: u16, lines: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("hw-nats-").tempdir().unwrap();
        let store = folder.path().display();
        let configuration = format!(
            "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{store}/store\" }}\n{lines}\n"
        );
        std::fs::write(folder.path().join("nats.conf"), &configuration).unwrap();
        Self { folder, port, configuration, process: Mutex::default() }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Starts it, also again after `kill`; what it stored is there again.
    #[track_caller]
    pub fn resume(&self) {
        self.launch();
        let client = || Client::try_to(&self.address());
        self.until(|| {
            client().is_some_and(|mut client| client.try_api("INFO", &Value::Null).is_some())
        });
    }

    fn launch(&self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut command = Command::new("nats-server");
        command.arg("-c").arg(self.folder.path().join("nats.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        *self.process() = Some(command.spawn().expect("nats-server is installed"));
    }

    /// `kill -9`.
    pub fn kill(&self) {
        if let Some(mut process) = self.process().take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// It takes connections and answers nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// A client that asks and publishes one by one.
    #[track_caller]
    pub fn client(&self) -> Client {
        Client::try_to(&self.address()).expect("the server takes connections")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn signal(&self, name: &str) {
        let process = self.process();
        let id = process.as_ref().expect("it runs").id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(status.success(), "kill -{name} {id}");
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn until(&self, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            let has_ended = self.process().as_mut().unwrap().try_wait().unwrap().is_some();
            assert!(!has_ended, "the server ended:\n{}\n{}", self.configuration, self.log());
            assert!(Instant::now() < deadline, "the server takes too long:\n{}", self.log());
            pause(Duration::from_millis(10));
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers that hold every message three times.
#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Nats>,
}

impl Cluster {
    pub fn start() -> Self {
        let routes: Vec<u16> = (0..3).map(|_| free_port()).collect();
        let all: Vec<String> =
            routes.iter().map(|port| format!("\"nats-route://127.0.0.1:{port}\"")).collect();
        let nodes = routes.iter().enumerate().map(|(number, port)| {
            let lines = format!(
                "server_name: node{number}\ncluster {{ name: tests, listen: \"127.0.0.1:{port}\", routes: [{}] }}",
                all.join(", ")
            );
            Nats::prepare(free_port(), &lines)
        });
        let nodes: Vec<Nats> = nodes.collect();
        for node in &nodes {
            node.launch();
        }
        let cluster = Self { nodes };
        for node in &cluster.nodes {
            node.until(|| {
                let client = Client::try_to(&node.address());
                client.is_some_and(|mut client| client.try_api("INFO", &Value::Null).is_some())
            });
        }
        cluster
    }

    pub fn url(&self) -> String {
        self.nodes.iter().map(Nats::url).collect::<Vec<_>>().join(",")
    }

    /// Any node that answers.
    #[track_caller]
    pub fn client(&self) -> Client {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.nodes.iter().find_map(|node| {
                let mut client = Client::try_to(&node.address())?;
                client.try_api("INFO", &Value::Null)?;
                Some(client)
            });
            if let Some(client) = found {
                return client;
            }
            assert!(Instant::now() < deadline, "no node answers");
            pause(Duration::from_millis(50));
        }
    }
}

/// The smallest client: one thing at a time.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
    asked: u64,
}

impl Client {
    fn try_to(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        let mut client = Self { reader: BufReader::new(stream), asked: 0 };
        client.line()?;
        let hello = "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n\
                     SUB test.inbox.* 1\r\nPING\r\n";
        client.send(hello.as_bytes())?;
        loop {
            match client.line()?.as_str() {
                "PONG" => return Some(client),
                error if error.starts_with("-ERR") => return None,
                _ => {}
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.reader.get_mut().write_all(bytes).ok()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.reader.read_line(&mut line).ok()?;
        (length > 0).then(|| line.trim_end().to_owned())
    }

    /// Hears from now on what is said under a subject.
    #[track_caller]
    pub fn listen(&mut self, subject: &str) {
        self.send(format!("SUB {subject} 2\r\nPING\r\n").as_bytes()).unwrap();
        while self.line().expect("the server answers") != "PONG" {}
    }

    /// Waits until something is said under what it listens to.
    #[track_caller]
    pub fn hear(&mut self) {
        while !self.line().expect("the server says something").starts_with("MSG ") {}
    }

    /// Asks and waits for the answer.
    pub fn try_request(&mut self, subject: &str, body: &[u8]) -> Option<Vec<u8>> {
        self.asked += 1;
        let inbox = format!("test.inbox.{}", self.asked);
        self.send(format!("PUB {subject} {inbox} {}\r\n", body.len()).as_bytes())?;
        self.send(body)?;
        self.send(b"\r\n")?;
        loop {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            let length: usize = match words.first().copied() {
                Some("MSG" | "HMSG") => words.last()?.parse().ok()?,
                Some("PING") => {
                    self.send(b"PONG\r\n")?;
                    continue;
                }
                _ => continue,
            };
            let mut payload = vec![0; length + 2];
            self.reader.read_exact(&mut payload).ok()?;
            payload.truncate(length);
            // An answer of before that came late is not this one's.
            if words.get(1) != Some(&inbox.as_str()) {
                continue;
            }
            return (words[0] == "MSG").then_some(payload);
        }
    }

    fn try_api(&mut self, what: &str, body: &Value) -> Option<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.try_request(&format!("$JS.API.{what}"), body.as_bytes())?;
        let answer: Value = serde_json::from_slice(&answer).ok()?;
        answer.get("error").is_none().then_some(answer)
    }

    /// Asks JetStream's API; fails on its errors.
    #[track_caller]
    pub fn api(&mut self, what: &str, body: &Value) -> Value {
        let body_text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.try_request(&format!("$JS.API.{what}"), body_text.as_bytes());
        let answer = answer.unwrap_or_else(|| panic!("{what}: no answer"));
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer.get("error").is_none(), "{what} {body}: {answer}");
        answer
    }

    /// Makes a stream of one subject with everything below it; `more` is laid over the defaults.
    #[track_caller]
    pub fn stream(&mut self, name: &str, subjects: &[&str], more: &Value) -> Value {
        let mut config = json!({
            "name": name, "subjects": subjects, "retention": "limits", "storage": "file", "num_replicas": 1,
            "discard": "new", "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0,
            "max_msg_size": -1, "max_msgs_per_subject": -1,
        });
        config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.api(&format!("STREAM.CREATE.{name}"), &config)
    }

    /// Publishes and answers the sequence.
    #[track_caller]
    pub fn publish(&mut self, subject: &str, payload: &[u8]) -> u64 {
        let answer = self.try_request(subject, payload).expect("a stream takes it");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        answer["seq"].as_u64().unwrap_or_else(|| panic!("{answer}"))
    }

    /// What stream information says at a place, `/state/messages` for example.
    #[track_caller]
    pub fn of_stream(&mut self, name: &str, place: &str) -> Value {
        let info = self.api(&format!("STREAM.INFO.{name}"), &Value::Null);
        info.pointer(place).cloned().unwrap_or_default()
    }

    #[track_caller]
    pub fn of_consumer(&mut self, stream: &str, name: &str, place: &str) -> Value {
        let info = self.api(&format!("CONSUMER.INFO.{stream}.{name}"), &Value::Null);
        info.pointer(place).cloned().unwrap_or_default()
    }

    /// The payloads of a whole stream that dropped nothing.
    #[track_caller]
    pub fn payloads(&mut self, stream: &str) -> Vec<String> {
        use base64::Engine as _;
        let last = self.of_stream(stream, "/state/last_seq").as_u64().unwrap();
        let get = |sequence: u64| {
            let answer = self.api(&format!("STREAM.MSG.GET.{stream}"), &json!({ "seq": sequence }));
            let data = answer["message"]["data"].as_str().unwrap_or_default().to_owned();
            let bytes = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        (1..=last).map(get).collect()
    }
}

/// Another process may take it before the server does; then the server says so and the test fails.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Between two looks at something outside.
pub fn pause(span: Duration) {
    let (never, nothing) = (Mutex::new(()), Condvar::new());
    drop(nothing.wait_timeout(never.lock().unwrap(), span).unwrap());
}
