//! A directory of results that several workers fill: the log of what is done, and the leases of what is not.
//!
//! A line in the log is the commit of a dataset; what it says holds for all workers. The log, the index and
//! what is removed are touched only under one lease, and a dataset only under its own.

use crate::clients::leases::{DirectoryLeases, News, SharedLog};
use crate::core::disk::{Access, Disk, DiskError, read_range, remove_if_there};
use crate::core::fault::Fault;
use crate::core::lease::{BEAT, Claim, Content, Leases, Share};
use crate::core::position::Partition;
use crate::core::text::hexadecimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The log; the view of results reads it too.
const LOG: &str = "processed.ndjson";

/// Below the results: leases, and what workers must know of each other.
const PLACE: &str = ".leases";

/// Datasets whose results were removed, remembered so that no worker does them again: eight bytes each.
const PRUNED: usize = 100_000;

/// How long one worker waits for the log before it says so and tries again.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A line of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Processed<E> {
    pub dataset: String,
    pub file: String,
    pub bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    pub entry: E,
}

/// Names and contents.
pub type Files = Vec<(String, Vec<u8>)>;

/// The results as one worker knows them.
#[derive(Debug)]
pub struct Results<E> {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    leases: Arc<DirectoryLeases>,
    log: Mutex<Log<E>>,
}

#[derive(Debug)]
pub struct Log<E> {
    file: SharedLog,
    /// The lines, oldest first.
    done: Vec<Processed<E>>,
    contents: BTreeMap<String, Content>,
    pruned_file: SharedLog,
    pruned: HashSet<String>,
    /// Something may stand in the files that is not durable: the last life may have died there.
    is_doubtful: bool,
}

impl<E: Serialize + DeserializeOwned + Clone + Send> Results<E> {
    /// For the worker whose own directory is `data`.
    pub fn open(disk: &Arc<dyn Disk>, directory: &Path, data: &Path) -> Result<Self, Fault> {
        let place = directory.join(PLACE);
        let leases = DirectoryLeases::start(disk, &place, data)?;
        Self::with(disk, directory, leases)
    }

    /// With leases that the caller keeps alive.
    pub fn with(
        disk: &Arc<dyn Disk>,
        directory: &Path,
        leases: Arc<DirectoryLeases>,
    ) -> Result<Self, Fault> {
        disk.create_dir_all(&leases.place().join("given-up"))?;
        let log = Log {
            file: SharedLog::new(disk, &directory.join(LOG)),
            done: Vec::new(),
            contents: BTreeMap::new(),
            pruned_file: SharedLog::new(disk, &leases.place().join("pruned")),
            pruned: HashSet::new(),
            is_doubtful: true,
        };
        let (disk, directory) = (Arc::clone(disk), directory.to_path_buf());
        Ok(Self { disk, directory, leases, log: Mutex::new(log) })
    }

