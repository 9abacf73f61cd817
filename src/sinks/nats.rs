//! `nats`: publishes each record into a stream of NATS JetStream.

use crate::clients::leases::worker;
use crate::clients::nats::{
    Address, CLAIMS, Claims, LOGIN, Limits, Outgoing, Publishing, Target, filter_of, is_subject,
    matches,
};
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, Repeat, SinkKind};
use crate::core::lease::Tenure;
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::{Opt, Options, Shape, joined};
use crate::core::position::{Checkpoint, Partition};
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};
use crate::expr::Template;
use crate::formats::json_lines;
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "nats",
        summary: "Publishes each record into a stream of NATS JetStream, from 2.9 on.",
        details: DETAILS,
        options: &OPTIONS,
        main: None,
        example: "nats: { url: \"nats://localhost:4222\", stream: READINGS, subject: \"readings.{sensor}\" }",
    },
    repeat: Repeat::Never,
    writes,
    commit_bytes: COMMIT_BYTES,
    build,
};

const DETAILS: &str = "\
Many messages are under way at a time; a batch counts as stored when the stream has acknowledged every one. A \
message carries `Nats-Msg-Id` made of stack, service, partition, the record's number in it and what it holds. It \
is the same when the record is sent again after a crash, so that the stream drops the repeat within its \
`duplicate_window`. Before anything is sent again the stream is also looked through for this flow's messages \
behind the last checkpoint, so that repeats are cut after a longer pause too; only a stream that drops what is \
acknowledged (`retention: workqueue` or `interest`) cannot be looked through, and there a crash longer than the \
window may repeat the last batch.

A full stream, a server that is away or acknowledges nothing for `timeout`: the batch is tried again, for ever. \
Records keep their order when a connection is lost: what was not sent on it is not sent on the next one before what \
was under way. A stream that is full and gets room again while many messages are under way may take a later one \
first; with `sole_writer: true` it does not. \
A record that is larger than a message may be, or whose subject is none or none of this stream, becomes a dead \
letter.

A stream that is not there is made as the stack file states it. What is stated and is otherwise there stops the \
flow and names both; nothing that exists is changed.";

const OPTIONS: [Opt; LOGIN.len() + CLAIMS.len() + OWN.len()] =
    joined(&[LOGIN.split_at(1).0, &OWN, &CLAIMS, LOGIN.split_at(1).1]);

const OWN: [Opt; 4] = [
    Opt::required(
        "subject",
        Shape::Template,
        "Where a record is published; `{field}` takes a value out of it.",
    ),
    Opt::with_default("create", Shape::Boolean, "true", "Make the stream if it is not there."),
    Opt::with_default(
        "timeout",
        Shape::Duration,
        "10s",
        "Time without any acknowledgement after which a batch is sent again.",
    ),
    Opt::with_default(
        "sole_writer",
        Shape::Boolean,
        "false",
        "Only this flow writes into the stream: each message is taken only right behind the one before, so that a \
         process that was paused while another went on writes nothing.",
    ),
];

/// The subjects of one stream may have many writers; what this flow alone writes are its ids.
fn writes(options: &Options) -> Option<String> {
    let stream = options.text_if("stream")?;
    let subject = options.text_if("subject")?;
    Some(format!("nats:{}:{stream}:{subject}", Address::of(options).shown()))
}

fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    let subject = Template::parse(options.text("subject")).map_err(Fault::stop)?;
    let filter = filter_of(options.text("subject"));
    let flow = format!("{}/{}", context.stack, context.service);
    // Records of their own may be the same to the letter, and no message may be taken for another's.
    let prefix = if context.takes_in {
        format!("{flow}/{}/", worker(context.disk.as_ref(), &context.data)?)
    } else {
        format!("{flow}/")
    };
    let target = Target {
        address: Address::of(options),
        claims: Claims::of(options).or_subject(&filter),
        filter,
        prefix,
        flow,
        timeout: options.duration("timeout"),
        is_alone: options.is_set("sole_writer"),
    };
    Ok(Box::new(Nats {
        tenure: context.tenure.clone(),
        target,
        subject,
        publishing: None,
        limits: None,
        stored: None,
        counts: BTreeMap::new(),
        kept: BTreeMap::new(),
    }))
}

