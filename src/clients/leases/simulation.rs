//! Workers that elect one of them by values in memory, while others act between any two of their steps, answers get
//! lost, and workers sleep: what is kept must grow by one with every save.

use super::registers::{Register, RegisterLeases, Registers};
use crate::core::fault::Fault;
use crate::core::lease::{Claim, Clock, Election as _, Leases as _};
use crate::testing::random::Random;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WORKERS: usize = 3;
const NAME: &str = "flow";

/// A clock of each worker's own; nobody sleeps.
#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Relaxed))
    }

    fn sleep(&self, _: Duration) {}
}

#[derive(Debug, Default)]
struct Values {
    there: BTreeMap<String, Register>,
    revisions: u64,
    /// What was kept, in its order.
    kept: Vec<u64>,
}

/// The values as one worker reaches them; before each step others may act.
#[derive(Debug, Clone)]
struct Shared {
    values: Arc<Mutex<Values>>,
    random: Arc<Mutex<Random>>,
}

impl Shared {
    fn step(&self) -> Result<(), Fault> {
        let is_lost = self.random.lock().unwrap().chance(4);
        if is_lost { Err(Fault::retry("the question is lost")) } else { Ok(()) }
    }
}

impl Registers for Shared {
    fn read(&self, key: &str) -> Result<Option<Register>, Fault> {
        act(self);
        self.step()?;
        Ok(self.values.lock().unwrap().there.get(key).cloned())
    }

    fn replace(&self, key: &str, revision: u64, value: &[u8]) -> Result<Option<u64>, Fault> {
        act(self);
        self.step()?;
        let replaced = {
            let mut all = self.values.lock().unwrap();
            let there = all.there.get(key).map_or(0, |there| there.revision);
            if there == revision {
                all.revisions += 1;
                let new = all.revisions;
                all.there.insert(key.into(), Register { revision: new, value: value.to_vec() });
                if key.ends_with("checkpoint") && !value.is_empty() {
                    all.kept.push(number(value));
                }
                Some(new)
            } else {
                None
            }
        };
        act(self);
        // The answer is lost, and nobody knows what came of it.
        self.step()?;
        Ok(replaced)
    }
}

fn number(value: &[u8]) -> u64 {
    String::from_utf8_lossy(value).parse().unwrap()
}

struct Worker {
    leases: RegisterLeases,
    clock: Arc<Hand>,
    /// What it has stored, while it believes to hold the lease.
    number: std::cell::Cell<Option<u64>>,
    saves: std::cell::Cell<u64>,
}

impl Worker {
    fn work(&self) {
        let Some(number) = self.number.get() else {
            if let Ok(Claim::Held { .. }) = self.leases.claim(NAME)
                && let Ok(kept) = self.leases.load(NAME)
            {
                self.number.set(Some(kept.map_or(0, |kept| number(&kept))));
            }
            return;
        };
        let next = (number + 1).to_string();
        match self.leases.save(NAME, next.as_bytes()) {
            Ok(true) => {
                self.number.set(Some(number + 1));
                self.saves.set(self.saves.get() + 1);
            }
            Ok(false) => self.number.set(None),
            // As a flow does: the same again, until it is known.
            Err(_) => {}
        }
    }
}

thread_local! {
    static WORKERS_HERE: std::cell::RefCell<Vec<Rc<Worker>>> = const { std::cell::RefCell::new(Vec::new()) };
    static DEPTH: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    static BUSY: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}

/// Lets some other worker act in the middle of what one does: a beat, a look, or all of its work.
fn act(shared: &Shared) {
    let (acts, who, what, time) = {
        let mut random = shared.random.lock().unwrap();
        (random.chance(25), random.below(WORKERS as u64), random.below(4), random.below(1200))
    };
    if !acts || DEPTH.get() >= 3 {
        return;
    }
    let workers = WORKERS_HERE.with_borrow(Clone::clone);
    let Some(worker) = workers.get(who as usize) else { return };
    worker.clock.0.fetch_add(time, Relaxed);
    DEPTH.set(DEPTH.get() + 1);
    if what == 0 {
        // The thread that renews is another than the one that works.
        worker.leases.beat();
    } else if BUSY.get() & (1 << who) == 0 {
        busy(who, || worker.work());
    }
    DEPTH.set(DEPTH.get() - 1);
}

/// A worker does one thing at a time.
fn busy(who: u64, work: impl FnOnce()) {
    BUSY.set(BUSY.get() | 1 << who);
    work();
    BUSY.set(BUSY.get() & !(1 << who));
}

fn life(seed: u64) -> u64 {
    let shared = Shared { values: Arc::default(), random: Arc::new(Mutex::new(Random::new(seed))) };
    let worker = |number: usize| {
        let clock = Arc::new(Hand(AtomicU64::new(1_000_000 * number as u64)));
        let name = format!("worker{number}");
        let leases = RegisterLeases::new(Box::new(shared.clone()), name, Arc::clone(&clock) as _);
        Rc::new(Worker { leases, clock, number: None.into(), saves: 0.into() })
    };
    let workers: Vec<Rc<Worker>> = (0..WORKERS).map(worker).collect();
    WORKERS_HERE.set(workers.clone());
    for _ in 0..300 {
        let who = shared.random.lock().unwrap().below(WORKERS as u64);
        let time = shared.random.lock().unwrap().below(900);
        let worker = &workers[who as usize];
        worker.clock.0.fetch_add(time, Relaxed);
        if shared.random.lock().unwrap().chance(40) {
            worker.leases.beat();
        }
        busy(who, || worker.work());
    }
    WORKERS_HERE.set(Vec::new());
    let all = shared.values.lock().unwrap();
    for pair in all.kept.windows(2) {
        // The same again: somebody took over and wrote anew what stood there, or an answer was lost.
        let grows = pair[1] == pair[0] || pair[1] == pair[0] + 1;
        assert!(grows, "seed {seed}: {} after {}: {:?}", pair[1], pair[0], all.kept);
    }
    workers.iter().map(|worker| u64::from(worker.saves.get() > 0)).sum()
}

#[test]
fn what_is_kept_never_goes_back_and_never_leaves_anything_out() {
    let mut shared_by_several = 0;
    for seed in 0..2_000 {
        shared_by_several += u64::from(life(seed) > 1);
    }
    assert!(shared_by_several > 500, "only {shared_by_several} lives saw the work change hands");
}
