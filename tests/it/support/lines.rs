//! The lines that a process writes, with the moment at which each came.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Gathers what is read from a pipe. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    shared: Arc<(Mutex<Gathered>, Condvar)>,
}

#[derive(Debug, Default)]
struct Gathered {
    lines: Vec<(Instant, String)>,
    has_ended: bool,
}

impl Lines {
    /// Reads in a thread of its own until the other side closes.
    pub fn gather(pipe: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let gathering = lines.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                gathering.shared.0.lock().unwrap().lines.push((Instant::now(), text));
                gathering.shared.1.notify_all();
                line.clear();
            }
            gathering.shared.0.lock().unwrap().has_ended = true;
            gathering.shared.1.notify_all();
        });
        lines
    }

    pub fn all(&self) -> Vec<(Instant, String)> {
        self.shared.0.lock().unwrap().lines.clone()
    }

    pub fn text(&self) -> String {
        let lines: Vec<String> = self.all().into_iter().map(|(_, line)| line).collect();
        lines.join("\n")
    }

    /// Waits for everything up to the end of the output.
    pub fn to_end(&self, patience: Duration) -> String {
        let (gathered, changed) = &*self.shared;
        let guard = gathered.lock().unwrap();
        drop(changed.wait_timeout_while(guard, patience, |it| !it.has_ended).unwrap());
        self.text()
    }

    /// The first line that `wanted` answers something for; `None` when none comes in time or any more.
    pub fn find<T>(&self, patience: Duration, wanted: impl Fn(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        let (gathered, changed) = &*self.shared;
        let mut guard = gathered.lock().unwrap();
        let mut seen = 0;
        loop {
            while let Some((_, line)) = guard.lines.get(seen) {
                if let Some(found) = wanted(line) {
                    return Some(found);
                }
                seen += 1;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if guard.has_ended || left.is_zero() {
                return None;
            }
            guard = changed.wait_timeout(guard, left).unwrap().0;
        }
    }
}
