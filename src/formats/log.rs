//! Files of lines that only grow: what a crash left behind the last line feed is no line.

use crate::core::disk::{DiskError, DiskFile, read_range};

/// The length up to the last line feed.
pub fn length_of_whole_lines(file: &dyn DiskFile) -> Result<u64, DiskError> {
    let mut end = file.bytes()?;
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

/// Cuts off half a line; answers the length that is left.
pub fn without_torn_tail(file: &mut dyn DiskFile) -> Result<u64, DiskError> {
    let length = length_of_whole_lines(file)?;
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
