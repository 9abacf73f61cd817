//! The one timer of a connection. Moving its deadline later is a plain store: the timer notices when it rings, so that
//! a busy connection does not touch the runtime's timers at each request.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

#[derive(Debug)]
pub(crate) struct Timer {
    deadline: Instant,
    rings_at: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    pub(crate) fn new(deadline: Instant) -> Self {
        Self { deadline, rings_at: deadline, sleep: Box::pin(sleep_until(deadline.into())) }
    }

    pub(crate) fn set(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if deadline < self.rings_at {
            self.ring_at(deadline);
        }
    }

    /// Ready once the deadline is over.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.sleep.as_mut().poll(context).is_ready() {
            if self.rings_at >= self.deadline {
                return Poll::Ready(());
            }
            self.ring_at(self.deadline);
        }
        Poll::Pending
    }

    fn ring_at(&mut self, at: Instant) {
        self.rings_at = at;
        self.sleep.as_mut().reset(at.into());
    }
}
