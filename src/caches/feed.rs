//! How far the store's own account of its changes reaches: the one thing that decides whether a copy may answer.

use super::moment::Moment;
use crate::resource::Version;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What has been told of the changes of one store.
#[derive(Debug)]
pub struct Feed {
    /// Every change committed before this moment has been told.
    synced: AtomicU64,
    /// Moves when track was lost: what was copied before then may lack changes that nobody will tell.
    epoch: AtomicU64,
    floor: Mutex<Floor>,
    /// Wakes whoever learns the floor.
    pub is_lost: Notify,
    is_shared: bool,
}

/// A copy from elsewhere, of unknown age, must be as of this version or a later one: changes up to it may never have
/// been told here. Unknown after track was lost.
#[derive(Debug, Clone, Copy)]
struct Floor {
    epoch: u64,
    version: Option<Version>,
}

impl Feed {
    pub fn new(is_shared: bool) -> Self {
        Self {
            synced: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            floor: Mutex::new(Floor { epoch: 0, version: None }),
            is_lost: Notify::new(),
            is_shared,
        }
    }

    pub fn synced(&self, at: Moment) {
        self.synced.fetch_max(at.0, Ordering::AcqRel);
    }

    /// Up to when every change has been told. Read it *before* the copy that is to be judged: a change that is told
    /// in between must take the copy away and not make it look fresh. A store that nobody else writes to tells every
    /// change before it answers the write.
    pub fn known(&self, now: Moment) -> Moment {
        if self.is_shared { Moment(self.synced.load(Ordering::Acquire)) } else { now }
    }

    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub fn lost_track(&self) {
        let mut floor = self.lock();
        let epoch = self.epoch.fetch_add(1, Ordering::AcqRel) + 1;
        *floor = Floor { epoch, version: None };
        self.is_lost.notify_one();
    }

    /// The epoch whose floor is still to be learnt, by asking the store for its newest version.
    pub fn unknown_floor(&self) -> Option<u64> {
        let floor = self.lock();
        floor.version.is_none().then_some(floor.epoch)
    }

    /// `newest` was asked for after `epoch` began; an answer to an older question is worth nothing.
    pub fn learn_floor(&self, epoch: u64, newest: Version) {
        let mut floor = self.lock();
        if floor.epoch == epoch {
            floor.version = Some(newest);
        }
    }

    /// What a copy from elsewhere must have seen; nothing is enough while that is unknown.
    pub fn admits(&self, epoch: u64, as_of: Version) -> bool {
        let floor = *self.lock();
        floor.epoch == epoch && floor.version.is_some_and(|version| as_of >= version)
    }

    fn lock(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_this_process_alone_is_always_known() {
        assert_eq!(Feed::new(false).known(Moment(7)), Moment(7));
        let feed = Feed::new(true);
        assert_eq!(feed.known(Moment(7)), Moment::NEVER);
        feed.synced(Moment(5));
        feed.synced(Moment(4));
        assert_eq!(feed.known(Moment(7)), Moment(5), "never back");
    }

    #[test]
    fn admits_nothing_from_elsewhere_until_the_floor_is_learnt() {
        let feed = Feed::new(true);
        assert!(!feed.admits(0, Version(9)));
        feed.learn_floor(0, Version(5));
        assert!(feed.admits(0, Version(5)) && !feed.admits(0, Version(4)));
        feed.lost_track();
        assert_eq!(feed.unknown_floor(), Some(1));
        assert!(!feed.admits(0, Version(9)) && !feed.admits(1, Version(9)));
        feed.learn_floor(0, Version(5));
        assert!(!feed.admits(1, Version(9)), "an answer from before");
        feed.learn_floor(1, Version(8));
        assert!(feed.admits(1, Version(8)) && !feed.admits(0, Version(8)));
    }
}
