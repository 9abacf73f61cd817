//! Summaries of whole inputs, read block by block.

use std::fmt;
use std::io::{self, BufRead, Read};

use super::model::{SourceFacts, Summary};
use super::summariser::{Options, Summariser};
use crate::formats::csv::{Block, BlockReader, HeaderError, MAX_ROW_BYTES, RowFault};

/// Why there is no summary.
#[derive(Debug)]
pub enum SummaryError {
    Read(io::Error),
    Header(HeaderError),
}

impl fmt::Display for SummaryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(out, "cannot read the data: {error}"),
            Self::Header(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for SummaryError {}

impl From<io::Error> for SummaryError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// Summarises a CSV file; an empty one has no columns and no rows.
/// Bytes and delimiter of `source` are filled in.
pub fn summarise_csv(
    input: impl Read,
    options: Options,
    mut source: SourceFacts,
) -> Result<Summary, SummaryError> {
    let mut reader = BlockReader::new(input);
    let mut summariser = Summariser::new(options);
    match reader.header(None)? {
        Ok(header) => {
            source.delimiter = Some(char::from(header.delimiter).to_string());
            summariser.csv_header(&header);
        }
        Err(HeaderError::Missing) => {
            source.bytes = reader.bytes_read();
            return Ok(summariser.finish(source));
        }
        Err(error) => return Err(SummaryError::Header(error)),
    }
    while let Some(block) = reader.next_block()? {
        match block {
            Block::Rows(rows) => summariser.push_csv(rows),
            Block::Bad { bytes, lines, fault } => {
                summariser.skip_bad_row(bytes, lines, fault.to_string());
            }
        }
    }
    source.bytes = reader.bytes_read();
    Ok(summariser.finish(source))
}

/// Summarises a file of JSON objects, one a line. Bytes of `source` are filled in.
pub fn summarise_json_lines(
    mut input: impl BufRead,
    options: Options,
    mut source: SourceFacts,
) -> Result<Summary, SummaryError> {
    let mut summariser = Summariser::new(options);
    let mut line = Vec::new();
    source.bytes = 0;
    loop {
        line.clear();
        let limit = MAX_ROW_BYTES as u64;
        let mut bytes = input.by_ref().take(limit).read_until(b'\n', &mut line)? as u64;
        if bytes == 0 {
            return Ok(summariser.finish(source));
        }
        if bytes == limit && line.last() != Some(&b'\n') {
            bytes += skip_line(&mut input)?;
            let fault = RowFault::TooLong { longest: MAX_ROW_BYTES };
            summariser.skip_bad_row(bytes, 1, fault.to_string());
        } else {
            summariser.push_json_lines(&line);
        }
        source.bytes += bytes;
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        let end = memchr::memchr(b'\n', buffer);
        let bytes = end.map_or(buffer.len(), |end| end + 1);
        input.consume(bytes);
        skipped += bytes as u64;
        if bytes == 0 || end.is_some() {
            return Ok(skipped);
        }
    }
}
