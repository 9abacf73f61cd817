//! The seed of a stack: from the stack file, or drawn at the first start and kept.

use crate::core::context::Seed;
use crate::core::disk::{Access, Disk, read_range, write_atomically};
use crate::core::fault::Fault;
use crate::core::time::unix_ms;
use serde_json::json;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::Arc;

/// Where time begins for a stack with a `seed:`, so that its data is the same everywhere.
const ORIGIN_MS: i64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z

pub(super) fn of(stack: Option<u64>, disk: &Arc<dyn Disk>, data: &Path) -> Result<Seed, Fault> {
    if let Some(seed) = stack {
        return Ok(Seed { seed, origin_ms: ORIGIN_MS });
    }
    let path = data.join("seed.json");
    match disk.open(&path, Access::Read) {
        Ok(file) => {
            let length = usize::try_from(file.bytes()?).unwrap_or(0);
            let bytes = read_range(file.as_ref(), 0, length)?;
            serde_json::from_slice(&bytes).map_err(|error| {
                Fault::stop(format!(
                    "{} cannot be read ({error}); write `seed: N` into the stack file, or remove it to draw a new seed",
                    path.display()
                ))
            })
        }
        Err(error) if error.is_missing() => {
            let drawn = Seed { seed: draw(), origin_ms: unix_ms() };
            let text = json!({ "version": 1, "seed": drawn.seed, "origin_ms": drawn.origin_ms });
            disk.create_dir_all(data)?;
            write_atomically(disk.as_ref(), &path, text.to_string().as_bytes())?;
            Ok(drawn)
        }
        Err(error) => Err(error.into()),
    }
}

/// A number that nobody knows before: the standard library's hasher is keyed by the system's randomness.
fn draw() -> u64 {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_i64(unix_ms());
    // Small enough to be written in a stack file by hand.
    hasher.finish() >> 32
}