    /// Does something to the log, alone among all workers, and knowing all that it says. After a fault the
    /// next one mends what may be half done.
    pub fn alone<T>(
        &self,
        work: impl FnOnce(&Self, &mut Log<E>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let was_cut_off = self.wait_for_log()?;
        let mut log = self.lock();
        let done = self.refreshed(&mut log, was_cut_off).and_then(|()| work(self, &mut log));
        if done.is_ok() {
            self.leases.release(LOG);
        } else {
            log.is_doubtful = true;
            self.leases.abandon(LOG);
        }
        done
    }

    fn wait_for_log(&self) -> Result<bool, Fault> {
        let clock = self.leases.clock();
        let begun = clock.now();
        loop {
            if let Claim::Held { was_cut_off } = self.leases.claim(LOG)? {
                return Ok(was_cut_off);
            }
            if clock.now().saturating_sub(begun) > PATIENCE {
                let place = self.directory.display();
                return Err(Fault::retry(format!(
                    "other workers are busy with the log in {place}"
                )));
            }
            clock.sleep(LOOK_AGAIN);
        }
    }

    fn refreshed(&self, log: &mut Log<E>, was_cut_off: bool) -> Result<(), Fault> {
        if !was_cut_off && !log.is_doubtful {
            return Ok(log.look()?);
        }
        let lines = log.file.mend(&self.leases, LOG)?;
        log.take(News::All(lines));
        let lines = log.pruned_file.mend(&self.leases, LOG)?;
        log.take_pruned(News::All(lines));
        self.leases.mended(LOG);
        log.is_doubtful = false;
        Ok(())
    }

    /// Looks at what is known of the log, which may be behind it.
    pub fn known<T>(&self, look: impl FnOnce(&Log<E>) -> T) -> T {
        look(&self.lock())
    }

    /// Stores what `make` makes of a dataset: files get their names, and then a line stands in the log. That
    /// happens once among all workers; answers whether it was now.
    pub fn store(
        &self,
        dataset: &Partition,
        content: &Content,
        make: impl FnOnce() -> (Files, Processed<E>),
    ) -> Result<bool, Fault> {
        if !self.take(dataset)? {
            // When that one is done the log says so, and when it dies the dataset is ours.
            let busy = || Fault::retry_after(format!("{dataset} is another worker's"), BEAT);
            return if self.is_stored(dataset, content)? { Ok(false) } else { Err(busy()) };
        }
        if self.is_stored(dataset, content)? {
            return Ok(false);
        }
        let (files, processed) = make();
        let lease = lease_of(dataset);
        self.leases.stage(&lease, &files)?;
        self.alone(|results, log| {
            if log.has(dataset, content) {
                return Ok(false);
            }
            // Invariant: nothing of a dataset gets its name but by the one who holds the log and goes on to
            // write its line. Who loses either lease in between is stopped by the next of these.
            results.leases.publish(&lease, &results.directory, &files)?;
            log.file.append(&results.leases, LOG, &line_of(&processed))?;
            log.put(processed);
            results.not_given_up(dataset);
            Ok(true)
        })
    }

    /// What another worker appends may not be durable before it lets go of the log.
    fn is_stored(&self, dataset: &Partition, content: &Content) -> Result<bool, Fault> {
        Ok(self.is_done(dataset, content)? && self.alone(|_, log| Ok(log.has(dataset, content)))?)
    }

    /// Replaces the one file that all write, within `alone`.
    pub fn publish_alone(&self, file: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        let files = [(file.to_owned(), bytes)];
        self.leases.stage(LOG, &files)?;
        self.leases.publish(LOG, &self.directory, &files)
    }

    /// Forgets the oldest lines of the log, within `alone`. They are remembered as done.
    pub fn prune(&self, log: &mut Log<E>, count: usize) -> Result<(), Fault> {
        let old: Vec<Processed<E>> = log.done.drain(..count.min(log.done.len())).collect();
        let names = |done: &Processed<E>| digest(&done.dataset, &content_of(done));
        let fresh: Vec<String> = old.iter().map(names).collect();
        if log.pruned.len() + fresh.len() > 2 * PRUNED {
            let (News::All(lines) | News::More(lines)) = log.pruned_file.look()?;
            let kept = lines.get(lines.len().saturating_sub(PRUNED)..).unwrap_or_default();
            log.pruned_file.replace(&self.leases, LOG, kept.concat())?;
            log.pruned.clear();
            log.take_pruned(News::More(kept.to_vec()));
        }
        let lines = fresh.join("\n") + "\n";
        log.pruned_file.append(&self.leases, LOG, lines.as_bytes())?;
        log.pruned.extend(fresh);
        log.file.replace(&self.leases, LOG, log.done.iter().flat_map(line_of).collect())?;
        log.index();
        Ok(())
    }

    fn given_up_path(&self, dataset: &str) -> PathBuf {
        self.leases.place().join("given-up").join(hexadecimal(&Sha256::digest(dataset)))
    }

    fn not_given_up(&self, dataset: &str) {
        // It is only a note; the next one who looks at it finds that it is done.
        drop(remove_if_there(self.disk.as_ref(), &self.given_up_path(dataset)));
    }

    fn lock(&self) -> MutexGuard<'_, Log<E>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: Serialize + DeserializeOwned + Clone> Log<E> {
    pub fn done(&self) -> &[Processed<E>] {
        &self.done
    }

    pub fn has(&self, dataset: &str, content: &Content) -> bool {
        self.contents.get(dataset) == Some(content)
            || self.pruned.contains(&digest(dataset, content))
    }

    fn look(&mut self) -> Result<(), DiskError> {
        let news = self.file.look()?;
        self.take(news);
        let news = self.pruned_file.look()?;
        self.take_pruned(news);
        Ok(())
    }

    fn take(&mut self, news: News) {
        match news {
            News::All(lines) => {
                self.done =
                    lines.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
                self.index();
            }
            News::More(lines) => {
                let new = lines.iter().filter_map(|line| serde_json::from_slice(line).ok());
                new.for_each(|processed| self.put(processed));
            }
        }
    }

    fn take_pruned(&mut self, news: News) {
        let lines = match news {
            News::All(lines) => {
                self.pruned.clear();
                lines
            }
            News::More(lines) => lines,
        };
        let names = lines.iter().map(|line| String::from_utf8_lossy(line).trim().to_owned());
        self.pruned.extend(names);
    }

    fn put(&mut self, processed: Processed<E>) {
        let content = content_of(&processed);
        if self.contents.insert(processed.dataset.clone(), content).is_some() {
            self.done.retain(|done| done.dataset != processed.dataset);
        }
        self.done.push(processed);
    }

    fn index(&mut self) {
        let all = self.done.iter().map(|done| (done.dataset.clone(), content_of(done)));
        self.contents = all.collect();
    }
}

impl<E: Serialize + DeserializeOwned + Clone + Send> Share for Results<E> {
    fn take(&self, partition: &Partition) -> Result<bool, Fault> {
        let name = lease_of(partition);
        match self.leases.claim(&name)? {
            Claim::Held { was_cut_off } => {
                if was_cut_off {
                    // What was cut off had its files with it: there is nothing to mend.
                    self.leases.mended(&name);
                }
                Ok(true)
            }
            Claim::Elsewhere => Ok(false),
        }
    }

