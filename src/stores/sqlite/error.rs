//! What SQLite's errors mean, and what to do about each.

use crate::core::fault::Fault;
use crate::resource::{StoreError, StoreErrorKind as Kind};
use rusqlite::ErrorCode;

/// What an error of SQLite is to the callers of a store.
pub(super) fn store_error(file: &str, error: &rusqlite::Error) -> StoreError {
    let kind = match error {
        rusqlite::Error::SqliteFailure(failure, _) => kind_of(failure.code),
        // A value that a column of ours cannot hold.
        _ => Kind::Broken,
    };
    StoreError::new(kind, format!("{file}: {error}: {}", remedy(kind)))
}

fn kind_of(code: ErrorCode) -> Kind {
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Kind::Locked,
        ErrorCode::DiskFull => Kind::DiskFull,
        ErrorCode::ReadOnly => Kind::ReadOnly,
        ErrorCode::OperationInterrupted => Kind::TooSlow,
        ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch => {
            Kind::Refused
        }
        ErrorCode::CannotOpen
        | ErrorCode::SystemIoFailure
        | ErrorCode::PermissionDenied
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::OutOfMemory => Kind::Unavailable,
        _ => Kind::Broken,
    }
}

fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::Locked => {
            "another process holds it; end its transaction (a shell that is open, a backup that runs)"
        }
        Kind::DiskFull => "make room, and it goes on by itself",
        Kind::ReadOnly => {
            "look whether this user may write the file, and read and write in its directory"
        }
        Kind::TooSlow => "it took too long and was broken off",
        Kind::Refused => "the table does not take this value",
        Kind::Unavailable => {
            "look whether the directory is there, and whether this user may read and write in it: SQLite writes \
             beside the file even to read it"
        }
        _ => {
            "the file is damaged or was changed by something else; stop, keep a copy, and try `sqlite3 FILE \
             .recover`, or give another file"
        }
    }
}

/// The few words of it that may be shown to anybody.
pub(super) fn summary(kind: Kind) -> &'static str {
    match kind {
        Kind::Locked => "another process holds the file",
        Kind::DiskFull => "the disk is full",
        Kind::ReadOnly => "the file cannot be written",
        Kind::TooSlow | Kind::Busy => "the store is too slow",
        Kind::Unavailable => "the file cannot be reached",
        Kind::Refused | Kind::Broken => "the file or its table is not as it was",
    }
}

/// What the same error is when the store is being opened: what may pass by itself is tried again. A file that cannot be
/// opened needs a person, a disk that failed to read or write may work the next time.
pub(super) fn fault(file: &str, error: &rusqlite::Error) -> Fault {
    let is_of_disk = matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OutOfMemory
        )
    );
    let StoreError { kind, detail } = store_error(file, error);
    match kind {
        Kind::Locked | Kind::DiskFull | Kind::Busy | Kind::TooSlow => Fault::retry(detail),
        Kind::Unavailable if is_of_disk => Fault::retry(detail),
        _ => Fault::stop(detail),
    }
}

/// Worth another try at once, for a while: two processes that open a new file get into each other's way.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code().is_some_and(|code| kind_of(code) == Kind::Locked)
}
