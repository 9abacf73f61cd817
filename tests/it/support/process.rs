//! A running headwater, or anything else that is started beside it.

use super::{Lines, PATIENCE};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A process whose output is gathered; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub out: Lines,
    pub err: Lines,
}

impl Process {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let out = Lines::gather(child.stdout.take().unwrap());
        let err = Lines::gather(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A number of `/proc/ID/status` in bytes, `VmHWM` for example.
    #[track_caller]
    pub fn memory(&self, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes * 1024
    }

    /// `http://127.0.0.1:PORT/path`, from the greeting; `None` when the process ended before.
    pub fn address_if(&self, service: &str) -> Option<String> {
        let address = |line: &str| {
            let mut words = line.strip_prefix("  ")?.split_whitespace();
            (words.next()? == service).then(|| words.next().map(str::to_owned))?
        };
        self.err.find(PATIENCE, address)
    }

    #[track_caller]
    pub fn address(&self, service: &str) -> String {
        self.address_if(service)
            .unwrap_or_else(|| panic!("no address of {service} in:\n{}", self.err.text()))
    }

    /// Waits until standard error has a line that holds `text`.
    #[track_caller]
    pub fn says(&self, text: &str) -> String {
        let line = self.err.find(PATIENCE, |line| line.contains(text).then(|| line.to_owned()));
        line.unwrap_or_else(|| panic!("never said `{text}`:\n{}", self.err.text()))
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        self.child.wait().unwrap();
    }

    /// Sends `TERM`, `HUP`, `INT`, `STOP` or `CONT`.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(status.success(), "kill -{name} {id}");
    }

    fn handles_term(&self) -> bool {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        // Signals count from 1.
        u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << (15 - 1)) != 0
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end; answers the status and how long it took.
    #[track_caller]
    pub fn wait(&mut self, patience: Duration) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < patience, "does not end:\n{}", self.err.text());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// SIGTERM, and an orderly end. A process that has only just been started does not listen yet, and would be killed.
    #[track_caller]
    pub fn stop(&mut self) {
        super::eventually("it listens to signals", || self.has_ended() || self.handles_term());
        if !self.has_ended() {
            self.signal("TERM");
        }
        let (status, _) = self.wait(PATIENCE);
        assert_eq!(status.code(), Some(0), "{}", self.err.to_end(PATIENCE));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("standard error of process {}:\n{}", self.id(), self.err.text());
        }
    }
}
