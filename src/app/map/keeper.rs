//! Looks at everything once a second, and keeps what it saw.

use crate::app::admin::View;
use crate::app::map::nodes::{self, Wanted};
use crate::app::map::pages::MAP;
use crate::app::map::peers::Peers;
use crate::app::map::sampling::{self, Measured, TICK};
use crate::app::map::webhook::{Post, Webhooks};
use crate::core::disk::Disk;
use crate::core::thread::spawn;
use crate::core::time::timed::CacheCounts;
use crate::core::time::{now, rfc3339, unix_ms};
use crate::core::wait::Wait;
use crate::map::alert::Watched;
use crate::map::archive::{self, STEP, Ticked};
use crate::map::node::Span;
use crate::map::picture::{AlertState, Now, Picture, Reading, Scaling, Totals};
use crate::map::{Configuration, bottleneck, configuration, home};
use crate::map::{Drawing, Graph, History, Row, Sample, Series, UNKNOWN};
use crate::stack::Stack;
use crate::web::Hub;
use serde_json::json;
use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Rates are those of the last seconds: of one second they would jump between 0 and 1 where little happens.
const RATES: usize = 10;
/// What takes time is averaged over the last minute.
const MINUTE: usize = 60;
/// A sample for quantiles is kept this often, six for a minute.
const EVERY: usize = 10;

/// Seconds between two writes of the day's history: what a kill may lose of it.
const WRITTEN: usize = 60;
/// Lines of an open page are drawn anew this often; its numbers every second.
const DRAWN: usize = 5;

/// The map of what runs here; cheap to clone.
#[derive(Clone)]
pub(in crate::app) struct Keeper {
    pub(super) hub: Hub,
    shared: Arc<Mutex<State>>,
    view: View,
    place: Place,
    instance: Arc<str>,
    peers: Peers,
    webhooks: Webhooks,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keeper").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Where the stack keeps its files.
#[derive(Debug, Clone)]
pub(in crate::app) struct Place {
    pub disk: Arc<dyn Disk>,
    pub directory: PathBuf,
}

#[derive(Debug)]
struct State {
    graph: Arc<Graph>,
    drawing: Arc<Drawing>,
    configuration: Arc<Configuration>,
    secrets: Arc<[String]>,
    tracks: Vec<Track>,
    looked: Option<Instant>,
    ticks: usize,
    watched: Vec<Watched>,
    /// What this process scales.
    scaling: Vec<Scaling>,
    /// What this process runs.
    own: Arc<Picture>,
    /// With what the others run.
    picture: Arc<Picture>,
}

/// One node over time.
#[derive(Debug, Default)]
struct Track {
    id: String,
    before: Option<Sample>,
    history: History,
    /// Samples of the last minute, the oldest first.
    minute: VecDeque<Sample>,
    /// Rows of the day that are not on the disk yet.
    unwritten: Vec<Ticked>,
}

/// The thread behind it; stopped when the stack is.
#[derive(Debug)]
pub(in crate::app) struct Looking {
    wait: Wait,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(in crate::app) fn new(stack: &Stack, view: View, place: Place) -> Self {
        let graph = Graph::of(stack);
        let picture = Picture::of(&graph, unknown(&graph), rfc3339(unix_ms()));
        let state = State {
            drawing: Arc::new(Drawing::of(&picture)),
            configuration: Arc::new(configuration(stack)),
            secrets: secrets(stack),
            tracks: tracks(&graph, Vec::new()),
            looked: None,
            ticks: 0,
            graph: Arc::new(graph),
            watched: watched(stack),
            scaling: Vec::new(),
            own: Arc::new(picture.clone()),
            picture: Arc::new(picture),
        };
        Self {
            hub: Hub::new(),
            shared: Arc::new(Mutex::new(state)),
            view,
            place,
            instance: format!("{:016x}", RandomState::new().hash_one("instance")).into(),
            peers: Peers::default(),
            webhooks: Webhooks::default(),
        }
    }

    /// Begins to look, and to ask other processes of the stack for what they see.
    pub(in crate::app) fn look(
        &self,
        peers: &[String],
        token: Option<&str>,
    ) -> std::io::Result<Looking> {
        let wait = Wait::new();
        if !peers.is_empty() {
            self.peers.ask(peers.to_vec(), token, wait.clone())?;
        }
        let (keeper, stopped) = (self.clone(), wait.clone());
        let thread = spawn("map", move || {
            let mut next = now();
            for tick in 0_usize.. {
                keeper.tick(&(keeper.view)());
                keeper.publish(tick);
                if tick % WRITTEN == WRITTEN - 1 {
                    keeper.write();
                }
                // After a suspended night the missed ticks are not made up for.
                next = (next + TICK).max(now());
                if stopped.until(next) {
                    break;
                }
            }
            keeper.write();
            keeper.webhooks.stop();
        })?;
        Ok(Looking { wait, thread: Some(thread) })
    }

    /// What was decided last, for the map of this process and of those that ask it.
    pub(in crate::app) fn scale(&self, scaling: Scaling) {
        let mut state = self.lock();
        state.scaling.retain(|known| known.service != scaling.service);
        state.scaling.push(scaling);
    }

