//! A store, a server and a client for the tests of the compatible wires.

use crate::caches::Cached;
use crate::resource::{
    Access, Action, Atomicity, CacheConfig, ChangePosition, Changes, Condition, Cursor, Fetched,
    Field, FieldKind, FieldLimits, Health, Key, ListQuery, Listener, Outcome, Page, Pending,
    Record, Schema, Store, StoreConfig, StoreError, StoreErrorKind, Value, Version, Wire, Write,
    Written,
};
use crate::server::tests::support::{Client, Seen, start};
use crate::server::{Router, RunningServer};
use crate::stores::{self, Opening};
use crate::wires::Served;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

pub(crate) fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        is_required: true,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

/// The users of the original `users`.
pub(crate) fn users() -> Schema {
    let fields = vec![
        field("user_id", FieldKind::Integer),
        field("name", FieldKind::Text),
        field("age", FieldKind::Integer),
    ];
    Schema { name: "users".to_owned(), fields, key: 0, key_is_generated: false }
}

/// Records in the order of insertion, and whatever trouble a test wants.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    schema: Arc<Schema>,
    pub(crate) keeps_nul: bool,
    data: Mutex<Data>,
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Data {
    records: BTreeMap<i64, Record>,
    places: HashMap<Key, i64>,
    next: i64,
    version: u64,
    trouble: Option<StoreErrorKind>,
    /// So many pages are answered before the trouble comes.
    pages_before_trouble: Option<usize>,
    largest_page: usize,
}

impl MemoryStore {
    pub(crate) fn new(schema: Schema) -> Self {
        let news = watch::Sender::new(0);
        Self { schema: Arc::new(schema), keeps_nul: true, data: Mutex::default(), news }
    }

    /// From now on nothing is answered; `None` for an end of it.
    pub(crate) fn set_trouble(&self, trouble: Option<StoreErrorKind>) {
        self.data.lock().unwrap().trouble = trouble;
    }

    pub(crate) fn fail_after_pages(&self, pages: usize) {
        self.data.lock().unwrap().pages_before_trouble = Some(pages);
    }

    pub(crate) fn largest_page(&self) -> usize {
        self.data.lock().unwrap().largest_page
    }

    pub(crate) fn len(&self) -> usize {
        self.data.lock().unwrap().records.len()
    }

    pub(crate) fn put(&self, values: impl Into<Arc<[Value]>>) {
        self.data.lock().unwrap().act(&self.schema, Action::Insert(Record::new(values)));
    }

    fn answer<T>(&self, work: impl FnOnce(&mut Data) -> T) -> Pending<T> {
        let mut data = self.data.lock().unwrap();
        match data.trouble {
            Some(kind) => Pending::ready(Err(StoreError::new(kind, "postgres://me:secret@db/x"))),
            None => Pending::ready(Ok(work(&mut data))),
        }
    }
}

impl Data {
    fn act(&mut self, schema: &Schema, action: Action) -> Outcome {
        self.version += 1;
        match action {
            Action::Insert(record) | Action::Ensure(record) => {
                let record = if record.value(schema.key).is_null() {
                    record.with(schema.key, Value::Integer(self.next + 1))
                } else {
                    record
                };
                let key = record.key(schema).unwrap();
                if let Some(place) = self.places.get(&key) {
                    return Outcome::Exists(self.records[place].clone());
                }
                self.next += 1;
                self.places.insert(key, self.next);
                self.records.insert(self.next, record.clone());
                Outcome::Created(record)
            }
            Action::Replace(record) => match self.places.get(&record.key(schema).unwrap()) {
                Some(place) => {
                    self.records.insert(*place, record.clone());
                    Outcome::Updated { record, changed: true }
                }
                None => Outcome::Missing,
            },
            Action::Delete(key) => match self.places.remove(&key) {
                Some(place) => {
                    self.records.remove(&place);
                    Outcome::Deleted
                }
                None => Outcome::Missing,
            },
            other => panic!("these wires never ask for {other:?}"),
        }
    }

