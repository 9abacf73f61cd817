//! The bytes of one frame: length, checksum, sequence number, place in its append, payload. Little-endian.

/// Bytes in front of every payload.
pub(super) const HEADER: usize = 20;

/// One frame, as it was found to be whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) sequence: u64,
    /// How many frames of the same append stand before this one; 0 begins an append.
    pub(super) place: u32,
    pub(super) payload: &'a [u8],
}

impl Frame<'_> {
    pub(super) fn encoded_bytes(&self) -> usize {
        HEADER + self.payload.len()
    }
}

/// A stretch of frames without a gap.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    pub(super) bytes: usize,
    pub(super) count: u64,
    /// Where the last append that begins in this stretch begins.
    pub(super) last_append: Option<usize>,
}

/// Appends an encoded frame. The key belongs to the segment: bytes of another segment, or bytes that a sender
/// made to look like a frame, do not have the right checksum.
pub(super) fn encode(key: u32, sequence: u64, place: u32, payload: &[u8], into: &mut Vec<u8>) {
    let length = (payload.len() as u32).to_le_bytes();
    let mut numbers = [0; 12];
    numbers[..8].copy_from_slice(&sequence.to_le_bytes());
    numbers[8..].copy_from_slice(&place.to_le_bytes());
    into.extend_from_slice(&length);
    into.extend_from_slice(&checksum(key, length, &numbers, payload).to_le_bytes());
    into.extend_from_slice(&numbers);
    into.extend_from_slice(payload);
}

/// The frame at the beginning of `bytes`, if it is whole.
pub(super) fn decode(key: u32, bytes: &[u8]) -> Option<Frame<'_>> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let length: [u8; 4] = *header.first_chunk()?;
    let payload = rest.get(..u32::from_le_bytes(length) as usize)?;
    let numbers: [u8; 12] = *header.last_chunk()?;
    let kept = u32::from_le_bytes(*header.get(4..)?.first_chunk()?);
    if kept != checksum(key, length, &numbers, payload) {
        return None;
    }
    let sequence = u64::from_le_bytes(*numbers.first_chunk()?);
    let place = u32::from_le_bytes(*numbers.last_chunk()?);
    Some(Frame { sequence, place, payload })
}

/// The length that the header at the beginning of `bytes` speaks of; it may be damaged.
pub(super) fn claimed_bytes(bytes: &[u8]) -> Option<u64> {
    let length = u32::from_le_bytes(*bytes.first_chunk()?);
    Some(HEADER as u64 + u64::from(length))
}

/// The whole frames at the beginning of `bytes` with the sequence numbers from `first` on, below `end`.
pub(super) fn stretch(key: u32, bytes: &[u8], first: u64, end: u64) -> Stretch {
    let mut found = Stretch::default();
    while let Some(frame) = bytes.get(found.bytes..).and_then(|rest| decode(key, rest)) {
        let sequence = first + found.count;
        if frame.sequence != sequence || sequence >= end {
            break;
        }
        if frame.place == 0 {
            found.last_append = Some(found.bytes);
        }
        found.bytes += frame.encoded_bytes();
        found.count += 1;
    }
    found
}

/// Where the next whole frame begins in bytes that do not begin with one, and its sequence number.
pub(super) fn find(key: u32, bytes: &[u8], expected: u64, end: u64) -> Option<(usize, u64)> {
    // More frames than fit into the bytes cannot be missing; looking at the sequence number first
    // spares a checksum at nearly every byte.
    let end = end.min(expected.saturating_add((bytes.len() / HEADER) as u64 + 1));
    (1..bytes.len().saturating_sub(HEADER - 1)).find_map(|at| {
        let rest = bytes.get(at..)?;
        let sequence = u64::from_le_bytes(*rest.get(8..)?.first_chunk()?);
        let plausible = (expected..end).contains(&sequence);
        (plausible && decode(key, rest).is_some()).then_some((at, sequence))
    })
}

fn checksum(key: u32, length: [u8; 4], numbers: &[u8; 12], payload: &[u8]) -> u32 {
    let mut header = [0; 16];
    header[..4].copy_from_slice(&length);
    header[4..].copy_from_slice(numbers);
    crc32c::crc32c_append(crc32c::crc32c_append(key, &header), payload)
}
