//! Generating on several threads: the output is the same, byte for byte, for any number of them.

use std::io;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::record::Generator;

/// The notation of generated records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Ndjson,
    /// CSV lines without the header, which [`Generator::write_csv_header`] writes.
    Csv,
    /// One bare value per line.
    Text,
}

/// Records per buffer: a few hundred kilobytes, so handing one over costs nothing beside filling it.
const CHUNK: u64 = 2048;
/// Filled buffers that may wait per worker; together with the two being filled and written this
/// bounds the memory, however slow the sink is.
const WAITING: usize = 2;

/// Writes a range of records to `sink` in order, made by `workers` threads.
pub fn generate_parallel(
    generator: &Generator,
    range: Range<u64>,
    format: Format,
    workers: usize,
    sink: &mut dyn io::Write,
) -> io::Result<()> {
    let chunks = range.end.saturating_sub(range.start).div_ceil(CHUNK);
    let workers = (workers.max(1) as u64).min(chunks);
    if workers <= 1 {
        return generate_here(generator, range, format, sink);
    }
    thread::scope(|scope| {
        let (filled, emptied): (Vec<_>, Vec<_>) = (0..workers)
            .map(|worker| {
                let (filled, take) = sync_channel(WAITING);
                let (give_back, emptied) = sync_channel(WAITING + 2);
                let mine = (worker..chunks).step_by(workers as usize);
                let mine = mine.map(|chunk| nth_chunk(&range, chunk));
                scope.spawn(move || fill(generator, mine, format, (&filled, &emptied)));
                (take, give_back)
            })
            .unzip();
        write_in_turn(chunks, &filled, &emptied, sink)
    })
}

fn generate_here(
    generator: &Generator,
    range: Range<u64>,
    format: Format,
    sink: &mut dyn io::Write,
) -> io::Result<()> {
    let chunks = range.end.saturating_sub(range.start).div_ceil(CHUNK);
    let mut buffer = Vec::new();
    for chunk in 0..chunks {
        write_chunk(generator, nth_chunk(&range, chunk), format, &mut buffer);
        sink.write_all(&buffer)?;
        buffer.clear();
    }
    Ok(())
}

/// Each worker makes every n-th chunk, so taking one from each in turn restores the order.
fn write_in_turn(
    chunks: u64,
    filled: &[Receiver<Vec<u8>>],
    emptied: &[SyncSender<Vec<u8>>],
    sink: &mut dyn io::Write,
) -> io::Result<()> {
    let turns = filled.iter().zip(emptied).cycle();
    for (_, (filled, emptied)) in (0..chunks).zip(turns) {
        let lost = |_| io::Error::other("a generating thread ended early");
        let mut buffer = filled.recv().map_err(lost)?;
        sink.write_all(&buffer)?;
        buffer.clear();
        // A worker that is done takes no more buffers; this one is then simply dropped.
        drop(emptied.try_send(buffer));
    }
    Ok(())
}

/// Fills buffers until all chunks are made or nobody takes them any more.
fn fill(
    generator: &Generator,
    chunks: impl Iterator<Item = Range<u64>>,
    format: Format,
    (filled, emptied): (&SyncSender<Vec<u8>>, &Receiver<Vec<u8>>),
) {
    for chunk in chunks {
        let mut buffer = emptied.try_recv().unwrap_or_default();
        write_chunk(generator, chunk, format, &mut buffer);
        if filled.send(buffer).is_err() {
            return;
        }
    }
}

fn nth_chunk(range: &Range<u64>, chunk: u64) -> Range<u64> {
    let start = range.start + chunk * CHUNK;
    start..range.end.min(start.saturating_add(CHUNK))
}

fn write_chunk(generator: &Generator, chunk: Range<u64>, format: Format, buffer: &mut Vec<u8>) {
    match format {
        Format::Ndjson => generator.write_ndjson(chunk, buffer),
        Format::Csv => generator.write_csv(chunk, buffer),
        Format::Text => {
            for index in chunk {
                generator.write_text(index, buffer);
                buffer.push(b'\n');
            }
        }
    }
}
