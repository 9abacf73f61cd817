//! The routes of a resource, and what FastAPI adds to every application.

use super::form::form;
use super::get::Get;
use super::list::List;
use super::redirect;
use super::shape::Shape;
use super::write::{Create, Delete, Update};
use crate::server::{Answer, RequestHead, Route, Router};
use crate::wires::{Served, access};
use http::Method;
use std::sync::Arc;

/// Paths without a slash at their end, which those with one are sent to; some belong to the pages of the documentation.
const PLAIN_PATHS: [&str; 5] =
    ["/health", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"];

/// Puts a resource onto a router; its server speaks like uvicorn from then on, at every path.
pub fn mount(router: Router, served: &Arc<Served>) -> Router {
    let shape = Arc::new(Shape::new(served));
    let of = |shape: &Arc<Shape>| Arc::clone(shape);
    let records = Route::new()
        .attempt(Method::GET, List::new(of(&shape)))
        .slow(Method::POST, Create { shape: of(&shape) });
    let record = Route::new()
        .attempt(Method::GET, Get { shape: of(&shape) })
        .slow(Method::PUT, Update { shape: of(&shape) })
        .slow(Method::DELETE, Delete { shape });
    let guarded = |route: Route| access::guard(route.problem_form(form), &served.access);
    let stem = served.path.trim_end_matches('/');
    let prefix = format!("{stem}/");
    let other = if served.path == prefix { stem.to_owned() } else { prefix.clone() };
    let router = router
        .like_uvicorn()
        .problem_form(form)
        .at("/health", Route::new().quick(Method::GET, health).problem_form(form))
        .at(served.path.clone(), guarded(records))
        .at(other, redirect::to(served.path.clone()))
        .segment(prefix.clone(), guarded(record))
        .below(prefix.clone(), redirect::below(prefix));
    PLAIN_PATHS.iter().fold(router, |router, path| {
        router.at(format!("{path}/"), redirect::to((*path).to_owned()))
    })
}

fn health(_: &RequestHead<'_>, out: &mut Answer) {
    out.json().extend_from_slice(b"{\"status\":\"healthy\"}");
}