struct Nats {
    /// Of a flow that must run once.
    tenure: Option<Arc<Tenure>>,
    target: Target,
    subject: Template,
    publishing: Option<Publishing>,
    /// What may be sent; `None` until the stream was looked through, and again after a fault.
    limits: Option<Limits>,
    /// The stream's sequence behind everything that is committed.
    stored: Option<u64>,
    /// Records of each partition so far. A record is known by its number: that is the same when it is read again,
    /// wherever batches and commits end then.
    counts: BTreeMap<Partition, u64>,
    /// The same, as it was at the last commit.
    kept: BTreeMap<Partition, u64>,
}

impl Sink for Nats {
    /// Asks nobody: a server that is away must not keep an intake from taking in.
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        let Some(state) = &kept.sink else { return Ok(Recovered::default()) };
        self.stored = state["sequence"].as_u64();
        let counts = state["records"].as_object().into_iter().flatten();
        let counts =
            counts.filter_map(|(name, count)| Some((name.as_str().into(), count.as_u64()?)));
        self.counts = counts.collect();
        self.kept = self.counts.clone();
        Ok(Recovered::default())
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let limits = self.open()?;
        let (lines, mut rejected) = json_lines::of(&batch.records);
        let count = self.counts.entry(batch.partition.clone()).or_default();
        let mut messages = Vec::with_capacity(batch.records.count as usize);
        let mut begin = format!("{}{}/", self.target.prefix, batch.partition);
        begin.retain(|c| !c.is_control());
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let id = format!("{begin}{count}/{:x}", xxh3_64(line));
            *count += 1;
            match subject(&self.subject, &self.target, &limits, line) {
                Ok(subject) if line.len() + id.len() + HEADERS <= limits.message_bytes => {
                    messages.push(Outgoing { subject, id, payload: Bytes::copy_from_slice(line) });
                }
                Ok(_) => rejected.push(Rejected {
                    record: line.to_vec(),
                    reason: format!(
                        "the record has {} bytes, a message to {} may have {} with its headers",
                        line.len(),
                        self.target.claims.name,
                        limits.message_bytes
                    ),
                }),
                Err(reason) => rejected.push(Rejected { record: line.to_vec(), reason }),
            }
        }
        for partition in &batch.gone {
            self.counts.remove(partition);
        }
        if let Some(publishing) = &self.publishing {
            publishing.publish(messages)?;
        }
        Ok(rejected)
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        if let (Some(publishing), Some(_)) = (&self.publishing, &self.limits) {
            self.stored = Some(publishing.settle()?);
        }
        self.kept = self.counts.clone();
        Ok(Some(json!({ "sequence": self.stored, "records": self.counts })))
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.counts = self.kept.clone();
        // What was under way may have arrived all the same.
        self.limits = None;
        Ok(())
    }
}

/// What the id's header takes beside the id.
const HEADERS: usize = 32;

impl Nats {
    fn open(&mut self) -> Result<Limits, Fault> {
        if let Some(limits) = &self.limits {
            return Ok(limits.clone());
        }
        let publishing = match self.publishing.take_if(|it| !it.has_ended()) {
            Some(publishing) => publishing,
            None => Publishing::start(self.target.clone())?,
        };
        let opened = publishing.open(self.stored);
        self.publishing = Some(publishing);
        let limits = opened?;
        // After the stream's end was looked at: who takes the lease over from now on writes behind that, and then
        // nothing of this process goes in any more.
        if let Some(tenure) = &self.tenure {
            tenure.check()?;
        }
        self.limits = Some(limits.clone());
        Ok(limits)
    }
}

fn subject(
    template: &Template,
    target: &Target,
    limits: &Limits,
    line: &[u8],
) -> Result<String, String> {
    let mut out = Vec::new();
    template.render(line, &mut out)?;
    let subject = String::from_utf8(out).map_err(|_| "its subject is no text".to_owned())?;
    if template.fields().is_empty() {
        return Ok(subject);
    }
    if !is_subject(&subject) || !matches(&target.filter, &subject) {
        return Err(format!(
            "`{subject}` is no subject like {}: a value in it is empty or holds a dot, a blank or a wildcard",
            target.filter
        ));
    }
    if !limits.subjects.iter().any(|pattern| matches(pattern, &subject)) {
        let taken = limits.subjects.join(" ");
        return Err(format!(
            "the stream {} does not take `{subject}`, only {taken}",
            target.claims.name
        ));
    }
    Ok(subject)
}
