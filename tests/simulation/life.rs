//! One life of the process after another: faults are planned, a flow runs, the process dies or comes to its end.

use crate::mishaps::Mishaps;
use crate::random;
use headwater::catalog::Catalog;
use headwater::core::context::{Context, Pauses, Seed};
use headwater::core::fault::Fault as Failure;
use headwater::core::limits::{COMMIT_BYTES, DEAD_LETTER_BYTES};
use headwater::core::options::Options;
use headwater::core::resources::NoResources;
use headwater::core::sink::Sink;
use headwater::core::time::now;
use headwater::core::wait::Wait;
use headwater::engine::flow::Parts;
use headwater::engine::{Flow, Outline, RunningFlow, State};
use headwater::testing::disk::{Fault, SimulatedDisk};
use headwater::testing::random::Random;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Far more than a run needs on a busy machine; reaching it means that the flow hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes the parts of the flow for one life.
pub type Build = dyn Fn(&Context, &Mishaps) -> Result<Parts, Failure> + Send + Sync;

/// A disk with the process that lives on it.
pub struct World {
    pub disk: SimulatedDisk,
    pub seed: u64,
    pub letter_bytes: u64,
    random: Random,
    lives: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = random(seed, 1);
        let lives = 1 + random.below(5);
        Self {
            disk: SimulatedDisk::new(seed),
            seed,
            letter_bytes: DEAD_LETTER_BYTES,
            random,
            lives,
        }
    }

    /// Lives until the flow has come to its end. For a flow that never ends by itself `drive` is called again
    /// and again and answers whether this life has done its share; it is told which of how many lives it is.
    pub fn live(
        &mut self,
        build: &Arc<Build>,
        mut drive: impl FnMut(u64, u64) -> bool,
    ) -> Result<(), String> {
        for life in 1..=self.lives {
            let is_last = life == self.lives;
            self.plan(is_last);
            let flow = self.start(life, build);
            // What is seen may not be committed yet, and a fault takes it back once more: the last look must hold.
            let looks = if is_last { 60 } else { 1 };
            let mut held = 0;
            let is_over = self.watch(&flow, || {
                held = if drive(life, self.lives) { held + 1 } else { 0 };
                held >= looks
            })?;
            if let State::Failed(reason) = flow.meter.state() {
                return Err(format!("life {life} of {} needs a person: {reason}", self.lives));
            }
            flow.stop();
            if is_over && is_last {
                if flow.has_ended() {
                    // It may still be delivering letters: between two looks at two files one would move.
                    flow.join();
                }
                return Ok(());
            }
            if self.random.chance(50) {
                self.disk.power_cut();
            } else {
                self.disk.kill();
            }
        }
        Err("the last life did not come to its end".to_owned())
    }

    /// Faults to come in this life; the last one is not killed.
    fn plan(&mut self, is_last: bool) {
        self.disk.clear_faults();
        let random = &mut self.random;
        if !is_last {
            self.disk.plan(Fault::Halt(1 + random.below(160)));
        }
        if random.chance(40) {
            self.disk.plan(Fault::Operation(1 + random.below(120)));
        }
        if random.chance(40) {
            self.disk.plan(Fault::Sync(1 + random.below(40)));
        }
        if random.chance(20) {
            self.disk.set_capacity(Some(self.disk.used() + random.below(6000)));
        }
    }

    /// Answers whether the flow came to its end; `false` when it was halted.
    fn watch(&self, flow: &RunningFlow, mut is_done: impl FnMut() -> bool) -> Result<bool, String> {
        let tick = Wait::new();
        let deadline = now() + PATIENCE;
        loop {
            if self.disk.is_halted() {
                return Ok(false);
            }
            if flow.has_ended() || is_done() {
                return Ok(true);
            }
            if matches!(flow.meter.state(), State::Waiting(_)) {
                // Room comes back while the flow waits for it.
                self.disk.set_capacity(None);
            }
            if now() > deadline {
                return Err(format!(
                    "hangs, {:?}, {:?}",
                    flow.meter.state(),
                    flow.meter.last_error()
                ));
            }
            tick.sleep(Duration::from_micros(300));
        }
    }

    pub fn start(&self, life: u64, build: &Arc<Build>) -> RunningFlow {
        let context = Context {
            stack: "simulated".to_owned(),
            service: "flow".to_owned(),
            data: PathBuf::from("/data/flow"),
            disk: Arc::new(self.disk.of_process()),
            seed: Seed { seed: 1, origin_ms: 0 },
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            pauses: Pauses { first: Duration::from_micros(200), longest: Duration::from_millis(2) },
            resources: Arc::new(NoResources),
            commit_bytes: COMMIT_BYTES,
            takes_in: false,
            tenure: None,
        };
        let mishaps = Mishaps::new(random(self.seed, 100 + life));
        let build = Arc::clone(build);
        let build = Box::new(move |context: &Context| build(context, &mishaps));
        let outline = Outline {
            source: "source".to_owned(),
            steps: vec!["step".to_owned()],
            sink: "sink".to_owned(),
            comes_again: true,
            letter_bytes: self.letter_bytes,
        };
        Flow { context, outline, build, on_end: Arc::new(|| {}), elect: None }
            .start()
            .expect("a thread can be started")
    }
}

/// Waits for a condition.
pub fn eventually(what: &str, is_so: impl Fn() -> bool) -> Result<(), String> {
    let (tick, deadline) = (Wait::new(), now() + PATIENCE);
    while !is_so() {
        if now() > deadline {
            return Err(format!("never: {what}"));
        }
        tick.sleep(Duration::from_micros(300));
    }
    Ok(())
}

/// The real sink of this name.
pub fn sink(name: &str, options: &Options, context: &Context) -> Result<Box<dyn Sink>, Failure> {
    let kinds = Catalog::all().sinks;
    let kind = kinds.iter().find(|kind| kind.about.name == name).expect("the sink is listed");
    (kind.build)(options, context)
}
