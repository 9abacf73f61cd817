//! A worker's connection over its life: made when it is needed, made anew when it was lost, given up when the server
//! is away.

use super::setup::Prepared;
use super::shared::Shared;
use crate::clients::postgres::connection::{Connection, until};
use crate::clients::postgres::trouble::{Kind, Trouble};
use crate::clients::race::{Either, either};
use std::sync::Arc;
use std::time::Instant;

/// A connection with what one kind of worker has prepared on it.
pub trait Session: Sized {
    /// What the session is set to, beside what all are.
    const SETTINGS: &'static str;

    async fn prepare(connection: Connection, prepared: Arc<Prepared>) -> Result<Self, Trouble>;

    fn connection(&self) -> &Connection;

    fn prepared(&self) -> &Arc<Prepared>;
}

/// Opens a session unless there is a good one.
pub async fn ready<'a, S: Session>(
    shared: &Shared,
    kept: &'a mut Option<S>,
    deadline: Instant,
) -> Result<&'a mut S, Trouble> {
    let is_good =
        |session: &S| !session.connection().is_closed() && shared.is_current(session.prepared());
    if let Some(good) = kept.take().filter(is_good) {
        return Ok(kept.insert(good));
    }
    let opened = async {
        let (connection, prepared) = shared.connect(S::SETTINGS).await?;
        S::prepare(connection, prepared).await
    };
    Ok(kept.insert(until(deadline, opened).await?))
}

/// After trouble: what of it ends the session, and what tells that the server is away.
pub fn judge<S: Session>(shared: &Shared, kept: &mut Option<S>, trouble: &Trouble) {
    if trouble.ends_connection() {
        *kept = None;
    }
    match trouble.kind {
        Kind::Lost | Kind::Login | Kind::Changed => shared.lose(trouble),
        // One statement may be slow for a reason of its own; whether the server answers at all is seen by a look.
        Kind::Late => shared.suspected.notify_one(),
        _ => {}
    }
}

/// Reads something. A connection that was lost while it was idle is made anew once without anybody noticing; a server
/// that is found to be away ends the wait at once.
pub async fn read<S: Session, T>(
    shared: &Shared,
    kept: &mut Option<S>,
    deadline: Instant,
    work: impl AsyncFn(&S) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let mut may_be_stale = kept.is_some();
    loop {
        let read = async {
            let session = ready(shared, kept, deadline).await?;
            until(deadline, work(session)).await
        };
        let trouble = match either(read, shared.is_down()).await {
            Either::First(Ok(found)) => return Ok(found),
            Either::First(Err(trouble)) => trouble,
            Either::Second(trouble) => {
                *kept = None;
                return Err(trouble);
            }
        };
        if trouble.kind == Kind::Lost && may_be_stale {
            may_be_stale = false;
            *kept = None;
            continue;
        }
        judge(shared, kept, &trouble);
        return Err(trouble);
    }
}
