//! Two sources as one: when the first has come to its end, the other goes on. The positions of the second one are kept
//! beside those of the first under names of their own, so that a restart goes on with whichever was at work.

use crate::core::fault::Fault;
use crate::core::lease::Share;
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::source::{Acknowledge, Read, Source};
use crate::core::wait::Wait;
use std::sync::{Arc, Mutex, PoisonError};

/// Before the names of the second source's partitions.
const BEHIND: &str = "then/";

/// The second source's acknowledger, once that one is at work.
type Slot = Arc<Mutex<Option<Box<dyn Acknowledge>>>>;

/// A source that ends, and the one that goes on then.
pub struct HandOver {
    /// Until it has ended.
    first: Option<Box<dyn Source>>,
    then: Box<dyn Source>,
    is_resumed: bool,
    /// How far the second one had come when this began.
    from: Checkpoint,
    told: Slot,
}

impl std::fmt::Debug for HandOver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_ended = self.first.is_none();
        formatter.debug_struct("HandOver").field("has_ended", &has_ended).finish_non_exhaustive()
    }
}

impl HandOver {
    pub fn new(first: Box<dyn Source>, then: Box<dyn Source>) -> Self {
        let (from, told) = (Checkpoint::default(), Slot::default());
        Self { first: Some(first), then, is_resumed: false, from, told }
    }

    fn go_on(&mut self, wait: &Wait) -> Result<Read, Fault> {
        if !self.is_resumed {
            self.then.resume(&self.from)?;
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = self.then.acknowledger();
            self.is_resumed = true;
        }
        let mut read = self.then.read(wait)?;
        if let Read::Batch(batch) = &mut read {
            batch.partition = behind(&batch.partition);
            batch.gone.iter_mut().for_each(|gone| *gone = behind(gone));
        }
        Ok(read)
    }
}

fn behind(partition: &Partition) -> Partition {
    format!("{BEHIND}{partition}").into()
}

impl Source for HandOver {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        let mut own = from.clone();
        for (partition, position) in &from.positions {
            if let Some(name) = partition.strip_prefix(BEHIND) {
                self.from.positions.insert(name.into(), position.clone());
                own.positions.remove(partition);
            }
        }
        if !self.from.positions.is_empty() {
            // What was added to the first one since its end does not come between.
            self.first = None;
        }
        self.first.as_mut().map_or(Ok(()), |first| first.resume(&own))
    }

    fn share(&mut self, share: Arc<dyn Share>) {
        if let Some(first) = &mut self.first {
            first.share(share);
        }
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        let Some(first) = &mut self.first else { return self.go_on(wait) };
        match first.read(wait)? {
            Read::End => {
                self.first = None;
                Ok(Read::Idle)
            }
            read => Ok(read),
        }
    }

    fn acknowledger(&self) -> Option<Box<dyn Acknowledge>> {
        let first = self.first.as_ref().and_then(|first| first.acknowledger());
        Some(Box::new(Both { first, then: Arc::clone(&self.told) }))
    }
}

/// Tells each source of its own partitions.
struct Both {
    first: Option<Box<dyn Acknowledge>>,
    then: Slot,
}

impl Drop for Both {
    /// Whoever acknowledges ends with the flow, and not when the thread that reads has noticed it.
    fn drop(&mut self) {
        // Behind the lock: what is dropped may wait for a thread of its own.
        let then = self.then.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(then);
    }
}

impl Acknowledge for Both {
    fn acknowledge(&mut self, partition: &Partition, position: &Position) -> Result<(), Fault> {
        if let Some(name) = partition.strip_prefix(BEHIND) {
            let mut then = self.then.lock().unwrap_or_else(PoisonError::into_inner);
            return then.as_mut().map_or(Ok(()), |then| then.acknowledge(&name.into(), position));
        }
        self.first.as_mut().map_or(Ok(()), |first| first.acknowledge(partition, position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::batch::Batch;
    use crate::core::record::{Encoding, Records};

    /// Counts up to a number and ends; what it is told goes into a list.
    struct Counts {
        name: Partition,
        at: u64,
        up_to: u64,
        told: Arc<Mutex<Vec<(Partition, u64)>>>,
    }

    struct Tells(Arc<Mutex<Vec<(Partition, u64)>>>);

    impl Acknowledge for Tells {
        fn acknowledge(&mut self, partition: &Partition, at: &Position) -> Result<(), Fault> {
            self.0.lock().unwrap().push((Arc::clone(partition), at.offset));
            Ok(())
        }
    }

    impl Source for Counts {
        fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
            self.at = from.position(&self.name).map_or(0, |position| position.offset);
            Ok(())
        }

        fn read(&mut self, _: &Wait) -> Result<Read, Fault> {
            if self.at >= self.up_to {
                return Ok(Read::End);
            }
            self.at += 1;
            let records = Records::from_lines(Encoding::Json, format!("{}", self.at).into_bytes());
            Ok(Read::Batch(Box::new(Batch::new(&self.name, Position::at(self.at), records))))
        }

        fn acknowledger(&self) -> Option<Box<dyn Acknowledge>> {
            Some(Box::new(Tells(Arc::clone(&self.told))))
        }
    }

    type Told = Arc<Mutex<Vec<(Partition, u64)>>>;

    /// Both have the same name for what they read.
    fn both(first: u64, then: u64) -> (HandOver, Told) {
        let told = Told::default();
        let source = |up_to| {
            let told = Arc::clone(&told);
            Box::new(Counts { name: "records".into(), at: 0, up_to, told })
        };
        (HandOver::new(source(first), source(then)), told)
    }

    #[test]
    fn a_restart_after_any_batch_goes_on_behind_it() {
        let mut kept = Checkpoint::default();
        let mut seen = Vec::new();
        for _ in 0..6 {
            // The first one has grown after its end: that comes no more.
            let (mut source, told) = both(if seen.len() < 4 { 3 } else { 9 }, 2);
            source.resume(&kept).unwrap();
            let mut acknowledger = source.acknowledger().unwrap();
            let batch = loop {
                match source.read(&Wait::new()).unwrap() {
                    Read::Batch(batch) => break Some(batch),
                    Read::Idle => {}
                    Read::End => break None,
                }
            };
            let Some(batch) = batch else { break };
            kept.advance(&batch.partition, &batch.position);
            acknowledger.acknowledge(&batch.partition, &batch.position).unwrap();
            let expected = vec![("records".into(), batch.position.offset)];
            assert_eq!(*told.lock().unwrap(), expected);
            seen.push((batch.partition.to_string(), batch.position.offset));
        }
        let of = |name: &str, at: u64| (name.to_owned(), at);
        let first = (1..=3).map(|at| of("records", at));
        let expected: Vec<_> = first.chain((1..=2).map(|at| of("then/records", at))).collect();
        assert_eq!(seen, expected);
    }
}
