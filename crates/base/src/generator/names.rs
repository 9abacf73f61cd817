//! The first and last names of a locale, laid out for speed, and their spelling in addresses of
//! the internet.

/// Longest name that fits; the tables' longest has 21 bytes.
const ROOM: usize = 31;

/// A short text in a slot of fixed size: copying a whole slot takes two instructions where a text
/// of unknown length takes a call, and a record copies a dozen of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    bytes: [u8; ROOM],
    length: u8,
}

impl Name {
    fn new(text: &str) -> Option<Self> {
        // Quotes, backslashes and control characters would have to be escaped in JSON.
        let plain = text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
        let mut bytes = [0; ROOM];
        bytes.get_mut(..text.len()).filter(|_| plain)?.copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: text.len() as u8 })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + usize::from(self.length);
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    pub(super) fn first_byte(&self) -> u8 {
        self.bytes[0]
    }
}

/// A name as people write it, and as it stands in a mail address.
#[derive(Debug)]
pub(super) struct Spelling {
    pub(super) text: Name,
    pub(super) slug: Name,
}

/// All names of one kind in a locale.
pub(super) fn spellings(texts: &[&str], german: bool) -> Vec<Spelling> {
    let spelling = |text: &&str| {
        Some(Spelling { text: Name::new(text)?, slug: Name::new(&slug(text, german))? })
    };
    texts.iter().filter_map(spelling).collect()
}

/// Lower-case ASCII letters and digits only.
fn slug(text: &str, german: bool) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.to_lowercase().next() {
            Some('ä') if german => plain.push_str("ae"),
            Some('ö') if german => plain.push_str("oe"),
            Some('ü') if german => plain.push_str("ue"),
            _ => plain.push_str(&deunicode::deunicode(&letter.to_string())),
        }
    }
    plain.retain(|letter| letter.is_ascii_alphanumeric());
    plain.make_ascii_lowercase();
    if plain.is_empty() { "someone".to_owned() } else { plain }
}
