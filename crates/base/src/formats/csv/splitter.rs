//! Finds where the last complete row of a growing buffer ends.
//! It knows quotes but not cells; reading is the caller's part.

use memchr::{memchr, memrchr};

/// What to do with the front of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// No row is complete yet: read more and feed again.
    More,
    /// The first bytes, this many, are whole rows: take them off before the next feed.
    Rows(usize),
    /// The first `bytes` belong to a bad row: take them off. Unless `finished`, the row goes on.
    Bad { bytes: usize, finished: bool, fault: RowFault },
}

/// Why a row is bad before its cells are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFault {
    TooLong { longest: usize },
    UnclosedQuote,
}

impl std::fmt::Display for RowFault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong { longest } => write!(
                out,
                "row is longer than {longest} bytes; look for a quote that is never closed"
            ),
            Self::UnclosedQuote => out.write_str("row opens a quote that is never closed"),
        }
    }
}

/// A bad row is only its first line, so that one stray quote costs one line and not the file.
#[derive(Debug)]
pub struct RowSplitter {
    delimiter: u8,
    longest: usize,
    scanned: usize,
    complete: usize,
    inside_quotes: bool,
    dropping: bool,
}

impl RowSplitter {
    pub fn new(delimiter: u8, longest: usize) -> Self {
        Self { delimiter, longest, scanned: 0, complete: 0, inside_quotes: false, dropping: false }
    }

    /// Looks at `buffer`, which starts with a row and holds all bytes not yet taken off.
    pub fn feed(&mut self, buffer: &[u8]) -> Split {
        if self.dropping && !buffer.is_empty() {
            return self.drop_line(buffer);
        }
        // Looking no further than one longest row gives the same rows for any way of feeding.
        let window = &buffer[..buffer.len().min(self.longest)];
        self.scan(window);
        if self.complete > 0 {
            return self.take(self.complete);
        }
        if buffer.len() > self.longest {
            return self.drop_line(buffer);
        }
        Split::More
    }

    /// The input has ended and `feed` answered `More` for `buffer`: what is left of it.
    pub fn finish(&mut self, buffer: &[u8]) -> Split {
        if self.dropping {
            self.reset();
            let fault = RowFault::TooLong { longest: self.longest };
            return Split::Bad { bytes: buffer.len(), finished: true, fault };
        }
        if buffer.is_empty() {
            return Split::More;
        }
        let closing_quote_is_last = buffer.get(self.scanned) == Some(&b'"');
        if self.inside_quotes && !closing_quote_is_last {
            let bytes = memchr(b'\n', buffer).map_or(buffer.len(), |end| end + 1);
            self.reset();
            return Split::Bad { bytes, finished: true, fault: RowFault::UnclosedQuote };
        }
        self.take(buffer.len())
    }

    fn take(&mut self, bytes: usize) -> Split {
        self.scanned = self.scanned.saturating_sub(bytes);
        self.complete = 0;
        Split::Rows(bytes)
    }

    fn reset(&mut self) {
        *self = Self::new(self.delimiter, self.longest);
    }

    fn drop_line(&mut self, buffer: &[u8]) -> Split {
        self.reset();
        let fault = RowFault::TooLong { longest: self.longest };
        let end = memchr(b'\n', buffer);
        self.dropping = end.is_none();
        let bytes = end.map_or(buffer.len(), |end| end + 1);
        Split::Bad { bytes, finished: end.is_some(), fault }
    }

    fn scan(&mut self, window: &[u8]) {
        while self.scanned < window.len() {
            let rest = &window[self.scanned..];
            if self.inside_quotes {
                let Some(offset) = memchr(b'"', rest) else {
                    self.scanned = window.len();
                    return;
                };
                self.scanned += offset;
                match window.get(self.scanned + 1) {
                    // Only the next byte tells a closing quote from the first of two.
                    None => return,
                    Some(b'"') => self.scanned += 2,
                    Some(_) => {
                        self.inside_quotes = false;
                        self.scanned += 1;
                    }
                }
            } else {
                self.scan_outside_quotes(window);
            }
        }
    }

    fn scan_outside_quotes(&mut self, window: &[u8]) {
        let rest = &window[self.scanned..];
        let Some(offset) = memchr(b'"', rest) else {
            if let Some(last) = memrchr(b'\n', rest) {
                self.complete = self.scanned + last + 1;
            }
            self.scanned = window.len();
            return;
        };
        let quote = self.scanned + offset;
        if let Some(last) = memrchr(b'\n', &rest[..offset]) {
            self.complete = self.scanned + last + 1;
        }
        // A quote opens a cell or is a plain byte; the byte before it tells which.
        self.inside_quotes = quote == 0 || self.starts_cell(window[quote - 1]);
        self.scanned = quote + 1;
    }

    fn starts_cell(&self, before: u8) -> bool {
        before == self.delimiter || before == b'\n' || before == b'\r'
    }
}
