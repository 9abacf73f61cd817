//! Reads a CSV input of any size as blocks of whole rows, in one buffer.

use std::io::{self, Read};

use memchr::memchr;

use super::header::{Header, HeaderError, detect_delimiter};
use super::splitter::{MAX_ROW_BYTES, RowFault, RowSplitter, Split};

/// How much is read at a time.
pub const BLOCK_BYTES: usize = 256 << 10;

/// What comes next in the input.
#[derive(Debug, PartialEq, Eq)]
pub enum Block<'a> {
    Rows(&'a [u8]),
    /// A row that was skipped: `bytes` of the file, `lines` of it, and why.
    Bad {
        bytes: u64,
        lines: u64,
        fault: RowFault,
    },
}

/// Holds one buffer that grows up to the longest row allowed and a block.
#[derive(Debug)]
pub struct BlockReader<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    ended: bool,
    bytes_read: u64,
    splitter: RowSplitter,
}

impl<R: Read> BlockReader<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; BLOCK_BYTES],
            start: 0,
            filled: 0,
            ended: false,
            bytes_read: 0,
            splitter: RowSplitter::new(b',', MAX_ROW_BYTES),
        }
    }

    /// Bytes read so far, all of the input once there are no more blocks.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Reads the header; call it first and once. A wrong header comes as the inner error.
    pub fn header(&mut self, delimiter: Option<u8>) -> io::Result<Result<Header, HeaderError>> {
        while memchr(b'\n', self.rest()).is_none() && self.filled <= MAX_ROW_BYTES && !self.ended {
            self.read_more()?;
        }
        let delimiter = delimiter.unwrap_or_else(|| detect_delimiter(self.rest()));
        let mut splitter = RowSplitter::new(delimiter, MAX_ROW_BYTES);
        while splitter.feed(self.rest()) == Split::More && !self.ended {
            self.read_more()?;
        }
        let header = Header::read(self.rest(), Some(delimiter));
        if let Ok(header) = &header {
            self.start += header.bytes as usize;
        }
        self.splitter = RowSplitter::new(delimiter, MAX_ROW_BYTES);
        Ok(header)
    }

    /// The next block, or `None` at the end of the input.
    pub fn next_block(&mut self) -> io::Result<Option<Block<'_>>> {
        let mut dropped = 0;
        loop {
            let rest = &self.buffer[self.start..self.filled];
            let mut split = self.splitter.feed(rest);
            if split == Split::More && self.ended {
                split = self.splitter.finish(rest);
                if split == Split::More {
                    return Ok(None);
                }
            }
            match split {
                Split::More => self.read_more()?,
                Split::Rows(bytes) => {
                    let start = self.start;
                    self.start += bytes;
                    return Ok(Some(Block::Rows(&self.buffer[start..start + bytes])));
                }
                Split::Bad { bytes, finished, fault } => {
                    self.start += bytes;
                    dropped += bytes as u64;
                    if finished {
                        return Ok(Some(Block::Bad { bytes: dropped, lines: 1, fault }));
                    }
                }
            }
        }
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.filled]
    }

    fn read_more(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled + BLOCK_BYTES, 0);
        }
        let room = &mut self.buffer[self.filled..];
        let read = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.filled += read;
        self.bytes_read += read as u64;
        self.ended = read == 0;
        Ok(())
    }
}
