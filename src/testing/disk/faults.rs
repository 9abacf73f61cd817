//! Which operation fails, and how.

use std::io;

/// A fault to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The n-th operation from now (1 is the next) fails with an input/output error; a write may be done in part.
    Operation(u64),
    /// The n-th sync of a file from now fails once, and the dirty pages are dropped: a later sync succeeds
    /// without having written them.
    Sync(u64),
    /// From the n-th operation on nothing has any effect, cleaning up neither: the process died in the middle of
    /// what it did. A `kill` or `power_cut` follows.
    Halt(u64),
}

/// Faults to come and the counters that bring them nearer.
#[derive(Debug, Default)]
pub(super) struct Faults {
    operation: u64,
    sync: u64,
    halt: u64,
    halted: bool,
}

impl Faults {
    pub(super) fn plan(&mut self, fault: Fault) {
        match fault {
            Fault::Operation(after) => self.operation = after,
            Fault::Sync(after) => self.sync = after,
            Fault::Halt(after) => self.halt = after,
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn operation_fails(&mut self) -> bool {
        comes_now(&mut self.operation)
    }

    /// Whether this operation has no effect any more.
    pub(super) fn halted(&mut self) -> bool {
        self.halted |= comes_now(&mut self.halt);
        self.halted
    }

    /// Whether the operation that is about to be counted is the halting one, or one behind it.
    pub(super) fn halts_now(&mut self) -> bool {
        self.halted |= self.halt == 1;
        self.halted
    }

    pub(super) fn is_halted(&self) -> bool {
        self.halted
    }

    pub(super) fn sync_fails(&mut self) -> bool {
        comes_now(&mut self.sync)
    }
}

fn comes_now(counter: &mut u64) -> bool {
    if *counter == 0 {
        return false;
    }
    *counter -= 1;
    *counter == 0
}

pub(super) fn input_output() -> io::Error {
    io::Error::other("simulated input/output error")
}

pub(super) fn storage_full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "simulated: no space left on device")
}

pub(super) fn missing() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no such file")
}

pub(super) fn taken() -> io::Error {
    io::Error::new(io::ErrorKind::DirectoryNotEmpty, "the directory is not empty")
}

pub(super) fn stale() -> io::Error {
    io::Error::other("this handle is from before the crash")
}
