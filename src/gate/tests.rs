//! A gate in front of replicas that do what no good replica does, spoken to in bytes.

use crate::core::listen::Networks;
use crate::core::thread::spawn;
use crate::core::time::now;
use crate::gate::{Found, GateConfig, RunningGate, Standing};
use crate::server::tests::support::{Client, PATIENCE, Seen, eventually, get};
use crate::server::{Limits, ServerConfig};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// Answers each connection by a script that gets the head of every request; `false` closes.
struct Replica {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Replica {
    fn start(script: impl Fn(&mut TcpStream, &str) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, script) = (Arc::clone(&heads), Arc::new(script));
        // It ends with the process; nobody waits for a replica that hangs.
        drop(spawn("replica", move || {
            for stream in listener.incoming() {
                let (mut stream, seen) = (stream.unwrap(), Arc::clone(&seen));
                let script = Arc::clone(&script);
                drop(spawn("replica", move || {
                    while let Some(head) = read_head(&mut stream) {
                        seen.lock().unwrap().push(head.clone());
                        if !script(&mut stream, &head) {
                            return;
                        }
                    }
                }));
            }
        }));
        Self { address, heads }
    }

    fn saying(text: &'static str) -> Self {
        Self::start(move |stream, _| say(stream, text))
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn say(stream: &mut TcpStream, text: &str) -> bool {
    send(stream, &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()))
}

fn send(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).is_ok()
}

fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap())
}

type Places = Arc<Mutex<Vec<SocketAddr>>>;

fn config() -> GateConfig {
    GateConfig {
        to: "api".to_owned(),
        check: None,
        every: Duration::from_millis(50),
        down_after: 2,
        up_after: 1,
        slow_start: Duration::ZERO,
        in_flight: 256,
        queue: 64,
        wait: PATIENCE,
        answer: PATIENCE,
        retries: 2,
        body_bytes: 1 << 30,
        trust: Networks::default(),
        names_replica: false,
    }
}

fn gate(config: GateConfig, replicas: &[&Replica]) -> (RunningGate, Places) {
    let places = Places::default();
    *places.lock().unwrap() = replicas.iter().map(|replica| replica.address).collect();
    let here = Arc::clone(&places);
    let found = Found {
        here: Arc::new(Vec::new),
        at: vec!["api:80".to_owned()],
        guesses: Vec::new(),
        names: Arc::new(move |_| Ok(here.lock().unwrap().clone())),
    };
    let address = "127.0.0.1:0".parse().unwrap();
    let server = ServerConfig { name: "front".into(), address, limits: Limits::default() };
    let gate = RunningGate::start(config, found, server, "test").unwrap();
    eventually("the replicas are checked", || {
        let members = gate.status().members;
        members.len() == replicas.len() && members.iter().all(|it| it.standing == Standing::Ready)
    });
    (gate, places)
}

fn ask(gate: &RunningGate, request: impl AsRef<[u8]>) -> Seen {
    Client::to(gate.address()).ask(request)
}

fn request(method: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} /a?b=c HTTP/1.1\r\nHost: api.test\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

