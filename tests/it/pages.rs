//! The commands of `docs/systems/*.md`, typed as they stand there, each terminal a process of its own.
//!
//! In a `console` block a line that begins with `$` is typed, and what stands below it must be said, in that order, by
//! lines of its output: numbers count as equal, `…` stands for anything. What goes on running is left running.
//! Comments do what a person does with a terminal: `stop: WORDS` and `kill: WORDS` end the process whose command has
//! these words, `expect: WORDS: TEXT` waits until it says so.

use crate::support::{Process, eventually};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below those that the system gives away by itself: one that is free now is not taken by another test meanwhile.
fn port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id() * 61 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + u16::try_from(number % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Somebody who reads a page and types.
struct Reader {
    directory: tempfile::TempDir,
    /// Services with the ports of the page and of this test.
    ports: Vec<(&'static str, u16, u16)>,
    running: Vec<(String, Process)>,
    typed: usize,
}

impl Reader {
    fn new(ports: &[(&'static str, u16)]) -> Self {
        let ports = ports.iter().map(|(service, of_page)| (*service, *of_page, port())).collect();
        let directory = tempfile::tempdir().unwrap();
        Self { directory, ports, running: Vec::new(), typed: 0 }
    }

    fn read(&mut self, page: &str) {
        let (mut is_block, mut step) = (false, None::<(String, Vec<String>)>);
        for line in page.lines() {
            match line.strip_prefix("$ ") {
                _ if line.starts_with("```") => {
                    step.take().into_iter().for_each(|step| self.step(&step));
                    is_block = line == "```console";
                }
                Some(command) if is_block => {
                    step.replace((command.to_owned(), Vec::new()))
                        .into_iter()
                        .for_each(|step| self.step(&step));
                }
                _ if is_block => step.as_mut().unwrap().1.push(line.to_owned()),
                _ => self.comment(line),
            }
        }
    }

    fn comment(&mut self, line: &str) {
        let text = line.strip_prefix("<!-- ").and_then(|it| it.strip_suffix(" -->"));
        let Some((verb, rest)) = text.and_then(|it| it.split_once(": ")) else { return };
        let (words, told) = rest.split_once(": ").unwrap_or((rest, ""));
        let at = self.running.iter().rposition(|(command, _)| command.contains(words));
        let at = at.unwrap_or_else(|| panic!("nothing runs that is called {words}"));
        match verb {
            "stop" => self.running.remove(at).1.stop(),
            "kill" => self.running.remove(at).1.kill(),
            "expect" => says(&self.running[at].1, &[told.to_owned()]),
            other => panic!("what is {other}?"),
        }
    }

    fn step(&mut self, (command, expected): &(String, Vec<String>)) {
        self.typed += 1;
        let mut typed = command.clone();
        for (_, of_page, own) in &self.ports {
            typed = typed.replace(&format!(":{of_page}"), &format!(":{own}"));
        }
        if command.contains("headwater run ") || command.contains("headwater up ") {
            for (service, _, own) in &self.ports {
                typed.extend([" --port ", service, "=", &own.to_string()]);
            }
            let line = format!("exec env {typed} --admin 127.0.0.1:0");
            let process = Process::start(&mut self.shell(&line));
            says(&process, expected);
            self.running.push((command.clone(), process));
        } else {
            // What is not there yet comes: the services have just been started.
            let mut last = String::new();
            eventually(&format!("`{command}` says {expected:#?}"), || {
                let output = self.shell(&typed).output().unwrap();
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                let is_said = output.status.success() && has(&said, expected);
                if !is_said && said != last {
                    eprintln!("`{command}` says\n{said}");
                    last = said;
                }
                is_said
            });
        }
    }

    fn shell(&self, line: &str) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_headwater"));
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", binary.parent().unwrap().display());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.directory.path()).env("PATH", path);
        for name in ["DATA_DIR", "RESULTS_DIR", "INTERVAL", "PRODUCER_URL", "HEADWATER_PEERS"] {
            shell.env_remove(name);
        }
        shell
    }
}

fn says(process: &Process, expected: &[String]) {
    eventually(&format!("it says {expected:#?}"), || {
        has(&format!("{}\n{}", process.err.text(), process.out.text()), expected)
            || expected.iter().all(|line| has(&process.out.text(), std::slice::from_ref(line)))
    });
}

/// Are these lines there, in this order, with others between them?
fn has(said: &str, expected: &[String]) -> bool {
    let mut lines = said.lines();
    expected.iter().all(|wanted| lines.any(|line| is_like(line, wanted)))
}

fn is_like(line: &str, wanted: &str) -> bool {
    let (line, wanted) = (line.trim(), wanted.trim());
    if !wanted.is_empty() && wanted.bytes().all(|byte| byte.is_ascii_digit()) {
        return line == wanted;
    }
    match wanted.split_once('…') {
        Some((begin, _)) => plain(line).starts_with(&plain(begin)),
        None => plain(line) == plain(wanted),
    }
}

/// One 0 for each number.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }) {
        if c != '0' || !plain.ends_with('0') {
            plain.push(c);
        }
    }
    plain
}

fn page(name: &str, ports: &[(&'static str, u16)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/systems/{name}.md"));
    let mut reader = Reader::new(ports);
    reader.read(&std::fs::read_to_string(path).unwrap());
    assert!(reader.typed >= 5, "{name}: only {} commands", reader.typed);
}

#[test]
fn numbers() {
    page("numbers", &[("producer", 5000)]);
}

#[test]
fn random_file() {
    page("random-file", &[("producer", 5000)]);
}

#[test]
fn shared_data() {
    page("shared-data", &[]);
}

#[test]
fn users() {
    page("users", &[("api", 8000), ("frontend", 8501)]);
}

#[test]
fn cached_users() {
    page("cached-users", &[("user-service", 5000), ("data-service", 5001), ("dashboard", 8502)]);
}
