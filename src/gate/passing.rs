//! One try: a request to one replica, and its answer as far as it is awaited.

use crate::core::time::now;
use crate::gate::connections::Sender;
use crate::gate::group::Place;
use crate::gate::limits::KEPT_ANSWER;
use crate::gate::outgoing::Outgoing;
use crate::gate::roster::Outcome;
use crate::gate::upload::{Progress, Upload};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::response::Parts;
use http::{Method, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

/// An answer that has begun.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) parts: Parts,
    pub(crate) body: Answer,
    pub(crate) sender: Sender,
}

#[derive(Debug)]
pub(crate) enum Answer {
    Whole(Bytes),
    Coming(Incoming),
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Not a byte was sent.
    Unsent(String),
    /// The replica may have done what was asked, or not.
    Lost(String),
    Late,
    /// It is an answer and cannot be passed on.
    Malformed(String),
}

impl Failure {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Unsent(reason) | Self::Lost(reason) | Self::Malformed(reason) => reason,
            Self::Late => "the time is over",
        }
    }
}

/// What ended one exchange of messages.
enum Broken {
    Unsent(Box<Upload>, String),
    Lost(String),
    Malformed(String),
}

enum Ended<T> {
    Done(T),
    Late,
    Cut,
}

pub(crate) async fn pass(
    place: &Place,
    outgoing: &mut Outgoing,
    time: Duration,
) -> Result<Passed, Failure> {
    let address = place.chosen.address;
    let sender = match place.line.connections.get(address).await {
        Ok(sender) => sender,
        Err(error) => {
            place.note(match error.kind() {
                ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Outcome::Refused,
                ErrorKind::TimedOut | ErrorKind::HostUnreachable => Outcome::Silent,
                // Out of sockets, for example: that is not the replica's fault.
                _ => Outcome::Broken,
            });
            return Err(Failure::Unsent(error.to_string()));
        }
    };
    let (method, progress) = (outgoing.method().clone(), outgoing.progress.clone());
    let Some(request) = outgoing.request(address) else {
        return Err(Failure::Lost("the body was sent already".to_owned()));
    };
    let begun = now();
    let exchange = exchange(sender, request, &method);
    match unless_late(exchange, late(time, progress), place).await {
        Ended::Done(Ok(passed)) => {
            place.note(Outcome::Answered(now().saturating_duration_since(begun)));
            Ok(passed)
        }
        Ended::Done(Err(broken)) => {
            place.note(Outcome::Broken);
            Err(match broken {
                Broken::Unsent(upload, reason) => {
                    outgoing.put_back(*upload);
                    Failure::Unsent(reason)
                }
                Broken::Lost(reason) => Failure::Lost(reason),
                Broken::Malformed(reason) => Failure::Malformed(reason),
            })
        }
        Ended::Late => {
            place.note(Outcome::Silent);
            Err(Failure::Late)
        }
        Ended::Cut => {
            place.note(Outcome::Broken);
            Err(Failure::Lost("it does not answer its health checks".to_owned()))
        }
    }
}

/// Waits for the exchange, its time, or the news that the replica is dead.
async fn unless_late<T>(
    exchange: impl Future<Output = T>,
    late: impl Future<Output = ()>,
    place: &Place,
) -> Ended<T> {
    let (mut exchange, mut late) = (pin!(exchange), pin!(late));
    let mut cut = pin!(place.line.cut.notified());
    poll_fn(|context| {
        if let Poll::Ready(done) = exchange.as_mut().poll(context) {
            return Poll::Ready(Ended::Done(done));
        }
        if late.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ended::Late);
        }
        cut.as_mut().poll(context).map(|()| Ended::Cut)
    })
    .await
}

/// Comes back when the replica had its time. While a large body is on its way, the time begins anew with every piece,
/// and a slow client is not the replica's fault.
async fn late(time: Duration, progress: Option<Arc<Progress>>) {
    let pieces = || progress.as_ref().map(|it| it.pieces.load(Relaxed));
    loop {
        let before = pieces();
        tokio::time::sleep(time).await;
        let waits = progress.as_ref().is_some_and(|it| it.waits_for_client.load(Relaxed));
        if pieces() == before && !waits {
            return;
        }
    }
}

async fn exchange(
    mut sender: Sender,
    request: http::Request<Upload>,
    method: &Method,
) -> Result<Passed, Broken> {
    let response = sender.try_send_request(request).await.map_err(|mut error| {
        let message = error.take_message();
        let error = error.into_error();
        match message {
            Some(request) => Broken::Unsent(Box::new(request.into_body()), error.to_string()),
            None if error.is_parse() => Broken::Malformed(error.to_string()),
            None => Broken::Lost(error.to_string()),
        }
    })?;
    let (parts, incoming) = response.into_parts();
    is_clear(&parts).map_err(|reason| Broken::Malformed(reason.to_owned()))?;
    let is_small = incoming.size_hint().exact().is_some_and(|length| length <= KEPT_ANSWER);
    let body = if is_small || *method == Method::HEAD {
        Answer::Whole(collect(incoming).await.map_err(|error| Broken::Lost(error.to_string()))?)
    } else {
        Answer::Coming(incoming)
    };
    Ok(Passed { parts, body, sender })
}

/// What two readers could take for two different answers is passed on to nobody.
fn is_clear(parts: &Parts) -> Result<(), &'static str> {
    let mut codings = parts.headers.get_all(TRANSFER_ENCODING).iter();
    let coding = codings.next();
    let is_chunked = coding.is_none_or(|it| it.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !is_chunked || codings.next().is_some() {
        return Err("its transfer coding is another one than chunked");
    }
    let lengths = parts.headers.get_all(CONTENT_LENGTH).iter().count();
    if lengths > 1 || (lengths == 1 && coding.is_some()) {
        return Err("it says in two ways how long its body is");
    }
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err("it changes the protocol, and nobody asked");
    }
    Ok(())
}

async fn collect(mut incoming: Incoming) -> hyper::Result<Bytes> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(piece) = next(&mut incoming).await {
        let piece = piece?;
        if first.is_empty() && more.is_empty() {
            first = piece;
        } else {
            more.extend_from_slice(&std::mem::take(&mut first));
            more.extend_from_slice(&piece);
        }
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}

/// The next piece of a body; trailers are not passed on.
pub(crate) async fn next(incoming: &mut Incoming) -> Option<hyper::Result<Bytes>> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *incoming).poll_frame(context)).await?;
        match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(data)) => return Some(Ok(data)),
            Ok(Err(_trailers)) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}
