//! The routes of a resource: a path with `{…}` reads, one without registers.

use super::get::Get;
use super::register::Register;
use super::words::object;
use crate::server::{Answer, Problem, RequestHead, Route, Router};
use crate::wires::{Served, access, noun};
use http::Method;
use std::sync::Arc;

/// Puts a resource onto a router.
pub fn mount(router: Router, served: &Arc<Served>) -> Router {
    let router = router.leading_slashes_are_one();
    // Also beside a resource whose wire has another form of problems.
    let guarded =
        |route: Route| access::guard(route.problem_form(Problem::to_json), &served.access);
    if let Some((prefix, _)) = served.path.split_once('{') {
        let get = Get::new(served);
        return router.plain_segment(prefix, guarded(Route::new().attempt(Method::GET, get)));
    }
    let register = Register::new(served);
    let router = router.at(served.path.clone(), guarded(Route::new().slow(Method::POST, register)));
    if served.path == "/" {
        return router;
    }
    let one = noun::of_one(&served.resource.schema().name);
    let greeting = object("message", &format!("{one} Service is running.."));
    let greet = move |_: &RequestHead<'_>, out: &mut Answer| {
        out.json().extend_from_slice(&greeting);
    };
    router.at("/", Route::new().quick(Method::GET, greet))
}
