//! Writes inside a running transaction. What can be is done together: records that are there are locked first, then
//! everything is decided, then one statement inserts, one updates and one deletes.

use super::decide::{Decision, decide, key_fault, key_of, needs_no_look};
use super::layout::Layout;
use super::pen::{Attempt, Pen};
use crate::clients::postgres::trouble::Trouble;
use crate::clients::race::both;
use crate::resource::{
    Action, FaultKind, FieldFault, Idempotency, Key, Outcome, Precondition, Record, Value, Write,
};
use std::collections::{HashMap, HashSet};

/// A write and what came of it.
#[derive(Debug)]
pub struct Item<'a> {
    pub write: &'a Write,
    pub outcome: Option<Outcome>,
    /// The outcome is the one of an earlier request.
    pub is_replay: bool,
}

impl<'a> Item<'a> {
    pub fn new(write: &'a Write) -> Self {
        Self { write, outcome: None, is_replay: false }
    }

    pub fn is_success(&self) -> bool {
        self.outcome.as_ref().is_some_and(Outcome::is_success)
    }
}

/// How writes that are done together may be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// They came at the same time from callers that do not know of each other: any order is right.
    Any,
    /// One after another, also in the log.
    Strict,
}

/// What was there before: the records, locked, and what is known of idempotency keys, claimed.
#[derive(Debug, Default)]
pub struct Seen {
    found: HashMap<Key, Option<Record>>,
    known: HashMap<String, Attempt>,
}

/// Looks at what the writes are about, in one round trip.
pub async fn look(pen: &Pen, items: &[Item<'_>]) -> Result<Seen, Trouble> {
    let schema = &pen.layout().schema;
    let mut keys: Vec<Key> = items
        .iter()
        .filter(|item| !needs_no_look(item.write))
        .filter_map(|item| key_of(schema, item.write))
        .collect();
    keys.sort();
    keys.dedup();
    let attempts: Vec<&str> = items
        .iter()
        .filter_map(|item| Some(item.write.idempotency.as_ref()?.key.as_str()))
        .collect();
    if attempts.is_empty() {
        return Ok(Seen { found: pen.lock(&keys).await?, known: HashMap::new() });
    }
    // The locks on records come behind the claims: a repeat waits for the first attempt to end.
    let claimed = both(pen.claim(&attempts), pen.recall(&attempts));
    let ((claimed, known), found) = both(claimed, pen.lock(&keys)).await;
    claimed?;
    Ok(Seen { found: found?, known: known? })
}

/// Does the writes and fills in their outcomes. After an error the transaction is of no use any more.
pub async fn run(
    pen: &Pen,
    items: &mut [Item<'_>],
    seen: Seen,
    sequence: Sequence,
) -> Result<(), Trouble> {
    let mut run = Run { pen, items, seen, sequence, wave: Wave::default() };
    for number in 0..run.items.len() {
        run.step(number).await?;
    }
    run.flush().await?;
    let done: Vec<(&Idempotency, &Outcome)> = run
        .items
        .iter()
        .filter(|item| item.is_success() && !item.is_replay)
        .filter_map(|item| Some((item.write.idempotency.as_ref()?, item.outcome.as_ref()?)))
        .collect();
    if done.is_empty() { Ok(()) } else { pen.remember(&done).await }
}

/// Changes that are decided and not yet done. No two are about the same record.
#[derive(Default)]
struct Wave {
    keys: HashSet<Key>,
    attempts: HashSet<String>,
    inserts: Vec<(usize, Record)>,
    updates: Vec<(usize, Record)>,
    deletes: Vec<(usize, Key)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Insert,
    Update,
    Delete,
}

struct Run<'p, 'i, 'w> {
    pen: &'p Pen,
    items: &'i mut [Item<'w>],
    seen: Seen,
    sequence: Sequence,
    wave: Wave,
}

