//! A request to a slow handler: its body in, its answer out, whole or as a stream.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Version};
use tokio::sync::mpsc;

use super::body::{Body, BodyDecoder, BodyError};
use super::connection::{Connection, Step};
use super::delivering::{put_problem, write_answer};
use super::framing::{Delivery, Framing};
use super::guard;
use super::handler::{BodyReading, Request, Slow};
use super::limits::{BODY_BYTES_PER_SECOND, BODY_PIECE, BODY_QUEUE, Limits, WRITE_BATCH};
use super::problem::Problem;
use super::respond::{BodyLength, HeadFacts, append_head, is_bodiless};
use super::response::{Response, ResponseBody, append_header};
use super::router::Manners;
use super::signal::Stage;
use super::stream::{Next, StreamBody};
use super::wire::{Lost, Wake, Wire};
use crate::core::time::now;

/// A request on its way to a slow handler.
pub(crate) struct Call {
    pub(crate) handler: Arc<dyn Slow>,
    pub(crate) request: Request,
    pub(crate) delivery: Delivery,
    pub(crate) manners: Manners,
    pub(crate) begun: Instant,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.request.fmt(formatter)
    }
}

/// What of a request is still needed once its handler has it.
struct Open {
    delivery: Delivery,
    manners: Manners,
    head_only: bool,
    path: String,
    begun: Instant,
    /// Whether bytes of the body may still lie on the connection.
    unread: bool,
}

impl Connection {
    pub(crate) async fn call(&mut self, call: Call) -> Result<Step, Lost> {
        // Answers to earlier requests do not wait for this one.
        self.wire.flush().await?;
        let Call { handler, mut request, delivery, manners, begun } = call;
        let head_only = request.method == Method::HEAD;
        let path = request.path.clone();
        let body_bytes = manners.body_bytes.unwrap_or(self.shared.limits.body_bytes);
        let mut open = Open { delivery, manners, head_only, path, begun, unread: false };
        let result = match handler.body_reading() {
            BodyReading::Streamed { at_most } if delivery.framing != Framing::Empty => {
                self.call_streaming(handler, request, &mut open, at_most).await?
            }
            BodyReading::Whole { at_most } | BodyReading::Streamed { at_most } => {
                let limit = at_most.min(body_bytes);
                match self.collect(&delivery, limit).await {
                    Ok(bytes) => {
                        request.body = Body::whole(bytes);
                        let server = Arc::clone(&self.shared);
                        let answer = guard::answer(handler, request, &server.name);
                        self.wire.unless_ended(answer).await?
                    }
                    Err(BodyError::Gone) => return Err(Lost),
                    Err(error) => {
                        open.delivery.keep_alive = false;
                        self.deliver_problem(error.into(), &open);
                        return Ok(Step::Close { linger: true });
                    }
                }
            }
        };
        self.deliver(result, open).await
    }

    async fn collect(&mut self, delivery: &Delivery, limit: u64) -> Result<Bytes, BodyError> {
        if delivery.framing == Framing::Empty {
            return Ok(Bytes::new());
        }
        let mut decoder = BodyDecoder::new(delivery.framing, limit)?;
        self.wire.invite_body(delivery).await?;
        let mut all = Vec::new();
        let begun = now();
        loop {
            let used = decoder.decode(self.wire.input.unread(), usize::MAX, &mut all)?;
            self.wire.input.consume(used);
            if decoder.is_done() {
                return Ok(all.into());
            }
            self.wire.more_body(&self.shared.limits, begun, decoder.received()).await?;
        }
    }

    /// More bytes for a body that is read over.
    pub(crate) async fn more_body(&mut self, decoder: &BodyDecoder) -> Result<(), BodyError> {
        self.wire.more_body(&self.shared.limits, self.now, decoder.received()).await
    }

