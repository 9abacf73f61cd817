//! `http_poll`: asks a URL for the next value, again and again.

use crate::clients::http::{Answer, Client, Request, Timeouts};
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::limits::ANSWER_BYTES;
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::source::{Read, Source};
use crate::core::time::{now, rfc3339_now};
use crate::core::wait::Wait;
use crate::formats::answer::{self, Decoded};
use std::time::{Duration, Instant};

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "http_poll",
        summary: "Asks a URL with GET, again and again, and makes records of the answers.",
        details: "\
An answer that is a JSON object is one record, a JSON array is one record per element. A bare number \
becomes `{\"number\": N}`, any other text `{\"text\": \"...\"}`. With `expect:` the answer must have these \
fields; one that has not becomes a dead letter with the reason.

A server that sends `ETag` or `Last-Modified` is asked with `If-None-Match` or `If-Modified-Since`, also \
after a restart; its 304 stores nothing. A server that is down, answers 4xx or 5xx, or sends something \
endless is logged and asked again; `Retry-After` is obeyed.",
        options: &[
            Opt::required("url", Shape::Url, "What is asked."),
            Opt::with_default("every", Shape::Duration, "5s", "Time from one request to the next."),
            Opt::with_default("timeout", Shape::Duration, "10s", "Time for one whole exchange."),
            Opt::optional("headers", Shape::Pairs, "Headers that are sent along."),
            Opt::optional(
                "expect",
                Shape::Fields,
                "Fields with their types that every answer must have, for example `number: integer` \
                 (integer, float, boolean or text); a bare value stands for the only field.",
            ),
            Opt::optional("stamp", Shape::Text, "Name of a field that gets the time of the answer."),
        ],
        main: Some("url"),
        example: "http_poll: { url: \"http://localhost:5000/\", every: 5s, stamp: time }",
    },
    replay: Replay::Gone,
    build,
};

fn build(options: &Options, _context: &Context) -> Result<BuiltSource, Fault> {
    let timeout = options.duration("timeout");
    let mut headers = options.pairs("headers").to_vec();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
        let accept = "application/json, text/plain;q=0.9, */*;q=0.1";
        headers.push(("accept".to_owned(), accept.to_owned()));
    }
    let expect = answer::Expected::parse(options.pairs("expect")).map_err(Fault::stop)?;
    Ok(BuiltSource::Read(Box::new(HttpPoll {
        client: Client::new(Timeouts {
            connect: timeout.min(Duration::from_secs(5)),
            total: timeout,
        }),
        url: options.text("url").to_owned(),
        every: options.duration("every"),
        headers,
        expect,
        stamp: options.text_if("stamp").map(str::to_owned),
        partition: "answers".into(),
        count: 0,
        validators: Validators::default(),
        next: now(),
        failures: 0,
    })))
}

struct HttpPoll {
    client: Client,
    url: String,
    every: Duration,
    headers: Vec<(String, String)>,
    expect: answer::Expected,
    stamp: Option<String>,
    partition: Partition,
    /// Answers that became records.
    count: u64,
    validators: Validators,
    next: Instant,
    failures: u32,
}

/// What makes the next request a conditional one.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Validators {
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

impl Source for HttpPoll {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        if let Some(position) = from.position(&self.partition) {
            self.count = position.offset;
            // A note that cannot be read costs one unconditional request, nothing else.
            self.validators = serde_json::from_str(&position.note).unwrap_or_default();
        }
        Ok(())
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        if wait.until(self.next) {
            return Ok(Read::Idle);
        }
        let asked = now();
        let answer = self.ask().and_then(|answer| self.accept(answer));
        match answer {
            Ok(answer) => {
                self.failures = 0;
                // From request to request, whatever the answer took; a slow server is not asked twice.
                self.next = (asked + self.every).max(now());
                Ok(answer)
            }
            Err(fault) => {
                self.failures += 1;
                let pause = self.pause(&fault);
                self.next = now() + pause;
                Err(Fault::retry_after(fault.reason(), pause))
            }
        }
    }
}

impl HttpPoll {
    fn ask(&self) -> Result<Answer, Fault> {
        let mut headers = self.headers.clone();
        if let Some(etag) = &self.validators.etag {
            headers.push(("if-none-match".to_owned(), etag.clone()));
        }
        if let Some(time) = &self.validators.last_modified {
            headers.push(("if-modified-since".to_owned(), time.clone()));
        }
        let request = Request { method: "GET", url: &self.url, headers: &headers, body: None };
        self.client.send(&request, ANSWER_BYTES)
    }

    fn accept(&mut self, answer: Answer) -> Result<Read, Fault> {
        match answer.status {
            304 => Ok(Read::Idle),
            200..=299 => Ok(self.records(answer)),
            status => {
                let reason = format!("{}: the answer is {status}", self.url);
                Err(match answer.retry_after {
                    Some(after) => Fault::retry_after(reason, after),
                    None => Fault::retry(reason),
                })
            }
        }
    }

    fn records(&mut self, answer: Answer) -> Read {
        let mut records = Records::empty(Encoding::Json);
        let mut rejected = Vec::new();
        match answer::decode(&answer.body, &self.expect) {
            Ok(Decoded { objects }) => {
                for mut object in objects {
                    if let Some(field) = &self.stamp {
                        object.insert(field.clone(), rfc3339_now().into());
                    }
                    records.push_json(serde_json::Value::Object(object).to_string().as_bytes());
                }
            }
            Err(reason) => rejected.push(Rejected { record: answer.body, reason }),
        }
        self.count += 1;
        self.validators = Validators { etag: answer.etag, last_modified: answer.last_modified };
        let note = serde_json::to_string(&self.validators).unwrap_or_default();
        let position = Position { offset: self.count, note };
        let mut batch = Batch::new(&self.partition, position, records);
        batch.rejected = rejected;
        Read::Batch(Box::new(batch))
    }

    /// A server that fails is asked at the usual pace, and more slowly when that pace is fast.
    fn pause(&self, fault: &Fault) -> Duration {
        if let Fault::Retry { after: Some(after), .. } = fault {
            return (*after).max(self.every);
        }
        let backoff = Duration::from_millis(100) * 2u32.pow(self.failures.min(4));
        self.every.max(backoff)
    }
}
