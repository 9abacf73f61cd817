//! `/live`: the changes of the topics that a page asks for, as server-sent events.

use super::hub::{Hub, Subscriber};
use super::pace::{EVERY, Pace};
use crate::core::time::now;
use crate::formats::form::decode_query;
use crate::server::{Problem, Request, Response, StreamEnded, StreamSender, stream};
use std::future::poll_fn;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::time::sleep;

/// Streams of a server of pages at a time: each holds a connection for hours; 503 beyond.
pub const STREAMS: usize = 512;
/// Topics of one stream: all tabs of a browser share one.
const TOPICS: usize = 64;
const TOPIC_BYTES: usize = 128;

/// How quickly a stream does things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tempo {
    /// Between two events with changes, on the average: one more than that may go at once.
    pub(super) gather: Duration,
    /// How often a page hears that the server is alive although nothing changes.
    pub(super) alive: Duration,
}

pub(super) const TEMPO: Tempo = Tempo { gather: EVERY, alive: Duration::from_secs(10) };

/// How many streams there are, and may be.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    taken: AtomicUsize,
}

/// Given back when dropped.
struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: AtomicUsize::new(0) }
    }

    fn take(places: &Arc<Self>) -> Option<Place> {
        let more = |taken: usize| (taken < places.most).then_some(taken + 1);
        let taken = places.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.is_ok().then(|| Place(Arc::clone(places)))
    }
}

/// `?topics=a,b&since=VERSION`; the header `Last-Event-ID` is newer than `since`, which stands in the address.
pub(super) fn answer(
    hub: &Hub,
    places: &Arc<Places>,
    request: &Request,
) -> Result<Response, Problem> {
    let parameters = decode_query(request.query.as_deref().unwrap_or_default());
    let get = |wanted: &str| {
        parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let topics = topics(get("topics").unwrap_or_default())?;
    let since = request.header("last-event-id").or_else(|| get("since"));
    let Some(place) = Places::take(places) else { return Err(too_many(places.most)) };
    let mut subscriber = hub.subscribe(topics, since.and_then(|since| since.trim().parse().ok()));
    let (sender, body) = stream(1);
    tokio::spawn(async move {
        // The page has gone, or the server stops: either way nothing is left to be done.
        if follow(&mut subscriber, &sender, TEMPO).await.is_ok() {
            sender.finish().await.unwrap_or_default();
        }
        drop(place);
    });
    Ok(Response::events(body))
}

fn topics(list: &str) -> Result<Vec<String>, Problem> {
    let mut topics: Vec<String> =
        list.split(',').filter(|topic| !topic.is_empty()).map(str::to_owned).collect();
    topics.sort();
    topics.dedup();
    if topics.is_empty() || topics.len() > TOPICS || topics.iter().any(|it| it.len() > TOPIC_BYTES)
    {
        let words = format!("`topics` names 1 to {TOPICS} topics, with commas between them.");
        return Err(Problem::new(400, words));
    }
    Ok(topics)
}

fn too_many(most: usize) -> Problem {
    Problem::new(503, format!("All {most} streams of this server are taken; try again later."))
        .with_header("retry-after", "5")
}

/// Sends what is new, a change and one more at once and then one event in each interval: a client that reads slowly
/// gets fewer and larger ones, and slows nobody.
pub(super) async fn follow(
    subscriber: &mut Subscriber,
    sender: &StreamSender,
    tempo: Tempo,
) -> Result<(), StreamEnded> {
    // Many pages that lose one server come back one after another.
    let again = 800 + RandomState::new().hash_one("again") % 700;
    sender.send(format!("retry: {again}\n{}", sign_of_life(subscriber))).await?;
    let mut changes = Pace::new(tempo.gather);
    loop {
        if let Some(event) = subscriber.take() {
            sender.send(event).await?;
            changes.done(now(), Duration::ZERO);
            if let Some(next) = changes.next().filter(|next| *next > now()) {
                wait(sender, None, next.saturating_duration_since(now())).await?;
            }
        }
        if wait(sender, Some(&mut *subscriber), tempo.alive).await? {
            sender.send(sign_of_life(subscriber)).await?;
        }
    }
}

fn sign_of_life(subscriber: &Subscriber) -> String {
    format!("event: alive\ndata: \"{}\"\n\n", subscriber.version())
}

/// Waits for news if a subscriber is given, at most so long; answers whether the time was over.
async fn wait(
    sender: &StreamSender,
    subscriber: Option<&mut Subscriber>,
    longest: Duration,
) -> Result<bool, StreamEnded> {
    let mut ended = pin!(sender.ended());
    let mut time = pin!(sleep(longest));
    let wants_news = subscriber.is_some();
    let mut news = pin!(async {
        match subscriber {
            Some(subscriber) => subscriber.changed().await.is_ok(),
            None => false,
        }
    });
    poll_fn(|context| {
        if ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(StreamEnded));
        }
        if wants_news && news.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(false));
        }
        time.as_mut().poll(context).map(|()| Ok(true))
    })
    .await
}
