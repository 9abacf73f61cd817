//! Files of lines that only grow: what a crash left behind the last line feed is no line.

use crate::core::disk::{DiskError, DiskFile, read_range};

/// The length of the first `end` bytes up to their last line feed.
fn length_of_whole_lines(file: &dyn DiskFile, mut end: u64) -> Result<u64, DiskError> {
    let mut buffer = vec![0; 64 * 1024];
    while end > 0 {
        let start = end.saturating_sub(buffer.len() as u64);
        let wanted = (end - start) as usize;
        let read = file.read_at(&mut buffer[..wanted], start)?;
        if let Some(at) = memchr::memrchr(b'\n', &buffer[..read]) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Cuts off half a line, and lines at the end with zero bytes in them: after a power cut a sector that was
/// never written is zeros, though the line feed behind it may be there. Answers the length that is left.
pub fn without_torn_tail(file: &mut dyn DiskFile) -> Result<u64, DiskError> {
    let mut length = length_of_whole_lines(file, file.bytes()?)?;
    while length > 0 {
        let start = length_of_whole_lines(file, length - 1)?;
        let line = read_range(file, start, usize::try_from(length - start).unwrap_or(usize::MAX))?;
        if !line.contains(&0) {
            break;
        }
        length = start;
    }
    if file.bytes()? > length {
        file.truncate(length)?;
        file.sync()?;
    }
    Ok(length)
}

/// The lines of the first `length` bytes.
pub fn whole_lines(file: &dyn DiskFile, length: u64) -> Result<Vec<Vec<u8>>, DiskError> {
    let bytes = read_range(file, 0, usize::try_from(length).unwrap_or(usize::MAX))?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(<[u8]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::disk::{Access, Disk};
    use crate::testing::disk::SimulatedDisk;
    use std::path::Path;

    fn left_of(bytes: &[u8]) -> Vec<u8> {
        let disk = SimulatedDisk::new(1);
        disk.put(Path::new("/log"), bytes);
        let mut file = disk.open(Path::new("/log"), Access::ReadWrite).unwrap();
        let length = without_torn_tail(file.as_mut()).unwrap();
        let left = disk.contents(Path::new("/log")).unwrap();
        assert_eq!(length, left.len() as u64);
        left
    }

    #[test]
    fn cuts_half_a_line_and_lines_of_zeros() {
        assert_eq!(left_of(b"a\nb\nhalf"), b"a\nb\n");
        assert_eq!(left_of(b"a\nb\0\0\n\0c\nhalf"), b"a\n");
        assert_eq!(left_of(b"\0\0\n"), b"");
        assert_eq!(left_of(b"a\nb\n"), b"a\nb\n");
    }
}
