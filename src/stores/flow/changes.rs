//! The changes of a resource as a source: all records that are there, if wanted, and then every change.

use super::fault;
use super::place::{Note, Place, Whole};
use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Records};
use crate::core::resources::{Follow, From};
use crate::core::source::{Read, Source};
use crate::core::time::rfc3339;
use crate::core::wait::Wait;
use crate::resource::{
    Change, ChangeKind, Changes, Cursor, Key, ListQuery, Order, Record, Store, StoreError, json,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Records or changes that are asked for at a time.
const PAGE: usize = 500;

/// How often it is looked whether there is news: a look costs a few nanoseconds and asks no store.
const LOOK: Duration = Duration::from_millis(25);

/// A record with the place behind it.
struct Line {
    json: Vec<u8>,
    place: Place,
}

/// Follows one resource.
#[derive(Debug)]
pub struct ChangesSource {
    store: Arc<dyn Store>,
    follow: Follow,
    news: watch::Receiver<u64>,
    partition: Partition,
    /// Records given so far: the place in the log itself may go back when the store is replaced.
    count: u64,
    /// Where the store is asked next; unknown before the first answer of all.
    next: Option<Place>,
    waiting: VecDeque<Line>,
    /// The last look found nothing new.
    is_up_to_date: bool,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Line at {}", self.place.at)
    }
}

impl ChangesSource {
    pub fn new(store: Arc<dyn Store>, follow: &Follow) -> Self {
        Self {
            news: store.news(),
            store,
            follow: follow.clone(),
            partition: "changes".into(),
            count: 0,
            next: None,
            waiting: VecDeque::new(),
            is_up_to_date: false,
        }
    }

    fn name(&self) -> &str {
        &self.store.schema().name
    }

    fn fault(&self, error: &StoreError) -> Fault {
        fault(self.name(), error)
    }

    /// The place of a checkpoint, if it is one of this store.
    fn place_of(&self, note: &str) -> Option<Place> {
        let note: Note = serde_json::from_str(note).ok()?;
        let store = self.store.identity();
        if !store.is_empty() && !note.store.is_empty() && store != note.store {
            return None;
        }
        let schema = self.store.schema();
        note.place(|text| Cursor::decode(text, schema, &by_key()))
    }

    /// The first look of all: from here on nothing is missed.
    fn begin(&mut self) -> Result<Read, Fault> {
        let now = self.store.changes(None, 0).wait().map_err(|error| self.fault(&error))?;
        let whole = match self.follow.from {
            From::Start => Whole::From(None),
            From::Now => Whole::IsRead,
        };
        let place = Place { at: now.upto, whole };
        self.next = Some(place.clone());
        // Without records, so that the checkpoint knows where this began.
        Ok(self.batch(Records::empty(Encoding::Json), &place))
    }

    fn fill(&mut self, place: &Place) -> Result<(), Fault> {
        match &place.whole {
            Whole::From(behind) => self.fill_with_records(place, behind.clone()),
            Whole::IsRead => self.fill_with_changes(place),
        }
    }

    fn fill_with_records(&mut self, place: &Place, after: Option<Cursor>) -> Result<(), Fault> {
        let query = ListQuery { conditions: Vec::new(), order: by_key(), after, limit: PAGE };
        let page = self.store.list(query).wait().map_err(|error| self.fault(&error))?;
        let schema = Arc::clone(self.store.schema());
        for record in page.records {
            let Some(key) = record.key(&schema) else { continue };
            let behind = Cursor(vec![key.to_value()]);
            let json = self.line("present", &key, Some(&record), None);
            let place = Place { at: place.at, whole: Whole::From(Some(behind)) };
            self.waiting.push_back(Line { json, place });
        }
        let whole = match page.next {
            Some(cursor) => Whole::From(Some(cursor)),
            None => Whole::IsRead,
        };
        self.reached(Place { at: place.at, whole });
        Ok(())
    }

