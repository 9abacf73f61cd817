//! `http`: sends each record to a URL.

use crate::clients::http::{Client, Request, Timeouts};
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, Repeat, SinkKind, writes_nothing};
use crate::core::limits::RETRY_FIRST;
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::Checkpoint;
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};
use crate::formats::answer::shorten;
use crate::formats::{json_lines, query};
use std::time::Duration;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "http",
        summary: "Sends each record to a URL and waits for its 2xx.",
        details: "\
`as: json` sends the record as the body; `as: query` sends its fields in the query string and no body. A \
request carries `Idempotency-Key`, the same one when it is repeated. 2xx is delivered. 408, 425, 429 and 5xx, \
and a server that cannot be reached, are tried again; `Retry-After` is obeyed. Any other answer makes the \
record a dead letter with the status and the beginning of the answer.",
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
        ],
        main: Some("url"),
        example: "http: { url: \"http://localhost:8080/events\" }",
    },
    repeat: Repeat::Possible,
    writes: writes_nothing,
    build,
};

/// The answer's body is only looked at for a message.
const ANSWER_BYTES: u64 = 64 * 1024;

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    let timeout = options.duration("timeout");
    Ok(Box::new(Http {
        client: Client::new(Timeouts {
            connect: timeout.min(Duration::from_secs(5)),
            total: timeout,
        }),
        url: options.text("url").to_owned(),
        method: options.text("method").to_owned(),
        is_query: options.text("as") == "query",
        headers: options.pairs("headers").to_vec(),
        prefix: format!("{}/{}", context.stack, context.service),
        done: Done::default(),
    }))
}

struct Http {
    client: Client,
    url: String,
    method: String,
    is_query: bool,
    headers: Vec<(String, String)>,
    prefix: String,
    done: Done,
}

/// How many records of which batch have their 2xx, so that a repeated write does not send them again.
#[derive(Debug, Default)]
struct Done {
    batch: (String, u64),
    records: usize,
    rejected: Vec<Rejected>,
}

impl Sink for Http {
    fn recover(&mut self, _kept: &Checkpoint) -> Result<Recovered, Fault> {
        Ok(Recovered::default())
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let (lines, rejected) = json_lines::of(&batch.records);
        let key = (batch.partition.to_string(), batch.position.offset);
        if self.done.batch != key {
            self.done = Done { batch: key, records: 0, rejected };
        }
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let already = self.done.records;
        for (index, line) in lines.enumerate().skip(already) {
            let idempotency =
                format!("{}/{}/{}/{index}", self.prefix, batch.partition, batch.position.offset);
            let sent = self.send(line, idempotency).map_err(|fault| match fault {
                // The server took something since the last fault: it is not down, so the pauses that
                // grow from fault to fault begin anew.
                Fault::Retry { reason, after: None } if index > already => {
                    Fault::retry_after(reason, RETRY_FIRST)
                }
                fault => fault,
            });
            if let Some(reason) = sent? {
                self.done.rejected.push(Rejected { record: line.to_vec(), reason });
            }
            self.done.records = index + 1;
        }
        Ok(self.done.rejected.clone())
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        Ok(None)
    }
}

impl Http {
    /// Sends one record; `Some` with the reason when it will never be taken.
    fn send(&self, line: &[u8], idempotency: String) -> Result<Option<String>, Fault> {
        let mut headers = self.headers.clone();
        headers.push(("idempotency-key".to_owned(), idempotency));
        let url = if self.is_query {
            match query::with_fields(&self.url, line) {
                Ok(url) => url,
                Err(reason) => return Ok(Some(reason)),
            }
        } else {
            self.url.clone()
        };
        let body = (!self.is_query).then_some(("application/json", line));
        let request = Request { method: &self.method, url: &url, headers: &headers, body };
        let answer = self.client.send(&request, ANSWER_BYTES)?;
        let reason = format!("{} answers {}: {}", self.url, answer.status, shorten(&answer.body));
        match answer.status {
            200..=299 => Ok(None),
            408 | 425 | 429 | 500..=599 => Err(match answer.retry_after {
                Some(after) => Fault::retry_after(reason, after),
                None => Fault::retry(reason),
            }),
            _ => Ok(Some(reason)),
        }
    }
}
