//! A replica's answer on its way to the client: at once where it is whole, else piece by piece as fast as the client
//! takes them.

use crate::gate::group::Place;
use crate::gate::headers::{REPLICA, for_client};
use crate::gate::limits::ANSWER_QUEUE;
use crate::gate::outgoing::Outgoing;
use crate::gate::passing::{Answer, Passed, next};
use crate::server::{Response, ResponseBody, StreamBody, StreamSender, stream};
use bytes::Bytes;
use http::Method;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use hyper::body::Incoming;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Makes the server's answer of a replica's; the place is given back when the last byte is on its way.
pub(crate) fn respond(
    passed: Passed,
    place: Place,
    outgoing: &Outgoing,
    names_replica: bool,
) -> Response {
    let (method, is_free) = (outgoing.method(), outgoing.has_ended());
    let Passed { mut parts, body, sender } = passed;
    let length = length_of(&parts.headers);
    if closes(&parts.headers) {
        place.look();
    }
    let is_endless = is_events(&parts.headers);
    let mut response = Response::empty(parts.status.as_u16());
    if names_replica {
        response = response.with_header(REPLICA, place.chosen.address.to_string());
    }
    response.lines = for_client(&mut parts.headers);
    response.body = match body {
        Answer::Whole(bytes) => {
            if is_free {
                place.line.connections.put(sender);
            }
            if *method == Method::HEAD { head_only(length) } else { whole(bytes) }
        }
        Answer::Coming(incoming) => {
            let (out, body) = stream(ANSWER_QUEUE);
            tokio::spawn(async move {
                // A client that has gone needs no end.
                if carry(incoming, &out).await && out.finish().await.is_ok() && is_free {
                    place.line.connections.put(sender);
                }
                drop(place);
            });
            ResponseBody::Stream(shaped(body, length, is_endless))
        }
    };
    response
}

/// Passes pieces on until the end; `false` when there is none, and the client shall see that.
async fn carry(mut incoming: Incoming, out: &StreamSender) -> bool {
    loop {
        let (mut piece, mut ended) = (pin!(next(&mut incoming)), pin!(out.ended()));
        let piece = poll_fn(|context| {
            if let Poll::Ready(piece) = piece.as_mut().poll(context) {
                return Poll::Ready(Some(piece));
            }
            // Only so a silent stream is ended at the replica when its client has gone.
            ended.as_mut().poll(context).map(|()| None)
        });
        match piece.await {
            Some(Some(Ok(data))) => {
                if out.send(data).await.is_err() {
                    return false;
                }
            }
            Some(None) => return true,
            Some(Some(Err(error))) => {
                tracing::debug!(%error, "a replica ended in the middle of its answer");
                return false;
            }
            None => return false,
        }
    }
}

fn shaped(body: StreamBody, length: Option<u64>, is_endless: bool) -> StreamBody {
    match length {
        Some(length) => body.of_length(length).to_its_end(),
        None if is_endless => body,
        // Cut short it would look whole.
        None => body.to_its_end(),
    }
}

fn whole(bytes: Bytes) -> ResponseBody {
    if bytes.is_empty() { ResponseBody::Empty } else { ResponseBody::Whole(bytes) }
}

/// The length that a GET would have; nothing of the body is ever asked for.
fn head_only(length: Option<u64>) -> ResponseBody {
    let (_, body) = stream(1);
    ResponseBody::Stream(match length {
        Some(length) => body.of_length(length),
        None => body,
    })
}

fn length_of(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn closes(headers: &HeaderMap) -> bool {
    let value = headers.get(CONNECTION).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

/// Server-sent events end when their server stops, and their client comes back.
fn is_events(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.starts_with("text/event-stream"))
}
