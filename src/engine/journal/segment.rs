//! Segment files: their names, their headers, and how one comes into being.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use crate::core::disk::{
    Access, Disk, DiskError, DiskFile, read_range, remove_if_there, unfinished,
};

/// The format that is written; older ones are read, newer ones are refused.
pub(super) const VERSION: u32 = 1;
/// Frames begin here.
pub(super) const FRAMES_AT: u64 = 1024;
/// No segment is larger, whatever the options say: damage in one is searched in memory.
pub(super) const SEGMENT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Sequence numbers stay below this, so that counting on never overflows.
pub(super) const SEQUENCE_LIMIT: u64 = u64::MAX / 4;

const MAGIC: [u8; 8] = *b"HWJRNL\r\n";
const HEADER: usize = 64;
/// The header stands twice, in two sectors: without the salt in it no frame could be verified.
const COPIES_AT: [usize; 2] = [0, 512];
const ENDING: &str = ".journal";

/// What a segment says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// The sequence number of the first frame.
    pub(super) first: u64,
    /// The first sequence number of the segment before; 0 when there was none. A break in this chain is a lost segment.
    pub(super) previous: u64,
    /// Goes into every checksum of the segment, so that only frames written to this segment are believed.
    pub(super) salt: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderFound {
    Whole(Header),
    Newer { version: u32 },
    Damaged,
}

impl Header {
    pub(super) fn new(first: u64, previous: u64) -> Self {
        Self { first, previous, salt: RandomState::new().build_hasher().finish() }
    }

    /// What the checksums of the frames start from.
    pub(super) fn key(&self) -> u32 {
        crc32c::crc32c(&self.salt.to_le_bytes())
    }

    fn encode(&self) -> Vec<u8> {
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        for number in [self.first, self.previous, self.salt] {
            header.extend_from_slice(&number.to_le_bytes());
        }
        header.resize(HEADER - 4, 0);
        let checksum = crc32c::crc32c(&header);
        header.extend_from_slice(&checksum.to_le_bytes());
        let mut bytes = vec![0; FRAMES_AT as usize];
        for at in COPIES_AT {
            bytes[at..at + HEADER].copy_from_slice(&header);
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<HeaderFound> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        let number = |at: usize| Some(u64::from_le_bytes(*header.get(at..)?.first_chunk()?));
        let (body, checksum) = header.split_last_chunk()?;
        if !body.starts_with(&MAGIC) || u32::from_le_bytes(*checksum) != crc32c::crc32c(body) {
            return None;
        }
        let version = u32::from_le_bytes(*body.get(8..)?.first_chunk()?);
        if version > VERSION {
            return Some(HeaderFound::Newer { version });
        }
        let header = Self { first: number(12)?, previous: number(20)?, salt: number(28)? };
        Some(HeaderFound::Whole(header))
    }
}

pub(super) fn path_of(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}{ENDING}"))
}

/// The first sequence number in a segment's name; nothing for a file that is no segment.
pub(super) fn first_in_name(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    let first = digits.parse().ok().filter(|first| (1..SEQUENCE_LIMIT).contains(first))?;
    (digits.len() == 20).then_some(first)
}

pub(super) fn read_header(file: &dyn DiskFile, named: u64) -> Result<HeaderFound, DiskError> {
    let bytes = read_range(file, 0, FRAMES_AT as usize)?;
    let found = COPIES_AT.iter().find_map(|at| Header::decode(bytes.get(*at..)?));
    Ok(match found {
        Some(HeaderFound::Whole(header)) if header.first != named => HeaderFound::Damaged,
        Some(found) => found,
        None => HeaderFound::Damaged,
    })
}

/// Makes a segment that holds its header and zeros up to `allocated`, durable under its name when this returns.
/// A file of the same name, a failed segment without any durable frame, is replaced.
pub(super) fn create(
    disk: &dyn Disk,
    directory: &Path,
    header: &Header,
    allocated: u64,
) -> Result<Box<dyn DiskFile>, DiskError> {
    let path = path_of(directory, header.first);
    let unfinished = unfinished(&path);
    remove_if_there(disk, &unfinished)?;
    if let Err(error) = fill(disk, &unfinished, header, allocated) {
        // Gives the space back; when even this fails, the next call or the next open removes the file.
        drop(disk.remove(&unfinished));
        return Err(error);
    }
    disk.rename(&unfinished, &path)?;
    disk.sync_dir(directory)?;
    disk.open(&path, Access::ReadWrite)
}

fn fill(disk: &dyn Disk, path: &Path, header: &Header, allocated: u64) -> Result<(), DiskError> {
    let mut file = disk.open(path, Access::ReadWrite)?;
    file.write_at(&header.encode(), 0)?;
    file.allocate(FRAMES_AT, allocated)?;
    file.sync()
}
