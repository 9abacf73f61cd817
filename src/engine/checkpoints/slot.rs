//! The bytes of one slot: magic, version, length, generation, checksum, payload. Little-endian.

/// The format that is written; older ones are read, newer ones are refused.
pub(super) const VERSION: u32 = 1;
/// A slot begins at a multiple of this, so that no two slots share a sector of any disk in use.
pub(super) const SLOT_STEP: usize = 4096;
/// No flow comes near this; it bounds what a damaged length can make us read.
pub(super) const PAYLOAD_LIMIT: usize = 64 * 1024 * 1024;

const MAGIC: [u8; 8] = *b"HWCHKPT\n";
const HEADER: usize = 28;
/// The smallest unit that a disk writes whole.
const SECTOR: usize = 512;

/// What a slot holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Slot<'a> {
    /// Only zeros, or nothing at all.
    Empty,
    Whole {
        generation: u64,
        payload: &'a [u8],
        /// The encoded bytes.
        encoded: &'a [u8],
    },
    Newer {
        version: u32,
    },
    Damaged {
        /// The slot is so small that no interrupted write can have torn it.
        cannot_be_torn: bool,
    },
}

/// The size of a slot that holds the payload with room to grow.
pub(super) fn slot_bytes_for(payload: usize) -> usize {
    (payload + HEADER).next_power_of_two().max(SLOT_STEP)
}

pub(super) fn fits(payload: usize, slot_bytes: usize) -> bool {
    payload + HEADER <= slot_bytes
}

pub(super) fn encode(generation: u64, payload: &[u8], into: &mut Vec<u8>) {
    into.clear();
    into.extend_from_slice(&MAGIC);
    into.extend_from_slice(&VERSION.to_le_bytes());
    into.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    into.extend_from_slice(&generation.to_le_bytes());
    let checksum = checksum(into, payload);
    into.extend_from_slice(&checksum.to_le_bytes());
    into.extend_from_slice(payload);
}

pub(super) fn decode(bytes: &[u8]) -> Slot<'_> {
    decode_whole(bytes).unwrap_or_else(|| {
        if bytes.iter().all(|byte| *byte == 0) {
            return Slot::Empty;
        }
        let length = number(bytes, 12).map_or(usize::MAX, |length| length as usize);
        Slot::Damaged { cannot_be_torn: length <= SECTOR - HEADER }
    })
}

fn decode_whole(bytes: &[u8]) -> Option<Slot<'_>> {
    if !bytes.starts_with(&MAGIC) {
        return None;
    }
    let version = number(bytes, 8)?;
    let length = number(bytes, 12)? as usize;
    let generation = u64::from_le_bytes(*bytes.get(16..)?.first_chunk()?);
    let encoded = bytes.get(..HEADER.checked_add(length)?)?;
    let payload = encoded.get(HEADER..)?;
    if number(bytes, 24)? != checksum(bytes.get(..24)?, payload) {
        return None;
    }
    if version > VERSION {
        return Some(Slot::Newer { version });
    }
    Some(Slot::Whole { generation, payload, encoded })
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(header), payload)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
