//! Whole days of loads against a simple model of a service: does it reach the target, and does it stay calm?

use crate::autoscale::decide::{Crew, Decider, Measured, Settings};
use crate::autoscale::target::Kind;
use std::time::Duration;

/// Requests or records that one replica can do in a second.
const CAPACITY: f64 = 60.0;
/// An answer of a replica that has nothing else to do.
const ALONE: f64 = 0.02;
/// Nobody waits longer than that for an answer.
const PATIENCE: f64 = 20.0;
/// Until a new replica runs.
const START: u64 = 6;
/// Between two looks.
const EVERY: u64 = 5;

const UP_AFTER: u64 = 10;
const DOWN_AFTER: u64 = 120;

struct World {
    kind: Kind,
    decider: Decider,
    min: u32,
    max: u32,
    replicas: u32,
    /// Before that, this many run.
    starting: (u64, u32),
    backlog: f64,
    random: u64,
    /// When, from, to.
    changes: Vec<(u64, u32, u32)>,
}

impl World {
    fn new(target: &str, (min, max): (u32, u32), seed: u64) -> Self {
        let target = target.parse::<crate::autoscale::Target>().unwrap();
        let settings = Settings {
            target,
            min,
            max,
            up_after: Duration::from_secs(UP_AFTER),
            down_after: Duration::from_secs(DOWN_AFTER),
            tolerance: 0.1,
        };
        Self {
            kind: target.kind,
            decider: Decider::new(settings),
            min,
            max,
            replicas: min,
            starting: (0, min),
            backlog: 0.0,
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            changes: Vec::new(),
        }
    }

