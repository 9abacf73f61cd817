//! Tests of summaries, by what they promise.

mod bounds;
mod exact;
mod input;

use crate::formats::assembler::{Assembler, Format};
use crate::formats::csv::Header;
use crate::summary::{Column, Options, SourceFacts, Summariser, Summary};

/// Reads a file as a flow does: whole records of the assembler into the summariser.
fn summarise(format: Format, file: &[u8]) -> Result<Summary, String> {
    let mut assembler = Assembler::new(format);
    let mut summariser = Summariser::new(Options::default());
    let mut rest = file;
    let mut is_headless = format == Format::Csv;
    loop {
        let read = assembler.fill(|room| std::io::Read::read(&mut rest, room)).unwrap();
        while let Some(piece) = assembler.next(read == 0)? {
            let mut skipped = piece.consumed.saturating_sub(piece.records.bytes.len() as u64);
            if let Some(shape) = assembler.shape().filter(|_| is_headless) {
                is_headless = false;
                skipped = skipped.saturating_sub(shape.header_bytes);
                summariser.csv_header(&Header {
                    columns: shape.columns.clone(),
                    delimiter: shape.delimiter,
                    bytes: shape.header_bytes,
                    lines: shape.header_lines,
                });
            }
            for rejected in piece.rejected {
                summariser.skip_bad_row(skipped, 1, rejected.reason);
            }
            match format {
                Format::Csv => summariser.push_csv(&piece.records.bytes),
                _ => summariser.push_json_lines(&piece.records.bytes),
            }
        }
        if read == 0 {
            let bytes = file.len() as u64;
            let shape = assembler.shape();
            let delimiter = shape.map(|shape| char::from(shape.delimiter).to_string());
            let source = SourceFacts { bytes, delimiter, ..SourceFacts::default() };
            return Ok(summariser.finish(source));
        }
    }
}

fn summary(file: impl AsRef<[u8]>) -> Summary {
    summarise(Format::Csv, file.as_ref()).unwrap()
}

/// The only column of a file with these cells.
fn column<T: ToString>(cells: impl IntoIterator<Item = T>) -> Column {
    let mut file = String::from("a,b\n");
    for cell in cells {
        file.push_str(&cell.to_string());
        file.push_str(",x\n");
    }
    summary(file).columns.swap_remove(0)
}