impl Run<'_, '_, '_> {
    async fn step(&mut self, number: usize) -> Result<(), Trouble> {
        let write = self.items[number].write;
        if let Some(attempt) = &write.idempotency {
            if self.wave.attempts.contains(&attempt.key) {
                self.flush().await?;
            }
            if let Some(known) = self.seen.known.get(&attempt.key) {
                let is_same = known.fingerprint == attempt.fingerprint;
                let outcome =
                    if is_same { known.outcome.clone() } else { Outcome::IdempotencyMismatch };
                self.items[number].is_replay = is_same;
                self.items[number].outcome = Some(outcome);
                return Ok(());
            }
        }
        let key = key_of(&self.pen.layout().schema, write);
        if key.as_ref().is_some_and(|key| self.wave.keys.contains(key)) {
            self.flush().await?;
        }
        let found = key.as_ref().and_then(|key| self.seen.found.get(key)?.as_ref());
        match decide(&self.pen.layout().schema, write, found) {
            Decision::Done(outcome) => self.end(number, outcome),
            Decision::Insert(record) => self.plan_insert(number, record).await?,
            Decision::Update(record) => self.plan_update(number, record).await?,
            Decision::Delete(key) => {
                self.turn_to(Kind::Delete).await?;
                self.wave.deletes.push((number, key));
            }
        }
        // Only now: planning may have flushed what was planned before.
        self.wave.keys.extend(key);
        self.wave.attempts.extend(write.idempotency.as_ref().map(|attempt| attempt.key.clone()));
        Ok(())
    }

    /// In strict order only changes of one kind are done together.
    async fn turn_to(&mut self, kind: Kind) -> Result<(), Trouble> {
        let wave = &self.wave;
        let has_others = [
            (Kind::Insert, wave.inserts.is_empty()),
            (Kind::Update, wave.updates.is_empty()),
            (Kind::Delete, wave.deletes.is_empty()),
        ]
        .into_iter()
        .any(|(other, is_empty)| other != kind && !is_empty);
        if self.sequence == Sequence::Strict && has_others { self.flush().await } else { Ok(()) }
    }

    async fn plan_insert(&mut self, number: usize, record: Record) -> Result<(), Trouble> {
        let layout = self.pen.layout();
        let mut faults = layout.faults(&record);
        if record.key(&layout.schema).is_none() && layout.new_key.is_none() {
            faults.push(key_fault(&layout.schema, FaultKind::Missing));
        }
        if !faults.is_empty() {
            self.end(number, Outcome::Invalid(faults));
            return Ok(());
        }
        self.turn_to(Kind::Insert).await?;
        self.wave.inserts.push((number, record));
        Ok(())
    }

    async fn plan_update(&mut self, number: usize, record: Record) -> Result<(), Trouble> {
        let faults = self.pen.layout().faults(&record);
        if !faults.is_empty() {
            self.end(number, Outcome::Invalid(faults));
            return Ok(());
        }
        self.turn_to(Kind::Update).await?;
        // Who gives a unique value up and who takes it must not be one statement.
        let is_alone = self.sequence == Sequence::Strict && self.moves_uniques(&record);
        if is_alone {
            self.flush().await?;
        }
        self.wave.updates.push((number, record));
        if is_alone { self.flush().await } else { Ok(()) }
    }

    fn old(&self, record: &Record) -> Option<&Record> {
        let key = record.key(&self.pen.layout().schema)?;
        self.seen.found.get(&key)?.as_ref()
    }

    fn moves(&self, record: &Record, field: usize) -> bool {
        self.old(record).is_none_or(|old| old.value(field) != record.value(field))
    }

    fn moves_uniques(&self, record: &Record) -> bool {
        self.pen.has_uniques()
            && (0..record.values().len())
                .any(|field| self.pen.is_unique(field) && self.moves(record, field))
    }

    /// The end of one write, for itself and for a repeat that comes behind it.
    fn end(&mut self, number: usize, outcome: Outcome) {
        let item = &mut self.items[number];
        if let Some(attempt) = &item.write.idempotency
            && outcome.is_success()
        {
            let known =
                Attempt { fingerprint: attempt.fingerprint.to_vec(), outcome: outcome.clone() };
            self.seen.known.insert(attempt.key.clone(), known);
        }
        item.outcome = Some(outcome);
    }

    async fn flush(&mut self) -> Result<(), Trouble> {
        let wave = std::mem::take(&mut self.wave);
        if !wave.deletes.is_empty() {
            self.delete(wave.deletes).await?;
        }
        if !wave.updates.is_empty() {
            self.update(wave.updates).await?;
        }
        if !wave.inserts.is_empty() {
            self.insert(wave.inserts).await?;
        }
        Ok(())
    }

    async fn delete(&mut self, deletes: Vec<(usize, Key)>) -> Result<(), Trouble> {
        let keys: Vec<&Key> = deletes.iter().map(|(_, key)| key).collect();
        self.pen.delete(&keys).await?;
        if self.pen.notes() {
            let changes: Vec<_> = keys.iter().map(|key| (*key, None)).collect();
            self.pen.note("deleted", &changes).await?;
        }
        for (number, key) in deletes {
            self.seen.found.insert(key, None);
            self.end(number, Outcome::Deleted);
        }
        Ok(())
    }

    async fn update(&mut self, updates: Vec<(usize, Record)>) -> Result<(), Trouble> {
        let mut free = Vec::with_capacity(updates.len());
        for (number, record) in updates {
            let is_asked = |field: usize| self.moves(&record, field);
            match self.pen.taken(&record, is_asked).await? {
                Some(field) => self.end(number, Outcome::Taken { field }),
                None => free.push((number, record)),
            }
        }
        if free.is_empty() {
            return Ok(());
        }
        let records: Vec<&Record> = free.iter().map(|(_, record)| record).collect();
        let mut made = self.pen.update(&records).await?;
        if self.pen.notes() {
            let changes: Vec<_> = made.iter().map(|(key, record)| (key, Some(record))).collect();
            self.pen.note("updated", &changes).await?;
        }
        for (number, record) in free {
            let key = record.key(&self.pen.layout().schema);
            match key.and_then(|key| made.remove_entry(&key)) {
                Some((key, record)) => {
                    self.seen.found.insert(key, Some(record.clone()));
                    self.end(number, Outcome::Updated { record, changed: true });
                }
                None => self.end(number, refused()),
            }
        }
        Ok(())
    }
}

