//! `nats`: reads a stream of NATS JetStream.

use crate::clients::nats::{Address, Block, CLAIMS, Claims, LOGIN, Plan, Reading, Start, name_of};
use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::limits::LINE_BYTES;
use crate::core::options::{Opt, Options, Shape, joined};
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::source::{Acknowledge, Read, Source};
use crate::core::wait::Wait;
use crate::formats::payload::Content;
use std::time::Duration;

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "nats",
        summary: "Reads a stream of NATS JetStream, from 2.9 on.",
        details: DETAILS,
        options: &OPTIONS,
        main: None,
        example: "nats: { url: \"nats://localhost:4222\", stream: READINGS }",
    },
    replay: Replay::Again,
    build,
};

const DETAILS: &str = "\
Without `shared`, one flow reads the stream in order. Its position is the stream's sequence, kept in the \
checkpoint, so that a message that comes again is recognised: nothing is lost and nothing comes twice, as far as \
the stream still holds it. The durable consumer is made anew behind that position at every start and after every \
doubt.

With `shared: true` workers with the same `consumer` divide the messages among them, in no order. A message that \
is not acknowledged within `ack_wait` goes to another worker, and again with growing pauses; one that was \
delivered more than `tries` times becomes a dead letter. Messages come at least once.

In both, a message is acknowledged after the checkpoint is saved, and work that takes longer says so to the \
server. A message that is no JSON object becomes a dead letter with the reason, and the rest goes on.

The stream is looked at when the flow starts. What the stack file states about it and is otherwise there stops \
the flow and names both; nothing that exists is changed. A server that is away is waited for.";

const OPTIONS: [Opt; LOGIN.len() + CLAIMS.len() + OWN.len()] =
    joined(&[LOGIN.split_at(1).0, &CLAIMS, &OWN, LOGIN.split_at(1).1]);

const OWN: [Opt; 10] = [
    Opt::with_default(
        "create",
        Shape::Boolean,
        "false",
        "Make the stream if it is not there; state its `subjects` too.",
    ),
    Opt::optional(
        "subject",
        Shape::Text,
        "Only messages of this subject; `*` and `>` are wildcards.",
    ),
    Opt::optional(
        "consumer",
        Shape::Text,
        "Name of the durable consumer; without it, the stack's and the service's.",
    ),
    Opt::with_default(
        "shared",
        Shape::Boolean,
        "false",
        "Divide the messages with other workers of the same consumer.",
    ),
    Opt::with_default(
        "start",
        Shape::Choice(&["first", "new"]),
        "first",
        "Where a flow without a checkpoint begins.",
    ),
    Opt::with_default(
        "format",
        Shape::Choice(Content::WORDS),
        "json",
        "What a message holds; text becomes `{\"text\": ...}`, bytes `{\"base64\": ...}`.",
    ),
    Opt::with_default(
        "ack_wait",
        Shape::Duration,
        "4s",
        "Shared: after so long without a word of a worker its messages go to another one.",
    ),
    Opt::with_default(
        "tries",
        Shape::Whole(1, 1_000_000),
        "10",
        "Shared: deliveries after which a message becomes a dead letter.",
    ),
    Opt::with_default(
        "in_flight",
        Shape::Whole(1, 1_000_000),
        "20000",
        "Shared: messages that all workers together may hold unacknowledged.",
    ),
    Opt::with_default("batch", Shape::Whole(1, 4_000), "1000", "Messages that one pull asks for."),
];

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let flow = format!("{}/{}", context.stack, context.service);
    let consumer = options.text_if("consumer").map_or_else(|| flow.clone(), str::to_owned);
    let is_shared = options.is_set("shared");
    let claims = Claims::of(options);
    let consumer = name_of(&consumer);
    let partition =
        if is_shared { format!("{}/{consumer}", claims.name) } else { claims.name.clone() };
    let plan = Plan {
        flow,
        address: Address::of(options),
        claims,
        filter: options.text_if("subject").map(str::to_owned),
        consumer,
        is_shared,
        start: if options.text("start") == "new" { Start::New } else { Start::First },
        ack_wait: options.duration("ack_wait").max(Duration::from_millis(100)),
        in_flight: options.whole("in_flight"),
        pull: options.whole("batch"),
        block_bytes: context.batch_bytes(),
    };
    Ok(BuiltSource::Read(Box::new(Nats {
        plan,
        partition: partition.as_str().into(),
        content: Content::of(options.text("format")),
        tries: options.whole("tries"),
        from: None,
        reading: None,
    })))
}

struct Nats {
    plan: Plan,
    partition: Partition,
    content: Content,
    tries: u64,
    from: Option<Position>,
    /// From the call of `resume` on.
    reading: Option<Reading>,
}

/// How long a read waits before it looks whether it shall stop.
const PATIENCE: Duration = Duration::from_millis(200);

impl Source for Nats {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        self.from = from.position(&self.partition).cloned();
        self.reading = Some(Reading::start(self.plan.clone(), self.from.as_ref())?);
        Ok(())
    }

    fn read(&mut self, _wait: &Wait) -> Result<Read, Fault> {
        let Some(reading) = &self.reading else { return Ok(Read::Idle) };
        let Some(block) = reading.next(PATIENCE)? else { return Ok(Read::Idle) };
        Ok(self.batch(&block))
    }

    fn acknowledger(&self) -> Option<Box<dyn Acknowledge>> {
        let reading = self.reading.clone()?;
        Some(Box::new(Acknowledger { reading }))
    }
}

impl Nats {
    fn batch(&self, block: &Block) -> Read {
        let Some(position) = block.position.clone() else { return Read::Idle };
        let mut records = Records::empty(Encoding::Json);
        let (mut rejected, mut given_up) = (Vec::new(), Vec::new());
        for message in &block.messages {
            let (stream, sequence) = (&self.plan.claims.name, message.sequence);
            let begun = records.bytes.len();
            match self.content.push(&message.bytes, &mut records.bytes) {
                Ok(()) if self.plan.is_shared && message.tries > self.tries => {
                    let record = records.bytes.split_off(begun).trim_ascii_end().to_vec();
                    let reason = format!(
                        "{stream} {sequence}: the message was delivered {} times and never acknowledged: does it end \
                         its workers?",
                        message.tries
                    );
                    given_up.push(Rejected { record, reason });
                }
                Ok(()) => records.count += 1,
                Err(reason) => {
                    let reason = format!("{stream} {sequence}: {reason}");
                    // The reason says how large it was; a letter is no larger than a record.
                    let kept = message.bytes.get(..LINE_BYTES).unwrap_or(&message.bytes);
                    rejected.push(Rejected { record: kept.to_vec(), reason });
                }
            }
        }
        let mut batch = Batch::new(&self.partition, position, records);
        batch.rejected = rejected;
        batch.given_up = given_up;
        Read::Batch(Box::new(batch))
    }
}

/// Never waits before its end: what it says goes to the thread that owns the connection.
struct Acknowledger {
    reading: Reading,
}

impl Drop for Acknowledger {
    /// A flow ends without waiting for the thread that reads; it does wait for what writes and acknowledges. What was
    /// pulled and is not done must be given back before the process is gone.
    fn drop(&mut self) {
        self.reading.end();
    }
}

impl Acknowledge for Acknowledger {
    fn acknowledge(&mut self, _: &Partition, position: &Position) -> Result<(), Fault> {
        self.reading.acknowledge(position.offset);
        Ok(())
    }
}
