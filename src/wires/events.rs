//! Changes of a resource as server-sent events, with replay from the store's log. The same for every wire.

use crate::caches::Cached;
use crate::core::text::append;
use crate::core::time::{now, rfc3339};
use crate::resource::{
    Change, ChangeKind, ChangePosition, Changes, Schema, Store, StoreError, json,
};
use crate::server::{Problem, Response, StreamEnded, StreamSender, stream as server_stream};
use crate::wires::Served;
use crate::wires::answers::{WORK_DEADLINE, store_problem, within};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::sleep;

/// Streams of this process at a time: each holds a connection for hours and reads the log on its own; 503 beyond.
pub const STREAMS: usize = 512;

/// Changes read at a time: bounds what a stream holds, whatever its client does.
const PAGE: usize = 64;
/// Pieces that may wait for a client that reads slowly; then its stream waits too, and nobody else.
const AHEAD: usize = 2;

static PLACES: Places = Places::new(STREAMS);

/// How quickly a stream does things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// A comment after so long a silence: proxies and clients drop connections that seem dead.
    pub(crate) heartbeat: Duration,
    /// Between two looks at the log, so that many commits a second cost a stream one look. A change that comes alone
    /// is told at once.
    pub(crate) gather: Duration,
    /// Before the next look when the store could not be reached.
    pub(crate) retry: Duration,
}

const PACE: Pace = Pace {
    heartbeat: Duration::from_secs(15),
    gather: Duration::from_millis(50),
    retry: Duration::from_secs(1),
};

/// Follows the changes from now on, or from behind the last event that the client saw. The answer comes once the
/// store has said where that is; the stream ends when its client goes, when the server stops, or when the resource
/// is closed.
pub async fn stream(
    served: &Arc<Served>,
    last_event_id: Option<&str>,
) -> Result<Response, Problem> {
    stream_at(PACE, &PLACES, &served.resource, last_event_id).await
}

pub(crate) async fn stream_at(
    pace: Pace,
    places: &'static Places,
    resource: &Arc<Cached>,
    last_event_id: Option<&str>,
) -> Result<Response, Problem> {
    let Some(place) = places.take() else { return Err(too_many(places.most)) };
    let store = resource.store();
    let mut news = store.news();
    news.mark_unchanged();
    let begun = begin(&**store, last_event_id).await.map_err(|error| store_problem(&error))?;
    let (sender, body) = server_stream(AHEAD);
    let follower = Follower {
        resource: Arc::downgrade(resource),
        news,
        sender,
        position: begun.position,
        found: None,
        pace,
    };
    tokio::spawn(async move {
        follower.run(begun.text).await;
        drop(place);
    });
    Ok(Response::events(body))
}

fn too_many(most: usize) -> Problem {
    Problem::new(503, format!("All {most} streams of this service are taken; try again later."))
        .of_kind("urn:headwater:problem:too-many-streams", "Too many streams")
        .with_header("retry-after", "5")
}

/// Where a stream begins and what it says first.
struct Begun {
    position: ChangePosition,
    text: String,
}

async fn begin(store: &dyn Store, last_event_id: Option<&str>) -> Result<Begun, StoreError> {
    let now = position_of_now(store).await?;
    let Some(id) = last_event_id.map(str::trim).filter(|id| !id.is_empty()) else {
        return Ok(Begun { position: now, text: first_event("ready", now) });
    };
    // A position ahead of now is that of another store, or of this one before it was emptied.
    if let Some(position) = id.parse().ok().filter(|position| *position <= now)
        && !read(store, position).await?.has_gap
    {
        return Ok(Begun { position, text: first_event("ready", position) });
    }
    Ok(Begun { position: now, text: first_event("resync", now) })
}

async fn position_of_now(store: &dyn Store) -> Result<ChangePosition, StoreError> {
    Ok(within(WORK_DEADLINE, store.changes(None, 0)).await?.upto)
}

async fn read(store: &dyn Store, after: ChangePosition) -> Result<Changes, StoreError> {
    within(WORK_DEADLINE, store.changes(Some(after), PAGE)).await
}

/// One stream, as a task of its own.
struct Follower {
    /// Not held, so that a stream never keeps a resource open that its service has closed.
    resource: Weak<Cached>,
    news: watch::Receiver<u64>,
    sender: StreamSender,
    position: ChangePosition,
    /// When the log last had something new.
    found: Option<Instant>,
    pace: Pace,
}

/// What a stream does after a look at the log.
enum Then {
    /// There was something, so there may be more.
    LookAgain,
    Wait,
    /// The store could not be reached.
    Retry,
    /// The resource is closed.
    End,
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    News,
    Silence,
    Closed,
    ClientGone,
}

impl Follower {
    async fn run(mut self, first: String) {
        // Nobody listens any more, and nothing is left to be said.
        if self.follow(first).await.is_ok() {
            self.sender.finish().await.unwrap_or_default();
        }
    }

