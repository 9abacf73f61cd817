//! `datasets`: finds complete pairs of data and metadata in a directory that it may only read.

use crate::clients::dataset::{self, Doubt};
use crate::clients::watch::Watch;
use crate::core::batch::{Batch, DatasetPart};
use crate::core::context::Context;
use crate::core::disk::{Access, Disk, DiskFile, Metadata};
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::lease::{BEAT, Content, Share};
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::source::{Acknowledge, Dataset, Read, Source};
use crate::core::time::now;
use crate::core::wait::Wait;
use crate::formats::assembler::{Assembler, Format};
use crate::formats::pairs::{Pair, Pattern, pairs};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "datasets",
        summary: "Reads each complete dataset (data file and metadata file) of a directory once.",
        details: "\
A dataset is complete when its metadata file is there: `data_7.csv` belongs to `metadata_7.json`. `bytes` and \
`sha256` in the metadata are verified before the first row goes on; what disagrees for longer than `patience` \
becomes a dead letter, and is read when the file changes. The directory may be read-only. New files are \
found by events where the file system gives them, and by looking every `look` where it does not (NFS, some volumes).

Each dataset is read once, also after a restart; a changed one again only with `changed: again`.",
        options: &[
            Opt::required("path", Shape::Path, "The directory."),
            Opt::with_default(
                "data",
                Shape::Pattern,
                "data_*.csv",
                "Names of data files; `*` is what the pair shares.",
            ),
            Opt::with_default("metadata", Shape::Pattern, "metadata_*.json", "Names of metadata files."),
            Opt::with_default("look", Shape::Duration, "1s", "How often the directory is looked at anyway."),
            Opt::with_default(
                "patience",
                Shape::Duration,
                "10s",
                "How long data and metadata may disagree before the dataset is given up.",
            ),
            Opt::with_default(
                "changed",
                Shape::Choice(&["ignore", "again"]),
                "ignore",
                "What happens to a dataset that changes after it was read.",
            ),
        ],
        main: Some("path"),
        example: "datasets: { path: shared-data }",
    },
    replay: Replay::Again,
    build,
};

fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    Ok(BuiltSource::Read(Box::new(Datasets {
        disk: Arc::clone(&context.disk),
        batch_bytes: context.batch_bytes(),
        directory: options.path("path"),
        data: Pattern::parse(options.text("data")).map_err(Fault::stop)?,
        metadata: Pattern::parse(options.text("metadata")).map_err(Fault::stop)?,
        look: options.duration("look"),
        patience: options.duration("patience"),
        is_again: options.text("changed") == "again",
        done: BTreeMap::new(),
        ready: VecDeque::new(),
        doubtful: BTreeMap::new(),
        share: None,
        is_elsewhere: false,
        current: None,
        listed: BTreeSet::new(),
        watch: None,
        looked: None,
    })))
}

struct Datasets {
    disk: Arc<dyn Disk>,
    batch_bytes: usize,
    directory: PathBuf,
    data: Pattern,
    metadata: Pattern,
    look: Duration,
    patience: Duration,
    is_again: bool,
    /// What was read or given up, by name.
    done: BTreeMap<Partition, Position>,
    ready: VecDeque<Pair>,
    /// Since when the data and the metadata of a pair disagree.
    doubtful: BTreeMap<String, (String, Instant)>,
    /// What is asked before a dataset is read, when other workers may read it too.
    share: Option<Arc<dyn Share>>,
    /// Another worker had a dataset when it was looked at; should that one die, it is ours.
    is_elsewhere: bool,
    current: Option<Current>,
    /// The names of all pairs, as they were seen last: what is done and not there any more is forgotten.
    listed: BTreeSet<String>,
    watch: Option<Watch>,
    looked: Option<Instant>,
}

/// A dataset that is being read.
struct Current {
    dataset: Arc<Dataset>,
    partition: Partition,
    /// Where the offsets of this reading begin: behind those of an earlier one.
    base: u64,
    state: String,
    file: Box<dyn DiskFile>,
    assembler: Assembler,
    byte: u64,
    has_ended: bool,
}