    /// Another graph, after the stack file has changed; what is still there keeps its history.
    pub(in crate::app) fn change(&self, stack: &Stack) {
        let graph = Graph::of(stack);
        let mut state = self.lock();
        let old = std::mem::take(&mut state.tracks);
        state.tracks = tracks(&graph, old);
        let picture = Picture::of(&graph, unknown(&graph), rfc3339(unix_ms()));
        state.drawing = Arc::new(Drawing::of(&picture));
        state.configuration = Arc::new(configuration(stack));
        state.secrets = secrets(stack);
        state.watched = watched(stack);
        let urls: Vec<&String> =
            state.watched.iter().filter_map(|it| it.alert().webhook.as_ref()).collect();
        self.webhooks.keep(|url| urls.iter().any(|named| *named == url));
        state.own = Arc::new(picture.clone());
        state.picture = Arc::new(picture);
        state.graph = Arc::new(graph);
    }

    /// What the cache of a resource counted in the other processes of the stack.
    pub(in crate::app) fn cache_elsewhere(&self, resource: &str) -> Option<CacheCounts> {
        self.peers.cache(resource, &self.instance)
    }

    pub(super) fn snapshot(&self) -> crate::app::Snapshot {
        (self.view)()
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        self.place.disk.as_ref()
    }

    /// Of the stack.
    pub(super) fn directory(&self) -> &Path {
        &self.place.directory
    }

    /// No service can have this name.
    pub(super) fn archive(&self) -> PathBuf {
        self.place.directory.join("map.history")
    }

    /// Fields that a resource of the stack marks as secret; wherever they flow, they are masked.
    pub(in crate::app) fn secrets(&self) -> Arc<[String]> {
        Arc::clone(&self.lock().secrets)
    }

    pub(super) fn configuration(&self, id: &str) -> Vec<(String, String)> {
        let configuration = Arc::clone(&self.lock().configuration);
        configuration.get(id).cloned().unwrap_or_default()
    }

    /// What this process runs, without the others.
    pub(in crate::app) fn own(&self) -> Arc<Picture> {
        Arc::clone(&self.lock().own)
    }

    pub(in crate::app) fn picture(&self) -> Arc<Picture> {
        Arc::clone(&self.lock().picture)
    }

    pub(in crate::app) fn drawn(&self) -> (Arc<Picture>, Arc<Drawing>) {
        let state = self.lock();
        (Arc::clone(&state.picture), Arc::clone(&state.drawing))
    }

    /// The last quarter of an hour of a node.
    pub(in crate::app) fn history(&self, id: &str) -> Option<History> {
        let state = self.lock();
        state.tracks.iter().find(|track| track.id == id).map(|track| track.history.clone())
    }

    fn tick(&self, snapshot: &crate::app::Snapshot) {
        let at = unix_ms();
        let mut state = self.lock();
        let graph = Arc::clone(&state.graph);
        let elapsed = state.looked.replace(now()).map_or(Duration::ZERO, |looked| looked.elapsed());
        let keeps_sample = state.ticks.is_multiple_of(EVERY);
        state.ticks += 1;
        let readings = sampling::measure(&graph, snapshot)
            .into_iter()
            .zip(&mut state.tracks)
            .zip(&graph.nodes)
            .map(|((measured, track), node)| {
                let Some(measured) = measured else {
                    track.history.push(at / 1000, UNKNOWN);
                    return Reading::unknown(node.kind);
                };
                track.take(measured, elapsed, at / 1000, keeps_sample)
            })
            .collect();
        let mut own = Picture::of(&graph, readings, rfc3339(at));
        own.instance = self.instance.to_string();
        self.alert(&mut state.watched, &own, at);
        own.scaling.clone_from(&state.scaling);
        own.alerts = state.watched.iter().map(Watched::shown).collect();
        let mut picture = own.clone();
        self.peers.add_to(&mut picture);
        picture.rate_edges(&graph);
        own.verdict = bottleneck::verdict(&own);
        picture.verdict = bottleneck::verdict(&picture);
        state.own = Arc::new(own);
        state.picture = Arc::new(picture);
    }

    /// Says it in the log and to whom the stack file names when an alert begins or is over.
    fn alert(&self, watched: &mut [Watched], picture: &Picture, at: i64) {
        let now = now();
        for watched in watched {
            let Some(node) = picture.node(&watched.alert().service) else { continue };
            if !watched.look(&node.reading, at, now) {
                continue;
            }
            let shown = watched.shown();
            let is_firing = shown.state == AlertState::Firing;
            let (service, when, value) = (&shown.service, &shown.when, &shown.value);
            if is_firing {
                tracing::warn!(service = %service, "alert: {when}, now {value}");
            } else {
                tracing::info!(service = %service, "alert is over: {when}, now {value}");
            }
            if let Some(url) = watched.alert().webhook.clone() {
                let json = json!({
                    "stack": picture.stack, "service": service, "alert": when, "value": value,
                    "state": if is_firing { "firing" } else { "resolved" }, "at": shown.since,
                });
                self.webhooks.send(Post { url, json: json.to_string() });
            }
        }
    }

