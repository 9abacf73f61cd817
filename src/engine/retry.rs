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

/// Records that the target refused, told now and then with their number.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    untold: usize,
    told: Option<Instant>,
}

impl Refusals {
    pub(super) fn tell(&mut self, service: &str, reasons: &[String]) {
        let Some(last) = reasons.last() else { return };
        self.untold += reasons.len();
        if self.told.is_none_or(|told| told.elapsed() >= REPEATED) {
            let count = std::mem::take(&mut self.untold);
            tracing::info!(service, count, "refused by the target, the last one {last}");
            self.told = Some(now());
        }
    }
}
