//! `mqtt`: publishes each record and waits until the broker has acknowledged it.

use crate::clients::mqtt::sending::Sending;
use crate::clients::mqtt::settings::{self, Settings};
use crate::clients::mqtt::wire::{Outgoing, Quality, Sent};
use crate::core::batch::Batch;
use crate::core::context::{Context, Pauses};
use crate::core::fault::Fault;
use crate::core::kind::{About, Repeat, SinkKind, writes_nothing};
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition};
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};
use crate::expr::Template;
use crate::formats::json_lines;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What is published again when the process is killed in the middle, and what is under way at a time.
const SEND_BYTES: usize = 64 * 1024;

/// What stands around topic and payload in a packet, at most.
const AROUND_BYTES: usize = 32;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "mqtt",
        summary: "Publishes each record to an MQTT broker and waits for its acknowledgement.",
        details: "\
`topic` may hold fields of the record, as in `sensors/{id}/state`; the payload is the record as JSON, or what \
`payload` makes of it. A record counts as delivered when the broker has acknowledged it (PUBACK with `qos: 1`, PUBCOMP \
with `qos: 2`); with `qos: 0` when it was sent. While there is no broker nothing is dropped: the flow waits, and what \
comes meanwhile waits in its source or journal. A broker that is silent for `timeout` is connected to anew.

After a crash, or a lost connection, what was not acknowledged is published again, also with `qos: 2`: at-least-once. \
A record whose topic cannot be made or is not allowed, or that is larger than the broker takes (where it says so, in \
version 5), becomes a dead letter.",
        options: &[
            settings::URL,
            Opt::required("topic", Shape::Template, "Where a record is published."),
            Opt::optional(
                "payload",
                Shape::Template,
                "What is published of a record; otherwise all of it as JSON.",
            ),
            Opt::with_default("qos", Shape::Whole(0, 2), "1", "The quality of service: 0, 1 or 2."),
            Opt::with_default(
                "retain",
                Shape::Boolean,
                "false",
                "Whether the broker keeps the last message of a topic for later subscribers.",
            ),
            Opt::with_default(
                "timeout",
                Shape::Duration,
                "10s",
                "How long the broker may be silent while acknowledgements are waited for.",
            ),
            settings::VERSION,
            settings::CLIENT_ID,
            settings::USERNAME,
            settings::PASSWORD_FILE,
            settings::CA,
            settings::CERTIFICATE,
            settings::KEY,
            settings::KEEP_ALIVE,
            settings::WILL_TOPIC,
            settings::WILL,
        ],
        main: None,
        example: "mqtt: { url: \"mqtt://localhost\", topic: \"sensors/{id}\" }",
    },
    repeat: Repeat::Possible,
    writes: writes_nothing,
    commit_bytes: SEND_BYTES,
    build,
};

fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    let template = |name: &str| options.text_if(name).map(Template::parse).transpose();
    let topic = template("topic").map_err(Fault::stop)?;
    Ok(Box::new(Mqtt {
        options: options.clone(),
        context: context.clone(),
        pauses: context.pauses,
        broker: None,
        topic: topic.ok_or_else(|| Fault::stop("`mqtt` needs a topic"))?,
        payload: template("payload").map_err(Fault::stop)?,
        quality: Quality::of(options.whole("qos")),
        is_retained: options.is_set("retain"),
        timeout: options.duration("timeout").max(Duration::from_millis(100)),
        done: BTreeMap::new(),
    }))
}

struct Mqtt {
    options: Options,
    context: Context,
    pauses: Pauses,
    /// From the call of `recover` on.
    broker: Option<Sending>,
    topic: Template,
    payload: Option<Template>,
    quality: Quality,
    is_retained: bool,
    timeout: Duration,
    /// What is known of each batch since the last commit, so that a repeated write sends only the rest.
    done: BTreeMap<(Partition, u64), Done>,
}

/// Which records of a batch have their answer.
#[derive(Debug, Default)]
struct Done {
    answered: Vec<bool>,
    rejected: Vec<Rejected>,
}

