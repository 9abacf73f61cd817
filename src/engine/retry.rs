//! What is told of tries that did not work, without filling the log.

pub(super) use crate::clients::backoff::Backoff;
use crate::core::fault::Fault;
use crate::core::time::now;
use crate::core::unit::show_duration;
use std::time::{Duration, Instant};

/// The same complaint again and again is worth a line now and then.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    last: Option<(String, Instant)>,
}

/// How often the same complaint is repeated.
const REPEATED: Duration = Duration::from_secs(10);

impl Complaints {
    /// Tells the log of a fault that is tried again.
    pub(super) fn tell(&mut self, service: &str, fault: &Fault, pause: Duration) {
        let is_known = self
            .last
            .as_ref()
            .is_some_and(|(reason, at)| reason == fault.reason() && at.elapsed() < REPEATED);
        if !is_known {
            let retry_in = show_duration(pause);
            tracing::warn!(service, retry_in, "{fault}");
            self.last = Some((fault.reason().to_owned(), now()));
        }
    }
}

/// What happens to a flow's records beside being stored.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub buried: Gathered,
    pub refused: Gathered,
}

/// What happens to record after record, told at once and then now and then with its number.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    untold: usize,
    last: String,
    told: Option<Instant>,
}

impl Gathered {
    pub(super) fn add(&mut self, count: usize, last: &str) {
        self.untold += count;
        last.clone_into(&mut self.last);
    }

    /// Answers how many to tell of, and why the last of them, when it is time to.
    pub(super) fn due(&mut self) -> Option<(usize, String)> {
        let is_time = self.untold > 0 && self.told.is_none_or(|told| told.elapsed() >= REPEATED);
        if is_time { self.rest() } else { None }
    }

    /// The same at the end, whenever that is.
    pub(super) fn rest(&mut self) -> Option<(usize, String)> {
        let count = std::mem::take(&mut self.untold);
        self.told = Some(now());
        (count > 0).then(|| (count, std::mem::take(&mut self.last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_rest_with_its_number() {
        let mut gathered = Gathered::default();
        assert_eq!(gathered.due(), None);
        gathered.add(2, "a");
        assert_eq!(gathered.due(), Some((2, "a".to_owned())));
        gathered.add(1, "b");
        gathered.add(3, "c");
        assert_eq!(gathered.due(), None);
        gathered.told = gathered.told.and_then(|told| told.checked_sub(REPEATED));
        assert_eq!(gathered.due(), Some((4, "c".to_owned())));
        gathered.add(1, "d");
        assert_eq!(gathered.rest(), Some((1, "d".to_owned())));
        assert_eq!(gathered.rest(), None);
    }
}