    fn page(&mut self, query: &ListQuery) -> Page {
        let after = match query.after.as_ref().map(|cursor| &cursor.0[0]) {
            Some(Value::Integer(place)) => *place,
            _ => 0,
        };
        let mut coming = self.records.range(after + 1..);
        let page: Vec<_> = coming.by_ref().take(query.limit).collect();
        let last = page.last().map_or(after, |(place, _)| **place);
        let next = coming.next().map(|_| Cursor(vec![Value::Integer(last)]));
        let records: Vec<Record> = page.into_iter().map(|(_, record)| record.clone()).collect();
        self.largest_page = self.largest_page.max(records.len());
        if let Some(left) = &mut self.pages_before_trouble {
            *left -= 1;
            self.trouble = (*left == 0).then_some(StoreErrorKind::Unavailable);
        }
        Page { records, next, as_of: Version(self.version) }
    }
}

impl Store for MemoryStore {
    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn get(&self, key: Key) -> Pending<Fetched> {
        self.answer(|data| {
            let record = data.places.get(&key).map(|place| data.records[place].clone());
            Fetched { record, as_of: Version(data.version) }
        })
    }

    fn write(&self, writes: Vec<Write>, _: Atomicity) -> Pending<Vec<Written>> {
        self.answer(|data| {
            let act = |write: Write| {
                let outcome = data.act(&self.schema, write.action);
                Written { outcome, version: Version(data.version), is_replay: false }
            };
            writes.into_iter().map(act).collect()
        })
    }

    fn list(&self, query: ListQuery) -> Pending<Page> {
        self.answer(|data| data.page(&query))
    }

    fn count(&self, _: Vec<Condition>) -> Pending<u64> {
        self.answer(|data| data.records.len() as u64)
    }

    fn changes(&self, after: Option<ChangePosition>, _: usize) -> Pending<Changes> {
        let upto = after.unwrap_or_default();
        self.answer(|_| Changes { items: Vec::new(), upto, has_gap: false })
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn listen(&self, _: &Arc<dyn Listener>) {}

    fn catch_up(&self) -> Pending<()> {
        self.answer(|_| ())
    }

    fn health(&self) -> Health {
        Health::Ready
    }

    fn keeps_nul(&self) -> bool {
        self.keeps_nul
    }
}

fn serve(resource: &Arc<Cached>, wire: Wire, paths: &[&str], access: &Access) -> RunningServer {
    let served = paths.iter().map(|path| Served {
        path: (*path).to_owned(),
        resource: Arc::clone(resource),
        wire,
        access: access.clone(),
    });
    let served: Vec<Arc<Served>> = served.map(Arc::new).collect();
    start(served.iter().fold(Router::new(), |router, served| match wire {
        Wire::Message => crate::wires::message::mount(router, served),
        _ => crate::wires::fastapi::mount(router, served),
    }))
}

/// A server with one resource at these paths, and its store.
pub(crate) struct Service {
    pub(crate) server: RunningServer,
    pub(crate) store: Arc<MemoryStore>,
}

impl Service {
    pub(crate) fn new(store: MemoryStore, wire: Wire, paths: &[&str]) -> Self {
        Self::with_access(store, wire, paths, &Access::default())
    }

    pub(crate) fn with_access(
        store: MemoryStore,
        wire: Wire,
        paths: &[&str],
        access: &Access,
    ) -> Self {
        let store = Arc::new(store);
        let resource = Cached::new(Arc::clone(&store) as Arc<dyn Store>, None, "test").unwrap();
        Self { server: serve(&resource, wire, paths, access), store }
    }

    /// Over the product's own store in memory; `store` has no part in it.
    pub(crate) fn over_memory(
        schema: Schema,
        cache: Option<&CacheConfig>,
        wire: Wire,
        paths: &[&str],
    ) -> Self {
        let watch_interval = Duration::from_millis(50);
        let opening = Opening { directory: std::env::temp_dir(), watch_interval };
        let store = stores::open(Arc::new(schema.clone()), &StoreConfig::Memory, &opening).unwrap();
        let resource = Cached::new(store, cache, "test").unwrap();
        let server = serve(&resource, wire, paths, &Access::default());
        Self { server, store: Arc::new(MemoryStore::new(schema)) }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.server)
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask(&self, method: &str, target: &str) -> Seen {
        self.ask_with(method, target, "", "")
    }

    pub(crate) fn ask_with(&self, method: &str, target: &str, headers: &str, body: &str) -> Seen {
        let mut client = self.client();
        let length = if body.is_empty() && method != "POST" {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        client.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: h:1\r\n{headers}{length}\r\n{body}"
        ));
        client.answer_to(method == "HEAD")
    }
}
