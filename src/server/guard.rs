//! Keeps a panic of a handler within its request.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::handler::{Request, Slow};
use super::problem::Problem;
use super::response::Response;

/// Runs a piece of a handler; a panic comes back as its message. The handler's state is its own affair: everything
/// of ours that it may have left half done is thrown away by the caller.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
    })
}

/// The answer of a slow handler, or the problem that a panic is.
pub(crate) async fn answer(
    handler: Arc<dyn Slow>,
    request: Request,
    server: &str,
) -> Result<Response, Problem> {
    let path = request.path.clone();
    let failed = |message: String| {
        tracing::error!(server, path, panic = message, "a handler panicked");
        Problem::panicked()
    };
    let mut reply = catch(|| handler.answer(request)).map_err(failed)?;
    poll_fn(|context| match catch(|| reply.as_mut().poll(context)) {
        Ok(poll) => poll,
        Err(message) => std::task::Poll::Ready(Err(failed(message))),
    })
    .await
}
