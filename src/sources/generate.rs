//! `generate`: makes records from a description, each a function of (seed, service, index).

use crate::clients::ledger::{Entry, Ledger};
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
use crate::generator::{Delivery, Faults, Generator, Injected, Schema};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "generate",
        summary: "Makes records from a description of their fields.",
        details: "\
Record *i* is a function of the stack's seed, the service's name and *i*: the same after a crash, on \
another machine, in any order. The position is one number. Without `every` records are made as fast as \
the sink takes them. `headwater kinds generate` lists the types of values.

With `faults` some records come late (by up to 64 places), twice, never, or damaged: always the same ones, for \
this too is a function of the seed. Each is noted in `faults.ndjson` in the service's directory, and \
`headwater audit` tells them from faults that nobody put in.",
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
            Opt::optional(
                "faults",
                Shape::Shares(Faults::NAMES),
                "Shares of the records that are spoilt on purpose, such as `{ late: 1%, drop: 0.1% }`.",
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

/// Entries of the ledger that are written in one piece.
const NOTED_AT_ONCE: usize = 4096;

fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let fields = options.record_if("record").unwrap_or_default();
    let schema = Schema::parse(fields).map_err(|errors| {
        Fault::stop(errors.first().map_or_else(String::new, |error| error.message.clone()))
    })?;
    let seed = context.seed;
    let generator = Generator::new(Arc::new(schema), seed.seed, &context.service, seed.origin_ms);
    let faults = options.shares_if("faults").map(Faults::of);
    let path = context.data.join("faults.ndjson");
    let limit = options.whole_if("limit").unwrap_or(u64::MAX);
    Ok(BuiltSource::Read(Box::new(Generate {
        delivery: Delivery::new(generator, faults, limit),
        ledger: faults.map(|_| Ledger::new(&context.disk, path, "index")),
        ledger_is_ahead: false,
        every: options.duration_if("every"),
        count: options.whole("count"),
        batch_bytes: context.batch_bytes(),
        partition: "records".into(),
        next_index: 0,
        next_time: now(),
    })))
}

struct Generate {
    delivery: Delivery,
    /// Where faults that are put in are noted.
    ledger: Option<Ledger>,
    /// A failure has left entries in it for records that are made again.
    ledger_is_ahead: bool,
    every: Option<Duration>,
    count: u64,
    batch_bytes: usize,
    partition: Partition,
    next_index: u64,
    next_time: Instant,
}

impl Source for Generate {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        self.next_index = from.position(&self.partition).map_or(0, |position| position.offset);
        self.line_up()
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        if self.next_index >= self.delivery.limit() {
            return Ok(Read::End);
        }
        if self.ledger_is_ahead {
            self.line_up()?;
        }
        let records = match self.every {
            None => self.as_many_as_fit()?,
            Some(every) => {
                if wait.until(self.next_time) {
                    return Ok(Read::Idle);
                }
                let due = self.due(every);
                self.make(due)?
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

    fn make(&mut self, count: u64) -> Result<Records, Fault> {
        let mut records = Records::empty(Encoding::Json);
        self.add(count, &mut records)?;
        Ok(records)
    }

    fn as_many_as_fit(&mut self) -> Result<Records, Fault> {
        let mut all = Records::empty(Encoding::Json);
        all.bytes.reserve(self.batch_bytes + self.batch_bytes / 4);
        let chunk = (self.batch_bytes as u64 / CHUNK_SHARE).max(1);
        let first = self.next_index;
        while all.bytes.len() < self.batch_bytes && self.next_index < self.delivery.limit() {
            if let Err(fault) = self.add(chunk, &mut all) {
                // The next try makes all of them again.
                self.next_index = first;
                return Err(fault);
            }
        }
        Ok(all)
    }

    /// Adds the records of so many places; what is done to them is noted first.
    fn add(&mut self, count: u64, to: &mut Records) -> Result<(), Fault> {
        let end = self.next_index.saturating_add(count).min(self.delivery.limit());
        let places = self.next_index..end;
        self.ledger_is_ahead = self.ledger.is_some();
        self.note(places.clone())?;
        self.ledger_is_ahead = false;
        to.count += self.delivery.write_ndjson(places, &mut to.bytes);
        self.next_index = end;
        Ok(())
    }

    /// Takes out of the ledger what is done again; what a power cut took of it follows from the seed.
    fn line_up(&mut self) -> Result<(), Fault> {
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        let known = ledger.cut(self.next_index)?.map_or(0, |last| last + 1);
        self.note(known..self.next_index)?;
        self.ledger_is_ahead = false;
        Ok(())
    }

    fn note(&mut self, places: Range<u64>) -> Result<(), Fault> {
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        let mut entries = Vec::new();
        for (number, fault) in self.delivery.injected(places) {
            let more = match fault {
                Injected::Late(by) => Some(("by", by)),
                _ => None,
            };
            entries.push(Entry { number, fault: fault.name(), more });
            if entries.len() == NOTED_AT_ONCE {
                ledger.note(&std::mem::take(&mut entries))?;
            }
        }
        Ok(ledger.note(&entries)?)
    }
}
