//! Reading a file that is written in turns: its finished parts, packed or not, and the one that grows.

use crate::core::disk::{Access, Disk, DiskError, DiskFile, parent_of};
use crate::core::fault::Fault;
use std::io::Read;
use std::path::{Path, PathBuf};

/// `out.000007.ndjson.zst` is part 7 of `out.ndjson`.
pub fn part_number(path: &Path, other: &Path) -> Option<u64> {
    let text = |part: Option<&std::ffi::OsStr>| part?.to_str().map(str::to_owned);
    let name = text(other.file_name())?;
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let stem = text(path.file_stem())?;
    let rest = name.strip_prefix(&stem)?.strip_prefix('.')?;
    let number = match text(path.extension()) {
        Some(ending) => rest.strip_suffix(&ending)?.strip_suffix('.')?,
        None => rest,
    };
    let is_number = number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse().ok())?
}

/// The finished parts with their numbers, in order; of one that is being packed, one form.
pub fn parts_of(disk: &dyn Disk, path: &Path) -> Result<Vec<(u64, PathBuf)>, DiskError> {
    let mut parts: Vec<(u64, PathBuf)> = disk
        .list(parent_of(path))?
        .into_iter()
        .filter_map(|other| Some((part_number(path, &other)?, other)))
        .collect();
    parts.sort();
    parts.dedup_by_key(|(number, _)| *number);
    Ok(parts)
}

/// What stands in a file from a byte on, unpacked when its name says that it is packed; `end` is how long the file
/// was. Nothing when it has not so many bytes.
pub fn unpacked(
    path: &Path,
    (file, end): (Box<dyn DiskFile>, u64),
    from: u64,
) -> Result<Option<Box<dyn Read + Send>>, Fault> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let mut packed: Box<dyn Read + Send> = match ending {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(OfDisk { file, at: 0, end })),
        Some("zst") => Box::new(zstd::stream::read::Decoder::new(OfDisk { file, at: 0, end })?),
        _ if from > end => return Ok(None),
        _ => return Ok(Some(Box::new(OfDisk { file, at: from, end }))),
    };
    let skipped = std::io::copy(&mut (&mut packed).take(from), &mut std::io::sink())?;
    Ok((skipped == from).then_some(packed))
}

/// Opens a file for reading, with its length now.
pub fn open(disk: &dyn Disk, path: &Path) -> Result<(Box<dyn DiskFile>, u64), DiskError> {
    let file = disk.open(path, Access::Read)?;
    let bytes = file.bytes()?;
    Ok((file, bytes))
}

/// A file of the disk as a stream.
struct OfDisk {
    file: Box<dyn DiskFile>,
    at: u64,
    end: u64,
}

impl Read for OfDisk {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = buffer.len().min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..room).unwrap_or_default();
        let read = self.file.read_at(buffer, self.at).map_err(std::io::Error::other)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_from_other_files() {
        let number = |other: &str| part_number(Path::new("a/out.ndjson"), Path::new(other));
        assert_eq!(number("a/out.000007.ndjson"), Some(7));
        assert_eq!(number("a/out.1000007.ndjson.zst"), Some(1_000_007));
        assert_eq!(number("./out.000001.ndjson.gz"), Some(1));
        for no in ["a/out.ndjson", "a/out.7.ndjson", "a/out.000007.csv", "a/other.000007.ndjson"] {
            assert_eq!(number(no), None, "{no}");
        }
    }
}
