//! Cuts what was read into packets, and takes messages out of it without a copy: nearly every packet that comes is a
//! message. What else comes is read by the crates of the two versions.

use super::settings::Version;
use super::version5;
use super::wire::{Message, Quality};

/// Where a packet ends that lies whole at the beginning of what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Its kind and flags.
    pub first: u8,
    /// The bytes before its body.
    pub head: usize,
    /// All its bytes.
    pub whole: usize,
}

/// A length has four bytes at most.
const LENGTH_BYTES: usize = 4;

/// The packet at the beginning, once all of it is there.
#[inline]
pub fn frame(bytes: &[u8]) -> Result<Option<Frame>, String> {
    let Some((first, rest)) = bytes.split_first() else { return Ok(None) };
    let Some((length, length_bytes)) = length(rest)? else { return Ok(None) };
    let head = 1 + length_bytes;
    let whole = head + length;
    Ok((bytes.len() >= whole).then_some(Frame { first: *first, head, whole }))
}

/// A length as the protocol writes it, and how many bytes it took; nothing when it has not come whole.
#[inline]
pub fn length(bytes: &[u8]) -> Result<Option<(usize, usize)>, String> {
    let mut length = 0;
    for (place, byte) in bytes.iter().take(LENGTH_BYTES).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some((length, place + 1)));
        }
    }
    if bytes.len() < LENGTH_BYTES { Ok(None) } else { Err(malformed("a length")) }
}

#[inline]
pub fn is_message(first: u8) -> bool {
    first >> 4 == 3
}

/// Reads the body of a PUBLISH.
#[inline]
pub fn message(version: Version, first: u8, body: &[u8]) -> Result<Message<'_>, String> {
    read(version, first, body)?.ok_or_else(|| malformed("a message"))
}

/// Nothing when it ends too early, or is not one.
#[inline]
fn read(version: Version, first: u8, body: &[u8]) -> Result<Option<Message<'_>>, String> {
    let mut rest = body;
    let Some(topic) = number(&mut rest).and_then(|length| split(&mut rest, length.into())) else {
        return Ok(None);
    };
    let topic = std::str::from_utf8(topic).map_err(|_| malformed("a topic"))?;
    if topic.is_empty() || topic.bytes().any(|byte| matches!(byte, b'+' | b'#' | 0)) {
        return Err(malformed("a topic"));
    }
    let (quality, id) = match (first >> 1) & 3 {
        0 => (Quality::AtMostOnce, Some(0)),
        1 => (Quality::AtLeastOnce, number(&mut rest).filter(|id| *id > 0)),
        2 => (Quality::ExactlyOnce, number(&mut rest).filter(|id| *id > 0)),
        _ => return Ok(None),
    };
    let Some(id) = id else { return Ok(None) };
    let properties = match version {
        Version::Four => Vec::new(),
        Version::Five => version5::user_properties(&mut rest)?,
    };
    let (is_retained, is_repeated) = (first & 1 == 1, first & 8 == 8);
    Ok(Some(Message { topic, payload: rest, quality, id, is_retained, is_repeated, properties }))
}

#[inline]
fn number(rest: &mut &[u8]) -> Option<u16> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u16::from_be_bytes(*number))
}

/// The next bytes, and the rest behind them.
#[inline]
pub fn split<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(taken)
}

pub fn malformed(what: &str) -> String {
    format!("it does not speak MQTT as it should: {what} is malformed")
}
