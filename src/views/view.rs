//! A view that runs: its server, and the two threads behind it.

use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::listen::Listen;
use crate::core::panel::Panel;
use crate::core::thread::spawn;
use crate::core::wait::Wait;
use crate::engine::State;
use crate::server::{Limits, MeterSnapshot, RunningServer, Server, ServerConfig};
use crate::views::drawing::{Drawing, Snapshot};
use crate::views::page::Words;
use crate::views::reader::{QUEUE, Reader};
use crate::views::serve;
use crate::views::table::Wanted;
use std::net::SocketAddr;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Time for requests in flight when a view stops.
const STOP: Duration = Duration::from_secs(1);

/// What it takes to run a view.
pub struct View {
    pub listen: Listen,
    pub title: String,
    /// What the records are, in the plural.
    pub records: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// The field that holds a record's key, if that is known.
    pub key_field: Option<String>,
    pub panels: Vec<Box<dyn Panel>>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("View").field("title", &self.title).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct RunningView {
    server: RunningServer,
    state: Arc<Mutex<State>>,
    wait: Wait,
}

impl View {
    pub fn start(self, context: &Context) -> Result<RunningView, Fault> {
        let service = &context.service;
        let wanted = Wanted::new(fields(&self.panels), self.key_field);
        let words = Words {
            title: self.title,
            records: self.records,
            url: self.url.split('?').next().unwrap_or_default().to_owned(),
        };
        let (snapshots, latest) = watch::channel(Arc::new(Snapshot::of_nothing(&words)));
        let config = ServerConfig {
            name: service.clone(),
            address: self.listen.socket(context.bind),
            limits: Limits::default(),
        };
        let server = Server::start(config, serve::router(words.clone(), latest))
            .map_err(|error| Fault::stop(error.to_string()))?;
        let state = Arc::new(Mutex::new(State::Running));
        let (sender, queue) = sync_channel(QUEUE);
        let wait = Wait::new();
        let drawing = Drawing {
            service: service.clone(),
            words,
            panels: self.panels,
            fields: Arc::clone(&wanted.fields),
            snapshots,
            state: Arc::clone(&state),
        };
        let reader = Reader::new(&self.url, &self.headers, wanted, (sender, wait.clone()));
        // Nobody joins them: the reading thread may hang in a read until its time is over, and the drawing thread
        // ends with it.
        drop(spawn(&format!("{service} draws"), move || drawing.run(&queue))?);
        drop(spawn(&format!("{service} reads"), move || reader.run())?);
        Ok(RunningView { server, state, wait })
    }
}

/// What the records of a list are called: the last word of its path.
pub fn records_of(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let host = path.find("://").map_or(0, |colon| colon + 3);
    let word = path.get(host..).and_then(|path| path.split_once('/')).map(|(_, path)| path);
    let word = word.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic());
    if is_word { word.to_lowercase() } else { "records".to_owned() }
}

/// Every field that a panel shows, once.
fn fields(panels: &[Box<dyn Panel>]) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for panel in panels {
        if !fields.iter().any(|field| field == panel.field()) {
            fields.push(panel.field().to_owned());
        }
    }
    fields
}

impl RunningView {
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn snapshot(&self) -> MeterSnapshot {
        self.server.snapshot()
    }

    /// Asks it to follow its API no more.
    pub fn stop(&self) {
        self.wait.stop();
    }

    pub fn join(self) {
        self.stop();
        self.server.stop_and_wait(STOP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_called_as_in_the_url() {
        for (url, expected) in [
            ("http://localhost:8000/users/", "users"),
            ("http://localhost:8000/api/Cities?limit=3", "cities"),
            ("http://localhost:8000/", "records"),
            ("http://localhost", "records"),
            ("http://localhost/v1", "records"),
        ] {
            assert_eq!(records_of(url), expected, "{url}");
        }
    }
}
