//! What the threads of one store share.

use super::connection::Location;
use super::error::{store_error, summary};
use super::setup::Prepared;
use super::table::Table;
use crate::clients::disk::RealDisk;
use crate::core::disk::Disk as _;
use crate::resource::{Health, StoreError, StoreErrorKind};
use crate::stores::feed::Feed;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

#[derive(Debug)]
pub(super) struct Shared {
    pub table: Table,
    pub location: Location,
    pub feed: Feed,
    pub identity: String,
    /// Every change up to this number of the log has been told to the listeners.
    told: AtomicU64,
    troubles: Mutex<[Option<StoreErrorKind>; 2]>,
    /// Which file the path led to when it was opened.
    inode: Option<u64>,
    is_gone: AtomicBool,
}

/// What may be in trouble while the other works.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Writing,
    Reading,
}

impl Shared {
    pub fn new(table: Table, location: Location, prepared: Prepared) -> Self {
        let inode = inode(&location);
        Self {
            table,
            location,
            feed: Feed::new(),
            identity: prepared.identity,
            told: AtomicU64::new(prepared.version),
            troubles: Mutex::default(),
            inode,
            is_gone: AtomicBool::new(false),
        }
    }

    /// Looks whether the file is still the one that is written to. When it was removed or replaced, SQLite goes on with
    /// a file that nobody will find again.
    pub fn look_for_file(&self) -> Result<(), StoreError> {
        let is_gone = inode(&self.location) != self.inode;
        self.is_gone.store(is_gone, Ordering::Release);
        self.check_file()
    }

    /// What the last look found.
    pub fn check_file(&self) -> Result<(), StoreError> {
        if !self.is_gone.load(Ordering::Acquire) {
            return Ok(());
        }
        let file = self.location.name();
        Err(StoreError::new(
            StoreErrorKind::Unavailable,
            format!(
                "{file} was removed or replaced while it was in use: put it back, or start again"
            ),
        ))
    }

    pub fn told(&self) -> u64 {
        self.told.load(Ordering::Acquire)
    }

    /// Notes that everything behind `after` up to `upto` has been told. When something before `after` was not, it stays
    /// with what was: the rest is told once more.
    pub fn has_told(&self, after: u64, upto: u64) {
        let grown = |told| (told >= after && told < upto).then_some(upto);
        let told = self.told.fetch_update(Ordering::AcqRel, Ordering::Acquire, grown);
        told.unwrap_or_default();
    }

    /// Everything was given up on: following goes on from here, unless somebody got further meanwhile.
    pub fn starts_over(&self, told: u64, at: u64) {
        let now = self.told.compare_exchange(told, at, Ordering::AcqRel, Ordering::Acquire);
        now.unwrap_or_default();
    }

    pub fn error(&self, error: &rusqlite::Error) -> StoreError {
        store_error(&self.location.name(), error)
    }

    /// Notes how one side fares; it is logged when that changes.
    pub fn fares(&self, side: Side, error: Option<&StoreError>) {
        let kind = error.map(|error| error.kind);
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut troubles[side as usize], kind);
        drop(troubles);
        let resource = &self.table.schema.name;
        match error {
            Some(error) if before != kind => tracing::warn!(resource = %resource, "{error}"),
            None if before.is_some() => {
                tracing::info!(resource = %resource, "the store works again");
            }
            _ => {}
        }
    }

    pub fn is_in_trouble(&self, side: Side) -> bool {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)[side as usize].is_some()
    }

    pub fn health(&self) -> Health {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = troubles.iter().flatten().next();
        trouble.map_or(Health::Ready, |kind| Health::Down(summary(*kind).to_owned()))
    }
}

fn inode(location: &Location) -> Option<u64> {
    match location {
        Location::Memory => None,
        Location::File(path) => RealDisk.metadata(path).ok().map(|metadata| metadata.inode),
    }
}