#[test]
fn passes_everything_on_but_what_belongs_to_one_connection() {
    let replica = Replica::start(|stream, _| {
        let mut body = [0; 2];
        stream.read_exact(&mut body).unwrap();
        send(
            stream,
            "HTTP/1.1 201 Made\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nConnection: x-hop\r\n\
             X-Hop: 1\r\nKeep-Alive: 5\r\nContent-Type: text/x\r\nContent-Length: 3\r\n\r\nyes",
        )
    });
    let (gate, _) = gate(config(), &[&replica]);
    let seen = ask(
        &gate,
        request(
            "PATCH",
            "X-Own: ü\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\n\
             X-Forwarded-Port: 6666\r\nConnection: x-mine\r\nX-Mine: 1\r\nTE: trailers\r\n",
            "hi",
        ),
    );
    assert_eq!((seen.status, seen.body.as_str()), (201, "yes"));
    assert_eq!(seen.head.matches("set-cookie: ").count(), 2, "{}", seen.head);
    assert_eq!(seen.header("content-type"), Some("text/x"));
    for gone in ["x-hop", "keep-alive", "connection"] {
        assert_eq!(seen.header(gone), None, "{}", seen.head);
    }
    let head = replica.heads().concat().to_ascii_lowercase();
    assert!(head.starts_with("patch /a?b=c http/1.1\r\n"), "{head}");
    for line in [
        "host: api.test\r\n",
        "x-own: ü\r\n",
        "content-length: 2\r\n",
        "x-forwarded-for: 127.0.0.1\r\n",
        "x-forwarded-proto: http\r\n",
        "x-forwarded-host: api.test\r\n",
        "forwarded: for=127.0.0.1;host=\"api.test\";proto=http\r\n",
        "via: 1.1 test.front\r\n",
    ] {
        assert_eq!(head.matches(&format!("\r\n{line}")).count(), 1, "{line} in {head}");
    }
    for gone in ["x-mine", "6.6.6.6", "6666", "trailers"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
}

#[test]
fn believes_only_those_it_trusts() {
    let replica = Replica::saying("ok");
    let trust = Networks::parse(&["127.0.0.0/8".to_owned()]).unwrap();
    let (gate, _) = gate(GateConfig { trust, names_replica: true, ..config() }, &[&replica]);
    let seen = ask(
        &gate,
        request(
            "GET",
            "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 6.6.6.6\r\n",
            "",
        ),
    );
    assert_eq!(seen.header("x-headwater-replica"), Some(replica.address.to_string().as_str()));
    let head = replica.heads().concat().to_ascii_lowercase();
    assert!(head.contains("x-forwarded-for: 6.6.6.6, 127.0.0.1\r\n"), "{head}");
    assert!(head.contains("x-forwarded-proto: https\r\n"), "{head}");
    assert!(head.contains("x-real-ip: 6.6.6.6\r\n"), "{head}");
}

/// How three kinds of requests fare between a replica of this kind and a good one.
fn beside_a_good_one(
    bad: impl Fn(&mut TcpStream, &str) -> bool + Send + Sync + 'static,
) -> [u16; 3] {
    let (bad, good) = (Replica::start(bad), Replica::saying("good"));
    let answer = Duration::from_millis(300);
    [("GET", ""), ("POST", "Idempotency-Key: 7\r\n"), ("POST", "")].map(|(method, headers)| {
        let (gate, _) = gate(GateConfig { answer, ..config() }, &[&bad, &good]);
        let before = bad.heads().len();
        let mut worst = 200;
        // In turn: the bad one is asked at least once.
        for _ in 0..4 {
            worst = worst.max(ask(&gate, request(method, headers, "x")).status);
        }
        assert!(bad.heads().len() > before, "the bad one was never asked");
        worst
    })
}

fn read_byte(stream: &mut TcpStream) {
    stream.read_exact(&mut [0]).unwrap();
}

#[test]
fn asks_another_one_when_an_answer_does_not_come_and_asking_twice_is_safe() {
    assert_eq!(beside_a_good_one(|_, _| false), [200, 200, 502], "no answer");
    let half = |stream: &mut TcpStream, _: &str| {
        read_byte(stream);
        send(stream, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        false
    };
    assert_eq!(beside_a_good_one(half), [200, 200, 502], "half an answer");
    let never = |stream: &mut TcpStream, _: &str| {
        read_byte(stream);
        let mut nothing = Vec::new();
        stream.read_to_end(&mut nothing).unwrap_or_default();
        false
    };
    assert_eq!(beside_a_good_one(never), [200, 200, 504], "no answer in time");
}

#[test]
fn an_answer_that_can_be_read_in_two_ways_is_passed_on_to_nobody() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Header : x\r\nContent-Length: 3\r\n\r\nabc",
        "SSH-2.0-OpenSSH\r\n\r\n",
    ] {
        let replica = Replica::start(move |stream, _| send(stream, answer));
        let (gate, _) = gate(config(), &[&replica]);
        assert_eq!(ask(&gate, get("/")).status, 502, "{answer}");
    }
}