    /// Between -1 and 1.
    fn noise(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn running(&self, at: u64) -> u32 {
        if at < self.starting.0 { self.starting.1.min(self.replicas) } else { self.replicas }
    }

    /// What happens in one interval, and what is measured of it.
    fn measure(&mut self, at: u64, load: f64) -> Measured {
        let capacity = f64::from(self.running(at)) * CAPACITY;
        let waits = (self.backlog + (load - capacity) * EVERY as f64).max(0.0);
        let done = load - (waits - self.backlog) / EVERY as f64;
        self.backlog = waits;
        let busy = (done / capacity).min(0.995);
        let latency = (ALONE / (1.0 - busy) + waits / capacity).min(PATIENCE);
        let value = match self.kind {
            Kind::Rate => load,
            Kind::Latency => latency * (1.0 + 0.1 * self.noise()),
            Kind::Lag => waits / capacity,
            Kind::Cpu => busy * (1.0 + 0.05 * self.noise()),
        };
        if self.kind != Kind::Lag {
            // Whoever waits longer goes away.
            self.backlog = self.backlog.min(capacity * PATIENCE);
        }
        Measured { value, load: Some(done), is_whole: true }
    }

    /// Lives from `from` to `to` with a load; answers whether all was done within a second at the end.
    fn live(&mut self, from: u64, to: u64, load: impl Fn(u64) -> f64, noise: f64) -> bool {
        let mut holds = true;
        for at in (from..to).step_by(EVERY as usize) {
            let (mean, load) = (load(at), load(at) * (1.0 + noise * self.noise()));
            let measured = self.measure(at, load);
            let crew =
                Crew { wanted: self.replicas, running: self.running(at), note: String::new() };
            let decision = self.decider.decide(Duration::from_secs(at), &crew, Ok(measured));
            let capacity = f64::from(self.running(at)) * CAPACITY;
            holds = capacity >= mean && self.backlog <= capacity;
            if let Some(next) = decision.to {
                self.starting = (at + START, self.running(at));
                self.changes.push((at, self.replicas, next));
                self.replicas = next;
            }
        }
        holds
    }

    /// How often up follows down or down follows up.
    fn turns(&self) -> usize {
        let up = |change: &(u64, u32, u32)| change.2 > change.1;
        self.changes.windows(2).filter(|pair| up(&pair[0]) != up(&pair[1])).count()
    }

    /// Bounds and pauses hold in every life.
    fn check(&self, seed: u64) {
        let mut before = 0;
        for (at, from, to) in &self.changes {
            let told = format!("seed {seed}: {from} -> {to} at {at} s: {:?}", self.changes);
            assert!((self.min..=self.max).contains(to), "bounds, {told}");
            let pause = if to > from { UP_AFTER } else { DOWN_AFTER };
            assert!(at - before >= pause, "pause, {told}");
            before = *at;
        }
    }
}

/// The exercise: rest, `hey -c 50`, rest, `hey -c 2000`, rest; five minutes each.
fn exercise(at: u64) -> f64 {
    match at / 300 {
        1 => 275.0,
        3 => 520.0,
        _ => 5.0,
    }
}

#[test]
fn the_exercise_of_two_loads_is_followed_and_nothing_else() {
    for seed in 0..500 {
        let mut world = World::new("rate=50", (1, 12), seed);
        assert!(world.live(0, 300, exercise, 0.1), "seed {seed}");
        assert!(world.live(300, 420, exercise, 0.1), "seed {seed}: after the first load");
        assert!((5..=7).contains(&world.replicas), "seed {seed}: {} for 275/s", world.replicas);
        world.live(420, 900, exercise, 0.1);
        assert_eq!(world.replicas, 1, "seed {seed}: it rests again");
        assert!(world.live(900, 1020, exercise, 0.1), "seed {seed}: after the second load");
        world.live(1020, 1500, exercise, 0.1);
        world.check(seed);
        assert_eq!((world.replicas, world.turns()), (1, 3), "seed {seed}: {:?}", world.changes);
        assert!(world.changes.len() <= 10, "seed {seed}: {:?}", world.changes);
    }
}

#[test]
fn the_exercise_works_with_cpu_latency_and_lag_too() {
    for seed in 0..200 {
        for target in ["cpu=60%", "latency=200ms", "lag=5s"] {
            let mut world = World::new(target, (1, 12), seed);
            world.live(0, 300, exercise, 0.05);
            assert_eq!(world.replicas, 1, "{target}, seed {seed}: {:?}", world.changes);
            let holds = world.live(300, 420, exercise, 0.05);
            assert!(holds, "{target}, seed {seed}: {:?}", world.changes);
            world.live(420, 1500, exercise, 0.05);
            world.check(seed);
            assert!(world.turns() <= 4, "{target}, seed {seed}: {:?}", world.changes);
        }
    }
}

#[test]
fn a_noisy_day_turns_twice_a_period_at_most() {
    const PERIOD: u64 = 3600;
    const PERIODS: u64 = 6;
    let sine = |at: u64| {
        let angle = at as f64 / PERIOD as f64 * std::f64::consts::TAU;
        220.0 - 200.0 * angle.cos()
    };
    for seed in 0..100 {
        let mut world = World::new("rate=50", (1, 12), seed);
        world.live(0, PERIOD * PERIODS, sine, 0.2);
        world.check(seed);
        let most = world.changes.iter().map(|change| change.2).max();
        assert!(most >= Some(8), "seed {seed}: {:?}", world.changes);
        assert!(world.turns() as u64 <= 2 * PERIODS, "seed {seed}: {:?}", world.changes);
    }
}

#[test]
fn a_load_that_stays_is_left_alone_also_where_one_less_looks_enough() {
    for seed in 0..100 {
        // Three answer in less than half of the target, two cannot do it.
        let mut world = World::new("latency=200ms", (1, 12), seed);
        world.live(0, 4 * 3600, |_| 122.0, 0.02);
        world.check(seed);
        // What did not suffice is forgotten after half an hour, and tried once more.
        assert!(world.turns() <= 2 * 8 + 2, "seed {seed}: {:?}", world.changes);
        let late = world.changes.iter().filter(|change| change.0 > 600 && change.2 > 4).count();
        assert_eq!(late, 0, "seed {seed}: {:?}", world.changes);
    }
}
