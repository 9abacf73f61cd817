//! Whole lives of replicas of different speed, with deaths and returns, on a clock of their own.

use crate::core::time::now;
use crate::gate::health::{Thresholds, Trouble};
use crate::gate::roster::{Choice, Outcome, Roster, Rules};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A replica as it really is.
#[derive(Clone)]
struct Real {
    /// Microseconds that a request takes.
    takes: u64,
    is_alive: bool,
}

struct World {
    roster: Roster,
    real: HashMap<SocketAddr, Real>,
    start: Instant,
    /// When which request at which replica is done.
    done: BinaryHeap<Reverse<(u64, u64, SocketAddr)>>,
    now: u64,
    random: u64,
    answered: HashMap<SocketAddr, u64>,
    refused: u64,
    nobody: u64,
    under_way: HashMap<u64, u32>,
    most: HashMap<u64, u32>,
}

fn address(number: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], number))
}

impl World {
    fn new(seed: u64, takes: &[u64], in_flight: u32) -> Self {
        let thresholds = Thresholds { down_after: 2, up_after: 1 };
        let rules = Rules { thresholds, slow_start: Duration::from_secs(2), in_flight };
        let real = takes
            .iter()
            .enumerate()
            .map(|(at, takes)| (address(at as u16), Real { takes: *takes, is_alive: true }));
        let mut world = Self {
            roster: Roster::new(rules),
            real: real.collect(),
            start: now(),
            done: BinaryHeap::new(),
            now: 0,
            random: seed | 1,
            answered: HashMap::new(),
            refused: 0,
            nobody: 0,
            under_way: HashMap::new(),
            most: HashMap::new(),
        };
        let all: Vec<SocketAddr> = (0..takes.len()).map(|at| address(at as u16)).collect();
        world.roster.found(&all);
        world.check();
        // All are warm.
        world.now = 10_000_000;
        world
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_micros(self.now)
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    fn check(&mut self) {
        let now = self.instant();
        for (id, status) in (1..).zip(self.roster.status()) {
            if self.real[&status.address].is_alive {
                self.roster.check_passed(id, now);
            } else {
                self.roster.check_failed(id, Trouble::Refused);
            }
        }
    }

    /// One client begins a request, and goes to another replica as long as one refuses.
    fn begin(&mut self) {
        let mut tried = Vec::new();
        loop {
            let now = self.instant();
            let Choice::Chosen(chosen) = self.roster.choose(&tried, now) else {
                self.nobody += 1;
                return;
            };
            let under_way = self.under_way.entry(chosen.id).or_default();
            *under_way += 1;
            let most = self.most.entry(chosen.id).or_default();
            *most = (*most).max(*under_way);
            let real = self.real[&chosen.address].clone();
            if !real.is_alive {
                self.refused += 1;
                self.roster.note(chosen.id, Outcome::Refused, now);
                self.roster.release(chosen.id);
                *self.under_way.entry(chosen.id).or_default() -= 1;
                tried.push(chosen.id);
                continue;
            }
            let takes = real.takes / 2 + self.random(real.takes);
            self.done.push(Reverse((self.now + takes, chosen.id, chosen.address)));
            return;
        }
    }

    /// Clients that begin the next request when they have their answer; checks twice a second.
    fn run(&mut self, clients: usize, for_micros: u64) {
        let until = self.now + for_micros;
        let mut next_check = self.now;
        for _ in self.done.len()..clients {
            self.begin();
        }
        while let Some(Reverse((at, id, replica))) = self.done.pop() {
            if at > until {
                self.done.push(Reverse((at, id, replica)));
                break;
            }
            self.now = at;
            if self.now >= next_check {
                self.check();
                next_check = self.now + 500_000;
            }
            self.roster.note(id, Outcome::Answered(Duration::from_micros(1)), self.instant());
            self.roster.release(id);
            *self.under_way.entry(id).or_default() -= 1;
            *self.answered.entry(replica).or_default() += 1;
            self.begin();
        }
        self.now = until;
    }

    fn shares(&mut self) -> Vec<f64> {
        let all: u64 = self.answered.values().sum();
        let count = self.real.len() as u16;
        let share = |at| *self.answered.get(&address(at)).unwrap_or(&0) as f64 / all as f64;
        let shares = (0..count).map(share).collect();
        self.answered.clear();
        shares
    }
}

const SEEDS: std::ops::Range<u64> = 1..9;

#[test]
fn equal_replicas_get_equal_shares() {
    for seed in SEEDS {
        for clients in [1, 2, 10, 50] {
            let mut world = World::new(seed, &[1000, 1000, 1000], 256);
            world.run(clients, 2_000_000);
            let shares = world.shares();
            let is_fair = |share: &f64| (share - 1.0 / 3.0).abs() < 0.03;
            assert!(shares.iter().all(is_fair), "{seed} {clients}: {shares:?}");
            assert_eq!(world.nobody, 0);
        }
    }
}

#[test]
fn a_slow_replica_gets_as_much_less_as_it_is_slower() {
    for seed in SEEDS {
        let mut world = World::new(seed, &[1000, 1000, 10_000], 256);
        world.run(60, 5_000_000);
        let shares = world.shares();
        assert!((0.02..0.09).contains(&shares[2]), "{seed}: {shares:?}");
        assert!((shares[0] - shares[1]).abs() < 0.02, "{seed}: {shares:?}");
    }
}

#[test]
fn a_death_costs_each_client_one_try_at_most_and_a_return_is_slow() {
    for seed in SEEDS {
        let mut world = World::new(seed, &[1000, 1000, 1000], 256);
        world.run(30, 1_000_000);
        world.shares();
        world.real.get_mut(&address(1)).unwrap().is_alive = false;
        world.run(30, 2_000_000);
        let shares = world.shares();
        // What was under way when it died is counted by this simulation as answered.
        assert!(shares[1] < 0.01, "{seed}: {shares:?}");
        assert!(world.refused <= 1, "{seed}: {} tries at a port where nobody is", world.refused);
        world.real.get_mut(&address(1)).unwrap().is_alive = true;
        world.run(30, 1_000_000);
        let growing = world.shares()[1];
        assert!((0.01..0.30).contains(&growing), "{seed}: {growing}");
        world.run(30, 4_000_000);
        world.shares();
        world.run(30, 2_000_000);
        let grown = world.shares()[1];
        assert!((grown - 1.0 / 3.0).abs() < 0.03, "{seed}: {grown}");
        assert_eq!(world.nobody, 0, "{seed}");
    }
}

#[test]
fn no_replica_gets_more_than_it_may_have() {
    for seed in SEEDS {
        let mut world = World::new(seed, &[1000, 3000], 7);
        world.run(40, 300_000);
        assert!(world.most.values().all(|most| *most <= 7), "{seed}: {:?}", world.most);
        assert!(world.nobody > 0, "{seed}: 40 clients have 14 places");
    }
}

#[test]
fn who_leaves_finishes_and_gets_nothing_more() {
    let mut world = World::new(7, &[1000, 1000], 256);
    world.run(10, 100_000);
    let under_way = world.roster.status()[0].in_flight;
    assert!(under_way > 0);
    let new = world.roster.found(&[address(1), address(2)]);
    assert_eq!(new.len(), 1);
    world.real.insert(address(2), Real { takes: 1000, is_alive: true });
    for _ in 0..20 {
        assert!(!matches!(world.roster.choose(&[], world.instant()),
            Choice::Chosen(chosen) if chosen.address == address(0)));
    }
    for _ in 0..under_way {
        assert_eq!(world.roster.status().len(), 3);
        world.roster.release(1);
    }
    assert_eq!(world.roster.status().len(), 2);
}

#[test]
fn those_that_are_only_silent_are_asked_when_there_is_nobody_else() {
    let mut world = World::new(3, &[1000, 1000], 256);
    for id in [1, 1, 2, 2] {
        world.roster.check_failed(id, Trouble::Silent);
    }
    assert!(!world.roster.is_ready());
    assert!(matches!(world.roster.choose(&[], world.instant()), Choice::Chosen(_)));
    for id in [1, 2] {
        world.roster.check_failed(id, Trouble::Refused);
    }
    assert_eq!(world.roster.choose(&[], world.instant()), Choice::Nobody);
}
