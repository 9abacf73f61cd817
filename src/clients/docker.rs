//! Asks a Docker engine through its socket. Nothing waits for ever.

use crate::core::time::now;
use serde_json::Value;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where an engine listens unless told otherwise.
const SOCKET: &str = "/var/run/docker.sock";
/// For one question.
const PATIENCE: Duration = Duration::from_secs(4);
/// For one change: a container that is stopped may take its time of grace.
const CHANGE_PATIENCE: Duration = Duration::from_mins(2);
/// The longest answer: a thousand nodes take about two megabytes.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug, Clone)]
pub struct Engine {
    socket: PathBuf,
}

/// What the engine said.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Null where it said nothing.
    pub body: Value,
}

impl Answer {
    /// The engine's own words for what it refused.
    pub fn message(&self) -> String {
        let message = self.body.get("message").and_then(Value::as_str);
        message.map_or_else(|| format!("it answers {}", self.status), str::to_owned)
    }
}

impl Engine {
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_path_buf() }
    }

    /// The socket that `DOCKER_HOST` names, if it names one, else the usual one.
    pub fn usual_socket(docker_host: &str) -> PathBuf {
        let named = docker_host.strip_prefix("unix://");
        named.map_or_else(|| Path::new(SOCKET).to_path_buf(), PathBuf::from)
    }

    /// Asks for a path; the error is for people.
    pub fn get(&self, path: &str) -> Result<Answer, String> {
        let head = format!("GET {path} HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n");
        self.exchange(&format!("{head}\r\n"), PATIENCE)
    }

    /// Asks for a change: `POST` with a body, or `DELETE`.
    pub fn change(&self, method: &str, path: &str, body: &Value) -> Result<Answer, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let question = format!(
            "{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.exchange(&question, CHANGE_PATIENCE)
    }

    fn exchange(&self, question: &str, patience: Duration) -> Result<Answer, String> {
        let shown = self.socket.display();
        let answer = self.talk(question, patience).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no Docker engine at {shown}"),
            std::io::ErrorKind::ConnectionRefused => {
                format!("nobody answers at {shown}: the engine is not running")
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("this user may not talk to the engine at {shown} (group docker may)")
            }
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                format!("the engine at {shown} does not answer within {} s", patience.as_secs())
            }
            _ => format!("{shown}: {error}"),
        })?;
        parse(&answer).ok_or_else(|| format!("what answers at {shown} is no Docker engine"))
    }

    fn talk(&self, question: &str, patience: Duration) -> std::io::Result<Vec<u8>> {
        let end = now() + patience;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.connect_timeout(&SockAddr::unix(&self.socket)?, PATIENCE)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let mut socket = socket;
        // With HTTP/1.0 the answer ends with the connection, and comes in one piece; so does the question.
        socket.write_all(question.as_bytes())?;
        let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
        loop {
            let left = end.saturating_duration_since(now());
            if left.is_zero() {
                return Err(std::io::ErrorKind::TimedOut.into());
            }
            socket.set_read_timeout(Some(left))?;
            let read = socket.read(&mut buffer)?;
            if read == 0 || answer.len() > ANSWER_BYTES {
                return Ok(answer);
            }
            answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
        }
    }
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let body =
        if body.trim().is_empty() { Value::Null } else { serde_json::from_str(body).ok()? };
    Some(Answer { status, body })
}
