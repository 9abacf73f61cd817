//! Copies a resource from one store to another while it is in use, and proves that both hold the same.

use super::move_note::MoveNote;
use crate::core::fault::Fault;
use crate::resource::{
    Action, Atomicity, ChangePosition, Changes, Cursor, ETag, Key, ListQuery, Order, Outcome, Page,
    Sort, Store, StoreError, Write, Written,
};
use std::sync::Arc;

/// Records read and written in one go.
const PAGE: usize = 1000;

/// How often the two are compared before a source that never rests is given up on.
const COMPARISONS: usize = 20;

/// What a move did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    pub records: u64,
    /// The sum over all records; equal on both sides.
    pub digest: u64,
}

/// A move under way.
pub struct Move<'a> {
    pub from: &'a Arc<dyn Store>,
    pub to: &'a Arc<dyn Store>,
    /// Goes on where an earlier move was interrupted: the target may hold records.
    pub is_resumed: bool,
    pub note: &'a MoveNote,
    /// Called with the number of records copied so far.
    pub progress: &'a mut dyn FnMut(u64),
}

impl std::fmt::Debug for Move<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Move").field("is_resumed", &self.is_resumed).finish_non_exhaustive()
    }
}

impl Move<'_> {
    /// The source is only read. What is written to it meanwhile is carried over from its log of changes; the move
    /// ends at a moment at which both hold the same.
    pub fn run(mut self) -> Result<Moved, Fault> {
        let is_empty = page(self.to, None, Order::Insertion, 1)?.records.is_empty();
        if !is_empty && !self.is_resumed {
            return Err(Fault::stop(
                "the target holds records already: empty it, choose another, or go on with an interrupted move \
                 by --resume",
            ));
        }
        let mut position = self.begin()?;
        let mut is_settled = false;
        for _ in 0..COMPARISONS {
            is_settled = is_settled || self.copy()?;
            is_settled &= self.catch_up(&mut position)?;
            if !is_settled {
                continue;
            }
            let (source, target) = (digest(self.from, of_source)?, digest(self.to, of_target)?);
            if source == target {
                // A later --resume carries over what was written to the source since.
                self.note.write(self.from, self.to, position)?;
                return Ok(source);
            }
            if self.changes(position, 1)?.items.is_empty() {
                return Err(differs(source, target));
            }
        }
        Err(Fault::stop(if is_settled {
            "the source changes faster than it can be compared: stop its writers for a moment, then --resume"
        } else {
            "the target holds another record with a value that must be unique: empty it and move again"
        }))
    }

    /// From where on changes of the source are carried over. An interrupted move goes on from where it began, or what
    /// it had copied and was deleted since would stay; so this is noted before the first record is copied.
    fn begin(&self) -> Result<ChangePosition, Fault> {
        if self.is_resumed
            && let Some(position) = self.note.read(self.from, self.to)?
        {
            return Ok(position);
        }
        let position = self.from.changes(None, 0).wait().map_err(|error| of_source(&error))?.upto;
        self.note.write(self.from, self.to, position)?;
        Ok(position)
    }

    fn copy(&mut self) -> Result<bool, Fault> {
        let (mut after, mut copied, mut is_settled) = (None, 0, true);
        loop {
            let page = page(self.from, after, Order::Insertion, PAGE)?;
            copied += page.records.len() as u64;
            is_settled &= self.put(page.records.into_iter().map(Action::Put).collect())?;
            (self.progress)(copied);
            after = page.next;
            if after.is_none() {
                return Ok(is_settled);
            }
        }
    }

    /// Carries over what was written to the source since `position`.
    fn catch_up(&self, position: &mut ChangePosition) -> Result<bool, Fault> {
        let mut is_settled = true;
        loop {
            let changes = self.changes(*position, PAGE)?;
            if changes.has_gap {
                return Err(Fault::stop(
                    "the log of changes of the source does not reach back to where the move began: empty the target \
                     and move again, at a quieter time",
                ));
            }
            *position = changes.upto;
            if changes.items.is_empty() {
                return Ok(is_settled);
            }
            let of = |change: crate::resource::Change| match change.record {
                Some(record) => Action::Put(record),
                None => Action::Delete(change.key),
            };
            is_settled &= self.put(changes.items.into_iter().map(of).collect())?;
        }
    }

    fn changes(&self, after: ChangePosition, limit: usize) -> Result<Changes, Fault> {
        self.from.changes(Some(after), limit).wait().map_err(|error| of_source(&error))
    }

    /// Whether all of it is at the target. It is not while a unique value is still at another record there, which has
    /// another value in the source by now: then the record that could not be put is taken out, so that it holds no
    /// value that another waits for, and the copy is made again.
    fn put(&self, actions: Vec<Action>) -> Result<bool, Fault> {
        let schema = self.to.schema();
        let key = |action: &Action| match action {
            Action::Put(record) => record.key(schema),
            _ => None,
        };
        let keys: Vec<Option<Key>> = actions.iter().map(key).collect();
        let mut waiting = Vec::new();
        for (key, written) in keys.into_iter().zip(self.write(actions)?) {
            match written.outcome {
                // What was created and deleted meanwhile is missing at the target already, as is wanted.
                Outcome::Missing => {}
                Outcome::Taken { .. } => waiting.extend(key.map(Action::Delete)),
                outcome if outcome.is_success() => {}
                outcome => {
                    return Err(Fault::stop(format!(
                        "the target refuses a record of the source: {outcome:?}; nothing of the source was changed"
                    )));
                }
            }
        }
        let is_settled = waiting.is_empty();
        self.write(waiting)?;
        Ok(is_settled)
    }

    fn write(&self, actions: Vec<Action>) -> Result<Vec<Written>, Fault> {
        let writes: Vec<Write> = actions.into_iter().map(Write::from).collect();
        self.to.write(writes, Atomicity::Each).wait().map_err(|error| of_target(&error))
    }
}

fn page(
    store: &Arc<dyn Store>,
    after: Option<Cursor>,
    order: Order,
    limit: usize,
) -> Result<Page, Fault> {
    let query = ListQuery { conditions: Vec::new(), order, after, limit };
    store.list(query).wait().map_err(|error| Fault::stop(error.detail))
}

/// Reads everything in the order of the keys.
fn digest(store: &Arc<dyn Store>, fault: fn(&StoreError) -> Fault) -> Result<Moved, Fault> {
    let schema = store.schema();
    let sort = vec![Sort { field: schema.key, is_descending: false }];
    let (mut moved, mut after) = (Moved { records: 0, digest: 0 }, None);
    loop {
        let query = ListQuery {
            conditions: Vec::new(),
            order: Order::Fields(sort.clone()),
            after,
            limit: PAGE,
        };
        let page = store.list(query).wait().map_err(|error| fault(&error))?;
        for record in &page.records {
            moved.records += 1;
            moved.digest = moved.digest.rotate_left(5) ^ ETag::of(schema, record).0;
        }
        after = page.next;
        if after.is_none() {
            return Ok(moved);
        }
    }
}

fn differs(source: Moved, target: Moved) -> Fault {
    Fault::stop(format!(
        "the two differ after the copy: {} records in the source, {} in the target; the target holds others, or \
         somebody writes to it, or the interrupted move was begun with another --data. Empty it and move again",
        source.records, target.records
    ))
}

fn of_source(error: &StoreError) -> Fault {
    Fault::stop(format!("the source: {error}"))
}

fn of_target(error: &StoreError) -> Fault {
    Fault::stop(format!("the target: {error}"))
}