    fn fill_with_changes(&mut self, place: &Place) -> Result<(), Fault> {
        // Before the look: what comes during it is news. And a look that fails was none.
        self.news.mark_unchanged();
        self.is_up_to_date = false;
        let changes = self.store.changes(Some(place.at), PAGE).wait();
        let changes = changes.map_err(|error| self.fault(&error))?;
        if changes.has_gap {
            self.lost_track(&changes);
            return Ok(());
        }
        self.is_up_to_date = changes.items.len() < PAGE;
        for change in &changes.items {
            let json = self.change(change);
            let place = Place { at: change.position, whole: Whole::IsRead };
            self.waiting.push_back(Line { json, place });
        }
        self.reached(Place { at: changes.upto, whole: Whole::IsRead });
        Ok(())
    }

    fn lost_track(&mut self, changes: &Changes) {
        tracing::warn!(
            resource = %self.name(),
            "the log of changes does not reach back to where this flow was: the whole resource is read anew; \
             what was deleted meanwhile is not told"
        );
        self.next = Some(Place { at: changes.upto, whole: Whole::From(None) });
    }

    /// All that was asked for is there; the last of it stands at the place reached.
    fn reached(&mut self, place: Place) {
        if let Some(last) = self.waiting.back_mut() {
            last.place = place.clone();
        }
        self.next = Some(place);
    }

    fn change(&self, change: &Change) -> Vec<u8> {
        let word = match change.kind {
            ChangeKind::Created => "created",
            ChangeKind::Updated => "updated",
            ChangeKind::Deleted => "deleted",
        };
        self.line(word, &change.key, change.record.as_ref(), Some(change.unix_ms))
    }

    fn line(
        &self,
        word: &str,
        key: &Key,
        record: Option<&Record>,
        unix_ms: Option<i64>,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(b"{\"change\":\"");
        out.extend_from_slice(word.as_bytes());
        out.extend_from_slice(b"\",\"key\":");
        json::append_value(&mut out, &key.to_value());
        out.extend_from_slice(b",\"record\":");
        match record {
            Some(record) => json::append_record(&mut out, self.store.schema(), record),
            None => out.extend_from_slice(b"null"),
        }
        match unix_ms {
            Some(unix_ms) => {
                out.extend_from_slice(format!(",\"time\":\"{}\"}}", rfc3339(unix_ms)).as_bytes());
            }
            None => out.extend_from_slice(b",\"time\":null}"),
        }
        out
    }

    /// What waits, up to the size of a batch.
    fn take(&mut self) -> Option<Read> {
        let mut records = Records::empty(Encoding::Json);
        let mut place = None;
        while records.bytes.len() < self.follow.batch_bytes {
            let Some(line) = self.waiting.pop_front() else { break };
            records.push_json(&line.json);
            place = Some(line.place);
        }
        Some(self.batch(records, &place?))
    }

    fn batch(&mut self, records: Records, place: &Place) -> Read {
        self.count += records.count;
        let schema = self.store.schema();
        let note =
            Note::of(place, self.store.identity(), |cursor| cursor.encode(schema, &by_key()));
        let note = serde_json::to_string(&note).unwrap_or_default();
        let position = Position { offset: self.count, note };
        Read::Batch(Box::new(Batch::new(&self.partition, position, records)))
    }
}

impl Source for ChangesSource {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        let Some(position) = from.position(&self.partition) else { return Ok(()) };
        self.count = position.offset;
        self.next = self.place_of(&position.note);
        if self.next.is_none() {
            tracing::warn!(
                resource = %self.name(),
                "the checkpoint is one of another store: the whole resource is read anew"
            );
            self.follow.from = From::Start;
        }
        Ok(())
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        if let Some(batch) = self.take() {
            return Ok(batch);
        }
        // A store that is gone has no news and says so when it is asked.
        if self.is_up_to_date && !self.news.has_changed().unwrap_or(true) {
            wait.sleep(LOOK);
            return Ok(Read::Idle);
        }
        let Some(place) = self.next.clone() else { return self.begin() };
        self.fill(&place)?;
        Ok(self.take().unwrap_or(Read::Idle))
    }
}

fn by_key() -> Order {
    Order::Fields(Vec::new())
}