    async fn follow(&mut self, first: String) -> Result<(), StreamEnded> {
        self.sender.send(first).await?;
        loop {
            let (text, then) = self.look().await;
            if !text.is_empty() {
                self.found = Some(now());
                self.sender.send(text).await?;
            }
            let woken = match then {
                Then::LookAgain => continue,
                Then::End => return Ok(()),
                Then::Wait => self.wait_for_news().await,
                Then::Retry => self.wait(self.pace.retry, false).await,
            };
            match woken {
                Woken::News => {}
                Woken::Silence => self.sender.send(":\n\n").await?,
                Woken::Closed => return Ok(()),
                Woken::ClientGone => return Err(StreamEnded),
            }
        }
    }

    /// What the log has behind the position, as events.
    async fn look(&mut self) -> (String, Then) {
        self.news.mark_unchanged();
        let Some(resource) = self.resource.upgrade() else { return (String::new(), Then::End) };
        let store = resource.store();
        let changes = match read(&**store, self.position).await {
            Ok(changes) if changes.has_gap => match position_of_now(&**store).await {
                Ok(now) => {
                    self.position = now;
                    // Waiting before the next look: a log that always has a gap must not keep a stream busy.
                    return (event("resync", now, &at_position(now)), Then::Wait);
                }
                Err(error) => Err(error),
            },
            other => other,
        };
        match changes {
            Ok(changes) => {
                self.position = changes.upto;
                let then = if changes.items.len() < PAGE { Then::Wait } else { Then::LookAgain };
                (events(store.schema(), &changes.items), then)
            }
            Err(error) => {
                // The problem is nobody's answer here; making it writes the log.
                drop(store_problem(&error));
                (String::new(), Then::Retry)
            }
        }
    }

    async fn wait_for_news(&mut self) -> Woken {
        let woken = self.wait(self.pace.heartbeat, true).await;
        let rested = self.found.map_or(self.pace.gather, |found| found.elapsed());
        let rest = self.pace.gather.saturating_sub(rested);
        if woken != Woken::News || rest.is_zero() {
            return woken;
        }
        match self.wait(rest, false).await {
            Woken::Silence => Woken::News,
            woken => woken,
        }
    }

    /// Waits for news, if they are wanted, for the client to go, and at most so long.
    async fn wait(&mut self, longest: Duration, wants_news: bool) -> Woken {
        let mut ended = pin!(self.sender.ended());
        let mut news = pin!(self.news.changed());
        let mut silence = pin!(sleep(longest));
        poll_fn(|context| {
            if ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(Woken::ClientGone);
            }
            if wants_news && let Poll::Ready(news) = news.as_mut().poll(context) {
                return Poll::Ready(news.map_or(Woken::Closed, |()| Woken::News));
            }
            silence.as_mut().poll(context).map(|()| Woken::Silence)
        })
        .await
    }
}

/// The first event of a stream also says how soon to come back when the connection is lost.
fn first_event(name: &str, position: ChangePosition) -> String {
    format!("retry: 1000\n{}", event(name, position, &at_position(position)))
}

fn at_position(position: ChangePosition) -> String {
    format!("{{\"position\":\"{position}\"}}")
}

/// `data` is JSON, so there is no line end in it.
fn event(name: &str, id: ChangePosition, data: &str) -> String {
    format!("event: {name}\nid: {id}\ndata: {data}\n\n")
}

fn events(schema: &Schema, changes: &[Change]) -> String {
    let mut text = String::new();
    let mut data = Vec::new();
    for change in changes {
        let name = match change.kind {
            ChangeKind::Created => "created",
            ChangeKind::Updated => "updated",
            ChangeKind::Deleted => "deleted",
        };
        data.clear();
        append_change(&mut data, schema, change);
        let data = String::from_utf8_lossy(&data);
        append(&mut text, format_args!("event: {name}\nid: {}\ndata: {data}\n\n", change.position));
    }
    text
}

fn append_change(out: &mut Vec<u8>, schema: &Schema, change: &Change) {
    out.extend_from_slice(b"{\"key\":");
    json::append_value(out, &change.key.to_value());
    out.extend_from_slice(b",\"record\":");
    match &change.record {
        Some(record) => json::append_record(out, schema, record),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(format!(",\"time\":\"{}\"}}", rfc3339(change.unix_ms)).as_bytes());
}

/// How many streams there may be.
#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    taken: AtomicUsize,
}

/// Given back when dropped.
#[derive(Debug)]
struct Place(&'static Places);

impl Places {
    pub(crate) const fn new(most: usize) -> Self {
        Self { most, taken: AtomicUsize::new(0) }
    }

    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    fn take(&'static self) -> Option<Place> {
        let more = |taken: usize| (taken < self.most).then_some(taken + 1);
        let taken = self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        // Made only when there is one: a place that was made and not handed out would be given back all the same.
        taken.is_ok().then(|| Place(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}