/// What the note of a position says: the state of the files when they were read.
fn note(data: &Metadata, metadata: &Metadata) -> String {
    let modified = |metadata: &Metadata| {
        metadata.modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
    };
    format!("{} {} {} {}", data.bytes, modified(data), metadata.bytes, modified(metadata))
}

/// Before the state of a dataset that could not be read.
const GIVEN_UP: &str = "given up: ";

/// Before the byte and the state of a dataset that is read in part.
const PART: &str = "read up to ";

impl Source for Datasets {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        self.done = from.positions.clone();
        Ok(())
    }

    fn share(&mut self, share: Arc<dyn Share>) {
        self.share = Some(share);
    }

    fn acknowledger(&self) -> Option<Box<dyn Acknowledge>> {
        let share = Arc::clone(self.share.as_ref()?);
        Some(Box::new(Settle(share)))
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        loop {
            if self.current.is_some() {
                return self.read_rows().inspect_err(|_| self.current = None);
            }
            if let Some(pair) = self.ready.pop_front() {
                if !self.may_open(&pair)? {
                    continue;
                }
                if let Some(given_up) = self.open(pair)? {
                    return Ok(Read::Batch(given_up));
                }
                continue;
            }
            if !self.is_time(wait) {
                return Ok(Read::Idle);
            }
            self.look()?;
            if self.ready.is_empty() {
                return Ok(Read::Idle);
            }
        }
    }
}

/// Lets other workers know what became of a dataset, once that is durable.
struct Settle(Arc<dyn Share>);

impl Acknowledge for Settle {
    fn acknowledge(&mut self, partition: &Partition, position: &Position) -> Result<(), Fault> {
        if position.note.starts_with(PART) {
            return Ok(());
        }
        self.0.settle(partition, position.note.strip_prefix(GIVEN_UP))
    }
}

impl Datasets {
    /// Waits for an event or the time to look; `false` when stopped or nothing is due yet.
    fn is_time(&mut self, wait: &Wait) -> bool {
        let (Some(watch), Some(looked)) = (&self.watch, self.looked) else { return true };
        let look = if self.is_elsewhere { self.look.min(BEAT) } else { self.look };
        let left = look.saturating_sub(looked.elapsed());
        let is_event = watch.wait(wait, left.min(Duration::from_millis(500)));
        !wait.is_stopped() && (is_event || looked.elapsed() >= look)
    }

    /// Finds the pairs that are not done.
    fn look(&mut self) -> Result<(), Fault> {
        // The directory may have come into being since the last look.
        if !self.watch.as_ref().is_some_and(Watch::has_events) {
            self.watch = Some(Watch::new(&self.directory));
        }
        self.looked = Some(now());
        self.is_elsewhere = false;
        let files = self.disk.list(&self.directory)?;
        let pairs = pairs(&files, &self.data, &self.metadata);
        self.listed = pairs.iter().map(|pair| pair.name.clone()).collect();
        for pair in pairs {
            let is_new = match self.done.get(pair.name.as_str()) {
                None => true,
                Some(position) if position.note.starts_with(PART) => true,
                Some(position) if position.note.starts_with(GIVEN_UP) => {
                    self.has_changed(&pair, position)
                }
                Some(position) => self.is_again && self.has_changed(&pair, position),
            };
            if is_new {
                self.ready.push_back(pair);
            }
        }
        Ok(())
    }

    fn has_changed(&self, pair: &Pair, position: &Position) -> bool {
        let state = self.state(pair);
        let known = position.note.strip_prefix(GIVEN_UP).unwrap_or(&position.note);
        state.is_ok_and(|state| state != known)
    }

    fn state(&self, pair: &Pair) -> Result<String, Fault> {
        Ok(note(&self.disk.metadata(&pair.data)?, &self.disk.metadata(&pair.metadata)?))
    }

