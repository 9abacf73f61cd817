//! Weighted choice in constant time from one draw: Vose's alias tables, built once at parse time.

use super::random::multiply;

const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// One slot: `own` is chosen while the draw's remainder is below `limit`, else `other`.
#[derive(Debug, Clone, Copy)]
struct Slot {
    limit: u64,
    other: u32,
}

/// A table of weighted outcomes `0..n`.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    slots: Vec<Slot>,
}

impl Alias {
    /// `weights` are not negative and not all zero.
    pub(super) fn new(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let count = weights.len() as f64;
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight / total * count).collect();
        let mut slots: Vec<Slot> =
            (0..weights.len()).map(|own| Slot { limit: u64::MAX, other: own as u32 }).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..weights.len()).partition(|slot| shares[*slot] < 1.0);
        while let (Some(low), Some(high)) = (small.pop(), large.pop()) {
            slots[low] = Slot { limit: (shares[low] * TWO_TO_64) as u64, other: high as u32 };
            shares[high] -= 1.0 - shares[low];
            if shares[high] < 1.0 {
                small.push(high);
            } else {
                large.push(high);
            }
        }
        Self { slots }
    }

    /// The outcome for 64 even bits: the high half of a product selects the slot, the low half is
    /// an even remainder within it.
    pub(super) fn outcome(&self, bits: u64) -> usize {
        let (slot, remainder) = multiply(bits, self.slots.len() as u64);
        let own = slot as usize;
        let slot = self.slots[own];
        if remainder < slot.limit { own } else { slot.other as usize }
    }
}
