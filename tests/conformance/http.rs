//! The `http` sink and the `http_listen` source against a few lines of server and client.

use crate::support::{context, flow, json_batch, real_disk, sink_in};
use headwater::core::fault::Fault;
use headwater::core::kind::BuiltSource;
use headwater::core::position::Checkpoint;
use headwater::core::record::{Records, Rejected};
use headwater::core::sink::Sink;
use headwater::core::source::{Done, NotTaken, Offer};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// What a request had: its first line, its idempotency key, its body.
type Seen = (String, String, String);

/// Answers as many requests as there are answers, one connection each; ends with what it saw. An answer is a
/// status with headers, and a body behind an arrow.
fn serve(answers: &[&str]) -> (String, JoinHandle<Vec<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let thread = std::thread::spawn(move || {
        answers.iter().map(|answer| exchange(&listener.accept().unwrap().0, answer)).collect()
    });
    (url, thread)
}

fn exchange(stream: &TcpStream, answer: &str) -> Seen {
    let mut reader = BufReader::new(stream);
    let (mut first, mut key, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        match line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value)) {
            Some((name, value)) if name == "content-length" => length = value.parse().unwrap(),
            Some((name, value)) if name == "idempotency-key" => value.clone_into(&mut key),
            Some(_) => {}
            None => line.clone_into(&mut first),
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (head, content) = answer.split_once(" => ").unwrap_or((answer, "no"));
    let answer = format!(
        "HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{content}",
        content.len()
    );
    let mut stream = stream;
    stream.write_all(answer.as_bytes()).unwrap();
    (first, key, String::from_utf8(body).unwrap())
}

/// A flow's directory, as the engine makes it.
fn home() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("headwater-data")).unwrap();
    directory
}

fn sink_at(text: &str, home: &Path) -> Box<dyn Sink> {
    sink_in(text, &real_disk(), home)
}

fn keys(server: JoinHandle<Vec<Seen>>) -> Vec<String> {
    server.join().unwrap().into_iter().map(|(_, key, _)| key).collect()
}

#[test]
fn a_record_keeps_its_key_wherever_batches_end_when_it_is_sent_again() {
    let home = home();
    let (url, server) = serve(&["200 OK"; 6]);
    let mut first = sink_at(&format!("http: \"{url}\""), home.path());
    first.recover(&Checkpoint::default()).unwrap();
    first.write(&json_batch("a", 1, &["{\"n\":1}"])).unwrap();
    let state = first.commit().unwrap();
    first.write(&json_batch("a", 2, &["{\"n\":2}"])).unwrap();
    first.write(&json_batch("a", 3, &["{\"n\":2}"])).unwrap();
    drop(first);
    let mut second = sink_at(&format!("http: \"{url}\""), home.path());
    second.recover(&Checkpoint { sink: state, ..Checkpoint::default() }).unwrap();
    second.write(&json_batch("a", 4, &["{\"n\":2}", "{\"n\":2}", "{\"n\":4}"])).unwrap();
    let keys = keys(server);
    assert_eq!(keys[1..3], keys[3..5]);
    let distinct: BTreeSet<&String> = keys.iter().collect();
    assert_eq!(distinct.len(), 4, "{keys:?}");
}

#[test]
fn a_key_is_no_other_worker_s_and_fits_any_receiver_whatever_a_file_is_called() {
    let homes = [home(), home()];
    let (url, server) = serve(&["200 OK"; 2]);
    for home in &homes {
        let mut sink = sink_at(&format!("http: \"{url}\""), home.path());
        sink.recover(&Checkpoint::default()).unwrap();
        let batch = json_batch(&"M\u{fc}ller/".repeat(100), 1, &["{\"n\":1}"]);
        assert!(sink.write(&batch).unwrap().is_empty());
    }
    let keys = keys(server);
    assert_ne!(keys[0], keys[1]);
    assert!(keys.iter().all(|key| (1..=255).contains(&key.len()) && key.is_ascii()), "{keys:?}");
}

