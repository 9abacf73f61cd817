//! A stack in a directory of its own.

use super::{Namespace, Process};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The binary, a stack file and a working directory. It goes at the end, unless the test fails.
#[derive(Debug)]
pub struct Harness {
    directory: PathBuf,
    stack: Option<&'static str>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// What `nsenter` is told, when the mounts of another process are to be seen.
    namespace: Vec<String>,
}

impl Harness {
    /// With a stack file of this text.
    pub fn new(text: &str) -> Self {
        let harness = Self::bare(None);
        harness.write_stack(text);
        harness
    }

    /// With a built-in stack.
    pub fn built_in(name: &'static str) -> Self {
        Self::bare(Some(name))
    }

    fn bare(stack: Option<&'static str>) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap().keep(),
            stack,
            arguments: Vec::new(),
            environment: Vec::new(),
            namespace: Vec::new(),
        }
    }

    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Runs what is started from now on with the mounts of `namespace`.
    pub fn enter(&mut self, namespace: &Namespace) {
        self.namespace = namespace.entrance();
    }

    /// As before `enter`.
    pub fn outside(mut self) -> Self {
        self.namespace.clear();
        self
    }

    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.directory.join(relative)
    }

    pub fn stack_path(&self) -> PathBuf {
        self.path("stack.yaml")
    }

    /// Replaces the stack file in one step, as an editor does.
    pub fn write_stack(&self, text: &str) {
        let beside = self.path("stack.yaml.new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, self.stack_path()).unwrap();
    }

    /// `up` with all services, on free ports.
    pub fn start(&self) -> Process {
        Process::start(&mut self.up())
    }

    /// The command line of `up`, for those who wrap it.
    pub fn up(&self) -> Command {
        let mut command = self.command();
        command.arg("up").arg(self.stack.unwrap_or("stack.yaml"));
        command.args(["--admin", "127.0.0.1:0"]).args(&self.arguments);
        command
    }

    /// The binary in the directory.
    pub fn command(&self) -> Command {
        let binary = env!("CARGO_BIN_EXE_headwater");
        let mut command = if self.namespace.is_empty() {
            Command::new(binary)
        } else {
            let mut command = Command::new("nsenter");
            // The directory must be entered behind the mounts, or they are not seen from it.
            command.args(&self.namespace).args(["sh", "-c", "cd \"$0\" && exec \"$@\""]);
            command.arg(&self.directory).arg(binary);
            command
        };
        command.current_dir(&self.directory);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What `check --json` says that the flow of `service` guarantees.
    pub fn guarantee(&self, service: &str) -> String {
        let output = self.command().args(["check", "--json", "stack.yaml"]).output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let flows = answer["flows"].as_array().unwrap();
        let flow = flows.iter().find(|flow| flow["service"] == service).unwrap();
        flow["guarantee"].as_str().unwrap().to_owned()
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the files are kept in {}", self.directory.display());
        } else {
            drop(std::fs::remove_dir_all(&self.directory));
        }
    }
}
