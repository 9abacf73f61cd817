//! Entries for fuzzers: any bytes at all become a journal, a checkpoint, a stack file, a CSV, an expression or
//! the body of a POST. Whatever they are, there is an answer and never a panic, and what opens also works.

use std::path::Path;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::engine::checkpoints::CheckpointFile;
use crate::engine::journal::{Journal, JournalOptions};
use crate::expr::{Expression, Template};
use crate::formats::assembler::{Assembler, Format};
use crate::formats::{json_lines, posted};
use crate::stack::{self, Environment};
use crate::testing::disk::SimulatedDisk;

/// Makes segments of the bytes: two bytes of length, one byte for the step of the sequence number, then contents.
pub fn fuzz_journal(bytes: &[u8]) {
    let disk = SimulatedDisk::new(0);
    let mut rest = bytes;
    let mut first = 1;
    while let Some(([low, high, step], following)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(following.len());
        let (contents, following) = following.split_at(length);
        disk.put(Path::new(&format!("/journal/{first:020}.journal")), contents);
        first += u64::from(*step) + 1;
        rest = following;
    }
    let options = JournalOptions {
        segment_bytes: 4096,
        bytes_max: u64::MAX,
        allocation_bytes: 512,
        delivered: 0,
    };
    let open = || Journal::open(Arc::new(disk.clone()), Path::new("/journal"), options);
    let Ok((mut journal, _)) = open() else { return };
    let Ok(appended) = journal.append(&[b"after", b"all"]) else { panic!("cannot append") };
    let last = read_to_the_end(&journal);
    assert_eq!(last, Some((appended.last(), b"all".to_vec())));
    drop(journal);
    disk.power_cut();
    let Ok((journal, _)) = open() else { panic!("cannot open again") };
    assert_eq!(read_to_the_end(&journal), last);
}

/// The last frame; every frame comes after the one before.
fn read_to_the_end(journal: &Journal) -> Option<(u64, Vec<u8>)> {
    let mut reader = journal.reader(1);
    let mut last = None;
    let mut before = 0;
    while let Ok(Some(frames)) = reader.next(1000) {
        for (sequence, payload) in frames.iter() {
            assert!(sequence > before, "a frame came again");
            before = sequence;
            last = Some((sequence, payload.to_vec()));
        }
    }
    last
}

/// Takes the bytes for a checkpoint file; one that opens can be saved and opened again.
pub fn fuzz_checkpoint(bytes: &[u8]) {
    let disk = SimulatedDisk::new(0);
    let path = Path::new("/flow.checkpoint");
    disk.put(path, bytes);
    let open = || CheckpointFile::open(Arc::new(disk.clone()), path);
    let Ok((mut checkpoints, ..)) = open() else { return };
    assert!(checkpoints.save(b"after all").is_ok(), "cannot save");
    drop(checkpoints);
    disk.power_cut();
    let payload = open().ok().and_then(|(_, payload, _)| payload);
    assert_eq!(payload.as_deref(), Some(&b"after all"[..]));
}

/// Checks the text as a stack file; what is wrong with it can be shown.
pub fn fuzz_stack_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let environment = Environment::Given(vec![("SET".to_owned(), "value".to_owned())]);
    if let Err(diagnostics) = stack::load("fuzz.yaml", &text, &Catalog::all(), &environment) {
        assert!(!diagnostics.list.is_empty(), "refused without a reason");
        assert!(!diagnostics.render(false).is_empty());
    }
}

/// Reads the bytes as CSV in pieces of a size that the first byte says; every byte is accounted for.
pub fn fuzz_csv(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let mut assembler = Assembler::new(Format::Csv);
    let mut chunks = bytes.chunks(usize::from(*size) + 1);
    let mut consumed = 0;
    loop {
        let chunk = chunks.next();
        let Ok(_) = assembler.fill(|room| {
            let chunk = chunk.unwrap_or_default();
            room[..chunk.len()].copy_from_slice(chunk);
            Ok::<_, std::convert::Infallible>(chunk.len())
        });
        loop {
            let Ok(piece) = assembler.next(chunk.is_none()) else { return };
            let Some(piece) = piece else { break };
            consumed += piece.consumed;
            let (lines, _) = json_lines::of(&piece.records);
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let record = serde_json::from_slice::<serde_json::Value>(line);
                assert!(record.is_ok_and(|record| record.is_object()), "a row is no object");
            }
        }
        if chunk.is_none() {
            assert_eq!(consumed, bytes.len() as u64, "bytes are not accounted for");
            return;
        }
    }
}

