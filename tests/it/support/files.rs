//! What stands in the files that a flow wrote.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// All bytes; none when the file is missing.
pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

/// The lines of a file; fails on half a line at its end or in what is no UTF-8.
#[track_caller]
pub fn read_lines(path: &Path) -> Vec<String> {
    let text = String::from_utf8(read(path)).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{} ends with half a line", path.display());
    text.lines().map(str::to_owned).collect()
}

/// Whole lines of a file that may still grow; none when it is missing.
pub fn count_lines(path: &Path) -> u64 {
    memchr::memchr_iter(b'\n', &read(path)).count() as u64
}

/// The SHA-256 of `bytes` as metadata files have it.
pub fn checksum(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// The integer field of every line; fails on a line that is not JSON.
#[track_caller]
pub fn sequence(lines: &[String], field: &str) -> Vec<u64> {
    let number = |line: &String| {
        let value: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("torn: {line:?}: {error}"));
        value[field].as_u64().unwrap_or_else(|| panic!("no {field} in {line}"))
    };
    lines.iter().map(number).collect()
}

/// The finished parts of a file and the file itself, in the order in which they were written.
#[derive(Debug)]
pub struct Parts {
    pub paths: Vec<PathBuf>,
}

impl Parts {
    /// Of `directory/stem.NUMBER.ending[.gz|.zst]` and `directory/stem.ending`.
    pub fn of(directory: &Path, stem: &str, ending: &str) -> Self {
        let mut numbered: Vec<(u64, PathBuf)> = std::fs::read_dir(directory)
            .unwrap()
            .filter_map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name()?.to_str()?.to_owned();
                let rest = name.strip_prefix(stem)?.strip_prefix('.')?;
                Some((rest.split('.').next()?.parse().ok()?, path))
            })
            .collect();
        numbered.sort();
        let mut paths: Vec<PathBuf> = numbered.into_iter().map(|(_, path)| path).collect();
        paths.push(directory.join(format!("{stem}.{ending}")));
        Self { paths }
    }

    /// Bytes on the disk.
    pub fn length(&self) -> u64 {
        let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        self.paths.iter().map(length).sum()
    }

    /// Everything, unpacked and joined.
    pub fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for path in &self.paths {
            let bytes = read(path);
            match path.extension().and_then(|ending| ending.to_str()) {
                Some("gz") => {
                    let mut decoder = flate2::read::MultiGzDecoder::new(bytes.as_slice());
                    decoder.read_to_end(&mut all).unwrap();
                }
                Some("zst") => all.extend(zstd::decode_all(bytes.as_slice()).unwrap()),
                _ => all.extend(bytes),
            }
        }
        all
    }
}
