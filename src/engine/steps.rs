//! The steps of a flow in their order, and who rejected what. The reading thread runs records of the source through
//! them, the writing thread those of dead letters.

use crate::core::fault::Fault;
use crate::core::step::Step;
use crate::engine::letters::{Form, Outcast, Passed, Place};
use crate::engine::meter::FlowMeter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone)]
pub(super) struct Steps(Arc<Mutex<Vec<Stage>>>);

struct Stage {
    step: Box<dyn Step>,
    /// What was rejected of batches that the step holds back.
    held: Vec<Outcast>,
}

impl Steps {
    pub(super) fn new(steps: Vec<Box<dyn Step>>) -> Self {
        let stage = |step| Stage { step, held: Vec::new() };
        Self(Arc::new(Mutex::new(steps.into_iter().map(stage).collect())))
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn gathers(&self) -> Vec<bool> {
        self.lock().iter().map(|stage| stage.step.gathers()).collect()
    }

    /// Runs the steps from `first` on; `None` when one of them holds the batch back.
    pub(super) fn apply_from(
        &self,
        first: usize,
        passed: Passed,
        meter: &FlowMeter,
    ) -> Result<Option<Passed>, Fault> {
        let mut current = passed;
        for (index, stage) in self.lock().iter_mut().enumerate().skip(first) {
            let encoding = current.batch.records.encoding.clone();
            let Passed { batch, mut outcasts, tries } = current;
            let Some(mut batch) = meter.step_time.time(|| stage.step.apply(batch))? else {
                stage.held.append(&mut outcasts);
                return Ok(None);
            };
            outcasts.append(&mut stage.held);
            outcasts.extend(batch.rejected.drain(..).map(|rejected| Outcast {
                at: Place::Step(index + 1),
                form: Some(Form::of(&encoding, &rejected.record)),
                rejected,
            }));
            current = Passed { batch, outcasts, tries };
        }
        Ok(Some(current))
    }

    /// The source has ended: what this step held back.
    pub(super) fn finish(&self, index: usize) -> Result<Option<Passed>, Fault> {
        let mut stages = self.lock();
        let Some(stage) = stages.get_mut(index) else { return Ok(None) };
        let Some(mut batch) = stage.step.finish()? else { return Ok(None) };
        let mut outcasts = std::mem::take(&mut stage.held);
        // Of what it gathered nobody knows any more in which form it was.
        outcasts.extend(batch.rejected.drain(..).map(|rejected| Outcast {
            at: Place::Step(index + 1),
            form: Some(Form::of(&batch.records.encoding, &rejected.record)),
            rejected,
        }));
        Ok(Some(Passed { batch, outcasts, tries: 0 }))
    }

    /// A step that panicked is never asked again: its run ends.
    fn lock(&self) -> MutexGuard<'_, Vec<Stage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