/// The first line is an expression and a template, the others are records.
pub fn fuzz_expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (first, records) = text.split_once('\n').unwrap_or((&text, "{\"a\":1}"));
    let expression = Expression::compile(first);
    let template = Template::parse(first);
    for record in records.lines() {
        let mut out = b"before".to_vec();
        if let Ok(expression) = &expression {
            let outputs = expression.map(record.as_bytes(), &mut out).unwrap_or(0);
            let lines = memchr::memchr_iter(b'\n', &out).count() as u64;
            assert_eq!(lines, outputs, "as many lines as outputs");
            drop(expression.test(record.as_bytes()));
        }
        if let Ok(template) = &template {
            drop(template.render(record.as_bytes(), &mut out));
        }
    }
}

/// Takes the bytes for a body; what is accepted is that many lines of JSON.
pub fn fuzz_posted(bytes: &[u8]) {
    for is_lines in [false, true] {
        let Ok(records) = posted::records(bytes, is_lines) else { continue };
        assert_eq!(records.lines().count() as u64, records.count);
        for line in records.lines() {
            assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok(), "not JSON");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random::Random;

    const SEGMENT: &[u8] = include_bytes!("../engine/journal/fixtures/version-1.journal");
    const CHECKPOINT: &[u8] = include_bytes!("../engine/checkpoints/fixtures/version-1.checkpoint");

    /// A few bytes changed, cut, doubled or made up.
    fn mutated(sound: &[u8], random: &mut Random) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        for _ in 0..random.below(6) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.extend_from_within(at..),
                2 => drop(bytes.splice(at..at, [0; 20])),
                _ if at < bytes.len() => bytes[at] = random.number() as u8,
                _ => {}
            }
        }
        bytes
    }

    fn with_length(contents: &[u8], step: u8) -> Vec<u8> {
        let length = (contents.len() as u16).to_le_bytes();
        [&length[..], &[step], contents].concat()
    }

    #[test]
    fn any_journal_gives_an_answer() {
        let mut random = Random::new(1);
        fuzz_journal(&[]);
        for round in 0..3000_u64 {
            let mut bytes = with_length(&mutated(SEGMENT, &mut random), round as u8 % 7);
            bytes.extend(with_length(&mutated(SEGMENT, &mut random), 1));
            fuzz_journal(&bytes);
            let noise: Vec<u8> = (0..random.below(200)).map(|_| random.number() as u8).collect();
            fuzz_journal(&noise);
        }
    }

    #[test]
    fn any_checkpoint_gives_an_answer() {
        let mut random = Random::new(2);
        fuzz_checkpoint(&[]);
        for _ in 0..2000 {
            fuzz_checkpoint(&mutated(CHECKPOINT, &mut random));
            let noise: Vec<u8> = (0..random.below(200)).map(|_| random.number() as u8).collect();
            fuzz_checkpoint(&noise);
        }
    }

    /// Runs an entry over mutations of something sound.
    fn try_all(seed: u64, sound: &[u8], entry: fn(&[u8])) {
        let mut random = Random::new(seed);
        entry(&[]);
        entry(sound);
        for _ in 0..1000 {
            entry(&mutated(sound, &mut random));
        }
    }

    #[test]
    fn any_stack_file_gives_an_answer() {
        let stack = include_bytes!("../../stacks/shared-data/headwater.yaml");
        try_all(3, stack, fuzz_stack_file);
    }

    #[test]
    fn any_csv_gives_an_answer() {
        try_all(4, b"\x07a,b,c\r\n1,\"x\ny\",3\n\"\"\"\",,\n4,5\n\n,\"6\"7,8", fuzz_csv);
    }

    #[test]
    fn any_expression_gives_an_answer() {
        let text = b"select(.a >= 18) | {a, b: .c.d}\n{\"a\":20,\"c\":{\"d\":\"x\"}}\n[1]\nnull";
        try_all(5, text, fuzz_expression);
    }

    #[test]
    fn any_body_gives_an_answer() {
        try_all(6, b"[{\"a\":1.50}, {\"b\":\"\\u00e9\\n\"},\n{}]", fuzz_posted);
    }
}
