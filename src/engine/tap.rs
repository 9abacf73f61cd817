//! A look at the records that a flow delivers, which never slows it: a listener that is behind misses records and is
//! told how many.

use crate::core::record::Records;
use crate::engine::letters::Passed;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};

/// Bytes that wait for a listener. What it has not taken is not pushed out, so that a flow that is quick copies no
/// more than this for each look.
const WAITING_BYTES: usize = 512 * 1024;

/// One end in the flow; costs nothing while nobody listens.
#[derive(Debug, Default)]
pub struct Tap {
    listeners: Mutex<Vec<Told>>,
    count: AtomicUsize,
}

/// A listener as the tap knows it.
#[derive(Debug)]
struct Told {
    waiting: Weak<Mutex<Waiting>>,
    bell: SyncSender<()>,
}

/// The other end. The tap forgets it when it is dropped.
#[derive(Debug)]
pub struct Listener {
    waiting: Arc<Mutex<Waiting>>,
}

/// What came since the last look.
#[derive(Debug, Default)]
pub struct Waiting {
    pub blocks: Vec<Records>,
    bytes: usize,
    /// Records that found no room.
    pub missed: u64,
}

impl Tap {
    /// The bell is rung when something waits, if it does not ring yet: one may do for several taps.
    pub fn listen(&self, bell: SyncSender<()>) -> Listener {
        let waiting = Arc::<Mutex<Waiting>>::default();
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Told { waiting: Arc::downgrade(&waiting), bell });
        self.count.store(listeners.len(), Ordering::Relaxed);
        Listener { waiting }
    }

    /// Shows what was delivered to whoever listens. A listener that is just looking misses this group.
    pub(super) fn show(&self, group: &[Passed]) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut listeners = match self.listeners.try_lock() {
            Ok(listeners) => listeners,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        listeners.retain(|listener| {
            let Some(waiting) = listener.waiting.upgrade() else { return false };
            if let Ok(mut waiting) = waiting.try_lock() {
                for passed in group {
                    waiting.take(&passed.batch.records);
                }
            }
            // A bell that rings already has no room, and who held it may have gone.
            listener.bell.try_send(()).unwrap_or_default();
            true
        });
        self.count.store(listeners.len(), Ordering::Relaxed);
    }
}

impl Waiting {
    fn take(&mut self, records: &Records) {
        if self.bytes + records.bytes.len() > WAITING_BYTES {
            self.missed += records.count;
            return;
        }
        self.bytes += records.bytes.len();
        self.blocks.push(records.clone());
    }
}

impl Listener {
    pub fn take(&self) -> Waiting {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::batch::Batch;
    use crate::core::position::Position;
    use crate::core::record::Encoding;
    use std::sync::mpsc::sync_channel;

    fn group(text: &str) -> Vec<Passed> {
        let records = Records::from_lines(Encoding::Json, text.as_bytes().to_vec());
        vec![Passed::new(Batch::new(&Arc::from("p"), Position::at(0), records))]
    }

    #[test]
    fn a_listener_gets_what_comes_and_counts_what_finds_no_room() {
        let tap = Tap::default();
        tap.show(&group("{\"before\":1}\n"));
        let (bell, rung) = sync_channel(1);
        let listener = tap.listen(bell);
        assert!(rung.try_recv().is_err());
        tap.show(&group("{\"a\":1}\n{\"a\":2}\n"));
        assert!(rung.try_recv().is_ok());
        let seen = listener.take();
        assert_eq!((seen.blocks.len(), seen.blocks[0].count, seen.missed), (1, 2, 0));
        let large = format!("\"{}\"\n", "x".repeat(WAITING_BYTES / 2));
        for _ in 0..5 {
            tap.show(&group(&large));
        }
        let seen = listener.take();
        assert_eq!((seen.blocks.len(), seen.missed), (1, 4));
        drop(listener);
        tap.show(&group("1\n"));
        assert_eq!(tap.count.load(Ordering::Relaxed), 0);
    }
}
