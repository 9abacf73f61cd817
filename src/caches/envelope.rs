//! How a copy looks in Redis: a header that a script can compare, a checksum over name and content, the record.
//!
//! `HW1` KIND VERSION(20 digits) MILLISECONDS(20 digits) CRC-32C(8 hexadecimal digits) JSON. Whatever does not look
//! like that, or belongs to another key, is no copy: it counts as a miss and is overwritten.

use crate::resource::Version;

/// The kind follows it. Another format would have another digit here, and its own names in Redis.
const MAGIC: &str = "HW1";
const DIGITS: usize = 20;
const CHECKSUM: usize = MAGIC.len() + 1 + 2 * DIGITS;
const HEADER: usize = CHECKSUM + 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    pub content: Content<'a>,
    pub version: Version,
    /// When the store was asked for it, by the clock of the machine that asked.
    pub unix_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// Its JSON, as of the version.
    Record(&'a [u8]),
    /// There was none as of the version.
    Absent,
    /// The key was written with the version; nobody has read it since.
    Overwritten,
}

impl Content<'_> {
    fn letter(&self) -> char {
        match self {
            Self::Record(_) => 'R',
            Self::Absent => 'A',
            Self::Overwritten => 'O',
        }
    }
}

impl<'a> Envelope<'a> {
    pub fn write(&self, name: &str) -> Vec<u8> {
        let json = if let Content::Record(json) = self.content { json } else { b"" };
        let letter = self.content.letter();
        let (version, time) = (self.version.0, u64::try_from(self.unix_ms).unwrap_or(0));
        let mut out = format!("{MAGIC}{letter}{version:020}{time:020}").into_bytes();
        let checksum = checksum(name, &out, json);
        out.extend_from_slice(format!("{checksum:08x}").as_bytes());
        out.extend_from_slice(json);
        out
    }

    /// `None` for anything that was not written by `write` under this name.
    pub fn read(name: &str, bytes: &'a [u8]) -> Option<Self> {
        let (header, json) = bytes.split_at_checked(HEADER)?;
        let (stated, written) = header.split_at_checked(CHECKSUM)?;
        if written != format!("{:08x}", checksum(name, stated, json)).as_bytes() {
            return None;
        }
        let stated = std::str::from_utf8(stated).ok()?.strip_prefix(MAGIC)?;
        let (letter, numbers) = stated.split_at_checked(1)?;
        let (version, time) = numbers.split_at_checked(DIGITS)?;
        let content = match letter {
            "R" => Content::Record(json),
            "A" if json.is_empty() => Content::Absent,
            "O" if json.is_empty() => Content::Overwritten,
            _ => return None,
        };
        Some(Self { content, version: Version(version.parse().ok()?), unix_ms: time.parse().ok()? })
    }
}

fn checksum(name: &str, stated: &[u8], json: &[u8]) -> u32 {
    let checksum = crc32c::crc32c(name.as_bytes());
    let checksum = crc32c::crc32c_append(checksum, stated);
    crc32c::crc32c_append(checksum, json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(content: Content<'_>) -> Envelope<'_> {
        Envelope { content, version: Version(u64::MAX), unix_ms: 1_700_000_000_007 }
    }

    #[test]
    fn reads_what_it_wrote() {
        for content in [Content::Record(b"{\"a\":1}"), Content::Absent, Content::Overwritten] {
            let envelope = envelope(content);
            let bytes = envelope.write("hw:s:r:0:k");
            assert_eq!(Envelope::read("hw:s:r:0:k", &bytes), Some(envelope));
            assert_eq!(Envelope::read("hw:s:r:0:other", &bytes), None, "another key's");
        }
        let bytes = envelope(Content::Absent).write("k");
        let text = String::from_utf8(bytes).unwrap();
        let expected = "HW1A1844674407370955161500000001700000000007";
        assert_eq!(text.split_at(CHECKSUM).0, expected, "the script compares these digits");
    }

    #[test]
    fn takes_nothing_that_was_changed_or_cut() {
        let bytes = envelope(Content::Record(b"{\"a\":1}")).write("k");
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut wrong = bytes.clone();
                wrong[place] ^= 1 << bit;
                assert_eq!(Envelope::read("k", &wrong), None, "bit {bit} of byte {place}");
            }
            assert_eq!(Envelope::read("k", &bytes[..place]), None, "{place} bytes");
        }
        assert_eq!(Envelope::read("k", b"\xff\xfe garbage \xff"), None);
    }
}
