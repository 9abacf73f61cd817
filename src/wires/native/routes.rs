//! What is where: the collection with and without its slash, and the records below it.

use super::item::GetItem;
use super::shared::Native;
use crate::server::{Problem, Request, Response, Route, Router, Slow};
use crate::wires::Served;
use crate::wires::access::guard;
use http::Method;
use std::sync::Arc;

/// Answers for a resource at its path and below it.
pub fn mount(router: Router, served: &Arc<Served>) -> Router {
    let native = Arc::new(Native::new(served));
    let of = |route: Route| guard(route, &served.access);
    let collection = of(Route::new()
        .slow(Method::GET, with(&native, |it, request| async move { it.collection(request).await }))
        .slow(Method::POST, with(&native, |it, request| async move { it.post(request).await })));
    let item = of(Route::new()
        .attempt(Method::GET, GetItem(Arc::clone(&native)))
        .slow(Method::PUT, with(&native, |it, request| async move { it.put(request).await }))
        .slow(Method::PATCH, with(&native, |it, request| async move { it.patch(request).await }))
        .slow(
            Method::DELETE,
            with(&native, |it, request| async move { it.delete(request).await }),
        ));
    let base = native.base.clone();
    let bare = base.trim_end_matches('/').to_owned();
    let router = router.at(base.clone(), collection.clone()).segment(base, item);
    if bare.is_empty() { router } else { router.at(bare, collection) }
}

/// A handler that has the resource at hand.
fn with<F, R>(native: &Arc<Native>, work: F) -> impl Slow + use<F, R>
where
    F: Fn(Arc<Native>, Request) -> R + Send + Sync,
    R: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    let native = Arc::clone(native);
    move |request: Request| work(Arc::clone(&native), request)
}
