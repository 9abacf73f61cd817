//! A real Redis of the tests' own: on a free port, in a directory of its own, ended when it is dropped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    process: Mutex<Option<Child>>,
}

impl Redis {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With more arguments for `redis-server`.
    pub fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("hw-redis-").tempdir().unwrap();
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        let server = Self { folder, port, arguments, process: Mutex::default() };
        server.resume();
        server
    }

    /// Without a database.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Starts it, also again after `kill`; what it saved is there again.
    #[track_caller]
    pub fn resume(&self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--loglevel", "warning"]).args(&self.arguments);
        command.current_dir(self.folder.path());
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        *self.process() = Some(process.expect("redis-server is installed"));
        self.until(|| {
            let ended = self.process().as_mut().unwrap().try_wait().unwrap();
            assert_eq!(ended, None, "the server ended");
            self.says("PING").is_ok_and(|line| line.starts_with('+') || line.starts_with("-NOAUTH"))
        });
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

    pub fn query<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut connection = self.connection();
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query(&mut connection).unwrap()
    }

    pub fn connection(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Every command that anybody sends from now on.
    pub fn monitor(&self) -> Monitor {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, "+OK\r\n");
        Monitor { reader }
    }

    /// The first line of the answer to a command without arguments.
    fn says(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line)
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
            assert!(Instant::now() < deadline, "the server on port {} takes too long", self.port);
            pause(Duration::from_millis(5));
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What Redis tells of the commands it gets.
#[derive(Debug)]
pub struct Monitor {
    reader: BufReader<TcpStream>,
}

impl Monitor {
    /// The commands up to the one that holds `last`.
    pub fn up_to(mut self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "the server ended");
            if line.contains(last) {
                return lines;
            }
            lines.push(line);
        }
    }
}

/// Between two looks at something outside.
pub fn pause(span: Duration) {
    let (never, nothing) = (Mutex::new(()), Condvar::new());
    drop(nothing.wait_timeout(never.lock().unwrap(), span).unwrap());
}
