//! Gives records to a table: one transaction for a group, with the position in it. A commit whose answer was lost is
//! resolved by looking at the position.

use super::connection::Connection;
use super::insert::{Inserter, Manner, runs};
use super::positions::{self, Owner, Row};
use super::table::{Line, Table};
use super::trouble::{Kind, Trouble};
use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};
use crate::formats::json_lines;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub use super::insert::Conflict;

/// What stands in the stack file.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub table: String,
    pub conflict: Conflict,
    /// Otherwise the primary key's.
    pub key: Vec<String>,
    pub ignores_unknown: bool,
}

/// The records of a flow on their way into a table.
#[derive(Debug)]
pub struct Giving {
    line: Line,
    wanted: Wanted,
    owner: Owner,
    /// Where findings are told to be.
    place: PathBuf,
    session: Option<Session>,
    /// What the database says, as far as it is known here.
    known: Row,
    group: Group,
}

#[derive(Debug)]
struct Session {
    connection: Connection,
    inserter: Inserter,
    is_in_transaction: bool,
}

/// What was written since the last commit.
#[derive(Debug, Default)]
struct Group {
    positions: BTreeMap<Partition, Position>,
    rejected: BTreeMap<(Partition, u64), Vec<Rejected>>,
    /// Its commit was asked for and not answered.
    is_in_doubt: bool,
    /// It was found to be committed.
    is_stored: bool,
}

impl Giving {
    pub fn new(line: Line, wanted: Wanted, flow: String) -> Self {
        let place = PathBuf::from(format!("headwater_positions of {flow}"));
        let owner = Owner { flow, run: String::new() };
        let (known, group) = (Row::default(), Group::default());
        Self { line, wanted, owner, place, session: None, known, group }
    }

    /// Runs something on a good connection; after trouble that ends it there is none.
    fn with_session<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Session, &mut Group, &Row) -> Result<T, Trouble>,
    ) -> Result<T, Fault> {
        let outcome = self.try_with_session(work);
        outcome.map_err(|trouble| {
            // A transaction that met trouble is of no use either; a new connection knows of none.
            self.session = None;
            self.line.fault(&trouble)
        })
    }

    fn try_with_session<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Session, &mut Group, &Row) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.open()?;
        let Self { line, session, group, known, .. } = self;
        let Some(session) = session.as_mut() else {
            return Err(Trouble::new(Kind::Lost, "not connected yet"));
        };
        line.drive(work(session, group, known))
    }

    /// Connects unless there is a good connection, and learns what became of a commit in doubt.
    fn open(&mut self) -> Result<(), Trouble> {
        if self.session.as_ref().is_some_and(|session| !session.connection.is_closed()) {
            return Ok(());
        }
        self.session = None;
        let connection = self.line.connect()?;
        let wanted = &self.wanted;
        let flow = &self.owner.flow;
        let is_begun = !self.owner.run.is_empty();
        let (table, row) = self.line.drive(async {
            let table = Table::read(&connection, &wanted.table).await?;
            positions::prepare(&connection).await?;
            let row = positions::read(&connection, flow).await?;
            Ok((table, row))
        })?;
        let manner = manner(wanted, &table)?;
        if is_begun {
            self.resolve(row.unwrap_or_default())?;
        }
        let inserter = Inserter::new(table, manner);
        self.session = Some(Session { connection, inserter, is_in_transaction: false });
        Ok(())
    }

    /// After a connection was lost: was the last commit made?
    fn resolve(&mut self, row: Row) -> Result<(), Trouble> {
        if row.run == self.owner.run && row.commits == self.known.commits {
            if self.group.is_in_doubt {
                // It was not made, and all of the group comes again.
                self.group = Group::default();
            }
            return Ok(());
        }
        let is_ours = row.run == self.owner.run && row.commits == self.known.commits + 1;
        if is_ours && self.group.is_in_doubt {
            self.known = row;
            self.group.is_in_doubt = false;
            self.group.is_stored = true;
            return Ok(());
        }
        let detail = format!(
            "headwater_positions says something else of the flow `{}` than it has written itself: another process \
             writes as this flow, or the database was restored; stop the other one, and restart this one",
            self.owner.flow
        );
        Err(Trouble::new(Kind::Mismatch, detail))
    }

    fn begin_run(&mut self, kept: &Checkpoint) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        let known =
            kept.sink.as_ref().and_then(|state| state.get("run")).and_then(|run| run.as_str());
        self.open().map_err(|trouble| self.line.fault(&trouble))?;
        let flow = self.owner.flow.clone();
        let row = self.with_session(async |session, _, _| {
            positions::read(&session.connection, &flow).await
        })?;
        if let (Some(run), Some(row)) = (known, &row)
            && row.run == run
        {
            run.clone_into(&mut self.owner.run);
            self.known = row.clone();
            return Ok(findings);
        }
        if known.is_some() {
            let what = "it knows nothing of this run of the flow".to_owned();
            let finding = Finding::damage(&self.place, what)
                .done("the flow goes on from its own checkpoint")
                .remedy("if the database was restored from a backup, rows since then are missing in it, and if another \
                         process wrote as this flow, rows may stand twice");
            findings.push(finding);
        }
        self.owner.run = known.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
        let (owner, positions) = (self.owner.clone(), kept.positions.clone());
        self.with_session(async |session, _, _| {
            positions::begin(&session.connection, &owner, &positions).await
        })?;
        self.known =
            Row { run: self.owner.run.clone(), commits: 0, positions: kept.positions.clone() };
        Ok(findings)
    }
}

