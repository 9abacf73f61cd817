//! What open pages show, by topic and part, and what of it is new for whom.

use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Encoded events that are kept for others who stand at the same place. Most pages do.
const KEPT_EVENTS: usize = 32;

/// Cheap to clone; all clones are the same hub.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

/// Parts of a page with their ids, in their order.
pub type Parts = Vec<(String, String)>;

struct Shared {
    /// Of this life of the hub: sequences of another one mean nothing.
    epoch: u64,
    state: Mutex<State>,
    latest: watch::Sender<u64>,
}

/// Is told the topic.
type OnLook = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Default)]
struct State {
    sequence: u64,
    topics: BTreeMap<String, Topic>,
    /// Events up to the present sequence.
    encoded: Vec<Encoded>,
    on_look: Option<OnLook>,
}

#[derive(Default)]
struct Topic {
    parts: Vec<Part>,
    viewers: usize,
}

impl Topic {
    /// Answers whether anything is another than before.
    fn replace(&mut self, parts: Parts, sequence: u64) -> bool {
        let known = &self.parts;
        let mut has_changed = known.len() != parts.len();
        let mut fresh = Vec::with_capacity(parts.len());
        for (id, markup) in parts {
            let old = known.iter().find(|part| part.id == id && part.markup == markup);
            has_changed |= old.is_none();
            let changed = old.map_or(sequence, |part| part.changed);
            fresh.push(Part { id, markup, changed });
        }
        self.parts = fresh;
        has_changed
    }
}

struct Part {
    id: String,
    markup: String,
    /// The sequence of the change that made it what it is.
    changed: u64,
}

struct Encoded {
    topics: Arc<[String]>,
    since: Option<u64>,
    event: Option<Bytes>,
}

/// How far a page is: `EPOCH-SEQUENCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    epoch: u64,
    sequence: u64,
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}-{}", self.epoch, self.sequence)
    }
}

impl std::str::FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, sequence) = text.split_once('-').ok_or(())?;
        let epoch = u64::from_str_radix(epoch, 16).map_err(|_| ())?;
        Ok(Self { epoch, sequence: sequence.parse().map_err(|_| ())? })
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hub").field("epoch", &self.shared.epoch).finish_non_exhaustive()
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    pub fn new() -> Self {
        let epoch = RandomState::new().hash_one("epoch");
        let (latest, _) = watch::channel(0);
        Self { shared: Arc::new(Shared { epoch, state: Mutex::default(), latest }) }
    }

    /// Tells what a topic shows now: all its parts. What is as before wakes nobody. Answers whether anything changed.
    pub fn publish(&self, topic: &str, parts: Parts) -> bool {
        self.publish_all(vec![(topic.to_owned(), parts)])
    }

    /// Several topics as one change: a page that shows them is told once, and what it is told of the next change does
    /// not wait for that.
    pub fn publish_all(&self, topics: Vec<(String, Parts)>) -> bool {
        let mut state = self.lock();
        let next = state.sequence + 1;
        let mut has_changed = false;
        for (topic, parts) in topics {
            has_changed |= state.topics.entry(topic).or_default().replace(parts, next);
        }
        if has_changed {
            state.sequence = next;
            state.encoded.clear();
            drop(state);
            self.shared.latest.send_replace(next);
        }
        has_changed
    }

    /// Forgets a topic that is no more.
    pub fn remove(&self, topic: &str) {
        let mut state = self.lock();
        match state.topics.get_mut(topic) {
            Some(known) if known.viewers > 0 => known.parts.clear(),
            _ => drop(state.topics.remove(topic)),
        }
    }

    /// What a page shows that is made now, and how far that is.
    pub fn snapshot(&self, topic: &str) -> (Version, Parts) {
        let state = self.lock();
        let parts = state.topics.get(topic).map(|topic| topic.parts.iter()).into_iter().flatten();
        let parts = parts.map(|part| (part.id.clone(), part.markup.clone())).collect();
        (Version { epoch: self.shared.epoch, sequence: state.sequence }, parts)
    }

    /// How many open pages show a topic: for nobody nothing needs to be drawn.
    pub fn viewers(&self, topic: &str) -> usize {
        self.lock().topics.get(topic).map_or(0, |topic| topic.viewers)
    }

    /// Is called with the topic whenever a page begins to show it. It must not block.
    pub fn on_look(&self, call: impl Fn(&str) + Send + Sync + 'static) {
        self.lock().on_look = Some(Arc::new(call));
    }

    /// From now on, for a page that has what there was at `since`.
    pub(super) fn subscribe(&self, topics: Vec<String>, since: Option<Version>) -> Subscriber {
        let latest = self.shared.latest.subscribe();
        let mut state = self.lock();
        for topic in &topics {
            state.topics.entry(topic.clone()).or_default().viewers += 1;
        }
        let known = since.filter(|since| since.epoch == self.shared.epoch);
        let since = known.map(|since| since.sequence).filter(|since| *since <= state.sequence);
        let on_look = state.on_look.clone();
        drop(state);
        if let Some(call) = on_look {
            for topic in &topics {
                call(topic);
            }
        }
        Subscriber { hub: self.clone(), topics: topics.into(), since, latest }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn version(&self, sequence: u64) -> Version {
        Version { epoch: self.shared.epoch, sequence }
    }
}

