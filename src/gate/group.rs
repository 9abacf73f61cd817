//! The replicas of a gate as requests meet them: places, and the queue of those who wait for one.

use crate::core::time::now;
use crate::gate::config::GateConfig;
use crate::gate::connections::Connections;
use crate::gate::health::{Thresholds, Trouble};
use crate::gate::limits::HURRY;
use crate::gate::member::MemberStatus;
use crate::gate::roster::{Choice, Chosen, Outcome, Roster, Rules};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

#[derive(Debug)]
pub(crate) struct Group {
    inner: Mutex<Inner>,
    /// A place is free, or a replica is back: wakes one of those who take any place.
    room: Notify,
    /// The same for those who were at a replica already and look for another one first: all of them, as one that was
    /// woken alone might not take the place that it was woken for, and nobody else would know of it.
    again: Notify,
    waiting: AtomicUsize,
    queue: usize,
    wait: Duration,
    /// Somebody wants to know at once what became of the replicas.
    pub(crate) look: Notify,
    pub(crate) refused: Refusals,
}

#[derive(Debug)]
struct Inner {
    roster: Roster,
    lines: HashMap<u64, Arc<Line>>,
}

/// What leads to one replica.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) connections: Connections,
    /// Called when the replica is found dead: nobody shall go on waiting for its answers.
    pub(crate) cut: Notify,
}

/// Requests that got no replica, by reason.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    pub(crate) no_replica: AtomicU64,
    pub(crate) no_room: AtomicU64,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoReplica,
    NoRoom,
}

/// A request's place at a replica; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    group: Arc<Group>,
    pub(crate) chosen: Chosen,
    pub(crate) line: Arc<Line>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.group.lock().roster.release(self.chosen.id);
        self.group.room.notify_one();
        self.group.again.notify_waiters();
    }
}

impl Place {
    pub(crate) fn note(&self, outcome: Outcome) {
        self.group.lock().roster.note(self.chosen.id, outcome, now());
        if outcome == Outcome::Refused {
            self.line.connections.close();
            self.group.look.notify_waiters();
        }
    }

    /// The replica closes its connections: perhaps it stops, which a check will show.
    pub(crate) fn look(&self) {
        self.group.look.notify_waiters();
    }
}