#[test]
fn requests_that_can_be_read_in_two_ways_reach_no_replica() {
    let replica = Replica::saying("ok");
    let (gate, _) = gate(config(), &[&replica]);
    for (headers, body, status) in [
        (
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
            400,
        ),
        ("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n", "3\r\nabcX\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n", 501),
        ("Content-Length: 1\r\nContent-Length: 2\r\n", "ab", 400),
        ("Upgrade: websocket\r\nConnection: upgrade\r\n", "", 501),
        ("Via: 1.1 test.front\r\n", "", 508),
    ] {
        let seen = ask(&gate, format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}"));
        assert_eq!(seen.status, status, "{headers}");
    }
    assert_eq!(replica.heads(), Vec::<String>::new());
}

#[test]
fn nobody_there_is_said_at_once_or_waited_for() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let (quick, places) = gate(GateConfig { wait: Duration::ZERO, ..config() }, &[]);
    places.lock().unwrap().push(gone);
    let begun = now();
    let seen = ask(&quick, get("/"));
    assert_eq!((seen.status, seen.header("retry-after")), (503, Some("1")));
    assert!(begun.elapsed() < Duration::from_secs(5));
    let (patient, places) = gate(config(), &[]);
    let mut client = Client::to(patient.address());
    client.send(get("/"));
    eventually("it waits", || patient.status().waiting == 1);
    let replica = Replica::saying("here");
    places.lock().unwrap().push(replica.address);
    assert_eq!(client.answer().body, "here");
    assert_eq!(quick.status().refused_no_replica, 1);
}

#[test]
fn beyond_the_queue_the_answer_is_no_at_once() {
    let (go, gone) = mpsc::sync_channel::<()>(8);
    let gone = Mutex::new(gone);
    let replica = Replica::start(move |stream, _| {
        gone.lock().unwrap().recv().unwrap();
        say(stream, "late")
    });
    let (gate, _) = gate(GateConfig { in_flight: 1, queue: 1, ..config() }, &[&replica]);
    let mut clients: Vec<Client> = Vec::new();
    for number in 0..2 {
        let mut client = Client::to(gate.address());
        client.send(get("/"));
        clients.push(client);
        eventually("it is under way", || {
            let status = gate.status();
            status.members[0].in_flight + status.waiting as u32 == number + 1
        });
    }
    let seen = ask(&gate, get("/"));
    assert_eq!((seen.status, seen.header("retry-after")), (503, Some("1")));
    for client in &mut clients {
        go.send(()).unwrap();
        assert_eq!(client.answer().body, "late");
    }
    assert_eq!(gate.status().refused_no_room, 1);
    assert_eq!(gate.status().members[0].counts.requests, 2);
}

#[test]
fn events_pass_as_they_come_and_end_with_their_client() {
    let (go, gone) = mpsc::sync_channel::<()>(8);
    let gone = Mutex::new(gone);
    let ended = Arc::new(AtomicUsize::new(0));
    let over = Arc::clone(&ended);
    let replica = Replica::start(move |stream, _| {
        send(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        for event in ["one", "two"] {
            gone.lock().unwrap().recv().unwrap();
            send(stream, &format!("3\r\n{event}\r\n"));
        }
        // Comes back when the gate closes.
        stream.read(&mut [0]).unwrap_or_default();
        over.fetch_add(1, SeqCst);
        false
    });
    let (gate, _) = gate(config(), &[&replica]);
    let mut client = Client::to(gate.address());
    client.send(get("/events"));
    client.until(b"\r\n\r\n");
    for event in ["one", "two"] {
        go.send(()).unwrap();
        assert_eq!(client.chunk().as_deref(), Some(event));
    }
    assert_eq!(gate.status().members[0].in_flight, 1);
    drop(client);
    eventually("the replica hears of it", || ended.load(SeqCst) == 1);
    eventually("the place is free", || gate.status().members[0].in_flight == 0);
}

#[test]
fn large_bodies_go_through_in_pieces_and_a_cut_one_is_never_whole() {
    let size = 5 << 20;
    let got = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&got);
    let replica = Replica::start(move |stream, head| {
        let mut bytes = vec![0; 64 * 1024];
        let (mut all, mut tail) = (0, Vec::new());
        let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        loop {
            let read = stream.read(&mut bytes).unwrap_or_default();
            all += read;
            count.store(all, SeqCst);
            tail.extend_from_slice(&bytes[..read]);
            tail.drain(..tail.len().saturating_sub(5));
            if read == 0 {
                count.store(usize::MAX, SeqCst);
                return false;
            }
            if (is_chunked && tail == b"0\r\n\r\n") || (!is_chunked && all == size) {
                return say(stream, "whole");
            }
        }
    });
    let (gate, _) = gate(config(), &[&replica]);
    let body = vec![b'x'; size];
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
    let mut client = Client::to(gate.address());
    assert_eq!(client.ask([head.as_bytes(), &body].concat()).body, "whole");
    let chunk = format!("{size:x}\r\n");
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send([head.as_bytes(), chunk.as_bytes(), &body, b"\r\n"].concat());
    eventually("the replica has it all", || got.load(SeqCst) >= size);
    assert_eq!(client.ask("0\r\n\r\n").body, "whole");
    client.send([head.as_bytes(), chunk.as_bytes(), &body, b"\r\n"].concat());
    eventually("the replica has nearly all", || got.load(SeqCst) >= size);
    drop(client);
    eventually("the replica sees that it was cut", || got.load(SeqCst) == usize::MAX);
}

