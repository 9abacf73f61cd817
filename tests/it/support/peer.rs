//! A fake HTTP server that answers as it is told: well, badly, slowly, endlessly or not at all.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A request as the peer saw it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub head: String,
    pub body: String,
}

/// What the peer does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Status, further header lines (each with its line end), body.
    Answer(u16, String, String),
    /// These bytes and nothing else, then the connection is closed.
    Raw(Vec<u8>),
    /// A body that never ends.
    Endless,
    /// Nothing: the connection stays open and silent until the peer is dropped.
    Silence,
}

impl Reply {
    pub fn json(body: impl Into<String>) -> Self {
        Self::Answer(200, "content-type: application/json\r\n".to_owned(), body.into())
    }

    pub fn status(status: u16) -> Self {
        Self::Answer(status, String::new(), format!("status {status}\n"))
    }
}

type Script = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// Listens until it is dropped, and remembers what it was asked.
pub struct Peer {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    pub fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", script)
    }

    /// At a place that is known already.
    pub fn at(place: &str, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(place, None, Arc::new(script))
    }

    /// Behind TLS, with this certificate.
    pub fn encrypted(
        certificate: ServerConfig,
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen("127.0.0.1:0", Some(Arc::new(certificate)), Arc::new(script))
    }

    fn listen(place: &str, tls: Option<Arc<ServerConfig>>, script: Script) -> Self {
        let listener = TcpListener::bind(place).unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, ends) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (seen, ends) = (Arc::clone(&seen), Arc::clone(&ends));
                let (tls, script) = (tls.clone(), Arc::clone(&script));
                std::thread::spawn(move || match tls {
                    None => drop(serve(stream, &script, &seen, &ends)),
                    Some(tls) => {
                        let session = ServerConnection::new(tls).unwrap();
                        drop(serve(StreamOwned::new(session, stream), &script, &seen, &ends));
                    }
                });
            }
        });
        Self { address, asked, stop, thread: Some(thread) }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        // A last connection wakes the listening thread, which then lets the port go.
        let (_, place) = self.address.split_once("://").unwrap();
        drop(TcpStream::connect(place.trim_end_matches('/')));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn serve(
    stream: impl Read + Write,
    script: &Script,
    seen: &Mutex<Vec<Asked>>,
    ends: &AtomicBool,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = request(&mut reader)? {
        seen.lock().unwrap().push(asked.clone());
        let reply = script(&asked);
        let stream = reader.get_mut();
        match reply {
            Reply::Answer(status, headers, body) => {
                let length = body.len();
                let has_body = status != 304 && status != 204;
                let length =
                    if has_body { format!("content-length: {length}\r\n") } else { String::new() };
                let body = if has_body { body } else { String::new() };
                let answer = format!("HTTP/1.1 {status} Reply\r\n{headers}{length}\r\n{body}");
                stream.write_all(answer.as_bytes())?;
            }
            Reply::Raw(bytes) => return stream.write_all(&bytes),
            Reply::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")?;
                while !ends.load(Relaxed) {
                    stream.write_all(&[b'9'; 4096])?;
                }
                return Ok(());
            }
            Reply::Silence => {
                while !ends.load(Relaxed) {
                    std::thread::sleep(Duration::from_millis(10));
                }
                return Ok(());
            }
        }
    }
    Ok(())
}

fn request(reader: &mut impl BufRead) -> std::io::Result<Option<Asked>> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        if head[before..].trim().is_empty() {
            break;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Some(Asked { head, body: String::from_utf8_lossy(&body).into_owned() }))
}
