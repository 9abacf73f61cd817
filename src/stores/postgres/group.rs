//! Groups of writes of several callers in one transaction. First all together; where that does not go, one after
//! another, each behind a savepoint, so that what fails takes nothing with it.

use super::decide::key_of;
use super::job::Group;
use super::layout::Layout;
use super::pen::Pen;
use super::transaction::{Item, Sequence, look, plain_insert, run};
use crate::clients::postgres::connection::until;
use crate::clients::postgres::trouble::{Kind, Trouble};
use crate::clients::race::both;
use crate::core::time::now;
use crate::resource::{
    Atomicity, FaultKind, FieldFault, Key, Outcome, Record, Schema, Version, Write, Written,
};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// What became of the groups of one transaction.
#[derive(Debug)]
pub struct Ended {
    /// One for each group.
    pub ends: Vec<End>,
    pub changed: Vec<(Key, Version)>,
}

#[derive(Debug)]
pub enum End {
    Written(Vec<Written>),
    /// Somebody else holds what it needs: worth another try.
    Blocked(Trouble),
    Failed(Trouble),
}

/// Why a whole transaction did not end well.
#[derive(Debug)]
pub enum Failure {
    /// Nothing of it is stored.
    NotDone(Trouble),
    /// The server was lost at the commit: it may be stored.
    Unknown(Trouble),
}

/// The groups in one transaction.
pub async fn write(pen: &Pen, groups: &[&Group], deadline: Instant) -> Result<Ended, Failure> {
    let Some(plain) = plain_inserts(pen, groups) else {
        return carefully(pen, groups, deadline).await;
    };
    let records: Vec<&Record> = plain.iter().map(|(_, record)| *record).collect();
    let made = match until(deadline, pen.insert(&records)).await {
        Ok(made) => made,
        Err(trouble) if trouble.ends_connection() => return Err(Failure::Unknown(trouble)),
        // The statement was a transaction of its own.
        Err(_) => return carefully(pen, groups, deadline).await,
    };
    finish_inserts(pen, groups, (plain, made), deadline).await
}

/// Writes that are one insert each, of records that differ: a single statement does them.
fn plain_inserts<'g>(pen: &Pen, groups: &[&'g Group]) -> Option<Vec<(Key, &'g Record)>> {
    if pen.notes() || pen.counts_keys() {
        return None;
    }
    let mut keys = HashSet::with_capacity(groups.len());
    let plain = groups.iter().map(|group| match group.writes.as_slice() {
        [write] => plain_insert(pen.layout(), write).filter(|(key, _)| keys.insert(key.clone())),
        _ => None,
    });
    plain.collect()
}

/// The records that an insert made, each with its transaction.
type Made = HashMap<Key, (u64, Record)>;

/// What was not inserted met a record that is there: it is looked at in a second transaction.
async fn finish_inserts(
    pen: &Pen,
    groups: &[&Group],
    (plain, mut made): (Vec<(Key, &Record)>, Made),
    deadline: Instant,
) -> Result<Ended, Failure> {
    let mut ended = Ended { ends: Vec::with_capacity(groups.len()), changed: Vec::new() };
    let mut left = Vec::new();
    for (number, (key, _)) in plain.into_iter().enumerate() {
        let end = if let Some((xid, record)) = made.remove(&key) {
            let version = Version(xid);
            ended.changed.push((key, version));
            let outcome = Outcome::Created(record);
            End::Written(vec![Written { outcome, version, is_replay: false }])
        } else {
            left.push(number);
            // Overwritten below.
            End::Failed(Trouble::new(Kind::Broken, "a write was forgotten"))
        };
        ended.ends.push(end);
    }
    if left.is_empty() {
        return Ok(ended);
    }
    let others: Vec<&Group> = left.iter().map(|number| groups[*number]).collect();
    match carefully(pen, &others, deadline).await {
        Ok(second) => {
            ended.changed.extend(second.changed);
            for (number, end) in left.into_iter().zip(second.ends) {
                ended.ends[number] = end;
            }
        }
        Err(Failure::NotDone(trouble)) => {
            for number in left {
                ended.ends[number] = End::Failed(trouble.clone());
            }
        }
        Err(Failure::Unknown(trouble)) => {
            for number in left {
                ended.ends[number] = End::Failed(unknown(&trouble));
            }
        }
    }
    Ok(ended)
}

/// What callers are told who cannot be told more.
pub fn unknown(trouble: &Trouble) -> Trouble {
    let detail = format!("{}: the write may be stored or not", trouble.detail);
    Trouble::new(Kind::Late, detail)
}

