//! The seed of a stack: from the stack file, or drawn at the first start and kept.

use crate::core::context::Seed;
use crate::core::disk::{Access, Disk, DiskError, DiskLock, read_range, write_atomically};
use crate::core::fault::Fault;
use crate::core::time::{now, unix_ms};
use crate::core::wait::Wait;
use serde_json::json;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Where time begins for a stack with a `seed:`, so that its data is the same everywhere.
const ORIGIN_MS: i64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z

/// How long another process may take to draw, and how often it is looked whether it has.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

pub(super) fn of(stack: Option<u64>, disk: &Arc<dyn Disk>, data: &Path) -> Result<Seed, Fault> {
    if let Some(seed) = stack {
        return Ok(Seed { seed, origin_ms: ORIGIN_MS });
    }
    let path = data.join("seed.json");
    if let Some(kept) = kept(disk.as_ref(), &path)? {
        return Ok(kept);
    }
    disk.create_dir_all(data)?;
    // Services of one stack may be started at once as several processes: one draws, the others wait for it.
    let _one_at_a_time = locked(disk.as_ref(), &data.join("seed.lock"))?;
    if let Some(kept) = kept(disk.as_ref(), &path)? {
        return Ok(kept);
    }
    let drawn = Seed { seed: draw(), origin_ms: unix_ms() };
    let text = json!({ "version": 1, "seed": drawn.seed, "origin_ms": drawn.origin_ms });
    write_atomically(disk.as_ref(), &path, text.to_string().as_bytes())?;
    Ok(drawn)
}

/// The seed that a stack has, without drawing one.
pub fn known_seed(stack: Option<u64>, disk: &dyn Disk, data: &Path) -> Result<Option<Seed>, Fault> {
    match stack {
        Some(seed) => Ok(Some(Seed { seed, origin_ms: ORIGIN_MS })),
        None => kept(disk, &data.join("seed.json")),
    }
}

fn kept(disk: &dyn Disk, path: &Path) -> Result<Option<Seed>, Fault> {
    let file = match disk.open(path, Access::Read) {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let length = usize::try_from(file.bytes()?).unwrap_or(0);
    let bytes = read_range(file.as_ref(), 0, length)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Fault::stop(format!(
            "{} cannot be read ({error}); write `seed: N` into the stack file, or remove it to draw a new seed",
            path.display()
        ))
    })
}

fn locked(disk: &dyn Disk, path: &Path) -> Result<Box<dyn DiskLock>, DiskError> {
    let deadline = now() + PATIENCE;
    loop {
        match disk.lock(path) {
            Err(DiskError::Held { .. }) if now() < deadline => Wait::new().sleep(LOOK_AGAIN),
            locked => return locked,
        };
    }
}

/// A number that nobody knows before: the standard library's hasher is keyed by the system's randomness.
fn draw() -> u64 {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_i64(unix_ms());
    // Small enough to be written in a stack file by hand.
    hasher.finish() >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::disk::RealDisk;

    #[test]
    fn those_who_start_at_once_draw_one_seed() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let data = folder.path().join("stack");
            let draw = || {
                let disk: Arc<dyn Disk> = Arc::new(RealDisk);
                of(None, &disk, &data).unwrap()
            };
            let seeds: Vec<Seed> = std::thread::scope(|threads| {
                let drawing: Vec<_> = (0..8).map(|_| threads.spawn(draw)).collect();
                drawing.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let kept = draw();
            assert!(seeds.iter().all(|seed| seed.seed == kept.seed), "{seeds:?}");
        }
    }
}
