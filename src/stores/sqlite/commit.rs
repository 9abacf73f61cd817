//! Group commit: everything that waits is done in one transaction and answered after its one commit.

use super::apply::Applying;
use super::job::WriteJob;
use super::shared::{Shared, Side};
use super::{attempts, log};
use crate::core::time::settled_unix_ms;
use crate::resource::{
    Atomicity, Key, Outcome, StoreError, StoreErrorKind as Kind, Version, Written,
};
use rusqlite::Connection;

/// What a store's writing thread knows between its transactions.
#[derive(Debug, Default)]
pub(super) struct Committer {
    /// Changes noted since the log was last trimmed.
    since_trim: u64,
}

/// After so many changes the log is trimmed.
const TRIM_EVERY: u64 = 1_000;

/// A transaction that is durable.
struct Committed {
    outcomes: Vec<Vec<(Outcome, bool)>>,
    changed: Vec<Key>,
    /// The version before it and after it.
    before: u64,
    after: u64,
}

impl Committer {
    pub fn commit(&mut self, connection: &Connection, shared: &Shared, jobs: Vec<WriteJob>) {
        if jobs.is_empty() {
            return;
        }
        match self.together(connection, shared, &jobs) {
            Ok(committed) => {
                shared.fares(Side::Writing, None);
                tell(connection, shared, &committed);
                answer(jobs, committed);
            }
            // One of them cannot be done: each stands for itself.
            Err(error) if jobs.len() > 1 && error.kind == Kind::Refused => {
                for job in jobs {
                    self.commit(connection, shared, vec![job]);
                }
            }
            Err(error) => {
                if error.kind != Kind::Refused {
                    shared.fares(Side::Writing, Some(&error));
                }
                for job in jobs {
                    job.answering.answer(Err(error.clone()));
                }
            }
        }
    }

    /// On an error nothing of it is stored.
    fn together(
        &mut self,
        connection: &Connection,
        shared: &Shared,
        jobs: &[WriteJob],
    ) -> Result<Committed, StoreError> {
        shared.check_file()?;
        let begun = run(connection, "BEGIN IMMEDIATE");
        begun.map_err(|error| shared.error(&error))?;
        let committed = self.inside(connection, shared, jobs).and_then(|committed| {
            run(connection, "COMMIT").map_err(|error| shared.error(&error))?;
            Ok(committed)
        });
        // Some errors end the transaction by themselves.
        if !connection.is_autocommit() {
            run(connection, "ROLLBACK").map_err(|error| shared.error(&error))?;
        }
        committed
    }

    fn inside(
        &mut self,
        connection: &Connection,
        shared: &Shared,
        jobs: &[WriteJob],
    ) -> Result<Committed, StoreError> {
        let broken = |error: rusqlite::Error| shared.error(&error);
        let table = &shared.table;
        let before = log::version(connection, table).map_err(broken)?;
        let mut applying = Applying {
            connection,
            shared,
            now_ms: settled_unix_ms(),
            changed: Vec::new(),
            attempts: 0,
            next_key: None,
        };
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            outcomes.push(group(&mut applying, job)?);
        }
        applying.keep_next_key().map_err(broken)?;
        if applying.attempts > 0 {
            let most = 16 + applying.attempts * 2;
            attempts::trim(connection, table, applying.now_ms, most).map_err(broken)?;
        }
        self.since_trim += applying.changed.len() as u64;
        if self.since_trim >= TRIM_EVERY {
            log::trim(connection, table, self.since_trim * 2).map_err(broken)?;
            self.since_trim = 0;
        }
        let after = log::version(connection, table).map_err(broken)?;
        Ok(Committed { outcomes, changed: applying.changed, before, after })
    }
}

pub(super) fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// The writes of one caller.
fn group(applying: &mut Applying<'_>, job: &WriteJob) -> Result<Vec<(Outcome, bool)>, StoreError> {
    if job.atomicity == Atomicity::Each || job.writes.len() < 2 {
        return job.writes.iter().map(|write| applying.write(write)).collect();
    }
    let connection = applying.connection;
    let shared = applying.shared;
    let savepoint = |sql: &str| run(connection, sql).map_err(|error| shared.error(&error));
    savepoint("SAVEPOINT headwater_group")?;
    let (changed, attempts) = (applying.changed.len(), applying.attempts);
    let mut outcomes = Vec::with_capacity(job.writes.len());
    for write in &job.writes {
        let outcome = applying.write(write)?;
        if outcome.0.is_success() {
            outcomes.push(outcome);
            continue;
        }
        savepoint("ROLLBACK TO headwater_group")?;
        applying.changed.truncate(changed);
        applying.attempts = attempts;
        let failed = outcomes.len();
        outcomes = vec![(Outcome::NotDone, false); job.writes.len()];
        outcomes[failed] = outcome;
        break;
    }
    savepoint("RELEASE headwater_group")?;
    Ok(outcomes)
}

/// Tells the listeners before anybody is answered: whoever is answered and reads then, finds no older copy.
fn tell(connection: &Connection, shared: &Shared, committed: &Committed) {
    let Committed { changed, before, after, .. } = committed;
    if before == after {
        return;
    }
    let version = Version(*after);
    let mut keys: Vec<(Key, Version)> = changed.iter().map(|key| (key.clone(), version)).collect();
    // A trigger that somebody added may have changed other records as well.
    if *after - *before != keys.len() as u64 {
        match log::keys(connection, &shared.table, *before, (*after - *before) as usize) {
            Ok(found) => keys = found,
            Err(_) => shared.feed.lost_track(),
        }
    }
    shared.feed.changed(&keys);
    shared.has_told(*before, *after);
}

fn answer(jobs: Vec<WriteJob>, committed: Committed) {
    let version = Version(committed.after);
    for (job, outcomes) in jobs.into_iter().zip(committed.outcomes) {
        let written = |(outcome, is_replay)| Written { outcome, version, is_replay };
        job.answering.answer(Ok(outcomes.into_iter().map(written).collect()));
    }
}
