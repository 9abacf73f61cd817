//! Many sessions at once, each doing what a seed says.

use super::history::{Event, History, What};
use headwater::testing::random::Random;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Something that can be written and read: one of several ways to the same records.
pub trait Site: Sync {
    /// `version` is the least that the answer must have seen, as `write` answered it; 0 for any.
    fn read(&self, key: &str, version: u64) -> Result<Seen, Trouble>;

    /// Puts a number, or deletes; answers the version of the write.
    fn write(&self, key: &str, number: Option<u64>) -> Result<u64, Trouble>;
}

#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub number: Option<u64>,
    /// The answer says that it is old, because the store is away.
    pub is_stand_in: bool,
}

/// No answer that says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Certainly nothing was written.
    Refused,
    /// Nobody knows.
    Unknown,
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub sessions: usize,
    pub keys: usize,
    /// At the least: on a busy machine it goes on until enough was read and written.
    pub time: Duration,
    /// Of a hundred steps.
    pub writes_percent: u64,
    pub deletes_percent: u64,
    pub max_stale: Duration,
    pub stale_if_error: Duration,
}

/// A key that is written by one session at a time, so that its writes have an order.
#[derive(Debug, Default)]
struct Key {
    /// A key whose last write nobody knows of is left alone, and another one takes its place.
    generation: usize,
    written: u64,
}

/// Fewer reads and writes than these say little.
const ENOUGH: (usize, usize) = (2_000, 200);
/// How long they are waited for.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs all sessions until the time is over and enough was done; `mishaps` runs beside them and ends when it is told to.
pub fn drive(
    sites: &[&dyn Site],
    plan: &Plan,
    mishaps: impl FnOnce(&AtomicBool) + Send,
) -> History {
    let keys: Vec<Mutex<Key>> = (0..plan.keys).map(|_| Mutex::default()).collect();
    // Every generation of a key is a key of its own to the judge.
    let numbers = AtomicUsize::new(plan.keys);
    let names: Vec<Mutex<Vec<usize>>> = (0..plan.keys).map(|key| Mutex::new(vec![key])).collect();
    let has_ended = AtomicBool::new(false);
    let done = (AtomicUsize::new(0), AtomicUsize::new(0));
    let world = World { sites, plan, keys, names, numbers, done };
    std::thread::scope(|threads| {
        threads.spawn(|| mishaps(&has_ended));
        let (world, end) = (&world, Instant::now() + plan.time);
        let sessions: Vec<_> = (0..plan.sessions)
            .map(|session| threads.spawn(move || world.session(session, end)))
            .collect();
        let mut history = History::default();
        for session in sessions {
            history.join(session.join().unwrap());
        }
        has_ended.store(true, SeqCst);
        history
    })
}

struct World<'a> {
    sites: &'a [&'a dyn Site],
    plan: &'a Plan,
    keys: Vec<Mutex<Key>>,
    names: Vec<Mutex<Vec<usize>>>,
    numbers: AtomicUsize,
    /// Reads and writes that were tried.
    done: (AtomicUsize, AtomicUsize),
}

/// What a session remembers of a key: the version of its own last write, and where it wrote it.
type Own = std::collections::HashMap<(usize, usize), (u64, usize)>;

impl World<'_> {
    fn session(&self, session: usize, end: Instant) -> History {
        let mut random = Random::new(self.plan.seed << 16 | session as u64);
        let mut history = History::default();
        let mut own = Own::new();
        while Instant::now() < end || (!self.is_enough() && Instant::now() < end + PATIENCE) {
            // Few keys are hot, so that sessions meet.
            let key = random.below(random.clone().below(self.plan.keys as u64) + 1) as usize;
            let site = random.below(self.sites.len() as u64) as usize;
            if random.chance(self.plan.writes_percent) {
                self.write(session, (key, site), &mut random, (&mut own, &mut history));
                self.done.1.fetch_add(1, SeqCst);
            } else {
                self.read(session, (key, site), &own, &mut history);
                self.done.0.fetch_add(1, SeqCst);
            }
        }
        history
    }

    fn is_enough(&self) -> bool {
        self.done.0.load(SeqCst) >= ENOUGH.0 && self.done.1.load(SeqCst) >= ENOUGH.1
    }

    fn write(
        &self,
        session: usize,
        (place, site): (usize, usize),
        random: &mut Random,
        (own, history): (&mut Own, &mut History),
    ) {
        let mut key = self.keys[place].lock().unwrap();
        let generation = key.generation;
        let (id, name) = self.named(place, generation);
        let number = key.written + 1;
        let is_delete = key.written > 0 && random.chance(self.plan.deletes_percent);
        let start = Instant::now();
        let result = self.sites[site].write(&name, (!is_delete).then_some(number));
        let end = Instant::now();
        if result == Err(Trouble::Refused) {
            history.troubles += 1;
            return;
        }
        key.written = number;
        if result.is_err() {
            history.troubles += 1;
            *key = Key { generation: generation + 1, written: 0 };
            let number = self.numbers.fetch_add(1, SeqCst);
            self.names[place].lock().unwrap().push(number);
        }
        if let Ok(version) = result {
            own.insert((place, generation), (version, site));
        }
        let what = What::Wrote { number, is_delete, is_acknowledged: result.is_ok() };
        history.events.push(Event { session, key: id, what, start, end });
    }

    fn read(
        &self,
        session: usize,
        (place, site): (usize, usize),
        own: &Own,
        history: &mut History,
    ) {
        let generation = self.names[place].lock().unwrap().len() - 1;
        let (id, name) = self.named(place, generation);
        // Where it wrote itself, a session needs no version to see its write.
        let version = own.get(&(place, generation)).filter(|(_, at)| *at != site);
        let start = Instant::now();
        let result = self.sites[site].read(&name, version.map_or(0, |(version, _)| *version));
        let end = Instant::now();
        let Ok(seen) = result else {
            history.troubles += 1;
            return;
        };
        let bound = if seen.is_stand_in { self.plan.stale_if_error } else { self.plan.max_stale };
        let what = What::Read { number: seen.number, bound };
        history.events.push(Event { session, key: id, what, start, end });
    }

    fn named(&self, place: usize, generation: usize) -> (usize, String) {
        let id = self.names[place].lock().unwrap()[generation];
        (id, format!("key-{place}-{generation}"))
    }
}