#[test]
fn a_record_that_the_server_never_takes_is_refused_alone() {
    let (url, server) = serve(&["200 OK", "422 Unprocessable", "201 Created"]);
    let home = home();
    let mut sink = sink_at(&format!("http: \"{url}\""), home.path());
    sink.recover(&Checkpoint::default()).unwrap();
    let batch = json_batch("a", 3, &["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
    let rejected = sink.write(&batch).unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].record, b"{\"n\":2}");
    assert!(rejected[0].reason.contains("answers 422"), "{}", rejected[0].reason);
    let seen = server.join().unwrap();
    let bodies: Vec<&str> = seen.iter().map(|(_, _, body)| body.as_str()).collect();
    assert_eq!(bodies, ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
}

#[test]
fn a_busy_server_is_asked_again_for_the_rest_with_the_same_key() {
    let (url, server) = serve(&["200 OK", "503 Busy\r\nRetry-After: 7", "200 OK"]);
    let home = home();
    let mut sink = sink_at(&format!("http: \"{url}\""), home.path());
    let batch = json_batch("a", 3, &["{\"n\":1}", "{\"n\":2}"]);
    let fault = sink.write(&batch).unwrap_err();
    let Fault::Retry { after, .. } = &fault else { panic!("{fault}") };
    assert_eq!(after.unwrap().as_secs(), 7);
    sink.rollback().unwrap();
    assert!(sink.write(&batch).unwrap().is_empty());
    let seen = server.join().unwrap();
    assert_eq!(seen.len(), 3);
    assert_ne!(seen[0].1, seen[1].1);
    assert_eq!(seen[1].1, seen[2].1, "the repeated record keeps its key");
}

#[test]
fn what_is_sent_of_one_batch_is_not_sent_again_when_the_next_one_fails() {
    let (url, server) = serve(&["200 OK", "503 Busy", "200 OK"]);
    let home = home();
    let mut sink = sink_at(&format!("http: \"{url}\""), home.path());
    let batches = [json_batch("a", 1, &["{\"n\":1}"]), json_batch("a", 2, &["{\"n\":2}"])];
    sink.write(&batches[0]).unwrap();
    sink.write(&batches[1]).unwrap_err();
    sink.rollback().unwrap();
    for batch in &batches {
        sink.write(batch).unwrap();
    }
    let bodies: Vec<String> = server.join().unwrap().into_iter().map(|(_, _, body)| body).collect();
    assert_eq!(bodies, ["{\"n\":1}", "{\"n\":2}", "{\"n\":2}"]);
}

#[test]
fn a_no_in_the_body_of_a_2xx_counts_as_refused() {
    let (url, server) = serve(&[
        "200 OK => {\"message\":\"User created successfully\"}",
        "200 OK => {\n  \"error\": \"User already exists\"\n}\n",
        "200 OK => <p>error</p>",
    ]);
    let home = home();
    let mut sink = sink_at(&format!("http: {{ url: \"{url}\", refused_if: .error }}"), home.path());
    let batch = json_batch("a", 3, &["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
    assert!(sink.write(&batch).unwrap().is_empty(), "no dead letters");
    assert!(sink.refused().is_empty(), "not before the commit");
    sink.commit().unwrap();
    let refused = sink.refused();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].starts_with("`{\"n\":2}`: http://"), "{refused:?}");
    assert!(refused[0].contains("User already exists"), "{refused:?}");
    assert!(sink.refused().is_empty(), "told once");
    server.join().unwrap();
}

#[test]
fn a_server_that_is_not_there_is_tried_again() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let home = home();
    let mut sink = sink_at(&format!("http: \"http://{closed}/\""), home.path());
    let fault = sink.write(&json_batch("a", 1, &["{\"n\":1}"])).unwrap_err();
    assert!(matches!(fault, Fault::Retry { .. }), "{fault}");
    assert!(fault.reason().contains(&closed.to_string()), "{fault}");
}

#[test]
fn fields_go_into_the_query_and_what_has_none_is_refused() {
    let (url, server) = serve(&["200 OK", "200 OK"]);
    let home = home();
    let mut sink = sink_at(&format!("http: {{ url: \"{url}\", as: query }}"), home.path());
    let batch = json_batch("a", 1, &["{\"name\":\"a b&c\",\"age\":3}", "[1]", "{\"n\":2}"]);
    let rejected = sink.write(&batch).unwrap();
    assert_eq!(rejected.len(), 1, "{rejected:?}");
    assert_eq!(rejected[0].record, b"[1]");
    let seen = server.join().unwrap();
    assert!(seen[0].0.starts_with("POST /events?name=a"), "{}", seen[0].0);
    assert!(seen[0].0.contains("%26c&age=3 "), "{}", seen[0].0);
    assert_eq!(seen[0].2, "");
}

/// Takes what is offered, or refuses it with the reason of the day.
#[derive(Default)]
struct Basket {
    taken: Mutex<Vec<u8>>,
    refuse: Mutex<Option<String>>,
}

impl Offer for Basket {
    fn offer(&self, records: Records, done: Done) {
        if let Some(reason) = self.refuse.lock().unwrap().clone() {
            return done(Err(NotTaken { reason }));
        }
        self.taken.lock().unwrap().extend(records.bytes);
        done(Ok(()));
    }

    fn reject(&self, _: Vec<Rejected>, _: Done) {
        unreachable!("who posts is told at once")
    }

    fn waits(&self, _: &Fault, _: Duration) {}

    fn works(&self) {}
}

fn post(address: &str, path: &str, kind: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n");
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn an_intake_answers_what_became_of_the_records() {
    let flow =
        flow("http_listen: { listen: 0, path: /in, body_max: 100B }", None, "drop: {}").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let context = context(&real_disk(), directory.path());
    let built = (flow.source.kind.build)(&flow.source.options, &context).unwrap();
    let BuiltSource::Intake(mut intake) = built else { panic!("it takes in") };
    let inbox = Arc::new(Basket::default());
    let guard = intake.start(Arc::<Basket>::clone(&inbox)).unwrap();
    let url = guard.address().unwrap();
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/in").unwrap().to_owned();

    let taken = post(&address, "/in", "application/json", "[{\"a\":1},{\"a\":2}]");
    assert!(taken.starts_with("HTTP/1.1 200") && taken.ends_with("{\"accepted\":2}"), "{taken}");
    let bad = post(&address, "/in", "application/json", "[{\"a\":3},");
    assert!(bad.starts_with("HTTP/1.1 400") && bad.contains("not JSON"), "{bad}");
    let large =
        post(&address, "/in", "application/json", &format!("{{\"a\":\"{}\"}}", "x".repeat(200)));
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    assert!(post(&address, "/out", "application/json", "{}").starts_with("HTTP/1.1 404"));
    assert_eq!(*inbox.taken.lock().unwrap(), b"{\"a\":1}\n{\"a\":2}\n");

    *inbox.refuse.lock().unwrap() = Some("the disk is full".to_owned());
    let busy = post(&address, "/in", "application/json", "{\"a\":4}");
    assert!(busy.starts_with("HTTP/1.1 503") && busy.contains("the disk is full"), "{busy}");
    assert!(busy.to_lowercase().contains("retry-after: 1"), "{busy}");
    guard.stop();
    assert!(TcpStream::connect(&address).is_err());
}
