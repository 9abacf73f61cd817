//! A long list of `users` is streamed: whole, in the order of insertion, and in memory that does not grow with it.

use crate::support::{Connection, Harness, PATIENCE, Process};
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;

/// Users, unless `HEADWATER_LIST` says otherwise; a long run takes a million.
const USERS: u64 = 200_000;
/// That share one request.
const TOGETHER: u64 = 10_000;
/// Of each name, so that the list is far larger than the memory it may take.
const NAME: usize = 400;
/// Beyond the process at rest, while several lists are sent: a debug build and its allocator need some.
const MEMORY: u64 = 40 * 1024 * 1024;
const READERS: usize = 3;

/// The store of the built-in stack, with a wire that takes many records at once.
const LOADER: &str = "stack: users
resources:
  users:
    key: user_id
    fields: { user_id: integer, name: text, age: integer }
services:
  loader:
    listen: 0
    routes: { /users/: { resource: users } }
";

fn users() -> u64 {
    let asked = std::env::var("HEADWATER_LIST").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(USERS)
}

/// The id of the user that is inserted as number `place`: another order than that of the ids.
fn id(place: u64) -> u64 {
    // Prime, and larger than any list, so that no id comes twice.
    place * 7919 % 15_485_863
}

fn name(place: u64) -> String {
    format!("{place:0>NAME$}")
}

fn age(place: u64) -> u64 {
    18 + place % 63
}

fn load(harness: &Harness, count: u64) {
    let mut process = harness.start();
    let mut connection = Connection::open(&process.address("loader")).unwrap();
    let headers = "content-type: application/x-ndjson\r\nprefer: return=minimal\r\n";
    for first in (0..count).step_by(TOGETHER as usize) {
        let places = first..count.min(first + TOGETHER);
        let line = |place| {
            let (id, name, age) = (id(place), name(place), age(place));
            format!("{{\"user_id\":{id},\"name\":\"{name}\",\"age\":{age}}}\n")
        };
        let body: String = places.map(line).collect();
        let answer = connection.exchange_with("POST", "/users/", headers, &body).unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    process.stop();
}

/// The body of an answer in chunks. Its end without the last chunk is an error.
struct Chunks<R> {
    inner: R,
    left: usize,
    has_ended: bool,
}

impl<R: BufRead> Chunks<R> {
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.inner.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.has_ended {
            self.left = usize::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
            self.has_ended = self.left == 0;
        }
        if self.has_ended {
            return Ok(0);
        }
        let most = self.left.min(buffer.len());
        let read = self.inner.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        if self.left == 0 {
            self.line()?;
        }
        Ok(read)
    }
}

/// Asks for the list; what comes is not read yet.
fn ask(address: &str) -> TcpStream {
    let host = address.trim_start_matches("http://").split('/').next().unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /users/ HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
    stream
}

/// Reads the whole list and compares each of its users; answers the bytes of it.
fn read_whole(address: &str, count: u64) -> usize {
    let mut reader = BufReader::with_capacity(65_536, ask(address));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.to_lowercase().contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
    let mut body = BufReader::new(Chunks { inner: reader, left: 0, has_ended: false });
    let mut entry = Vec::new();
    let mut bytes = 0;
    for place in 0..count {
        entry.clear();
        bytes += body.read_until(b'}', &mut entry).unwrap();
        let before = if place == 0 { '{' } else { ',' };
        let (id, name, age) = (id(place), name(place), age(place));
        let expected = format!("{before}\"{id}\":{{\"name\":\"{name}\",\"age\":{age}}}");
        assert!(entry == expected.as_bytes(), "{expected}: {}", String::from_utf8_lossy(&entry));
    }
    let mut rest = String::new();
    body.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "}");
    bytes + rest.len()
}

#[test]
fn is_sent_whole_in_order_and_in_bounded_memory() {
    let count = users();
    let loader = Harness::new(LOADER);
    load(&loader, count);
    let mut command = loader.command();
    command.args(["run", "api", "--stack", "users", "--admin", "127.0.0.1:0", "--port", "api=0"]);
    let mut process = Process::start(&mut command);
    let address = process.address("api");
    let at_rest = process.memory("VmRSS");
    // Whoever asks and does not read holds a piece of the list and no more.
    let _stuck: Vec<TcpStream> = (0..READERS).map(|_| ask(&address)).collect();
    let lists: Vec<usize> = std::thread::scope(|threads| {
        let reading = || threads.spawn(|| read_whole(&address, count));
        let readers: Vec<_> = (0..READERS).map(|_| reading()).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    let peak = process.memory("VmHWM");
    eprintln!("{} users, {} bytes, at rest {at_rest}, at most {peak}", count, lists[0]);
    assert!(peak < at_rest + MEMORY, "{peak} bytes at most, {at_rest} at rest");
    assert!(lists[0] as u64 > 2 * MEMORY || count < USERS, "the list is longer than that");
    process.stop();
}