    fn give_back(&self, partition: &Partition) {
        self.leases.release(&lease_of(partition));
    }

    fn is_done(&self, partition: &Partition, content: &Content) -> Result<bool, Fault> {
        let mut log = self.lock();
        log.look()?;
        Ok(log.has(partition, content))
    }

    fn given_up(&self, partition: &Partition) -> Result<Option<String>, Fault> {
        let file = match self.disk.open(&self.given_up_path(partition), Access::Read) {
            Ok(file) => file,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let note = read_range(file.as_ref(), 0, 4096)?;
        Ok(Some(String::from_utf8_lossy(&note).into_owned()))
    }

    fn settle(&self, partition: &Partition, given_up: Option<&str>) -> Result<(), Fault> {
        if let Some(note) = given_up {
            let path = self.given_up_path(partition);
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let into = self.leases.place().join("given-up");
            let files = [(name, note.as_bytes().to_vec())];
            let lease = lease_of(partition);
            let noted = self
                .leases
                .stage(&lease, &files)
                .and_then(|()| self.leases.publish(&lease, &into, &files));
            self.give_back(partition);
            return noted;
        }
        self.give_back(partition);
        Ok(())
    }

    fn forget(&self, partition: &Partition) {
        self.not_given_up(partition);
    }
}

fn lease_of(dataset: &str) -> String {
    format!("dataset-{dataset}")
}

fn content_of<E>(done: &Processed<E>) -> Content {
    Content { bytes: done.bytes, sha256: done.sha256.clone() }
}

fn line_of<E: Serialize>(processed: &Processed<E>) -> Vec<u8> {
    let mut line = serde_json::to_vec(processed).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Sixteen digits that stand for a dataset and its content.
fn digest(dataset: &str, content: &Content) -> String {
    let sha256 = content.sha256.as_deref().unwrap_or_default();
    let text = format!("{dataset}\n{}\n{sha256}", content.bytes);
    let mut digits = hexadecimal(&Sha256::digest(text.as_bytes()));
    digits.truncate(16);
    digits
}
