//! Elections in a shared directory: the leases of `directory` with a checkpoint beside each, which only its holder can
//! replace.

use super::directory::DirectoryLeases;
use super::names::encoded;
use super::process::host_and_process;
use crate::core::disk::{Access, Disk, read_range};
use crate::core::fault::Fault;
use crate::core::lease::{BEAT, Claim, Election, Leases};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// More is no checkpoint of ours.
const LARGEST: usize = 64 * 1024 * 1024;

/// The leases of one worker, and the checkpoints of what it holds.
#[derive(Debug)]
pub struct DirectoryElection {
    disk: Arc<dyn Disk>,
    leases: Arc<DirectoryLeases>,
}

impl DirectoryElection {
    pub fn new(disk: &Arc<dyn Disk>, leases: Arc<DirectoryLeases>) -> Self {
        Self { disk: Arc::clone(disk), leases }
    }

    fn file(name: &str) -> String {
        format!("{}~checkpoint", encoded(name))
    }

    /// What the holders have saved last, for those who only look.
    pub(super) fn saved(
        disk: &dyn Disk,
        place: &Path,
        name: &str,
    ) -> Result<Option<Vec<u8>>, Fault> {
        read(disk, &place.join(Self::file(name)))
    }

    fn holders(&self, name: &str) -> Result<Vec<PathBuf>, Fault> {
        Ok(self.disk.list(&self.leases.place().join(encoded(name)))?)
    }
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let file = match disk.open(path, Access::Read) {
        Err(error) if error.is_missing() => return Ok(None),
        file => file?,
    };
    let bytes = usize::try_from(file.bytes()?).unwrap_or(usize::MAX);
    if bytes > LARGEST {
        return Err(Fault::stop(format!("{} is no checkpoint", path.display())));
    }
    Ok(Some(read_range(file.as_ref(), 0, bytes)?))
}

impl Leases for DirectoryElection {
    fn claim(&self, name: &str) -> Result<Claim, Fault> {
        let claim = self.leases.claim(name)?;
        if let Claim::Held { .. } = claim {
            self.leases.mended(name);
            // It only tells people whom to look at.
            let who = [("holder".to_owned(), host_and_process().into_bytes())];
            drop(self.leases.stage(name, &who));
        }
        Ok(claim)
    }

    fn is_held(&self, name: &str) -> Result<bool, Fault> {
        self.leases.is_held(name)
    }

    fn release(&self, name: &str) {
        self.leases.release(name);
    }
}

impl Election for DirectoryElection {
    fn holder(&self, name: &str) -> Option<String> {
        let tenures = self.holders(name).ok()?;
        let read = |tenure: &PathBuf| read(self.disk.as_ref(), &tenure.join("holder")).ok()?;
        let who = tenures.iter().find_map(read)?;
        String::from_utf8(who).ok().filter(|who| !who.is_empty())
    }

    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        // Invariant: read while the lease is held. What its holders before had not renamed yet never gets its name.
        if !self.leases.is_held(name)? {
            return Err(Fault::retry_after(format!("another process took over {name}"), BEAT));
        }
        Self::saved(self.disk.as_ref(), self.leases.place(), name)
    }

    fn save(&self, name: &str, payload: &[u8]) -> Result<bool, Fault> {
        let files = [(Self::file(name), payload.to_vec())];
        let place = self.leases.place().to_path_buf();
        let saved = self
            .leases
            .stage(name, &files)
            .and_then(|()| self.leases.publish(name, &place, &files));
        match saved {
            Ok(()) => Ok(true),
            Err(fault) => {
                if self.leases.is_held(name)? {
                    return Err(fault);
                }
                Ok(false)
            }
        }
    }
}
