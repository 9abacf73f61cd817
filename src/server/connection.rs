//! The life of one connection: read, answer in order, flush once for all that came together, wait.

use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::{Method, Version};

use super::answer::Answer;
use super::body::BodyDecoder;
use super::delivering::{put_problem, write_answer};
use super::exchange::Call;
use super::framing::{Delivery, Framing};
use super::gate::GateHeaders;
use super::guard::catch;
use super::handler::{Attempt, Request, Slow};
use super::head::{self, Ends, HeaderSpace, Parsed, RequestHead};
use super::limits::{DISCARD_LIMIT, MAX_HEADER_COUNT, WRITE_BATCH};
use super::problem::Problem;
use super::router::{Found, Handler, Manners, Route, Router, Way};
use super::shared::Shared;
use super::signal::Stage;
use super::wire::{Lost, Wake, Wire};
use crate::core::time::now;

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) wire: Wire,
    pub(crate) shared: Arc<Shared>,
    pub(crate) router: Arc<Router>,
    version: u64,
    pub(crate) answer: Answer,
    peer: SocketAddr,
    local: SocketAddr,
    /// When the bytes came that are being worked on, or when the answer before was done.
    pub(crate) now: Instant,
    /// When the first bytes of a head came that is not whole yet.
    head_since: Option<Instant>,
    /// How much of an incomplete head has been looked at in vain.
    looked_at: usize,
}

/// What is to be done after the bytes at hand.
#[derive(Debug)]
pub(crate) enum Step {
    /// A request was answered; there may be another one behind it.
    Next,
    More,
    Discard(BodyDecoder),
    Call(Box<Call>),
    /// With care for an answer that the client may not have read yet, or without.
    Close {
        linger: bool,
    },
}

impl Connection {
    pub(crate) fn new(wire: Wire, shared: Arc<Shared>, peer: SocketAddr) -> Self {
        let (router, version) = shared.routes();
        let local = wire.local_address().unwrap_or(shared.address);
        Self {
            wire,
            shared,
            router,
            version,
            answer: Answer::default(),
            peer,
            local,
            now: now(),
            head_since: None,
            looked_at: 0,
        }
    }

    pub(crate) async fn run(mut self) {
        // Lost means that nobody listens any more: there is nothing left to do.
        let Ok(linger) = self.serve().await else { return };
        if self.wire.flush().await.is_ok() && (linger || !self.wire.input.is_empty()) {
            self.wire.linger().await;
        }
    }

    async fn serve(&mut self) -> Result<bool, Lost> {
        loop {
            if self.wire.output.len() > WRITE_BATCH {
                self.wire.flush().await?;
            }
            let step = match self.step() {
                Step::More => self.more().await?,
                Step::Discard(decoder) => self.discard(decoder).await?,
                Step::Call(call) => self.call(*call).await?,
                step => step,
            };
            if let Step::Close { linger } = step {
                return Ok(linger);
            }
        }
    }

    /// Answers the request at the front of the buffer as far as that needs no waiting.
    fn step(&mut self) -> Step {
        self.skip_blank_lines();
        let unread = self.wire.input.unread();
        let fresh = unread.get(self.looked_at..).unwrap_or_default();
        // An incomplete head is looked at again only when a line was added, or a drip of bytes would cost a parse each.
        let incomplete = self.looked_at > 0 && unread.len() < self.shared.limits.header_bytes;
        if unread.is_empty() || (incomplete && !fresh.contains(&b'\n')) {
            return Step::More;
        }
        self.refresh_router();
        let mut space: HeaderSpace<'_> = [const { MaybeUninit::uninit() }; MAX_HEADER_COUNT];
        let unread = self.wire.input.unread();
        let ends = Ends { peer: self.peer, local: self.local };
        let parsed = head::parse(unread, &mut space, &self.shared.limits, ends);
        match parsed.and_then(|parsed| self.router.admit(parsed)) {
            Ok(Some(parsed)) => {
                let parts = Parts {
                    shared: &self.shared,
                    router: &self.router,
                    answer: &mut self.answer,
                    output: &mut self.wire.output,
                    now: self.now,
                };
                let length = parsed.length;
                let (step, status) = parts.answer_request(parsed);
                self.wire.input.consume(length);
                (self.looked_at, self.head_since) = (0, None);
                if let Some(status) = status {
                    self.count(status, self.now);
                }
                step
            }
            Ok(None) => {
                self.looked_at = unread.len();
                Step::More
            }
            Err(problem) => self.refuse(problem),
        }
    }

