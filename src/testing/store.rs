//! A store in memory that does what a test says: answers late, fails, tells of changes only when asked to, and lies.
//! Several stores can stand before the same records, as those of several processes do.

use crate::core::time;
use crate::resource::{
    Action, Atomicity, Change, ChangeKind, ChangePosition, Changes, Condition, Fetched, Field,
    FieldKind, FieldLimits, Health, Key, ListQuery, Listener, Outcome, Page, Pending, Record,
    Schema, Store, StoreError, StoreErrorKind, Value, Version, Write, Written, pending,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::watch;

/// Things with a name, which is their key, and a number.
pub fn schema() -> Schema {
    let field = |name: &str, kind| Field {
        name: name.into(),
        kind,
        is_required: true,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    };
    Schema {
        name: "things".into(),
        fields: vec![field("name", FieldKind::Text), field("number", FieldKind::Integer)],
        key: 0,
        key_is_generated: false,
    }
}

pub fn key(name: &str) -> Key {
    Key::Text(name.into())
}

pub fn thing(name: &str, number: i64) -> Record {
    Record::new([Value::text(name), Value::Integer(number)])
}

/// The number of a thing.
pub fn number(record: Option<&Record>) -> Option<i64> {
    match record?.value(1) {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

/// What a test changes while the store runs.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Gets see the store at once and are answered when they are let go.
    pub holds_gets: bool,
    pub get_error: Option<StoreErrorKind>,
    pub catch_up_error: Option<StoreErrorKind>,
    pub health: Option<String>,
    /// Reads claim to be as of so many versions earlier, as those of `PostgreSQL` do while a transaction is open.
    pub modesty: u64,
    /// A wrong store: reads claim to be as of so many versions later.
    pub boast: u64,
    /// A wrong store: says that it has told every change, and tells none.
    pub hides_changes: bool,
    /// A wrong store: tells of its own writes only with the others' changes.
    pub tells_late: bool,
    pub is_alone: bool,
}

#[derive(Debug)]
pub struct ScriptedStore {
    schema: Arc<Schema>,
    data: Arc<Mutex<Data>>,
    side: Mutex<Side>,
    news: watch::Sender<u64>,
}

/// What all stores before the same records see.
#[derive(Debug, Default)]
struct Data {
    records: BTreeMap<Key, Record>,
    log: Vec<Change>,
}

impl Data {
    fn version(&self) -> Version {
        self.log.last().map_or(Version(0), |change| change.version)
    }
}

#[derive(Default)]
struct Side {
    script: Script,
    listeners: Vec<Weak<dyn Listener>>,
    told: usize,
    held: Vec<(crate::resource::Answering<Fetched>, Result<Fetched, StoreError>)>,
    gets: usize,
    catch_ups: usize,
    floors: usize,
}

impl std::fmt::Debug for Side {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Side").field("script", &self.script).finish_non_exhaustive()
    }
}

impl ScriptedStore {
    pub fn new(script: Script) -> Arc<Self> {
        Arc::new(Self::over(Arc::default(), script))
    }

    /// Another process's store before the same records.
    #[must_use]
    pub fn neighbour(&self) -> Arc<Self> {
        let store = Self::over(Arc::clone(&self.data), self.side().script.clone());
        store.side().told = self.data().log.len();
        Arc::new(store)
    }

    fn over(data: Arc<Mutex<Data>>, script: Script) -> Self {
        let side = Mutex::new(Side { script, ..Side::default() });
        Self { schema: Arc::new(schema()), data, side, news: watch::Sender::new(0) }
    }

    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.side().script);
    }

    /// How often a record was asked for.
    pub fn gets(&self) -> usize {
        self.side().gets
    }

    pub fn catch_ups(&self) -> usize {
        self.side().catch_ups
    }

    /// How often the newest version was asked for.
    pub fn floors(&self) -> usize {
        self.side().floors
    }

    /// Answers the gets that are held, in order; answers how many.
    pub fn let_go(&self) -> usize {
        let held = std::mem::take(&mut self.side().held);
        let count = held.len();
        for (answering, result) in held {
            answering.answer(result);
        }
        count
    }

    /// Puts a thing, and tells as a store does: before it answers.
    pub fn put(&self, name: &str, number: i64) -> Version {
        self.act(Action::Put(thing(name, number))).version
    }

    pub fn delete(&self, name: &str) -> Version {
        self.act(Action::Delete(key(name))).version
    }

    /// Tells the listeners everything that was committed until now, also by neighbours.
    pub fn tell(&self) {
        let before = time::now();
        let mut side = self.side();
        let (new, end) = {
            let data = self.data();
            let new = data.log.get(side.told..).unwrap_or_default();
            (new.iter().map(named).collect::<Vec<_>>(), data.log.len())
        };
        side.told = end;
        let is_hidden = side.script.hides_changes;
        for listener in side.listeners.iter().filter_map(Weak::upgrade) {
            if !new.is_empty() && !is_hidden {
                listener.changed(&new);
            }
            listener.synced(before);
        }
    }

    /// The store was away: what was not told is never told.
    pub fn lose_track(&self) {
        let mut side = self.side();
        side.told = self.data().log.len();
        for listener in side.listeners.iter().filter_map(Weak::upgrade) {
            listener.lost_track();
        }
    }

    /// Writes, and tells as a store does: before it answers.
    pub fn act(&self, action: Action) -> Written {
        let (written, changed) = {
            let mut data = self.data();
            let before = data.log.len();
            let written = commit(&mut data, action);
            (written, data.log.get(before).map(named))
        };
        let side = self.side();
        if let Some(changed) = changed.filter(|_| !side.script.tells_late) {
            for listener in side.listeners.iter().filter_map(Weak::upgrade) {
                listener.changed(std::slice::from_ref(&changed));
            }
        }
        drop(side);
        self.news.send_modify(|news| *news += 1);
        written
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn side(&self) -> MutexGuard<'_, Side> {
        self.side.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(change: &Change) -> (Key, Version) {
    (change.key.clone(), change.version)
}

fn failure(kind: StoreErrorKind) -> StoreError {
    StoreError::new(kind, "as the test wants it")
}

fn commit(data: &mut Data, action: Action) -> Written {
    let nothing = |outcome, version| Written { outcome, version, is_replay: false };
    let version = data.version();
    let key = match &action {
        Action::Insert(record)
        | Action::Ensure(record)
        | Action::Put(record)
        | Action::Replace(record) => record.key(&schema()),
        Action::Patch(key, _) | Action::Delete(key) => Some(key.clone()),
    };
    let Some(key) = key else { return nothing(Outcome::Missing, version) };
    let before = data.records.get(&key).cloned();
    let after = match (action, &before) {
        (Action::Insert(_), Some(before)) => {
            return nothing(Outcome::Exists(before.clone()), version);
        }
        (Action::Replace(_) | Action::Patch(..) | Action::Delete(_), None) => {
            return nothing(Outcome::Missing, version);
        }
        (Action::Ensure(_), Some(before)) => Some(before.clone()),
        (Action::Patch(_, values), Some(before)) => Some(
            values.iter().fold(before.clone(), |it, (field, value)| it.with(*field, value.clone())),
        ),
        (Action::Delete(_), Some(_)) => None,
        (
            Action::Insert(record)
            | Action::Ensure(record)
            | Action::Put(record)
            | Action::Replace(record),
            _,
        ) => Some(record),
    };
    let (kind, outcome) = match (&before, &after) {
        (Some(before), Some(after)) if before == after => {
            let record = before.clone();
            return nothing(Outcome::Updated { record, changed: false }, version);
        }
        (None, Some(record)) => (ChangeKind::Created, Outcome::Created(record.clone())),
        (Some(_), Some(record)) => {
            (ChangeKind::Updated, Outcome::Updated { record: record.clone(), changed: true })
        }
        (_, None) => (ChangeKind::Deleted, Outcome::Deleted),
    };
    match &after {
        Some(record) => data.records.insert(key.clone(), record.clone()),
        None => data.records.remove(&key),
    };
    let version = Version(version.0 + 1);
    let position = ChangePosition { major: version.0, minor: 0 };
    let unix_ms = time::unix_ms();
    data.log.push(Change { position, version, key, kind, record: after, unix_ms });
    Written { outcome, version, is_replay: false }
}

impl Store for ScriptedStore {
    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn get(&self, key: Key) -> Pending<Fetched> {
        let mut side = self.side();
        side.gets += 1;
        let fetched = {
            let data = self.data();
            let claimed =
                (data.version().0 + side.script.boast).saturating_sub(side.script.modesty);
            Fetched { record: data.records.get(&key).cloned(), as_of: Version(claimed) }
        };
        let result = side.script.get_error.map_or(Ok(fetched), |kind| Err(failure(kind)));
        if !side.script.holds_gets {
            return Pending::ready(result);
        }
        let (answering, pending) = pending();
        side.held.push((answering, result));
        pending
    }

    fn write(&self, writes: Vec<Write>, _atomicity: Atomicity) -> Pending<Vec<Written>> {
        Pending::ready(Ok(writes.into_iter().map(|write| self.act(write.action)).collect()))
    }

    fn list(&self, _query: ListQuery) -> Pending<Page> {
        let data = self.data();
        let records = data.records.values().cloned().collect();
        Pending::ready(Ok(Page { records, next: None, as_of: data.version() }))
    }

    fn count(&self, _conditions: Vec<Condition>) -> Pending<u64> {
        Pending::ready(Ok(self.data().records.len() as u64))
    }

    fn changes(&self, after: Option<ChangePosition>, limit: usize) -> Pending<Changes> {
        let data = self.data();
        let end = ChangePosition { major: data.version().0, minor: 0 };
        let behind = |change: &&Change| after.is_some_and(|after| change.position > after);
        let items: Vec<Change> = data.log.iter().filter(behind).take(limit).cloned().collect();
        let upto =
            if items.len() < limit { end } else { items.last().map_or(end, |it| it.position) };
        Pending::ready(Ok(Changes { items, upto, has_gap: false }))
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn listen(&self, listener: &Arc<dyn Listener>) {
        self.side().listeners.push(Arc::downgrade(listener));
    }

    fn catch_up(&self) -> Pending<()> {
        let error = {
            let mut side = self.side();
            side.catch_ups += 1;
            side.script.catch_up_error
        };
        if let Some(kind) = error {
            return Pending::ready(Err(failure(kind)));
        }
        self.tell();
        Pending::ready(Ok(()))
    }

    fn newest(&self) -> Pending<Version> {
        self.side().floors += 1;
        Pending::ready(Ok(self.data().version()))
    }

    fn is_shared(&self) -> bool {
        !self.side().script.is_alone
    }

    fn identity(&self) -> String {
        format!("{:p}", Arc::as_ptr(&self.data))
    }

    fn health(&self) -> Health {
        self.side().script.health.clone().map_or(Health::Ready, Health::Down)
    }

    fn keeps_nul(&self) -> bool {
        true
    }
}
