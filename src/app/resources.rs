//! The resources of a running stack: each is opened when the first service asks for it, and shared by all.

use crate::caches::{CacheMeter, Cached, StoreMeter};
use crate::core::fault::Fault;
use crate::core::resources::{self, Fill, Follow};
use crate::core::sink::Sink;
use crate::core::source::Source;
use crate::core::time::timed::CacheCounts;
use crate::resource::{Health, ResourceConfig, Schema, Store, StoreConfig, Wire};
use crate::stores::flow::{ChangesSource, RecordsSink};
use crate::stores::{self, Opening};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often others' changes are looked for where no cache asks for more: soon enough for live pages.
const WATCH: Duration = Duration::from_millis(250);
const WATCH_SHORTEST: Duration = Duration::from_millis(10);

/// Cheap to clone; all clones share the same resources.
#[derive(Debug, Clone)]
pub(super) struct Resources {
    stack: String,
    /// Where files with bare names live.
    directory: PathBuf,
    shared: Arc<Mutex<BTreeMap<String, Resource>>>,
}

#[derive(Debug)]
struct Resource {
    config: ResourceConfig,
    opened: Option<Arc<Cached>>,
}

/// What a resource is doing right now.
#[derive(Debug, Clone)]
pub struct ResourceStatus {
    pub name: String,
    pub health: Health,
    pub store: StoreMeter,
    /// `None` without a cache.
    pub cache: Option<CacheMeter>,
}

impl ResourceStatus {
    /// Who answered its reads. Without a cache that was always the store.
    pub(super) fn counts(&self) -> CacheCounts {
        let Some(cache) = &self.cache else {
            let miss = self.store.reads.clone();
            return CacheCounts { store: miss.count, miss, ..CacheCounts::default() };
        };
        CacheCounts {
            is_on: true,
            near: cache.near_hits + cache.collapsed,
            redis: cache.redis_hits,
            store: cache.store_reads.saturating_sub(cache.early_refreshes),
            stale: cache.stale,
            hit: cache.hit_time.clone(),
            miss: cache.load_time.clone(),
        }
    }
}

impl Resources {
    pub(super) fn new(stack: &str, directory: PathBuf, configs: &[ResourceConfig]) -> Self {
        let resources = Self { stack: stack.to_owned(), directory, shared: Arc::default() };
        resources.change(configs);
        resources
    }

    /// Takes on what a changed stack file says; answers which resources are another now. They are opened anew when
    /// a service asks for them; whoever holds the old one still may use it.
    pub(super) fn change(&self, configs: &[ResourceConfig]) -> Vec<String> {
        let mut shared = self.lock();
        let mut old = std::mem::take(&mut *shared);
        let mut changed = Vec::new();
        for config in configs {
            let name = config.schema.name.clone();
            let before = old.remove(&name);
            let resource = match before {
                Some(same) if same.config == *config => same,
                _ => {
                    changed.push(name.clone());
                    Resource { config: config.clone(), opened: None }
                }
            };
            shared.insert(name, resource);
        }
        changed.extend(old.into_keys());
        changed
    }

    pub(super) fn get(&self, name: &str) -> Result<(Arc<Cached>, Wire), Fault> {
        let mut shared = self.lock();
        let Some(resource) = shared.get_mut(name) else {
            return Err(Fault::stop(format!("there is no resource `{name}` in this stack")));
        };
        let wire = resource.config.wire;
        if let Some(opened) = &resource.opened {
            return Ok((Arc::clone(opened), wire));
        }
        let opened = self.open(&resource.config)?;
        resource.opened = Some(Arc::clone(&opened));
        Ok((opened, wire))
    }

    fn open(&self, config: &ResourceConfig) -> Result<Arc<Cached>, Fault> {
        let asked = config.cache.as_ref().map_or(WATCH, |cache| cache.max_stale / 4);
        let opening = Opening {
            directory: self.directory.clone(),
            watch_interval: asked.clamp(WATCH_SHORTEST, WATCH),
        };
        let store = stores::open(Arc::clone(&config.schema), &config.store, &opening)?;
        Cached::new(store, config.cache.as_ref(), &self.stack)
    }

    pub(super) fn schema(&self, name: &str) -> Option<Arc<Schema>> {
        self.lock().get(name).map(|resource| Arc::clone(&resource.config.schema))
    }

    /// Of those that are open.
    pub(super) fn status(&self) -> Vec<ResourceStatus> {
        let shared = self.lock();
        let opened = shared.iter().filter_map(|(name, it)| Some((name, it.opened.as_ref()?)));
        opened.map(|(name, opened)| status(name, opened)).collect()
    }

    /// If it is open here.
    pub(super) fn counts(&self, name: &str) -> Option<CacheCounts> {
        let opened = self.lock().get(name)?.opened.clone()?;
        Some(status(name, &opened).counts())
    }

    /// Nothing of them is used any more.
    pub(super) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Resource>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn status(name: &str, opened: &Cached) -> ResourceStatus {
    ResourceStatus {
        name: name.to_owned(),
        health: opened.store().health(),
        store: opened.store_meter(),
        cache: opened.meter(),
    }
}

/// A flow is given the ends of the store itself: what it writes, every cache hears of.
impl resources::Resources for Resources {
    fn changes(&self, follow: &Follow) -> Result<Box<dyn Source>, Fault> {
        let (resource, _) = self.get(&follow.resource)?;
        Ok(Box::new(ChangesSource::new(Arc::clone(resource.store()), follow)))
    }

    fn records(&self, fill: &Fill) -> Result<Box<dyn Sink>, Fault> {
        let (resource, _) = self.get(&fill.resource)?;
        Ok(Box::new(RecordsSink::new(Arc::clone(resource.store()), fill)))
    }
}

/// Opens a store by itself, without a stack around it.
pub fn open_store(
    schema: &Arc<Schema>,
    config: &StoreConfig,
    directory: &Path,
) -> Result<Arc<dyn Store>, Fault> {
    let opening = Opening { directory: directory.to_owned(), watch_interval: WATCH };
    stores::open(Arc::clone(schema), config, &opening)
}
