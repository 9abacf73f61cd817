//! Arguments in, exit code out; everything else is in the library.

use std::process::ExitCode;

/// The allocator of musl serves one thread at a time.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    headwater::run(std::env::args_os())
}
