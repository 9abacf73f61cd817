//! Names of leases as names of directories.

use crate::core::disk::{Access, Disk, DiskError, read_range, write_atomically};
use crate::core::fault::Fault;
use crate::core::text::{append, hexadecimal};
use crate::core::time::unix_ms;
use sha2::{Digest, Sha256};
use std::hash::{BuildHasher, Hasher};
use std::path::Path;

/// Longer names are shortened: with what is put around it the name of a directory may have 255 bytes.
const LONGEST: usize = 100;

/// Letters, digits, `.`, `_` and `-` stand for themselves; so the result has neither `/` nor `~`.
pub(super) fn encoded(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => {
                text.push(char::from(byte));
            }
            _ => append(&mut text, format_args!("%{byte:02X}")),
        }
    }
    if text.len() > LONGEST {
        let digest = hexadecimal(&Sha256::digest(name.as_bytes()));
        text.truncate(LONGEST - digest.len());
        text.push_str(&digest);
    }
    text
}

/// A word that nobody else draws: the standard library's hasher is keyed by the system's randomness.
pub(super) fn unique() -> String {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_i64(unix_ms());
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

/// The name of the worker whose directory this is, drawn at its first start. Its earlier lives are known by it,
/// so that a worker that starts again need not wait for itself.
pub fn worker(disk: &dyn Disk, data: &Path) -> Result<String, Fault> {
    let path = data.join("worker");
    let kept = match disk.open(&path, Access::Read) {
        Ok(file) => read_range(file.as_ref(), 0, 16)?,
        Err(error) if error.is_missing() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let is_word = kept.len() == 16 && kept.iter().all(u8::is_ascii_hexdigit);
    if let Some(word) = String::from_utf8(kept).ok().filter(|_| is_word) {
        return Ok(word);
    }
    let drawn = unique();
    write_atomically(disk, &path, drawn.as_bytes())?;
    Ok(drawn)
}

/// Removes a directory and what is in it, as deep as leases are. What cannot be removed is in nobody's way.
pub(super) fn remove_all(disk: &dyn Disk, directory: &Path) {
    let Ok(entries) = disk.list(directory) else { return };
    for entry in entries {
        let is_directory = disk.metadata(&entry).is_ok_and(|metadata| metadata.is_directory);
        let removed: Result<(), DiskError> = if is_directory {
            remove_all(disk, &entry);
            Ok(())
        } else {
            disk.remove(&entry)
        };
        drop(removed);
    }
    drop(disk.remove_directory(directory));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_directory_of_its_own() {
        assert_eq!(encoded("data_7"), "data_7");
        assert_eq!(encoded("a/b~c"), "a%2Fb%7Ec");
        let long = |end: &str| encoded(&format!("{}{end}", "x".repeat(300)));
        assert_eq!(long("1").len(), LONGEST);
        assert_ne!(long("1"), long("2"));
        assert_ne!(unique(), unique());
    }
}