    /// Empty lines before a request are sent by careless clients and are to be ignored.
    fn skip_blank_lines(&mut self) {
        while self.wire.input.unread().starts_with(b"\r\n") {
            self.wire.input.consume(2);
            self.looked_at = 0;
        }
    }

    pub(crate) fn refresh_router(&mut self) {
        if self.shared.version() != self.version {
            (self.router, self.version) = self.shared.routes();
        }
    }

    /// Counts an answer; its end is the beginning of the next one.
    pub(crate) fn count(&mut self, status: u16, begun: Instant) {
        self.now = now();
        self.wire.meter().request(status, self.now.saturating_duration_since(begun));
    }

    /// Answers with a problem that ends the connection, as what follows cannot be trusted to be a request.
    pub(crate) fn refuse(&mut self, problem: Problem) -> Step {
        let delivery = Delivery {
            framing: Framing::Empty,
            keep_alive: false,
            expects_continue: false,
            lacks_host: false,
            version: Version::HTTP_11,
        };
        let status = problem.status;
        self.answer.begin_request();
        put_problem(&mut self.answer, (&self.router, &Manners::default()), problem, "");
        write_answer(&mut self.wire.output, &self.answer, &delivery, false, self.now);
        self.count(status, self.now);
        Step::Close { linger: true }
    }

    async fn more(&mut self) -> Result<Step, Lost> {
        self.wire.flush().await?;
        let limits = &self.shared.limits;
        let partial = !self.wire.input.is_empty();
        let until = if partial {
            *self.head_since.get_or_insert(self.now) + limits.header_time
        } else {
            // What there was of one was an empty line.
            self.head_since = None;
            self.wire.input.shrink();
            self.now + limits.idle_time
        };
        let idle = (!partial).then_some(self.version);
        match self.wire.fill(limits.header_bytes, idle, until).await {
            Wake::Data => {
                self.now = now();
                Ok(Step::Next)
            }
            Wake::Reload => {
                self.refresh_router();
                Ok(Step::Next)
            }
            Wake::TimedOut if partial => {
                Ok(self.refuse(Problem::new(408, "The headers did not come in time.")))
            }
            Wake::TimedOut | Wake::Draining => Ok(Step::Close { linger: false }),
            Wake::Closed | Wake::Ended => Err(Lost),
        }
    }

    /// Reads over a body that no handler wanted, to get at the next request.
    async fn discard(&mut self, mut decoder: BodyDecoder) -> Result<Step, Lost> {
        self.wire.flush().await?;
        let mut nowhere = Vec::new();
        loop {
            nowhere.clear();
            match decoder.decode(self.wire.input.unread(), usize::MAX, &mut nowhere) {
                Ok(used) => self.wire.input.consume(used),
                Err(_) => return Ok(Step::Close { linger: true }),
            }
            if decoder.is_done() {
                return Ok(Step::Next);
            }
            if self.more_body(&decoder).await.is_err() {
                return Ok(Step::Close { linger: true });
            }
        }
    }
}

/// The parts of a connection that answering in place needs while the request still lies in the buffer.
struct Parts<'c> {
    shared: &'c Shared,
    router: &'c Router,
    answer: &'c mut Answer,
    output: &'c mut Vec<u8>,
    now: Instant,
}

