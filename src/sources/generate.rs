//! `generate`: makes records from a description, each a function of (seed, service, index).

use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Records};
use crate::core::source::{Read, Source};
use crate::core::time::now;
use crate::core::wait::Wait;
use crate::generator::{Generator, Schema};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "generate",
        summary: "Makes records from a description of their fields.",
        details: "\
Record *i* is a function of the stack's seed, the service's name and *i*: the same after a crash, on \
another machine, in any order. The position is one number. Without `every` records are made as fast as \
the sink takes them. `headwater kinds generate` lists the types of values.",
        options: &[
            Opt::required("record", Shape::Record, "Fields with the type of their values."),
            Opt::optional("every", Shape::Duration, "Time from one batch to the next."),
            Opt::with_default(
                "count",
                Shape::Whole(1, 10_000_000),
                "1",
                "Records in a batch, when `every` is given.",
            ),
            Opt::optional(
                "limit",
                Shape::Whole(1, u64::MAX),
                "Records in all; then the source ends.",
            ),
        ],
        main: None,
        example: "generate: { every: 5s, record: { id: sequence, name: person.name } }",
    },
    replay: Replay::Again,
    build,
};

/// Records are made in chunks before it is looked how large they are: one for so many bytes of a batch.
const CHUNK_SHARE: u64 = 512;

fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let fields = options.record_if("record").unwrap_or_default();
    let schema = Schema::parse(fields).map_err(|errors| {
        Fault::stop(errors.first().map_or_else(String::new, |error| error.message.clone()))
    })?;
    let seed = context.seed;
    let generator = Generator::new(Arc::new(schema), seed.seed, &context.service, seed.origin_ms);
    Ok(BuiltSource::Read(Box::new(Generate {
        generator,
        every: options.duration_if("every"),
        count: options.whole("count"),
        limit: options.whole_if("limit").unwrap_or(u64::MAX),
        batch_bytes: context.batch_bytes(),
        partition: "records".into(),
        next_index: 0,
        next_time: now(),
    })))
}

struct Generate {
    generator: Generator,
    every: Option<Duration>,
    count: u64,
    limit: u64,
    batch_bytes: usize,
    partition: Partition,
    next_index: u64,
    next_time: Instant,
}

impl Source for Generate {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        self.next_index = from.position(&self.partition).map_or(0, |position| position.offset);
        Ok(())
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        if self.next_index >= self.limit {
            return Ok(Read::End);
        }
        let records = match self.every {
            None => self.as_many_as_fit(),
            Some(every) => {
                if wait.until(self.next_time) {
                    return Ok(Read::Idle);
                }
                let due = self.due(every);
                self.make(due)
            }
        };
        let position = Position::at(self.next_index);
        Ok(Read::Batch(Box::new(Batch::new(&self.partition, position, records))))
    }
}

impl Generate {
    /// How many records are due. Single records that are late come together; batches of a given size
    /// keep their size, because a `dataset` sink makes one file of each.
    fn due(&mut self, every: Duration) -> u64 {
        let late = self.next_time.elapsed();
        let missed = if self.count == 1 && !every.is_zero() {
            (late.as_nanos() / every.as_nanos()).min(u128::from(u32::MAX)) as u32
        } else {
            0
        };
        self.next_time += every * (missed + 1);
        if self.count > 1 && self.next_time < now() {
            self.next_time = now();
        }
        self.count * u64::from(missed + 1)
    }

    fn make(&mut self, count: u64) -> Records {
        let end = self.next_index.saturating_add(count).min(self.limit);
        let mut bytes = Vec::new();
        self.generator.write_ndjson(self.next_index..end, &mut bytes);
        let count = end - self.next_index;
        self.next_index = end;
        Records { encoding: Encoding::Json, bytes, count }
    }

    fn as_many_as_fit(&mut self) -> Records {
        let mut all = Records::empty(Encoding::Json);
        all.bytes.reserve(self.batch_bytes + self.batch_bytes / 4);
        let chunk = (self.batch_bytes as u64 / CHUNK_SHARE).max(1);
        while all.bytes.len() < self.batch_bytes && self.next_index < self.limit {
            let end = self.next_index.saturating_add(chunk).min(self.limit);
            self.generator.write_ndjson(self.next_index..end, &mut all.bytes);
            all.count += end - self.next_index;
            self.next_index = end;
        }
        all
    }
}