impl Sink for Mqtt {
    fn recover(&mut self, _kept: &Checkpoint) -> Result<Recovered, Fault> {
        let settings = Settings::of(&self.options, &self.context, "-sends")?;
        self.broker = Some(Sending::start(settings, self.pauses)?);
        Ok(Recovered::default())
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let (lines, rejected) = json_lines::of(&batch.records);
        let key = (Arc::clone(&batch.partition), batch.position.offset);
        let mut done = self.done.remove(&key).unwrap_or(Done { rejected, ..Done::default() });
        let sent = self.send_rest(&lines, &mut done);
        let rejected = done.rejected.clone();
        self.done.insert(key, done);
        sent.map(|()| rejected)
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        self.done.clear();
        Ok(None)
    }
}

impl Mqtt {
    /// Sends the records of a batch that have no answer yet.
    fn send_rest(&mut self, lines: &[u8], done: &mut Done) -> Result<(), Fault> {
        let lines: Vec<&[u8]> =
            lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        done.answered.resize(lines.len(), false);
        if done.answered.iter().all(|is_answered| *is_answered) {
            return Ok(());
        }
        let broker = self.broker.as_mut().ok_or_else(|| Fault::retry("not connected yet"))?;
        let packet_max = broker.ready()?;
        let (mut messages, mut indices) = (Vec::new(), Vec::new());
        for (index, line) in lines.iter().enumerate() {
            if done.answered.get(index) == Some(&true) {
                continue;
            }
            match self.message(line, packet_max) {
                Ok(message) => {
                    messages.push(message);
                    indices.push(index);
                }
                Err(reason) => settle(done, index, Some(reject(line, reason))),
            }
        }
        if messages.is_empty() {
            return Ok(());
        }
        let broker = self.broker.as_mut().ok_or_else(|| Fault::retry("not connected yet"))?;
        let answers = broker.send(messages, self.timeout)?;
        let mut unknown = None;
        let is_taken = answers.iter().any(|answer| !matches!(answer, Sent::Unknown(_)));
        for (index, answer) in indices.into_iter().zip(answers) {
            match answer {
                Sent::Acknowledged => settle(done, index, None),
                Sent::Refused(reason) => {
                    let line = lines.get(index).copied().unwrap_or_default();
                    settle(done, index, Some(reject(line, reason)));
                }
                Sent::Unknown(reason) => unknown = unknown.or(Some(reason)),
            }
        }
        let Some(reason) = unknown else { return Ok(()) };
        let reason = format!("the MQTT broker: {reason}");
        // The broker took something since the last fault: the pauses that grow from fault to fault begin anew.
        let first = self.pauses.first;
        Err(if is_taken { Fault::retry_after(reason, first) } else { Fault::retry(reason) })
    }

    fn message(&self, line: &[u8], packet_max: Option<u32>) -> Result<Outgoing, String> {
        let mut topic = Vec::new();
        self.topic.render(line, &mut topic)?;
        let topic = String::from_utf8(topic).map_err(|error| error.to_string())?;
        if topic.is_empty() || topic.contains(['+', '#', '\0']) || topic.len() > 65_535 {
            return Err(format!("`{topic}` is no topic to publish to"));
        }
        let payload = match &self.payload {
            None => line.to_vec(),
            Some(template) => {
                let mut payload = Vec::new();
                template.render(line, &mut payload)?;
                payload
            }
        };
        let packet = payload.len() + topic.len() + AROUND_BYTES;
        if let Some(most) = packet_max.filter(|most| packet > *most as usize) {
            return Err(format!(
                "the broker takes {most} bytes at most, this message has {packet}"
            ));
        }
        let payload = Bytes::from(payload);
        Ok(Outgoing { topic, payload, quality: self.quality, is_retained: self.is_retained })
    }
}

fn settle(done: &mut Done, index: usize, rejected: Option<Rejected>) {
    if let Some(answered) = done.answered.get_mut(index) {
        *answered = true;
    }
    done.rejected.extend(rejected);
}

fn reject(line: &[u8], reason: String) -> Rejected {
    Rejected { record: line.to_vec(), reason }
}
