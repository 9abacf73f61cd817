//! Looks at everything once a second, and keeps what it saw.

use crate::app::admin::View;
use crate::app::map::sampling::{self, Measured, TICK};
use crate::core::thread::spawn;
use crate::core::time::{now, rfc3339, unix_ms};
use crate::core::wait::Wait;
use crate::map::bottleneck;
use crate::map::picture::{Now, Picture, Reading, Totals};
use crate::map::{Drawing, Graph, History, Kind, Row, Sample, Series, UNKNOWN};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Rates are those of the last seconds: of one second they would jump between 0 and 1 where little happens.
const RATES: usize = 10;
/// What takes time is averaged over the last minute.
const MINUTE: usize = 60;
/// A sample for quantiles is kept this often, six for a minute.
const EVERY: usize = 10;

/// The map of what runs here; cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::app) struct Keeper {
    shared: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    graph: Arc<Graph>,
    drawing: Arc<Drawing>,
    tracks: Vec<Track>,
    looked: Option<Instant>,
    ticks: usize,
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
}

/// The thread behind it; stopped when the stack is.
#[derive(Debug)]
pub(in crate::app) struct Looking {
    wait: Wait,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(in crate::app) fn new(graph: Graph) -> Self {
        let picture = Picture::of(&graph, unknown(&graph), rfc3339(unix_ms()));
        let drawing = Arc::new(Drawing::of(&picture));
        let tracks = tracks(&graph, Vec::new());
        let (graph, picture) = (Arc::new(graph), Arc::new(picture));
        let state = State { graph, drawing, tracks, looked: None, ticks: 0, picture };
        Self { shared: Arc::new(Mutex::new(state)) }
    }

    /// Begins to look.
    pub(in crate::app) fn look(&self, view: View) -> std::io::Result<Looking> {
        let wait = Wait::new();
        let (keeper, stopped) = (self.clone(), wait.clone());
        let thread = spawn("map", move || {
            let mut next = now();
            loop {
                keeper.tick(&view());
                next += TICK;
                // After a suspended night the missed ticks are not made up for.
                next = next.max(now());
                if stopped.until(next) {
                    return;
                }
            }
        })?;
        Ok(Looking { wait, thread: Some(thread) })
    }

    /// Another graph, after the stack file has changed; what is still there keeps its history.
    pub(in crate::app) fn change(&self, graph: Graph) {
        let mut state = self.lock();
        let old = std::mem::take(&mut state.tracks);
        state.tracks = tracks(&graph, old);
        let picture = Picture::of(&graph, unknown(&graph), rfc3339(unix_ms()));
        state.drawing = Arc::new(Drawing::of(&picture));
        state.picture = Arc::new(picture);
        state.graph = Arc::new(graph);
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
            .map(|((measured, track), node)| match measured {
                Some(measured) => track.take(measured, elapsed, at / 1000, keeps_sample),
                None => {
                    track.history.push(at / 1000, UNKNOWN);
                    Reading::unknown(node.kind)
                }
            })
            .collect();
        let mut picture = Picture::of(&graph, readings, rfc3339(at));
        picture.verdict = bottleneck::verdict(&picture);
        state.picture = Arc::new(picture);
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
            addresses: it.addresses,
            totals: Totals {
                taken: sample.taken,
                given: sample.given,
                errors: sample.errors,
                dead_letters: sample.dead_letters,
                refused: sample.refused,
            },
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

/// Whether a node's page has anything to say.
pub(super) fn has_page(kind: Kind) -> bool {
    !kind.is_outside()
}