    /// The handler and the reading of the body go side by side in this task.
    async fn call_streaming(
        &mut self,
        handler: Arc<dyn Slow>,
        mut request: Request,
        open: &mut Open,
        at_most: u64,
    ) -> Result<Result<Response, Problem>, Lost> {
        let Ok(mut decoder) = BodyDecoder::new(open.delivery.framing, at_most) else {
            (open.delivery.keep_alive, open.unread) = (false, true);
            return Ok(Err(BodyError::TooLarge.into()));
        };
        let (pieces, coming) = mpsc::channel(BODY_QUEUE);
        let is_whole = Arc::new(AtomicBool::new(false));
        request.body = Body::coming(coming, Arc::clone(&is_whole));
        let shared = Arc::clone(&self.shared);
        let result = {
            let delivery = open.delivery;
            let pump = async {
                pump(&mut self.wire, &mut decoder, &delivery, &shared.limits, &pieces).await;
                is_whole.store(decoder.is_done(), Ordering::Release);
                drop(pieces);
            };
            let (mut pump, mut pumping) = (std::pin::pin!(pump), true);
            let mut answer = std::pin::pin!(guard::answer(handler, request, &shared.name));
            poll_fn(|context| {
                if shared.signal.stage() == Stage::Ended {
                    return Poll::Ready(Err(Lost));
                }
                if pumping {
                    pumping = pump.as_mut().poll(context).is_pending();
                }
                answer.as_mut().poll(context).map(Ok)
            })
            .await?
        };
        open.unread = !decoder.is_done();
        open.delivery.keep_alive &= decoder.is_done();
        Ok(result)
    }

    fn deliver_problem(&mut self, problem: Problem, open: &Open) {
        let status = problem.status;
        put_problem(&mut self.answer, (&self.router, &open.manners), problem, &open.path);
        self.now = now();
        let output = &mut self.wire.output;
        write_answer(output, &self.answer, &open.delivery, open.head_only, self.now);
        self.count(status, open.begun);
    }

    async fn deliver(
        &mut self,
        result: Result<Response, Problem>,
        mut open: Open,
    ) -> Result<Step, Lost> {
        open.delivery.keep_alive &= self.shared.signal.stage() == Stage::Running;
        match result {
            Err(problem) => self.deliver_problem(problem, &open),
            Ok(response) => self.deliver_response(response, &mut open).await?,
        }
        Ok(if open.delivery.keep_alive { Step::Next } else { Step::Close { linger: open.unread } })
    }

    async fn deliver_response(&mut self, response: Response, open: &mut Open) -> Result<(), Lost> {
        let length = match &response.body {
            ResponseBody::Empty => BodyLength::Known(0),
            ResponseBody::Whole(bytes) => BodyLength::Known(bytes.len()),
            ResponseBody::Stream(body) if known(body).is_some() => {
                BodyLength::Known(known(body).unwrap_or_default())
            }
            ResponseBody::Stream(_) if open.delivery.version == Version::HTTP_11 => {
                BodyLength::Chunked
            }
            ResponseBody::Stream(_) => BodyLength::UntilClose,
        };
        open.delivery.keep_alive &= length != BodyLength::UntilClose;
        self.append_response_head(&response, open, length);
        self.count(response.status, open.begun);
        if open.head_only || is_bodiless(response.status) {
            return Ok(());
        }
        match response.body {
            ResponseBody::Empty => Ok(()),
            ResponseBody::Whole(bytes) if bytes.len() < WRITE_BATCH / 4 => {
                self.wire.output.extend_from_slice(&bytes);
                Ok(())
            }
            ResponseBody::Whole(bytes) => {
                self.wire.flush().await?;
                self.wire.send(&bytes).await
            }
            ResponseBody::Stream(body) => self.deliver_stream(body, length).await,
        }
    }

    fn append_response_head(&mut self, response: &Response, open: &Open, length: BodyLength) {
        self.now = now();
        self.answer.begin();
        for (name, value) in &response.headers {
            append_header(&mut self.answer.headers, name, value);
        }
        self.answer.headers.extend_from_slice(&response.lines);
        // A content type made from outside data must not bring a header of its own.
        let clean = !response.content_type.bytes().any(|byte| byte.is_ascii_control());
        let content_type = if clean { &response.content_type } else { "application/octet-stream" };
        let facts = HeadFacts {
            content_type,
            headers: &self.answer.headers,
            gate_headers: &self.answer.gate_headers,
            length,
            ..HeadFacts::new(response.status, &open.delivery, open.delivery.keep_alive, self.now)
        };
        append_head(&mut self.wire.output, &facts);
    }

