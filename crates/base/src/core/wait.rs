//! Waiting that ends at once when the flow shall stop.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Asks every holder to stop. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Wait {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Wait {
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every wait, now and later.
    pub fn stop(&self) {
        let (stopped, changed) = &*self.shared;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    pub fn is_stopped(&self) -> bool {
        *self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `duration` unless stopped before; answers whether it was stopped.
    pub fn sleep(&self, duration: Duration) -> bool {
        let (stopped, changed) = &*self.shared;
        let guard = stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let (guard, _) = changed
            .wait_timeout_while(guard, duration, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        *guard
    }

    /// Sleeps until `instant` unless stopped before; answers whether it was stopped.
    pub fn until(&self, instant: Instant) -> bool {
        self.sleep(instant.saturating_duration_since(crate::core::time::now()))
    }

    /// Sleeps until stopped.
    pub fn forever(&self) {
        while !self.sleep(Duration::from_hours(24)) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_ends_a_long_sleep() {
        let wait = Wait::new();
        let sleeper = wait.clone();
        std::thread::scope(|threads| {
            let thread = threads.spawn(move || sleeper.sleep(Duration::from_hours(1)));
            wait.stop();
            assert!(thread.join().unwrap());
        });
    }
}
