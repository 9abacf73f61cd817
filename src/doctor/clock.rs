//! Is it the time that the clock says?

use crate::core::time::rfc3339;
use crate::doctor::finding::Finding;

/// 2025-01-01: nothing of this is older.
const BEGIN: i64 = 1_735_689_600_000;
/// More than this and certificates, tokens and leases of two machines disagree.
const SKEW: i64 = 2_000;

pub(super) fn clock(now: i64) -> Finding {
    let what = format!("it is {}", rfc3339(now));
    if now >= BEGIN {
        return Finding::fine("clock", what);
    }
    Finding::fails("clock", format!("{what}, which cannot be"))
        .hits("no certificate is valid yet, so nothing is reached by TLS; records get wrong times")
        .cure("a Raspberry Pi has no clock of its own: `timedatectl set-ntp true`, and wait for it")
}

/// `there` is what the engine says.
pub(super) fn skew(here: i64, there: i64) -> Finding {
    let apart = there - here;
    if apart.abs() <= SKEW {
        return Finding::fine("clock of the engine", "it agrees with this one");
    }
    let direction = if apart > 0 { "ahead of" } else { "behind" };
    let seconds = apart.abs() / 1000;
    Finding::fails("clock of the engine", format!("it is {seconds} s {direction} this one"))
        .hits("times in records and on the map disagree, and certificates and leases may end too early")
        .cure("`timedatectl set-ntp true` on both; a virtual machine that slept must be started anew")
}