    /// Takes a dataset for this worker; `false` when another one has it, or is done with it.
    fn may_open(&mut self, pair: &Pair) -> Result<bool, Fault> {
        let Some(share) = self.share.clone() else { return Ok(true) };
        let name: Partition = pair.name.as_str().into();
        if let Some(content) = dataset::declared(self.disk.as_ref(), pair)
            && share.is_done(&name, &content)?
        {
            return self.leave(name, pair, "");
        }
        let is_given_up = |state: &str| {
            Ok::<bool, Fault>(share.given_up(&name)?.is_some_and(|note| note == state))
        };
        let state = self.state(pair)?;
        if is_given_up(&state)? {
            return self.leave(name, pair, GIVEN_UP);
        }
        if !share.take(&name)? {
            self.is_elsewhere = true;
            return Ok(false);
        }
        // Whoever had it may have given it up between the two looks.
        if is_given_up(&state)? {
            share.give_back(&name);
            return self.leave(name, pair, GIVEN_UP);
        }
        Ok(true)
    }

    /// Another worker did what there was to do. The log of the sink says so at the next start too.
    fn leave(&mut self, name: Partition, pair: &Pair, prefix: &str) -> Result<bool, Fault> {
        let offset = self.done.get(&name).map_or(0, |known| known.offset);
        let note = format!("{prefix}{}", self.state(pair)?);
        self.done.insert(name, Position { offset, note });
        Ok(false)
    }

    /// Gives a dataset back that is not read now.
    fn give_back(&self, name: &str) {
        if let Some(share) = &self.share {
            share.give_back(&name.into());
        }
    }

    /// Verifies a pair and begins to read it. One that disagrees is looked at again later, and given up
    /// when that has lasted; the answer then is the batch that says so.
    fn open(&mut self, pair: Pair) -> Result<Option<Box<Batch>>, Fault> {
        let state = self.state(&pair)?;
        let known = self.done.get(pair.name.as_str()).cloned();
        match dataset::verify(self.disk.as_ref(), &pair) {
            Ok(dataset) => {
                self.doubtful.remove(&pair.name);
                if self.is_done_elsewhere(&dataset)? {
                    self.give_back(&pair.name);
                    self.leave(pair.name.as_str().into(), &pair, "")?;
                    return Ok(None);
                }
                self.current = Some(self.begin(dataset, state, known.as_ref())?);
                Ok(None)
            }
            Err(Doubt::Fault(fault)) => {
                self.give_back(&pair.name);
                Err(fault)
            }
            Err(Doubt::Disagrees(reason)) => {
                let since = match self.doubtful.get(&pair.name) {
                    Some((known, since)) if *known == state => *since,
                    _ => now(),
                };
                if since.elapsed() < self.patience {
                    self.give_back(&pair.name);
                    self.doubtful.insert(pair.name, (state, since));
                    return Ok(None);
                }
                self.doubtful.remove(&pair.name);
                let offset = known.map_or(0, |position| position.offset) + 1;
                let position = Position { offset, note: format!("{GIVEN_UP}{state}") };
                Ok(Some(self.give_up(&pair.name, &pair.data, reason, position)))
            }
        }
    }

    /// Asked after the dataset was taken: its last holder may just have finished it.
    fn is_done_elsewhere(&self, dataset: &Dataset) -> Result<bool, Fault> {
        let Some(share) = &self.share else { return Ok(false) };
        let content = Content { bytes: dataset.bytes, sha256: dataset.sha256.clone() };
        share.is_done(&dataset.name.as_str().into(), &content)
    }

