//! The button that delivers dead letters again: leaves the request on the disk, where the flow finds it.

use crate::app::map::keeper::Keeper;
use crate::app::map::nodes;
use crate::core::disk::{Disk, DiskError};
use crate::engine::letters::{self, Numbers, Shelf, What};
use crate::formats::form::decode_query;
use crate::server::{Problem, Request, Response};
use crate::web::is_same_origin;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

/// How long the answer waits for the flow, so that the page can say what became of the request.
const PATIENCE: Duration = Duration::from_millis(1500);
const LOOK: Duration = Duration::from_millis(50);

type Answering = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

pub(super) fn replay(keeper: &Keeper) -> impl Fn(Request) -> Answering + Send + Sync + 'static {
    let keeper = keeper.clone();
    move |request| Box::pin(answer(keeper.clone(), request))
}

async fn answer(keeper: Keeper, request: Request) -> Result<Response, Problem> {
    if !is_same_origin(&request) {
        return Err(Problem::new(403, "This form is sent by the page of this server only."));
    }
    let flow = request.segment.clone();
    let Some(node) = nodes::node_of(&keeper, &flow) else {
        return Err(Problem::new(404, "There is no such flow on the map."));
    };
    let body = request.body.collect().await?;
    let fields = decode_query(std::str::from_utf8(&body).unwrap_or_default());
    let wanted = fields.iter().find(|(name, _)| name == "letter").map(|(_, value)| value.as_str());
    let wanted = match wanted {
        Some("all") => None,
        Some(number) => Some(number.parse::<u64>().map_err(|_| which())?),
        None => return Err(which()),
    };
    let directory = keeper.directory().join(&flow);
    let asked = leave(keeper.disk(), &directory, wanted);
    let asked = asked.map_err(|error| Problem::new(503, error.to_string()))?;
    let Some(asked) = asked else {
        return Err(Problem::new(
            404,
            "There is no such dead letter any more: look at the page again.",
        ));
    };
    let mut waited = Duration::ZERO;
    let waits = |id: &String| {
        letters::waiting(keeper.disk(), &directory).is_ok_and(|waiting| waiting.contains(id))
    };
    while waited < PATIENCE && waits(&asked) {
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
    Ok(Response::empty(303).with_header("location", format!("/node/{node}#dead-letters")))
}

fn which() -> Problem {
    Problem::new(400, "Send `letter` with a number, or `all`.")
}

/// Answers the id of the request; `None` when there is nothing that can be replayed.
fn leave(
    disk: &dyn Disk,
    directory: &Path,
    wanted: Option<u64>,
) -> Result<Option<String>, DiskError> {
    let mut numbers = Numbers::default();
    Shelf::open(disk, directory)?.each(|letter| {
        if wanted.is_none_or(|wanted| wanted == letter.number) && letter.replayed_as().is_ok() {
            numbers.push(letter.number);
        }
    })?;
    if numbers.is_empty() {
        return Ok(None);
    }
    letters::ask(disk, directory, What::Replay, numbers).map(Some)
}
