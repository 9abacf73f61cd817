//! A view that runs: its server, and the two threads behind it.

use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::listen::Listen;
use crate::core::panel::{Panel, Want};
use crate::core::thread::spawn;
use crate::core::wait::Wait;
use crate::engine::State;
use crate::server::{Limits, MeterSnapshot, RunningServer, Server, ServerConfig};
use crate::views::cached::{CacheReader, FindCache};
use crate::views::drawing::{Drawing, Snapshot};
use crate::views::message::{Message, QUEUE, Queue};
use crate::views::page::Words;
use crate::views::panels::Place;
use crate::views::reader::Reader;
use crate::views::record::Wanted;
use crate::views::results::ResultsReader;
use crate::views::serve::{Gates, Serving, router};
use crate::views::table::Plan;
use crate::views::tapped::{FindFlow, TapReader};
use crate::web::Hub;
use std::net::SocketAddr;
use std::path::PathBuf;
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
    pub from: Origin,
    /// Each with what it shall be called in addresses.
    pub panels: Vec<(String, Box<dyn Panel>)>,
    /// Origins of pages that may embed the panels.
    pub embed: Vec<String>,
    /// What a reader must bring.
    pub token: Option<String>,
}

/// Where a view has its records from.
pub enum Origin {
    Api {
        url: String,
        headers: Vec<(String, String)>,
        /// The field that holds a record's key, if that is known.
        key_field: Option<String>,
    },
    Flow {
        name: String,
        find: FindFlow,
    },
    Results(PathBuf),
    Cache {
        /// Of the resource.
        name: String,
        find: FindCache,
    },
}

impl Origin {
    /// For people; a query may hold what does not belong on a page.
    fn words(&self) -> String {
        match self {
            Self::Api { url, .. } => url.split('?').next().unwrap_or_default().to_owned(),
            Self::Flow { name, .. } => format!("the flow {name}"),
            Self::Cache { name, .. } => format!("the cache of {name}"),
            Self::Results(directory) => format!("the results in {}", directory.display()),
        }
    }

    /// Starts the reading thread.
    fn follow(
        self,
        service: &str,
        (wanted, plan): (Wanted, Plan),
        (queue, wait): (Queue, Wait),
    ) -> Result<(), Fault> {
        let name = format!("{service} reads");
        // Nobody joins it: it may hang in a read until its time is over.
        drop(match self {
            Self::Api { url, headers, .. } => {
                let reader = Reader::new(&url, &headers, (wanted, plan), (queue, wait));
                spawn(&name, move || reader.run())?
            }
            Self::Flow { name: flow, find } => {
                let reader = TapReader { name: flow, find, wanted, plan, queue, wait };
                spawn(&name, move || reader.run())?
            }
            Self::Cache { name: resource, find } => {
                let reader = CacheReader { name: resource, find, wanted, plan, queue, wait };
                spawn(&name, move || reader.run())?
            }
            Self::Results(directory) => {
                let reader = ResultsReader { directory, wanted, plan, queue, wait };
                spawn(&name, move || reader.run())?
            }
        });
        Ok(())
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.words())
    }
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
    queue: Queue,
}

impl View {
    pub fn start(self, context: &Context) -> Result<RunningView, Fault> {
        let service = &context.service;
        let places = Place::all(self.panels, &self.records);
        let wants: Vec<Want> = places.iter().map(|place| place.want.clone()).collect();
        let key_field = match &self.from {
            Origin::Api { key_field, .. } => key_field.clone(),
            _ => None,
        };
        let plan = Plan::new(&wants, key_field);
        let words = Words {
            title: self.title,
            stack: context.stack.clone(),
            records: self.records,
            from: self.from.words(),
        };
        let (snapshots, latest) = watch::channel(Arc::new(Snapshot::default()));
        let (queue, messages) = sync_channel(QUEUE);
        let hub = Hub::new();
        let wait = Wait::new();
        let woken = queue.clone();
        // A full queue wakes the drawing thread by itself.
        hub.on_look(move |_| drop(woken.try_send(Message::Wake)));
        let serving = Serving {
            words: words.clone(),
            names: places.iter().map(|place| place.names.clone()).collect(),
            hub: hub.clone(),
            queue: queue.clone(),
            snapshots: latest,
        };
        let state = Arc::new(Mutex::new(State::Running));
        let mut drawing = Drawing {
            service: service.clone(),
            words,
            places,
            hub,
            snapshots,
            state: Arc::clone(&state),
            wait: wait.clone(),
        };
        drawing.begin();
        let config = ServerConfig {
            name: service.clone(),
            address: self.listen.socket(context.bind),
            limits: Limits::default(),
        };
        let gates = Gates::new(&self.embed, self.token.as_deref());
        let server = Server::start(config, router(serving, &gates))
            .map_err(|error| Fault::stop(error.to_string()))?;
        // Nobody joins it: it ends when it is woken after the view has stopped.
        drop(spawn(&format!("{service} draws"), move || drawing.run(&messages))?);
        self.from.follow(service, plan, (queue.clone(), wait.clone()))?;
        Ok(RunningView { server, state, wait, queue })
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
        // A full queue wakes the drawing thread by itself.
        drop(self.queue.try_send(Message::Wake));
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