impl Sink for Giving {
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        let findings = self.begin_run(kept)?;
        let is_ahead = |(partition, position): &(&Partition, &Position)| {
            kept.position(partition).is_none_or(|kept| kept.offset < position.offset)
        };
        let ahead = self.known.positions.iter().filter(is_ahead);
        let ahead = ahead.map(|(partition, position)| (Arc::clone(partition), position.clone()));
        Ok(Recovered { ahead: ahead.collect(), findings, begins: false })
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let place = (Arc::clone(&batch.partition), batch.position.offset);
        self.open().map_err(|trouble| self.line.fault(&trouble))?;
        if self.group.is_stored {
            return Ok(self.group.rejected.get(&place).cloned().unwrap_or_default());
        }
        // What was written of this group went with the transaction of a connection that is gone: all of it must come
        // again, or this batch would be committed without those before it.
        let is_in_transaction = self.session.as_ref().is_some_and(|it| it.is_in_transaction);
        if !self.group.rejected.is_empty() && !is_in_transaction {
            let lost = Trouble::new(Kind::Lost, "the connection was lost in the middle of a group");
            return Err(self.line.fault(&lost));
        }
        let (lines, mut rejected) = json_lines::of(&batch.records);
        let name = self.wanted.table.clone();
        let rejected = self.with_session(async |session, _, _| {
            let Session { connection, inserter, is_in_transaction } = session;
            if !*is_in_transaction {
                connection.batch_execute("BEGIN; SET CONSTRAINTS ALL IMMEDIATE").await?;
                *is_in_transaction = true;
            }
            let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let runs = runs(lines, &inserter.table, &inserter.manner, &mut rejected);
            for run in &runs {
                inserter.insert(connection, run, &mut rejected).await?;
            }
            if !rejected.is_empty() && Table::read(connection, &name).await? != inserter.table {
                let detail = format!("the table {name} was changed: it is looked at again");
                return Err(Trouble::new(Kind::Changed, detail));
            }
            Ok(rejected)
        })?;
        let positions = &mut self.group.positions;
        positions.insert(Arc::clone(&batch.partition), batch.position.clone());
        for gone in &batch.gone {
            positions.remove(gone);
            self.known.positions.remove(gone);
        }
        self.group.rejected.insert(place, rejected.clone());
        Ok(rejected)
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        let state = serde_json::json!({ "run": self.owner.run });
        if self.group.is_stored || self.group.positions.is_empty() {
            self.group = Group::default();
            return Ok(Some(state));
        }
        let mut positions = self.known.positions.clone();
        positions.extend(self.group.positions.clone());
        let owner = self.owner.clone();
        let reached = positions.clone();
        self.with_session(async |session, group, known| {
            if !session.is_in_transaction {
                return Err(Trouble::new(Kind::Lost, "the connection was lost before the commit"));
            }
            positions::advance(&session.connection, &owner, known.commits, &reached).await?;
            group.is_in_doubt = true;
            session.connection.batch_execute("COMMIT").await?;
            group.is_in_doubt = false;
            session.is_in_transaction = false;
            Ok(())
        })?;
        self.known.commits += 1;
        self.known.positions = positions;
        self.group = Group::default();
        Ok(Some(state))
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        // The server forgets an open transaction with its connection.
        self.session = None;
        if !self.group.is_in_doubt && !self.group.is_stored {
            self.group = Group::default();
        }
        Ok(())
    }
}

/// By which columns a conflict is found.
fn manner(wanted: &Wanted, table: &Table) -> Result<Manner, Trouble> {
    let key = match (wanted.key.is_empty(), wanted.conflict) {
        (false, _) => wanted.key.clone(),
        (true, Conflict::Nothing) => Vec::new(),
        (true, _) => table.key.clone(),
    };
    let wrong = |detail: String| Err(Trouble::new(Kind::Mismatch, detail));
    if let Some(name) = key.iter().find(|name| table.column(name).is_none()) {
        return wrong(format!("the table {} has no column `{name}`: correct `key`", table.name));
    }
    if wanted.conflict == Conflict::Update && key.is_empty() {
        return wrong(format!(
            "the table {} has no primary key: name the columns of a unique index as `key`",
            table.name
        ));
    }
    Ok(Manner { conflict: wanted.conflict, key, ignores_unknown: wanted.ignores_unknown })
}
