//! What answers every request of a gate: finds it a replica, and another one where that is safe.

use crate::gate::answer::respond;
use crate::gate::budget::Budget;
use crate::gate::config::GateConfig;
use crate::gate::group::{Group, Refusal};
use crate::gate::headers;
use crate::gate::limits::{RETRY_AFTER_SECONDS, TRIES};
use crate::gate::outgoing::{Outgoing, of_client};
use crate::gate::passing::{Failure, pass};
use crate::server::{BodyReading, Problem, Reply, Request, Response, Slow};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Debug)]
pub(crate) struct Proxy {
    /// How this gate calls itself in `Via`.
    pub(crate) name: String,
    pub(crate) config: GateConfig,
    pub(crate) group: Arc<Group>,
    pub(crate) budget: Budget,
    pub(crate) retries: AtomicU64,
}

/// The tries of one request so far.
#[derive(Default)]
struct Tries {
    /// Replicas that had their chance.
    tried: Vec<u64>,
    /// Those that may have seen the request.
    sent: u32,
}

impl Slow for Arc<Proxy> {
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(self.pass_on(request))
    }

    fn body_reading(&self) -> BodyReading {
        BodyReading::Streamed { at_most: self.config.body_bytes }
    }
}

impl Proxy {
    async fn pass_on(&self, request: Request) -> Result<Response, Problem> {
        if headers::wants_websocket(&request.headers) {
            return Err(Problem::new(501, "This gate passes HTTP on, and no WebSocket."));
        }
        if headers::has_passed(&request.headers, &self.name) {
            return Err(Problem::new(508, "This request has been at this gate before."));
        }
        let mut outgoing = Outgoing::of(request, &self.config.trust, &self.name).await?;
        self.budget.earn();
        let mut tries = Tries::default();
        loop {
            let place = self.group.place(&tries.tried).await;
            let place = place.map_err(|refusal| self.refusal(refusal))?;
            let id = place.chosen.id;
            match pass(&place, &mut outgoing, self.config.answer).await {
                Ok(passed) => {
                    // A server reads on only until its handler has answered.
                    if let Some(progress) = &outgoing.progress {
                        drop(tokio::time::timeout(self.config.answer, progress.ended()).await);
                    }
                    let named = self.config.names_replica;
                    return Ok(respond(passed, place, &outgoing, named));
                }
                Err(failure) => {
                    let replica = place.chosen.address;
                    tracing::debug!(gate = self.name, %replica, "no answer: {}", failure.reason());
                    drop(place);
                    tries.tried.push(id);
                    self.judge(failure, &outgoing, &mut tries)?;
                    self.retries.fetch_add(1, Relaxed);
                }
            }
        }
    }

    /// Whether another try is safe and can be afforded; the answer if not.
    fn judge(
        &self,
        failure: Failure,
        outgoing: &Outgoing,
        tries: &mut Tries,
    ) -> Result<(), Problem> {
        let failed = outgoing.progress.as_ref().and_then(|progress| progress.failed.get());
        if let Some(error) = failed {
            return Err(of_client(*error));
        }
        let is_left = tries.tried.len() < TRIES;
        let again = match failure {
            Failure::Unsent(_) => is_left && outgoing.is_whole(),
            Failure::Lost(_) | Failure::Late => {
                tries.sent += 1;
                is_left
                    && outgoing.may_be_sent_again()
                    && tries.sent <= self.config.retries
                    && self.budget.spend()
            }
            Failure::Malformed(_) => false,
        };
        if again { Ok(()) } else { Err(self.problem(&failure)) }
    }

    fn problem(&self, failure: &Failure) -> Problem {
        let to = &self.config.to;
        match failure {
            Failure::Unsent(_) => unavailable(format!("No replica of {to} takes this request.")),
            Failure::Late => Problem::new(504, format!("{to} did not answer in time.")),
            Failure::Lost(_) => Problem::new(
                502,
                format!(
                    "{to} ended the connection before it had answered, and the request is not safe to repeat."
                ),
            ),
            Failure::Malformed(_) => {
                Problem::new(502, format!("{to} gave an answer that is no clear HTTP."))
            }
        }
    }

    fn refusal(&self, refusal: Refusal) -> Problem {
        let to = &self.config.to;
        unavailable(match refusal {
            Refusal::NoReplica => format!("No replica of {to} is ready."),
            Refusal::NoRoom => format!("All replicas of {to} are busy."),
        })
    }
}

fn unavailable(detail: String) -> Problem {
    Problem::new(503, detail).with_header("retry-after", RETRY_AFTER_SECONDS.to_string())
}
