//! Copies a resource from one store to another while it is in use, and proves that both hold the same.

use crate::core::fault::Fault;
use crate::resource::{
    Action, Atomicity, ChangePosition, Cursor, ETag, ListQuery, Order, Outcome, Page, Sort, Store,
    StoreError, Write,
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
        let mut position =
            self.from.changes(None, 0).wait().map_err(|error| of_source(&error))?.upto;
        self.copy()?;
        for _ in 0..COMPARISONS {
            position = self.catch_up(position)?;
            let (source, target) = (digest(self.from, of_source)?, digest(self.to, of_target)?);
            if source == target {
                return Ok(source);
            }
            let is_quiet = self
                .from
                .changes(Some(position), 1)
                .wait()
                .map_err(|error| of_source(&error))?
                .items
                .is_empty();
            if is_quiet {
                return Err(differs(source, target));
            }
        }
        Err(Fault::stop(
            "the source changes faster than it can be compared: stop its writers for a moment, then --resume",
        ))
    }

    fn copy(&mut self) -> Result<(), Fault> {
        let (mut after, mut copied) = (None, 0);
        loop {
            let page = page(self.from, after, Order::Insertion, PAGE)?;
            copied += page.records.len() as u64;
            self.put(page.records.into_iter().map(Action::Put).collect())?;
            (self.progress)(copied);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Carries over what was written to the source since `position`.
    fn catch_up(&self, mut position: ChangePosition) -> Result<ChangePosition, Fault> {
        loop {
            let changes = self
                .from
                .changes(Some(position), PAGE)
                .wait()
                .map_err(|error| of_source(&error))?;
            if changes.has_gap {
                return Err(Fault::stop(
                    "so much was written to the source that its log of changes does not reach back to the start of \
                     the move: --resume it at a quieter time",
                ));
            }
            position = changes.upto;
            if changes.items.is_empty() {
                return Ok(position);
            }
            let of = |change: crate::resource::Change| match change.record {
                Some(record) => Action::Put(record),
                None => Action::Delete(change.key),
            };
            self.put(changes.items.into_iter().map(of).collect())?;
        }
    }

    fn put(&self, actions: Vec<Action>) -> Result<(), Fault> {
        let writes: Vec<Write> = actions.into_iter().map(Write::from).collect();
        let written =
            self.to.write(writes, Atomicity::Each).wait().map_err(|error| of_target(&error))?;
        // A record that was created and deleted meanwhile is missing at the target already, which is as wanted.
        let refused =
            written.iter().find(|it| !it.outcome.is_success() && it.outcome != Outcome::Missing);
        match refused {
            None => Ok(()),
            Some(refused) => Err(Fault::stop(format!(
                "the target refuses a record of the source: {:?}; nothing of the source was changed",
                refused.outcome
            ))),
        }
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
         somebody writes to it. Empty it and move again",
        source.records, target.records
    ))
}

fn of_source(error: &StoreError) -> Fault {
    Fault::stop(format!("the source: {error}"))
}

fn of_target(error: &StoreError) -> Fault {
    Fault::stop(format!("the target: {error}"))
}
