//! What a view answers: the page, its live parts, its panels in every form, and all data.

use crate::server::{Gate, Problem, Request, Response, Route, Router};
use crate::views::drawing::Snapshot;
use crate::views::message::{Message, Queue};
use crate::views::page::{self, Words};
use crate::views::panels::Names;
use crate::views::pictures;
use crate::web::{self, Door, HTML, Hub, Policy, STREAMS};
use http::Method;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// How long a request waits for what it asks to be drawn; then it gets what was drawn before.
const PATIENCE: Duration = Duration::from_secs(2);

/// What all handlers share.
pub(super) struct Serving {
    pub words: Words,
    pub names: Vec<Names>,
    pub hub: Hub,
    pub queue: Queue,
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
}

/// Who may show a view in a frame.
pub(super) struct Gates {
    pub page: Arc<dyn Gate>,
    pub embed: Arc<dyn Gate>,
    pub picture: Arc<dyn Gate>,
    /// Where readers are to say who they are.
    pub door: Door,
}

impl Gates {
    /// `ancestors` are origins that may embed panels; the page itself only its own server may frame.
    pub(super) fn new(ancestors: &[String], token: Option<&str>) -> Self {
        let embed = match ancestors {
            [] => Policy::new(),
            origins => Policy::framed_by(&format!("'self' {}", origins.join(" "))),
        };
        let door = Door::new("view", token);
        Self {
            page: door.before(Policy::new()),
            embed: door.before(embed),
            picture: door.before(Policy::pictures()),
            door,
        }
    }
}

impl Serving {
    /// Everything as it is now: drawn anew if something changed since the last drawing.
    pub(super) async fn look(&self) -> Arc<Snapshot> {
        let (answer, drawn) = oneshot::channel();
        // A full queue means that the drawing thread is busy; what it has drawn is not old then.
        if self.queue.try_send(Message::Look(answer)).is_ok() {
            drop(timeout(PATIENCE, drawn).await);
        }
        Arc::clone(&self.snapshots.borrow())
    }

    pub(super) fn place(&self, slug: &str) -> Option<(usize, &Names)> {
        let by_number = slug.parse().ok().and_then(|number: usize| number.checked_sub(1));
        let named = |(index, names): &(usize, &Names)| {
            names.slug == slug || by_number.is_some_and(|wanted| wanted == *index)
        };
        self.names.iter().enumerate().find(named)
    }

    fn page(self: Arc<Self>, request: &Request) -> Response {
        let theme = web::theme(request);
        web::drawn(request, HTML, async move {
            self.look().await;
            page::page(&self.words, &self.names, page::snapshot(&self.hub), theme)
        })
    }

    async fn embed(&self, request: &Request) -> Result<Response, Problem> {
        let Some((_, names)) = self.place(&request.segment) else { return Err(nothing()) };
        self.look().await;
        let page =
            page::embedded(&self.words, names, page::snapshot(&self.hub), web::theme(request));
        Ok(web::fresh(request, HTML, page))
    }

    async fn data(&self, request: &Request) -> Response {
        let data = self.look().await.data.clone();
        web::fresh(request, "application/json", data)
    }
}

/// All paths of a view.
pub(super) fn router(serving: Serving, gates: &Gates) -> Router {
    let hub = serving.hub.clone();
    let serving = Arc::new(serving);
    let page = slow(&gates.page, &serving, async |it, request| Ok(it.page(&request)));
    let data = slow(&gates.page, &serving, async |it, request| Ok(it.data(&request).await));
    let embed = slow(&gates.embed, &serving, async |it, request| it.embed(&request).await);
    let panel =
        slow(&gates.picture, &serving, async |it, request| pictures::panel(&it, &request).await);
    let badge =
        slow(&gates.picture, &serving, async |it, request| pictures::badge(&it, &request).await);
    let router = Router::new()
        .at("/data.json", data)
        .at("/badge.svg", badge)
        .segment("/embed/", embed)
        .segment("/panels/", panel);
    gates.door.lead_to(web::mount(router, &hub, &gates.page, STREAMS), page)
}

fn slow<F, R>(gate: &Arc<dyn Gate>, serving: &Arc<Serving>, answer: F) -> Route
where
    F: Fn(Arc<Serving>, Request) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    let serving = Arc::clone(serving);
    let handler = move |request: Request| answer(Arc::clone(&serving), request);
    Route::new().gate(Arc::clone(gate)).slow(Method::GET, handler)
}

pub(super) fn nothing() -> Problem {
    Problem::new(404, "There is no such panel; the page links to those that there are.")
}
