//! The smallest HTTP client that can tell "not answered" from "refused".

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A connection that is kept. Any trouble is an error: nobody knows what became of the request.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// To the host and port of an address like `http://127.0.0.1:5000/path`.
    pub fn open(address: &str) -> std::io::Result<Self> {
        let host = host_of(address).to_owned();
        let stream = TcpStream::connect(&host)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_write_timeout(Some(Duration::from_secs(10)))?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream), host })
    }

    pub fn exchange(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        self.exchange_with(method, path, "", body)
    }

    /// Like `exchange`, with headers, each with its line end.
    pub fn exchange_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.reader.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> std::io::Result<Answer> {
        let broken = |what: &str| std::io::Error::other(what.to_owned());
        let mut head = String::new();
        loop {
            let before = head.len();
            if self.reader.read_line(&mut head)? == 0 {
                return Err(broken("closed within the head"));
            }
            if head[before..].trim().is_empty() {
                break;
            }
        }
        let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| broken("no status"))?;
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").and_then(|text| text.parse().ok());
        let body = match answer.header("transfer-encoding") {
            Some(_) => self.chunks()?,
            None => self.exactly(length.unwrap_or(0))?,
        };
        answer.body = String::from_utf8_lossy(&body).into_owned();
        Ok(answer)
    }

    fn exactly(&mut self, length: usize) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn chunks(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut size = String::new();
            self.reader.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
            body.extend(self.exactly(size)?);
            self.exactly(2)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

/// One GET on a connection of its own.
pub fn get(address: &str) -> std::io::Result<Answer> {
    Connection::open(address)?.exchange("GET", path_of(address), "")
}

/// One POST on a connection of its own.
pub fn post(address: &str, body: &str) -> std::io::Result<Answer> {
    Connection::open(address)?.exchange("POST", path_of(address), body)
}

fn host_of(address: &str) -> &str {
    let rest = address.strip_prefix("http://").unwrap_or(address);
    rest.split('/').next().unwrap_or(rest)
}

fn path_of(address: &str) -> &str {
    let rest = address.strip_prefix("http://").unwrap_or(address);
    rest.find('/').map_or("/", |slash| &rest[slash..])
}