#[test]
fn a_slow_client_costs_a_replica_nothing() {
    let replica = Replica::start(|stream, _| {
        stream.read_exact(&mut [0; 4]).unwrap();
        say(stream, "four")
    });
    let (gate, _) = gate(config(), &[&replica]);
    let mut client = Client::to(gate.address());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    for byte in ["a", "b", "c"] {
        client.send(byte);
        assert_eq!(gate.status().members[0].counts.requests, 0);
    }
    assert_eq!(client.ask("d").body, "four");
}

#[test]
fn answers_without_a_body_keep_what_they_say_of_it() {
    let replica = Replica::start(|stream, head| {
        let head_only = "HTTP/1.1 200 OK\r\nContent-Length: 1234567\r\n\r\n";
        let not_new = "HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n";
        send(stream, if head.starts_with("HEAD") { head_only } else { not_new })
    });
    let (gate, _) = gate(config(), &[&replica]);
    let mut client = Client::to(gate.address());
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let seen = client.answer_to(true);
    assert_eq!((seen.status, seen.header("content-length")), (200, Some("1234567")));
    let seen = client.ask(get("/"));
    assert_eq!((seen.status, seen.header("etag")), (304, Some("\"7\"")));
    assert_eq!(client.ask(get("/")).status, 304, "the connection goes on");
}

#[test]
fn follows_a_name_to_other_addresses() {
    let (one, other) = (Replica::saying("one"), Replica::saying("other"));
    let (gate, places) = gate(config(), &[&one]);
    let mut client = Client::to(gate.address());
    assert_eq!(client.ask(get("/")).body, "one");
    *places.lock().unwrap() = vec![other.address];
    eventually("the old one has left", || {
        let members = gate.status().members;
        members.iter().all(|it| it.address == other.address && it.standing == Standing::Ready)
    });
    for _ in 0..5 {
        assert_eq!(client.ask(get("/")).body, "other");
    }
    gate.stop_and_wait(PATIENCE);
}

#[test]
fn who_fails_its_readiness_gets_nothing_and_comes_back() {
    let is_ready = Arc::new(AtomicUsize::new(1));
    let ready = Arc::clone(&is_ready);
    let one = Replica::start(move |stream, head| {
        if head.starts_with("GET /health") && ready.load(SeqCst) == 0 {
            return send(stream, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        }
        say(stream, "one")
    });
    let other = Replica::saying("other");
    let check = Some("/health".to_owned());
    let (gate, _) = gate(GateConfig { check, ..config() }, &[&one, &other]);
    let standing = || {
        let members = gate.status().members;
        members.iter().find(|it| it.address == one.address).unwrap().standing
    };
    is_ready.store(0, SeqCst);
    eventually("it is out", || standing() == Standing::Down);
    for _ in 0..10 {
        assert_eq!(ask(&gate, get("/")).body, "other");
    }
    is_ready.store(1, SeqCst);
    eventually("it is back", || standing() == Standing::Ready);
    let bodies: Vec<String> = (0..4).map(|_| ask(&gate, get("/")).body).collect();
    assert!(bodies.iter().any(|body| body == "one"), "{bodies:?}");
}
