//! What the simulated disk knows: contents as the process sees them, contents as they are on the
//! platter, and what lies between the two.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::faults::Faults;
use crate::core::disk::parent_of;
use crate::testing::random::Random;

/// A write is torn at multiples of this.
const SECTOR: u64 = 512;

/// A change of a file that is not synced yet.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Truncate { bytes: u64 },
}

/// A change of a directory that is not synced yet.
#[derive(Debug, Clone)]
pub(super) enum NameChange {
    Create { path: PathBuf, inode: u64 },
    Remove { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf, inode: u64 },
}

impl NameChange {
    fn touches(&self, directory: &Path) -> bool {
        match self {
            Self::Create { path, .. } | Self::Remove { path } => parent_of(path) == directory,
            Self::Rename { from, to, .. } => {
                parent_of(from) == directory || parent_of(to) == directory
            }
        }
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Create { path, .. } | Self::Remove { path } => vec![path],
            Self::Rename { from, to, .. } => vec![from, to],
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Create { path, inode } => drop(names.insert(path.clone(), *inode)),
            Self::Remove { path } => drop(names.remove(path)),
            Self::Rename { from, to, inode } => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

/// One file, whatever its names.
#[derive(Debug, Default, Clone)]
pub(super) struct Inode {
    pub(super) current: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
    pub(super) changed_at: u64,
}

impl Inode {
    pub(super) fn change(&mut self, change: Change) {
        apply(&change, &mut self.current);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            apply(&change, &mut self.durable);
        }
    }

    /// The failed sync: some sectors reach the platter, the rest is marked clean and never written.
    /// The process may go on seeing what it wrote, or see the old contents again.
    pub(super) fn drop_dirty(&mut self, random: &mut Random) {
        self.lose_some(random);
        if random.chance(50) {
            self.current = self.durable.clone();
        }
    }

    pub(super) fn power_cut(&mut self, random: &mut Random) {
        self.lose_some(random);
        self.current = self.durable.clone();
    }

    /// Each unsynced sector and each unsynced change of length is kept or forgotten by itself.
    fn lose_some(&mut self, random: &mut Random) {
        let kept = [0, 30, 50, 90, 100][random.below(5) as usize];
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Truncate { .. } if random.chance(kept) => apply(&change, &mut self.durable),
                Change::Truncate { .. } => {}
                Change::Write { offset, bytes } => {
                    for sector in sectors(offset, &bytes) {
                        if random.chance(kept) {
                            apply(&sector, &mut self.durable);
                        }
                    }
                }
            }
        }
    }
}

fn sectors(offset: u64, bytes: &[u8]) -> Vec<Change> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = offset + at as u64;
        let end = bytes.len().min(at + (SECTOR - start % SECTOR) as usize);
        parts.push(Change::Write { offset: start, bytes: bytes[at..end].to_vec() });
        at = end;
    }
    parts
}

fn apply(change: &Change, contents: &mut Vec<u8>) {
    match change {
        Change::Truncate { bytes } => contents.resize(*bytes as usize, 0),
        Change::Write { offset, bytes } => {
            let start = *offset as usize;
            let end = start + bytes.len();
            if contents.len() < end {
                contents.resize(end, 0);
            }
            contents[start..end].copy_from_slice(bytes);
        }
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) random: Random,
    pub(super) faults: Faults,
    pub(super) capacity: Option<u64>,
    pub(super) inodes: BTreeMap<u64, Inode>,
    pub(super) names: BTreeMap<PathBuf, u64>,
    pub(super) durable_names: BTreeMap<PathBuf, u64>,
    pub(super) pending_names: Vec<NameChange>,
    pub(super) directories: BTreeSet<PathBuf>,
    /// Directories that were renamed or removed: nothing can be made in them any more.
    pub(super) gone_directories: BTreeSet<PathBuf>,
    pub(super) locks: BTreeSet<PathBuf>,
    /// Counts the lives of the process: a handle of an earlier one is of no use.
    pub(super) life: u64,
    pub(super) last_inode: u64,
    pub(super) ticks: u64,
    pub(super) operations: u64,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            faults: Faults::default(),
            capacity: None,
            inodes: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            directories: BTreeSet::new(),
            gone_directories: BTreeSet::new(),
            locks: BTreeSet::new(),
            life: 0,
            last_inode: 0,
            ticks: 0,
            operations: 0,
        }
    }

    pub(super) fn change_names(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    pub(super) fn is_beneath_a_gone_directory(&self, path: &Path) -> bool {
        path.ancestors().skip(1).any(|directory| self.gone_directories.contains(directory))
    }

    pub(super) fn has_something_in(&self, directory: &Path) -> bool {
        let mut all = self.names.keys().chain(&self.directories);
        all.any(|path| path != directory && path.starts_with(directory))
    }

    /// Moves everything beneath, at once and for good; what was not synced of it stays not synced.
    pub(super) fn rename_directory(&mut self, from: &Path, to: &Path) {
        let moved = |path: &Path| path.strip_prefix(from).ok().map(|rest| to.join(rest));
        for names in [&mut self.names, &mut self.durable_names] {
            let all = std::mem::take(names).into_iter();
            *names = all.map(|(path, inode)| (moved(&path).unwrap_or(path), inode)).collect();
        }
        for change in &mut self.pending_names {
            for path in change.paths() {
                *path = moved(path).unwrap_or_else(|| path.clone());
            }
        }
        let beneath: Vec<PathBuf> =
            self.directories.iter().filter(|path| path.starts_with(from)).cloned().collect();
        for path in beneath {
            self.directories.remove(&path);
            let Some(to) = moved(&path) else { continue };
            self.gone_directories.insert(path);
            self.gone_directories.remove(&to);
            // `join` of nothing leaves a slash at the end, which is no other path.
            self.directories.insert(to.components().collect());
        }
    }

    pub(super) fn sync_names(&mut self, directory: &Path) {
        let (synced, kept) =
            self.pending_names.drain(..).partition(|change| change.touches(directory));
        self.pending_names = kept;
        let synced: Vec<NameChange> = synced;
        for change in synced {
            change.apply(&mut self.durable_names);
        }
    }

    /// The process dies; the page cache, and with it every completed write, stays.
    pub(super) fn kill(&mut self) {
        self.life += 1;
        self.locks.clear();
        self.faults.clear();
    }

    pub(super) fn power_cut(&mut self) {
        self.kill();
        let kept = [0, 50, 100][self.random.below(3) as usize];
        for change in std::mem::take(&mut self.pending_names) {
            if self.random.chance(kept) {
                change.apply(&mut self.durable_names);
            }
        }
        self.names = self.durable_names.clone();
        for inode in self.inodes.values_mut() {
            inode.power_cut(&mut self.random);
        }
        let named: BTreeSet<u64> = self.names.values().copied().collect();
        self.inodes.retain(|inode, _| named.contains(inode));
    }

    pub(super) fn used(&self) -> u64 {
        let named: BTreeSet<u64> = self.names.values().copied().collect();
        named
            .iter()
            .filter_map(|inode| self.inodes.get(inode))
            .map(|it| it.current.len() as u64)
            .sum()
    }
}
