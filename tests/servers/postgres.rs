//! A real PostgreSQL of the tests' own: on a free port, in a directory of its own, ended when it is dropped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A loaded machine needs long for a start; waiting ends as soon as the server is there.
const PATIENCE: Duration = Duration::from_mins(1);
const USER: &str = "postgres";

/// A server that everybody on this machine may connect to as `postgres`.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    port: u16,
    process: Mutex<Option<Child>>,
    databases: AtomicU32,
    /// Kept while any server uses it, so that `initdb` runs once.
    _template: Arc<TempDir>,
}

impl Postgres {
    pub fn start() -> Self {
        Self::with_settings("")
    }

    /// With more lines for `postgresql.conf`.
    pub fn with_settings(settings: &str) -> Self {
        let template = template();
        let folder = folder();
        let mut copy = Command::new("cp");
        run(copy.arg("-a").arg(template.path().join("data")).arg(folder.path()));
        let port = free_port();
        let sockets = folder.path().display();
        let lines = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{sockets}'\n\
             fsync = off\nmax_connections = 200\nshared_buffers = 64MB\n{settings}\n"
        );
        let file = folder.path().join("data/postgresql.auto.conf");
        fs::write(file, lines).unwrap();
        let (process, databases) = (Mutex::default(), AtomicU32::new(0));
        let server = Self { folder, port, process, databases, _template: template };
        server.resume();
        server
    }

    /// The name of a new, empty database.
    pub fn new_database(&self) -> String {
        let name = format!("tests_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its data, its Unix socket and its log are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs SQL as somebody else would and answers what `psql` printed, a line for each row.
    #[track_caller]
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database).arg("-c").arg(sql).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {error}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Without `-c`, a session that reads from its standard input.
    pub fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(binary("psql"));
        command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER]);
        command.args(["-p", &self.port.to_string(), "-d", database]);
        command
    }

    /// Starts it, also again after `kill` or `stop`.
    #[track_caller]
    pub fn resume(&self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = as_owner(Command::new(binary("postgres")));
        command.arg("-D").arg(self.folder.path().join("data"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        *self.process() = Some(command.spawn().unwrap());
        self.until(|| {
            let has_ended = self.process().as_mut().unwrap().try_wait().unwrap().is_some();
            assert!(!has_ended, "the server ended:\n{}", self.log());
            let mut ready = Command::new(binary("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            ready.status().unwrap().success()
        });
    }

    /// An orderly, quick stop: sessions are ended, data is written.
    pub fn stop(&self) {
        self.end("INT");
    }

    /// `kill -9` of the server and of all its sessions.
    pub fn kill(&self) {
        self.end("KILL");
    }

    /// Freezes the server and all its sessions: it still takes connections, and nothing answers.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn end(&self, signal: &str) {
        // Who loses its parent gets another one, so the children are asked for before.
        let children = self.children();
        self.signal(signal);
        let Some(mut server) = self.process().take() else { return };
        server.wait().unwrap();
        // The next start must not meet a child that still holds the shared memory.
        self.until(|| !children.iter().any(|id| Path::new(&format!("/proc/{id}")).exists()));
    }

    /// The server first, so that it makes no new children meanwhile.
    fn signal(&self, name: &str) {
        let Some(server) = self.process().as_ref().map(Child::id) else { return };
        send(name, &[server]);
        if name != "INT" {
            send(name, &self.children());
        }
    }

    fn children(&self) -> Vec<u32> {
        let Some(server) = self.process().as_ref().map(Child::id) else { return Vec::new() };
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children"));
        children.unwrap_or_default().split(' ').filter_map(|id| id.parse().ok()).collect()
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What the server wrote about itself.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    #[track_caller]
    fn until(&self, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < PATIENCE, "the server takes too long:\n{}", self.log());
            pause();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What `initdb` made, for copying.
fn template() -> Arc<TempDir> {
    static TEMPLATE: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());
    let mut template = TEMPLATE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(there) = template.upgrade() {
        return there;
    }
    let new = Arc::new(folder());
    let mut command = as_owner(Command::new(binary("initdb")));
    command.args(["-N", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", USER]);
    // Where it can be had, texts sort in another order than their bytes.
    command.args(["--locale-provider=icu", "--icu-locale=en-US"]);
    run(command.arg("-D").arg(new.path().join("data")));
    *template = Arc::downgrade(&new);
    new
}

/// A directory that belongs to whom the server runs as.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("hw-pg-").tempdir().unwrap();
    if let Some((user, group)) = owner() {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
    }
    folder
}

/// PostgreSQL refuses to run as root.
fn as_owner(mut command: Command) -> Command {
    if let Some((user, group)) = owner() {
        command.uid(user).gid(group);
    }
    // The current directory may be closed to that user.
    command.current_dir("/");
    command
}

/// User and group `postgres` when this is root; `None` stays who it is.
fn owner() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let mut parts = line
        .unwrap_or_else(|| panic!("Debian's package makes the user postgres"))
        .split(':')
        .skip(2);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Debian keeps the server's own programs where no `PATH` looks; the newest version wins.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin").join(name)))
        })
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    found.pop().map_or_else(|| name.into(), |(_, path)| path)
}

/// Another process may take it before the server does; then the server says so and the test fails.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn send(signal: &str, ids: &[u32]) {
    if ids.is_empty() {
        return;
    }
    let ids = ids.iter().map(u32::to_string);
    // Some of them may have ended by themselves.
    drop(Command::new("kill").arg(format!("-{signal}")).args(ids).output().unwrap());
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
}

/// Between two looks at a process.
fn pause() {
    drop(Command::new("sleep").arg("0.02").status());
}
