//! Opening stores, waiting, and sessions of somebody else.

use crate::postgres_server::Postgres;
pub use crate::stores::samples::*;
use headwater::core::fault::Fault;
use headwater::resource::*;
use headwater::stores::{Opening, open};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What must not happen in this time does not happen; what must, ends the wait.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub fn try_open(url: &str, schema: &Schema) -> Result<Arc<dyn Store>, Fault> {
    let opening =
        Opening { directory: "/nowhere".into(), watch_interval: Duration::from_millis(50) };
    open(Arc::new(schema.clone()), &StoreConfig::Postgres(Secret(url.into())), &opening)
}

#[track_caller]
pub fn opened(url: &str, schema: &Schema) -> Arc<dyn Store> {
    let store = try_open(url, schema).unwrap();
    eventually(|| store.health() == Health::Ready);
    store
}

#[track_caller]
pub fn eventually(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it does not come to hold");
        drop(std::process::Command::new("sleep").arg("0.01").status());
    }
}

/// What a listener was told, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Changed(Key, Version),
    LostTrack,
    Synced(Instant),
}

#[derive(Default)]
pub struct Ear(Mutex<Vec<Told>>);

impl Ear {
    pub fn at(store: &Arc<dyn Store>) -> (Arc<Self>, Arc<dyn Listener>) {
        let ear = Arc::new(Self::default());
        let listener: Arc<dyn Listener> = Arc::<Self>::clone(&ear);
        store.listen(&listener);
        (ear, listener)
    }

    pub fn told(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    pub fn has(&self, wanted: &Key) -> bool {
        self.told().iter().any(|told| matches!(told, Told::Changed(key, _) if key == wanted))
    }

    pub fn has_lost_track(&self) -> bool {
        self.told().contains(&Told::LostTrack)
    }

    pub fn synced(&self) -> Option<Instant> {
        self.told().iter().rev().find_map(|told| match told {
            Told::Synced(at) => Some(*at),
            _ => None,
        })
    }

    pub fn forget(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Listener for Ear {
    fn changed(&self, keys: &[(Key, Version)]) {
        let told = keys.iter().map(|(key, version)| Told::Changed(key.clone(), *version));
        self.0.lock().unwrap().extend(told);
    }

    fn lost_track(&self) {
        self.0.lock().unwrap().push(Told::LostTrack);
    }

    fn synced(&self, at: Instant) {
        self.0.lock().unwrap().push(Told::Synced(at));
    }
}

/// A `psql` that stays, with a transaction of its own.
pub struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    pub fn open(server: &Postgres, database: &str) -> Self {
        let mut command = server.psql(database);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { input: child.stdin.take(), child, output }
    }

    /// Runs it to its end and answers the last line that it printed.
    pub fn run(&mut self, sql: &str) -> String {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{sql};\n\\echo done").unwrap();
        input.flush().unwrap();
        let mut last = String::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "psql ended at {sql}");
            if line == "done\n" {
                return last;
            }
            line.trim_end().clone_into(&mut last);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.child.wait());
    }
}
