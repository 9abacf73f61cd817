//! Can everything durable be kept where it shall be?

use crate::core::disk::{Access, Disk};
use crate::core::unit::show_size;
use crate::doctor::finding::Finding;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Less than this and intake stops soon.
const FULL: u64 = 64 * 1024 * 1024;
const LOW: u64 = 1024 * 1024 * 1024;

const PROBE: &str = ".headwater-doctor";

/// Room where the directory is or will be.
pub(super) fn room(disk: &dyn Disk, data: &Path) -> Finding {
    let there = nearest(data);
    let free = match disk.free_bytes(there) {
        Ok(free) => free,
        Err(error) => return Finding::unknown("disk", error.to_string()),
    };
    let what = format!("{} free at {}", show_size(free), there.display());
    let hits = "what comes in is refused while the disk is full, and waits where it came from";
    let cure = "make room, or name another place with `--data DIR`; `keep:` bounds what sinks keep";
    match free {
        0..FULL => Finding::fails("disk", what).hits(hits).cure(cure),
        FULL..LOW => Finding::limited("disk", what).hits(hits).cure(cure),
        _ => Finding::fine("disk", what),
    }
}

/// May this user write there?
pub(super) fn data(disk: &dyn Disk, data: &Path) -> Finding {
    let shown = data.display();
    let there = nearest(data);
    if !there.is_dir() {
        return Finding::fails("data directory", format!("{} is no directory", there.display()))
            .hits("no flow and no store can start")
            .cure("move it away, or name another place with `--data DIR`");
    }
    let probe = there.join(PROBE);
    let written = disk.open(&probe, Access::ReadWrite).and_then(|_| disk.remove(&probe));
    match written {
        Ok(()) if there == data => {
            Finding::fine("data directory", format!("{shown} can be written"))
        }
        Ok(()) => Finding::fine("data directory", format!("{shown} will be made")),
        Err(error) => {
            let owner = there.metadata().map(|it| format!("{}:{}", it.uid(), it.gid()));
            let owner = owner.unwrap_or_else(|_| "?".to_owned());
            // A process's own directory belongs to its user.
            let user = Path::new("/proc/self").metadata().map_or(0, |it| it.uid());
            let reason = error.to_string();
            let cure = if reason.contains("Read-only") {
                "mount it for writing, or name another place with `--data DIR`".to_owned()
            } else {
                format!("chown -R {user} {}", there.display())
            };
            Finding::fails(
                "data directory",
                format!("{reason}; it belongs to {owner}, this is user {user}"),
            )
            .hits("no flow and no store can start")
            .cure(cure)
        }
    }
}

/// The path, or the nearest above it that is there.
fn nearest(path: &Path) -> &Path {
    let mut there = path;
    while !there.exists() {
        match there.parent() {
            Some(above) if !above.as_os_str().is_empty() => there = above,
            _ => return Path::new("."),
        }
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Severity;
    use crate::testing::disk::SimulatedDisk;

    #[test]
    fn little_room_is_told_before_it_stops_anything() {
        let disk = SimulatedDisk::new(1);
        for (free, severity) in [
            (LOW, Severity::Fine),
            (LOW - 1, Severity::Limited),
            (FULL, Severity::Limited),
            (FULL - 1, Severity::Fails),
        ] {
            disk.set_capacity(Some(free));
            let found = room(&disk, Path::new("/"));
            assert_eq!(found.severity, severity, "{free} bytes: {}", found.what);
            assert_eq!(found.cure.is_empty(), severity == Severity::Fine, "{free} bytes");
        }
    }
}
