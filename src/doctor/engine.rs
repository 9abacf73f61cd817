//! Asks a Docker engine through its socket. Nothing is ever changed by it, and nothing waits for ever.

use crate::core::time::now;
use serde_json::Value;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For one question.
const PATIENCE: Duration = Duration::from_secs(4);
/// The longest answer: a thousand nodes take about two megabytes.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Engine {
    socket: PathBuf,
}

/// What the engine said.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Engine {
    pub(super) fn new(socket: &Path) -> Self {
        Self { socket: socket.to_path_buf() }
    }

    /// Asks for a path; the error is for people.
    pub(super) fn get(&self, path: &str) -> Result<Answer, String> {
        let shown = self.socket.display();
        let answer = self.exchange(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no Docker engine at {shown}"),
            std::io::ErrorKind::ConnectionRefused => {
                format!("nobody answers at {shown}: the engine is not running")
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("this user may not talk to the engine at {shown} (group docker may)")
            }
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                format!("the engine at {shown} does not answer within {} s", PATIENCE.as_secs())
            }
            _ => format!("{shown}: {error}"),
        })?;
        parse(&answer).ok_or_else(|| format!("what answers at {shown} is no Docker engine"))
    }

    fn exchange(&self, path: &str) -> std::io::Result<Vec<u8>> {
        let end = now() + PATIENCE;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.connect_timeout(&SockAddr::unix(&self.socket)?, PATIENCE)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let mut socket = socket;
        // With HTTP/1.0 the answer ends with the connection, and comes in one piece; so does the question.
        let question =
            format!("GET {path} HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n");
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
    let body = serde_json::from_str(body).ok()?;
    Some(Answer { status, body })
}
