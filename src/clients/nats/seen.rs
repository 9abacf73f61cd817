//! What a worker of a shared consumer has had already, so that it is told from what is new when it comes again.

use std::collections::{HashMap, VecDeque};

/// Messages that a worker remembers, to acknowledge again what comes again.
const REMEMBERED: usize = 16 * 1024;

/// Which messages went into which block, of the last ones.
#[derive(Default)]
pub(super) struct Seen {
    blocks: HashMap<u64, u64>,
    order: VecDeque<u64>,
}

impl Seen {
    pub fn block_of(&self, sequence: u64) -> Option<u64> {
        self.blocks.get(&sequence).copied()
    }

    pub fn remember(&mut self, sequence: u64, block: u64) {
        if self.blocks.insert(sequence, block).is_none() {
            self.order.push_back(sequence);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.blocks.remove(&oldest);
        }
    }
}
