//! What one evaluation may use: steps, time, and the size and depth of values.
//! The state is per thread because jaq hands no context to the operations of a value type.

use crate::core::time::{now, thread_time};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// One step is about one operation, or 64 bytes copied; it bounds memory as well as work.
const STEPS: usize = 2_000_000;
const TIME: Duration = Duration::from_millis(250);
/// Reading the clock costs as much as some steps, so it is read once per this many.
const STEPS_PER_CLOCK: usize = 4096;
/// The largest value in bytes, counted as if nothing in it were shared.
pub(super) const MAX_SIZE: usize = 16 << 20;
/// How deep records may be nested, those that come in and those that go out.
pub(super) const MAX_DEPTH: usize = 128;
/// Values on the way may be deeper, so that the deepest record can still be put into an array.
pub(super) const MAX_VALUE_DEPTH: usize = 192;
/// Assignments through `reduce`, `foreach` or a path recurse once per step.
const MAX_NESTED: usize = 64;

/// Which bound an evaluation ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Steps,
    Time,
    Size,
    Depth,
    Nesting,
}

impl Limit {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Steps => "stopped: more than 2000000 steps for one record",
            Self::Time => "stopped: more than 250 ms for one record",
            Self::Size => "stopped: a value grew larger than 16 MiB",
            Self::Nesting => "stopped: an assignment goes through more than 64 steps at once",
            Self::Depth => "stopped: a value is nested deeper than 192 levels",
        }
    }
}

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(STEPS) };
    static REACHED: Cell<Option<Limit>> = const { Cell::new(None) };
    static NESTED: Cell<usize> = const { Cell::new(0) };
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
    /// What the thread may have spent at the end; known once the deadline has passed.
    static SPENT: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Begins the evaluation of one record.
pub(super) fn start() {
    LEFT.set(STEPS);
    REACHED.set(None);
    NESTED.set(0);
    DEADLINE.set(Some(now() + TIME));
    SPENT.set(None);
}

/// Records that a bound was reached; it stays so until the next `start`.
pub(super) fn reach(limit: Limit) {
    if REACHED.get().is_none() {
        REACHED.set(Some(limit));
    }
}

pub(super) fn reached() -> Option<Limit> {
    REACHED.get()
}

pub(super) fn spend(steps: usize) {
    let before = LEFT.get();
    let Some(after) = before.checked_sub(steps) else {
        return reach(Limit::Steps);
    };
    LEFT.set(after);
    if before / STEPS_PER_CLOCK != after / STEPS_PER_CLOCK {
        check_time();
    }
}

/// Runs something that may come here again from inside of itself, which the stack must bear.
/// Gives nothing, and ends the evaluation, when it did so too often.
pub(super) fn nest<T>(run: impl FnOnce() -> T) -> Option<T> {
    let depth = NESTED.get() + 1;
    if depth > MAX_NESTED {
        reach(Limit::Nesting);
        return None;
    }
    NESTED.set(depth);
    let result = run();
    NESTED.set(depth - 1);
    Some(result)
}

/// Charges for bytes copied or compared.
pub(super) fn spend_bytes(bytes: usize) {
    spend(1 + bytes / 64);
}

/// A machine that is busy with something else must not make a dead letter of a harmless record, so only the time that
/// the processor spends on it counts. Asking for that is a system call, so it begins with the deadline of the clock on
/// the wall, which costs little.
pub(super) fn check_time() {
    if DEADLINE.get().is_none_or(|deadline| now() <= deadline) {
        return;
    }
    let spent = thread_time();
    match SPENT.get() {
        None => SPENT.set(Some(spent + TIME)),
        Some(most) if spent > most => reach(Limit::Time),
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{DEADLINE, Limit, SPENT, STEPS, check_time, reached, spend, start};
    use crate::core::time::now;
    use std::time::Duration;

    #[test]
    fn a_thread_that_did_not_get_the_processor_has_its_time_still() {
        start();
        DEADLINE.set(Some(now()));
        check_time();
        check_time();
        assert_eq!(reached(), None);
        SPENT.set(Some(Duration::ZERO));
        check_time();
        assert_eq!(reached(), Some(Limit::Time));
        start();
        assert_eq!(reached(), None);
    }

    #[test]
    fn the_first_bound_reached_stays_until_the_next_start() {
        start();
        spend(STEPS / 2);
        assert_eq!(reached(), None);
        spend(STEPS);
        assert_eq!(reached(), Some(Limit::Steps));
        spend(1);
        assert_eq!(reached(), Some(Limit::Steps));
        start();
        assert_eq!(reached(), None);
    }
}
