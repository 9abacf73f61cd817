//! A store that has trouble when a test says so, in front of one that has none.

use crate::resource::{
    Atomicity, ChangePosition, Changes, Condition, Fetched, Health, Key, ListQuery, Listener, Page,
    Pending, Schema, Store, StoreError, StoreErrorKind, Write, Written, pending,
};
use crate::server::tests::support::eventually;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    None,
    Fails(StoreError),
    /// After so many more calls.
    FailsAfter(usize),
    /// Nobody is ever answered.
    Hangs,
    /// The log does not reach back to the position that is asked for next; a gap is told once.
    HasGap,
}

#[derive(Debug)]
pub struct Scripted {
    inner: Arc<dyn Store>,
    trouble: Mutex<Trouble>,
    asked: Mutex<usize>,
    /// What is never answered: dropped, it would be.
    hanging: Mutex<Vec<Box<dyn std::any::Any + Send>>>,
}

impl Scripted {
    pub fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        let trouble = Mutex::new(Trouble::None);
        Arc::new(Self { inner, trouble, asked: Mutex::default(), hanging: Mutex::default() })
    }

    pub fn trouble(&self, trouble: Trouble) {
        *self.asked.lock().unwrap() = 0;
        *self.trouble.lock().unwrap() = trouble;
    }

    /// Waits until something was asked since the last change of the trouble.
    pub fn eventually_asked(&self) {
        eventually("the store is asked", || *self.asked.lock().unwrap() > 0);
    }

    /// Whoever hangs learns that there will be no answer.
    pub fn give_up(&self) {
        self.hanging.lock().unwrap().clear();
    }

    fn or<T: std::fmt::Debug + Send + 'static>(
        &self,
        work: impl FnOnce() -> Pending<T>,
    ) -> Pending<T> {
        *self.asked.lock().unwrap() += 1;
        let mut trouble = self.trouble.lock().unwrap();
        match &mut *trouble {
            Trouble::None | Trouble::HasGap => work(),
            Trouble::FailsAfter(calls) if *calls > 0 => {
                *calls -= 1;
                work()
            }
            Trouble::FailsAfter(_) => {
                Pending::ready(Err(StoreError::new(StoreErrorKind::TooSlow, "late")))
            }
            Trouble::Fails(error) => Pending::ready(Err(error.clone())),
            Trouble::Hangs => {
                let (answering, pending) = pending();
                self.hanging.lock().unwrap().push(Box::new(answering));
                pending
            }
        }
    }
}

impl Store for Scripted {
    fn schema(&self) -> &Arc<Schema> {
        self.inner.schema()
    }

    fn get(&self, key: Key) -> Pending<Fetched> {
        self.or(|| self.inner.get(key))
    }

    fn write(&self, writes: Vec<Write>, atomicity: Atomicity) -> Pending<Vec<Written>> {
        self.or(|| self.inner.write(writes, atomicity))
    }

    fn list(&self, query: ListQuery) -> Pending<Page> {
        self.or(|| self.inner.list(query))
    }

    fn count(&self, conditions: Vec<Condition>) -> Pending<u64> {
        self.or(|| self.inner.count(conditions))
    }

    fn changes(&self, after: Option<ChangePosition>, limit: usize) -> Pending<Changes> {
        let mut trouble = self.trouble.lock().unwrap();
        if after.is_some() && *trouble == Trouble::HasGap {
            *trouble = Trouble::None;
            *self.asked.lock().unwrap() += 1;
            let upto = after.unwrap_or_default();
            return Pending::ready(Ok(Changes { items: Vec::new(), upto, has_gap: true }));
        }
        drop(trouble);
        self.or(|| self.inner.changes(after, limit))
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.inner.news()
    }

    fn listen(&self, listener: &Arc<dyn Listener>) {
        self.inner.listen(listener);
    }

    fn catch_up(&self) -> Pending<()> {
        self.or(|| self.inner.catch_up())
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn keeps_nul(&self) -> bool {
        self.inner.keeps_nul()
    }
}
