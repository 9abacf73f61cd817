//! What is asked to be done with letters: a file for each request, which the flow carries out and then removes.

use super::numbers::Numbers;
use crate::core::disk::{Access, Disk, DiskError, read_range, remove_if_there, write_atomically};
use crate::core::time::{rfc3339_now, unix_ms};
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};

/// Version of the JSON of requests and answers.
const VERSION: u32 = 1;

/// Answers that are kept.
const ANSWERS: usize = 8;

/// Reasons that a request or an answer names.
const REASONS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Replay,
    Drop,
}

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    version: u32,
    /// The name of its file without the ending.
    #[serde(skip)]
    pub id: String,
    #[serde(rename = "do")]
    pub what: What,
    pub asked: String,
    pub letters: Numbers,
    /// Letters that were asked for and cannot be replayed; they stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// Letters that were asked for and are not there.
    #[serde(default)]
    pub missing: u64,
}

/// Why letters stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub reason: String,
    pub letters: u64,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub id: String,
    #[serde(rename = "do")]
    pub what: What,
    pub asked: String,
    pub done: String,
    /// Letters that were dropped, or delivered at last.
    pub settled: u64,
    /// Letters that were rejected again: each is a new one.
    pub again: u64,
    pub missing: u64,
    pub refused: Vec<Refusal>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Answers {
    version: u32,
    answers: Vec<Answer>,
}

fn asked(directory: &Path) -> PathBuf {
    directory.join("dead-letters.asked")
}

fn answered(directory: &Path) -> PathBuf {
    directory.join("dead-letters.answered.json")
}

/// Leaves a request for the flow whose directory this is; answers its id. It is durable when this returns.
pub fn ask(
    disk: &dyn Disk,
    directory: &Path,
    what: What,
    letters: Numbers,
) -> Result<String, DiskError> {
    let salt = RandomState::new().build_hasher().finish() as u32;
    let id = format!("{:016}-{salt:08x}", unix_ms());
    let (refused, missing) = (Vec::new(), 0);
    let request = Request {
        version: VERSION,
        id: id.clone(),
        what,
        asked: rfc3339_now(),
        letters,
        refused,
        missing,
    };
    disk.create_dir_all(&asked(directory))?;
    request.save(disk, directory)?;
    Ok(id)
}

/// Makes durable what can be seen of the requests.
pub(super) fn sync(disk: &dyn Disk, directory: &Path) -> Result<(), DiskError> {
    disk.sync_dir(&asked(directory))
}

/// The ids of the requests that wait, the oldest first.
pub fn waiting(disk: &dyn Disk, directory: &Path) -> Result<Vec<String>, DiskError> {
    let paths = match disk.list(&asked(directory)) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        paths => paths?,
    };
    let is_request = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    let id = |path: PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    Ok(paths.into_iter().filter(is_request).filter_map(id).collect())
}

/// What became of the last requests, the newest last.
pub fn answers(disk: &dyn Disk, directory: &Path) -> Result<Vec<Answer>, DiskError> {
    let read = read(disk, &answered(directory))?;
    let answers = read.and_then(|bytes| serde_json::from_slice::<Answers>(&bytes).ok());
    Ok(answers.unwrap_or_default().answers)
}

impl std::fmt::Display for Answer {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letters = |many: u64| if many == 1 { "letter" } else { "letters" };
        match self.what {
            What::Drop => write!(text, "{} {} dropped", self.settled, letters(self.settled))?,
            What::Replay => write!(text, "{} {} delivered", self.settled, letters(self.settled))?,
        }
        if self.again > 0 {
            write!(text, ", {} rejected again", self.again)?;
        }
        if self.missing > 0 {
            write!(text, ", {} not there any more", self.missing)?;
        }
        for refusal in &self.refused {
            write!(text, "; {} cannot be replayed: {}", refusal.letters, refusal.reason)?;
        }
        Ok(())
    }
}

impl Request {
    /// `None` when it is not there; an error of text when nobody can understand it.
    pub fn load(
        disk: &dyn Disk,
        directory: &Path,
        id: &str,
    ) -> Result<Option<Result<Self, String>>, DiskError> {
        let path = place(directory, id);
        let Some(bytes) = read(disk, &path)? else { return Ok(None) };
        let understood = match serde_json::from_slice::<Self>(&bytes) {
            Ok(request) if request.version == VERSION => Ok(Self { id: id.to_owned(), ..request }),
            Ok(request) => Err(format!(
                "{} is of version {}, this headwater knows version {VERSION}",
                path.display(),
                request.version
            )),
            Err(error) => Err(format!("{} is no request: {error}", path.display())),
        };
        Ok(Some(understood))
    }

    pub(super) fn save(&self, disk: &dyn Disk, directory: &Path) -> Result<(), DiskError> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        write_atomically(disk, &place(directory, &self.id), &bytes)
    }

    pub(super) fn refuse(&mut self, reason: &str) {
        if let Some(same) = self.refused.iter_mut().find(|it| it.reason == reason) {
            same.letters += 1;
        } else if self.refused.len() < REASONS {
            self.refused.push(Refusal { reason: reason.to_owned(), letters: 1 });
        } else if let Some(last) = self.refused.last_mut() {
            *last = Refusal { reason: "other reasons".to_owned(), letters: last.letters + 1 };
        }
    }

    /// Notes what became of it, and takes it away.
    pub(super) fn answer(
        &self,
        disk: &dyn Disk,
        directory: &Path,
        (settled, again): (u64, u64),
    ) -> Result<(), DiskError> {
        let mut answers = answers(disk, directory)?;
        answers.retain(|answer| answer.id != self.id);
        answers.push(Answer {
            id: self.id.clone(),
            what: self.what,
            asked: self.asked.clone(),
            done: rfc3339_now(),
            settled,
            again,
            missing: self.missing,
            refused: self.refused.clone(),
        });
        let surplus = answers.len().saturating_sub(ANSWERS);
        answers.drain(..surplus);
        let bytes = serde_json::to_vec(&Answers { version: VERSION, answers }).unwrap_or_default();
        write_atomically(disk, &answered(directory), &bytes)?;
        remove_if_there(disk, &place(directory, &self.id))?;
        sync(disk, directory)
    }
}

/// Puts a request aside that nobody can understand, so that those behind it get their turn.
pub(super) fn put_aside(disk: &dyn Disk, directory: &Path, id: &str) -> Result<(), DiskError> {
    let path = place(directory, id);
    disk.rename(&path, &path.with_extension("unreadable"))?;
    sync(disk, directory)
}

fn place(directory: &Path, id: &str) -> PathBuf {
    asked(directory).join(format!("{id}.json"))
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    let file = match disk.open(path, Access::Read) {
        Err(error) if error.is_missing() => return Ok(None),
        file => file?,
    };
    let length = usize::try_from(file.bytes()?).unwrap_or(usize::MAX);
    read_range(file.as_ref(), 0, length).map(Some)
}
