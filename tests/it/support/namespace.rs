//! Mounts of their own: what is mounted is seen only by the processes that are put there.

use super::{PATIENCE, Process};
use std::path::Path;
use std::process::Command;

/// A mount namespace, alive until it is dropped.
#[derive(Debug)]
pub struct Namespace {
    keeper: Process,
    flags: &'static [&'static str],
}

impl Namespace {
    /// With what `script` mounts. Root needs nothing else; anybody else gets the right in a user namespace.
    #[track_caller]
    pub fn with(script: &str) -> Self {
        let works = |flags: &[&str]| {
            let output = Command::new("unshare").args(flags).arg("true").output();
            output.is_ok_and(|output| output.status.success())
        };
        let (unshare, flags): (&[&str], &[&str]) = if works(&["--mount"]) {
            (&["--mount"], &["--mount"])
        } else {
            (&["--user", "--map-root-user", "--mount"], &["--user", "--mount"])
        };
        let mut command = Command::new("unshare");
        let script = format!("{script} && echo mounted && exec sleep 600");
        command.args(unshare).args(["sh", "-c", &script]);
        let keeper = Process::start(&mut command);
        let mounted = keeper.out.find(PATIENCE, |line| (line == "mounted").then_some(()));
        assert!(mounted.is_some(), "nothing can be mounted here: {}", keeper.err.text());
        Self { keeper, flags }
    }

    /// A command that sees the mounts.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(self.keeper.id().to_string()).args(self.flags).arg(program);
        command
    }

    /// `path` as it is seen inside, for those outside.
    pub fn path(&self, path: &Path) -> std::path::PathBuf {
        format!("/proc/{}/root{}", self.keeper.id(), path.display()).into()
    }

    /// What a harness needs to start its binary inside.
    pub fn entrance(&self) -> Vec<String> {
        let mut words = vec!["--target".to_owned(), self.keeper.id().to_string()];
        words.extend(self.flags.iter().map(|flag| (*flag).to_owned()));
        words
    }
}
