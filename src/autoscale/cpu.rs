//! Cores that the replicas on this node use, from the engine's statistics.

use crate::autoscale::decide::Measured;
use crate::autoscale::fleet::Fleet;
use crate::clients::docker::Engine;
use crate::core::thread::spawn;
use crate::core::time::now;
use serde_json::Value;
use std::collections::HashMap;
use std::time::Instant;

/// Replicas on this node that are asked; they are alike.
const ASKED: usize = 32;

#[derive(Debug)]
pub struct Cores {
    engine: Engine,
    /// Nanoseconds of each container, and when they were read.
    before: HashMap<String, (Instant, f64)>,
}

impl Cores {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, before: HashMap::new() }
    }

    pub(super) fn read(&mut self, fleet: &dyn Fleet) -> Result<Measured, String> {
        let containers = fleet.containers()?;
        if containers.is_empty() {
            let reason = "no replica runs on this node, and an engine knows only its own containers; \
                          measure the rate or the latency";
            return Err(reason.to_owned());
        }
        // The engine may take a second for each, so all are asked at once.
        let asking: Vec<_> = containers
            .iter()
            .take(ASKED)
            .map(|id| {
                let (engine, id) = (self.engine.clone(), id.clone());
                spawn("cpu", move || (total(&engine, &id), id))
            })
            .collect();
        let (mut said, mut used) = (HashMap::new(), Vec::new());
        for thread in asking.into_iter().flatten() {
            let Ok((total, id)) = thread.join() else { continue };
            // One that has just ended says nothing.
            let Some((at, total)) = total? else { continue };
            if let Some((then, before)) = self.before.get(&id) {
                let elapsed = at.saturating_duration_since(*then).as_secs_f64();
                if elapsed > 0.0 && total >= *before {
                    used.push((total - before) / 1e9 / elapsed);
                }
            }
            said.insert(id, (at, total));
        }
        self.before = said;
        if used.is_empty() {
            return Err("the first look; a second one tells what happens between".to_owned());
        }
        let load: f64 = used.iter().sum();
        Ok(Measured { value: load / used.len() as f64, load: Some(load), is_whole: true })
    }
}

/// Nanoseconds since the container's start, and when it was that.
fn total(engine: &Engine, id: &str) -> Result<Option<(Instant, f64)>, String> {
    let answer = engine.get(&format!("/containers/{id}/stats?stream=false&one-shot=true"))?;
    let nanoseconds = answer.body.pointer("/cpu_stats/cpu_usage/total_usage");
    let total = nanoseconds.and_then(Value::as_f64).filter(|it| *it > 0.0);
    Ok(total.map(|total| (now(), total)))
}
