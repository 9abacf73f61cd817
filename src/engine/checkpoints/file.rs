//! The checkpoint file: opening picks the newest whole slot, saving writes the other one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::CheckpointError;
use super::slot::{self, PAYLOAD_LIMIT, SLOT_STEP, Slot};
use crate::core::disk::{
    Access, Disk, DiskFile, parent_of, read_range, remove_if_there, unfinished, write_atomically,
};
use crate::core::finding::Finding;

/// The file, the newest payload if there is a file already, and what was found wrong with it.
pub type OpenedCheckpoint = (CheckpointFile, Option<Vec<u8>>, Vec<Finding>);

/// Keeps the newest payload of one flow. One holder at a time: the flow's lock sees to that.
#[derive(Debug)]
pub struct CheckpointFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Absent before the first save and after a failed one. What a failed write or sync left behind
    /// cannot be known, so the next save makes a new file instead of trusting this one.
    file: Option<Box<dyn DiskFile>>,
    slot_bytes: usize,
    newest_slot: usize,
    /// Of the last save that was tried, whether it succeeded or not.
    generation: u64,
    encoded: Vec<u8>,
}

/// What an existing file says.
struct Found {
    slot_bytes: usize,
    newest_slot: usize,
    generation: u64,
    payload: Vec<u8>,
    encoded: Vec<u8>,
    length_is_right: bool,
    damaged: Option<Finding>,
}

