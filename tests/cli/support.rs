//! Running the binary, and comparing what it says with files.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a run of the command left.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// The binary in a directory, with nothing of the caller's environment that changes what it says.
pub fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    for name in ["RUST_BACKTRACE", "DATA_DIR", "RESULTS_DIR", "INTERVAL", "PRODUCER_URL"] {
        command.env_remove(name);
    }
    for name in ["HEADWATER_ADMIN_TOKEN", "HEADWATER_ADMIN_TOKEN_FILE"] {
        command.env_remove(name);
    }
    command
}

/// Runs the command to its end.
pub fn run(directory: &Path, arguments: &[&str]) -> Ran {
    let output = command(directory, arguments).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the command in an empty directory.
pub fn anywhere(arguments: &[&str]) -> Ran {
    run(tempfile::tempdir().unwrap().path(), arguments)
}

/// A directory of this test.
pub fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(name)
}

/// Compares a text with a file, or writes the file when that is asked for. Answers the difference.
pub fn compare(path: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("HEADWATER_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, actual).unwrap();
        return Ok(());
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display();
    Err(format!("{shown} says\n{expected}\nand now it is\n{actual}\n"))
}

/// A command that goes on running; it is killed when this is dropped.
pub struct Running {
    child: Child,
    err: BufReader<std::process::ChildStderr>,
    /// Everything read from standard error so far.
    pub told: String,
}

impl Running {
    pub fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = command(directory, arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let err = BufReader::new(child.stderr.take().unwrap());
        Self { child, err, told: String::new() }
    }

    /// Reads standard error up to a line that holds `wanted`, and answers it.
    pub fn wait_for(&mut self, wanted: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.err.read_line(&mut line).unwrap();
            assert!(read > 0, "it ended without saying `{wanted}`:\n{}", self.told);
            self.told.push_str(&line);
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// The next line on standard output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let mut byte = [0];
        let out = self.child.stdout.as_mut().unwrap();
        while out.read(&mut byte).unwrap() == 1 && byte != [b'\n'] {
            line.push(char::from(byte[0]));
        }
        line
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Asks it to stop and answers the exit code.
    pub fn stop(mut self) -> i32 {
        self.signal("-TERM");
        self.wait()
    }

    pub fn wait(&mut self) -> i32 {
        self.err.read_to_string(&mut self.told).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Host and port of the URL in a line.
pub fn address_in(line: &str) -> String {
    let url = line.split("http://").nth(1).unwrap();
    url.split(['/', ' ', '\n']).next().unwrap().to_owned()
}