/// One who waits, counted.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Group {
    pub(crate) fn new(config: &GateConfig) -> Arc<Self> {
        let rules = Rules {
            thresholds: Thresholds { down_after: config.down_after, up_after: config.up_after },
            slow_start: config.slow_start,
            in_flight: config.in_flight,
        };
        Arc::new(Self {
            inner: Mutex::new(Inner { roster: Roster::new(rules), lines: HashMap::new() }),
            room: Notify::new(),
            again: Notify::new(),
            waiting: AtomicUsize::new(0),
            queue: config.queue,
            wait: config.wait,
            look: Notify::new(),
            refused: Refusals::default(),
        })
    }

    /// A place at the best replica; waits for one as long and with as many as the stack file says.
    pub(crate) async fn place(self: &Arc<Self>, tried: &[u64]) -> Result<Place, Refusal> {
        let first = match self.choose(tried) {
            Ok(place) => return Ok(place),
            Err(refusal) => refusal,
        };
        if self.waiting.fetch_add(1, Relaxed) >= self.queue || self.wait.is_zero() {
            self.waiting.fetch_sub(1, Relaxed);
            return Err(self.refuse(first));
        }
        let _waiting = Waiting(&self.waiting);
        let mut why = first;
        let room = if tried.is_empty() { &self.room } else { &self.again };
        let waited = tokio::time::timeout(self.wait, async {
            loop {
                let mut room = std::pin::pin!(room.notified());
                // Registered before the look, or a place that comes between the two would be missed.
                room.as_mut().enable();
                match self.choose(tried) {
                    Ok(place) => return place,
                    Err(refusal) => why = refusal,
                }
                room.await;
            }
        });
        waited.await.map_err(|_| self.refuse(why))
    }

    fn refuse(&self, refusal: Refusal) -> Refusal {
        match refusal {
            Refusal::NoReplica => self.refused.no_replica.fetch_add(1, Relaxed),
            Refusal::NoRoom => self.refused.no_room.fetch_add(1, Relaxed),
        };
        refusal
    }

    fn choose(self: &Arc<Self>, tried: &[u64]) -> Result<Place, Refusal> {
        let mut inner = self.lock();
        match inner.roster.choose(tried, now()) {
            Choice::Chosen(chosen) => {
                let line = Arc::clone(inner.lines.entry(chosen.id).or_default());
                Ok(Place { group: Arc::clone(self), chosen, line })
            }
            Choice::Full => Err(Refusal::NoRoom),
            Choice::Nobody => Err(Refusal::NoReplica),
        }
    }

    /// These addresses are all there are. Answers those that are new.
    pub(crate) fn found(&self, addresses: &[SocketAddr]) -> Vec<Chosen> {
        let mut inner = self.lock();
        let new = inner.roster.found(addresses);
        let Inner { roster, lines } = &mut *inner;
        lines.retain(|id, _| roster.has(*id));
        new
    }

    pub(crate) fn has(&self, id: u64) -> bool {
        self.lock().roster.has(id)
    }

    pub(crate) fn checked(&self, id: u64, result: Result<(), Trouble>) {
        let mut inner = self.lock();
        let line = inner.lines.get(&id).cloned();
        match result {
            Ok(()) => {
                if inner.roster.check_passed(id, now()) {
                    drop(inner);
                    self.room.notify_waiters();
                    self.again.notify_waiters();
                }
            }
            Err(trouble) => {
                let is_lost = inner.roster.check_failed(id, trouble)
                    && trouble == Trouble::Silent
                    && inner.roster.is_another_ready(id);
                drop(inner);
                let Some(line) = line else { return };
                line.connections.close();
                // With nobody else to ask, waiting on is the better chance.
                if is_lost {
                    line.cut.notify_waiters();
                }
            }
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.lock().roster.is_ready()
    }

    pub(crate) fn status(&self) -> Vec<MemberStatus> {
        self.lock().roster.status()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Waits for the next regular look, or for one that is asked for, but never shorter than `HURRY`.
    pub(crate) async fn until_look(&self, every: Duration) {
        tokio::time::sleep(HURRY).await;
        let rest = every.saturating_sub(HURRY);
        drop(tokio::time::timeout(rest, self.look.notified()).await);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::listen::Networks;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// Two replicas with one place each, and both places.
    fn full() -> (Arc<Group>, Place, Place) {
        let config = GateConfig {
            to: "api".to_owned(),
            check: None,
            every: Duration::from_secs(1),
            down_after: 2,
            up_after: 1,
            slow_start: Duration::ZERO,
            in_flight: 1,
            queue: 8,
            wait: Duration::from_hours(1),
            answer: Duration::from_secs(1),
            retries: 1,
            body_bytes: 1,
            trust: Networks::default(),
            names_replica: false,
        };
        let group = Group::new(&config);
        for found in group.found(&[([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()]) {
            group.checked(found.id, Ok(()));
        }
        let (first, second) = (group.choose(&[]).unwrap(), group.choose(&[]).unwrap());
        (group, first, second)
    }

    #[test]
    fn a_place_that_the_first_in_the_queue_does_not_take_goes_to_the_next() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        let (group, first, second) = full();
        let mut context = Context::from_waker(Waker::noop());
        // Was at the first replica already and waits for the second one.
        let tried = [first.chosen.id];
        let mut again = pin!(group.place(&tried));
        assert!(again.as_mut().poll(&mut context).is_pending());
        let mut other = pin!(group.place(&[]));
        assert!(other.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(again.as_mut().poll(&mut context).is_pending());
        let Poll::Ready(Ok(place)) = other.as_mut().poll(&mut context) else {
            panic!("a place is free, and nobody is told");
        };
        assert_eq!(group.waiting(), 1);
        drop(second);
        assert!(matches!(again.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
        drop(place);
        assert_eq!(group.waiting(), 0);
    }
}
