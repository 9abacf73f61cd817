//! Whom a store tells what changed: the listeners, and those who follow its log of changes.

use crate::resource::{Key, Listener, Version};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;
use tokio::sync::watch;

/// The listeners of one store. They are called without any lock held: the last owner of a listener may let go of it
/// here, and with it of the whole store.
pub struct Feed {
    listeners: Mutex<Vec<Weak<dyn Listener>>>,
    news: watch::Sender<u64>,
}

impl Feed {
    pub fn new() -> Self {
        Self { listeners: Mutex::default(), news: watch::Sender::new(0) }
    }

    pub fn listen(&self, listener: &Arc<dyn Listener>) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.strong_count() > 0);
        listeners.push(Arc::downgrade(listener));
    }

    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Tells of changes by whomever; those who follow the log look after the listeners know.
    pub fn changed(&self, keys: &[(Key, Version)]) {
        for listener in self.listening() {
            listener.changed(keys);
        }
        self.announce();
    }

    pub fn lost_track(&self) {
        for listener in self.listening() {
            listener.lost_track();
        }
        self.announce();
    }

    pub fn synced(&self, at: Instant) {
        for listener in self.listening() {
            listener.synced(at);
        }
    }

    /// Those who follow the log may find more in it.
    pub fn announce(&self) {
        self.news.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn listening(&self) -> Vec<Arc<dyn Listener>> {
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().filter_map(Weak::upgrade).collect()
    }
}

impl Default for Feed {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Feed").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Listener for Told {
        fn changed(&self, keys: &[(Key, Version)]) {
            self.0.lock().unwrap().push(format!("{keys:?}"));
        }

        fn lost_track(&self) {
            self.0.lock().unwrap().push("lost".into());
        }

        fn synced(&self, _at: Instant) {
            self.0.lock().unwrap().push("synced".into());
        }
    }

    #[test]
    fn tells_listeners_before_those_who_follow_and_forgets_who_is_gone() {
        let feed = Feed::new();
        let told = Arc::new(Told::default());
        let listener: Arc<dyn Listener> = Arc::<Told>::clone(&told);
        feed.listen(&listener);
        let mut news = feed.news();
        feed.changed(&[(Key::Integer(1), Version(2))]);
        assert!(news.has_changed().unwrap());
        news.mark_unchanged();
        feed.synced(crate::core::time::now());
        assert!(!news.has_changed().unwrap(), "being in step is no news");
        feed.lost_track();
        assert_eq!(told.0.lock().unwrap().len(), 3);
        drop((told, listener));
        assert!(feed.listening().is_empty());
    }
}
