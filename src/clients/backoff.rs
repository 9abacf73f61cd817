//! How long to wait before the next try.

use crate::core::context::Pauses;
use crate::core::fault::Fault;
use std::time::Duration;

/// Doubling pauses with jitter, so that many flows do not knock at the same moment.
#[derive(Debug)]
pub struct Backoff {
    pauses: Pauses,
    next: Duration,
    state: u64,
}

impl Backoff {
    /// `seed` decides the jitter: a flow's own, so that flows differ.
    pub fn new(pauses: Pauses, seed: u64) -> Self {
        Self { pauses, next: pauses.first, state: seed | 1 }
    }

    /// It worked: the next failure starts from the first pause again.
    pub fn reset(&mut self) {
        self.next = self.pauses.first;
    }

    /// The pause that follows this fault: the component's own wish, or the next of the row.
    pub fn pause(&mut self, fault: &Fault) -> Duration {
        if let Fault::Retry { after: Some(after), .. } = fault {
            return *after;
        }
        let pause = self.next;
        self.next = (self.next * 2).min(self.pauses.longest);
        pause.mul_f64(self.jitter())
    }

    /// Between 0.5 and 1.
    fn jitter(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        0.5 + (self.state >> 11) as f64 / (1u64 << 54) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest_and_starts_over() {
        let all = Pauses::default();
        let mut backoff = Backoff::new(all, 7);
        let fault = Fault::retry("down");
        let pauses: Vec<Duration> = (0..12).map(|_| backoff.pause(&fault)).collect();
        assert!(pauses[0] >= all.first / 2 && pauses[0] <= all.first);
        assert!(pauses.iter().all(|pause| *pause <= all.longest));
        assert!(pauses[11] >= all.longest / 2);
        backoff.reset();
        assert!(backoff.pause(&fault) <= all.first);
    }

    #[test]
    fn a_component_that_knows_better_is_obeyed() {
        let fault = Fault::retry_after("busy", Duration::from_secs(3));
        assert_eq!(Backoff::new(Pauses::default(), 1).pause(&fault), Duration::from_secs(3));
    }
}
