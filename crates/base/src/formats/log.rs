//! Files of lines that only grow: what a crash left behind the last line feed is no line, and neither is what
//! stands behind a hole.

use crate::core::disk::{DiskError, DiskFile, read_range};

/// More than is appended in one go.
const LAST_WRITE_BYTES: u64 = 1024 * 1024;

/// The length up to the last line feed before the first hole.
fn length_of_whole_lines(file: &dyn DiskFile) -> Result<u64, DiskError> {
    let mut buffer = vec![0; 64 * 1024];
    let mut end = first_hole(file, &mut buffer)?;
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

/// Where the first zero of the last write stands, or else the end. A power cut can keep the end of a write
/// and forget its middle,
/// which then reads as zeros; lines of text and JSON have none.
fn first_hole(file: &dyn DiskFile, buffer: &mut [u8]) -> Result<u64, DiskError> {
    let mut at = file.bytes()?.saturating_sub(LAST_WRITE_BYTES);
    loop {
        let read = file.read_at(buffer, at)?;
        let found = &buffer[..read];
        if let Some(hole) = memchr::memchr(0, found) {
            return Ok(at + hole as u64);
        }
        at += read as u64;
        if read == 0 {
            return Ok(at);
        }
    }
}

/// Cuts off half a line and makes the rest durable; answers its length.
pub fn without_torn_tail(file: &mut dyn DiskFile) -> Result<u64, DiskError> {
    let length = length_of_whole_lines(file)?;
    if file.bytes()? > length {
        file.truncate(length)?;
    }
    // The last process may have died after a failed sync: then the cache shows what the disk never got, and a
    // sync alone would not write it. Writing the end again makes it true either way.
    let end = length.saturating_sub(LAST_WRITE_BYTES);
    let last = read_range(file, end, (length - end) as usize)?;
    if !last.is_empty() {
        file.write_at(&last, end)?;
    }
    file.sync()?;
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
    use crate::core::disk::Identity;

    #[derive(Debug)]
    struct Bytes {
        all: Vec<u8>,
        is_durable: bool,
    }

    impl DiskFile for Bytes {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, DiskError> {
            let rest = self.all.get(offset as usize..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }

        fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
            self.is_durable = false;
            self.all.truncate(offset as usize);
            self.all.extend_from_slice(bytes);
            Ok(())
        }

        fn truncate(&mut self, bytes: u64) -> Result<(), DiskError> {
            self.is_durable = false;
            self.all.truncate(bytes as usize);
            Ok(())
        }

        fn sync(&mut self) -> Result<(), DiskError> {
            self.is_durable = true;
            Ok(())
        }

        fn bytes(&self) -> Result<u64, DiskError> {
            Ok(self.all.len() as u64)
        }

        fn identity(&self) -> Result<Identity, DiskError> {
            Ok(Identity { inode: 1, names: 1 })
        }

        fn allocate(&mut self, _from: u64, _to: u64) -> Result<(), DiskError> {
            Ok(())
        }
    }

    fn left_of(bytes: &[u8]) -> Vec<u8> {
        let mut file = Bytes { all: bytes.to_vec(), is_durable: false };
        let length = without_torn_tail(&mut file).unwrap();
        assert_eq!(length, file.all.len() as u64);
        assert!(file.is_durable);
        file.all
    }

    #[test]
    fn cuts_half_a_line_and_lines_of_zeros() {
        assert_eq!(left_of(b"a\nb\nhalf"), b"a\nb\n");
        assert_eq!(left_of(b"a\nb\0\0\n\0c\nhalf"), b"a\n");
        assert_eq!(left_of(b"\0\0\n"), b"");
        assert_eq!(left_of(b"a\nb\n"), b"a\nb\n");
    }
}