/// All together, or one after another where that does not go.
async fn carefully(pen: &Pen, groups: &[&Group], deadline: Instant) -> Result<Ended, Failure> {
    match transact(pen, groups, deadline, Pace::Together).await {
        Err(Failure::NotDone(trouble)) if is_of_one(&trouble) => {
            tracing::debug!("writes are done one by one: {}", trouble.detail);
            let rollback = until(deadline, pen.execute("ROLLBACK")).await;
            rollback.map_err(Failure::NotDone)?;
            transact(pen, groups, deadline, Pace::OneByOne).await
        }
        ended => ended,
    }
}

/// One of the writes is to blame, so the others deserve another try.
fn is_of_one(trouble: &Trouble) -> bool {
    use Kind::{Broken, Contended, Forbidden, Taken, Value};
    matches!(trouble.kind, Contended | Taken(_) | Value(_) | Forbidden | Broken)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Together,
    OneByOne,
}

/// What became of the writes of one group, inside the transaction.
type Inside = Result<Vec<(Outcome, bool)>, Trouble>;

async fn transact(
    pen: &Pen,
    groups: &[&Group],
    deadline: Instant,
    pace: Pace,
) -> Result<Ended, Failure> {
    let inside = async {
        match pace {
            // On the heap: its statements make a large future, and every caller would hold one.
            Pace::Together => Box::pin(together(pen, groups)).await,
            Pace::OneByOne => Box::pin(one_by_one(pen, groups)).await,
        }
    };
    let (xid, ends) = until(deadline, inside).await.map_err(Failure::NotDone)?;
    match until(deadline, pen.execute("COMMIT")).await {
        Ok(()) => {}
        Err(trouble) if trouble.ends_connection() => return Err(Failure::Unknown(trouble)),
        Err(trouble) => return Err(Failure::NotDone(trouble)),
    }
    let version = Version(xid);
    let schema = &pen.layout().schema;
    let mut ended = Ended { ends: Vec::with_capacity(groups.len()), changed: Vec::new() };
    for (group, end) in groups.iter().zip(ends) {
        ended.ends.push(match end {
            Ok(outcomes) => {
                for (write, (outcome, is_replay)) in group.writes.iter().zip(&outcomes) {
                    let key = changed(schema, write, outcome).filter(|_| !is_replay);
                    ended.changed.extend(key.map(|key| (key, version)));
                }
                let written = |(outcome, is_replay)| Written { outcome, version, is_replay };
                End::Written(outcomes.into_iter().map(written).collect())
            }
            Err(trouble) if trouble.kind == Kind::Contended => End::Blocked(trouble),
            Err(trouble) => End::Failed(trouble),
        });
    }
    Ok(ended)
}

fn changed(schema: &Schema, write: &Write, outcome: &Outcome) -> Option<Key> {
    match outcome {
        Outcome::Created(record) | Outcome::Updated { record, changed: true } => record.key(schema),
        Outcome::Deleted => key_of(schema, write),
        _ => None,
    }
}

/// Single writes share their statements; a group of several keeps its order.
async fn together(pen: &Pen, groups: &[&Group]) -> Result<(u64, Vec<Inside>), Trouble> {
    let is_single = |group: &Group| group.writes.len() == 1;
    let singles = groups.iter().filter(|group| is_single(group));
    let mut items: Vec<Item<'_>> = singles.flat_map(|group| &group.writes).map(Item::new).collect();
    let (xid, seen) = both(pen.begin(true), Box::pin(look(pen, &items))).await;
    let (xid, seen) = (xid?, seen?);
    run(pen, &mut items, seen, Sequence::Any).await?;
    let mut items = items.into_iter();
    let mut ends = Vec::with_capacity(groups.len());
    for group in groups {
        ends.push(Ok(if is_single(group) {
            items.next().into_iter().map(outcome).collect()
        } else {
            several(pen, group).await?
        }));
    }
    Ok((xid, ends))
}

/// A group of several writes. One that is of one mind is undone when one of them fails.
async fn several(pen: &Pen, group: &Group) -> Result<Vec<(Outcome, bool)>, Trouble> {
    let mut items: Vec<Item<'_>> = group.writes.iter().map(Item::new).collect();
    let is_atomic = group.atomicity == Atomicity::All;
    if is_atomic {
        pen.execute("SAVEPOINT own").await?;
    }
    let seen = look(pen, &items).await?;
    run(pen, &mut items, seen, Sequence::Strict).await?;
    if is_atomic && !items.iter().all(Item::is_success) {
        pen.execute("ROLLBACK TO SAVEPOINT own").await?;
    }
    Ok(of_group(group, items.into_iter().map(outcome).collect()))
}

