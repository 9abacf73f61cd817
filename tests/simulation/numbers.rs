//! A source that can be read again: record *i* is a function of *i*, and the batches are cut anew in every life.

use crate::mishaps::Mishaps;
use headwater::core::batch::Batch;
use headwater::core::fault::Fault;
use headwater::core::position::{Checkpoint, Partition, Position};
use headwater::core::record::{Encoding, Records, Rejected};
use headwater::core::source::{Acknowledge, Read, Source};
use headwater::core::wait::Wait;
use headwater::testing::disk::SimulatedDisk;
use headwater::testing::random::Random;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

const PARTITION: &str = "numbers";

/// What the source saw over all lives. A thread of an earlier life may be late, and must not be heard any more.
#[derive(Clone)]
pub struct Ledger {
    acknowledged: Arc<AtomicU64>,
    violations: Arc<Mutex<Vec<String>>>,
    process: SimulatedDisk,
}

impl Ledger {
    pub fn new(disk: &SimulatedDisk) -> Self {
        Self { acknowledged: Arc::default(), violations: Arc::default(), process: disk.clone() }
    }

    /// As the process that lives now writes it.
    #[must_use]
    pub fn of_process(&self) -> Self {
        Self { process: self.process.of_process(), ..self.clone() }
    }

    fn resume(&self, next: u64) {
        let acknowledged = self.process.while_living(|| self.acknowledged.load(SeqCst));
        if next < acknowledged {
            self.violate(format!("went back to {next} behind acknowledged {acknowledged}"));
        }
    }

    fn acknowledge(&self, offset: u64) {
        let acknowledge = || self.acknowledged.fetch_max(offset, SeqCst);
        let before = self.process.while_living(acknowledge);
        if before > offset {
            self.violate(format!("acknowledged {offset} after {before}"));
        }
    }

    pub fn violate(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }

    pub fn verdict(&self) -> Result<(), String> {
        let violations = self.violations.lock().unwrap();
        violations.first().map_or(Ok(()), |first| Err(first.clone()))
    }
}

/// The line of record *i*; some are longer than a sector.
pub fn line(index: u64) -> String {
    let filler = "x".repeat((index.wrapping_mul(7919) % 211 * (index % 5)) as usize);
    format!("{{\"i\":{index},\"filler\":\"{filler}\"}}")
}

pub struct Numbers {
    pub next: u64,
    pub last: u64,
    pub random: Random,
    pub mishaps: Mishaps,
    pub ledger: Ledger,
    /// Every so many records one that makes no sense comes too; never when zero.
    pub bad_every: u64,
}

impl Source for Numbers {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        self.next = from.position(PARTITION).map_or(0, |position| position.offset);
        self.ledger.resume(self.next);
        Ok(())
    }

    fn read(&mut self, _wait: &Wait) -> Result<Read, Fault> {
        self.mishaps.perhaps()?;
        if self.next >= self.last {
            return Ok(Read::End);
        }
        if self.random.chance(5) {
            return Ok(Read::Idle);
        }
        let end = (self.next + 1 + self.random.below(40)).min(self.last);
        let mut records = Records::empty(Encoding::Json);
        let mut rejected = Vec::new();
        for index in self.next..end {
            records.push_json(line(index).as_bytes());
            if self.bad_every > 0 && index % self.bad_every == 0 {
                let record = format!("bad {index}").into_bytes();
                rejected.push(Rejected { record, reason: "it makes no sense".to_owned() });
            }
        }
        self.next = end;
        let partition: Partition = PARTITION.into();
        let batch = Batch::new(&partition, Position::at(end), records);
        Ok(Read::Batch(Box::new(Batch { rejected, ..batch })))
    }

    fn acknowledger(&self) -> Option<Box<dyn Acknowledge>> {
        Some(Box::new(Remember(self.ledger.clone())))
    }
}

struct Remember(Ledger);

impl Acknowledge for Remember {
    fn acknowledge(&mut self, _: &Partition, position: &Position) -> Result<(), Fault> {
        self.0.acknowledge(position.offset);
        Ok(())
    }
}
