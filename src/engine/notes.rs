//! Notes of an intake, durable together with what they stand in front of in a frame of the journal. Of all notes the
//! newest counts; it stays, because the newest frames are never trimmed.
//!
//! A frame with one begins with a byte with which neither records nor refusals begin; the note ends with its line.

use crate::engine::journal::{Journal, JournalError, JournalReader};

const MARK: u8 = b'#';

/// How much of the journal is looked at at once.
const CHUNK: usize = 1024 * 1024;

/// The frame with a note in front; a line feed in the note would end it.
pub(super) fn frame(note: &str, rest: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(note.len() + rest.len() + 2);
    frame.push(MARK);
    frame.extend(note.bytes().filter(|byte| *byte != b'\n'));
    frame.push(b'\n');
    frame.extend_from_slice(rest);
    frame
}

/// The note of a frame, if there is one, and what it stands in front of.
pub(super) fn split(frame: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(noted) = frame.strip_prefix(&[MARK]) else { return (None, frame) };
    let end = memchr::memchr(b'\n', noted).unwrap_or(noted.len());
    let (note, rest) = noted.split_at(end);
    (Some(note), rest.strip_prefix(b"\n").unwrap_or(rest))
}

/// Where the newest note is looked for.
pub(super) fn tail(journal: &Journal) -> JournalReader {
    journal.reader(journal.tail())
}

/// The newest note that is durable.
pub(super) fn newest(mut tail: JournalReader) -> Result<Option<String>, JournalError> {
    let mut newest = None;
    while let Some(frames) = tail.next(CHUNK)? {
        for (_, frame) in frames.iter() {
            if let (Some(note), _) = split(frame) {
                newest = Some(String::from_utf8_lossy(note).into_owned());
            }
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::journal::JournalOptions;
    use crate::testing::disk::SimulatedDisk;
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn a_note_is_cut_off_and_frames_without_one_are_left_alone() {
        assert_eq!(split(&frame("{\"a\":1}", b"{}\n")), (Some(&b"{\"a\":1}"[..]), &b"{}\n"[..]));
        assert_eq!(split(&frame("a\nb", b"")), (Some(&b"ab"[..]), &b""[..]));
        assert_eq!(split(b"{}\n"), (None, &b"{}\n"[..]));
        assert_eq!(split(b"#"), (Some(&b""[..]), &b""[..]));
    }

    fn open(disk: &SimulatedDisk) -> Journal {
        let options = JournalOptions {
            segment_bytes: 2048,
            bytes_max: 16_384,
            allocation_bytes: 256,
            ..JournalOptions::default()
        };
        Journal::open(Arc::new(disk.clone()), Path::new("/data/journal"), options).unwrap().0
    }

    #[test]
    fn the_newest_note_outlives_power_cuts_and_trimming_in_whatever_segment_it_stands() {
        for records in [0, 100, 700, 900] {
            let disk = SimulatedDisk::new(records);
            for life in 0..12 {
                let mut journal = open(&disk);
                let expected = (life > 0).then(|| format!("note {}", life - 1));
                assert_eq!(newest(tail(&journal)).unwrap(), expected, "{records} bytes");
                let noted = frame(&format!("note {life}"), &vec![b'7'; records as usize]);
                let last = journal.append(&[noted.as_slice()]).unwrap().last();
                journal.trim(last).unwrap();
                drop(journal);
                disk.power_cut();
            }
        }
    }
}
