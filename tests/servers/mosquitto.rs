//! A real mosquitto of the tests' own: on a free port, in a directory of its own, ended when it is dropped; and its
//! two clients, which we did not write.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct Mosquitto {
    folder: TempDir,
    port: u16,
    process: Mutex<Option<Child>>,
}

/// For `sent_after_receipt`, beside what `start` sets.
pub const TELLS_ALL: &str = "allow_anonymous true\nmax_queued_messages 0\nlog_type debug\n";

impl Mosquitto {
    /// Sessions and messages are kept on disk, as many as come; anybody may connect.
    pub fn start() -> Self {
        Self::with("allow_anonymous true\nmax_queued_messages 0\n")
    }

    /// With these lines beside the port and the place of its files.
    pub fn with(settings: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("hw-mqtt-").tempdir().unwrap();
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let server = Self { folder, port, process: Mutex::default() };
        server.configure(settings);
        server.resume();
        server
    }

    /// For the next start.
    pub fn configure(&self, settings: &str) {
        // As root it would become another user, who may not write here.
        let text = format!(
            "listener {} 127.0.0.1\nuser root\npersistence true\npersistence_location {}/\n\
             autosave_interval 1\nlog_dest file {}\n\
             log_type error\nlog_type warning\nlog_type notice\nlog_type information\nlog_type subscribe\n{settings}\n",
            self.port,
            self.folder().display(),
            self.folder().join("log").display(),
        );
        std::fs::write(self.folder().join("mosquitto.conf"), text).unwrap();
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("mqtt://{}", self.address())
    }

    /// What it wrote about itself.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }

    /// How many messages of quality 2 it sent again to a client that it knew to have received them. mosquitto 2.0.11 does
    /// so when a connection is lost before it could say again what it had to say after the one before, and a client
    /// cannot tell such a message from another one. Only with `log_type debug`.
    pub fn sent_after_receipt(&self, client: &str) -> usize {
        let number = |line: &str, before: &str| -> Option<u16> {
            let rest = line.split_once(client)?.1.split_once(before)?.1;
            rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
        };
        let (mut received, mut again) = (BTreeSet::new(), 0);
        for line in self.log().lines() {
            if line.contains("Received PUBREC from ") {
                received.extend(number(line, "Mid: "));
            } else if line.contains("Received PUBCOMP from ") {
                number(line, "Mid: ").map(|number| received.remove(&number));
            } else if line.contains("Sending PUBLISH to ") {
                let is_again = number(line, "(d1, q2, r0, m");
                again += usize::from(is_again.is_some_and(|number| received.remove(&number)));
            }
        }
        again
    }

    /// Starts it, also again after `kill` or `stop`; what it kept is there again.
    #[track_caller]
    pub fn resume(&self) {
        let mut command = Command::new("/usr/sbin/mosquitto");
        command.arg("-c").arg(self.folder().join("mosquitto.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        *self.process() = Some(command.spawn().expect("mosquitto is installed"));
        self.until(|| {
            let ended = self.process().as_mut().unwrap().try_wait().unwrap();
            assert_eq!(ended, None, "the broker ended:\n{}", self.log());
            TcpStream::connect(self.address()).is_ok()
        });
    }

    /// `kill -9`: what it had not saved is gone.
    pub fn kill(&self) {
        if let Some(mut process) = self.process().take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// It saves and ends.
    pub fn stop(&self) {
        self.signal("TERM");
        if let Some(mut process) = self.process().take() {
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

    /// `mosquitto_pub`, with what it needs to reach this broker.
    pub fn publisher(&self, arguments: &[&str]) -> Command {
        self.client("mosquitto_pub", arguments)
    }

    /// `mosquitto_sub`, with what it needs to reach this broker.
    pub fn subscriber(&self, arguments: &[&str]) -> Command {
        self.client("mosquitto_sub", arguments)
    }

    /// Publishes one message and waits until the broker has it.
    #[track_caller]
    pub fn publish(&self, topic: &str, message: &str) {
        let status = self.publisher(&["-q", "1", "-t", topic, "-m", message]).status().unwrap();
        assert!(status.success(), "mosquitto_pub -t {topic}");
    }

    fn client(&self, name: &str, arguments: &[&str]) -> Command {
        // Each line is written at once, also into a pipe.
        let mut command = Command::new("stdbuf");
        command
            .args(["-oL", name, "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(arguments);
        command
    }

    fn signal(&self, name: &str) {
        let Some(id) = self.process().as_ref().map(Child::id) else { return };
        let status = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status();
        assert!(status.unwrap().success(), "kill -{name} {id}");
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    pub fn until(&self, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let (never, nothing) = (Mutex::new(()), Condvar::new());
        while !holds() {
            assert!(Instant::now() < deadline, "the broker takes too long:\n{}", self.log());
            let pause = Duration::from_millis(5);
            drop(nothing.wait_timeout(never.lock().unwrap(), pause).unwrap());
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}
