//! `http`: sends each record to a URL.

use crate::clients::http::{Client, Request, Timeouts};
use crate::clients::leases::worker;
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, Repeat, SinkKind, writes_nothing};
use crate::core::limits::RETRY_FIRST;
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition};
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};
use crate::expr::Expression;
use crate::formats::answer::shorten;
use crate::formats::{json_lines, query};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_128;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "http",
        summary: "Sends each record to a URL and waits for its 2xx.",
        details: "\
`as: json` sends the record as the body; `as: query` sends its fields in the query string and no body. A \
request carries `Idempotency-Key`, the same one when it is repeated. 2xx is delivered. 408, 425, 429 and 5xx, \
and a server that cannot be reached, are tried again; `Retry-After` is obeyed. Any other answer makes the \
record a dead letter with the status and the beginning of the answer. Some servers answer 200 and say no in \
the body: with `refused_if: .error` such a record counts as refused, neither stored nor a dead letter. Records \
are sent one by one, and progress is saved about every 4 KiB of them.",
        options: &[
            Opt::required("url", Shape::Url, "Where to."),
            Opt::with_default(
                "method",
                Shape::Choice(&["POST", "PUT", "PATCH"]),
                "POST",
                "The request's method.",
            ),
            Opt::with_default(
                "as",
                Shape::Choice(&["json", "query"]),
                "json",
                "How a record is sent.",
            ),
            Opt::with_default("timeout", Shape::Duration, "10s", "Time for one whole exchange."),
            Opt::optional("headers", Shape::Pairs, "Headers that are sent along."),
            Opt::optional(
                "refused_if",
                Shape::Expression,
                "What is true of a 2xx's JSON body when the server did not take the record after all.",
            ),
        ],
        main: Some("url"),
        example: "http: { url: \"http://localhost:8080/events\" }",
    },
    repeat: Repeat::Possible,
    writes: writes_nothing,
    commit_bytes: SEND_BYTES,
    build,
};

/// A server that takes 20 ms for a record still lets a flow that is killed every few seconds come to its end,
/// and saving the checkpoint stays small beside the requests.
const SEND_BYTES: usize = 4 * 1024;

/// The answer's body is only looked at for a message.
const ANSWER_BYTES: u64 = 64 * 1024;

fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    let timeout = options.duration("timeout");
    let refused_if = options.text_if("refused_if").map(Expression::compile).transpose();
    Ok(Box::new(Http {
        client: Client::new(Timeouts {
            connect: timeout.min(Duration::from_secs(5)),
            total: timeout,
        }),
        url: options.text("url").to_owned(),
        method: options.text("method").to_owned(),
        is_query: options.text("as") == "query",
        headers: options.pairs("headers").to_vec(),
        refused_if: refused_if.map_err(Fault::stop)?,
        prefix: format!("{}/{}", context.stack, context.service),
        context: context.clone(),
        counts: BTreeMap::new(),
        done: BTreeMap::new(),
        refused: Vec::new(),
    }))
}

struct Http {
    client: Client,
    url: String,
    method: String,
    is_query: bool,
    headers: Vec<(String, String)>,
    refused_if: Option<Expression>,
    context: Context,
    /// What no other flow's keys are made of.
    prefix: String,
    /// Records of each partition so far. A record is known by its number: that is the same when it is read again,
    /// wherever batches and commits end then.
    counts: BTreeMap<Partition, u64>,
    /// What was sent of each batch since the last commit.
    done: BTreeMap<(Partition, u64), Done>,
    refused: Vec<String>,
}

/// How many records of a batch have their answer, so that a repeated write does not send them again.
#[derive(Debug, Default)]
struct Done {
    /// The number of its first record.
    first: u64,
    records: usize,
    rejected: Vec<Rejected>,
    refused: Vec<String>,
}

/// What the server says to one record.
enum Answered {
    Taken,
    Refused(String),
    Rejected(String),
}

