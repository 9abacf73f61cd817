//! Which messages of quality 2 are durable here although the broker may send them again: those whose number it has not
//! released. It is a note of the journal's, durable in the same sync as the messages themselves.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Received {
    /// Of which session the numbers are: those of another say nothing.
    session: String,
    ids: BTreeSet<u16>,
}

impl Received {
    /// What cannot be read says nothing: what comes again stands twice.
    pub fn read(note: Option<&str>) -> Self {
        note.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub fn note(&self) -> String {
        // Numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Forgets what belongs to another session than this one.
    pub fn be_of(&mut self, session: &str) {
        if self.session != session {
            *self = Self { session: session.to_owned(), ids: BTreeSet::new() };
        }
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn holds(&self, id: u16) -> bool {
        self.ids.contains(&id)
    }

    /// What is so once these packets may be sent: a PUBREC says that a message is held, a PUBCOMP that its number is
    /// free again.
    pub fn follow(&mut self, packets: &[u8]) {
        for packet in packets.as_chunks::<4>().0 {
            match *packet {
                [0x50, _, high, low] => drop(self.ids.insert(u16::from_be_bytes([high, low]))),
                [0x70, _, high, low] => drop(self.ids.remove(&u16::from_be_bytes([high, low]))),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::mqtt::wire::completion;

    #[test]
    fn a_number_is_held_from_its_receipt_to_its_completion_and_through_a_note() {
        let mut received = Received::default();
        received.be_of("a");
        received.follow(&[0x50, 2, 1, 2, 0x40, 2, 0, 9, 0x50, 2, 0, 7]);
        let mut again = Received::read(Some(&received.note()));
        assert!(again == received && again.holds(0x102) && again.holds(7) && !again.holds(9));
        again.be_of("a");
        again.follow(&completion(7));
        assert!(again.holds(0x102) && !again.holds(7));
        again.be_of("b");
        assert!(again.is_empty() && Received::read(Some("{")).is_empty());
    }
}