    /// Opens a dataset at its start, or where an earlier reading of the same files was cut off.
    fn begin(
        &self,
        dataset: Dataset,
        state: String,
        known: Option<&Position>,
    ) -> Result<Current, Fault> {
        let file = self.disk.open(&dataset.path, Access::Read)?;
        let format = Format::of("auto", &dataset.path);
        let part = known.and_then(|known| {
            let (byte, at_state) = known.note.strip_prefix(PART)?.split_once(' ')?;
            (at_state == state).then_some((known.offset, byte.parse::<u64>().ok()?))
        });
        // Its first piece is the largest, so that it holds the whole header.
        let mut assembler = Assembler::new(format);
        let mut current_byte = 0;
        let mut base = known.map_or(0, |known| known.offset);
        if let Some((offset, byte)) = part {
            assembler.fill(|room| file.read_at(room, 0))?;
            // The first piece may hold rows, but it is only the header that is wanted of it.
            assembler.next(false).map_err(Fault::stop)?;
            assembler = Assembler::behind_header(format, assembler.shape());
            current_byte = byte;
            base = offset.saturating_sub(byte);
        }
        let partition: Partition = dataset.name.as_str().into();
        Ok(Current {
            file,
            assembler: assembler.in_pieces_of(self.batch_bytes),
            dataset: Arc::new(dataset),
            partition,
            base,
            state,
            byte: current_byte,
            has_ended: false,
        })
    }

    fn give_up(
        &mut self,
        name: &str,
        data: &Path,
        reason: String,
        position: Position,
    ) -> Box<Batch> {
        let partition: Partition = name.into();
        self.done.insert(Arc::clone(&partition), position.clone());
        let mut batch = Batch::new(&partition, position, Records::empty(Encoding::Json));
        let record = data.display().to_string().into_bytes();
        batch.rejected.push(Rejected { record, reason });
        Box::new(batch)
    }

    fn read_rows(&mut self) -> Result<Read, Fault> {
        let Some(current) = &mut self.current else { return Ok(Read::Idle) };
        loop {
            let piece = match current.assembler.next(current.has_ended) {
                Ok(piece) => piece,
                Err(reason) => return Ok(self.unreadable(reason)),
            };
            if let Some(piece) = piece {
                current.byte += piece.consumed;
                let note = format!("{PART}{} {}", current.byte, current.state);
                let position = Position { offset: current.base + current.byte, note };
                let mut batch = Batch::new(&current.partition, position, piece.records);
                batch.rejected = piece.rejected;
                let dataset = Arc::clone(&current.dataset);
                batch.dataset = Some(DatasetPart { dataset, is_last: false });
                return Ok(Read::Batch(Box::new(batch)));
            }
            if current.has_ended {
                return Ok(Read::Batch(self.last()));
            }
            let from = current.byte + current.assembler.pending();
            let read = current.assembler.fill(|room| current.file.read_at(room, from))?;
            current.has_ended = read == 0;
        }
    }

    /// The batch that ends a dataset: no rows, and the position that says it is done.
    fn last(&mut self) -> Box<Batch> {
        let Some(current) = self.current.take() else {
            return Box::new(Batch::new(
                &"".into(),
                Position::at(0),
                Records::empty(Encoding::Json),
            ));
        };
        let shape = current.assembler.shape();
        let encoding = shape.map_or(Encoding::Json, Encoding::Csv);
        let offset = current.base + current.byte + 1;
        let position = Position { offset, note: current.state };
        self.done.insert(Arc::clone(&current.partition), position.clone());
        let records = Records::empty(encoding);
        let mut batch = Batch::new(&current.partition, position, records);
        batch.gone = self.forget_missing();
        batch.dataset = Some(DatasetPart { dataset: current.dataset, is_last: true });
        Box::new(batch)
    }

    /// The file is what its metadata says, and yet no rows can be made of it.
    fn unreadable(&mut self, reason: String) -> Read {
        let Some(current) = self.current.take() else { return Read::Idle };
        let offset = current.base + current.byte + 1;
        let position = Position { offset, note: format!("{GIVEN_UP}{}", current.state) };
        let dataset = &current.dataset;
        Read::Batch(self.give_up(&dataset.name, &dataset.path, reason, position))
    }

    /// Datasets that were removed need no position any more: the checkpoint stays as small as the
    /// directory.
    fn forget_missing(&mut self) -> Vec<Partition> {
        let is_missing = |name: &&Partition| !self.listed.contains(&***name);
        let missing: Vec<Partition> = self.done.keys().filter(is_missing).cloned().collect();
        for name in &missing {
            self.done.remove(name);
            if let Some(share) = &self.share {
                share.forget(name);
            }
        }
        missing
    }
}
