//! Exit codes: documented in docs/reference/command.md, and stable.

use std::process::ExitCode;

pub(super) const OK: Code = Code(0);
/// Something did not work: a port in use, a service that failed.
pub(super) const FAILURE: Code = Code(1);
/// The command line was wrong.
pub(super) const USAGE: Code = Code(2);
/// An audit found that something is missing, twice, out of order, damaged or foreign.
pub(super) const NOT_CLEAN: Code = Code(3);
/// The stack file was wrong (`EX_CONFIG`).
pub(super) const BAD_STACK: Code = Code(78);

/// What the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(u8);

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.0)
    }
}