impl Sink for Http {
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        let counts = kept.sink.as_ref().and_then(|state| state["records"].as_object());
        let counts = counts.into_iter().flatten();
        let counts =
            counts.filter_map(|(name, count)| Some((name.as_str().into(), count.as_u64()?)));
        self.counts = counts.collect();
        // Whoever takes over from another process repeats what that one sent. All others have records of their own,
        // which may be the same to the letter, and none may be taken for another's.
        if self.context.tenure.is_none() {
            let worker = worker(self.context.disk.as_ref(), &self.context.data)?;
            self.prefix = format!("{}/{}/{worker}", self.context.stack, self.context.service);
        }
        Ok(Recovered::default())
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let (lines, rejected) = json_lines::of(&batch.records);
        let key = (Arc::clone(&batch.partition), batch.position.offset);
        let known = self.done.remove(&key);
        let mut done = known.unwrap_or_else(|| self.begin(batch, &lines, rejected));
        let sent = self.send_all(&lines, batch, &mut done);
        let rejected = done.rejected.clone();
        self.done.insert(key, done);
        sent.map(|()| rejected)
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        for done in std::mem::take(&mut self.done).into_values() {
            self.refused.extend(done.refused);
        }
        Ok(Some(json!({ "records": self.counts })))
    }

    fn refused(&mut self) -> Vec<String> {
        std::mem::take(&mut self.refused)
    }
}

impl Http {
    /// Numbers the records of a batch that was not seen before.
    fn begin(&mut self, batch: &Batch, lines: &[u8], rejected: Vec<Rejected>) -> Done {
        let count = self.counts.entry(Arc::clone(&batch.partition)).or_default();
        let first = *count;
        *count += records(lines).count() as u64;
        for partition in &batch.gone {
            self.counts.remove(partition);
        }
        Done { first, rejected, ..Done::default() }
    }

    /// Sends the records of a batch that have no answer yet.
    fn send_all(&self, lines: &[u8], batch: &Batch, done: &mut Done) -> Result<(), Fault> {
        let already = done.records;
        for (index, line) in records(lines).enumerate().skip(already) {
            let number = done.first + index as u64;
            let idempotency = key(&self.prefix, &batch.partition, number, line);
            let answered = self.send(line, idempotency).map_err(|fault| match fault {
                // The server took something since the last fault: it is not down, so the pauses that
                // grow from fault to fault begin anew.
                Fault::Retry { reason, after: None } if index > already => {
                    Fault::retry_after(reason, RETRY_FIRST)
                }
                fault => fault,
            });
            match answered? {
                Answered::Taken => {}
                Answered::Refused(reason) => done.refused.push(reason),
                Answered::Rejected(reason) => {
                    done.rejected.push(Rejected { record: line.to_vec(), reason });
                }
            }
            done.records = index + 1;
        }
        Ok(())
    }

    fn send(&self, line: &[u8], idempotency: String) -> Result<Answered, Fault> {
        let mut headers = self.headers.clone();
        headers.push(("idempotency-key".to_owned(), idempotency));
        let url = if self.is_query {
            match query::with_fields(&self.url, line) {
                Ok(url) => url,
                Err(reason) => return Ok(Answered::Rejected(reason)),
            }
        } else {
            self.url.clone()
        };
        let body = (!self.is_query).then_some(("application/json", line));
        let request = Request { method: &self.method, url: &url, headers: &headers, body };
        let answer = self.client.send(&request, ANSWER_BYTES)?;
        let reason =
            || format!("{} answers {}: {}", self.url, answer.status, shorten(&answer.body));
        match answer.status {
            200..=299 if self.is_refusal(&answer.body) => {
                Ok(Answered::Refused(format!("{}: {}", shorten(line), reason())))
            }
            200..=299 => Ok(Answered::Taken),
            408 | 425 | 429 | 500..=599 => Err(match answer.retry_after {
                Some(after) => Fault::retry_after(reason(), after),
                None => Fault::retry(reason()),
            }),
            _ => Ok(Answered::Rejected(reason())),
        }
    }

    /// An answer that is no JSON refuses nothing.
    fn is_refusal(&self, body: &[u8]) -> bool {
        let Some(expression) = &self.refused_if else { return false };
        let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else { return false };
        // Written anew, because an expression looks at one line.
        expression.test(answer.to_string().as_bytes()).unwrap_or(false)
    }
}

fn records(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// The name of a record for its receiver: short and of plain letters, whatever a file or a service is called.
fn key(prefix: &str, partition: &str, number: u64, line: &[u8]) -> String {
    let name = format!("{prefix}/{partition}/{number}/");
    format!("{number}-{:032x}", xxh3_128(&[name.as_bytes(), line].concat()))
}
