//! Decoding `Transfer-Encoding: chunked`, strictly: what two servers could read in two ways is refused.

/// Bytes a chunk's size line (with extensions) may have; nobody sends more in earnest.
const SIZE_LINE: usize = 256;
/// Bytes all trailers together may have; they are read over, never used.
const TRAILERS: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size { digits: usize, length: u64 },
    Extension { seen: usize },
    SizeLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    TrailerStart,
    Trailer,
    TrailerLineFeed,
    LastLineFeed,
    Done,
}

/// Where a chunked body stands.
#[derive(Debug)]
pub(crate) struct ChunkedDecoder {
    state: State,
    left: u64,
    trailer_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadChunk;

impl ChunkedDecoder {
    pub(crate) fn new() -> Self {
        Self { state: State::Size { digits: 0, length: 0 }, left: 0, trailer_bytes: 0 }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Reads from `input` and appends at most `room` bytes of content to `out`; returns how much input is used up.
    pub(crate) fn decode(
        &mut self,
        input: &[u8],
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, BadChunk> {
        let mut used = 0;
        let end = out.len().saturating_add(room);
        while let Some(&byte) = input.get(used) {
            match self.state {
                State::Done => break,
                State::Data => {
                    let rest = &input[used..];
                    let left = usize::try_from(self.left).unwrap_or(usize::MAX);
                    let count = rest.len().min(end - out.len()).min(left);
                    if count == 0 {
                        break;
                    }
                    out.extend_from_slice(&rest[..count]);
                    used += count;
                    self.left -= count as u64;
                    if self.left == 0 {
                        self.state = State::DataReturn;
                    }
                }
                _ => {
                    self.state = self.step(byte)?;
                    used += 1;
                }
            }
        }
        Ok(used)
    }

    /// One byte of the frame around the data.
    fn step(&mut self, byte: u8) -> Result<State, BadChunk> {
        match (self.state, byte) {
            (State::Size { digits, length }, _) => self.size(digits, length, byte),
            (State::Extension { .. }, b'\r') => Ok(State::SizeLineFeed),
            (State::Extension { seen }, _) if byte != b'\n' && seen < SIZE_LINE => {
                Ok(State::Extension { seen: seen + 1 })
            }
            (State::SizeLineFeed, b'\n') if self.left == 0 => Ok(State::TrailerStart),
            (State::SizeLineFeed, b'\n') => Ok(State::Data),
            (State::DataReturn, b'\r') => Ok(State::DataLineFeed),
            (State::DataLineFeed, b'\n') => Ok(State::Size { digits: 0, length: 0 }),
            (State::TrailerStart, b'\r') => Ok(State::LastLineFeed),
            (State::Trailer, b'\r') => Ok(State::TrailerLineFeed),
            (State::TrailerLineFeed, b'\n') => Ok(State::TrailerStart),
            (State::LastLineFeed, b'\n') => Ok(State::Done),
            (State::TrailerStart | State::Trailer, _) if byte != b'\n' => {
                self.trailer_bytes += 1;
                if self.trailer_bytes > TRAILERS { Err(BadChunk) } else { Ok(State::Trailer) }
            }
            _ => Err(BadChunk),
        }
    }

    fn size(&mut self, digits: usize, length: u64, byte: u8) -> Result<State, BadChunk> {
        if let Some(digit) = char::from(byte).to_digit(16) {
            // Fifteen digits are beyond any body limit and cannot overflow.
            if digits == 15 {
                return Err(BadChunk);
            }
            return Ok(State::Size { digits: digits + 1, length: length * 16 + u64::from(digit) });
        }
        self.left = length;
        match byte {
            _ if digits == 0 => Err(BadChunk),
            b'\r' => Ok(State::SizeLineFeed),
            b';' | b' ' | b'\t' => Ok(State::Extension { seen: 0 }),
            _ => Err(BadChunk),
        }
    }
}
