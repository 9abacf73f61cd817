//! What a process is called in front of people who look for it.

use std::path::Path;

/// `HOST/PID`; in a container the host is the container.
pub(super) fn host_and_process() -> String {
    let named = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname"));
    let host = named.as_deref().map_or("localhost", str::trim);
    let host = if host.is_empty() { "localhost" } else { host };
    format!("{host}/{}", std::process::id())
}