impl Parts<'_> {
    fn put_problem(&mut self, problem: Problem, found: &Found<'_, '_>, path: &str) {
        let of_none = Manners::default();
        let manners = found.route.map_or(&of_none, Route::manners);
        put_problem(self.answer, (self.router, manners), problem, path);
    }

    fn put_panic(&mut self, found: &Found<'_, '_>, path: &str, panic: &str) {
        let server = self.shared.name.as_str();
        tracing::error!(server, path, panic, "a handler panicked");
        self.put_problem(Problem::panicked(), found, path);
    }

    /// What comes next, and the status if the request is answered.
    fn answer_request(mut self, parsed: Parsed<'_>) -> (Step, Option<u16>) {
        let Parsed { mut head, mut delivery, .. } = parsed;
        let router = self.router;
        let found = router.find(&head.method, head.path);
        head.segment = found.segment;
        self.answer.begin_request();
        if self.is_let_in(&found, &head)
            && let Some(handler) = self.answer_in_place(&found, &head)
        {
            let manners = found.route.map(Route::manners).cloned().unwrap_or_default();
            let request = Request::from_head(&head);
            let call = Call { handler, request, delivery, manners, begun: self.now };
            return (Step::Call(Box::new(call)), None);
        }
        delivery.keep_alive &= self.shared.signal.stage() == Stage::Running;
        let step = after_answer(&mut delivery);
        let head_only = head.method == Method::HEAD;
        write_answer(self.output, self.answer, &delivery, head_only, self.now);
        (step, Some(self.answer.status))
    }

    /// Asks the gate; when it says no, that is the answer.
    fn is_let_in(&mut self, found: &Found<'_, '_>, head: &RequestHead<'_>) -> bool {
        let Some(route) = found.route else { return true };
        let Some(gate) = route.gatekeeper() else { return true };
        let mut headers = GateHeaders::new(&mut self.answer.gate_headers);
        match catch(|| gate.ask(head, route.allow(), &mut headers)) {
            Ok(Ok(())) => return true,
            Ok(Err(problem)) => self.put_problem(problem, found, head.path),
            Err(panic) => self.put_panic(found, head.path, &panic),
        }
        false
    }

    /// Answers what needs no waiting; a handler that does comes back.
    fn answer_in_place(
        &mut self,
        found: &Found<'_, '_>,
        head: &RequestHead<'_>,
    ) -> Option<Arc<dyn Slow>> {
        match found.way {
            Way::Handler(Handler::Slow(handler)) => return Some(Arc::clone(handler)),
            Way::Handler(Handler::Attempt(handler)) => {
                match catch(|| handler.attempt(head, self.answer)) {
                    Ok(true) => {}
                    Ok(false) => {
                        let handler: Arc<dyn Attempt> = Arc::clone(handler);
                        return Some(handler);
                    }
                    Err(panic) => self.put_panic(found, head.path, &panic),
                }
            }
            Way::Handler(Handler::Quick(handler)) => {
                if let Err(panic) = catch(|| handler.answer(head, self.answer)) {
                    self.put_panic(found, head.path, &panic);
                }
            }
            Way::Options(allow) => {
                self.answer.status(204).header("allow", allow);
            }
            Way::NotAllowed(allow) => {
                let problem = Problem::new(405, "This path does not take that method.");
                self.put_problem(problem.with_header("allow", allow), found, head.path);
            }
            Way::Nothing => {
                let problem = Problem::new(404, "There is nothing at this path.");
                self.put_problem(problem, found, head.path);
            }
        }
        None
    }
}

/// What is left to do once a request is answered whose body was not read.
fn after_answer(delivery: &mut Delivery) -> Step {
    if delivery.framing == Framing::Empty {
        return if delivery.keep_alive { Step::Next } else { Step::Close { linger: false } };
    }
    // A client that waits for 100 may send its body or not: what follows the answer is open.
    let decoder = BodyDecoder::new(delivery.framing, DISCARD_LIMIT);
    match decoder {
        Ok(decoder) if delivery.keep_alive && !delivery.expects_continue => Step::Discard(decoder),
        _ => {
            delivery.keep_alive = false;
            Step::Close { linger: true }
        }
    }
}