    async fn deliver_stream(
        &mut self,
        mut body: StreamBody,
        length: BodyLength,
    ) -> Result<(), Lost> {
        let chunked = length == BodyLength::Chunked;
        loop {
            match self.next_of_stream(&mut body).await? {
                None => self.wire.flush().await?,
                Some(Next::Data(data)) if data.is_empty() => {}
                Some(Next::Data(data)) => self.append_piece(&data, chunked),
                Some(Next::Finished) if chunked => {
                    self.wire.output.extend_from_slice(b"0\r\n\r\n");
                    return Ok(());
                }
                Some(Next::Finished) => return Ok(()),
                // Without its last chunk the client can tell that the answer is not whole.
                Some(Next::Broken) => {
                    self.wire.flush().await?;
                    return Err(Lost);
                }
            }
            if self.wire.output.len() > WRITE_BATCH {
                self.wire.flush().await?;
            }
        }
    }

    fn append_piece(&mut self, data: &[u8], chunked: bool) {
        let output = &mut self.wire.output;
        if chunked {
            output.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        }
        output.extend_from_slice(data);
        if chunked {
            output.extend_from_slice(b"\r\n");
        }
    }

    /// The next piece; `None` when there is none yet and something waits to be flushed.
    async fn next_of_stream(&mut self, body: &mut StreamBody) -> Result<Option<Next>, Lost> {
        poll_fn(|context| {
            if self.wire.poll_ended(context) {
                return Poll::Ready(Err(Lost));
            }
            if self.shared.signal.stage() >= Stage::Draining {
                body.tell_to_end();
            }
            // A stream may outlive its routes, and must not keep alive what they hold.
            self.refresh_router();
            if let Poll::Ready(next) = body.poll_next(context) {
                return Poll::Ready(Ok(Some(next)));
            }
            if !self.wire.output.is_empty() {
                return Poll::Ready(Ok(None));
            }
            // Only reading tells that a client has gone while the stream is silent.
            while let Poll::Ready(wake) =
                self.wire.poll_read(context, self.shared.limits.header_bytes)
            {
                if wake == Wake::Closed {
                    return Poll::Ready(Err(Lost));
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// The length of a stream, where it is known and this machine can count so far.
fn known(body: &StreamBody) -> Option<usize> {
    usize::try_from(body.length()?).ok()
}

impl Wire {
    /// Tells a client that waits for it to send its body.
    async fn invite_body(&mut self, delivery: &Delivery) -> Result<(), BodyError> {
        if delivery.expects_continue && self.input.is_empty() {
            self.output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            self.flush().await.map_err(|Lost| BodyError::Gone)?;
        }
        Ok(())
    }

    async fn more_body(
        &mut self,
        limits: &Limits,
        begun: Instant,
        received: u64,
    ) -> Result<(), BodyError> {
        let earned = Duration::from_secs(received / BODY_BYTES_PER_SECOND);
        let until = (now() + limits.body_time).min(begun + limits.body_time + earned);
        match self.fill(BODY_PIECE, None, until).await {
            Wake::Data => Ok(()),
            Wake::TimedOut => Err(BodyError::TooSlow),
            _ => Err(BodyError::Gone),
        }
    }
}

/// Hands a body on piece by piece until it is done, fails, or the handler has dropped it.
async fn pump(
    wire: &mut Wire,
    decoder: &mut BodyDecoder,
    delivery: &Delivery,
    limits: &Limits,
    pieces: &mpsc::Sender<Result<Bytes, BodyError>>,
) {
    let begun = now();
    let mut failed = wire.invite_body(delivery).await.err();
    while failed.is_none() && !decoder.is_done() {
        let mut piece = Vec::new();
        match decoder.decode(wire.input.unread(), BODY_PIECE, &mut piece) {
            Ok(used) => wire.input.consume(used),
            Err(error) => failed = Some(error),
        }
        if failed.is_none() && !piece.is_empty() && pieces.send(Ok(piece.into())).await.is_err() {
            return;
        }
        if failed.is_none() && !decoder.is_done() && wire.input.is_empty() {
            failed = wire.more_body(limits, begun, decoder.received()).await.err();
        }
    }
    if let Some(error) = failed {
        // A handler that has dropped the body does not want to know.
        drop(pieces.send(Err(error)).await);
    }
}