/// Who is in the way of an insert may be gone by the time one looks.
const ROUNDS: usize = 4;

impl Run<'_, '_, '_> {
    async fn insert(&mut self, mut inserts: Vec<(usize, Record)>) -> Result<(), Trouble> {
        for _ in 0..ROUNDS {
            let is_generated = self.give_keys(&mut inserts).await?;
            let records: Vec<&Record> = inserts.iter().map(|(_, record)| record).collect();
            let mut made = self.pen.insert(&records).await?;
            let mut left = Vec::new();
            let mut created = Vec::new();
            for ((number, record), is_generated) in inserts.into_iter().zip(is_generated) {
                let key = record.key(&self.pen.layout().schema);
                match key.and_then(|key| made.remove_entry(&key)) {
                    Some((key, (_, record))) => created.push((number, key, record, is_generated)),
                    None => left.push((number, record, is_generated)),
                }
            }
            self.created(created).await?;
            inserts = self.resolve(left).await?;
            if inserts.is_empty() {
                return Ok(());
            }
        }
        for (number, _) in inserts {
            self.end(number, refused());
        }
        Ok(())
    }

    /// Tells which of them got a key here.
    async fn give_keys(&self, inserts: &mut [(usize, Record)]) -> Result<Vec<bool>, Trouble> {
        let schema = &self.pen.layout().schema;
        let needs: Vec<bool> =
            inserts.iter().map(|(_, record)| record.key(schema).is_none()).collect();
        let count = needs.iter().filter(|needs| **needs).count();
        if count > 0
            && let Some(keys) = self.pen.new_keys(count).await?
        {
            let keyless = inserts.iter_mut().zip(&needs).filter(|(_, needs)| **needs);
            for (((_, record), _), key) in keyless.zip(keys) {
                *record = record.with(schema.key, key);
            }
        }
        Ok(needs)
    }

    async fn created(&mut self, made: Vec<(usize, Key, Record, bool)>) -> Result<(), Trouble> {
        if self.pen.notes() && !made.is_empty() {
            let changes: Vec<_> = made.iter().map(|it| (&it.1, Some(&it.2))).collect();
            self.pen.note("created", &changes).await?;
        }
        let given = made.iter().filter(|it| !it.3).filter_map(|it| match it.1 {
            Key::Integer(key) => Some(key),
            _ => None,
        });
        if self.pen.counts_keys()
            && let Some(largest) = given.max()
        {
            self.pen.count_on(Some(largest)).await?;
        }
        for (number, key, record, _) in made {
            self.seen.found.insert(key, Some(record.clone()));
            self.end(number, Outcome::Created(record));
        }
        Ok(())
    }

    /// Why records were not inserted: ends their writes, and answers those that are worth another try.
    async fn resolve(
        &mut self,
        left: Vec<(usize, Record, bool)>,
    ) -> Result<Vec<(usize, Record)>, Trouble> {
        let mut again = Vec::new();
        if left.is_empty() {
            return Ok(again);
        }
        let schema = &self.pen.layout().schema;
        let keys = left.iter().filter(|(_, _, is_generated)| !is_generated);
        let mut keys: Vec<Key> = keys.filter_map(|(_, record, _)| record.key(schema)).collect();
        keys.sort();
        self.seen.found.extend(self.pen.lock(&keys).await?);
        let mut has_counted = false;
        for (number, record, is_generated) in left {
            let key = record.key(schema).filter(|_| !is_generated);
            let found = key.and_then(|key| self.seen.found.get(&key)?.clone());
            if found.is_some() {
                match decide(schema, self.items[number].write, found.as_ref()) {
                    Decision::Done(outcome) => self.end(number, outcome),
                    Decision::Update(record) => self.update(vec![(number, record)]).await?,
                    Decision::Insert(_) | Decision::Delete(_) => self.end(number, refused()),
                }
                continue;
            }
            if let Some(field) = self.pen.taken(&record, |_| true).await? {
                self.end(number, Outcome::Taken { field });
                continue;
            }
            if is_generated && !has_counted {
                // Others brought keys of their own: go on behind the largest.
                self.pen.count_on(None).await?;
                has_counted = true;
            }
            let record = if is_generated { record.with(schema.key, Value::Null) } else { record };
            again.push((number, record));
        }
        Ok(again)
    }
}

/// A trigger, a partial index or a rule of the table was against it.
fn refused() -> Outcome {
    let kind = FaultKind::Malformed("the table does not take this record".to_owned());
    Outcome::Invalid(vec![FieldFault { field: String::new(), kind, input: None }])
}

/// The record of a write that is but an insert: one statement does it, which is a transaction of its own.
pub fn plain_insert<'w>(layout: &Layout, write: &'w Write) -> Option<(Key, &'w Record)> {
    if write.idempotency.is_some() || write.precondition != Precondition::None {
        return None;
    }
    let (Action::Insert(record) | Action::Ensure(record)) = &write.action else { return None };
    let key = record.key(&layout.schema)?;
    layout.faults(record).is_empty().then_some((key, record))
}
