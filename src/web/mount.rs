//! The paths that every server with live pages has.

use super::asset::Asset;
use super::hub::Hub;
use super::policy::Policy;
use super::stream::{self, Places};
use crate::server::{Gate, Request, Route, Router};
use http::Method;
use std::future::ready;
use std::sync::Arc;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Adds `/live` with room for so many `streams`, and the scripts; the pages themselves are the caller's, behind the
/// same `gate`.
#[must_use]
pub fn mount(router: Router, hub: &Hub, gate: &Arc<dyn Gate>, streams: usize) -> Router {
    let (hub, places) = (hub.clone(), Arc::new(Places::new(streams)));
    let live = move |request: Request| ready(stream::answer(&hub, &places, &request));
    // Scripts tell nothing, and the page that asks for a token has one too.
    let open = self::gate();
    let script = |text: &'static str| {
        Asset::route(&Arc::new(Asset::plain(SCRIPT, text))).gate(Arc::clone(&open))
    };
    router
        .at("/live", Route::new().gate(Arc::clone(gate)).slow(Method::GET, live))
        .at("/live.js", script(include_str!("live.js")))
        .at("/cursor.js", script(include_str!("cursor.js")))
        .at("/worker.js", script(include_str!("worker.js")))
}

/// The gate of pages that only their own server may frame.
pub fn gate() -> Arc<dyn Gate> {
    Arc::new(Policy::new())
}
