//! What goes wrong in the components themselves: panics and refusals, a few in each life.

use headwater::core::batch::Batch;
use headwater::core::fault::Fault;
use headwater::core::position::Checkpoint;
use headwater::core::record::Rejected;
use headwater::core::sink::{Recovered, Sink};
use headwater::core::step::Step;
use headwater::testing::random::Random;
use std::sync::{Arc, Mutex};

/// Mishaps left to happen. Clones share them, so that a flow that starts again does not meet them again.
#[derive(Clone)]
pub struct Mishaps {
    left: Arc<Mutex<(Random, u64)>>,
}

impl Mishaps {
    pub fn new(mut random: Random) -> Self {
        let left = if random.chance(50) { 0 } else { 1 + random.below(3) };
        Self { left: Arc::new(Mutex::new((random, left))) }
    }

    /// Here something may go wrong.
    pub fn perhaps(&self) -> Result<(), Fault> {
        let mut left = self.left.lock().unwrap();
        let (random, count) = &mut *left;
        if *count == 0 || !random.chance(8) {
            return Ok(());
        }
        *count -= 1;
        let is_panic = random.chance(50);
        drop(left);
        if is_panic {
            // Like a panic, without a message for every one of hundreds.
            std::panic::resume_unwind(Box::new("a mishap"));
        }
        Err(Fault::retry("a mishap"))
    }
}

/// A step that changes nothing and may fail.
pub struct Shaky(pub Mishaps);

impl Step for Shaky {
    fn apply(&mut self, batch: Batch) -> Result<Option<Batch>, Fault> {
        self.0.perhaps()?;
        Ok(Some(batch))
    }
}

/// A sink around which things go wrong: before and after what it does.
pub struct Around {
    pub sink: Box<dyn Sink>,
    pub mishaps: Mishaps,
}

impl Sink for Around {
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        self.mishaps.perhaps()?;
        self.sink.recover(kept)
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        self.mishaps.perhaps()?;
        let written = self.sink.write(batch)?;
        self.mishaps.perhaps()?;
        Ok(written)
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        self.mishaps.perhaps()?;
        self.sink.commit()
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.sink.rollback()
    }
}