fn outcome(item: Item<'_>) -> (Outcome, bool) {
    (item.outcome.unwrap_or(Outcome::NotDone), item.is_replay)
}

/// Of one mind: only the first that failed has an outcome of its own.
fn of_group(group: &Group, outcomes: Vec<(Outcome, bool)>) -> Vec<(Outcome, bool)> {
    let failed = outcomes.iter().position(|(outcome, _)| !outcome.is_success());
    match failed {
        Some(failed) if group.atomicity == Atomicity::All => outcomes
            .into_iter()
            .enumerate()
            .map(|(number, own)| if number == failed { own } else { (Outcome::NotDone, false) })
            .collect(),
        _ => outcomes,
    }
}

/// How long writes are done one by one before the transaction is committed: well below what callers wait.
const ONE_BY_ONE_TIME: Duration = Duration::from_secs(1);

async fn one_by_one(pen: &Pen, groups: &[&Group]) -> Result<(u64, Vec<Inside>), Trouble> {
    let xid = pen.begin(false).await?;
    let mut ends = Vec::with_capacity(groups.len());
    let begin = now();
    for group in groups {
        // Each may wait for somebody's lock: who comes late is tried in the next transaction.
        ends.push(if now() - begin < ONE_BY_ONE_TIME {
            alone(pen, group).await?
        } else {
            Err(Trouble::new(Kind::Contended, "others were waited for"))
        });
    }
    Ok((xid, ends))
}

/// A group behind a savepoint of its own, and each of its writes behind another.
async fn alone(pen: &Pen, group: &Group) -> Result<Inside, Trouble> {
    pen.execute("SAVEPOINT own").await?;
    let mut outcomes = Vec::with_capacity(group.writes.len());
    for write in &group.writes {
        let end = match attempt(pen, write).await? {
            Ok(end) => end,
            Err(trouble) => {
                // Somebody else is in the way, or nothing more is to be said: the group as a whole.
                pen.execute("ROLLBACK TO SAVEPOINT own").await?;
                return Ok(Err(trouble));
            }
        };
        let is_over = group.atomicity == Atomicity::All && !end.0.is_success();
        outcomes.push(end);
        if is_over {
            pen.execute("ROLLBACK TO SAVEPOINT own").await?;
            outcomes.resize(group.writes.len(), (Outcome::NotDone, false));
            return Ok(Ok(of_group(group, outcomes)));
        }
    }
    pen.execute("RELEASE SAVEPOINT own").await?;
    Ok(Ok(outcomes))
}

/// One write behind a savepoint. What the table says against a value becomes its outcome.
async fn attempt(pen: &Pen, write: &Write) -> Result<Result<(Outcome, bool), Trouble>, Trouble> {
    let mut items = [Item::new(write)];
    let tried = async {
        pen.execute("SAVEPOINT one").await?;
        let seen = look(pen, &items).await?;
        run(pen, &mut items, seen, Sequence::Strict).await
    };
    let trouble = match tried.await {
        Ok(()) => {
            let [item] = items;
            return Ok(Ok(outcome(item)));
        }
        Err(trouble) if is_of_one(&trouble) => trouble,
        Err(trouble) => return Err(trouble),
    };
    pen.execute("ROLLBACK TO SAVEPOINT one").await?;
    Ok(match &trouble.kind {
        Kind::Taken(index) => Ok((taken(pen.layout(), index), false)),
        Kind::Value(column) => Ok((refused(column.as_deref(), &trouble), false)),
        _ => Err(trouble),
    })
}

fn taken(layout: &Layout, index: &str) -> Outcome {
    let unique = layout.uniques.iter().find(|(name, _)| name == index);
    match unique {
        Some((_, field)) => Outcome::Taken { field: *field },
        None => refused_for("", "another record stands against it"),
    }
}

/// The server's own words may show other records, so they go to the log only.
fn refused(column: Option<&str>, trouble: &Trouble) -> Outcome {
    tracing::debug!("the table does not take a value: {}", trouble.detail);
    refused_for(column.unwrap_or_default(), "the table does not take this value")
}

fn refused_for(field: &str, why: &str) -> Outcome {
    let kind = FaultKind::Malformed(why.to_owned());
    Outcome::Invalid(vec![FieldFault { field: field.to_owned(), kind, input: None }])
}