    /// Draws for those who look; for nobody nothing is drawn.
    fn publish(&self, tick: usize) {
        let mut topics = Vec::new();
        if self.hub.viewers(MAP) > 0 {
            let (picture, drawing) = self.drawn();
            topics.push((MAP.to_owned(), home::parts(&picture, &drawing)));
        }
        let graph = Arc::clone(&self.lock().graph);
        for node in &graph.nodes {
            let topic = nodes::topic(&node.id);
            if self.hub.viewers(&topic) == 0 {
                continue;
            }
            let wanted = Wanted { span: Span::Quarter, from_disk: false };
            let parts = nodes::with_view(self, &node.id, wanted, crate::map::node::parts);
            let mut parts = parts.unwrap_or_default();
            if !tick.is_multiple_of(DRAWN) {
                // The lines stay as they were.
                let (_, before) = self.hub.snapshot(&topic);
                for part in parts.iter_mut().filter(|part| part.0.starts_with("line-")) {
                    if let Some(old) = before.iter().find(|old| old.0 == part.0) {
                        part.1.clone_from(&old.1);
                    }
                }
            }
            topics.push((topic, parts));
        }
        self.hub.publish_all(topics);
    }

    /// Adds to the day's history what is not there yet. A disk that says no costs a picture, and is told once.
    fn write(&self) {
        let rows: Vec<(String, Vec<Ticked>)> = {
            let mut state = self.lock();
            let tracks = state.tracks.iter_mut();
            let unwritten = tracks.map(|it| (it.id.clone(), std::mem::take(&mut it.unwritten)));
            unwritten.filter(|(_, rows)| !rows.is_empty()).collect()
        };
        for (id, rows) in rows {
            match archive::write(self.disk(), &self.archive(), &id, &rows) {
                Ok(None) => {}
                Ok(Some(finding)) => tracing::info!("{finding}"),
                Err(error) => {
                    tracing::debug!("the history of the map is not kept: {error}");
                    return;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Track {
    fn take(
        &mut self,
        it: Measured,
        elapsed: Duration,
        second: i64,
        keeps_sample: bool,
    ) -> Reading {
        let row: Row =
            self.before.as_ref().map_or(UNKNOWN, |before| it.sample.since(before, elapsed));
        self.history.push(second, row);
        if second % STEP == 0
            && let Ok(tick) = u32::try_from(second / STEP)
        {
            self.unwritten.push((tick, self.history.mean(STEP as usize)));
            let surplus = self.unwritten.len().saturating_sub(WRITTEN);
            self.unwritten.drain(..surplus);
        }
        let p99 = self
            .minute
            .front()
            .and_then(|first| it.sample.latency.quantile_since(&first.latency, 0.99));
        if keeps_sample {
            self.minute.push_back(it.sample.clone());
            let surplus = self.minute.len().saturating_sub(MINUTE / EVERY);
            self.minute.drain(..surplus);
        }
        let mut rates = self.history.mean(RATES);
        // What stands there now is not averaged.
        for now in [Series::Waiting, Series::Oldest] {
            rates[now as usize] = row[now as usize];
        }
        let sample = &it.sample;
        let reading = Reading {
            condition: it.condition,
            reason: it.reason,
            waits: it.waits,
            replicas: it.replicas,
            lanes: it.lanes.clone(),
            addresses: it.addresses,
            totals: Totals {
                taken: sample.taken,
                given: sample.given,
                errors: sample.errors,
                dead_letters: sample.dead_letters,
                refused: sample.refused,
            },
            cache: it.cache,
            now: Now::of(&rates, &self.history.mean(MINUTE), p99),
            minute: self.history.tail(Series::Taken, MINUTE),
            growth: self.history.growth(Series::Waiting, RATES),
        };
        self.before = Some(it.sample);
        reading
    }
}

impl Looking {
    pub(in crate::app) fn stop(mut self) {
        self.wait.stop();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the map's thread panicked");
        }
    }
}

fn secrets(stack: &Stack) -> Arc<[String]> {
    stack.resources.iter().flat_map(|resource| resource.secrets.iter().cloned()).collect()
}

fn watched(stack: &Stack) -> Vec<Watched> {
    let (at, now) = (unix_ms(), now());
    stack.alerts.iter().map(|alert| Watched::new(alert.clone(), at, now)).collect()
}

fn unknown(graph: &Graph) -> Vec<Reading> {
    graph.nodes.iter().map(|node| Reading::unknown(node.kind)).collect()
}

fn tracks(graph: &Graph, mut old: Vec<Track>) -> Vec<Track> {
    let track = |node: &crate::map::Node| {
        let before = old.iter().position(|track| track.id == node.id);
        before.map_or_else(
            || Track { id: node.id.clone(), ..Track::default() },
            |at| old.swap_remove(at),
        )
    };
    graph.nodes.iter().map(track).collect()
}
