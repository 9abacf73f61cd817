//! `mqtt`: takes what a broker sends and acknowledges it once it is on disk.

use crate::clients::mqtt::receiving::{Make, Receiving, Subscription};
use crate::clients::mqtt::settings::{self, Settings};
use crate::clients::mqtt::wire::{Message, Quality};
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::record::{Records, Rejected};
use crate::core::source::{Inbox, Intake, IntakeGuard};
use crate::core::time::rfc3339_now;
use crate::core::unit::show_size;
use crate::formats::message::{self, Payload};
use serde_json::Value;

/// How much of a payload that is too large is kept with its dead letter.
const KEPT_BYTES: usize = 4096;

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "mqtt",
        summary: "Subscribes to topics of an MQTT broker and acknowledges each message once it is on disk.",
        details: "\
A message is acknowledged (PUBACK, PUBREC) after the journal's sync, shared by all that wait. A payload that is \
a JSON object is one record, an array is one record per element, and any other value becomes `{\"value\": …}`. With \
`format: text` a payload becomes `{\"text\": \"…\"}`, with `format: base64` `{\"base64\": \"…\"}`. A payload that is \
none of this, or is larger than `payload_max`, becomes a dead letter.

The client's name is fixed and its session is kept by the broker: what is published while this flow is away comes \
when it is back, as far as the broker keeps it (mosquitto: `max_queued_messages`, `persistence`). A broker that lost \
the session is subscribed to again, and the log says so. A message whose acknowledgement was lost on the way is sent \
again by the broker. With `qos: 1` it then stands twice: at-least-once up to the journal, and once from there on. With \
`qos: 2` it stands once, as long as the broker keeps the session: the number by which it is known is on disk with it, \
until the broker has released it. With `qos: 0` nothing is repeated, and what the broker sends while nobody listens is \
gone.

With `version: 5` the broker is told to send up to 16384 messages before the first acknowledgement. With 3.1.1 it \
decides itself: mosquitto sends 20, so that each sync of the disk carries 20 at most, unless `max_inflight_messages` \
is raised there. `$share/GROUP/TOPIC` shares a subscription between several clients, each of which needs its own \
`client_id`; the workers of `scale: N` have one each.",
        options: &[
            settings::URL,
            Opt::required(
                "topics",
                Shape::Names,
                "What is subscribed to, with `+` for one level and `#` for all below.",
            ),
            Opt::with_default(
                "qos",
                Shape::Whole(0, 2),
                "1",
                "The quality of service that is asked for: 0, 1 or 2.",
            ),
            Opt::with_default(
                "format",
                Shape::Choice(&["json", "text", "base64"]),
                "json",
                "What a payload is taken for.",
            ),
            Opt::optional("topic_field", Shape::Text, "Name of a field that gets the message's topic."),
            Opt::optional(
                "properties_field",
                Shape::Text,
                "Name of a field that gets the user properties of version 5 as an object.",
            ),
            Opt::optional("stamp", Shape::Text, "Name of a field that gets the time of the receipt."),
            Opt::with_default(
                "retained",
                Shape::Boolean,
                "true",
                "Whether messages count that the broker kept for later subscribers.",
            ),
            Opt::with_default("payload_max", Shape::Size, "1MiB", "The largest payload of a record."),
            Opt::with_default(
                "session",
                Shape::Duration,
                "7d",
                "How long the broker keeps the session while this flow is away; version 5 only.",
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
        example: "mqtt: { url: \"mqtt://localhost\", topics: sensors/# }",
    },
    replay: Replay::Journal,
    build,
};

fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let settings = Settings::of(options, context, "")?;
    let (options, context) = (options.clone(), context.clone());
    Ok(BuiltSource::Intake(Box::new(Mqtt { settings, options, context })))
}

struct Mqtt {
    settings: Settings,
    options: Options,
    context: Context,
}

impl Intake for Mqtt {
    fn start(&mut self, inbox: Inbox) -> Result<Box<dyn IntakeGuard>, Fault> {
        let subscription = Subscription {
            settings: self.settings.clone(),
            topics: self.options.names("topics").to_vec(),
            quality: Quality::of(self.options.whole("qos")),
            session: self.options.duration("session"),
        };
        let maker = Maker::of(&self.options);
        let make: Make = Box::new(move |message, records| maker.make(message, records));
        let receiving = Receiving::start(subscription, &self.context, inbox, make)?;
        Ok(Box::new(Open(receiving)))
    }
}

struct Open(Receiving);

impl IntakeGuard for Open {
    fn stop(self: Box<Self>) {
        self.0.stop();
    }
}

/// How a message becomes a record.
struct Maker {
    format: Payload,
    topic_field: Option<String>,
    properties_field: Option<String>,
    stamp: Option<String>,
    takes_retained: bool,
    payload_max: u64,
}

impl Maker {
    fn of(options: &Options) -> Self {
        let text = |name| options.text_if(name).map(str::to_owned);
        Self {
            format: match options.text("format") {
                "text" => Payload::Text,
                "base64" => Payload::Base64,
                _ => Payload::Json,
            },
            topic_field: text("topic_field"),
            properties_field: text("properties_field"),
            stamp: text("stamp"),
            takes_retained: options.is_set("retained"),
            payload_max: options.whole("payload_max"),
        }
    }

    fn make(&self, message: &Message<'_>, records: &mut Records) -> Result<(), Rejected> {
        if message.is_retained && !self.takes_retained {
            return Ok(());
        }
        let rejected = |kept: &[u8], reason: String| {
            let reason = format!("topic {}: {reason}", message.topic);
            Rejected { record: kept.to_vec(), reason }
        };
        let bytes = message.payload.len();
        if bytes as u64 > self.payload_max {
            let kept = message.payload.get(..KEPT_BYTES).unwrap_or(message.payload);
            let reason = format!(
                "the payload has {bytes} bytes, more than `payload_max` ({}); its beginning is kept",
                show_size(self.payload_max)
            );
            return Err(rejected(kept, reason));
        }
        message::add(message.payload, self.format, &self.fields(message), records)
            .map_err(|reason| rejected(message.payload, reason))
    }

    fn fields(&self, message: &Message<'_>) -> Vec<(String, Value)> {
        let mut fields = Vec::new();
        if let Some(name) = &self.topic_field {
            fields.push((name.clone(), message.topic.into()));
        }
        if let Some(name) = &self.properties_field {
            let all = message.properties.iter().cloned();
            fields.push((
                name.clone(),
                Value::Object(all.map(|(name, text)| (name, text.into())).collect()),
            ));
        }
        if let Some(name) = &self.stamp {
            fields.push((name.clone(), rfc3339_now().into()));
        }
        fields
    }
}
