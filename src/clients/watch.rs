//! Events of a directory, as a hint that it is worth looking; looking now and then is what finds things.

use crate::core::wait::Wait;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// A watched directory; without events where the file system gives none, or where the directory is not
/// there yet.
#[derive(Debug)]
pub struct Watch {
    events: Option<(RecommendedWatcher, Receiver<()>)>,
}

impl Watch {
    pub fn new(directory: &Path) -> Self {
        let (sender, events) = sync_channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading is an event too, and our own would keep us looking for ever.
            let is_reading = event.is_ok_and(|event| event.kind.is_access());
            if !is_reading {
                // One waiting hint is enough; what it was about is seen by looking.
                sender.try_send(()).unwrap_or_default();
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(directory, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        Self { events: watcher.ok().map(|watcher| (watcher, events)) }
    }

    pub fn has_events(&self) -> bool {
        self.events.is_some()
    }

    /// Waits for an event, at most `time_out`; answers whether there was one.
    pub fn wait(&self, wait: &Wait, time_out: Duration) -> bool {
        if let Some((_, events)) = &self.events {
            return events.recv_timeout(time_out).is_ok();
        }
        wait.sleep(time_out);
        false
    }
}
