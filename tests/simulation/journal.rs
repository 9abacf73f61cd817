//! What comes by itself: nothing that was acknowledged through the journal is lost or doubled, and nothing that
//! was refused is kept.

use crate::for_every_seed;
use crate::life::{Build, World, sink};
use crate::mishaps::{Around, Mishaps};
use crate::numbers::line;
use headwater::core::context::Context;
use headwater::core::fault::Fault;
use headwater::core::kind::BuiltSource;
use headwater::core::options::{Options, Setting};
use headwater::core::record::{Encoding, Records};
use headwater::core::source::{Inbox, Intake, IntakeGuard, NotTaken};
use headwater::engine::flow::Parts;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

const OUT: &str = "/out/posted.ndjson";

/// What became of a record that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Waiting,
    /// There will be no answer, because whoever had it died, or the disk failed in the middle of it.
    Unknown,
    Taken,
    Refused,
}

/// The senders' side: what they sent, what they were told, where they send to now.
#[derive(Default)]
struct Senders {
    inbox: Option<Inbox>,
    outcomes: Vec<Outcome>,
}

/// An intake that hands its inbox to the senders.
struct Post(Arc<Mutex<Senders>>);

impl Intake for Post {
    fn start(&mut self, inbox: Inbox) -> Result<Box<dyn IntakeGuard>, Fault> {
        self.0.lock().unwrap().inbox = Some(Arc::clone(&inbox));
        Ok(Box::new(Open { senders: Arc::clone(&self.0), inbox }))
    }
}

struct Open {
    senders: Arc<Mutex<Senders>>,
    inbox: Inbox,
}

impl IntakeGuard for Open {
    fn stop(self: Box<Self>) {}
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut senders = self.senders.lock().unwrap();
        // The guard of a dead process may be dropped when the next one takes in already.
        if senders.inbox.as_ref().is_some_and(|inbox| Arc::ptr_eq(inbox, &self.inbox)) {
            senders.inbox = None;
        }
    }
}

/// Sends a few more records while not too many wait for their answer.
fn send(senders: &Arc<Mutex<Senders>>, wanted: usize) {
    for _ in 0..4 {
        let mut state = senders.lock().unwrap();
        let index = state.outcomes.len();
        let Some(inbox) = state.inbox.clone().filter(|_| index < wanted) else { return };
        state.outcomes.push(Outcome::Waiting);
        drop(state);
        let mut records = Records::empty(Encoding::Json);
        records.push_json(line(index as u64).as_bytes());
        let answer = Answer { senders: Arc::clone(senders), index, outcome: Outcome::Unknown };
        let done = move |outcome: Result<(), NotTaken>| {
            let mut answer = answer;
            answer.outcome = match outcome {
                Ok(()) => Outcome::Taken,
                Err(NotTaken { reason }) if reason.contains("input/output") => Outcome::Unknown,
                Err(_) => Outcome::Refused,
            };
        };
        inbox.offer(records, Box::new(done));
    }
}

/// Noted when it is dropped: also an answer that nobody gave is an answer.
struct Answer {
    senders: Arc<Mutex<Senders>>,
    index: usize,
    outcome: Outcome,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.senders.lock().unwrap().outcomes[self.index] = self.outcome;
    }
}

fn stored(world: &World) -> BTreeMap<Vec<u8>, u64> {
    let mut counts = BTreeMap::new();
    let contents = world.disk.contents(Path::new(OUT)).unwrap_or_default();
    for line in contents.split_inclusive(|byte| *byte == b'\n') {
        *counts.entry(line.to_vec()).or_default() += 1;
    }
    counts
}

#[test]
fn what_was_acknowledged_is_neither_lost_nor_doubled() {
    for_every_seed(200, |seed| {
        let wanted = 60 + (seed % 7) as usize * 30;
        let senders = Arc::new(Mutex::new(Senders::default()));
        let mut world = World::new(seed);
        let disk = world.disk.clone();
        let posted = Arc::clone(&senders);
        let build: Arc<Build> = Arc::new(move |context: &Context, mishaps: &Mishaps| {
            let mut options = Options::default();
            options.set("path", Setting::Text(OUT.to_owned()));
            options.set("compress", Setting::Text("none".to_owned()));
            let sink = sink("append_file", &options, context)?;
            Ok(Parts {
                source: BuiltSource::Intake(Box::new(Post(Arc::clone(&posted)))),
                steps: Vec::new(),
                sink: Box::new(Around { sink, mishaps: mishaps.clone() }),
            })
        });
        let is_done = |share: usize| {
            let state = senders.lock().unwrap();
            let last = state.outcomes.iter().rposition(|outcome| *outcome == Outcome::Taken);
            let is_all = state.outcomes.len() >= share;
            let contents = disk.contents(Path::new(OUT)).unwrap_or_default();
            let is_last = |index: usize| {
                let expected = line(index as u64);
                contents.split(|byte| *byte == b'\n').any(|found| found == expected.as_bytes())
            };
            let ends = last.is_none_or(is_last);
            is_all && !state.outcomes.contains(&Outcome::Waiting) && ends
        };
        world
            .live(&build, |life, lives| {
                let share = wanted * life as usize / lives as usize;
                send(&senders, share);
                is_done(share)
            })
            .map_err(|failure| {
                let state = senders.lock().unwrap();
                let mut outcomes = BTreeMap::new();
                for outcome in &state.outcomes {
                    *outcomes.entry(format!("{outcome:?}")).or_insert(0) += 1;
                }
                let (is_open, lines) = (state.inbox.is_some(), stored(&world).len());
                format!("{failure}; {outcomes:?} of {wanted}, {lines} stored, open: {is_open}")
            })?;
        let counts = stored(&world);
        let outcomes = senders.lock().unwrap().outcomes.clone();
        for (index, outcome) in outcomes.iter().enumerate() {
            let count = counts.get((line(index as u64) + "\n").as_bytes()).copied().unwrap_or(0);
            let is_right = match outcome {
                Outcome::Taken => count == 1,
                Outcome::Waiting | Outcome::Unknown => count <= 1,
                Outcome::Refused => count == 0,
            };
            if !is_right {
                return Err(format!(
                    "record {index} of {wanted} was {outcome:?} and is stored {count} times"
                ));
            }
        }
        let known: u64 = counts.values().sum();
        let lines =
            counts.keys().filter(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok());
        if lines.count() as u64 == known { Ok(()) } else { Err("a line is torn".to_owned()) }
    });
}
