//! A server on a free port and a client that speaks in bytes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use http::Method;

use crate::server::{
    Answer, Limits, Problem, Request, RequestHead, Response, Route, Router, RunningServer, Server,
    ServerConfig, Stopped,
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn start(router: Router) -> RunningServer {
    start_with(Limits::default(), router)
}

pub(crate) fn start_with(limits: Limits, router: Router) -> RunningServer {
    let address = "127.0.0.1:0".parse().unwrap();
    Server::start(ServerConfig { name: "test".into(), address, limits }, router).unwrap()
}

pub(crate) fn stop(server: RunningServer, deadline: Duration) -> Stopped {
    block_on(server.stop(deadline))
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// Waits for a condition, not for a time.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

/// `GET /` says `hello`, `POST /echo` says its body, `GET /users/7` says `user 7`, `/panic` and `/slow-panic` panic.
pub(crate) fn routes() -> Router {
    Router::new()
        .at("/", Route::new().quick(Method::GET, say("hello")))
        .at("/echo", Route::new().slow(Method::POST, echo))
        .at("/panic", Route::new().quick(Method::GET, panics))
        .at("/slow-panic", Route::new().slow(Method::GET, panics_later))
        .segment("/users/", Route::new().quick(Method::GET, user))
}

pub(crate) fn say(text: &'static str) -> impl Fn(&RequestHead<'_>, &mut Answer) + Send + Sync {
    move |_: &RequestHead<'_>, out: &mut Answer| out.text().extend_from_slice(text.as_bytes())
}

pub(crate) async fn echo(request: Request) -> Result<Response, Problem> {
    Ok(Response::text(200, request.body.collect().await?))
}

fn panics(_: &RequestHead<'_>, out: &mut Answer) {
    out.text().extend_from_slice(b"half an answer");
    panic!("a quick handler's secret");
}

async fn panics_later(_: Request) -> Result<Response, Problem> {
    panic!("a slow handler's secret");
}

fn user(request: &RequestHead<'_>, out: &mut Answer) {
    out.text().extend_from_slice(format!("user {}", request.segment()).as_bytes());
}

/// One answer, as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    kept: Vec<u8>,
}

impl Client {
    pub(crate) fn new(server: &RunningServer) -> Self {
        Self::to(server.address())
    }

    pub(crate) fn to(address: std::net::SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, kept: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    pub(crate) fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Seen {
        self.send(bytes);
        self.answer()
    }

    /// The next answer, its body delimited by its length or its chunks.
    pub(crate) fn answer(&mut self) -> Seen {
        self.answer_to(false)
    }

    /// The next answer, to a HEAD request if `head_only`.
    pub(crate) fn answer_to(&mut self, head_only: bool) -> Seen {
        let head = self.until(b"\r\n\r\n");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut seen = Seen { status, head, body: String::new() };
        if seen.header("transfer-encoding") == Some("chunked") && !head_only {
            while let Some(chunk) = self.chunk() {
                seen.body.push_str(&chunk);
            }
        } else if let Some(length) = seen.header("content-length").filter(|_| !head_only) {
            let length = length.parse().unwrap();
            seen.body = self.take(length);
        }
        seen
    }

    pub(crate) fn chunk(&mut self) -> Option<String> {
        let size = usize::from_str_radix(self.until(b"\r\n").trim(), 16).unwrap();
        let data = self.take(size);
        assert_eq!(self.take(2), "\r\n");
        (size > 0).then_some(data)
    }

    /// Everything until the server closes.
    pub(crate) fn rest(&mut self) -> String {
        while self.read() {}
        let count = self.kept.len();
        self.take(count)
    }

    pub(crate) fn until(&mut self, end: &[u8]) -> String {
        loop {
            if let Some(at) = self.kept.windows(end.len()).position(|window| window == end) {
                return self.take(at + end.len());
            }
            let kept = String::from_utf8_lossy(&self.kept).into_owned();
            assert!(self.read(), "closed after {kept:?}");
        }
    }

    fn take(&mut self, count: usize) -> String {
        while self.kept.len() < count {
            assert!(self.read(), "closed too early");
        }
        String::from_utf8(self.kept.drain(..count).collect()).unwrap()
    }

    /// A reset counts as an end: what matters is that nothing more comes.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(count) => {
                self.kept.extend_from_slice(&bytes[..count]);
                count > 0
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A GET request of HTTP/1.1.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")
}

/// A request to `/echo` with these header lines and this body.
pub(crate) fn post(headers: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: test\r\n{headers}\r\n{body}")
}

/// A body of a length known beforehand.
pub(crate) fn post_text(body: &str) -> String {
    post(&format!("Content-Length: {}\r\n", body.len()), body)
}