/// One open stream.
pub(super) struct Subscriber {
    hub: Hub,
    topics: Arc<[String]>,
    /// The last sequence that it was told of; `None` before its first event, if it comes with nothing.
    since: Option<u64>,
    latest: watch::Receiver<u64>,
}

impl Subscriber {
    /// One event with everything that is new since the last one, if anything is.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        self.latest.mark_unchanged();
        let mut state = self.hub.lock();
        let (since, sequence) = (self.since, state.sequence);
        self.since = Some(sequence);
        if since == Some(sequence) {
            return None;
        }
        let is_same = |it: &&Encoded| it.since == since && (*it.topics == *self.topics);
        if let Some(known) = state.encoded.iter().find(is_same) {
            return known.event.clone();
        }
        let event = encode(&state, &self.topics, since, self.hub.version(sequence));
        if state.encoded.len() < KEPT_EVENTS {
            let topics = Arc::clone(&self.topics);
            state.encoded.push(Encoded { topics, since, event: event.clone() });
        }
        event
    }

    /// Where it stands, for a sign of life.
    pub(super) fn version(&self) -> Version {
        self.hub.version(self.since.unwrap_or(0))
    }

    /// Comes back when there may be something new; `Err` when there will never be.
    pub(super) async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        self.latest.changed().await
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        for name in &*self.topics {
            let Some(topic) = state.topics.get_mut(name) else { continue };
            topic.viewers = topic.viewers.saturating_sub(1);
            if topic.viewers == 0 && topic.parts.is_empty() {
                state.topics.remove(name);
            }
        }
    }
}

/// `data` is JSON, `{"topic": {"id": "markup"}}`, so there is no line end in it.
fn encode(state: &State, topics: &[String], since: Option<u64>, now: Version) -> Option<Bytes> {
    let mut data = Map::new();
    for name in topics {
        let Some(topic) = state.topics.get(name) else { continue };
        let news = topic.parts.iter().filter(|part| since.is_none_or(|since| part.changed > since));
        let parts: Map<String, Value> =
            news.map(|part| (part.id.clone(), part.markup.as_str().into())).collect();
        if !parts.is_empty() {
            data.insert(name.clone(), Value::Object(parts));
        }
    }
    if data.is_empty() && since.is_some() {
        return None;
    }
    let name = if since.is_some() { "delta" } else { "snapshot" };
    Some(format!("event: {name}\nid: {now}\ndata: {}\n\n", Value::Object(data)).into())
}
