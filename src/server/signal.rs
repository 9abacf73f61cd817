//! How a server tells its connections to look up: at a reload, at a graceful stop, at the hard stop.
//! A connection leaves its waker once for its whole life, so that a request costs one atomic read and no lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::Notify;

/// How far a server's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Running,
    /// Nothing new is begun; what is begun is finished.
    Draining,
    /// Everything ends now.
    Ended,
}

#[derive(Debug, Default)]
pub(crate) struct Signal {
    stage: AtomicU8,
    open: AtomicUsize,
    wakers: Mutex<HashMap<u64, Waker>>,
    all_closed: Notify,
}

impl Signal {
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Running,
            1 => Stage::Draining,
            _ => Stage::Ended,
        }
    }

    /// Never goes back: a later, lesser stage is ignored.
    pub(crate) fn advance(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, Ordering::AcqRel);
        self.wake_all();
    }

    pub(crate) fn wake_all(&self) {
        let wakers: Vec<Waker> = self.wakers().values().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn leave_waker(&self, connection: u64, waker: &Waker) {
        self.wakers().insert(connection, waker.clone());
    }

    pub(crate) fn forget_waker(&self, connection: u64) {
        self.wakers().remove(&connection);
    }

    /// Takes one of `limit` places, which `close` gives back.
    pub(crate) fn open(&self, limit: usize) -> bool {
        let more = |open: usize| (open < limit).then_some(open + 1);
        self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    pub(crate) fn close(&self, connection: u64) {
        self.forget_waker(connection);
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.all_closed.notify_waiters();
        }
    }

    pub(crate) fn open_tasks(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    pub(crate) async fn wait_until_all_closed(&self) {
        loop {
            let closed = self.all_closed.notified();
            let mut closed = std::pin::pin!(closed);
            closed.as_mut().enable();
            if self.open_tasks() == 0 {
                return;
            }
            closed.await;
        }
    }

    fn wakers(&self) -> MutexGuard<'_, HashMap<u64, Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
