//! What the admin listener answers with: the map as a page, as text and as JSON.

use crate::app::map::keeper::Keeper;
use crate::charts::{Theme, style_rules};
use crate::map::{home, plain};
use crate::server::{Answer, Gate, GateHeaders, Problem, RequestHead, Route, Router, prefers_json};
use http::Method;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::sync::Arc;

const STYLE: &str = include_str!("map.css");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

type Handler = fn(&Keeper, &RequestHead<'_>, &mut Answer);

/// Adds the map's pages to the admin listener.
pub(in crate::app) fn mount(router: Router, keeper: &Keeper) -> Router {
    let gate: Arc<dyn Gate> = Arc::new(Headers);
    let quick = |handler: Handler| {
        let keeper = keeper.clone();
        let answer = move |request: &RequestHead<'_>, out: &mut Answer| {
            handler(&keeper, request, out);
        };
        Route::new().gate(Arc::clone(&gate)).quick(Method::GET, answer)
    };
    router.at("/", quick(home)).at("/map.json", quick(picture)).at("/map.css", quick(style))
}

/// A page for browsers, text for everything that does not ask for one.
fn home(keeper: &Keeper, request: &RequestHead<'_>, out: &mut Answer) {
    out.header("cache-control", "no-store").header("vary", "accept");
    let accept = request.header("accept");
    if prefers_json(accept) {
        return picture(keeper, request, out);
    }
    let (picture, drawing) = keeper.drawn();
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        let text = plain::text(&picture);
        out.text().extend_from_slice(text.as_bytes());
        out.text().extend_from_slice(b"\n/map.json  /metrics  /health  /ready\n");
        return;
    }
    let page = shell(&picture.stack, "", &home::content(&picture, &drawing));
    out.content("text/html; charset=utf-8").extend_from_slice(page.as_bytes());
}

fn picture(keeper: &Keeper, _: &RequestHead<'_>, out: &mut Answer) {
    let json = serde_json::to_vec(&*keeper.picture()).unwrap_or_default();
    out.header("cache-control", "no-store");
    out.json().extend_from_slice(&json);
}

fn style(_: &Keeper, _: &RequestHead<'_>, out: &mut Answer) {
    out.header("cache-control", "max-age=300");
    let style = format!("{}{STYLE}{}", style_rules(Theme::Automatic), crate::map::STYLE);
    out.content("text/css; charset=utf-8").extend_from_slice(style.as_bytes());
}

/// The page around its content; `base` leads from it to the map.
fn shell(stack: &str, base: &str, content: &str) -> String {
    let markup: Markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (stack) " · Headwater" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href={ (base) "map.css" };
            }
            body.hw {
                a.skip href="#content" { "Skip to content" }
                header { h1 { a href={ (base) "." } { (stack) } } }
                main #content tabindex="-1" { (PreEscaped(content)) }
                footer {
                    noscript { p.note { "Reload this page to see what is new." } }
                    p.note {
                        a href={ (base) "map.json" } { "Map as JSON" } " · "
                        a href={ (base) "metrics" } { "Metrics" } " · "
                        a href={ (base) "health" } { "Health" }
                    }
                }
            }
        }
    };
    markup.into_string()
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
            .add("content-security-policy", POLICY)
            .add("x-content-type-options", "nosniff")
            .add("referrer-policy", "no-referrer");
        Ok(())
    }
}
