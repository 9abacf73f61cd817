//! What the admin listener answers with: the map as a page, as text and as JSON.

use crate::app::map::keeper::Keeper;
use crate::app::map::letters::replay;
use crate::app::map::nodes::{self, Wanted};
use crate::map::node::{self, Span};
use crate::map::{home, plain};
use crate::server::{Gate, Problem, Request, Response, Route, Router, prefers_json};
use crate::web::{self, Door, HTML, Link, Page, Policy};
use http::Method;
use maud::{Markup, PreEscaped, html};
use std::future::ready;
use std::sync::{Arc, LazyLock};

/// Open pages of the map; further ones are told to come back.
pub(in crate::app) const STREAMS: usize = 128;
/// The topic of the map's page.
pub(super) const MAP: &str = "map";

static RULES: LazyLock<String> = LazyLock::new(|| web::squeeze(crate::map::STYLE));

type Answered = Result<Response, Problem>;

/// Adds the map's pages to the admin listener, all of them behind its door.
pub(in crate::app) fn mount(router: Router, keeper: &Keeper, door: &Door) -> Router {
    let gate: Arc<dyn Gate> = door.before(Policy::with_rules(&RULES));
    let route = |answer: fn(&Keeper, &Request) -> Answered| {
        let keeper = keeper.clone();
        let answer = move |request: Request| ready(answer(&keeper, &request));
        Route::new().gate(Arc::clone(&gate)).slow(Method::GET, answer)
    };
    let front = route(|keeper, request| Ok(front(keeper, request)));
    door.lead_to(web::mount(router, &keeper.hub, &gate, STREAMS), front)
        .segment("/node/", route(node_page))
        .segment(
            "/replay/",
            Route::new()
                .gate(Arc::clone(&gate))
                .body_bytes(4096)
                .slow(Method::POST, replay(keeper)),
        )
        .at("/map.json", route(|keeper, request| Ok(picture(keeper, request))))
}

/// A page for browsers, text for everything that does not ask for one.
fn front(keeper: &Keeper, request: &Request) -> Response {
    let accept = request.header("accept");
    if prefers_json(accept) {
        return picture(keeper, request);
    }
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        let (keeper, theme) = (keeper.clone(), web::theme(request));
        return web::drawn(request, HTML, async move { page(&keeper, theme) });
    }
    let mut text = plain::text(&keeper.picture());
    text.push_str("\n/map.json  /metrics  /health  /ready\n");
    web::fresh(request, "text/plain; charset=utf-8", text)
}

fn picture(keeper: &Keeper, request: &Request) -> Response {
    // Another process of the stack asks only for what it cannot know.
    let wants_own = request.query.as_deref() == Some("own");
    let picture = if wants_own { keeper.own() } else { keeper.picture() };
    let json = serde_json::to_vec(&*picture).unwrap_or_default();
    web::fresh(request, "application/json", json)
}

fn page(keeper: &Keeper, theme: Option<&'static str>) -> String {
    let (picture, drawing) = keeper.drawn();
    // What the page shows is published first, so that its version says what it has.
    keeper.hub.publish(MAP, home::parts(&picture, &drawing));
    let page = Page {
        title: &picture.stack,
        over: "Stack",
        root: "",
        links: &[link(".", true)],
        rules: &RULES,
        topics: &[MAP],
        version: keeper.hub.snapshot(MAP).0,
        theme,
        content: PreEscaped(home::content(&picture, &drawing)),
        footer: footer(""),
    };
    page.html()
}

fn node_page(keeper: &Keeper, request: &Request) -> Answered {
    let id = request.segment.replace("%3A", ":").replace("%3a", ":");
    let is_day = request.query.as_deref().is_some_and(|query| query.contains("span=day"));
    let span = if is_day { Span::Day } else { Span::Quarter };
    let wanted = Wanted { span, from_disk: true };
    let topic = nodes::topic(&id);
    let stack = keeper.picture().stack.clone();
    let page = nodes::with_view(keeper, &id, wanted, |view| {
        // A day changes too slowly to be kept up to date.
        let is_live = span == Span::Quarter;
        if is_live {
            keeper.hub.publish(&topic, node::parts(view));
        }
        let topics: &[&str] = if is_live { &[topic.as_str()] } else { &[] };
        let page = Page {
            title: &view.node.node.name,
            over: &stack,
            root: "../",
            links: &[link("../", false)],
            rules: &RULES,
            topics,
            version: keeper.hub.snapshot(&topic).0,
            theme: web::theme(request),
            content: node::content(view),
            footer: footer("../"),
        };
        page.html()
    });
    match page {
        Some(page) => Ok(web::fresh(request, HTML, page)),
        None => Err(Problem::new(404, "There is no such node on the map.")),
    }
}

fn link(href: &str, is_here: bool) -> Link {
    Link { text: "Map".to_owned(), href: href.to_owned(), is_here, keys: Some("g m") }
}

fn footer(root: &str) -> Markup {
    html! {
        p.note {
            "Headwater " (env!("CARGO_PKG_VERSION")) " · "
            a href={ (root) "map.json" } { "Map as JSON" } " · "
            a href={ (root) "metrics" } { "Metrics" } " · "
            a href={ (root) "health" } { "Health" }
        }
    }
}
