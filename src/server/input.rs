//! The bytes a client has sent and nobody has used yet.

use super::limits::READ_BUFFER;

/// A buffer that is filled at its end and used up at its start.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Free space to read into; the buffer grows up to `limit`, beyond which the space is empty.
    pub(crate) fn space(&mut self, limit: usize) -> &mut [u8] {
        if self.start > 0 && self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() && self.bytes.len() < limit {
            let size = (self.bytes.len() * 2).max(READ_BUFFER).min(limit);
            self.bytes.resize(size, 0);
        }
        &mut self.bytes[self.end..]
    }

    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Gives memory back that one large request has left behind.
    pub(crate) fn shrink(&mut self) {
        if self.is_empty() && self.bytes.len() > READ_BUFFER {
            self.bytes = Vec::new();
        }
    }
}