impl CheckpointFile {
    /// Opens the file, or remembers that there is none yet. The payload returned is durable.
    pub fn open(disk: Arc<dyn Disk>, path: &Path) -> Result<OpenedCheckpoint, CheckpointError> {
        disk.create_dir_all(parent_of(path))?;
        remove_if_there(&*disk, &unfinished(path))?;
        // A rename that the last process made may be known to the cache only; what is read here must not vanish.
        disk.sync_dir(parent_of(path))?;
        let mut checkpoints = Self {
            disk,
            path: path.to_path_buf(),
            file: None,
            slot_bytes: 0,
            newest_slot: 0,
            generation: 0,
            encoded: Vec::new(),
        };
        match checkpoints.disk.metadata(path) {
            Err(error) if error.is_missing() => return Ok((checkpoints, None, Vec::new())),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        let mut file = checkpoints.disk.open(path, Access::ReadWrite)?;
        let found = find(&*file, path)?;
        // The last process may have died after a failed sync: then the cache shows what the disk never got,
        // and a sync alone would not write it. Writing the slot again makes it true either way.
        file.write_at(&found.encoded, (found.newest_slot * found.slot_bytes) as u64)?;
        file.sync()?;
        // A file of the wrong length is replaced at the next save: its second slot has no fixed place.
        checkpoints.file = Some(file).filter(|_| found.length_is_right);
        checkpoints.slot_bytes = found.slot_bytes;
        checkpoints.newest_slot = found.newest_slot;
        checkpoints.generation = found.generation;
        Ok((checkpoints, Some(found.payload), found.damaged.into_iter().collect()))
    }

    /// What the file says now, for those who only look: nothing is written or mended. A save that goes on at
    /// the same time is seen or not.
    pub fn peek(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, CheckpointError> {
        match disk.open(path, Access::Read) {
            Err(error) if error.is_missing() => Ok(None),
            file => Ok(Some(find(&*file?, path)?.payload)),
        }
    }

    /// Replaces the payload; when this returns, the new one is durable. After an error the old or the new one
    /// is found at the next open, and saving may simply be tried again.
    pub fn save(&mut self, payload: &[u8]) -> Result<(), CheckpointError> {
        if payload.len() > PAYLOAD_LIMIT {
            let (bytes, limit) = (payload.len(), PAYLOAD_LIMIT);
            return Err(CheckpointError::TooLarge { path: self.path.clone(), bytes, limit });
        }
        let before = self.generation;
        self.generation += 1;
        slot::encode(self.generation, payload, &mut self.encoded);
        assert!(
            matches!(slot::decode(&self.encoded), Slot::Whole { generation, payload: kept, .. }
                if generation > before && kept == payload),
            "a checkpoint that cannot be read back must never be written"
        );
        match self.file.take() {
            Some(file) if slot::fits(payload.len(), self.slot_bytes) => self.write_slot(file),
            _ => self.make_file(payload.len()),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write_slot(&mut self, mut file: Box<dyn DiskFile>) -> Result<(), CheckpointError> {
        let target = 1 - self.newest_slot;
        file.write_at(&self.encoded, (target * self.slot_bytes) as u64)?;
        file.sync()?;
        self.newest_slot = target;
        self.file = Some(file);
        Ok(())
    }

    /// Both slots of a new file hold the payload, so that one flipped bit cannot hurt it.
    fn make_file(&mut self, payload: usize) -> Result<(), CheckpointError> {
        let slot_bytes = slot::slot_bytes_for(payload).max(self.slot_bytes);
        let mut contents = vec![0; 2 * slot_bytes];
        for half in contents.chunks_exact_mut(slot_bytes) {
            half[..self.encoded.len()].copy_from_slice(&self.encoded);
        }
        write_atomically(&*self.disk, &self.path, &contents)?;
        self.file = Some(self.disk.open(&self.path, Access::ReadWrite)?);
        self.slot_bytes = slot_bytes;
        self.newest_slot = 0;
        Ok(())
    }
}

fn find(file: &dyn DiskFile, path: &Path) -> Result<Found, CheckpointError> {
    let damaged = || CheckpointError::Damaged { path: path.to_path_buf() };
    let bytes = usize::try_from(file.bytes()?).map_err(|_| damaged())?;
    if bytes > 4 * PAYLOAD_LIMIT {
        return Err(damaged());
    }
    let contents = read_range(file, 0, bytes)?;
    let slot_bytes = (contents.len() / 2).next_multiple_of(SLOT_STEP);
    let (first, second) = contents.split_at(slot_bytes.min(contents.len()));
    let slots = [slot::decode(first), slot::decode(second)];
    for slot in &slots {
        if let Slot::Newer { version } = slot {
            let (path, version, readable) = (path.to_path_buf(), *version, slot::VERSION);
            return Err(CheckpointError::Newer { path, version, readable });
        }
    }
    let newest = newest(&slots).ok_or_else(damaged)?;
    let Slot::Whole { generation, payload, encoded } = slots[newest] else { return Err(damaged()) };
    let other = &slots[1 - newest];
    assert!(
        !matches!(other, Slot::Whole { generation: older, .. } if *older > generation),
        "the newest slot was not chosen"
    );
    let (payload, encoded) = (payload.to_vec(), encoded.to_vec());
    let length_is_right = contents.len() == 2 * slot_bytes;
    let damaged = if length_is_right {
        finding(path, other, (1 - newest) * slot_bytes)
    } else {
        Some(wrong_length(path, contents.len()))
    };
    let newest_slot = newest;
    Ok(Found { slot_bytes, newest_slot, generation, payload, encoded, length_is_right, damaged })
}

fn newest(slots: &[Slot<'_>; 2]) -> Option<usize> {
    let generation = |slot: &Slot<'_>| match slot {
        Slot::Whole { generation, .. } => Some(*generation),
        _ => None,
    };
    match (generation(&slots[0]), generation(&slots[1])) {
        (None, None) => None,
        (first, second) => Some(usize::from(second > first)),
    }
}

fn finding(path: &Path, other: &Slot<'_>, offset: usize) -> Option<Finding> {
    let Slot::Damaged { cannot_be_torn } = other else { return None };
    let done = "went on from the other copy, which is whole";
    Some(if *cannot_be_torn {
        let what = format!("the copy of the checkpoint at byte {offset} is damaged");
        Finding::damage(path, what).done(done).remedy(
            "the disk has changed bytes by itself: look at its health; up to one batch may be delivered again",
        )
    } else {
        let what = format!("the copy of the checkpoint at byte {offset} is not whole");
        Finding::notice(path, what).done(done).remedy(
            "this is how a save looks that a power cut or kill interrupted: nothing to do; \
             without one, look at the health of the disk",
        )
    })
}

fn wrong_length(path: &Path, bytes: usize) -> Finding {
    let what =
        format!("the checkpoint file was cut or extended to {bytes} bytes by something else");
    Finding::damage(path, what)
        .done("went on from the newest copy that is whole; the next save makes the file anew")
        .remedy("look at the health of the disk; up to one batch may be delivered again")
}
