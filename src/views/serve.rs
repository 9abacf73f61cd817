//! What a view answers: the page, its style and script, the events that keep it up to date, data and pictures.

use crate::server::{
    Answer, Gate, GateHeaders, Problem, Quick, RequestHead, Response, Route, Router, StreamEnded,
    StreamSender, stream,
};
use crate::views::drawing::Snapshot;
use crate::views::page::{self, Words};
use http::Method;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How often an open page hears that the view is alive although nothing changes.
const ALIVE: Duration = Duration::from_secs(10);

/// How long a browser may keep style and script; they change only with the program.
const KEEP: &str = "max-age=300";

pub(super) type Snapshots = watch::Receiver<Arc<Snapshot>>;

/// All handlers share one receiver, so that the number of receivers tells how many pages are open.
pub(super) fn router(words: Words, snapshots: Snapshots) -> Router {
    let snapshots = Arc::new(snapshots);
    let latest = Arc::clone(&snapshots);
    let the_page = move |_: &RequestHead<'_>, out: &mut Answer| {
        let markup = page::page(&words, &latest.borrow().content);
        put(out, "text/html; charset=utf-8", "no-store", &markup);
    };
    let latest = Arc::clone(&snapshots);
    let data = move |_: &RequestHead<'_>, out: &mut Answer| {
        put(out, "application/json", "no-store", &latest.borrow().data);
    };
    let latest = Arc::clone(&snapshots);
    let picture = move |request: &RequestHead<'_>, out: &mut Answer| {
        let number = request.segment().strip_suffix(".svg").and_then(|text| text.parse().ok());
        let index = number.and_then(|number: usize| number.checked_sub(1));
        let snapshot = latest.borrow();
        let found = index.and_then(|index| snapshot.pictures.get(index)).and_then(Option::as_ref);
        let Some(svg) = found else {
            out.status(404);
            out.text().extend_from_slice(b"there is no such picture\n");
            return;
        };
        put(out, "image/svg+xml", "no-store", svg);
    };
    let events = move |_| std::future::ready(Ok(follow(Snapshots::clone(&snapshots))));
    let style = page::style();
    let gate: Arc<dyn Gate> = Arc::new(Headers);
    Router::new()
        .at("/", quick(&gate, the_page))
        .at("/data.json", quick(&gate, data))
        .segment("/panels/", quick(&gate, picture))
        .at("/view.css", quick(&gate, fixed("text/css; charset=utf-8", style)))
        .at("/live.js", quick(&gate, fixed("text/javascript", page::SCRIPT.to_owned())))
        .at("/events", Route::new().gate(gate).slow(Method::GET, events))
}

fn quick(gate: &Arc<dyn Gate>, handler: impl Quick + 'static) -> Route {
    Route::new().gate(Arc::clone(gate)).quick(Method::GET, handler)
}

fn put(out: &mut Answer, content_type: &'static str, cache: &str, body: &str) {
    out.header("cache-control", cache);
    out.content(content_type).extend_from_slice(body.as_bytes());
}

fn fixed(content_type: &'static str, body: String) -> impl Quick {
    move |_: &RequestHead<'_>, out: &mut Answer| put(out, content_type, KEEP, &body)
}

/// Headers that every answer carries.
struct Headers;

impl Gate for Headers {
    fn ask(
        &self,
        _: &RequestHead<'_>,
        _: &str,
        headers: &mut GateHeaders<'_>,
    ) -> Result<(), Problem> {
        headers
            .add("content-security-policy", page::POLICY)
            .add("x-content-type-options", "nosniff")
            .add("referrer-policy", "no-referrer");
        Ok(())
    }
}

/// The latest snapshot and then every newer one. A client that reads slowly misses those between.
fn follow(snapshots: Snapshots) -> Response {
    let (sender, body) = stream(1);
    tokio::spawn(async move {
        // The client has gone, or nothing more will be drawn: either way nothing is left to be done.
        if send_all(snapshots, &sender).await.is_ok() {
            sender.finish().await.unwrap_or_default();
        }
    });
    Response::events(body)
}

async fn send_all(mut snapshots: Snapshots, sender: &StreamSender) -> Result<(), StreamEnded> {
    sender.send("retry: 1000\n\n").await?;
    loop {
        let event = snapshots.borrow_and_update().event.clone();
        sender.send(event).await?;
        loop {
            match timeout(ALIVE, snapshots.changed()).await {
                Ok(Ok(())) => break,
                Ok(Err(_)) => return Ok(()),
                Err(_) => sender.send("event: alive\ndata: 1\n\n").await?,
            }
        }
    }
}
